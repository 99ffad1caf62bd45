"""Tiers, audit, choke points, plans and what-if on real directories: reviewed answers, and changes made for real."""

import base64
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support")]

import golden

TIERLINE = os.environ["TIERLINE"]
SAMPLE = ROOT / "fixtures/collections/sample-ad"
LAB = ROOT / "fixtures/directories/detectionlab"
RULES = ROOT / "fixtures/tiers/sample-ad.toml"


def setUpModule():
    global scratch, sample, lab
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-queries-"))
    sample, lab = scratch / "sample.snap", scratch / "lab.snap"
    assert run("import", SAMPLE / "ad_sampledata.zip", "-o", sample).returncode == 0
    assert run("import", LAB / "detectionlab.dat", "-o", lab).returncode == 3


def tearDownModule():
    shutil.rmtree(scratch)


def run(*arguments):
    return subprocess.run([TIERLINE, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def answer(*arguments, codes=(0, 1, 3)):
    done = run(*arguments, "--json")
    if done.returncode not in codes:
        raise AssertionError(f"ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def audit_rows(snapshot, *options):
    found = answer("audit", snapshot, *options)
    rows = [(f["rule"], f["severity"], " -> ".join(o["name"] for o in f["objects"]), f["detail"]) for f in found["findings"]]
    rows += [(rule["id"], "unknown", "", rule["unknown"]) for rule in found["rules"] if rule["unknown"]]
    return rows


def plan_rows(snapshot, *options):
    found = answer("plan", snapshot, *options)
    return [(str(number), str(step["exposed"]), fact["text"]) for number, step in enumerate(found["steps"], 1)
            for fact in step["facts"]]


def choke_rows(snapshot, *options):
    found = answer("chokepoints", snapshot, "--limit", 0, *options)
    rows = [("fact", str(point["cut_off"]), str(point["new"]), point["fact"]["text"]) for point in found["facts"]]
    rows += [("node", str(point["cut_off"]), str(point["new"]), point["node"]["name"]) for point in found["nodes"]]
    return rows + [("edge", str(point["cut_off"]), str(point["new"]), f'{point["edge"]["source"]["name"]} '
                    f'{point["edge"]["kind"]} {point["edge"]["target"]["name"]}') for point in found["edges"]]


def tier_rows(snapshot, *options):
    return [(str(o["assigned_tier"]), o["node"]["name"], o["reason"]) for o in answer("tiers", snapshot, *options)["objects"]]


class Reviewed(unittest.TestCase):
    """Each row as one line. fixtures/golden/README.txt says how the files were reviewed, and how to write them anew."""

    maxDiff = None

    def holds(self, name, rows):
        golden.check(self, name, "".join("\t".join(row) + "\n" for row in rows))

    def test_the_sample_directory(self):
        crossings = ("tier-control", "tier-session", "tier-logon")
        self.holds("sample-ad/tiers.txt", tier_rows(sample, "--rules", RULES))
        self.holds("sample-ad/audit.txt", audit_rows(sample))
        self.holds("sample-ad/audit-tiers.txt", [row for row in audit_rows(sample, "--rules", RULES) if row[0] in crossings])
        self.holds("sample-ad/chokepoints.txt", choke_rows(sample, "--to", "DOMAIN ADMINS@PHANTOM.CORP"))
        self.holds("sample-ad/plan.txt", plan_rows(sample, "--budget", 20))

    def test_the_lab(self):
        to = ("--to", "DOMAIN ADMINS@WINDOMAIN.LOCAL")
        self.holds("detectionlab/tiers.txt", tier_rows(lab))
        self.holds("detectionlab/audit.txt", audit_rows(lab))
        self.holds("detectionlab/chokepoints.txt", choke_rows(lab, *to))
        self.holds("detectionlab/plan.txt", plan_rows(lab, *to))


class Changes(unittest.TestCase):
    def test_a_plan_leaves_exposed_whom_whatif_and_a_search_leave(self):
        plan = answer("plan", sample, "--budget", 12)
        removed = []
        for step in plan["steps"]:
            removed += [fact["id"] for fact in step["facts"]]
            after = answer("whatif", sample, *removed)["after"]
            self.assertEqual(after["exposed"], step["exposed"])
        self.assertEqual(plan["exposed_after"], plan["steps"][-1]["exposed"])
        self.assertEqual(plan["exposed_before"], answer("exposure", sample)["exposed"])
        self.assertLessEqual(len(removed), 12)
        self.assertEqual(sum(step["cut_off"] for step in plan["steps"]), plan["exposed_before"] - plan["exposed_after"])

    def test_everything_leaves_nobody(self):
        plan = answer("plan", sample, "--everything")
        self.assertEqual(plan["exposed_after"], plan["floor"])

    def test_a_cut_between_two_sets(self):
        ends = ("--from", "JBK@PHANTOM.CORP", "--from", "SCOTT@PHANTOM.CORP", "--to", "DC01.PHANTOM.CORP")
        plan = answer("plan", sample, "--everything", *ends)
        self.assertEqual((plan["population"], plan["exposed_before"], plan["exposed_after"]), (2, 2, 0))
        removed = [fact["id"] for step in plan["steps"] for fact in step["facts"]]
        told = answer("whatif", sample, *removed, "--to", "DC01.PHANTOM.CORP")
        self.assertLessEqual({"JBK@PHANTOM.CORP", "SCOTT@PHANTOM.CORP"}, {n["name"] for n in told["no_longer_exposed"]})
        for point in answer("chokepoints", sample, *ends)["facts"]:
            self.assertLessEqual(point["cut_off"], 2)

    def test_a_fact_that_cuts_off_nobody_alone_is_no_choke_point(self):
        to = ("--to", "DOMAIN ADMINS@PHANTOM.CORP")
        for point in answer("chokepoints", sample, *to, "--limit", 8)["facts"]:
            told = answer("whatif", sample, point["fact"]["id"], *to)
            gone = told["before"]["exposed"] - told["after"]["exposed"]
            self.assertEqual(gone, point["cut_off"], point["fact"]["text"])

    # The collection is changed as the directory would be, and read again by the ordinary way.
    def test_whatif_is_what_a_changed_collection_gives(self):
        before = self.edges(sample)
        with zipfile.ZipFile(SAMPLE / "ad_sampledata.zip") as archive:
            documents = {name: json.loads(archive.read(name)) for name in archive.namelist()}
        checked = 0
        for fact in self.facts():
            changed = json.loads(json.dumps(documents))
            if not self.remove(changed, fact):
                continue
            checked += 1
            told = answer("whatif", sample, fact["id"])
            opened = {(e["source"], e["kind"], e["target"]) for e in told["edges_opened"]}
            closed = {(e["source"], e["kind"], e["target"]) for e in told["edges_closed"]}
            self.assertEqual((before - closed) | opened, self.edges(self.import_documents(changed)), fact["text"])
            self.assertLessEqual(closed, before)
        self.assertGreater(checked, 9)

    # What stands between accounts and some of Tier Zero.
    def facts(self):
        found = {}
        for name in ("DOMAIN ADMINS", "ENTERPRISE ADMINS", "DNSADMINS", "ANDY", "JD", "HAYDEN", "GROUP POLICY CREATOR OWNERS"):
            for point in answer("chokepoints", sample, "--to", f"{name}@PHANTOM.CORP", "--limit", 0)["facts"]:
                found[point["fact"]["id"]] = point["fact"]
        plan = answer("plan", sample, "--everything")
        found.update((fact["id"], fact) for step in plan["steps"] for fact in step["facts"])
        return [found[name] for name in sorted(found) if not found[name]["from_above"]]

    def edges(self, snapshot):
        return {(e["source"], e["kind"], e["target"]) for e in answer("edges", snapshot)["edges"] if e["traversable"]}

    def import_documents(self, documents):
        path, snapshot = scratch / "changed.zip", scratch / "changed.snap"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in documents.items():
                archive.writestr(name, json.dumps(content))
        self.assertEqual(run("import", path, "-o", snapshot).returncode, 0)
        return snapshot

    # Memberships, and entries that no other object inherits.
    def remove(self, documents, fact):
        removed = 0
        for content in documents.values():
            for element in content["data"]:
                properties = element.get("Properties") or {}
                if (properties.get("distinguishedname") or "").upper() != fact["object"].upper():
                    continue
                if fact["attribute"] == "SharpHound.Members":
                    kept = [m for m in element["Members"] if m["ObjectIdentifier"] != fact["value"]]
                    removed += len(element["Members"]) - len(kept)
                    element["Members"] = kept
                elif fact["attribute"] == "SharpHound.Aces" and element.get("ChildObjects") in (None, []):
                    right, trustee = fact["value"].split("\t")
                    registry = ((element.get("CARegistryData") or {}).get("CASecurity") or {})
                    for holder, name in ((element, "Aces"), (registry, "Data")):
                        kept = [a for a in holder.get(name, []) if (a["RightName"], a["PrincipalSID"]) != (right, trustee)]
                        removed += len(holder.get(name, [])) - len(kept)
                        holder[name] = kept
        return removed


class Contract(unittest.TestCase):
    def rules(self, text):
        path = scratch / "rules.toml"
        path.write_text(text)
        return path

    def refused(self, text, says, code=78):
        for command in ("tiers", "audit"):
            done = run(command, sample, "--rules", self.rules(text))
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(says, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_rules_that_are_wrong_are_named_by_their_line(self):
        rule = '[[rule]]\ntier = 1\nreason = "r"\n'
        for text, says in (("", "line 1: expected version = 1"), ("version = 2\n", "line 1: expected version"),
                           ("version = 1\n[[rule]\n", "line 2"), ("version = 1\nfoo = 1\n", "line 2: there is no 'foo'"),
                           (f"version = 1\n{rule}", "line 2: the rule has no condition"),
                           ('version = 1\n[[rule]]\ntier = 1\nname = "x"\n', "no reason"),
                           ('version = 1\n[[rule]]\nreason = "r"\nname = "x"\n', "no tier"),
                           (f'version = 1\n{rule}sid = "S-x"\n', "line 5: expected a SID"),
                           (f'version = 1\n{rule}rid = "512"\n', "line 5: expected a relative"),
                           (f'version = 1\n{rule}colour = "red"\n', "line 5: a rule has no 'colour'"),
                           (f'version = 1\n{rule}host_role = "toaster"\n', "line 5: no such role"),
                           (f'version = 1\n{rule}member_of = "NOBODY"\n', "line 2: nothing in this snapshot"),
                           (f'version = 1\n{rule}value = "x"\n', "line 2"),
                           ('version = 1\n[[rule]]\ntier = 12\nreason = "r"\nname = "x"\n', "line 3: expected a tier"),
                           ("version = 1\n[audit]\nstale_days = 0\n", "line 3: expected a number of days"),
                           ('version = 1\n[audit]\nsession_hosts = "3"\n', "line 3: expected a number of hosts"),
                           ("version = 1\n[audit]\nshadow_crowd = 1.5\n", "line 3: expected a number of accounts"),
                           ("version = 1\n[audit]\nweekends = 2\n", "line 3: [audit] has no 'weekends'")):
            with self.subTest(text):
                self.refused(text, says)
        done = run("audit", sample, "--rules", self.rules('version = 1\n[audit]\nenabled = ["nope"]\n'))
        self.assertEqual((done.returncode, "which is no rule" in done.stderr), (78, True))
        self.assertEqual(run("tiers", sample, "--rules", scratch / "none.toml").returncode, 66)

    def test_what_nothing_is_called_leaves_no_path_and_is_an_error(self):
        for options, says in ((("--domain", "phantom"), "no such domain: 'phantom'; there are: "),
                              (("--tier", 7, "--rules", RULES), "nothing is in tier 7")):
            done = run("paths", sample, *options)
            self.assertEqual((done.returncode, done.stdout), (64, ""))
            self.assertIn(says, done.stderr)
        self.assertEqual(run("paths", sample, "--domain", "Phantom.corp").returncode, 0)

    def test_a_rule_that_fits_nothing_is_told_by_its_line(self):
        rule = '[[rule]]\ntier = 1\nreason = "r"\nname = "%s"\n'
        rules = self.rules("version = 1\n" + rule % "JBK*" + rule % "NOSUCH*")
        for command in ("tiers", "audit"):
            done = run(command, sample, "--rules", rules)
            self.assertEqual([line for line in done.stderr.splitlines() if "fits nothing" in line],
                             [f"{rules}: line 6: the rule fits nothing"])

    def test_everyone_in_tier_zero_is_no_good_news(self):
        self.refused('version = 1\n[[rule]]\ntier = 0\nname = "*"\nreason = "all of them"\n', "a rule must be wrong", code=3)

    def test_the_nearest_container_counts_and_disagreement_is_told(self):
        text = """version = 1
            [[rule]]
            tier = 2
            ou = "DC=PHANTOM,DC=CORP"
            reason = "the domain"
            [[rule]]
            tier = 1
            ou = "OU=TIER1,DC=PHANTOM,DC=CORP"
            reason = "nearer"
            [[rule]]
            tier = 3
            name = "JBK"
            reason = "somebody else says so"
        """
        found = answer("tiers", sample, "--rules", self.rules(text))
        tiers = {o["node"]["name"]: (o["assigned_tier"], o["reason"]) for o in found["objects"]}
        self.assertEqual(tiers["JBK@PHANTOM.CORP"], (1, "nearer (line 6)"))
        self.assertEqual(tiers["DOMAIN USERS@PHANTOM.CORP"][0], 2)
        self.assertEqual(tiers["DOMAIN ADMINS@PHANTOM.CORP"][0], 0)
        conflicts = {c["node"]["name"]: [r["tier"] for r in c["rules"]] for c in found["conflicts"]}
        self.assertEqual(conflicts, {"JBK@PHANTOM.CORP": [1, 3]})

    def in_tier(self, snapshot, text):
        found = collections.defaultdict(set)
        for entry in answer("tiers", snapshot, "--rules", self.rules(text))["objects"]:
            found[entry["assigned_tier"]].add(entry["node"]["id"])
        return found

    def test_a_policy_takes_whom_it_applies_to(self):
        edges = answer("edges", lab)["edges"]
        applies = collections.defaultdict(set)
        for edge in edges:
            if edge["kind"] == "GPOAppliesTo":
                applies[edge["source"]].add(edge["target"])
        self.assertGreater(len({frozenset(targets) for targets in applies.values()}), 3)
        for policy, targets in applies.items():
            found = self.in_tier(lab, f'version = 1\n[[rule]]\ntier = 4\ngpo = "{policy}"\nreason = "r"\n')
            self.assertEqual(found[4], targets - found[0], policy)

    def test_hosts_have_the_roles_that_their_services_and_edges_say(self):
        with zipfile.ZipFile(SAMPLE / "ad_sampledata.zip") as archive:
            documents = {name: json.loads(archive.read(name)) for name in archive.namelist()}
        services = {"PAYMENT01.PHANTOM.CORP": "MSSQLSvc/payment01:1433", "SRV-TARGET.PHANTOM.CORP": "http/srv-target",
                    "FILESERVER01.PHANTOM.CORP": "HTTPS/fileserver01", "SERVER01.PHANTOM.CORP": "MSSQL/server01"}
        ids = {}
        for content in documents.values():
            for element in content["data"] if isinstance(content, dict) else []:
                properties = element.get("Properties") or {}
                ids[properties.get("name")] = element["ObjectIdentifier"]
                if properties.get("name") in services:
                    properties["serviceprincipalnames"] = [services[properties["name"]]]
        path, snapshot = scratch / "roles.zip", scratch / "roles.snap"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in documents.items():
                archive.writestr(name, json.dumps(content))
        self.assertEqual(run("import", path, "-o", snapshot).returncode, 0)
        edges = answer("edges", snapshot)["edges"]
        sources = lambda kind: {edge["source"] for edge in edges if edge["kind"] == kind}
        wanted = {"database": {ids["PAYMENT01.PHANTOM.CORP"]}, "web": {ids["SRV-TARGET.PHANTOM.CORP"]},
                  "mail": {ids["EXTEXCH01.WRAITH.CORP"]}, "certification-authority": sources("HostsCAService"),
                  "domain-controller": sources("DCFor")}
        left = 0
        for role, hosts in wanted.items():
            found = self.in_tier(snapshot, f'version = 1\n[[rule]]\ntier = 4\nhost_role = "{role}"\nreason = "r"\n')
            self.assertEqual(found[4], hosts - found[0], role)
            self.assertTrue(hosts, role)
            left += len(found[4])
        self.assertGreater(left, 1)  # the others are in Tier Zero anyway

    def test_a_container_goes_by_any_of_its_names(self):
        rule = 'version = 1\n[[rule]]\ntier = 1\nou = "%s"\nreason = "r"\n'
        by_dn = answer("tiers", sample, "--rules", self.rules(rule % "OU=TIER1,DC=PHANTOM,DC=CORP"))["objects"]
        self.assertIn("JBK@PHANTOM.CORP", [o["node"]["name"] for o in by_dn if o["assigned_tier"] == 1])
        container = next(o["node"] for o in by_dn if o["node"]["name"] == "TIER1@PHANTOM.CORP")
        for name in (container["name"], container["id"], "ou=tier1,dc=phantom,dc=corp"):
            self.assertEqual(answer("tiers", sample, "--rules", self.rules(rule % name))["objects"], by_dn, name)

    def test_an_audit_ends_by_what_it_found(self):
        self.assertEqual(run("audit", sample).returncode, 1)
        one = 'version = 1\n[audit]\nenabled = ["%s"]\n'
        self.assertEqual(run("audit", sample, "--rules", self.rules(one % "machine-quota")).returncode, 3)
        self.assertEqual(run("audit", sample, "--rules", self.rules(one % "trust-inside")).returncode, 3)
        self.assertEqual(run("audit", sample, "--rules", self.rules(one % "tier-control")).returncode, 0)
        prints = [f["fingerprint"] for f in answer("audit", sample)["findings"]]
        self.assertEqual(len(prints), len(set(prints)))
        for finding in answer("audit", sample)["findings"]:
            if finding["rule"] == "tier-zero-control":
                self.assertTrue(finding["evidence"])

    def test_thresholds_count(self):
        def objects(rule, settings):
            rules = self.rules(f'version = 1\n[audit]\nenabled = ["{rule}"]\n{settings}\n')
            return [f["objects"][0]["name"] for f in answer("audit", sample, "--rules", rules)["findings"]]

        self.assertEqual(len(objects("tier-zero-always-on", "session_hosts = 3")), 6)
        self.assertEqual(objects("tier-zero-always-on", "session_hosts = 5"), ["ADMINISTRATOR@PHANTOM.CORP", "ANDY@PHANTOM.CORP"])
        # Logged on still, though it last did so 278 days before.
        self.assertIn("ANDY@PHANTOM.CORP", objects("tier-zero-always-on", "session_hosts = 6"))
        self.assertNotIn("ANDY@PHANTOM.CORP", objects("tier-zero-always-on", "session_hosts = 6\nsession_days = 300"))
        self.assertIn("SCOTT@PHANTOM.CORP", objects("shadow-admin", "shadow_crowd = 2"))
        crowd = objects("shadow-admin", "shadow_crowd = 1")
        self.assertIn("TIER2SUPPORT@PHANTOM.CORP", crowd)
        self.assertNotIn("SCOTT@PHANTOM.CORP", crowd)

    def test_what_one_controls_is_told_one_by_one_or_as_a_number(self):
        def found(limit):
            text = RULES.read_text().replace("[audit]", f'[audit]\ncontrol_crowd = {limit}')
            findings = answer("audit", sample, "--rules", self.rules(text))["findings"]
            return [f for f in findings if f["rule"] == "tier-control" and f["objects"][0]["name"] == "DOMAIN USERS@PHANTOM.CORP"]

        self.assertEqual([len(f["objects"]) for f in found(4)], [2, 2, 2, 2])
        (together,) = found(3)
        self.assertEqual(len(together["objects"]), 1)
        self.assertEqual(together["detail"], "AdminTo over 4 objects, from no tier into tier 1")
        self.assertEqual([e["kind"] for e in together["evidence"]], ["AdminTo"] * 4)
        settings = self.rules("version = 1\n[audit]\nenabled = ['tier-zero-control']\ncontrol_crowd = 1\n")
        holders = collections.Counter(f["objects"][0]["id"] for f in answer("audit", sample, "--rules", settings)["findings"])
        self.assertEqual(set(holders.values()), {1})

    def test_what_was_seen_is_told(self):
        found = {(f["rule"], f["objects"][0]["name"]): f for f in answer("audit", sample)["findings"]}
        observed = found["tier-zero-service", "ADMINISTRATOR@PHANTOM.CORP"]["observed"]
        self.assertEqual([(o["type"], o["attribute"], o["value"]) for o in observed],
                         [("attribute", "servicePrincipalName", "test/test")])
        chain = found["shadow-admin", "SCOTT@PHANTOM.CORP"]["evidence"]
        self.assertEqual([edge["kind"] for edge in chain], ["MemberOf", "AdminTo"])

    def test_what_was_not_collected_is_unknown(self):
        """A file with names and SIDs, and nothing else that a rule could look at."""
        def sid(rid=None):
            parts = (21, 1, 2, 3) if rid is None else (21, 1, 2, 3, rid)
            raw = bytes((1, len(parts))) + (5).to_bytes(6, "big") + b"".join(n.to_bytes(4, "little") for n in parts)
            return base64.b64encode(raw).decode()

        people = [("group", "Domain Admins", 512), ("user", "ann", 1101), ("user", "bob", 1102), ("computer", "web", 1103)]
        text = f"dn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectSid:: {sid()}\n"
        text += f"objectGUID:: {base64.b64encode(bytes(16)).decode()}\n"
        for number, (kind, name, rid) in enumerate(people, 1):
            text += f"\ndn: CN={name},DC=corp,DC=example\nobjectClass: {kind}\nobjectSid:: {sid(rid)}\n"
            text += f"objectGUID:: {base64.b64encode(bytes([number] * 16)).decode()}\n"
            text += "member: CN=ann,DC=corp,DC=example\n" if rid == 512 else ""
        source, snapshot = scratch / "bare.ldif", scratch / "bare.snap"
        source.write_text(text)
        self.assertEqual(run("import", source, "-o", snapshot).returncode, 3)
        found = answer("audit", snapshot, "--rules", self.rules("version = 1\ndefault = 2\n"))
        self.assertEqual([rule["id"] for rule in found["rules"] if not rule["unknown"]], [])
        self.assertEqual([(f["rule"], f["detail"]) for f in found["findings"]], [("standing-membership", "perhaps for good")])
        # One member for a time shows that the search asked which are.
        source.write_text(text.replace("member: ", "member: <TTL=60,CN=bob,DC=corp,DC=example>\nmember: "))
        self.assertEqual(run("import", source, "-o", snapshot).returncode, 3)
        found = answer("audit", snapshot)
        self.assertEqual([rule["unknown"] for rule in found["rules"] if rule["id"] == "standing-membership"], [None])
        self.assertEqual([(f["objects"][0]["name"], f["detail"]) for f in found["findings"]], [("ANN@CORP.EXAMPLE", "for good")])

    def test_exposure_of_each_target_and_tier(self):
        whole = answer("exposure", sample, "--each")
        self.assertEqual(len(whole["each"]), len(whole["targets"]))
        for count in whole["each"][:3] + whole["each"][-3:]:
            alone = answer("exposure", sample, "--to", count["target"]["id"])
            outside = {p["id"] for p in whole["principals"]}
            self.assertEqual(count["exposed"], sum(p["id"] in outside or p["tier"] != 0 for p in alone["principals"]))
        pairs = {(p["from"], p["to"]): p["exposed"] for p in answer("exposure", sample, "--tiers", "--rules", RULES)["tier_pairs"]}
        self.assertEqual(sorted(pairs), [(1, 0), (2, 0), (2, 1)])
        self.assertEqual(pairs[(1, 0)] + pairs[(2, 0)], whole["exposed"])

    def test_what_falls(self):
        found = answer("exposure", sample, "--from", "FILESERVER01.PHANTOM.CORP")
        hops = {node["id"]: node["hops"] for node in found["fallen"]}
        self.assertEqual(sum(found["by_hops"].values()), len(hops))
        for node in found["fallen"][:5]:
            paths = answer("paths", sample, "--from", "FILESERVER01.PHANTOM.CORP", "--to", node["id"])["paths"]
            self.assertEqual(paths[0]["hops"], node["hops"])
        listed = scratch / "hosts.txt"
        listed.write_text("# facing the internet\n\n  FILESERVER01.PHANTOM.CORP  # files\n")
        self.assertEqual(answer("exposure", sample, "--from-file", listed)["fallen"], found["fallen"])
        listed.write_text("\nNOBODY\n")
        done = run("exposure", sample, "--from-file", listed)
        self.assertEqual((done.returncode, "line 2" in done.stderr), (78, True))
        self.assertEqual(run("exposure", sample, "--from-file", scratch / "none.txt").returncode, 66)

    def test_paths_by_cost_and_with_filters(self):
        start = ("--from", "JBK@PHANTOM.CORP")
        by_hops = answer("paths", sample, *start)["paths"][0]
        by_cost = answer("paths", sample, *start, "--weight", "cost", "-k", 5)["paths"]
        self.assertNotIn("cost", by_hops)
        self.assertEqual(by_cost, sorted(by_cost, key=lambda path: path["cost"]))
        used = {edge["kind"] for path in by_cost for edge in path["edges"]}
        self.assertTrue(any(kind.startswith("ADCS") for kind in used))
        without = [part for kind in used for part in ("--without-kind", kind) if kind != "MemberOf"]
        for path in answer("paths", sample, *start, *without)["paths"]:
            self.assertFalse({edge["kind"] for edge in path["edges"]} & (used - {"MemberOf"}))
        self.assertEqual(answer("paths", sample, *start, "--kind", "MemberOf")["paths"], [])
        everyone = answer("paths", sample, "--limit", 0)
        inside = answer("paths", sample, "--limit", 0, "--domain", "phantom.corp")
        self.assertLess(inside["sources_with_path"], everyone["sources_with_path"])
        for path in inside["paths"]:
            self.assertEqual({node["domain"] for node in path["nodes"]} - {"", "PHANTOM.CORP"}, set())
        for narrow in (("--os", "Windows 3.11*"), ("--max-age", 1)):
            self.assertLess(answer("paths", sample, "--limit", 0, *narrow)["sources_with_path"], everyone["sources_with_path"])
        self.assertEqual(run("paths", sample, "--kind", "Nonsense").returncode, 64)

    def test_paths_inside_tiers(self):
        def passed(*tiers):
            options = [part for tier in tiers for part in ("--tier", tier)]
            return answer("paths", sample, "--limit", 0, "--rules", RULES, *options)

        assigned = {o["node"]["id"]: o["assigned_tier"] for o in answer("tiers", sample, "--rules", RULES)["objects"]}
        everyone = answer("paths", sample, "--limit", 0)
        self.assertEqual(passed(0, 1, 2)["sources_with_path"], everyone["sources_with_path"])
        for tiers in ((0, 1), (0, 2)):
            found = passed(*tiers)
            self.assertLess(0, found["sources_with_path"])
            self.assertLess(found["sources_with_path"], everyone["sources_with_path"])
            for path in found["paths"]:
                self.assertLessEqual({assigned.get(node["id"]) for node in path["nodes"]}, {None, *tiers})
        # Its targets are in Tier Zero, so without it there is none.
        self.assertEqual(passed(1, 2)["sources_with_path"], 0)
        self.assertEqual(run("paths", sample, "--tier", 12).returncode, 64)
        self.assertEqual(run("paths", sample, "--rules", RULES).returncode, 64)
        self.assertEqual(run("paths", sample, "--tier", 0, "--rules", scratch / "none.toml").returncode, 66)

    def test_a_fact_that_is_not_there(self):
        done = run("whatif", sample, "0123456789abcdef")
        self.assertEqual(done.returncode, 64)
        self.assertIn("no edge of this snapshot rests on a fact", done.stderr)

    def test_commands_are_quoted(self):
        script = run("plan", sample, "--budget", 20, "--format", "powershell").stdout
        for line in script.splitlines():
            if not line.startswith("#"):
                self.assertEqual(line.split("  #")[0].count("'") % 2, 0, line)
        self.assertIn("Remove-ADGroupMember", script)


if __name__ == "__main__":
    unittest.main(verbosity=2)
