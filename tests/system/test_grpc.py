"""gRPC: calls through the proxy are as without it, and its own ends are said
in the words of gRPC."""
import json
import os
import subprocess
import sys
import time

from certs import Authority
from h2wire import (DATA, END_HEADERS, END_STREAM, HEADERS, H2Wire, RST, block,
                    frame)
from harness import (ROOT, SLOW, Steelyard, at, case, equal, fail, free_port,
                     keep, main, once, options, pool, rows, run, skip, start,
                     wait_for)
from origins import GoodOrigin, Origin, full_backlog

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "grpc_peer.py")
ECHO = "/test.Echo/"
CANCEL = b"\0\0\0\x08"
HEALTH = {"type": "grpc", "interval": "100ms", "timeout": "10s",
          "panic_threshold": 0}
SOON = {"timeout": "400ms"}


@once
def python():
    """One that knows gRPC: Debian's does with python3-grpcio."""
    for p in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(p) and run([p, "-c", "import grpc"]).returncode == 0:
            return p
    skip("python3-grpcio is not installed")


class Service:
    def __init__(self, name="a", *more):
        self.name, self.port = name, free_port()
        self.child = start([python(), PEER, "serve", str(self.port), name,
                            *more], stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            fail("the service of gRPC did not start")

    def kill(self):
        self.child.kill()
        self.child.wait(10)


def peer(what, port, *more):
    """Runs the client; gives what it printed, parsed."""
    got = run([python(), PEER, what, at(port), *map(str, more)], timeout=80)
    if got.returncode != 0:
        fail("%s: %s" % (what, got.stderr[-600:]))
    return [json.loads(x) for x in got.stdout.splitlines()]


def call(s, method, body="", seconds=20):
    return peer("call", s.port, method, body, seconds)[-1]


def h2(*services, **more):
    return pool(*services, protocol="h2", **more)


@once
def service():
    return Service()


@once
def proxy():
    return Steelyard(h2(service(), health=HEALTH))


@once
def authority():
    return Authority()


@once
def cert():
    return authority().issue("localhost")


@once
def without():
    return peer("calls", service().port)


def shown(told):
    """Who is first to say that a deadline is over, and how, is not fixed."""
    if isinstance(told[1], dict) and told[1]["code"] == "DEADLINE_EXCEEDED":
        return [told[0], dict(told[1], details=None)]
    return told


def same(with_proxy):
    for a, b in zip(without(), with_proxy):
        equal(shown(b), shown(a), "the call %s" % a[0])
    equal(len(with_proxy), len(without()))


# --- as without the proxy ----------------------------------------------

@case
def calls_of_all_kinds_are_as_without_the_proxy():
    same(peer("calls", proxy().port))


@case
def they_are_over_tls_on_both_sides():
    behind = Service("tls", "tls", cert().key, cert().cert)
    with Steelyard(h2(behind, tls={"ca": authority().ca, "sni": "localhost"},
                      health=HEALTH),
                   listener={"tls": {"certificates": [cert().row()]}}) as s:
        same(peer("calls", s.port, authority().ca))
        log = s.access(target="/test.Echo/Bidi", count=3)[0]
        equal((log["version"], log["server_version"], log["status"],
               log["grpc_status"]), ("HTTP/2.0", "HTTP/2.0", 200, 0))
        equal(s.row("web/tls")["check_status"].lstrip("* "), "L7OK")


@case
def the_log_has_the_status_of_calls():
    s = proxy()
    for code in (5, 16):
        equal(call(s, "Fail", "%d no" % code)["details"], "no")
        log = s.access(target="/test.Echo/Fail", grpc_status=code)
        equal((log["status"], log["termination"]), (200, "--"))


@case
def a_client_that_cancels_is_logged_and_the_server_is_told():
    s = proxy()
    equal(peer("cancel", s.port, 3), [["0", "1", "2"], "CANCELLED",
                                      "the server noticed"])
    s.access(target="/test.Echo/Drip", termination="CD", status=200)
    wait_for(lambda: s.info()["Exchanges"] == "0", 5 * SLOW,
             "no exchange to be left")


# --- one connection, many servers --------------------------------------

@case
def round_robin_spreads_the_calls_of_one_connection():
    with Steelyard(h2(*(Service(x) for x in "abc"),
                      balance="round_robin")) as s:
        got = peer("spread", s.port, 300, 16)[0]
        equal(got, {"a": 100, "b": 100, "c": 100})
        for name in "abc":
            equal(s.row("web/" + name)["stot"], "100")
        equal(s.row("web/FRONTEND")["conn_tot"] <= "2", True,
              "connections of the client")


@case
def least_conn_spreads_the_calls_of_one_connection():
    """Calls that last are as many at each server."""
    with Steelyard(h2(*(Service(x) for x in "abc"),
                      balance="least_conn")) as s, H2Wire(s.port) as w:
        for n in range(1, 7):
            begin(w, ECHO + "Silent", stream=2 * n - 1)
            wait_for(lambda: s.row("web/BACKEND")["scur"] == str(n), 5,
                     "call %d" % n)
            now = [int(s.row("web/" + name)["scur"]) for name in "abc"]
            if max(now) - min(now) > 1:
                fail("%s calls at a time" % now)


# --- deadlines -----------------------------------------------------------

def begin(w, path, *more, stream=1):
    w.send(frame(HEADERS, END_HEADERS, stream, block(
        (":method", "POST"), (":scheme", "http"), (":authority", "a"),
        (":path", path), ("te", "trailers"),
        ("content-type", "application/grpc"), *more)))


def ask(w, path, body, *more, stream=1):
    begin(w, path, *more, stream=stream)
    w.send(frame(DATA, END_STREAM, stream, b"\0\0\0\0"
                 + bytes([len(body)]) + body))


def next_head(w, stream=1):
    """flags and payload of the next HEADERS."""
    while True:
        kind, flags, of, payload = w.frame()
        if kind == HEADERS and of == stream:
            return flags, payload


@case
def a_client_that_forgets_its_deadline_is_told():
    origin = GoodOrigin(name="a")       # knows nothing of deadlines
    with Steelyard(pool(origin)) as s, H2Wire(s.port) as w:
        began = time.monotonic()
        ask(w, "/held", b"x", ("grpc-timeout", "300m"))
        flags, _ = next_head(w)
        took = time.monotonic() - began
        equal(flags & END_STREAM, END_STREAM, "a head that says all")
        if took < 0.29:
            fail("it took %.3f s" % took)
        log = s.access(status=504)
        equal((log["termination"], log["grpc_status"], "deadline" in
               log["reason"]), ("sH", 4, True))
        info = s.info()
        equal((info["GrpcCalls"], info["GrpcDeadlines"]), ("1", "1"))
        equal(s.row("web/a")["used_conn_cur"], "0", "connections in use")


@case
def a_stream_ends_by_its_deadline_with_trailers():
    def drips(wire, _):
        wire.origin.read(wire)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n"
                  b"6\r\n\0\0\0\0\1a\r\n")
        wire.read_eof(20 * SLOW)
    with Steelyard(pool(Origin(drips, name="a"))) as s:
        with H2Wire(s.port) as w:
            # the head comes long before
            ask(w, "/a.B/C", b"x", ("grpc-timeout", "3S"))
            flags, _ = next_head(w)
            equal(flags & END_STREAM, 0)
            flags, _ = next_head(w)
            equal(flags & END_STREAM, END_STREAM)
        log = s.access(target="/a.B/C", grpc_status=4)
        equal((log["status"], log["termination"]), (200, "sD"))


@case
def a_server_is_told_that_a_deadline_was_over():
    s = proxy()
    before = int(call(s, "Cancelled")["got"][0])
    with H2Wire(s.port) as w:
        ask(w, ECHO + "Slow", b"9", ("grpc-timeout", "300m"))
        next_head(w)                    # the server's answer, or ours
    wait_for(lambda: int(call(s, "Cancelled")["got"][0]) > before,
             5 * SLOW, "the server to be told")


@case
def the_server_is_told_what_is_left_of_the_deadline():
    origin = service()
    row = {"name": "a", "address": at(origin.port), "max_connections": 1}
    with Steelyard(h2(row)) as s, H2Wire(s.port) as w:
        ask(w, ECHO + "Slow", b"99")
        wait_for(lambda: s.row("web/a")["scur"] == "1", 5 * SLOW,
                 "the first call to be there")
        child = start([python(), PEER, "call", at(s.port), "Left", "", "90"],
                      stdout=subprocess.PIPE, text=True)
        wait_for(lambda: s.row("web/BACKEND")["qcur"] == "1", 10 * SLOW,
                 "the second to wait")
        time.sleep(0.4)                 # of its deadline
        w.send(frame(RST, 0, 1, CANCEL))
        left = float(json.loads(child.stdout.readline())["got"][0])
        waited = s.access(target="/test.Echo/Left")["times"]["queue"] / 1000
        if waited < 0.39 or left > 90 - waited + 0.05:
            fail("%.3f s are left after %.3f s" % (left, waited))


@case
def grpc_timeout_false_leaves_it_to_the_others():
    with Steelyard(h2(service(), grpc_timeout=False)) as s:
        with H2Wire(s.port) as w:
            ask(w, ECHO + "Left", b"", ("grpc-timeout", "7S"))
            w.until(HEADERS, 1)
            left = float(w.until(DATA, 1)[5:])
            if not 0 < left <= 7:
                fail("%.3f s are left" % left)
        equal(s.info()["GrpcDeadlines"], "0")


@case
def many_deadlines_and_cancelled_calls_leave_nothing():
    with Steelyard(h2(service()),
                   listener={"limits": {"resets": 100000}}) as s:
        codes = peer("storm", s.port, 2)[0]
        # A client may break off a stream that it has not opened yet, which
        # ends its connection: so a few calls are lost.
        given_up = {"CANCELLED", "DEADLINE_EXCEEDED"}
        if not given_up <= set(codes) <= given_up | {"UNAVAILABLE"}:
            fail("what became of the calls: %s" % codes)
        wait_for(lambda: s.info()["Exchanges"] == "0", 10 * SLOW,
                 "no exchange to be left")
        equal(call(s, "Unary", "still")["got"], ["still"])
        print("# calls that were given up: %s" % codes)


# --- answers of our own ----------------------------------------------------

@case
def answers_of_our_own_are_in_the_words_of_grpc():
    refused = {"name": "gone", "address": at(free_port())}
    hangs = {"name": "hangs", "address": at(full_backlog())}
    full = {"name": "full", "address": at(service().port),
            "max_connections": 1}
    pools = (h2(refused, name="refused", retries=0),
             h2(hangs, name="hangs", retries=0,
                timeouts={"connect": "200ms"}),
             h2(full, name="full", max_queue=0),
             h2(service(), name="slow", timeouts={"response": "300ms"}))
    routes = [{"path": "/test.Echo/Unary", "pool": "refused"},
              {"path": "/test.Echo/Who", "pool": "hangs"},
              {"path": "/test.Echo/Slow", "pool": "full"},
              {"path": "/test.Echo/Digest", "pool": "full"},
              {"path": "/test.Echo/Silent", "pool": "slow"},
              {"path": "/test.Echo/Raise", "respond": {
                  "status": 403, "body": "<b>no</b>"}}]
    with Steelyard(*pools, routes=routes) as s:
        def is_told(method, code, status, termination, **more):
            got = call(s, method, **more)
            equal((got["code"], got["got"]), (code, []), got["details"])
            s.access(target="/test.Echo/" + method, status=status,
                     termination=termination)
            return got["details"]
        equal(is_told("Unary", "UNAVAILABLE", 503, "SC"),
              "No server is available.")
        is_told("Who", "UNAVAILABLE", 503, "sC")
        equal(is_told("Nothing", "UNIMPLEMENTED", 404, "LR"),
              "Nothing is served here.")
        is_told("Raise", "PERMISSION_DENIED", 403, "LR")
        with H2Wire(s.port) as w:
            ask(w, ECHO + "Slow", b"99")
            wait_for(lambda: s.row("full/full")["scur"] == "1", 5 * SLOW,
                     "the call to be there")
            is_told("Digest", "RESOURCE_EXHAUSTED", 503, "sQ")


@case
def a_stream_that_is_silent_for_too_long_ends():
    with Steelyard(h2(service(), timeouts={"response": "300ms",
                                           "request": "100ms"})) as s:
        with H2Wire(s.port) as w:
            begin(w, ECHO + "Bidi")
            flags, _ = next_head(w)
            equal(flags & END_STREAM, END_STREAM)
        s.access(status=504, termination="sH", grpc_status=4)


@case
def a_server_that_dies_in_the_middle_is_unavailable():
    behind = Service("dies")
    with Steelyard(h2(behind)) as s:
        child = start([python(), PEER, "call", at(s.port), "Drip", "1000"],
                      stdout=subprocess.PIPE, text=True)
        equal(child.stdout.readline(), '"begun"\n')
        behind.kill()
        got = json.loads(child.stdout.readline())
        equal((got["code"], got["details"]), ("UNAVAILABLE",
              "The server broke off in the middle of the call."))
        s.access(termination="SD", status=200, grpc_status=14)


@case
def others_get_answers_of_http():
    with Steelyard(h2({"name": "gone", "address": at(free_port())})) as s:
        for kind in ("application/grpc-web", "application/json"):
            got = s.get("/a.B/C", [("Content-Type", kind)], method="POST",
                        body=b"x")
            equal((got.status, got.get("Content-Type")),
                  (503, "text/plain"))


# --- probes ----------------------------------------------------------------

def checked(origin, result, text, **more):
    health = dict(HEALTH, **more)
    status = "UP" if result == "L7OK" else "DOWN"
    with Steelyard(h2(origin, health=health),
                   wanted={"web/" + origin.name: status}) as s:
        row = s.row("web/" + origin.name)
        equal(row["check_status"].lstrip("* "), result)
        if text not in row["last_chk"]:
            fail("it says %r" % row["last_chk"])


@rows([
    ("a probe passes when the server serves", "L7OK", "SERVING in", {}),
    ("a probe asks for a service", "L7OK", "SERVING", {"service": "up"}),
    ("a probe fails when a service does not serve", "L7STS",
     "NOT_SERVING, expected SERVING", {"service": "down"}),
    ("a probe fails when a service is not known", "L7STS",
     'NOT_FOUND: the service "x" is not known', {"service": "x"}),
    ("a probe fails when the state is left out", "L7STS",
     "UNKNOWN, expected SERVING", {"service": "empty"}),
    ("a probe fails when the message is malformed", "L7RSP", "malformed",
     {"service": "odd"}),
    ("a probe fails when the answer takes too long", "L7TOUT",
     "no complete answer within 400 ms", dict(SOON, service="hangs")),
])
def probes(result, text, more):
    checked(service(), result, text, **more)


@case
def a_probe_fails_without_a_health_service():
    checked(Service("bare", "nohealth"), "L7STS", "UNIMPLEMENTED: there is "
            "no health service")


@case
def a_probe_fails_where_no_http2_is_spoken():
    def old(wire, _):
        wire.recv(9)
        wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
                  b"Connection: close\r\n\r\n")
    checked(Origin(old, name="old"), "L7RSP", "")


@case
def a_probe_fails_where_nobody_answers():
    mute = Origin(lambda wire, _: wire.read_eof(20 * SLOW), name="mute")
    checked(mute, "L7TOUT", "no complete answer within 400 ms", **SOON)


@case
def a_server_that_stops_and_comes_back_is_noticed():
    a, b = Service("a"), service()
    row = dict(address=at(b.port), name="b")
    with Steelyard(h2(a, row, health=HEALTH)) as s:
        a.kill()
        s.wait_servers({"web/a": "DOWN"})
        for _ in range(3):
            equal(call(s, "Who")["got"], ["a"])     # the name of b
        keep(start([python(), PEER, "serve", str(a.port), "again"],
                   stdout=subprocess.DEVNULL))
        s.wait_servers({"web/a": "UP"}, timeout=20)


# --- the example -------------------------------------------------------------

@case
def the_example_is_valid():
    got = run([options.bin, "-t", "-f", os.path.join(ROOT, "conf/grpc.conf")])
    equal((got.returncode, got.stderr), (0, ""))


main()
