"""Full servers: what comes past max_connections waits, in order, in bounds."""
import threading
import time

from harness import (SLOW, Load, Steelyard, at, case, equal, fail, main,
                     pool, request, rows, server, wait_for)
from origins import GoodOrigin, OK, Origin


class Gate(Origin):
    """Answers when told to; counts what it has in flight."""

    def __init__(self, name):
        self.guard, self.gate = threading.Lock(), threading.Event()
        self.now = self.most = 0
        self.order = []
        super().__init__(self.serve, name=name)

    def serve(self, wire, number):
        while True:
            r = self.read(wire)
            if r is None:
                return
            with self.guard:
                self.now += 1
                self.most = max(self.most, self.now)
                self.order.append(r.target)
            self.gate.wait()
            with self.guard:
                self.now -= 1
            wire.send(OK)


def queued(s):
    return int(s.row("web/BACKEND")["qcur"])


def send(s, target):
    w = s.wire()
    w.send(request(target))
    return w


@case
def requests_wait_in_order_for_a_full_server():
    gate = Gate("a")
    with Steelyard(pool(server(gate, max_connections=1))) as s:
        wires = []
        for i in range(6):
            wires.append(send(s, "/%d" % i))
            wait_for(lambda: len(gate.order) + queued(s) == i + 1, 5,
                     "request %d to run or wait" % i)
        equal(queued(s), 5, "qcur")
        gate.gate.set()
        for w in wires:
            equal(w.response().status, 200)
        equal(gate.order, ["/%d" % i for i in range(6)], "order")
        equal(gate.most, 1, "most in flight")
        equal(s.row("web/BACKEND")["qmax"], "5", "qmax")
        equal(queued(s), 0, "qcur")


@case
def a_full_queue_answers_503_with_sQ_at_once():
    gate = Gate("a")
    with Steelyard(pool(server(gate, max_connections=1), max_queue=1)) as s:
        first = send(s, "/first")
        wait_for(lambda: len(gate.order) == 1, 5, "the first to run")
        second = send(s, "/second")
        wait_for(lambda: queued(s) == 1, 5, "the second to wait")
        r = s.get("/third")
        equal(r.status, 503)
        equal(r.get("Retry-After").isdigit(), True, "Retry-After")
        equal(s.access(target="/third")["termination"], "sQ")
        gate.gate.set()
        equal((first.response().status, second.response().status),
              (200, 200))


@case
def waiting_ends_with_503_and_sQ():
    gate = Gate("a")
    with Steelyard(pool(server(gate, max_connections=1),
                        timeouts={"queue": "200ms"})) as s:
        first = send(s, "/first")
        wait_for(lambda: len(gate.order) == 1, 5, "the first to run")
        began = time.monotonic()
        r = s.get("/late")
        took = time.monotonic() - began
        equal(r.status, 503)
        line = s.access(target="/late")
        equal(line["termination"], "sQ")
        equal(line["server"], None, "server")
        if took < 0.2:
            fail("it took %.3f s" % took)
        gate.gate.set()
        equal(first.response().status, 200)


@case
def a_client_that_leaves_frees_its_place():
    gate = Gate("a")
    with Steelyard(pool(server(gate, max_connections=1))) as s:
        first = send(s, "/first")
        wait_for(lambda: len(gate.order) == 1, 5, "the first to run")
        leaver = send(s, "/leaver")
        wait_for(lambda: queued(s) == 1, 5, "the leaver to wait")
        last = send(s, "/last")
        wait_for(lambda: queued(s) == 2, 5, "the last to wait")
        leaver.reset()
        wait_for(lambda: queued(s) == 1, 5, "the place to be free")
        equal(s.access(target="/leaver")["termination"], "CQ")
        gate.gate.set()
        equal((first.response().status, last.response().status), (200, 200))
        equal(gate.order, ["/first", "/last"], "requests")


@case
def a_full_server_passes_its_share_to_the_other():
    small, large = Gate("small"), GoodOrigin(name="large")
    for balance in ("least_conn", "round_robin"):
        del small.order[:]
        small.gate.clear()
        with Steelyard(pool(server(small, max_connections=2), large,
                            balance=balance)) as s:
            held = [send(s, "/%d" % i) for i in range(8)]
            wait_for(lambda: len(small.order) == 2, 5, "two at the small")
            for _ in range(20):
                equal(s.get().status, 200)
            equal(small.most, 2, "most in flight")
            small.gate.set()
            for w in held:
                equal(w.response().status, 200)


def by_reload(s):
    s.conf["pools"][0]["servers"][0]["max_connections"] = 3
    s.reload()


def by_command(s):
    equal(s.stats("set maxconn server web/a 3").strip(), "")
    equal(s.row("web/a")["slim"], "3")


@rows([("room that a reload makes is used", by_reload),
       ("room that a command makes is used", by_command)])
def make_room(widen):
    gate = Gate("a")
    with Steelyard(pool(server(gate, max_connections=1))) as s:
        wires = [send(s, "/%d" % i) for i in range(3)]
        wait_for(lambda: len(gate.order) + queued(s) == 3, 5, "all three")
        widen(s)
        wait_for(lambda: len(gate.order) == 3, 5, "all three to run")
        gate.gate.set()
        for w in wires:
            equal(w.response().status, 200)


@case
def a_crowd_never_passes_the_limit_and_none_is_lost():
    gate = Gate("a")
    gate.gate.set()
    with Steelyard(pool(server(gate, max_connections=5),
                        GoodOrigin(name="b"))) as s:
        result = Load("http://%s/" % at(s.port), 3,
                      connections=40).result()
        equal((result["errors"], result["bad"]), ("", 0), "errors, not 200")
        if gate.most > 5:
            fail("%d in flight at a server of 5" % gate.most)


main()
