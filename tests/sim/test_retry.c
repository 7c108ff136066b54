/*
 * Servers that cannot be reached, and connections that had died: when a
 * request is tried again, where, and what the client is told if not.
 */
#include "stage.h"

#include <string.h>

#define NO_RETRIES "retries = 0;"

static void
goes_to_another_server_when_one_refuses(void **state)
{
	struct stage st;
	struct wire *client, *server;
	const char *log;

	(void)state;
	STAGE(&st, .global = NULL);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	client = stage_client(&st);
	say(&st, client, POST3);
	server = stage_dialled(&st, SERVER_B);
	assert_ends(heard(&st, server), "\r\n\r\nabc");
	assert_int_equal(stage_server(&st, "a")->active, 0);
	assert_int_equal(stage_server(&st, "b")->active, 1);
	say(&st, server, OK);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	log = stage_log(&st);
	assert_has(log, "\"termination\":\"--\"");
	assert_has(log, "\"retries\":1");
	assert_has(log, "\"server\":\"b\"");
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	assert_int_equal(stage_server(&st, "a")->count.wretr, 1);
	assert_int_equal(stage_server(&st, "a")->count.econ, 1);
	assert_int_equal(stage_server(&st, "a")->count.wredis, 1);
	stage_close(&st);
}

static void
tries_no_server_twice_while_another_is_left(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = TWO_SERVERS
	    ", { name = \"c\"; address = \"" SERVER_C "\"; }");
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	stage_reach(&st, SERVER_B, REACH_REFUSE);
	for (int i = 1; i <= 3; i++) {
		client = stage_client(&st);
		say(&st, client, GET);
		server = stage_dialled(&st, SERVER_C);
		heard(&st, server);
		say(&st, server, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		    "Content-Length: 2\r\n\r\nok");
		assert_ends(heard(&st, client), "\r\n\r\nok");
		assert_int_equal(stage_dials(&st, SERVER_C), i);
		assert_true(stage_dials(&st, SERVER_A) <= (unsigned)i);
		assert_true(stage_dials(&st, SERVER_B) <= (unsigned)i);
	}
	stage_close(&st);
}

static void
answers_503_when_all_servers_refuse(void **state)
{
	struct stage st;
	struct wire *client;
	const char *text;

	(void)state;
	STAGE(&st, .global = NULL);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	stage_reach(&st, SERVER_B, REACH_REFUSE);
	client = stage_client(&st);
	say(&st, client, GET);
	text = heard(&st, client);
	assert_starts(text, "HTTP/1.1 503 ");
	assert_has(text, "\r\nRetry-After: 5\r\n");
	assert_ended(&st, "SC", 503);
	assert_has(st.lines.p, "\"retries\":2");
	assert_int_equal(stage_dials(&st, SERVER_A) +
	    stage_dials(&st, SERVER_B), 3);
	assert_false(client->closed);
	stage_close(&st);
}

static void
answers_503_when_no_server_takes_requests(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .global = NULL);
	server_set_admin(stage_server(&st, "a"), SERVER_DRAIN);
	server_set_admin(stage_server(&st, "b"), SERVER_MAINT);
	client = stage_client(&st);
	say(&st, client, GET);
	assert_starts(heard(&st, client), "HTTP/1.1 503 ");
	assert_ended(&st, "SC", 503);
	assert_int_equal(stage_dials(&st, SERVER_A), 0);
	stage_close(&st);
}

static void
names_a_shortage_of_its_own(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = NO_RETRIES);
	stage_reach(&st, SERVER_A, REACH_SHORTAGE);
	client = stage_client(&st);
	say(&st, client, GET);
	assert_starts(heard(&st, client), "HTTP/1.1 503 ");
	assert_ended(&st, "RC", 503);
	stage_close(&st);
}

static void
goes_to_another_server_when_connecting_takes_too_long(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .pool = "timeouts = { connect = \"2s\"; };");
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = stage_client(&st);
	say(&st, client, GET);
	stage_advance(&st, SEC(2) - MSEC(1));
	assert_null(stage_dialled(&st, SERVER_B));
	stage_advance(&st, MSEC(12));
	server = stage_dialled(&st, SERVER_B);
	assert_starts(heard(&st, server), "GET / ");
	assert_int_equal(stage_server(&st, "a")->nbusy, 0);
	say(&st, server, OK);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
answers_503_after_the_connect_timeout(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER,
	    .pool = NO_RETRIES "timeouts = { connect = \"2s\"; };");
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = stage_client(&st);
	say(&st, client, GET);
	stage_advance(&st, SEC(2) - MSEC(1));
	assert_int_equal(waiting(client), 0);
	stage_advance(&st, MSEC(12));
	assert_starts(heard(&st, client), "HTTP/1.1 503 ");
	assert_ended(&st, "sC", 503);
	stage_close(&st);
}

/* A connection that was used once and is idle. */
static struct talk
used_connection(struct stage *st)
{
	struct talk t = talk_open(st, GET);

	say(st, t.server, OK);
	assert_ends(heard(st, t.client), "\r\n\r\nok");
	stage_log(st);
	assert_int_equal(stage_server(st, "a")->nidle, 1);
	return t;
}

static void
retries_a_get_on_a_connection_that_had_died(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = used_connection(&st);
	say(&st, t.client, GET);
	assert_starts(heard(&st, t.server), "GET / ");
	say_eof(&st, t.server);
	again = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, again), "GET / ");
	say(&st, again, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	assert_has(st.lines.p, "\"retries\":1");
	stage_close(&st);
}

static void
does_not_retry_a_post_that_was_sent(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = used_connection(&st);
	say(&st, t.client, POST3);
	assert_ends(heard(&st, t.server), "\r\n\r\nabc");
	say_eof(&st, t.server);
	assert_starts(heard(&st, t.client), "HTTP/1.1 502 ");
	assert_ended(&st, "SH", 502);
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	stage_close(&st);
}

static void
retries_a_post_of_which_nothing_was_sent(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *again;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = used_connection(&st);
	break_silently(t.server);
	say(&st, t.client, POST3);
	again = stage_dialled(&st, SERVER_A);
	assert_ends(heard(&st, again), "\r\n\r\nabc");
	say(&st, again, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
sends_a_put_with_its_body_again(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *again;

	(void)state;
	STAGE(&st, .global = NULL);
	t = talk_open(&st, "PUT / HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 3\r\n\r\nabc");
	say_eof(&st, t.server);
	again = stage_dialled(&st, SERVER_B);
	assert_non_null(again);
	assert_ends(heard(&st, again), "\r\n\r\nabc");
	say(&st, again, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
leaves_an_idle_connection_that_the_server_closed(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = used_connection(&st);
	say_eof(&st, t.server);
	assert_true(t.server->closed);
	assert_int_equal(stage_server(&st, "a")->nidle, 0);
	say(&st, t.client, POST3);
	t.server = stage_dialled(&st, SERVER_A);
	assert_ends(heard(&st, t.server), "\r\n\r\nabc");
	say(&st, t.server, OK);
	assert_ended(&st, "--", 200);
	assert_has(st.lines.p, "\"retries\":0");
	stage_close(&st);
}

static void
closes_connections_that_are_idle_too_long(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER,
	    .pool = "reuse = { timeout = \"5s\"; };");
	t = used_connection(&st);
	stage_advance(&st, SEC(5) - MSEC(1));
	assert_false(t.server->closed);
	stage_advance(&st, MSEC(12));
	assert_true(t.server->closed);
	stage_close(&st);
}

static void
distrusts_a_connection_with_bytes_nobody_asked_for(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = used_connection(&st);
	say(&st, t.server, "HTTP/1.1 200 OK\r\n\r\n");
	assert_true(t.server->closed);
	assert_int_equal(stage_server(&st, "a")->nidle, 0);
	stage_close(&st);
}

/* A request that was sent and got no answer loads another server again. */
static void
stays_within_the_budget_of_retries(void **state)
{
	struct stage st;
	struct talk one;
	struct wire *two, *server;

	(void)state;
	STAGE(&st, .pool = "retry_min = 1; retry_budget = 0;");
	one = talk_open(&st, GET);
	say_eof(&st, one.server);
	assert_starts(heard(&st, stage_dialled(&st, SERVER_B)), "GET / ");
	assert_int_equal(stage_pool(&st)->retrying, 1);
	two = stage_client(&st);
	say(&st, two, GET);
	server = stage_dialled(&st, SERVER_B);	/* again: a was skipped once */
	heard(&st, server);
	say_eof(&st, server);
	assert_starts(heard(&st, two), "HTTP/1.1 502 ");
	assert_ended(&st, "SH", 502);
	assert_has(st.lines.p, "\"retries\":0");
	assert_int_equal(stage_pool(&st)->count.retry_denied, 1);
	assert_int_equal(stage_pool(&st)->retrying, 1);
	say_reset(&st, one.client);
	assert_int_equal(stage_pool(&st)->retrying, 0);
	stage_close(&st);
}

/* No server carried any load of it. */
static void
does_not_charge_refused_connects_to_the_budget(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .pool = "retry_min = 0; retry_budget = 0;");
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	stage_answer(&st, SERVER_B, OK);
	client = stage_client(&st);
	say(&st, client, GET);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_int_equal(stage_pool(&st)->count.retry_denied, 0);
	stage_close(&st);
}

static void
keeps_a_connection_whose_asker_has_left(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = stage_client(&st);
	say(&st, client, GET);
	say_reset(&st, client);
	assert_int_equal(stage_server(&st, "a")->active, 0);
	stage_connect(&st, SERVER_A);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_to_another_server_when_one_refuses),
		cmocka_unit_test(tries_no_server_twice_while_another_is_left),
		cmocka_unit_test(answers_503_when_all_servers_refuse),
		cmocka_unit_test(answers_503_when_no_server_takes_requests),
		cmocka_unit_test(names_a_shortage_of_its_own),
		cmocka_unit_test(
		    goes_to_another_server_when_connecting_takes_too_long),
		cmocka_unit_test(answers_503_after_the_connect_timeout),
		cmocka_unit_test(retries_a_get_on_a_connection_that_had_died),
		cmocka_unit_test(does_not_retry_a_post_that_was_sent),
		cmocka_unit_test(retries_a_post_of_which_nothing_was_sent),
		cmocka_unit_test(sends_a_put_with_its_body_again),
		cmocka_unit_test(
		    leaves_an_idle_connection_that_the_server_closed),
		cmocka_unit_test(closes_connections_that_are_idle_too_long),
		cmocka_unit_test(
		    distrusts_a_connection_with_bytes_nobody_asked_for),
		cmocka_unit_test(stays_within_the_budget_of_retries),
		cmocka_unit_test(
		    does_not_charge_refused_connects_to_the_budget),
		cmocka_unit_test(keeps_a_connection_whose_asker_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
