"""Names of servers: DNS changes, fails, lies; traffic does not notice."""
import os
import resource
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
    "silent", "nxdomain", "servfail", "garbage", "forged" (a wrong id and
    another address come first).  What is too large for UDP comes by TCP."""

    def __init__(self, zone=None, ttl=0):
        self.zone, self.ttl, self.how = zone or {}, ttl, "answer"
        self.asked = []
        self.port = free_port()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.by_tcp = 0
        for f in self.serve, self.serve_tcp:
            threading.Thread(target=f, daemon=True).start()
        keep(self)

    def close(self):
        self.sock.close()
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()

    def serve_tcp(self):
        while True:
            try:
                conn, _ = self.tcp.accept()
            except OSError:
                return
            try:
                with conn, conn.makefile("rb") as f:
                    conn.settimeout(5)
                    while size := f.read(2):
                        answer = self.answer(f.read(*struct.unpack("!H",
                                                                   size)))
                        self.by_tcp += 1
                        conn.sendall(struct.pack("!H", len(answer)) + answer)
            except OSError:
                pass

    def serve(self):
        while True:
            try:
                packet, peer = self.sock.recvfrom(4096)
                answer = self.answer(packet)
                if answer is None:
                    continue
                if len(answer) > 512:       # cut behind the question: TC
                    answer = answer[:2] + b"\x83\x80\0\1" + bytes(6) \
                        + packet[12:]
                if self.how == "forged":
                    lie = bytearray(answer[:-1] + b"\x63")
                    lie[1] ^= 1
                    self.sock.sendto(lie, peer)
                self.sock.sendto(answer, peer)
            except OSError:
                return

    def record(self, kind, value):
        if kind == A:
            return socket.inet_aton(value)
        if kind == CNAME:
            return encode(value)
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
        alias = self.zone.get((name, CNAME))
        if alias and not code:
            rows = [(a, CNAME, b) for a, b in alias] + [
                (alias[-1][1], kind, x)
                for x in self.zone.get((alias[-1][1], kind), [])]
            return packet[:2] + struct.pack(
                "!HHHHH", 0x8180, 1, len(rows), 0, 0) + question + b"".join(
                encode(owner) + struct.pack("!HHIH", t, 1, self.ttl, len(r))
                + r for owner, t, r in ((o, t, self.record(t, v))
                                        for o, t, v in rows))
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
        e = s.wait_event("resolve", lambda x: x.get("old") == "127.0.0.1"
                         and "error" not in x)
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
    for patience in "1m", "400ms":
        s = proxy(dns, named(one.port), health={"type": "tcp"}, wait=False,
                  more={"timeout": patience})
        s.wait_running()
        if time.monotonic() - begun > 50:
            fail("the start waited")
        if patience == "1m":
            becomes(s, {"a": ("-", UNRESOLVED)})
            equal(s.get().status, 503)
            s.stop()
    with s:
        becomes(s, {"a": ("-", UNRESOLVED)})
        equal(s.get().status, 503)
        e = s.wait_event("resolve", lambda x: "error" in x)
        equal((e["name"], e["level"]), ("api.internal", "warn"))
        equal(one.connections, 0, "connections")
        dns.how = "answer"
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "UP")})
        equal(s.get().status, 200)


def told(s):
    """How often the log says that a lookup failed, and that one works again."""
    lines = s.events("resolve")
    return (len([x for x in lines if "error" in x]),
            len([x for x in lines if "again" in x["message"]]))


@case
def the_last_good_answer_stands_while_dns_fails():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    there = {"a": ("127.0.0.1:%d" % one.port, "no check")}
    with proxy(dns, named(one.port)) as s:
        becomes(s, there)
        for how in "silent", "nxdomain", "servfail", "garbage":
            failed, mended = told(s)
            dns.how = how
            wait_for(lambda: told(s)[0] > failed, 5 * SLOW,
                     how + " in the log")
            equal(addresses(s), there, how)
            equal(s.get().status, 200, how)
            dns.how = "answer"
            wait_for(lambda: told(s)[1] > mended, 5 * SLOW, "its end")
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
def weight_and_limit_hold_at_the_next_address_too():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    with proxy(dns, named(one.port), health={
            "type": "tcp", "interval": "100ms"}) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "UP")})
        s.stats("set server web/a weight 7; set maxconn server web/a 5; "
                "set server web/a state maint")
        dns.zone = host("127.0.0.2")
        becomes(s, {"a": ("127.0.0.2:%d" % one.port, "MAINT")})
        row = s.row("web/a")
        equal((row["weight"], row["slim"]), ("7", "5"), "weight, limit")
        s.stats("set server web/a state ready")
        becomes(s, {"a": ("127.0.0.2:%d" % one.port, "UP")})
        equal(s.get().status, 200)


@case
def addresses_of_both_kinds_are_servers_and_those_of_all_are_none():
    one = GoodOrigin(name="one")
    six = GoodOrigin(name="six", host="::1", port=one.port)
    at = ["127.0.0.1:%d" % one.port, "[::1]:%d" % one.port]
    dns = Dns({("api.internal", A): ["0.0.0.0", "127.0.0.1"],
               ("api.internal", AAAA): ["::", "::1"]})
    with proxy(dns, named(one.port, resolve_all=True),
               balance="round_robin") as s:
        becomes(s, {"a/" + a: (a, "no check") for a in at})
        for _ in range(4):
            equal(s.get().status, 200)
        equal((len(one.requests), len(six.requests)), (2, 2))
        dns.zone = {("api.internal", A): ["0.0.0.0"]}
        s.wait_event("resolve", lambda x: "error" in x)
        equal(s.get().status, 200, "the last good answer")
        dns.zone = {("api.internal", AAAA): ["::1"]}
        becomes(s, {"a/" + at[1]: (at[1], "no check")})


@case
def an_alias_leads_to_its_address():
    one, _ = two_origins()
    dns = Dns({("api.internal", CNAME): [("api.internal", "b.internal"),
                                         ("b.internal", "c.internal")],
               ("c.internal", A): ["127.0.0.1"]})
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        equal(s.get().status, 200)


@case
def a_silent_aaaa_does_not_take_the_a_away():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    whole = dns.answer
    dns.answer = lambda p: None if p[-3] == AAAA else whole(p)
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})


@case
def a_silent_aaaa_does_not_hold_an_a_that_went():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1", "127.0.0.2"))
    whole = dns.answer
    dns.answer = lambda p: None if p[-3] == AAAA else whole(p)
    at = {x: ("127.0.0.%s:%d" % (x, one.port), "no check") for x in "12"}
    with proxy(dns, named(one.port, resolve_all=True)) as s:
        becomes(s, {"a/" + x[0]: x for x in at.values()})
        dns.zone = host("127.0.0.2")
        becomes(s, {"a/" + at["2"][0]: at["2"]})


@case
def an_answer_too_large_for_udp_comes_by_tcp():
    one, _ = two_origins()
    dns = Dns(host(*["127.0.1.%d" % i for i in range(1, 101)]))
    with proxy(dns, named(one.port, resolve_all=True)) as s:
        wait_for(lambda: len(addresses(s)) == 100, 5 * SLOW, "100 servers",
                 lambda: str(addresses(s)))
        if dns.by_tcp == 0:
            fail("nobody asked by TCP")
        # More than there may be, twice, and turned round: a steady 128.
        many = ["127.0.1.%d" % i for i in range(1, 251)]
        dns.zone = host(*(many + many))
        wait_for(lambda: len(addresses(s)) == 128, 5 * SLOW, "128 servers",
                 lambda: str(len(addresses(s))))
        there = addresses(s)
        for turn in 50, 100, 200:
            dns.zone = host(*(many[turn:] + many[:turn]))
            before = len(dns.asked)
            wait_for(lambda: len(dns.asked) > before + 4, 5 * SLOW, "lookups")
            equal(addresses(s), there)
        dns.zone = host("127.0.0.1")
        becomes(s, {"a/127.0.0.1:%d" % one.port:
                    ("127.0.0.1:%d" % one.port, "no check")})
        equal(s.get().status, 200)


@case
def a_lie_with_another_id_is_not_believed():
    one, _ = two_origins()
    dns = Dns(host("127.0.0.1"))
    dns.how = "forged"
    with proxy(dns, named(one.port)) as s:
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        before = len(dns.asked)
        wait_for(lambda: len(dns.asked) > before + 6, 5 * SLOW, "lookups")
        equal([e["new"] for e in s.events("resolve") if "new" in e],
              ["127.0.0.1"])


@case
def names_that_lead_in_circles_lead_nowhere():
    one, _ = two_origins()
    loop = [("api.internal", "b.internal"), ("b.internal", "api.internal")]
    dns = Dns({("api.internal", CNAME): loop})
    with proxy(dns, named(one.port), wait=False) as s:
        s.wait_event("resolve", lambda x: "error" in x)
        becomes(s, {"a": ("-", UNRESOLVED)})
        dns.zone = host("127.0.0.1")
        becomes(s, {"a": ("127.0.0.1:%d" % one.port, "no check")})
        dns.zone = {("api.internal", CNAME): loop}
        s.wait_event("resolve", lambda x: "error" in x
                     and x["old"] == "127.0.0.1")
        equal(s.get().status, 200)


@case
def each_address_that_a_name_may_have_gets_its_descriptors():
    def limit(**more):
        with proxy(dns, named(9, **more), wait=False) as s:
            wait_for(lambda: os.path.exists(s.sock), 5 * SLOW, "the start")
            return resource.prlimit(s.pid, resource.RLIMIT_NOFILE)[0]
    dns = Dns(host("127.0.0.1"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        few, many = limit(), limit(resolve_all=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if many < few + 127:
        fail("%d, and %d with all addresses" % (few, many))


@case
def what_a_service_has_in_reserve_is_a_backup():
    one, two = GoodOrigin(name="one"), GoodOrigin(name="two")
    name = "_http._tcp.api.internal"
    dns = Dns({(name, SRV): [(7, 10, two.port, "x.internal"),
                             (3, 40, one.port, "x.internal")],
               ("x.internal", A): ["127.0.0.1"]})
    with proxy(dns, {"address": name}) as s:
        at = ["127.0.0.1:%d" % o.port for o in (one, two)]
        becomes(s, {name + "/" + a: (a, "no check") for a in at})
        rows = [s.row("web/%s/%s" % (name, a)) for a in at]
        equal([(r["act"], r["bck"]) for r in rows], [("1", "0"), ("0", "1")])
        for _ in range(4):
            equal(s.get().status, 200)
        equal((len(one.requests), len(two.requests)), (4, 0))
        s.stats("set server web/%s/%s state maint" % (name, at[0]))
        equal(s.get().status, 200)
        equal(len(two.requests), 1)
        # Percent are of what DNS gives.
        s.stats("set weight web/%s/%s 50%%" % (name, at[0]))
        equal(s.stats("get weight web/%s/%s" % (name, at[0])).strip(),
              "20 (initial 40)")


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
def a_service_that_is_not_offered_or_unknown_is_told():
    one = GoodOrigin(name="one")
    name = "_http._tcp.api.internal"
    dns = Dns({(name, SRV): [(0, 0, 0, ".")],
               ("x.internal", A): ["127.0.0.1"]})
    with proxy(dns, {"name": "a", "address": name}, wait=False) as s:
        s.wait_event("resolve", lambda x: x.get("error") ==
                     "the service is not offered")
        becomes(s, {"a": ("-", UNRESOLVED)})
        # One that is offered twice serves once, and not in reserve.
        dns.zone[(name, SRV)] = [(2, 9, one.port, "x.internal"),
                                 (1, 5, one.port, "x.internal")]
        at = "127.0.0.1:%d" % one.port
        becomes(s, {"a/" + at: (at, "no check")})
        equal((s.row("web/a/" + at)["weight"], s.row("web/a/" + at)["act"]),
              ("5", "1"))
        dns.how = "nxdomain"
        s.wait_event("resolve", lambda x: "error" in x and x["old"])
        equal(s.get().status, 200, "the last good answer")


@case
def a_service_has_so_many_targets_at_most():
    name = "_http._tcp.api.internal"
    dns = Dns({(name, SRV): [(1, 1, 1000 + i, "x.internal")
                             for i in range(40)],
               ("x.internal", A): ["127.0.0.1"]})
    with proxy(dns, {"name": "a", "address": name}, wait=False) as s:
        s.wait_running()
        wait_for(lambda: len(addresses(s)) == 32, 5 * SLOW, "32 servers",
                 lambda: len(addresses(s)))
        equal(dns.by_tcp > 0, True, "by TCP")


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
