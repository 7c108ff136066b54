/*
 * test_h1_pipe.c - bodies that stand in a pipe, through both roles of HTTP/1.
 *
 * No byte of them is here: the codec must never look.  The pipe is a name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

#define PIPE(r) ((struct pipe *)(void *)&(r)->seed)
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define LENGTH "HTTP/1.1 200 OK\r\nContent-Length: "
#define UPGRADE "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n" \
	"Upgrade: websocket\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 S\r\nConnection: upgrade\r\n" \
	"Upgrade: websocket\r\n\r\n"

static void
server(struct rig *r)
{
	rig_server(r);
	r->codec->splices = true;
}

/* A client whose request has been sent. */
static void
client(struct rig *r, bool upgrade)
{
	struct head h;

	rig_client(r);
	r->codec->splices = true;
	head_init(&h, HEAD_REQUEST);
	h.method = SLICE("GET");
	h.authority = SLICE("a");
	h.path = SLICE("/");
	h.protocol = upgrade ? SLICE("websocket") : SLICE_NONE;
	stream_send_head(rig_open(r), &h, true);
	rig_pump(r);
	r->stream->may_pipe = true;
}

static void
pipe_in(struct rig *r, size_t n)
{
	assert_true(codec_raw(r->codec) >= n);
	codec_piped(r->codec, PIPE(r), n);
	rig_pump(r);
}

static void
lends_by_number_what_stands_in_a_pipe(void **state)
{
	struct rig r;

	(void)state;
	client(&r, false);
	r.keep = true;
	assert_int_equal(codec_raw(r.codec), 0);
	rig_say(&r, LENGTH "100005\r\n\r\nabcde");
	assert_int_equal(codec_raw(r.codec), 0);	/* abcde is lent */
	r.keep = false;
	rig_pump(&r);
	r.keep = true;
	assert_int_equal(codec_raw(r.codec), 100000);
	pipe_in(&r, 60000);
	assert_true(r.codec->paused);
	assert_int_equal(r.lent, 60000);
	assert_int_equal(codec_raw(r.codec), 0);
	stream_consumed(r.stream, 59999);
	assert_true(r.codec->paused);
	stream_consumed(r.stream, 1);
	r.lent = 0;
	assert_false(r.codec->paused);
	rig_pump(&r);
	assert_int_equal(codec_raw(r.codec), 40000);
	pipe_in(&r, 40000);
	assert_true(r.msg_ended);
	r.keep = false;
	rig_pump(&r);
	assert_int_equal(codec_raw(r.codec), 0);
	assert_true(r.stream->bytes_in > 100005 && r.stream->bytes_in < 100100);
	assert_string_equal(r.log, "200 HTTP/1.1 length=100005\n"
	    "body 5 + 100000 piped:abcde end\n");
	rig_release(&r);
	assert_int_equal(codec_slots(r.codec), 1);
	rig_fini(&r);
}

static void
takes_nothing_raw_but_where_bytes_are_a_body_and_no_more(void **state)
{
	static const struct {
		const char *said;
		bool may;
		uint64_t raw;
	} cases[] = {
		{ LENGTH "70000\r\n\r\n", true, 70000 },
		{ LENGTH "70000\r\n\r\n", false, 0 },
		{ "HTTP/1.1 200 OK\r\n\r\n", true, UINT64_MAX },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "fffff\r\n", true, 0 },
		{ "HTTP/1.1 204 No\r\n\r\n", true, 0 },
		{ LENGTH "0\r\n\r\n", true, 0 },
		{ "HTTP/1.1 100 Go on\r\n\r\n", true, 0 },
		{ "HTTP/1.1 200 O", true, 0 },
		{ "broken\r\n\r\n", true, 0 },
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client(&r, false);
		r.stream->may_pipe = cases[i].may;
		rig_say(&r, cases[i].said);
		assert_true(codec_raw(r.codec) == cases[i].raw);
		r.stream->sink = NULL;		/* then bytes are read over */
		assert_int_equal(codec_raw(r.codec), 0);
		rig_reset(&r);
		assert_int_equal(codec_raw(r.codec), 0);
		rig_fini(&r);
	}
}

static void
takes_a_request_of_known_length(void **state)
{
	struct rig r;

	(void)state;
	server(&r);
	rig_say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n"
	    "\r\nabc");
	assert_int_equal(codec_raw(r.codec), 0);
	r.stream->may_pipe = true;
	assert_int_equal(codec_raw(r.codec), 99996);
	pipe_in(&r, 99996);
	assert_true(r.msg_ended);
	rig_respond(&r, 204, LENGTH_NONE, true, NULL);
	rig_release(&r);
	rig_say(&r, GET);		/* the connection goes on */
	assert_string_equal(r.log, "POST a / HTTP/1.1 length=99999\n"
	    "body 3 + 99996 piped:abc end\n" "GET a / HTTP/1.1 end\n");
	assert_false(r.stream->may_pipe);
	rig_release(&r);
	rig_fini(&r);
}

/* Let go in the middle: the rest of a small body is read over, not piped. */
static void
lets_go_of_what_stands_in_a_pipe(void **state)
{
	struct rig r;

	(void)state;
	server(&r);
	rig_say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n"
	    "\r\n");
	r.stream->may_pipe = r.keep = true;
	pipe_in(&r, 39997);
	assert_true(r.codec->paused);
	rig_respond(&r, 204, LENGTH_NONE, true, NULL);
	rig_release(&r);
	r.lent = 0;
	assert_false(r.codec->paused);
	assert_int_equal(codec_raw(r.codec), 0);
	rig_say(&r, "abc" GET);
	assert_non_null(r.stream);
	assert_non_null(strstr(r.log, "GET a / HTTP/1.1 end\n"));
	rig_release(&r);
	rig_fini(&r);
}

static void
send_piped(struct rig *r, size_t n, bool end)
{
	const struct lent bytes = { NULL, n, PIPE(r) };

	assert_int_equal(stream_send_body(r->stream, bytes, end), n);
}

/* As cluster/link writes; a number stands for what left the pipe. */
static void
write_all(struct rig *r, size_t most)
{
	struct codec_rest rest;
	struct iovec v[8];
	char number[32];
	size_t n;

	for (;;) {
		n = codec_send(r->codec, v, 8, &rest);
		if (n == 0 && rest.piped == 0)
			return;
		for (size_t i = 0; i < n; i++) {
			rig_add(r->out, &r->nout, v[i].iov_base, v[i].iov_len);
			codec_sent(r->codec, v[i].iov_len);
		}
		if (n > 0)
			continue;
		assert_ptr_equal(rest.pipe, PIPE(r));
		n = rest.piped < most ? rest.piped : most;
		(void)snprintf(number, sizeof(number), "<%zu>", n);
		rig_add(r->out, &r->nout, number, strlen(number));
		codec_sent(r->codec, n);
	}
}

static void
sends_from_a_pipe_in_its_place(void **state)
{
	static const struct {
		int64_t length;
		const char *request, *out;
	} cases[] = {
		{ 100000, GET, "HTTP/1.1 200 OK\r\n"
		    "Content-Length: 100000\r\n\r\n<65536><34464>" },
		{ LENGTH_NONE, GET, "HTTP/1.1 200 OK\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"
		    "186a0\r\n<65536><34464>\r\n0\r\n\r\n" },
		{ LENGTH_NONE, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"
		    "Connection: close\r\n\r\n<65536><34464>" },
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		server(&r);
		rig_say(&r, cases[i].request);
		assert_true(r.stream->takes_pipe);
		r.blocked = true;
		rig_respond(&r, 200, cases[i].length, false, NULL);
		send_piped(&r, 100000, true);
		assert_int_equal(stream_send_body(r.stream,
		    lent_of(SLICE("x")), false), 0);
		write_all(&r, 65536);
		assert_string_equal(r.out, cases[i].out);
		assert_int_equal(r.room, 100000);
		assert_true(r.room_end);
		rig_release(&r);
		assert_true(r.codec->end == CODEC_OPEN || i == 2);
		rig_fini(&r);
	}
}

static void
says_what_follows_the_pieces(void **state)
{
	struct codec_rest rest;
	struct iovec v[8];
	struct rig r;

	(void)state;
	server(&r);
	rig_say(&r, GET);
	r.blocked = true;
	rig_respond(&r, 200, LENGTH_NONE, false, NULL);
	send_piped(&r, 255, false);
	assert_int_equal(codec_send(r.codec, v, 8, &rest), 2);
	assert_int_equal(rest.piped, 255);
	assert_true(rest.more);		/* the CRLF of the chunk */
	assert_int_equal(codec_send(r.codec, v, 1, &rest), 1);
	assert_int_equal(rest.piped, 0);
	assert_true(rest.more);
	write_all(&r, 255);
	send_piped(&r, 255, false);
	rig_reset(&r);
	assert_int_equal(codec_send(r.codec, v, 8, &rest), 0);
	assert_int_equal(rest.piped, 0);
	rig_fini(&r);
}

/* What a stated length has no room for is given back, and not sent. */
static void
sends_no_more_than_the_stated_length(void **state)
{
	struct rig r;

	(void)state;
	server(&r);
	rig_say(&r, GET);
	r.blocked = true;
	rig_respond(&r, 200, 100, false, NULL);
	send_piped(&r, 150, false);
	write_all(&r, 1000);
	assert_non_null(strstr(r.out, "\r\n\r\n<100>"));
	assert_int_equal(r.room, 150);
	rig_release(&r);
	assert_int_equal(r.codec->end, CODEC_LINGER);
	rig_fini(&r);
}

static void
carries_a_tunnel_both_ways(void **state)
{
	struct rig r;

	(void)state;
	server(&r);
	rig_say(&r, UPGRADE);
	rig_respond(&r, 101, LENGTH_NONE, false, NULL);
	r.msg_ended = r.room_end = false;	/* of the request; the tunnel begins */
	r.stream->may_pipe = true;
	assert_true(codec_raw(r.codec) == UINT64_MAX);
	pipe_in(&r, 100);
	r.nout = 0;
	send_piped(&r, 77, false);
	write_all(&r, 1000);
	assert_string_equal(r.out, "<77>");
	r.keep = true;
	pipe_in(&r, 23);
	codec_eof(r.codec, 0);
	assert_false(r.msg_ended);	/* not before the bytes are given back */
	r.keep = false;
	rig_pump(&r);
	assert_true(r.msg_ended);
	assert_non_null(strstr(r.log, "body 0 + 123 piped: end\n"));
	rig_reset(&r);
	rig_fini(&r);
}

static void
carries_a_tunnel_of_a_server(void **state)
{
	struct rig r;

	(void)state;
	client(&r, true);
	rig_say(&r, SWITCHED);
	assert_true(codec_raw(r.codec) == UINT64_MAX);
	r.keep = true;
	pipe_in(&r, 23);
	codec_eof(r.codec, 0);
	assert_false(r.msg_ended);
	r.keep = false;
	rig_pump(&r);
	assert_true(r.msg_ended);
	rig_reset(&r);
	rig_fini(&r);
}

static void
offers_no_pipe_when_its_connection_has_none(void **state)
{
	struct rig r;

	(void)state;
	rig_server(&r);
	rig_say(&r, GET);
	assert_false(r.stream->takes_pipe);
	rig_reset(&r);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lends_by_number_what_stands_in_a_pipe),
		cmocka_unit_test(
		    takes_nothing_raw_but_where_bytes_are_a_body_and_no_more),
		cmocka_unit_test(takes_a_request_of_known_length),
		cmocka_unit_test(lets_go_of_what_stands_in_a_pipe),
		cmocka_unit_test(sends_from_a_pipe_in_its_place),
		cmocka_unit_test(says_what_follows_the_pieces),
		cmocka_unit_test(sends_no_more_than_the_stated_length),
		cmocka_unit_test(carries_a_tunnel_both_ways),
		cmocka_unit_test(carries_a_tunnel_of_a_server),
		cmocka_unit_test(offers_no_pipe_when_its_connection_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
