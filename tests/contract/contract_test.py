"""The program as other programs know it: exit codes, JSON, bad input. On the bundled real directory."""

import base64
import collections
import concurrent.futures
import csv
import json
import os
import pathlib
import random
import re
import shutil
import stat
import struct
import subprocess
import tempfile
import unittest
import uuid
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIERLINE = os.environ["TIERLINE"]
DUMP = os.environ["TIERLINE_DUMP_SNAPSHOT"]
DAT = ROOT / "fixtures/directories/detectionlab/detectionlab.dat"
DOMAIN = "S-1-5-21-2018156605-3479576465-3716879092"
ADMINS = ["--to", "DOMAIN ADMINS@WINDOMAIN.LOCAL"]
SERVERS = "OU=Servers,DC=windomain,DC=local"
REASONS = {"creator_owner", "not_owner", "not_self", "distribution_group", "inherit_only", "other_type",
           "part_of_object", "denied_earlier", "owner_rights", "confidential", "group_elsewhere"}


def setUpModule():
    global scratch, snapshot
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-contract-"))
    snapshot = scratch / "lab.snap"
    assert run("import", DAT, "-o", snapshot).returncode == 3


def tearDownModule():
    shutil.rmtree(scratch)


def run(*arguments, **options):
    return subprocess.run([TIERLINE, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def answer(*arguments):
    done = run(*arguments, "--json")
    if done.returncode != 3:
        raise AssertionError(f"ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


class Answers(unittest.TestCase):
    def test_edges_into_tier_zero_are_the_reviewed_ones(self):
        found = answer("edges", snapshot)
        node = {n["id"]: n for n in found["nodes"]}
        edges = {(edge["kind"], node[edge["source"]]["name"], node[edge["target"]]["name"]): edge for edge in found["edges"]
                 if edge["traversable"] and node[edge["source"]]["tier"] != 0 and node[edge["target"]]["tier"] == 0}
        with open(DAT.with_name("tier-zero-edges.tsv"), newline="") as reviewed:
            rows = list(csv.DictReader(reviewed, delimiter="\t"))
        self.assertEqual(sorted(edges), sorted((row["edge"], row["source"], row["target"]) for row in rows))
        for row in rows:
            self.assertGreater(len(row["why it is there"]), 40)
        for name, edge in edges.items():
            self.assertTrue(edge["evidence"], name)
            for evidence in edge["evidence"]:
                self.assertIn("=", evidence["object"], name)
        # From there on nobody outside Tier Zero leads in.
        self.assertEqual(answer("paths", snapshot)["sources_with_path"], 0)

    def test_info_knows_the_published_truth(self):
        info = answer("info", snapshot)
        self.assertEqual((info["schema"], info["schema_version"]), ("tierline.info", 1))
        self.assertEqual(info["objects"], 3848)
        self.assertEqual(info["descriptors"], {"total": 3833, "distinct": 62, "aces": 21343})
        self.assertEqual([d["id"] for d in info["domains"]], [DOMAIN])
        kinds = info["by_kind"]
        self.assertEqual((kinds["User"], kinds["Group"], kinds["Computer"], kinds["OU"], kinds["GPO"], kinds["Domain"]),
                         (6, 49, 3, 3, 11, 1))
        self.assertFalse(info["coverage"]["complete"])
        self.assertEqual([a["missing"] for a in info["coverage"]["areas"] if a["area"] == "security descriptors"], [15])

    def test_the_same_input_gives_the_same_bytes(self):
        again = scratch / "again.snap"
        run("import", DAT, "-o", again)
        self.assertEqual(snapshot.read_bytes(), again.read_bytes())
        for command in (["edges"], ["paths", *ADMINS], ["exposure", *ADMINS]):
            first = run(command[0], snapshot, *command[1:], "--json").stdout
            self.assertEqual(first, run(command[0], again, *command[1:], "--json").stdout)

    def test_paths_join_their_nodes(self):
        paths = answer("paths", snapshot, *ADMINS)
        self.assertEqual(paths["sources_with_path"], 2)
        self.assertEqual([p["nodes"][0]["name"] for p in paths["paths"]],
                         ["ADMINISTRATOR@WINDOMAIN.LOCAL", "VAGRANT@WINDOMAIN.LOCAL"])
        for path in paths["paths"]:
            self.assertEqual(path["hops"], len(path["edges"]))
            self.assertEqual(len(path["nodes"]), len(path["edges"]) + 1)
            for i, edge in enumerate(path["edges"]):
                self.assertEqual((edge["source"], edge["target"]), (path["nodes"][i]["id"], path["nodes"][i + 1]["id"]))
                self.assertTrue(edge["traversable"])
                self.assertTrue(edge["evidence"])

    def test_more_paths_of_one_source_differ(self):
        paths = answer("paths", snapshot, *ADMINS, "--from", "vagrant", "-k", "4")["paths"]
        ways = [tuple(node["id"] for node in path["nodes"]) for path in paths]
        self.assertEqual(len(ways), len(set(ways)))
        self.assertGreater(len(ways), 1)
        self.assertEqual([path["hops"] for path in paths], sorted(path["hops"] for path in paths))

    def test_limit_states_the_total(self):
        paths = answer("paths", snapshot, *ADMINS, "--limit", "1")
        self.assertEqual((len(paths["paths"]), paths["sources_with_path"]), (1, 2))

    def test_the_report_tells_who_has_more_paths_than_it_has(self):
        most = 3
        run("export", snapshot, *ADMINS, "--format", "json", "-o", scratch / "cut.json")
        report = json.loads((scratch / "cut.json").read_text())
        has = collections.Counter(report["nodes"][path["nodes"][0]]["id"] for path in report["paths"])
        found = answer("paths", snapshot, *ADMINS, "-k", most + 1, "--limit", 0)
        there_are = collections.Counter(path["nodes"][0]["id"] for path in found["paths"])
        self.assertTrue(found["search_complete"] and report["search_complete"])
        self.assertEqual(has, {source: min(count, most) for source, count in there_are.items()})
        more = {report["nodes"][n]["id"] for n in report["sources_with_more"]}
        self.assertEqual(more, {source for source, count in there_are.items() if count > most})
        self.assertTrue(more)

    def test_exposure_adds_up(self):
        exposure = answer("exposure", snapshot, *ADMINS)
        self.assertEqual(sum(exposure["by_hops"].values()), exposure["exposed"])
        self.assertEqual(len(exposure["principals"]), exposure["exposed"])
        self.assertEqual(exposure["by_hops"], {"1": 1, "2": 1})

    def test_nobody_outside_tier_zero_has_a_path_in_the_lab(self):
        self.assertEqual(answer("paths", snapshot)["paths"], [])
        self.assertEqual(answer("exposure", snapshot)["exposed"], 0)

    def test_edges_in_three_forms(self):
        lines = [json.loads(line) for line in run("edges", snapshot).stdout.splitlines()]
        whole = answer("edges", snapshot)
        table = subprocess.run([TIERLINE, "edges", snapshot, "--format", "csv"], capture_output=True).stdout
        self.assertEqual(len(lines), len(whole["edges"]))
        self.assertEqual(table.count(b"\r\n"), len(lines) + 1)
        known = {node["id"] for node in whole["nodes"]}
        self.assertTrue(all({e["source"], e["target"]} <= known for e in whole["edges"]))
        kinds = collections.Counter(e["kind"] for e in whole["edges"])
        only = answer("edges", snapshot, "--kind", "DCSync")["edges"]
        self.assertEqual(len(only), kinds["DCSync"])

    def test_dcsync_of_the_defaults(self):
        holders = {e["source"] for e in answer("edges", snapshot, "--kind", "DCSync")["edges"]}
        self.assertEqual(holders, {"WINDOMAIN.LOCAL-S-1-5-32-544", f"{DOMAIN}-516"})

    def test_explain_gives_the_entry_and_the_remedy(self):
        explained = answer("explain", snapshot, "Domain Admins", "vagrant")
        self.assertTrue(explained["edges"])
        for edge in explained["edges"]:
            self.assertTrue(edge["remedy"] and edge["meaning"] and edge["attack"])

    def test_explain_tells_what_to_take_away_by_name(self):
        question = ("explain", snapshot, "ADMINISTRATORS@WINDOMAIN.LOCAL", "DOMAIN ADMINS@WINDOMAIN.LOCAL")
        explained = answer(*question)
        holder = "CN=AdminSDHolder,CN=System,DC=windomain,DC=local"
        for edge in explained["edges"]:
            (fact,) = edge["facts"]
            self.assertEqual((fact["type"], fact["object"], fact["value"]),
                             ("entry", holder, "(A;;CCDCLCSWRPWPLOCRSDRCWDWO;;;BA)"))
            # It is a fact that whatif takes, and the edge goes with it.
            closed = answer("whatif", snapshot, fact["id"], *ADMINS)["edges_closed"]
            self.assertIn((edge["kind"], edge["source"], edge["target"]),
                          [(e["kind"], e["source"], e["target"]) for e in closed])
        text = run(*question).stdout
        self.assertIn(fact["id"] + "  " + fact["text"], text)
        self.assertIn(fact["command"], text)
        self.assertIn(f"dsacls {holder} /R ADMINISTRATORS@WINDOMAIN.LOCAL", text)
        self.assertIn("Taken away from DOMAIN ADMINS@WINDOMAIN.LOCAL alone, it comes back within the hour.", text)
        self.assertNotRegex(text, r"\b(SOURCE|TARGET)\b")
        text = run("explain", snapshot, "vagrant", "Administrators@windomain.local").stdout
        self.assertIn("Remove-ADGroupMember -Identity 'CN=Administrators,CN=Builtin,DC=windomain,DC=local' "
                      "-Members 'CN=vagrant,CN=Users,DC=windomain,DC=local'", text)
        self.assertNotIn("comes back", text)

    def test_a_plan_warns_of_what_a_domain_needs(self):
        script = run("plan", snapshot, *ADMINS, "--format", "powershell").stdout.splitlines()
        lines = run("plan", snapshot, *ADMINS).stdout.splitlines()
        for built_in in ("Administrators,CN=Builtin", "Domain Admins,CN=Users"):
            at = next(i for i, line in enumerate(script) if line.startswith("# CN=Administrator,") and built_in in line)
            self.assertIn("# Careful: the built-in Administrator", script[at + 1])
            self.assertTrue(script[at + 2].startswith("Remove-ADGroupMember"))
            at = next(i for i, line in enumerate(lines) if "  CN=Administrator," in line and built_in in line)
            self.assertIn("careful: the built-in Administrator", lines[at + 1])
        self.assertEqual(sum("areful: " in line for line in script + lines), 4)

    def test_explain_names_the_entry_that_looks_like_an_edge(self):
        # Key Admins may write the keys of every account below; the entry is on the units as well, and does nothing.
        explained = answer("explain", snapshot, "Key Admins", SERVERS)
        self.assertEqual(explained["edges"], [])
        (entry,) = explained["look_alikes"]
        self.assertEqual((entry["reason"], entry["inherited_from"]), ("other_type", "DC=windomain,DC=local"))
        self.assertIn("msDS-KeyCredentialLink", entry["text"])
        self.assertEqual(answer("explain", snapshot, "Domain Admins", "vagrant")["look_alikes"], [])

    def test_rights_come_with_the_entries_that_decide(self):
        rights = answer("rights", snapshot, "vagrant", SERVERS)
        self.assertEqual((rights["schema"], rights["schema_version"]), ("tierline.rights", 1))
        self.assertEqual((rights["principal"]["name"], rights["object"]["name"]),
                         ("VAGRANT@WINDOMAIN.LOCAL", "SERVERS@WINDOMAIN.LOCAL"))
        by_name = {right["right"]: right for right in rights["rights"] if right["object_type"] is None}
        self.assertEqual(by_name["WRITE_OWNER"], {
            "right": "WRITE_OWNER", "object_type": None, "name": "", "conditional": False, "by_ownership": False,
            "decided_by": [{"index": 35, "ace": "(A;CIID;CCLCSWRPWPLOCRSDRCWDWO;;;BA)", "inherited": True,
                            "inherited_from": "DC=windomain,DC=local"}],
            "unless": None})
        self.assertTrue(by_name["WRITE_DAC"]["by_ownership"])
        self.assertEqual(by_name["WRITE_DAC"]["decided_by"], [])
        # Rights that are meant for other classes are not told, though the entry has the bit.
        self.assertNotIn("User-Force-Change-Password", [right["name"] for right in rights["rights"]])
        rights = answer("rights", snapshot, "vagrant", f"{DOMAIN}-500")
        reset = next(right for right in rights["rights"] if right["name"] == "User-Force-Change-Password")
        self.assertEqual((reset["right"], reset["object_type"]),
                         ("CONTROL_ACCESS", "00299570-246d-11d0-a768-00aa006e0529"))

    def test_rights_of_a_principal_without_an_object(self):
        rights = answer("rights", snapshot, "Authenticated Users", SERVERS)
        self.assertIn("READ_PROPERTY", [right["right"] for right in rights["rights"]])
        self.assertEqual(run("rights", snapshot, "vagrant", "Everyone").returncode, 64)

    def test_rights_that_only_seem_to_be_granted(self):
        # "Protect from accidental deletion" is a denial of Everyone before the grant of Administrators.
        not_granted = answer("rights", snapshot, "vagrant", SERVERS)["not_granted"]
        denied = [entry for entry in not_granted if entry["reason"] == "denied_earlier"]
        self.assertEqual(denied, [{
            "index": 35, "ace": "(A;CIID;CCLCSWRPWPLOCRSDRCWDWO;;;BA)", "inherited": True,
            "inherited_from": "DC=windomain,DC=local",
            "rights": [{"right": "DELETE", "object_type": None, "name": ""}],
            "reason": "denied_earlier",
            "text": "Entry 1 denies it before: (D;;DTSD;;;WD), which is for EVERYONE@WINDOMAIN.LOCAL in the token of "
                    "VAGRANT@WINDOMAIN.LOCAL.",
            "denied_by": {"index": 0, "ace": "(D;;DTSD;;;WD)", "inherited": False, "inherited_from": None}}])
        for entry in not_granted:
            self.assertTrue(entry["rights"] and entry["text"])
            self.assertIn(entry["reason"], REASONS)
        text = run("rights", snapshot, "vagrant", SERVERS).stdout
        self.assertIn("(A;CIID;CCLCSWRPWPLOCRSDRCWDWO;;;BA), inherited from DC=windomain,DC=local", text)
        self.assertIn(denied[0]["text"], text)

    def test_no_right_is_both_granted_and_not(self):
        for principal, thing in (("krbtgt", "vagrant"), ("vagrant", "DC.windomain.local"), ("WIN10$", "WIN10$"),
                                 ("Account Operators", SERVERS), ("krbtgt", "DC=windomain,DC=local")):
            rights = answer("rights", snapshot, principal, thing)
            granted = {(right["right"], right["object_type"]) for right in rights["rights"]}
            for entry in rights["not_granted"]:
                for right in entry["rights"]:
                    self.assertNotIn((right["right"], right["object_type"]), granted)

    def test_a_principal_by_each_of_its_names(self):
        ids = set()
        for name in (f"{DOMAIN}-1000", "vagrant", "VAGRANT@windomain.local", "windomain\\vagrant",
                     "CN=vagrant,CN=Users,DC=windomain,DC=local"):
            paths = answer("paths", snapshot, *ADMINS, "--from", name)["paths"]
            ids.add(paths[0]["nodes"][0]["id"])
        self.assertEqual(ids, {f"{DOMAIN}-1000"})
        for name in ("S-1-5-32-544", "BUILTIN\\Administrators", "Administrators", "administrators@windomain.local"):
            self.assertEqual(answer("exposure", snapshot, "--to", name)["targets"][0]["id"],
                             "WINDOMAIN.LOCAL-S-1-5-32-544")
        self.assertEqual(answer("exposure", snapshot, "--to", "Everyone")["targets"][0]["id"],
                         "WINDOMAIN.LOCAL-S-1-1-0")


class Usage(unittest.TestCase):
    def refused(self, code, *arguments, says=""):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertNotIn("\x1b", done.stderr)

    def test_exit_codes(self):
        self.refused(64)
        self.refused(64, "nonsense")
        self.refused(64, "paths", snapshot, "--from", "nobody-of-that-name", says="nothing in this snapshot")
        self.refused(64, "edges", snapshot, "--kind", "NoSuchEdge", says="no such kind")
        self.refused(64, "collect", "ldap://127.0.0.1", "-o", scratch / "x.snap", "--bind", "foo",
                     says="--bind: foo not in {spnego,gssapi,simple}")
        self.refused(66, "paths", scratch / "missing.snap", says="cannot open")
        self.refused(66, "import", scratch / "missing.dat", "-o", scratch / "x.snap", says="cannot open")
        self.refused(65, "import", ROOT / "LICENSE", "-o", scratch / "x.snap", says="none of the formats")
        self.refused(73, "import", DAT, "-o", "/nonexistent/x.snap", says="cannot create")
        self.assertEqual(run("--help").returncode, 0)
        for command in ("collect", "import", "info", "edges", "paths", "exposure", "explain", "rights", "sddl", "diff",
                        "export"):
            self.assertEqual(run(command, "--help").returncode, 0, command)

    def test_only_regular_files_are_written(self):
        pipe, target, link = scratch / "pipe", scratch / "target.json", scratch / "link.json"
        os.mkfifo(pipe)
        target.touch()
        link.symlink_to(target)
        (scratch / "nowhere").symlink_to(scratch / "missing")
        for bad in (pipe, scratch / "nowhere", scratch):
            self.assertEqual(run("export", snapshot, "--format", "json", "-o", bad).returncode, 73)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(run("export", snapshot, "--format", "json", "-o", link).returncode, 3)
        self.assertTrue(link.is_symlink())
        self.assertEqual(json.loads(target.read_text())["schema"], "tierline.report")

    def test_what_is_missing_is_said_by_every_command(self):
        for command in (["import", DAT, "-o", scratch / "said.snap"], ["edges", snapshot],
                        ["export", snapshot, "--format", "html", "-o", scratch / "said.html"]):
            with self.subTest(command[0]):
                self.assertIn("15 missing", run(*command).stderr)
        self.assertEqual(len(answer("info", snapshot)["without_descriptor"]), 15)

    def test_a_file_without_an_entry_is_no_collection(self):
        empty = scratch / "empty.ldif"
        empty.write_text("version: 1\n")
        self.assertEqual(run("import", empty, "-o", scratch / "empty.snap").returncode, 65)
        self.assertFalse((scratch / "empty.snap").exists())

    def test_a_file_is_not_counted_twice(self):
        done = run("import", DAT, DAT, "-o", scratch / "twice.snap")
        self.assertEqual((done.returncode, "named twice" in done.stderr), (64, True))

    def test_whoever_is_a_target_needs_no_path(self):
        told = answer("paths", snapshot, "--from", "vagrant")
        self.assertEqual([node["name"] for node in told["sources_at_target"]], ["VAGRANT@WINDOMAIN.LOCAL"])
        self.assertIn("is itself a target", run("paths", snapshot, "--from", "vagrant").stdout)

    def test_an_unknown_command_is_named(self):
        self.assertIn("there is no command 'foo'", run("foo").stderr)

    def test_several_matches_are_listed(self):
        done = run("paths", snapshot, "--from", "USERS@windomain.local")  # the container and the group
        self.assertEqual(done.returncode, 64)
        self.assertIn("could be any of", done.stderr)

    def test_a_name_cannot_drive_the_terminal(self):
        done = run("paths", snapshot, "--from", "\x1b]0;owned\x07")
        self.assertEqual(done.returncode, 64)
        self.assertNotIn("\x1b", done.stderr)

    def test_a_full_stdout_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TIERLINE, "edges", snapshot], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 74, done.stderr)

    def test_files_are_private_and_written_whole(self):
        page = scratch / "report.html"
        self.assertEqual(run("export", snapshot, "--format", "html", "-o", page).returncode, 3)
        for path in (snapshot, page):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_an_existing_file_is_replaced_whole_or_stays(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        path = folder / "lab.snap"
        path.write_text("what was there before")
        self.assertEqual(run("import", ROOT / "LICENSE", "-o", path).returncode, 65)
        self.assertEqual(path.read_text(), "what was there before")
        self.assertEqual(run("import", DAT, "-o", path).returncode, 3)
        self.assertEqual(path.read_bytes(), snapshot.read_bytes())
        self.assertEqual([p.name for p in folder.iterdir()], ["lab.snap"])

    def test_diff(self):
        self.assertEqual(run("diff", snapshot, snapshot, "--exit-code").returncode, 3)  # equal, but incomplete

    def ldif(self, name, *entries):
        """A snapshot of whole entries (dn, class, relative ID or None, attributes)."""
        lines = ["version: 1", ""]
        for number, (dn, kind, rid, more) in enumerate(entries):
            guid = base64.b64encode(bytes(15) + bytes([number + 1])).decode()
            numbers = [21, 1, 2, 3] + [rid] * bool(rid)
            sid = base64.b64encode(struct.pack(f"<BBHI{len(numbers)}I", 1, len(numbers), 0, 0x05000000, *numbers)).decode()
            # An empty DACL that is protected, without owner.
            descriptor = base64.b64encode(bytes.fromhex("01000490" "00000000" "00000000" "00000000" "14000000" "0200080000000000"))
            lines += [f"dn: {dn}", "objectClass: top", f"objectClass: {kind}", f"objectGUID:: {guid}",
                      *([] if rid is None else [f"objectSid:: {sid}"]),
                      f"nTSecurityDescriptor:: {descriptor.decode()}", *more, ""]
        path = scratch / (name + ".ldif")
        path.write_text("\n".join(lines))
        taken = scratch / (name + ".snap")
        self.assertEqual(run("import", path, "-o", taken).returncode, 0)
        return taken

    def test_when_it_was_taken_is_unknown_where_nothing_tells(self):
        timeless = self.ldif("timeless", ("DC=corp,DC=test", "domainDNS", 0, []))
        self.assertIn("read         at no known time from", run("info", timeless).stdout)
        provenance = json.loads(run("info", timeless, "--json").stdout)["provenance"]
        self.assertEqual((provenance["started"], provenance["finished"]), (None, None))
        run("export", timeless, "--format", "json", "-o", scratch / "timeless.json")
        self.assertIsNone(json.loads((scratch / "timeless.json").read_text())["provenance"]["started"])
        self.assertEqual(answer("info", snapshot)["provenance"]["started"], "2021-11-30T21:48:42Z")

    def test_diff_says_unknown_where_nobody_would_be_no_answer(self):
        users = [f"CN=user{i},DC=corp,DC=test" for i in range(30)]
        schema = ["lDAPDisplayName: user", "schemaIDGUID:: " + base64.b64encode(bytes(range(16))).decode()]
        forest = [("DC=corp,DC=test", "domainDNS", 0, []),
                  ("CN=User,CN=Schema,CN=Configuration,DC=corp,DC=test", "classSchema", None, schema)]
        forest += [(dn, "user", 1200 + i, [f"sAMAccountName: user{i}", "userAccountControl: 512"])
                   for i, dn in enumerate(users)]
        admins = ("CN=Domain Admins,DC=corp,DC=test", "group", 512, ["sAMAccountName: Domain Admins"])
        before = self.ldif("few", *forest, admins)
        after = self.ldif("all", *forest, (*admins[:3], admins[3] + [f"member: {dn}" for dn in users]))
        self.assertEqual(run("diff", before, before).returncode, 0)
        for old, new, side in ((before, after, "new"), (after, before, "old"), (after, after, "both")):
            with self.subTest(side):
                told = answer("diff", old, new)["exposure"]
                self.assertEqual(told["before"], 0 if side == "new" else None)
                self.assertEqual(told["after"], 0 if side == "old" else None)
                for name, is_unknown in (("the old", side != "new"), ("the new", side != "old")):
                    self.assertEqual(f"{name} snapshot has most of its accounts in Tier Zero" in told["unknown"], is_unknown)
                text = run("diff", old, new).stdout
                self.assertIn("unknown", text)
                self.assertNotIn("can reach Tier Zero,", text)
        self.assertEqual(run("diff", before, after, "--exit-code").returncode, 1)
        nobody = self.ldif("nobody", *forest[2:])
        told = answer("diff", nobody, nobody)
        self.assertEqual((told["comparable"], told["exposure"]["before"], told["exposure"]["after"]), (False, None, None))


class Exports(unittest.TestCase):
    """The graph for other programs: each format read back by a reader of its own is the graph of `edges`."""

    @classmethod
    def setUpClass(cls):
        whole = answer("edges", snapshot)
        cls.edges = collections.Counter((e["source"], e["kind"], e["target"]) for e in whole["edges"])
        cls.nodes = {node["id"]: node["name"] for node in whole["nodes"]}

    def export(self, form, name):
        path = scratch / name
        done = run("export", snapshot, "--format", form, "-o", path)
        self.assertEqual(done.returncode, 3, done.stderr)
        return path

    def test_graphml(self):
        space = "{http://graphml.graphdrawing.org/xmlns}"
        root = xml.etree.ElementTree.parse(self.export("graphml", "lab.graphml")).getroot()
        names = {node.get("id"): node.find(f"{space}data[@key='name']").text for node in root.iter(f"{space}node")}
        self.assertLessEqual(self.nodes.items(), names.items())
        edges = collections.Counter((edge.get("source"), edge.find(f"{space}data[@key='kind']").text, edge.get("target"))
                                    for edge in root.iter(f"{space}edge"))
        self.assertEqual(edges, self.edges)

    def test_tables(self):
        for form, file, columns in (("csv", "edges.csv", ("source_id", "kind", "target_id")),
                                    ("neo4j", "relationships.csv", (":START_ID", ":TYPE", ":END_ID"))):
            with self.subTest(form):
                folder = self.export(form, form)
                self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
                with open(folder / file, newline="") as lines:
                    edges = collections.Counter(tuple(row[c] for c in columns) for row in csv.DictReader(lines))
                self.assertEqual(edges, self.edges)
                with open(folder / "nodes.csv", newline="") as lines:
                    rows = list(csv.DictReader(lines))
                names = {row.get("id", row.get("id:ID")): row["name"] for row in rows}
                self.assertLessEqual(self.nodes.items(), names.items())
                self.assertEqual(len(names), len(rows))
                again = run("export", snapshot, "--format", form, "-o", folder)
                self.assertEqual((again.returncode, "there already" in again.stderr), (73, True))

    def test_dot_draws_the_paths(self):
        done = run("export", snapshot, "--format", "dot", *ADMINS, "-o", scratch / "paths.dot")
        self.assertEqual(done.returncode, 3, done.stderr)
        drawn = set(re.findall(r'^  ("[^"]*") -> ("[^"]*") \[label="(\w+)"\];$', (scratch / "paths.dot").read_text(), re.M))
        paths = answer("paths", snapshot, *ADMINS)["paths"]
        self.assertEqual(drawn, {(json.dumps(e["source"]), json.dumps(e["target"]), e["kind"])
                                 for path in paths for e in path["edges"]})

    def test_navigator_layer(self):
        layer = json.loads(self.export("navigator", "layer.json").read_text())
        scores = {technique["techniqueID"]: technique["score"] for technique in layer["techniques"]}
        dcsync = sum(n for (_, kind, _), n in self.edges.items() if kind in ("DCSync", "AllExtendedRights"))
        self.assertEqual(scores["T1003.006"], dcsync)
        self.assertEqual((layer["domain"], layer["versions"]["layer"]), ("enterprise-attack", "4.5"))


class Descriptors(unittest.TestCase):
    SDDL = "O:DAG:DAD:PAI(OA;CI;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;AU)(XA;;RP;;;WD;(@USER.a == 1))"

    def sddl(self, *lines):
        done = run("sddl", "--domain-sid", DOMAIN, input="".join(line + "\n" for line in lines))
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def test_one_line_of_each_form(self):
        status, (text,) = self.sddl(self.SDDL)
        self.assertEqual((status, text["sddl"], text["owner"], text["control"], text["sacl"]),
                         (0, self.SDDL, DOMAIN + "-512", 0x9404, None))
        self.assertEqual(text["dacl"][0], {
            "type": "OA", "flags": ["CI"], "mask": 32, "rights": ["WP"],
            "object_type": "bf9679c0-0de6-11d0-a285-00aa003049e2", "inherited_object_type": None,
            "trustee": "S-1-5-11", "condition": None,
            "sddl": "(OA;CI;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;AU)"})
        self.assertEqual(text["dacl"][1]["condition"], "(@USER.a == 1)")
        line = (ROOT / "fixtures/descriptors/detectionlab.hex").read_text().split()[3]
        status, (as_hex, as_base64) = self.sddl(line, base64.b64encode(bytes.fromhex(line)).decode())
        self.assertEqual((status, as_hex), (0, as_base64))

    def test_a_bad_line_says_where_and_stops_nothing(self):
        status, answers = self.sddl("D:(A;;GA;;;QQ)", "01000480", "no!", "", self.SDDL)
        self.assertEqual(status, 65)
        self.assertEqual([list(each) for each in answers[:4]], [["error", "offset"]] * 4)
        self.assertEqual(answers[0]["offset"], 11)
        self.assertEqual(answers[4]["sddl"], self.SDDL)

    def test_usage(self):
        self.assertEqual(run("sddl", "--domain-sid", "nonsense", input="D:\n").returncode, 64)
        self.assertEqual(run("sddl", input="").returncode, 3)


class ReadOnly(unittest.TestCase):
    def test_the_program_cannot_ask_a_directory_to_change(self):
        # Of the requests that libldap can send, those that the program is linked against.
        requests = {"ldap_add", "ldap_compare", "ldap_delete", "ldap_extended_operation", "ldap_modify", "ldap_modrdn",
                    "ldap_passwd", "ldap_rename", "ldap_search", "ldap_sasl_bind", "ldap_sasl_interactive_bind",
                    "ldap_simple_bind", "ldap_start_tls", "ldap_abandon", "ldap_unbind", "ldap_bind", "ldap_refresh",
                    "ldap_txn", "ldap_dirsync"}
        symbols = subprocess.run(["nm", "-D", "--undefined-only", TIERLINE], check=True, capture_output=True,
                                 text=True).stdout
        called = {r for r in requests for line in symbols.splitlines() if line.split()[-1].startswith(r)}
        self.assertEqual(called, {"ldap_search", "ldap_sasl_bind", "ldap_sasl_interactive_bind", "ldap_start_tls",
                                  "ldap_abandon", "ldap_unbind"})


class KeptGraph(unittest.TestCase):
    """`derive` keeps the graph; what is asked then is answered from it, and the same."""

    QUESTIONS = (["paths", *ADMINS, "--limit", 0], ["exposure", *ADMINS], ["chokepoints", *ADMINS], ["tiers"], ["edges"],
                 ["explain", "vagrant", "DOMAIN ADMINS@WINDOMAIN.LOCAL"], ["exposure", "--of", "vagrant"],
                 ["exposure", "--of", "VAGRANT@WINDOMAIN.LOCAL", "--of", f"{DOMAIN}-513"])

    def setUp(self):
        self.snapshot = scratch / "kept.snap"
        self.kept = scratch / "kept.snap.graph"
        shutil.copy(snapshot, self.snapshot)

    def tearDown(self):
        self.kept.unlink(missing_ok=True)

    def ask(self, command, *options):
        return run(command, self.snapshot, *options, "--json")

    def test_answers_are_the_same(self):
        before = [self.ask(*question) for question in self.QUESTIONS]
        self.assertTrue(all(done.returncode == 3 and not done.stderr for done in before), before)
        done = run("derive", self.snapshot)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"{self.kept}: ", done.stdout)
        self.assertEqual(stat.S_IMODE(self.kept.stat().st_mode), 0o600)
        for question, derived in zip(self.QUESTIONS, before):
            done = self.ask(*question)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (3, derived.stdout, ""), question)

    def test_it_is_the_kept_graph_that_answers(self):
        run("derive", self.snapshot)
        page = 65536
        graph = bytearray(self.kept.read_bytes())
        for place in range(0, len(graph), page):
            graph[place] ^= 1
        self.kept.write_bytes(graph)
        questions = (["exposure", "--of", "VAGRANT@WINDOMAIN.LOCAL"], ["exposure", "--of", "vagrant"], ["exposure"])
        for question in questions:
            self.assertEqual(self.ask(*question).stderr.count("the graph is derived anew"), 1, question)
        # Damage that shows at once, and damage that only the pages show.
        graph[-1] ^= 1
        self.kept.write_bytes(graph)
        for question in questions:
            self.assertEqual(self.ask(*question).stderr.count("the graph is derived anew"), 1, question)

    def assert_same_standing(self, kept, plain, names):
        def ask(name):
            answers = [run("exposure", path, f"--of={name}", "--json") for path in (kept, plain)]
            return [(done.returncode, done.stdout, done.stderr) for done in answers]

        with concurrent.futures.ThreadPoolExecutor() as pool:
            for name, (from_kept, derived) in zip(names, pool.map(ask, names)):
                self.assertEqual(from_kept, derived, name)

    def test_whom_a_name_means_does_not_depend_on_what_is_kept(self):
        nodes = answer("edges", self.snapshot)["nodes"]
        names = {node[key] for node in nodes for key in ("id", "name")}
        values = collections.defaultdict(lambda: collections.defaultdict(list))
        dump = subprocess.run([DUMP, self.snapshot], check=True, capture_output=True, text=True).stdout
        for dn, attribute, value in map(str.split, dump.splitlines()):
            values[dn][attribute].append(base64.b64decode(value))
        for dn, of in values.items():
            if "objectSid" not in of:
                continue
            names.add(base64.b64decode(dn).decode())
            names.add(str(uuid.UUID(bytes_le=of["objectGUID"][0])))
            for account in of["sAMAccountName"]:
                names |= {account.decode(), f"WINDOMAIN\\{account.decode()}", f"{account.decode()}@windomain.local"}
        self.assertGreater(len(names), 900)
        run("derive", self.snapshot)
        self.assert_same_standing(self.kept.with_suffix(""), snapshot, sorted(names))

    def test_a_name_that_several_answer_to_stays_one_of_several(self):
        def sid(*rid):
            parts = (21, 1, 2, 3, *rid)
            raw = bytes((1, len(parts), 0, 0, 0, 0, 0, 5)) + struct.pack(f"<{len(parts)}I", *parts)
            return f"objectSid:: {base64.b64encode(raw).decode()}\n"

        def principal(kind, rid, cn, account, more=""):
            return (f"\ndn: CN={cn},DC=corp,DC=example\nobjectClass: {kind}\n{sid(rid)}"
                    f"sAMAccountName: {account}\n{more}")

        entries = "".join((
            f"dn: DC=corp,DC=example\nobjectClass: domainDNS\n{sid()}",
            principal("user", 1101, "anna", "anna"),
            principal("group", 1102, "one", "ANNA@corp.example"),
            principal("computer", 1103, "host", "HOST$", "dNSHostName: host.corp.example\n"),
            principal("group", 1104, "two", "host.corp.example"),
            principal("group", 1105, "three", "S-1-5-21-1-2-3-1101"),
            principal("group", 1106, "four", "tier0"),
            principal("user", 1107, "berta", "berta"),
            principal("group", 512, "Domain Admins", "Domain Admins", "member: CN=berta,DC=corp,DC=example\n"),
            "\ndn: CN=HOST$,DC=corp,DC=example\nobjectClass: container\n"))
        (scratch / "alike.ldif").write_text(entries)
        plain, kept = scratch / "alike.snap", scratch / "alike-kept.snap"
        run("import", scratch / "alike.ldif", "-o", plain)
        shutil.copy(plain, kept)
        self.assertIn(run("derive", kept).returncode, (0, 3))
        names = ["ANNA@CORP.EXAMPLE", "anna", "ANNA@corp.example@corp.example", "host.corp.example", "HOST$@CORP.EXAMPLE",
                 "HOST", "S-1-5-21-1-2-3-1101", "s-1-0x5-21-1-2-3-1107", "S-1-5-21-1-2-3-1107", "tier0",
                 "BERTA@CORP.EXAMPLE", "nobody@corp.example", "CN=berta,DC=corp,DC=example"]
        self.assert_same_standing(kept, plain, names)
        for name in ("ANNA@CORP.EXAMPLE", "host.corp.example", "HOST$@CORP.EXAMPLE", "S-1-5-21-1-2-3-1101"):
            done = run("exposure", kept, "--of", name)
            self.assertEqual(done.returncode, 64, name)
            self.assertIn("could be any of", done.stderr)

    def test_one_that_is_damaged_anywhere_is_not_used(self):
        sound = self.ask("exposure", *ADMINS).stdout
        run("derive", self.snapshot)
        whole = self.kept.read_bytes()
        damage = random.Random(5)
        for place in [0, 70, len(whole) - 1, len(whole) - 30] + [damage.randrange(len(whole)) for _ in range(40)]:
            broken = bytearray(whole)
            broken[place] ^= 1 << damage.randrange(8)
            self.kept.write_bytes(broken)
            done = self.ask("exposure", *ADMINS)
            self.assertEqual((done.returncode, done.stdout), (3, sound), place)
            self.assertIn("kept.snap.graph", done.stderr, place)
            done = self.ask("exposure", "--of", "vagrant")
            self.assertEqual(done.returncode, 3, (place, done.stderr))
        for size in (0, 1, 63, 64, 1000, len(whole) // 2, len(whole) - 1):
            self.kept.write_bytes(whole[:size])
            done = self.ask("exposure", *ADMINS)
            self.assertEqual((done.returncode, done.stdout), (3, sound), size)
            self.assertIn("kept.snap.graph", done.stderr, size)

    def test_one_of_another_snapshot_or_that_others_can_write_is_not_used(self):
        run("derive", self.snapshot)
        os.chmod(self.kept, 0o620)
        self.assertIn("others could have written it", self.ask("exposure").stderr)
        os.chmod(self.kept, 0o600)
        self.assertEqual(self.ask("exposure").stderr, "")
        entry = "dn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectSid: S-1-5-21-1-2-3\n"
        (scratch / "other.ldif").write_text(entry)
        other = scratch / "other.snap"
        run("import", scratch / "other.ldif", "-o", other)
        shutil.copy(self.kept, f"{other}.graph")
        self.assertIn("was derived from another snapshot", run("info", other).stderr)

    def test_a_folder_that_takes_no_file(self):
        os.mkdir(self.kept)
        done = run("derive", self.snapshot)
        os.rmdir(self.kept)
        self.assertEqual(done.returncode, 73)


class Scripts(unittest.TestCase):
    """The scripts of docs/operations.md as they stand there, with a directory that is a file."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.command("tierline", f"""case $1 in
            collect) test -z "$FAILS" || exit $FAILS; cp "$COLLECTED" new.snap; exit 3 ;;
            *) exec {TIERLINE} "$@" ;; esac""")

    def command(self, name, text):
        (self.folder / "bin").mkdir(exist_ok=True)
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def script(self, marker):
        blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/operations.md").read_text(), re.M | re.S)
        (found,) = [block for block in blocks if marker in block]
        return found.replace("/var/lib/tierline", str(self.folder))

    def execute(self, script, **variables):
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        return subprocess.run(["sh", "-c", "umask 022\n" + script], cwd=self.folder, env=environment | variables,
                              capture_output=True, text=True, timeout=60)

    def files(self):
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in self.folder.iterdir() if path.is_file()}

    def test_drift(self):
        def entry(dn, kind, number):
            guid = base64.b64encode(bytes(15) + bytes([number])).decode()
            sid = base64.b64encode(struct.pack("<BBHI4I", 1, 4, 0, 0x05000000, 21, 1, 2, number)).decode()
            return f"dn: {dn}\nobjectClass: {kind}\nobjectGUID:: {guid}\nobjectSid:: {sid}\n\n"

        domain = entry("DC=corp,DC=test", "domainDNS", 1)
        for name, text in (("same", domain), ("changed", domain + entry("CN=ann,DC=corp,DC=test", "user", 2)),
                           ("other", entry("DC=corp,DC=test", "domainDNS", 3))):
            (self.folder / f"{name}.ldif").write_text(text)
            run("import", self.folder / f"{name}.ldif", "-o", self.folder / name)
        script = self.script("# /usr/local/bin/tierline-drift")

        def night(collected, fails=""):
            done = self.execute(script, COLLECTED=str(self.folder / collected), FAILS=fails)
            self.assertEqual(done.stderr, "")
            self.assertFalse(set(self.files()) & {"drift.json.part"})
            return done.returncode, done.stdout

        self.assertEqual(night("same"), (3, ""))
        self.assertEqual(night("same"), (3, ""))
        last = (self.folder / "last.snap").read_bytes()
        self.assertEqual(night("same", fails="69"), (69, "\n"))
        code, said = night("other")
        self.assertEqual((code, said[:16]), (65, "not comparable: "))
        self.assertEqual((self.folder / "last.snap").read_bytes(), last)
        code, said = night("changed")
        self.assertEqual((code, " changes; " in said), (1, True), said)
        self.assertTrue(json.loads((self.folder / "drift.json").read_text())["changes"])
        self.assertEqual((self.folder / "last.snap").read_bytes(), (self.folder / "changed").read_bytes())
        self.assertEqual({name: mode for name, mode in self.files().items() if name in ("last.snap", "drift.json")},
                         {"last.snap": 0o600, "drift.json": 0o600})

    def test_a_dump(self):
        self.command("ldapsearch", """while [ "$1" != -b ]; do shift; done
            test "$2" != "$FAILS" || exit 1
            printf 'dn: %s\\nobjectClass: domainDNS\\n\\n' "$2" """)
        script = self.script("ldapsearch")
        schema = "CN=Schema,CN=Configuration,DC=corp,DC=example"
        self.assertEqual(self.execute(script, FAILS=schema).returncode, 1)
        self.assertEqual(set(self.files()), {"corp.ldif.part"})
        for _ in range(2):
            done = self.execute(script, FAILS="")
            self.assertIn("corp.snap: 3 objects", done.stderr)
        self.assertEqual(self.files(), {"corp.ldif": 0o600, "corp.snap": 0o600})


class BadInput(unittest.TestCase):
    """Truncated and damaged files: a clear error that names file and offset, no output, no crash."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))

    def attempt(self, name, data, *command, may_work):
        bad = self.folder / name
        bad.write_bytes(data)
        output = self.folder / "out.snap"
        done = run(*[bad if part == "BAD" else output if part == "OUT" else part for part in command])
        if may_work and done.returncode in (0, 3):
            output.unlink(missing_ok=True)
        else:
            self.assertEqual(done.returncode, 65, done.stderr)
            self.assertIn(str(bad), done.stderr)
            self.assertIn("at byte", done.stderr)
        bad.unlink()
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_truncated_dat(self):
        data = DAT.read_bytes()
        for size in (0, 5, 10, 500, 1085, 1086, 1094, 20_000, 1_000_000, 2_774_583, 2_774_590, 3_000_000):
            with self.subTest(size):
                self.attempt("cut.dat", data[:size], "import", "BAD", "-o", "OUT", may_work=False)

    def test_flipped_dat(self):
        data = DAT.read_bytes()
        chance = random.Random(7)
        for _ in range(60):
            place = chance.randrange(len(data)) if chance.random() < 0.5 else chance.randrange(1062, 60_000)
            with self.subTest(place):
                damaged = bytearray(data)
                damaged[place] ^= 1 << chance.randrange(8)
                self.attempt("flip.dat", bytes(damaged), "import", "BAD", "-o", "OUT", may_work=True)

    def test_truncated_and_flipped_snap(self):
        data = snapshot.read_bytes()
        chance = random.Random(11)
        for size in [0, 7, 15, 16, 40, len(data) // 2, len(data) - 40, len(data) - 1]:
            with self.subTest(size=size):
                self.attempt("cut.snap", data[:size], "paths", "BAD", may_work=False)
        for _ in range(40):
            place = chance.randrange(len(data))
            with self.subTest(place=place):
                damaged = bytearray(data)
                damaged[place] ^= 1 << chance.randrange(8)
                self.attempt("flip.snap", bytes(damaged), "paths", "BAD", may_work=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
