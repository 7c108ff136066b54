"""TLS to servers: whom it believes, what it asks for, what failures look like,
bytes both ways."""
import hashlib
import os
import ssl

from certs import Authority, authority, cert, openssl
from harness import (SLOW, Steelyard, case, equal, fail, free_port, main, once,
                     pool, request, rows, run, server, wait_for)
from origins import GoodOrigin, Nginx, pattern, pattern_sha256
from tls_origins import TlsOrigin, leaving, plain_speaker, silent
from wire import WEBSOCKET

ONE_2, ONE_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def secure(*servers, tls=None, **more):
    settings = {"ca": authority().ca, "sni": "a.test"}
    settings.update(tls or {})
    settings = {k: v for k, v in settings.items() if v is not None}
    return pool(*servers, tls=settings, **more)


@once
def proxy():
    origin = TlsOrigin(cert("a.test"), name="a")
    return Steelyard(secure(origin)), origin


@case
def a_request_goes_over_tls():
    s, origin = proxy()
    r = s.get("/echo")
    equal(r.status, 200)
    line = s.access(count=1)[0]
    equal(line["server_tls"]["version"], "TLSv1.3")
    equal(line["termination"], "--")
    seen = origin.wait_shaken()[0]
    equal((seen["sni"], seen["alpn"]), ("a.test", "http/1.1"))


@case
def a_plain_pool_says_null():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s:
        equal(s.get().status, 200)
        equal(s.access(count=1)[0]["server_tls"], None)


@case
def connections_are_used_again():
    s, origin = proxy()
    before = origin.connections
    for _ in range(5):
        equal(s.get("/echo").status, 200)
    equal(origin.connections - before <= 1, True, "one connection at most")


# --- who is not believed

def stranger():
    return Authority("Another CA").issue("a.test")


def self_signed():
    ca = Authority("Alone")
    made = ca.issue("a.test")
    openssl("req", "-x509", "-key", made.key, "-subj", "/CN=a.test",
            "-days", "3", "-addext", "subjectAltName=DNS:a.test",
            "-out", made.cert)
    return made


REFUSED = [
    ("an expired certificate is refused",
     lambda: authority().expired("a.test"), "certificate has expired"),
    ("a self signed certificate is refused", self_signed,
     "self-signed certificate"),
    ("a certificate of a strange authority is refused", stranger,
     "unable to get local issuer certificate"),
    ("a certificate for another name is refused",
     lambda: cert("b.test"), 'not for "a.test"'),
]


@rows(REFUSED)
def refused(make, why):
    origin = TlsOrigin(make(), name="a")
    with Steelyard(secure(origin, retries=0)) as s:
        with s.wire() as w:
            w.send(request())
            equal(w.response().status, 502)
            line = s.access(w)
        equal((line["termination"], line["server"]), ("SC", "a"))
        equal(line["server_tls"], None)
        if why not in line["reason"] or "TLS" not in line["reason"]:
            fail("the reason is %r" % line["reason"])
        row = s.row("web/a")
        equal((row["econ"], row["eresp"]), ("1", "0"))
        said = s.stats("show errors")
        for part in ("pool web", "failed TLS handshake", why, "server a"):
            if part not in said:
                fail("no %r in %r" % (part, said))
        equal(origin.requests, [])
        conns = s.ctl("-j", "show", "servers", "conn").stdout
        equal('"tls_failed":1' in conns, True, conns)


@rows(REFUSED[:1] + REFUSED[3:])
def not_verified(make, _why):
    origin = TlsOrigin(make(), name="a")
    with Steelyard(secure(origin, tls={"verify": False, "ca": None})) as s:
        equal(s.get().status, 200)


@case
def the_authorities_of_the_system_are_believed_by_default():
    """And ours is none of them."""
    origin = TlsOrigin(cert("a.test"), name="a")
    with Steelyard(secure(origin, tls={"ca": None}, retries=0)) as s:
        equal(s.get().status, 502)
        line = s.access(count=1)[0]
        equal("issuer certificate" in line["reason"], True, line["reason"])
    env = {"SSL_CERT_FILE": authority().ca}
    with Steelyard(secure(origin, tls={"ca": None}), env=env) as s:
        equal(s.get().status, 200)


@case
def a_post_goes_to_another_server_when_the_handshake_fails():
    bad = TlsOrigin(cert("b.test"), name="bad")
    good = TlsOrigin(cert("a.test"), name="good")
    with Steelyard(secure(bad, good, balance="round_robin")) as s:
        for _ in range(4):
            r = s.get("/", method="POST", body=b"abc")
            equal(r.status, 200)
        lines = s.access(count=4)
        equal({x["server"] for x in lines}, {"good"})
        equal(any(x["retries"] for x in lines), True, "a retry")
        equal(bad.requests, [])


# --- servers that fail otherwise

@rows([
    ("a server that speaks plain http is refused", plain_speaker, "TLS"),
    ("a server that leaves in the handshake is refused", leaving, "left"),
])
def failing(make, why):
    origin = make()
    with Steelyard(secure(origin, retries=0)) as s:
        equal(s.get().status, 502)
        line = s.access(count=1)[0]
        equal(line["termination"], "SC")
        if why not in line["reason"]:
            fail("the reason is %r" % line["reason"])


@case
def a_server_that_stalls_in_the_handshake_times_out():
    with Steelyard(secure(silent(), retries=0,
                          timeouts={"connect": "300ms"})) as s:
        equal(s.get().status, 503)
        line = s.access(count=1)[0]
        equal(line["termination"], "sC")
        equal("handshake" in line["reason"], True, line["reason"])
        equal(s.row("web/silent")["econ"], "1")


@case
def a_server_that_refuses_is_told_apart():
    with Steelyard(secure({"name": "gone",
                           "address": "127.0.0.1:%d" % free_port()},
                          retries=0)) as s:
        equal(s.get().status, 503)
        line = s.access(count=1)[0]
        equal("TLS" in line["reason"], False, line["reason"])


# --- versions and our certificate

@rows([("a server of TLS 1.2 alone", ONE_2, "TLSv1.2"),
       ("a server of TLS 1.3 alone", ONE_3, "TLSv1.3")])
def versions(version, name):
    origin = TlsOrigin(cert("a.test"), name="a", version=version)
    with Steelyard(secure(origin)) as s:
        for _ in range(3):
            equal(s.get().status, 200)
        for line in s.access(count=3):
            equal(line["server_tls"]["version"], name)


@case
def a_version_too_old_is_refused():
    origin = TlsOrigin(cert("a.test"), name="a", version=ONE_2)
    with Steelyard(secure(origin, tls={"min_version": "1.3"},
                          retries=0)) as s:
        equal(s.get().status, 502)
        line = s.access(count=1)[0]
        equal("TLS" in line["reason"], True, line["reason"])


@rows([("our certificate is shown over TLS 1.2", ONE_2),
       ("our certificate is shown over TLS 1.3", ONE_3)])
def our_certificate(version):
    origin = TlsOrigin(cert("a.test"), name="a", clients=True,
                       version=version)
    ours = cert("client.test")
    with Steelyard(secure(origin, tls={"cert": ours.cert,
                                       "key": ours.key})) as s:
        equal(s.get().status, 200)
        equal(origin.wait_shaken()[0]["subject"],
              ((("commonName", "client.test"),),))


@rows([("a server that wants a certificate of us says so, TLS 1.2", ONE_2),
       ("a server that wants a certificate of us says so, TLS 1.3", ONE_3)])
def no_certificate(version):
    origin = TlsOrigin(cert("a.test"), name="a", clients=True,
                       version=version)
    with Steelyard(secure(origin, retries=0)) as s:
        equal(s.get().status, 502)
        line = s.access(count=1)[0]
        if "alert" not in line["reason"]:
            fail("the reason is %r" % line["reason"])
        equal(origin.requests, [])
        equal("failed TLS handshake" in s.stats("show errors"), True)


# --- against nginx

@once
def nginx():
    """An origin that wants a certificate at /private."""
    c = cert("a.test")
    port = free_port()
    n = Nginx("n", extra="""
    listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s;
    ssl_protocols TLSv1.3;
    location /sni { return 200 "$ssl_server_name $ssl_protocol"; }
    location /up { client_max_body_size 64m; return 200 "$content_length"; }
    """ % (port, c.cert, c.key))
    wait_for(lambda: run(["openssl", "s_client", "-connect",
                          "127.0.0.1:%d" % port], input="").returncode == 0,
             10 * SLOW, "nginx to speak TLS")
    return {"name": "n", "address": "127.0.0.1:%d" % port}


@case
def nginx_answers_over_tls():
    with Steelyard(secure(nginx())) as s:
        for _ in range(3):
            equal(s.get("/sni").body, b"a.test TLSv1.3")
        row = s.access(count=3)
        equal(row[0]["server_tls"], {"version": "TLSv1.3",
                                     "resumed": False})


@case
def nginx_resumes_sessions():
    with Steelyard(secure(nginx(), reuse={"max": 0})) as s:
        for _ in range(4):
            equal(s.get("/sni").status, 200)
        got = [x["server_tls"]["resumed"] for x in s.access(count=4)]
        equal(got, [False, True, True, True])


# --- bytes

BIG = 16 << 20


@case
def a_large_body_comes_whole():
    s, _ = proxy()
    r = s.get("/size?n=%d" % BIG, timeout=60 * SLOW)
    equal(hashlib.sha256(r.body).hexdigest(), pattern_sha256(BIG))
    r = s.get("/chunked?n=%d&piece=50000" % BIG, timeout=60 * SLOW)
    equal(hashlib.sha256(r.body).hexdigest(), pattern_sha256(BIG, 50000))


@case
def a_large_body_goes_whole():
    s, _ = proxy()
    with s.wire() as w:
        w.send(b"POST /sha256 HTTP/1.1\r\nHost: a\r\nContent-Length: %d"
               b"\r\n\r\n" % BIG)
        for piece in pattern(BIG):
            w.send(piece, 60 * SLOW)
        r = w.response(timeout=60 * SLOW)
    equal(r.body.decode(), "%s %d" % (pattern_sha256(BIG), BIG))


@case
def a_websocket_goes_through():
    s, _ = proxy()
    with s.wire() as w:
        w.send(request("/ws", WEBSOCKET))
        equal(w.response().status, 101)
        for n in (1, 1000, 100000):
            data = os.urandom(n)
            w.send(data)
            equal(w.read_exactly(n, 20 * SLOW), data, "%d bytes" % n)


# --- the end without a goodbye

@case
def a_body_until_the_end_is_whole_with_a_goodbye():
    origin = TlsOrigin(cert("a.test"), name="a")
    with Steelyard(secure(origin)) as s:
        r = s.get("/eof?n=100000", timeout=20 * SLOW)
        equal((r.complete, len(r.body)), (True, 100000))
        equal(s.access(count=1)[0]["termination"], "--")


@case
def a_body_until_the_end_is_cut_without_a_goodbye():
    origin = TlsOrigin(cert("a.test"), name="a", goodbye=False)
    with Steelyard(secure(origin)) as s:
        r = s.get("/eof?n=100000", timeout=20 * SLOW)
        equal(r.complete, False, "complete")
        equal(s.access(count=1)[0]["termination"], "SD")
        equal(s.row("web/a")["eresp"], "1")


@case
def a_length_needs_no_goodbye():
    origin = TlsOrigin(cert("a.test"), name="a", goodbye=False)
    with Steelyard(secure(origin)) as s:
        r = s.get("/close")
        equal((r.status, r.body), (200, b"closing"))
        equal(s.access(count=1)[0]["termination"], "--")


@case
def show_servers_tells_of_tls():
    s, _ = proxy()
    s.get()
    lines = s.stats("show servers state").splitlines()
    names = lines[1][2:].split()
    row = dict(zip(names, lines[2].split()))
    equal(row["srv_use_ssl"], "1")
    equal("SslBackendKeyRate" in s.info(), True)
    equal('"tls_handshakes":' in s.ctl("-j", "show", "servers",
                                       "conn").stdout, True)


class Behind(TlsOrigin):
    """Behind a PROXY header; .told has the first line of each connection."""

    def __init__(self, *args, **more):
        self.told = []
        super().__init__(*args, **more)

    def _serve(self, sock, number):
        line = b""
        sock.settimeout(20 * SLOW)
        while not line.endswith(b"\r\n"):
            byte = sock.recv(1)
            if not byte:
                return
            line += byte
        self.told.append(line.decode())
        super()._serve(sock, number)


@case
def a_proxy_header_stands_before_the_handshake():
    origin = Behind(cert("a.test"), name="a")
    with Steelyard(secure(origin, send_proxy="v1", health={
            "type": "tls", "interval": "100ms"})) as s:
        equal(origin.told[0], "PROXY UNKNOWN\r\n")
        with s.wire() as w:
            w.send(request())
            equal(w.response().status, 200)
            w.send(request())
            equal(w.response().status, 200)
            mine = [x for x in origin.told if
                    " %d " % w.local_port in x]
            equal(len(mine), 1, str(origin.told))


@case
def tls_goes_over_a_unix_socket():
    path = os.path.join(authority().folder, "origin.sock")
    origin = TlsOrigin(cert("a.test"), name="a", path=path)
    row = {"name": "a", "address": origin.address}
    with Steelyard(secure(row)) as s:
        equal(s.get().status, 200)


main()
