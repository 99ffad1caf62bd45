"""Security descriptors as Samba's own library reads and writes them, against `tierline sddl`. What Samba 4.17 does
not know (conditions, resource attributes) is in the unit tests, against the specification."""

import base64
import json
import os
import pathlib
import random
import subprocess
import unittest

from samba.dcerpc import misc, security
from samba.ndr import ndr_pack, ndr_unpack

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIERLINE = os.environ["TIERLINE"]
DOMAIN = "S-1-5-21-2018156605-3479576465-3716879092"
DESCRIPTORS = (ROOT / "fixtures/descriptors/detectionlab.hex").read_text().split()
DEFAULTS = (ROOT / "fixtures/descriptors/schema-defaults.sddl").read_text().splitlines()
SEED = int(os.environ.get("TIERLINE_SEED", random.randrange(2**32)))

OBJECT_KINDS = {5: "OA", 6: "OD", 7: "OU"}
PLAIN_KINDS = {0: "A", 1: "D", 2: "AU"}
KINDS = PLAIN_KINDS | OBJECT_KINDS
FLAGS = {1: "OI", 2: "CI", 4: "NP", 8: "IO", 16: "ID", 64: "SA", 128: "FA"}
ALL_FLAGS = sum(FLAGS)
DACL_PROTECTED, DACL_AUTO_INHERITED = 0x1000, 0x0400
NO_GUID = "00000000-0000-0000-0000-000000000000"


def ask(lines):
    done = subprocess.run([TIERLINE, "sddl", "--domain-sid", DOMAIN], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(lines) and done.returncode == 0, done.stderr
    return answers


def entry(ace):
    """What Samba read, in the words of the contract."""
    typed = ace.object if ace.type in OBJECT_KINDS else None
    flags = ace.flags
    return {
        "type": KINDS[ace.type],
        "flags": [name for bit, name in FLAGS.items() if flags & bit],
        "mask": ace.access_mask,
        "object_type": str(typed.type) if typed and typed.flags & 1 else None,
        "inherited_object_type": str(typed.inherited_type) if typed and typed.flags & 2 else None,
        "trustee": str(ace.trustee),
    }


def descriptor(sd):
    def acl(aces):
        return None if aces is None else [entry(ace) for ace in aces.aces]

    return {
        "owner": sd.owner_sid and str(sd.owner_sid),
        "group": sd.group_sid and str(sd.group_sid),
        "control": sd.type,
        "dacl": acl(sd.dacl),
        "sacl": acl(sd.sacl),
    }


def of_answer(answer):
    def acl(aces):
        keys = ("type", "flags", "mask", "object_type", "inherited_object_type", "trustee")
        return None if aces is None else [{key: ace[key] for key in keys} for ace in aces]

    return {key: acl(answer[key]) if key.endswith("acl") else answer[key]
            for key in ("owner", "group", "control", "dacl", "sacl")}


def random_descriptor(pick):
    """As Samba lays it out: any owner, kinds, flags, masks, types and SIDs."""

    def sid():
        known = ("S-1-1-0", "S-1-3-0", "S-1-5-10", "S-1-5-11", "S-1-5-18", "S-1-5-32-544", "S-1-5-32-548", "S-1-5-9")
        if pick.random() < 0.4:
            return pick.choice(known)
        return DOMAIN + f"-{pick.choice((500, 512, 513, 516, 519, 1104, 2**32 - 1))}"

    def guid():
        return misc.GUID("%08x-%04x-%04x-%04x-%012x" % tuple(pick.getrandbits(bits) for bits in (32, 16, 16, 16, 48)))

    def ace(kinds):
        made = security.ace()
        made.type = pick.choice(kinds)
        made.flags = pick.getrandbits(8) & ALL_FLAGS
        made.access_mask = pick.choice((pick.getrandbits(32), 1 << pick.randrange(32), 0x000F01FF, 0))
        made.trustee = security.dom_sid(sid())
        if made.type in OBJECT_KINDS:
            typed = made.object
            typed.flags = pick.randrange(4)
            if typed.flags & 1:
                typed.type = guid()
            if typed.flags & 2:
                typed.inherited_type = guid()
            made.object = typed
        return made

    def acl(kinds):
        made = security.acl()
        # Samba writes an empty list but does not read one that another follows: "D:PS:".
        aces = [ace(kinds) for _ in range(pick.randrange(1, 8))]
        made.num_aces = len(aces)
        made.aces = aces
        made.revision = 4 if any(ace.type in OBJECT_KINDS for ace in aces) else 2
        return made

    sd = security.descriptor()
    sd.type = 0x8000 | 0x0004 | pick.choice((0, DACL_PROTECTED, DACL_AUTO_INHERITED, DACL_PROTECTED | DACL_AUTO_INHERITED))
    sd.dacl = acl((0, 1, 5, 6))
    if pick.random() < 0.3:
        sd.type |= 0x0010
        sd.sacl = acl((2, 7))
    if pick.random() < 0.9:
        sd.owner_sid = security.dom_sid(sid())
    if pick.random() < 0.9:
        sd.group_sid = security.dom_sid(sid())
    return sd


def without_sacl_flag(told):
    """SDDL has no place for the flags of a list that is not there."""
    return told | {"control": told["control"] & ~(0 if told["sacl"] is not None else 0x0800)}


class AgainstSamba(unittest.TestCase):
    maxDiff = None

    def compare(self, sds, lines):
        for sd, line, answer in zip(sds, lines, ask(lines)):
            self.assertEqual(of_answer(answer), descriptor(sd), line)
            # Samba reads what we write, as what it was.
            again = security.descriptor.from_sddl(answer["sddl"], security.dom_sid(DOMAIN))
            self.assertEqual(descriptor(again), without_sacl_flag(descriptor(sd)), answer["sddl"])

    def test_real_descriptors(self):
        self.compare([ndr_unpack(security.descriptor, bytes.fromhex(line)) for line in DESCRIPTORS], DESCRIPTORS)

    def test_default_descriptors_of_the_schema(self):
        lines = [line for line in DEFAULTS if line != "D:S:"]
        # Nor does it read spaces, as Windows does.
        self.compare([security.descriptor.from_sddl(line.replace(" ", ""), security.dom_sid(DOMAIN))
                      for line in lines], lines)

    def test_random_descriptors_as_bytes(self):
        pick = random.Random(SEED)
        sds = [random_descriptor(pick) for _ in range(1000)]
        self.assertGreater(sum(len(sd.dacl.aces) for sd in sds), 3000)
        raw = [ndr_pack(sd) for sd in sds]
        self.compare(sds, [bytes(each).hex() for each in raw])
        self.compare(sds, [base64.b64encode(each).decode() for each in raw])

    def test_random_descriptors_as_samba_writes_them(self):
        pick = random.Random(SEED + 1)
        sds = [random_descriptor(pick) for _ in range(1000)]
        for sd in sds:
            sd.type &= 0x8000 | 0x0004 | 0x0010 | DACL_PROTECTED | DACL_AUTO_INHERITED
        self.compare(sds, [sd.as_sddl(security.dom_sid(DOMAIN)) for sd in sds])


if __name__ == "__main__":
    print("seed", SEED, flush=True)
    unittest.main()
