"""Every wait has an end: the client's, the server's."""
import time

from harness import (SLOW, Steelyard, case, equal, fail, main, once, pool,
                     request, wait_for)
from origins import GoodOrigin, OK, Origin


def within(began, least, most):
    took = time.monotonic() - began
    if not least <= took <= most * SLOW:
        fail("it took %.2f s, not %.2f to %.2f" % (took, least, most))


@once
def impatient():
    return Steelyard(pool(GoodOrigin(name="a")), listener={"timeouts": {
        "head": "500ms", "keep_alive": "400ms", "send": "500ms"}})


@case
def a_head_byte_by_byte_gets_408():
    s = impatient()
    with s.wire() as w:
        began = time.monotonic()
        for b in request("/", [("X", "y" * 400)]):
            try:
                w.send(bytes([b]))
            except OSError:
                break
            time.sleep(0.02)
            if time.monotonic() - began > 2 * SLOW or not w.is_silent(0.001):
                break
        r = w.response()
        within(began, 0.45, 1.2)
        equal(r.status, 408)
        w.read_eof()
        log = s.access(client=w)
        equal((log["status"], log["termination"]), (408, "cR"))


@case
def an_idle_connection_is_closed_silently():
    s = impatient()
    with s.wire() as w:
        w.send(request())
        equal(w.response().status, 200)
        began = time.monotonic()
        w.is_closed()
        within(began, 0.35, 1.2)


@case
def empty_lines_buy_an_idle_client_no_time():
    s = impatient()
    with s.wire() as w:
        w.send(request())
        equal(w.response().status, 200)
        began = time.monotonic()
        while time.monotonic() - began < 2 * SLOW and w.is_silent(0.15):
            try:
                w.send(b"\r\n")
            except OSError:
                break
        equal(w.read_eof(0.1), b"", "after an idle time of empty lines")
        within(began, 0.35, 1.2)


@case
def a_connection_that_never_speaks_is_closed():
    s = impatient()
    with s.wire() as w:
        began = time.monotonic()
        w.read_eof()
        within(began, 0.3, 1.5)


@case
def traffic_keeps_a_connection_open():
    s = impatient()
    with s.wire() as w:
        for _ in range(5):
            w.send(request())
            equal(w.response().status, 200)
            time.sleep(0.2)


@case
def a_client_that_reads_nothing_is_cut():
    s = impatient()
    with s.wire(rcvbuf=8192) as w:
        w.send(request("/size?n=50000000"))
        log = s.access(client=w, timeout=5)
        equal(log["termination"], "cD")


@case
def a_client_that_stops_in_its_body_is_cut():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin, timeouts={"request": "300ms"})) as s, \
            s.wire() as w:
        began = time.monotonic()
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        equal(w.response().status, 408)
        within(began, 0.25, 1.2)
        log = s.access(client=w)
        equal(log["status"], 408)
        equal(log["termination"][0], "c", "who")
        wait_for(lambda: not origin.open, 3, "the server's connection's end")


@case
def a_slow_but_steady_body_passes():
    with Steelyard(pool(GoodOrigin(name="a"),
                        timeouts={"request": "400ms"})) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        w.send_pieces([b"a", b"b", b"c", b"d", b"e"], 0.2)
        equal(w.response().status, 200)


@case
def a_server_that_stops_in_its_body_is_cut():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        w.recv(10)
    with Steelyard(pool(Origin(script, name="a"),
                        timeouts={"idle": "300ms"})) as s, s.wire() as w:
        began = time.monotonic()
        w.send(request())
        r = w.response(timeout=5 * SLOW)
        within(began, 0.25, 1.2)
        equal((r.status, r.complete), (200, False))
        equal(s.access(client=w)["termination"], "sD")


@case
def a_slow_but_steady_answer_passes():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        w.send_pieces([b"a", b"b", b"c", b"d", b"e"], 0.2)
    with Steelyard(pool(Origin(script, name="a"),
                        timeouts={"idle": "400ms"})) as s:
        equal(s.get().body, b"abcde")


@case
def a_slow_head_of_a_server_has_its_time():
    def script(w, n):
        w.origin.read(w)
        w.send_pieces([bytes([b]) for b in OK], 0.004)
    with Steelyard(pool(Origin(script, name="a"),
                        timeouts={"response": "2s"})) as s:
        equal(s.get(timeout=5 * SLOW).body, b"ok")


main()
