"""The exported page in a real browser, opened from disk."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIERLINE = os.environ["TIERLINE"]
DAT = ROOT / "fixtures/directories/detectionlab/detectionlab.dat"

HOSTILE = ["</script><script>window.owned=1</script>", '"><img src=x onerror="window.owned=1">',
           "<svg onload=window.owned=1>", "\u202egnp.exe", "line\nbreak", "\u2028separator", "x" * 10_000, "${1+1}{{1+1}}",
           "javascript:window.owned=1"]


def setUpModule():
    global scratch, driver, page
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-browser-"))
    snapshot = scratch / "lab.snap"
    page = scratch / "report.html"
    subprocess.run([TIERLINE, "import", DAT, "-o", snapshot], capture_output=True)
    subprocess.run([TIERLINE, "export", snapshot, "--to", "DOMAIN ADMINS@WINDOMAIN.LOCAL", "--format", "html", "-o",
                    page], capture_output=True)
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--window-size=1400,900", f"--user-data-dir={scratch}/profile", "--host-resolver-rules=MAP * 0.0.0.0"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def tearDownModule():
    driver.quit()
    shutil.rmtree(scratch)


def report_of(text):
    return json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.S)[1])


def with_report(report, name):
    """The same page around other data, escaped as the exporter escapes it."""
    escaped = json.dumps(report, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    text = page.read_text()
    path = scratch / name
    begin = text.index('id="report">') + len('id="report">')
    path.write_text(text[:begin] + escaped + text[text.index("</script>", begin):])
    return path


def open_page(path, fragment=""):
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get(path.as_uri() + fragment)


def all_of(selector):
    return driver.find_elements(By.CSS_SELECTOR, selector)


def one(selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


class Page(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(driver.get_log("browser"), [], "the console must stay silent: no errors, no policy violations")
        self.assertIsNone(driver.execute_script("return window.owned ?? null"))

    def search(self, text):
        box = one("#search")
        box.clear()
        box.send_keys(text)
        return [row.find_element(By.CSS_SELECTOR, ".row-name").text for row in all_of(".row")]

    def test_search_finds_and_draws_from_left_to_right(self):
        open_page(page)
        self.assertEqual(self.search("vagr"), ["VAGRANT@WINDOMAIN.LOCAL"])
        one("#search").send_keys(Keys.ENTER)
        self.assertEqual(one("#stage h2").text, "VAGRANT@WINDOMAIN.LOCAL")
        report = report_of(page.read_text())
        place = {int(box.get_attribute("data-node")): box.rect["x"] for box in all_of(".node")}
        edges = [report["edges"][int(drawn.get_attribute("data-edge"))] for drawn in all_of(".edge")]
        self.assertGreater(len(edges), 1)
        for edge in edges:
            self.assertLess(place[edge["source"]], place[edge["target"]])
        self.assertEqual(report["nodes"][max(place, key=place.get)]["name"], "DOMAIN ADMINS@WINDOMAIN.LOCAL")

    def test_a_click_on_an_edge_tells_why_it_exists(self):
        open_page(page)
        self.search("vagrant")
        one("#search").send_keys(Keys.ENTER)
        edge = all_of(".edge")[0]
        driver.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", edge)
        why = one("#details").text
        self.assertIn("member of CN=Administrators,CN=Builtin,DC=windomain,DC=local", why)
        self.assertIn("How to remove it", why)
        self.assertIn("Remove-ADGroupMember", why)

    def test_the_keyboard_is_enough(self):
        open_page(page)
        box = one("#search")
        box.send_keys("vagrant" + Keys.ENTER)
        driver.execute_script("document.querySelector('.edge').focus()")
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        self.assertIn("Why this edge exists", one("#details").text)

    def test_who_has_no_path_and_what_was_not_read(self):
        open_page(page)
        self.search("guest")
        one("#search").send_keys(Keys.ENTER)
        self.assertIn("unknown", one(".no-path").text)
        self.assertIn("15 missing", one(".banner").text)
        report = report_of(page.read_text())
        report["coverage"] = {"complete": True, "areas": []}
        open_page(with_report(report, "complete.html"))
        self.assertEqual(all_of(".banner"), [])

    def test_a_link_leads_to_its_principal(self):
        open_page(page, "#node=S-1-5-21-2018156605-3479576465-3716879092-1000")
        self.assertEqual(one("#stage h2").text, "VAGRANT@WINDOMAIN.LOCAL")

    def test_hostile_names_are_text(self):
        report = report_of(page.read_text())
        path = max(report["paths"], key=lambda p: len(p["nodes"]))
        for name in HOSTILE:
            with self.subTest(name[:20]):
                report["title"] = name
                for node in path["nodes"]:
                    report["nodes"][node]["name"] = name
                for edge in path["edges"]:
                    report["edges"][edge]["evidence"][0]["text"] = name
                open_page(with_report(report, "hostile.html"), f"#node={report['nodes'][path['nodes'][0]]['id']}")
                driver.execute_script("document.querySelector('.edge').dispatchEvent(new MouseEvent('click'))")
                self.assertEqual(all_of("img, iframe, object, body svg svg, body script[src]"), [])
                heading = one("#stage h2").text
                self.assertNotIn("\u202e", heading)
                self.assertNotIn("\n", heading)
                if len(name) < 100 and name.isprintable():
                    self.assertEqual(heading, name)

    def test_many_principals_stay_searchable(self):
        report = report_of(page.read_text())
        first = len(report["nodes"])
        path = report["paths"][0]
        for number in range(20_000):
            report["nodes"].append(dict(report["nodes"][path["nodes"][0]], id=f"S-1-5-21-9-9-9-{number}",
                                        name=f"USER{number:05}@BIG.TEST"))
            report["paths"].append(dict(path, nodes=[first + number] + path["nodes"][1:]))
        open_page(with_report(report, "many.html"))
        self.assertLess(len(all_of(".row")), 200)
        self.assertEqual(self.search("user12345"), ["USER12345@BIG.TEST"])

    def test_nothing_but_itself_is_allowed(self):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page.read_text())[1]
        self.assertTrue(policy.startswith("default-src 'none'; script-src 'sha256-"))
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("http", policy)


if __name__ == "__main__":
    unittest.main(verbosity=2)
