"""TLS to servers: the name that is asked for, whose connection and session may
be used again."""
import socket
import ssl
import struct
import threading

from certs import authority, cert
from harness import (SLOW, Steelyard, case, equal, fail, keep, main, once,
                     pool, request, rows, server, wait_for)
from tls_origins import TlsOrigin

ONE_2, ONE_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def any_name():
    """A certificate for all names that these tests use."""
    return cert("a.test", "b.test", "api.internal", "IP:127.0.0.1", "IP:::1",
                *("h%d.test" % i for i in range(80)))


def origin(**more):
    return TlsOrigin(any_name(), name="a", **more)


def secure(*servers, tls=None, **more):
    return pool(*servers, tls=dict({"ca": authority().ca}, **(tls or {})),
                **more)


def ask(s, host, path="/", status=200):
    r = s.ask(request(path, host=host), timeout=10 * SLOW)
    equal(r.status, status, "the status for %s" % host)


@once
def dns():
    """A DNS server for which every name is 127.0.0.1, with no AAAA."""
    s = keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    s.bind(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                asked, peer = s.recvfrom(512)
            except OSError:
                return
            end = asked.index(b"\0", 12) + 5
            is_a = asked[end - 4:end - 2] == b"\0\1"
            record = b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 60, 4, 127,
                                               0, 0, 1) if is_a else b""
            s.sendto(asked[:2] + struct.pack(">5H", 0x8180, 1, int(is_a), 0,
                                             0)
                     + asked[12:end] + record, peer)
    threading.Thread(target=serve, daemon=True).start()
    return "127.0.0.1:%d" % s.getsockname()[1]


def at_name(o):
    return {"name": "a", "address": "api.internal:%d" % o.port}


NAMES = [
    # tls, pool, server row, Host, SNI seen
    ("an address is verified but not sent", {}, {}, None, "x.test", None),
    ("the name of the address by default", {}, {}, at_name, "x.test",
     "api.internal"),
    ("the pools host by default", {}, {"host": "b.test:80"}, at_name,
     "x.test", "b.test"),
    ("server is the name of the address", {"sni": "server"},
     {"host": "b.test"}, at_name, "x.test", "api.internal"),
    ("host is the host of the request", {"sni": "host"}, {}, at_name,
     "B.test.:8080", "b.test"),
    ("host is the host that is sent", {"sni": "host"}, {"host": "h1.test"},
     at_name, "b.test", "h1.test"),
    ("a name of its own", {"sni": "a.test"}, {}, at_name, "b.test",
     "a.test"),
    ("a name of the server", {"sni": "a.test"}, {}, {"sni": "h2.test"},
     "b.test", "h2.test"),
    ("none is sent but one verified", {"sni": "none",
                                       "verify_name": "b.test"},
     {}, at_name, "x.test", None),
    ("another one is verified", {"sni": "x.test", "verify_name": "b.test"},
     {}, None, "y.test", "x.test"),
    ("an address of a host is verified", {"sni": "host"}, {}, None,
     "127.0.0.1:99", None),
]


@rows(NAMES)
def name(tls, more, row, host, wanted):
    with origin() as o:
        row = row(o) if callable(row) else server(o, **(row or {}))
        with Steelyard(secure(row, tls=tls, **more),
                       glob={"resolve": {"servers": [dns()]}}) as s:
            wait_for(lambda: "MAINT" not in s.row("web/a")["status"],
                     5 * SLOW, "an address")
            ask(s, host)
        equal(o.names(), [wanted])


@case
def a_name_that_is_not_in_the_certificate_is_refused():
    with origin() as o, Steelyard(secure(o, tls={"sni": "host"},
                                         retries=0)) as s:
        ask(s, "b.test")
        ask(s, "other.test", status=502)
        line = s.access(count=2)[1]
        equal('"other.test"' in line["reason"], True, line["reason"])
    with origin() as o, Steelyard(secure(
            o, tls={"sni": "a.test", "verify_name": "other.test"},
            retries=0)) as s:
        ask(s, "b.test", status=502)
        line = s.access(count=1)[0]
        equal('"other.test"' in line["reason"], True, line["reason"])


@case
def a_connection_serves_the_name_it_was_made_for():
    with origin() as o, Steelyard(secure(o, tls={"sni": "host"})) as s:
        for host in ("a.test", "b.test", "a.test", "b.test", "A.TEST:80"):
            ask(s, host)
        equal(o.names(), ["a.test", "b.test"])
        equal(s.row("web/a")["reuse"], "3")


@case
def one_name_shares_all_connections():
    with origin() as o, Steelyard(secure(o, tls={"sni": "a.test"})) as s:
        for host in ("a.test", "b.test", "x.test"):
            ask(s, host)
        equal(o.names(), ["a.test"])


@case
def many_names_are_bounded():
    """More than are remembered; a few idle connections for all of them."""
    with origin() as o, Steelyard(secure(
            o, tls={"sni": "host"}, reuse={"max": 3})) as s:
        for i in range(80):
            ask(s, "h%d.test" % i)
        ask(s, "h79.test")
        equal(len(o.names()), 80)
        conns = s.stats("show servers conn").splitlines()[1].split()
        equal(int(conns[-1]) <= 3, True, "idle: %s" % conns)
        ask(s, "h0.test")
        equal(len(o.names()), 81)


@rows([("sessions are taken up with TLS 1.2", ONE_2),
       ("sessions are taken up with TLS 1.3", ONE_3)])
def resumption(version):
    with origin(version=version) as o, Steelyard(secure(
            o, tls={"sni": "host"}, reuse={"max": 0})) as s:
        for host in ("a.test", "a.test", "b.test", "b.test", "a.test"):
            ask(s, host)
        equal([x["resumed"] for x in o.shaken],
              [False, True, False, True, True])
        equal([x["server_tls"]["resumed"] for x in s.access(count=5)],
              [False, True, False, True, True])
        said = s.ctl("-j", "show", "servers", "conn").stdout
        equal('"tls_handshakes":5,"tls_resumed":3,"tls_failed":0' in said,
              True, said)


@case
def resumption_may_be_off():
    with origin() as o, Steelyard(secure(
            o, tls={"sni": "a.test", "resumption": False},
            reuse={"max": 0})) as s:
        for _ in range(3):
            ask(s, "a.test")
        equal([x["resumed"] for x in o.shaken], [False] * 3)


@case
def many_connections_at_once_take_up_one_session():
    """Tickets of TLS 1.3 are not used up by it."""
    with origin() as o, Steelyard(secure(
            o, tls={"sni": "a.test"}, reuse={"max": 0})) as s:
        ask(s, "a.test")
        wires = [s.wire() for _ in range(20)]
        for w in wires:
            w.send(request("/slow?ms=100"))
        for w in wires:
            equal(w.response(timeout=10 * SLOW).status, 200)
            w.close()
        got = [x["resumed"] for x in o.shaken[1:]]
        if not all(got):
            fail("resumed: %s" % got)


main()
