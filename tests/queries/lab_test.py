"""Tiers, audit, choke points and a plan for the domain of fixtures/samba/lab.py, collected from a real domain controller,
against reviewed answers; and whether the domain controller itself lets do what they say and refuses what they do not.
Needs root for the domain controller's ports.

What cannot be tried on Samba 4.17: passwords of managed accounts, which it does not compute; SID history, which it puts into
no token; resource-based delegation; group policies, which need clients; and an account without pre-authentication, as it asks
everyone for it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "fixtures/samba"), str(ROOT / "tests/support")]
import golden  # noqa: E402
import ldb  # noqa: E402
from domain_controller import DomainController, own_address  # noqa: E402
from lab import BASELINE, DESKTOP, FULL, GET_CHANGES, GET_CHANGES_ALL, GUID, REALM, SID, Lab  # noqa: E402
from samba import WERRORError, werror  # noqa: E402
from samba.dcerpc import drsuapi, misc, security  # noqa: E402
from samba.drs_utils import drs_DsBind  # noqa: E402
from samba.ndr import ndr_pack, ndr_unpack  # noqa: E402

TIERLINE = os.environ["TIERLINE"]
RULES = ROOT / "fixtures/tiers/lab.toml"


def setUpModule():
    global scratch, dc, lab, snapshot
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-lab-"))
    unittest.addModuleCleanup(shutil.rmtree, scratch)
    dc = DomainController(scratch / "dc", own_address(2), realm=REALM, sid=SID, guid=GUID)
    dc.start()
    unittest.addModuleCleanup(dc.stop)
    lab = Lab(dc)
    lab.build()
    snapshot = collect("lab.snap")


def collect(name):
    path = scratch / name
    subprocess.run([TIERLINE, "collect", dc.url, "-o", path], env=dc.client_env("Administrator"), check=True,
                   capture_output=True)
    return path


def run(*arguments, of=None):
    """What the program says of the lab, before anything is tried there, or of another snapshot."""
    done = subprocess.run([TIERLINE, arguments[0], of or snapshot, *map(str, arguments[1:])], capture_output=True, text=True,
                          timeout=120)
    if done.returncode not in (0, 1):
        raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return done.stdout


class Reviewed(unittest.TestCase):
    maxDiff = None

    def test_tiers(self):
        golden.check(self, "lab/tiers.txt", run("tiers", "--rules", RULES))

    def test_audit(self):
        golden.check(self, "lab/audit.txt", run("audit", "--rules", RULES))

    def test_choke_points(self):
        golden.check(self, "lab/chokepoints.txt", run("chokepoints", "--limit", 0))

    def test_plan(self):
        golden.check(self, "lab/plan.txt", run("plan", "--budget", 5))


class Inherited(unittest.TestCase):
    def test_generic_rights_are_found_where_they_were_written(self):
        told = json.loads(run("explain", f"Workstation Admins@{REALM}", "ws01.corp.example", "--json"))
        entries = [evidence for edge in told["edges"] for evidence in edge["evidence"] if evidence["type"] == "ace"]
        self.assertEqual({entry["inherited_from"] for entry in entries}, {lab.unit("Tier2/Workstations")})
        self.assertTrue(entries)


class Planned(unittest.TestCase):
    def test_a_plan_carried_out_and_collected_again(self):
        plan = json.loads(run("plan", "--budget", 5, "--json"))
        facts = [fact for step in plan["steps"] for fact in step["facts"]]
        told = json.loads(run("whatif", *[fact["id"] for fact in facts], "--json"))
        expected = self.edges(snapshot) - self.ends(told["edges_closed"]) | self.ends(told["edges_opened"])
        for fact in facts:
            self.take_away(fact)
        after = collect("after.snap")
        self.assertEqual(json.loads(run("exposure", "--json", of=after))["exposed"], plan["exposed_after"])
        self.assertEqual(told["after"]["exposed"], plan["exposed_after"])
        self.assertLess(plan["exposed_after"], plan["exposed_before"])
        self.assertEqual(sorted(self.edges(after) ^ expected), [])

    def edges(self, of):
        return self.ends(edge for edge in json.loads(run("edges", "--json", of=of))["edges"] if edge["traversable"])

    @staticmethod
    def ends(edges):
        return {(edge["source"], edge["kind"], edge["target"]) for edge in edges}

    def take_away(self, fact):
        """One entry of a list, until the test is over."""
        self.assertEqual(fact["type"], "entry")
        found = lab.sam.search(base=fact["object"], scope=ldb.SCOPE_BASE, attrs=[fact["attribute"]])
        before = found[0][fact["attribute"]][0]
        self.addCleanup(self.put_back, fact, before)
        text = ndr_unpack(security.descriptor, before).as_sddl(lab.sid)
        same = [entry for entry in re.findall(r"\([^)]*\)", text) if self.parts(entry) == self.parts(fact["value"])]
        self.assertEqual(len(same), 1, fact["text"])
        self.put_back(fact, lab.descriptor(text.replace(same[0], "", 1)))

    @staticmethod
    def parts(entry):
        ace = security.descriptor.from_sddl("D:" + entry, lab.sid).dacl.aces[0]
        is_object = ace.type in (security.SEC_ACE_TYPE_ACCESS_ALLOWED_OBJECT, security.SEC_ACE_TYPE_ACCESS_DENIED_OBJECT)
        return ace.type, ace.access_mask, str(ace.trustee), str(ace.object.type) if is_object else ""

    @staticmethod
    def put_back(fact, descriptor):
        lab.sam.modify(lab.message(fact["object"], fact["attribute"], descriptor))


def is_allowed(operation):
    try:
        return operation() is not False
    except ldb.LdbError as error:
        if error.args[0] != ldb.ERR_INSUFFICIENT_ACCESS_RIGHTS:
            raise
    except WERRORError as error:
        if error.args[0] != werror.WERR_DS_DRA_ACCESS_DENIED:
            raise
    return False


# The operations. What they change is put back, or is as it was.


class Client:
    """One who is logged on, with the groups of that time."""

    def __init__(self, name):
        self.name = name
        self.ldap = dc.connect(name)

    def dn(self, name):
        return name if "=" in name else str(lab.dn(name))

    def write(self, name, attribute, value, flags=ldb.FLAG_MOD_REPLACE, controls=()):
        message = ldb.Message(ldb.Dn(self.ldap, self.dn(name)))
        message[attribute] = ldb.MessageElement(value, flags, attribute)
        self.ldap.modify(message, list(controls))

    def join(self, group, member):
        self.write(group, "member", self.dn(member), ldb.FLAG_MOD_ADD)

    def join_and_leave(self, group, member):
        self.join(group, member)
        lab.sam.modify(lab.message(lab.dn(group), "member", self.dn(member), ldb.FLAG_MOD_DELETE))

    def add_self(self, group):
        self.join_and_leave(group, self.name)

    def add_member(self, group):
        self.join_and_leave(group, "emil")

    def reset_password(self, name):
        self.write(name, "unicodePwd", f'"{dc.password}"'.encode("utf-16-le"))

    def write_dacl(self, name, ace=""):
        """The list as it is, or with an entry more."""
        found = lab.sam.search(base=self.dn(name), scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])
        text = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0]).as_sddl(lab.sid)
        first = text.index("(", text.index("D:"))
        self.write(name, "nTSecurityDescriptor", lab.descriptor(text[:first] + ace + text[first:]), controls=["sd_flags:1:4"])

    def take_ownership(self, name):
        descriptor = security.descriptor()
        descriptor.owner_sid = security.dom_sid(lab.sid_of(self.name))
        self.write(name, "nTSecurityDescriptor", ndr_pack(descriptor), controls=["sd_flags:1:1"])

    def write_description(self, name):
        self.write(name, "description", "x")

    def write_service_name(self, name):
        self.write(name, "servicePrincipalName", "HTTP/elsewhere.corp.example")

    def write_key_credential(self, name):
        self.write(name, "msDS-KeyCredentialLink", f"B:4:0002:{self.dn(name)}")

    def read_laps_password(self, name):
        found = self.ldap.search(base=self.dn(name), scope=ldb.SCOPE_BASE, attrs=["ms-Mcs-AdmPwd"])
        return "ms-Mcs-AdmPwd" in found[0]

    def replicate_secrets(self, _domain=None):
        """The secrets of krbtgt, as one domain controller asks another ([MS-DRSR] 4.1.10)."""
        connection = drsuapi.drsuapi(f"ncacn_ip_tcp:{dc.address}[seal]", dc.parameters(), dc.credentials(self.name))
        handle, _ = drs_DsBind(connection)
        request = drsuapi.DsGetNCChangesRequest8()
        request.destination_dsa_guid = request.source_dsa_invocation_id = misc.GUID()
        request.naming_context = drsuapi.DsReplicaObjectIdentifier()
        request.naming_context.dn = f"CN=krbtgt,CN=Users,{dc.base}"
        request.highwatermark = drsuapi.DsReplicaHighWaterMark()
        request.replica_flags = drsuapi.DRSUAPI_DRS_INIT_SYNC | drsuapi.DRSUAPI_DRS_WRIT_REP
        request.max_object_count = 1
        request.max_ndr_size = 1 << 18
        request.extended_op = drsuapi.DRSUAPI_EXOP_REPL_OBJ
        _, answer = connection.DsGetNCChanges(handle, 8, request)
        attributes = answer.first_object.object.attribute_ctr.attributes
        return drsuapi.DRSUAPI_ATTID_unicodePwd in [attribute.attid for attribute in attributes]

    def delegate(self, host):
        """A ticket in the name of an administrator, by protocol transition and constrained delegation."""
        env = dict(dc.client_env(), KRB5CCNAME=f"FILE:{scratch}/{self.name}.tickets")
        keytab = dc.keytab(self.name)
        subprocess.run(["kinit", "-f", "-k", "-t", keytab, f"{self.name}@{dc.realm}"], env=env, check=True)
        done = subprocess.run(["kvno", "-k", keytab, "-U", "t0-greta", "-P", f"ldap/{host}"], env=env, capture_output=True,
                              text=True)
        if done.returncode != 0 and "constrained delegation failed" not in done.stderr:
            raise AssertionError(done.stderr)
        return done.returncode == 0


class Tried(unittest.TestCase):
    """Each weakness and what looks like it. A row: what is tried, as which edge, on what, by whom with and without success."""

    def rows(self):
        baseline, desktop = lab.policy(BASELINE), lab.policy(DESKTOP)
        holder = f"CN=AdminSDHolder,CN=System,{dc.base}"
        return [
            (Client.add_self, "AddSelf", "Print Helpers", "arno olga", "anton"),
            (Client.add_member, "AddMember", "Print Helpers", "", "arno"),
            (Client.add_member, "AddMember", "Server Admins", "t2-kai", "t2-lena arno"),
            (Client.reset_password, "GenericAll", "svc-deploy", "t1-hans t1-jan", "t2-kai svc-scan"),
            (Client.reset_password, "ForceChangePassword", "t2-kai", "", "arno t2-lena"),
            (Client.write_key_credential, "AddKeyCredentialLink", "t1-jan", "sofie tilda", "rosa quinn"),
            (Client.write_service_name, "GenericWrite", "svc-sync", "quinn", "nils"),
            (Client.reset_password, "ForceChangePassword", "svc-sync", "", "quinn"),
            (Client.reset_password, "GenericAll", "anton", "nils", "quinn"),
            (Client.reset_password, "GenericAll", "viktor", "mallory", "nils"),
            (Client.reset_password, "ForceChangePassword", "t1-ines", "", "t2-lena t2-milo"),
            (Client.write_dacl, "Owns", "APP01", "ivan", "pavel"),
            (Client.add_member, "GenericAll", "Intranet Editors", "agnes olga", "t2-kai"),
            (Client.read_laps_password, "ReadLAPSPassword", "WEB01", "t2-lena dora", "dave agnes t2-kai"),
            (Client.read_laps_password, "ReadLAPSPassword", "REPORT01", "t2-milo", "agnes"),
            (Client.replicate_secrets, "DCSync", dc.base, "svc-sync", "svc-directory agnes"),
            (Client.write_description, "GenericWrite", baseline, "pavel", "t2-kai"),
            (Client.write_description, "GenericWrite", desktop, "t2-kai", "pavel"),
            (Client.write_dacl, "GenericAll", holder, "mallory", "olga"),
            (Client.write_dacl, "GenericAll", "Domain Admins", "mallory", "olga svc-deploy"),
            (Client.delegate, "AllowedToDelegate", dc.fqdn, "svc-web", "svc-report"),
        ]

    def test_the_domain_controller_agrees(self):
        clients = {}
        for operation, kind, target, may, may_not in self.rows():
            for names, expected in ((may, True), (may_not, False)):
                for who in names.split():
                    with self.subTest(who=who, operation=operation.__name__, target=target):
                        self.assertIs(self.has_edge(who, kind, target), expected, "we")
                        client = clients[who] = clients.get(who) or Client(who)
                        self.assertIs(is_allowed(lambda: operation(client, target)), expected, "the domain controller")

    def has_edge(self, who, kind, target):
        """Whether a token of `who` has it, itself or by its groups."""
        name = target if "=" in target or target == dc.fqdn else self.account(target)
        paths = json.loads(run("paths", "--from", f"{who}@{REALM}", "--to", name, "--kind", "MemberOf", "--kind", kind, "--json"))
        return paths["sources_with_path"] == 1

    def account(self, name):
        found = lab.sam.search(base=lab.dn(name), scope=ldb.SCOPE_BASE, attrs=["sAMAccountName"])
        return f"{found[0]['sAMAccountName']}@{REALM}"

    def test_who_has_left_cannot_log_on(self):
        with self.assertRaises(ldb.LdbError) as refused:
            Client("xenia")
        self.assertEqual(refused.exception.args[0], ldb.ERR_INVALID_CREDENTIALS)

    def test_anyone_gets_a_ticket_for_the_service_of_an_administrator(self):
        env = dc.client_env("emil")
        subprocess.run(["kvno", f"MSSQLSvc/db01.{dc.dns_domain}:1433"], env=env, check=True, capture_output=True)


class Walked(unittest.TestCase):
    def test_the_longest_path_to_its_end(self):
        """As the program tells it: every step is taken, and the last of them takes the domain."""
        told = json.loads(run("paths", "--from", f"judith@{REALM}", "--json"))["paths"][0]
        self.assertEqual([(edge["kind"], node["name"].split("@")[0]) for edge, node in zip(told["edges"], told["nodes"][1:])],
                         [("MemberOf", "SALES"), ("AddSelf", "PRINT HELPERS"), ("ForceChangePassword", "T2-KAI"),
                          ("AddMember", "SERVER ADMINS"), ("GenericAll", "SVC-DEPLOY"), ("WriteOwner", "DEPLOYMENT"),
                          ("WriteDacl", REALM)])
        self.assertFalse(is_allowed(lambda: Client("judith").reset_password("t2-kai")))
        Client("judith").join("Print Helpers", "judith")
        Client("judith").reset_password("t2-kai")
        Client("t2-kai").join("Server Admins", "judith")
        Client("judith").reset_password("svc-deploy")
        deploy = lab.sid_of("svc-deploy")
        self.assertFalse(is_allowed(lambda: Client("svc-deploy").write_dacl("Deployment")))
        Client("svc-deploy").take_ownership("Deployment")
        Client("svc-deploy").write_dacl("Deployment", f"(A;;{FULL};;;{deploy})")
        self.assertFalse(is_allowed(lambda: Client("svc-deploy").write_dacl(dc.base)))
        Client("svc-deploy").join("Deployment", "svc-deploy")
        self.assertFalse(is_allowed(lambda: Client("svc-deploy").replicate_secrets()))
        Client("svc-deploy").write_dacl(dc.base, "".join(f"(OA;;CR;{right};;{deploy})" for right in (GET_CHANGES, GET_CHANGES_ALL)))
        self.assertTrue(is_allowed(lambda: Client("svc-deploy").replicate_secrets()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
