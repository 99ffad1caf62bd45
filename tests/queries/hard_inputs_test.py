"""Directories and circumstances that break programs: circles, depth, hubs, rules that are wrong, no memory, no stack."""

import base64
import json
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import tempfile
import unittest

TIERLINE = os.environ["TIERLINE"]
DOMAIN = "S-1-5-21-1-2-3"
BASE = "DC=corp,DC=example"
EVERYONE = "S-1-1-0"
FULL_CONTROL = 0x10000000
CONTAINER_INHERIT, INHERITED = 0x02, 0x10
OUTPUT = "OUTPUT"  # stands for a path where nothing is yet


def setUpModule():
    global scratch
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-hard-"))


def tearDownModule():
    shutil.rmtree(scratch)


def sid(text):
    parts = [int(part) for part in text.split("-")[1:]]
    return bytes([parts[0], len(parts) - 2]) + parts[1].to_bytes(6, "big") + b"".join(struct.pack("<I", p) for p in parts[2:])


def ace(trustee, mask=FULL_CONTROL, flags=0):
    body = struct.pack("<I", mask) + sid(trustee)
    return struct.pack("<BBH", 0, flags, len(body) + 4) + body


def descriptor(*aces, protected=True):
    owner = sid(f"{DOMAIN}-512")
    entries = b"".join((ace(f"{DOMAIN}-512"), *aces))
    acl = struct.pack("<BBHHH", 2, 0, len(entries) + 8, len(aces) + 1, 0) + entries
    return struct.pack("<BBHIIII", 1, 0, 0x9004 if protected else 0x8404, 20, 0, 0, 20 + len(owner)) + owner + acl


ORDINARY = descriptor()


class Directory:
    """Written as LDIF, object by object, and read by the program."""

    def __init__(self, name, with_tier_zero=True):
        self.ldif, self.snapshot = scratch / f"{name}.ldif", scratch / f"{name}.snap"
        self.file, self.count = open(self.ldif, "w"), 0
        if with_tier_zero:
            self.add(BASE, ("top", "domain", "domainDNS"), sid=DOMAIN)

    def add(self, dn, classes, rid=None, account=None, sd=ORDINARY, **attributes):
        self.count += 1
        lines = [f"dn: {dn}", f"objectGUID:: {base64.b64encode(self.count.to_bytes(16, 'little')).decode()}"]
        lines += [f"objectClass: {name}" for name in classes]
        text = attributes.pop("sid", f"{DOMAIN}-{rid}" if rid else None)
        if text:
            lines.append(f"objectSid:: {base64.b64encode(sid(text)).decode()}")
        if account:
            lines.append(f"sAMAccountName: {account}")
        for name, values in attributes.items():
            lines += [f"{name}: {value}" for value in values]
        lines.append(f"nTSecurityDescriptor:: {base64.b64encode(sd).decode()}")
        self.file.write("\n".join(lines) + "\n\n")

    def group(self, name, rid, members=(), **more):
        self.add(f"CN={name},{BASE}", ("top", "group"), rid, name, groupType=["-2147483646"],
                 member=[f"CN={member},{BASE}" for member in members], **more)

    def user(self, name, rid, **more):
        self.add(f"CN={name},{BASE}", ("top", "person", "user"), rid, name, userAccountControl=["512"], **more)

    def read(self):
        self.file.close()
        done = run("import", self.ldif, "-o", self.snapshot)
        assert done.returncode == 0, done.stderr
        self.ldif.unlink()
        return self.snapshot


def run(*arguments, environment=None, **limits):
    """limits: data or stack, in bytes."""

    def limit():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))

    return subprocess.run([TIERLINE, *map(str, arguments)], capture_output=True, text=True, timeout=600,
                          cwd=scratch, env=environment, preexec_fn=limit if limits else None)


# No schema is in these directories, which every answer says (3).
def answer(*arguments, **limits):
    done = run(*arguments, "--json", **limits)
    if done.returncode not in (0, 1, 3):
        raise AssertionError(f"ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def names(nodes):
    return {node["name"].split("@")[0] for node in nodes}


def deep_directory(name, depth):
    """A user in a group in a group, and so on; the last one controls a target."""
    directory = Directory(name)
    directory.group("Domain Admins", 512)
    directory.group("target", 1000, sd=descriptor(ace(f"{DOMAIN}-1001")))
    for i in range(depth):
        directory.group(f"g{i}", 1001 + i, [f"g{i + 1}" if i + 1 < depth else "ann"])
    directory.user("ann", 900_000)
    return directory.read()


class Groups(unittest.TestCase):
    def test_circles_and_groups_that_are_their_own_members(self):
        directory = Directory("circles")
        directory.group("Domain Admins", 512, ["a"])
        directory.group("a", 1001, ["a", "b"])
        directory.group("b", 1002, ["a", "c"])
        directory.group("c", 1003, ["b", "ann"])
        directory.group("d", 1004, ["d", "e", "bob"])
        directory.group("e", 1005, ["d"])
        directory.user("ann", 1101)
        directory.user("bob", 1102)
        snapshot = directory.read()
        zero = names(o["node"] for o in answer("tiers", snapshot)["objects"] if o["assigned_tier"] == 0)
        self.assertEqual(zero, {"DOMAIN ADMINS", "A", "B", "C", "ANN", "CORP.EXAMPLE"})
        self.assertEqual(answer("exposure", snapshot)["exposed"], 0)
        for source, target, hops in (("ann", "Domain Admins", 4), ("c", "a", 2), ("bob", "e", 2), ("e", "d", 1)):
            with self.subTest(source=source):
                paths = answer("paths", snapshot, "--from", source, "--to", target, "-k", 5)["paths"]
                self.assertEqual([path["hops"] for path in paths], [hops])
        fallen = {n["name"].split("@")[0]: n["hops"] for n in answer("exposure", snapshot, "--from", "bob")["fallen"]}
        self.assertEqual((fallen["D"], fallen["E"], fallen.get("A")), (1, 2, None))

    def test_ten_thousand_groups_in_each_other_with_little_stack(self):
        depth = 10_000
        snapshot = deep_directory("deep", depth)
        little = {"stack": 256 << 10}
        self.assertEqual([p["hops"] for p in answer("exposure", snapshot, "--to", "target", **little)["principals"]],
                         [depth + 1])
        path = answer("paths", snapshot, "--from", "ann", "--to", "target", "-k", 3, **little)["paths"]
        self.assertEqual([p["hops"] for p in path], [depth + 1])
        hops = {n["name"]: n["hops"] for n in answer("exposure", snapshot, "--from", "ann", **little)["fallen"]}
        self.assertEqual(hops["TARGET@CORP.EXAMPLE"], depth + 1)
        choke = answer("chokepoints", snapshot, "--to", "target", "--limit", 0, **little)
        self.assertEqual(len(choke["edges"]), depth + 1)
        self.assertEqual(len(choke["facts"]), depth + 1)
        self.assertEqual({point["cut_off"] for kind in ("facts", "nodes", "edges") for point in choke[kind]}, {1})
        for budget in (("--budget", 5), ("--everything",)):
            self.assertEqual(answer("plan", snapshot, "--to", "target", *budget, **little)["exposed_after"], 0)
        for command in (("tiers",), ("audit",), ("edges",), ("info",), ("explain", "ann", "target"), ("rights", "ann", "target")):
            answer(command[0], snapshot, *command[1:], **little)
        for form in ("html", "dot", "graphml", "opengraph", "sharphound"):
            output = scratch / f"deep.{form}"
            self.assertEqual(run("export", snapshot, "--format", form, "--to", "target", "-o", output, **little).returncode, 3)


class Hubs(unittest.TestCase):
    members = 1_000_000

    # A group of everybody, which everybody controls, and which controls everybody: 10^12 paths of three hops, had one to
    # list them.
    def test_a_million_members_and_a_million_edges_of_one_node(self):
        directory = Directory("hub")
        directory.group("Domain Admins", 512, sd=descriptor(ace(f"{DOMAIN}-1000")))
        controlled = descriptor(ace(f"{DOMAIN}-1000"))
        for i in range(self.members):
            directory.user(f"u{i}", 10_000 + i, sd=controlled)
        directory.group("hub", 1000, (f"u{i}" for i in range(self.members)), sd=descriptor(ace(EVERYONE)))
        snapshot = directory.read()
        exposure = run("exposure", snapshot)
        self.assertTrue(exposure.stdout.startswith(f"{self.members} of {self.members} accounts"), exposure.stdout[:200])
        fallen = run("exposure", snapshot, "--from", "u7")
        self.assertGreater(int(fallen.stdout.split()[0]), self.members)
        choke = answer("chokepoints", snapshot, "--limit", 3)
        self.assertEqual(choke["facts"][0]["cut_off"], self.members)
        self.assertEqual(choke["nodes"][0]["node"]["name"], "HUB@CORP.EXAMPLE")
        plan = answer("plan", snapshot, "--budget", 2)
        self.assertEqual((plan["exposed_before"], plan["exposed_after"]), (self.members, 0))
        self.assertEqual(len(plan["steps"]), 1)
        paths = answer("paths", snapshot, "--limit", 3, "-k", 3)
        self.assertEqual(paths["sources_with_path"], self.members)
        self.assertEqual(len(paths["paths"]), 3)


class TierZero(unittest.TestCase):
    questions = (("exposure",), ("exposure", "--each"), ("exposure", "--tiers"), ("exposure", "--to", "TIER0"), ("paths",),
                 ("chokepoints",), ("plan",), ("plan", "--everything"), ("whatif", "0123456789abcdef"), ("tiers",), ("audit",),
                 ("export", "--format", "html", "-o", "none.html"), ("export", "--format", "dot", "-o", "none.dot"))

    def refused(self, snapshot, says, *more):
        for command in self.questions:
            with self.subTest(command=command):
                done = run(command[0], snapshot, *command[1:], *more)
                self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
                self.assertRegex(done.stderr, says)
        self.assertEqual(list(scratch.glob("none.*")), [])

    def test_nothing_in_it(self):
        directory = Directory("no-tier-zero", with_tier_zero=False)
        directory.group("staff", 1001, [f"u{i}" for i in range(30)])
        for i in range(30):
            directory.user(f"u{i}", 2000 + i)
        snapshot = directory.read()
        self.refused(snapshot, "holds no Tier Zero object")
        # What asks for something else is answered, and so is what holds the whole graph.
        self.assertEqual(answer("exposure", snapshot, "--to", "staff")["exposed"], 30)
        self.assertEqual(run("export", snapshot, "--format", "graphml", "-o", scratch / "no.graphml").returncode, 3)
        self.assertTrue((scratch / "no.graphml").exists())

    def test_everybody_in_it(self):
        directory = Directory("all-tier-zero")
        directory.group("Domain Admins", 512, ["staff"])
        directory.group("staff", 1001, [f"u{i}" for i in range(30)])
        for i in range(30):
            directory.user(f"u{i}", 2000 + i)
        directory.user("bob", 3000)
        snapshot = directory.read()
        self.refused(snapshot, "accounts are in Tier Zero|most of its accounts in Tier Zero")
        self.assertEqual(answer("exposure", snapshot, "--to", "staff")["exposed"], 30)

    def test_everybody_in_it_by_a_rule(self):
        directory = Directory("all-by-rule")
        directory.group("Domain Admins", 512)
        for i in range(30):
            directory.user(f"u{i}", 2000 + i)
        snapshot = directory.read()
        rules = scratch / "all.toml"
        rules.write_text('version = 1\n[[rule]]\ntier = 0\nname = "*"\nreason = "all of them"\n')
        for command in (("tiers",), ("audit",), ("exposure", "--tiers")):
            done = run(command[0], snapshot, *command[1:], "--rules", rules)
            self.assertEqual((done.returncode, done.stdout), (3, ""))
            self.assertIn("30 of 30 accounts are in Tier Zero, so a rule must be wrong", done.stderr)

    # Of few accounts, most may well be in Tier Zero, and all of a directory that holds nothing else; by a rule, never all.
    def test_all_of_a_few_in_it(self):
        directory = Directory("few")
        directory.group("Domain Admins", 512, ["u0"])
        for i in range(5):
            directory.user(f"u{i}", 2000 + i)
        snapshot = directory.read()
        admins = Directory("few-admins")
        admins.group("Domain Admins", 512, ["u0", "u1"])
        for i in range(2):
            admins.user(f"u{i}", 2000 + i)
        only_admins = admins.read()
        rules = scratch / "few.toml"
        head = 'version = 1\n'
        rule = '[[rule]]\ntier = 0\nname = "%s"\nreason = "r"\n'
        for read, text, says in ((snapshot, head + rule % "*", "5 of 5 accounts are in Tier Zero"),
                                 (snapshot, head + rule % "u?", "5 of 5 accounts are in Tier Zero"),
                                 (snapshot, head + "default = 0\n", "5 of 5 accounts are in Tier Zero"),
                                 (snapshot, head + rule % "u0" + rule % "u1" + rule % "u2" + rule % "u3", None),
                                 (only_admins, head + rule % "*", None), (only_admins, head, None)):
            with self.subTest(text):
                rules.write_text(text)
                for command in (("tiers",), ("audit",), ("exposure", "--tiers")):
                    done = run(command[0], read, *command[1:], "--rules", rules)
                    if says is None:
                        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                        self.assertNotEqual(done.stdout, "")
                    else:
                        self.assertEqual((done.returncode, done.stdout), (3, ""))
                        self.assertIn(says + ", so a rule must be wrong", done.stderr)


class WhatIf(unittest.TestCase):
    def test_unknown_repeated_all_and_inherited_facts(self):
        directory = Directory("whatif")
        directory.group("Domain Admins", 512, sd=descriptor(ace(f"{DOMAIN}-1001")))
        down = ace(f"{DOMAIN}-1102", flags=CONTAINER_INHERIT)
        directory.add(f"OU=staff,{BASE}", ("top", "organizationalUnit"), sd=descriptor(down))
        inherited = descriptor(ace(f"{DOMAIN}-1102", flags=CONTAINER_INHERIT | INHERITED), protected=False)
        directory.add(f"CN=crew,OU=staff,{BASE}", ("top", "group"), 1001, "crew", sd=inherited, groupType=["-2147483646"],
                      member=[f"CN=ann,{BASE}"])
        # Inherited from something that was not read.
        directory.add(f"CN=bob,CN=lost,{BASE}", ("top", "person", "user"), 1103, "bob", sd=inherited,
                      userAccountControl=["512"])
        directory.user("ann", 1101)
        directory.user("eve", 1102)
        snapshot = directory.read()
        before = answer("exposure", snapshot)
        self.assertEqual(names(before["principals"]), {"ANN", "EVE"})
        for wrong in ("0123456789abcdef", "nonsense", ""):
            done = run("whatif", snapshot, wrong)
            self.assertEqual((done.returncode, done.stdout), (64, ""), done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)
        facts = {p["fact"]["id"]: p["fact"] for p in answer("chokepoints", snapshot, "--limit", 0)["facts"]}
        # What is inherited is taken away where it is written.
        entry = next(fact for fact in facts.values() if "-1102)" in fact["value"])
        self.assertEqual((entry["object"], entry["from_above"]), (f"OU=staff,{BASE}", False))
        told = answer("whatif", snapshot, entry["id"], entry["id"])
        self.assertEqual(names(told["no_longer_exposed"]), {"EVE"})
        self.assertEqual(len(told["removed"]), 1)
        everything = answer("whatif", snapshot, *facts)
        self.assertEqual((everything["after"]["exposed"], len(everything["removed"])), (0, len(facts)))
        steps = answer("plan", snapshot, "--to", "bob", "--everything")["steps"]
        self.assertEqual({fact["object"]: fact["from_above"] for step in steps for fact in step["facts"] if "-1102)" in fact["value"]},
                         {f"CN=bob,CN=lost,{BASE}": True})


class Rules(unittest.TestCase):
    def setUp(self):
        directory = Directory(self.id().rsplit(".", 1)[1])
        directory.group("Domain Admins", 512)
        directory.user("a" * 20_000 + "b", 1101)
        directory.user("ann", 1102)
        self.snapshot = directory.read()

    def tiers(self, text, **limits):
        rules = scratch / "hard.toml"
        rules.write_text(text)
        return run("tiers", self.snapshot, "--rules", rules, "--json", **limits)

    # Patterns know only * and ?, and take time by the product of lengths.
    def test_patterns_that_a_search_with_steps_back_never_ends_on(self):
        for pattern in ("*a" * 1000 + "*c", "?*" * 1000 + "c", "(a+)+$", "(.*)*" * 100, "[" * 1000):
            done = self.tiers(f'version = 1\n[[rule]]\ntier = 1\nname = "{pattern}"\nreason = "r"\n')
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual([o for o in json.loads(done.stdout)["objects"] if o["assigned_tier"] == 1], [])
        done = self.tiers('version = 1\n[[rule]]\ntier = 1\nname = "' + "*a" * 1000 + '*b"\nreason = "r"\n')
        self.assertEqual(len([o for o in json.loads(done.stdout)["objects"] if o["assigned_tier"] == 1]), 1)

    def test_megabytes_of_rules(self):
        rule = '[[rule]]\ntier = 1\nname = "nobody*"\nreason = "%s"\n' % ("x" * 300)
        text = "version = 1\n" + rule * 11_000
        self.assertEqual(self.tiers(text).returncode, 3)
        done = self.tiers(text + "[colour]\n")
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("line 44002: there is no 'colour'", done.stderr)
        done = self.tiers(text * 3)
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("is larger than 4 MiB", done.stderr)
        # Text is not what it looks like: brackets and dots in it nest nothing.
        for text in ("[." * 99, 'a "" quote ' + "{." * 99, "\\\\", '\\"' + "[" * 99):
            rule = f'[[rule]]\ntier = 1\nname = "x"\nreason = """{text} """  # {text} \'\n'
            self.assertEqual(self.tiers("version = 1\n" + rule * 3).returncode, 3, text)
            self.assertIn("line 10: there is no 'colour'", self.tiers("version = 1\n" + rule * 2 + "[colour]\n").stderr)
        # A long text may end in four or five quotes, and what comes after it is read again.
        quoted = [f"x = {{ a = {quote * 3}b{quote * count}, {'k.' * 1_000_000}k = 1 }}" for quote in "\"'" for count in (3, 4, 5)]
        # What is wrong is told in one line, whatever it is.
        for wrong in (*quoted, "[" * 1_000_000, "version = 1\nx = " + "[" * 1_000_000, "version = 1\nx = " + "{a=" * 1_000_000,
                      "a." * 1_000_000 + "b = 1", "version = 1\n" + "\0" * 1_000_000, "version = " + "9" * 1_000_000,
                      'version = 1\ninclude = "hard.toml"\n', "\N{REPLACEMENT CHARACTER}" * 100_000):
            with self.subTest(wrong[:20]):
                done = self.tiers(wrong, stack=256 << 10)
                self.assertEqual((done.returncode, done.stdout), (78, ""), done.stderr[:300])
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr[:300])
                self.assertLess(len(done.stderr), 1000)
                self.assertRegex(done.stderr, r"line \d+")


class Resources(unittest.TestCase):
    # What a command ends with when it gets so much memory: true when that is enough.
    def ends_well(self, command, size):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            done = run(*(pathlib.Path(folder) / part if part == OUTPUT else part for part in command), data=size)
            if done.returncode in (0, 1, 3):
                return True
            self.assertIn(done.returncode, (69, 74, 75), (command, size, done.stderr))
            self.assertEqual(len(done.stderr.splitlines()), 1, (command, size, done.stderr))
            self.assertEqual(os.listdir(folder), [], (command, size, done.stderr))
            return False

    def test_too_little_memory(self):
        snapshot, collection = deep_directory("limits", 3000), scratch / "collection"
        self.assertEqual(run("export", snapshot, "--format", "sharphound", "-o", collection).returncode, 3)
        commands = [(name, snapshot, "--to", "target") for name in ("exposure", "paths", "chokepoints", "plan")]
        commands += [(name, snapshot) for name in ("tiers", "audit", "edges", "info")]
        commands += [("exposure", snapshot, "--from", "ann"), ("explain", snapshot, "ann", "target", "--json"),
                     ("diff", snapshot, snapshot), ("import", collection, "-o", OUTPUT)]
        commands += [("export", snapshot, "--format", form, "--to", "target", "-o", OUTPUT)
                     for form in ("html", "graphml", "sharphound", "csv")]
        # With less than this, not even the libraries are loaded.
        started = next(size for size in range(1 << 20, 64 << 20, 1 << 18) if run("--version", data=size).returncode == 0)
        failed = 0
        for command in commands:
            with self.subTest(command=command):
                size = started
                while not self.ends_well(command, size):
                    failed += 1
                    size += 1 << 18 if size < started + (4 << 20) else 1 << 20
        self.assertGreater(failed, 50)


class Repeatable(unittest.TestCase):
    # Nothing runs in several threads. What could differ from run to run: the seeds of hash tables, addresses, locale,
    # time zone.
    def test_the_same_bytes_from_run_to_run(self):
        directory = Directory("repeated")
        directory.group("Domain Admins", 512, ["a0"])
        for i in range(40):
            directory.group(f"a{i}", 1001 + i, [f"a{(i * 7 + 3) % 40}", f"u{i}", f"u{(i * 5) % 40}"],
                            sd=descriptor(ace(f"{DOMAIN}-{1001 + (i * 11 + 5) % 40}")))
            directory.user(f"u{i}", 2001 + i, sd=descriptor(ace(f"{DOMAIN}-{1001 + (i * 3) % 40}")))
        snapshot = directory.read()
        target = ("--to", "a3")
        commands = [("exposure", *target), ("exposure", "--each"), ("exposure", "--from", "u5"), ("paths", *target, "-k", 4),
                    ("paths", *target, "--weight", "cost"), ("tiers",), ("audit",), ("chokepoints", *target), ("edges",),
                    ("plan", *target), ("plan", *target, "--everything"), ("explain", "u5", "a3"), ("rights", "u5", "a3"), ("info",)]
        for command in commands:
            answers = set()
            for variant in ({}, {"LC_ALL": "C"}, {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kolkata"}, {"LC_ALL": "tr_TR.UTF-8"},
                            {"MALLOC_PERTURB_": "77", "MALLOC_ARENA_MAX": "1"}):
                for form in ("text", "json"):
                    form = "ndjson" if (command[0], form) == ("edges", "text") else form
                    done = run(command[0], snapshot, *command[1:], "--format", form, environment={**os.environ, **variant})
                    self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                    answers.add((form, done.stdout))
            self.assertEqual(len(answers), 2, command)
        for form in ("html", "json", "dot", "graphml", "opengraph", "navigator"):
            files = set()
            for number in range(3):
                output = scratch / f"repeated{number}.{form}"
                run("export", snapshot, "--format", form, "--to", "a3", "-o", output)
                files.add(output.read_bytes())
            self.assertEqual(len(files), 1, form)


if __name__ == "__main__":
    unittest.main(verbosity=2)
