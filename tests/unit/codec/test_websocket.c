/*
 * test_websocket.c - how a WebSocket begins over HTTP/1.1, where the other side
 * of us speaks a version without a key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/websocket.h"
#include "rig.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="	/* RFC 6455 1.3, */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="	/* and its answer */

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Connection: Upgrade\r\nUpgrade: websocket\r\n"

static struct rig *
begin(bool server)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	if (server)
		rig_server(r);
	else
		rig_client(r);
	return r;
}

static void
finish(struct rig *r)
{
	rig_release(r);
	rig_fini(r);
	free(r);
}

static void
answers_the_key_of_the_rfc(void **state)
{
	char out[WEBSOCKET_ACCEPT_TEXT];
	char most[200];

	(void)state;
	websocket_accept(SLICE(KEY), out);
	assert_string_equal(out, ACCEPT);
	memset(most, 'x', sizeof(most));
	websocket_accept(slice_make(most, sizeof(most)), out);
	websocket_accept(SLICE_NONE, out);
}

static void
accepts_for_a_server_that_has_no_accept(void **state)
{
	struct rig *r = begin(true);

	(void)state;
	rig_say(r, "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE
	    "Sec-WebSocket-Key: " KEY "\r\n\r\n");
	rig_respond(r, 101, LENGTH_NONE, false, NULL);
	assert_string_equal(r->out, SWITCH UPGRADE
	    "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n");
	finish(r);
}

static void
passes_the_accept_of_a_server_that_has_one(void **state)
{
	struct rig *r = begin(true);

	(void)state;
	rig_say(r, "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE
	    "Sec-WebSocket-Key: " KEY "\r\n\r\n");
	rig_respond(r, 101, LENGTH_NONE, false, "Sec-WebSocket-Accept: x",
	    NULL);
	assert_string_equal(r->out, SWITCH "Sec-WebSocket-Accept: x\r\n"
	    UPGRADE "\r\n");
	finish(r);
}

/* Asks for a client of HTTP/2, or of HTTP/1 with its key; gives the one that
 * was sent. */
static struct slice
ask(struct rig *r, const char *key)
{
	struct head h;
	struct arena a;
	char *at;

	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	h.method = SLICE("GET");
	h.authority = SLICE("a");
	h.path = SLICE("/");
	h.protocol = SLICE("websocket");
	h.proto = key == NULL ? HTTP_2 : HTTP_1_1;
	if (key != NULL)
		head_add(&h, &a, FIELD_SEC_WEBSOCKET_KEY, slice_of(key));
	rig_open(r);
	stream_send_head(r->stream, &h, true);
	rig_pump(r);
	arena_reset(&a);
	at = strstr(r->out, "Sec-WebSocket-Key: ");
	assert_non_null(at);
	at += strlen("Sec-WebSocket-Key: ");
	assert_null(strstr(at, "Sec-WebSocket-Key"));
	return slice_make(at, strcspn(at, "\r"));
}

static void
reply(struct rig *r, const char *accept)
{
	rig_say(r, SWITCH UPGRADE);
	if (accept != NULL) {
		rig_say(r, "Sec-WebSocket-Accept: ");
		rig_say(r, accept);
		rig_say(r, "\r\n");
	}
	rig_say(r, "\r\n");
}

static void
makes_a_key_and_checks_its_accept(void **state)
{
	char accept[WEBSOCKET_ACCEPT_TEXT];
	struct rig *r = begin(false);
	struct slice key = ask(r, NULL);

	(void)state;
	assert_int_equal(key.n, 24);
	assert_int_equal(key.p[23], '=');
	websocket_accept(key, accept);
	reply(r, accept);
	assert_non_null(strstr(r->log, "101 HTTP/1.1 protocol=websocket"));
	assert_true(r->codec->tunnel);
	finish(r);
}

static void
makes_another_key_each_time(void **state)
{
	struct rig *r = begin(false);
	struct slice key = ask(r, NULL);
	char first[24];

	(void)state;
	assert_int_equal(key.n, sizeof(first));
	memcpy(first, key.p, sizeof(first));
	rig_reset(r);
	codec_free(&r->codec);
	r->codec = codec_find(SLICE("http/1.1"))->client(&r->shared,
	    &r->limits, &rig_host, r);
	r->nout = 0;
	assert_memory_not_equal(ask(r, NULL).p, first, 24);
	finish(r);
}

static void
refuses_an_accept_that_does_not_fit(void **state)
{
	static const char *const wrong[] = { NULL, "", ACCEPT };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rig *r = begin(false);

		ask(r, NULL);
		reply(r, wrong[i]);
		assert_string_equal(r->log, "reset protocol 502 a "
		    "Sec-WebSocket-Accept that does not fit the key\n");
		assert_false(r->codec->tunnel);
		finish(r);
	}
}

/* The client will check it itself. */
static void
leaves_the_key_of_a_client_alone(void **state)
{
	struct rig *r = begin(false);

	(void)state;
	assert_true(slice_eq(ask(r, KEY), SLICE(KEY)));
	reply(r, "whatever");
	assert_non_null(strstr(r->log, "101 HTTP/1.1"));
	finish(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_the_key_of_the_rfc),
		cmocka_unit_test(accepts_for_a_server_that_has_no_accept),
		cmocka_unit_test(passes_the_accept_of_a_server_that_has_one),
		cmocka_unit_test(makes_a_key_and_checks_its_accept),
		cmocka_unit_test(makes_another_key_each_time),
		cmocka_unit_test(refuses_an_accept_that_does_not_fit),
		cmocka_unit_test(leaves_the_key_of_a_client_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
