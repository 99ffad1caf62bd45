"""Collections for BloodHound: the graph of BloodHound itself from the same files, and files that are damaged."""

import csv
import io
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
import generate_collection  # noqa: E402

COLLECTIONS = ROOT / "fixtures/collections"
TIERLINE = os.environ["TIERLINE"]
DOMAIN = "S-1-5-21-1-2-3"


def setUpModule():
    global scratch
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-peers-"))


def tearDownModule():
    shutil.rmtree(scratch)


def run(*arguments):
    return subprocess.run([TIERLINE, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def edges(snapshot, *options):
    done = run("edges", snapshot, *options, "--json")
    if done.returncode not in (0, 3):
        raise AssertionError(done.stderr)
    found = json.loads(done.stdout)
    return ({(node["id"], node["kind"]) for node in found["nodes"]},
            {(edge["source"], edge["kind"], edge["target"]) for edge in found["edges"]})


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.snapshot = self.folder / "out.snap"

    def taken(self, *inputs, code=0):
        done = run("import", *inputs, "-o", self.snapshot)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def refused(self, path, *says):
        self.snapshot.unlink(missing_ok=True)
        message = self.taken(path, code=65)
        for part in says:
            self.assertIn(part, message)
        self.assertFalse(self.snapshot.exists())

    def folder_of(self, *documents):
        folder = self.folder / "collection"
        folder.mkdir(exist_ok=True)
        for name, content in documents:
            (folder / name).write_text(json.dumps(content))
        return folder

    def info(self):
        return json.loads(run("info", self.snapshot, "--json").stdout)

    def gaps(self):
        areas = self.info()["coverage"]["areas"]
        return {area["area"]: area for area in areas if area["asked"] and area["missing"]}


def document(kind, *elements, **meta):
    return {"data": list(elements), "meta": {"methods": 0, "type": kind, "count": len(elements), "version": 6, **meta}}


def user(rid, name, **fields):
    return {"ObjectIdentifier": f"{DOMAIN}-{rid}", "IsDeleted": False, "IsACLProtected": False, "Aces": [],
            "PrimaryGroupSID": f"{DOMAIN}-513", **fields,
            "Properties": {"name": f"{name}@CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN, "enabled": True,
                           "distinguishedname": f"CN={name},DC=CORP,DC=TEST", **fields.get("Properties", {})}}


def domain():
    return {"ObjectIdentifier": DOMAIN, "Aces": [], "Properties": {
        "name": "CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN, "distinguishedname": "DC=CORP,DC=TEST"}}


class AsBloodHound(Import):
    """Node for node and edge for edge."""

    maxDiff = None

    def same_graph(self, collection):
        for version in ("testlab-v5", "testlab-v6"):
            self.taken(COLLECTIONS / version / collection)
            for stage, options in (("ingested", ["--primitive"]), ("analyzed", [])):
                with self.subTest(f"{version} {stage}"):
                    graph = json.loads((COLLECTIONS / version / f"{stage}.json").read_text())["graph"]
                    theirs = {(edge["start"]["value"], edge["kind"], edge["end"]["value"]) for edge in graph["edges"]}
                    nodes, ours = edges(self.snapshot, "--compat", "bloodhound", *options)
                    self.assertGreater(len(theirs), 700)
                    self.assertEqual(sorted(theirs - ours), [], "missing")
                    self.assertEqual(sorted(ours - theirs), [], "extra")
                    kinds = {(node["id"], kind) for node in graph["nodes"] for kind in node["kinds"]
                             if kind not in ("Base", "Tag_Tier_Zero")}
                    self.assertEqual(sorted(kinds ^ nodes), [])

    def test_from_a_folder(self):
        self.same_graph("raw")

    def test_from_an_archive(self):
        self.same_graph("archive.zip")

    def test_there_is_no_primitive_graph_without_compat(self):
        self.taken(COLLECTIONS / "testlab-v6/raw")
        self.assertEqual(run("edges", self.snapshot, "--primitive").returncode, 64)
        self.assertEqual(run("edges", self.snapshot, "--compat", "neo4j").returncode, 64)


class Differences(Import):
    """Where we disagree with BloodHound, edge by edge, each for a reason that docs/bloodhound.md proves."""

    maxDiff = None

    def test_each_is_one_we_mean(self):
        with open(COLLECTIONS / "differences.tsv", newline="") as listed:
            rows = list(csv.DictReader(listed, delimiter="\t"))
        reasons = {line.split("|")[1].strip() for line in (ROOT / "docs/bloodhound.md").read_text().splitlines()
                   if line.startswith("| ") and line.count("|") == 5}
        self.assertLessEqual({row["why"] for row in rows}, reasons)
        for version in ("testlab-v5", "testlab-v6"):
            graph = json.loads((COLLECTIONS / version / "analyzed.json").read_text())["graph"]
            theirs = {(edge["start"]["value"], edge["kind"], edge["end"]["value"]) for edge in graph["edges"]}
            self.taken(COLLECTIONS / version / "raw")
            ours = edges(self.snapshot)[1]
            for sign, found in (("more", ours - theirs), ("less", theirs - ours)):
                known = {(row["source"], row["kind"], row["target"]) for row in rows
                         if (row["collection"], row["ours"]) == (version, sign)}
                self.assertEqual(sorted(found - known), [], f"{version}: {sign}, not listed")
                self.assertEqual(sorted(known - found), [], f"{version}: {sign}, listed in vain")
            for source, kind, target in theirs - ours:
                if kind in ("OwnsRaw", "WriteOwnerRaw"):
                    self.assertIn((source, kind.removesuffix("Raw"), target), ours)


class Ours(Import):
    maxDiff = None
    def test_the_sample_directory(self):
        self.taken(COLLECTIONS / "sample-ad/ad_sampledata.zip")
        info = self.info()
        self.assertEqual(info["objects"], 1469)
        self.assertEqual({kind: info["by_kind"][kind] for kind in
                          ("User", "Computer", "Group", "Container", "OU", "GPO", "Domain", "CertTemplate", "EnterpriseCA",
                           "RootCA", "AIACA", "NTAuthStore")},
                         {"User": 99, "Computer": 34, "Group": 219, "Container": 939, "OU": 20, "GPO": 32, "Domain": 3,
                          "CertTemplate": 106, "EnterpriseCA": 4, "RootCA": 5, "AIACA": 6, "NTAuthStore": 2})
        self.assertEqual(info["provenance"]["finished"], "2024-03-05T11:14:14Z")
        self.assertTrue(info["coverage"]["complete"])
        paths = json.loads(run("paths", self.snapshot, "--from", "DOMAINUSER@PHANTOM.CORP", "--json").stdout)["paths"]
        self.assertEqual([edge["kind"] for edge in paths[0]["edges"]], ["DCSync"])
        self.assertEqual(paths[0]["nodes"][1]["name"], "PHANTOM.CORP")

    def test_findings_in_the_sample_directory_are_the_reviewed_ones(self):
        self.taken(COLLECTIONS / "sample-ad/ad_sampledata.zip")
        found = set()
        for path in json.loads(run("paths", self.snapshot, "--limit", 0, "--json").stdout)["paths"]:
            names = [node["name"] for node in path["nodes"]]
            found.add(("path", " ".join(edge["kind"] for edge in path["edges"]), names[0], names[-1]))
        certificates = json.loads(run("edges", self.snapshot, "--json").stdout)
        names = {node["id"]: node["name"] for node in certificates["nodes"]}
        for edge in certificates["edges"]:
            if edge["kind"].startswith(("ADCS", "GoldenCert", "DCSync")):
                self.assertTrue(edge["evidence"])
                found.add(("edge", edge["kind"], names[edge["source"]], names[edge["target"]]))
        with open(COLLECTIONS / "sample-ad/findings.tsv", newline="") as reviewed:
            known = {tuple(row) for row in list(csv.reader(reviewed, delimiter="\t"))[1:]}
        self.assertGreater(len(known), 100)
        self.assertEqual(sorted(known - found), [], "missing")
        self.assertEqual(sorted(found - known), [], "extra")

    def test_evidence_is_what_the_collector_said(self):
        self.taken(COLLECTIONS / "testlab-v6/raw")
        told = json.loads(run("explain", self.snapshot, "S-1-5-21-3130019616-2776909439-2417379446-1105",
                              "UCCOMP.TESTLAB.LOCAL", "--json").stdout)
        evidence = told["edges"][0]["evidence"][0]
        self.assertEqual((told["edges"][0]["kind"], evidence["attribute"]), ("GenericAll", "SharpHound.Aces"))
        self.assertIn("GenericAll\tS-1-5-21-3130019616-2776909439-2417379446-1105\tUser\texplicit", evidence["value"])

    def test_what_changed_is_told_by_name_and_kept_as_collected_in_json(self):
        def host(*users):
            return {"ObjectIdentifier": f"{DOMAIN}-1200", "Aces": [], "Properties": {"name": "WEB1.CORP.TEST"},
                    "Sessions": {"Collected": True, "FailureReason": None, "Results": [
                        {"UserSID": f"{DOMAIN}-{rid}", "ComputerSID": f"{DOMAIN}-1200"} for rid in users]}}

        sides = []
        for name, users in (("old", (1101, 1102)), ("new", (1102, 1103))):
            sides.append(self.folder / name)
            documents = (("domains.json", document("domains", domain())),
                         ("users.json", document("users", *(user(1101 + i, who) for i, who in enumerate(("ANN", "BOB", "CARL"))))),
                         ("computers.json", document("computers", host(*users))))
            self.assertEqual(run("import", self.folder_of(*documents), "-o", sides[-1]).returncode, 0)
        text = run("diff", *sides).stdout
        self.assertIn("Sessions, as collected\n    gone: ANN@CORP.TEST User\n    new:  CARL@CORP.TEST User\n", text)
        self.assertNotIn("SharpHound.", text)
        (change,) = [change for change in json.loads(run("diff", *sides, "--json").stdout)["changes"]
                     if change["attribute"] == "SharpHound.Sessions"]
        self.assertEqual(change["before"], f"{DOMAIN}-1101\tUser; {DOMAIN}-1102\tUser")

    def test_an_object_of_several_documents_adds_up(self):
        group = {"ObjectIdentifier": f"{DOMAIN}-1200", "Properties": {"name": "CREW@CORP.TEST", "description": "old"},
                 "Members": [{"ObjectIdentifier": f"{DOMAIN}-1104", "ObjectType": "User"}]}
        more = {"ObjectIdentifier": f"{DOMAIN}-1200",
                "Properties": {"name": "CREW@CORP.TEST", "distinguishedname": "CN=CREW,DC=CORP,DC=TEST", "description": "new"},
                "Members": [{"ObjectIdentifier": f"{DOMAIN}-1105", "ObjectType": "User"}]}
        self.taken(self.folder_of(
            ("1_groups.json", document("groups", group)), ("2_groups.json", document("groups", more)),
            ("1_domains.json", document("domains", domain())), ("1_users.json", document("users", user(1104, "ANN")))))
        nodes, found = edges(self.snapshot)
        self.assertEqual(self.info()["by_kind"]["Group"], 1)
        for member in (1104, 1105):
            self.assertIn((f"{DOMAIN}-{member}", "MemberOf", f"{DOMAIN}-1200"), found)

    def test_owners_of_computers_that_the_forest_blocks(self):
        computer = user(1300, "HOST", Aces=[
            {"PrincipalSID": f"{DOMAIN}-1104", "PrincipalType": "User", "RightName": "Owns", "IsInherited": False}])
        head = domain()
        documents = [("computers.json", document("computers", computer)), ("users.json", document("users", user(1104, "ANN")))]
        self.taken(self.folder_of(*documents, ("domains.json", document("domains", head))))
        self.assertIn((f"{DOMAIN}-1104", "Owns", f"{DOMAIN}-1300"), edges(self.snapshot)[1])
        head["Properties"]["dsheuristics"] = "0" * 28 + "1"
        self.taken(self.folder_of(*documents, ("domains.json", document("domains", head))))
        found = edges(self.snapshot)[1]
        self.assertIn((f"{DOMAIN}-1104", "OwnsRaw", f"{DOMAIN}-1300"), found)
        self.assertNotIn((f"{DOMAIN}-1104", "Owns", f"{DOMAIN}-1300"), found)

    def test_secrets_are_not_kept(self):
        self.taken(self.folder_of(("users.json", document("users", user(
            1104, "ANN", Properties={"userpassword": "hunter2", "sfupassword": "hunter2"})))))
        self.assertNotIn(b"hunter2", self.snapshot.read_bytes())
        area = next(a for a in self.info()["coverage"]["areas"] if a["area"] == "secret attributes")
        self.assertEqual((area["asked"], area["missing"]), (False, 2))
        self.assertEqual(stat.S_IMODE(self.snapshot.stat().st_mode), 0o600)

    def test_older_versions_number_their_trusts(self):
        head = domain()
        head["Trusts"] = [{"TargetDomainSid": "S-1-5-21-7-8-9", "TargetDomainName": "other.test", "TrustDirection": 2,
                           "TrustType": 2, "SidFilteringEnabled": False, "IsTransitive": True}]
        self.taken(self.folder_of(("domains.json", document("domains", head, version=4))))
        found = edges(self.snapshot)[1]
        self.assertIn((DOMAIN, "CrossForestTrust", "S-1-5-21-7-8-9"), found)
        self.assertIn(("S-1-5-21-7-8-9", "SpoofSIDHistory", DOMAIN), found)


class Hosts(Import):
    """What a computer's own settings let others do to it."""

    def computer(self, rid, name, **fields):
        return {"ObjectIdentifier": f"{DOMAIN}-{rid}", "PrimaryGroupSID": f"{DOMAIN}-515", **fields,
                "Properties": {"name": f"{name}.CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN, "enabled": True,
                               "distinguishedname": f"CN={name},DC=CORP,DC=TEST", **fields.get("Properties", {})}}

    def members(self, rid, group, *members):
        return [{"ObjectIdentifier": f"{DOMAIN}-{rid}-{group}", "Name": "GROUP", "Collected": True, "FailureReason": None,
                 "Results": [{"ObjectIdentifier": f"{DOMAIN}-{m}", "ObjectType": "Base"} for m in members]}]

    def edges_of(self, *computers):
        self.taken(self.folder_of(("computers.json", document("computers", *computers)),
                                  ("domains.json", document("domains", domain()))))
        return edges(self.snapshot)[1]

    def test_relays(self):
        anyone = "CORP.TEST-S-1-5-11"
        sends = {"Collected": True, "FailureReason": None, "Result": {"RestrictSendingNtlmTraffic": 0}}
        silent = {"Collected": True, "FailureReason": None, "Result": {"RestrictSendingNtlmTraffic": 2}}
        unread = {"Collected": False, "FailureReason": "no", "Result": None}
        listens = {"Collected": True, "FailureReason": None, "Result": True}
        smb = {"Collected": True, "FailureReason": None, "Result": {"SigningEnabled": False}}
        controller = self.computer(1001, "DC", IsDC=True, DomainSID=DOMAIN, Properties={
            "ldapavailable": True, "ldapsigning": False, "ldapsavailable": True, "ldapsepa": True})
        target = self.computer(1300, "FILES", SmbInfo=smb, LocalGroups=self.members(1300, 544, 1301))

        def relays(ntlm):
            found = self.edges_of(controller, target, self.computer(1301, "PRINT", NTLMRegistryData=ntlm, IsWebClientRunning=listens))
            return {(kind, end) for start, kind, end in found if start == anyone and kind.startswith("Coerce")}

        self.assertEqual(relays(sends), {("CoerceAndRelayNTLMToSMB", f"{DOMAIN}-1300"),
                                         ("CoerceAndRelayNTLMToLDAP", f"{DOMAIN}-1301")})
        self.assertEqual(relays(silent), set())
        self.assertEqual(relays(unread), set())

    def test_local_groups(self):
        groups = [g for rid, who in ((544, 1104), (555, 1105), (562, 1106), (580, 1107)) for g in self.members(1300, rid, who)]
        found = self.edges_of(self.computer(1300, "HOST", LocalGroups=groups))
        self.assertLessEqual({(f"{DOMAIN}-{1104 + n}", kind, f"{DOMAIN}-1300") for n, kind in
                              enumerate(("AdminTo", "CanRDP", "ExecuteDCOM", "CanPSRemote"))}, found)
        # Once the logon right was read, membership alone does not do.
        rights = [{"Privilege": "SeRemoteInteractiveLogonRight", "Collected": True, "Results": [
            {"ObjectIdentifier": f"{DOMAIN}-1108", "ObjectType": "User"}]}]
        found = self.edges_of(self.computer(1300, "HOST", LocalGroups=groups, UserRights=rights))
        self.assertNotIn("CanRDP", {kind for _, kind, _ in found})
        old = {"Collected": True, "FailureReason": None, "Results": [{"ObjectIdentifier": f"{DOMAIN}-1104", "ObjectType": "User"}]}
        found = self.edges_of(self.computer(1300, "HOST", LocalAdmins=old))
        self.assertIn((f"{DOMAIN}-1104", "AdminTo", f"{DOMAIN}-1300"), found)


    def test_a_logon_that_is_told_in_several_ways_is_one_change(self):
        ways = ("Sessions", "PrivilegedSessions", "RegistrySessions")

        def host(told, users):
            logons = {"Collected": True, "FailureReason": None, "Results": [
                {"UserSID": f"{DOMAIN}-{rid}", "ComputerSID": f"{DOMAIN}-1300"} for rid in users]}
            return self.edges_of(self.computer(1300, "WEB", **{way: logons for way in told}))

        def asked(*question):
            return json.loads(run(question[0], self.snapshot, *question[1:], "--json").stdout)

        everybody = range(1200, 1230)
        boss = ("--to", f"{DOMAIN}-1217", "--from", "WEB.CORP.TEST")
        ids = set()
        for told in (ways, ways[1:], ways[:1], ways[2:]):
            without_it = host(told, [rid for rid in everybody if rid != 1217])
            with_it = host(told, everybody)
            (step,) = asked("plan", *boss, "--budget", 1)["steps"]
            (fact,) = step["facts"]
            self.assertEqual((step["exposed"], fact["attribute"], fact["value"]),
                             (0, f"SharpHound.{told[0]}", f"{DOMAIN}-1217"))
            self.assertEqual([cut["fact"]["id"] for cut in asked("chokepoints", *boss)["facts"]], [fact["id"]])
            ids.add(fact["id"])
            closed = asked("whatif", fact["id"], *boss[:2])["edges_closed"]
            self.assertEqual({(e["source"], e["kind"], e["target"]) for e in closed},
                             with_it - without_it)
        self.assertEqual(len(ids), 1)

    def test_who_can_back_up_a_computer(self):
        groups = self.members(1300, 551, 1104, 1105)
        backs_up = (f"{DOMAIN}-1104", "CanBackup", f"{DOMAIN}-1300")
        self.assertIn(backs_up, self.edges_of(self.computer(1300, "HOST", LocalGroups=groups)))

        def rights(*holders):
            return [{"Privilege": name, "Collected": True, "Results": [
                {"ObjectIdentifier": f"{DOMAIN}-{holder}", "ObjectType": "User"} for holder in holders]}
                for name in ("SeBackupPrivilege", "SeRestorePrivilege")]

        found = self.edges_of(self.computer(1300, "HOST", LocalGroups=groups, UserRights=rights(1104)))
        self.assertIn(backs_up, found)
        self.assertNotIn((f"{DOMAIN}-1105", "CanBackup", f"{DOMAIN}-1300"), found)
        found = self.edges_of(self.computer(1300, "HOST", LocalGroups=groups, UserRights=rights()))
        self.assertNotIn("CanBackup", {kind for _, kind, _ in found})


class CertificateServices(Import):
    """What the registry and the web server of an authority decide; what was not read there is unknown."""

    ROOT, STORE, CA, TEMPLATE = (f"00000000-0000-0000-0000-00000000000{n}" for n in range(1, 5))

    def named(self, identity, name, aces=(), **fields):
        place = f"CN={name},CN=PUBLIC KEY SERVICES,CN=SERVICES,CN=CONFIGURATION,DC=CORP,DC=TEST"
        return {"ObjectIdentifier": identity, "DomainSID": DOMAIN, **fields,
                "Aces": [{"PrincipalSID": who, "PrincipalType": "Group", "RightName": right, "IsInherited": False}
                         for right, who in aces],
                "Properties": {"name": f"{name}@CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN,
                               "distinguishedname": place, **fields.get("Properties", {})}}

    def collection(self, *options, **authority):
        sends = {"Collected": True, "Result": {"RestrictSendingNtlmTraffic": 0}}
        host = {"ObjectIdentifier": f"{DOMAIN}-1300", "PrimaryGroupSID": f"{DOMAIN}-515", "NTLMRegistryData": sends,
                "Properties": {"name": "HOST.CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN, "enabled": True,
                               "distinguishedname": "CN=HOST,DC=CORP,DC=TEST"}}
        template = self.named(self.TEMPLATE, "ANYNAME", [("Enroll", f"{DOMAIN}-515")], Properties={
            "schemaversion": 2, "authorizedsignatures": 0, "requiresmanagerapproval": False, "authenticationenabled": True,
            "enrolleesuppliessubject": True, "effectiveekus": ["1.3.6.1.5.5.7.3.2"]})
        ca = self.named(self.CA, "CA", [("Enroll", "CORP.TEST-S-1-5-11"), ("ManageCA", f"{DOMAIN}-1200")],
                        Properties={"certthumbprint": "BB", "certchain": ["BB", "AA"]},
                        EnabledCertTemplates=[{"ObjectIdentifier": self.TEMPLATE, "ObjectType": "CertTemplate"}], **authority)
        self.taken(self.folder_of(
            ("domains.json", document("domains", domain())), ("computers.json", document("computers", host)),
            ("rootcas.json", document("rootcas", self.named(self.ROOT, "ROOT", Properties={
                "certthumbprint": "AA", "certchain": ["AA"]}))),
            ("ntauthstores.json", document("ntauthstores", self.named(self.STORE, "NTAUTH", Properties={
                "certthumbprints": ["BB"]}))),
            ("certtemplates.json", document("certtemplates", template)),
            ("enterprisecas.json", document("enterprisecas", ca))))
        return edges(self.snapshot, *options)[1]

    def test_relays_to_web_enrollment(self):
        relayed = ("CORP.TEST-S-1-5-11", "CoerceAndRelayNTLMToADCS", f"{DOMAIN}-1300")

        def endpoint(collected=True, **result):
            return [{"Collected": collected, "Result": {"Url": "http://ca.corp.test/certsrv/", **result} if collected else None}]

        for expected, endpoints in (
                (True, endpoint(ADCSWebEnrollmentHTTP=True)),
                (True, endpoint(ADCSWebEnrollmentHTTP=False, ADCSWebEnrollmentHTTPS=True, ADCSWebEnrollmentEPA=False)),
                (False, endpoint(ADCSWebEnrollmentHTTP=False, ADCSWebEnrollmentHTTPS=True, ADCSWebEnrollmentEPA=True)),
                (False, endpoint(ADCSWebEnrollmentHTTPS=True)), (False, endpoint(collected=False)), (False, [])):
            with self.subTest(endpoints):
                self.assertEqual(relayed in self.collection(HttpEnrollmentEndpoints=endpoints), expected)

    def test_managers_are_those_of_the_registry(self):
        said = (f"{DOMAIN}-1200", "ManageCA", self.CA)
        escalates = (f"{DOMAIN}-1200", "ADCSESC7", DOMAIN)
        found = self.collection()
        self.assertIn((f"{DOMAIN}-515", "ADCSESC1", DOMAIN), found)
        self.assertNotIn(said, found)
        self.assertNotIn(escalates, found)
        self.assertIn(said, self.collection("--compat", "bloodhound"))
        data = [{"PrincipalSID": who, "PrincipalType": "Group", "RightName": right, "IsInherited": False}
                for right, who in (("ManageCA", f"{DOMAIN}-1200"), ("Enroll", "CORP.TEST-S-1-5-11"))]
        found = self.collection(CARegistryData={"CASecurity": {"Collected": True, "Data": data}})
        self.assertLessEqual({said, escalates}, found)
        apart = {"CASecurity": {"Collected": True, "Data": data}, "RoleSeparationEnabled": {"Collected": True, "Value": True}}
        self.assertNotIn(escalates, self.collection(CARegistryData=apart))


    def test_a_right_to_write_the_name_is_enough_to_borrow_it(self):
        def granted(right):
            return [{"PrincipalSID": f"{DOMAIN}-1105", "PrincipalType": "User", "RightName": right, "IsInherited": False}]

        def controller(value):
            return {"ObjectIdentifier": f"{DOMAIN}-1001", "IsDC": True, "DomainSID": DOMAIN,
                    "DCRegistryData": {"StrongCertificateBindingEnforcement": {"Collected": True, "Value": value}},
                    "Properties": {"name": "DC.CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN, "enabled": True,
                                   "distinguishedname": "CN=DC,DC=CORP,DC=TEST"}}

        def borrows(right, value, *options):
            template = self.named(self.TEMPLATE, "NOSID", [("Enroll", f"{DOMAIN}-1104")], Properties={
                "schemaversion": 2, "authorizedsignatures": 0, "requiresmanagerapproval": False, "authenticationenabled": True,
                "enrolleesuppliessubject": False, "nosecurityextension": True, "subjectaltrequireupn": True})
            self.folder_of(("certtemplates.json", document("certtemplates", template)),
                           ("users.json", document("users", user(1104, "ANN", Aces=granted(right)), user(1105, "BOB"))),
                           ("controllers_computers.json", document("computers", controller(value))))
            self.taken(self.folder / "collection")
            return (f"{DOMAIN}-1105", "ADCSESC9a", DOMAIN) in edges(self.snapshot, *options)[1]

        self.collection()
        self.assertTrue(borrows("GenericWrite", 1))
        self.assertTrue(borrows("GenericWrite", 1, "--compat", "bloodhound"))
        self.assertTrue(borrows("WritePublicInformation", 1))
        self.assertFalse(borrows("WritePublicInformation", 1, "--compat", "bloodhound"))
        self.assertFalse(borrows("WriteSPN", 1))
        self.assertFalse(borrows("GenericWrite", 2))
        self.assertFalse(borrows("GenericWrite", -1))


class Policies(Import):
    POLICY, UPPER, LOWER = (f"10000000-0000-0000-0000-00000000000{n}" for n in range(1, 4))

    def applies(self, enforced, blocked, protected=False):
        def unit(identity, path, **fields):
            return {"ObjectIdentifier": identity, "Aces": [], **fields, "Properties": {
                "name": f"{path[0]}@CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN,
                "distinguishedname": ",".join(f"OU={part}" for part in path) + ",DC=CORP,DC=TEST", **fields.get("Properties", {})}}

        policy = {"ObjectIdentifier": self.POLICY, "Aces": [], "Properties": {
            "name": "POLICY@CORP.TEST", "domain": "CORP.TEST", "domainsid": DOMAIN,
            "distinguishedname": "CN={1},CN=POLICIES,CN=SYSTEM,DC=CORP,DC=TEST"}}
        upper = unit(self.UPPER, ["UPPER"], Links=[{"GUID": self.POLICY, "IsEnforced": enforced}],
                     ChildObjects=[{"ObjectIdentifier": self.LOWER, "ObjectType": "OU"}])
        lower = unit(self.LOWER, ["LOWER", "UPPER"], ContainedBy={"ObjectIdentifier": self.UPPER, "ObjectType": "OU"},
                     Properties={"blocksinheritance": blocked, "isaclprotected": protected})
        ann = user(1104, "ANN", Properties={"distinguishedname": "CN=ANN,OU=LOWER,OU=UPPER,DC=CORP,DC=TEST"})
        self.taken(self.folder_of(("domains.json", document("domains", domain())), ("users.json", document("users", ann)),
                                  ("gpos.json", document("gpos", policy)), ("ous.json", document("ous", upper, lower))))
        return (self.POLICY, "GPOAppliesTo", f"{DOMAIN}-1104") in edges(self.snapshot)[1]

    def test_links_that_are_blocked_and_enforced(self):
        self.assertTrue(self.applies(enforced=False, blocked=False))
        self.assertFalse(self.applies(enforced=False, blocked=True))
        self.assertTrue(self.applies(enforced=True, blocked=True))

    def test_what_inherits_nothing_is_not_in_its_containers_hands(self):
        for protected in (False, True):
            self.applies(enforced=False, blocked=False, protected=protected)
            found = json.loads(run("edges", self.snapshot, "--kind", "Contains", "--to", self.LOWER, "--json").stdout)["edges"]
            self.assertEqual([edge["traversable"] for edge in found], [not protected])


class OpenGraph(Import):
    def test_our_own_graph_comes_back(self):
        # Whom a collection only refers to is an object of the graph; AdminSDHolder then protects one more.
        protected = ("1663A808-69CC-4653-BA67-62635BDCC504", "ProtectAdminGroups", "TESTLAB.LOCAL-S-1-5-32-548")
        for source, more in (("sample-ad/ad_sampledata.zip", []), ("testlab-v5/archive.zip", [protected])):
            self.taken(COLLECTIONS / source)
            before = edges(self.snapshot)
            self.assertEqual(run("export", self.snapshot, "--format", "opengraph", "-o", self.folder / "g.json").returncode, 0)
            self.taken(self.folder / "g.json")
            after = edges(self.snapshot)
            self.assertEqual(sorted(before[1] - after[1]), [], "missing")
            self.assertEqual(sorted(after[1] - before[1]), more, "extra")
            self.assertEqual(sorted(before[0] ^ after[0]), [])

    def test_what_cannot_be_told_is_counted(self):
        node = {"id": "A", "kinds": ["User", "Base"], "properties": {"name": "ann"}}
        edge = {"start": {"value": "A"}, "end": {"value": "B", "kind": "Group"}, "kind": "MemberOf"}
        odd = {"start": {"match_by": "name", "value": "ANN"}, "end": {"value": "B"}, "kind": "MemberOf"}
        self.taken(self.folder_of(("g.json", {"metadata": {"source_kind": "X"}, "graph": {
            "nodes": [node, {"kinds": ["User"]}], "edges": [edge, odd, {**edge, "kind": "XY_Likes"}, {}]}})), code=3)
        self.assertEqual(edges(self.snapshot)[1] & {("A", "MemberOf", "B")}, {("A", "MemberOf", "B")})
        gaps = self.gaps()
        self.assertEqual(gaps["edges of kind XY_Likes"]["missing"], 1)
        self.assertEqual(gaps["edges whose ends are not named by identifier"]["missing"], 2)
        self.assertEqual(gaps["objects without a SID or GUID"]["missing"], 1)


class Damaged(Import):
    """What comes from elsewhere is read as far as it can be, and what cannot is named."""

    def file(self, content, name="users.json"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def archive(self, members, name="all.zip", **options):
        path = self.folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
            for member, content in members:
                archive.writestr(member, content if isinstance(content, bytes) else json.dumps(content))
        return path

    good = document("users", user(1104, "ANN"))

    def test_cut_off_at_every_byte(self):
        whole = json.dumps(self.good).encode()
        for size in range(1, len(whole)):
            with self.subTest(size):
                self.refused(self.file(whole[:size]), "users.json", "at byte")

    def test_a_damaged_document_does_not_hide_the_others(self):
        whole = json.dumps(document("groups", {"ObjectIdentifier": f"{DOMAIN}-1200", "Properties": {}})).encode()
        self.taken(self.archive([("20260101120000_users.json", self.good), ("20260101120000_groups.json", whole[:-9])]),
                   code=3)
        gap = self.gaps()["collection 20260101120000_groups.json"]
        self.assertIn("it is cut off (at byte", gap["reason"])
        self.assertEqual(self.info()["by_kind"]["User"], 1)

    def test_what_is_no_collection(self):
        for content, says in ((b"[]", "none of the formats"), (b"{}", "no collection"), (b'{"data": []}x', "at byte"),
                              (b'{"data": []} {"data": []}', "at byte"), (b'{"a": 1e999}', "at byte 6"),
                              (b"\xff\xfe{\x00}\x00", "none of the formats"), (b'{"a": "\xff"}', "at byte 7"),
                              (b'{"a": "\xed\xa0\x80"}', "at byte"), (b'{"a": "\\ud800"}', "at byte"),
                              (b'{"a": ' + b"[" * 100_000, "nested too deeply")):
            with self.subTest(content[:20]):
                self.refused(self.file(content, "some.json"), says)

    def test_a_byte_order_mark_is_no_harm(self):
        self.taken(self.file(b"\xef\xbb\xbf" + json.dumps(self.good).encode()))

    def test_meta_before_after_or_missing(self):
        data, meta = json.dumps(self.good["data"]), json.dumps(self.good["meta"])
        for text in (f'{{"data": {data}, "meta": {meta}}}', f'{{"meta": {meta}, "data": {data}}}'):
            self.taken(self.file(text.encode(), "unnamed.json"))
            self.assertEqual(self.info()["by_kind"], {"User": 1})
        self.taken(self.file(f'{{"data": {data}}}'.encode(), "20260101_users.json"))
        self.refused(self.file(f'{{"data": {data}}}'.encode(), "unnamed.json"), "neither its name nor its meta")

    def test_meta_that_is_wrong(self):
        self.taken(self.file(document("users", user(1104, "ANN"), count=77)))
        told = [a["area"] for a in self.info()["coverage"]["areas"]]
        self.assertIn("collection users.json: its meta says 77 objects", told)
        self.taken(self.file(document("groups", user(1104, "ANN")), "users.json"), code=3)
        self.assertIn("its meta says groups", self.gaps()["collection users.json"]["reason"])

    def test_fields_of_other_types_than_they_should_be(self):
        odd = {"ObjectIdentifier": f"{DOMAIN}-1104", "Aces": None, "Members": "none", "Properties": None,
               "IsDeleted": "no", "Sessions": [], "LocalGroups": {"a": 1}, "Trusts": [1, None, "x", []],
               "HasSIDHistory": [None, 3, {}], "GPOChanges": [], "UserRights": [[]], "SPNTargets": [0], "New": {"x": [1]}}
        self.taken(self.file(document("users", odd)), code=3)
        self.assertEqual(self.gaps()["objects without a SID or GUID"]["missing"], 2)  # "none" and 3
        self.assertEqual(self.info()["by_kind"], {"User": 1})

    def test_identifiers_that_are_none(self):
        for wrong in ("", "<script>alert(1)</script>", "../../etc/passwd", "S-1-5", "A" * 2**20, 7, None):
            strange = user(1105, "X")
            strange["ObjectIdentifier"] = wrong
            self.taken(self.file(document("users", user(1104, "ANN"), strange)), code=3)
            self.assertEqual(self.gaps()["objects without a SID or GUID"]["missing"], 1)
            self.assertEqual(self.info()["by_kind"], {"User": 1})

    def test_principals_that_are_only_referred_to_go_by_their_identifiers(self):
        longest = "S-1-5-21-" + "-".join(map(str, range(1, 15)))
        read = {f"{DOMAIN}-{rid}": f"{DOMAIN}-{rid}" for rid in (0, 1105, 4294967295, "1105-544")}
        read |= {name: name for name in (longest, "S-1-5-21-1-2", "S-1-5-21-9-8-7-1105", "S-1-5-21-9-8-6-1105", f"X-{DOMAIN}-9")}
        read |= {f"{DOMAIN}-01106": f"{DOMAIN}-1106", f"s{DOMAIN[1:]}-1107": f"{DOMAIN}-1107"}
        wrong = [f"{DOMAIN}-4294967296", f"{DOMAIN}-+1", f"{DOMAIN}-", f"{longest}-15"]
        aces = [{"PrincipalSID": name, "PrincipalType": "User", "RightName": "GenericAll", "IsInherited": False}
                for name in [*read, *wrong]]
        self.taken(self.file(document("users", user(1104, "ANN", Aces=aces))), code=3)
        self.assertEqual(self.gaps()["objects without a SID or GUID"]["missing"], len(wrong))
        found = {source for source, kind, _ in edges(self.snapshot)[1] if kind == "GenericAll"}
        self.assertEqual(found, set(read.values()))

    def test_rights_of_unknown_names_are_counted(self):
        ace = {"PrincipalSID": f"{DOMAIN}-1105", "PrincipalType": "User", "RightName": "Frobnicate", "IsInherited": False}
        self.taken(self.file(document("users", user(1104, "ANN", Aces=[ace, ace]))), code=3)
        self.assertEqual(self.gaps()["rights named Frobnicate"]["missing"], 2)

    def test_fields_of_unknown_names_are_counted(self):
        self.taken(self.file(document("users", user(1104, "ANN", Mood=1), user(1105, "BOB", Mood={"a": []}))))
        area = next(a for a in self.info()["coverage"]["areas"] if a["area"] == "field users.Mood")
        self.assertEqual((area["asked"], area["missing"]), (False, 2))
        for collection in ("sample-ad/ad_sampledata.zip", "testlab-v5/raw", "testlab-v6/raw"):
            self.taken(COLLECTIONS / collection)
            self.assertEqual([a["area"] for a in self.info()["coverage"]["areas"] if a["area"].startswith("field ")], [])

    def test_archive_members_that_are_not_read(self):
        link = zipfile.ZipInfo("link_users.json")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        path = self.archive([("a/20260101_users.json", self.good), ("readme.txt", b"no JSON")])
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(link, "/etc/passwd")
            archive.writestr("../../evil_users.json", json.dumps(self.good))
            archive.writestr("/root_users.json", json.dumps(self.good))
            archive.writestr("C:\\windows_users.json", json.dumps(self.good))
        self.taken(path, code=3)
        reasons = [gap["reason"] for gap in self.gaps().values()]
        self.assertEqual(sum("leads outside" in reason for reason in reasons), 3, reasons)
        self.assertEqual(sum("no regular file" in reason for reason in reasons), 1, reasons)
        self.assertEqual(list(self.folder.glob("**/*evil*")), [])

    def test_bombs(self):
        spaces = b" " * 2**24
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            with archive.open("users.json", "w", force_zip64=True) as member:
                member.write(b'{"data": [')
                for _ in range(8):
                    member.write(spaces)
                member.write(b"]}")
        path = self.file(bomb.getvalue(), "bomb.zip")
        # Its own declared size is no defence: what comes out is counted.
        self.refused(path, "unpacks to more")
        many = self.archive([(f"{number}_users.json", b"{}") for number in range(10_001)])
        self.refused(many, "too many members")

    def test_a_large_document_is_never_whole_in_memory(self):
        path = self.folder / "users.json"
        generate_collection.write(path, 96)
        with open(os.devnull, "wb") as nowhere:
            pid = os.posix_spawn(TIERLINE, [TIERLINE, "import", str(path), "-o", str(self.snapshot)], os.environ,
                                 file_actions=[(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 2)])
            _, status, used = os.wait4(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        self.assertLess(used.ru_maxrss * 1024, path.stat().st_size)

    def test_archives_that_are_damaged(self):
        whole = self.archive([("users.json", self.good)]).read_bytes()
        for size in range(4, len(whole)):
            done = run("import", self.file(whole[:size], "cut.zip"), "-o", self.snapshot)
            self.assertEqual(done.returncode, 65, (size, done.stderr))
        chance = random.Random(7)
        for number in range(300):
            flipped = bytearray(whole)
            flipped[chance.randrange(4, len(whole))] ^= 1 << chance.randrange(8)
            done = run("import", self.file(bytes(flipped), "flipped.zip"), "-o", self.snapshot)
            self.assertIn(done.returncode, (0, 3, 65), done.stderr)

    def test_an_archive_without_json(self):
        self.refused(self.archive([("readme.txt", b"nothing here")]), "no collection is in it")
        self.refused(self.archive([]), "ZIP")

    def test_an_archive_inside_an_archive_is_not_opened(self):
        inner = self.archive([("users.json", self.good)], "inner.zip").read_bytes()
        self.refused(self.archive([("inner.zip", inner)]), "no collection is in it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
