/*
 * test_h1_client.c - HTTP/1 towards a server, on the bytes of the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define LINE "GET /x HTTP/1.1\r\nHost: a\r\n"

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	rig_client(r);
	*state = r;
	return 0;
}

static struct head
request(const char *method)
{
	struct head h;

	head_init(&h, HEAD_REQUEST);
	h.method = slice_of(method);
	h.authority = SLICE("a");
	h.path = SLICE("/x");
	return h;
}

/* A stream whose request has been sent. */
static void
ask(struct rig *r, const char *method)
{
	struct head h = request(method);

	assert_int_equal(codec_slots(r->codec), 1);
	rig_open(r);
	assert_non_null(r->stream);
	assert_int_equal(codec_slots(r->codec), 0);
	stream_send_head(r->stream, &h, true);
	rig_pump(r);
	assert_true(r->stream->sent);
}

static void
assert_reusable(struct rig *r)
{
	assert_int_equal(r->codec->end, CODEC_OPEN);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(codec_slots(r->codec), 1);
	assert_int_equal(r->pages.nused, 0);
	assert_int_equal(r->chunks.nused, 0);
}

static void
writes_requests(void **state)
{
	struct rig *r = *state;
	struct field fields[] = {
		{ SLICE("Cookie"), SLICE("c"), FIELD_COOKIE },
		{ SLICE("Host"), SLICE("evil"), FIELD_HOST },
		{ SLICE("Content-Length"), SLICE("9"), FIELD_CONTENT_LENGTH },
		{ SLICE("x-Y"), SLICE(""), FIELD_OTHER },
	};
	struct head h = request("GET");

	h.fields = fields;
	h.nfields = 4;
	h.trailers_ok = true;
	rig_open(r);
	stream_send_head(r->stream, &h, true);
	assert_false(r->stream->sent);
	assert_int_equal(r->rooms, 0);
	rig_pump(r);
	assert_string_equal(r->out, LINE "Cookie: c\r\nx-Y: \r\n"
	    "Connection: TE\r\nTE: trailers\r\n\r\n");
	assert_true(r->stream->sent);
	assert_int_equal(r->rooms, 1);
	assert_int_equal(r->stream->bytes_out, r->nout);
}

static void
writes_the_target_and_host_of_every_kind(void **state)
{
	struct head h[] = { request("OPTIONS"), request("CONNECT"),
	    request("GET") };
	static const char *const out[] = {
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: \r\n\r\n",
	};
	struct rig *r;

	h[0].path = SLICE("*");
	h[1].authority = SLICE("a:443");
	h[1].path = SLICE_NONE;
	h[2].authority = SLICE_NONE;
	for (int i = 0; i < 3; i++) {
		r = *state;
		rig_open(r);
		stream_send_head(r->stream, &h[i], true);
		rig_pump(r);
		assert_string_equal(r->out, out[i]);
		rig_teardown(state);
		setup(state);
	}
}

static void
frames_bodies_of_requests(void **state)
{
	struct rig *r = *state;
	struct head h = request("GET");

	h.length = 5;
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_pump(r);
	assert_int_equal(rig_send(r, "hello", true), 5);
	assert_string_equal(r->out, LINE "Content-Length: 5\r\n\r\nhello");
	assert_int_equal(r->rooms, 1);
	rig_say(r, OK "Content-Length: 0\r\n\r\n");
	rig_release(r);
	assert_reusable(r);
	rig_forget(r);
	h.length = LENGTH_NONE;
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_pump(r);
	rig_send(r, "hello", false);
	rig_send(r, "", true);
	assert_string_equal(r->out,
	    LINE CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n");
	rig_say(r, OK "Content-Length: 0\r\n\r\n");
	rig_release(r);
	rig_forget(r);
	h.length = 0;
	rig_open(r);
	stream_send_head(r->stream, &h, true);
	rig_pump(r);
	assert_string_equal(r->out, LINE "Content-Length: 0\r\n\r\n");
}

static void
forwards_trailers_in_chunked_requests_only(void **state)
{
	const struct field f[] = { { SLICE("A"), SLICE("b"), FIELD_OTHER } };
	struct rig *r = *state;
	struct head h = request("GET");

	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_send(r, "hi", false);
	stream_send_trailers(r->stream, f, 1);
	rig_pump(r);
	assert_string_equal(r->out,
	    LINE CHUNKED "\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n");
	rig_say(r, OK "Content-Length: 0\r\n\r\n");
	rig_release(r);
	rig_forget(r);
	h.length = 2;
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_send(r, "hi", false);
	stream_send_trailers(r->stream, f, 1);
	rig_pump(r);
	assert_string_equal(r->out, LINE "Content-Length: 2\r\n\r\nhi");
	assert_int_equal(r->rooms, 2);
}

struct answer {
	const char *method;
	const char *in;
	bool eof;		/* behind it */
	const char *log;
	enum codec_end then;
};

static const struct answer answers[] = {
	{ "GET", OK "Content-Length: 2\r\nA: b\r\n\r\nhi", false,
	    "200 HTTP/1.1 length=2 [A: b]\nbody 2:hi end\n", CODEC_OPEN },
	{ "GET", OK "Content-Length: 0\r\n\r\n", false,
	    "200 HTTP/1.1 length=0 end\n", CODEC_OPEN },
	{ "GET", OK CHUNKED "\r\n1\r\nh\r\n1;x\r\ni\r\n0\r\n\r\n", false,
	    "200 HTTP/1.1\nbody 2:hi end\n", CODEC_OPEN },
	{ "GET", OK CHUNKED "\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n", false,
	    "200 HTTP/1.1\nbody 2:hi trailers [A: b]\n", CODEC_OPEN },
	{ "GET", OK CHUNKED "\r\n0\r\n\r\n", false,
	    "200 HTTP/1.1\nbody 0: end\n", CODEC_OPEN },
	{ "GET", OK "\r\nhi", true,
	    "200 HTTP/1.1\nbody 2:hi end\n", CODEC_CLOSE },
	{ "GET", OK "\r\n", true,
	    "200 HTTP/1.1\nbody 0: end\n", CODEC_CLOSE },
	{ "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false,
	    "200 HTTP/1.0 length=2\nbody 2:hi end\n", CODEC_CLOSE },
	{ "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n"
	    "Connection: keep-alive\r\n\r\nhi", false,
	    "200 HTTP/1.0 length=2\nbody 2:hi end\n", CODEC_OPEN },
	{ "GET", OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi", false,
	    "200 HTTP/1.1 length=2\nbody 2:hi end\n", CODEC_CLOSE },
	{ "HEAD", OK "Content-Length: 2\r\n\r\n", false,
	    "200 HTTP/1.1 length=2 end\n", CODEC_OPEN },
	{ "HEAD", OK CHUNKED "\r\n", false,
	    "200 HTTP/1.1 end\n", CODEC_OPEN },
	{ "HEAD", OK "\r\n", false, "200 HTTP/1.1 end\n", CODEC_OPEN },
	{ "GET", "HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n", false,
	    "204 HTTP/1.1 end\n", CODEC_OPEN },
	{ "GET", "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", false,
	    "304 HTTP/1.1 length=5 end\n", CODEC_OPEN },
	{ "GET", "HTTP/1.1 304 N\r\n" CHUNKED "\r\n", false,
	    "304 HTTP/1.1 end\n", CODEC_OPEN },
	{ "GET", "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n"
	    "HTTP/1.1 204 N\r\n\r\n", false, "interim 100 HTTP/1.1\n"
	    "interim 103 HTTP/1.1 [Link: x]\n204 HTTP/1.1 end\n",
	    CODEC_OPEN },
	/* bytes behind a response: it stands, the connection does not */
	{ "GET", OK "Content-Length: 2\r\n\r\nhi!", false,
	    "200 HTTP/1.1 length=2\nbody 2:hi end\n", CODEC_CLOSE },
	{ "HEAD", OK "Content-Length: 2\r\n\r\nhi", false,
	    "200 HTTP/1.1 length=2 end\n", CODEC_CLOSE },
	{ "GET", OK CHUNKED "\r\n0\r\n\r\n\r\n", false,
	    "200 HTTP/1.1\nbody 0: end\n", CODEC_CLOSE },
	{ "GET", "HTTP/1.1 204 N\r\n\r\n" OK "\r\n", false,
	    "204 HTTP/1.1 end\n", CODEC_CLOSE },
	{ "GET", OK "Content-Length: 2\r\n\r\nhi", true,
	    "200 HTTP/1.1 length=2\nbody 2:hi end\n", CODEC_CLOSE },
	/* cut short */
	{ "GET", OK "Content-Length: 3\r\n\r\nhi", true,
	    "200 HTTP/1.1 length=3\nreset cancel\n", CODEC_CLOSE },
	{ "GET", OK CHUNKED "\r\n2\r\nhi\r\n0\r\n", true,
	    "200 HTTP/1.1\nreset cancel\n", CODEC_CLOSE },
	{ "GET", "HTTP/1.1 2", true, "reset cancel\n", CODEC_CLOSE },
	{ "GET", "", true, "reset cancel\n", CODEC_CLOSE },
	/* malformed */
	{ "GET", "SSH-2.0-x\r\n\r\n", false,
	    "reset protocol 502 a malformed version\n", CODEC_CLOSE },
	{ "GET", OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", false,
	    "reset protocol 502 Content-Lengths differ\n", CODEC_CLOSE },
	{ "GET", OK CHUNKED "\r\nx", false, "200 HTTP/1.1\n"
	    "reset protocol 502 a chunk size that is not a number\n",
	    CODEC_CLOSE },
	{ "GET", OK CHUNKED "\r\n0\r\nA : b\r\n\r\n", false, "200 HTTP/1.1\n"
	    "reset protocol 502 space before the colon of a field\n",
	    CODEC_CLOSE },
	{ "GET", "HTTP/1.1 101 S\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n", false, "reset protocol 502 a switch "
	    "to a protocol that was not asked for\n", CODEC_CLOSE },
};

static void
reads_responses_in_any_pieces(void **state)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		for (size_t piece = 0; piece < 9; piece++) {
			const struct answer *a = &answers[i];
			struct rig *r = *state;

			r->in_piece = piece;
			ask(r, a->method);
			rig_say(r, a->in);
			if (a->eof) {
				codec_eof(r->codec, 0);
				rig_pump(r);
			}
			assert_string_equal(r->log, a->log);
			assert_int_equal(r->codec->phase, CODEC_BUSY);
			rig_release(r);
			assert_int_equal(r->slots_told, 1);
			assert_int_equal(r->codec->end, a->then);
			if (a->then == CODEC_OPEN)
				assert_reusable(r);
			else
				assert_int_equal(codec_slots(r->codec), 0);
			rig_teardown(state);
			setup(state);
		}
	}
}

static void
serves_one_stream_after_the_other(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		rig_forget(r);
		ask(r, "GET");
		assert_int_equal(r->stream->reused, i > 0);
		assert_false(r->stream->answered);
		rig_say(r, OK "Content-Length: 2\r\n\r\nhi");
		assert_true(r->stream->answered);
		assert_int_equal(r->stream->bytes_in, 40);
		rig_release(r);
		assert_reusable(r);
	}
	assert_int_equal(r->codec->requests, 3);
}

static void
keeps_what_the_server_says_about_its_patience(void **state)
{
	struct rig *r = *state;

	assert_int_equal(r->codec->keep_alive, -1);
	ask(r, "GET");
	rig_say(r, OK "Keep-Alive: timeout=7\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(r->codec->keep_alive, 7);
}

static void
closes_on_bytes_without_a_request(void **state)
{
	struct rig *r = *state;

	rig_say(r, "HTTP/1.1 408 Timeout\r\n\r\n");
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_int_equal(codec_slots(r->codec), 0);
	assert_null(codec_open(r->codec, &rig_sink, r));
}

static void
takes_no_answer_to_what_was_not_asked_yet(void **state)
{
	struct rig *r = *state;

	rig_open(r);
	rig_say(r, OK "\r\n");
	assert_string_equal(r->log, "reset refused\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	rig_teardown(state);
	setup(state);
	r = *state;
	ask(r, "GET");
	rig_say(r, OK "Content-Length: 0\r\n\r\n");
	rig_release(r);
	rig_forget(r);
	rig_open(r);
	rig_say(r, "HTTP/1.1 408 Timeout\r\n\r\n");
	assert_string_equal(r->log, "reset stale\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
tells_stale_from_broken(void **state)
{
	static const int errors[] = { 0, 104 };
	struct rig *r;

	for (int i = 0; i < 2; i++) {
		r = *state;
		ask(r, "GET");
		rig_say(r, OK "Content-Length: 0\r\n\r\n");
		rig_release(r);
		rig_forget(r);
		ask(r, "GET");
		codec_eof(r->codec, errors[i]);
		assert_string_equal(r->log, "reset stale\n");
		rig_release(r);
		assert_int_equal(r->codec->end,
		    i == 0 ? CODEC_CLOSE : CODEC_ABORT);
		rig_teardown(state);
		setup(state);
		r = *state;
		ask(r, "GET");
		codec_eof(r->codec, errors[i]);
		assert_string_equal(r->log, "reset cancel\n");
		rig_release(r);
		rig_teardown(state);
		setup(state);
	}
}

static void
reads_what_came_before_the_end_first(void **state)
{
	struct rig *r = *state;

	r->keep = true;
	ask(r, "GET");
	rig_say(r, OK "\r\nhello");
	codec_eof(r->codec, 0);
	rig_pump(r);
	assert_string_equal(r->log, "200 HTTP/1.1\n");
	stream_consumed(r->stream, r->lent);
	r->lent = 0;
	rig_pump(r);
	assert_string_equal(r->log, "200 HTTP/1.1\nbody 5:hello end\n");
}

static void
does_not_take_a_broken_connection_for_an_end(void **state)
{
	struct rig *r = *state;

	ask(r, "GET");
	rig_say(r, OK "\r\nhello");
	codec_eof(r->codec, 104);
	assert_string_equal(r->log, "200 HTTP/1.1\nreset cancel\n");
	assert_int_equal(r->codec->end, CODEC_ABORT);
}

static void
closes_when_let_go_before_the_response_is_complete(void **state)
{
	struct rig *r = *state;

	ask(r, "GET");
	rig_say(r, OK "Content-Length: 9\r\n\r\nhi");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
	assert_int_equal(r->slots_told, 1);
}

static void
closes_when_the_response_came_before_the_request_was_complete(void **state)
{
	struct head h = request("GET");
	struct rig *r = *state;

	h.length = 10;
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_send(r, "hello", false);
	rig_say(r, OK "Content-Length: 0\r\n\r\n");
	assert_string_equal(r->log, "200 HTTP/1.1 length=0 end\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
aborts_a_request_that_is_cut_short(void **state)
{
	struct head h = request("GET");
	struct rig *r = *state;

	h.length = 10;
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_send(r, "hello", true);
	assert_string_equal(r->log, "reset cancel\n");
	assert_int_equal(r->codec->end, CODEC_ABORT);
	rig_teardown(state);
	setup(state);
	r = *state;
	h.length = LENGTH_NONE;
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_pump(r);
	r->blocked = true;
	rig_send(r, "hello", false);
	rig_release(r);
	r->blocked = false;
	rig_pump(r);
	assert_int_equal(r->codec->end, CODEC_ABORT);
	assert_string_equal(r->out, LINE CHUNKED "\r\n");
}

static void
resets_by_aborting(void **state)
{
	struct rig *r = *state;

	ask(r, "GET");
	rig_reset(r);
	assert_int_equal(r->codec->end, CODEC_ABORT);
	assert_int_equal(r->slots_told, 1);
}

static void
keeps_a_connection_of_which_nothing_was_asked(void **state)
{
	struct rig *r = *state;

	rig_open(r);
	rig_reset(r);
	assert_reusable(r);
	rig_open(r);
	rig_release(r);
	assert_reusable(r);
}

static void
drains(void **state)
{
	struct rig *r = *state;

	ask(r, "GET");
	codec_drain(r->codec);
	assert_int_equal(r->codec->end, CODEC_OPEN);
	rig_say(r, OK "Content-Length: 0\r\n\r\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	rig_teardown(state);
	setup(state);
	r = *state;
	codec_drain(r->codec);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
closes_when_an_idle_server_leaves(void **state)
{
	struct rig *r = *state;

	codec_eof(r->codec, 0);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
	assert_int_equal(codec_slots(r->codec), 0);
}

static void
becomes_a_tunnel_after_the_101_it_asked_for(void **state)
{
	struct head h = request("GET");
	struct rig *r = *state;

	h.protocol = SLICE("chat");
	rig_open(r);
	stream_send_head(r->stream, &h, true);
	rig_pump(r);
	assert_string_equal(r->out, LINE
	    "Connection: Upgrade\r\nUpgrade: chat\r\n\r\n");
	assert_int_equal(r->rooms, 1);
	r->room_end = false;
	rig_say(r, "HTTP/1.1 101 S\r\nConnection: upgrade\r\n"
	    "Upgrade: CHAT\r\n\r\nearly");
	assert_string_equal(r->log, "101 HTTP/1.1 protocol=CHAT\n");
	assert_true(r->codec->tunnel);
	assert_int_equal(r->nbody, 5);
	rig_forget(r);
	rig_send(r, "up", false);
	assert_string_equal(r->out, "up");
	rig_send(r, "", true);
	assert_true(r->codec->shut);
	assert_int_equal(r->rooms, 2);
	rig_say(r, "late");
	codec_eof(r->codec, 0);
	rig_pump(r);
	assert_string_equal(r->log, "body 9:earlylate end\n");
	rig_release(r);
	assert_int_equal(r->codec->end, CODEC_CLOSE);
}

static void
refuses_a_switch_to_another_protocol(void **state)
{
	struct head h = request("GET");
	struct rig *r = *state;

	h.protocol = SLICE("chat");
	rig_open(r);
	stream_send_head(r->stream, &h, true);
	rig_pump(r);
	rig_say(r, "HTTP/1.1 101 S\r\nConnection: upgrade\r\n"
	    "Upgrade: h2c\r\n\r\n");
	assert_string_equal(r->log, "reset protocol 502 a switch to a "
	    "protocol that was not asked for\n");
}

static void
becomes_a_tunnel_after_a_2xx_to_connect(void **state)
{
	struct head h = request("CONNECT");
	struct rig *r = *state;

	h.path = SLICE_NONE;
	rig_open(r);
	stream_send_head(r->stream, &h, true);
	rig_pump(r);
	r->room_end = false;
	rig_say(r, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nlong");
	assert_string_equal(r->log, "200 HTTP/1.1\n");
	assert_int_equal(r->nbody, 4);
	assert_true(r->codec->tunnel);
	rig_reset(r);
	assert_int_equal(r->codec->end, CODEC_ABORT);
}

static void
writes_an_extended_connect_as_an_upgrade(void **state)
{
	struct head h = request("CONNECT");
	struct rig *r = *state;

	h.protocol = SLICE("chat");
	rig_open(r);
	stream_send_head(r->stream, &h, false);
	rig_pump(r);
	assert_string_equal(r->out, LINE
	    "Connection: Upgrade\r\nUpgrade: chat\r\n\r\n");
}

/* Its owner has not been told yet, or has not heard of it. */
static void
says_nothing_to_a_server_that_is_gone(void **state)
{
	struct field trailer = { .id = FIELD_OTHER, .name = SLICE("A"),
	    .value = SLICE("b") };
	struct head h = request("POST");
	struct rig *r = *state;

	rig_open(r);
	codec_eof(r->codec, 104 /* ECONNRESET */);
	stream_send_head(r->stream, &h, false);
	stream_send_trailers(r->stream, &trailer, 1);
	rig_pump(r);
	assert_string_equal(r->log, "reset cancel\n");
	assert_int_equal(r->nout, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(writes_requests),
		T(writes_the_target_and_host_of_every_kind),
		T(frames_bodies_of_requests),
		T(forwards_trailers_in_chunked_requests_only),
		T(reads_responses_in_any_pieces),
		T(serves_one_stream_after_the_other),
		T(keeps_what_the_server_says_about_its_patience),
		T(closes_on_bytes_without_a_request),
		T(takes_no_answer_to_what_was_not_asked_yet),
		T(tells_stale_from_broken),
		T(says_nothing_to_a_server_that_is_gone),
		T(reads_what_came_before_the_end_first),
		T(does_not_take_a_broken_connection_for_an_end),
		T(closes_when_let_go_before_the_response_is_complete),
		T(closes_when_the_response_came_before_the_request_was_complete),
		T(aborts_a_request_that_is_cut_short),
		T(resets_by_aborting),
		T(keeps_a_connection_of_which_nothing_was_asked),
		T(drains),
		T(closes_when_an_idle_server_leaves),
		T(becomes_a_tunnel_after_the_101_it_asked_for),
		T(refuses_a_switch_to_another_protocol),
		T(becomes_a_tunnel_after_a_2xx_to_connect),
		T(writes_an_extended_connect_as_an_upgrade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
