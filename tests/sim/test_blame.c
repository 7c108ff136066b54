/*
 * What a server did to a connection or a request is told: in the access log, in
 * a line of the log, and kept for "show errors".
 */
#include "peer.h"

#include <stdio.h>
#include <string.h>

#define SHARED "protocol = \"h2\"; retries = 0;"
#define GOAWAY_CALM "\0\0\10\7\0\0\0\0\0\0\0\0\1\0\0\0\13"
#define DATA_ON_STREAM_0 "\0\0\1\0\0\0\0\0\0x"
#define BYTES(s) (s), sizeof(s) - 1

struct scene {
	struct stage st;
	struct peer *client, *server;
};

static void
open_scene(struct scene *sc)
{
	memset(sc, 0, sizeof(*sc));
	STAGE(&sc->st, .servers = ONE_SERVER, .pool = SHARED);
	sc->client = peer_client(&sc->st, true);
	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	sc->server = peer_server(&sc->st, SERVER_A, true);
	assert_non_null(sc->server);
}

static void
close_scene(struct scene *sc)
{
	stage_close(&sc->st);
}

static void
tells_a_goaway_with_an_error(void **state)
{
	const struct bad_conn *bad;
	struct scene sc;

	(void)state;
	open_scene(&sc);
	say_bytes_later(sc.server->w, BYTES(GOAWAY_CALM));
	say_eof(&sc.st, sc.server->w);
	assert_ended(&sc.st, "SH", 502);
	assert_has(sc.st.lines.p, "\"reason\":\"the server broke off: it sent "
	    "GOAWAY with ENHANCE_YOUR_CALM\"");
	assert_has(sc.st.lines.p, "a connection to server web/a ended: it sent "
	    "GOAWAY with ENHANCE_YOUR_CALM\"");
	bad = &stage_pool(&sc.st)->bad_end;
	assert_int_equal(bad->total, 1);
	assert_string_equal(bad->server, "a");
	assert_string_equal(bad->why, "it sent GOAWAY with ENHANCE_YOUR_CALM");
	close_scene(&sc);
}

static void
tells_with_what_a_stream_was_reset(void **state)
{
	struct scene sc;

	(void)state;
	open_scene(&sc);
	peer_reset(sc.server, 1, 2);
	peer_told(sc.client, 1);
	assert_ended(&sc.st, "SH", 502);
	assert_has(sc.st.lines.p, "\"reason\":\"the server broke off: it reset "
	    "the stream with INTERNAL_ERROR\"");
	peer_ask(sc.client, "GET", "/", "", PEER_NO_BODY);
	peer_told(sc.server, 2);
	peer_answer(sc.server, 2, 200, "", 5);
	peer_told(sc.client, 2);
	peer_reset(sc.server, 2, 2);
	peer_told(sc.client, 2);
	assert_ended(&sc.st, "SD", 200);
	assert_has(sc.st.lines.p, "\"reason\":\"the server cut its response "
	    "short: it reset the stream with INTERNAL_ERROR\"");
	assert_int_equal(stage_pool(&sc.st)->bad_end.total, 0);
	close_scene(&sc);
}

/* It is no request's: neither of the two counts as a malformed response. */
static void
counts_a_broken_connection_once(void **state)
{
	struct scene sc;
	struct pool *p;

	(void)state;
	open_scene(&sc);
	peer_ask(sc.client, "GET", "/", "", PEER_NO_BODY);
	p = stage_pool(&sc.st);
	(void)peer_told(sc.server, 2);
	say_bytes_later(sc.server->w, BYTES(DATA_ON_STREAM_0));
	stage_settle(&sc.st);
	assert_has(stage_log(&sc.st), "\"termination\":\"PH\"");
	assert_int_equal(p->bad_end.total, 1);
	assert_int_equal(p->bad.total, 0);
	assert_int_equal(p->count.eresp, 2);
	close_scene(&sc);
}

/* Each is counted, one a minute is logged. */
static void
tells_the_log_once_a_minute(void **state)
{
	static const char line[] = "a connection to server web/a ended";
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	for (unsigned i = 0; i < 4; i++) {
		if (i == 3)
			stage_advance(&st, SEC(60));
		client = stage_client(&st);
		say(&st, client, GET);
		server = stage_dialled(&st, SERVER_A);
		say(&st, server, "HTTP/1.1 400 Bad Request\r\n\r\n");
		say_eof(&st, server);
		assert_ended(&st, "PH", 502);
		assert_has(st.lines.p, "protocol = \\\"h1\\\"");
		if (i == 0 || i == 3)
			assert_has(st.lines.p, line);
		else
			assert_lacks(st.lines.p, line);
		if (i == 3)
			assert_has(st.lines.p, "2 more since");
	}
	assert_int_equal(stage_pool(&st)->bad_end.total, 4);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_a_goaway_with_an_error),
		cmocka_unit_test(tells_with_what_a_stream_was_reset),
		cmocka_unit_test(counts_a_broken_connection_once),
		cmocka_unit_test(tells_the_log_once_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
