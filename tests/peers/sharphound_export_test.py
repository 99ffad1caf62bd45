"""The export as a collection: what comes back when it is imported again, and what BloodHound finds in it."""

import collections
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "fixtures/collections"
TIERLINE = os.environ["TIERLINE"]
SOURCES = {
    "detectionlab": ROOT / "fixtures/directories/detectionlab/detectionlab.dat",
    "testlab-v5": COLLECTIONS / "testlab-v5/archive.zip",
    "testlab-v6": COLLECTIONS / "testlab-v6/archive.zip",
    "sample-ad": COLLECTIONS / "sample-ad/ad_sampledata.zip",
}
# The rights that BloodHound's reader takes from Aces; it drops an entry of any other name.
RIGHTS = {
    "Owns", "OwnsLimitedRights", "WriteOwner", "WriteOwnerLimitedRights", "GenericAll", "GenericWrite", "WriteDacl",
    "AllExtendedRights", "ForceChangePassword", "AddMember", "AddSelf", "WriteSPN", "AddKeyCredentialLink",
    "AddAllowedToAct", "WriteAccountRestrictions", "WriteAltSecurityIdentities", "WritePublicInformation",
    "ReadLAPSPassword", "ReadGMSAPassword", "GetChanges", "GetChangesAll", "GetChangesInFilteredSet", "WriteGPLink",
    "Enroll", "ManageCA", "ManageCertificates", "WritePKIEnrollmentFlag", "WritePKINameFlag",
}


def setUpModule():
    global scratch
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-sharphound-"))


def tearDownModule():
    shutil.rmtree(scratch)


def run(*arguments, codes=(0, 3)):
    done = subprocess.run([TIERLINE, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    if done.returncode not in codes:
        raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return done


def graph(snapshot, *options):
    """Nodes as everything that is said of them but their tier's reason, and edges as they are identified."""
    found = json.loads(run("edges", snapshot, *options, "--json").stdout)
    return ({tuple(sorted(node.items(), key=str)) for node in found["nodes"]},
            {(edge["source"], edge["kind"], edge["target"], edge["traversable"]) for edge in found["edges"]})


def documents(folder):
    return {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}


def originals(archive):
    """The objects of a collection that come once in it."""
    found = collections.defaultdict(list)
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            if name.endswith(".json"):
                for element in json.loads(members.read(name).decode("utf-8-sig"))["data"]:
                    found[element.get("ObjectIdentifier")].append(element)
    return [elements[0] for key, elements in found.items() if key and len(elements) == 1]


class Export(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))

    def exported(self, source, name="out"):
        snapshot = self.folder / f"{name}.snap"
        run("import", source, "-o", snapshot)
        run("export", snapshot, "--format", "sharphound", "-o", self.folder / name)
        return snapshot, self.folder / name


class ComesBack(Export):
    """Node for node and edge for edge, and each edge leads on if it did."""

    def test_round_trip(self):
        for name, source in SOURCES.items():
            with self.subTest(name):
                before, folder = self.exported(source, name)
                after = self.folder / f"{name}-again.snap"
                run("import", folder, "-o", after)
                nodes, edges = graph(before)
                nodes_again, edges_again = graph(after)
                self.assertGreater(len(edges), 700)
                self.assertEqual(sorted(edges - edges_again), [], "missing")
                self.assertEqual(sorted(edges_again - edges), [], "extra")
                self.assertEqual(sorted(map(str, nodes ^ nodes_again)), [])

    def test_as_bloodhound_reads_it(self):
        # Without the members that only we read: whatever BloodHound itself states or concludes is still there.
        for name in ("testlab-v5", "testlab-v6", "sample-ad"):
            with self.subTest(name):
                before, folder = self.exported(SOURCES[name], name)
                for path in folder.iterdir():
                    document = json.loads(path.read_text())
                    for element in document["data"]:
                        element.pop("TierlineEdges", None)
                        element.pop("TierlineEdgesInto", None)
                    path.write_text(json.dumps(document))
                after = self.folder / f"{name}-again.snap"
                run("import", folder, "-o", after)
                edges = graph(before, "--compat", "bloodhound")[1]
                edges_again = graph(after, "--compat", "bloodhound")[1]
                self.assertEqual(sorted(edges - edges_again), [], "missing")
                self.assertEqual(sorted(edges_again - edges), [], "extra")


    def test_what_a_collector_said_is_said_again(self):
        for name in ("testlab-v6", "sample-ad"):
            with self.subTest(name):
                folder = self.exported(SOURCES[name], name)[1]
                said = {e["ObjectIdentifier"]: e for kind in documents(folder).values() for e in kind["data"]}
                compared = 0
                for original in originals(SOURCES[name]):
                    again = said[original["ObjectIdentifier"]]
                    self.assertEqual(again["IsACLProtected"], original["IsACLProtected"])
                    for key, value in original["Properties"].items():
                        # Never is -1 or 0; a place is in upper case; what is empty is nothing.
                        value = {"distinguishedname": str(value).upper()}.get(key, 0 if value == -1 else value)
                        if value not in (None, "", []):
                            self.assertEqual(again["Properties"].get(key), value, (key, original["ObjectIdentifier"]))
                            compared += 1
                self.assertGreater(compared, 500)


class Format(Export):
    def test_documents(self):
        for name, source in SOURCES.items():
            with self.subTest(name):
                _, folder = self.exported(source, name)
                found = documents(folder)
                self.assertLessEqual({"users", "computers", "groups", "domains", "ous", "containers", "gpos"}, set(found))
                for kind, document in found.items():
                    meta = document["meta"]
                    self.assertEqual((meta["type"], meta["count"], meta["version"]), (kind, len(document["data"]), 6))
                    for element in document["data"]:
                        self.assertIsInstance(element["IsACLProtected"], bool)
                        self.assertIn("name", element["Properties"])
                        self.assertLessEqual({ace["RightName"] for ace in element["Aces"]}, RIGHTS)
                        self.assertEqual([key for key in element["Properties"] if key != key.lower()], [])

    def test_what_a_directory_says(self):
        _, folder = self.exported(SOURCES["detectionlab"])
        found = documents(folder)
        domain = found["domains"]["data"][0]
        self.assertEqual(domain["Properties"]["collected"], True)
        self.assertTrue(domain["Links"])
        computer = next(c for c in found["computers"]["data"] if c["IsDC"])
        self.assertTrue(computer["PrimaryGroupSID"].endswith("-516"))
        self.assertEqual(computer["ContainedBy"]["ObjectType"], "OU")
        self.assertEqual(computer["DomainSID"], domain["ObjectIdentifier"])
        self.assertIs(computer["Properties"]["unconstraineddelegation"], True)
        self.assertGreater(computer["Properties"]["pwdlastset"], 1_500_000_000)
        self.assertIsInstance(computer["Properties"]["serviceprincipalnames"], list)
        aces = [ace for kind in found.values() for element in kind["data"] for ace in element["Aces"]]
        self.assertEqual({ace["IsInherited"] for ace in aces}, {True, False})
        admins = next(g for g in found["groups"]["data"] if g["ObjectIdentifier"].endswith("-512"))
        self.assertIn({"ObjectIdentifier": domain["ObjectIdentifier"] + "-500", "ObjectType": "User"}, admins["Members"])

    def test_no_secrets(self):
        (self.folder / "in").mkdir()
        user = {"ObjectIdentifier": "S-1-5-21-1-2-3-1104", "Aces": [], "Properties": {
            "name": "ANN@CORP.TEST", "domain": "CORP.TEST", "title": "clerk", "userpassword": "hunter2", "unixpassword": "hunter2"}}
        head = {"ObjectIdentifier": "S-1-5-21-1-2-3", "Aces": [], "Properties": {
            "name": "CORP.TEST", "domain": "CORP.TEST", "distinguishedname": "DC=CORP,DC=TEST"}}
        for kind, element in (("users", user), ("domains", head)):
            (self.folder / "in" / f"{kind}.json").write_text(
                json.dumps({"data": [element], "meta": {"type": kind, "count": 1, "version": 6}}))
        run("import", self.folder / "in", "-o", self.folder / "ann.snap")
        run("export", self.folder / "ann.snap", "--format", "sharphound", "-o", self.folder / "ann")
        text = (self.folder / "ann/users.json").read_text()
        self.assertIn("clerk", text)
        self.assertNotIn("hunter2", text)

    def test_files_are_whole_and_private(self):
        snapshot, folder = self.exported(SOURCES["testlab-v6"])
        self.assertEqual({stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}, {0o600})
        again = self.folder / "again"
        run("export", snapshot, "--format", "sharphound", "-o", again)
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()},
                         {path.name: path.read_bytes() for path in again.iterdir()})
        run("export", snapshot, "--format", "sharphound", "-o", again, codes=(73,))


if __name__ == "__main__":
    unittest.main(verbosity=2)
