"""TLS to clients: versions, certificates by name and key, ALPN, what is said
to servers, what the log says."""
import hashlib
import os
import ssl

from certs import TlsWire, authority, cert, client, openssl, read, write
from harness import (ACCESS_TLS, SLOW, Steelyard, case, equal, fail, main,
                     once, pool, request, rows, run, wait_for)
from origins import GoodOrigin, pattern, pattern_sha256
from wire import WEBSOCKET, Cut, Wire

ONE_2, ONE_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def listener(*certs, **more):
    rows_ = [c.row() for c in certs or [cert("a.test")]]
    return {"tls": dict({"certificates": rows_}, **more)}


@once
def proxy():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin), listener=listener(
        cert("a.test", "IP:127.0.0.1"), cert("a.test", kind="rsa"),
        cert("b.test"), cert("*.c.test"))), origin


def refused(*args, **more):
    """The error that a client of a handshake gets."""
    try:
        TlsWire(*args, **more).close()
    except ssl.SSLError as e:
        return e
    except (ConnectionError, OSError) as e:
        return e
    fail("the handshake was not refused")


def ask(s, w, *args, **more):
    w.send(request(*args, **more))
    return w.response(timeout=5 * SLOW)


@case
def curl_speaks_it_with_the_authority_it_knows():
    s, _ = proxy()
    got = run(["curl", "-sS", "--cacert", authority().ca, "-o", "/dev/null",
               "-w", "%{http_code} %{ssl_verify_result}", "--resolve",
               "a.test:%d:127.0.0.1" % s.port,
               "https://a.test:%d/echo" % s.port])
    equal((got.stdout, got.stderr), ("200 0", ""))


@case
def s_client_speaks_it_and_verifies():
    s, _ = proxy()
    got = run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % s.port,
               "-servername", "a.test", "-CAfile", authority().ca,
               "-verify_return_error", "-verify_hostname", "a.test",
               "-alpn", "http/1.1", "-quiet"],
              input="GET /echo HTTP/1.0\r\nHost: a.test\r\n\r\n")
    equal("HTTP/1." in got.stdout, True, "an answer in " + got.stdout[:99])


@rows([("speaks TLS 1.2", ONE_2, "TLSv1.2"), ("speaks TLS 1.3", ONE_3,
                                              "TLSv1.3")])
def version(v, name):
    s, _ = proxy()
    with TlsWire(s.port, context=client(min_version=v, max_version=v)) as w:
        equal(w.tls.version(), name)
        for _ in range(3):
            equal(ask(s, w, "/echo").status, 200)


@case
def modern_refuses_tls_1_2():
    origin = GoodOrigin()
    with Steelyard(pool(origin), listener=listener(policy="modern")) as s:
        refused(s.port, context=client(max_version=ONE_2))
        with TlsWire(s.port) as w:
            equal(w.tls.version(), "TLSv1.3")
        e = s.wait_event("handshake")
        equal((e["listener"], e["failure"]), ("web", "no-agreement"))


@case
def max_version_and_ciphers_are_obeyed():
    with Steelyard(pool(GoodOrigin()), listener=listener(
            max_version="1.2", ciphers="ECDHE-ECDSA-CHACHA20-POLY1305")) as s:
        with TlsWire(s.port) as w:
            equal((w.tls.version(), w.tls.cipher()[0]),
                  ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"))


@rows([
    ("chooses by exact name", "b.test", lambda: cert("b.test")),
    ("chooses by wildcard", "x.c.test", lambda: cert("*.c.test")),
    ("chooses by name in any case", "B.TEST", lambda: cert("b.test")),
    ("gives the first to an unknown name", "unknown.test",
     lambda: cert("a.test", "IP:127.0.0.1")),
    ("gives the first when no name is sent", None,
     lambda: cert("a.test", "IP:127.0.0.1")),
    ("a wildcard is for one label", "x.y.c.test",
     lambda: cert("a.test", "IP:127.0.0.1")),
])
def by_name(name, which):
    s, _ = proxy()
    with TlsWire(s.port, name=name, context=client(verify=False)) as w:
        equal(w.peer, which().fingerprint, "certificate")


@case
def a_client_without_ecdsa_gets_the_rsa_certificate():
    s, _ = proxy()
    c = client(max_version=ONE_2)
    c.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    with TlsWire(s.port, context=c) as w:
        equal(w.peer, cert("a.test", kind="rsa").fingerprint)
        equal(ask(s, w, "/echo").status, 200)


@case
def strict_sni_refuses_unknown_and_missing_names():
    with Steelyard(pool(GoodOrigin()),
                   listener=listener(strict_sni=True)) as s:
        for name in ("unknown.test", None):
            refused(s.port, name=name, context=client(verify=False))
        with TlsWire(s.port) as w:
            equal(ask(s, w, "/echo").status, 200)
        told = s.wait_log(lambda x: x["event"] == "handshake", count=2)
        equal([x["failure"] for x in told], ["no-agreement"] * 2)
        equal(["unknown.test" in x["reason"] for x in told], [True, False])
        wait_for(lambda: s.info()["HandshakesFailed"] == "2", 5,
                 "two failures")


@case
def a_directory_gives_all_its_certificates():
    folder = os.path.join(authority().folder, "all")
    os.mkdir(folder)
    for c in (cert("a.test"), cert("b.test")):
        write(os.path.join(folder, os.path.basename(c.pem)), read(c.pem))
    write(os.path.join(folder, "README"), "not a certificate")
    with Steelyard(pool(GoodOrigin()),
                   listener={"tls": {"directory": folder}}) as s:
        for name in ("a.test", "b.test"):
            with TlsWire(s.port, name=name) as w:
                equal(w.peer, cert(name).fingerprint)


@case
def alpn_is_chosen_from_what_there_is():
    s, _ = proxy()
    with TlsWire(s.port, context=client(alpn=["x", "http/1.1"])) as w:
        equal(w.tls.selected_alpn_protocol(), "http/1.1")
        equal(ask(s, w, "/echo").status, 200)
    e = refused(s.port, context=client(alpn=["x"]))
    equal("NO_APPLICATION_PROTOCOL" in str(e).upper().replace(" ", "_"),
          True, str(e))
    with TlsWire(s.port) as w:
        equal(w.tls.selected_alpn_protocol(), None)
        equal(ask(s, w, "/echo").status, 200)


@case
def servers_are_told_of_https():
    s, origin = proxy()
    s.conf["listeners"][0]["forward"] = {"forwarded": True,
                                         "x_forwarded_port": True}
    s.reload()
    with TlsWire(s.port) as w:
        ask(s, w, "/echo", [("X-Forwarded-Proto", "http")])
    got = origin.last()
    equal(got.get("X-Forwarded-Proto"), "https")
    equal(got.get("X-Forwarded-Port"), str(s.port))
    equal("proto=https" in got.get("Forwarded"), True, "Forwarded")


@case
def redirects_know_their_scheme():
    s, _ = proxy()
    s.conf["routes"].insert(0, {"path": "/go", "redirect": {
        "location": "$scheme://$host/gone"}})
    s.reload()
    with TlsWire(s.port) as w:
        equal(ask(s, w, "/go", host="a.test").get("Location"),
              "https://a.test/gone")


@case
def the_access_log_has_the_facts():
    s, _ = proxy()
    with TlsWire(s.port) as w:
        ask(s, w, "/echo")
        tls = s.access(client=w)["tls"]
    equal(sorted(tls), sorted(ACCESS_TLS))
    equal((tls["version"], tls["sni"], tls["resumed"], tls["verified"]),
          ("TLSv1.3", "a.test", False, False))
    equal(tls["cipher"], w.tls.cipher()[0])
    equal(isinstance(tls["handshake"], int) and tls["handshake"] >= 0, True)
    with TlsWire(s.port, name=None, context=client(verify=False)) as w:
        ask(s, w, "/echo")
        equal(s.access(client=w)["tls"]["sni"], None)


@case
def big_bodies_arrive_whole():
    s, _ = proxy()
    n = 8 << 20
    with TlsWire(s.port) as w:
        w.send(request("/size?n=%d" % n))
        r = w.response(timeout=30 * SLOW)
        equal(hashlib.sha256(r.body).hexdigest(), pattern_sha256(n))
        body = b"".join(pattern(n))
        w.send(request("/sha256", method="POST", body=body), 30 * SLOW)
        r = w.response("POST", timeout=30 * SLOW)
        equal(hashlib.sha256(body).hexdigest() in r.body.decode(), True,
              "the sum of what came in %r" % r.body[:99])


@case
def a_websocket_goes_both_ways_and_half_closes():
    s, _ = proxy()
    with TlsWire(s.port) as w:
        w.send(request("/ws", WEBSOCKET))
        equal(w.response().status, 101)
        for n in (1, 100, 100000):
            data = bytes(i & 255 for i in range(n))
            w.send(data)
            equal(w.read_exactly(n), data, "echo of %d" % n)
        w.farewell()
        w.is_closed()
        equal(w.goodbye, True, "goodbye")
        log = s.access(client=w)
        equal((log["status"], log["termination"]), (101, "--"))


@case
def a_tunnel_that_is_cut_is_not_ended_well():
    s, _ = proxy()
    with TlsWire(s.port) as w:
        w.send(request("/ws", WEBSOCKET))
        equal(w.response().status, 101)
        w.cut()
        equal(s.access(client=w)["termination"], "CD")


@case
def a_client_that_half_closed_still_gets_its_answer():
    s, _ = proxy()
    with TlsWire(s.port) as w:
        w.send(request("/slow?ms=200"))
        w.cut()
        equal(w.response().status, 200)
        w.is_closed()
        equal(w.goodbye, True, "goodbye")


@case
def a_body_that_is_cut_is_not_taken_for_whole():
    s, origin = proxy()
    with TlsWire(s.port) as w:
        w.send(b"POST /echo HTTP/1.1\r\nHost: a\r\n"
               b"Content-Length: 100\r\n\r\nsome")
        w.farewell()
        w.cut()
        equal(s.access(client=w)["termination"][0], "C")


@case
def plain_http_is_told_of_its_mistake():
    s, _ = proxy()
    with Wire(s.port) as w:
        w.send(request("/"))
        r = w.response()
        equal((r.status, r.get("Connection")), (400, "close"))
        equal(b"https" in r.body, True, "the body %r" % r.body)
        w.is_closed()
        e = s.wait_event("handshake", lambda x: x["client"] == w.name)
    equal((e["failure"], e["level"]), ("plain-http", "info"))


@case
def plain_http_gets_the_page_for_400():
    page = write(os.path.join(authority().folder, "page.html"), "<p>sorry\n")
    with Steelyard(pool(GoodOrigin()), listener=listener(), glob={
            "errors": [{"status": 400, "file": page}]}) as s:
        r = s.get("/")
        equal((r.status, r.body, r.get("Content-Type")),
              (400, b"<p>sorry\n", "text/html"))


@case
def bytes_that_are_no_tls_end_the_connection():
    s, _ = proxy()
    with Wire(s.port) as w:
        w.send(b"\x00\x01\x02\x03")
        w.read_eof()
        equal(s.wait_event("handshake", lambda x: x["client"] == w.name)
              ["failure"], "not-tls")


@case
def who_leaves_without_a_byte_is_not_worth_a_line():
    with Steelyard(pool(GoodOrigin()), listener=listener()) as s:
        Wire(s.port).close()
        with TlsWire(s.port) as w:
            ask(s, w, "/echo")
            s.access(client=w)
        equal(s.events("handshake"), [])
        equal(s.info()["HandshakesFailed"], "0")


@case
def handshakes_and_connections_are_counted():
    with Steelyard(pool(GoodOrigin()), listener=listener()) as s:
        with TlsWire(s.port) as w:
            ask(s, w, "/echo")
            info = s.info()
            equal((info["CurrSslConns"], info["CumSslConns"],
                   info["HandshakesDone"]), ("1", "1", "1"))
        refused(s.port, context=client(alpn=["x"]))
        wait_for(lambda: s.info()["CurrSslConns"] == "0", 5, "no connection")
        info, row = s.info(), s.row("web/FRONTEND")
        equal((info["HandshakesFailed"], info["CurrConns"],
               info["HandshakesActive"]), ("1", "0", "0"))
        equal((row["ssl_sess"], row["ssl_reused_sess"],
               row["ssl_failed_handshake"]), ("1", "0", "1"))
        equal(28 <= int(info["CertExpiryDays"]) <= 30, True,
              info["CertExpiryDays"])


@case
def an_idle_connection_goes_on_and_ends_without_a_word():
    """It is parked meanwhile, and is not shaken again."""
    listen = dict(listener(), timeouts={"keep_alive": "3s"})
    with Steelyard(pool(GoodOrigin()), listener=listen) as s:
        with TlsWire(s.port) as w, TlsWire(s.port) as broken:
            for _ in range(2):
                ask(s, w, "/echo")
                equal(w.is_silent(0.3), True, "silence")
            ask(s, broken, "/echo")
            broken.reset()
            ask(s, w, "/echo")
            equal(w.is_closed(5 * SLOW), True)
            equal(w.goodbye, True, "goodbye")
        info = s.info()
        equal((info["HandshakesDone"], info["HandshakesFailed"]), ("2", "0"))
        equal(s.events("handshake"), [])


@case
def version_tells_the_library():
    s, _ = proxy()
    said = run(s.command("-V")).stdout
    equal("TLS: OpenSSL 3" in said and ", kTLS " in said, True, said)


@case
def tls_stands_behind_a_proxy_header():
    origin = GoodOrigin()
    with Steelyard(pool(origin), listener=dict(
            listener(), proxy_protocol=True,
            proxy_protocol_from=["127.0.0.1"])) as s:
        with TlsWire(s.port, before=b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 "
                     b"443\r\n") as w:
            equal(ask(s, w, "/echo").status, 200)
        log = s.access()
        equal((log["client"], log["tls"]["version"]),
              ("192.0.2.7:4711", "TLSv1.3"))
        equal(origin.last().get("X-Forwarded-For"), "192.0.2.7")
        with Wire(s.port) as w:
            w.send(b"PROXY TCP4 192.0.2.8 192.0.2.1 4711 443\r\nGET / HT")
            w.read_eof()
        equal(s.wait_event("handshake")["client"], "192.0.2.8:4711")


if __name__ == "__main__":
    main()
