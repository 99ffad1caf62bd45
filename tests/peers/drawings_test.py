"""BloodHound's drawn graphs: small ones with the edges in them that its analysis must come to. Those edges are taken
out, the rest is imported as a graph, and they must come back, all of them and no other of their kind."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

DRAWINGS = pathlib.Path(__file__).resolve().parents[2] / "fixtures/collections/harnesses"
TIERLINE = os.environ["TIERLINE"]

# What the analysis computes, by the drawing that states it.
COMPUTED = {
    "dcsyncharness": "DCSync", "trustdcsyncharness": "DCSync", "rdpharness": "CanRDP", "rdpharnessb": "CanRDP",
    "adcsesc1-1": "ADCSESC1", "adcsesc1-2": "ADCSESC1", "adcsesc1-3": "ADCSESC1", "enrollonbehalfof-1": "EnrollOnBehalfOf",
    "enrollonbehalfof-2": "EnrollOnBehalfOf", "enterprisecaforharness": "EnterpriseCAFor",
    "issuedsignedbyharness": "IssuedSignedBy", "goldencert": "GoldenCert",
}
# As those who drew them spelt them.
SPELLINGS = {"PublisedTo": "PublishedTo", "PublishTo": "PublishedTo", "HostCAService": "HostsCAService",
             "RIL": "RemoteInteractiveLogonRight"}
KINDS = ("EnterpriseCA", "RootCA", "AIACA", "NTAuthStore", "CertTemplate", "Domain", "Computer", "GPO", "OU", "Container",
         "Group", "User")
FLAGS = {"true", "false"}


def kind_of(name, relations):
    if any(kind == "LocalToComputer" and source == name for source, kind, _ in relations):
        return "ADLocalGroup"
    if name == "Domain Users":
        return "Group"
    named = name.replace(" ", "")
    return next((kind for kind in KINDS if named.startswith(kind) or kind in named), "User")


def properties_of(drawn):
    found = {}
    for name, value in drawn.items():
        text = value.strip()
        if text.lower() in FLAGS:
            found[name.lower()] = text.lower() == "true"
        elif text.isdigit():
            found[name.lower()] = int(text)
        elif text.startswith("["):
            found[name.lower()] = [item.strip().strip('"') for item in text[1:-1].split(",") if item.strip()]
        else:
            found[name.lower()] = text
    return found


class Drawing:
    def __init__(self, path):
        drawn = json.loads(path.read_text())
        names = {node["id"]: node["caption"].strip() for node in drawn["nodes"]}
        self.relations = [(names[r["fromId"]], SPELLINGS.get(r["type"], r["type"]), names[r["toId"]])
                          for r in drawn["relationships"]]
        self.ids, nodes = {}, []
        for number, node in enumerate(drawn["nodes"]):
            name = names[node["id"]]
            kind = kind_of(name, self.relations)
            # Members of a local group are told by its RID; whatever is RDP in a drawing is Remote Desktop Users.
            self.ids[name] = f"S-1-5-21-9-9-9-{1000 + number}" + ("-555" if kind == "ADLocalGroup" and "RDP" in name else "")
            properties = {"name": name, "domain": "DRAWN.TEST", **properties_of(node.get("properties") or {})}
            nodes.append({"id": self.ids[name], "kinds": [kind, "Base"], "properties": properties})
        self.nodes = nodes

    def graph(self, without):
        edges = [{"start": {"match_by": "id", "value": self.ids[source]}, "kind": kind,
                  "end": {"match_by": "id", "value": self.ids[target]}} for source, kind, target in self.relations
                 if kind not in ("", without)]
        return {"graph": {"nodes": self.nodes, "edges": edges}}

    def edges_of(self, kind):
        return {(source, target) for source, drawn, target in self.relations if drawn == kind}


class Drawings(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="tierline-drawings-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def edges(self, graph, *options):
        (self.folder / "graph.json").write_text(json.dumps(graph))
        done = subprocess.run([TIERLINE, "import", self.folder / "graph.json", "-o", self.folder / "graph.snap"],
                              capture_output=True, text=True)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        done = subprocess.run([TIERLINE, "edges", self.folder / "graph.snap", *options, "--json"],
                              capture_output=True, text=True)
        return json.loads(done.stdout)["edges"]

    def test_computed_edges_come_back(self):
        for name, kind in COMPUTED.items():
            with self.subTest(name):
                drawing = Drawing(DRAWINGS / f"{name}.json")
                names = {identity: name for name, identity in drawing.ids.items()}
                found = self.edges(drawing.graph(kind), "--compat", "bloodhound", "--kind", kind)
                ours = {(names[edge["source"]], names[edge["target"]]) for edge in found}
                drawn = drawing.edges_of(kind)
                self.assertTrue(drawn)
                self.assertEqual(sorted(drawn - ours), [], "missing")
                self.assertEqual(sorted(ours - drawn), [], "extra")

    def test_every_drawing_is_a_graph(self):
        files = sorted(DRAWINGS.glob("*.json"))
        self.assertEqual(len(files), 25)
        for path in files:
            with self.subTest(path.stem):
                drawing = Drawing(path)
                known = {(source, kind, target) for source, kind, target in drawing.relations
                         if kind not in ("", "Control") and source != target}
                names = {identity: name for name, identity in drawing.ids.items()}
                found = self.edges(drawing.graph(None), "--compat", "bloodhound", "--primitive")
                self.assertEqual({(names[e["source"]], e["kind"], names[e["target"]]) for e in found} & known, known)


if __name__ == "__main__":
    unittest.main(verbosity=2)
