"""HTTP/2 to servers: few connections, ALPN, probes, and servers that end, break
off or fall silent while requests share a connection."""
import json
import re
import signal
import shutil
import time

from certs import authority, cert
from h2wire import H2Wire
from h2_servers import H2Origin, Nghttpd, old_speaker
from harness import (SLOW, Steelyard, case, equal, fail, main, pool, request,
                     rows, run, skip, start, wait_for)
from origins import GoodOrigin, Origin
from tls_origins import TlsOrigin

CLEAR = {"protocol": "h2"}


def secure(*servers, protocol, **more):
    return pool(*servers, protocol=protocol,
                tls={"ca": authority().ca, "sni": "a.test"}, **more)


def conns(s, server="a"):
    """What show servers conn says of it."""
    for row in json.loads(s.ctl("-j", "show", "servers", "conn").stdout):
        if row["srv_name"] == server:
            return row
    fail("no server " + server)


def h2load(s, *args, path="/small", http=()):
    """(requests, 2xx, failed, errored)"""
    if not shutil.which("h2load"):
        skip("h2load is not installed")
    got = run(["h2load", *http, *args, "http://127.0.0.1:%d%s" % (
        s.port, path)], timeout=120)
    done = re.search(r"requests: (\d+) total, .* (\d+) failed, (\d+) errored",
                     got.stdout)
    codes = re.search(r"status codes: (\d+) 2xx", got.stdout)
    if not done or not codes:
        fail("h2load said: " + got.stdout[-400:] + got.stderr[-400:])
    return int(done[1]), int(codes[1]), int(done[2]), int(done[3])


# --- few connections

@case
def many_clients_share_few_connections():
    servers = [Nghttpd(name, streams=1000) for name in "abc"]
    with Steelyard(pool(*servers, **CLEAR, max_streams=1000,
                        balance="round_robin")) as s:
        equal(h2load(s, "-n", "6000", "-c", "30", "-m", "50"),
              (6000, 6000, 0, 0))
        rows_ = [s.row("web/" + name) for name in "abc"]
        made = sum(int(r["connect"]) for r in rows_)
        shares = [int(r["lbtot"]) for r in rows_]
        print("# %d connections, %s requests a server" % (made, shares))
        equal(made <= 12, True, "%d connections to servers" % made)
        # in turn whatever its speed: each request is balanced, not each
        # connection
        equal(shares, [2000, 2000, 2000])
        for r in rows_:
            equal(r["proto"], "h2")
            equal(int(r["connect"]) + int(r["reuse"]), int(r["req_tot"]))
            equal(r["used_conn_cur"], "0")
        wait_for(lambda: conns(s)["idle"] == int(rows_[0]["connect"]), 2)
        said = s.ctl("explain", "web", "key").stdout
        equal(said.count("UP") + said.count("no check") >= 3, True, said)


@case
def a_limit_of_streams_makes_more_connections():
    """Forty requests at a time."""
    with Steelyard(pool(H2Origin(), **CLEAR, max_streams=5)) as s, \
            H2Wire(s.port) as w:
        for n in range(40):
            w.ask(2 * n + 1, "GET", "/slow?ms=900000")
        wait_for(lambda: s.row("web/a")["scur"] == "40", 5 * SLOW, "forty")
        wait_for(lambda: int(s.row("web/a")["connect"]) >= 8, 5 * SLOW,
                 "eight connections", lambda: s.row("web/a")["connect"])
        equal(int(s.row("web/a")["connect"]) <= 16, True,
              s.row("web/a")["connect"])


@case
def the_limit_of_the_server_is_heeded():
    with Steelyard(pool(Nghttpd(streams=4), **CLEAR)) as s:
        equal(h2load(s, "-n", "2000", "-c", "2", "-m", "20"),
              (2000, 2000, 0, 0))


# --- what is agreed on

@rows([("h2 by ALPN", "h2"), ("auto takes it", "auto")])
def alpn(protocol):
    origin = H2Origin(cert=cert("a.test"))
    with Steelyard(secure(origin, protocol=protocol)) as s:
        for _ in range(3):
            equal(s.get("/echo").status, 200)
        for line in s.access(count=3):
            equal((line["server_version"], line["server_tls"]["version"]),
                  ("HTTP/2.0", "TLSv1.3"))
        row = s.row("web/a")
        equal((row["proto"], row["connect"], row["reuse"]), ("h2", "1", "2"))


@case
def auto_takes_the_old_one_where_there_is_no_other():
    origin = TlsOrigin(cert("a.test"), name="a")
    with Steelyard(secure(origin, protocol="auto")) as s:
        equal(h2load(s, "-n", "50", "-c", "1", "-m", "10", path="/echo"),
              (50, 50, 0, 0))
        equal({x["server_version"] for x in s.access(count=50)},
              {"HTTP/1.1"})
        equal(s.row("web/a")["proto"], "h1")
        equal(origin.shaken[0]["alpn"], "http/1.1")


@rows([("a server that chooses another protocol is refused", ("http/1.1",)),
       ("a server that chooses none is refused", None)])
def not_agreed(alpn):
    origin = TlsOrigin(cert("a.test"), name="a", alpn=alpn)
    with Steelyard(secure(origin, protocol="h2", retries=0)) as s:
        with s.wire() as w:
            w.send(request())
            equal(w.response().status, 502)
            line = s.access(w)
        equal((line["termination"], line["server_version"]), ("SC", None))
        said = s.stats("show errors")
        for text in (line["reason"], said):
            if "protocol" not in text:
                fail("no reason in %r" % text)


@case
def a_server_of_the_old_protocol_is_told_from_one():
    """By prior knowledge: its answer is no HTTP/2."""
    origin = Origin(old_speaker(), name="a")
    with Steelyard(pool(origin, **CLEAR, retries=0)) as s:
        equal(s.get().status, 502)
        line = s.access(count=1)[0]
        print("# %(status)s %(termination)s %(reason)s" % line)
        equal(origin.connections, 1)
        told = s.wait_event("server")
        said = s.stats("show errors")
        for text in (line["reason"], told["reason"], said):
            if "HTTP/1.1" not in text or 'protocol = "h1"' not in text:
                fail("no cure in %r" % text)
        if "connection ended by a fault" not in said:
            fail("show errors says %r" % said)
        s.get()
        s.access(count=1)
        equal(len(s.events("server")), 1)


@case
def a_probe_tells_a_server_of_the_old_protocol():
    health = {"type": "http", "interval": "100ms", "fall": 1}
    origin = Origin(old_speaker(), name="a")
    with Steelyard(pool(origin, **CLEAR, health=health),
                   wanted={"web/a": "DOWN"}) as s:
        told = s.wait_event("health")
        if 'protocol = "h1"' not in told["reason"]:
            fail("no cure in %r" % told)


@case
def sessions_are_resumed():
    origin = H2Origin(cert=cert("a.test"), goaway=1)
    with Steelyard(secure(origin, protocol="h2")) as s:
        for _ in range(3):
            equal(s.get("/echo").status, 200)
        got = [x["server_tls"]["resumed"] for x in s.access(count=3)]
        equal(got[0], False)
        equal(got[1:], [True, True])


@case
def a_certificate_is_held_against_the_name():
    origin = H2Origin(cert=cert("b.test"))
    with Steelyard(secure(origin, protocol="h2", retries=0)) as s:
        equal(s.get().status, 502)
        equal("TLS" in s.access(count=1)[0]["reason"], True)


# --- probes

HTTP = {"type": "http", "path": "/echo", "interval": "100ms"}


@case
def a_probe_speaks_what_requests_speak():
    with Steelyard(pool(H2Origin(), **CLEAR, health=HTTP)) as s:
        equal(s.row("web/a")["check_status"].strip("* "), "L7OK")
        equal(s.get("/echo").status, 200)


@case
def a_probe_goes_over_tls():
    origin = H2Origin(cert=cert("a.test"))
    with Steelyard(secure(origin, protocol="h2", health=dict(
            HTTP, body='"scheme": "https"'))) as s:
        equal(s.row("web/a")["check_status"].strip("* "), "L7OK")


@rows([("a probe fails where the protocol is another", "http", "L7"),
       ("a probe of TLS sees that the protocol is another", "tls", "L6RSP")])
def probe_fails(kind, result):
    origin = TlsOrigin(cert("a.test"), name="a") if kind == "tls" else \
        Origin(old_speaker(), name="a")
    health = dict(HTTP, type=kind) if kind == "http" else \
        {"type": kind, "interval": "100ms"}
    conf = secure(origin, protocol="h2", health=health) if kind == "tls" \
        else pool(origin, **CLEAR, health=health)
    with Steelyard(conf, wanted={"web/a": "DOWN"}) as s:
        got = s.row("web/a")["check_status"].strip("* ")
        equal(got.startswith(result), True, got)


# --- servers that end, break off, fall silent

@case
def no_request_is_lost_by_goaway():
    origin = H2Origin(goaway=10)
    with Steelyard(pool(origin, **CLEAR)) as s:
        equal(h2load(s, "-n", "1000", "-c", "4", "-m", "10", path="/echo"),
              (1000, 1000, 0, 0))
        row = s.row("web/a")
        print("# %s connections, %s retries" % (row["connect"], row["wretr"]))
        equal(int(row["connect"]) >= 100, True)


@case
def only_its_own_requests_go_with_a_connection_that_dies():
    origin = H2Origin(die=100)
    with Steelyard(pool(origin, **CLEAR, max_streams=10,
                        retry_budget=100)) as s:
        n, good, failed, errored = h2load(s, "-n", "1000", "-c", "4", "-m",
                                          "10", path="/echo")
        print("# %d of %d served" % (good, n))
        equal((failed + errored, good >= 980), (0, True)
              if good == n else (n - good, True))
        equal(s.get("/echo").status, 200)


@case
def a_stream_that_is_reset_leaves_the_others_alone():
    origin = H2Origin(reset=50)
    with Steelyard(pool(origin, **CLEAR, retry_budget=100)) as s:
        n, good, _, _ = h2load(s, "-n", "1000", "-c", "4", "-m", "10",
                               path="/echo")
        print("# %d of %d served" % (good, n))
        equal(good >= 990, True)
        equal(int(s.row("web/a")["connect"]) <= 40, True)


@case
def a_silent_connection_is_closed_before_a_request_is_lost():
    origin = Nghttpd()
    with Steelyard(pool(origin, **CLEAR, reuse={"ping": "100ms"},
                        timeouts={"connect": "2s"})) as s:
        equal(s.get("/small").status, 200)
        time.sleep(2.5)                 # it answers, so it is kept
        equal((conns(s)["idle"], conns(s)["silent"]), (1, 0))
        origin.child.send_signal(signal.SIGSTOP)
        try:
            wait_for(lambda: conns(s)["silent"] == 1, 5 * SLOW,
                     "an idle connection to be given up")
            equal(conns(s)["idle"], 0)
        finally:
            origin.child.send_signal(signal.SIGCONT)
        equal(s.get("/small").status, 200)
        equal({x["status"] for x in s.access(count=2)}, {200})


@case
def reloads_lose_nothing():
    # a client's connection does not end by its number of requests
    with Steelyard(pool(Nghttpd(), **CLEAR),
                   listener={"limits": {"requests": 10 ** 8}}) as s:
        load = start(["h2load", "-D", "2", "-c", "8", "-m", "10",
                      "http://127.0.0.1:%d/small" % s.port],
                     stdout=-1, text=True)
        times = 0
        while load.poll() is None:
            s.kill(signal.SIGHUP)
            times += 1
            time.sleep(0.02)
        said = load.stdout.read()
        if " 0 failed, 0 errored" not in said:
            fail(said[-400:])
        print("# %d reloads; %s" % (times, re.search(
            r"requests: .*total", said)[0]))
        equal(s.get("/small").status, 200)


@case
def a_reload_changes_the_protocol():
    origin = H2Origin()
    old = GoodOrigin(name="a", port=None)
    with Steelyard(pool(origin, **CLEAR)) as s:
        equal(s.get("/echo").status, 200)
        equal(conns(s)["idle"], 1)
        s.conf["pools"] = [pool(origin, protocol="h1", retries=0)]
        s.reload()
        wait_for(lambda: conns(s)["idle"] == 0, 5)
        # it speaks HTTP/2 alone, and does so before it was asked, or after
        equal(s.get("/echo").status in (502, 503), True)
        s.conf["pools"] = [pool(old, protocol="h1")]
        s.reload()
        equal(s.get("/echo").status, 200)
        line = s.access(count=3)[-1]
        equal(line["server_version"], "HTTP/1.1")


if __name__ == "__main__":
    main()
