/*
 * test_h2_client.c - HTTP/2 towards a server: messages of both directions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h2_client_rig.h"

static void
assert_unused(struct h2_rig *r)
{
	assert_int_equal(r->codec->end, CODEC_OPEN);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(codec_slots(r->codec), 100);
	assert_int_equal(r->pages.nused, 0);
	assert_int_equal(r->chunks.nused, 0);
}

static void
asks_and_is_answered(void **state)
{
	static const char *const lines[] = { ":status: 200",
	    "content-length: 2", "x-a: b", "x_c: d", NULL };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "GET", LENGTH_NONE, true);

	assert_false(r->streams[i].s->sent);
	h2_rig_pump(r);
	assert_true(r->streams[i].s->sent);
	assert_true(r->streams[i].room_end);
	assert_false(r->streams[i].s->answered);
	assert_string_equal(r->got, "1 [:method: GET]\n1 [:scheme: http]\n"
	    "1 [:path: /x]\n1 [:authority: a]\n1 end 0\n");
	h2_rig_reply(r, 1, 2, false, lines);
	assert_true(r->streams[i].s->answered);
	assert_false(r->streams[i].s->reused);
	assert_string_equal(r->log,
	    "200 length=2 [x-a: b] [x_c: d]\nbody 2 end\n");
	assert_int_equal(r->codec->phase, CODEC_BUSY);
	h2_rig_release(r, i);
	assert_true(r->replies[1].closed);
	assert_int_equal(r->replies[1].code, NGHTTP2_NO_ERROR);
	assert_unused(r);
	assert_true(r->streams[h2_rig_open(r)].s->reused);
}

static void
reads_byte_by_byte(void **state)
{
	((struct h2_rig *)*state)->piece = 1;
	asks_and_is_answered(state);
}

static void
never_sends_fields_of_a_connection(void **state)
{
	struct h2_rig *r = *state;
	struct head h = h2_rig_head("POST", 0);
	unsigned i = h2_rig_open(r);
	struct arena a;

	arena_init(&a, NULL);
	h.trailers_ok = true;
	head_add(&h, &a, FIELD_CONNECTION, SLICE("x"));
	head_add(&h, &a, FIELD_TRANSFER_ENCODING, SLICE("chunked"));
	head_add(&h, &a, FIELD_HOST, SLICE("other"));
	head_add(&h, &a, FIELD_CONTENT_LENGTH, SLICE("5"));
	head_add(&h, &a, FIELD_HTTP2_SETTINGS, SLICE("AA"));
	head_add(&h, &a, FIELD_COOKIE, SLICE("a=b; c=d"));
	r->codec->secure = true;
	stream_send_head(r->streams[i].s, &h, true);
	arena_reset(&a);
	h2_rig_pump(r);
	assert_string_equal(r->got, "1 [:method: POST]\n1 [:scheme: https]\n"
	    "1 [:path: /x]\n1 [:authority: a]\n1 [content-length: 0]\n"
	    "1 [te: trailers]\n1 [cookie: a=b; c=d]\n1 end 0\n");
}

static void
sends_a_body_as_the_server_takes_it(void **state)
{
	static char big[200000];
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "POST", sizeof(big), false);

	r->deaf = true;
	assert_int_equal(h2_rig_send(r, i, big, sizeof(big), true),
	    sizeof(big));
	h2_rig_pump(r);
	assert_int_equal(r->replies[1].down, 65535);
	assert_int_equal(r->streams[i].room, 65535);
	assert_int_equal(h2_rig_send(r, i, big, 1, false), 0);
	r->deaf = false;
	nghttp2_session_consume(r->peer, 1, 65535);
	h2_rig_pump(r);
	assert_int_equal(r->streams[i].room, sizeof(big));
	assert_true(r->streams[i].room_end);
	h2_rig_ok(r, 1, 0, false);
	h2_rig_release(r, i);
	assert_unused(r);
}

static void
takes_a_body_within_the_window(void **state)
{
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "GET", LENGTH_NONE, true);

	h2_rig_pump(r);
	r->keep = true;
	h2_rig_ok(r, 1, 1000000, false);
	assert_in_range(r->streams[i].lent.n, 1, BUF_PAGE);
	assert_int_equal(r->replies[1].up, 1000000 - 131072);
	assert_true(r->pages.nused <= 5);
	r->keep = false;
	h2_rig_pump(r);
	assert_string_equal(r->log, "200\nbody 1000000 end\n");
	h2_rig_release(r, i);
	assert_unused(r);
}

/* Those whose bytes nobody takes do not stop another. */
static void
lets_no_stream_stop_the_others(void **state)
{
	struct h2_rig *r = *state;
	unsigned i;

	r->keep = true;
	for (i = 0; i < 99; i++)
		h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_pump(r);
	for (i = 0; i < 99; i++)
		h2_rig_ok(r, (int32_t)(1 + 2 * i), 200000, false);
	for (i = 0; i < 99; i++)
		assert_int_equal(r->replies[1 + 2 * i].up, 200000 - 131072);
	i = h2_rig_ask(r, "GET", LENGTH_NONE, true);
	h2_rig_pump(r);
	h2_rig_ok(r, 199, 100000, false);
	assert_int_equal(r->replies[199].up, 0);
	for (i = 0; i < 100; i++)
		h2_rig_release(r, i);
	assert_unused(r);
}

/* What comes of a stream that was let go still opens the connection's window. */
static void
gives_the_window_of_a_stream_back(void **state)
{
	struct h2_rig *r = *state;
	int32_t id = 1;
	unsigned i;

	r->limits.streams = 1;
	for (int k = 0; k < 120; k++, id += 2) {
		i = h2_rig_ask(r, "GET", LENGTH_NONE, true);
		h2_rig_pump(r);
		r->keep = true;
		h2_rig_ok(r, id, 300000, false);
		assert_true(r->replies[id].up <= 300000 - 131072);
		h2_rig_reset(r, i);
		assert_int_equal(r->replies[id].code, NGHTTP2_CANCEL);
		assert_int_equal(codec_slots(r->codec), 1);
	}
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
passes_trailers_both_ways(void **state)
{
	static const char *const lines[] = { "x-sum: 1", "content-type: no",
	    NULL };
	struct field out = { SLICE("X-Out"), SLICE("2"), FIELD_OTHER };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "POST", LENGTH_NONE, false);

	h2_rig_send(r, i, "hi", 2, false);
	h2_rig_pump(r);
	stream_send_trailers(r->streams[i].s, &out, 1);
	h2_rig_pump(r);
	assert_non_null(strstr(r->got, "1 [x-out: 2]\n1 end 2\n"));
	assert_true(r->streams[i].room_end);
	h2_rig_ok(r, 1, 5, true);
	h2_rig_section(r, 1, true, lines);
	assert_string_equal(r->log, "200\nbody 5 trailers [x-sum: 1]\n");
	h2_rig_release(r, i);
	assert_unused(r);
}

/* An answer that is all trailers, as gRPC has it. */
static void
takes_an_answer_that_is_a_head_alone(void **state)
{
	static const char *const lines[] = { ":status: 200",
	    "grpc-status: 12", NULL };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "POST", LENGTH_NONE, true);

	h2_rig_pump(r);
	h2_rig_reply(r, 1, -1, false, lines);
	assert_string_equal(r->log, "200 [grpc-status: 12] end\n");
	h2_rig_release(r, i);
	assert_unused(r);
}

static void
forwards_interim_responses(void **state)
{
	static const char *const hints[] = { ":status: 103", "link: x", NULL };
	static const char *const go_on[] = { ":status: 100", NULL };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "GET", LENGTH_NONE, true);

	h2_rig_pump(r);
	h2_rig_section(r, 1, false, go_on);
	h2_rig_section(r, 1, false, hints);
	h2_rig_ok(r, 1, -1, false);
	assert_string_equal(r->log,
	    "interim 100\ninterim 103 [link: x]\n200 end\n");
	h2_rig_release(r, i);
	assert_unused(r);
}

static void
takes_no_more_interim_responses_than_fit(void **state)
{
	static const char *const hints[] = { ":status: 103", NULL };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "GET", LENGTH_NONE, true);

	h2_rig_pump(r);
	for (int k = 0; k < 2000 && !r->streams[i].reset; k++) {
		r->nlog = 0;
		h2_rig_section(r, 1, false, hints);
	}
	assert_string_equal(r->log,
	    "reset protocol 502 too many interim responses\n");
	assert_true(r->chunks.nused < 100);
	h2_rig_release(r, i);
	assert_int_equal(r->replies[1].code, NGHTTP2_PROTOCOL_ERROR);
	assert_unused(r);
}

/* The answer is whole before the request is: the rest is not wanted. */
static void
lets_an_early_answer_stand(void **state)
{
	static const char *const lines[] = { ":status: 413", NULL };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "POST", 100000, false);

	r->deaf = true;
	h2_rig_send(r, i, "0123456789", 10, false);
	h2_rig_pump(r);
	h2_rig_reply(r, 1, -1, false, lines);
	nghttp2_submit_rst_stream(r->peer, NGHTTP2_FLAG_NONE, 1,
	    NGHTTP2_NO_ERROR);
	h2_rig_pump(r);
	assert_string_equal(r->log, "413 end\n");
	assert_int_equal(h2_rig_send(r, i, "more", 4, false), 4);
	h2_rig_pump(r);
	assert_int_equal(r->streams[i].room, 14);
	assert_int_equal(h2_rig_send(r, i, NULL, 0, true), 0);
	h2_rig_pump(r);
	assert_true(r->streams[i].room_end);
	assert_false(r->streams[i].reset);
	h2_rig_release(r, i);
	assert_unused(r);
}

static void
stops_a_request_that_was_answered_early(void **state)
{
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "POST", 100000, false);

	h2_rig_pump(r);
	h2_rig_ok(r, 1, 3, false);
	assert_string_equal(r->log, "200\nbody 3 end\n");
	h2_rig_release(r, i);
	assert_int_equal(r->replies[1].code, NGHTTP2_CANCEL);
	assert_unused(r);
}

static void
never_completes_a_request_that_was_cut(void **state)
{
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask(r, "POST", 10, false);

	h2_rig_send(r, i, "short", 5, true);
	h2_rig_pump(r);
	assert_string_equal(r->log, "reset cancel\n");
	assert_null(strstr(r->got, "end"));
	h2_rig_release(r, i);
	i = h2_rig_ask(r, "POST", LENGTH_NONE, false);
	h2_rig_send(r, i, "some", 4, false);
	h2_rig_release(r, i);
	assert_null(strstr(r->got, "end"));
	assert_unused(r);
}

static void
opens_a_tunnel_for_connect(void **state)
{
	struct h2_rig *r = *state;
	struct head h = h2_rig_head("CONNECT", LENGTH_NONE);
	unsigned i = h2_rig_open(r);

	h.authority = SLICE("a:443");
	h.path = SLICE_NONE;
	stream_send_head(r->streams[i].s, &h, true);
	h2_rig_pump(r);
	assert_string_equal(r->got,
	    "1 [:method: CONNECT]\n1 [:authority: a:443]\n");
	assert_true(r->streams[i].room_end);
	r->streams[i].room_end = false;
	h2_rig_ok(r, 1, 4, true);
	assert_string_equal(r->log, "200\n");
	assert_int_equal(r->streams[i].body, 4);
	h2_rig_send(r, i, "there", 5, true);
	h2_rig_pump(r);
	assert_true(r->streams[i].room_end);
	assert_non_null(strstr(r->got, "1 end 5\n"));
	/* Half-closed: the server goes on. */
	r->replies[1].up = 3;
	nghttp2_session_resume_data(r->peer, 1);
	h2_rig_pump(r);
	assert_int_equal(r->streams[i].body, 7);
	r->replies[1].wait = false;
	nghttp2_session_resume_data(r->peer, 1);
	h2_rig_pump(r);
	assert_string_equal(r->log, "200\nbody 7 end\n");
	h2_rig_release(r, i);
	assert_int_equal(r->replies[1].code, NGHTTP2_NO_ERROR);
	assert_unused(r);
}

static void
takes_an_answer_instead_of_a_tunnel(void **state)
{
	static const char *const lines[] = { ":status: 403",
	    "content-length: 2", NULL };
	struct h2_rig *r = *state;
	unsigned i;

	h2_rig_settle(r, 100, true);
	i = h2_rig_ask_tunnel(r);
	h2_rig_pump(r);
	h2_rig_reply(r, 1, 2, false, lines);
	assert_string_equal(r->log, "403 length=2\nbody 2 end\n");
	assert_non_null(strstr(r->got, "1 end 0\n"));
	h2_rig_release(r, i);
	assert_int_equal(r->replies[1].code, NGHTTP2_NO_ERROR);
	assert_unused(r);
}

static void
opens_a_websocket_by_extended_connect(void **state)
{
	static const char *const lines[] = { ":status: 200",
	    "sec-websocket-protocol: chat", "sec-websocket-accept: x", NULL };
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask_tunnel(r);

	/* Whether the server takes it is not known before its SETTINGS. */
	h2_rig_settle(r, 100, true);
	assert_string_equal(r->got, "1 [:method: CONNECT]\n"
	    "1 [:protocol: websocket]\n1 [:scheme: http]\n1 [:path: /x]\n"
	    "1 [:authority: a]\n1 [sec-websocket-version: 13]\n");
	assert_true(r->streams[i].room_end);
	h2_rig_reply(r, 1, 4, true, lines);
	assert_false(r->streams[i].room_end);
	assert_string_equal(r->log,
	    "101 protocol=websocket [sec-websocket-protocol: chat]\n");
	assert_int_equal(r->streams[i].body, 4);
	h2_rig_send(r, i, "ping", 4, false);
	h2_rig_pump(r);
	assert_int_equal(r->replies[1].down, 4);
	/* The server leaves in the middle of it. */
	nghttp2_submit_rst_stream(r->peer, NGHTTP2_FLAG_NONE, 1,
	    NGHTTP2_CANCEL);
	h2_rig_pump(r);
	assert_non_null(strstr(r->log, "reset cancel\n"));
	h2_rig_release(r, i);
	assert_unused(r);
}

static void
asks_for_no_websocket_where_none_is_taken(void **state)
{
	struct h2_rig *r = *state;
	unsigned i = h2_rig_ask_tunnel(r);

	h2_rig_settle(r, 100, false);
	assert_string_equal(r->got, "");
	assert_string_equal(r->log, "reset protocol 502 the server does not "
	    "take :protocol (RFC 8441), which a WebSocket needs\n");
	h2_rig_release(r, i);
	h2_rig_forget(r);
	i = h2_rig_ask_tunnel(r);
	h2_rig_pump(r);
	assert_non_null(strstr(r->log, "RFC 8441"));
	h2_rig_release(r, i);
	assert_unused(r);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, h2_rig_setup_client, \
	    h2_rig_teardown)
#define TEST_UNSETTLED(f) \
	cmocka_unit_test_setup_teardown(f, h2_rig_setup_unsettled, \
	    h2_rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(asks_and_is_answered),
		TEST(reads_byte_by_byte),
		TEST(never_sends_fields_of_a_connection),
		TEST(sends_a_body_as_the_server_takes_it),
		TEST(takes_a_body_within_the_window),
		TEST(lets_no_stream_stop_the_others),
		TEST(gives_the_window_of_a_stream_back),
		TEST(passes_trailers_both_ways),
		TEST(takes_an_answer_that_is_a_head_alone),
		TEST(forwards_interim_responses),
		TEST(takes_no_more_interim_responses_than_fit),
		TEST(lets_an_early_answer_stand),
		TEST(stops_a_request_that_was_answered_early),
		TEST(never_completes_a_request_that_was_cut),
		TEST(opens_a_tunnel_for_connect),
		TEST_UNSETTLED(takes_an_answer_instead_of_a_tunnel),
		TEST_UNSETTLED(opens_a_websocket_by_extended_connect),
		TEST_UNSETTLED(asks_for_no_websocket_where_none_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
