/*
 * Calls of gRPC: their deadlines, and ends in their own words.  What carries
 * them is HTTP/1.1 here; the exchange does not know the difference.
 */
#include "stage.h"

#define SLACK MSEC(12)		/* a slot of the timer wheel, and a little */
#define CALL "POST /a.B/C HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n" \
	"Connection: TE\r\nContent-Type: application/grpc\r\n"
#define WHOLE "Content-Length: 3\r\n\r\nabc"
#define OPEN "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n" \
	"Transfer-Encoding: chunked\r\n\r\n"

static void
says_how_the_call_ended(const char *text, const char *status)
{
	assert_starts(text, "HTTP/1.1 200 OK\r\n");
	assert_has(text, "Content-Type: application/grpc\r\n");
	assert_has(text, "Content-Length: 0\r\n");
	assert_has(text, status);
	assert_has(text, "grpc-message: ");
	assert_lacks(text, "text/plain");
	assert_ends(text, "\r\n\r\n");
}

static void
ends_a_call_by_its_deadline(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { response = \"9s\"; };");
	t = talk_open(&st, CALL "grpc-timeout: 2S\r\n" WHOLE);
	stage_advance(&st, SEC(2) - 1);
	assert_int_equal(waiting(t.client), 0);
	assert_false(t.server->closed);
	stage_advance(&st, SLACK);
	says_how_the_call_ended(heard(&st, t.client), "grpc-status: 4\r\n");
	assert_true(t.server->closed);
	assert_ended(&st, "sH", 504);
	assert_int_equal(st.worker->count.calls, 1);
	assert_int_equal(st.worker->count.deadlines, 1);
	stage_close(&st);
}

static void
lets_a_call_end_before_its_deadline(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st);
	t = talk_open(&st, CALL "grpc-timeout: 2S\r\n" WHOLE);
	stage_advance(&st, SEC(2) - MSEC(20));
	say(&st, t.server, OK);
	assert_starts(heard(&st, t.client), "HTTP/1.1 200 OK\r\n");
	stage_advance(&st, SEC(5));
	assert_ended(&st, "--", 200);
	assert_int_equal(st.worker->count.deadlines, 0);
	stage_close(&st);
}

static void
never_waits_longer_than_the_timeouts_allow(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { response = \"3s\"; };");
	t = talk_open(&st, CALL "grpc-timeout: 1H\r\n" WHOLE);
	stage_advance(&st, SEC(3) + SLACK);
	says_how_the_call_ended(heard(&st, t.client), "grpc-status: 4\r\n");
	assert_ended(&st, "sH", 504);
	assert_int_equal(st.worker->count.deadlines, 0);
	stage_close(&st);
}

static void
sets_no_deadline(void **state)
{
	static const struct {
		const char *pool, *request;
	} rows[] = {
		{ "", CALL "grpc-timeout: 1s\r\n" WHOLE },
		{ "", CALL "grpc-timeout: 1S\r\ngrpc-timeout: 2S\r\n" WHOLE },
		{ "", CALL WHOLE },
		{ "", "POST / HTTP/1.1\r\nHost: x\r\ngrpc-timeout: 1S\r\n"
		    WHOLE },
		{ "grpc_timeout = false;", CALL "grpc-timeout: 1S\r\n" WHOLE },
	};
	struct stage st;
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		STAGE(&st, .pool = rows[i].pool);
		t = talk_open(&st, rows[i].request);
		stage_advance(&st, SEC(10));
		assert_int_equal(waiting(t.client), 0);
		say(&st, t.server, OK);
		assert_starts(heard(&st, t.client), "HTTP/1.1 200 ");
		assert_ended(&st, "--", 200);
		stage_close(&st);
	}
}

static void
ends_a_call_that_waits_for_room(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *second;

	(void)state;
	STAGE(&st, .servers = "{ name = \"a\"; address = \"" SERVER_A "\"; "
	    "max_connections = 1; }");
	t = talk_open(&st, GET);
	second = stage_client(&st);
	say(&st, second, CALL "grpc-timeout: 700m\r\n" WHOLE);
	stage_advance(&st, MSEC(700) - 1);
	assert_int_equal(waiting(second), 0);
	stage_advance(&st, SLACK);
	says_how_the_call_ended(heard(&st, second), "grpc-status: 4\r\n");
	assert_ended(&st, "sQ", 504);
	say(&st, t.server, OK);
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
ends_a_call_while_it_connects(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st);
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = stage_client(&st);
	say(&st, client, CALL "grpc-timeout: 500000u\r\n" WHOLE);
	stage_advance(&st, MSEC(500) - 1);
	assert_int_equal(waiting(client), 0);
	stage_advance(&st, SLACK);
	says_how_the_call_ended(heard(&st, client), "grpc-status: 4\r\n");
	assert_ended(&st, "sC", 504);
	stage_advance(&st, SEC(6));	/* who dials goes on, for others */
	stage_close(&st);
}

static void
does_not_begin_a_call_without_time(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st);
	client = stage_client(&st);
	say(&st, client, CALL "grpc-timeout: 0m\r\n" WHOLE);
	says_how_the_call_ended(heard(&st, client), "grpc-status: 4\r\n");
	assert_int_equal(stage_dials(&st, SERVER_A), 0);
	assert_ended(&st, "sC", 504);
	stage_close(&st);
}

static void
tells_the_server_what_is_left(void **state)
{
	struct stage st;
	struct talk t;
	struct wire *second, *server;

	(void)state;
	STAGE(&st, .servers = "{ name = \"a\"; address = \"" SERVER_A "\"; "
	    "max_connections = 1; }");
	t = talk_open(&st, CALL "grpc-timeout: 30S\r\n" WHOLE);
	second = stage_client(&st);
	say(&st, second, CALL "grpc-timeout: 30S\r\n" WHOLE);
	stage_advance(&st, SEC(4));
	say(&st, t.server, OK);
	server = stage_dialled(&st, SERVER_A);
	assert_has(heard(&st, server != NULL ? server : t.server),
	    "grpc-timeout: 26000000u\r\n");
	say(&st, server != NULL ? server : t.server, OK);
	heard(&st, second);
	stage_close(&st);
}

static void
passes_a_timeout_on_as_it_came(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st);
	stage_reach(&st, SERVER_A, REACH_ACCEPT);
	t.client = stage_client(&st);
	say(&st, t.client, CALL "grpc-timeout: 00030S\r\n" WHOLE);
	t.server = stage_dialled(&st, SERVER_A);
	text = heard(&st, t.server);
	assert_has(text, "grpc-timeout: 00030S\r\n");
	say(&st, t.server, OK);
	stage_close(&st);
}

static void
ends_a_response_that_has_begun_with_trailers(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st);
	t = talk_open(&st, CALL "grpc-timeout: 2S\r\n" WHOLE);
	say(&st, t.server, STREAM "3\r\nabc\r\n");
	heard(&st, t.client);
	stage_advance(&st, SEC(2) + SLACK);
	text = heard(&st, t.client);
	assert_starts(text, "0\r\ngrpc-status: 4\r\n");
	assert_ends(text, "\r\n\r\n");
	assert_true(t.server->closed);
	text = stage_log(&st);
	assert_has(text, "\"status\":200,\"grpc_status\":4,");
	assert_has(text, "\"termination\":\"sD\"");
	stage_close(&st);
}

static void
says_unavailable_when_the_server_breaks_off(void **state)
{
	const struct counters *count;
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st);
	t = talk_open(&st, CALL OPEN);
	say(&st, t.server, STREAM "3\r\nabc\r\n");
	heard(&st, t.client);
	say_reset(&st, t.server);
	text = heard(&st, t.client);
	assert_starts(text, "0\r\ngrpc-status: 14\r\n");
	assert_ended(&st, "SD", 200);
	count = &stage_server(&st, "a")->count;
	assert_int_equal(count->hrsp[1], 1);
	assert_int_equal(count->srv_abrt, 1);
	assert_int_equal(count->req_tot, stage_pool(&st)->count.req_tot);
	stage_close(&st);
}

static void
says_unavailable_when_the_operator_ends_it(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st);
	t = talk_open(&st, CALL OPEN);
	say(&st, t.server, STREAM "3\r\nabc\r\n");
	heard(&st, t.client);
	exchange_kill(list_entry(st.worker->exchanges.next, struct exchange,
	    node), 'K', "killed");
	stage_settle(&st);
	text = heard(&st, t.client);
	assert_starts(text, "0\r\ngrpc-status: 14\r\n");
	assert_has(text, "grpc-message: The call was ended by the proxy.\r\n");
	assert_true(t.server->closed);
	assert_ended(&st, "KD", 200);
	stage_close(&st);
}

static void
cuts_what_its_client_does_not_read(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st);
	t = talk_open(&st, CALL "grpc-timeout: 2S\r\n" WHOLE);
	say(&st, t.server, STREAM "f4240\r\n");
	say_many(&st, t.server, 1000000);
	stage_advance(&st, SEC(2) + SLACK);
	assert_true(is_cut(t.client));
	assert_true(t.server->closed);
	text = stage_log(&st);
	assert_has(text, "\"termination\":\"cD\"");
	assert_has(text, "deadline of the call");
	stage_close(&st);
}

static void
cuts_what_is_no_response_of_grpc(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n"
		    "Content-Length: 9\r\n\r\n",
	};
	struct stage st;
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		STAGE(&st);
		t = talk_open(&st, CALL "grpc-timeout: 2S\r\n" WHOLE);
		say(&st, t.server, "%s", heads[i]);
		heard(&st, t.client);
		stage_advance(&st, SEC(2) + SLACK);
		assert_true(is_cut(t.client));
		assert_int_equal(waiting(t.client), 0);
		assert_ended(&st, "sD", 200);
		stage_close(&st);
	}
}

static void
waits_for_a_response_while_the_client_is_silent(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "timeouts = { request = \"1s\"; response = \"9s\"; "
	    "};");
	t = talk_open(&st, CALL OPEN);
	stage_advance(&st, SEC(9) - 1);
	assert_int_equal(waiting(t.client), 0);
	stage_advance(&st, SLACK);
	says_how_the_call_ended(heard(&st, t.client), "grpc-status: 4\r\n");
	assert_ended(&st, "sH", 504);
	stage_close(&st);
}

static void
answers_calls_in_their_own_words(void **state)
{
	static const struct {
		const char *routes, *servers;
		enum reach reach;
		const char *status, *letters;
		int http;
	} rows[] = {
		{ NULL, ONE_SERVER, REACH_REFUSE, "grpc-status: 14\r\n", "SC",
		    503 },
		{ NULL, ONE_SERVER, REACH_SHORTAGE, "grpc-status: 8\r\n",
		    "RC", 503 },
		{ "{ respond = { status = 403; body = \"<b>no</b>\"; }; },",
		    ONE_SERVER, REACH_ACCEPT, "grpc-status: 7\r\n", "LR",
		    403 },
		{ "{ respond = { status = 401; }; },", ONE_SERVER,
		    REACH_ACCEPT, "grpc-status: 16\r\n", "LR", 401 },
		{ "{ respond = { status = 429; }; },", ONE_SERVER,
		    REACH_ACCEPT, "grpc-status: 14\r\n", "LR", 429 },
	};
	struct stage st;
	struct wire *client;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		STAGE(&st, .routes = rows[i].routes,
		    .servers = rows[i].servers, .pool = "retries = 0;");
		stage_reach(&st, SERVER_A, rows[i].reach);
		client = stage_client(&st);
		say(&st, client, CALL WHOLE);
		says_how_the_call_ended(heard(&st, client), rows[i].status);
		assert_ended(&st, rows[i].letters, rows[i].http);
		stage_close(&st);
	}
}

static void
says_that_all_servers_are_full(void **state)
{
	struct stage st;
	struct wire *second;
	struct talk t;

	(void)state;
	STAGE(&st, .pool = "max_queue = 0;", .servers = "{ name = \"a\"; "
	    "address = \"" SERVER_A "\"; max_connections = 1; }");
	t = talk_open(&st, GET);
	second = stage_client(&st);
	say(&st, second, CALL WHOLE);
	says_how_the_call_ended(heard(&st, second), "grpc-status: 8\r\n");
	assert_ended(&st, "sQ", 503);
	say(&st, t.server, OK);
	stage_close(&st);
}

static void
tells_a_client_that_left_by_its_deadline_from_others(void **state)
{
	static const struct {
		int64_t after;
		const char *reason;
		unsigned deadlines;
	} rows[] = {
		{ SEC(1), "the client left before its answer", 0 },
		{ SEC(2) - MSEC(5), "the client left at the deadline", 1 },
	};
	struct stage st;
	struct talk t;
	const char *log;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		STAGE(&st);
		t = talk_open(&st, CALL "grpc-timeout: 2S\r\n"
		    "Content-Length: 0\r\n\r\n");
		stage_advance(&st, rows[i].after);
		say_reset(&st, t.client);
		log = stage_log(&st);
		assert_has(log, "\"termination\":\"CH\"");
		assert_has(log, rows[i].reason);
		assert_int_equal(st.worker->count.deadlines,
		    rows[i].deadlines);
		stage_close(&st);
	}
}

static void
logs_the_status_that_the_server_gave(void **state)
{
	static const struct {
		const char *response, *logged;
	} rows[] = {
		{ STREAM "0\r\ngrpc-status: 5\r\n\r\n",
		    "\"status\":200,\"grpc_status\":5," },
		{ "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n"
		    "grpc-status: 7\r\nContent-Length: 0\r\n\r\n",
		    "\"status\":200,\"grpc_status\":7," },
		{ STREAM "0\r\ngrpc-status: x\r\n\r\n",
		    "\"status\":200,\"bytes_in\"" },
	};
	struct stage st;
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		STAGE(&st);
		t = talk_open(&st, CALL WHOLE);
		say(&st, t.server, "%s", rows[i].response);
		heard(&st, t.client);
		assert_has(stage_log(&st), rows[i].logged);
		stage_close(&st);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_a_call_by_its_deadline),
		cmocka_unit_test(lets_a_call_end_before_its_deadline),
		cmocka_unit_test(never_waits_longer_than_the_timeouts_allow),
		cmocka_unit_test(sets_no_deadline),
		cmocka_unit_test(ends_a_call_that_waits_for_room),
		cmocka_unit_test(ends_a_call_while_it_connects),
		cmocka_unit_test(does_not_begin_a_call_without_time),
		cmocka_unit_test(tells_the_server_what_is_left),
		cmocka_unit_test(passes_a_timeout_on_as_it_came),
		cmocka_unit_test(ends_a_response_that_has_begun_with_trailers),
		cmocka_unit_test(says_unavailable_when_the_server_breaks_off),
		cmocka_unit_test(says_unavailable_when_the_operator_ends_it),
		cmocka_unit_test(cuts_what_its_client_does_not_read),
		cmocka_unit_test(cuts_what_is_no_response_of_grpc),
		cmocka_unit_test(
		    waits_for_a_response_while_the_client_is_silent),
		cmocka_unit_test(answers_calls_in_their_own_words),
		cmocka_unit_test(says_that_all_servers_are_full),
		cmocka_unit_test(
		    tells_a_client_that_left_by_its_deadline_from_others),
		cmocka_unit_test(logs_the_status_that_the_server_gave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
