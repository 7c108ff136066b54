/*
 * test_h2_server.c - HTTP/2 towards a client, with a client of the library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h2_rig.h"

/* An answer to PING, and with it to what stood before that. */
#define HEARD "\0\0\x8\6\1\0\0\0\0\0\0\0\0\0\0\0"

static int
setup(void **state)
{
	struct h2_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	h2_rig_init(r);
	*state = r;
	return 0;
}

static void
answers_a_request(void **state)
{
	struct h2_rig *r = *state;
	int32_t id = h2_rig_get(r);

	h2_rig_pump(r);
	assert_string_equal(r->log, "GET a / end\n");
	assert_int_equal(r->codec->phase, CODEC_BUSY);
	h2_rig_respond(r, 0, 200, 2, false);
	assert_int_equal(h2_rig_send(r, 0, "hi", 2, true), 2);
	h2_rig_pump(r);
	assert_int_equal(r->streams[0].room, 2);
	assert_true(r->streams[0].room_end);
	assert_string_equal(r->got, "1 [:status: 200]\n"
	    "1 [content-length: 2]\n1 [server: me]\n1 end 2\n");
	assert_true(r->replies[id].closed);
	assert_int_equal(r->replies[id].code, NGHTTP2_NO_ERROR);
	h2_rig_release(r, 0);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	assert_int_equal(r->pages.nused, 0);
	assert_int_equal(r->chunks.nused, 0);
}

static void
reads_byte_by_byte(void **state)
{
	struct h2_rig *r = *state;

	r->piece = 1;
	answers_a_request(state);
}

/* By ALPN it agreed to HTTP/2, and then speaks something else. */
static void
refuses_who_has_no_preface(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct h2_rig *r = *state;

	h2_rig_feed(r, request, sizeof(request) - 1);
	assert_string_equal(r->log, "reset protocol 400 no preface of "
	    "HTTP/2\n");
	h2_rig_release(r, 0);
	while (h2_rig_write(r))
		continue;
	assert_int_equal(r->codec->end, CODEC_LINGER);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
}

static void
takes_a_body_within_the_window(void **state)
{
	struct h2_rig *r = *state;

	r->keep = true;
	h2_rig_post(r, 1000000, false);
	h2_rig_pump(r);
	/* A page at most is lent, the rest of the window waits, no more came. */
	assert_in_range(r->streams[0].lent.n, 1, BUF_PAGE);
	assert_int_equal(r->replies[1].up, 1000000 - 65535);
	assert_true(r->pages.nused <= 5);
	r->keep = false;
	h2_rig_pump(r);
	assert_int_equal(r->replies[1].up, 0);
	assert_string_equal(r->log, "POST a /\nbody 1000000 end\n");
	h2_rig_respond(r, 0, 204, LENGTH_NONE, true);
	h2_rig_pump(r);
	assert_true(r->streams[0].room_end);
	h2_rig_release(r, 0);
	assert_string_equal(r->got,
	    "1 [:status: 204]\n1 [server: me]\n1 end 0\n");
}

/* However its bytes are cut, the frame that overflows is the last one taken. */
static void
resets_a_body_beyond_the_window(void **state)
{
	static const char frame[9 + 16384] = "\0\x40\0\0\0\0\0\0\1";
	static const size_t pieces[] = { 0, 1, 7000 };
	struct h2_rig *r = *state;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char bytes[sizeof(frame)];
		int32_t id = 1 + 2 * (int32_t)i;

		r->keep = true;
		assert_int_equal(h2_rig_post(r, 100000, false), id);
		h2_rig_pump(r);
		assert_int_equal(r->replies[id].up, 100000 - 65535);
		memcpy(bytes, frame, sizeof(bytes));
		bytes[8] = (char)id;
		r->piece = pieces[i];
		for (int n = 0; n < 40; n++)
			h2_rig_feed(r, bytes, sizeof(bytes));
		assert_int_equal(r->pages.nused, 3);
		r->piece = 0;
		h2_rig_pump(r);
		assert_int_equal(r->replies[id].code,
		    NGHTTP2_FLOW_CONTROL_ERROR);
		assert_non_null(strstr(r->log, "reset "));
		assert_int_equal(r->codec->end, CODEC_OPEN);
		h2_rig_release(r, (unsigned)i);
		assert_int_equal(r->pages.nused, 0);
	}
}

/* All streams together are held to the window of the connection. */
static void
bounds_what_all_streams_hold(void **state)
{
	struct h2_rig *r = *state;
	size_t held = 0;

	r->keep = true;
	for (int i = 0; i < 50; i++)
		h2_rig_post(r, 100000, false);
	h2_rig_pump(r);
	for (int i = 0; i < 50; i++)
		held += 100000 - r->replies[1 + 2 * i].up;
	assert_int_equal(held, 1 << 20);
	/* Who lets go gives back what it held. */
	for (unsigned i = 0; i < 50; i++)
		h2_rig_release(r, i);
	r->keep = false;
	h2_rig_post(r, 2000000, false);
	h2_rig_pump(r);
	assert_int_equal(r->replies[101].up, 0);
	h2_rig_release(r, 50);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->pages.nused, 0);
}

static void
sends_a_body_as_the_client_takes_it(void **state)
{
	static char big[200000];
	struct h2_rig *r = *state;

	r->deaf = true;
	h2_rig_get(r);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 200, LENGTH_NONE, false);
	assert_int_equal(h2_rig_send(r, 0, big, sizeof(big), false),
	    sizeof(big));
	assert_int_equal(h2_rig_send(r, 0, big, 1, false), 0);
	h2_rig_pump(r);
	assert_int_equal(r->replies[1].down, 65535);
	assert_int_equal(r->streams[0].room, 65535);
	r->deaf = false;
	nghttp2_session_consume(r->peer, 1, 65535);
	h2_rig_pump(r);
	assert_int_equal(r->streams[0].room, sizeof(big));
	assert_int_equal(h2_rig_send(r, 0, NULL, 0, true), 0);
	h2_rig_pump(r);
	assert_true(r->streams[0].room_end);
	h2_rig_release(r, 0);
	assert_true(r->replies[1].closed);
}

static void
passes_trailers_both_ways(void **state)
{
	static const char *const lines[] = { H2_RIG_REQUEST("POST"),
	    "te: trailers", NULL };
	nghttp2_nv nv = { (uint8_t *)(uintptr_t)"x-sum",
	    (uint8_t *)(uintptr_t)"1", 5, 1, NGHTTP2_NV_FLAG_NONE };
	struct field out = { SLICE("X-Out"), SLICE("2"), FIELD_OTHER };
	struct h2_rig *r = *state;

	h2_rig_submit(r, 5, true, lines);
	h2_rig_pump(r);
	nghttp2_submit_trailer(r->peer, 1, &nv, 1);
	r->replies[1].wait = false;
	h2_rig_pump(r);
	assert_string_equal(r->log,
	    "POST a / trailers_ok\nbody 5 trailers [x-sum: 1]\n");
	h2_rig_respond(r, 0, 200, LENGTH_NONE, false);
	h2_rig_send(r, 0, "hi", 2, false);
	h2_rig_pump(r);
	stream_send_trailers(r->streams[0].s, &out, 1);
	h2_rig_pump(r);
	assert_true(r->streams[0].room_end);
	assert_string_equal(r->got, "1 [:status: 200]\n1 [server: me]\n"
	    "1 [x-out: 2]\n1 end 2\n");
	h2_rig_release(r, 0);
}

static void
sends_interims_and_no_body_to_head(void **state)
{
	static const char *const lines[] = { H2_RIG_REQUEST("HEAD"), NULL };
	struct h2_rig *r = *state;

	h2_rig_submit(r, -1, false, lines);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 103, LENGTH_NONE, false);
	h2_rig_respond(r, 0, 200, 7, false);
	assert_int_equal(h2_rig_send(r, 0, "surplus", 7, true), 7);
	h2_rig_pump(r);
	assert_int_equal(r->streams[0].room, 7);
	assert_true(r->streams[0].room_end);
	assert_string_equal(r->got, "1 [:status: 103]\n1 [server: me]\n"
	    "1 [:status: 200]\n1 [content-length: 7]\n1 [server: me]\n"
	    "1 end 0\n");
	h2_rig_release(r, 0);
}

/* An answer before the end of the request: whole, then the rest is unwanted. */
static void
ends_an_early_answer_with_no_error(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_post(r, 10, true);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 403, 0, true);
	h2_rig_release(r, 0);
	assert_string_equal(r->got, "1 [:status: 403]\n"
	    "1 [content-length: 0]\n1 [server: me]\n1 end 0\n"
	    "1 rst NO_ERROR\n");
	assert_int_equal(r->codec->end, CODEC_OPEN);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
}

/* A request of n bytes, as stated, of which 10 come, and its whole answer. */
static void
answer_early(struct h2_rig *r, const char *length)
{
	const char *const lines[] = { H2_RIG_REQUEST("POST"), length, NULL };

	h2_rig_submit(r, 10, true, lines);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 403, 0, true);
	h2_rig_release(r, 0);
	h2_rig_pump(r);
}

static void
more(struct h2_rig *r, size_t n, bool end)
{
	r->replies[1].up = n;
	r->replies[1].wait = !end;
	nghttp2_session_resume_data(r->peer, 1);
	h2_rig_pump(r);
}

/* curl 7.88 takes any reset for a failure. */
static void
waits_for_the_little_that_was_stated(void **state)
{
	struct h2_rig *r = *state;

	answer_early(r, "content-length: 20");
	assert_null(strstr(r->got, "rst"));
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->codec->streams, 1);
	more(r, 10, true);
	assert_null(strstr(r->got, "rst"));
	assert_int_equal(r->codec->streams, 0);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
waits_for_no_more_than_was_stated(void **state)
{
	struct h2_rig *r = *state;

	answer_early(r, "content-length: 20");
	more(r, 11, false);
	assert_non_null(strstr(r->got, "1 rst PROTOCOL_ERROR\n"));
	assert_int_equal(r->codec->streams, 0);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
waits_for_no_trailers_without_an_end(void **state)
{
	static const nghttp2_nv nv = { (uint8_t *)(uintptr_t)"x",
	    (uint8_t *)(uintptr_t)"y", 1, 1, NGHTTP2_NV_FLAG_NONE };
	struct h2_rig *r = *state;

	answer_early(r, "content-length: 20");
	nghttp2_submit_headers(r->peer, NGHTTP2_FLAG_NONE, 1, NULL, &nv, 1,
	    NULL);
	h2_rig_pump(r);
	assert_non_null(strstr(r->got, "1 rst PROTOCOL_ERROR\n"));
	assert_int_equal(r->codec->streams, 0);
}

static void
does_not_wait_for_much(void **state)
{
	struct h2_rig *r = *state;

	r->limits.discard = 9;
	answer_early(r, "content-length: 20");
	assert_non_null(strstr(r->got, "1 rst NO_ERROR\n"));
	assert_int_equal(r->codec->streams, 0);
}

static void
does_not_wait_for_a_body_that_is_not_asked_for(void **state)
{
	static const char *const lines[] = { H2_RIG_REQUEST("POST"),
	    "content-length: 20", "expect: 100-continue", NULL };
	struct h2_rig *r = *state;

	h2_rig_submit(r, 0, true, lines);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 403, 0, true);
	h2_rig_release(r, 0);
	assert_non_null(strstr(r->got, "1 rst NO_ERROR\n"));
}

static void
lets_clients_reset_what_was_answered(void **state)
{
	struct h2_rig *r = *state;

	r->limits.resets = 1;
	answer_early(r, "content-length: 20");
	nghttp2_submit_rst_stream(r->peer, NGHTTP2_FLAG_NONE, 1,
	    NGHTTP2_CANCEL);
	h2_rig_pump(r);
	assert_int_equal(r->codec->streams, 0);
	h2_rig_get(r);
	h2_rig_pump(r);
	nghttp2_submit_rst_stream(r->peer, NGHTTP2_FLAG_NONE, 3,
	    NGHTTP2_CANCEL);
	h2_rig_pump(r);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
never_completes_an_answer_that_was_cut(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_get(r);
	h2_rig_get(r);
	h2_rig_pump(r);
	for (unsigned i = 0; i < 3; i++)
		h2_rig_respond(r, i, 200, i == 1 ? 9 : LENGTH_NONE, false);
	h2_rig_pump(r);
	h2_rig_release(r, 0);
	assert_int_equal(r->replies[1].code, NGHTTP2_INTERNAL_ERROR);
	h2_rig_send(r, 1, "short", 5, true);
	h2_rig_pump(r);
	assert_int_equal(r->replies[3].code, NGHTTP2_INTERNAL_ERROR);
	assert_non_null(strstr(r->log, "reset cancel"));
	h2_rig_release(r, 1);
	stream_reset(r->streams[2].s, STREAM_REFUSED);
	r->streams[2].s = NULL;
	h2_rig_pump(r);
	assert_int_equal(r->replies[5].code, NGHTTP2_REFUSED_STREAM);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
never_sends_more_than_was_stated(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 200, 2, false);
	assert_int_equal(h2_rig_send(r, 0, "long", 4, false), 4);
	h2_rig_pump(r);
	assert_int_equal(r->streams[0].room, 4);
	assert_int_equal(r->replies[1].down, 2);
	h2_rig_release(r, 0);
}

static void
tells_that_the_client_reset(void **state)
{
	struct h2_rig *r = *state;

	r->keep = true;
	h2_rig_post(r, 10, true);
	h2_rig_pump(r);
	nghttp2_submit_rst_stream(r->peer, 0, 1, NGHTTP2_CANCEL);
	h2_rig_pump(r);
	assert_non_null(strstr(r->log, "reset cancel\n"));
	assert_int_equal(r->codec->phase, CODEC_BUSY);
	h2_rig_release(r, 0);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
opens_a_tunnel_for_connect(void **state)
{
	static const char *const lines[] = { ":method: CONNECT",
	    ":authority: a:443", NULL };
	struct h2_rig *r = *state;

	h2_rig_submit(r, 4, true, lines);
	h2_rig_pump(r);
	assert_string_equal(r->log, "CONNECT a:443  end\n");
	assert_int_equal(r->streams[0].body, 0);
	h2_rig_respond(r, 0, 200, LENGTH_NONE, false);
	h2_rig_pump(r);
	assert_int_equal(r->streams[0].body, 4);
	h2_rig_send(r, 0, "back", 4, true);
	r->replies[1].wait = false;
	nghttp2_session_resume_data(r->peer, 1);
	h2_rig_pump(r);
	assert_true(r->streams[0].end && r->streams[0].room_end);
	assert_int_equal(r->replies[1].down, 4);
	h2_rig_release(r, 0);
	assert_int_equal(r->replies[1].code, NGHTTP2_NO_ERROR);
}

static void
opens_a_websocket_by_extended_connect(void **state)
{
	static const char *const lines[] = { H2_RIG_REQUEST("CONNECT"),
	    ":protocol: websocket", "sec-websocket-version: 13", NULL };
	struct h2_rig *r = *state;

	h2_rig_pump(r);
	assert_int_equal(nghttp2_session_get_remote_settings(r->peer,
	    NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), 1);
	h2_rig_submit(r, 4, true, lines);
	h2_rig_pump(r);
	assert_string_equal(r->log, "GET a / protocol=websocket "
	    "[sec-websocket-version: 13] end\n");
	h2_rig_respond(r, 0, 101, LENGTH_NONE, false);
	h2_rig_pump(r);
	assert_string_equal(r->got, "1 [:status: 200]\n1 [server: me]\n");
	assert_int_equal(r->streams[0].body, 4);
	h2_rig_release(r, 0);
}

/* The client does not know of the end yet, when it asks; and its answer is not
 * the end before all has come that it asked until it knew. */
static void
serves_what_an_idle_client_had_begun_to_ask(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_pump(r);
	r->blocked = true;
	codec_drain(r->codec);
	for (unsigned i = 0; i < 2; i++) {
		h2_rig_get(r);
		h2_rig_pump(r);
		h2_rig_respond(r, i, 204, LENGTH_NONE, true);
		h2_rig_pump(r);
		h2_rig_release(r, i);
		assert_int_equal(r->codec->phase, CODEC_IDLE);
		assert_int_equal(r->codec->end, CODEC_OPEN);
	}
	r->blocked = false;
	h2_rig_pump(r);
	assert_int_equal(r->replies[1].status, 204);
	assert_int_equal(r->replies[3].status, 204);
	h2_rig_feed(r, HEARD, sizeof(HEARD));
	h2_rig_feed(r, HEARD, sizeof(HEARD));
	h2_rig_pump(r);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
drains_in_two_steps(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_pump(r);
	r->blocked = true;
	codec_drain(r->codec);
	h2_rig_get(r);		/* on its way, when the first GOAWAY comes */
	h2_rig_pump(r);
	assert_int_equal(r->nstreams, 2);
	r->blocked = false;
	h2_rig_pump(r);
	assert_int_equal(r->ngoaways, 2);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	for (unsigned i = 0; i < 2; i++) {
		h2_rig_respond(r, i, 204, LENGTH_NONE, true);
		h2_rig_pump(r);
		h2_rig_release(r, i);
		assert_int_equal(r->replies[1 + 2 * i].status, 204);
	}
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

/* And it was told to ask no second. */
static void
assert_ends_with_its_first(struct h2_rig *r)
{
	assert_int_equal(r->nstreams, 1);
	assert_int_equal(r->replies[3].code, NGHTTP2_REFUSED_STREAM);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	h2_rig_respond(r, 0, 204, LENGTH_NONE, true);
	h2_rig_pump(r);
	h2_rig_release(r, 0);
	assert_int_equal(r->replies[1].status, 204);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

/* Or it would be served twice: the client may ask another one for it. */
static void
serves_nothing_that_its_goaway_does_not_name(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_pump(r);
	r->blocked = true;
	codec_drain(r->codec);
	h2_rig_feed(r, HEARD, sizeof(HEARD));
	h2_rig_feed(r, HEARD, sizeof(HEARD));
	h2_rig_get(r);		/* both steps are still to be sent */
	h2_rig_pump(r);
	r->blocked = false;
	h2_rig_pump(r);
	assert_int_equal(r->ngoaways, 2);
	assert_ends_with_its_first(r);
}

/* It asks no more, and what it did ask is served. */
static void
lets_a_client_go_that_says_so(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_pump(r);
	nghttp2_submit_goaway(r->peer, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
	h2_rig_get(r);		/* in the same piece, and another behind it */
	h2_rig_pump(r);
	h2_rig_get(r);
	h2_rig_pump(r);
	assert_int_equal(r->ngoaways, 1);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	assert_ends_with_its_first(r);
}

/* What stands behind its GOAWAY is not served in one cut of the bytes, and
 * dropped in another. */
static void
ends_idle_at_a_clients_goaway(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_pump(r);
	nghttp2_submit_goaway(r->peer, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
	h2_rig_get(r);
	h2_rig_pump(r);
	assert_int_equal(r->nstreams, 0);
	assert_int_equal(r->ngoaways, 1);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
awaits_no_head_behind_a_goaway(void **state)
{
	static const char bytes[] = "\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\x9\1\5\0\0\0\1\x82";
	struct h2_rig *r = *state;

	h2_rig_pump(r);
	h2_rig_feed(r, bytes, sizeof(bytes) - 1);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
asks_whether_the_client_is_there(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_pump(r);
	assert_true(codec_ask(r->codec));
	assert_true(codec_ask(r->codec));
	assert_true(r->codec->asked);
	h2_rig_pump(r);
	assert_false(r->codec->asked);
	/* Its answer is none to the PING between the two steps of a drain. */
	h2_rig_get(r);
	h2_rig_pump(r);
	r->blocked = true;
	assert_true(codec_ask(r->codec));
	h2_rig_pump(r);
	codec_drain(r->codec);
	r->blocked = false;
	h2_rig_pump(r);
	assert_int_equal(r->ngoaways, 2);
	h2_rig_release(r, 0);
	codec_eof(r->codec, 104);
	assert_false(codec_ask(r->codec));
}

static void
drains_after_enough_requests(void **state)
{
	struct h2_rig *r = *state;

	r->limits.requests = 1;
	h2_rig_get(r);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 204, LENGTH_NONE, true);
	h2_rig_pump(r);
	h2_rig_release(r, 0);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
expires_idle_and_inside_a_head(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_pump(r);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	/* HEADERS of stream 1, without END_HEADERS. */
	h2_rig_feed(r, "\0\0\1\1\1\0\0\0\1\x82", 10);
	assert_int_equal(r->codec->phase, CODEC_HEAD);
	codec_expire(r->codec);
	assert_string_equal(r->log, "reset timeout 408 "
	    "the request head did not arrive in time\n");
	h2_rig_respond(r, 0, 408, 0, true);
	h2_rig_pump(r);
	assert_true(r->streams[0].room_end);
	h2_rig_release(r, 0);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

/* The library refused it before it knew that we have taken the limit. */
static void
takes_the_rest_of_a_stream_that_it_refused(void **state)
{
	static const char two[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	    "\0\0\0\4\0\0\0\0\0" "\0\0\6\1\5\0\0\0\1\202\204\206\101\1x"
	    "\0\0\3\1\4\0\0\0\3\203\204\206";
	static const char more[] = "\0\0\4\3\0\0\0\0\1\0\0\0\10"
	    "\0\0\6\1\5\0\0\0\5\202\204\206\101\1x"
	    "\0\0\1\1\5\0\0\0\3\211";
	struct h2_rig *r = *state;

	codec_free(&r->codec);
	r->limits.streams = 1;
	r->codec = h2_server_new(&r->shared, &r->limits, &h2_rig_host, r);
	r->limits.streams = 2;		/* the first one stays held */
	h2_rig_feed(r, two, sizeof(two) - 1);
	assert_int_equal(r->nstreams, 1);
	h2_rig_feed(r, more, sizeof(more) - 1);
	assert_int_equal(r->nstreams, 2);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	for (unsigned i = 0; i < 2; i++)
		h2_rig_release(r, i);
}

/* Answers that are not written yet are no sign of a window that overflowed. */
static void
takes_settings_that_come_in_pieces(void **state)
{
	struct h2_rig *r = *state;

	for (unsigned i = 0; i < 3; i++)
		h2_rig_get(r);
	h2_rig_pump(r);
	h2_rig_feed(r, "\0\0\6\4\0\0\0\0\0\0", 10);
	for (unsigned i = 0; i < 3; i++)
		h2_rig_respond(r, i, 204, LENGTH_NONE, true);
	h2_rig_feed(r, "\4\0\0\1\0", 5);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	h2_rig_pump(r);
	for (unsigned i = 0; i < 3; i++)
		h2_rig_release(r, i);
	assert_int_equal(r->goaway, 99);
}

static void
get_field(struct h2_rig *r, unsigned i)
{
	static const char *const lines[] = { H2_RIG_REQUEST("GET"),
	    "x-one: the same each time", NULL };

	h2_rig_submit(r, -1, false, lines);
	h2_rig_pump(r);
	h2_rig_respond(r, i, 204, LENGTH_NONE, true);
	h2_rig_pump(r);
	h2_rig_release(r, i);
}

/* Both tables of compressed fields are where they were. */
static void
goes_on_after_a_rest(void **state)
{
	struct h2_rig *r = *state;

	for (unsigned i = 0; i < 5; i++) {
		get_field(r, i);
		codec_rest(r->codec);
		codec_rest(r->codec);
	}
	assert_string_equal(r->log,
	    "GET a / [x-one: the same each time] end\n"
	    "GET a / [x-one: the same each time] end\n"
	    "GET a / [x-one: the same each time] end\n"
	    "GET a / [x-one: the same each time] end\n"
	    "GET a / [x-one: the same each time] end\n");
	assert_true(codec_ask(r->codec));
	h2_rig_pump(r);
	assert_false(r->codec->asked);
	codec_rest(r->codec);
	codec_drain(r->codec);
	codec_rest(r->codec);
	codec_expire(r->codec);
	h2_rig_pump(r);
	assert_int_equal(r->ngoaways, 2);
	assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
ends_from_a_rest(void **state)
{
	struct h2_rig *r = *state;

	get_field(r, 0);
	codec_rest(r->codec);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r->codec->end, CODEC_OPEN);
		codec_expire(r->codec);
		h2_rig_pump(r);
		assert_int_equal(r->goaway, NGHTTP2_NO_ERROR);
	}
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

/* It does not rest while a client that has let go of it waits for an end. */
static void
does_not_rest_with_a_stream(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_pump(r);
	codec_rest(r->codec);
	h2_rig_respond(r, 0, 200, 2, false);
	codec_rest(r->codec);
	assert_int_equal(h2_rig_send(r, 0, "hi", 2, true), 2);
	codec_rest(r->codec);
	h2_rig_pump(r);
	assert_string_equal(r->got, "1 [:status: 200]\n"
	    "1 [content-length: 2]\n1 [server: me]\n1 end 2\n");
	h2_rig_release(r, 0);
	codec_rest(r->codec);
	codec_eof(r->codec, 0);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
tells_all_streams_that_the_connection_broke(void **state)
{
	struct h2_rig *r = *state;

	h2_rig_get(r);
	h2_rig_post(r, 10, true);
	h2_rig_pump(r);
	codec_eof(r->codec, 104);
	assert_non_null(strstr(r->log, "reset cancel\nreset cancel\n"));
	h2_rig_release(r, 0);
	h2_rig_release(r, 1);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->codec->end, CODEC_ABORT);
}

/* Its answer was framed to the end, but the client is not there to take it. */
static void
tells_who_had_answered_when_nothing_can_be_written(void **state)
{
	struct h2_rig *r = *state;
	struct codec_rest rest;
	struct iovec v[8];

	h2_rig_get(r);
	h2_rig_pump(r);
	h2_rig_respond(r, 0, 204, LENGTH_NONE, true);
	assert_true(codec_send(r->codec, v, 8, &rest) > 0);
	codec_eof(r->codec, 0);		/* all may be written yet */
	assert_null(strstr(r->log, "reset"));
	codec_eof(r->codec, 104);
	assert_non_null(strstr(r->log, "reset cancel\n"));
	h2_rig_release(r, 0);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
}

/* Streams 1 and 3 with heads on their way; of the other's body some, so that
 * more of it is awaited. */
static void
await_more_of_3(struct h2_rig *r, const char *priority)
{
	const char *lines[] = { H2_RIG_REQUEST("GET"), priority, NULL };

	h2_rig_get(r);
	h2_rig_submit(r, -1, false, lines);
	h2_rig_pump(r);
	for (unsigned i = 0; i < 2; i++)
		h2_rig_respond(r, i, 200, LENGTH_NONE, false);
	h2_rig_pump(r);
	h2_rig_send(r, 1, "first", 5, false);
	assert_true(h2_rig_write(r));
	assert_int_equal(r->replies[3].down, 5);
	h2_rig_send(r, 0, "other", 5, true);
	(void)h2_rig_write(r);
}

static void
holds_an_answer_back_for_a_more_urgent_one(void **state)
{
	struct h2_rig *r = *state;

	await_more_of_3(r, "priority: u=1");
	assert_int_equal(r->replies[1].down, 0);
	r->got[r->ngot = 0] = '\0';
	h2_rig_send(r, 1, "second", 6, true);
	while (h2_rig_write(r))
		;
	assert_string_equal(r->got, "3 end 11\n1 end 5\n");
}

static void
holds_an_answer_back_for_a_moment_only(void **state)
{
	struct h2_rig *r = *state;
	unsigned rounds = 0;

	await_more_of_3(r, "priority: u=1");
	while (r->replies[1].down == 0 && rounds < 100) {
		assert_true(r->resume);
		r->resume = false;
		codec_recv(r->codec, &r->in);
		(void)h2_rig_write(r);
		rounds++;
	}
	assert_in_range(rounds, 2, 10);
}

static void
holds_no_answer_back_for_one_that_is_gone(void **state)
{
	struct h2_rig *r = *state;
	struct stream *s;

	await_more_of_3(r, "priority: u=1");
	s = r->streams[1].s;
	r->streams[1].s = NULL;
	stream_reset(s, STREAM_CANCEL);
	while (h2_rig_write(r))
		;
	assert_int_equal(r->replies[1].down, 5);
}

static void
holds_nothing_back_for_what_is_less_urgent(void **state)
{
	struct h2_rig *r = *state;

	await_more_of_3(r, "priority: u=5");
	assert_int_equal(r->replies[1].down, 5);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, setup, h2_rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(answers_a_request),
		TEST(reads_byte_by_byte),
		TEST(refuses_who_has_no_preface),
		TEST(takes_a_body_within_the_window),
		TEST(resets_a_body_beyond_the_window),
		TEST(bounds_what_all_streams_hold),
		TEST(sends_a_body_as_the_client_takes_it),
		TEST(passes_trailers_both_ways),
		TEST(sends_interims_and_no_body_to_head),
		TEST(ends_an_early_answer_with_no_error),
		TEST(waits_for_the_little_that_was_stated),
		TEST(waits_for_no_more_than_was_stated),
		TEST(waits_for_no_trailers_without_an_end),
		TEST(does_not_wait_for_much),
		TEST(does_not_wait_for_a_body_that_is_not_asked_for),
		TEST(lets_clients_reset_what_was_answered),
		TEST(never_completes_an_answer_that_was_cut),
		TEST(never_sends_more_than_was_stated),
		TEST(tells_that_the_client_reset),
		TEST(opens_a_tunnel_for_connect),
		TEST(holds_an_answer_back_for_a_more_urgent_one),
		TEST(holds_an_answer_back_for_a_moment_only),
		TEST(holds_no_answer_back_for_one_that_is_gone),
		TEST(holds_nothing_back_for_what_is_less_urgent),
		TEST(opens_a_websocket_by_extended_connect),
		TEST(serves_what_an_idle_client_had_begun_to_ask),
		TEST(drains_in_two_steps),
		TEST(serves_nothing_that_its_goaway_does_not_name),
		TEST(lets_a_client_go_that_says_so),
		TEST(ends_idle_at_a_clients_goaway),
		TEST(awaits_no_head_behind_a_goaway),
		TEST(asks_whether_the_client_is_there),
		TEST(drains_after_enough_requests),
		TEST(expires_idle_and_inside_a_head),
		TEST(takes_the_rest_of_a_stream_that_it_refused),
		TEST(takes_settings_that_come_in_pieces),
		TEST(goes_on_after_a_rest),
		TEST(ends_from_a_rest),
		TEST(does_not_rest_with_a_stream),
		TEST(tells_all_streams_that_the_connection_broke),
		TEST(tells_who_had_answered_when_nothing_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
