/*
 * Clients that leave, servers that break off, messages that are malformed:
 * who is blamed, what the other side sees, and that nothing is left.
 */
#include "peer.h"

#include <stdio.h>

#define POST10 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"

/* How far an exchange came when its client left. */
enum phase { IN_HEAD, IN_CONNECT, IN_REQUEST_BODY, IN_WAIT, IN_RESPONSE };

static struct talk
play_until(struct stage *st, enum phase phase)
{
	struct talk t = { stage_client(st), NULL };

	stage_reach(st, SERVER_A, phase == IN_CONNECT ? REACH_HANG :
	    REACH_ACCEPT);
	if (phase == IN_HEAD)
		say(st, t.client, "GET / HTT");
	else if (phase == IN_REQUEST_BODY)
		say(st, t.client, POST10 "012");
	else
		say(st, t.client, GET);
	if (phase == IN_HEAD)
		return t;
	t.server = stage_dialled(st, SERVER_A);
	assert_non_null(t.server);
	if (phase == IN_RESPONSE)
		say(st, t.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
		    "\r\n012");
	assert_int_equal(stage_server(st, "a")->active, 1);
	return t;
}

static void
ends_all_when_the_client_leaves(void **state)
{
	static const struct {
		const char *name;
		enum phase phase;
		const char *letters;
		int status;
	} cases[] = {
		{ "in the head", IN_HEAD, "CR", 0 },
		{ "while connecting", IN_CONNECT, "CC", 0 },
		{ "in the body of the request", IN_REQUEST_BODY, "CH", 0 },
		{ "waiting for the response", IN_WAIT, "CH", 0 },
		{ "in the body of the response", IN_RESPONSE, "CD", 200 },
	};
	struct stage st;
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("  %s\n", cases[i].name);
		STAGE(&st, .servers = ONE_SERVER);
		t = play_until(&st, cases[i].phase);
		say_reset(&st, t.client);
		assert_true(t.client->closed);
		assert_ended(&st, cases[i].letters, cases[i].status);
		assert_int_equal(stage_server(&st, "a")->active, 0);
		assert_int_equal(st.worker->nfronts, 0);
		if (cases[i].phase == IN_CONNECT)
			stage_advance(&st, SEC(6));
		if (t.server != NULL)
			assert_true(t.server->closed);
		stage_close(&st);
	}
}

/* However much the server has sent: it costs no more than the close. */
static void
reads_nothing_more_for_who_has_left(void **state)
{
	struct wire *client, *server;
	struct stage st;
	size_t left;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	client = stage_client(&st);
	client->room = 100;
	say(&st, client, GET);
	server = stage_dialled(&st, SERVER_A);
	say(&st, server, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"
	    "\r\n");
	say_many(&st, server, 500000);
	left = unread(server);
	assert_true(left > 100000);
	say_reset(&st, client);
	assert_true(server->closed);
	assert_int_equal(unread(server), left);
	stage_close(&st);
}

/*
 * The answer is whole, and the server takes no further request: what else it
 * may have said before it broke is not waited for.
 */
static void
closes_a_connection_that_broke_at_our_goodbye(void **state)
{
	struct wire *client;
	struct peer *server;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = "protocol = \"h2\";");
	client = stage_client(&st);
	client->room = 10;
	say(&st, client, GET);
	server = peer_server(&st, SERVER_A, true);
	peer_goaway(server, 1);
	peer_answer(server, 1, 200, "", 2);
	peer_body(server, 1, "ok", true);
	break_silently(server->w);
	client->room = 10000;
	assert_starts(heard(&st, client), "HTTP/1.1 2");
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_true(server->w->closed);
	assert_int_equal(stage_server(&st, "a")->nbusy, 0);
	stage_close(&st);
}

static void
lets_the_server_finish_when_told_so(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = "abort_on_close = false;");
	t = play_until(&st, IN_WAIT);
	heard(&st, t.server);
	say_reset(&st, t.client);
	assert_int_equal(stage_server(&st, "a")->active, 1);
	say(&st, t.server, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
	    "\r\n");
	say_many(&st, t.server, 50000);
	assert_int_equal(stage_server(&st, "a")->active, 1);
	say_many(&st, t.server, 50000);
	assert_int_equal(stage_server(&st, "a")->active, 0);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	assert_ended(&st, "CH", 200);
	stage_close(&st);
}

static void
blames_a_client_that_ends_in_the_middle_of_its_body(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = play_until(&st, IN_REQUEST_BODY);
	say_eof(&st, t.client);
	assert_ended(&st, "CH", 0);
	assert_true(t.client->closed && t.server->closed);
	assert_int_equal(stage_server(&st, "a")->count.cli_abrt, 1);
	stage_close(&st);
}

static void
cuts_the_client_when_the_server_cuts_its_response(void **state)
{
	static const char *const responses[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\n012\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\n012",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\n012\r\n0\r\n",
	};
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(responses) / sizeof(responses[0]);
	    i++) {
		STAGE(&st, .global = NULL);
		t = talk_open(&st, GET);
		say(&st, t.server, "%s", responses[i / 2]);
		if (i % 2 == 0)
			say_eof(&st, t.server);
		else
			say_reset(&st, t.server);
		assert_true(is_cut(t.client));
		text = heard(&st, t.client);
		assert_has(text, "012");
		assert_lacks(text, "\r\n0\r\n");
		assert_ended(&st, "SD", 200);
		assert_int_equal(stage_server(&st, "a")->count.eresp, 1);
		assert_int_equal(stage_server(&st, "a")->count.srv_abrt, 1);
		stage_close(&st);
	}
}

/* Only a reset tells an HTTP/1.0 client that this was not all. */
static void
resets_a_client_that_could_take_the_cut_for_the_end(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
	say(&st, t.server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n3\r\n012\r\n");
	say_eof(&st, t.server);
	assert_true(t.client->closed && t.client->reset);
	assert_ended(&st, "SD", 200);
	stage_close(&st);
}

static void
answers_502_when_the_server_closes_without_a_response(void **state)
{
	static const char *const said[] = { "", "HTTP/1.1 20" };
	struct stage st;
	struct talk t;

	(void)state;
	for (int i = 0; i < 4; i++) {
		STAGE(&st, .servers = ONE_SERVER);
		t = talk_open(&st, POST3);
		say(&st, t.server, "%s", said[i / 2]);
		if (i % 2 == 0)
			say_eof(&st, t.server);
		else
			say_reset(&st, t.server);
		assert_starts(heard(&st, t.client), "HTTP/1.1 502 ");
		assert_ended(&st, "SH", 502);
		assert_int_equal(stage_dials(&st, SERVER_A), 1);
		assert_false(t.client->closed);
		stage_close(&st);
	}
}

static void
answers_502_to_a_malformed_response(void **state)
{
	static const char *const responses[] = {
		"HTTP/1.1 2000 OK\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		    "Content-Length: 6\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n"
		    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	};
	struct stage st;
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]);
	    i++) {
		STAGE(&st, .global = NULL);
		t = talk_open(&st, GET);
		say(&st, t.server, "%s", responses[i]);
		assert_starts(heard(&st, t.client), "HTTP/1.1 502 ");
		assert_ended(&st, "PH", 502);
		assert_true(t.server->closed);
		assert_int_equal(stage_server(&st, "a")->count.eresp, 1);
		assert_int_equal(stage_pool(&st)->bad.total, 1);
		assert_false(t.client->closed);
		stage_close(&st);
	}
}

static void
cuts_the_client_when_a_chunk_is_malformed(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n3\r\n012\r\n");
	say(&st, t.server, "zz\r\n");
	assert_true(is_cut(t.client));
	assert_lacks(heard(&st, t.client), "\r\n0\r\n");
	assert_ended(&st, "PD", 200);
	stage_close(&st);
}

static void
refuses_malformed_requests(void **state)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "GET /../.. HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n"
		    "\r\n", 501 },
		{ "\x16\x03\x01\r\n\r\n", 400 },
	};
	struct stage st;
	struct wire *client;
	char start[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STAGE(&st, .servers = ONE_SERVER);
		client = stage_client(&st);
		say(&st, client, "%s", cases[i].request);
		(void)snprintf(start, sizeof(start), "HTTP/1.1 %d ",
		    cases[i].status);
		assert_starts(heard(&st, client), start);
		assert_ended(&st, "PR", cases[i].status);
		assert_int_equal(stage_dials(&st, SERVER_A), 0);
		stage_close(&st);
	}
}

static void
answers_what_stands_before_a_malformed_request(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET "GET / HTTP/1.1\r\nHost : x\r\n\r\n");
	say(&st, t.server, OK);
	text = heard(&st, t.client);
	assert_starts(text, "HTTP/1.1 200 OK\r\n");
	assert_has(text, "\r\n\r\nokHTTP/1.1 400 ");
	assert_true(t.client->shut);
	stage_close(&st);
}

static void
refuses_a_request_whose_chunks_are_malformed(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, "POST / HTTP/1.1\r\nHost: x\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	say(&st, t.client, "zz\r\n");
	assert_starts(heard(&st, t.client), "HTTP/1.1 400 ");
	assert_lacks(heard(&st, t.server), "\r\n0\r\n");
	assert_ended(&st, "PD", 400);
	assert_true(t.server->closed);
	stage_close(&st);
}

static void
survives_a_client_that_breaks_while_we_write(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = play_until(&st, IN_WAIT);
	break_silently(t.client);
	say(&st, t.server, OK);
	assert_true(t.client->closed);
	assert_ended(&st, "CD", 200);
	stage_close(&st);
}

/*
 * Its FIN was read while an earlier request was answered, and a piece of the
 * body is lent to a server that does not take it: so nothing is read any more.
 */
static void
notices_by_writing_that_a_client_left_which_had_ended(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = play_until(&st, IN_WAIT);
	assert_starts(heard(&st, t.server), "GET / ");
	t.server->room = 400;
	say_later(t.client, "POST / HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 5000\r\n\r\n");
	say_many(&st, t.client, 5000);
	say_eof(&st, t.client);
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	assert_starts(t.server->out.p, "POST / ");
	assert_int_equal(waiting(t.server), 400);
	break_silently(t.client);
	say(&st, t.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012");
	assert_true(t.client->closed);
	assert_ended(&st, "CD", 200);
	assert_true(is_cut(t.server));
	stage_close(&st);
}

static void
passes_on_an_answer_the_server_gave_before_it_broke(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = play_until(&st, IN_REQUEST_BODY);
	say(&st, t.server, "HTTP/1.1 413 Content Too Large\r\n"
	    "Content-Length: 3\r\n\r\nbig");
	say_reset(&st, t.server);
	assert_ends(heard(&st, t.client), "\r\n\r\nbig");
	assert_ended(&st, "--", 413);
	stage_close(&st);
}

static unsigned
closed_to_servers(const struct stage *st)
{
	const struct wire *w;
	unsigned n = 0;

	list_each(w, &st->wires, struct wire, node)
		n += w->dialled && w->closed;
	return n;
}

/* To close a connection takes long: others would wait for twelve at once. */
static void
closes_few_connections_to_servers_of_one_client_in_a_tick(void **state)
{
	struct peer *client;
	unsigned n = 0, before;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	client = peer_client(&st, true);
	for (int i = 0; i < 12; i++)
		peer_ask(client, "GET", "/", "", PEER_NO_BODY);
	assert_int_equal(stage_dials(&st, SERVER_A), 12);
	say_reset_later(client->w);
	for (int i = 0; i < 12 && n < 12; i++) {
		before = n;
		loop_tick(st.loop, 0);
		n = closed_to_servers(&st);
		assert_true(n - before <= 2);
	}
	assert_int_equal(n, 12);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_all_when_the_client_leaves),
		cmocka_unit_test(reads_nothing_more_for_who_has_left),
		cmocka_unit_test(closes_a_connection_that_broke_at_our_goodbye),
		cmocka_unit_test(lets_the_server_finish_when_told_so),
		cmocka_unit_test(
		    blames_a_client_that_ends_in_the_middle_of_its_body),
		cmocka_unit_test(
		    cuts_the_client_when_the_server_cuts_its_response),
		cmocka_unit_test(
		    resets_a_client_that_could_take_the_cut_for_the_end),
		cmocka_unit_test(
		    answers_502_when_the_server_closes_without_a_response),
		cmocka_unit_test(answers_502_to_a_malformed_response),
		cmocka_unit_test(cuts_the_client_when_a_chunk_is_malformed),
		cmocka_unit_test(refuses_malformed_requests),
		cmocka_unit_test(
		    answers_what_stands_before_a_malformed_request),
		cmocka_unit_test(
		    refuses_a_request_whose_chunks_are_malformed),
		cmocka_unit_test(survives_a_client_that_breaks_while_we_write),
		cmocka_unit_test(
		    notices_by_writing_that_a_client_left_which_had_ended),
		cmocka_unit_test(
		    passes_on_an_answer_the_server_gave_before_it_broke),
		cmocka_unit_test(
		    closes_few_connections_to_servers_of_one_client_in_a_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
