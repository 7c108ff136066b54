/*
 * Every wait has an end, at its time and not before, and says who was slow.
 */
#include "stage.h"

#include <stdio.h>

#define SLACK MSEC(12)		/* a slot of the timer wheel, and a little */

#define POST10 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
#define LONG_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"

static void
waits_for_the_response_as_long_as_configured(void **state)
{
	static const int64_t times[] = { 1, 250, 1000, 7000, 60000 };
	struct stage st;
	struct talk t;
	char pool[64];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		(void)snprintf(pool, sizeof(pool),
		    "timeouts = { response = \"%dms\"; };", (int)times[i]);
		STAGE(&st, .pool = pool);
		t = talk_open(&st, GET);
		stage_advance(&st, MSEC(times[i]) - 1);
		assert_int_equal(waiting(t.client), 0);
		stage_advance(&st, SLACK);
		assert_starts(heard(&st, t.client), "HTTP/1.1 504 ");
		assert_ended(&st, "sH", 504);
		assert_true(t.server->closed);
		assert_false(t.client->closed);
		stage_close(&st);
	}
}

static void
counts_the_response_from_the_end_of_the_request(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { response = \"2s\"; };");
	t = talk_open(&st, POST10);
	stage_advance(&st, SEC(5));
	say(&st, t.client, "0123456789");
	stage_advance(&st, SEC(2) - 1);
	assert_int_equal(waiting(t.client), 0);
	stage_advance(&st, SLACK);
	assert_starts(heard(&st, t.client), "HTTP/1.1 504 ");
	assert_ended(&st, "sH", 504);
	stage_close(&st);
}

static void
refuses_a_head_that_takes_too_long(void **state)
{
	struct stage st;
	struct wire *client;
	const char *text;

	(void)state;
	STAGE(&st, .listener = "timeouts = { head = \"4s\"; };");
	client = stage_client(&st);
	stage_advance(&st, SEC(1));
	say(&st, client, "GET / HTTP/1.1\r\n");
	stage_advance(&st, SEC(3));
	say(&st, client, "Host: x\r\n");	/* earns no more time */
	stage_advance(&st, SEC(1) - 1);
	assert_int_equal(waiting(client), 0);
	stage_advance(&st, SLACK);
	text = heard(&st, client);
	assert_starts(text, "HTTP/1.1 408 ");
	assert_has(text, "Connection: close\r\n");
	assert_ended(&st, "cR", 408);
	assert_true(client->shut);
	stage_close(&st);
}

static void
closes_a_client_that_never_says_a_word(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .listener = "timeouts = { head = \"4s\"; };");
	client = stage_client(&st);
	stage_advance(&st, SEC(4) - 1);
	assert_false(client->closed);
	stage_advance(&st, SLACK);
	assert_true(client->closed);
	assert_int_equal(waiting(client), 0);
	assert_lacks(stage_log(&st), "\"event\":\"access\"");
	stage_close(&st);
}

static void
closes_an_idle_keep_alive_connection(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .listener = "timeouts = { head = \"4s\"; "
	    "keep_alive = \"9s\"; };");
	t = talk_open(&st, GET);
	stage_advance(&st, SEC(20));	/* busy is not idle */
	say(&st, t.server, OK);
	heard(&st, t.client);
	stage_log(&st);
	stage_advance(&st, SEC(9) - 1);
	assert_false(t.client->closed);
	stage_advance(&st, SLACK);
	assert_true(t.client->closed);
	assert_int_equal(waiting(t.client), 0);
	assert_lacks(stage_log(&st), "\"event\":\"access\"");
	stage_close(&st);
}

static void
gives_each_head_of_a_kept_connection_its_time(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .listener = "timeouts = { head = \"4s\"; "
	    "keep_alive = \"9s\"; };");
	t = talk_open(&st, GET);
	say(&st, t.server, OK);
	heard(&st, t.client);
	stage_log(&st);
	stage_advance(&st, SEC(8));
	say(&st, t.client, "GET / HTTP/1.1\r\n");
	stage_advance(&st, SEC(4) - 1);
	assert_int_equal(waiting(t.client), 0);
	stage_advance(&st, SLACK);
	assert_starts(heard(&st, t.client), "HTTP/1.1 408 ");
	assert_ended(&st, "cR", 408);
	stage_close(&st);
}

static void
refuses_a_body_that_stops(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { request = \"3s\"; };");
	t = talk_open(&st, POST10 "01");
	for (int i = 2; i < 6; i++) {		/* slow, but it moves */
		stage_advance(&st, SEC(2));
		say(&st, t.client, "%d", i);
	}
	assert_ends(heard(&st, t.server), "2345");
	stage_advance(&st, SEC(3) - 1);
	assert_int_equal(waiting(t.client), 0);
	stage_advance(&st, SLACK);
	assert_starts(heard(&st, t.client), "HTTP/1.1 408 ");
	assert_ended(&st, "cD", 408);
	assert_true(t.server->closed);
	assert_true(t.client->shut);
	stage_close(&st);
}

static void
cuts_a_response_that_stops(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st, .pool = "timeouts = { idle = \"3s\"; };");
	t = talk_open(&st, GET);
	say(&st, t.server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n3\r\nabc\r\n");
	stage_advance(&st, SEC(2));
	say(&st, t.server, "3\r\ndef\r\n");
	stage_advance(&st, SEC(3) - 1);
	assert_false(t.client->closed);
	stage_advance(&st, SLACK);
	assert_true(is_cut(t.client));
	assert_true(t.server->closed);
	text = heard(&st, t.client);
	assert_has(text, "\r\n3\r\ndef");
	assert_lacks(text, "\r\n0\r\n");
	assert_ended(&st, "sD", 200);
	stage_close(&st);
}

static void
gives_up_on_a_client_that_does_not_read(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .listener = "timeouts = { send = \"5s\"; };",
	    .pool = "timeouts = { idle = \"1s\"; };");
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, 1000000);
	stage_advance(&st, SEC(4));
	heard_some(&st, t.client, 10000);	/* as much is enough */
	stage_advance(&st, SEC(5) - 1);
	assert_false(t.client->closed);
	stage_advance(&st, SLACK);
	assert_true(is_cut(t.client));
	assert_true(t.server->closed);
	assert_ended(&st, "cD", 200);
	stage_close(&st);
}

static void
gives_up_on_a_client_that_reads_byte_by_byte(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .listener = "timeouts = { send = \"5s\"; };");
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, 1000000);
	for (int i = 0; i < 4; i++) {
		stage_advance(&st, SEC(1));
		heard_some(&st, t.client, 10);
	}
	assert_false(t.client->closed);
	stage_advance(&st, SEC(1) + SLACK);
	assert_true(is_cut(t.client));
	assert_ended(&st, "cD", 200);
	stage_close(&st);
}

static void
gives_up_on_a_server_that_does_not_read(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { idle = \"5s\"; };");
	t = talk_open(&st, "POST / HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 1000000\r\n\r\n");
	say_many(&st, t.client, 1000000);
	stage_advance(&st, SEC(5) - 1);
	assert_int_equal(waiting(t.client), 0);
	stage_advance(&st, SLACK);
	assert_starts(heard(&st, t.client), "HTTP/1.1 504 ");
	assert_ended(&st, "sH", 504);
	assert_true(t.server->closed);
	stage_close(&st);
}

static void
gives_up_on_a_client_that_does_not_read_our_answer(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .listener = "timeouts = { send = \"5s\"; };",
	    .routes = "{ path = \"/\"; respond = { body = \"0123456789\"; }; "
	    "},");
	client = stage_client(&st);
	client->room = 16;
	say(&st, client, GET);
	stage_advance(&st, SEC(5) - 1);
	assert_false(client->closed);
	stage_advance(&st, SLACK);
	assert_true(is_cut(client));
	assert_ended(&st, "cD", 200);
	stage_close(&st);
}

static void
does_not_linger_for_ever_after_the_last_answer(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .global = NULL);
	client = stage_client(&st);
	say(&st, client, "GET / HTTP/9.9\r\n\r\n");
	assert_has(heard(&st, client), "Connection: close\r\n");
	assert_true(client->shut);
	stage_advance(&st, LINK_LINGER_TIME - 1);
	say(&st, client, "blah");
	assert_false(client->closed);
	stage_advance(&st, SLACK);
	assert_true(client->closed);
	stage_close(&st);
}

static void
discards_only_so_much_after_the_last_answer(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .global = NULL);
	client = stage_client(&st);
	say(&st, client, "GET / HTTP/9.9\r\n\r\n");
	assert_true(client->shut);
	say_many(&st, client, LINK_LINGER_BYTES - 100);
	assert_false(client->closed);
	say_many(&st, client, 101);
	assert_true(client->closed);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_the_response_as_long_as_configured),
		cmocka_unit_test(
		    counts_the_response_from_the_end_of_the_request),
		cmocka_unit_test(refuses_a_head_that_takes_too_long),
		cmocka_unit_test(closes_a_client_that_never_says_a_word),
		cmocka_unit_test(closes_an_idle_keep_alive_connection),
		cmocka_unit_test(gives_each_head_of_a_kept_connection_its_time),
		cmocka_unit_test(refuses_a_body_that_stops),
		cmocka_unit_test(cuts_a_response_that_stops),
		cmocka_unit_test(gives_up_on_a_client_that_does_not_read),
		cmocka_unit_test(gives_up_on_a_client_that_reads_byte_by_byte),
		cmocka_unit_test(gives_up_on_a_server_that_does_not_read),
		cmocka_unit_test(
		    gives_up_on_a_client_that_does_not_read_our_answer),
		cmocka_unit_test(
		    does_not_linger_for_ever_after_the_last_answer),
		cmocka_unit_test(discards_only_so_much_after_the_last_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
