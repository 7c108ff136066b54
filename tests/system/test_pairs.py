"""All pairs of protocols, with clients and servers that others wrote: curl in
front; nginx's protocol (by our origin) and python3-h2 behind."""
import hashlib
import os

from h2_servers import H2Origin
from h2wire import DATA, END_STREAM, H2Wire, HEADERS, frame
from harness import (SLOW, Steelyard, equal, fail, main, once, pool, request,
                     rows, run, temp_dir, wait_for)
from origins import GoodOrigin, pattern_sha256
from wire import WEBSOCKET

FRONTS = {"h1": "--http1.1", "h2": "--http2-prior-knowledge"}


@once
def proxies():
    """By the protocol of the servers."""
    return {"h1": Steelyard(pool(GoodOrigin(name="a"))),
            "h2": Steelyard(pool(H2Origin(), protocol="h2"))}


PAIRS = [("%s to %s" % (f, b), f, b) for f in FRONTS for b in ("h1", "h2")]


def each(title):
    """A case for each pair."""
    return rows([("%s, %s" % (title, name), f, b) for name, f, b in PAIRS])


def curl(s, front, path, *more, **how):
    return run(["curl", "-sS", FRONTS[front], "--max-time", "30", *more,
                "http://127.0.0.1:%d%s" % (s.port, path)], timeout=60, **how)


def facts(s, front, path, *more, **how):
    """What curl got, and "status version"."""
    got = curl(s, front, path, "-w", "\n%{http_code} %{http_version}", *more,
               **how)
    equal(got.stderr, "")
    body, _, last = got.stdout.rpartition("\n")
    return body, last


VERSION = {"h1": "HTTP/1.1", "h2": "HTTP/2.0"}


@each("a request and its answer")
def plain(front, back):
    s = proxies()[back]
    target = "/echo?%s-%s" % (front, back)
    body, last = facts(s, front, target, "-H", "X-One: 1")
    equal(last, "200 2" if front == "h2" else "200 1.1")
    if '"target": "%s"' % target not in body or "x-one" not in body.lower():
        fail("the server saw " + body)
    line = s.access(target=target)
    equal((line["version"], line["server_version"], line["termination"]),
          (VERSION[front], VERSION[back], "--"))


@each("bodies both ways")
def bodies(front, back):
    s = proxies()[back]
    path = os.path.join(temp_dir(), "body")
    with open(path, "wb") as f:
        f.write(os.urandom(3 << 20))
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    body, last = facts(s, front, "/sha256", "--data-binary", "@" + path)
    equal((body, last[:3]), ("%s %d" % (digest, 3 << 20), "200"))
    with open(path, "rb") as f:         # of a length that curl cannot know
        body, last = facts(s, front, "/sha256", "-T", "-", "-X", "POST",
                           stdin=f)
    equal((body, last[:3]), ("%s %d" % (digest, 3 << 20), "200"))
    out = os.path.join(temp_dir(), "out")
    curl(s, front, "/size?n=5000000", "-o", out)
    with open(out, "rb") as f:
        equal(hashlib.sha256(f.read()).hexdigest(), pattern_sha256(5000000))


@each("HEAD")
def to_head(front, back):
    got = curl(proxies()[back], front, "/size?n=1234", "-I")
    equal(got.stderr, "")
    if "content-length: 1234" not in got.stdout.lower():
        fail("no length in " + got.stdout)


@each("a client that leaves")
def leaves(front, back):
    """The server is free at once, and what shares its connection goes on."""
    s = proxies()[back]
    facts(s, front, "/echo")    # there is a connection: it waits for no other
    with s.wire() if front == "h1" else H2Wire(s.port) as w:
        if front == "h1":
            w.send(request("/slow?ms=900000"))
        else:
            w.ask(1, "GET", "/slow?ms=900000")
        wait_for(lambda: s.row("web/a")["scur"] == "1", 5 * SLOW)
        w.reset()
    line = s.access(target="/slow?ms=900000", version=VERSION[front])
    equal(line["termination"], "CH")
    equal(facts(s, front, "/echo")[1][:3], "200")
    wait_for(lambda: s.row("web/a")["scur"] == "0", 5 * SLOW)


@rows([("early, interim, cut and broken answers, %s to h2" % f, f)
       for f in FRONTS])
def what_only_the_new_servers_do(front):
    s = proxies()["h2"]
    for _ in range(10):         # curl 7.88 takes NO_ERROR for an error
        body, last = facts(s, front, "/early", "--data-binary", "x" * 10)
        equal((body, last[:3]), ("too large", "413"))
    got = curl(s, front, "/interim", "-i")
    equal(got.stderr, "")
    if "103" not in got.stdout or "link: </x>" not in got.stdout.lower():
        fail("no interim response in " + got.stdout)
    got = curl(s, front, "/trailers", "-i", "-H", "TE: trailers")
    if "x-sum: 2" not in got.stdout.lower():
        fail("no trailers in " + got.stdout)
    equal(facts(s, front, "/break", "-X", "POST")[1][:3], "502")
    got = curl(s, front, "/cut", "-o", "/dev/null")
    equal(got.returncode != 0, True, "a body cut short looked complete")
    equal(s.access(target="/cut", version=VERSION[front])["termination"],
          "SD")


def h1_tunnel(s, path):
    w = s.wire()
    w.send(request(path, WEBSOCKET))
    r = w.response()
    equal((r.status, r.get("Upgrade")), (101, "websocket"))
    if not r.has("Sec-WebSocket-Accept"):
        fail("no proof for the client: %r" % (r.fields,))

    def echo(data):
        w.send(data)
        return w.read_exactly(len(data), 5)
    return w, echo


def h2_tunnel(s, path):
    w = H2Wire(s.port)
    w.ask_websocket(1, path)
    w.until(HEADERS, 1)

    def echo(data):
        w.send(frame(DATA, 0, 1, data))
        return w.until(DATA, 1)
    return w, echo


def tunnel(front, s, path):
    """A connection of a WebSocket, and what says a thing and gives the echo."""
    return (h1_tunnel if front == "h1" else h2_tunnel)(s, path)


@each("WebSocket")
def websocket(front, back):
    s = proxies()[back]
    w, echo = tunnel(front, s, "/ws")
    with w:
        for i in range(5):
            equal(echo(b"ping%d" % i), b"ping%d" % i)
        if front == "h2":
            w.send(frame(DATA, END_STREAM, 1))
            equal(w.until(DATA, 1), b"")
    line = s.access(target="/ws", version=VERSION[front])
    equal((line["status"], line["server_version"]), (101, VERSION[back]))


@each("WebSocket through reloads")
def stays(front, back):
    """Whatever becomes of the pool, the route and the server it came by."""
    s = proxies()[back]
    pools, routes = s.conf["pools"], s.conf["routes"]
    w, echo = tunnel(front, s, "/ws?stays")
    with w:
        for name in ("other", "another"):
            s.conf["pools"] = [dict(pools[0], name=name)]
            s.conf["routes"] = [{"path": "/elsewhere", "pool": name}]
            s.reload()
            equal(echo(b"in " + name.encode()), b"in " + name.encode())
        s.conf["pools"], s.conf["routes"] = pools, routes
        s.reload()
        equal(s.stats("set server web/a state drain").strip(), "")
        equal(echo(b"drained"), b"drained")
        s.stats("set server web/a state ready")
        equal(facts(s, front, "/echo")[1][:3], "200")
    line = s.access(target="/ws?stays", version=VERSION[front])
    equal((line["status"], line["pool"], line["server"]),
          (101, "web", "a"))


if __name__ == "__main__":
    main()
