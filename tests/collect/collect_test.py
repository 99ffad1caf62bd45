"""Collection from a real domain controller: what is read, how it logs on, what is found, and what happens when
things go wrong. Needs root for the domain controller's ports."""

import base64
import collections
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures/samba"))
from domain_controller import DomainController, own_address  # noqa: E402
from forest import AWKWARD_NAMES, Forest  # noqa: E402

TIERLINE = os.environ["TIERLINE"]
DUMP = os.environ["TIERLINE_DUMP_SNAPSHOT"]
SD_FLAGS = "!1.2.840.113556.1.4.801=::MAMCAQc="


def setUpModule():
    global scratch, dc, forest, planted
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-collect-"))
    dc = DomainController(scratch / "dc", own_address(2), aliases=[Proxy.address])
    dc.start()
    forest = Forest(dc)
    forest.build()
    planted = collect("collector", "planted.snap")


def tearDownModule():
    dc.stop()
    shutil.rmtree(scratch)


def run(*arguments, env=None, **options):
    return subprocess.run([TIERLINE, *map(str, arguments)], env=env or dc.client_env(), capture_output=True, text=True,
                          timeout=120, **options)


def collect(user, name, *options, url=None):
    """Collects as an ordinary user and returns where the snapshot is."""
    path = scratch / name
    done = run("collect", url or dc.url, "-o", path, *options, env=dc.client_env(user))
    if done.returncode not in (0, 3):
        raise AssertionError(f"collect ended with {done.returncode}: {done.stderr}")
    return path


def answer(*arguments):
    done = run(*arguments, "--json")
    if done.returncode not in (0, 1, 3):
        raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def password_file(text=None, mode=0o600):
    path = scratch / "password"
    path.write_text((text or dc.password) + "\n")
    path.chmod(mode)
    return path


def short(name):
    return name.split("@")[0].split(".")[0]


def steps(path):
    return [short(path["nodes"][0]["name"])] + [
        f"{edge['kind']} {short(node['name'])}" for edge, node in zip(path["edges"], path["nodes"][1:])]


class LogOn(unittest.TestCase):
    def test_gssapi_as_an_ordinary_user(self):
        snapshot = scratch / "ordinary.snap"
        done = run("collect", dc.url, "--bind", "gssapi", "-o", snapshot, env=dc.client_env("collector"))
        # Some containers hide their descriptors from ordinary users, which makes the collection incomplete.
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(stat.S_IMODE(snapshot.stat().st_mode), 0o600)
        info = answer("info", snapshot)
        self.assertEqual(info["provenance"]["server"], dc.fqdn)
        self.assertEqual(info["provenance"]["reader"], "collector@CORP.TEST")
        hidden = [a for a in info["coverage"]["areas"] if a["asked"] and a["missing"]]
        self.assertTrue(hidden)
        self.assertTrue(all(a["reason"] == "not readable by this account" for a in hidden), hidden)

    def test_spnego_is_the_default_and_complete_for_an_administrator(self):
        done = run("collect", dc.url, "-o", scratch / "admin.snap", env=dc.client_env("Administrator"))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_unattended_by_keytab(self):
        keytab = dc.keytab("collector")
        env = dict(dc.client_env(), KRB5CCNAME="FILE:/nonexistent/cache")
        done = run("collect", dc.url, "--bind", "gssapi", "--keytab", keytab, "--principal", "collector@CORP.TEST",
                   "-o", scratch / "keytab.snap", env=env)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(answer("info", scratch / "keytab.snap")["provenance"]["reader"], "collector@CORP.TEST")

    def test_simple_only_over_tls(self):
        options = ["--bind", "simple", "--bind-name", "collector@CORP.TEST", "--password-file", password_file(),
                   "--ca-file", dc.ca_file, "-o", scratch / "simple.snap"]
        for url, more in ((dc.ldaps_url, []), (dc.url, ["--starttls"])):
            with self.subTest(url=url):
                done = run("collect", url, *more, *options)
                self.assertEqual(done.returncode, 3, done.stderr)
        plain = run("collect", dc.url, *options)
        self.assertEqual(plain.returncode, 64)
        self.assertIn("only over TLS", plain.stderr)

    def test_same_facts_whatever_the_way(self):
        first = dump(collect("collector", "one.snap", "--bind", "gssapi"))
        second = dump(collect("collector", "two.snap", "--bind", "simple", "--bind-name", "collector@CORP.TEST",
                              "--password-file", password_file(), "--ca-file", dc.ca_file, url=dc.ldaps_url))
        drop = {"lastlogon", "lastlogontimestamp", "logoncount", "usnchanged", "whenchanged"}
        self.assertEqual({k for k in first if k[1] not in drop}, {k for k in second if k[1] not in drop})


def dump(snapshot):
    """Every value of a snapshot: (dn, attribute, value) and how often."""
    lines = subprocess.run([DUMP, snapshot], check=True, capture_output=True, text=True).stdout.splitlines()
    values = collections.Counter()
    for line in lines:
        dn, attribute, value = (line.split(" ") + [""])[:3]
        values[(base64.b64decode(dn), attribute.lower(), base64.b64decode(value))] += 1
    return values


def read_ldif(text):
    values = collections.Counter()
    dn = None
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        value = base64.b64decode(rest[1:].strip()) if rest.startswith(":") else rest[1:].encode()
        if name == "dn":
            dn = value
            values[(dn, "distinguishedname", dn)] += 1
        else:
            values[(dn, name.lower(), value)] += 1
    return values


# Two collections cannot happen in the same instant.
MOVING = {"lastlogon", "lastlogontimestamp", "logoncount", "whenchanged", "usnchanged"}


def collected_attributes():
    table = (ROOT / "docs/collected-attributes.md").read_text()
    return [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]


def naming_contexts():
    return dc.base, f"CN=Configuration,{dc.base}", f"CN=Schema,CN=Configuration,{dc.base}"


def ldapsearch(base, *options):
    return subprocess.run(["ldapsearch", *options, "-Q", "-Y", "GSSAPI", "-H", dc.url, "-b", base, "-E",
                           "pr=1000/noprompt", "-E", SD_FLAGS, "(objectClass=*)", "nTSecurityDescriptor",
                           *collected_attributes()], env=dc.client_env("collector"), capture_output=True, text=True,
                          check=True).stdout


class Facts(unittest.TestCase):
    def test_equal_to_an_independent_dump_value_by_value(self):
        self.assertGreater(len(collected_attributes()), 100)
        snapshot = collect("collector", "facts.snap")
        mine = dump(snapshot)
        theirs = collections.Counter()
        for base in naming_contexts():
            theirs += read_ldif(ldapsearch(base, "-LLL", "-o", "ldif-wrap=no"))
        objects = {key[0] for key in theirs}
        self.assertGreater(len(objects), 5000)
        self.assertEqual(objects, {key[0] for key in mine})
        compare = lambda all_of: {k: n for k, n in all_of.items() if k[1] not in MOVING}  # noqa: E731
        mine, theirs = compare(mine), compare(theirs)
        self.assertEqual([k[:2] for k in mine if k not in theirs][:20], [])
        self.assertEqual([k[:2] for k in theirs if k not in mine][:20], [])
        self.assertEqual([k[:2] for k in mine if mine[k] != theirs[k]][:20], [])
        print(f"{sum(mine.values())} values of {len(objects)} objects compared", file=sys.stderr)

    def test_a_dump_gives_the_same_snapshot(self):
        # As ldapsearch writes it unless told otherwise: folded, with comments and the server's last word.
        files = []
        for number, base in enumerate(naming_contexts()):
            files.append(scratch / f"dump{number}.ldif")
            files[-1].write_text(ldapsearch(base))
        imported, collected = scratch / "dump.snap", collect("collector", "undumped.snap")
        done = run("import", *files, "-o", imported)
        self.assertEqual(done.returncode, 3, done.stderr)  # hidden descriptors, as always
        mine, theirs = ({k: n for k, n in dump(path).items() if k[1] not in MOVING} for path in (imported, collected))
        self.assertEqual([k[:2] for k in mine.keys() ^ theirs.keys()][:20], [])
        self.assertEqual(mine, theirs)
        self.assertEqual(run("edges", imported).stdout, run("edges", collected).stdout)
        self.assertEqual(answer("diff", collected, imported)["changes"], [])

    def test_every_attribute_of_the_table_is_one_of_the_schema(self):
        # A misspelt one would be asked for and never come. These are newer than the schema that Samba has.
        newer = {"ms-Mcs-AdmPwdExpirationTime", "msLAPS-PasswordExpirationTime", "msDS-DelegatedMSAState",
                 "msDS-ManagedAccountPrecededByLink", "msDS-SupersededManagedAccountLink",
                 "msDS-SupersededServiceAccountState"}
        asked = set(collected_attributes())
        known = {value.decode() for (_, name, value) in dump(planted) if name == "ldapdisplayname"}
        self.assertEqual(asked - known, newer)

    def test_awkward_names_and_large_groups(self):
        values = dump(collect("collector", "names.snap"))
        shown = {value.decode() for (_, name, value) in values if name == "displayname"}
        self.assertTrue(set(AWKWARD_NAMES) <= shown, shown)
        members = [k for k in values if k[0].startswith(b"CN=Everybody,") and k[1] == "member"]
        # The server hands out 1,500 at a time, so these came in two ranges.
        self.assertEqual(len(members), 1600)


class Paths(unittest.TestCase):
    """All of these look at what was planted, collected before any other test changes the forest."""

    def path_from(self, who):
        paths = answer("paths", planted, "--from", who)["paths"]
        return steps(paths[0]) if paths else None

    def edge(self, kind, source, target):
        found = answer("edges", planted, "--kind", kind, "--from", source, "--to", target)["edges"]
        return found[0] if found else None

    def test_the_planted_chain_is_the_shortest_path(self):
        self.assertEqual(self.path_from("alice"), [
            "ALICE", "MemberOf HELPDESK JUNIORS", "MemberOf HELPDESK", "ForceChangePassword BOB",
            "AddMember SERVERADMINS", "GenericAll SVC-DEPLOY", "WriteDacl DOMAIN ADMINS"])

    def test_a_denial_stops_just_the_one_it_names(self):
        self.assertIsNone(self.path_from("dave"))
        self.assertIn("deny:" + forest.sid_of("No Reset"), " ".join(self.edge("ForceChangePassword", "Helpdesk", "bob")["caveats"]))

    def test_who_has_nothing_has_no_path(self):
        for who in ("eve", "svc-sql", "svc-app", "collector"):
            with self.subTest(who):
                self.assertIsNone(self.path_from(who))

    def test_admin_sd_holder(self):
        self.assertEqual(self.path_from("mallory"), ["MALLORY", "GenericAll ADMINSDHOLDER"])
        stamped = answer("edges", planted, "--kind", "ProtectAdminGroups")["edges"]
        self.assertIn(forest.sid_of("Domain Admins"), [edge["target"] for edge in stamped])

    def test_the_kinds_of_delegation(self):
        self.assertEqual(self.path_from("svc-web"), ["SVC-WEB", "AllowedToDelegate DC1"])
        self.assertEqual(self.path_from("WEB01$"), ["WEB01", "CoerceToTGT CORP"])
        self.assertIs(self.edge("AllowedToDelegate", "svc-web", "DC1$")["traversable"], True)
        self.assertIs(self.edge("AllowedToDelegate", "svc-sql", "DC1$")["traversable"], False)
        self.assertEqual(self.edge("AllowedToAct", "svc-app", "FILE01$")["evidence"][0]["attribute"],
                         "msDS-AllowedToActOnBehalfOfOtherIdentity")

    def test_certificate_services(self):
        """The chain, verified; who gets a certificate in any name; and what LDAP does not tell, told."""
        everything = answer("edges", planted)
        names = {node["id"]: short(node["name"]) for node in everything["nodes"]}
        found = {(names[edge["source"]], edge["kind"], names[edge["target"]]) for edge in everything["edges"]}
        self.assertLessEqual({("CORP ROOT", "RootCAFor", "CORP"), ("NTAUTHCERTIFICATES", "NTAuthStoreFor", "CORP"),
                              ("CORP ISSUING CA", "IssuedSignedBy", "CORP ROOT"),
                              ("CORP ISSUING CA", "TrustedForNTAuth", "NTAUTHCERTIFICATES"),
                              ("NAMED", "PublishedTo", "CORP ISSUING CA"), ("PLAIN", "PublishedTo", "CORP ISSUING CA"),
                              ("CA01", "HostsCAService", "CORP ISSUING CA"), ("CA01", "GoldenCert", "CORP"),
                              ("EVE", "Enroll", "PLAIN")}, found)
        self.assertEqual({source for source, kind, _ in found if kind == "ADCSESC1"}, {"PAT", "DOMAIN ADMINS", "ENTERPRISE ADMINS"})
        told = answer("explain", planted, "pat@CORP.TEST", "CORP.TEST")
        self.assertIn("msPKI-Certificate-Name-Flag", {e.get("attribute") for e in told["edges"][0]["evidence"]})
        self.assertTrue(any("was not read" in caveat for caveat in told["edges"][0]["caveats"]))
        areas = [area["area"] for area in answer("paths", planted, "--from", "pat@CORP.TEST")["coverage"]["areas"]]
        self.assertIn("registry of certification authorities and domain controllers", areas)

    def test_foreign_members_are_joined_by_sid(self):
        members = answer("edges", planted, "--kind", "MemberOf", "--to", "Partners")["edges"]
        self.assertEqual([edge["source"] for edge in members], ["S-1-5-21-11111111-22222222-33333333-1104"])

    def test_exposure_counts_exactly_the_planted(self):
        exposure = answer("exposure", planted)
        self.assertEqual(sorted(short(p["name"]) for p in exposure["principals"]),
                         ["ALICE", "BOB", "CA01", "MALLORY", "PAT", "SVC-DEPLOY", "SVC-WEB", "WEB01"])
        self.assertEqual(exposure["exposed"], 8)
        accounts = forest.sam.search(base=dc.base, attrs=["sAMAccountName"], expression=(
            "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"))
        outside = {str(found["sAMAccountName"]) for found in accounts} - {"Administrator", "DC1$"}
        self.assertEqual(exposure["population"], len(outside))

    def test_every_edge_has_evidence(self):
        edges = answer("edges", planted)["edges"]
        self.assertGreater(len(edges), 1000)
        self.assertEqual([edge for edge in edges if not edge["evidence"]], [])
        self.assertEqual([e for edge in edges for e in edge["evidence"] if not e["text"]], [])


class AsCollection(unittest.TestCase):
    """The export for BloodHound holds the whole graph, whoever collected it."""

    maxDiff = None

    def graph(self, snapshot):
        found = answer("edges", snapshot)
        # Of what is of none of BloodHound's kinds, such as a contact in a group, the format keeps the identifier alone.
        return ({(node["id"], node["kind"]) if node["kind"] == "Base" else tuple(sorted(node.items(), key=str))
                 for node in found["nodes"]},
                {(edge["source"], edge["kind"], edge["target"], edge["traversable"]) for edge in found["edges"]})

    def test_round_trip(self):
        for user in ("collector", "Administrator"):
            with self.subTest(user):
                before, folder, after = (scratch / f"{user}-{name}" for name in ("before.snap", "bloodhound", "after.snap"))
                collect(user, before.name)
                self.assertIn(run("export", before, "--format", "sharphound", "-o", folder).returncode, (0, 3))
                done = run("import", folder, "-o", after)
                self.assertEqual(done.returncode, 0, done.stderr)
                nodes, edges = self.graph(before)
                nodes_again, edges_again = self.graph(after)
                self.assertGreater(len(edges), 1000)
                self.assertEqual(sorted(edges - edges_again), [], "missing")
                self.assertEqual(sorted(edges_again - edges), [], "extra")
                self.assertEqual(sorted(map(str, nodes ^ nodes_again)), [])

    def test_certificate_services_as_bloodhound_reads_them(self):
        """Without the members that only we read."""
        folder, after = scratch / "certificates", scratch / "certificates.snap"
        self.assertIn(run("export", planted, "--format", "sharphound", "-o", folder).returncode, (0, 3))
        for path in folder.iterdir():
            document = json.loads(path.read_text())
            for element in document["data"]:
                element.pop("TierlineEdges", None)
                element.pop("TierlineEdgesInto", None)
            path.write_text(json.dumps(document))
        self.assertEqual(run("import", folder, "-o", after).returncode, 0)
        kinds = {"RootCAFor", "NTAuthStoreFor", "IssuedSignedBy", "EnterpriseCAFor", "TrustedForNTAuth", "PublishedTo",
                 "HostsCAService", "GoldenCert", "ADCSESC1", "ADCSESC3", "ADCSESC4", "ADCSESC13", "EnrollOnBehalfOf"}
        told, told_again = ({edge for edge in self.graph(snapshot)[1] if edge[1] in kinds} for snapshot in (planted, after))
        self.assertLessEqual(kinds - {"ADCSESC3", "ADCSESC4", "ADCSESC13", "EnrollOnBehalfOf", "EnterpriseCAFor"},
                             {kind for _, kind, _, _ in told})
        self.assertEqual(sorted(told - told_again), [], "missing")
        self.assertEqual(sorted(told_again - told), [], "extra")


class Drift(unittest.TestCase):
    def test_an_acl_change_is_told_with_the_path_it_opens(self):
        before = collect("collector", "before.snap")
        forest.prepend_ace("svc-deploy", f"(A;;WD;;;{forest.sid_of('eve')})")
        after = collect("collector", "after.snap")
        done = run("diff", before, after, "--exit-code", "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        drift = json.loads(done.stdout)
        self.assertTrue(drift["comparable"])
        self.assertEqual(len(drift["changes"]), 1, drift["changes"])
        change = drift["changes"][0]
        self.assertEqual((change["op"], change["what"], short(change["object"]["name"]), short(change["trustee"]["name"])),
                         ("added", "ace", "SVC-DEPLOY", "EVE"))
        self.assertEqual([edge["kind"] for edge in change["edges_opened"]], ["WriteDacl"])
        self.assertEqual([steps(path) for path in drift["paths_opened"]],
                         [["EVE", "WriteDacl SVC-DEPLOY", "WriteDacl DOMAIN ADMINS"]])
        self.assertEqual([short(node["name"]) for node in drift["exposure"]["newly_exposed"]], ["EVE"])
        back = answer("diff", after, before)
        self.assertEqual([steps(path) for path in back["paths_closed"]],
                         [["EVE", "WriteDacl SVC-DEPLOY", "WriteDacl DOMAIN ADMINS"]])

    def test_renames_moves_and_members(self):
        before = collect("collector", "before.snap")
        sam = forest.sam
        sam.rename(str(forest.dn("WEB01")), f"CN=WEB01-renamed,OU=Staff,{dc.base}")
        forest.join("Partners", "bob")
        after = collect("collector", "after.snap")
        changes = answer("diff", before, after)["changes"]
        moved = [c for c in changes if c["what"] == "object"]
        self.assertEqual([(c["op"], c["before"], c["after"]) for c in moved],
                         [("changed", f"CN=WEB01,OU=Servers,{dc.base}", f"CN=WEB01-renamed,OU=Staff,{dc.base}")])
        joined = [c for c in changes if c["what"] == "membership"]
        self.assertEqual([(c["op"], short(c["object"]["name"]), short(c["trustee"]["name"])) for c in joined],
                         [("added", "PARTNERS", "BOB")])
        self.assertEqual([edge["kind"] for edge in joined[0]["edges_opened"]], ["MemberOf"])

    def test_the_same_directory_has_not_drifted(self):
        before = collect("collector", "before.snap")
        after = collect("collector", "after.snap")
        self.assertEqual(answer("diff", before, after)["changes"], [])


class Proxy:
    """Stands before a domain controller. The first `faults` connections are closed after `after` bytes of
    answers, or, to `stall`, kept open in silence; later ones are left alone. `on_fault` is called first."""

    address = own_address(3)

    def __init__(self, port, after, faults=1000, stall=False, server=None, on_fault=lambda: None):
        self.port, self.after, self.faults, self.stall = port, after, faults, stall
        self.server, self.on_fault = server or dc.address, on_fault
        self.listener = socket.create_server((self.address, 0))
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def listening(self):
        return f"{self.address}:{self.listener.getsockname()[1]}"

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            limit = self.after if self.connections <= self.faults else None
            try:
                server = socket.create_connection((self.server, self.port))
            except ConnectionRefusedError:
                client.close()
                continue
            for source, sink, most in ((client, server, None), (server, client, limit)):
                threading.Thread(target=self._forward, args=(source, sink, most), daemon=True).start()

    def _forward(self, source, sink, limit):
        seen = 0
        try:
            while data := source.recv(65536):
                seen += len(data)
                if limit is not None and seen > limit:
                    if self.stall:
                        continue
                    self.on_fault()
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        # Wakes the thread that waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Trouble(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.output = self.folder / "out.snap"

    def refused(self, code, *words, arguments, env=None, **options):
        done = run("collect", *arguments, "-o", self.output, env=env, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotIn(dc.password, done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [], "nothing may be left behind")
        return done

    def simple(self, url, *more, password=None, mode=0o600):
        return [url, "--bind", "simple", "--bind-name", "collector@CORP.TEST", "--password-file",
                password_file(password, mode), *more]

    def test_wrong_password(self):
        self.refused(77, "Invalid credentials",
                     arguments=self.simple(dc.ldaps_url, "--ca-file", dc.ca_file, password="wrong"))

    def test_password_file_that_others_can_read(self):
        self.refused(78, "chmod 600", arguments=self.simple(dc.ldaps_url, "--ca-file", dc.ca_file, mode=0o644))

    def test_no_ticket(self):
        env = dict(dc.client_env(), KRB5CCNAME="FILE:/nonexistent/cache")
        self.refused(77, "kinit", arguments=[dc.url, "--bind", "gssapi"], env=env)
        self.refused(77, "kinit", arguments=[dc.url], env=env)

    def test_expired_ticket(self):
        env = dict(dc.client_env(), KRB5CCNAME=f"FILE:{scratch}/short")
        subprocess.run(["kinit", "-l", "2s", "collector@CORP.TEST"], input=dc.password + "\n", text=True, env=env,
                       check=True, stdout=subprocess.DEVNULL)
        time.sleep(3)
        self.refused(77, "expired", "kinit", arguments=[dc.url, "--bind", "gssapi"], env=env)

    def test_layer_inside_tls_that_the_server_refuses(self):
        # Windows takes GSSAPI without a layer inside TLS; Samba takes it neither with nor without by default.
        self.refused(77, "cannot log on by GSSAPI", arguments=[dc.ldaps_url, "--bind", "gssapi", "--ca-file", dc.ca_file],
                     env=dc.client_env("collector"))

    def test_keytab_from_before_a_change_of_password(self):
        forest.user("rotated")
        keytab = dc.keytab("rotated")
        forest.sam.setpassword("(sAMAccountName=rotated)", "An0ther.Passw0rd")
        self.refused(77, "no ticket for rotated@CORP.TEST", arguments=[
            dc.url, "--keytab", keytab, "--principal", "rotated@CORP.TEST"])

    def test_no_kdc(self):
        config = scratch / "nowhere.conf"
        config.write_text(dc.krb5_config.read_text().replace(f"kdc = {dc.address}", f"kdc = {own_address(9)}"))
        self.refused(69, "no ticket", arguments=[dc.url, "--keytab", dc.keytab("collector"), "--principal",
                                                 "collector@CORP.TEST"], env=dict(dc.client_env(), KRB5_CONFIG=str(config)))

    def test_what_was_there_before_stays_when_a_collection_fails(self):
        self.output.write_text("the last good one")
        proxy = self.proxy(389, 300_000)
        done = run("collect", f"ldap://{proxy.listening}", "-o", self.output, env=dc.client_env("collector"))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertEqual(self.output.read_text(), "the last good one")
        self.assertEqual(list(self.folder.iterdir()), [self.output])

    def test_unwritable_output_is_found_out_before_reading(self):
        proxy = self.proxy(389, None)
        done = run("collect", f"ldap://{proxy.listening}", "-o", "/nonexistent/folder/out.snap",
                   env=dc.client_env("collector"))
        self.assertEqual(done.returncode, 73, done.stderr)
        self.assertEqual(proxy.connections, 0)

    def test_wrong_key_in_keytab(self):
        self.refused(77, "no ticket", arguments=[dc.url, "--keytab", dc.keytab("collector"), "--principal",
                                                 "nobody@CORP.TEST"])
        self.refused(66, "keytab", arguments=[dc.url, "--keytab", "/nonexistent", "--principal", "x@CORP.TEST"])

    def test_certificate_of_another_name(self):
        proxy = self.proxy(636, None)
        self.refused(69, "certificate", arguments=self.simple(f"ldaps://{proxy.listening}", "--ca-file", dc.ca_file))

    def proxy(self, *arguments, **options):
        proxy = Proxy(*arguments, **options)
        self.addCleanup(proxy.close)
        return proxy

    def test_unknown_authority(self):
        self.refused(69, "certificate", arguments=self.simple(dc.ldaps_url))
        self.refused(78, "certificate authorities",
                     arguments=self.simple(dc.ldaps_url, "--ca-file", "/nonexistent.pem"))

    def test_unreachable_port_and_host(self):
        self.refused(69, "Can't contact", arguments=[f"ldap://{dc.address}:9"], env=dc.client_env("collector"))

    def test_no_address(self):
        self.refused(64, "no LDAP address", arguments=[f"http://{dc.address}"], env=dc.client_env("collector"))

    def test_full_disk(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        self.refused(74, "No space left", arguments=[dc.url], env=dc.client_env("collector"))

    def test_server_killed_in_mid_search(self):
        other = DomainController(scratch / "mortal", own_address(6), aliases=[Proxy.address])
        other.start()
        self.addCleanup(other.stop)
        # What counts the bytes stands between; what the collector loses is the server itself, for good.
        proxy = self.proxy(389, 300_000, server=other.address, on_fault=other.kill)
        self.refused(69, "Can't contact", arguments=[f"ldap://{proxy.listening}"], env=other.client_env("Administrator"))
        self.assertIsNone(other.process)
        self.assertGreater(proxy.connections, 1)

    def test_a_connection_that_breaks_is_made_again_and_nothing_comes_twice(self):
        whole = dump(collect("collector", "whole.snap"))
        proxy = self.proxy(389, 300_000, faults=2)
        broken = dump(collect("collector", "broken.snap", url=f"ldap://{proxy.listening}"))
        self.assertEqual(proxy.connections, 3)
        self.assertEqual({k[0] for k in whole}, {k[0] for k in broken})
        self.assertEqual(collections.Counter(k[1] for k in whole.elements() if k[1] == "member"),
                         collections.Counter(k[1] for k in broken.elements() if k[1] == "member"))

    def test_a_connection_that_always_breaks(self):
        proxy = self.proxy(389, 300_000)
        self.refused(69, "broke off", arguments=[f"ldap://{proxy.listening}"], env=dc.client_env("collector"))
        self.assertGreater(proxy.connections, 2)

    def test_a_server_that_goes_silent(self):
        proxy = self.proxy(389, 300_000, stall=True)
        self.refused(69, "did not answer in time", arguments=[f"ldap://{proxy.listening}", "--timeout", "1"],
                     env=dc.client_env("collector"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
