"""HTTP/2 to clients: by prior knowledge and by ALPN, bodies, resets, floods."""
import hashlib
import os
import signal
import subprocess
import time

from certs import authority, cert
from h2wire import (DATA, GOAWAY, H2Wire, HEADERS, PING, RST,
                    SETTINGS, WINDOW, block, frame, head)
from harness import (SLOW, Steelyard, at, case, equal, fail, is_instrumented, main,
                     once, pool, rows, rss, run, start, temp_dir, wait_for)
from origins import GoodOrigin, full_backlog, pattern, pattern_sha256
from wire import Wire


@once
def proxy():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin)), origin


def hasty():
    return Steelyard(pool(GoodOrigin(name="a")), listener={
        "timeouts": {"send": "1s", "head": "1s"}})


@once
def secure():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin), listener={"tls": {
        "certificates": [cert("a.test", "IP:127.0.0.1").row()]}}), origin


def curl(s, path, *more, http="--http2-prior-knowledge"):
    return run(["curl", "-sS", http, "--max-time", "30", *more,
                "http://127.0.0.1:%d%s" % (s.port, path)], timeout=60)


def tls_curl(s, path, *more):
    return run(["curl", "-sS", "--max-time", "30", "--cacert", authority().ca,
                "--resolve", "a.test:%d:127.0.0.1" % s.port, *more,
                "https://a.test:%d%s" % (s.port, path)], timeout=60)


def is_alive(s):
    """Others are served, over both versions."""
    for version in ("--http2-prior-knowledge", "--http1.1"):
        got = curl(s, "/echo", "-o", "/dev/null", "-w", "%{http_code}",
                   http=version)
        equal((got.stdout, got.stderr), ("200", ""), version)


@case
def curl_speaks_it_by_prior_knowledge():
    s, _ = proxy()
    got = curl(s, "/echo?known", "-o", "/dev/null", "-w",
               "%{http_code} %{http_version}")
    equal((got.stdout, got.stderr), ("200 2", ""))
    log = s.access(target="/echo?known")
    equal((log["version"], log["status"], log["termination"]),
          ("HTTP/2.0", 200, "--"))


@rows([("speaks it by ALPN", "--http2", "200 2"),
       ("speaks HTTP/1.1 to who offers no other", "--http1.1", "200 1.1")])
def alpn(option, want):
    s, _ = secure()
    got = tls_curl(s, "/echo", option, "-o", "/dev/null", "-w",
                   "%{http_code} %{http_version}")
    equal((got.stdout, got.stderr), (want, ""))


@case
def http2_false_turns_it_off():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin), listener={"http2": False, "tls": {
            "certificates": [cert("a.test").row()]}}) as s:
        got = tls_curl(s, "/echo", "--http2", "-o", "/dev/null", "-w",
                       "%{http_code} %{http_version}")
        equal((got.stdout, got.stderr), ("200 1.1", ""))
    with Steelyard(pool(origin), listener={"http2": False}) as s:
        with H2Wire(s.port) as w:
            equal(w.read_exactly(12), b"HTTP/1.1 400")


@case
def hands_over_however_the_preface_is_cut():
    s, _ = proxy()
    with Wire(s.port) as w:
        for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
            w.send(bytes([byte]))
            time.sleep(0.002)
        w.send(frame(SETTINGS) + frame(HEADERS, 5, 1, head()))
        w.__class__ = H2Wire
        w.until(HEADERS, 1)


@case
def other_requests_that_begin_like_the_preface_are_http_1():
    s, _ = proxy()
    with Wire(s.port) as w:
        w.send(b"PRIVATE /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        equal(w.response().status, 200)
    with Wire(s.port) as w:
        w.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        equal(w.response().status, 400)


@rows([("serves a body of 3 MB with a length", "/size?n=3000000"),
       ("serves a body of 3 MB without a length", "/chunked?n=3000000")])
def bodies_down(path):
    for s, ask in ((proxy()[0], curl), (secure()[0], tls_curl)):
        file = os.path.join(temp_dir(), "got")
        got = ask(s, path, "-o", file, "-w", "%{http_code}")
        equal((got.stdout, got.stderr), ("200", ""))
        with open(file, "rb") as f:
            equal(hashlib.sha256(f.read()).hexdigest(),
                  pattern_sha256(3000000))


@rows([("takes a body of 3 MB with a length", []),
       ("takes a body of 3 MB without a length",
        ["-H", "Content-Length:"])])
def bodies_up(more):
    file = os.path.join(temp_dir(), "body")
    with open(file, "wb") as f:
        for piece in pattern(3000000):
            f.write(piece)
    for s, ask in ((proxy()[0], curl), (secure()[0], tls_curl)):
        got = ask(s, "/sha256", "--data-binary", "@" + file, *more)
        equal(got.stdout, "%s 3000000" % pattern_sha256(3000000))


@case
def answers_head_and_304():
    s, _ = proxy()
    got = curl(s, "/echo", "-I")
    equal(got.stdout.split()[:2], ["HTTP/2", "200"])
    got = curl(s, "/status?code=304", "-w", "%{http_code} %{size_download}")
    equal((got.stdout, got.stderr), ("304 0", ""))


@case
def tells_servers_and_clients_who_it_is():
    s, origin = proxy()
    equal(curl(s, "/echo?via", "-H", "Cookie: a=1").stderr, "")
    r = [x for x in origin.requests if x.target == "/echo?via"][0]
    equal((r.version, r.get("Via", "").split()[0], r.get("Host")),
          ("HTTP/1.1", "2.0", "127.0.0.1:%d" % s.port))


@case
def goes_on_when_a_stream_is_reset():
    s, _ = proxy()
    with H2Wire(s.port) as w:
        w.ask(1, "GET", "/slow?ms=2000")
        w.send(frame(RST, 0, 1, b"\0\0\0\x08"))
        w.ask(3)
        w.until(HEADERS, 3)
    is_alive(s)


@case
def opens_a_websocket_by_extended_connect():
    s, _ = proxy()
    with H2Wire(s.port) as w:
        w.ask_websocket(1, "/ws")
        w.until(HEADERS, 1)
        for _ in range(3):
            w.send(frame(DATA, 0, 1, b"hello"))
            equal(w.until(DATA, 1), b"hello")
        w.send(frame(DATA, 1, 1))
        w.ask(3)
        w.until(HEADERS, 3)
    log = s.access(target="/ws")
    equal((log["status"], log["method"]), (101, "GET"))


@case
def a_reload_keeps_the_connection_that_is_busy():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s, H2Wire(s.port) as w:
        w.ask(1, "GET", "/held")
        origin.last()
        s.conf["listeners"][0]["limits"] = {"streams": 5}
        s.reload()
        origin.gate.set()
        w.until(HEADERS, 1)
        w.ask(3)
        w.until(HEADERS, 3)


@case
def says_goaway_when_it_ends_and_lets_requests_finish():
    origin = GoodOrigin(name="a")
    s = Steelyard(pool(origin))
    with H2Wire(s.port) as w:
        w.ask(1, "GET", "/held")
        origin.last()
        s.kill(signal.SIGTERM)
        first = w.until(GOAWAY)
        equal(int.from_bytes(first[:4], "big") & 0x7fffffff, 0x7fffffff)
        w.send(frame(PING, 1, 0, b"\0" * 8) * 2)
        second = w.until(GOAWAY)
        equal(second, b"\0\0\0\1\0\0\0\0")
        origin.gate.set()
        w.until(HEADERS, 1)
        w.until(DATA, 1)
    s.wait_end()


@case
def an_idle_connection_ends_with_goaway():
    with hasty() as s, H2Wire(s.port) as w:
        equal(w.goaway(timeout=5 * SLOW), 0)


@case
def a_slow_reader_ends_and_holds_next_to_nothing():
    with hasty() as s:
        before = rss(s.pid)
        with H2Wire(s.port) as w:
            for i in range(50):
                w.ask(2 * i + 1, "GET", "/size?n=10000000")
            s.access(status=200, termination="cD", timeout=20 * SLOW)
            if not is_instrumented() and rss(s.pid) - before > 16 << 20:
                fail("grew by %d bytes" % (rss(s.pid) - before))


@case
def a_body_that_waits_is_held_within_the_window():
    silent = {"address": at(full_backlog())}
    with Steelyard(pool(silent, timeouts={"connect": "20s"})) as s:
        with H2Wire(s.port) as w:
            w.ask(1, "POST", "/x", end=False)
            for n in (16000, 16000, 16000, 16000, 1535):
                w.send(frame(DATA, 0, 1, bytes(n)))
            w.send(frame(PING, 0, 0, b"12345678"))
            while True:
                kind, flags, stream, _ = w.frame()
                if kind == WINDOW and stream == 1:
                    fail("the window was opened")
                if kind == PING:
                    break
            w.send(frame(DATA, 0, 1, b"x"))     # one too many
            equal(w.until(RST, 1), b"\0\0\0\3")


@case
def a_request_that_never_ends_is_answered_408():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin, timeouts={"request": "500ms"})) as s:
        with H2Wire(s.port) as w:
            w.ask(1, "POST", "/sha256", end=False)
            w.until(HEADERS, 1)
            equal(w.until(RST, 1), b"\0\0\0\0")
        equal(s.access(target="/sha256")["status"], 408)


@rows([
    ("Host that differs", [(":authority", "a"), ("host", "b")]),
    ("Connection", [(":authority", "a"), ("connection", "close")]),
    ("Transfer-Encoding", [(":authority", "a"),
                           ("transfer-encoding", "chunked")]),
    ("a capital letter", [(":authority", "a"), ("X-A", "b")]),
    ("a capital letter in a known name",
     [(":authority", "a"), ("user-Agent", "b")]),
    ("LF in a value", [(":authority", "a"), ("x-a", "b\nc: d")]),
    ("NUL in a value", [(":authority", "a"), ("x-a", "b\0c")]),
    ("a colon in a name", [(":authority", "a"), ("x:a", "b")]),
    ("a length and no body", [(":authority", "a"), ("content-length", "3")]),
    ("a space in an authority", [(":authority", "a b")]),
])
def refuses(*fields):
    s, origin = proxy()
    seen = len(origin.requests)
    with H2Wire(s.port) as w:
        w.send(frame(HEADERS, 5, 1, block(
            (":method", "GET"), (":scheme", "http"), (":path", "/"),
            *fields[0])))
        w.until(HEADERS, 1)
        w.ask(3)
        w.until(HEADERS, 3)
    equal(s.access(status=400)["termination"], "PR")
    equal(len(origin.requests), seen + 1)


def is_answered(w, stream):
    """Or refused, while others that were reset still count."""
    w.ask(stream)
    while True:
        kind, _, of, payload = w.frame() or fail("the connection ended")
        if (kind, of) == (HEADERS, stream):
            return True
        if (kind, of) == (RST, stream):
            equal(payload, b"\0\0\0\x07")
            return False


@case
def as_many_resets_as_the_limit_allows_are_no_attack():
    with Steelyard(routes=[{"respond": {"status": 200}}],
                   listener={"limits": {"resets": 5000}}) as s:
        with H2Wire(s.port) as w:
            for i in range(3000):
                w.ask(2 * i + 1)
                w.send(frame(RST, 0, 2 * i + 1, b"\0\0\0\x08"))
            w.send(frame(PING, 0, 0, bytes(8)))
            w.until(PING)
            streams = iter(range(6001, 9001, 2))
            wait_for(lambda: is_answered(w, next(streams)), 10, "an answer")


main()
