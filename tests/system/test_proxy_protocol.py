"""The PROXY protocol: taken from other proxies, and told to servers."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

from certs import TlsWire, authority, cert, client
from harness import (SLOW, Steelyard, case, equal, fail, free_port, main, once,
                     pool, request, rows, run, skip, start, temp_dir, wait_for)
from origins import GoodOrigin, Nginx, OK, Origin, always
from wire import Wire

LOOP = {"proxy_protocol": True, "proxy_protocol_from": ["127.0.0.0/8"]}
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\n"
CLIENT = "192.0.2.7:56324"


def v2(command, family, body=b""):
    return SIGNATURE + struct.pack(">BBH", command, family, len(body)) + body


def tcp4(values=b""):
    return v2(0x21, 0x11, bytes([192, 0, 2, 7, 198, 51, 100, 2])
              + struct.pack(">HH", 56324, 443) + values)


def tcp6():
    return v2(0x21, 0x21, socket.inet_pton(socket.AF_INET6, "2001:db8::7")
              + socket.inet_pton(socket.AF_INET6, "2001:db8::8")
              + struct.pack(">HH", 1, 2))


def with_paths():
    return v2(0x21, 0x31, b"/run/\"a\n".ljust(108, b"\0")
              + b"/run/b".ljust(108, b"\0"))


@once
def proxied():
    origin = Origin(always(OK), name="a")
    s = Steelyard(pool(origin), listener=dict(
        LOOP, forward={"x_forwarded_port": True}))
    return s, origin


def served(header, timeout=5):
    """The request as the server saw it, and its line in the log."""
    s, origin = proxied()
    target = "/%d" % time.monotonic_ns()
    with s.wire() as w:
        for piece in [header] if isinstance(header, bytes) else header:
            w.send(piece)
        w.send(request(target))
        equal(w.response(timeout=timeout).status, 200)
        name = w.name
    return origin.requests[-1], s.access(target=target), name


@rows([
    ("takes the client from a line", LINE, CLIENT, "192.0.2.7", "443"),
    ("takes an IPv6 client from a line",
     b"PROXY TCP6 2001:db8::7 2001:db8::8 1 2\r\n", "[2001:db8::7]:1",
     "2001:db8::7", "2"),
    ("takes the client from version 2", tcp4(), CLIENT, "192.0.2.7", "443"),
    ("takes the client from version 2 with values",
     tcp4(b"\x02\0\x05a.com\x04\0\x02xx\xea\0\0"), CLIENT, "192.0.2.7",
     "443"),
    ("takes an IPv6 client from version 2", tcp6(), "[2001:db8::7]:1",
     "2001:db8::7", "2"),
    ("takes a UNIX client from version 2", with_paths(), "unix:", "unix",
     "0"),
])
def takes(header, client, told, port):
    r, log, _ = served(header)
    equal(log["client"], client, "client in the log")
    equal(r.get("X-Forwarded-For"), told, "X-Forwarded-For")
    equal(r.get("X-Forwarded-Port"), port, "X-Forwarded-Port")


@rows([("keeps its own address for UNKNOWN", b"PROXY UNKNOWN\r\n"),
       ("keeps its own address for UNKNOWN with more",
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"),
       ("keeps its own address for LOCAL", v2(0x20, 0)),
       ("keeps its own address for a family unsaid", v2(0x21, 0)),
       ("keeps its own address for datagrams",
        tcp4().replace(b"\x21\x11", b"\x21\x12"))])
def keeps(header):
    r, log, name = served(header)
    equal(log["client"], name, "client in the log")
    equal(r.get("X-Forwarded-For"), "127.0.0.1")


@rows([("takes a line a byte at a time", LINE),
       ("takes version 2 a byte at a time", tcp4())])
def slowly(header):
    def pieces():
        for i in range(len(header)):
            yield header[i:i + 1]
            time.sleep(0.002)           # so that they come one by one
    _, log, _ = served(pieces())
    equal(log["client"], CLIENT)


@rows([("takes a line cut anywhere", LINE),
       ("takes version 2 cut anywhere", tcp4(b"\x04\0\x01x"))])
def cut(header):
    s, _ = proxied()
    whole = header + request("/cut")
    for i in range(1, len(header) + 1):
        with s.wire() as w:
            w.send(whole[:i])
            time.sleep(0.002)
            w.send(whole[i:])
            equal(w.response().status, 200)
    lines = s.access(count=len(header), target="/cut")
    equal({x["client"] for x in lines}, {CLIENT}, "clients in the log")


@rows([
    ("ends a request without a header", request(),
     "it did not begin with a PROXY header"),
    ("ends garbage", bytes(range(1, 256)),
     "it did not begin with a PROXY header"),
    ("ends a TLS handshake", bytes.fromhex("16030100c8010000c40303") + b"x"
     * 180, "it began with a TLS handshake, without a PROXY header"),
    ("ends a line without an end", b"PROXY UNKNOWN " + b"x" * 200,
     "the PROXY line is longer than 107 bytes"),
    ("ends a line with a malformed address",
     b"PROXY TCP4 192.0.2.256 1.1.1.1 1 2\r\n" + request(),
     "the PROXY line holds a malformed address"),
    ("ends a line that ends with LF alone", b"PROXY UNKNOWN\n" + request(),
     "the PROXY line does not end with CR LF"),
    ("ends another version", v2(0x31, 0x11, b"x" * 12),
     "the version of the PROXY header is neither 1 nor 2"),
    ("ends a header of 64 KiB", v2(0x21, 0x11, b"x" * 65000)[:100],
     "the PROXY header is longer than 4096 bytes"),
    ("ends a wrong checksum", tcp4(b"\x03\0\x04abcd"),
     "the checksum of the PROXY header is wrong"),
    ("ends a value that is cut", tcp4(b"\x04\xff\xff"),
     "a value of the PROXY header is cut"),
])
def ends(sent, why):
    s, _ = proxied()
    before = int(s.row("web/FRONTEND")["ereq"])
    with s.wire() as w:
        w.send(sent)
        equal(w.read_eof(), b"", "bytes before the close")
        log = s.wait_event("accept", lambda x: x["client"] == w.name)
    equal((log["reason"], log["listener"], log["level"]), (why, "web", "warn"))
    equal(int(s.row("web/FRONTEND")["ereq"]), before + 1, "ereq")


@case
def ends_who_leaves_within_the_header():
    s, _ = proxied()
    with s.wire() as w:
        w.send(LINE[:20])
        w.sock.shutdown(socket.SHUT_WR)
        w.is_closed()
        log = s.wait_event("accept", lambda x: x["client"] == w.name)
    equal(log["reason"], "it left before its PROXY header was complete")


@rows([("ends who says nothing in time", b""),
       ("ends who is too slow", b"PROXY ")])
def in_time(sent):
    with Steelyard(pool(GoodOrigin(name="a")), listener=dict(
            LOOP, timeouts={"head": "300ms"})) as s, s.wire() as w:
        began = time.monotonic()
        w.send(sent)
        equal(w.read_eof(), b"")
        took = time.monotonic() - began
        if took < 0.29:
            fail("closed after %.2f s" % took)
        log = s.wait_event("accept", lambda x: x["client"] == w.name)
        equal(log["reason"], "its PROXY header was not complete in time")
        equal(s.row("web/FRONTEND")["ereq"], "1", "ereq")


@case
def refuses_who_is_not_believed():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin), wait=False, listener=dict(
            LOOP, proxy_protocol_from=["10.0.0.0/8", "::1"])) as s:
        s.wait_running()
        w = s.wire()
        try:
            w.send(LINE + request())
        except OSError:
            pass                        # it may be closed already
        equal(w.read_eof(), b"")
        log = s.wait_event("accept", lambda x: x["client"] == w.name)
        equal(log["reason"], "it is not in proxy_protocol_from, and PROXY "
              "headers are on")
        row = s.row("web/FRONTEND")
        equal((row["dcon"], row["ereq"], row["conn_tot"]), ("1", "0", "1"))
        equal(origin.connections, 0, "connections to the server")
        w.close()


@case
def believes_forwarded_fields_of_the_stated_client():
    origin = Origin(always(OK), name="a")
    ask = request(fields=[("X-Forwarded-For", "9.9.9.9")])
    with Steelyard(pool(origin), listener=dict(
            LOOP, trusted=["192.0.2.0/24"])) as s:
        s.ask(LINE + ask)
        equal(origin.last().get("X-Forwarded-For"), "9.9.9.9, 192.0.2.7")
        s.ask(b"PROXY UNKNOWN\r\n" + ask)
        equal(origin.last().get("X-Forwarded-For"), "127.0.0.1")


@case
def hashes_the_stated_client():
    origins = [GoodOrigin(name=n) for n in "abc"]
    with Steelyard(pool(*origins, balance="hash"), listener=LOOP) as s:
        for i in range(150):
            s.ask(b"PROXY TCP4 192.0.2.%d 1.1.1.1 1 2\r\n" % i + request())
        used = sum(1 for o in origins if o.requests)
        equal(used, 3, "servers that got a part")


@case
def a_reload_switches_it():
    origin = Origin(always(OK), name="a")
    with Steelyard(pool(origin)) as s, s.wire() as old:
        old.send(request())
        equal(old.response().status, 200)
        s.conf["listeners"][0].update(LOOP)
        s.reload()
        old.send(request())
        equal(old.response().status, 200)
        with s.wire() as w:
            w.send(LINE + request())
            equal(w.response().status, 200)
            equal(origin.last().get("X-Forwarded-For"), "192.0.2.7")
            for key in LOOP:
                del s.conf["listeners"][0][key]
            s.reload()
            w.send(request())
            equal(w.response().status, 200)
            equal(origin.last().get("X-Forwarded-For"), "192.0.2.7")
        equal(s.get().status, 200)
        equal(s.ask(LINE + request()).status, 400)


@case
def is_told_when_it_is_configured_by_half():
    s = Steelyard(pool(GoodOrigin(name="a")), wait=None,
                  listener={"proxy_protocol": True})
    r = run(s.command("-t"))
    equal(r.returncode, 78)
    if "proxy_protocol_from" not in r.stderr:
        fail("said %r" % r.stderr)


@case
def ends_well_while_a_header_is_missing():
    with Steelyard(pool(GoodOrigin(name="a")), listener=LOOP) as s:
        with s.wire() as w:
            w.send(LINE[:10])
            s.kill(signal.SIGTERM)
            w.is_closed()
            s.wait_end()


@case
def curl_is_served():
    if not shutil.which("curl"):
        skip("curl is not installed")
    s, _ = proxied()
    r = run(["curl", "-s", "--haproxy-protocol", "-w", "%{local_port}",
             "http://127.0.0.1:%d/curl" % s.port])
    equal((r.returncode, r.stdout[:2]), (0, "ok"))
    log = s.access(target="/curl")
    equal(log["client"], "127.0.0.1:" + r.stdout[2:])


# --- to servers -----------------------------------------------------------

def values(body):
    """The type-length-values of a header of version 2."""
    found = {}
    while body:
        kind, n = struct.unpack(">BH", body[:3])
        found[kind], body = body[3:3 + n], body[3 + n:]
    return found


class Told(Origin):
    """Reads a line of version 1, or a header of version 2, before HTTP."""

    def __init__(self, **more):
        self.said = []                  # (connection, what, target)
        super().__init__(**more)

    def header(self, wire):
        first = wire.read_exactly(6, 20)
        if first == b"PROXY ":
            return wire.read_until(b"\r\n", 20)[:-2].decode()
        equal(first + wire.read_exactly(6, 20), SIGNATURE, "the signature")
        command, family, n = struct.unpack(">BBH", wire.read_exactly(4, 20))
        body = wire.read_exactly(n, 20)
        if command == 0x20:
            return "LOCAL"
        if (command, family) == (0x21, 0x31):
            return "UNIX %r" % body[:108].rstrip(b"\0").decode()
        equal((command, family), (0x21, 0x11), "command, family")
        self.values = values(body[12:])
        return "TCP4 %s %s %d %d" % (
            socket.inet_ntoa(body[:4]), socket.inet_ntoa(body[4:8]),
            *struct.unpack(">HH", body[8:12]))

    def script(self, wire, number):
        said = self.header(wire)
        while True:
            r = self.read(wire, 3600)
            self.said.append((number, said, r.target))
            wire.send(OK)

    def of(self, target):
        return [x for x in self.said if x[2] == target]


def as_told(s, w):
    host, port = w.name.split(":")
    return "TCP4 %s 127.0.0.1 %s %d" % (host, port, s.port)


@rows([("tells servers the client in a line", "v1"),
       ("tells servers the client in version 2", "v2")])
def tells(version):
    origin = Told(name="a")
    with Steelyard(pool(origin, send_proxy=version)) as s, s.wire() as w:
        for _ in range(3):
            w.send(request())
            equal(w.response().status, 200)
        equal(origin.said, [(1, as_told(s, w), "/")] * 3)
        row = s.row("web/a")
        equal((row["connect"], row["reuse"]), ("1", "2"), "connect, reuse")
    equal(origin.faults, [])


@case
def two_clients_never_share_a_connection():
    origin = Told(name="a")
    with Steelyard(pool(origin, send_proxy="v1")) as s:
        wires = [s.wire() for _ in range(4)]
        for n in range(5):
            for i, w in enumerate(wires):
                w.send(request("/%d" % i))
                equal(w.response().status, 200)
        for i, w in enumerate(wires):
            equal({x[1] for x in origin.of("/%d" % i)}, {as_told(s, w)},
                  "what was said for client %d" % i)
        equal(origin.connections, 4, "connections to the server")
        for w in wires:
            w.close()
        wait_for(lambda: not origin.open, 3 * SLOW, "the closes")
        equal(s.row("web/a")["idle_conn_cur"], "0")
        for n in range(5):
            equal(s.get("/new").status, 200)
        equal(len({x[0] for x in origin.of("/new")}), 5, "connections")
    equal(origin.faults, [])


@rows([("tells servers nothing of a client on a UNIX socket", "v1",
        "UNKNOWN"),
       ("tells servers in version 2 that a client is on a UNIX socket", "v2",
        "UNIX ''")])
def tells_of_unix(version, said):
    origin = Told(name="a")
    path = temp_dir() + "/web"
    with Steelyard(pool(origin, send_proxy=version), listeners=[
            {"name": "web", "address": "unix:" + path}]), Wire(path) as w:
        w.send(request())
        equal(w.response().status, 200)
    equal([x[1] for x in origin.said], [said])
    equal(origin.faults, [])


@rows([("tells servers of a client over TLS", None, None),
       ("tells servers of a client with a certificate", "/O=b/CN=alice",
        b"alice"),
       ("tells servers of a name that stands behind", "/CN=alice/O=b",
        b"alice"),
       ("tells servers of a certificate without a name", "/O=b", None)])
def tells_of_tls(subject, name):
    origin = Told(name="a")
    certified = subject is not None
    alice = authority().issue("alice.test", subject=subject or "/O=b")
    with Steelyard(pool(origin, send_proxy="v2"), listener={"tls": {
            "certificates": [cert("a.test").row()], "verify": "optional",
            "ca": authority().ca}}) as s:
        with TlsWire(s.port, context=client(
                identity=alice if certified else None,
                alpn=["http/1.1"])) as w:
            w.send(request())
            equal(w.response().status, 200)
    equal((origin.values[0x01], origin.values[0x02]), (b"http/1.1", b"a.test"),
          "ALPN, authority")
    flags, verify = struct.unpack(">BI", origin.values[0x20][:5])
    more = values(origin.values[0x20][5:])
    equal((flags, verify), (7, 0) if certified else (1, 1), "flags, verify")
    equal(more[0x21], b"TLSv1.3", "version")
    equal(more[0x23][:4], b"TLS_", "cipher")
    equal(more.get(0x22), name, "common name")
    equal(origin.faults, [])


@case
def passes_on_what_it_was_told():
    origin = Told(name="a")
    with Steelyard(pool(origin, send_proxy="v2"), listener=LOOP) as s:
        equal(s.ask(LINE + request()).status, 200)
        equal(origin.said[0][1], LINE.decode()[6:-2])


@rows([("probes say UNKNOWN", "v1", "UNKNOWN"),
       ("probes say LOCAL", "v2", "LOCAL")])
def probes(version, said):
    origin = Told(name="a")
    health = {"type": "http", "path": "/health", "interval": "100ms"}
    with Steelyard(pool(origin, send_proxy=version, health=health)) as s:
        equal(s.get().status, 200)
        equal({x[1] for x in origin.of("/health")}, {said})
    equal(origin.faults, [])


@case
def a_reload_switches_what_servers_are_told():
    told, plain = Told(name="a"), Origin(always(OK), name="a")
    with Steelyard(pool(plain)) as s, s.wire() as w:
        def ask():
            w.send(request())
            equal(w.response().status, 200)
        ask()
        s.conf["pools"] = [pool(told, send_proxy="v1")]
        s.reload()
        ask()
        equal(told.said[-1][1], as_told(s, w))
        s.conf["pools"] = [pool(told, send_proxy="v2")]
        s.reload()
        ask()
        equal(told.said[-1][:2], (2, as_told(s, w)))
        s.conf["pools"] = [pool(plain)]
        s.reload()
        ask()
        equal(len(plain.requests), 2)
    equal(told.faults, [])


def nginx_told():
    port = free_port()
    nginx = Nginx("n", extra="""} server { listen 127.0.0.1:%d proxy_protocol;
        location / { return 200 "$proxy_protocol_addr $proxy_protocol_port
$proxy_protocol_server_port"; }""" % port)
    return nginx, {"name": "n", "address": "127.0.0.1:%d" % port}


@rows([("nginx understands version 1", "v1"),
       ("nginx understands version 2", "v2")])
def nginx(version):
    _, row = nginx_told()
    with Steelyard(pool(row, send_proxy=version), listener=LOOP) as s:
        for n in range(3):
            r = s.ask(b"PROXY TCP4 192.0.2.%d 1.1.1.1 %d 443\r\n" % (n, n + 9)
                      + request())
            equal(r.body.decode().split(), ["192.0.2.%d" % n, str(n + 9),
                                            "443"])
        r = s.ask(b"PROXY TCP6 2001:db8::7 ::1 9 443\r\n" + request())
        equal(r.body.decode().split(), ["2001:db8::7", "9", "443"])


def haproxy(text):
    if not shutil.which("haproxy"):
        skip("haproxy is not installed")
    port = free_port()
    path = os.path.join(temp_dir(), "haproxy.cfg")
    with open(path, "w") as f:
        f.write("defaults\n mode http\n timeout connect 5s\n"
                " timeout client 9s\n timeout server 9s\n" + text % port)
    child = start(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL,
                  stderr=subprocess.DEVNULL)

    def accepts():
        if child.poll() is not None:
            fail("haproxy ended with %d" % child.returncode)
        try:
            Wire(port).close()
            return True
        except OSError:
            return False
    wait_for(accepts, 5 * SLOW, "haproxy to accept")
    return port


@rows([("haproxy is understood in version 1", "send-proxy"),
       ("haproxy is understood in version 2", "send-proxy-v2"),
       ("haproxy is understood with a checksum and more",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority")])
def haproxy_sends(how):
    origin = Origin(always(OK), name="a")
    with Steelyard(pool(origin), listener=LOOP) as s:
        port = haproxy("frontend f\n bind 127.0.0.1:%%d\n unique-id-format "
                       "%%%%ts\n default_backend b\nbackend b\n server s "
                       "127.0.0.1:%d %s\n" % (s.port, how))
        with Wire(port) as w:
            w.send(request("/haproxy"))
            equal(w.response().status, 200)
            equal(s.access(target="/haproxy")["client"], w.name)


@rows([("haproxy understands version 1", "v1"),
       ("haproxy understands version 2", "v2")])
def haproxy_takes(version):
    port = haproxy("frontend f\n bind 127.0.0.1:%d accept-proxy\n"
                   " http-request return status 200 content-type text/plain "
                   "lf-string \"%%[src]:%%[src_port]\"\n")
    row = {"name": "h", "address": "127.0.0.1:%d" % port}
    health = {"type": "http", "interval": "200ms"}
    with Steelyard(pool(row, send_proxy=version, health=health)) as s:
        with s.wire() as w:
            w.send(request())
            equal(w.response().body.decode(), w.name)


main()
