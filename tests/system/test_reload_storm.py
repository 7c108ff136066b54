"""SIGHUP ten times a second under load, the file alternating between two
lists of servers.  STEELYARD_SECONDS makes it longer."""
import signal
import time

from harness import (SECONDS, SLOW, Load, Steelyard, at, case, equal, fail,
                     is_instrumented, main, once, pool, request, rss, server,
                     skip, wait_for)
from origins import GoodOrigin, Nginx
from wire import WEBSOCKET as FIELDS

TOTAL = max(3.0, SECONDS)
COUNTERS = ("stot bin bout econ eresp wretr lbtot hrsp_1xx hrsp_2xx hrsp_3xx "
            "hrsp_4xx hrsp_5xx req_tot conn_tot connect reuse chkfail "
            "chkdown cli_abrt srv_abrt").split()
STANDING = ["web/FRONTEND", "web/BACKEND", "web/a", "web/b"]


def counters(s):
    got = {}
    for r in s.stat():
        name = r["pxname"] + "/" + r["svname"]
        if name in STANDING:
            for c in COUNTERS:
                if r[c]:
                    got[name, c] = int(r[c])
    return got


@once
def ran():
    servers = {n: Nginx(n) for n in "abcd"}
    echo = GoodOrigin(name="ws")
    web = pool(servers["a"], servers["b"], servers["c"], health={
        "type": "http", "path": "/health", "interval": "500ms",
        "timeout": "20s"})
    s = Steelyard(web, pool(echo, name="echo"), routes=[
        {"path": "/ws", "pool": "echo"}, {"pool": "web"}])
    lists = [[server(servers[n]) for n in "abc"],
             [server(servers[n]) for n in "abd"]]
    tunnel = s.wire()
    tunnel.send(request("/ws", FIELDS))
    equal(tunnel.response().status, 101)
    load = Load("http://%s/" % at(s.port), TOTAL + 0.5, 32)
    end = time.monotonic() + TOTAL
    last, back, sent, states = counters(s), [], 0, set()
    while time.monotonic() < end:
        sent += 1
        web["servers"] = lists[sent % 2]
        s.write()
        s.kill(signal.SIGHUP)
        now = counters(s)
        back += ["%s %d < %d" % (k, now[k], last[k])
                 for k in now if k in last and now[k] < last[k]]
        last = now
        states |= {r["status"] for r in s.stat()
                   if r["pxname"] + "/" + r["svname"] in STANDING[2:]}
        time.sleep(0.1)
    tunnel.send(b"still there")
    said = tunnel.read_exactly(11, 3)
    tunnel.close()
    return s, load.result(), back, states, said, sent


@case
def no_client_sees_the_reloads():
    s, result, _, _, _, sent = ran()
    equal((result["bad"], result["errors"]), (0, ""), "bad answers, errors")
    print("# %d requests over %d reloads" % (result["requests"], sent))
    wait_for(lambda: len(s.events("reload")) >= min(sent, 3), 3, "reloads")


@case
def counters_never_go_back():
    equal(ran()[2], [], "counters that went back")


@case
def health_is_not_reset():
    equal(ran()[3], {"UP"}, "states of the standing servers")


@case
def a_websocket_opened_before_still_echoes():
    equal(ran()[4], b"still there")


@case
def memory_does_not_grow_with_reloads():
    if is_instrumented():
        skip("memory means nothing under a sanitizer")
    a, b, c = (GoodOrigin(name=n) for n in "abc")
    lists = [[server(a), server(b)], [server(a), server(c)]]
    with Steelyard(pool(a, b)) as s:
        def reload(times):
            for i in range(times):
                s.conf["pools"][0]["servers"] = lists[i % 2]
                equal(s.reload()["level"], "info", "level of the event")
                if i % 5 == 0:
                    equal(s.get().status, 200)
        reload(10)
        before = rss(s.pid)
        reload(150)
        grown = rss(s.pid) - before
        print("# %d KiB more after 150 reloads" % (grown / 1024))
        if grown > 1 << 20:
            fail("%d KiB more after 150 reloads" % (grown / 1024))


@case
def the_server_that_goes_finishes_what_it_has():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(a)) as s, s.wire() as w:
        w.send(request("/held"))
        a.last()
        s.conf["pools"][0]["servers"] = [server(b)]
        s.reload()
        equal(b'"server": "b"' in s.get().body, True, "the new server")
        a.gate.set()
        r = w.response(timeout=5 * SLOW)
        equal((r.status, b'"server": "a"' in r.body), (200, True))


@case
def a_new_server_gets_no_traffic_before_its_first_passed_probe():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    b.healthy = False
    p = pool(a, health={"type": "http", "path": "/health",
                        "interval": "100ms", "rise": 1})
    with Steelyard(p) as s:
        p["servers"] = [server(a), server(b)]
        p["health"]["panic_threshold"] = 0
        s.reload()
        for _ in range(20):
            equal(b'"server": "a"' in s.get().body, True, "only a")
        b.healthy = True
        s.wait_servers()
        wait_for(lambda: b'"server": "b"' in s.get().body, 3, "b")


main()
