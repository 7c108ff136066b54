/*
 * Servers that fail while traffic flows: who gets it then.
 */
#include "stage.h"

#include <string.h>

#define HEALTH "health = { type = \"http\"; path = \"/healthz\"; " \
	"interval = \"1s\"; timeout = \"500ms\"; fall = 3; rise = 2; "
#define CHECKED HEALTH "};"
#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define BAD "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

static void
assert_status(struct stage *st, const char *name, const char *want)
{
	char status[32];

	server_status(stage_server(st, name), status);
	assert_string_equal(status, want);
}

/* Both servers are up, and the traffic that is to come is the test's. */
static void
open_checked(struct stage *st, const char *pool)
{
	memset(st, 0, sizeof(*st));
	STAGE(st, .pool = pool);
	stage_answer(st, SERVER_A, GOOD);
	stage_answer(st, SERVER_B, GOOD);
	assert_status(st, "a", "checking");
	stage_advance(st, MSEC(150));
	assert_status(st, "a", "UP");
	assert_status(st, "b", "UP");
}

/* Until n further probes of a have begun, and the last has ended. */
static void
probe_times(struct stage *st, unsigned n)
{
	unsigned until = stage_dials(st, SERVER_A) + n;

	for (int i = 0; stage_dials(st, SERVER_A) < until; i++) {
		assert_true(i < 2000);
		stage_advance(st, MSEC(5));
	}
}

static void
counts_only_failures_in_a_row(void **state)
{
	struct stage st;

	(void)state;
	open_checked(&st, CHECKED);
	for (int i = 0; i < 3; i++) {
		stage_answer(&st, SERVER_A, BAD);
		probe_times(&st, 2);
		assert_status(&st, "a", "UP 1/3");
		stage_answer(&st, SERVER_A, GOOD);
		probe_times(&st, 2);
		assert_status(&st, "a", "UP");
	}
	stage_close(&st);
}

static void
keeps_traffic_from_a_server_that_is_down(void **state)
{
	static const enum reach reaches[] = { REACH_REFUSE, REACH_HANG };
	struct stage st;
	struct wire *client;

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_checked(&st, CHECKED);
		stage_reach(&st, SERVER_A, reaches[i]);
		stage_advance(&st, SEC(5));
		assert_status(&st, "a", "DOWN");
		for (int k = 0; k < 5; k++) {
			client = stage_client(&st);
			say(&st, client, GET);
			assert_starts(heard(&st, client), "HTTP/1.1 200 ");
			assert_has(stage_log(&st), "\"retries\":0");
		}
		assert_int_equal(stage_server(&st, "a")->count.lbtot, 0);
		stage_close(&st);
	}
}

static void
cuts_requests_on_a_server_that_goes_down_when_told_so(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	open_checked(&st, HEALTH "on_down = \"shutdown\"; };");
	stage_answer(&st, SERVER_A, NULL);
	client = stage_client(&st);
	say(&st, client, POST3);
	server = stage_dialled(&st, SERVER_A);
	assert_ends(heard(&st, server), "\r\n\r\nabc");
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	stage_advance(&st, SEC(5));
	assert_status(&st, "a", "DOWN");
	assert_true(server->closed);
	assert_starts(heard(&st, client), "HTTP/1.1 502 ");
	assert_ended(&st, "DH", 502);
	stage_close(&st);
}

static void
uses_all_servers_in_a_panic(void **state)
{
	struct stage st;

	(void)state;
	open_checked(&st, HEALTH "panic_threshold = 60; };");
	stage_answer(&st, SERVER_A, BAD);
	stage_advance(&st, SEC(5));
	assert_status(&st, "a", "DOWN");
	assert_true(stage_pool(&st)->panic);
	assert_int_equal(stage_pool(&st)->nusable, 2);
	stage_answer(&st, SERVER_A, GOOD);
	stage_advance(&st, SEC(4));
	assert_false(stage_pool(&st)->panic);
	stage_close(&st);
}

/* Dies under its requests, and comes back. */
static void
loses_no_idempotent_request_in_an_outage(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	open_checked(&st, CHECKED);
	client = stage_client(&st);
	for (int i = 0; i < 40; i++) {
		if (i == 10)
			stage_reach(&st, SERVER_A, REACH_REFUSE);
		if (i == 30)
			stage_reach(&st, SERVER_A, REACH_ACCEPT);
		say(&st, client, GET);
		assert_starts(heard(&st, client), "HTTP/1.1 200 ");
		stage_advance(&st, MSEC(300));
	}
	assert_status(&st, "a", "UP");
	assert_true(stage_server(&st, "a")->count.lbtot > 8);
	assert_true(stage_server(&st, "b")->count.lbtot > 20);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_only_failures_in_a_row),
		cmocka_unit_test(keeps_traffic_from_a_server_that_is_down),
		cmocka_unit_test(
		    cuts_requests_on_a_server_that_goes_down_when_told_so),
		cmocka_unit_test(uses_all_servers_in_a_panic),
		cmocka_unit_test(loses_no_idempotent_request_in_an_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
