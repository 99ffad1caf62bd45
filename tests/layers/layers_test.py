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
    "core/facts": {"core/base", "core/directory", "core/knowledge", "core/snapshot", "core/graph"},
    "collectors": {"core/base", "core/directory", "core/knowledge", "core/snapshot"},
    "queries": {"core/base", "core/directory", "core/knowledge", "core/snapshot", "core/graph", "core/facts"},
    "viewer": {"core/base", "core/directory", "core/knowledge", "core/snapshot", "core/graph", "core/derive",
               "core/facts", "collectors", "queries"},
}
# Not part of the house: tests may look everywhere, and nothing looks at them.
OUTSIDE = {"build", "tests"}
SOURCES = {".h", ".hh", ".hpp", ".inc", ".c", ".cc", ".cpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def room_of(path):
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def sources(root):
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root)
        if file.suffix in SOURCES and name.parts[0] not in OUTSIDE and not name.parts[0].startswith("."):
            yield file, name.as_posix()


def violations(root):
    found = []
    for file, name in sources(root):
        room = room_of(name)
        if room is None:
            found.append(f"{name}: stands in no room")
            continue
        for bracket, included in INCLUDE.findall(file.read_text()):
            target = room_of(included)
            if target is None:
                if bracket == '"':
                    found.append(f"{name}: {included} is not included by its path from the root")
            elif target != room and target not in ROOMS[room]:
                found.append(f"{name}: {room} must not include {target}")
    return found


class Layers(unittest.TestCase):
    def test_the_house_keeps_its_arrows(self):
        self.assertEqual(violations(ROOT), [])

    def test_every_room_was_looked_at(self):
        self.assertEqual({room_of(name) for _, name in sources(ROOT)}, set(ROOMS))

    def test_the_arrows_have_no_circle(self):
        done = []
        while len(done) < len(ROOMS):
            ready = [room for room, below in ROOMS.items() if room not in done and below <= set(done)]
            self.assertTrue(ready, "a circle among the rooms")
            done += ready

    def test_a_wrong_arrow_is_found(self):
        planted = {
            "build/release/generated.cc": '#include "core/derive/derive.h"\n',
            "core/attic/c.h": "\n",
            "core/base/a.cc": '#include "core/base/a.h"\n#include <core/directory/sid.h>\n#include <string>\n',
            "core/snapshot/s.cc": '  # include "core/graph/attack_graph.h"\n#include "core/base/result.h"\n',
            "collectors/ldap/l.cc": '#include "core/derive/derive.h"\n#include "core/snapshot/builder.h"\n',
            "queries/q.cc": '#include "core/derive/derive.h"\n',
            "shed/tool.cpp": "int main() {}\n",
            "tests/unit/t.cc": '#include "core/derive/derive.h"\n',
            "viewer/cli/v.cc": '#include "v.h"\n#include "tests/support/t.h"\n#include "queries/search.h"\n',
        }
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in planted.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            self.assertEqual(violations(root), [
                "collectors/ldap/l.cc: collectors must not include core/derive",
                "core/attic/c.h: stands in no room",
                "core/base/a.cc: core/base must not include core/directory",
                "core/snapshot/s.cc: core/snapshot must not include core/graph",
                "queries/q.cc: queries must not include core/derive",
                "shed/tool.cpp: stands in no room",
                "viewer/cli/v.cc: v.h is not included by its path from the root",
                "viewer/cli/v.cc: tests/support/t.h is not included by its path from the root",
            ])


if __name__ == "__main__":
    unittest.main(verbosity=2)
