"""The arrows between the rooms of the house: who may include whom."""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room may include itself and what its row lists.
ROOMS = {
    "core/base": set(),
    "core/directory": {"core/base"},
    "core/knowledge": {"core/base", "core/directory"},
    "core/snapshot": {"core/base", "core/directory"},
    "core/graph": {"core/base", "core/directory", "core/knowledge"},
    "core/derive": {"core/base", "core/directory", "core/knowledge", "core/snapshot", "core/graph"},
    "collectors": {"core/base", "core/directory", "core/knowledge", "core/snapshot"},
    "queries": {"core/base", "core/directory", "core/knowledge", "core/snapshot", "core/graph"},
    "viewer": {"core/base", "core/directory", "core/knowledge", "core/snapshot", "core/graph", "core/derive",
               "collectors", "queries"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def room_of(path):
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def violations(root):
    found = []
    for top in ("core", "collectors", "queries", "viewer"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            name = str(file.relative_to(root))
            room = room_of(name)
            if room is None:
                found.append(f"{name}: stands in no room")
                continue
            for included in INCLUDE.findall(file.read_text()):
                target = room_of(included)
                if target is None:
                    found.append(f"{name}: {included} is not included by its path from the root")
                elif target != room and target not in ROOMS[room]:
                    found.append(f"{name}: {room} must not include {target}")
    return found


class Layers(unittest.TestCase):
    def test_the_house_keeps_its_arrows(self):
        self.assertEqual(violations(ROOT), [])

    def test_the_arrows_have_no_circle(self):
        done = []
        while len(done) < len(ROOMS):
            ready = [room for room, below in ROOMS.items() if room not in done and below <= set(done)]
            self.assertTrue(ready, "a circle among the rooms")
            done += ready

    def test_an_upward_arrow_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (("core/snapshot/a.cc", '#include "core/graph/attack_graph.h"\n'),
                               ("queries/b.cc", '#include "core/derive/derive.h"\n'),
                               ("core/attic/c.h", "\n"), ("viewer/d.cc", '#include "d.h"\n')):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            (root / "collectors").mkdir()
            self.assertEqual(len(violations(root)), 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
