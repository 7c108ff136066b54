"""Names of servers: DNS changes, fails, lies; traffic does not notice."""
import os
import signal
import socket
import struct
import threading
import time

from harness import (SLOW, Steelyard, case, equal, fail, free_port, keep, main,
                     pool, wait_for)
from origins import GoodOrigin

A, CNAME, AAAA, SRV = 1, 5, 28, 33
UNRESOLVED = "MAINT (resolution)"


def encode(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")
                    if x) + b"\0"


class Dns:
    """A name server for a test.  zone: {("api.internal", A): ["127.0.0.1"]};
    an SRV record is (priority, weight, port, target).  how: "answer",
    "silent", "nxdomain", "servfail", "garbage"."""

    def __init__(self, zone=None, ttl=0):
        self.zone, self.ttl, self.how = zone or {}, ttl, "answer"
        self.asked = []
        self.port = free_port()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, daemon=True).start()
        keep(self)

    def close(self):
        self.sock.close()

    def serve(self):
        while True:
            try:
                packet, peer = self.sock.recvfrom(4096)
                answer = self.answer(packet)
                if answer is not None:
                    self.sock.sendto(answer, peer)
            except OSError:
                return

    def record(self, kind, value):
        if kind == A:
            return socket.inet_aton(value)
        if kind == AAAA:
            return socket.inet_pton(socket.AF_INET6, value)
        priority, weight, port, target = value
        return struct.pack("!HHH", priority, weight, port) + encode(target)

    def answer(self, packet):
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        kind = struct.unpack("!H", packet[at + 1:at + 3])[0]
        question = packet[12:at + 5]
        name = ".".join(labels)
        self.asked.append((name, kind))
        if self.how == "silent":
            return None
        if self.how == "garbage":
            return packet[:2] + b"\x81\x80" + os.urandom(60)
        code = {"nxdomain": 3, "servfail": 2}.get(self.how, 0)
        values = [] if code else self.zone.get((name, kind), [])
        if not code and not any(n == name for n, _ in self.zone):
            code = 3
        body = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(r)) + r
            for r in (self.record(kind, v) for v in values))
        return packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1,
                                        len(values), 0, 0) + question + body


def resolve(dns, **more):
    return {"resolve": dict({"min": "100ms", "timeout": "400ms",
                             "servers": ["127.0.0.1:%d" % dns.port]}, **more)}


def named(port, name="api.internal", **more):
    return dict({"name": "a", "address": "%s:%d" % (name, port)}, **more)


def proxy(dns, *servers, wait=True, more=None, **pool_more):
    return Steelyard(pool(*servers, **pool_more),
                     glob=resolve(dns, **(more or {})), wait=wait)


def addresses(s):
    return {r["svname"]: (r["addr"], r["status"]) for r in s.stat()
            if r["svname"] not in ("BACKEND", "FRONTEND")}


def becomes(s, wanted, timeout=5):
    wait_for(lambda: addresses(s) == wanted, timeout * SLOW,
             "servers %s" % wanted, lambda: "%s; log: %s" % (
                 addresses(s), s.events("resolve")[-4:]))


def two_origins():
    one = GoodOrigin(name="one")
    return one, GoodOrigin(name="two", host="127.0.0.2", port=one.port)


def host(*values):
    return {("api.internal", A): list(values)}


@case
def a_server_follows_its_name():
    one, two = two_origins()
    dns = Dns(host("127.0.0.1"))
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        equal(s.get().status, 200)
        dns.zone = host("127.0.0.2")
        becomes(s, {"a": ("127.0.0.2:%d" % one.port, "no check")})
        equal(s.get().status, 200)
        equal((len(one.requests), len(two.requests)), (1, 1))
        e = s.wait_event("resolve", lambda x: x.get("old") == "127.0.0.1")
        equal((e["name"], e["new"], e["ttl"]), ("api.internal", "127.0.0.2",
                                                0))


@case
def answers_that_are_turned_round_change_nothing():
    one, two = two_origins()
    dns = Dns(host("127.0.0.1", "127.0.0.2"))
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        s.get()
        dns.zone = host("127.0.0.2", "127.0.0.1")
        before = len(dns.asked)
        wait_for(lambda: len(dns.asked) > before + 6, 5 * SLOW, "lookups")
        equal(addresses(s), {"a": ("127.0.0.1:%d" % one.port, "no check")})
        equal(s.row("web/a")["stot"], "1", "its counters")


@case
def traffic_does_not_notice_a_change():
    one, two = two_origins()
    dns = Dns(host("127.0.0.1"))
    with proxy(dns, named(one.port, resolve_all=True)) as s:
        at = "127.0.0.%%d:%d" % one.port
        a1, a2 = at % 1, at % 2
        becomes(s, {"a/" + a1: (a1, "no check")})
        bad, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    status = s.get("/slow?ms=5").status
                    if status not in (200, 404):
                        bad.append(status)
                except Exception as e:
                    bad.append(repr(e))
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for t in threads:
            t.start()
        try:
            for zone in (["127.0.0.1", "127.0.0.2"], ["127.0.0.2"],
                         ["127.0.0.2", "127.0.0.1"], ["127.0.0.1"]) * 2:
                dns.zone = host(*zone)
                becomes(s, {"a/%s:%d" % (x, one.port):
                            ("%s:%d" % (x, one.port), "no check")
                            for x in zone})
        finally:
            stop.set()
            for t in threads:
                t.join()
        equal(bad, [], "failed requests")
        if not one.requests or not two.requests:
            fail("somebody had no request")


@case
def a_dead_dns_does_not_stop_the_start():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    dns.how = "silent"
    begun = time.monotonic()
    with proxy(dns, named(one.port), health={"type": "tcp"},
               wait=False) as s:
        wait_for(lambda: os.path.exists(s.sock), 5 * SLOW, "the start")
        if time.monotonic() - begun > 3 * SLOW:
            fail("the start waited")
        becomes(s, {"a": ("-", UNRESOLVED)})
        equal(s.get().status, 503)
        e = s.wait_event("resolve", lambda x: "error" in x)
        equal((e["name"], e["level"]), ("api.internal", "warn"))
        equal(one.connections, 0, "connections")
        dns.how = "answer"
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "UP")})
        equal(s.get().status, 200)


@case
def the_last_good_answer_stands_while_dns_fails():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    there = {"a": ("127.0.0.1:%d" % one.port, "no check")}
    with proxy(dns, named(one.port)) as s:
        becomes(s, there)
        for how in "silent", "nxdomain", "servfail", "garbage":
            seen = len([x for x in s.events("resolve") if "error" in x])
            dns.how = how
            wait_for(lambda: len([x for x in s.events("resolve") if "error"
                                  in x]) > seen, 5 * SLOW, how + " in the log")
            equal(addresses(s), there, how)
            equal(s.get().status, 200, how)
            dns.how = "answer"
            s.wait_event("resolve", lambda x: "again" in x["message"])
        dns.how = "silent"
        equal(s.reload()["level"], "info", "a reload")
        equal(addresses(s), there, "after a reload")
        equal(s.get().status, 200)


@case
def a_reload_may_bring_a_name_that_does_not_resolve():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        s.conf["pools"][0]["servers"].append(
            {"name": "b", "address": "nowhere.internal:80"})
        equal(s.reload()["level"], "info")
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check"),
                    "b": ("-", UNRESOLVED)})
        for _ in range(4):
            equal(s.get().status, 200)
        if not (int(s.stats("show servers state").split("b - ")[1].split()[1])
                & 32):
            fail("show servers state does not tell")


@case
def a_reload_asks_at_once():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"), ttl=300)
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        dns.zone = host("127.0.0.2")
        s.reload()
        becomes(s, {"a": ("127.0.0.2:%d" % one.port, "no check")})


@case
def max_bounds_a_long_ttl():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"), ttl=100000)
    with proxy(dns, named(one.port), more={"max": "200ms"}) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        dns.zone = host("127.0.0.2")
        becomes(s, {"a": ("127.0.0.2:%d" % one.port, "no check")})


@case
def what_the_operator_set_holds_at_the_next_address():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        s.stats("set server web/a state maint")
        dns.zone = host("127.0.0.2")
        becomes(s, {"a": ("127.0.0.2:%d" % one.port, "MAINT")})


@case
def a_silent_aaaa_does_not_take_the_a_away():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    whole = dns.answer
    dns.answer = lambda p: None if p[-3] == AAAA else whole(p)
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})


@case
def a_service_gives_ports_and_weights():
    one, two = GoodOrigin(name="one"), GoodOrigin(name="two")
    name = "_http._tcp.api.internal"
    dns = Dns({(name, SRV): [(1, 10, one.port, "x.internal"),
                             (1, 30, two.port, "x.internal"),
                             (2, 5, 9, "spare.internal")],
               ("x.internal", A): ["127.0.0.1"]})
    with proxy(dns, {"address": name}, balance="round_robin") as s:
        at = ["127.0.0.1:%d" % o.port for o in (one, two)]
        becomes(s, {name + "/" + a: (a, "no check") for a in at})
        equal([s.row("web/%s/%s" % (name, a))["weight"] for a in at],
              ["10", "30"])
        for _ in range(8):
            equal(s.get().status, 200)
        equal((len(one.requests), len(two.requests)), (2, 6))
        dns.zone[(name, SRV)] = [(1, 7, two.port, "x.internal")]
        becomes(s, {name + "/" + at[1]: (at[1], "no check")})
        equal(s.row("web/%s/%s" % (name, at[1]))["weight"], "7")
        equal(s.row("web/%s/%s" % (name, at[1]))["stot"], "6", "its counters")


@case
def a_stop_while_names_are_looked_up_is_clean():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    dns.how = "silent"
    with proxy(dns, named(one.port), wait=False,
               more={"timeout": "5s"}) as s:
        wait_for(lambda: os.path.exists(s.sock) and dns.asked, 5 * SLOW,
                 "a question")
        s.stop(signal.SIGTERM)


if __name__ == "__main__":
    main()
