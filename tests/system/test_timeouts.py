"""Every wait has an end: the client's, the server's."""
import time

from harness import (SLOW, Steelyard, case, equal, fail, main, pool, request,
                     wait_for)
from origins import GoodOrigin, OK, Origin


def after(began, least):
    """That it ends at all is waited for; so long it must last."""
    took = time.monotonic() - began
    if took < least:
        fail("it took %.2f s, less than %.2f" % (took, least))


def impatient(**timeouts):
    """With one of the client's timeouts that is short."""
    return Steelyard(pool(GoodOrigin(name="a")),
                     listener={"timeouts": timeouts})


@case
def a_head_byte_by_byte_gets_408():
    with impatient(head="500ms") as s:
        began = time.monotonic()
        w = s.wire()
        for b in request("/", [("X", "y" * 400)]):      # for nine seconds
            try:
                w.send(bytes([b]))
            except OSError:
                break
            if not w.is_silent(0.02):
                break
        r = w.response()
        after(began, 0.49)
        equal(r.status, 408)
        w.read_eof()
        log = s.access(client=w)
        equal((log["status"], log["termination"]), (408, "cR"))


@case
def an_idle_connection_is_closed_silently():
    with impatient(keep_alive="400ms") as s, s.wire() as w:
        began = time.monotonic()
        w.send(request())
        equal(w.response().status, 200)
        w.is_closed()
        after(began, 0.39)


@case
def empty_lines_buy_an_idle_client_no_time():
    with impatient(keep_alive="400ms") as s, s.wire() as w:
        began = time.monotonic()
        w.send(request())
        equal(w.response().status, 200)
        for _ in range(40):
            if not w.is_silent(0.15):
                break
            try:
                w.send(b"\r\n")
            except OSError:
                break
        else:
            fail("it is still there")
        equal(w.read_eof(), b"", "after an idle time of empty lines")
        after(began, 0.39)


@case
def a_connection_that_never_speaks_is_closed():
    with impatient(head="500ms") as s:
        began = time.monotonic()
        with s.wire() as w:
            w.read_eof()
        after(began, 0.49)


@case
def traffic_keeps_a_connection_open():
    with impatient(keep_alive="2s") as s, s.wire() as w:
        for _ in range(6):
            w.send(request())
            equal(w.response().status, 200)
            time.sleep(0.4)


@case
def a_client_that_reads_nothing_is_cut():
    with impatient(send="500ms") as s, s.wire(rcvbuf=8192) as w:
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
        after(began, 0.29)
        log = s.access(client=w)
        equal(log["status"], 408)
        equal(log["termination"][0], "c", "who")
        wait_for(lambda: not origin.open, 3, "the server's connection's end")


@case
def a_slow_but_steady_body_passes():
    with Steelyard(pool(GoodOrigin(name="a"),
                        timeouts={"request": "2s"})) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        w.send_pieces([b"a", b"b", b"c", b"d", b"e"], 0.5)
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
        after(began, 0.29)
        equal((r.status, r.complete), (200, False))
        equal(s.access(client=w)["termination"], "sD")


@case
def a_slow_but_steady_answer_passes():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        w.send_pieces([b"a", b"b", b"c", b"d", b"e"], 0.5)
    with Steelyard(pool(Origin(script, name="a"),
                        timeouts={"idle": "2s"})) as s:
        equal(s.get().body, b"abcde")


@case
def a_slow_head_of_a_server_has_its_time():
    def script(w, n):
        w.origin.read(w)
        w.send_pieces([bytes([b]) for b in OK], 0.004)
    with Steelyard(pool(Origin(script, name="a"),
                        timeouts={"response": "10s"})) as s:
        equal(s.get(timeout=5 * SLOW).body, b"ok")


main()
