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
from selenium.webdriver.support.wait import WebDriverWait

import reports

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIERLINE = os.environ["TIERLINE"]
RENDER_REPORT = os.environ["TIERLINE_RENDER_REPORT"]
SCREENSHOTS = pathlib.Path(os.environ["TIERLINE_SCREENSHOTS"])
DAT = ROOT / "fixtures/directories/detectionlab/detectionlab.dat"

# A hostile text and how the page must show it.
HOSTILE = {
    "</script><img src=x onerror=alert(window.owned=1)>": None,
    "</script><script>window.owned=1</script>": None,
    '"><svg onload=alert(window.owned=1)>': None,
    "</script ><img src=x onerror=alert(window.owned=1)>": None,
    "</script/x><svg/onload=alert(window.owned=1)>": None,
    "<!--<script>": None,
    "<!--<script ": None,
    "javascript:window.owned=1": None,
    "${window.owned=1}{{window.owned=1}}&lt;b&gt;": None,
    "\u202egnp.exe": "\\u{202E}gnp.exe",
    "line\nbreak\ttab\x1b[2J": "line\\u{A}break\\u{9}tab\\u{1B}[2J",
    "a\u2028b\u2029c": "a\\u{2028}b\\u{2029}c",
    "ad\u200bmin\ufeff": "ad\\u{200B}min\\u{FEFF}",
    "tag\U000e0041": "tag\\u{E0041}",
    "__proto__": None,
    "constructor": None,
    "x" * 10_000: None,
}

INVISIBLE = "[\x00-\x1f\u200b-\u200f\u2028-\u202e\ufeff\U000e0000-\U000e007f]"

# Relative luminance and contrast as WCAG 2.1 defines them, for each element with a text of its own.
POOR_CONTRAST = r"""
const channels = (color) => {
  const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
  return {rgb: [r, g, b], a};
};
const luminance = (rgb) => rgb.map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  const box = element.namespaceURI.endsWith('svg') && element.parentNode.querySelector(':scope > rect');
  if (box) return channels(getComputedStyle(box).fill).rgb;
  for (let e = element; e; e = e.parentElement) {
    const {rgb, a} = channels(getComputedStyle(e).backgroundColor);
    if (a === 1) return rgb;
  }
  return [255, 255, 255];
};
const checked = [];
for (const element of document.body.querySelectorAll('*')) {
  const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!text || !element.getClientRects().length) continue;
  const style = getComputedStyle(element);
  const ink = channels(element.namespaceURI.endsWith('svg') ? style.fill : style.color).rgb;
  const [light, dark] = [luminance(ink), luminance(behind(element))].sort((a, b) => b - a);
  const what = `${element.tagName}.${element.className.baseVal ?? element.className}`;
  checked.push([(light + 0.05) / (dark + 0.05), what, element.textContent.slice(0, 30)]);
}
return checked;
"""


def setUpModule():
    global scratch, driver, lab
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-browser-"))
    snapshot = scratch / "lab.snap"
    lab = scratch / "lab.html"
    subprocess.run([TIERLINE, "import", DAT, "-o", snapshot], capture_output=True)
    subprocess.run([TIERLINE, "export", snapshot, "--to", "DOMAIN ADMINS@WINDOMAIN.LOCAL", "--format", "html",
                    "-o", lab], capture_output=True)
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--window-size=1400,900", f"--user-data-dir={scratch}/profile",
                     "--host-resolver-rules=MAP * 0.0.0.0"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def tearDownModule():
    driver.quit()
    shutil.rmtree(scratch)


def report_of(path):
    data = re.search(r'<script type="application/json" id="report">(.*?)</script>', path.read_text(), re.S)
    return json.loads(data[1])


def render(report, name="made.html"):
    """The page of a report, made by the exporter itself."""
    path = scratch / name
    made = subprocess.run([RENDER_REPORT], input=json.dumps(report, ensure_ascii=False).encode(),
                          capture_output=True, check=True)
    path.write_bytes(made.stdout)
    return path


def set_media(**features):
    wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})


def open_page(path, fragment=""):
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(path.as_uri() + fragment)


def all_of(selector):
    return driver.find_elements(By.CSS_SELECTOR, selector)


def one(selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


def text_of(element):
    """The text in the document, not as it is laid out: innerText would hide what a line break becomes."""
    return element.get_attribute("textContent")


def heading():
    return text_of(one("#stage h2"))


def click(element):
    """SVG groups have a middle that may be empty, so the event goes to the element itself."""
    driver.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", element)


def search(text):
    """Types it and returns the names in the rows."""
    one("#search").send_keys(Keys.CONTROL + "a")
    one("#search").send_keys(Keys.BACKSPACE + text)
    return [text_of(row) for row in all_of(".row .row-name")]


def choose(text):
    search(text)
    one("#search").send_keys(Keys.ENTER)


def focused(attribute):
    return driver.switch_to.active_element.get_attribute(attribute)


def rectangles(selector):
    """Where what matches stands, in pixels: (left, top, right, bottom)."""
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.getBoundingClientRect())"
        ".map((r) => [r.left, r.top, r.right, r.bottom])", selector)


def overlapping(one_box, other):
    return one_box[0] < other[2] and other[0] < one_box[2] and one_box[1] < other[3] and other[1] < one_box[3]


def screenshot(name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


class PageTest(unittest.TestCase):
    """Whatever a test does, the page stays silent, runs only its own script and asks nobody for anything."""

    def tearDown(self):
        self.assertEqual(driver.get_log("browser"), [],
                         "the console must stay silent: no errors, no policy violations")
        self.assertIsNone(driver.execute_script("return window.owned ?? null"))
        messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
        asked = {message["params"]["request"]["url"] for message in messages
                 if message["method"] == "Network.requestWillBeSent"}
        self.assertEqual({url for url in asked if not re.fullmatch(r"file://\S+\.html", url)}, set())


class Search(PageTest):
    def test_it_finds_by_name_identifier_and_kind(self):
        report = reports.corp()
        open_page(render(report))
        self.assertEqual(search("carl"), ["CARL@CORP.EXAMPLE"])
        bob = next(node for node in report["nodes"] if node["name"].startswith("BOB"))
        self.assertEqual(search(bob["id"].lower()), ["BOB@CORP.EXAMPLE"])
        self.assertEqual(search("group oper"), ["OPERATORS@CORP.EXAMPLE"])
        self.assertEqual(search("nobody at all"), [])
        self.assertIn("0 principals", one(".found").text)

    def test_the_most_exposed_come_first(self):
        open_page(render(reports.corp()))
        rows = [text_of(row) for row in all_of(".row-name")]
        self.assertEqual(rows[:2], ["ANN@CORP.EXAMPLE", "BOB@CORP.EXAMPLE"])
        self.assertEqual([text_of(row) for row in all_of(".row.exposed .row-hops")], ["2 hops", "3 hops"])
        self.assertEqual(heading(), "ANN@CORP.EXAMPLE")

    def test_a_name_that_begins_so_comes_before_one_that_has_it_inside(self):
        report = reports.Report()
        report.target("DOMAIN-ADMINS")
        report.path("MARYANN GenericAll DOMAIN-ADMINS")
        report.path("ANN MemberOf CREW GenericAll DOMAIN-ADMINS")
        open_page(render(report.finish()))
        self.assertEqual(search("ann"), ["ANN@CORP.EXAMPLE", "MARYANN@CORP.EXAMPLE"])

    def test_many_principals_stay_searchable(self):
        for count in (5_000, 100_000):
            with self.subTest(count):
                report = reports.many(count)
                open_page(render(report))
                took = driver.execute_script("return performance.getEntriesByType('navigation')[0].duration")
                print(f"a page with {count} paths opens in {took / 1000:.2f} s", flush=True)
                self.assertLess(len(all_of(".row")), 200)
                self.assertEqual(search("user004321"), ["USER004321@BIG.EXAMPLE"])
                one("#search").send_keys(Keys.ENTER)
                self.assertEqual(heading(), "USER004321@BIG.EXAMPLE")
                self.assertEqual(len(all_of(".edge")), 3)
                search("")
                driver.execute_script("arguments[0].scrollTop = arguments[0].scrollHeight / 2",
                                      one("#principals"))
                WebDriverWait(driver, 20).until(
                    lambda _: all_of(f'.row[aria-posinset="{len(report["nodes"]) // 2 + 5}"]'))
                self.assertLess(len(all_of(".row")), 200)

    def test_the_keyboard_is_enough(self):
        open_page(render(reports.corp()))
        one("body").send_keys("/")
        self.assertEqual(focused("id"), "search")
        driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        self.assertEqual((focused("id"), heading()), ("principals", "ANN@CORP.EXAMPLE"))
        one("#principals").send_keys(Keys.ARROW_DOWN)
        self.assertEqual(heading(), "BOB@CORP.EXAMPLE")
        self.assertEqual(text_of(one('.row[aria-selected="true"] .row-name')), "BOB@CORP.EXAMPLE")
        chosen = one('.row[aria-selected="true"]')
        self.assertEqual(focused("aria-activedescendant"), chosen.get_attribute("id"))
        one("#principals").send_keys(Keys.END)
        self.assertEqual(heading(), "DOMAIN-ADMINS@CORP.EXAMPLE")
        one("#principals").send_keys(Keys.HOME)
        self.assertEqual(heading(), "ANN@CORP.EXAMPLE")
        one("#principals").send_keys(Keys.TAB)
        for _ in range(20):
            if focused("data-edge") is not None:
                break
            driver.switch_to.active_element.send_keys(Keys.TAB)
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        self.assertIn("Why this edge exists", one("#details").text)
        self.assertEqual(focused("aria-pressed"), "true")
        ring = driver.execute_script(
            "return getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth")
        self.assertEqual(ring, "3px", "the focus must be visible")


class Drawing(PageTest):
    def left_to_right(self, report):
        place = {int(box.get_attribute("data-node")): box.rect["x"] for box in all_of(".drawing .node")}
        edges = [report["edges"][int(drawn.get_attribute("data-edge"))] for drawn in all_of(".drawing .edge")]
        self.assertGreater(len(edges), 1)
        return place, [edge for edge in edges if place[edge["source"]] >= place[edge["target"]]]

    def assert_nothing_overlaps(self):
        boxes, labels = rectangles(".drawing .node > rect"), rectangles(".drawing .edge > rect")
        everything = boxes + labels
        for i, first in enumerate(everything):
            for other in everything[i + 1:]:
                self.assertFalse(overlapping(first, other), (first, other))
        for group in (".node", ".edge"):
            outside = driver.execute_script(
                "return [...document.querySelectorAll(arguments[0])].filter((g) => {"
                "  const r = g.querySelector('rect').getBoundingClientRect();"
                "  return [...g.querySelectorAll('text')].some((t) => {"
                "    const b = t.getBoundingClientRect(); return b.left < r.left || b.right > r.right; });"
                "}).map((g) => g.textContent)", f".drawing {group}")
            self.assertEqual(outside, [], "text must stay inside its box")

    def test_a_real_directory(self):
        open_page(lab)
        self.assertEqual(search("vagr"), ["VAGRANT@WINDOMAIN.LOCAL"])
        one("#search").send_keys(Keys.ENTER)
        self.assertEqual(heading(), "VAGRANT@WINDOMAIN.LOCAL")
        report = report_of(lab)
        place, wrong = self.left_to_right(report)
        self.assertEqual(wrong, [])
        self.assertEqual(report["nodes"][max(place, key=place.get)]["name"], "DOMAIN ADMINS@WINDOMAIN.LOCAL")
        self.assert_nothing_overlaps()
        screenshot("real-directory")

    def test_thirty_nodes_without_overlaps(self):
        report = reports.wide()
        open_page(render(report))
        self.assertGreaterEqual(len(all_of(".drawing .node")), 25)
        self.assertEqual(len(all_of(".drawing .edge")), len(report["edges"]))
        self.assertEqual(self.left_to_right(report)[1], [])
        self.assert_nothing_overlaps()
        canvas = one(".canvas")
        self.assertGreater(canvas.get_property("scrollWidth"), canvas.get_property("clientWidth"),
                           "a wide drawing scrolls by itself")
        driver.set_window_size(2700, 1300)
        screenshot("thirty-nodes")
        driver.set_window_size(1400, 900)

    def test_no_line_crosses_a_box(self):
        report = reports.wide()
        open_page(render(report))
        hit = driver.execute_script("""
            const boxes = [...document.querySelectorAll('.drawing .node')].map((g) => {
              const m = g.getCTM(), r = g.querySelector('rect');
              const width = r.width.baseVal.value, height = r.height.baseVal.value;
              return {left: m.e + 1, top: m.f, right: m.e + width - 1, bottom: m.f + height};
            });
            const inside = (p) => boxes.some(
                (b) => p.x > b.left && p.x < b.right && p.y > b.top && p.y < b.bottom);
            return [...document.querySelectorAll('.drawing .line')].filter((line) => {
              const length = line.getTotalLength();
              for (let at = 0; at <= length; at += 4) if (inside(line.getPointAtLength(at))) return true;
              return false;
            }).length;""")
        self.assertEqual(hit, 0)

    def test_several_edges_between_two_nodes_and_circles(self):
        report = reports.parallel()
        open_page(render(report))
        self.assert_nothing_overlaps()
        _, wrong = self.left_to_right(report)
        self.assertEqual([edge["kind"] for edge in wrong], ["AddSelf"],
                         "only the edge that closes the circle runs back")
        self.assertLess(one(".drawing").rect["width"], 1500)
        shown = []
        for edge in all_of(".drawing .edge"):
            click(edge)
            shown.append(text_of(one("#details h2")))
        self.assertEqual(sorted(shown), sorted(edge["kind"] for edge in report["edges"]))
        screenshot("parallel-edges")

    def test_the_text_says_the_same(self):
        report = reports.corp()
        open_page(render(report))
        names = [node["name"] for node in report["nodes"]]
        for item, path in zip(all_of(".paths > li"), report["paths"][:3], strict=True):
            steps = [text_of(step) for step in item.find_elements(By.CSS_SELECTOR, "ol > li")]
            self.assertEqual(steps, [f"{report['edges'][edge]['kind']} → {names[node]}"
                                     for edge, node in zip(path["edges"], path["nodes"][1:])])
        click(all_of(".paths .step")[1])
        self.assertEqual(text_of(one("#details h2")), "GenericAll")

    def test_a_group_on_the_way_is_not_said_to_be_without_paths(self):
        open_page(render(reports.corp()))
        choose("staff")
        self.assertEqual(all_of(".no-path"), [])
        self.assertIn("On the way of 2 accounts", one(".found-paths").text)
        self.assertEqual([text_of(edge) for edge in all_of(".drawing .edge")], ["MemberOf", "WriteDacl"])

    def test_paths_that_the_report_leaves_out_are_told(self):
        report = reports.corp()
        open_page(render(report))
        self.assertIn("3 paths to Tier Zero in this report", one(".found-paths").text)
        self.assertNotIn("more", one(".found-paths").text)
        report["sources_with_more"] = [report["paths"][0]["nodes"][0]]
        report["search_complete"] = False
        open_page(render(report))
        self.assertIn("It has more, which are not in this report.", one(".found-paths").text)
        choose("bob")
        self.assertIn("It may have more", one(".found-paths").text)
        choose("staff")
        self.assertNotIn("more", one(".found-paths").text)


class Details(PageTest):
    def test_why_an_edge_of_a_real_directory_exists(self):
        open_page(lab)
        choose("vagrant")
        click(all_of(".drawing .edge")[0])
        why = one("#details").text
        self.assertIn("member of CN=Administrators,CN=Builtin,DC=windomain,DC=local", why)
        self.assertIn("How to remove it", why)
        self.assertIn("Remove-ADGroupMember", why)

    def test_everything_the_report_knows_about_an_edge(self):
        report = reports.corp()
        open_page(render(report))
        number, edge = next((i, e) for i, e in enumerate(report["edges"]) if e["caveats"])
        click(one(f'.drawing .edge[data-edge="{number}"]'))
        why = one("#details").text
        kind, evidence = report["edge_kinds"][edge["kind"]], edge["evidence"][0]
        for text in (kind["meaning"], kind["remedy"], kind["detection"], "T1098, T1222.001", edge["caveats"][0],
                     evidence["text"], evidence["object"], evidence["ace"], evidence["attribute"]):
            self.assertIn(text, why)
        self.assertNotIn("null", why)
        self.assertEqual(len(all_of(".arc.chosen")), 1)
        screenshot("edge")

    def test_a_click_on_a_line_does_what_its_label_does(self):
        open_page(render(reports.corp()))
        click(one('.drawing .arc[data-edges="1"] .reach'))
        self.assertEqual(text_of(one("#details h2")), "GenericAll")

    def test_a_node_shows_its_fields_and_leads_on(self):
        report = reports.corp()
        open_page(render(report))
        helpdesk = next(i for i, node in enumerate(report["nodes"]) if node["name"].startswith("HELPDESK"))
        click(one(f'.drawing .node[data-node="{helpdesk}"]'))
        self.assertIn(report["nodes"][helpdesk]["id"], one("#details").text)
        one("#details .open").click()
        self.assertEqual(heading(), "HELPDESK@CORP.EXAMPLE")


class Answers(PageTest):
    def test_no_path_when_all_was_read(self):
        open_page(render(reports.corp()))
        choose("carl")
        self.assertEqual(one(".no-path").text, "No path to Tier Zero was found in what was read.")
        self.assertEqual(all_of(".drawing, .banner"), [])

    def test_unknown_when_not_all_was_read(self):
        report = reports.corp()
        report["coverage"] = {"complete": False, "areas": [
            {"area": "security descriptors", "domain": "corp.example", "asked": True, "read": 1100,
             "missing": 20, "reason": "not readable by reader"},
            {"area": "objects", "domain": "child.corp.example", "asked": True, "read": 0, "missing": 0,
             "reason": "the server gave up"},
            {"area": "sessions", "domain": "", "asked": False, "read": 0, "missing": 0,
             "reason": "not asked for"}]}
        open_page(render(report))
        choose("carl")
        self.assertTrue(one(".no-path").text.startswith("Unknown: no path"))
        self.assertEqual([item.text for item in all_of(".banner li")], [
            "security descriptors of corp.example: 20 missing, 1,100 read (not readable by reader)",
            "objects of child.corp.example: 0 read (the server gave up)"])
        screenshot("incomplete")

    def test_a_target_is_said_to_be_one(self):
        open_page(render(reports.corp()))
        choose("domain-admins")
        self.assertEqual(one(".no-path").text, "This belongs to Tier Zero.")

    def test_a_report_without_any_path(self):
        report = reports.Report()
        report.target("DOMAIN-ADMINS")
        report.node("CARL")
        open_page(render(report.finish()))
        self.assertIn("No path to Tier Zero was found", one(".no-path").text)

    def test_the_head_says_when_whence_and_by_whom(self):
        open_page(render(reports.corp()))
        head = one("header").text
        for text in ("CORP.EXAMPLE", "2026-11-20 06:00:00 UTC", "dc1.corp.example", "reader@corp.example",
                     "ldap", "tierline 0.1.0", "1 in 2 hops · 1 in 3 hops"):
            self.assertIn(text, head)
        numbers = [text_of(number) for number in all_of(".numbers dd")]
        self.assertEqual(numbers, ["2", "3", "1", "120", "900"])

    def test_the_head_says_when_nothing_tells_the_time(self):
        report = reports.corp()
        report["provenance"].update(started=None, finished=None)
        open_page(render(report))
        self.assertIn("Read at no known time from dc1.corp.example", one("header").text)


class Links(PageTest):
    def test_a_link_leads_to_its_principal(self):
        open_page(lab, "#node=S-1-5-21-2018156605-3479576465-3716879092-1000")
        self.assertEqual(heading(), "VAGRANT@WINDOMAIN.LOCAL")

    def test_choosing_makes_the_link(self):
        report = reports.corp()
        report["nodes"][-1]["id"] = "50% <&#> of\u202e"
        open_page(render(report))
        choose("carl")
        address = driver.current_url
        open_page(scratch / "made.html", address[address.index("#"):])
        self.assertEqual(heading(), "CARL@CORP.EXAMPLE")

    def test_a_link_followed_in_the_open_page(self):
        report = reports.corp()
        open_page(render(report))
        bob = next(node for node in report["nodes"] if node["name"].startswith("BOB"))
        driver.execute_script("location.hash = arguments[0]", f"node={bob['id']}")
        WebDriverWait(driver, 20).until(lambda _: heading() == "BOB@CORP.EXAMPLE")

    def test_a_link_that_leads_nowhere_says_so(self):
        page = render(reports.corp())
        for fragment in ("#node=S-1-9-9-9", "#node=%", "#node=%3Cimg%20src=x%20onerror=alert(1)%3E"):
            with self.subTest(fragment):
                open_page(page, fragment)
                self.assertIn("This report has nothing with the identifier", one(".no-path").text)
                self.assertEqual(all_of("img"), [])


class Hostile(PageTest):
    def assert_only_the_pages_own_elements(self):
        foreign = "img, iframe, object, embed, link, form, a, body style, body script[src], svg svg"
        self.assertEqual(all_of(foreign), [])
        attributes = driver.execute_script(
            "return [...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())"
            ".filter((name) => name.startsWith('on') || name === 'src' || name === 'href')")
        self.assertEqual(attributes, [])

    def test_names_are_text_wherever_they_stand(self):
        for name, shown in HOSTILE.items():
            with self.subTest(name[:20]):
                shown = shown or name
                report = reports.corp()
                report["title"] = report["target"] = name
                for field in ("server", "reader", "source", "tool", "tool_version"):
                    report["provenance"][field] = name
                report["coverage"] = {"complete": False, "areas": [
                    {"area": name, "domain": name, "asked": True, "read": 0, "missing": 1, "reason": name}]}
                for node in report["nodes"]:
                    node.update(name=name, kind=name, domain=name)
                for edge in report["edges"]:
                    edge["kind"] = name
                    edge["caveats"] = [name]
                    edge["evidence"] = [{"type": name, "text": name, name: name}]
                report["edge_kinds"] = {name: {"meaning": name, "remedy": name, "detection": name, "attack": "T1098"}}
                open_page(render(report))
                click(all_of(".drawing .edge")[0])
                self.assert_only_the_pages_own_elements()
                details = text_of(one("#details"))
                self.assertIn(shown, details)
                title = heading()
                if len(shown) < 200:
                    self.assertEqual(title, shown)
                    self.assertIn(shown, text_of(one(".banner")))
                else:
                    self.assertLess(len(title), 201)
                    self.assertIn("…", title)
                parts = all_of("header, #stage, #details, #principals")
                for text in (driver.title, *map(text_of, parts)):
                    self.assertNotRegex(text, INVISIBLE)
                click(all_of(".drawing .node")[0])
                self.assert_only_the_pages_own_elements()

    def test_it_can_be_looked_at(self):
        report = reports.corp()
        for node, name in zip(report["nodes"], list(HOSTILE)[::2]):
            node["name"] = name
        open_page(render(report))
        screenshot("hostile-names")


class Policy(unittest.TestCase):
    """What the other tests rely on: a script that is not the page's own is stopped, and the console tells."""

    def test_an_injected_handler_and_script_are_stopped_and_seen(self):
        for injected in ("<img src=x onerror='window.owned=1'>", "<script>window.owned=1</script>",
                         "<style>body{display:none}</style>"):
            with self.subTest(injected):
                path = scratch / "injected.html"
                path.write_text(lab.read_text().replace("<noscript>", injected + "<noscript>", 1))
                open_page(path)
                self.assertIsNone(driver.execute_script("return window.owned ?? null"))
                messages = [entry["message"] for entry in driver.get_log("browser")]
                self.assertTrue(any("Content Security Policy" in message for message in messages), messages)

    def test_a_changed_script_does_not_run(self):
        path = scratch / "changed.html"
        path.write_text(lab.read_text().replace("(() => {", "(() => {window.owned = 1;", 1))
        open_page(path)
        self.assertIsNone(driver.execute_script("return window.owned ?? null"))
        self.assertEqual(all_of("#stage"), [])
        self.assertTrue(driver.get_log("browser"))

    def test_markup_cannot_be_assigned(self):
        open_page(lab)
        with self.assertRaisesRegex(Exception, "TrustedHTML"):
            driver.execute_script("document.body.innerHTML = '<b>x</b>'")


class Looks(PageTest):
    def tearDown(self):
        set_media()
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        super().tearDown()

    def test_text_can_be_read_in_light_and_dark(self):
        report = reports.corp()
        report["coverage"] = {"complete": False, "areas": [
            {"area": "objects", "domain": "", "asked": True, "read": 1, "missing": 1, "reason": "refused"}]}
        grounds = set()
        for scheme in ("light", "dark"):
            with self.subTest(scheme):
                set_media(prefers_color_scheme=scheme)
                open_page(render(report))
                grounds.add(one("body").value_of_css_property("background-color"))
                click(all_of(".drawing .edge")[1])
                checked = driver.execute_script(POOR_CONTRAST)
                self.assertGreater(len(checked), 50)
                self.assertEqual([found for found in checked if found[0] < 4.5], [])
                screenshot(scheme)
        self.assertEqual(len(grounds), 2, "the two schemes must differ")

    def test_a_small_screen_shows_everything_without_scrolling_sideways(self):
        open_page(render(reports.corp()))
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False})
        self.assertLessEqual(driver.execute_script("return document.documentElement.scrollWidth"), 360)
        screenshot("small-screen")

    def test_paper_has_the_whole_drawing_in_dark_ink(self):
        dark = [{"name": "prefers-color-scheme", "value": "dark"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": 740, "height": 1050, "deviceScaleFactor": 1, "mobile": False})
        open_page(render(reports.wide()))
        self.assertFalse(one(".side").is_displayed())
        self.assertLessEqual(one(".drawing").rect["width"], 740)
        self.assertEqual(one("body").value_of_css_property("color"), "rgba(0, 0, 0, 1)")
        self.assertGreater(len(all_of(".paths > li")), 3)
        screenshot("print")


class Shape(unittest.TestCase):
    def test_hand_made_reports_have_the_shape_of_exported_ones(self):
        real, made = report_of(lab), reports.corp()
        self.assertEqual(set(real), set(made))
        for part in ("provenance", "summary", "coverage"):
            self.assertEqual(set(real[part]), set(made[part]), part)
        for part in ("nodes", "edges", "paths"):
            self.assertEqual(set(real[part][0]), set(made[part][0]), part)
        self.assertEqual({frozenset(kind) for kind in real["edge_kinds"].values()},
                         {frozenset(kind) for kind in made["edge_kinds"].values()})
        fields = {}
        for edge in real["edges"]:
            for evidence in edge["evidence"]:
                fields.setdefault(evidence["type"], set(evidence))
        for edge in made["edges"]:
            for evidence in edge["evidence"]:
                self.assertEqual(set(evidence), fields.get(evidence["type"]), evidence["type"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
