"""Probes over TLS: what each result is called, and why."""
import ssl

from certs import authority, cert
from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     pool, rows, server, wait_for)
from origins import GoodOrigin, Origin
from tls_origins import TlsOrigin, leaving, plain_speaker, silent


def secure(*servers, tls=None, **more):
    return pool(*servers, tls=dict({"ca": authority().ca, "sni": "a.test"},
                                   **(tls or {})), **more)


def check(kind, **more):
    return dict({"type": kind, "interval": "100ms", "timeout": "10s",
                 "fall": 2}, **more)


def result(s, name="web/a"):
    row = s.row(name)
    return row["check_status"].lstrip("* ")


def expect(s, word, why, name="web/a"):
    equal(result(s, name), word)
    said = s.stats("show health")
    if why not in said:
        fail("no %r in %r" % (why, said))


def good(**more):
    return TlsOrigin(cert("a.test"), name="a", **more)


GOOD = [
    ("a tls probe", check("tls"), "L6OK", "TLSv1.3 in "),
    ("an http probe over tls", check("http", path="/health"), "L7OK",
     "status 200"),
    ("a tcp probe does not shake hands", check("tcp"), "L4OK", "connected"),
]


@rows(GOOD)
def passes(health, word, why):
    o = good()
    with Steelyard(secure(o, health=health)) as s:
        expect(s, word, why)
        equal(s.get().status, 200)
        if health["type"] != "tcp":
            equal(set(o.names()), {"a.test"})


BAD = [
    ("an expired certificate",
     lambda: TlsOrigin(authority().expired("a.test"), name="a"),
     "L6RSP", "certificate has expired"),
    ("a wrong name", lambda: TlsOrigin(cert("b.test"), name="a"),
     "L6RSP", "not for"),
    ("plain http", plain_speaker, "L6RSP", ""),
    ("a server that leaves", leaving, "L6RSP", "left"),
    ("a server that stalls", silent, "L6TOUT", "no handshake within 400 ms"),
    ("a server of an old version",
     lambda: good(version=ssl.TLSVersion.TLSv1_2), "L6RSP", ""),
]


def failing(kind, make, word, why):
    o = make()
    soon = {"timeout": "400ms"} if word == "L6TOUT" else {}
    with Steelyard(secure(server(o, name="a"), health=check(kind, **soon),
                          tls={"min_version": "1.3"}),
                   wanted={"web/a": "DOWN.*"}) as s:
        expect(s, word, why)
        equal(s.get().status, 503)


@rows([(b[0] + " fails a tls probe", *b[1:]) for b in BAD])
def tls_fails(make, word, why):
    failing("tls", make, word, why)


@rows([(b[0] + " fails an http probe", *b[1:]) for b in BAD])
def http_fails(make, word, why):
    failing("http", make, word, why)


@case
def a_refused_connection_is_l4con():
    with Steelyard(secure({"name": "a", "address": at(free_port())},
                          health=check("tls")),
                   wanted={"web/a": "DOWN.*"}) as s:
        expect(s, "L4CON", "refused")


@case
def a_wrong_status_over_tls_is_l7sts():
    o = good()
    o.healthy = False
    with Steelyard(secure(o, health=check("http", path="/health")),
                   wanted={"web/a": "DOWN.*"}) as s:
        expect(s, "L7STS", "status 503")
        o.healthy = True
        s.wait_servers({"web/a": "UP"})
        expect(s, "L7OK", "status 200")


@case
def no_answer_over_tls_is_l7tout():
    def script(wire, _number):
        wire.origin.read(wire)
        wire.recv(10)
    o = good(script=script)
    with Steelyard(secure(o, health=check("http", timeout="400ms")),
                   wanted={"web/a": "DOWN.*"}) as s:
        expect(s, "L7TOUT", "no answer")


@case
def probes_do_not_take_up_sessions():
    """So each of them looks at the certificate as it is now."""
    o = good()
    with Steelyard(secure(o, health=check("tls"))):
        o.wait_shaken(4)
    equal({x["resumed"] for x in o.shaken}, {False})


@case
def a_certificate_that_is_changed_takes_the_server_down():
    o = good()
    with Steelyard(secure(o, health=check("tls"))) as s:
        bad = cert("b.test")
        o.context.load_cert_chain(bad.cert, bad.key)
        s.wait_servers({"web/a": "DOWN.*"})
        line = s.wait_event("health", lambda x: x.get("to") == "DOWN")
        equal((line["result"], "not for" in line["reason"]), ("L6RSP", True))
        back = cert("a.test")
        o.context.load_cert_chain(back.cert, back.key)
        s.wait_servers({"web/a": "UP"})


@case
def a_plain_probe_of_a_tls_pool():
    """tls = false: another protocol than the requests."""
    def script(wire, _number):
        wire.origin.read(wire)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    o = Origin(script, name="a")
    with Steelyard(secure(o, health=check("http", tls=False), retries=0,
                          timeouts={"connect": "300ms"})) as s:
        expect(s, "L7OK", "status 200")
        equal(s.get().status, 503)


@rows([("a tls probe of a plain pool", "tls", "L6OK"),
       ("an https probe of a plain pool", "http", "L7OK")])
def plain_pool(kind, word):
    """The settings stand in pool.tls; traffic = false."""
    o = good()
    with Steelyard(secure(o, tls={"traffic": False}, retries=0,
                          health=check(kind, tls=True))) as s:
        expect(s, word, "")
        # the origin does not understand the plain request
        if s.get().status == 200:
            fail("the request went over TLS")
        wait_for(lambda: o.refused, 5 * SLOW, "a handshake refused")


@case
def a_tls_probe_without_settings_believes_the_system():
    o = good()
    p = pool(o, health=check("tls", sni="a.test"))
    with Steelyard(p, wanted={"web/a": "DOWN.*"}) as s:
        expect(s, "L6RSP", "issuer certificate")
    with Steelyard(p, env={"SSL_CERT_FILE": authority().ca}) as s:
        expect(s, "L6OK", "")


@case
def a_probe_may_ask_for_another_name():
    o = TlsOrigin(cert("a.test", "b.test", "probe.test"), name="a")
    with Steelyard(secure(o, health=check("tls", sni="probe.test"))) as s:
        equal(s.get().status, 200)
        equal(set(o.names()), {"probe.test", "a.test"})


@case
def host_is_that_of_the_probe():
    o = TlsOrigin(cert("a.test", "b.test", "probe.test"), name="a")
    with Steelyard(secure(o, tls={"sni": "host"}, health=check(
            "http", host="probe.test", path="/health"))) as s:
        equal(s.get(host="b.test").status, 200)
        equal(set(o.names()), {"probe.test", "b.test"})


main()
