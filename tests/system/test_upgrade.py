"""Upgrade, WebSocket and CONNECT: two-way bytes."""
import time

from harness import (SLOW, Steelyard, case, equal, fail, main, once, pool,
                     request, rows, wait_for)
from origins import GoodOrigin, Origin, accept_key
from wire import WEBSOCKET as FIELDS

KEY = dict(FIELDS)["Sec-WebSocket-Key"]


@once
def proxy():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin)), origin


@case
def opens_a_websocket_and_moves_bytes_both_ways():
    s, origin = proxy()
    with s.wire() as w:
        w.send(request("/ws", FIELDS))
        r = w.response()
        equal(r.status, 101)
        equal(r.get("Upgrade").lower(), "websocket")
        equal("upgrade" in r.tokens("Connection"), True, "Connection")
        equal(r.get("Sec-WebSocket-Accept"), accept_key(KEY))
        for n in (1, 100, 100000):
            data = bytes(i & 255 for i in range(n))
            w.send(data)
            equal(w.read_exactly(n), data, "echo of %d" % n)
        w.finish()
        w.is_closed()
        log = s.access(client=w)
        equal((log["status"], log["termination"]), (101, "--"))


@case
def passes_bytes_sent_together_with_the_upgrade():
    s, _ = proxy()
    with s.wire() as w:
        w.send(request("/ws", FIELDS) + b"early")
        equal(w.response().status, 101)
        equal(w.read_exactly(5), b"early")


@case
def passes_a_refused_upgrade_as_an_answer():
    s, _ = proxy()
    with s.wire() as w:
        w.send(request("/echo", FIELDS))
        equal(w.response().status, 200)
        w.send(request("/echo"))
        equal(w.response().status, 200)


@rows([
    ("does not ask a server to upgrade for HTTP/1.0",
     request("/ws", FIELDS, version="1.0")),
    ("does not ask for h2c", request("/ws", [
        ("Upgrade", "h2c"), ("Connection", "Upgrade")])),
    ("does not ask for an unknown protocol", request("/ws", [
        ("Upgrade", "foo/2"), ("Connection", "Upgrade")])),
    ("does not ask without Connection", request("/ws", [
        ("Upgrade", "websocket")])),
])
def not_asked(data):
    s, origin = proxy()
    before = len(origin.requests)
    equal(s.ask(data).status, 426)
    equal(origin.requests[before].has("Upgrade"), False, "Upgrade sent")


@case
def gives_502_for_a_protocol_that_was_not_asked_for():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 101 Yes\r\nUpgrade: other\r\n"
               b"Connection: Upgrade\r\n\r\n")
        w.recv(5)
    with Steelyard(pool(Origin(script, name="a"))) as s:
        equal(s.ask(request("/ws", FIELDS)).status, 502)


@case
def respects_half_close_in_a_tunnel():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
               + accept_key(KEY).encode() + b"\r\n\r\n")
        got = w.read_eof()
        time.sleep(0.1)
        w.send(b"got %d" % len(got))
    with Steelyard(pool(Origin(script, name="a"))) as s, s.wire() as w:
        w.send(request("/ws", FIELDS))
        equal(w.response().status, 101)
        w.send(b"x" * 1000)
        w.finish()
        equal(w.read_eof(), b"got 1000")


@case
def ends_a_silent_tunnel():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin, timeouts={"tunnel": "2s"})) as s, \
            s.wire() as w:
        w.send(request("/ws", FIELDS))
        equal(w.response().status, 101)
        began = time.monotonic()
        for _ in range(6):              # traffic keeps it
            time.sleep(0.4)
            w.send(b"x")
            equal(w.read_exactly(1), b"x")
        w.read_eof()
        took = time.monotonic() - began
        if took < 4.3:
            fail("it ended after %.2f s" % took)
        log = s.access(client=w)
        equal(log["termination"] in ("cD", "sD"), True, log["termination"])


@case
def tunnels_connect_where_a_route_allows():
    def script(w, n):
        r = w.origin.read(w)
        equal(r.line, "CONNECT inner:443 HTTP/1.1")
        w.send(b"HTTP/1.1 200 Fine\r\n\r\n")
        while True:
            got = w.recv(5)
            if not got:
                return
            w.send(got.upper())
    origin = Origin(script, name="a")
    with Steelyard(pool(origin), routes=[
            {"connect": True, "pool": "web"}]) as s, s.wire() as w:
        w.send(b"CONNECT inner:443 HTTP/1.1\r\nHost: inner:443\r\n\r\n")
        equal(w.response("CONNECT").status, 200)
        w.send(b"hello")
        equal(w.read_exactly(5), b"HELLO")
        equal(origin.faults, [])


@case
def counts_a_tunnel_as_in_flight_until_it_ends():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s:
        with s.wire() as w:
            w.send(request("/ws", FIELDS))
            equal(w.response().status, 101)
            equal(s.row("web/a")["scur"], "1", "requests in flight")
        wait_for(lambda: s.row("web/a")["scur"] == "0", 3, "its end")


main()
