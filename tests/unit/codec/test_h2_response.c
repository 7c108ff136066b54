/*
 * test_h2_response.c - what a server of HTTP/2 may answer, row by row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h2_client_rig.h"

struct row {
	const char *lines[6];
	long body;		/* bytes of DATA; -1: the head ends it */
	const char *told;
	const char *method;	/* NULL: GET */
};

#define OK ":status: 200"
#define BAD(why) "reset protocol 502 " why "\n"

static const struct row rows[] = {
	{ { OK, "content-length: 3", "content-length: 3" }, 3,
	    "200 length=3\nbody 3 end\n", NULL },
	{ { OK, "te: gzip", "host: x", "http2-settings: y" }, -1,
	    "200 end\n", NULL },
	{ { OK, "content-length: 7" }, -1, "200 length=7 end\n", "HEAD" },
	{ { ":status: 304", "content-length: 7" }, -1,
	    "304 length=7 end\n", NULL },
	{ { ":status: 204", "content-length: 7" }, -1, "204 end\n", NULL },
	{ { ":status: 599", "x: \xff" }, 0, "599 [x: \xff]\nbody 0 end\n",
	    NULL },
	{ { OK, "set-cookie: a", "set-cookie: b" }, -1,
	    "200 [set-cookie: a] [set-cookie: b] end\n", NULL },
	{ { "x: y" }, -1, BAD("a malformed :status, or none"), NULL },
	{ { ":status: 20" }, -1, BAD("a malformed :status, or none"), NULL },
	{ { ":status: 2000" }, -1, BAD("a malformed :status, or none"),
	    NULL },
	{ { ":status: +20" }, -1, BAD("a malformed :status, or none"), NULL },
	{ { ":status: 099" }, -1, BAD("a status out of range"), NULL },
	{ { ":status: 600" }, -1, BAD("a status out of range"), NULL },
	{ { ":status: 101" }, -1,
	    BAD("a status 101, which HTTP/2 has not"), NULL },
	{ { ":status: 103" }, -1,
	    BAD("an interim response that ends the message"), NULL },
	{ { OK, OK }, -1, BAD("a repeated pseudo-field"), NULL },
	{ { "x: y", OK }, -1, BAD("a pseudo-field behind a field"), NULL },
	{ { OK, ":path: /" }, -1, BAD("an unknown pseudo-field"), NULL },
	{ { OK, "connection: close" }, -1,
	    BAD("a field of the connection, which HTTP/2 has not"), NULL },
	{ { OK, "keep-alive: timeout=5" }, -1,
	    BAD("a field of the connection, which HTTP/2 has not"), NULL },
	{ { OK, "proxy-connection: x" }, -1,
	    BAD("a field of the connection, which HTTP/2 has not"), NULL },
	{ { OK, "transfer-encoding: chunked" }, 5,
	    BAD("a field of the connection, which HTTP/2 has not"), NULL },
	{ { OK, "upgrade: h2c" }, -1,
	    BAD("a field of the connection, which HTTP/2 has not"), NULL },
	{ { OK, "x: a\nb" }, -1, BAD("a byte that no field value may have"),
	    NULL },
	{ { OK, "x: a\rb" }, -1, BAD("a byte that no field value may have"),
	    NULL },
	{ { OK, "x: a " }, -1, BAD("space at an end of a field value"),
	    NULL },
	{ { OK, "x y: a" }, -1, BAD("a byte that no field name may have"),
	    NULL },
	{ { OK, "content-length: 5", "content-length: 6" }, 5,
	    BAD("Content-Lengths differ"), NULL },
	{ { OK, "content-length: 5, 5" }, 5,
	    BAD("a malformed Content-Length"), NULL },
	{ { OK, "content-length: -1" }, 5,
	    BAD("a malformed Content-Length"), NULL },
	{ { OK, "content-length: 5" }, -1,
	    BAD("a body shorter than its Content-Length"), NULL },
	{ { OK, "content-length: 5" }, 4, "200 length=5\n"
	    BAD("a body shorter than its Content-Length"), NULL },
	{ { OK, "content-length: 5" }, 6, "200 length=5\n"
	    BAD("a body longer than its Content-Length"), NULL },
	{ { OK }, 1, "200\n" BAD("a body longer than its Content-Length"),
	    "HEAD" },
	{ { ":status: 304" }, 1,
	    "304\n" BAD("a body longer than its Content-Length"), NULL },
	{ { ":status: 204" }, 1,
	    "204\n" BAD("a body longer than its Content-Length"), NULL },
};

static struct h2_rig *
begin(void)
{
	struct h2_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	h2_rig_init_client(r);
	h2_rig_settle(r, 100, false);
	return r;
}

static void
finish(struct h2_rig *r)
{
	h2_rig_fini(r);
	free(r);
}

/* Whatever becomes of the stream, the connection stands. */
static void
reads_or_refuses_each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_rig *r = begin();
		bool bad = strstr(rows[i].told, "reset") != NULL;

		h2_rig_ask(r, rows[i].method != NULL ? rows[i].method : "GET",
		    LENGTH_NONE, true);
		h2_rig_pump(r);
		h2_rig_reply(r, 1, rows[i].body, false, rows[i].lines);
		assert_string_equal(r->log, rows[i].told);
		h2_rig_release(r, 0);
		assert_int_equal(strstr(r->got, "rst PROTOCOL_ERROR") != NULL,
		    bad && r->replies[1].code != NGHTTP2_NO_ERROR);
		assert_int_equal(r->codec->end, CODEC_OPEN);
		assert_int_equal(codec_slots(r->codec), 100);
		finish(r);
	}
}

static void
refuses_trailers_that_are_none(void **state)
{
	static const struct {
		const char *lines[3];
		bool end;
		const char *why;
	} bad[] = {
		{ { "x: y" }, false, "trailers that do not end the message" },
		{ { ":status: 200" }, true, "a pseudo-field in trailers" },
		{ { "te: x", "upgrade: y" }, true,
		    "a field of the connection, which HTTP/2 has not" },
		{ { "X: y" }, true, NULL },	/* the library makes it x */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct h2_rig *r = begin();

		h2_rig_ask(r, "GET", LENGTH_NONE, true);
		h2_rig_pump(r);
		h2_rig_ok(r, 1, 2, true);
		h2_rig_section(r, 1, bad[i].end, bad[i].lines);
		if (bad[i].why != NULL)
			assert_non_null(strstr(r->log, bad[i].why));
		else
			assert_non_null(strstr(r->log, "body 2 trailers [x: y]"));
		h2_rig_release(r, 0);
		assert_int_equal(r->codec->end, CODEC_OPEN);
		finish(r);
	}
}

static void
refuses_what_is_too_much(void **state)
{
	static char value[600] = "x: ";
	const char *lines[202] = { OK };
	struct h2_rig *r = begin();

	(void)state;
	for (size_t i = 1; i < 102; i++)
		lines[i] = "x: y";
	h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_pump(r);
	h2_rig_reply(r, 1, -1, false, lines);
	assert_string_equal(r->log, BAD("too many fields"));
	h2_rig_forget(r);
	memset(value + 3, 'a', sizeof(value) - 4);
	for (size_t i = 1; i < 60; i++)
		lines[i] = value;
	lines[60] = NULL;
	h2_rig_reply(r, 3, -1, false, lines);
	assert_string_equal(r->log, BAD("the response head is too large"));
	assert_int_equal(r->codec->end, CODEC_OPEN);
	finish(r);
}

/* DATA of stream 1, behind a 103 alone. */
static void
refuses_data_before_the_head(void **state)
{
	static const char *const hints[] = { ":status: 103", NULL };
	struct h2_rig *r = begin();

	(void)state;
	h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_pump(r);
	h2_rig_section(r, 1, false, hints);
	h2_rig_feed(r, "\0\0\1\0\0\0\0\0\1x", 10);
	h2_rig_pump(r);
	assert_string_equal(r->log, "interim 103\n"
	    BAD("DATA before the head"));
	h2_rig_release(r, 0);
	assert_int_equal(r->replies[1].code, NGHTTP2_PROTOCOL_ERROR);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	finish(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_or_refuses_each_row),
		cmocka_unit_test(refuses_trailers_that_are_none),
		cmocka_unit_test(refuses_what_is_too_much),
		cmocka_unit_test(refuses_data_before_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
