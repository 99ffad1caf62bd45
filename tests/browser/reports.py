"""Reports made by hand, in the shape that viewer/export/report_json.cc writes."""

KINDS = {
    "MemberOf": ("The source's logon token holds the group, so it has every right of the group.",
                 "Remove the source from the group: Remove-ADGroupMember.", "T1078.002"),
    "GenericAll": ("The source has full control of the target.",
                   "Remove the entry, or replace it by the rights that are needed.", "T1098 T1222.001"),
}


class Report:
    """Grows a report: a path is names and edge kinds in turn, such as "ANN MemberOf CREW GenericAll DA"."""

    def __init__(self, title="CORP.EXAMPLE", target="Tier Zero"):
        self.numbers = {}
        self.data = {
            "schema": "tierline.report", "schema_version": 1, "title": title, "target": target,
            "provenance": {"tool": "tierline", "tool_version": "0.1.0", "source": "ldap",
                           "server": "dc1.corp.example", "reader": "reader@corp.example",
                           "started": "2026-11-20T06:00:00Z", "finished": "2026-11-20T06:00:42Z",
                           "highest_usn": 123456},
            "coverage": {"complete": True, "areas": [
                {"area": "objects", "domain": "corp.example", "asked": True, "read": 120, "missing": 0,
                 "reason": None}]},
            "summary": {"objects": 120, "edges": 900, "targets": 0, "population": 0, "exposed": 0},
            "by_hops": {}, "edge_kinds": {}, "nodes": [], "edges": [], "targets": [], "paths": [],
            "sources_with_more": [], "search_complete": True,
        }

    def node(self, name, kind="User", **fields):
        if name not in self.numbers:
            number = self.numbers[name] = len(self.data["nodes"])
            self.data["nodes"].append({
                "id": f"S-1-5-21-1-2-3-{1000 + number}", "name": f"{name}@CORP.EXAMPLE", "kind": kind,
                "domain": "CORP.EXAMPLE", "tier": None, "enabled": True})
        self.data["nodes"][self.numbers[name]].update(fields)
        return self.numbers[name]

    def target(self, name, kind="Group"):
        number = self.node(name, kind, tier=0, enabled=None)
        self.data["targets"].append(number)
        self.data["summary"]["targets"] += 1
        return number

    def edge(self, source, kind, target, caveats=()):
        ends = (self.numbers[source], self.numbers[target])
        for number, edge in enumerate(self.data["edges"]):
            if (edge["source"], edge["target"], edge["kind"]) == (*ends, kind):
                return number
        dn = f"CN={target},DC=corp,DC=example"
        ace = f"(A;;GA;;;{source})"
        evidence = {"type": "ace", "text": f"Entry 3 of nTSecurityDescriptor of {dn}: {ace}", "object": dn,
                    "attribute": "nTSecurityDescriptor", "index": 2, "ace": ace, "inherited": False,
                    "inherited_from": None}
        if kind == "MemberOf":
            value = f"CN={source},DC=corp,DC=example"
            evidence = {"type": "attribute", "text": f"member of {dn} is {value}", "object": dn,
                        "attribute": "member", "value": value}
        meaning, remedy, attack = KINDS.get(kind, (f"What {kind} means.", f"How {kind} is removed.", "T1098"))
        self.data["edge_kinds"][kind] = {"meaning": meaning, "remedy": remedy,
                                         "detection": f"How {kind} shows.", "attack": attack}
        self.data["edges"].append({"kind": kind, "source": ends[0], "target": ends[1], "traversable": True,
                                   "evidence": [evidence], "caveats": list(caveats)})
        return len(self.data["edges"]) - 1

    def path(self, text):
        words = text.split()
        names, kinds = words[::2], words[1::2]
        for name in names[1:]:
            if name not in self.numbers:
                self.node(name, "Group", enabled=None)
        self.node(names[0])
        self.data["paths"].append({
            "hops": len(kinds), "nodes": [self.numbers[name] for name in names],
            "edges": [self.edge(names[i], kind, names[i + 1]) for i, kind in enumerate(kinds)]})

    def finish(self):
        """The report with its summary, as the exporter would count it."""
        nearest = {}
        for path in self.data["paths"]:
            nearest[path["nodes"][0]] = min(path["hops"], nearest.get(path["nodes"][0], path["hops"]))
        by_hops = {}
        for hops in sorted(nearest.values()):
            by_hops[str(hops)] = by_hops.get(str(hops), 0) + 1
        accounts = [node for node in self.data["nodes"]
                    if node["kind"] in ("User", "Computer") and node["enabled"] and node["tier"] != 0]
        self.data["by_hops"] = by_hops
        self.data["summary"].update(population=len(accounts), exposed=len(nearest))
        return self.data


def corp():
    """Ann reaches Domain Admins in three ways, Bob in one; Carl in none."""
    report = Report()
    report.target("DOMAIN-ADMINS")
    report.path("ANN MemberOf HELPDESK GenericAll DOMAIN-ADMINS")
    report.path("ANN MemberOf STAFF MemberOf OPERATORS WriteDacl DOMAIN-ADMINS")
    report.path("ANN MemberOf HELPDESK WriteOwner OPERATORS WriteDacl DOMAIN-ADMINS")
    report.path("BOB MemberOf STAFF MemberOf OPERATORS WriteDacl DOMAIN-ADMINS")
    report.node("CARL")
    report.data["edges"][report.edge("HELPDESK", "GenericAll", "DOMAIN-ADMINS")]["caveats"] = [
        "deny:S-1-5-21-1-2-3-1999: does not hold for members of GUESTS, whom an earlier entry denies it."]
    return report.finish()


def parallel():
    """Several kinds of edge between the same two nodes, and paths that cross each other's direction."""
    report = Report()
    report.target("DOMAIN-ADMINS")
    report.path("ANN MemberOf LEFT GenericAll DOMAIN-ADMINS")
    report.path("ANN MemberOf LEFT WriteDacl DOMAIN-ADMINS")
    report.path("ANN MemberOf LEFT WriteOwner DOMAIN-ADMINS")
    report.path("ANN MemberOf LEFT AddMember RIGHT GenericAll DOMAIN-ADMINS")
    report.path("ANN MemberOf RIGHT AddSelf LEFT GenericAll DOMAIN-ADMINS")
    return report.finish()


def wide():
    """About thirty nodes, edges that skip columns, many kinds into one target: what a drawing has to bear."""
    report = Report()
    report.target("DOMAIN-ADMINS")
    report.target("ENTERPRISE-KEY-ADMINS")
    kinds = ["GenericAll", "WriteDacl", "WriteOwner", "AddKeyCredentialLink", "AllowedToDelegate",
             "ForceChangePassword", "AddMember", "ReadGMSAPassword"]
    report.path("ANN GenericAll DOMAIN-ADMINS")
    for number in range(9):
        kind = kinds[number % len(kinds)]
        report.path(f"ANN MemberOf TEAM-{number} {kind} SERVER-GROUP-{number} {kinds[(number + 3) % 8]} "
                    f"TIER-ONE-OPERATORS-{number % 4} {kinds[(number + 5) % 8]} DOMAIN-ADMINS")
        report.path(f"ANN MemberOf TEAM-{number} AddMember TIER-ONE-OPERATORS-{(number + 1) % 4} "
                    f"{kinds[(number + 6) % 8]} ENTERPRISE-KEY-ADMINS")
    report.path("ANN MemberOf TEAM-0 MemberOf A-GROUP-WHOSE-NAME-IS-LONGER-THAN-ITS-BOX Owns DOMAIN-ADMINS")
    report.path("ANN MemberOf TEAM-1 MemberOf SERVER-GROUP-4 GenericWrite DOMAIN-ADMINS")
    return report.finish()


def many(count):
    """So many accounts that a list of all their elements would be slow."""
    report = Report(title="BIG.EXAMPLE")
    report.target("DOMAIN-ADMINS")
    for number in range(200):
        report.path(f"SEED-{number} MemberOf TEAM-{number} GenericAll OPERATORS-{number % 7} "
                    "WriteDacl DOMAIN-ADMINS")
    data = report.finish()
    for number in range(count - 200):
        path = data["paths"][number % 200]
        first = path["nodes"][0]
        edge = dict(data["edges"][path["edges"][0]], source=len(data["nodes"]))
        data["nodes"].append(dict(data["nodes"][first], id=f"S-1-5-21-9-9-9-{number}",
                                  name=f"USER{number:06}@BIG.EXAMPLE", domain="BIG.EXAMPLE"))
        data["paths"].append(dict(path, nodes=[edge["source"], *path["nodes"][1:]],
                                  edges=[len(data["edges"]), *path["edges"][1:]]))
        data["edges"].append(edge)
    data["summary"].update(population=count, exposed=count)
    data["by_hops"] = {"3": count}
    return data
