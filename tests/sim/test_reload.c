/*
 * A new snapshot while requests are in flight; and the end of it all: drain.
 */
#include "stage.h"

#include <string.h>

#define HALF "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
#define CHECKED "health = { type = \"tcp\"; interval = \"1s\"; };"
#define A_AND_C ONE_SERVER ", { name = \"c\"; address = \"" SERVER_C "\"; }"
#define ONLY_B "{ name = \"b\"; address = \"" SERVER_B "\"; }"

static void
finishes_a_response_under_the_old_snapshot(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { idle = \"30s\"; };");
	t = talk_open(&st, GET);
	say(&st, t.server, HALF);
	STAGE_APPLY(&st, .pool = "timeouts = { idle = \"1s\"; };");
	stage_advance(&st, SEC(20));
	say(&st, t.server, "def");
	assert_ends(heard(&st, t.client), "\r\n\r\nabcdef");
	assert_ended(&st, "--", 200);
	assert_int_equal(stage_server(&st, "a")->count.req_tot, 1);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

static void
names_a_server_in_flight_as_a_reload_has_called_it(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	STAGE_APPLY(&st, .servers = "{ name = \"and-now-a-longer-one\"; "
	    "address = \"" SERVER_A "\"; }");
	say(&st, t.server, OK);
	assert_has(stage_log(&st), "\"server\":\"and-now-a-longer-one\"");
	stage_close(&st);
}

static void
holds_to_the_new_snapshot_from_the_next_request_on(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	STAGE_APPLY(&st, .servers = ONE_SERVER,
	    .pool = "timeouts = { response = \"1s\"; };");
	say(&st, t.server, OK);
	heard(&st, t.client);
	stage_log(&st);
	say(&st, t.client, GET);
	assert_starts(heard(&st, t.server), "GET / ");
	stage_advance(&st, SEC(1) + MSEC(12));
	assert_starts(heard(&st, t.client), "HTTP/1.1 504 ");
	stage_close(&st);
}

static void
sends_nothing_to_a_new_server_before_its_first_check(void **state)
{
	struct stage st;
	struct wire *client, *server;
	char status[32];

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = CHECKED);
	stage_advance(&st, MSEC(150));
	server_status(stage_server(&st, "a"), status);
	assert_string_equal(status, "UP");
	STAGE_APPLY(&st, .servers = A_AND_C, .pool = CHECKED);
	server_status(stage_server(&st, "a"), status);
	assert_string_equal(status, "UP");
	server_status(stage_server(&st, "c"), status);
	assert_string_equal(status, "checking");
	client = stage_client(&st);
	for (int i = 0; i < 4; i++) {
		say(&st, client, GET);
		if (i == 0)
			server = stage_dialled(&st, SERVER_A);
		assert_starts(heard(&st, server), "GET / ");
		say(&st, server, OK);
		heard(&st, client);
	}
	stage_advance(&st, MSEC(150));
	server_status(stage_server(&st, "c"), status);
	assert_string_equal(status, "UP");
	assert_int_equal(stage_server(&st, "c")->count.lbtot, 0);
	stage_close(&st);
}

static void
lets_a_removed_server_finish(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *other;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, HALF);
	STAGE_APPLY(&st, .servers = ONLY_B);
	assert_false(list_is_empty(&stage_pool(&st)->retired));
	other = stage_client(&st);
	say(&st, other, GET);
	assert_non_null(stage_dialled(&st, SERVER_B));
	say(&st, t.server, "def");
	assert_ends(heard(&st, t.client), "\r\n\r\nabcdef");
	assert_has(stage_log(&st), "\"server\":\"a\"");
	assert_true(list_is_empty(&stage_pool(&st)->retired));
	assert_true(t.server->closed);
	stage_close(&st);
}

static void
retries_elsewhere_when_its_server_was_removed(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *other;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	STAGE_APPLY(&st, .servers = ONLY_B);
	say_eof(&st, t.server);
	other = stage_dialled(&st, SERVER_B);
	assert_starts(heard(&st, other), "GET / ");
	assert_true(list_is_empty(&stage_pool(&st)->retired));
	say(&st, other, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
closes_idle_connections_of_a_removed_server(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, OK);
	STAGE_APPLY(&st, .servers = ONLY_B);
	assert_true(t.server->closed);
	assert_true(list_is_empty(&stage_pool(&st)->retired));
	assert_false(t.client->closed);
	stage_close(&st);
}

static void
survives_many_reloads_with_a_request_in_flight(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, HALF);
	for (int i = 0; i < 20; i++)
		STAGE_APPLY(&st, .servers = i % 2 ? ONE_SERVER : ONLY_B);
	say(&st, t.server, "def");
	assert_ends(heard(&st, t.client), "\r\n\r\nabcdef");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
drains(struct stage *st)
{
	worker_drain(st->worker);
	stage_settle(st);
}

/* One that has not asked yet, and one that has; old: they are parked. */
static void
set_idle(struct stage *st, struct wire **fresh, struct wire **kept, bool old)
{
	struct wire *server;

	*fresh = stage_client(st);
	*kept = stage_client(st);
	say(st, *kept, GET);
	server = stage_dialled(st, SERVER_A);
	say(st, server, OK);
	heard(st, *kept);
	if (old)
		stage_advance(st, SEC(5));
}

static void
closes_idle_clients_and_stops_when_told_to_drain(void **state)
{
	struct stage st;
	struct wire *fresh, *kept;

	(void)state;
	for (int old = 0; old < 2; old++) {
		STAGE(&st, .servers = ONE_SERVER);
		set_idle(&st, &fresh, &kept, old != 0);
		drains(&st);
		stage_advance(&st, SEC(1) - 1);
		assert_false(fresh->closed || kept->closed);
		stage_advance(&st, MSEC(12));
		assert_true(fresh->closed && kept->closed);
		assert_true(st.worker->stopped);
		stage_close(&st);
	}
}

/* They cannot know of the drain yet, and asked in good faith. */
static void
serves_what_idle_clients_had_begun_to_ask_before_a_drain(void **state)
{
	struct wire *w[2];
	struct stage st;

	(void)state;
	for (int old = 0; old < 2; old++) {
		STAGE(&st, .servers = ONE_SERVER);
		set_idle(&st, &w[0], &w[1], old != 0);
		stage_answer(&st, SERVER_A, OK);
		drains(&st);
		stage_advance(&st, MSEC(900));
		for (int i = 0; i < 2; i++) {
			say(&st, w[i], GET);
			assert_has(heard(&st, w[i]),
			    "\r\nConnection: close\r\n");
			assert_true(is_cut(w[i]));
			say_eof(&st, w[i]);
		}
		assert_true(st.worker->stopped);
		stage_close(&st);
	}
}

static void
gives_an_empty_line_no_more_time_in_a_drain(void **state)
{
	struct wire *fresh, *kept;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	set_idle(&st, &fresh, &kept, true);
	drains(&st);
	stage_advance(&st, MSEC(900));
	say(&st, fresh, "\r\n");
	say(&st, kept, "\r\n");
	stage_advance(&st, MSEC(112));
	assert_true(fresh->closed && kept->closed);
	assert_true(st.worker->stopped);
	stage_close(&st);
}

static void
finishes_requests_in_flight_when_told_to_drain(void **state)
{
	struct stage st;
	struct talk early, late;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	late = talk_open(&st, GET);
	say(&st, late.server, HALF);
	early = talk_open(&st, GET);
	heard(&st, late.client);
	drains(&st);
	assert_false(st.worker->stopped);
	say(&st, early.server, OK);
	text = heard(&st, early.client);
	assert_has(text, "\r\nConnection: close\r\n");
	assert_ends(text, "\r\n\r\nok");
	assert_true(early.client->shut);
	say_eof(&st, early.client);
	assert_true(early.client->closed);
	assert_false(st.worker->stopped);
	say(&st, late.server, "def");
	assert_ends(heard(&st, late.client), "def");
	say_eof(&st, late.client);
	assert_true(late.client->closed);
	assert_true(st.worker->stopped);
	stage_close(&st);
}

/* Its answer has left us, but not the kernel. */
static void
waits_for_a_slow_client_when_told_to_drain(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .global = "drain_timeout = \"10m\";",
	    .listener = "timeouts = { send = \"10s\"; };");
	t = talk_open(&st, GET);
	drains(&st);
	say(&st, t.server,
	    "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n");
	say_many(&st, t.server, 50000);
	assert_true(waiting(t.client) > 50000);
	assert_true(t.client->shut);
	for (int i = 0; i < 4; i++) {
		stage_advance(&st, SEC(8));
		assert_false(t.client->closed);
		heard_some(&st, t.client, 10000);
	}
	stage_advance(&st, SEC(8));
	heard_some(&st, t.client, 1000);	/* that is next to nothing */
	assert_false(st.worker->stopped);
	stage_advance(&st, SEC(5));
	assert_true(t.client->closed && t.client->reset);
	assert_true(st.worker->stopped);
	stage_close(&st);
}

/* Nor has the kernel room for the GOAWAY behind it. */
static void
waits_for_a_slow_client_of_http_2_when_told_to_drain(void **state)
{
	static const char ask[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	    "\0\0\0\4\0\0\0\0\0" "\0\0\6\1\5\0\0\0\1\202\204\206\101\1x";
	struct wire *client, *server;
	struct stage st;

	(void)state;
	STAGE(&st, .global = "drain_timeout = \"10m\";",
	    .listener = "timeouts = { send = \"10s\"; };");
	client = stage_client(&st);
	say_bytes_later(client, ask, sizeof(ask) - 1);
	stage_settle(&st);
	server = stage_dialled(&st, SERVER_A);
	say(&st, server,
	    "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n");
	say_many(&st, server, 50000);
	client->room = waiting(client);
	assert_true(client->room > 50000);
	drains(&st);
	stage_advance(&st, SEC(8));
	assert_false(client->closed);
	heard_some(&st, client, 10000);
	assert_true(client->shut);
	stage_advance(&st, SEC(10));
	assert_false(client->closed);
	stage_advance(&st, SEC(5));
	assert_true(client->closed && client->reset);
	assert_true(st.worker->stopped);
	stage_close(&st);
}

static void
answers_the_rest_of_a_pipeline_with_its_end_when_told_to_drain(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET GET);
	drains(&st);
	say(&st, t.server, OK);
	assert_has(heard(&st, t.client), "\r\nConnection: close\r\n");
	assert_int_equal(waiting(t.server), 0);
	assert_true(is_cut(t.client));
	stage_close(&st);
}

static void
cuts_what_is_left_when_the_drain_timeout_is_over(void **state)
{
	struct stage st;
	struct talk waits, runs;

	(void)state;
	STAGE(&st, .global = "drain_timeout = \"10s\";",
	    .servers = ONE_SERVER);
	waits = talk_open(&st, GET);
	runs = talk_open(&st, GET);
	say(&st, runs.server, HALF);
	drains(&st);
	stage_advance(&st, SEC(10) - 1);
	assert_false(st.worker->stopped);
	stage_advance(&st, MSEC(12));
	assert_true(st.worker->stopped);
	assert_true(waits.client->closed && runs.client->closed);
	assert_has(stage_log(&st), "\"termination\":\"KH\"");
	assert_has(st.lines.p, "\"termination\":\"KD\"");
	assert_has(st.lines.p, "\"event\":\"drain\"");
	stage_close(&st);
}

static void
ends_at_once_when_the_worker_is_freed(void **state)
{
	static const char *const said[] = { "GET / H", GET, GET GET, POST3 };
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = CHECKED);
	stage_advance(&st, MSEC(150));
	for (int i = 0; i < 4; i++) {
		client = stage_client(&st);
		say(&st, client, "%s", said[i]);
	}
	stage_end(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finishes_a_response_under_the_old_snapshot),
		cmocka_unit_test(
		    names_a_server_in_flight_as_a_reload_has_called_it),
		cmocka_unit_test(
		    holds_to_the_new_snapshot_from_the_next_request_on),
		cmocka_unit_test(
		    sends_nothing_to_a_new_server_before_its_first_check),
		cmocka_unit_test(lets_a_removed_server_finish),
		cmocka_unit_test(
		    retries_elsewhere_when_its_server_was_removed),
		cmocka_unit_test(closes_idle_connections_of_a_removed_server),
		cmocka_unit_test(
		    survives_many_reloads_with_a_request_in_flight),
		cmocka_unit_test(
		    closes_idle_clients_and_stops_when_told_to_drain),
		cmocka_unit_test(
		    serves_what_idle_clients_had_begun_to_ask_before_a_drain),
		cmocka_unit_test(gives_an_empty_line_no_more_time_in_a_drain),
		cmocka_unit_test(
		    finishes_requests_in_flight_when_told_to_drain),
		cmocka_unit_test(
		    waits_for_a_slow_client_when_told_to_drain),
		cmocka_unit_test(
		    waits_for_a_slow_client_of_http_2_when_told_to_drain),
		cmocka_unit_test(
	    answers_the_rest_of_a_pipeline_with_its_end_when_told_to_drain),
		cmocka_unit_test(
		    cuts_what_is_left_when_the_drain_timeout_is_over),
		cmocka_unit_test(ends_at_once_when_the_worker_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
