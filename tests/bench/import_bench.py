"""What importing a large collection costs: time beside a bare parse of the same file, and memory against a bound.

`import_bench.py [MEGABYTES]`, 2000 unless told otherwise. The file is generated; both programs read it in turn. Reported
are the ratio of the medians of one run, and the most memory that the import held at once. Above the bound it fails.
"""

import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
import generate_collection  # noqa: E402

TIERLINE = os.environ["TIERLINE"]
BARE_PARSE = os.environ["TIERLINE_BARE_PARSE"]
ROUNDS = 3
BOUND = 1 << 30  # bytes, of a file twice as large


def measure(*command):
    """Seconds, and the most bytes that were resident."""
    begin = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        files = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1), (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 2)]
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=files)
        _, status, used = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - begin, used.ru_maxrss * 1024


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/users.json"
        users = generate_collection.write(path, megabytes)
        size = os.path.getsize(path)
        imports, parses = [], []
        for _ in range(ROUNDS):
            parses.append(measure(BARE_PARSE, path))
            imports.append(measure(TIERLINE, "import", path, "-o", f"{folder}/out.snap"))
            written = os.path.getsize(f"{folder}/out.snap")
            os.remove(f"{folder}/out.snap")
    took, parsed = (statistics.median(seconds for seconds, _ in runs) for runs in (imports, parses))
    most = max(peak for _, peak in imports)
    print(f"{size / 1e6:.0f} MB, {users} users: import {size / took / 1e6:.0f} MB/s, bare parse {size / parsed / 1e6:.0f} MB/s, "
          f"ratio {took / parsed:.2f}")
    print(f"most memory {most / 2**20:.0f} MiB ({most / size:.2f} of the file), snapshot {written / 1e6:.0f} MB")
    if most > BOUND:
        raise SystemExit(f"more than the bound of {BOUND >> 20} MiB")


if __name__ == "__main__":
    main()
