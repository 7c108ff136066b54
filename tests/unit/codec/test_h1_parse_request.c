/*
 * test_h1_parse_request.c - request heads: what is read, what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "parse.h"

struct row {
	const char *in;
	size_t n;
	const char *out;
};

#define ROW(in, out) { in, sizeof(in) - 1, out }
#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST

static void
check(const struct row *rows, size_t n, const struct http_limits *l)
{
	struct parsed p;

	for (size_t i = 0; i < n; i++) {
		parsed_do(&p, PARSED_REQUEST,
		    slice_make(rows[i].in, rows[i].n), l);
		if (strcmp(p.text, rows[i].out) != 0)
			print_error("row %zu: %s\n", i, rows[i].in);
		assert_string_equal(p.text, rows[i].out);
		if (p.length > 0)
			assert_int_equal(p.length, rows[i].n);
	}
}

#define CHECK(rows) \
	check(rows, sizeof(rows) / sizeof((rows)[0]), &http_limits_default)

static void
reads_request_lines(void **state)
{
	static const struct row rows[] = {
		ROW(GET "\r\n", "GET a /"),
		ROW("GET / HTTP/1.0\r\n\r\n", "GET - / 1.0"),
		ROW("GET / HTTP/1.2\r\n" HOST "\r\n", "GET a /"),
		ROW("GET / HTTP/1.9\r\n" HOST "\r\n", "GET a /"),
		ROW("get / HTTP/1.1\r\n" HOST "\r\n", "get a /"),
		ROW("!#$%&'*+-.^_`|~09Az /x?y=1&z HTTP/1.1\r\n" HOST "\r\n",
		    "!#$%&'*+-.^_`|~09Az a /x?y=1&z"),
		ROW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS a *"),
		ROW("GET /%41%2f?%20 HTTP/1.1\r\n" HOST "\r\n",
		    "GET a /%41%2f?%20"),
		ROW("GET //x HTTP/1.1\r\n" HOST "\r\n", "GET a //x"),
		ROW("GET /?q=a?b/c HTTP/1.1\r\n" HOST "\r\n",
		    "GET a /?q=a?b/c"),
		ROW("GET", "more"),
		ROW("GET / HTTP/1.1\r\nHost: a\r\n", "more"),
		ROW("GET / HTTP/1.1\r\nHost: a\r\n\r", "more"),
		ROW("", "more"),
	};

	(void)state;
	CHECK(rows);
}

static void
refuses_malformed_request_lines(void **state)
{
	static const struct row rows[] = {
		ROW("\r\n" GET "\r\n", "400 a malformed method"),
		ROW("\n" GET "\r\n", "400 a malformed method"),
		ROW(" " GET "\r\n", "400 a malformed method"),
		ROW("G(T / HTTP/1.1\r\n" HOST "\r\n", "400 a malformed method"),
		ROW("G\0T / HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed method"),
		ROW("GET\t/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed method"),
		ROW("GET\r\n" HOST "\r\n", "400 a malformed method"),
		ROW("GET  / HTTP/1.1\r\n" HOST "\r\n",
		    "400 no single space between the parts of the request "
		    "line"),
		ROW("GET /  HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed version"),
		ROW("GET / HTTP/1.1 \r\n" HOST "\r\n",
		    "400 a control character in a line"),
		ROW("GET / HTTP/1.1\t\r\n" HOST "\r\n",
		    "400 a control character in a line"),
		ROW("GET /\r\n" HOST "\r\n",
		    "400 no version in the request line"),
		ROW("GET / http/1.1\r\n" HOST "\r\n",
		    "400 a malformed version"),
		ROW("GET / HTTP/11\r\n" HOST "\r\n",
		    "400 a malformed version"),
		ROW("GET / HTTP/1.10\r\n" HOST "\r\n",
		    "400 a control character in a line"),
		ROW("GET / HTTP/+1.1\r\n" HOST "\r\n",
		    "400 a malformed version"),
		ROW("GET / HTTP/\r\n\r\n", "400 a malformed version"),
		ROW("GET / HTTP/1.1\n" HOST "\r\n",
		    "400 a line ends in LF alone"),
		ROW("GET / HTTP/1.1\n\n", "400 a line ends in LF alone"),
		ROW("GET / HTTP/1.1\r" HOST "\r\n\r\n", "400 a bare CR"),
		ROW("GET / HTTP/2.0\r\n" HOST "\r\n",
		    "505 a version other than HTTP/1"),
		ROW("GET / HTTP/0.9\r\n" HOST "\r\n",
		    "505 a version other than HTTP/1"),
		ROW("PRI * HTTP/2.0\r\n\r\n", "400 a target of * with a "
		    "method other than OPTIONS"),
	};

	(void)state;
	CHECK(rows);
}

static void
reads_all_forms_of_targets(void **state)
{
	static const struct row rows[] = {
		ROW("GET http://a/b?c HTTP/1.1\r\n" HOST "\r\n",
		    "GET a /b?c absolute=http"),
		ROW("GET http://a HTTP/1.1\r\n" HOST "\r\n",
		    "GET a / absolute=http"),
		ROW("GET http://a?x HTTP/1.1\r\n" HOST "\r\n",
		    "GET a /?x absolute=http"),
		ROW("OPTIONS http://a HTTP/1.1\r\n" HOST "\r\n",
		    "OPTIONS a * absolute=http"),
		ROW("OPTIONS http://a/ HTTP/1.1\r\n" HOST "\r\n",
		    "OPTIONS a / absolute=http"),
		ROW("GET HTTPS://A:443/ HTTP/1.1\r\n" HOST "\r\n",
		    "GET A:443 / absolute=HTTPS"),
		ROW("GET http://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n",
		    "GET a / absolute=http"),
		ROW("GET http://a/ HTTP/1.0\r\n\r\n",
		    "GET a / 1.0 absolute=http"),
		ROW("GET http://[::1]:8080/ HTTP/1.1\r\nHost: [::1]:8080\r\n"
		    "\r\n", "GET [::1]:8080 / absolute=http"),
		ROW("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
		    "CONNECT a:443 -"),
		ROW("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
		    "CONNECT a:443 -"),
	};

	(void)state;
	CHECK(rows);
}

static void
refuses_malformed_targets(void **state)
{
	static const struct row rows[] = {
		ROW("GET a HTTP/1.1\r\n" HOST "\r\n",
		    "400 a target in none of the four forms"),
		ROW("GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 a target in none of the four forms"),
		ROW("GET http:/a/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 a target in none of the four forms"),
		ROW("GET http:///x HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed authority in the target"),
		ROW("GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed authority in the target"),
		ROW("GET http://b/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 Host differs from the target"),
		ROW("GET http://a:81/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 Host differs from the target"),
		ROW("GET * HTTP/1.1\r\n" HOST "\r\n",
		    "400 a target of * with a method other than OPTIONS"),
		ROW("GET /a#b HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("GET /a\x7f HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("GET /a\x80 HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("GET /a\0b HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("GET /a\tb HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("GET /%4 HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("GET /%zz HTTP/1.1\r\n" HOST "\r\n",
		    "400 a byte or escape that no target may have"),
		ROW("CONNECT a HTTP/1.1\r\n" HOST "\r\n",
		    "400 a target of CONNECT without a port"),
		ROW("CONNECT /a HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed target of CONNECT"),
		ROW("CONNECT http://a:1/ HTTP/1.1\r\n" HOST "\r\n",
		    "400 a malformed target of CONNECT"),
		ROW("CONNECT a:1 HTTP/1.1\r\nHost: b:1\r\n\r\n",
		    "400 Host differs from the target"),
		ROW("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
		    "Content-Length: 1\r\n\r\n", "400 a CONNECT with a body"),
		ROW("GET a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
		    "400 a target in none of the four forms"),
	};

	(void)state;
	CHECK(rows);
}

#define HOST_ROW(host, out) \
	ROW("GET / HTTP/1.1\r\nHost:" host "\r\n\r\n", out)

static void
demands_one_valid_host(void **state)
{
	static const struct row rows[] = {
		HOST_ROW(" a.b:80", "GET a.b:80 /"),
		HOST_ROW("a", "GET a /"),
		HOST_ROW(" [::1]:8080 ", "GET [::1]:8080 /"),
		HOST_ROW(" a:", "GET a: /"),
		ROW("GET / HTTP/1.1\r\n\r\n", "400 no Host"),
		ROW("GET / HTTP/1.1\r\n" HOST HOST "\r\n",
		    "400 more than one Host"),
		ROW("GET / HTTP/1.0\r\n" HOST HOST "\r\n",
		    "400 more than one Host"),
		HOST_ROW("", "400 a malformed Host"),
		HOST_ROW(" :80", "400 a malformed Host"),
		HOST_ROW(" u@a", "400 a malformed Host"),
		HOST_ROW(" a/b", "400 a malformed Host"),
		HOST_ROW(" a,b", "400 a malformed Host"),
		HOST_ROW(" a b", "400 a malformed Host"),
		HOST_ROW(" a:65536", "400 a malformed Host"),
		HOST_ROW(" a:8o", "400 a malformed Host"),
		HOST_ROW(" [::1", "400 a malformed Host"),
		ROW("GET http://a/ HTTP/1.1\r\n\r\n", "400 no Host"),
	};

	(void)state;
	CHECK(rows);
}

static void
reads_fields_as_they_are(void **state)
{
	static const struct row rows[] = {
		ROW(GET "X: 1\r\nx:2\r\nX:\t 3 \t\r\n\r\n",
		    "GET a / [X: 1] [x: 2] [X: 3]"),
		ROW(GET "Empty:\r\nBlank: \t \r\n\r\n",
		    "GET a / [Empty: ] [Blank: ]"),
		ROW(GET "X: \x80\xff a\tb\r\n\r\n",
		    "GET a / [X: \x80\xff a\tb]"),
		ROW(GET "X: a:b\r\n\r\n", "GET a / [X: a:b]"),
		ROW(GET "Cookie: a=1\r\nCookie: b=2\r\n\r\n",
		    "GET a / [Cookie: a=1] [Cookie: b=2]"),
		ROW(GET "a_b: 1\r\nc: 2\r\n\r\n", "GET a / [c: 2]"),
	};

	(void)state;
	CHECK(rows);
}

static void
rejects_space_before_colon(void **state)
{
	static const struct row rows[] = {
		ROW(GET "X : 1\r\n\r\n",
		    "400 space before the colon of a field"),
		ROW(GET "X\t: 1\r\n\r\n",
		    "400 space before the colon of a field"),
		ROW(GET "Content-Length : 1\r\n\r\n",
		    "400 space before the colon of a field"),
	};

	(void)state;
	CHECK(rows);
}

static void
refuses_malformed_fields(void **state)
{
	static const struct row rows[] = {
		ROW(GET ": 1\r\n\r\n", "400 an empty field name"),
		ROW(GET "X\r\n\r\n", "400 a field line without a colon"),
		ROW(GET "X(: 1\r\n\r\n",
		    "400 a byte that no field name may have"),
		ROW(GET "X\x80: 1\r\n\r\n",
		    "400 a byte that no field name may have"),
		ROW(GET "X\0: 1\r\n\r\n",
		    "400 a byte that no field name may have"),
		ROW(GET "X: a\0b\r\n\r\n",
		    "400 a control character in a line"),
		ROW(GET "X: a\x01\r\n\r\n",
		    "400 a control character in a line"),
		ROW(GET "X: a\x7f\r\n\r\n",
		    "400 a control character in a line"),
		ROW(GET "X: a\rb\r\n\r\n", "400 a bare CR"),
		ROW(GET "X: a\r\r\n\r\n", "400 a bare CR"),
		ROW(GET "X: a\nY: b\r\n\r\n", "400 a line ends in LF alone"),
		ROW(GET "X: a\n\n", "400 a line ends in LF alone"),
		ROW(GET "\n", "400 a line ends in LF alone"),
		ROW(GET "X: a\r\n b\r\n\r\n", "400 a folded field line"),
		ROW(GET "X: a\r\n\tb\r\n\r\n", "400 a folded field line"),
		ROW(GET "X:\r\n \r\n\r\n", "400 a folded field line"),
		ROW("GET / HTTP/1.1\r\n " HOST "\r\n",
		    "400 space before the first field"),
	};

	(void)state;
	CHECK(rows);
}

#define CL(v) "Content-Length: " v "\r\n"
#define TE(v) "Transfer-Encoding: " v "\r\n"

static void
reads_framing(void **state)
{
	static const struct row rows[] = {
		ROW(GET CL("0") "\r\n", "GET a / length=0"),
		ROW(GET CL("007") "\r\n", "GET a / length=7"),
		ROW(GET CL("9223372036854775807") "\r\n",
		    "GET a / length=9223372036854775807"),
		ROW(GET TE("chunked") "\r\n", "GET a / chunked"),
		ROW(GET TE("CHUNKED ") "\r\n", "GET a / chunked"),
	};

	(void)state;
	CHECK(rows);
}

static void
refuses_doubtful_framing(void **state)
{
	static const struct row rows[] = {
		ROW(GET CL("") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("+1") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("-1") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("1 1") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("0x1") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("1.0") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("9223372036854775808") "\r\n",
		    "400 a malformed Content-Length"),
		ROW(GET CL("99999999999999999999999") "\r\n",
		    "400 a malformed Content-Length"),
		ROW(GET CL("1, 1") "\r\n", "400 a malformed Content-Length"),
		ROW(GET CL("1") CL("1") "\r\n",
		    "400 a repeated Content-Length"),
		ROW(GET CL("1") CL("2") "\r\n",
		    "400 a repeated Content-Length"),
		ROW(GET CL("1") TE("chunked") "\r\n",
		    "400 both Content-Length and Transfer-Encoding"),
		ROW(GET TE("chunked") CL("0") "\r\n",
		    "400 both Content-Length and Transfer-Encoding"),
		ROW("GET / HTTP/1.0\r\n" TE("chunked") "\r\n",
		    "400 Transfer-Encoding in HTTP/1.0"),
		ROW(GET TE("") "\r\n",
		    "400 a Transfer-Encoding other than one chunked"),
		ROW(GET TE("identity") "\r\n",
		    "400 a Transfer-Encoding other than one chunked"),
		ROW(GET TE("chunked, chunked") "\r\n",
		    "400 a Transfer-Encoding other than one chunked"),
		ROW(GET TE("chunked,") "\r\n",
		    "400 a Transfer-Encoding other than one chunked"),
		ROW(GET TE("chunked") TE("chunked") "\r\n",
		    "400 a Transfer-Encoding other than one chunked"),
		ROW(GET TE("gzip, chunked") "\r\n",
		    "501 an unknown transfer coding"),
		ROW(GET TE("chunked, gzip") "\r\n",
		    "501 an unknown transfer coding"),
		ROW(GET TE("chunked;a=b") "\r\n",
		    "501 an unknown transfer coding"),
		ROW(GET TE("\"chunked\"") "\r\n",
		    "501 an unknown transfer coding"),
		ROW(GET TE("xchunked") "\r\n",
		    "501 an unknown transfer coding"),
		ROW(GET TE("\x0b" "chunked") "\r\n",
		    "400 a control character in a line"),
	};

	(void)state;
	CHECK(rows);
}

static void
takes_hop_by_hop_fields_out(void **state)
{
	static const struct row rows[] = {
		ROW(GET "Connection: close\r\n\r\n", "GET a / close"),
		ROW(GET "Connection: Keep-Alive, X\r\nX: 1\r\nY: 2\r\n\r\n",
		    "GET a / keep-alive [Y: 2]"),
		ROW(GET "X: 1\r\nConnection: connection\r\nConnection: X\r\n"
		    "\r\n", "GET a /"),
		ROW(GET "Connection: X\r\nX: 1\r\nConnection: Y\r\nY: 2\r\n"
		    "Z: 3\r\n\r\n", "GET a / [Z: 3]"),
		ROW(GET "Keep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
		    "\r\n", "GET a / timeout=5"),
		ROW(GET "Connection: TE\r\nTE: gzip, trailers\r\n\r\n",
		    "GET a / trailers_ok"),
		ROW(GET "TE: gzip\r\n\r\n", "GET a /"),
		ROW("GET / HTTP/1.0\r\nTE: trailers\r\n\r\n", "GET - / 1.0"),
		ROW(GET "Connection: Host, Content-Length, Cookie, "
		    "Authorization, X-Forwarded-For\r\nCookie: c\r\n"
		    "Authorization: b\r\nContent-Length: 2\r\n"
		    "X-Forwarded-For: d\r\n\r\n", "GET a / length=2 "
		    "[Cookie: c] [Authorization: b] [X-Forwarded-For: d]"),
		ROW(GET "Connection: Transfer-Encoding\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n", "GET a / chunked"),
		ROW(GET "HTTP2-Settings: x\r\n\r\n", "GET a /"),
	};

	(void)state;
	CHECK(rows);
}

static void
lets_only_allowed_upgrades_through(void **state)
{
	static const char *const more[] = { "tls/1.3", NULL };
	static const struct row rows[] = {
		ROW(GET "Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
		    "GET a / protocol=WebSocket"),
		ROW(GET "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n"
		    "\r\n", "GET a / protocol=websocket"),
		ROW(GET "Connection: upgrade\r\nUpgrade: h2c\r\n"
		    "Upgrade: websocket\r\n\r\n",
		    "GET a / protocol=websocket"),
		ROW(GET "Upgrade: websocket\r\n\r\n", "GET a /"),
		ROW(GET "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
		    "GET a /"),
		ROW(GET "Connection: upgrade\r\nUpgrade: tls/1.3\r\n\r\n",
		    "GET a /"),
		ROW("GET / HTTP/1.0\r\nConnection: upgrade\r\n"
		    "Upgrade: websocket\r\n\r\n", "GET - / 1.0"),
		ROW(GET "Connection: upgrade\r\nUpgrade: websocket\r\n"
		    "Content-Length: 0\r\n\r\n",
		    "GET a / length=0 protocol=websocket"),
		ROW(GET "Connection: upgrade\r\nUpgrade: websocket\r\n"
		    "Content-Length: 1\r\n\r\n", "GET a / length=1"),
		ROW(GET "Connection: upgrade\r\nUpgrade: websocket\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n", "GET a / chunked"),
	};
	static const struct row others[] = {
		ROW(GET "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		    "GET a /"),
		ROW(GET "Connection: upgrade\r\nUpgrade: TLS/1.3\r\n\r\n",
		    "GET a / protocol=TLS/1.3"),
	};
	struct http_limits l = http_limits_default;

	(void)state;
	CHECK(rows);
	l.websocket = false;
	l.upgrades = more;
	check(others, 2, &l);
}

static void
knows_what_is_expected(void **state)
{
	static const struct row rows[] = {
		ROW(GET "Expect: 100-Continue\r\n\r\n",
		    "GET a / expects [Expect: 100-Continue]"),
		ROW(GET "Expect: magic\r\n\r\n", "GET a / [Expect: magic]"),
		ROW(GET "Expect: 100-continue\r\nExpect: magic\r\n\r\n",
		    "GET a / [Expect: 100-continue] [Expect: magic]"),
		ROW(GET "Connection: expect\r\nExpect: 100-continue\r\n\r\n",
		    "GET a /"),
		ROW("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
		    "GET - / 1.0"),
	};

	(void)state;
	CHECK(rows);
}

static void
obeys_the_option_about_underscores(void **state)
{
	static const struct row refused[] = {
		ROW(GET "a_b: 1\r\n\r\n",
		    "400 an underscore in a field name"),
	};
	static const struct row allowed[] = {
		ROW(GET "a_b: 1\r\n\r\n", "GET a / [a_b: 1]"),
	};
	struct http_limits l = http_limits_default;

	(void)state;
	l.underscores = UNDERSCORES_REFUSE;
	check(refused, 1, &l);
	l.underscores = UNDERSCORES_ALLOW;
	check(allowed, 1, &l);
}

static void
stops_at_limits(void **state)
{
	static const struct row rows[] = {
		ROW("GET /234567890 HTTP/1.1\r\n" HOST "\r\n",
		    "GET a /234567890"),
		ROW("GET /2345678901 HTTP/1.1\r\n" HOST "\r\n",
		    "414 the request line is too long"),
		ROW("GET /23456789012345678901234567890",
		    "414 the request line is too long"),
		ROW("GET / HTTP/1.1\r\n" HOST "X: 4567890123456\r\n\r\n",
		    "GET a / [X: 4567890123456]"),
		ROW("GET / HTTP/1.1\r\n" HOST "X: 45678901234567\r\n\r\n",
		    "431 the request head is too large"),
		ROW("GET / HTTP/1.1\r\n" HOST "X: 4567890123456789012",
		    "431 the request head is too large"),
		ROW(GET "A: 1\r\nB: 2\r\n\r\n", "GET a / [A: 1] [B: 2]"),
		ROW(GET "A: 1\r\nB: 2\r\nC:\r\n\r\n", "431 too many fields"),
	};
	struct http_limits l = http_limits_default;

	(void)state;
	l.request_line = 23;
	l.head = 45;
	l.fields = 3;
	check(rows, sizeof(rows) / sizeof(rows[0]), &l);
}

static void
serves_lines_of_eight_thousand_bytes_and_many_fields(void **state)
{
	struct parsed p;
	char *in = malloc(16384);
	size_t n;

	(void)state;
	assert_non_null(in);
	n = (size_t)snprintf(in, 16384, "GET /%07979d HTTP/1.1\r\n" HOST, 0);
	for (int i = 0; i < 99; i++)
		n += (size_t)snprintf(in + n, 16384 - n, "X-%d: %d\r\n", i, i);
	n += (size_t)snprintf(in + n, 16384 - n, "\r\n");
	parsed_by(&p, PARSED_REQUEST, slice_make(in, n), &http_limits_default,
	    0);
	assert_int_equal(p.length, n);
	free(in);
}

static void
leaves_what_follows_a_head(void **state)
{
	const struct slice in = SLICE(GET "\r\nGET / HTTP/1.1\r\n\n");
	struct parsed p;

	(void)state;
	parsed_do(&p, PARSED_REQUEST, in, &http_limits_default);
	assert_string_equal(p.text, "GET a /");
	assert_int_equal(p.length, sizeof(GET "\r\n") - 1);
}

static void
points_at_the_offending_byte(void **state)
{
	struct parsed p;

	(void)state;
	parsed_do(&p, PARSED_REQUEST, SLICE("GET /a#b HTTP/1.1\r\n\r\n"),
	    &http_limits_default);
	assert_int_equal(p.offset, 6);
	parsed_do(&p, PARSED_REQUEST, SLICE(GET "Abc : d\r\n\r\n"),
	    &http_limits_default);
	assert_int_equal(p.offset, sizeof(GET "Abc") - 1);
	parsed_do(&p, PARSED_REQUEST, SLICE(GET "A: \x01\r\n\r\n"),
	    &http_limits_default);
	assert_int_equal(p.offset, sizeof(GET "A: ") - 1);
}

static void
scans_a_slow_head_once(void **state)
{
	const struct slice in = SLICE(GET "X: 12345\r\n");
	struct h1_scan scan = { 0 };
	struct h1_facts facts;
	struct fault fault;
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	for (size_t n = 1; n <= in.n; n++) {
		assert_int_equal(h1_parse_request(slice_make(in.p, n), &scan,
		    &http_limits_default, &a, &h, &facts, &fault), 0);
		assert_true(scan.seen + 2 >= n);
	}
	assert_int_equal(a.size, 0);
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_request_lines),
		cmocka_unit_test(refuses_malformed_request_lines),
		cmocka_unit_test(reads_all_forms_of_targets),
		cmocka_unit_test(refuses_malformed_targets),
		cmocka_unit_test(demands_one_valid_host),
		cmocka_unit_test(reads_fields_as_they_are),
		cmocka_unit_test(rejects_space_before_colon),
		cmocka_unit_test(refuses_malformed_fields),
		cmocka_unit_test(reads_framing),
		cmocka_unit_test(refuses_doubtful_framing),
		cmocka_unit_test(takes_hop_by_hop_fields_out),
		cmocka_unit_test(lets_only_allowed_upgrades_through),
		cmocka_unit_test(knows_what_is_expected),
		cmocka_unit_test(obeys_the_option_about_underscores),
		cmocka_unit_test(stops_at_limits),
		cmocka_unit_test(
		    serves_lines_of_eight_thousand_bytes_and_many_fields),
		cmocka_unit_test(leaves_what_follows_a_head),
		cmocka_unit_test(points_at_the_offending_byte),
		cmocka_unit_test(scans_a_slow_head_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
