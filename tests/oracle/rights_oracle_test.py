"""Effective rights against a real domain controller: random descriptors on users, groups and OUs, half of them with
what the server itself makes them inherit; and for each principal what the server says it may write or create, what it
may do to the descriptor, and whether it can in fact reset a password.

Two differences of Samba 4.17 from the specification are left out here and tested against the specification instead:
  OWNER RIGHTS is not honoured ([MS-DTYP] 2.5.3.2; fixtures/scenarios/owners.txt);
  an allow entry with the control access bit whose object type is a class, property set or attribute grants every
  right there, whatever else its mask says ([MS-ADTS] 5.1.3.3.3; access_check_test.cc).

The server's word is taken where it computes it for the bound user (allowedAttributesEffective for write property,
allowedChildClassesEffective for create child, sDRightsEffective for the descriptor) and tried where it does not (password reset).

TIERLINE_ORACLE_SEED repeats a run; TIERLINE_ORACLE_OBJECTS makes a longer one.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures/samba"))
import ldb  # noqa: E402
from domain_controller import DomainController  # noqa: E402
from samba.dcerpc import security  # noqa: E402
from samba.ndr import ndr_pack, ndr_unpack  # noqa: E402

TIERLINE = os.environ["TIERLINE"]
VERDICTS = os.environ["TIERLINE_VERDICTS"]
SEED = int(os.environ.get("TIERLINE_ORACLE_SEED", random.SystemRandom().randrange(10**6)))
OBJECTS = int(os.environ.get("TIERLINE_ORACLE_OBJECTS", 40))
PRINCIPALS = 10
GROUPS = 6
UNITS = 6

USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
GROUP = "bf967a9c-0de6-11d0-a285-00aa003049e2"
RESET = "00299570-246d-11d0-a768-00aa006e0529"
TYPES = {
    "attributes": ["bf9679c0-0de6-11d0-a285-00aa003049e2", "f3a64788-5306-11d1-a9c5-0000f80367c1",
                   "bf9679a8-0de6-11d0-a285-00aa003049e2", "bf967950-0de6-11d0-a285-00aa003049e2",
                   "bf967a68-0de6-11d0-a285-00aa003049e2", "3e0abfd0-126a-11d0-a060-00aa006c33ed"],
    "property sets": ["e48d0154-bcf8-11d1-8702-00c04fb96050", "4c164200-20c0-11d0-a768-00aa006e0529",
                      "bc0ac240-79a9-11d0-9020-00c04fc2d4cf", "59ba2f42-79a2-11d0-9020-00c04fc2d3cf",
                      "5f202010-79a5-11d0-9020-00c04fc2d4cf", "77b5b886-944a-11d1-aebd-0000f80367c1"],
    "classes": [USER, GROUP, "bf967a86-0de6-11d0-a285-00aa003049e2"],
    "rights": [RESET, "ab721a53-1e2f-11d0-9819-00aa0040529b"],
}
RIGHTS = ["WP", "WP", "WP", "RPWP", "CR", "CR", "WD", "WO", "WDWO", "GA", "GW", "SW", "RC", "CCDC", "SD"]
CHILD_RIGHTS = ["CC", "CC", "CC", "CCDC"]


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-oracle-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.dc = DomainController(cls.scratch / "dc", "127.0.0.7")
        cls.dc.start()
        cls.addClassCleanup(cls.dc.stop)
        cls.random = random.Random(SEED)
        print(f"seed {SEED}", file=sys.stderr)
        cls.build()

    @classmethod
    def build(cls):
        dc, chance = cls.dc, cls.random
        sam = cls.sam = dc.samdb()
        domain = security.dom_sid(sam.get_domain_sid())
        cls.ou = f"OU=Oracle,{dc.base}"
        sam.transaction_start()
        # The minimum age of a password would refuse a second reset for reasons of its own.
        sam.set_minPwdAge("0")
        sam.add({"dn": cls.ou, "objectClass": "organizationalUnit"})
        for number in range(PRINCIPALS):
            sam.newuser(f"p{number}", dc.password, userou="OU=Oracle")
        for number in range(GROUPS):
            sam.add({"dn": f"CN=g{number},{cls.ou}", "objectClass": "group", "sAMAccountName": f"g{number}"})
        for number in range(GROUPS - 1):
            # Nested, without circles.
            if chance.random() < 0.6:
                cls.join(f"g{number}", f"g{chance.randrange(number + 1, GROUPS)}")
        for number in range(PRINCIPALS):
            for group in chance.sample(range(GROUPS), chance.randrange(3)):
                cls.join(f"g{group}", f"p{number}")
        cls.principals = {f"p{n}": f"CN=p{n},{cls.ou}" for n in range(PRINCIPALS)}
        trustees = [cls.sid(f"CN={name},{cls.ou}") for name in
                    [f"p{n}" for n in range(PRINCIPALS)] + [f"g{n}" for n in range(GROUPS)]] + ["AU", "WD", "PS", "DU"]
        cls.objects = {}
        cls.units = [f"OU=u{number},{cls.ou}" for number in range(UNITS)]
        for dn in cls.units:
            sam.add({"dn": dn, "objectClass": "organizationalUnit"})
            cls.describe(dn, cls.random_descriptor(trustees, ["", "CI", "CI", "CIIO", "CINP"], RIGHTS + CHILD_RIGHTS))
        inheriting = {}
        for number in range(OBJECTS):
            is_user = number % 2 == 0
            unit = cls.units[number % UNITS] if number % 4 < 2 else cls.ou
            name, dn = f"o{number}", f"CN=o{number},{unit}"
            inheriting[dn] = unit != cls.ou
            if is_user:
                sam.newuser(name, dc.password, userou=unit.removesuffix("," + dc.base))
            else:
                sam.add({"dn": dn, "objectClass": "group", "sAMAccountName": name})
                for principal in chance.sample(sorted(cls.principals), 2):
                    cls.join(name, principal, unit)
            cls.objects[dn] = is_user
        for dn in cls.objects:
            text = cls.random_descriptor(trustees, ["", "", "", "", "CI", "CIIO"], RIGHTS)
            cls.describe(dn, text.replace("D:PAI", "D:AI", 1) if inheriting[dn] else text)
        sam.transaction_commit()
        cls.snapshot = cls.scratch / "oracle.snap"
        subprocess.run([TIERLINE, "collect", dc.url, "-o", cls.snapshot], env=dc.client_env("Administrator"), check=True,
                       capture_output=True)

    @classmethod
    def describe(cls, dn, text):
        message = ldb.Message(ldb.Dn(cls.sam, dn))
        packed = ndr_pack(security.descriptor.from_sddl(text, security.dom_sid(cls.sam.get_domain_sid())))
        message["nTSecurityDescriptor"] = ldb.MessageElement(packed, ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        cls.sam.modify(message)

    @classmethod
    def random_descriptor(cls, trustees, all_flags, all_rights):
        chance = cls.random
        entries = ["(A;;RPLCLORC;;;AU)"]  # or there would be nothing to ask about
        for _ in range(chance.randrange(1, 9)):
            allow = chance.random() < 0.65
            rights, trustee = chance.choice(all_rights), chance.choice(trustees)
            flags = chance.choice(all_flags)
            inheriting = chance.choice(["", USER, GROUP]) if flags.startswith("CI") else ""
            if inheriting or chance.random() < 0.6:
                object_type = chance.choice(TYPES[chance.choice(sorted(TYPES))])
                if rights in CHILD_RIGHTS:
                    object_type = chance.choice(TYPES["classes"])
                if allow and rights in ("CR", "GA") and object_type not in TYPES["rights"]:
                    continue  # see above
                entries.append(f"({'OA' if allow else 'OD'};{flags};{rights};{object_type};{inheriting};{trustee})")
            else:
                entries.append(f"({'A' if allow else 'D'};{flags};{rights};;;{trustee})")
        owner = chance.choice(["DA", "DA", chance.choice(trustees[:PRINCIPALS + GROUPS])])
        return f"O:{owner}G:DAD:PAI" + "".join(entries) + "(A;;GA;;;DA)(A;;GA;;;SY)"

    @classmethod
    def join(cls, group, member, unit=None):
        message = ldb.Message(ldb.Dn(cls.sam, f"CN={group},{unit or cls.ou}"))
        message["member"] = ldb.MessageElement(f"CN={member},{cls.ou}", ldb.FLAG_MOD_ADD, "member")
        cls.sam.modify(message)

    @classmethod
    def sid(cls, dn):
        found = cls.sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["objectSid"])
        return str(ndr_unpack(security.dom_sid, found[0]["objectSid"][0]))

    @classmethod
    def ours(cls, pairs):
        done = subprocess.run([VERDICTS, cls.snapshot], input="".join(f"{p}\t{o}\n" for p, o in pairs), text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return dict(zip(pairs, map(json.loads, done.stdout.splitlines())))

    def descriptor_text(self, dn):
        found = self.sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])
        return ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0]).as_sddl()

    def test_every_verdict_is_the_servers(self):
        pairs = [(p, o) for p in self.principals.values() for o in [*self.objects, *self.units]]
        ours = self.ours(pairs)
        verdicts, wrong = 0, []

        def compare(principal, dn, what, mine, theirs):
            nonlocal verdicts
            verdicts += 1
            if mine != theirs:
                wrong.append(f"{principal} {what} {dn}: we say {mine}, the server {theirs}; {self.descriptor_text(dn)}")

        administrator = self.dc.connect("Administrator")
        asked = ["allowedAttributesEffective", "sDRightsEffective"]
        writable = {}  # what can be written at all: attributes of the system are nobody's
        for dn in self.objects:
            found = administrator.search(base=dn, scope=ldb.SCOPE_BASE, attrs=asked)[0]
            writable[dn] = {str(v) for v in found.get("allowedAttributesEffective", [])}
        possible = set()  # the same in each unit, but a unit may deny some of it, or all, even to the administrator
        for dn in self.units:
            found = administrator.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["allowedChildClassesEffective"])[0]
            possible |= {str(v) for v in found.get("allowedChildClassesEffective", [])}
        for name, principal in self.principals.items():
            connection = self.dc.connect(name)
            for dn in self.units:
                asked_of_unit = ["allowedChildClassesEffective", "sDRightsEffective"]
                found = connection.search(base=dn, scope=ldb.SCOPE_BASE, attrs=asked_of_unit)[0]
                theirs = {str(v) for v in found.get("allowedChildClassesEffective", [])}
                mine = ours[(principal, dn)]
                for child in sorted(possible):
                    compare(name, dn, f"creates a {child} in", child in mine["creates"], child in theirs)
                bits = int(str(found["sDRightsEffective"]))
                compare(name, dn, "writes the DACL of", "WRITE_DAC" in mine["rights"], bits & 4 != 0)
                compare(name, dn, "writes the owner of", "WRITE_OWNER" in mine["rights"], bits & 1 != 0)
            for dn, is_user in self.objects.items():
                found = connection.search(base=dn, scope=ldb.SCOPE_BASE, attrs=asked)[0]
                theirs = {str(v) for v in found.get("allowedAttributesEffective", [])}
                mine = ours[(principal, dn)]
                for attribute in sorted(writable[dn]):
                    compare(name, dn, f"writes {attribute} of", attribute in mine["writes"], attribute in theirs)
                bits = int(str(found["sDRightsEffective"]))
                compare(name, dn, "writes the DACL of", "WRITE_DAC" in mine["rights"], bits & 4 != 0)
                compare(name, dn, "writes the owner of", "WRITE_OWNER" in mine["rights"], bits & 1 != 0)
                if is_user:
                    compare(name, dn, "resets the password of", f"CONTROL_ACCESS {RESET}" in mine["rights"],
                            self.can_reset(connection, dn))
        print(f"{verdicts} verdicts, {len(wrong)} disagreements", file=sys.stderr)
        self.assertEqual(wrong[:10], [])
        self.assertGreaterEqual(verdicts, 50_000)

    def can_reset(self, connection, dn):
        message = ldb.Message(ldb.Dn(connection, dn))
        value = f'"{self.dc.password}"'.encode("utf-16-le")
        message["unicodePwd"] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, "unicodePwd")
        try:
            connection.modify(message)
        except ldb.LdbError as error:
            if error.args[0] == ldb.ERR_INSUFFICIENT_ACCESS_RIGHTS:
                return False
            raise
        return True


if __name__ == "__main__":
    unittest.main(verbosity=2)
