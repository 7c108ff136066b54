"""Where a message ends: Content-Length, chunked, until close."""
from bad_requests import line, proxy, refused, served
from harness import Steelyard, case, equal, fail, main, pool, rows, wait_for
from origins import OK, Origin, always, answers

POST = b"POST / HTTP/1.1"
TE = b"Transfer-Encoding: chunked"


@rows([
    ("refuses Content-Length with Transfer-Encoding",
     line(POST, b"Content-Length: 5", TE) + b"0\r\n\r\n"),
    ("refuses Transfer-Encoding with Content-Length",
     line(POST, TE, b"Content-Length: 5") + b"0\r\n\r\n"),
    ("refuses Transfer-Encoding in 1.0",
     line(b"POST / HTTP/1.0", TE) + b"0\r\n\r\n"),
    ("refuses two Content-Lengths",
     line(POST, b"Content-Length: 1", b"Content-Length: 2") + b"ab"),
    ("refuses two equal Content-Lengths",
     line(POST, b"Content-Length: 2", b"Content-Length: 2") + b"ab"),
    ("refuses a list of Content-Lengths",
     line(POST, b"Content-Length: 2, 2") + b"ab"),
    ("refuses a signed Content-Length", line(POST, b"Content-Length: +2")
     + b"ab"),
    ("refuses a negative Content-Length", line(POST, b"Content-Length: -2")),
    ("refuses a Content-Length with a space",
     line(POST, b"Content-Length: 1 2") + b"ab"),
    ("refuses an empty Content-Length", line(POST, b"Content-Length:")),
    ("refuses a hexadecimal Content-Length",
     line(POST, b"Content-Length: 0x2") + b"ab"),
    ("refuses a Content-Length of 2^63",
     line(POST, b"Content-Length: 9223372036854775808")),
    ("refuses a Content-Length of 2^64 and 2",
     line(POST, b"Content-Length: 18446744073709551618") + b"ab"),
])
def bad_length(data):
    refused(data)


@rows([
    ("refuses an empty Transfer-Encoding", [b"Transfer-Encoding:"]),
    ("refuses identity", [b"Transfer-Encoding: identity"]),
    ("refuses chunked twice in a list",
     [b"Transfer-Encoding: chunked, chunked"]),
    ("refuses chunked twice in fields", [TE, TE]),
    ("refuses chunked before gzip", [b"Transfer-Encoding: chunked, gzip"]),
    ("refuses gzip before chunked", [b"Transfer-Encoding: gzip, chunked"]),
    ("refuses an unknown coding", [b"Transfer-Encoding: xyz"]),
    ("refuses a quoted chunked", [b'Transfer-Encoding: "chunked"']),
    ("refuses chunked with a vertical tab", [TE + b"\x0b"]),
    ("refuses chunked with a parameter", [TE + b";a=b"]),
])
def bad_coding(fields):
    s, origin = proxy()
    before = len(origin.requests)
    r = s.ask(line(POST, *fields) + b"0\r\n\r\n")
    if r.status not in (400, 501):
        fail("status %d" % r.status)
    equal(len(origin.requests), before, "requests at the server")


def chunks(*data):
    return line(POST, TE) + b"".join(data)


@rows([
    ("refuses a chunk size with 0x", b"0x2\r\nab\r\n0\r\n\r\n"),
    ("refuses a chunk size with a sign", b"+2\r\nab\r\n0\r\n\r\n"),
    ("refuses a negative chunk size", b"-2\r\nab\r\n0\r\n\r\n"),
    ("refuses an empty chunk size", b"\r\nab\r\n0\r\n\r\n"),
    ("refuses a space before a chunk size", b" 2\r\nab\r\n0\r\n\r\n"),
    ("refuses a space after a chunk size", b"2 \r\nab\r\n0\r\n\r\n"),
    ("refuses a chunk size of 17 digits",
     b"00000000000000002\r\nab\r\n0\r\n\r\n"),
    ("refuses a chunk size of 2^63", b"8000000000000000\r\nab\r\n"),
    ("refuses a chunk size that is no number", b"g\r\nab\r\n0\r\n\r\n"),
    ("refuses a bare LF after a chunk size", b"2\nab\r\n0\r\n\r\n"),
    ("refuses a bare LF after chunk data", b"2\r\nab\n0\r\n\r\n"),
    ("refuses more data than the chunk size", b"2\r\nabc\r\n0\r\n\r\n"),
    ("refuses a lone semicolon", b"2;\r\nab\r\n0\r\n\r\n"),
    ("refuses a bad chunk extension", b"2;a=@\r\nab\r\n0\r\n\r\n"),
    ("refuses a CR in a quoted chunk extension",
     b'2;a="\r"\r\nab\r\n0\r\n\r\n'),
    ("refuses a chunk extension over 256 bytes",
     b"2;a=" + b"x" * 300 + b"\r\nab\r\n0\r\n\r\n"),
    ("refuses a trailer without a colon", b"2\r\nab\r\n0\r\nX\r\n\r\n"),
    ("refuses a folded trailer", b"2\r\nab\r\n0\r\nX: a\r\n b\r\n\r\n"),
    ("refuses a bare LF after the last chunk", b"2\r\nab\r\n0\n\r\n"),
])
def bad_chunk(data):
    """The head may have gone to the server; the message never completes."""
    s, origin = proxy()
    faults = len(origin.faults)
    with s.wire() as w:
        w.send(chunks(data))
        r = w.response()
        equal(r.status, 400)
        w.is_closed()
        equal(s.access(client=w)["status"], 400)
    done = [x for x in origin.requests if x.complete and x.method == "POST"
            and x.framing == "chunked" and x.body == b"bad"]
    equal(done, [], "complete messages at the server")
    del origin.faults[faults:]


@rows([
    ("passes no body where nothing is said", line(POST), b"", "none"),
    ("passes a Content-Length", line(POST, b"Content-Length: 3") + b"abc",
     b"abc", "length"),
    ("passes a Content-Length of 0", line(POST, b"Content-Length: 0"), b"",
     "length"),
    ("passes leading zeros", line(POST, b"Content-Length: 003") + b"abc",
     b"abc", "length"),
    ("passes chunks", chunks(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), b"abc",
     "chunked"),
    ("passes chunked in any case",
     line(POST, b"Transfer-Encoding: Chunked") + b"3\r\nabc\r\n0\r\n\r\n",
     b"abc", "chunked"),
    ("passes a size of 16 digits",
     chunks(b"0000000000000003\r\nabc\r\n0\r\n\r\n"), b"abc", "chunked"),
    ("passes sizes in both cases", chunks(
        b"0a\r\n0123456789\r\n0A\r\n0123456789\r\n0\r\n\r\n"),
     b"01234567890123456789", "chunked"),
    ("drops chunk extensions",
     chunks(b'3;a;b=c;d="e;\\"f"\r\nabc\r\n0;x=y\r\n\r\n'), b"abc",
     "chunked"),
    ("passes a body of GET",
     line(b"GET / HTTP/1.1", b"Content-Length: 3") + b"abc", b"abc",
     "length"),
])
def good_body(data, body, framing):
    seen = served(data)
    equal(seen.body, body, "body at the server")
    if framing == "chunked":            # may have become known meanwhile
        equal(seen.framing in ("chunked", "length"), True, seen.framing)
    else:
        equal(seen.framing, framing, "framing at the server")


@case
def never_forwards_framing_or_routing_trailers():
    seen = served(line(POST, TE, b"TE: trailers", b"Connection: TE")
                  + b"1\r\na\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n"
                  b"Authorization: x\r\nTransfer-Encoding: gzip\r\n"
                  b"X-Sum: 1\r\n\r\n")
    bad = [t for t in seen.trailers if t[0].lower() != "x-sum"]
    equal(bad, [], "trailers")


@case
def forwards_trailers_of_a_response_to_who_takes_them():
    said = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n")
    with Steelyard(pool(Origin(always(said)))) as s:
        r = s.get("/", [("TE", "trailers"), ("Connection", "TE")])
        equal((r.body, r.trailers), (b"ok", [("X-Sum", "1")]))


def respond(said, data=line(b"GET / HTTP/1.1"), method="GET", after="close"):
    """What a client gets when the server says this; and its log line."""
    origin = Origin(answers(said, after=after), name="a")
    with Steelyard(pool(origin, retries=0)) as s, s.wire() as w:
        w.send(data)
        r = w.response(method)
        if "close" in r.tokens("Connection"):
            w.is_closed()
        return r, s.access(client=w)


HEAD = b"HTTP/1.1 200 OK\r\n"


@rows([
    ("gives 502 for different Content-Lengths",
     HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
    ("gives 502 for a Content-Length that is no number",
     HEAD + b"Content-Length: x\r\n\r\nabc"),
    ("gives 502 for an unknown coding of a response",
     HEAD + b"Transfer-Encoding: xyz\r\n\r\nabc"),
    ("gives 502 for a status of two digits",
     b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    ("gives 502 for no HTTP at all", b"SSH-2.0-OpenSSH\r\n\r\n"),
    ("gives 502 for HTTP/2 from a server",
     b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("gives 502 for a response head over the limit",
     HEAD + b"X: " + b"x" * 40000 + b"\r\n\r\n"),
    ("gives 502 for 101 that nobody asked for",
     b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade"
     b"\r\n\r\n"),
])
def bad_response(said):
    r, log = respond(said)
    equal(r.status, 502)
    equal((log["status"], log["termination"]), (502, "PH"))


@case
def makes_equal_content_lengths_of_a_response_one():
    r, _ = respond(HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok")
    equal((r.get("Content-Length"), r.body), ("2", b"ok"))


@case
def makes_a_body_until_close_chunked_for_1_1():
    r, log = respond(HEAD + b"\r\nabc")
    equal((r.framing, r.body, r.complete), ("chunked", b"abc", True))
    equal(log["termination"], "--")


@case
def keeps_a_body_until_close_for_1_0():
    r, _ = respond(HEAD + b"\r\nabc", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    equal((r.framing, r.body), ("eof", b"abc"))


@case
def unchunks_for_1_0():
    r, _ = respond(HEAD + TE + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                   b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    equal((r.framing, r.body, r.has("Transfer-Encoding")),
          ("eof", b"abc", False))


@rows([
    ("sends no body with HEAD", "HEAD",
     HEAD + b"Content-Length: 9\r\n\r\n", "9"),
    ("sends no body with 304", "GET",
     b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", "9"),
    ("drops the length of 204", "GET",
     b"HTTP/1.1 204 None\r\nContent-Length: 9\r\n\r\n", None),
    ("drops the coding of 204", "GET",
     b"HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n", None),
])
def bodyless(method, said, length):
    origin = Origin(always(said), name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        for _ in range(2):              # the second shows where the first ends
            w.send(line(method.encode() + b" / HTTP/1.1"))
            r = w.response(method)
            equal(r.get("Content-Length"), length, "Content-Length")
            equal(r.has("Transfer-Encoding"), False, "Transfer-Encoding")
        equal(origin.connections, 1, "connections to the server")


@rows([
    ("cuts the client where a Content-Length body ends early",
     HEAD + b"Content-Length: 10\r\n\r\nabc"),
    ("cuts the client where a chunked body ends early",
     HEAD + TE + b"\r\n\r\n3\r\nabc\r\n5\r\nde"),
    ("cuts the client where the last chunk is missing",
     HEAD + TE + b"\r\n\r\n3\r\nabc\r\n"),
])
def cut_response(said):
    origin = Origin(answers(said), name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        w.send(line(b"GET / HTTP/1.1"))
        r = w.response()
        equal((r.status, r.complete), (200, False), "status and completeness")
        equal(s.access(client=w)["termination"], "SD")


@case
def never_completes_a_cut_request():
    s, origin = proxy()
    faults = len(origin.faults)
    with s.wire() as w:
        w.send(line(b"POST /cut HTTP/1.1", TE) + b"3\r\nabc\r\n")
        wait_for(lambda: origin.requests[-1:]
                 and origin.requests[-1].target == "/cut", 3,
                 "the head at the server")
        seen = origin.requests[-1]
        w.reset()
    wait_for(lambda: len(origin.faults) > faults
             or not origin.open, 3, "the server's end of it")
    equal(seen.complete, False, "complete")
    del origin.faults[faults:]


@case
def closes_a_server_that_says_more_than_its_length():
    def script(w, n):
        w.origin.read(w)
        w.send(HEAD + b"Content-Length: 2\r\n\r\nokEXTRA")
        w.origin.read(w)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        for n in (1, 2):
            w.send(line(b"GET / HTTP/1.1"))
            r = w.response()
            equal((r.status, r.body), (200, b"ok"))
            equal(origin.connections, n, "connections to the server")


@case
def closes_a_server_that_speaks_unasked():
    def script(w, n):
        w.origin.read(w)
        w.send(OK)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 1) \
            if w.is_silent(0.1) else None
        w.origin.read(w)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        w.send(line(b"GET / HTTP/1.1"))
        equal(w.response().body, b"ok")
        wait_for(lambda: not origin.open, 3, "the connection to be closed")
        w.send(line(b"GET / HTTP/1.1"))
        equal(w.response().body, b"ok")
        equal(origin.connections, 2, "connections to the server")


main()
