"""Connections to servers: kept, reused, let go in time."""
import time

from harness import (SLOW, Steelyard, case, equal, fail, main, pool, request,
                     rows, wait_for)
from origins import GoodOrigin, OK, Origin


@case
def one_connection_serves_many_clients():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s:
        for _ in range(10):
            equal(s.get().status, 200)
        equal(origin.connections, 1, "connections to the server")
        row = s.row("web/a")
        equal((row["connect"], row["reuse"]), ("1", "9"), "connect, reuse")


@case
def one_client_keeps_its_connection_over_many_requests():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        for _ in range(10):
            w.send(request())
            equal(w.response().status, 200)
        equal(origin.connections, 1, "connections to the server")


@case
def connections_are_not_kept_where_told_so():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin, reuse={"max": 0})) as s:
        for n in (1, 2, 3):
            equal(s.get().status, 200)
            equal(origin.connections, n, "connections to the server")


@rows([("closes after Connection: close of a server", "/close"),
       ("closes after a body until close", "/eof?n=10")])
def not_reused(target):
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s:
        for n in (1, 2):
            equal(s.get(target).status, 200)
            equal(origin.connections, n, "connections to the server")


@case
def a_1_0_server_is_not_kept():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        w.origin.read(w)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s:
        for n in (1, 2):
            r = s.get()
            equal((r.status, r.version), (200, "HTTP/1.1"))
            equal(origin.connections, n, "connections to the server")


@case
def idle_connections_are_closed_after_their_time():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin, reuse={"timeout": "300ms"})) as s:
        began = time.monotonic()
        equal(s.get().status, 200)
        wait_for(lambda: not origin.open, 3 * SLOW, "the close")
        if time.monotonic() - began < 0.29:
            fail("it was not kept")


@case
def the_servers_own_keep_alive_time_is_respected():
    origin = GoodOrigin(name="a")
    origin.keep_alive = 1
    with Steelyard(pool(origin, reuse={"timeout": "10m"})) as s:
        equal(s.get().status, 200)
        wait_for(lambda: not origin.open, 4 * SLOW, "the close")


@case
def no_more_idle_connections_are_kept_than_allowed():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin, reuse={"max": 2})) as s:
        wires = [s.wire() for _ in range(6)]
        for w in wires:
            w.send(request("/held"))
        wait_for(lambda: len(origin.requests) == 6, 5 * SLOW, "six at once")
        origin.gate.set()
        for w in wires:
            equal(w.response().status, 200)
        wait_for(lambda: len(origin.open) == 2, 3, "two idle connections",
                 lambda: str(len(origin.open)))
        for w in wires:
            w.close()


def stale(body, method):
    """A server that closes a reused connection without an answer."""
    seen = []

    def script(w, n):
        w.origin.read(w)
        w.send(OK)
        if n == 1:
            r = w.origin.read(w)
            seen.append(r.method)
            return                      # closes, having said nothing
        while True:
            w.origin.read(w)
            w.send(OK)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin, retries=2)) as s, s.wire() as w:
        w.send(request())
        equal(w.response().status, 200)
        w.send(request("/again", method=method, body=body))
        r = w.response(method)
        return r, seen, s.access(target="/again"), origin


@rows([("a stale connection is retried for GET", "GET", None),
       ("a stale connection is retried for HEAD", "HEAD", None),
       ("a stale connection is retried for DELETE", "DELETE", None),
       ("a stale connection is retried for PUT without a body", "PUT", b"")])
def stale_retried(method, body):
    r, seen, log, origin = stale(body, method)
    equal((r.status, seen), (200, [method]))
    equal((log["status"], log["retries"], log["termination"]), (200, 1, "--"))
    equal(origin.connections, 2, "connections to the server")


@rows([("a stale connection is not retried for POST", "POST", b"x"),
       ("a stale connection is not retried for PATCH", "PATCH", b"x")])
def stale_not_retried(method, body):
    r, seen, log, origin = stale(body, method)
    equal((r.status, seen), (502, [method]))
    equal((log["retries"], log["termination"]), (0, "SH"))
    equal(len([x for x in origin.requests if x.method == method]), 1,
          "times the server saw it")


@case
def a_server_that_closes_an_idle_connection_costs_no_request():
    def script(w, n):
        w.origin.read(w)
        w.send(OK)                      # and closes
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s:
        for _ in range(5):
            r = s.get("/", method="POST", body=b"x")
            equal(r.status, 200)
            wait_for(lambda: not origin.open, 2, "the close")
            wait_for(lambda: s.row("web/a")["idle_conn_cur"] == "0", 2,
                     "the close to be seen")


main()
