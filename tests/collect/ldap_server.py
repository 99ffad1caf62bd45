"""An LDAP server that answers as a test tells it to.

For what Samba cannot be made to do: it forces no ranges, has one domain in a forest, is never too busy, follows
the protocol, and does not fall silent at a chosen byte. Whatever Samba does do is tested with Samba.
"""

import dataclasses
import pathlib
import socket
import ssl
import subprocess
import threading

BIND, SEARCH, UNBIND, ABANDON, EXTENDED = 0x60, 0x63, 0x42, 0x50, 0x77
START_TLS = "1.3.6.1.4.1.1466.20037"
PAGED_RESULTS = b"1.2.840.113556.1.4.319"
SD_FLAGS = b"1.2.840.113556.1.4.801"
EXTENDED_DN = b"1.2.840.113556.1.4.529"
LINK_TTL = b"1.2.840.113556.1.4.2309"

SUCCESS, OPERATIONS_ERROR, PROTOCOL_ERROR, SIZE_LIMIT, REFERRAL = 0, 1, 2, 4, 10
NO_SUCH_OBJECT, INVALID_CREDENTIALS, BUSY = 32, 49, 51


# -- BER, as much of it as LDAP uses ([RFC 4511] 5.1) -----------------------------------------------------------

def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def text(value, tag=0x04):
    return tlv(tag, value if isinstance(value, bytes) else value.encode())


def number(value, tag=0x02):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def read_tlv(data, at=0):
    """(tag, content, where the next one begins)"""
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[at:at + count], "big"), at + count
    return tag, data[at:at + size], at + size


def read_all(data):
    parts, at = [], 0
    while at < len(data):
        tag, content, at = read_tlv(data, at)
        parts.append((tag, content))
    return parts


# -- messages ---------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Request:
    id: int
    kind: int
    secure: bool              # whether it came over TLS
    name: str = ""            # BIND: who; SEARCH: the base; EXTENDED: the OID
    password: str = ""
    mechanism: int = 0        # BIND: the tag of the authentication choice; 0x80 is simple
    scope: int = 0
    filter: bytes = b""
    attributes: tuple = ()
    controls: dict = dataclasses.field(default_factory=dict)  # OID: (critical, value)

    @property
    def cookie(self):
        return read_all(read_tlv(self.controls[PAGED_RESULTS][1])[1])[1][1] if PAGED_RESULTS in self.controls else None


def parse_request(message, secure):
    parts = read_all(message)
    request = Request(int.from_bytes(parts[0][1], "big"), parts[1][0], secure)
    if request.kind == BIND:
        _, (_, who), (request.mechanism, secret) = read_all(parts[1][1])
        request.name, request.password = who.decode(), secret.decode(errors="replace")
    elif request.kind == SEARCH:
        fields = read_all(parts[1][1])
        request.name, request.scope = fields[0][1].decode(), fields[1][1][0]
        request.filter = tlv(*fields[6])
        request.attributes = tuple(name.decode() for _, name in read_all(fields[7][1]))
    elif request.kind == EXTENDED:
        request.name = read_all(parts[1][1])[0][1].decode()
    for tag, content in parts[2:]:
        for _, control in read_all(content) if tag == 0xA0 else ():
            fields = read_all(control)
            critical = (0x01, b"\xff") in fields
            request.controls[fields[0][1]] = (critical, b"".join(value for tag, value in fields[1:] if tag == 0x04))
    return request


def message(request, operation, *controls):
    return tlv(0x30, number(request.id), operation, tlv(0xA0, *controls) if controls else b"")


def result(tag, code=SUCCESS, detail="", referral=None):
    more = tlv(0xA3, text(referral)) if referral else b""
    return tlv(tag, number(code, 0x0A), text(""), text(detail), more)


def entry(request, dn, attributes):
    """attributes: {name: [value, ...]}"""
    pairs = [tlv(0x30, text(name), tlv(0x31, *map(text, values))) for name, values in attributes.items()]
    return message(request, tlv(0x64, text(dn), tlv(0x30, *pairs)))


def reference(request, url):
    return message(request, tlv(0x73, text(url)))


def done(request, code=SUCCESS, detail="", cookie=None, referral=None):
    controls = []
    if cookie is not None:
        controls = [tlv(0x30, text(PAGED_RESULTS), text(tlv(0x30, number(0), text(cookie))))]
    return message(request, result(0x65, code, detail, referral), *controls)


# -- the server -------------------------------------------------------------------------------------------------

def make_certificate(folder):
    """A certificate for 127.0.0.1 that is its own authority, and its key: two paths."""
    certificate, key = pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True,
                   capture_output=True)
    return certificate, key


class LdapServer:
    """Listens on 127.0.0.1. `answer(request)` gives the bytes to send back, in pieces: bytes, a float (to pause so
    many seconds), or None (to close the connection). It is asked for each request except StartTLS, unless that is
    to be refused. `requests` are all that came."""

    def __init__(self, answer, certificate, tls=True, start_tls=True, handshake=True):
        self.answer, self.certificate = answer, certificate
        self.tls, self.start_tls, self.handshake = tls, start_tls, handshake
        self.requests = []
        self.connections = 0
        self.closing = threading.Event()
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'ldaps' if tls else 'ldap'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
        self.listener.close()
        for connection in self.open:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _secure(self, connection):
        if not self.handshake:
            self.closing.wait()
            raise ConnectionAbortedError
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        secured = context.wrap_socket(connection, server_side=True)
        self.open.append(secured)
        return secured

    def _serve(self, connection):
        try:
            secure = self.tls
            if secure:
                connection = self._secure(connection)
            data = b""
            while piece := connection.recv(65536):
                data += piece
                while whole := self._take_message(data):
                    one, data = whole
                    request = parse_request(one, secure)
                    self.requests.append(request)
                    if request.kind == EXTENDED and request.name == START_TLS and self.start_tls:
                        connection.sendall(message(request, result(0x78)))
                        connection, secure = self._secure(connection), True
                    elif not self._reply(connection, request):
                        return
        except OSError:
            pass  # the client went away, or the test is over
        finally:
            connection.close()

    @staticmethod
    def _take_message(data):
        try:
            _, content, end = read_tlv(data)
        except IndexError:
            return None
        return (content, data[end:]) if end <= len(data) else None

    def _reply(self, connection, request):
        for part in self.answer(request):
            if part is None:
                return False
            if isinstance(part, float):
                self.closing.wait(part)
                if self.closing.is_set():
                    return False
            else:
                connection.sendall(part)
        return True


# -- a small directory ------------------------------------------------------------------------------------------

DOMAIN = "DC=corp,DC=test"
CONFIGURATION = f"CN=Configuration,{DOMAIN}"
SCHEMA = f"CN=Schema,{CONFIGURATION}"
# No owner, no group, and an empty DACL.
DESCRIPTOR = bytes.fromhex("01000480000000000000000000000000140000000200080000000000")


def guid(n):
    return n.to_bytes(4, "little") + bytes(12)


class Directory:
    """Three naming contexts with one object each and whatever a test adds to `domain`: (dn, {attribute: [value]}).
    Tests override what they want to go wrong."""

    host = "dc1.corp.test"

    def __init__(self):
        self.domain = [(DOMAIN, self.plain(1, "domainDNS"))]
        self.configuration = [(CONFIGURATION, self.plain(2, "configuration"))]
        self.schema = [(SCHEMA, self.plain(3, "dMD"))]
        self.page_size = 1000

    @staticmethod
    def plain(n, class_name, **more):
        return {"objectClass": ["top", class_name], "objectGUID": [guid(n)], "uSNChanged": [str(n)],
                "nTSecurityDescriptor": [DESCRIPTOR], **more}

    def __call__(self, request):
        handler = {BIND: self.bind, SEARCH: self.any_search, EXTENDED: self.extended}.get(request.kind)
        return handler(request) if handler else ()

    def bind(self, request):
        yield message(request, result(0x61))

    def extended(self, request):
        yield message(request, result(0x78, PROTOCOL_ERROR, "no TLS here"))

    def any_search(self, request):
        if request.scope == 0:
            return self.root(request) if request.name == "" else self.base_search(request)
        return self.search(request, {DOMAIN: self.domain, CONFIGURATION: self.configuration,
                                     SCHEMA: self.schema}[request.name])

    def root(self, request):
        yield entry(request, "", {"defaultNamingContext": [DOMAIN], "configurationNamingContext": [CONFIGURATION],
                                  "schemaNamingContext": [SCHEMA], "dnsHostName": [self.host],
                                  "highestCommittedUSN": ["77"], "namingContexts": [DOMAIN, CONFIGURATION, SCHEMA]})
        yield done(request)

    def base_search(self, request):
        yield done(request, NO_SUCH_OBJECT)

    def search(self, request, objects):
        begin = int(request.cookie or b"0")
        for dn, attributes in objects[begin:begin + self.page_size]:
            yield entry(request, dn, self.attributes(request, dn, attributes))
        more = begin + self.page_size < len(objects)
        yield done(request, cookie=str(begin + self.page_size) if more else "")

    def attributes(self, request, dn, attributes):
        return attributes
