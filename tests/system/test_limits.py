"""What one peer, or all of them, may make us hold."""
import resource
import time

from harness import (SLOW, WRAP, Steelyard, case, cpu, equal, fail, main,
                     once, pool, request, rows, skip, wait_for)
from origins import GoodOrigin, OK, Origin, always
from h2wire import H2Wire, setting
from wire import Closed, Wire


@once
def small():
    return Steelyard(pool(Origin(always(OK), name="a")), listener={"limits": {
        "request_line": 200, "head": 1024, "fields": 5}})


FIVE = [("X-%d" % i, "v") for i in range(4)]        # with Host


@rows([
    ("a request line over the limit gets 414", request("/" + "a" * 200),
     414),
    ("a head over the limit gets 431", request("/", [("X", "a" * 1100)]),
     431),
    ("too many fields get 431", request("/", FIVE + [("Y", "1")]), 431),
    ("a request line without end gets 414", b"GET /" + b"a" * 5000, 414),
    ("a head without end gets 431",
     b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5000, 431),
])
def over(data, status):
    s = small()
    with s.wire() as w:
        w.send(data)
        equal(w.response().status, status)
        w.read_eof()
        log = s.access(client=w)
        equal((log["status"], log["termination"]), (status, "PR"))


@rows([
    ("a request line at the limit is served", request("/" + "a" * 180)),
    ("a head under the limit is served", request("/", [("X", "a" * 900)])),
    ("as many fields as allowed are served", request("/", FIVE)),
])
def at_limit(data):
    equal(small().ask(data).status, 200)


@case
def too_many_trailers_get_400_or_431():
    data = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" \
        b"\r\n1\r\na\r\n0\r\n" + b"".join(b"X-%d: 1\r\n" % i
                                          for i in range(200)) + b"\r\n"
    status = small().ask(data).status
    equal(status in (400, 431), True, "status %d refused" % status)


@case
def max_connections_of_all_pauses_and_resumes():
    with Steelyard(pool(GoodOrigin(name="a")),
                   glob={"max_connections": 5}) as s:
        wires = [s.wire() for _ in range(5)]
        for w in wires:
            w.send(request())
            equal(w.response().status, 200)
        late = s.wire()                 # the kernel takes it, we do not
        late.send(request("/late"))
        if not late.is_silent(0.3):
            fail("it was answered: %r" % late.buffer[:60])
        equal(s.info()["CurrConns"], "5", "CurrConns")
        wires.pop().close()
        equal(late.response(timeout=5 * SLOW).status, 200)
        late.close()
        for w in wires:
            w.close()


@case
def max_connections_of_a_listener_holds():
    with Steelyard(pool(GoodOrigin(name="a")),
                   listener={"max_connections": 3}) as s:
        wires = [s.wire() for _ in range(3)]
        for w in wires:
            w.send(request())
            equal(w.response().status, 200)
        late = s.wire()
        late.send(request("/late"))
        quiet = late.is_silent(0.3)
        for w in wires:
            w.close()
        if quiet:                       # it waited
            equal(late.response(timeout=5 * SLOW).status, 200)
        late.close()
        wait_for(lambda: s.get().status == 200, 3, "service")


@rows([("limits clients of a listener at run time",
        "set maxconn frontend web", "5"),
       ("limits clients of all at run time", "set maxconn global", "0")])
def limits_set_at_run_time(command, back):
    """Nobody who is there is sent away, and who waits is let in."""
    with Steelyard(pool(GoodOrigin(name="a")),
                   glob={"max_connections": 5}) as s:
        wires = [s.wire() for _ in range(3)]
        for w in wires:
            w.send(request())
            equal(w.response().status, 200)
        equal(s.ctl(*(command + " 2").split()).returncode, 0)
        equal(s.info()["Maxconn"] if back == "0" else
              s.row("web/FRONTEND")["slim"], "2", "the limit")
        late = s.wire()
        late.send(request("/late"))
        wires[0].close()
        wait_for(lambda: s.info()["CurrConns"] == "2", 5 * SLOW, "two")
        if not late.is_silent(0.3):
            fail("it was answered: %r" % late.buffer[:60])
        for w in wires[1:]:
            w.send(request())
            equal(w.response().status, 200, "one that stands")
        equal(s.stats(command + " " + back).strip(), "")
        equal(late.response(timeout=5 * SLOW).status, 200)
        late.close()
        for w in wires:
            w.close()
        for wrong in ("x", "-1", "1000001"):
            if s.ctl(*(command + " " + wrong).split()).returncode == 0:
                fail("%s is taken" % wrong)


@case
def what_requests_hold_together_is_bounded():
    """A client of HTTP/2 takes nothing of its answers: its windows are closed."""
    with Steelyard(pool(GoodOrigin(name="a")), routes=[
            {"path": "/own", "respond": {"status": 200, "body": "x"}},
            {"pool": "web"}], glob={"max_buffers": "1m"}) as s:
        equal(s.info()["MaxBuffers"], str(1 << 20))
        with H2Wire(s.port, setting(4, 0)) as w:
            for i in range(60):
                w.ask(2 * i + 1, "GET", "/size?n=100000")
            wait_for(lambda: int(s.info()["BuffersUsed"]) >= 1 << 20,
                     10 * SLOW, "as much as allowed to be held",
                     lambda: s.stats("show info"))
            r = s.get("/late")
            equal((r.status, r.get("Retry-After")), (503, "5"))
            line = s.access(target="/late")
            equal((line["termination"], line["reason"]),
                  ("RC", "others hold all of global.max_buffers"))
            equal(int(s.info()["BuffersRefused"]) > 0, True, "counted")
            s.wait_event("memory", lambda e: "max_buffers" in e["message"])
            equal(s.get("/own").status, 200, "what no server is asked for")
        wait_for(lambda: s.get().status == 200, 10 * SLOW, "room again")
        wait_for(lambda: int(s.info()["BuffersUsed"]) < 1 << 20,
                 10 * SLOW, "all to be given back")


@case
def running_out_of_descriptors_is_survived():
    if WRAP:
        skip("valgrind needs descriptors of its own")
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        equal(s.get().status, 200)
        resource.prlimit(s.pid, resource.RLIMIT_NOFILE, (64, 64))
        wires = []
        for _ in range(100):
            try:
                wires.append(Wire(s.port, timeout=1))
            except OSError:
                break
        time.sleep(0.2)
        began, used = time.monotonic(), -cpu(s.pid)
        time.sleep(1)
        used += cpu(s.pid)
        took = time.monotonic() - began
        for w in wires:
            w.close()
        if used > 0.5 * took:
            fail("it spins: %.2f s of processor time in %.2f s" % (used, took))

        def serves():
            try:
                return s.get().status == 200
            except (OSError, Closed):   # it lets go whom it cannot take
                return False
        wait_for(serves, 5 * SLOW, "service after the shortage")
        s.stat()


main()
