/*
 * test_h2_block.c - what a field section of HTTP/2 may say, row by row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h2_rig.h"

struct row {
	const char *lines[8];
	const char *told;	/* the end of what the codec told */
};

#define GET H2_RIG_REQUEST("GET")
#define BAD(why) "reset protocol 400 " why "\n"

static const struct row rows[] = {
	{ { GET, "cookie: a=1", "x: y", "cookie: b=2" },
	    "GET a / [x: y] [Cookie: a=1; b=2] end\n" },
	{ { GET, "te: trailers", "expect: 100-continue" },
	    "GET a / trailers_ok expects [expect: 100-continue] end\n" },
	{ { GET, "host: A:80" }, "GET a / end\n" },
	{ { ":method: OPTIONS", ":scheme: https", ":path: *", "host: a" },
	    "OPTIONS a * end\n" },
	{ { GET, "http2-settings: x", "a_b: c" }, "GET a / end\n" },
	{ { GET, "connection: x" },
	    BAD("a field of the connection, which HTTP/2 has not") },
	{ { GET, "keep-alive: x" },
	    BAD("a field of the connection, which HTTP/2 has not") },
	{ { GET, "upgrade: websocket" },
	    BAD("a field of the connection, which HTTP/2 has not") },
	{ { GET, "transfer-encoding: chunked" },
	    BAD("a field of the connection, which HTTP/2 has not") },
	{ { GET, "te: gzip" }, BAD("a TE other than trailers") },
	{ { GET, "host: b" }, BAD("Host differs from :authority") },
	{ { GET, "host: a:81" }, BAD("Host differs from :authority") },
	{ { GET, "host: a", "host: a" }, BAD("more than one Host") },
	{ { GET, "host: a b" }, BAD("a malformed Host") },
	{ { GET, "x: a\nb" }, BAD("a byte that no field value may have") },
	{ { GET, "x: a\rb" }, BAD("a byte that no field value may have") },
	{ { GET, "x:  a" }, BAD("space at an end of a field value") },
	{ { GET, "x y: a" }, BAD("a byte that no field name may have") },
	{ { GET, "content-length: 1" },
	    BAD("a body shorter than its Content-Length") },
	{ { GET, "content-length: +1" }, BAD("a malformed Content-Length") },
	{ { GET, "content-length: 0", "content-length: 0" },
	    BAD("a repeated Content-Length") },
	{ { GET, ":path: /" }, BAD("a repeated pseudo-field") },
	{ { GET, ":method: GET" }, BAD("a repeated pseudo-field") },
	{ { GET, ":scheme: http" }, BAD("a repeated pseudo-field") },
	{ { GET, ":authority: a" }, BAD("a repeated pseudo-field") },
	{ { GET, ":x: y" }, BAD("an unknown pseudo-field") },
	{ { GET, "proxy-connection: x" },
	    BAD("a field of the connection, which HTTP/2 has not") },
	{ { GET, "te: trailers, gzip" }, BAD("a TE other than trailers") },
	{ { GET, "te: Trailers" }, "GET a / trailers_ok end\n" },
	{ { GET, "x: a\tb" }, "GET a / [x: a\tb] end\n" },
	{ { GET, "x: a\t" }, BAD("space at an end of a field value") },
	{ { GET, "x: a\x7f" }, BAD("a byte that no field value may have") },
	{ { GET, "x: a\x01" }, BAD("a byte that no field value may have") },
	{ { GET, "x\x80: a" }, BAD("a byte that no field name may have") },
	{ { GET, "content-length: " }, BAD("a malformed Content-Length") },
	{ { GET, "content-length: 1, 1" }, BAD("a malformed Content-Length") },
	{ { GET, "content-length: 99999999999999999999" },
	    BAD("a malformed Content-Length") },
	{ { GET, ":status: 200" }, BAD("an unknown pseudo-field") },
	{ { GET, "x: y", ":protocol: websocket" },
	    BAD("a pseudo-field behind a field") },
	{ { GET, ":protocol: websocket" },
	    BAD(":protocol without CONNECT") },
	{ { H2_RIG_REQUEST("CONNECT"), ":protocol: other" },
	    "reset protocol 501 a :protocol that is not allowed\n" },
	{ { H2_RIG_REQUEST("CONNECT"), ":protocol: websocket",
	    "content-length: 1" }, BAD("a CONNECT with a body") },
	{ { H2_RIG_REQUEST("CONNECT") },
	    BAD("a CONNECT with :scheme or :path") },
	{ { ":method: CONNECT", ":authority: a" },
	    BAD("a target of CONNECT without a port") },
	{ { ":method: CONNECT" }, BAD("a CONNECT without :authority") },
	{ { ":method: GET", ":scheme: http", ":path: /" },
	    BAD("neither :authority nor Host") },
	{ { ":method: GET", ":scheme: http", ":authority: a" },
	    BAD("no :scheme or no :path") },
	{ { ":method: GET", ":path: /", ":authority: a" },
	    BAD("no :scheme or no :path") },
	{ { ":scheme: http", ":path: /", ":authority: a" },
	    BAD("a malformed :method, or none") },
	{ { ":method: G T", ":scheme: http", ":path: /", ":authority: a" },
	    BAD("a malformed :method, or none") },
	{ { ":method: GET", ":scheme: ftp", ":path: /", ":authority: a" },
	    BAD("a :scheme that is not http or https") },
	{ { ":method: GET", ":scheme: http", ":path: a", ":authority: a" },
	    BAD("a :path that does not begin with /") },
	{ { ":method: GET", ":scheme: http", ":path: ", ":authority: a" },
	    BAD("a byte or escape that no :path may have") },
	{ { ":method: GET", ":scheme: http", ":path: /a#b", ":authority: a" },
	    BAD("a byte or escape that no :path may have") },
	{ { ":method: GET", ":scheme: http", ":path: /\x80",
	    ":authority: a" }, BAD("a byte or escape that no :path may have") },
	{ { ":method: GET", ":scheme: http", ":path: http://a/",
	    ":authority: a" }, BAD("a :path that does not begin with /") },
	{ { ":method: GET", ":scheme: http", ":path: /", ":authority: " },
	    BAD("a malformed :authority") },
	{ { ":method: GET", ":scheme: http", ":path: /",
	    ":authority: a:99999" }, BAD("a malformed :authority") },
	{ { ":method: GET", ":scheme: http", ":path: *", ":authority: a" },
	    BAD("a :path that does not begin with /") },
	{ { ":method: GET", ":scheme: http", ":path: /a b",
	    ":authority: a" }, BAD("a byte or escape that no :path may have") },
	{ { ":method: GET", ":scheme: http", ":path: /",
	    ":authority: u@a" }, BAD("a malformed :authority") },
};

static void
reads_or_refuses_each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_rig *r = calloc(1, sizeof(*r));

		assert_non_null(r);
		h2_rig_init(r);
		h2_rig_submit(r, -1, false, rows[i].lines);
		h2_rig_pump(r);
		assert_string_equal(r->log +
		    (strncmp(rows[i].told, "reset", 5) == 0 &&
		    strncmp(r->log, "reset", 5) != 0 ?
		    strcspn(r->log, "\n") + 1 : 0), rows[i].told);
		h2_rig_respond(r, 0, 400, 0, true);
		h2_rig_release(r, 0);
		assert_int_equal(r->replies[1].status, 400);
		assert_int_equal(r->codec->end, CODEC_OPEN);
		assert_int_equal(r->codec->phase, CODEC_IDLE);
		h2_rig_fini(r);
		free(r);
	}
}

static void
refuses_what_is_too_much(void **state)
{
	static char line[9000] = ":path: /";
	const char *lines[200] = { ":method: GET", ":scheme: http",
	    ":authority: a", line };
	struct h2_rig *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	h2_rig_init(r);
	memset(line + 8, 'a', sizeof(line) - 9);
	h2_rig_submit(r, -1, false, lines);
	h2_rig_pump(r);
	assert_string_equal(r->log,
	    "reset protocol 414 the request line is too long\n");
	line[8] = '\0';
	for (size_t i = 4; i < 105; i++)
		lines[i] = "x: y";
	h2_rig_submit(r, -1, false, lines);
	h2_rig_pump(r);
	assert_non_null(strstr(r->log, "reset protocol 431 too many fields\n"));
	r->limits.fields = 1000;
	r->limits.head = 300;
	h2_rig_submit(r, -1, false, lines);
	h2_rig_pump(r);
	assert_non_null(strstr(r->log,
	    "reset protocol 431 the request head is too large\n"));
	h2_rig_fini(r);
	free(r);
}

static void
obeys_the_options_of_its_listener(void **state)
{
	static const char *const upgrades[] = { "other", NULL };
	static const struct {
		const char *line;
		struct http_limits limits;
		const char *told;
	} cases[] = {
		{ "a_b: c", { .underscores = UNDERSCORES_REFUSE },
		    BAD("an underscore in a field name") },
		{ "content_length: 1", { .underscores = UNDERSCORES_REFUSE },
		    BAD("an underscore in a field name") },
		{ "a_b: c", { .underscores = UNDERSCORES_ALLOW },
		    "GET a / [a_b: c] end\n" },
		{ ":protocol: OTHER", { .upgrades = upgrades },
		    "GET a / protocol=OTHER end\n" },
		{ ":protocol: websocket", { .upgrades = upgrades },
		    "reset protocol 501 a :protocol that is not allowed\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *lines[] = { H2_RIG_REQUEST("GET"), cases[i].line,
		    NULL };
		bool opens = cases[i].line[0] == ':';
		struct h2_rig *r = calloc(1, sizeof(*r));

		assert_non_null(r);
		h2_rig_init(r);
		r->limits.underscores = cases[i].limits.underscores;
		r->limits.upgrades = cases[i].limits.upgrades;
		r->limits.websocket = false;
		if (opens)
			lines[0] = ":method: CONNECT";
		h2_rig_submit(r, opens ? 0 : -1, opens, lines);
		h2_rig_pump(r);
		assert_string_equal(r->log, cases[i].told);
		h2_rig_fini(r);
		free(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_or_refuses_each_row),
		cmocka_unit_test(refuses_what_is_too_much),
		cmocka_unit_test(obeys_the_options_of_its_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
