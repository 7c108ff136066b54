"""Servers of HTTP/2 that others wrote, in clear and over TLS: what nginx, h2o
and Apache serve arrives, from clients of either protocol."""
import hashlib
import os
import re

from certs import authority, cert
from h2_peers import BIG, Apache, H2o, Nginx
from harness import (SLOW, Steelyard, equal, fail, main, once, pool, request,
                     rows, run, temp_dir)
from origins import GoodOrigin, pattern_sha256

PEERS = {"nginx": Nginx, "h2o": H2o, "apache": Apache}
FRONTS = {"h1": "--http1.1", "h2": "--http2-prior-knowledge"}


@once
def origin():
    return GoodOrigin(name="origin")


def before(peer, tls, **more):
    if tls:
        more["tls"] = {"ca": authority().ca, "sni": "a.test"}
    return Steelyard(pool(dict(name="a", address="127.0.0.1:%d" % peer.port),
                          protocol="h2", retries=0, **more))


def made(kind, tls):
    @once
    def make():
        return before(PEERS[kind](origin(), cert=cert("a.test") if tls
                                  else None), tls)
    return make


PROXIES = {(kind, tls): made(kind, tls) for kind in PEERS
           for tls in (False, True)}
TABLE = [("%s %s, from %s" % (kind, "over TLS" if tls else "in clear", front),
          kind, tls, front)
         for kind, tls in PROXIES for front in FRONTS]


def each(title):
    return rows([("%s, %s" % (title, name), *row) for name, *row in TABLE])


def curl(s, front, path, *more):
    """(status, body, head)"""
    folder = temp_dir()
    head, body = (os.path.join(folder, n) for n in ("head", "body"))
    got = run(["curl", "-sS", FRONTS[front], "--max-time", str(20 * SLOW),
               "-D", head, "-o", body, "-w", "%{http_code}", *more,
               "http://127.0.0.1:%d%s" % (s.port, path)], timeout=60)
    equal((got.returncode, got.stderr), (0, ""))
    data = b""
    if os.path.exists(body):
        with open(body, "rb") as f:
            data = f.read()
    with open(head) as f:
        return int(got.stdout), data, f.read().lower()


def ended(s, front, **members):
    """curl leaves when it has as many bytes as the length says; the server may
    end the stream of HTTP/2 after that, by a frame of its own."""
    line = s.access(version="HTTP/2.0" if front == "h2" else "HTTP/1.1",
                    **members)
    if (line["termination"], front) != ("CD", "h2"):
        equal(line["termination"], "--")
    equal(line["server_version"], "HTTP/2.0")


@each("bodies down")
def bodies_down(kind, tls, front):
    s = PROXIES[kind, tls]()
    equal(curl(s, front, "/small")[:2], (200, b"hello\n"))
    status, data, _ = curl(s, front, "/big")
    equal((status, len(data), hashlib.sha256(data).hexdigest()),
          (200, BIG, pattern_sha256(BIG)))
    ended(s, front, target="/small")
    ended(s, front, target="/big", method="GET")


@each("a body up")
def body_up(kind, tls, front):
    s = PROXIES[kind, tls]()
    data = os.urandom(BIG)
    path = os.path.join(temp_dir(), "body")
    with open(path, "wb") as f:
        f.write(data)
    want = "%s %d" % (hashlib.sha256(data).hexdigest(), BIG)
    equal(curl(s, front, "/o/sha256", "--data-binary", "@" + path)[:2],
          (200, want.encode()))
    ended(s, front, target="/o/sha256")


@each("HEAD and 304")
def no_body(kind, tls, front):
    s = PROXIES[kind, tls]()
    status, data, head = curl(s, front, "/big", "-I")
    equal((status, data.startswith(b"hello")), (200, False))
    if "content-length: %d" % BIG not in head:
        fail("no length in " + head)
    when = [x[15:] for x in head.splitlines()
            if x.startswith("last-modified: ")][0]
    # The day and the month have capitals.
    when = when.title().replace("Gmt", "GMT")
    status, data, _ = curl(s, front, "/big", "-H",
                           "If-Modified-Since: " + when)
    equal((status, data), (304, b""))
    ended(s, front, target="/big", status=304)


@rows([("trailers of nginx", False), ("trailers of nginx over TLS", True)])
def trailers(tls):
    """Behind a length, which HTTP/1.1 has no place for."""
    s = PROXIES["nginx", tls]()
    got = run(["nghttp", "-nv", "-H", "te: trailers",
               "http://127.0.0.1:%d/trailers" % s.port])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", got.stdout)
    if ") x-sum: 1\n" not in plain:
        fail("no trailers in " + plain[-900:])


@rows([("an early answer of nginx, from h1", "curl", "-sS",
        "--data-binary", "@"),
       ("an early answer of nginx, from h2", "nghttp", "-d", "")])
def early(client, *args):
    """It answers before it has the body, and throws that away.  (curl 7.88
    takes NO_ERROR for an error.)"""
    s = PROXIES["nginx", False]()
    path = os.path.join(temp_dir(), "body")
    with open(path, "wb") as f:
        f.write(bytes(BIG))
    got = run([client, *args[:-1], args[-1] + path,
               "http://127.0.0.1:%d/early" % s.port], timeout=60)
    equal((got.stdout, got.stderr), ("too large\n", ""))
    ended(s, "h1" if client == "curl" else "h2", target="/early", status=413)


@rows([("none is lost where nginx ends connections, %s%s" % (
    method, " over TLS" if tls else ""), method, tls)
    for method in ("GET", "POST") for tls in (False, True)])
def goaways(method, tls):
    """It ends each after 100 requests: those that it refuses are sent again,
    also if they are not idempotent."""
    peer = Nginx(origin(), cert=cert("a.test") if tls else None, requests=100)
    more = {"retries": 2}
    if tls:
        more["tls"] = {"ca": authority().ca, "sni": "a.test"}
    path = os.path.join(temp_dir(), "body")
    with open(path, "wb") as f:
        f.write(b"x" * 100)
    with Steelyard(pool(dict(name="a", address="127.0.0.1:%d" % peer.port),
                        protocol="h2", **more)) as s:
        how = ["-d", path] if method == "POST" else []
        got = run(["h2load", "-n", "5000", "-c", "10", "-m", "10", *how,
                   "http://127.0.0.1:%d%s" % (
                       s.port, "/o/echo" if how else "/small")], timeout=120)
        if "5000 succeeded, 0 failed, 0 errored" not in got.stdout:
            fail(got.stdout[-600:])
        row = s.row("web/a")
        print("# %s connections, %s retries" % (row["connect"], row["wretr"]))
        equal((row["hrsp_2xx"], int(row["connect"]) >= 50), ("5000", True))
        equal(len([x for x in s.access(count=5000)
                   if x["termination"] != "--"]), 0)


if __name__ == "__main__":
    main()
