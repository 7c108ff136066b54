"""How connections of clients end gently: by age, by their number of requests,
by a reload without their listener, at the end of the process."""
import json
import signal
import time

from h2wire import (ACK, DATA, END_STREAM, GOAWAY, H2Wire, HEADERS, PING,
                    PREFACE, SETTINGS, frame)
from harness import (Steelyard, at, case, equal, fail, free_port, main, once,
                     pool, request, rows, wait_for)
from origins import GoodOrigin
from wire import Closed, Failure, WEBSOCKET

AGE = 0.4
NO_LAST = 0x7fffffff
HEARD = frame(PING, ACK, 0, bytes(8))


@once
def origin():
    return GoodOrigin(name="a")


@once
def young():
    """Connections grow 400 ms old."""
    return Steelyard(
        pool(origin()), pool(origin(), name="hasty", timeouts={
            "response": "%dms" % (2000 * AGE)}),
        routes=[{"host": "hasty", "pool": "hasty"},
                {"pool": "web"}],
        listener={"timeouts": {"max_age": "%dms" % (AGE * 1000)}})


def says_goodbye_in_two_steps(w, busy, more):
    """Streams that are held.  What is asked between the steps is served, and
    the second GOAWAY counts it."""
    lasts, ended, token, asked = [], set(), None, False
    while True:
        f = w.frame()
        if f is None:
            break
        kind, flags, stream, payload = f
        if kind == GOAWAY:
            lasts.append(int.from_bytes(payload[:4], "big"))
            equal(payload[4:8], bytes(4), "the code of GOAWAY")
        elif kind == PING and not flags & ACK:
            token = payload
        elif kind in (HEADERS, DATA) and flags & END_STREAM:
            ended.add(stream)
        if lasts == [NO_LAST] and token is not None:
            if not asked:
                w.ask(more)
            asked = True
            w.send(frame(PING, ACK, 0, token))
            token = None
            origin().gate.set()
    equal(lasts, [NO_LAST, more], "the last streams of GOAWAY")
    equal(ended & {*busy, more}, {*busy, more}, "streams that were answered")


def in_time(make, play):
    """What make() gives once play(it) has ended before it was old.  The
    machine may be slow: then there is another one."""
    while True:
        begin = time.monotonic()        # before it is accepted
        w, error = make(), None
        try:
            play(w)
        except (Closed, Failure, OSError) as e:
            error = e
        if time.monotonic() - begin < AGE - 0.02:
            if error:
                raise error
            return w, begin
        w.close()


def one_answer(s, more=b""):
    """A connection with an answer, that has asked for more by then."""
    def play(w):
        w.send(request("/echo") + more)
        equal(w.response().tokens("Connection"), [])
    return in_time(s.wire, play)


@case
def http_1_says_close_once_it_is_old_enough():
    for host, status in (("a", 200), ("hasty", 504)):
        w, _ = one_answer(young(), request("/slow?ms=%d" % (3000 * AGE),
                                           host=host))
        with w:
            r = w.response()
            equal((r.status, r.tokens("Connection")), (status, ["close"]))
            w.is_closed()


@case
def an_idle_connection_ends_at_that_age():
    w, begin = one_answer(young())
    with w:
        w.is_closed()
        if time.monotonic() - begin < AGE - 0.02:
            fail("too soon")


@case
def a_tunnel_grows_older():
    w, _ = one_answer(young(), request("/ws", WEBSOCKET))
    with w:
        equal(w.response().status, 101)
        end = time.monotonic() + 2 * AGE
        while time.monotonic() < end:
            w.send(b"x")
            equal(w.read_exactly(1), b"x")
            time.sleep(0.02)


@case
def http_2_says_goaway_twice_once_it_is_old_enough():
    s = young()
    origin().gate.clear()

    def play(w):
        w.ask(1, "GET", "/held")
        w.ask(3, "GET", "/slow?ms=%d" % (AGE * 2000))
        w.ask(5)
        w.until(DATA, 5)
    w, _ = in_time(lambda: H2Wire(s.port), play)
    with w:
        says_goodbye_in_two_steps(w, {1, 3}, 7)


@case
def http_2_says_goaway_while_nothing_but_a_long_stream_goes_on():
    """No answer begins that could bring it."""
    s = young()
    origin().gate.clear()
    w, begin = in_time(lambda: H2Wire(s.port),
                       lambda w: w.ask(1, "GET", "/held"))
    with w:
        equal(int.from_bytes(w.until(GOAWAY)[:4], "big"), NO_LAST)
        if time.monotonic() - begin < AGE - 0.02:
            fail("too soon")
        origin().gate.set()
        # no 504, with which it would have come
        equal(json.loads(w.until(DATA, 1))["target"], "/held")


@case
def the_limit_of_requests_ends_both_versions():
    with Steelyard(pool(origin()), listener={
            "limits": {"requests": 3}}) as s:
        with s.wire() as w:
            closes = []
            for _ in range(3):
                w.send(request("/echo"))
                closes.append(w.response().tokens("Connection"))
            equal(closes, [[], [], ["close"]])
            w.is_closed()
        with H2Wire(s.port) as w:
            for n in (1, 3):
                w.ask(n)
                w.until(DATA, n)
            origin().gate.clear()
            w.ask(5, "GET", "/held")
            says_goodbye_in_two_steps(w, {5}, 7)


@case
def a_listener_that_a_reload_removes_lets_requests_finish():
    with Steelyard(pool(origin())) as s:
        seen = len(origin().requests)
        origin().gate.clear()
        port = free_port()
        s.conf["listeners"].append(
            {"name": "stays", "address": "127.0.0.1:%d" % port})
        s.reload()
        with H2Wire(s.port) as w, s.wire() as one, H2Wire(s.port) as idle:
            w.ask(1, "GET", "/held")
            one.send(request("/held"))
            idle.ask(1)
            idle.until(DATA, 1)
            wait_for(lambda: len(origin().requests) == seen + 3, 5,
                     "the requests to arrive")
            del s.conf["listeners"][0]
            s.reload()
            equal(int.from_bytes(idle.until(GOAWAY)[:4], "big"), NO_LAST)
            says_goodbye_in_two_steps(w, {1}, 3)
            r = one.response()
            equal((r.status, r.tokens("Connection")), (200, ["close"]))
        # Nobody is left of it.
        wait_for(lambda: s.info()["CurrConns"] == "0", 5, "no connection")


@rows([
    ("clients that wait to be accepted are served by a process that ends",
     signal.SIGTERM),
    ("clients that wait to be accepted are served by a listener that goes",
     signal.SIGHUP),
])
def serves_who_waits(signo):
    """More than are accepted at once; the kernel has let them all in."""
    with Steelyard(pool(origin())) as s:
        s.conf["listeners"] = [{"name": "other",
                                "address": at(free_port())}]
        s.write()
        s.kill(signal.SIGSTOP)
        clients = [s.wire() for _ in range(200)]
        for w in clients:
            w.send(request("/echo"))
        s.kill(signo)
        s.kill(signal.SIGCONT)
        for w in clients:
            r = w.response()
            equal((r.status, r.tokens("Connection")), (200, ["close"]))
            w.close()
        if signo == signal.SIGTERM:
            s.wait_end()


@case
def an_idle_client_is_told_before_it_is_let_go():
    """By HTTP/2 in two steps, by HTTP/1 with the answer to what it asks."""
    with Steelyard(pool(origin()), listener={
            "timeouts": {"keep_alive": "1h"}}) as s:
        one, fresh, two = s.wire(), s.wire(), H2Wire(s.port)
        late = s.wire()                 # which protocol, is not known yet
        one.send(request("/echo"))
        equal(one.response().tokens("Connection"), [])
        two.ask(1)
        two.until(DATA, 1)
        s.kill(signal.SIGSTOP)          # what is asked now is on its way
        s.kill(signal.SIGTERM)
        for w in (one, fresh):
            w.send(request("/echo"))
        late.send(PREFACE + frame(SETTINGS))
        two.ask(3)
        s.kill(signal.SIGCONT)
        equal(int.from_bytes(two.until(GOAWAY)[:4], "big"), NO_LAST)
        two.until(DATA, 3)
        two.send(HEARD * 2)
        equal(int.from_bytes(two.until(GOAWAY)[:4], "big"), 3)
        late.read_until(frame(GOAWAY, 0, 0, b"\x7f\xff\xff\xff" + bytes(4)))
        for w in (one, fresh):
            equal(w.response().tokens("Connection"), ["close"])
        for w in (one, fresh, late, two):
            w.close()
        s.wait_end()


@case
def the_end_of_the_process_lets_requests_finish():
    s = Steelyard(pool(origin()))
    seen = len(origin().requests)
    origin().gate.clear()
    with H2Wire(s.port) as w:
        w.ask(1, "GET", "/held")
        wait_for(lambda: len(origin().requests) > seen, 5,
                 "the request to arrive")
        s.kill(signal.SIGTERM)
        says_goodbye_in_two_steps(w, {1}, 3)
    s.wait_end()


main()
