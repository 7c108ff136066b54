/*
 * test_h1_parse_response.c - response heads and trailers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parse.h"

struct row {
	const char *in;
	size_t n;
	const char *out;
};

#define ROW(in, out) { in, sizeof(in) - 1, out }
#define OK "HTTP/1.1 200 OK\r\n"

static void
check(const struct row *rows, size_t n, enum parsed_what what,
    const struct http_limits *l)
{
	struct parsed p;

	for (size_t i = 0; i < n; i++) {
		parsed_do(&p, what, slice_make(rows[i].in, rows[i].n), l);
		if (strcmp(p.text, rows[i].out) != 0)
			print_error("row %zu: %s\n", i, rows[i].in);
		assert_string_equal(p.text, rows[i].out);
	}
}

#define CHECK(rows, what) check(rows, sizeof(rows) / sizeof((rows)[0]), \
	what, &http_limits_default)

static void
reads_status_lines(void **state)
{
	static const struct row rows[] = {
		ROW(OK "\r\n", "200"),
		ROW("HTTP/1.0 404 Not Found\r\n\r\n", "404 1.0"),
		ROW("HTTP/1.1 200 \r\n\r\n", "200"),
		ROW("HTTP/1.1 200\r\n\r\n", "200"),
		ROW("HTTP/1.1 599 \x80 odd\treason\r\n\r\n", "599"),
		ROW("HTTP/1.1 100 Continue\r\n\r\n", "interim 100"),
		ROW("HTTP/1.1 103 Early\r\nLink: x\r\n\r\n",
		    "interim 103 [Link: x]"),
		ROW("HTTP/1.1 101 S\r\nConnection: Upgrade\r\n"
		    "Upgrade: websocket\r\n\r\n", "101 protocol=websocket"),
		ROW("HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", "101"),
		ROW("HTTP/1.1 20", "more"),
	};

	(void)state;
	CHECK(rows, PARSED_RESPONSE);
}

static void
refuses_malformed_status_lines(void **state)
{
	static const struct row rows[] = {
		ROW("HTTP/2.0 200 OK\r\n\r\n",
		    "502 a version other than HTTP/1"),
		ROW("HTTX/1.1 200 OK\r\n\r\n", "502 a malformed version"),
		ROW("\r\n" OK "\r\n", "502 a malformed version"),
		ROW("\n" OK "\r\n", "502 a malformed version"),
		ROW("HTTP/1.1  200 OK\r\n\r\n", "502 a malformed status"),
		ROW("HTTP/1.1 20 OK\r\n\r\n", "502 a malformed status"),
		ROW("HTTP/1.1 2000 OK\r\n\r\n", "502 a malformed status"),
		ROW("HTTP/1.1 2x0 OK\r\n\r\n", "502 a malformed status"),
		ROW("HTTP/1.1\r\n\r\n", "502 a malformed status"),
		ROW("HTTP/1.1 \r\n\r\n", "502 a malformed status"),
		ROW("HTTP/1.1 099 OK\r\n\r\n", "502 a status out of range"),
		ROW("HTTP/1.1 600 OK\r\n\r\n", "502 a status out of range"),
		ROW("HTTP/1.1 200 O\0K\r\n\r\n",
		    "502 a control character in a line"),
		ROW("HTTP/1.1 200 OK\n\r\n",
		    "502 a line ends in LF alone"),
		ROW("HTTP/1.1 200 O\rK\r\n\r\n", "502 a bare CR"),
	};

	(void)state;
	CHECK(rows, PARSED_RESPONSE);
}

static void
repairs_what_is_harmless_in_fields(void **state)
{
	static const struct row rows[] = {
		ROW(OK "X : 1\r\n\r\n", "200 [X: 1]"),
		ROW(OK "X \t : 1\r\n\r\n", "200 [X: 1]"),
		ROW(OK "a_b: 1\r\n\r\n", "200 [a_b: 1]"),
		ROW(OK "Set-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
		    "200 [Set-Cookie: a] [Set-Cookie: b]"),
		ROW(OK "Host: x\r\nTE: trailers\r\nKeep-Alive: timeout=15, "
		    "max=100\r\nConnection: close, X\r\nX: 1\r\n\r\n",
		    "200 close timeout=15"),
	};

	(void)state;
	CHECK(rows, PARSED_RESPONSE);
}

static void
refuses_malformed_fields(void **state)
{
	static const struct row rows[] = {
		ROW(OK "Content-Length : 1\r\n\r\n",
		    "502 space before the colon of a field"),
		ROW(OK "Transfer-Encoding : chunked\r\n\r\n",
		    "502 space before the colon of a field"),
		ROW(OK "X Y: 1\r\n\r\n",
		    "502 space before the colon of a field"),
		ROW(OK "X: a\0\r\n\r\n", "502 a control character in a line"),
		ROW(OK "X: a\r\n b\r\n\r\n", "502 a folded field line"),
		ROW(OK "X: a\nY: b\r\n\r\n", "502 a line ends in LF alone"),
		ROW(OK " X: a\r\n\r\n", "502 space before the first field"),
	};

	(void)state;
	CHECK(rows, PARSED_RESPONSE);
}

static void
unfolds_where_that_is_allowed(void **state)
{
	static const struct row rows[] = {
		ROW(OK "X: a\r\n b\r\nY: c\r\n\r\n", "200 [X: a   b] [Y: c]"),
		ROW(OK "X:\r\n a\r\n\tb\r\n\r\n", "200 [X: a  \tb]"),
		ROW(OK "X: a\r\n \r\n\r\n", "200 [X: a]"),
		ROW(OK "X: a\r\n b\n\r\n", "502 a line ends in LF alone"),
	};
	struct http_limits l = http_limits_default;

	(void)state;
	l.unfold = true;
	check(rows, 4, PARSED_RESPONSE, &l);
}

#define CL(v) "Content-Length: " v "\r\n"
#define TE(v) "Transfer-Encoding: " v "\r\n"

static void
reads_framing(void **state)
{
	static const struct row rows[] = {
		ROW(OK CL("5") "\r\n", "200 length=5"),
		ROW(OK CL("5") CL("5") "\r\n", "200 length=5"),
		ROW(OK CL("5, 5") CL("05") "\r\n", "200 length=5"),
		ROW(OK TE("Chunked") "\r\n", "200 chunked"),
		ROW("HTTP/1.1 304 N\r\n" CL("5") "\r\n", "304 length=5"),
		ROW("HTTP/1.1 304 N\r\n" TE("chunked") "\r\n", "304"),
		ROW("HTTP/1.1 204 N\r\n" CL("5") "\r\n", "204"),
		ROW("HTTP/1.1 204 N\r\n" TE("chunked") "\r\n", "204"),
		ROW("HTTP/1.1 100 C\r\n" CL("5") TE("gzip") "\r\n",
		    "interim 100"),
	};

	(void)state;
	CHECK(rows, PARSED_RESPONSE);
}

static void
refuses_doubtful_framing(void **state)
{
	static const struct row rows[] = {
		ROW(OK CL("5") CL("6") "\r\n", "502 Content-Lengths differ"),
		ROW(OK CL("5, 6") "\r\n", "502 Content-Lengths differ"),
		ROW(OK CL("5,") "\r\n", "502 a malformed Content-Length"),
		ROW(OK CL(",5") "\r\n", "502 a malformed Content-Length"),
		ROW(OK CL("x") "\r\n", "502 a malformed Content-Length"),
		ROW(OK CL("5") TE("chunked") "\r\n",
		    "502 both Content-Length and Transfer-Encoding"),
		ROW("HTTP/1.0 200 OK\r\n" TE("chunked") "\r\n",
		    "502 Transfer-Encoding in HTTP/1.0"),
		ROW(OK TE("gzip") "\r\n", "502 an unknown transfer coding"),
		ROW(OK TE("chunked") TE("chunked") "\r\n",
		    "502 a Transfer-Encoding other than one chunked"),
		ROW(OK TE("identity") "\r\n",
		    "502 a Transfer-Encoding other than one chunked"),
	};

	(void)state;
	CHECK(rows, PARSED_RESPONSE);
}

static void
reads_trailers(void **state)
{
	static const struct row rows[] = {
		ROW("\r\n", "-"),
		ROW("A: 1\r\nB: 2\r\n\r\n", " [A: 1] [B: 2]"),
		ROW("A: 1\r\n", "more"),
		ROW("Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: c\r\n"
		    "Authorization: a\r\nContent-Type: t\r\nConnection: x\r\n"
		    "Trailer: T\r\nx: 1\r\n\r\n", " [x: 1]"),
		ROW("\n", "400 a line ends in LF alone"),
		ROW("A: 1\n\n", "400 a line ends in LF alone"),
		ROW("A : 1\r\n\r\n", "400 space before the colon of a field"),
		ROW("A: 1\r\n b\r\n\r\n", "400 a folded field line"),
		ROW("A\r\n\r\n", "400 a field line without a colon"),
		ROW(" \r\n\r\n", "400 space before the first field"),
	};
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = p.text;

		parsed_do(&p, PARSED_TRAILERS,
		    slice_make(rows[i].in, rows[i].n), &http_limits_default);
		if (p.length > 0)	/* no request line before the fields */
			text = p.n > 5 ? p.text + 4 : "-";
		assert_string_equal(text, rows[i].out);
	}
}

static void
bounds_heads_and_trailers(void **state)
{
	static const struct row heads[] = {
		ROW(OK "X: 2345678\r\n\r\n", "200 [X: 2345678]"),
		ROW(OK "X: 23456789\r\n\r\n",
		    "502 the response head is too large"),
		ROW(OK "A:\r\nB:\r\nC:\r\n\r\n", "502 too many fields"),
	};
	static const struct row trailers[] = {
		ROW("A:\r\nB:\r\nC:\r\n\r\n", "431 too many fields"),
		ROW("A: 1\r\nB: 3456789012345678901\r\n\r\n",
		    "431 the trailers are too large"),
	};
	struct http_limits l = http_limits_default;

	(void)state;
	l.head = 31;
	l.fields = 2;
	check(heads, 3, PARSED_RESPONSE, &l);
	check(trailers, 2, PARSED_TRAILERS, &l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_status_lines),
		cmocka_unit_test(refuses_malformed_status_lines),
		cmocka_unit_test(repairs_what_is_harmless_in_fields),
		cmocka_unit_test(refuses_malformed_fields),
		cmocka_unit_test(unfolds_where_that_is_allowed),
		cmocka_unit_test(reads_framing),
		cmocka_unit_test(refuses_doubtful_framing),
		cmocka_unit_test(reads_trailers),
		cmocka_unit_test(bounds_heads_and_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
