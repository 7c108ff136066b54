"""The request line, its target, and Host: what is refused, what passes."""
from bad_requests import exchange, line, proxy, refused, served
from harness import Steelyard, case, equal, main, pool, rows
from origins import OK, Origin, always

H = b"\r\nHost: a\r\n\r\n"


@rows([
    ("refuses three empty lines before a request",
     b"\r\n\r\n\r\n" + line(b"GET / HTTP/1.1")),
    ("refuses a space before the method", b" GET / HTTP/1.1" + H),
    ("refuses a bare LF after the request line",
     b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    ("refuses a bare LF after a field", b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
    ("refuses a bare LF as the empty line",
     b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    ("refuses a bare CR in the request line", b"GET /\r HTTP/1.1" + H),
    ("refuses a bare CR in a field",
     b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
    ("refuses two spaces after the method", b"GET  / HTTP/1.1" + H),
    ("refuses two spaces before the version", b"GET /  HTTP/1.1" + H),
    ("refuses a tab in the request line", b"GET\t/ HTTP/1.1" + H),
    ("refuses a trailing space", b"GET / HTTP/1.1 " + H),
    ("refuses a method that is no token", b"G(T / HTTP/1.1" + H),
    ("refuses a request without a version", b"GET /" + H),
    ("refuses HTTP/0.9", b"GET /\r\n\r\n"),
    ("refuses a version in lower case", b"GET / http/1.1" + H),
    ("refuses a version of two digits", b"GET / HTTP/1.10" + H),
    ("refuses a version without a minor", b"GET / HTTP/1" + H),
    ("refuses bytes above 0x7f in the target",
     b"GET /\xc3\xa9 HTTP/1.1" + H),
    ("refuses DEL in the target", b"GET /\x7f HTTP/1.1" + H),
    ("refuses NUL in the target", b"GET /\0 HTTP/1.1" + H),
    ("refuses a fragment", b"GET /a#b HTTP/1.1" + H),
    ("refuses a malformed escape", b"GET /%zz HTTP/1.1" + H),
    ("refuses an escape cut short", b"GET /%4 HTTP/1.1" + H),
    ("refuses a target without a slash", b"GET a HTTP/1.1" + H),
    ("refuses an asterisk for GET", b"GET * HTTP/1.1" + H),
    ("refuses an authority for GET", b"GET a:80 HTTP/1.1" + H),
    ("refuses a path that climbs above the root",
     b"GET /../etc HTTP/1.1" + H),
    ("refuses a path that climbs above the root in escapes",
     b"GET /a/%2e%2e/%2e%2E/b HTTP/1.1" + H),
    ("refuses userinfo in an absolute target",
     b"GET http://u@a/ HTTP/1.1" + H),
    ("refuses an absolute target that differs from Host",
     b"GET http://b/ HTTP/1.1" + H),
    ("refuses TLS bytes", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
     + b"\r\n\r\n"),
])
def bad_line(data):
    refused(data)


@rows([
    ("refuses a request without Host", b"GET / HTTP/1.1\r\n\r\n"),
    ("refuses two Hosts", line(b"GET / HTTP/1.1", b"Host: a")),
    ("refuses two different Hosts", line(b"GET / HTTP/1.1", b"Host: b")),
    ("refuses an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ("refuses Host with userinfo", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    ("refuses Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("refuses a list of Hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ("refuses Host with a space", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    ("refuses Host with a port over 65535",
     b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    ("refuses Host with a port in words",
     b"GET / HTTP/1.1\r\nHost: a:http\r\n\r\n"),
    ("refuses Host with an open bracket",
     b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
])
def bad_host(data):
    refused(data)


@rows([
    ("refuses HTTP/2.0 with 505", b"GET / HTTP/2.0" + H, 505),
    ("refuses HTTP/9.9 with 505", b"GET / HTTP/9.9" + H, 505),
    ("refuses HTTP/0.9 with a name with 505", b"GET / HTTP/0.9" + H, 505),
    ("refuses CONNECT with 405",
     b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405),
])
def other_status(data, status):
    refused(data, status)


@case
def answers_trace_with_405():
    r, seen = exchange(b"TRACE / HTTP/1.1" + H)
    equal((r.status, seen), (405, []))


# What comes in, the request line that the server sees.
@rows([
    ("skips an empty line before a request", b"\r\nGET / HTTP/1.1" + H,
     "GET / HTTP/1.1"),
    ("skips two empty lines before a request",
     b"\r\n\r\nGET / HTTP/1.1" + H, "GET / HTTP/1.1"),
    ("passes an unknown method", b"BREW /pot HTTP/1.1" + H,
     "BREW /pot HTTP/1.1"),
    ("keeps the case of a method", b"get / HTTP/1.1" + H, "get / HTTP/1.1"),
    ("serves HTTP/1.2 as 1.1", b"GET / HTTP/1.2" + H, "GET / HTTP/1.1"),
    ("sends its own version for a 1.0 client",
     b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1"),
    ("sends the target as it came", b"GET /%7Ea/./b//c?x=%2F&y HTTP/1.1" + H,
     "GET /%7Ea/./b//c?x=%2F&y HTTP/1.1"),
    ("turns an absolute target into a path",
     b"GET http://a/b?c HTTP/1.1" + H, "GET /b?c HTTP/1.1"),
    ("makes an empty absolute path a slash", b"GET http://a HTTP/1.1" + H,
     "GET / HTTP/1.1"),
    ("makes an empty absolute path of OPTIONS an asterisk",
     b"OPTIONS http://a HTTP/1.1" + H, "OPTIONS * HTTP/1.1"),
    ("passes OPTIONS of everything", b"OPTIONS * HTTP/1.1" + H,
     "OPTIONS * HTTP/1.1"),
    ("serves a request line of 8000 bytes",
     b"GET /" + b"a" * 7986 + b" HTTP/1.1" + H,
     "GET /" + "a" * 7986 + " HTTP/1.1"),
    ("leaves an escaped slash and NUL alone", b"GET /a%2Fb%00 HTTP/1.1" + H,
     "GET /a%2Fb%00 HTTP/1.1"),
])
def passes(data, wanted):
    equal(served(data).line, wanted, "request line at the server")


@rows([
    ("sends Host as it came", b"Host: WWW.Example:80\r\n", "WWW.Example:80"),
    ("accepts an IPv6 Host", b"Host: [::1]:8080\r\n", "[::1]:8080"),
    ("accepts Host in any case", b"hOsT: a\r\n", "a"),
    ("accepts port 65535", b"Host: a:65535\r\n", "a:65535"),
])
def good_host(host, wanted):
    seen = served(b"GET / HTTP/1.1\r\n" + host + b"\r\n")
    equal(seen.get("Host"), wanted, "Host at the server")


@case
def gives_a_1_0_request_without_host_the_default_of_its_pool():
    origin = Origin(always(OK), name="a")
    with Steelyard(pool(origin, default_host="default.example")) as s:
        equal(s.ask(b"GET / HTTP/1.0\r\n\r\n").status, 200)
        equal(origin.last().get("Host"), "default.example", "Host")


@case
def rewrites_host_where_the_pool_says_so():
    origin = Origin(always(OK), name="a")
    with Steelyard(pool(origin, host="inner.example")) as s:
        equal(s.get(host="outer.example").status, 200)
        equal(origin.last().get("Host"), "inner.example", "Host")


@case
def discards_what_follows_a_refused_request():
    s, origin = proxy()
    before = len(origin.requests)
    with s.wire() as w:
        w.send(b"GET  / HTTP/1.1" + H + line(b"GET /smuggled HTTP/1.1"))
        equal(w.response().status, 400)
        w.is_closed()
    equal(len(origin.requests), before, "requests at the server")


@case
def keeps_the_offending_byte_for_show_errors():
    s, _ = proxy()
    refused(b"GET /x{offender}\x01 HTTP/1.1" + H)
    said = s.stats("show errors")
    if "offender" not in said:
        raise AssertionError("show errors says %r" % said[:300])


main()
