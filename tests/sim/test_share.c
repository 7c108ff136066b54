/*
 * Requests that share connections to a server: which one each gets, and what
 * becomes of it when the server ends, refuses, breaks off, or falls silent.
 */
#include "peer.h"

#include <stdio.h>
#include <string.h>

#define SHARED "protocol = \"h2\";"
#define REFUSED 7u		/* REFUSED_STREAM */

static const struct server *
server_a(const struct stage *st)
{
	return stage_server(st, "a");
}

static void
answer(struct peer *server, unsigned n)
{
	assert_true(peer_told(server, n)->end);
	peer_answer(server, n, 200, "", 2);
	peer_body(server, n, "ok", true);
}

static void
assert_ok(struct peer *client, unsigned n)
{
	const struct told *t = peer_told(client, n);

	assert_non_null(t->head.p);
	assert_starts(t->head.p, "200\n");
	assert_string_equal(t->body.p, "ok");
	assert_true(t->end);
}

static void
ask(struct peer *client, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		peer_ask(client, "GET", "/", "", PEER_NO_BODY);
}

static void
shares_one_connection(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 3);
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	server = peer_server(&st, SERVER_A, true);
	assert_int_equal(server->n, 3);
	assert_int_equal(server_a(&st)->nbusy, 1);
	assert_int_equal(server_a(&st)->active, 3);
	answer(server, 3);
	assert_ok(client, 3);
	answer(server, 1);
	assert_ok(client, 1);
	assert_int_equal(server_a(&st)->nidle, 0);
	answer(server, 2);
	assert_ok(client, 2);
	assert_int_equal(server_a(&st)->nidle, 1);
	assert_int_equal(server_a(&st)->nbusy, 0);
	assert_int_equal(server_a(&st)->count.connect, 1);
	assert_int_equal(server_a(&st)->count.reuse, 2);
	stage_close(&st);
}

static void
waits_with_one_that_is_being_dialled(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "max_streams = 4;");
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = peer_client(&st, true);
	ask(client, 4);
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	ask(client, 1);
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	stage_connect(&st, SERVER_A)->taken = false;
	server = peer_server(&st, SERVER_A, true);
	assert_int_equal(server->n, 4);
	for (unsigned i = 1; i <= 4; i++) {
		answer(server, i);
		assert_ok(client, i);
	}
	stage_advance(&st, SEC(6));	/* the other one is given up */
	stage_close(&st);
}

static void
tells_all_who_wait_that_it_failed(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = TWO_SERVERS, .pool = SHARED);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	client = peer_client(&st, true);
	ask(client, 6);
	assert_int_equal(stage_dials(&st, SERVER_B), 1);
	server = peer_server(&st, SERVER_B, true);
	assert_int_equal(server->n, 6);
	for (unsigned i = 1; i <= 6; i++)
		answer(server, i);
	for (unsigned i = 1; i <= 6; i++)
		assert_ok(client, i);
	stage_close(&st);
}

static void
makes_another_when_all_are_full(void **state)
{
	struct stage st;
	struct peer *client, *server[3];

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "max_streams = 2;");
	client = peer_client(&st, true);
	ask(client, 5);
	assert_int_equal(stage_dials(&st, SERVER_A), 3);
	for (int i = 0; i < 3; i++)
		server[i] = peer_server(&st, SERVER_A, true);
	assert_int_equal(server[0]->n, 2);
	assert_int_equal(server[1]->n, 2);
	assert_int_equal(server[2]->n, 1);
	ask(client, 1);			/* 2 2 1 */
	peer_settle(server[2]);
	assert_int_equal(server[2]->n, 2);
	answer(server[1], 1);		/* 2 1 2 */
	ask(client, 1);
	peer_settle(server[1]);
	assert_int_equal(server[1]->n, 3);
	answer(server[0], 1);
	answer(server[0], 2);		/* 0 2 2 */
	answer(server[2], 1);		/* 0 2 1 */
	ask(client, 1);
	peer_settle(server[0]);
	assert_int_equal(server[0]->n, 3);
	assert_int_equal(stage_dials(&st, SERVER_A), 3);
	peer_reset(client, 1, 8);
	stage_close(&st);
}

/* Of those that have room, wherever they stand on the list. */
static void
takes_the_least_loaded(void **state)
{
	struct stage st;
	struct peer *client, *server[2];

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "max_streams = 3;");
	client = peer_client(&st, true);
	ask(client, 6);
	for (int i = 0; i < 2; i++)
		server[i] = peer_server(&st, SERVER_A, true);
	answer(server[0], 1);		/* 2 3 */
	answer(server[1], 1);
	answer(server[1], 2);		/* 2 1 */
	ask(client, 1);
	peer_settle(server[1]);
	assert_int_equal(server[0]->n, 3);
	assert_int_equal(server[1]->n, 4);
	answer(server[0], 2);		/* 1 2 */
	ask(client, 1);
	peer_settle(server[0]);
	assert_int_equal(server[0]->n, 4);
	assert_int_equal(server[1]->n, 4);
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	peer_reset(client, 1, 8);
	stage_close(&st);
}

static void
heeds_the_limit_of_the_server(void **state)
{
	struct stage st;
	struct peer *client, *first, *second;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 1);
	first = peer_server_most(&st, SERVER_A, 2);
	ask(client, 3);
	second = peer_server(&st, SERVER_A, true);
	assert_non_null(second);
	peer_settle(first);
	assert_int_equal(first->n, 2);
	assert_int_equal(second->n, 2);
	for (unsigned i = 1; i <= 2; i++) {
		answer(first, i);
		answer(second, i);
	}
	for (unsigned i = 1; i <= 4; i++)
		assert_ok(client, i);
	stage_close(&st);
}

/* They were asked before the server had said how many it takes. */
static void
places_anew_what_a_server_has_no_room_for(void **state)
{
	struct peer *client, *server[16];
	struct stage st;
	unsigned n = 0;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 20);
	while (n < 16 && (server[n] = peer_server_most(&st, SERVER_A,
	    4)) != NULL) {
		for (unsigned i = 1; i <= server[n]->n; i++)
			if (!server[n]->s[i].closed)
				answer(server[n], i);
		n++;
	}
	for (unsigned k = 0; k < n; k++)
		peer_settle(server[k]);
	for (unsigned i = 1; i <= 20; i++)
		assert_ok(client, i);
	stage_close(&st);
}

/* Its SETTINGS, which are there as soon as the connection, allow no stream. */
static void
does_not_dial_for_ever_where_no_stream_is_allowed(void **state)
{
	static const char none[] = "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\0";
	struct peer *client;
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "retries = 2;");
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = peer_client(&st, true);
	ask(client, 1);
	for (int i = 0; i < 10 &&
	    (w = stage_dialled(&st, SERVER_A)) != NULL; i++) {
		w->connecting = true;
		say_bytes_later(w, none, sizeof(none) - 1);
		stage_settle(&st);
	}
	assert_int_equal(stage_dials(&st, SERVER_A), 3);
	assert_starts(peer_told(client, 1)->head.p, "503\n");
	stage_advance(&st, SEC(5) + MSEC(12));
	assert_int_equal(server_a(&st)->nbusy, 0);
	stage_close(&st);
}

static void
tries_elsewhere_what_goaway_left_out(void **state)
{
	struct stage st;
	struct peer *client, *server, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 1);
	for (unsigned i = 2; i <= 3; i++) {
		peer_ask(client, "POST", "/", "", 3);
		peer_body(client, i, "abc", true);
	}
	server = peer_server(&st, SERVER_A, true);
	assert_int_equal(server->n, 3);
	peer_goaway(server, 1);
	again = peer_server(&st, SERVER_A, true);
	assert_non_null(again);
	assert_int_equal(again->n, 2);
	assert_string_equal(peer_told(again, 1)->body.p, "abc");
	answer(again, 1);
	answer(again, 2);
	assert_ok(client, 2);
	assert_ok(client, 3);
	assert_has(stage_log(&st), "\"retries\":1");
	ask(client, 1);			/* the one that ends gets no more */
	peer_settle(again);
	assert_int_equal(again->n, 3);
	assert_false(is_cut(server->w));
	answer(server, 1);
	assert_ok(client, 1);
	assert_true(is_cut(server->w));
	answer(again, 3);
	assert_ok(client, 4);
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	stage_close(&st);
}

static void
tries_elsewhere_what_was_refused(void **state)
{
	struct stage st;
	struct peer *client, *server, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED
	    "retry_budget = 0; retry_min = 0;");
	client = peer_client(&st, true);
	ask(client, 1);
	peer_ask(client, "POST", "/", "", 3);
	peer_body(client, 2, "abc", true);
	server = peer_server(&st, SERVER_A, true);
	assert_true(peer_told(server, 2)->end);
	peer_reset(server, 2, REFUSED);
	again = peer_server(&st, SERVER_A, true);
	assert_non_null(again);
	assert_string_equal(peer_told(again, 1)->body.p, "abc");
	answer(again, 1);
	assert_ok(client, 2);
	answer(server, 1);
	assert_ok(client, 1);
	assert_int_equal(server_a(&st)->nidle, 2);
	stage_close(&st);
}

/* A server that serves one request a connection, and twelve that wait. */
static void
comes_to_an_end_with_a_server_that_goes_away_each_time(void **state)
{
	struct peer *client, *server[16];
	struct stage st;
	unsigned n = 0;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 12);
	while (n < 16 && (server[n] = peer_server(&st, SERVER_A,
	    true)) != NULL) {
		peer_goaway(server[n], 1);
		answer(server[n], 1);
		n++;
	}
	for (unsigned i = 1; i <= 12; i++)
		assert_ok(client, i);
	assert_int_equal(n, 12);
	stage_close(&st);
}

static void
gives_up_on_a_server_that_refuses_everything(void **state)
{
	struct peer *client, *server[32];
	struct stage st;
	unsigned n = 0;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 1);
	while (n < 32 && (server[n] = peer_server(&st, SERVER_A,
	    true)) != NULL)
		peer_goaway(server[n++], 0);
	assert_int_equal(n, 1 + EXCHANGE_REFUSALS);
	assert_starts(peer_told(client, 1)->head.p, "502\n");
	assert_ended(&st, "SH", 502);
	stage_close(&st);
}

static void
judges_each_request_of_a_connection_that_dies(void **state)
{
	struct stage st;
	struct peer *client, *other, *server, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "max_streams = 3;");
	other = peer_client(&st, true);
	client = peer_client(&st, true);
	ask(client, 1);			/* will be tried again */
	peer_ask(client, "POST", "/", "", 3);
	peer_body(client, 2, "abc", true);	/* will not */
	ask(client, 1);			/* has begun to be answered */
	ask(other, 1);			/* on another connection */
	server = peer_server(&st, SERVER_A, true);
	again = peer_server(&st, SERVER_A, true);
	assert_int_equal(server->n, 3);
	assert_int_equal(again->n, 1);
	peer_answer(server, 3, 200, "", 100);
	peer_body(server, 3, "abc", false);
	assert_string_equal(peer_told(client, 3)->body.p, "abc");
	say_reset(&st, server->w);
	assert_starts(peer_told(client, 2)->head.p, "502\n");
	assert_true(peer_told(client, 3)->reset);
	server = peer_server(&st, SERVER_A, true);
	assert_non_null(server);
	assert_int_equal(server->n, 1);
	answer(server, 1);
	assert_ok(client, 1);
	answer(again, 1);
	assert_ok(other, 1);
	stage_close(&st);
}

/* Has served one request, and is idle. */
static struct peer *
idle_one(struct stage *st, struct peer *client)
{
	struct peer *server;

	ask(client, 1);
	server = peer_server(st, SERVER_A, true);
	assert_non_null(server);
	answer(server, 1);
	assert_ok(client, 1);
	assert_int_equal(server_a(st)->nidle, 1);
	return server;
}

static void
asks_an_idle_one_for_life(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED
	    "reuse = { ping = \"10s\"; timeout = \"25s\"; };");
	client = peer_client(&st, true);
	server = idle_one(&st, client);
	stage_advance(&st, SEC(10) - MSEC(1));
	peer_settle(server);
	assert_int_equal(server->pings, 0);
	stage_advance(&st, MSEC(12));
	peer_settle(server);		/* answers */
	assert_int_equal(server->pings, 1);
	stage_advance(&st, SEC(9));
	ask(client, 1);
	answer(server, 2);
	assert_ok(client, 2);
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	stage_advance(&st, SEC(10) + MSEC(12));
	peer_settle(server);
	assert_int_equal(server->pings, 2);
	stage_advance(&st, SEC(15));
	assert_true(is_cut(server->w));
	assert_int_equal(server_a(&st)->count.silent, 0);
	stage_close(&st);
}

static void
closes_an_idle_one_that_does_not_answer(void **state)
{
	struct stage st;
	struct peer *client, *server, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED
	    "timeouts = { connect = \"3s\"; };");
	client = peer_client(&st, true);
	server = idle_one(&st, client);
	stage_advance(&st, SEC(10) + MSEC(12));
	ask(client, 1);			/* not on one that is in doubt */
	again = peer_server(&st, SERVER_A, true);
	assert_non_null(again);
	answer(again, 1);
	assert_ok(client, 2);
	stage_advance(&st, SEC(3) - MSEC(24));
	assert_false(is_cut(server->w));
	stage_advance(&st, MSEC(36));
	assert_true(is_cut(server->w));
	assert_int_equal(server_a(&st)->count.silent, 1);
	assert_int_equal(server_a(&st)->nidle, 1);
	stage_close(&st);
}

static void
risks_no_request_on_one_that_was_silent(void **state)
{
	struct stage st;
	struct peer *client, *server, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 1);
	server = peer_server(&st, SERVER_A, true);
	stage_advance(&st, SEC(11));
	peer_settle(server);
	assert_int_equal(server->pings, 0);	/* it may take its time */
	ask(client, 1);
	again = peer_server(&st, SERVER_A, true);
	assert_non_null(again);
	peer_settle(server);
	assert_int_equal(server->pings, 1);
	ask(client, 1);			/* it has answered; loads 1 1 */
	ask(client, 1);
	peer_settle(server);
	peer_settle(again);
	assert_int_equal(server->n, 2);
	assert_int_equal(again->n, 2);
	answer(server, 1);
	answer(server, 2);
	answer(again, 1);
	answer(again, 2);
	for (unsigned i = 1; i <= 4; i++)
		assert_ok(client, i);
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	stage_close(&st);
}

/*
 * It accepts, speaks, and then takes nothing: so the streams that were given up
 * cannot be ended, and it never has room again.
 */
static void
ends_one_that_takes_nothing_any_more(void **state)
{
	struct stage st;
	struct peer *client, *server, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "max_streams = 1;"
	    "timeouts = { connect = \"3s\"; idle = \"2s\"; };");
	client = peer_client(&st, true);
	server = idle_one(&st, client);
	server->w->room = 1000;
	peer_ask(client, "POST", "/", "", 50000);
	peer_body_many(client, 2, 50000, true);
	assert_int_equal(server_a(&st)->nbusy, 1);
	stage_advance(&st, SEC(2) + MSEC(12));
	assert_starts(peer_told(client, 2)->head.p, "504\n");
	assert_int_equal(server_a(&st)->active, 0);
	ask(client, 1);
	again = peer_server(&st, SERVER_A, true);
	assert_non_null(again);
	answer(again, 1);
	assert_ok(client, 3);
	assert_false(is_cut(server->w));
	stage_advance(&st, SEC(3) + MSEC(12));
	assert_true(is_cut(server->w));
	assert_int_equal(server_a(&st)->nbusy, 0);
	assert_int_equal(server_a(&st)->count.silent, 1);
	stage_close(&st);
}

static void
asks_nothing_where_that_is_off(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED
	    "reuse = { ping = \"0s\"; };");
	client = peer_client(&st, true);
	server = idle_one(&st, client);
	stage_advance(&st, SEC(20));
	ask(client, 1);
	answer(server, 2);
	assert_ok(client, 2);
	assert_int_equal(server->pings, 0);
	stage_close(&st);
}

static void
follows_a_reload_to_another_protocol(void **state)
{
	struct stage st;
	struct peer *client, *server, *idle, *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "max_streams = 1;");
	client = peer_client(&st, true);
	ask(client, 2);
	server = peer_server(&st, SERVER_A, true);
	idle = peer_server(&st, SERVER_A, true);
	answer(idle, 1);
	assert_int_equal(server_a(&st)->nidle, 1);
	STAGE_APPLY(&st, .servers = ONE_SERVER, .pool = "protocol = \"h1\";");
	assert_true(is_cut(idle->w));
	ask(client, 1);
	again = peer_server(&st, SERVER_A, false);
	assert_starts(peer_told(again, 1)->head.p, "GET /\n");
	answer(again, 1);
	assert_ok(client, 3);
	answer(server, 1);
	assert_ok(client, 1);
	assert_true(is_cut(server->w));
	assert_int_equal(server_a(&st)->nidle, 1);
	STAGE_APPLY(&st, .servers = ONE_SERVER, .pool = SHARED);
	assert_true(is_cut(again->w));
	stage_close(&st);
}

/* It is over only when its last stream was let go. */
static void
ends_all_when_the_server_goes_down(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED "retries = 0;"
	    "health = { type = \"tcp\"; on_down = \"shutdown\"; };");
	stage_advance(&st, MSEC(200));
	client = peer_client(&st, true);
	ask(client, 3);
	do
		server = peer_server(&st, SERVER_A, true);
	while (server->n == 0);
	assert_int_equal(server->n, 3);
	assert_true(server_set_health(stage_server(&st, "a"), false));
	stage_settle(&st);
	for (unsigned i = 1; i <= 3; i++)
		assert_starts(peer_told(client, i)->head.p, "502\n");
	assert_true(is_cut(server->w));
	assert_int_equal(server_a(&st)->nbusy, 0);
	stage_close(&st);
}

static void
lets_streams_finish_on_a_server_in_maint(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	client = peer_client(&st, true);
	ask(client, 2);
	server = peer_server(&st, SERVER_A, true);
	server_set_admin(stage_server(&st, "a"), SERVER_MAINT);
	answer(server, 1);
	assert_ok(client, 1);
	assert_false(is_cut(server->w));
	answer(server, 2);
	assert_ok(client, 2);
	assert_true(is_cut(server->w));
	stage_close(&st);
}

/* Who asked leaves: the connection is kept, without it. */
static void
keeps_a_connection_that_nobody_waits_for(void **state)
{
	struct stage st;
	struct peer *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED);
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = peer_client(&st, true);
	ask(client, 2);
	peer_reset(client, 1, 8);
	peer_reset(client, 2, 8);
	stage_connect(&st, SERVER_A)->taken = false;
	assert_int_equal(server_a(&st)->nidle, 1);
	ask(client, 1);
	server = peer_server(&st, SERVER_A, true);
	answer(server, 1);
	assert_ok(client, 3);
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	stage_close(&st);
}

/* One stream at a time in clear, whatever TLS would have come to. */
static void
speaks_the_old_one_in_clear_when_it_may_choose(void **state)
{
	struct stage st;
	struct peer *client, *one, *two;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = "protocol = \"auto\";");
	client = peer_client(&st, true);
	ask(client, 2);
	one = peer_server(&st, SERVER_A, false);
	two = peer_server(&st, SERVER_A, false);
	assert_non_null(two);
	answer(one, 1);
	answer(two, 1);
	assert_ok(client, 1);
	assert_ok(client, 2);
	stage_close(&st);
}

/* A server that is told first whom the connection is for. */
static struct peer *
told_server(struct stage *st, const char *who)
{
	struct wire *w = stage_dialled(st, SERVER_A);
	size_t n;

	assert_non_null(w);
	n = (size_t)(strstr(w->out.p, "\r\n") + 2 - w->out.p);
	heard_some(st, w, n);
	assert_has(w->last.p, who);
	w->taken = false;
	return peer_server(st, SERVER_A, true);
}

static void
shares_only_among_the_requests_of_one_client_that_is_named(void **state)
{
	struct stage st;
	struct peer *one, *two, *first, *second;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SHARED
	    "send_proxy = \"v1\";");
	one = peer_client(&st, true);
	two = peer_client(&st, true);
	ask(one, 2);
	ask(two, 1);
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	first = told_server(&st, "192.0.2.1 10.0.0.9 4000");
	second = told_server(&st, "192.0.2.1 10.0.0.9 4001");
	assert_int_equal(first->n, 2);
	assert_int_equal(second->n, 1);
	ask(one, 1);
	answer(first, 1);
	answer(first, 2);
	answer(first, 3);
	answer(second, 1);
	for (unsigned i = 1; i <= 3; i++)
		assert_ok(one, i);
	assert_ok(two, 1);
	assert_int_equal(server_a(&st)->nidle, 2);
	say_eof(&st, one->w);
	assert_true(is_cut(first->w));
	assert_false(is_cut(second->w));
	stage_close(&st);
}

static void
spreads_requests_evenly(void **state)
{
	struct stage st;
	struct peer *client, *a, *b;

	(void)state;
	STAGE(&st, .servers = TWO_SERVERS, .pool = SHARED,
	    .balance = "least_conn");
	client = peer_client(&st, true);
	ask(client, 10);
	a = peer_server(&st, SERVER_A, true);
	b = peer_server(&st, SERVER_B, true);
	assert_int_equal(a->n, 5);
	assert_int_equal(b->n, 5);
	answer(a, 1);
	answer(a, 2);
	ask(client, 2);
	peer_settle(a);
	assert_int_equal(a->n, 7);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_one_connection),
		cmocka_unit_test(waits_with_one_that_is_being_dialled),
		cmocka_unit_test(tells_all_who_wait_that_it_failed),
		cmocka_unit_test(makes_another_when_all_are_full),
		cmocka_unit_test(takes_the_least_loaded),
		cmocka_unit_test(heeds_the_limit_of_the_server),
		cmocka_unit_test(places_anew_what_a_server_has_no_room_for),
		cmocka_unit_test(
		    does_not_dial_for_ever_where_no_stream_is_allowed),
		cmocka_unit_test(tries_elsewhere_what_goaway_left_out),
		cmocka_unit_test(tries_elsewhere_what_was_refused),
		cmocka_unit_test(
		    comes_to_an_end_with_a_server_that_goes_away_each_time),
		cmocka_unit_test(gives_up_on_a_server_that_refuses_everything),
		cmocka_unit_test(judges_each_request_of_a_connection_that_dies),
		cmocka_unit_test(asks_an_idle_one_for_life),
		cmocka_unit_test(closes_an_idle_one_that_does_not_answer),
		cmocka_unit_test(risks_no_request_on_one_that_was_silent),
		cmocka_unit_test(ends_one_that_takes_nothing_any_more),
		cmocka_unit_test(asks_nothing_where_that_is_off),
		cmocka_unit_test(follows_a_reload_to_another_protocol),
		cmocka_unit_test(ends_all_when_the_server_goes_down),
		cmocka_unit_test(lets_streams_finish_on_a_server_in_maint),
		cmocka_unit_test(keeps_a_connection_that_nobody_waits_for),
		cmocka_unit_test(speaks_the_old_one_in_clear_when_it_may_choose),
		cmocka_unit_test(
		    shares_only_among_the_requests_of_one_client_that_is_named),
		cmocka_unit_test(spreads_requests_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
