"""What a collection costs beside ldapsearch reading the same attributes and descriptors of the same directory.

Both read over sealed GSSAPI as an ordinary user, take turns, and are measured from outside: wall time, and the
processor time of the client process alone. Reported are ratios of the medians of one run; below 1 is better.
"""

import pathlib
import resource
import statistics
import subprocess
import sys
import os
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures/samba"))
from domain_controller import DomainController, own_address  # noqa: E402

TIERLINE = os.environ["TIERLINE"]
USERS = 3000
ROUNDS = 7


def populate(dc):
    sam = dc.samdb()
    sam.transaction_start()
    sam.newuser("collector", dc.password)
    for number in range(USERS):
        sam.add({"dn": f"CN=u{number:05},CN=Users,{dc.base}", "objectClass": "user", "sAMAccountName": f"u{number:05}"})
    sam.transaction_commit()


def measure(command, env):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        code = subprocess.run(command, stdout=nowhere, stderr=nowhere, env=env).returncode
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code not in (0, 3):
        raise SystemExit(f"{command[0]} ended with {code}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    table = (ROOT / "docs/collected-attributes.md").read_text()
    names = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    with tempfile.TemporaryDirectory() as folder, DomainController(f"{folder}/dc", own_address(2)) as dc:
        populate(dc)
        env = dc.client_env("collector")
        ours = [TIERLINE, "collect", dc.url, "--bind", "gssapi", "-o", f"{folder}/out.snap"]
        contexts = (dc.base, f"CN=Configuration,{dc.base}", f"CN=Schema,CN=Configuration,{dc.base}")
        search = ("ldapsearch -LLL -o ldif-wrap=no -Q -Y GSSAPI -H {} -b '{}' -E pr=1000/noprompt "
                  "-E '!1.2.840.113556.1.4.801=::MAMCAQc=' '(objectClass=*)' nTSecurityDescriptor {} || exit 1")
        theirs = ["sh", "-c", "\n".join(search.format(dc.url, base, " ".join(names)) for base in contexts)]
        times = {"ours": [], "theirs": []}
        for _ in range(ROUNDS + 1):
            times["ours"].append(measure(ours, env))
            times["theirs"].append(measure(theirs, env))
        # The first round warms the server's caches.
        wall, cpu = ([statistics.median(t[i] for t in times[who][1:]) for who in ("ours", "theirs")] for i in (0, 1))
        objects = subprocess.run([TIERLINE, "info", f"{folder}/out.snap"], capture_output=True, text=True).stdout
        print(next(line for line in objects.splitlines() if line.startswith("objects")))
        print(f"wall time, tierline / ldapsearch: {wall[0] / wall[1]:.2f}  ({wall[0]:.2f} s / {wall[1]:.2f} s)")
        print(f"own processor time, tierline / ldapsearch: {cpu[0] / cpu[1]:.2f}  ({cpu[0]:.2f} s / {cpu[1]:.2f} s)")


if __name__ == "__main__":
    main()
