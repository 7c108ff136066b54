"""Policies from the outside: who serves whom, backups, slow start."""
import threading
import time

from harness import (Steelyard, case, equal, fail, main, pool, request, rows,
                     server, wait_for)
from origins import OK, GoodOrigin, Origin

HEALTH = {"type": "tcp", "interval": "100ms", "timeout": "1s", "fall": 1,
          "rise": 1}


def served(s, origin_names, n, **more):
    """How many of n requests each server got."""
    before = {o: int(s.row("web/" + o)["lbtot"]) for o in origin_names}
    for _ in range(n):
        equal(s.get(**more).status, 200)
    return {o: int(s.row("web/" + o)["lbtot"]) - before[o]
            for o in origin_names}


@rows([("a ring keeps a user at one server", "ring"),
       ("a table keeps a user at one server", "maglev")])
def keeps(method):
    origins = [GoodOrigin(name=n) for n in "abc"]
    with Steelyard(pool(*origins, balance="hash", hash={
            "key": ["header:X-User", "cookie:sid"], "method": method})) as s:
        homes = {}
        # of where they are, as ports have it, nobody may have a part
        for user in ["user%d" % i for i in range(40)]:
            got = served(s, "abc", 4, fields=[("X-User", user)])
            equal(sorted(got.values()), [0, 0, 4], "requests of " + user)
            homes[user] = max(got, key=got.get)
            equal(served(s, "abc", 2, fields=[("Cookie", "sid=" + user)])
                  [homes[user]], 2, "the same key in the second place")
        if len(set(homes.values())) < 2:
            fail("all at one server: %s" % homes)
        down = homes["user0"]
        s.stats("set server web/%s state maint" % down)
        for user, home in homes.items():
            got = served(s, "abc", 2, fields=[("X-User", user)])
            if home == down:
                equal(got[down], 0, "requests to the server in maint")
            else:
                equal(got[home], 2, "requests of " + user)
        s.stats("set server web/%s state ready" % down)
        equal(served(s, "abc", 3, fields=[("X-User", "user0")])[down], 3,
              "requests of user0")


@case
def without_a_key_requests_go_anywhere():
    origins = [GoodOrigin(name=n) for n in "ab"]
    with Steelyard(pool(*origins, balance="hash",
                        hash={"key": "header:X-User"})) as s:
        got = served(s, "ab", 40)
        if min(got.values()) < 5:
            fail("not by lot: %s" % got)


@case
def a_backup_serves_while_no_other_can():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(server(a), server(b, backup=True),
                        health=HEALTH)) as s:
        equal(served(s, "ab", 5), {"a": 5, "b": 0})
        equal((s.row("web/b")["act"], s.row("web/b")["bck"]), ("0", "1"))
        s.stats("set server web/a state maint")
        equal(served(s, "ab", 5), {"a": 0, "b": 5})
        equal(s.wait_event("pool", lambda e: e["state"] == "backup")["up"], 1)
        equal(s.row("web/BACKEND")["status"], "UP")
        s.stats("set server web/a state ready")
        wait_for(lambda: s.row("web/a")["status"] == "UP", 5, "a to be up")
        equal(served(s, "ab", 5), {"a": 5, "b": 0})


@case
def a_server_that_comes_back_is_throttled_for_a_while():
    servers = [server(GoodOrigin(name=n), weight=100) for n in "ab"]
    p = pool(*servers, balance="round_robin", slow_start={"window": "4s"})
    with Steelyard(p) as s:
        wait_for(lambda: s.row("web/a")["throttle"] == "", 5, "a to be warm")

        def first_second():
            s.stats("set server web/a state maint")
            began = time.monotonic()
            s.stats("set server web/a state ready")
            seen = [s.row("web/" + n)["throttle"] for n in "ab"]
            got = served(s, "ab", 25)
            # unless the machine was too slow
            return time.monotonic() - began < 0.95 and (seen, got)
        equal(wait_for(first_second, 20, "25 requests in a second"),
              (["25", ""], {"a": 5, "b": 20}), "of four seconds the first")
        wait_for(lambda: s.row("web/a")["weight"] == "100", 5, "full weight")
        got = served(s, "ab", 20)
        equal(got["a"], 10, "requests to the warm one")


class Slow(Origin):
    """Holds what asks for /hold until told."""

    def __init__(self, name):
        self.gate, self.order = threading.Event(), []
        super().__init__(self.serve, name=name)

    def serve(self, wire, number):
        while True:
            r = self.read(wire)
            if r is None:
                return
            self.order.append(r.target)
            if r.target.startswith("/hold"):
                self.gate.wait(20)
            wire.send(OK)


@case
def who_waits_for_a_server_holds_up_nobody_else():
    origins = [Slow("a"), Slow("b")]
    with Steelyard(pool(*[server(o, max_connections=1) for o in origins],
                        balance="hash", hash={"key": "header:X-User",
                                              "on_full": "queue"})) as s:
        homes = {}
        for i in range(60):
            got = served(s, "ab", 1, fields=[("X-User", "u%d" % i)])
            homes.setdefault(max(got, key=got.get), "u%d" % i)
        ann, bob = [("X-User", homes["a"])], [("X-User", homes["b"])]
        for o in origins:
            o.order.clear()
        wires = []
        for i in range(3):
            wires.append(s.wire())
            wires[i].send(request("/hold%d" % i, fields=ann))
            wait_for(lambda: len(origins[0].order) +
                     int(s.row("web/BACKEND")["qcur"]) == i + 1, 5,
                     "request %d to run or wait" % i)
        for _ in range(5):
            equal(s.get(fields=bob).status, 200)
        equal((origins[0].order, len(origins[1].order)), (["/hold0"], 5))
        origins[0].gate.set()
        for w in wires:
            equal(w.response().status, 200)
            w.close()
        equal(origins[0].order, ["/hold0", "/hold1", "/hold2"], "order")
        equal(s.row("web/BACKEND")["qcur"], "0")


main()
