/*
 * What stands before HTTP: PROXY headers of clients and to servers, their
 * deadline, and whose connections are whose.
 */
#include "stage.h"

#include <string.h>

#define LISTEN(more) "proxy_protocol = true; " \
	"proxy_protocol_from = ( \"192.0.2.0/24\" ); " more
#define CLIENT "203.0.113.9"
#define LINE "PROXY TCP4 " CLIENT " 198.51.100.2 56324 443\r\n"
#define FORWARDED "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n"
#define TOLD "PROXY TCP4 192.0.2.1 10.0.0.9 4000 80\r\n"
#define TOLD_2 "PROXY TCP4 192.0.2.1 10.0.0.9 4001 80\r\n"
#define SEND "send_proxy = \"v1\";"

static uint64_t
refused(const struct stage *st)
{
	return listener_find(st->worker, "web")->count.ereq;
}

static void
serves_the_client_that_the_header_names(void **state)
{
	struct stage st;
	struct talk t;
	const char *got;

	(void)state;
	STAGE(&st, .listener = LISTEN("forward = { x_forwarded_port = true; };"),
	    .servers = ONE_SERVER);
	t.client = stage_client(&st);
	say(&st, t.client, LINE GET);
	t.server = stage_dialled(&st, SERVER_A);
	got = heard(&st, t.server);
	assert_starts(got, "GET / HTTP/1.1\r\n");
	assert_has(got, "\r\nX-Forwarded-For: " CLIENT "\r\n");
	assert_has(got, "\r\nX-Forwarded-Port: 443\r\n");
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "ok");
	assert_has(stage_log(&st), "\"client\":\"" CLIENT ":56324\"");
	say(&st, t.client, GET);
	assert_has(heard(&st, t.server), CLIENT);
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "ok");
	assert_int_equal(refused(&st), 0);
	stage_close(&st);
}

static void
serves_a_header_cut_anywhere(void **state)
{
	static const char all[] = LINE GET;
	struct stage st;
	struct wire *client, *server = NULL;

	(void)state;
	STAGE(&st, .listener = LISTEN(""), .servers = ONE_SERVER);
	for (size_t i = 1; i < sizeof(all) - 1; i += 7) {
		client = stage_client(&st);
		say(&st, client, "%.*s", (int)i, all);
		say(&st, client, "%s", all + i);
		if (server == NULL)
			server = stage_dialled(&st, SERVER_A);
		assert_has(heard(&st, server), CLIENT);
		say(&st, server, OK);
		assert_ends(heard(&st, client), "ok");
	}
	stage_close(&st);
}

static void
lets_go_of_a_client_whose_header_does_not_come_in_time(void **state)
{
	struct stage st;
	struct wire *silent, *slow;

	(void)state;
	STAGE(&st, .listener = LISTEN("timeouts = { head = \"5s\"; };"));
	silent = stage_client(&st);
	slow = stage_client(&st);
	for (size_t i = 0; i < 4; i++) {
		say(&st, slow, "%c", LINE[i]);
		stage_advance(&st, SEC(1));
	}
	assert_false(is_cut(slow));
	assert_false(is_cut(silent));
	stage_advance(&st, SEC(1) + MSEC(20));
	assert_true(is_cut(slow));
	assert_true(is_cut(silent));
	assert_int_equal(waiting(slow), 0);
	assert_has(stage_log(&st), "listener web: client 192.0.2.1:4000 was "
	    "let go: its PROXY header was not complete in time\"");
	assert_int_equal(refused(&st), 2);
	stage_close(&st);
}

/* The deadline of the header is over with it; that of the head begins. */
static void
gives_the_first_head_its_own_time(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .listener = LISTEN("timeouts = { head = \"5s\"; };"));
	w = stage_client(&st);
	stage_advance(&st, SEC(4));
	say(&st, w, LINE);
	stage_advance(&st, SEC(4));
	assert_false(is_cut(w));
	stage_advance(&st, SEC(1) + MSEC(20));
	assert_true(is_cut(w));
	assert_lacks(stage_log(&st), "was let go");
	stage_close(&st);
}

static void
ends_a_connection_that_begins_otherwise(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .listener = LISTEN(""));
	w = stage_client(&st);
	say(&st, w, GET);
	assert_true(is_cut(w));
	assert_int_equal(waiting(w), 0);
	assert_has(stage_log(&st), "it did not begin with a PROXY header");
	w = stage_client(&st);
	say(&st, w, "PROXY TCP4 1.2.3.4 1.2.3.4 99999 1\r\n" GET);
	assert_true(is_cut(w));
	assert_has(stage_log(&st), "the PROXY line holds a malformed port");
	assert_int_equal(refused(&st), 2);
	stage_close(&st);
}

/* Whether the port is open is asked by many: no line, no error. */
static void
says_nothing_of_who_only_looks(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .listener = LISTEN(""));
	say_eof(&st, stage_client(&st));
	say_reset(&st, stage_client(&st));
	assert_int_equal(refused(&st), 0);
	assert_lacks(stage_log(&st), "let go");
	stage_close(&st);
}

static void
refuses_who_is_not_believed(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .listener = "proxy_protocol = true; "
	    "proxy_protocol_from = ( \"192.0.3.0/24\", \"unix\" );");
	w = stage_client(&st);
	assert_true(w->closed);
	assert_has(stage_log(&st), "client 192.0.2.1:4000 was let go: it is "
	    "not in proxy_protocol_from");
	assert_int_equal(listener_find(st.worker, "web")->count.dcon, 1);
	assert_int_equal(refused(&st), 0);
	assert_int_equal(st.worker->nfronts, 0);
	stage_close(&st);
}

/* X-Forwarded-For is the stated client's, so it is that one who is judged. */
static void
trusts_the_client_that_was_stated(void **state)
{
	static const struct {
		const char *listener, *wanted;
	} table[] = {
		{ LISTEN("trusted = ( \"203.0.113.0/24\" );"),
		    "X-Forwarded-For: 9.9.9.9, " CLIENT "\r\n" },
		{ LISTEN("trusted = ( \"192.0.2.0/24\" );"),
		    "X-Forwarded-For: " CLIENT "\r\n" },
	};
	struct stage st;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		STAGE(&st, .listener = table[i].listener);
		say(&st, stage_client(&st), LINE FORWARDED);
		assert_has(heard(&st, stage_dialled(&st, SERVER_A)),
		    table[i].wanted);
		stage_close(&st);
	}
}

static void
lets_go_of_who_has_no_header_yet_when_it_drains(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .listener = LISTEN(""));
	w = stage_client(&st);
	say(&st, w, "PROXY ");
	worker_drain(st.worker);
	stage_advance(&st, SEC(1) - 1);
	assert_false(w->closed);
	stage_advance(&st, MSEC(12));
	assert_true(w->closed);
	assert_true(st.worker->stopped);
	assert_lacks(stage_log(&st), "let go");
	stage_close(&st);
}

static void
a_reload_switches_it_for_connections_to_come(void **state)
{
	struct stage st;
	struct wire *plain, *proxied, *pending, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	plain = stage_client(&st);
	STAGE_APPLY(&st, .servers = ONE_SERVER, .listener = LISTEN(""));
	proxied = stage_client(&st);
	pending = stage_client(&st);
	say(&st, pending, "PROXY ");
	say(&st, plain, GET);
	server = stage_dialled(&st, SERVER_A);
	assert_has(heard(&st, server), "X-Forwarded-For: 192.0.2.1\r\n");
	say(&st, server, OK);
	say(&st, proxied, LINE GET);
	assert_has(heard(&st, server), "X-Forwarded-For: " CLIENT "\r\n");
	say(&st, server, OK);
	STAGE_APPLY(&st, .servers = ONE_SERVER);
	say(&st, pending, "%s", strchr(LINE GET, 'T'));
	assert_has(heard(&st, server), "X-Forwarded-For: " CLIENT "\r\n");
	say(&st, server, OK);
	say(&st, proxied, GET);
	assert_has(heard(&st, server), "X-Forwarded-For: " CLIENT "\r\n");
	say(&st, server, OK);
	stage_close(&st);
}

/* --- to servers */

static void
tells_a_server_the_client_once_a_connection(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SEND);
	client = stage_client(&st);
	say(&st, client, GET);
	server = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, server), TOLD "GET / HTTP/1.1\r\n");
	say(&st, server, OK);
	say(&st, client, GET);
	assert_starts(heard(&st, server), "GET / HTTP/1.1\r\n");
	say(&st, server, OK);
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	assert_int_equal(stage_server(&st, "a")->count.reuse, 1);
	stage_close(&st);
}

static void
passes_on_the_client_that_was_stated(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .listener = LISTEN(""), .pool = SEND);
	say(&st, stage_client(&st), LINE GET);
	assert_starts(heard(&st, stage_dialled(&st, SERVER_A)),
	    LINE "GET / HTTP/1.1\r\n");
	stage_close(&st);
}

static void
gives_no_client_the_connection_of_another(void **state)
{
	struct stage st;
	struct wire *client[2], *server[2];

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SEND);
	for (int i = 0; i < 2; i++) {
		client[i] = stage_client(&st);
		say(&st, client[i], GET);
		server[i] = stage_dialled(&st, SERVER_A);
		assert_starts(heard(&st, server[i]), i ? TOLD_2 : TOLD);
		say(&st, server[i], OK);
	}
	assert_int_equal(stage_server(&st, "a")->nidle, 2);
	for (int i = 0; i < 4; i++) {
		say(&st, client[i % 2], GET);
		assert_starts(heard(&st, server[i % 2]), "GET / ");
		assert_int_equal(waiting(server[!(i % 2)]), 0);
		say(&st, server[i % 2], OK);
	}
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	stage_close(&st);
}

static void
closes_a_connection_whose_client_has_left(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SEND);
	t = talk_open(&st, GET);
	say(&st, t.server, OK);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	say_reset(&st, t.client);
	assert_true(t.server->closed);
	assert_int_equal(stage_server(&st, "a")->nidle, 0);
	stage_close(&st);
}

/* Its client left while it was being connected. */
static void
closes_a_connection_that_comes_too_late(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SEND);
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = stage_client(&st);
	say(&st, client, GET);
	say_reset(&st, client);
	server = stage_connect(&st, SERVER_A);
	assert_true(server->closed);
	stage_close(&st);
}

/* A plain one is of use again when the reload is taken back. */
static void
closes_what_was_made_otherwise_before_a_reload(void **state)
{
	struct stage st;
	struct wire *told;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, OK);
	STAGE_APPLY(&st, .servers = ONE_SERVER, .pool = SEND);
	stage_settle(&st);
	assert_true(t.server->closed);
	say(&st, t.client, GET);
	told = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, told), TOLD "GET / ");
	say(&st, told, OK);
	STAGE_APPLY(&st, .servers = ONE_SERVER);
	say(&st, t.client, GET);
	assert_true(told->closed);
	t.server = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, t.server), "GET / ");
	say(&st, t.server, OK);
	assert_int_equal(stage_dials(&st, SERVER_A), 3);
	stage_close(&st);
}

/* In flight over the reload: not kept when it ends. */
static void
does_not_keep_what_was_made_otherwise(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SEND);
	t = talk_open(&st, GET);
	STAGE_APPLY(&st, .servers = ONE_SERVER);
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "ok");
	assert_true(t.server->closed);
	stage_close(&st);
}

static void
tells_a_retry_elsewhere_too(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .pool = SEND);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	client = stage_client(&st);
	say(&st, client, GET);
	assert_starts(heard(&st, stage_dialled(&st, SERVER_B)), TOLD "GET / ");
	stage_close(&st);
}

static void
probes_in_its_own_name(void **state)
{
	struct stage st;
	struct wire *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = SEND
	    "health = { type = \"http\"; interval = \"1s\"; };");
	stage_advance(&st, MSEC(150));
	server = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, server),
	    "PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n");
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_the_client_that_the_header_names),
		cmocka_unit_test(serves_a_header_cut_anywhere),
		cmocka_unit_test(
		    lets_go_of_a_client_whose_header_does_not_come_in_time),
		cmocka_unit_test(gives_the_first_head_its_own_time),
		cmocka_unit_test(ends_a_connection_that_begins_otherwise),
		cmocka_unit_test(says_nothing_of_who_only_looks),
		cmocka_unit_test(refuses_who_is_not_believed),
		cmocka_unit_test(trusts_the_client_that_was_stated),
		cmocka_unit_test(
		    lets_go_of_who_has_no_header_yet_when_it_drains),
		cmocka_unit_test(a_reload_switches_it_for_connections_to_come),
		cmocka_unit_test(tells_a_server_the_client_once_a_connection),
		cmocka_unit_test(passes_on_the_client_that_was_stated),
		cmocka_unit_test(gives_no_client_the_connection_of_another),
		cmocka_unit_test(closes_a_connection_whose_client_has_left),
		cmocka_unit_test(closes_a_connection_that_comes_too_late),
		cmocka_unit_test(
		    closes_what_was_made_otherwise_before_a_reload),
		cmocka_unit_test(does_not_keep_what_was_made_otherwise),
		cmocka_unit_test(tells_a_retry_elsewhere_too),
		cmocka_unit_test(probes_in_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
