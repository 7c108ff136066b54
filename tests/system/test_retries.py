"""Failures before an answer: other servers, the budget, 502 503 504."""
import threading
import time

from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     pool, request, rows, wait_for)
from origins import GoodOrigin, Origin, always, full_backlog


def dead(name="dead"):
    return {"name": name, "address": at(free_port())}


def closes(w, n):
    w.origin.read(w)


def resets(w, n):
    w.origin.read(w)
    w.reset()


@rows([("a refused connect goes to another server for GET", "GET", None),
       ("a refused connect goes to another server for POST", "POST", b"x")])
def refused_connect(method, body):
    with Steelyard(pool(dead(), GoodOrigin(name="good"),
                        balance="round_robin")) as s:
        for i in range(4):
            r = s.get("/%d" % i, method=method, body=body)
            equal(r.status, 200)
            equal(s.access(target="/%d" % i)["server"], "good")
        if not any(x["retries"] == 1 for x in s.access_lines()):
            fail("no retry in the log")
        equal(int(s.row("web/dead")["econ"]) > 0, True, "econ of the server")
        equal(int(s.row("web/BACKEND")["wredis"]) > 0, True, "wredis")


@case
def a_connect_timeout_goes_to_another_server():
    full = {"name": "full", "address": at(full_backlog())}
    with Steelyard(pool(full, GoodOrigin(name="good"), balance="round_robin",
                        timeouts={"connect": "150ms"})) as s:
        for _ in range(2):
            equal(s.get(timeout=5 * SLOW).status, 200)


@case
def all_servers_refusing_gives_503_with_sc():
    with Steelyard(pool(dead("x"), dead("y"))) as s:
        equal(s.get().status, 503)
        log = s.access(status=503)
        equal(log["termination"], "SC")
        equal(log["retries"] >= 1, True, "retries")
        equal(bool(log.get("reason")), True, "a reason")


@case
def connect_timeout_gives_503_with_sc():
    full = {"name": "full", "address": at(full_backlog())}
    with Steelyard(pool(full, retries=0,
                        timeouts={"connect": "150ms"})) as s:
        equal(s.get(timeout=5 * SLOW).status, 503)
        log = s.access(status=503)
        equal(log["termination"], "sC")
        if not 100 <= log["times"]["total"] < 1500 * SLOW:
            fail("times %r" % log["times"])
        equal(log["times"]["response"], -1, "time of the response")


@case
def all_down_gives_503_at_once():
    p = pool(dead("x"), health={"type": "tcp", "interval": "100ms",
                                "on_panic": "fail"})
    with Steelyard(p, wanted={"web/x": "DOWN"}) as s:
        equal(s.get().status, 503)
        log = s.access(status=503)
        equal((log["termination"], log["server"] in (None, "", "<NOSRV>")),
              ("SC", True), "termination, no server")
        s.wait_log(lambda x: x.get("level") == "error" or x.get("level")
                   == "warn", 3, "a line that says there is no server left")


@rows([("a close before the answer gives 502 with SH", closes),
       ("a reset before the answer gives 502 with SH", resets)])
def no_answer(script):
    with Steelyard(pool(Origin(script, name="a"), retries=0)) as s:
        equal(s.get().status, 502)
        log = s.access(status=502)
        equal((log["termination"], log["server"]), ("SH", "a"))


@rows([("GET is tried elsewhere after a close without an answer", closes),
       ("GET is tried elsewhere after a reset without an answer", resets)])
def tried_elsewhere(script):
    with Steelyard(pool(Origin(script, name="bad"), GoodOrigin(name="good"),
                        balance="round_robin")) as s:
        for i in range(4):
            equal(s.get("/%d" % i).status, 200)
            equal(s.access(target="/%d" % i)["server"], "good")


@case
def post_is_not_tried_elsewhere_once_it_was_sent():
    bad, good = Origin(closes, name="bad"), GoodOrigin(name="good")
    with Steelyard(pool(bad, good, balance="round_robin")) as s:
        said = [s.get("/", method="POST", body=b"x").status
                for _ in range(4)]
        equal(sorted(said), [200, 200, 502, 502])
        equal(len(bad.requests) + len(good.requests), 4, "requests behind")


@case
def a_post_is_not_retried_after_a_partial_answer():
    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    bad = Origin(script, name="bad")
    with Steelyard(pool(bad, retries=2)) as s:
        equal(s.get("/", method="POST", body=b"x").status, 502)
        equal(bad.connections, 1, "connections")


@case
def retries_are_at_most_as_many_as_configured():
    bad = Origin(closes, name="bad")
    with Steelyard(pool(bad, retries=3, retry_min=10)) as s:
        equal(s.get().status, 502)
        equal(bad.connections, 4, "tries")
        equal(s.access(status=502)["retries"], 3)


@case
def the_budget_bounds_the_retries_in_flight():
    """Forty requests at once to a pool that always fails, a budget of none
    but one: one is tried again, the others fail."""
    first, again = threading.Event(), threading.Event()

    def script(w, n):
        w.origin.read(w)
        (first if n <= 40 else again).wait()
    bad = Origin(script, name="bad")
    with Steelyard(pool(bad, retries=1, retry_budget=0, retry_min=1)) as s:
        for i in range(40):
            w = s.wire()
            w.send(request("/%d" % i))
        wait_for(lambda: len(bad.requests) == 40, 5 * SLOW, "all")
        first.set()
        wait_for(lambda: len(s.access_lines()) == 39, 5 * SLOW, "failures")
        equal({x["status"] for x in s.access_lines()}, {502})
        wait_for(lambda: len(bad.requests) == 41, 5 * SLOW, "a retry")
        again.set()
        wait_for(lambda: len(s.access_lines()) == 40, 5 * SLOW, "the last")
        equal(bad.connections, 41, "tries")


@case
def no_answer_in_time_gives_504_with_sh():
    def script(w, n):
        w.origin.read(w)
        w.recv(10)
    with Steelyard(pool(Origin(script, name="a"), retries=0,
                        timeouts={"response": "200ms"})) as s:
        equal(s.get(timeout=5 * SLOW).status, 504)
        log = s.access(status=504)
        equal(log["termination"], "sH")
        equal(log["times"]["total"] >= 190, True, "total time")


@case
def a_bad_answer_is_counted():
    with Steelyard(pool(Origin(always(b"rubbish\r\n\r\n"), name="a"),
                        retries=0)) as s:
        equal(s.get().status, 502)
        wait_for(lambda: int(s.row("web/a")["eresp"]) == 1, 3, "eresp")
        if "rubbish" not in s.stats("show errors"):
            fail("show errors says %r" % s.stats("show errors")[:300])


main()
