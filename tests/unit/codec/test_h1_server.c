/*
 * test_h1_server.c - HTTP/1 towards a client, on the bytes of the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET10 "GET / HTTP/1.0\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	rig_server(r);
	*state = r;
	return 0;
}

static void
assert_idle_and_empty(struct rig *r)
{
	assert_int_equal(r->codec->end, CODEC_OPEN);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->pages.nused, 0);
	assert_int_equal(r->chunks.nused, 0);
}

static void
serves_requests_one_after_the_other(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		rig_forget(r);
		rig_say(r, GET);
		assert_string_equal(r->log, "GET a / HTTP/1.1 end\n");
		assert_int_equal(r->codec->phase, CODEC_BUSY);
		rig_respond(r, 200, 2, false, "A: b", NULL);
		assert_int_equal(r->rooms, i);
		assert_int_equal(rig_send(r, "hi", true), 2);
		assert_string_equal(r->out,
		    OK "A: b\r\nContent-Length: 2\r\n\r\nhi");
		assert_int_equal(r->room, 2);
		assert_int_equal(r->rooms, i + 1);
		assert_int_equal(r->stream->bytes_in, sizeof(GET) - 1);
		assert_int_equal(r->stream->bytes_out, r->nout);
		assert_int_equal(r->stream->started, r->clock.now);
		rig_release(r);
		assert_idle_and_empty(r);
	}
	assert_int_equal(r->codec->requests, 3);
}

static void
skips_two_empty_lines_and_no_third(void **state)
{
	struct rig *r = *state;

	rig_say(r, "\r\n");
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	rig_say(r, "\r");
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	rig_say(r, "\n" GET);
	assert_string_equal(r->log, "GET a / HTTP/1.1 end\n");
	rig_respond(r, 204, LENGTH_NONE, true, NULL);
	rig_release(r);
	rig_forget(r);
	rig_say(r, "\r\n\r\n\r\n");
	assert_string_equal(r->log, "reset protocol 400 a malformed method\n");
}

/* Framing of what we send: rule by rule, on the wire. */
struct answer {
	const char *request;
	unsigned status;
	int64_t length;
	bool end;
	const char *body;	/* NULL: none is sent */
	const char *wire;
	enum codec_end then;
};

#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define CLOSE "Connection: close\r\n"
#define KEEP "Connection: keep-alive\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct answer answers[] = {
	{ GET, 200, 2, false, "hi", OK "Content-Length: 2\r\n\r\nhi",
	    CODEC_OPEN },
	{ GET, 200, LENGTH_NONE, false, "hi",
	    OK CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n", CODEC_OPEN },
	{ GET, 200, LENGTH_NONE, false, "",
	    OK CHUNKED "\r\n0\r\n\r\n", CODEC_OPEN },
	{ GET, 200, LENGTH_NONE, true, NULL, OK "Content-Length: 0\r\n\r\n",
	    CODEC_OPEN },
	{ GET, 200, 0, true, NULL, OK "Content-Length: 0\r\n\r\n",
	    CODEC_OPEN },
	{ GET, 200, 0, false, "", OK "Content-Length: 0\r\n\r\n",
	    CODEC_OPEN },
	{ GET, 204, LENGTH_NONE, true, NULL,
	    "HTTP/1.1 204 No Content\r\n\r\n", CODEC_OPEN },
	{ GET, 204, 5, false, "", "HTTP/1.1 204 No Content\r\n\r\n",
	    CODEC_OPEN },
	{ GET, 304, 5, true, NULL,
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	    CODEC_OPEN },
	{ GET, 304, LENGTH_NONE, true, NULL,
	    "HTTP/1.1 304 Not Modified\r\n\r\n", CODEC_OPEN },
	{ HEAD, 200, 5, true, NULL, OK "Content-Length: 5\r\n\r\n",
	    CODEC_OPEN },
	{ HEAD, 200, LENGTH_NONE, true, NULL, OK "\r\n", CODEC_OPEN },
	{ HEAD, 200, 5, false, "hello", OK "Content-Length: 5\r\n\r\n",
	    CODEC_OPEN },
	{ GET_CLOSE, 200, 2, false, "hi",
	    OK "Content-Length: 2\r\n" CLOSE "\r\nhi", CODEC_CLOSE },
	{ GET_CLOSE GET, 200, 2, false, "hi",
	    OK "Content-Length: 2\r\n" CLOSE "\r\nhi", CODEC_LINGER },
	{ GET10, 200, 2, false, "hi",
	    OK "Content-Length: 2\r\n" CLOSE "\r\nhi", CODEC_CLOSE },
	{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, 2, false,
	    "hi", OK "Content-Length: 2\r\n" KEEP "\r\nhi", CODEC_OPEN },
	{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200,
	    LENGTH_NONE, false, "hi", OK CLOSE "\r\nhi", CODEC_LINGER },
	{ "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 204,
	    LENGTH_NONE, true, NULL, "HTTP/1.1 204 No Content\r\n" CLOSE
	    "\r\n", CODEC_CLOSE },
};

static void
frames_answers_anew(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];

		rig_teardown(state);
		setup(state);
		r = *state;
		rig_say(r, a->request);
		rig_respond(r, a->status, a->length, a->end, NULL);
		if (a->body != NULL)
			assert_int_equal(rig_send(r, a->body, true),
			    strlen(a->body));
		assert_string_equal(r->out, a->wire);
		assert_int_equal(r->rooms, 1);
		assert_int_equal(r->room, a->body ? strlen(a->body) : 0);
		rig_release(r);
		assert_int_equal(r->codec->end, a->then);
		assert_int_equal(r->codec->phase, CODEC_IDLE);
	}
}

static void
skips_framing_fields_that_stand_in_a_head_by_mistake(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	rig_respond(r, 200, 0, true, "Content-Length: 7", "A: b",
	    "Transfer-Encoding: chunked", "Connection: close",
	    "Keep-Alive: x", "Upgrade: y", "TE: z", "Proxy-Connection: p",
	    NULL);
	assert_string_equal(r->out, OK "A: b\r\nContent-Length: 0\r\n\r\n");
}

static void
writes_each_piece_as_a_chunk(void **state)
{
	struct rig *r = *state;

	r->out_piece = 1;
	rig_say(r, GET);
	rig_respond(r, 200, LENGTH_NONE, false, NULL);
	assert_int_equal(rig_send(r, "abc", false), 3);
	assert_int_equal(r->room, 3);
	assert_int_equal(rig_send(r, "0123456789abcdef", false), 16);
	assert_int_equal(rig_send(r, "", true), 0);
	assert_string_equal(r->out, OK CHUNKED "\r\n3\r\nabc\r\n"
	    "10\r\n0123456789abcdef\r\n0\r\n\r\n");
	assert_int_equal(r->room, 19);
	assert_int_equal(r->rooms, 1);
}

static void
takes_one_slice_at_a_time_but_the_end_always(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	r->blocked = true;
	rig_respond(r, 200, LENGTH_NONE, false, NULL);
	assert_int_equal(rig_send(r, "abc", false), 3);
	assert_int_equal(rig_send(r, "def", false), 0);
	assert_int_equal(rig_send(r, "", true), 0);
	assert_int_equal(r->rooms, 0);
	r->blocked = false;
	rig_pump(r);
	assert_string_equal(r->out,
	    OK CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n");
	assert_int_equal(r->rooms, 1);
}

static void
holds_no_page_for_the_framing_of_chunks(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	rig_respond(r, 200, LENGTH_NONE, false, NULL);
	r->blocked = true;
	rig_send(r, "abc", false);
	assert_int_equal(r->pages.nused, 0);
}

static void
sends_trailers_only_to_who_takes_them(void **state)
{
	static const char *const requests[] = { "GET / HTTP/1.1\r\nHost: a\r\n"
	    "Connection: TE\r\nTE: trailers\r\n\r\n", GET };
	static const char *const wires[] = {
	    OK CHUNKED "\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n",
	    OK CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n" };
	const struct field f[] = {
		{ SLICE("A"), SLICE("b"), FIELD_OTHER },
		{ SLICE("Content-Length"), SLICE("7"), FIELD_CONTENT_LENGTH },
	};
	struct rig *r = *state;

	for (int i = 0; i < 2; i++) {
		rig_forget(r);
		rig_say(r, requests[i]);
		rig_respond(r, 200, LENGTH_NONE, false, NULL);
		r->blocked = true;	/* trailers wait behind a slice */
		rig_send(r, "hi", false);
		stream_send_trailers(r->stream, f, 2);
		r->blocked = false;
		rig_pump(r);
		assert_string_equal(r->out, wires[i]);
		assert_int_equal(r->rooms, i + 1);
		rig_release(r);
		assert_idle_and_empty(r);
	}
}

static void
drops_trailers_that_a_client_did_not_take(void **state)
{
	const struct field f = { SLICE("A"), SLICE("b"), FIELD_OTHER };
	struct rig *r = *state;

	rig_say(r, "GET / HTTP/1.1\r\nHost: a\r\n"
	    "Connection: TE\r\nTE: trailers\r\n\r\n");
	rig_respond(r, 200, LENGTH_NONE, false, NULL);
	rig_forget(r);
	r->blocked = true;
	rig_send(r, "hi", false);
	stream_send_trailers(r->stream, &f, 1);
	codec_eof(r->codec, 104 /* ECONNRESET */);
	rig_pump(r);
	assert_non_null(strstr(r->log, "reset "));
	stream_send_trailers(r->stream, &f, 1);	/* not told in time */
	r->blocked = false;
	rig_pump(r);
	assert_int_equal(r->nout, 0);
	rig_release(r);
	assert_int_equal(r->pages.nused, 0);
}

static void
never_sends_an_interim_head_to_a_1_0_client(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET10);
	rig_respond(r, 103, LENGTH_NONE, false, "Link: x", NULL);
	assert_string_equal(r->out, "");
	rig_respond(r, 200, 0, true, NULL);
	assert_string_equal(r->out,
	    OK "Content-Length: 0\r\n" CLOSE "\r\n");
}

static void
passes_interim_heads_on_without_framing(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	rig_respond(r, 103, 5, false, "Link: x", NULL);
	assert_string_equal(r->out,
	    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
	assert_int_equal(r->rooms, 0);
	rig_respond(r, 200, 0, true, NULL);
	assert_int_equal(r->rooms, 1);
}

static void
reads_bodies_in_any_pieces(void **state)
{
	static const char *const in[] = {
		POST "Content-Length: 5\r\n\r\nhello",
		POST CHUNKED "\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n",
		POST CHUNKED "\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
		POST "Content-Length: 0\r\n\r\n",
	};
	static const char *const out[] = {
		"POST a / HTTP/1.1 length=5\nbody 5:hello end\n",
		"POST a / HTTP/1.1\nbody 5:hello end\n",
		"POST a / HTTP/1.1\nbody 5:hello trailers [A: b]\n",
		"POST a / HTTP/1.1 length=0 end\n",
	};
	struct rig *r = *state;

	for (int i = 0; i < 4; i++) {
		for (size_t piece = 0; piece < 12; piece++) {
			rig_forget(r);
			r->in_piece = piece;
			rig_say(r, in[i]);
			assert_string_equal(r->log, out[i]);
			assert_int_equal(r->stream->bytes_in, strlen(in[i]));
			rig_respond(r, 204, LENGTH_NONE, true, NULL);
			rig_release(r);
			assert_idle_and_empty(r);
		}
	}
}

static void
reads_nothing_while_a_body_is_lent(void **state)
{
	struct rig *r = *state;

	r->keep = true;
	rig_say(r, POST "Content-Length: 10\r\n\r\nhello");
	assert_true(r->codec->paused);
	rig_say(r, "world");
	assert_int_equal(r->lent, 5);
	stream_consumed(r->stream, 2);
	r->lent -= 2;
	rig_pump(r);
	assert_true(r->codec->paused);
	stream_consumed(r->stream, 3);
	r->lent = 0;
	assert_false(r->codec->paused);
	rig_pump(r);
	assert_int_equal(r->lent, 5);
	assert_string_equal(r->log, "POST a / HTTP/1.1 length=10\n"
	    "body 10:helloworld end\n");
}

static void
answers_pipelined_requests_in_order(void **state)
{
	struct rig *r = *state;

	rig_say(r, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" POST
	    "Content-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_string_equal(r->log, "GET a /1 HTTP/1.1 end\n");
	for (int i = 0; i < 3; i++) {
		rig_forget(r);
		rig_respond(r, 200, 0, true, NULL);
		assert_string_equal(r->out, OK "Content-Length: 0\r\n\r\n");
		rig_release(r);
		assert_string_equal(r->log, i == 0 ?
		    "POST a / HTTP/1.1 length=2\nbody 2:hi end\n" :
		    i == 1 ? "GET a /3 HTTP/1.1 end\n" : "");
	}
	assert_idle_and_empty(r);
}

static void
ends_pipelines_that_are_too_long(void **state)
{
	struct rig *r = *state;

	r->limits.pipeline = 2;
	rig_say(r, GET GET GET GET GET);
	for (int i = 0; i < 4; i++) {
		rig_forget(r);
		rig_respond(r, 200, 0, true, NULL);
		rig_release(r);
	}
	assert_string_equal(r->out, OK "Content-Length: 0\r\n" CLOSE "\r\n");
	assert_int_equal(r->codec->end, CODEC_LINGER);
	assert_int_equal(r->codec->requests, 4);
}

static void
serves_a_limited_number_of_requests(void **state)
{
	struct rig *r = *state;

	r->limits.requests = 2;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r->codec->end, CODEC_OPEN);
		rig_forget(r);
		rig_say(r, GET);
		rig_respond(r, 200, 0, true, NULL);
		rig_release(r);
	}
	assert_string_equal(r->out, OK "Content-Length: 0\r\n" CLOSE "\r\n");
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
ends_with_an_answer(struct rig *r)
{
	rig_respond(r, 200, 0, true, NULL);
	assert_string_equal(r->out, OK "Content-Length: 0\r\n" CLOSE "\r\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
drains_with_the_answer_in_progress(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	codec_drain(r->codec);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	ends_with_an_answer(r);
}

static void
drains_after_what_had_begun_to_come(void **state)
{
	struct rig *r = *state;

	rig_say(r, "GET / HT");
	codec_drain(r->codec);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	rig_say(r, "TP/1.1\r\nHost: a\r\n\r\n");
	rig_respond(r, 204, LENGTH_NONE, true, NULL);
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
	rig_teardown(state);
	setup(state);
	r = *state;
	codec_drain(r->codec);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	rig_say(r, GET);
	ends_with_an_answer(r);
	rig_teardown(state);
	setup(state);
	r = *state;
	codec_drain(r->codec);
	codec_expire(r->codec);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
refuses_malformed_requests_and_discards_the_rest(void **state)
{
	struct rig *r = *state;

	rig_say(r, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" GET GET);
	assert_string_equal(r->log,
	    "reset protocol 400 space before the colon of a field\n");
	assert_int_equal(r->codec->phase, CODEC_BUSY);
	assert_int_equal(buf_len(&r->in), 0);
	rig_say(r, GET);
	rig_respond(r, 400, 3, false, NULL);
	rig_send(r, "bad", true);
	assert_string_equal(r->out, "HTTP/1.1 400 Bad Request\r\n"
	    "Content-Length: 3\r\n" CLOSE "\r\nbad");
	assert_int_equal(r->rooms, 1);
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->codec->requests, 1);
}

static void
refuses_a_malformed_body_with_the_answer_still_to_come(void **state)
{
	struct rig *r = *state;

	rig_say(r, POST CHUNKED "\r\n1\r\nx\r\n1 ");
	assert_string_equal(r->log, "POST a / HTTP/1.1\n"
	    "reset protocol 400 a byte behind a chunk size\n");
	rig_respond(r, 400, 0, true, NULL);
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
stops_reading_what_it_discards_at_a_bound(void **state)
{
	struct rig *r = *state;
	char junk[1000];

	memset(junk, 'x', sizeof(junk));
	r->limits.discard = 2500;
	rig_say(r, "\n");
	for (int i = 0; i < 3; i++) {
		assert_false(r->codec->paused);
		rig_feed(r, junk, sizeof(junk));
	}
	assert_true(r->codec->paused);
}

static void
answers_a_head_that_is_too_slow_with_408(void **state)
{
	struct rig *r = *state;

	rig_say(r, "GET / HTTP/1.1\r\n");
	assert_int_equal(r->codec->phase, CODEC_HEAD);
	codec_expire(r->codec);
	rig_pump(r);
	assert_string_equal(r->log, "reset timeout 408 the request head did "
	    "not arrive in time\n");
	assert_int_equal(r->stream->bytes_in, 16);
	rig_respond(r, 408, 0, true, NULL);
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
expires_idle_connections_and_leaves_busy_ones(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	codec_expire(r->codec);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	rig_respond(r, 204, LENGTH_NONE, true, NULL);
	rig_release(r);
	codec_expire(r->codec);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
answers_half_closed_clients(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET GET);
	codec_eof(r->codec, 0);
	rig_pump(r);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	rig_respond(r, 200, 0, true, NULL);
	rig_release(r);
	assert_string_equal(r->out, OK "Content-Length: 0\r\n\r\n");
	rig_forget(r);
	rig_respond(r, 200, 0, true, NULL);
	assert_string_equal(r->out, OK "Content-Length: 0\r\n" CLOSE "\r\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
closes_when_the_client_leaves_between_requests(void **state)
{
	struct rig *r = *state;

	rig_say(r, "\r\n");
	codec_eof(r->codec, 0);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_string_equal(r->log, "");
}

static void
cancels_when_the_client_leaves_in_a_head_or_body(void **state)
{
	static const char *const in[] = { "GET / HTTP", POST
	    "Content-Length: 5\r\n\r\nhel", POST CHUNKED "\r\n" };
	static const char *const out[] = { "reset cancel\n",
	    "POST a / HTTP/1.1 length=5\nreset cancel\n",
	    "POST a / HTTP/1.1\nreset cancel\n" };
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		rig_say(r, in[i]);
		codec_eof(r->codec, 0);
		rig_pump(r);
		assert_string_equal(r->log, out[i]);
		assert_int_equal(r->codec->phase, CODEC_BUSY);
		rig_respond(r, 200, 0, true, NULL);	/* to nobody */
		assert_string_equal(r->out, "");
		rig_release(r);
		assert_int_equal(r->codec->end, CODEC_CLOSE);
		rig_teardown(state);
		setup(state);
		r = *state;
	}
}

static void
aborts_when_the_connection_breaks(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	codec_eof(r->codec, 104);
	assert_string_equal(r->log, "GET a / HTTP/1.1 end\nreset cancel\n");
	assert_int_equal(r->codec->end, CODEC_ABORT);
	rig_release(r);
}

static void
never_completes_an_answer_that_is_cut_short(void **state)
{
	static const char *const requests[] = { GET, GET, GET10 };
	static const int64_t lengths[] = { 5, LENGTH_NONE, LENGTH_NONE };
	static const char *const out[] = {
		OK "Content-Length: 5\r\n\r\n", OK CHUNKED "\r\n",
		OK CLOSE "\r\n" };
	static const enum codec_end ends[] = { CODEC_LINGER, CODEC_LINGER,
	    CODEC_ABORT };

	for (int i = 0; i < 6; i++) {
		struct rig *r = *state;

		rig_say(r, requests[i / 2]);
		rig_respond(r, 200, lengths[i / 2], false, NULL);
		r->blocked = true;
		rig_send(r, "hel", lengths[i / 2] != 5);
		if (i % 2 == 0)
			rig_release(r);
		else
			rig_reset(r);
		r->blocked = false;
		rig_pump(r);
		assert_int_equal(r->codec->end, ends[i / 2]);
		assert_string_equal(r->out, out[i / 2]);
		rig_teardown(state);
		setup(state);
	}
}

static void
cuts_answers_that_end_before_their_length(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	rig_respond(r, 200, 5, false, NULL);
	rig_send(r, "hel", true);
	assert_string_equal(r->log, "GET a / HTTP/1.1 end\nreset cancel\n");
	assert_int_equal(r->codec->end, CODEC_ABORT);
	assert_int_equal(r->rooms, 0);
	rig_release(r);
}

static void
sends_no_more_than_the_stated_length_and_closes(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	rig_respond(r, 200, 5, false, NULL);
	assert_int_equal(rig_send(r, "hel", false), 3);
	assert_int_equal(rig_send(r, "lo world", false), 8);
	assert_string_equal(r->out, OK "Content-Length: 5\r\n\r\nhello");
	assert_int_equal(r->room, 11);
	assert_int_equal(r->rooms, 1);
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_LINGER);
}

static void
closes_when_let_go_before_any_answer(void **state)
{
	struct rig *r = *state;

	rig_say(r, GET);
	rig_reset(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_string_equal(r->out, "");
}

static void
reads_over_a_small_unwanted_body(void **state)
{
	struct rig *r = *state;

	rig_say(r, POST "Content-Length: 10\r\n\r\nhello");
	rig_respond(r, 403, 0, true, NULL);
	assert_string_equal(r->out,
	    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
	rig_release(r);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	rig_forget(r);
	rig_say(r, "world" GET);
	assert_string_equal(r->log, "GET a / HTTP/1.1 end\n");
}

static void
closes_rather_than_read_over_a_large_or_endless_body(void **state)
{
	static const char *const in[] = {
		POST "Content-Length: 11\r\n\r\n",
		POST CHUNKED "\r\n",
		POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
	};
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		r->limits.discard = 10;
		rig_say(r, in[i]);
		rig_respond(r, 403, 0, true, NULL);
		assert_string_equal(r->out, "HTTP/1.1 403 Forbidden\r\n"
		    "Content-Length: 0\r\n" CLOSE "\r\n");
		rig_release(r);
		assert_int_equal(r->codec->end, CODEC_LINGER);
		rig_teardown(state);
		setup(state);
		r = *state;
	}
}

static void
keeps_a_connection_whose_client_was_told_to_continue(void **state)
{
	struct rig *r = *state;

	rig_say(r, POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_string_equal(r->log, "POST a / HTTP/1.1 length=5 expects "
	    "[Expect: 100-continue]\n");
	rig_respond(r, 100, LENGTH_NONE, false, NULL);
	assert_string_equal(r->out, "HTTP/1.1 100 Continue\r\n\r\n");
	rig_respond(r, 200, 0, true, NULL);
	rig_release(r);
	rig_say(r, "hello");
	assert_idle_and_empty(r);
}

#define UPGRADE "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\n\r\n"

static void
becomes_a_tunnel_after_101(void **state)
{
	struct rig *r = *state;

	rig_say(r, UPGRADE "early");
	assert_string_equal(r->log,
	    "GET a / HTTP/1.1 protocol=websocket end\n");
	r->msg_ended = false;
	rig_forget(r);
	rig_respond(r, 101, LENGTH_NONE, false, "A: b", NULL);
	assert_string_equal(r->out, "HTTP/1.1 101 Switching Protocols\r\n"
	    "A: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	assert_true(r->codec->tunnel);
	rig_say(r, "late");
	assert_int_equal(r->nbody, 9);
	assert_memory_equal(r->body, "earlylate", 9);
	rig_forget(r);
	assert_int_equal(rig_send(r, "down", false), 4);
	assert_string_equal(r->out, "down");
	assert_false(r->codec->shut);
	codec_eof(r->codec, 0);
	rig_pump(r);
	assert_string_equal(r->log, "body 9:earlylate end\n");
	assert_int_equal(r->rooms, 0);
	rig_send(r, "last", true);
	assert_string_equal(r->out, "downlast");
	assert_true(r->codec->shut);
	assert_int_equal(r->rooms, 1);
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
tells_the_end_of_a_tunnel_that_had_nothing_left_to_write(void **state)
{
	struct rig *r = *state;

	rig_say(r, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
	assert_string_equal(r->log, "CONNECT a:1  HTTP/1.1 end\n");
	r->msg_ended = false;
	rig_respond(r, 200, LENGTH_NONE, false, NULL);
	assert_string_equal(r->out, OK "\r\n");
	assert_int_equal(r->rooms, 0);
	rig_send(r, "", true);
	assert_int_equal(r->rooms, 1);
	assert_true(r->codec->shut);
	rig_release(r);		/* the other way was still open */
	assert_int_equal(r->codec->end, CODEC_ABORT);
}

static void
goes_on_after_an_upgrade_that_was_declined(void **state)
{
	struct rig *r = *state;

	rig_say(r, UPGRADE GET);
	rig_respond(r, 200, 0, true, NULL);
	rig_release(r);
	assert_false(r->codec->tunnel);
	assert_string_equal(r->log,
	    "GET a / HTTP/1.1 protocol=websocket end\n"
	    "GET a / HTTP/1.1 end\n");
}

static void
says_more_follows_only_in_long_bodies_of_known_length(void **state)
{
	struct rig *r = *state;
	static char big[BUF_PAGE];
	struct lent page = { big, BUF_PAGE, NULL };
	struct codec_rest rest;
	struct iovec v[8];

	rig_say(r, GET);
	r->blocked = true;
	rig_respond(r, 200, 2 * BUF_PAGE, false, NULL);
	codec_send(r->codec, v, 8, &rest);
	assert_false(rest.more);
	stream_send_body(r->stream, page, false);
	assert_int_equal(codec_send(r->codec, v, 8, &rest), 2);
	assert_true(rest.more);
	assert_int_equal(codec_send(r->codec, v, 1, &rest), 1);
	assert_true(rest.more);
	r->blocked = false;
	rig_pump(r);
	stream_send_body(r->stream, page, true);
	codec_send(r->codec, v, 8, &rest);
	assert_false(rest.more);
}

/* Only then may the FIN go with the answer. */
static void
says_what_is_the_last_of_a_connection(void **state)
{
	static const struct {
		const char *request;
		int64_t length;
		bool last;
	} table[] = {
		{ GET_CLOSE, 2, true },
		{ "GET / HTTP/1.0\r\n\r\n", 2, true },
		{ GET, 2, false },
		{ GET_CLOSE "more", 2, false },
		{ GET_CLOSE, 3, false },	/* cut short */
		{ "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		    "Content-Length: 5\r\n\r\nhel", 2, false },
	};
	struct lent body = { "ok", 2, NULL };
	struct codec_rest rest;
	struct iovec v[8];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct rig *r = *state;

		rig_say(r, table[i].request);
		r->blocked = true;
		rig_respond(r, 200, table[i].length, false, NULL);
		assert_true(codec_send(r->codec, v, 8, &rest) > 0);
		assert_false(rest.last);
		stream_send_body(r->stream, body, true);
		assert_true(codec_send(r->codec, v, 8, &rest) > 0);
		assert_int_equal(rest.last, table[i].last);
		rig_teardown(state);
		setup(state);
	}
}

static void
drops_facts_when_nobody_listens(void **state)
{
	struct rig *r = *state;

	rig_say(r, POST "Content-Length: 5\r\n\r\n");
	r->stream->sink = NULL;
	rig_say(r, "hello" GET);
	assert_false(r->codec->paused);
	rig_respond(r, 200, 0, true, NULL);
	rig_release(r);
	assert_string_equal(r->log, "POST a / HTTP/1.1 length=5\n"
	    "GET a / HTTP/1.1 end\n");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(serves_requests_one_after_the_other),
		T(skips_two_empty_lines_and_no_third),
		T(frames_answers_anew),
		T(skips_framing_fields_that_stand_in_a_head_by_mistake),
		T(writes_each_piece_as_a_chunk),
		T(takes_one_slice_at_a_time_but_the_end_always),
		T(holds_no_page_for_the_framing_of_chunks),
		T(sends_trailers_only_to_who_takes_them),
		T(drops_trailers_that_a_client_did_not_take),
		T(never_sends_an_interim_head_to_a_1_0_client),
		T(passes_interim_heads_on_without_framing),
		T(reads_bodies_in_any_pieces),
		T(reads_nothing_while_a_body_is_lent),
		T(answers_pipelined_requests_in_order),
		T(ends_pipelines_that_are_too_long),
		T(serves_a_limited_number_of_requests),
		T(drains_with_the_answer_in_progress),
		T(drains_after_what_had_begun_to_come),
		T(refuses_malformed_requests_and_discards_the_rest),
		T(refuses_a_malformed_body_with_the_answer_still_to_come),
		T(stops_reading_what_it_discards_at_a_bound),
		T(answers_a_head_that_is_too_slow_with_408),
		T(expires_idle_connections_and_leaves_busy_ones),
		T(answers_half_closed_clients),
		T(closes_when_the_client_leaves_between_requests),
		T(cancels_when_the_client_leaves_in_a_head_or_body),
		T(aborts_when_the_connection_breaks),
		T(never_completes_an_answer_that_is_cut_short),
		T(cuts_answers_that_end_before_their_length),
		T(sends_no_more_than_the_stated_length_and_closes),
		T(closes_when_let_go_before_any_answer),
		T(reads_over_a_small_unwanted_body),
		T(closes_rather_than_read_over_a_large_or_endless_body),
		T(keeps_a_connection_whose_client_was_told_to_continue),
		T(becomes_a_tunnel_after_101),
		T(tells_the_end_of_a_tunnel_that_had_nothing_left_to_write),
		T(goes_on_after_an_upgrade_that_was_declined),
		T(says_more_follows_only_in_long_bodies_of_known_length),
		T(says_what_is_the_last_of_a_connection),
		T(drops_facts_when_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
