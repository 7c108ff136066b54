"""The client's connection: persistence, pipelines, half-close, early ends."""
import time

from bad_requests import line, proxy
from harness import (SLOW, Steelyard, case, equal, fail, main, pool, request,
                     rows, wait_for)
from origins import GoodOrigin, OK, Origin, always

GET = line(b"GET / HTTP/1.1")


@rows([
    ("keeps a 1.1 connection", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
    ("closes where a 1.1 client asks to",
     b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", False),
    ("closes where close stands in a list",
     b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", False),
    ("closes a 1.0 connection", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", False),
    ("keeps a 1.0 connection where asked to",
     b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", True),
])
def persistence(data, kept):
    s, _ = proxy()
    with s.wire() as w:
        w.send(data)
        r = w.response()
        equal(r.status, 200)
        if not kept:
            w.is_closed()
            return
        if b"1.0" in data:
            equal("keep-alive" in r.tokens("Connection"), True, "keep-alive")
        equal("close" in r.tokens("Connection"), False, "close")
        w.send(data)
        equal(w.response().status, 200, "second status")


@case
def says_close_on_the_last_answer_of_a_connection():
    s, _ = proxy()
    r = s.get("/", [("Connection", "close")])
    equal(r.tokens("Connection"), ["close"], "Connection")


@case
def does_not_tell_the_server_to_close():
    s, origin = proxy()
    before = origin.connections
    for _ in range(3):
        equal(s.get("/", [("Connection", "close")]).status, 200)
    if origin.connections - before > 1:
        fail("%d connections" % (origin.connections - before))


@case
def answers_a_pipeline_in_order():
    with Steelyard(pool(GoodOrigin(name="a"), GoodOrigin(name="b"))) as s, \
            s.wire() as w:
        targets = ["/slow?ms=150", "/1", "/slow?ms=30", "/2", "/3"]
        w.send(b"".join(request(t) for t in targets))
        for t in targets:
            r = w.response()
            equal(r.body.count(b'"target": "%s"' % t.encode()), 1, t)


@case
def answers_a_pipeline_with_bodies_in_order():
    with Steelyard(pool(GoodOrigin(name="a"))) as s, s.wire() as w:
        w.send(request("/1", method="POST", body=b"x" * 1000)
               + b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
               b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + request("/3"))
        for n, size in ((1, 1000), (2, 3), (3, 0)):
            r = w.response()
            equal(b'"body": %d,' % size in r.body, True, "body %d" % n)
            equal(b'"target": "/%d"' % n in r.body, True, "target")


@case
def answers_before_a_bad_request_of_a_pipeline():
    s, origin = proxy()
    before = len(origin.requests)
    with s.wire() as w:
        w.send(GET + b"GET / HTTP/1.1\r\nHost : a\r\n\r\n" + GET)
        equal(w.response().status, 200)
        equal(w.response().status, 400)
        w.is_closed()
    equal(len(origin.requests) - before, 1, "requests at the server")


@case
def takes_a_request_byte_by_byte():
    s, _ = proxy()
    with s.wire() as w:
        w.send_pieces([bytes([b]) for b in GET], 0.001)
        equal(w.response().status, 200)


@case
def answers_a_half_closed_client():
    with Steelyard(pool(GoodOrigin(name="a"))) as s, s.wire() as w:
        w.send(request("/slow?ms=200"))
        w.finish()
        r = w.response()
        equal((r.status, r.complete), (200, True))
        w.is_closed()
        equal(s.access(client=w)["termination"], "--")


@case
def cancels_the_exchange_of_a_client_that_leaves():
    gone = []

    def script(w, n):
        w.origin.read(w)
        gone.append(w.recv(5))
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s:
        w = s.wire()
        w.send(GET)
        origin.last()
        w.reset()
        wait_for(lambda: gone, 3 * SLOW, "the server to see the end")
        equal(gone, [b""])
        equal(s.access(client=w)["termination"], "CH")
        wait_for(lambda: s.row("web/a")["scur"] == "0", 3, "the slot")


@case
def lets_the_server_finish_where_told_to():
    done = []

    def script(w, n):
        w.origin.read(w)
        time.sleep(0.4)
        w.send(OK)
        done.append(w.is_silent(0.3))
    origin = Origin(script, name="a")
    with Steelyard(pool(origin, abort_on_close=False)) as s:
        w = s.wire()
        w.send(GET)
        origin.last()
        w.reset()
        wait_for(lambda: done, 3 * SLOW, "the server to have answered")
        equal(done, [True], "the connection stayed")
        equal(origin.faults, [])


@case
def loses_no_answer_to_a_reset_when_the_client_still_sends():
    s, _ = proxy()
    with s.wire() as w:
        w.send(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        w.send_pieces([b"x" * 20000] * 8, 0.01)
        equal(w.response().status, 400)
        w.read_eof()


@case
def forwards_an_early_answer_at_once():
    def script(w, n):
        w.request(body=False)
        w.read_exactly(10)
        w.send(b"HTTP/1.1 413 Too much\r\nContent-Length: 2\r\n"
               b"Connection: close\r\n\r\nno")
        w.recv(5)
    with Steelyard(pool(Origin(script, name="a"))) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
               b"\r\n" + b"x" * 20)
        r = w.response()                # the rest of the body never comes
        equal((r.status, r.body), (413, b"no"))


@case
def keeps_the_connection_after_an_early_answer_to_a_short_body():
    said = b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"

    def script(w, n):
        r = w.request(body=False)
        w.send(said if r.method == "POST" else OK)
        w.body_of(r)
        w.origin.read(w)
        w.send(OK)
    with Steelyard(pool(Origin(script, name="a"))) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        r = w.response()
        equal(r.status, 403)
        if "close" in r.tokens("Connection"):
            return                      # legal too: the body was not read
        w.send(b"def" + GET)
        equal(w.response().status, 200)


@case
def ends_a_connection_after_its_limit_of_requests():
    origin = Origin(always(OK))
    with Steelyard(pool(origin), listener={"limits": {"requests": 3}}) as s, \
            s.wire() as w:
        said = []
        for _ in range(3):
            w.send(GET)
            said.append("close" in w.response().tokens("Connection"))
        equal(said, [False, False, True], "Connection: close")
        w.is_closed()


main()
