"""Fields of requests and responses: grammar, order, hop-by-hop, Expect."""
from bad_requests import exchange, line, proxy, refused, served
from harness import Steelyard, case, equal, fail, main, pool, rows
from origins import OK, Origin, always

GET = b"GET / HTTP/1.1"


@rows([
    ("refuses a space before the colon", b"X : a"),
    ("refuses a tab before the colon", b"X\t: a"),
    ("refuses a field without a colon", b"Xa"),
    ("refuses an empty name", b": a"),
    ("refuses a name that is no token", b"X@: a"),
    ("refuses a name with bytes above 0x7f", b"X\xe9: a"),
    ("refuses NUL in a value", b"X: a\0b"),
    ("refuses a control in a value", b"X: a\x01b"),
    ("refuses DEL in a value", b"X: a\x7fb"),
    ("refuses a folded line", b"X: a\r\n b"),
    ("refuses a folded line with a tab", b"X: a\r\n\tb"),
    ("refuses space before the first field", None),
])
def bad_field(field):
    if field is None:
        refused(GET + b"\r\n Host: a\r\nHost: a\r\n\r\n")
    else:
        refused(line(GET, field))


def seen_fields(*fields, names):
    seen = served(line(GET, *fields))
    return [(n, v) for n, v in seen.fields
            if n.lower() in [x.lower() for x in names]]


@rows([
    ("trims spaces and tabs around a value", b"X-A: \t a b\t ",
     ("X-A", "a b")),
    ("keeps bytes above 0x7f in a value", b"X-A: caf\xe9",
     ("X-A", "caf\xe9")),
    ("keeps a tab within a value", b"X-A: a\tb", ("X-A", "a\tb")),
    ("keeps an empty value", b"X-A:", ("X-A", "")),
    ("keeps the case of a name", b"x-a: a", ("x-a", "a")),
    ("passes a name of odd tokens", b"X-A!#$%&'*+.^`|~: a",
     ("X-A!#$%&'*+.^`|~", "a")),
])
def good_field(field, wanted):
    seen = served(line(GET, field))
    if wanted not in seen.fields:
        fail("%r not in %r" % (wanted, seen.fields))


@case
def keeps_order_and_repeats():
    got = seen_fields(b"X-B: 1", b"X-A: 2", b"X-B: 3", b"X-A: 4",
                      names=["x-a", "x-b"])
    equal(got, [("X-B", "1"), ("X-A", "2"), ("X-B", "3"), ("X-A", "4")])


@case
def drops_names_with_underscores():
    equal(seen_fields(b"X_A: 1", b"X-A: 2", names=["x_a", "x-a"]),
          [("X-A", "2")])


@rows([("refuses underscores where told to", "refuse", 400, []),
       ("allows underscores where told to", "allow", 200, ["1"])])
def underscores(option, status, wanted):
    origin = Origin(always(OK), name="a")
    with Steelyard(pool(origin), listener={
            "limits": {"underscores": option}}) as s:
        equal(s.get("/", [("X_A", "1")]).status, status, "status")
        got = [v for r in origin.requests for v in r.all("X_A")]
        equal(got, wanted, "X_A at the server")


@rows([
    ("does not forward Connection", [b"Connection: keep-alive"],
     "Connection"),
    ("does not forward a field Connection names",
     [b"Connection: X-Hop", b"X-Hop: 1"], "X-Hop"),
    ("does not forward one of several named",
     [b"Connection: close , x-hop", b"X-Hop: 1"], "X-Hop"),
    ("does not forward Keep-Alive", [b"Keep-Alive: timeout=5"],
     "Keep-Alive"),
    ("does not forward Proxy-Connection", [b"Proxy-Connection: keep-alive"],
     "Proxy-Connection"),
    ("does not forward TE of codings", [b"Connection: TE", b"TE: gzip"],
     "TE"),
    ("does not forward Upgrade without Connection", [b"Upgrade: websocket"],
     "Upgrade"),
    ("does not forward h2c",
     [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c",
      b"HTTP2-Settings: AAMAAABk"], "Upgrade"),
    ("consumes Proxy-Authorization", [b"Proxy-Authorization: Basic eA=="],
     "Proxy-Authorization"),
])
def hop_by_hop(fields, gone):
    seen = served(line(GET, *fields))
    said = seen.all(gone)
    if gone == "Connection":
        said = [v for v in said if "close" in v or "hop" in v.lower()]
    equal(said, [], gone + " at the server")


@rows([
    ("keeps Cookie though Connection names it", b"Cookie", b"k=v"),
    ("keeps Authorization though Connection names it", b"Authorization",
     b"Basic eA=="),
])
def kept_though_named(name, value):
    seen = served(line(GET, b"Connection: " + name, name + b": " + value))
    equal(seen.get(name.decode()), value.decode(), name.decode())


@case
def keeps_host_and_length_though_connection_names_them():
    seen = served(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: host, "
                  b"content-length, x-forwarded-for\r\nContent-Length: 2"
                  b"\r\n\r\nab")
    equal(seen.get("Host"), "a")
    equal(seen.body, b"ab")
    equal(seen.get("X-Forwarded-For"), "127.0.0.1")


@case
def answers_options_with_max_forwards_0_itself():
    r, seen = exchange(line(b"OPTIONS / HTTP/1.1", b"Max-Forwards: 0"))
    equal(seen, [], "requests at the server")
    equal(r.status // 100, 2, "class of the status")


@case
def lowers_max_forwards_of_options():
    seen = served(line(b"OPTIONS / HTTP/1.1", b"Max-Forwards: 7"))
    equal(seen.get("Max-Forwards"), "6")


@case
def leaves_max_forwards_of_get_alone():
    seen = served(line(GET, b"Max-Forwards: 7"))
    equal(seen.get("Max-Forwards"), "7")


@case
def appends_via_after_those_there():
    seen = served(line(GET, b"Via: 1.0 old"))
    said = ", ".join(seen.all("Via"))
    if not said.startswith("1.0 old, 1.1 "):
        fail("Via is %r" % said)


@case
def refuses_a_loop_with_508():
    mine = served(line(GET)).get("Via").encode()
    r, seen = exchange(line(GET, b"Via: 1.1 other, " + mine))
    equal((r.status, len(seen)), (508, 0), "status and requests behind")


@case
def refuses_an_unknown_expectation_with_417():
    r, seen = exchange(line(b"POST / HTTP/1.1", b"Expect: miracles",
                            b"Content-Length: 0"))
    equal((r.status, len(seen)), (417, 0), "status and requests behind")


@case
def passes_100_continue_both_ways():
    def script(w, n):
        r = w.request(body=False)
        equal(r.get("Expect"), "100-continue", "Expect")
        if not w.is_silent(0.1):
            fail("the body came before 100")
        w.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        w.body_of(r)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + r.body)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
               b"Content-Length: 3\r\n\r\n")
        equal(w.read_until(b"\r\n\r\n").split(b"\r\n")[0],
              b"HTTP/1.1 100 Continue")
        w.send(b"abc")
        equal(w.response().body, b"abc")
        equal(origin.faults, [], "faults at the server")


@case
def passes_a_final_answer_instead_of_100():
    def script(w, n):
        w.request(body=False)
        w.send(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        w.recv(5)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
               b"Content-Length: 30000000\r\n\r\n")
        r = w.response()
        equal((r.status, r.interim), (401, []))


INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK


@case
def forwards_an_interim_response():
    with Steelyard(pool(Origin(always(INTERIM)))) as s:
        r = s.get()
        equal([x.status for x in r.interim], [103], "interim")
        equal(r.interim[0].get("Link"), "</a>")
        equal(r.body, b"ok")


@case
def sends_no_interim_response_to_a_1_0_client():
    with Steelyard(pool(Origin(always(INTERIM)))) as s:
        r = s.ask(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        equal((r.status, r.interim), (200, []))


@rows([
    ("gives 502 for NUL in a value of a response", b"X: a\0b"),
    ("gives 502 for a folded line of a response", b"X: a\r\n b"),
    ("gives 502 for a response field without a colon", b"Xa"),
    ("gives 502 for a space before the colon of a framing field",
     b"Content-Length : 2"),
    ("gives 502 for a bare LF in a response", b"X: a\nY: b"),
])
def bad_response_field(field):
    length = b"" if b"Length" in field else b"Content-Length: 2\r\n"
    bad = b"HTTP/1.1 200 OK\r\n" + field + b"\r\n" + length + b"\r\nok"
    with Steelyard(pool(Origin(always(bad), name="a"))) as s:
        r = s.get()
        equal(r.status, 502)
        log = s.access(status=502)
        equal(log["termination"], "PH")


@case
def removes_a_space_before_the_colon_of_a_response():
    odd = b"HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 2\r\n\r\nok"
    with Steelyard(pool(Origin(always(odd)))) as s:
        equal(s.get().get("X-A"), "1")


@case
def unfolds_a_response_where_told_to():
    odd = b"HTTP/1.1 200 OK\r\nX-A: a\r\n  b\r\nContent-Length: 2\r\n\r\nok"
    p = pool(Origin(always(odd)), limits={"unfold": True})
    with Steelyard(p) as s:
        equal(s.get().get("X-A").split(), ["a", "b"])


@case
def passes_response_fields_as_they_are():
    said = (b"HTTP/1.1 299 Odd  reason\r\nSet-Cookie: a=1\r\nServer: x/1\r\n"
            b"Set-Cookie: b=2\r\nALLOW: GET, X\r\nDate: Tue, 15 Nov 1994 "
            b"08:12:31 GMT\r\nConnection: x-hop\r\nX-Hop: 1\r\n"
            b"Keep-Alive: timeout=9\r\nContent-Length: 0\r\n\r\n")
    with Steelyard(pool(Origin(always(said)))) as s:
        r = s.get()
        equal(r.status, 299)
        equal(r.all("Set-Cookie"), ["a=1", "b=2"], "Set-Cookie")
        equal(r.get("Server"), "x/1")
        equal([v for n, v in r.fields if n == "ALLOW"], ["GET, X"], "Allow")
        equal(r.get("Date"), "Tue, 15 Nov 1994 08:12:31 GMT")
        equal(r.has("X-Hop"), False, "the hop-by-hop field is there")


@case
def adds_date_to_a_response_without():
    s, _ = proxy()
    if not s.get().get("Date", "").endswith(" GMT"):
        fail("no Date")


main()
