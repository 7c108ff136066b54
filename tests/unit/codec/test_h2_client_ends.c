/*
 * test_h2_client_ends.c - HTTP/2 towards a server: streams that break, slots,
 * the ends of a connection, and servers that mean harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h2_client_rig.h"

static void
get(struct h2_rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_pump(r);
}

static void
tells_what_a_reset_means(void **state)
{
	static const struct {
		uint32_t code;
		bool answered;
		const char *told;
	} rows[] = {
		{ NGHTTP2_REFUSED_STREAM, false, "reset refused\n" },
		{ NGHTTP2_CANCEL, false, "reset cancel\n" },
		{ NGHTTP2_NO_ERROR, false, "reset cancel\n" },
		{ NGHTTP2_HTTP_1_1_REQUIRED, false, "reset cancel\n" },
		{ NGHTTP2_REFUSED_STREAM, true, "200\nreset cancel\n" },
		{ NGHTTP2_NO_ERROR, true, "200\nreset cancel\n" },
	};
	struct h2_rig *r = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int32_t id = (int32_t)(1 + 2 * i);

		h2_rig_forget(r);
		get(r, 1);
		if (rows[i].answered)
			h2_rig_ok(r, id, 0, true);
		nghttp2_submit_rst_stream(r->peer, 0, id, rows[i].code);
		h2_rig_pump(r);
		assert_string_equal(r->log, rows[i].told);
		h2_rig_release(r, i);
		assert_int_equal(codec_slots(r->codec), 100);
		assert_int_equal(r->codec->end, CODEC_OPEN);
	}
}

/* Its owner has not been told yet, or has not heard of it. */
static void
says_nothing_to_a_server_that_is_gone(void **state)
{
	struct head h = h2_rig_head("GET", LENGTH_NONE);
	struct h2_rig *r = *state;
	unsigned i = h2_rig_open(r);
	size_t sent = r->sent;

	codec_eof(r->codec, 104 /* ECONNRESET */);
	stream_send_head(r->streams[i].s, &h, true);
	h2_rig_pump(r);
	assert_non_null(strstr(r->log, "reset "));
	assert_int_equal(r->sent, sent);
	h2_rig_release(r, i);
}

/* The answer was on its way when its stream was let go. */
static void
drops_an_answer_that_nobody_waits_for(void **state)
{
	static const char head[] = "\0\0\1\1\4\0\0\0\1\x88";
	struct h2_rig *r = *state;

	get(r, 1);
	r->blocked = true;	/* so that the RST has not gone */
	h2_rig_reset(r, 0);
	h2_rig_forget(r);
	h2_rig_feed(r, head, sizeof(head) - 1);
	r->blocked = false;
	h2_rig_pump(r);
	assert_string_equal(r->log, "");
	assert_int_equal(r->codec->end, CODEC_OPEN);
	assert_int_equal(codec_slots(r->codec), 100);
}

static void
tells_what_a_broken_connection_means(void **state)
{
	struct h2_rig *r = *state;

	get(r, 3);
	h2_rig_ok(r, 3, 5, true);	/* begun */
	h2_rig_ok(r, 5, 5, false);	/* whole */
	h2_rig_forget(r);
	codec_eof(r->codec, 0);
	assert_string_equal(r->log, "reset cancel\nreset cancel\n");
	assert_true(r->streams[0].reset && r->streams[1].reset);
	assert_false(r->streams[2].reset);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	for (unsigned i = 0; i < 3; i++)
		h2_rig_release(r, i);
	assert_int_equal(codec_slots(r->codec), 0);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
}

static void
tells_that_a_used_connection_had_gone_stale(void **state)
{
	struct h2_rig *r = *state;
	unsigned late;

	get(r, 1);
	h2_rig_ok(r, 1, -1, false);
	h2_rig_release(r, 0);
	get(r, 2);
	h2_rig_ok(r, 3, 5, true);
	late = h2_rig_open(r);		/* nothing was sent on it yet */
	h2_rig_forget(r);
	codec_eof(r->codec, 104);
	assert_string_equal(r->log,
	    "reset cancel\nreset stale\nreset stale\n");
	assert_int_equal(r->codec->end, CODEC_ABORT);
	assert_false(r->streams[late].s->sent);
}

/* What the server had read is answered, the rest was refused. */
static void
obeys_a_goaway(void **state)
{
	struct h2_rig *r = *state;

	get(r, 3);
	h2_rig_forget(r);
	nghttp2_submit_goaway(r->peer, 0, 1, NGHTTP2_NO_ERROR, NULL, 0);
	h2_rig_pump(r);
	assert_string_equal(r->log, "reset refused\nreset refused\n");
	assert_int_equal(codec_slots(r->codec), 0);
	assert_null(codec_open(r->codec, &h2_rig_sink, NULL));
	assert_int_equal(r->codec->end, CODEC_OPEN);
	h2_rig_release(r, 1);
	h2_rig_release(r, 2);
	h2_rig_ok(r, 1, 3, false);
	assert_non_null(strstr(r->log, "200\nbody 3 end\n"));
	r->nslots = 0;
	h2_rig_release(r, 0);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_true(r->nslots > 0);
	assert_null(r->codec->why);
}

/* A request that had not left when the GOAWAY came. */
static void
takes_what_was_not_sent_as_refused(void **state)
{
	struct h2_rig *r = *state;
	unsigned i;

	i = h2_rig_open(r);
	nghttp2_submit_shutdown_notice(r->peer);
	r->blocked = true;
	get(r, 1);
	r->blocked = false;
	h2_rig_pump(r);
	assert_string_equal(r->log, "reset refused\n");
	assert_false(r->streams[1].s->sent);
	h2_rig_release(r, 1);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	h2_rig_release(r, i);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
ends_idle_at_a_goaway(void **state)
{
	struct h2_rig *r = *state;

	r->nslots = 0;
	nghttp2_submit_goaway(r->peer, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
	h2_rig_pump(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_int_equal(r->nslots, 1);
}

static void
counts_slots_by_both_limits(void **state)
{
	struct h2_rig *r = *state;

	r->limits.streams = 5;
	assert_int_equal(codec_slots(r->codec), 5);
	h2_rig_settle(r, 3, false);
	assert_int_equal(codec_slots(r->codec), 3);
	get(r, 3);
	assert_int_equal(codec_slots(r->codec), 0);
	assert_null(codec_open(r->codec, &h2_rig_sink, NULL));
	/* What is let go counts until the wire is done with it. */
	r->blocked = true;
	r->nslots = 0;
	h2_rig_reset(r, 0);
	assert_int_equal(codec_slots(r->codec), 0);
	assert_int_equal(r->nslots, 1);
	r->blocked = false;
	h2_rig_pump(r);
	assert_int_equal(codec_slots(r->codec), 1);
	assert_int_equal(r->nslots, 2);
	/* An answer that is whole, while its owner still holds it. */
	h2_rig_ok(r, 3, -1, false);
	assert_int_equal(codec_slots(r->codec), 1);
	h2_rig_settle(r, 2, false);
	assert_int_equal(codec_slots(r->codec), 0);
	r->nslots = 0;
	h2_rig_settle(r, 200, false);
	assert_int_equal(codec_slots(r->codec), 3);
	assert_int_equal(r->nslots, 1);
}

static void
gives_a_slot_back_that_was_never_used(void **state)
{
	struct h2_rig *r = *state;
	unsigned i = h2_rig_open(r);

	assert_int_equal(codec_slots(r->codec), 99);
	h2_rig_release(r, i);
	assert_int_equal(codec_slots(r->codec), 100);
	/* A request that is taken back before it is framed is never sent. */
	r->blocked = true;
	get(r, 1);
	h2_rig_reset(r, 1);
	r->blocked = false;
	h2_rig_pump(r);
	assert_string_equal(r->got, "");
	assert_int_equal(codec_slots(r->codec), 100);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
}

static void
drains_when_its_streams_are_over(void **state)
{
	struct h2_rig *r = *state;

	get(r, 1);
	codec_drain(r->codec);
	assert_int_equal(codec_slots(r->codec), 0);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	h2_rig_ok(r, 1, 3, false);
	h2_rig_release(r, 0);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
}

static void
drains_at_once_when_idle(void **state)
{
	struct h2_rig *r = *state;

	codec_drain(r->codec);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	h2_rig_pump(r);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
}

static void
asks_whether_the_server_is_there(void **state)
{
	struct h2_rig *r = *state;

	assert_true(codec_ask(r->codec));
	assert_true(codec_ask(r->codec));
	assert_true(r->codec->asked);
	h2_rig_pump(r);
	assert_false(r->codec->asked);
	assert_int_equal(r->npings, 1);
}

static void
says_that_it_is_not_http2(void **state)
{
	static const char answer[] = "SSH-2.0-OpenSSH_9.2p1\r\n";
	struct h2_rig *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	h2_rig_init_client(r);
	h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_feed(r, answer, sizeof(answer) - 1);
	while (h2_rig_write(r))
		continue;
	codec_recv(r->codec, &r->in);
	assert_string_equal(r->log,
	    "reset protocol 502 what it speaks is not HTTP/2\n");
	assert_string_equal(r->codec->why, "what it speaks is not HTTP/2");
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	h2_rig_fini(r);
	free(r);
}

/* A server may also end at once what it does not understand. */
static void
says_that_nothing_came_in_http2(void **state)
{
	struct h2_rig *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	h2_rig_init_client(r);
	h2_rig_ask(r, "GET", LENGTH_NONE, true);
	while (h2_rig_write(r))
		continue;
	codec_eof(r->codec, 0);
	assert_string_equal(r->log, "reset cancel\n");
	assert_string_equal(r->streams[0].s->why,
	    "it said nothing in HTTP/2");
	h2_rig_fini(r);
	free(r);
}

#define FRAME(n, type, flags, id) "\0\0" n type flags "\0\0\0" id

/* Each ends the connection, after finitely many; a stream is told why. */
/* However its bytes are cut, and whether it closes with them or not. */
static void
tells_an_answer_of_http1(void **state)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	(void)state;
	for (size_t cut = 1; cut < sizeof(answer); cut++) {
		struct h2_rig *r = calloc(1, sizeof(*r));

		assert_non_null(r);
		h2_rig_init_client(r);
		h2_rig_ask(r, "GET", LENGTH_NONE, true);
		while (h2_rig_write(r))
			continue;
		for (size_t i = 0; i < sizeof(answer) - 1; i += cut) {
			h2_rig_feed(r, answer + i, sizeof(answer) - 1 - i <
			    cut ? sizeof(answer) - 1 - i : cut);
			codec_recv(r->codec, &r->in);
		}
		codec_eof(r->codec, 0);
		assert_non_null(r->codec->why);
		assert_non_null(strstr(r->codec->why, "in HTTP/1.1"));
		assert_non_null(strstr(r->log, "in HTTP/1.1"));
		assert_int_equal(r->codec->end, CODEC_CLOSE);
		h2_rig_release(r, 0);
		h2_rig_fini(r);
		free(r);
	}
}

/* Who closes at once has still broken the rules first. */
static void
tells_a_fault_before_the_end(void **state)
{
	struct h2_rig *r = *state;

	get(r, 1);
	h2_rig_feed(r, FRAME("\1", "\0", "\0", "\7") "x", 10);
	codec_recv(r->codec, &r->in);
	codec_eof(r->codec, 0);
	assert_non_null(r->codec->why);
	assert_non_null(strstr(r->codec->why, "breaks the rules"));
	assert_non_null(strstr(r->log, "reset protocol 502 "));
	h2_rig_release(r, 0);
}

#define TOO_MANY_PINGS "it sent GOAWAY with ENHANCE_YOUR_CALM, saying "       \
	"\"too_many_pings\""

/* Bounded, in one line, and the first that came. */
static void
shows_little_of_what_a_goaway_says(void **state)
{
	struct h2_rig *r = *state;
	uint8_t text[4096];
	const char *at;

	memset(text, 'x', sizeof(text));
	memcpy(text, "a\n\xff\0\x7f", 5);
	get(r, 1);
	nghttp2_submit_goaway(r->peer, 0, 1, NGHTTP2_INTERNAL_ERROR, text,
	    sizeof(text));
	nghttp2_submit_goaway(r->peer, 0, 1, NGHTTP2_INTERNAL_ERROR, text + 5,
	    9);
	h2_rig_pump(r);
	at = strstr(r->codec->why, ", saying \"a....xxxx");
	assert_non_null(at);
	assert_int_equal(strlen(at), strlen(", saying \"\"") + 80);
	codec_eof(r->codec, 0);
	h2_rig_release(r, 0);
}

static void
tells_what_ended_it(void **state)
{
	struct h2_rig *r = *state;

	get(r, 2);
	nghttp2_submit_rst_stream(r->peer, 0, 1, NGHTTP2_INTERNAL_ERROR);
	nghttp2_submit_goaway(r->peer, 0, 3, NGHTTP2_ENHANCE_YOUR_CALM,
	    (const uint8_t *)"too_many_pings", 14);
	h2_rig_pump(r);
	codec_eof(r->codec, 0);
	assert_string_equal(r->streams[0].s->why,
	    "it reset the stream with INTERNAL_ERROR");
	assert_string_equal(r->streams[1].s->why, TOO_MANY_PINGS);
	assert_string_equal(r->codec->why, TOO_MANY_PINGS);
	h2_rig_release(r, 0);
	h2_rig_release(r, 1);
}

static void
ends_who_floods(void **state)
{
	static const struct {
		const char *frame;
		size_t n;
		const char *why;
	} rows[] = {
		{ FRAME("\0", "\4", "\0", "\0"), 9, "ask for nothing" },
		{ FRAME("\10", "\6", "\0", "\0") "12345678", 17,
		    "ask for nothing" },
		{ FRAME("\4", "\10", "\0", "\0") "\0\0\0\1", 13,
		    "ask for nothing" },
		{ FRAME("\4", "\10", "\0", "\1") "\0\0\0\1", 13,
		    "ask for nothing" },
		{ FRAME("\0", "\0", "\0", "\1"), 9, "ask for nothing" },
		{ FRAME("\0", "\x77", "\0", "\0"), 9, "ask for nothing" },
		{ FRAME("\5", "\2", "\0", "\1") "\0\0\0\0\0", 14,
		    "ask for nothing" },
		{ FRAME("\4", "\3", "\0", "\3") "\0\0\0\0", 13,
		    "ask for nothing" },
		{ FRAME("\1", "\1", "\4", "\3") "\x88", 10,
		    "ask for nothing" },
		{ FRAME("\10", "\7", "\0", "\0") "\x7f\xff\xff\xff\0\0\0\0",
		    17, "ask for nothing" },
		{ FRAME("\1", "\0", "\0", "\3") "x", 10,
		    "more DATA than the window" },
		{ FRAME("\5", "\5", "\4", "\1") "\0\0\0\2\x88", 14,
		    "a push, which was not allowed" },
		{ FRAME("\1", "\0", "\0", "\7") "x", 10, "breaks the rules" },
		{ FRAME("\1", "\1", "\4", "\2") "\x88", 10,
		    "breaks the rules" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_rig *r = calloc(1, sizeof(*r));
		unsigned n = 0;

		assert_non_null(r);
		h2_rig_init_client(r);
		h2_rig_settle(r, 100, false);
		get(r, 2);
		h2_rig_ok(r, 1, 0, true);
		h2_rig_reset(r, 1);	/* stream 3 is over */
		h2_rig_forget(r);
		while (r->codec->end == CODEC_OPEN && n++ < 200000) {
			h2_rig_feed(r, rows[i].frame, rows[i].n);
			while (h2_rig_write(r))
				continue;
			codec_recv(r->codec, &r->in);
		}
		if (r->codec->why == NULL)
			fail_msg("row %zu did not end", i);
		assert_int_equal(r->codec->end, CODEC_CLOSE);
		assert_non_null(strstr(r->codec->why, rows[i].why));
		assert_non_null(strstr(r->log, "reset protocol 502 "));
		assert_non_null(strstr(r->log, rows[i].why));
		assert_true(r->pages.nused < 10 && r->chunks.nused < 10);
		h2_rig_release(r, 0);
		assert_int_equal(r->codec->phase, CODEC_IDLE);
		h2_rig_fini(r);
		free(r);
	}
}

/* HEADERS without END_HEADERS, and CONTINUATION after CONTINUATION. */
static void
ends_who_continues_for_ever(void **state)
{
	static const char part[] = FRAME("\12", "\x9", "\0", "\1")
	    "\0\1x\5aaaaab";
	struct h2_rig *r = *state;
	unsigned n = 0;

	get(r, 1);
	h2_rig_feed(r, FRAME("\1", "\1", "\0", "\1") "\x88", 10);
	while (r->codec->end == CODEC_OPEN && n++ < 10000) {
		h2_rig_feed(r, part, sizeof(part) - 2);
		while (h2_rig_write(r))
			continue;
		codec_recv(r->codec, &r->in);
	}
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_non_null(r->codec->why);
	assert_non_null(strstr(r->log, "reset protocol 502 "));
}

/* One entry of the table, named again and again. */
static void
assert_is_bomb(struct h2_rig *r, const char *line)
{
	const char *lines[] = { ":status: 200", line, NULL };
	static char frame[9 + 16384];

	get(r, 2);
	h2_rig_reply(r, 1, -1, false, lines);
	h2_rig_forget(r);
	memcpy(frame, "\0\x40\0\1\4\0\0\0\3", 9);
	memset(frame + 9, 0xbe, 16384);
	h2_rig_feed(r, frame, sizeof(frame));
	h2_rig_pump(r);
	assert_string_equal(r->codec->why, "a field section that is a bomb");
	assert_non_null(strstr(r->log, "a field section that is a bomb"));
	assert_int_equal(r->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void
ends_who_sends_a_bomb(void **state)
{
	static char line[2900];

	memset(line, 'a', sizeof(line) - 1);
	memcpy(line, "x: ", 3);
	assert_is_bomb(*state, line);
}

/* They are few bytes, but many fields. */
static void
ends_who_sends_a_bomb_of_crumbs(void **state)
{
	assert_is_bomb(*state, "x: a");
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, h2_rig_setup_client, \
	    h2_rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(tells_what_a_reset_means),
		TEST(says_nothing_to_a_server_that_is_gone),
		TEST(drops_an_answer_that_nobody_waits_for),
		TEST(tells_what_a_broken_connection_means),
		TEST(tells_that_a_used_connection_had_gone_stale),
		TEST(obeys_a_goaway),
		TEST(takes_what_was_not_sent_as_refused),
		TEST(ends_idle_at_a_goaway),
		TEST(counts_slots_by_both_limits),
		TEST(gives_a_slot_back_that_was_never_used),
		TEST(drains_when_its_streams_are_over),
		TEST(drains_at_once_when_idle),
		TEST(asks_whether_the_server_is_there),
		cmocka_unit_test(says_that_it_is_not_http2),
		cmocka_unit_test(says_that_nothing_came_in_http2),
		cmocka_unit_test(tells_an_answer_of_http1),
		TEST(tells_a_fault_before_the_end),
		TEST(shows_little_of_what_a_goaway_says),
		TEST(tells_what_ended_it),
		cmocka_unit_test(ends_who_floods),
		TEST(ends_who_continues_for_ever),
		TEST(ends_who_sends_a_bomb),
		TEST(ends_who_sends_a_bomb_of_crumbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
