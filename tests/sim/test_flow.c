/*
 * Long bodies and slow readers: every byte arrives, few are held.  Tunnels.
 */
#include "stage.h"

#include <string.h>

#define LONG 1000000
#define PAGES_MOST 3		/* of one exchange */

#define LONG_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
#define LONG_POST "POST / HTTP/1.1\r\nHost: x\r\n" \
	"Content-Length: 1000000\r\n\r\n"
#define UPGRADE "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\n" \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

/* Hears all that comes, a portion at a time, behind the head. */
static void
hear_body(struct stage *st, struct wire *w, size_t portion)
{
	struct text all;
	const char *body;

	text_init(&all);
	while (heard_some(st, w, portion) > 0) {
		text_add_slice(&all, text_slice(&w->last));
		assert_true(st->loop->pages.nused <= PAGES_MOST);
	}
	body = strstr(all.p, "\r\n\r\n");
	assert_non_null(body);
	assert_many(body + 4, LONG);
	text_fini(&all);
}

static void
holds_little_of_a_long_response_for_a_slow_client(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, LONG);
	assert_int_equal(waiting(t.client), PIPE_MOST);
	assert_true(unread(t.server) > LONG - PIPE_MOST -
	    PAGES_MOST * BUF_PAGE);
	assert_true(st.loop->pages.nused <= PAGES_MOST);
	hear_body(&st, t.client, 1000);
	assert_ended(&st, "--", 200);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

static void
holds_little_of_a_long_request_for_a_slow_server(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	client = stage_client(&st);
	say(&st, client, LONG_POST);
	say_many(&st, client, LONG);
	server = stage_dialled(&st, SERVER_A);
	assert_int_equal(waiting(server), PIPE_MOST);
	assert_true(unread(client) > LONG - PIPE_MOST -
	    PAGES_MOST * BUF_PAGE);
	hear_body(&st, server, 1000);
	say(&st, server, OK);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

/* Though the client takes it as fast as it comes. */
static void
moves_no_more_than_a_share_in_a_tick(void **state)
{
	struct stage st;
	struct talk t;
	size_t before;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	t.client->room = 2 * LONG;
	say_later(t.server, LONG_RESPONSE);
	text_add(&t.server->in, "%*s", LONG, "x");
	for (int i = 0; i < 2; i++) {
		before = unread(t.server);
		loop_tick(st.loop, 0);
		assert_true(unread(t.server) < before);
		assert_true(before - unread(t.server) <=
		    LINK_SHARE + BUF_PAGE);
	}
	stage_settle(&st);
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
turns_a_long_body_until_the_end_into_chunks(void **state)
{
	struct stage st;
	struct talk t;
	size_t n = 0;
	bool last = false;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, "HTTP/1.1 200 OK\r\n\r\n");
	say_many(&st, t.server, LONG);
	say_eof(&st, t.server);
	while (heard_some(&st, t.client, 5000) > 0) {
		n += t.client->last.n;
		last = strstr(t.client->last.p, "\r\n0\r\n\r\n") != NULL;
		assert_true(st.loop->pages.nused <= PAGES_MOST);
	}
	assert_true(n > LONG && n < LONG + LONG / 100);
	assert_true(last);
	assert_ended(&st, "--", 200);
	assert_false(t.client->closed);
	stage_close(&st);
}

static void
sends_a_long_body_both_ways_at_once(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, LONG_POST);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, LONG);
	say_many(&st, t.client, LONG);
	while (heard_some(&st, t.server, PIPE_MOST) > 0)
		continue;
	assert_int_equal(unread(t.client), 0);
	hear_body(&st, t.client, PIPE_MOST);
	assert_ended(&st, "--", 200);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

static struct talk
open_tunnel(struct stage *st)
{
	struct talk t;

	t.client = stage_client(st);
	say(st, t.client, UPGRADE);
	t.server = stage_dialled(st, SERVER_A);
	assert_has(heard(st, t.server), "\r\nUpgrade: websocket\r\n");
	say(st, t.server, SWITCHED "hi");
	assert_starts(heard(st, t.client), "HTTP/1.1 101 ");
	assert_ends(t.client->last.p, "\r\n\r\nhi");
	return t;
}

static void
carries_a_websocket_both_ways(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = open_tunnel(&st);
	assert_has(t.client->last.p, "\r\nUpgrade: websocket\r\n");
	assert_has(t.client->last.p, "\r\nConnection: Upgrade\r\n");
	for (int i = 0; i < 3; i++) {
		say(&st, t.client, "up%d", i);
		assert_starts(heard(&st, t.server), "up");
		say(&st, t.server, "down%d", i);
		assert_starts(heard(&st, t.client), "down");
	}
	say_many(&st, t.client, LONG);
	assert_int_equal(waiting(t.server), PIPE_MOST);
	assert_true(st.loop->pages.nused <= PAGES_MOST);
	while (heard_some(&st, t.server, PIPE_MOST) > 0)
		continue;
	assert_int_equal(unread(t.client), 0);
	say_eof(&st, t.server);
	assert_true(t.client->shut);
	say_eof(&st, t.client);
	assert_true(t.client->closed && t.server->closed);
	assert_false(t.client->reset || t.server->reset);
	assert_ended(&st, "--", 101);
	stage_close(&st);
}

static void
passes_a_half_close_through_a_tunnel(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = open_tunnel(&st);
	say(&st, t.client, "last");
	say_eof(&st, t.client);
	assert_string_equal(heard(&st, t.server), "last");
	assert_true(t.server->shut);
	assert_false(t.server->closed);
	say(&st, t.server, "more");
	assert_string_equal(heard(&st, t.client), "more");
	say_eof(&st, t.server);
	assert_true(t.client->closed && t.server->closed);
	assert_false(t.client->reset || t.server->reset);
	assert_ended(&st, "--", 101);
	stage_close(&st);
}

static void
ends_a_tunnel_in_which_nothing_moves(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER,
	    .pool = "timeouts = { tunnel = \"10s\"; };");
	t = open_tunnel(&st);
	stage_advance(&st, SEC(9));
	say(&st, t.server, "still here");
	stage_advance(&st, SEC(9));
	say(&st, t.client, "and I");
	stage_advance(&st, SEC(10) - MSEC(1));
	assert_false(t.client->closed);
	stage_advance(&st, MSEC(12));
	assert_true(t.client->closed && t.server->closed);
	assert_ended(&st, "cD", 101);
	stage_close(&st);
}

static void
cuts_a_tunnel_whose_end_breaks(void **state)
{
	static const struct {
		bool client;
		const char *letters;
	} cases[] = { { true, "CD" }, { false, "SD" } };
	struct stage st;
	struct talk t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		STAGE(&st, .servers = ONE_SERVER);
		t = open_tunnel(&st);
		say_reset(&st, cases[i].client ? t.client : t.server);
		assert_true(t.client->closed && t.server->closed);
		assert_ended(&st, cases[i].letters, 101);
		stage_close(&st);
	}
}

/* Its last bytes still arrive; then there is nobody left to speak to. */
static void
ends_a_tunnel_that_breaks_after_a_half_close(void **state)
{
	static const struct {
		bool client;
		const char *letters;
	} cases[] = { { true, "CD" }, { false, "SD" } };
	struct stage st;
	struct talk t;
	struct wire *ends, *stays;

	(void)state;
	for (int i = 0; i < 2; i++) {
		STAGE(&st, .servers = ONE_SERVER);
		t = open_tunnel(&st);
		ends = cases[i].client ? t.client : t.server;
		stays = cases[i].client ? t.server : t.client;
		say(&st, ends, "bye");
		say_eof(&st, ends);
		assert_string_equal(heard(&st, stays), "bye");
		assert_true(stays->shut);
		assert_int_equal(st.worker->nexchanges, 1);
		say_reset(&st, ends);
		assert_int_equal(st.worker->nexchanges, 0);
		assert_true(t.client->closed && t.server->closed);
		assert_ended(&st, cases[i].letters, 101);
		stage_close(&st);
	}
}

static void
answers_an_upgrade_that_the_server_declines(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, UPGRADE);
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_false(t.client->closed);
	say(&st, t.client, GET);
	assert_starts(heard(&st, t.server), "GET / ");
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    holds_little_of_a_long_response_for_a_slow_client),
		cmocka_unit_test(
		    holds_little_of_a_long_request_for_a_slow_server),
		cmocka_unit_test(moves_no_more_than_a_share_in_a_tick),
		cmocka_unit_test(turns_a_long_body_until_the_end_into_chunks),
		cmocka_unit_test(sends_a_long_body_both_ways_at_once),
		cmocka_unit_test(carries_a_websocket_both_ways),
		cmocka_unit_test(passes_a_half_close_through_a_tunnel),
		cmocka_unit_test(ends_a_tunnel_in_which_nothing_moves),
		cmocka_unit_test(cuts_a_tunnel_whose_end_breaks),
		cmocka_unit_test(ends_a_tunnel_that_breaks_after_a_half_close),
		cmocka_unit_test(answers_an_upgrade_that_the_server_declines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
