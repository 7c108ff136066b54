"""Answers that steelyard makes itself: their form, error pages."""
import os
import re

from harness import (Steelyard, at, case, equal, fail, free_port, main, once,
                     pool, request, rows, temp_dir)

DATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"


@once
def proxy():
    dead = {"name": "dead", "address": at(free_port())}
    return Steelyard(pool(dead, retries=0), routes=[
        {"path": "/ping", "respond": {"status": 200, "body": "pong\n"}},
        {"path": "/gone", "respond": {"status": 204}},
        {"path": "/dead", "pool": "web"},
    ])


@rows([
    ("a 400 is well-formed", b"GET / HTTP/1.1\r\nHost : <b>\r\n\r\n", 400),
    ("a 404 is well-formed", request("/<none>".replace("<", "%3C")), 404),
    ("a 405 is well-formed",
     b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ("a 503 is well-formed", request("/dead"), 503),
    ("a 505 is well-formed", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
])
def error_answer(data, status):
    r = proxy().ask(data)
    equal((r.status, r.version, r.framing), (status, "HTTP/1.1", "length"))
    if not re.fullmatch(DATE, r.get("Date", "")):
        fail("Date %r" % r.get("Date"))
    equal(r.get("Cache-Control"), "no-store", "Cache-Control")
    for echo in (b"<b>", b"none", b"dead"):
        if echo in r.body:
            fail("the body echoes the request: %r" % r.body)


@rows([("answers HEAD without a body, of an error", "/dead", 503),
       ("answers HEAD without a body, of a page", "/ping", 200)])
def head(path, status):
    with proxy().wire() as w:
        w.send(request(path, [("Connection", "close")], "HEAD"))
        got = w.read_eof()
    first, _, body = got.partition(b"\r\n\r\n")
    equal(int(first.split(b" ")[1]), status, "status")
    equal(body, b"", "body")
    if status == 200:
        equal(b"\r\ncontent-length: 5" in first.lower(), True, "length of it")


@case
def keeps_the_connection_after_an_answer_of_its_own():
    with proxy().wire() as w:
        for path, status in (("/ping", 200), ("/gone", 204), ("/no", 404),
                             ("/dead", 503), ("/ping", 200)):
            w.send(request(path))
            equal(w.response().status, status, path)


@case
def answers_a_1_0_client_and_closes():
    r = proxy().ask(b"GET /ping HTTP/1.0\r\n\r\n")
    equal((r.status, r.body), (200, b"pong\n"))


@case
def says_when_to_come_again_with_503():
    if not proxy().get("/dead").get("Retry-After", "").isdigit():
        fail("no Retry-After")


@case
def sends_the_operators_page_for_an_error():
    page = os.path.join(temp_dir(), "503.html")
    with open(page, "w") as f:
        f.write("<h1>Back soon</h1>\n")
    dead = {"name": "dead", "address": at(free_port())}
    with Steelyard(pool(dead, retries=0), glob={"errors": [
            {"status": 503, "file": page, "content_type": "text/html"}]}
    ) as s:
        r = s.get()
        equal((r.status, r.body), (503, b"<h1>Back soon</h1>\n"))
        equal(r.get("Content-Type"), "text/html")


main()
