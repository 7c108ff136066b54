"""Active probes: states, thresholds, what a server that is down means."""
import re
import time

from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     pool, request, rows, wait_for)
from origins import GoodOrigin, Origin, full_backlog
from wire import Wire

FAST = {"type": "http", "path": "/health", "interval": "100ms",
        "timeout": "10s", "fall": 3, "rise": 2, "panic_threshold": 0}


def fast(**more):
    return dict(FAST, **more)


@case
def a_server_goes_down_after_three_failures_and_up_after_two():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(a, b, health=fast())) as s:
        seen = set()

        def status():
            seen.add(s.row("web/a")["status"])
            return seen
        a.healthy = False
        wait_for(lambda: "DOWN" in status(), 5 * SLOW, "DOWN")
        equal(seen <= {"UP", "UP 2/3", "UP 1/3", "DOWN"}, True, str(seen))
        row = s.row("web/a")
        equal((row["check_status"].lstrip("* "), row["check_code"]),
              ("L7STS", "503"))
        equal((row["chkdown"], int(row["chkfail"]) >= 3), ("1", True))
        for _ in range(10):
            equal(b'"server": "b"' in s.get().body, True, "only b")
        seen.clear()
        a.healthy = True
        wait_for(lambda: "UP" in status(), 5 * SLOW, "UP")
        equal(seen <= {"DOWN", "DOWN 1/2", "UP"}, True, str(seen))
        wait_for(lambda: b'"server": "a"' in s.get().body, 3, "a")


@case
def each_transition_is_one_line():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(a, b, health=fast())) as s:
        for state in ("DOWN", "UP"):
            a.healthy = state == "UP"
            s.wait_servers({"web/a": state})
        lines = [x for x in s.events("health") if "web/a" in str(x)]
        story = [str(x) for x in lines]
        equal(len([x for x in story if "L7STS" in x]) >= 1, True,
              "the result in %s" % story)
        if not 2 <= len(lines) <= 3:    # the first UP may be one
            fail("%d lines: %s" % (len(lines), story))


@case
def a_new_server_gets_no_traffic_before_it_has_passed():
    late, b = free_port(), GoodOrigin(name="b")
    p = pool({"name": "late", "address": at(late)}, b, health=fast())
    with Steelyard(p, wanted={"web/late": "DOWN.*"}) as s:
        for _ in range(10):
            equal(s.get().status, 200)
        equal(s.row("web/late")["stot"], "0", "requests to it")
        log = [x for x in s.access_lines() if x["retries"]]
        equal(log, [], "retries")


def status_503(w, n):
    w.origin.read(w)
    w.send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


def silent(w, n):
    w.origin.read(w)
    w.recv(10)


def rubbish(w, n):
    w.origin.read(w)
    w.send(b"rubbish\r\n\r\n")


@rows([
    ("reports a wrong status as L7STS", status_503, {}, "L7STS"),
    ("reports no answer as L7TOUT", silent, {"timeout": "200ms"}, "L7TOUT"),
    ("reports rubbish as L7RSP", rubbish, {}, "L7RSP"),
    ("reports a missing text as L7RSP or L7STS", None, {"body": "absent"},
     "L7(RSP|STS)"),
])
def failing(script, more, wanted):
    o = Origin(script, name="a") if script else GoodOrigin(name="a")
    with Steelyard(pool(o, health=fast(**more)),
                   wanted={"web/a": "DOWN.*"}) as s:
        got = s.row("web/a")["check_status"].lstrip("* ")
        if not re.fullmatch(wanted, got):
            fail("check_status is %s" % got)


@case
def reports_a_refused_connect_as_l4con():
    p = pool({"name": "a", "address": at(free_port())},
             health={"type": "tcp", "interval": "100ms"})
    with Steelyard(p, wanted={"web/a": "DOWN.*"}) as s:
        equal(s.row("web/a")["check_status"].lstrip("* "), "L4CON")


@case
def reports_a_connect_timeout_as_l4tout():
    p = pool({"name": "a", "address": at(full_backlog())},
             health={"type": "tcp", "interval": "200ms", "timeout": "150ms"})
    with Steelyard(p, wanted={"web/a": "DOWN.*"}) as s:
        equal(s.row("web/a")["check_status"].lstrip("* "), "L4TOUT")


@case
def probes_with_the_method_path_host_and_fields_configured():
    seen = []

    def script(w, n):
        seen.append(w.request())
        w.send(b"HTTP/1.1 404 Fine\r\nContent-Length: 5\r\n\r\nalive")
    o = Origin(script, name="a")
    health = fast(method="OPTIONS", path="/probe?x=1", host="probe.example",
                  fields=[{"name": "X-Probe", "value": "yes"}],
                  expect="200-299,404", body="live")
    with Steelyard(pool(o, health=health)) as s:
        equal(s.row("web/a")["status"], "UP")
        r = seen[0]
        equal((r.method, r.target, r.get("Host"), r.get("X-Probe")),
              ("OPTIONS", "/probe?x=1", "probe.example", "yes"))


@case
def probes_are_spread_and_keep_their_interval():
    o = GoodOrigin(name="a")
    with Steelyard(pool(o, health=fast(interval="200ms"))):
        first, began = o.probes, time.monotonic()
        wait_for(lambda: o.probes >= first + 8, 10 * SLOW, "eight probes")
        took = time.monotonic() - began
        if took < 1:                    # one of them may have been on its way
            fail("eight probes at 200 ms in %.2f s" % took)


@case
def all_servers_get_traffic_in_panic():
    a, b, c = (GoodOrigin(name=n) for n in "abc")
    a.healthy = b.healthy = False
    down = {"web/a": "DOWN.*", "web/b": "DOWN.*"}
    with Steelyard(pool(a, b, c, health=fast(panic_threshold=50),
                        balance="round_robin"), wanted=down) as s:
        names = {s.get("/%d" % i).body.split(b'"server": "')[1][:1]
                 for i in range(12)}
        equal(names, {b"a", b"b", b"c"}, "servers that answered")


@case
def panic_can_fail_instead():
    a, b, c = (GoodOrigin(name=n) for n in "abc")
    a.healthy = b.healthy = False
    with Steelyard(pool(a, b, c, health=fast(panic_threshold=50,
                                             on_panic="fail")),
                   wanted={"web/a": "DOWN.*", "web/b": "DOWN.*"}) as s:
        equal(s.get().status, 503)


@case
def requests_in_flight_go_on_when_their_server_goes_down():
    a = GoodOrigin(name="a")
    with Steelyard(pool(a, health=fast())) as s, s.wire() as w:
        w.send(request("/held"))
        a.last()
        a.healthy = False
        s.wait_servers({"web/a": "DOWN"})
        a.gate.set()
        equal(w.response(timeout=5 * SLOW).status, 200)


@case
def requests_in_flight_are_ended_where_told_to():
    a = GoodOrigin(name="a")
    with Steelyard(pool(a, retries=0, health=fast(on_down="shutdown"))) \
            as s, s.wire() as w:
        w.send(request("/held"))
        a.last()
        a.healthy = False
        s.wait_servers({"web/a": "DOWN"})
        r = w.response()
        equal(r.status in (502, 503), True, "status %d" % r.status)
        equal(s.access(client=w)["termination"][0], "D", "who")


@case
def idle_connections_to_a_server_that_goes_down_are_closed():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(a, b, health=fast())) as s:
        while not any(r.target == "/" for r in a.requests):
            s.get()
        a.healthy = False
        s.wait_servers({"web/a": "DOWN"})
        equal(s.row("web/a")["idle_conn_cur"], "0")


@case
def a_probe_does_not_wait_behind_traffic():
    """A server with all its connections taken stays UP."""
    a = GoodOrigin(name="a")
    p = pool({"name": "a", "address": at(a.port), "max_connections": 1},
             health=fast())
    with Steelyard(p) as s, s.wire() as w:
        w.send(request("/held"))
        a.last()
        before = a.probes
        wait_for(lambda: a.probes > before + 3, 5, "probes")
        equal(s.row("web/a")["status"], "UP")
        a.gate.set()
        equal(w.response(timeout=5 * SLOW).status, 200)


@case
def maintenance_stops_probes_and_drain_does_not():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(a, b, health=fast())) as s:
        s.stats("set server web/a state drain")
        before = a.probes
        wait_for(lambda: a.probes > before + 1, 3, "probes in drain")
        s.stats("set server web/a state maint")
        with Wire(a.port) as w:         # what came before it has been taken
            w.send(request("/mark"))
            equal(w.response().status, 200)
        wait_for(lambda: not a.open, 3, "the last probe's end")
        before = a.probes
        time.sleep(0.5)
        equal(a.probes, before, "probes in maintenance")
        s.stats("set server web/a state ready")
        s.wait_servers({"web/a": "UP"})


main()
