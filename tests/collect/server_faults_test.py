"""Servers that do what Samba cannot be made to do: ranges, other domains of the forest, references, limits, loops,
malformed answers, silence at every stage; and what of ours reaches the wire at all."""

import base64
import collections
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/collect"), str(ROOT / "tests/support")]
import ldap_server as ldap  # noqa: E402
import parallel  # noqa: E402
from ldap_server import DOMAIN, Directory, LdapServer, done, entry, guid, message, result, text, tlv  # noqa: E402

TIERLINE = os.environ["TIERLINE"]
DUMP = os.environ["TIERLINE_DUMP_SNAPSHOT"]
PASSWORD = "never-shown-4711"


def setUpModule():
    global scratch, certificate, password_file
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tierline-faults-"))
    certificate = ldap.make_certificate(scratch)
    password_file = scratch / "password"
    password_file.write_text(PASSWORD + "\n")
    password_file.chmod(0o600)


def tearDownModule():
    shutil.rmtree(scratch)


class Against(unittest.TestCase):
    """What the tests share: a server for this test, and a folder in which nothing may be left behind."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.output = self.folder / "out.snap"

    def serve(self, directory, **options):
        server = LdapServer(directory, certificate, **options)
        self.addCleanup(server.close)
        return server

    def run_against(self, url, *options, password=None):
        done = subprocess.run(
            [TIERLINE, "collect", url, "-o", self.output, "--bind", "simple", "--bind-name", "reader@corp.test",
             "--password-file", password or password_file, "--ca-file", certificate[0], *options],
            capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"})
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        return done

    def collected(self, server, *options, code=0):
        """{dn: {attribute in lower case: sorted values}}"""
        done = self.run_against(server.url, *options)
        self.assertEqual(done.returncode, code, done.stderr)
        objects = collections.defaultdict(lambda: collections.defaultdict(list))
        for line in subprocess.run([DUMP, self.output], check=True, capture_output=True, text=True).stdout.splitlines():
            dn, attribute, value = (line.split(" ") + [""])[:3]
            objects[base64.b64decode(dn).decode()][attribute.lower()].append(base64.b64decode(value))
        return {dn: {name: sorted(values) for name, values in found.items()} for dn, found in objects.items()}

    def coverage(self):
        done = subprocess.run([TIERLINE, "info", self.output, "--json"], capture_output=True, text=True)
        return json.loads(done.stdout)["coverage"]["areas"]

    def fails(self, server, code, says, *options, **more):
        done = self.run_against(server.url if isinstance(server, LdapServer) else server, *options, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [], "nothing may be left behind")


class Wire(Against):
    """What we send."""

    def test_nothing_but_bind_search_abandon_unbind(self):
        directory = Directory()
        directory.domain += [(f"CN=o{n},{DOMAIN}", Directory.plain(10 + n, "container")) for n in range(25)]
        directory.page_size = 10
        server = self.serve(directory)
        self.assertEqual(len(self.collected(server)), 28)
        kinds = {request.kind for request in server.requests}
        self.assertLessEqual(kinds, {ldap.BIND, ldap.SEARCH, ldap.ABANDON, ldap.UNBIND})
        searches = [request for request in server.requests if request.kind == ldap.SEARCH]
        self.assertEqual({request.filter for request in searches}, {tlv(0x87, b"objectClass")})
        self.assertEqual([(r.name, r.cookie) for r in searches],
                         [("", None), (DOMAIN, b""), (DOMAIN, b"10"), (DOMAIN, b"20"), (ldap.CONFIGURATION, b""),
                          (ldap.SCHEMA, b"")])
        for request in searches[1:]:
            # Owner, group and DACL; without that an account that may not read the SACL gets no descriptor.
            self.assertEqual(request.controls[ldap.SD_FLAGS], (True, bytes.fromhex("3003020107")))

    def test_it_asks_for_exactly_the_documented_attributes(self):
        page = (ROOT / "docs/collected-attributes.md").read_text()
        documented = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
        secret = set(re.findall(r"^\| \*([^*]+)\*", page, re.MULTILINE))
        self.assertGreater(len(documented), 100)
        self.assertIn("ms-Mcs-AdmPwd", secret)
        server = self.serve(Directory())
        self.collected(server)
        asked = [r.attributes for r in server.requests if r.kind == ldap.SEARCH and r.scope == 2]
        self.assertEqual(len(asked), 3)
        for names in asked:
            plain = [name.split(";")[0] for name in names]
            self.assertEqual(len(plain), len(set(plain)))
            self.assertEqual(set(plain), documented | {"nTSecurityDescriptor"})
            self.assertFalse(set(map(str.lower, plain)) & set(map(str.lower, secret)))

    def test_the_program_has_no_other_operation_at_all(self):
        symbols = subprocess.run(["nm", "-D", "--undefined-only", TIERLINE], check=True, capture_output=True, text=True)
        called = {name.split("@")[0] for name in re.findall(r" U (ldap_\S+)", symbols.stdout)}
        self.assertIn("ldap_search_ext", called)
        writes = {name for name in called if re.search(
            r"ldap_(add|modify|modrdn|rename|delete|compare|extended|passwd|txn|cancel|refresh|send|dds|sync|whoami)",
            name)}
        self.assertEqual(writes, set())

    def test_the_password_waits_for_tls(self):
        server = self.serve(Directory(), tls=False)
        self.assertEqual(self.run_against(server.url, "--starttls").returncode, 0)
        binds = [request for request in server.requests if request.kind == ldap.BIND]
        self.assertEqual([(r.secure, r.name, r.password) for r in binds], [(True, "reader@corp.test", PASSWORD)])

    def test_no_start_tls_no_password(self):
        server = self.serve(Directory(), tls=False, start_tls=False)
        self.fails(server, 69, "TLS", "--starttls")
        self.assertNotIn(ldap.BIND, {request.kind for request in server.requests})

    def test_a_secret_that_cannot_be_used_is_told_before_connecting(self):
        server = self.serve(Directory())
        open_to_all, empty = scratch / "open", scratch / "empty"
        open_to_all.write_text(PASSWORD)
        open_to_all.chmod(0o644)
        empty.touch(mode=0o600)
        for file, code, says in ((open_to_all, 78, "chmod 600"), (empty, 78, "is empty"),
                                 (scratch / "missing", 66, "cannot open")):
            self.fails(server, code, says, password=file)
            self.assertEqual(server.connections, 0)
        done = subprocess.run([TIERLINE, "collect", server.url, "-o", self.output, "--principal", "reader@CORP.TEST",
                               "--keytab", scratch / "missing"], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, "cannot read the keytab" in done.stderr), (66, True), done.stderr)
        self.assertEqual(server.connections, 0)

    def test_one_server_only(self):
        plain = self.serve(Directory(), tls=False)
        # libldap would go on to the second one, in the clear, when the first does not answer.
        for addresses in (f"ldaps://127.0.0.1:9 {plain.url}", f"ldaps://127.0.0.1:9,{plain.url}"):
            self.fails(addresses, 64, "no LDAP address")
        self.assertEqual(plain.connections, 0)

    def test_addresses_that_are_refused(self):
        for address, says in (("ldapi://%2frun%2fldapi", "no LDAP address"), ("ldap://", "no LDAP address"),
                              ("ldap://127.0.0.1/DC=corp?member", "no LDAP address"),
                              ("ldap://127.0.0.1:3268", "global catalogue"), ("ldap://127.0.0.1", "only over TLS")):
            with self.subTest(address):
                self.fails(address, 64, says)
        self.fails("ldaps://127.0.0.1", 64, "--starttls", "--starttls")

    def test_references_are_told_and_not_followed(self):
        elsewhere = self.serve(Directory())

        class Referring(Directory):
            def search(self, request, objects):
                if request.name == DOMAIN:
                    yield ldap.reference(request, f"{elsewhere.url}/DC=child,DC=corp,DC=test")
                yield from super().search(request, objects)

        self.collected(self.serve(Referring()))
        self.assertIn(("naming context DC=child,DC=corp,DC=test", False),
                      [(area["area"], area["asked"]) for area in self.coverage()])
        self.assertEqual(elsewhere.connections, 0)

    def test_a_referral_instead_of_an_answer(self):
        elsewhere = self.serve(Directory())

        class Referring(Directory):
            def search(self, request, objects):
                yield done(request, ldap.REFERRAL, referral=f"{elsewhere.url}/{DOMAIN}")

        self.fails(self.serve(Referring()), 69, "Referral")
        self.assertEqual(elsewhere.connections, 0)


class Members(Against):
    """Groups as a Windows domain controller hands them out."""

    class Ranging(Directory):
        """At most three values at a time, under the range's name, with an empty attribute of the plain name."""

        def __init__(self, members):
            super().__init__()
            self.members = members
            self.domain.append((f"CN=Large,{DOMAIN}", self.plain(10, "group")))

        def range(self, begin):
            last = begin + 3 >= len(self.members)
            return {"member": [], f"member;range={begin}-{'*' if last else begin + 2}": self.members[begin:begin + 3]}

        def attributes(self, request, dn, attributes):
            return {**self.range(0), **attributes} if dn.startswith("CN=Large") else attributes

        def base_search(self, request):
            begin = int(re.fullmatch(r"member;range=(\d+)-\*", request.attributes[0])[1])
            yield entry(request, f"CN=Large,{DOMAIN}", self.range(begin))
            yield done(request)

    def members(self, n, domain=DOMAIN):
        return [f"CN=m{i},{domain}" for i in range(n)]

    def test_all_ranges_are_asked_for(self):
        for count in (1, 3, 4, 6, 7):
            with self.subTest(count):
                server = self.serve(self.Ranging(self.members(count)))
                found = self.collected(server)[f"CN=Large,{DOMAIN}"]["member"]
                self.assertEqual(found, sorted(name.encode() for name in self.members(count)))
                asked = [(r.name, r.attributes) for r in server.requests if r.kind == ldap.SEARCH and r.name.startswith("<")]
                by_guid = "<GUID=0000000a-0000-0000-0000-000000000000>"
                self.assertEqual(asked, [(by_guid, (f"member;range={begin}-*",)) for begin in range(3, count, 3)])

    def test_a_range_that_goes_nowhere(self):
        for wrong in ("member;range=0-2", "member;range=4-6", "member;range=9-3", "member;range=x-y"):
            class Stuck(self.Ranging):
                def base_search(self, request):
                    yield entry(request, f"CN=Large,{DOMAIN}", {wrong: self.members[:3]})
                    yield done(request)

            with self.subTest(wrong):
                self.fails(self.serve(Stuck(self.members(7))), 69, "range" if wrong[13] in "9x" else "does not go on")

    def test_a_range_that_is_not_answered_to_its_end(self):
        class Limited(self.Ranging):
            def base_search(self, request):
                if code is None:
                    yield entry(request, f"CN=Large,{DOMAIN}", {"cn": ["Large"]})
                yield done(request, code or ldap.SUCCESS)

        # Size, time and administrative limit; success without the object, and without the attribute.
        for code in (4, 3, 11, ldap.SUCCESS, None):
            with self.subTest(code):
                self.fails(self.serve(Limited(self.members(7))), 69, "does not go on")

    def test_a_range_after_which_there_is_nothing(self):
        class Vast(self.Ranging):
            def range(self, begin):
                return {f"member;range={begin}-{2**64 - 1}": self.members[:3]}

        self.fails(self.serve(Vast(self.members(7))), 69, "range that is none")

    def test_a_group_deleted_between_its_ranges(self):
        class Deleted(self.Ranging):
            def base_search(self, request):
                yield done(request, ldap.NO_SUCH_OBJECT)

        self.assertNotIn(f"CN=Large,{DOMAIN}", self.collected(self.serve(Deleted(self.members(7)))))

    def test_members_of_other_domains_get_their_sids(self):
        class Forest(self.Ranging):
            """Knows more of its members by the extended DN control."""

            def base_search(self, request):
                if ldap.EXTENDED_DN not in request.controls:
                    yield from super().base_search(request)
                    return
                begin = int(re.search(r"=(\d+)-", request.attributes[0])[1])
                plain = self.range(begin)
                yield entry(request, f"CN=Large,{DOMAIN}", {name: [
                    f"<GUID=000000{50 + self.members.index(dn):02x}-0000-0000-0000-000000000000>;"
                    f"<SID=S-1-5-21-9-9-9-{1000 + self.members.index(dn)}>;{dn}" for dn in values]
                    for name, values in plain.items()})
                yield done(request)

        child = self.members(2, f"DC=child,{DOMAIN}")
        tree = ["CN=x\\,DC=y,DC=other,DC=example"]
        own = self.members(3) + [f"CN=z\\,DC=a,{DOMAIN}"]
        server = self.serve(Forest(own + child + tree))
        found = self.collected(server)
        self.assertEqual(set(found) - {DOMAIN, ldap.CONFIGURATION, ldap.SCHEMA, f"CN=Large,{DOMAIN}"}, set(child + tree))
        self.assertEqual(len(found[f"CN=Large,{DOMAIN}"]["member"]), 7)
        sid = bytes.fromhex("010500000000000515000000") + b"".join(n.to_bytes(4, "little") for n in (9, 9, 9, 1004))
        self.assertEqual(found[child[0]]["objectsid"], [sid])
        self.assertEqual(found[child[0]]["objectguid"], [guid(54)])
        self.assertIn(("members from other domains", 3), [(a["area"], a["read"]) for a in self.coverage()])
        edges = subprocess.run([TIERLINE, "edges", self.output, "--kind", "MemberOf", "--json"], capture_output=True, text=True)
        sources = {edge["source"] for edge in json.loads(edges.stdout)["edges"]}
        self.assertLessEqual({f"S-1-5-21-9-9-9-{n}" for n in (1004, 1005, 1006)}, sources)


    def test_members_for_a_time_are_asked_for_where_the_server_knows_them(self):
        class Expiring(self.Ranging):
            """Every other member has an end, which is told to who asks."""

            def root(self, request):
                *_, end = super().root(request)
                yield entry(request, "", {
                    "defaultNamingContext": [DOMAIN], "configurationNamingContext": [ldap.CONFIGURATION],
                    "schemaNamingContext": [ldap.SCHEMA], "supportedControl": [ldap.PAGED_RESULTS, ldap.LINK_TTL]})
                yield end

            def timed(self, request, values):
                if ldap.LINK_TTL not in request.controls:
                    return values
                return [f"<TTL={self.members.index(dn)}00,{dn}>" if self.members.index(dn) % 2 else dn for dn in values]

            def attributes(self, request, dn, attributes):
                found = super().attributes(request, dn, attributes)
                return {name: self.timed(request, values) if name.startswith("member") else values
                        for name, values in found.items()}

            def base_search(self, request):
                begin = int(re.search(r"=(\d+)-", request.attributes[0])[1])
                yield entry(request, f"CN=Large,{DOMAIN}", {name: self.timed(request, values)
                                                            for name, values in self.range(begin).items()})
                yield done(request)

        area = "memberships for a time"
        server = self.serve(Expiring(self.members(7)))
        group = self.collected(server)[f"CN=Large,{DOMAIN}"]
        self.assertEqual(group["member"], sorted(name.encode() for name in self.members(7)))
        self.assertEqual(group["member;ttl"], sorted(f"<TTL={n}00,CN=m{n},{DOMAIN}>".encode() for n in (1, 3, 5)))
        self.assertIn((area, 3), [(a["area"], a["read"]) for a in self.coverage()])
        asked = [r for r in server.requests if r.kind == ldap.SEARCH and r.name]
        self.assertTrue(all(r.controls[ldap.LINK_TTL] == (True, b"") for r in asked))
        # A server that does not list the control would refuse the search.
        server = self.serve(self.Ranging(self.members(7)))
        self.assertNotIn("member;ttl", self.collected(server)[f"CN=Large,{DOMAIN}"])
        self.assertNotIn(area, [a["area"] for a in self.coverage()])
        self.assertFalse(any(ldap.LINK_TTL in r.controls for r in server.requests))


class Limits(Against):
    """Servers that stop early, or never."""

    def test_a_size_limit_makes_it_partial(self):
        class Limited(Directory):
            def search(self, request, objects):
                *entries, end = super().search(request, objects)
                yield from entries
                yield done(request, ldap.SIZE_LIMIT) if request.name == DOMAIN else end

        self.assertIn(DOMAIN, self.collected(self.serve(Limited()), code=3))
        areas = {area["area"]: area for area in self.coverage()}
        self.assertEqual((areas["objects"]["read"], areas["objects"]["missing"]), (1, 1))
        self.assertEqual(areas["objects"]["reason"], "Size limit exceeded")
        self.assertEqual(areas["configuration"]["missing"], 0)

    def test_a_descriptor_that_is_withheld(self):
        class Withholding(Directory):
            def attributes(self, request, dn, attributes):
                return {k: v for k, v in attributes.items() if dn != DOMAIN or k != "nTSecurityDescriptor"}

        self.collected(self.serve(Withholding()), code=3)
        areas = {area["area"]: (area["read"], area["missing"]) for area in self.coverage()}
        self.assertEqual(areas["security descriptors of objects"], (0, 1))
        self.assertEqual(areas["security descriptors of configuration"], (1, 0))

    class Busy(Directory):
        def __init__(self, times):
            super().__init__()
            self.times = times

        def search(self, request, objects):
            if self.times:
                self.times -= 1
                return iter([done(request, ldap.BUSY, "come back later")])
            return super().search(request, objects)

    def test_a_busy_server_is_asked_again(self):
        server = self.serve(self.Busy(2))
        self.assertEqual(len(self.collected(server)), 3)
        self.assertEqual(server.connections, 3)

    def test_a_server_that_stays_busy(self):
        self.fails(self.serve(self.Busy(1000)), 75, "come back later")

    def test_the_same_page_for_ever(self):
        class Circle(Directory):
            def search(self, request, objects):
                yield entry(request, DOMAIN, self.plain(1, "domainDNS"))
                yield done(request, cookie="again")

        self.fails(self.serve(Circle()), 69, "the same pages")

    def test_pages_that_go_round(self):
        class Circle(Directory):
            def search(self, request, objects):
                number = int(request.cookie or b"0")
                yield entry(request, f"CN=o{number % 3},{DOMAIN}", self.plain(10 + number % 3, "container"))
                yield done(request, cookie=str(number + 1))

        self.fails(self.serve(Circle()), 69, "the same pages")

    def test_pages_without_a_word_about_more(self):
        class Silent(Directory):
            def search(self, request, objects):
                yield entry(request, DOMAIN, self.plain(1, "domainDNS"))
                yield done(request)

        class Garbled(Directory):
            def search(self, request, objects):
                yield entry(request, DOMAIN, self.plain(1, "domainDNS"))
                page = tlv(0x30, text(ldap.PAGED_RESULTS), text(b"\x30\x7f\x01"))
                yield message(request, result(0x65), page)

        for server in (Silent(), Garbled()):
            self.fails(self.serve(server), 69, "more pages")

    def test_empty_pages_for_ever(self):
        class Empty(Directory):
            def search(self, request, objects):
                yield done(request, cookie="more")

        self.fails(self.serve(Empty()), 69, "empty pages")

    def test_a_collection_that_takes_too_long_as_a_whole(self):
        class Dripping(Directory):
            def search(self, request, objects):
                for n in range(1000):
                    yield entry(request, f"CN=o{n},{DOMAIN}", self.plain(10 + n, "container"))
                    yield 0.2

        self.fails(self.serve(Dripping()), 69, "longer than its deadline", "--deadline", "0.04", "--timeout", "1")

    def test_what_is_no_domain_controller(self):
        class Other(Directory):
            def root(self, request):
                yield entry(request, "", {"namingContexts": ["dc=example"]})
                yield done(request)

        self.fails(self.serve(Other()), 69, "no Active Directory")


class Refusals(Against):
    def test_why_a_logon_is_refused(self):
        # The error numbers are Windows' own; Samba has only the first.
        for data, says in (("52e", "the name or the password is wrong"), ("532", "the password has expired"),
                           ("773", "must be changed"), ("775", "locked out"), ("533", "disabled")):
            class Refusing(Directory):
                def bind(self, request):
                    detail = f"80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {data}, v4563"
                    yield message(request, result(0x61, ldap.INVALID_CREDENTIALS, detail))

            with self.subTest(data):
                self.fails(self.serve(Refusing()), 77, says)

    def test_a_message_cannot_drive_the_terminal(self):
        class Hostile(Directory):
            def bind(self, request):
                yield message(request, result(0x61, ldap.INVALID_CREDENTIALS, "\x1b]0;owned\x07"))

        server = self.serve(Hostile())
        self.assertNotIn("\x1b", self.run_against(server.url).stderr)

        class Named(Directory):
            host = "dc\x1b]0;owned\x07.corp.test"

        done_by_name = self.run_against(self.serve(Named()).url)
        self.assertEqual(done_by_name.returncode, 0, done_by_name.stderr)
        self.assertNotIn("\x1b", done_by_name.stderr)


class Malformed(Against):
    def test_an_entry_cut_short(self):
        class Cut(Directory):
            def search(self, request, objects):
                # The attribute list says 100 bytes and has 3.
                yield message(request, tlv(0x64, text(DOMAIN), bytes([0x30, 100, 0x30, 1, 0])))
                yield done(request)

        self.fails(self.serve(Cut()), 69, "")

    def test_values_cut_short(self):
        class Cut(Directory):
            def search(self, request, objects):
                values = bytes([0x31, 6, 0x04, 100]) + b"abcd"
                yield message(request, tlv(0x64, text(DOMAIN), tlv(0x30, tlv(0x30, text("cn"), values))))
                yield done(request)

        self.fails(self.serve(Cut()), 69, "cannot be read")

    def test_a_length_made_up_to_exhaust_us(self):
        class Vast(Directory):
            def search(self, request, objects):
                yield b"\x30\x84\x7f\xff\xff\xff\x02\x01\x03"
                yield 60.0

        # It is not waited for: the length alone is refused.
        self.fails(self.serve(Vast()), 69, "the connection broke off", "--timeout", "50")

    def test_noise(self):
        class Noise(Directory):
            def search(self, request, objects):
                yield bytes(range(256)) * 20

        self.fails(self.serve(Noise()), 69, "")

    def test_an_object_without_attributes_and_one_without_guid(self):
        class Bare(Directory):
            def __init__(self):
                super().__init__()
                self.domain += [(f"CN=bare,{DOMAIN}", {}), (f"CN=nameless,{DOMAIN}", {"cn": ["nameless"]})]

        found = self.collected(self.serve(Bare()), code=3)
        self.assertLess({f"CN=bare,{DOMAIN}", f"CN=nameless,{DOMAIN}"}, set(found))


class Silence(Against):
    """A server that falls silent, at each stage. The deadline of an operation ends it everywhere."""

    def silent(self, server, *options):
        self.fails(server, 69, "did not answer in time", "--timeout", "1", *options)

    def test_before_it_accepts(self):
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):  # more than the queue of the listener holds
            knock = socket.socket()
            knock.setblocking(False)
            knock.connect_ex(listener.getsockname())
            waiting.append(knock)
            self.addCleanup(knock.close)
        self.silent(f"ldaps://127.0.0.1:{listener.getsockname()[1]}")

    def test_in_the_tls_handshake(self):
        self.silent(self.serve(Directory(), handshake=False))
        self.silent(self.serve(Directory(), tls=False, handshake=False), "--starttls")

    def test_before_it_answers_start_tls(self):
        class Mute(Directory):
            def extended(self, request):
                yield 60.0

        self.silent(self.serve(Mute(), tls=False, start_tls=False), "--starttls")

    def test_before_it_answers_the_bind(self):
        class Mute(Directory):
            def bind(self, request):
                yield 60.0

        self.silent(self.serve(Mute()))

    def test_before_the_first_entry(self):
        class Mute(Directory):
            def search(self, request, objects):
                yield 60.0

        self.silent(self.serve(Mute()))

    def test_inside_an_entry(self):
        class Mute(Directory):
            def search(self, request, objects):
                yield entry(request, DOMAIN, self.plain(1, "domainDNS"))[:20]
                yield 60.0

        self.silent(self.serve(Mute()))

    def test_a_byte_at_a_time(self):
        class Slow(Directory):
            def search(self, request, objects):
                for byte in entry(request, DOMAIN, self.plain(1, "domainDNS")):
                    yield bytes([byte])
                    yield 0.1

        self.silent(self.serve(Slow()))


if __name__ == "__main__":
    parallel.main(__name__)
