"""Certificates of clients: asked for, checked, and told to servers in fields
that no client can forge."""
import ssl

from certs import LONG_AGO, Authority, TlsWire, authority, cert, client
from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     once, pool, request, rows)
from origins import GoodOrigin
from wire import Closed, Wire

FIELDS = {"verified": "X-Client-Verify", "subject": "X-Client-Subject",
          "issuer": "X-Client-Issuer", "serial": "X-Client-Serial",
          "fingerprint": "X-Client-Fingerprint", "names": "X-Client-Names"}
FORGED = [("X-Client-Verify", "SUCCESS"), ("x-client-subject", "CN=root"),
          ("X_Client_Subject", "CN=root"), ("X-Client_Verify", "SUCCESS"),
          ("X-Client-Names", "DNS:root")]


@once
def alice():
    return authority().issue("alice.test", subject="/O=b/CN=alice")


def tls(verify, **more):
    return dict({"certificates": [cert("a.test").row()], "verify": verify,
                 "ca": authority().ca, "client_fields": FIELDS}, **more)


@once
def optional():
    origin = GoodOrigin()
    s = Steelyard(pool(origin), listener={
        "tls": tls("optional"), "limits": {"underscores": "allow"}})
    return s, origin


def ask(w, fields=(), target="/echo"):
    w.send(request(target, fields))
    return w.response(timeout=5 * SLOW)


def told(origin):
    """What the server was told of the client, under any spelling."""
    return {n: v for n, v in origin.last().fields
            if n.lower().replace("_", "-").startswith("x-client")}


@case
def tells_servers_who_a_verified_client_is():
    s, origin = optional()
    with TlsWire(s.port, context=client(identity=alice())) as w:
        equal(ask(w, FORGED).status, 200)
        equal(s.access(client=w)["tls"]["verified"], True)
    got = told(origin)
    equal(sorted(got), sorted(FIELDS.values()))
    equal(got["X-Client-Verify"], "SUCCESS")
    equal(got["X-Client-Subject"], "CN=alice,O=b")
    equal(got["X-Client-Issuer"], "CN=Test CA")
    equal(got["X-Client-Serial"].upper(), alice().serial.upper())
    equal(got["X-Client-Fingerprint"].lower(), alice().fingerprint)
    equal(got["X-Client-Names"], "DNS:alice.test")


@case
def tells_nothing_of_a_client_without_a_certificate():
    s, origin = optional()
    with TlsWire(s.port) as w:
        equal(ask(w, FORGED).status, 200)
        equal(s.access(client=w)["tls"]["verified"], False)
    equal(told(origin), {})


@case
def tells_it_with_each_request_and_of_a_resumed_session():
    s, origin = optional()
    c = client(identity=alice())
    with TlsWire(s.port, context=c) as w:
        for _ in range(2):
            ask(w, FORGED)
            equal(told(origin)["X-Client-Subject"], "CN=alice,O=b")
        session = w.session
    with TlsWire(s.port, context=c, session=session) as w:
        equal(w.resumed, True)
        ask(w)
        equal(told(origin)["X-Client-Subject"], "CN=alice,O=b")
        equal(told(origin)["X-Client-Verify"], "SUCCESS")


@case
def drops_what_is_forged_in_trailers():
    s, origin = optional()
    with TlsWire(s.port) as w:
        w.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n"
               b"Transfer-Encoding: chunked\r\nTrailer: X-Client-Verify\r\n"
               b"\r\n1\r\na\r\n0\r\nX-Client-Verify: SUCCESS\r\n"
               b"X-Other: 1\r\n\r\n")
        equal(w.response().status, 200)
    equal([n for n, _ in origin.last().trailers], ["X-Other"])


@case
def drops_what_is_forged_on_a_plain_listener_too():
    origin = GoodOrigin()
    port = free_port()
    with Steelyard(pool(origin), listeners=[
            {"name": "tls", "address": at(free_port()),
             "tls": tls("required")},
            {"name": "plain", "address": at(port)}]) as s:
        with Wire(port) as w:
            equal(ask(w, FORGED).status, 200)
        equal(told(origin), {})
        equal(s.access()["tls"], None)


def is_refused(s, **more):
    """TLS 1.3 tells a client of it after the handshake."""
    try:
        with TlsWire(s.port, context=client(**more)) as w:
            ask(w)
    except (ssl.SSLError, OSError, Closed):
        return
    fail("it was served")


@rows([("refuses all but the known in 1.2", ssl.TLSVersion.TLSv1_2), ("refuses all but the known in 1.3", ssl.TLSVersion.TLSv1_3)])
def required(version):
    mallory = Authority("Other CA").issue("mallory.test")
    old = authority().expired("old.test")
    with Steelyard(pool(GoodOrigin()), listener={
            "tls": tls("required")}) as s:
        limits = {"min_version": version, "max_version": version}
        is_refused(s, **limits)
        is_refused(s, identity=mallory, **limits)
        is_refused(s, identity=old, **limits)
        with TlsWire(s.port, context=client(identity=alice(),
                                            **limits)) as w:
            equal(ask(w).status, 200)
        lines = s.wait_log(lambda x: x["event"] == "handshake", count=3)
        equal([x["failure"] for x in lines], ["bad-certificate"] * 3)


@case
def optional_refuses_a_bad_certificate():
    s, _ = optional()
    is_refused(s, identity=Authority("Other CA").issue("mallory.test"))


@case
def a_revoked_certificate_is_refused():
    a = Authority("CRL CA")
    good, bad = a.issue("good.test"), a.issue("bad.test")
    with Steelyard(pool(GoodOrigin()), listener={"tls": tls(
            "required", ca=a.ca, crl=a.crl(bad))}) as s:
        with TlsWire(s.port, context=client(identity=good)) as w:
            equal(ask(w).status, 200)
        is_refused(s, identity=bad)
        equal("revoked" in s.wait_event("handshake")["reason"], True)


@rows([
    ("required refuses all by an expired list of revocations", "required",
     lambda a: a.crl(until=LONG_AGO), "CRL has expired"),
    ("optional refuses all by an expired list of revocations", "optional",
     lambda a: a.crl(until=LONG_AGO), "CRL has expired"),
    ("required refuses all by a list of another authority", "required",
     lambda a: authority().crl(), "unable to get certificate CRL"),
])
def is_held_against_a_list(verify, crl, reason):
    a = Authority("CRL CA")
    with Steelyard(pool(GoodOrigin()), listener={"tls": tls(
            verify, ca=a.ca, crl=crl(a))}) as s:
        is_refused(s, identity=a.issue("good.test"))
        said = s.wait_event("handshake")["reason"]
        equal(reason in said, True, said)


if __name__ == "__main__":
    main()
