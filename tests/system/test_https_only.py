"""https_only: a plain listener redirects, one with TLS says HSTS."""
from certs import TlsWire, cert
from harness import (Steelyard, at, case, equal, free_port, main, once, pool,
                     request, rows, run)
from origins import GoodOrigin, Origin, always
from wire import Wire

HSTS = "Strict-Transport-Security"


@once
def proxy():
    """Gives it, its plain port, its TLS port."""
    plain, secure = free_port(), free_port()
    origin = GoodOrigin()
    return Steelyard(pool(origin), routes=[
        {"path": "/own", "respond": {"body": "own"}}, {"pool": "web"}],
        listeners=[
            {"name": "plain", "address": at(plain), "https_only": {},
             "trusted": ["127.0.0.2"]},
            {"name": "tls", "address": at(secure),
             "tls": {"certificates": [cert("a.test").row()]},
             "https_only": {"hsts": "730d", "include_subdomains": True,
                            "preload": True}}]), plain, secure


def ask(port, *args, **more):
    with Wire(port) as w:
        w.send(request(*args, **more))
        r = w.response(more.get("method", "GET"))
        r.client = w.name
        return r


@rows([
    ("keeps host and path", "a.test", "/x/y?z=1&q=%20",
     "https://a.test/x/y?z=1&q=%20"),
    ("drops the plain port", "a.test:8080", "/", "https://a.test/"),
    ("keeps an address", "[::1]:80", "/x", "https://[::1]/x"),
])
def redirects(host, target, location):
    s, port, _ = proxy()
    r = ask(port, target, host=host)
    equal((r.status, r.get("Location"), r.has(HSTS)), (308, location, False))
    equal(s.access(client=None, target=target, listener="plain")
          ["termination"], "LR")


@case
def redirects_a_post_so_that_it_is_sent_again():
    _, port, _ = proxy()
    r = ask(port, "/form", method="POST", body=b"x", host="a.test")
    equal((r.status, r.get("Location")), (308, "https://a.test/form"))


@case
def answers_400_without_a_host():
    _, port, _ = proxy()
    r = ask(port, "/", host=None, version="1.0")
    equal(r.status, 400)


@case
def names_another_port():
    port = free_port()
    with Steelyard(pool(GoodOrigin()), listeners=[
            {"name": "p", "address": at(port),
             "https_only": {"port": 8443}}]):
        equal(ask(port, "/x", host="a.test:8080").get("Location"),
              "https://a.test:8443/x")


@case
def explain_says_so():
    s, port, _ = proxy()
    said = s.ctl("explain", "GET", "http://a.test:%d/x" % port).stdout
    equal("answered 308: the listener is https_only, see https://a.test/x"
          in said, True, said)


@rows([("says HSTS with answers of servers", "/echo"),
       ("says HSTS with answers of its own", "/own")])
def hsts(target):
    _, _, port = proxy()
    with TlsWire(port) as w:
        w.send(request(target))
        r = w.response()
        equal((r.status, r.get(HSTS)),
              (200, "max-age=63072000; includeSubDomains; preload"))


@case
def replaces_what_a_server_says():
    origin = Origin(always(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                           b"strict-transport-security: max-age=1\r\n\r\n"))
    with Steelyard(pool(origin), listener={
            "tls": {"certificates": [cert("a.test").row()]},
            "https_only": {}}) as s, TlsWire(s.port) as w:
        w.send(request("/"))
        equal(w.response().get(HSTS), "max-age=31536000")


@case
def says_none_with_hsts_0():
    with Steelyard(pool(GoodOrigin()), listener={
            "tls": {"certificates": [cert("a.test").row()]},
            "https_only": {"hsts": 0}}) as s, TlsWire(s.port) as w:
        w.send(request("/echo"))
        equal(w.response().has(HSTS), False)


@case
def believes_a_trusted_proxy_that_ended_tls():
    port = free_port()
    origin = GoodOrigin()
    with Steelyard(pool(origin), listeners=[
            {"name": "p", "address": at(port), "trusted": ["127.0.0.1"],
             "https_only": {}}]):
        r = ask(port, "/echo", [("X-Forwarded-Proto", "https")])
        equal((r.status, r.get(HSTS)), (200, "max-age=31536000"))
        equal(ask(port, "/echo", [("X-Forwarded-Proto", "http")]).status,
              308)
        equal(ask(port, "/echo").status, 308)
    _, port, _ = proxy()
    equal(ask(port, "/echo", [("X-Forwarded-Proto", "https")]).status, 308)


@case
def preload_that_nobody_would_heed_is_an_error():
    with Steelyard(pool(GoodOrigin()), wait=None) as s:
        s.conf["listeners"][0]["https_only"] = {"preload": True}
        s.write()
        got = run(s.command("-t"))
        equal((got.returncode, "listener.https_only.preload: "
               in got.stderr), (78, True))


if __name__ == "__main__":
    main()
