/*
 * Requests and responses as they should go, in each framing.
 */
#include "stage.h"

#include <string.h>

static void
forwards_a_small_get(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st, .global = NULL);
	t.client = stage_client(&st);
	say(&st, t.client, GET);
	t.server = stage_dialled(&st, SERVER_A);
	text = heard(&st, t.server);
	assert_starts(text, "GET / HTTP/1.1\r\n");
	assert_has(text, "\r\nHost: x\r\n");
	assert_has(text, "X-Forwarded-For: 192.0.2.1\r\n");
	assert_int_equal(stage_server(&st, "a")->active, 1);
	say(&st, t.server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	text = heard(&st, t.client);
	assert_starts(text, "HTTP/1.1 200 OK\r\n");
	assert_has(text, "\r\nContent-Length: 5\r\n");
	assert_lacks(text, "Connection:");
	assert_ends(text, "\r\n\r\nhello");
	assert_ended(&st, "--", 200);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

static void
takes_a_request_byte_by_byte(void **state)
{
	static const char request[] = POST3;
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	client = stage_client(&st);
	for (size_t i = 0; request[i] != '\0'; i++)
		say(&st, client, "%c", request[i]);
	server = stage_dialled(&st, SERVER_A);
	assert_ends(heard(&st, server), "\r\n\r\nabc");
	for (size_t i = 0; OK[i] != '\0'; i++)
		say(&st, server, "%c", OK[i]);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
keeps_both_connections_for_a_second_request(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, OK);
	heard(&st, t.client);
	say(&st, t.client, "GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_starts(heard(&st, t.server), "GET /second HTTP/1.1\r\n");
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	assert_int_equal(stage_server(&st, "a")->count.reuse, 1);
	assert_int_equal(stage_server(&st, "a")->count.req_tot, 2);
	stage_close(&st);
}

/* The bytes are held back for the close that comes in the same tick. */
static void
sends_the_last_answer_together_with_the_fin(void **state)
{
	static const char *const table[] = {
		GET,
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stage st;
		struct talk t;

		STAGE(&st, .servers = ONE_SERVER);
		t = talk_open(&st, table[i]);
		say(&st, t.server, OK);
		assert_ends(heard(&st, t.client), "\r\n\r\nok");
		assert_int_equal(t.client->more, i == 1);
		assert_int_equal(t.client->closed, i == 1);
		stage_close(&st);
	}
}

static void
answers_three_pipelined_requests_in_order(void **state)
{
	struct stage st;
	struct wire *client, *a, *b;
	const char *text, *one, *two, *three;

	(void)state;
	STAGE(&st, .global = NULL);
	client = stage_client(&st);
	say(&st, client, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
	a = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, a), "GET /1 ");
	assert_int_equal(st.worker->nexchanges, 1);
	say(&st, a, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
	b = stage_dialled(&st, SERVER_B);
	assert_starts(heard(&st, b), "GET /2 ");
	say(&st, b, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
	assert_starts(heard(&st, a), "GET /3 ");
	say(&st, a, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthree");
	text = heard(&st, client);
	one = strstr(text, "\r\n\r\none");
	two = strstr(text, "\r\n\r\ntwo");
	three = strstr(text, "\r\n\r\nthree");
	assert_true(one != NULL && one < two && two < three);
	stage_close(&st);
}

/* One request to server a, one answer; how each is to arrive. */
struct framing {
	const char *name;
	const char *request, *sent, *sent_end;
	const char *response, *got, *got_end;
	bool eof;		/* the server ends so */
	bool kept;		/* the client's connection stands */
};

static const struct framing framings[] = {
	{ "POST with a length", POST3, "\r\nContent-Length: 3\r\n",
	    "\r\n\r\nabc", OK, "\r\nContent-Length: 2\r\n", "\r\n\r\nok",
	    false, true },
	{ "POST in chunks",
	    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n0\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n",
	    "3\r\nabc\r\n0\r\n\r\n", OK, "", "\r\n\r\nok", false, true },
	{ "empty POST", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
	    "\r\n", "\r\nContent-Length: 0\r\n", "\r\n\r\n", OK, "",
	    "\r\n\r\nok", false, true },
	{ "response in chunks", GET, "", "\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n0\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n",
	    "5\r\nhello\r\n0\r\n\r\n", false, true },
	{ "response until the end", GET, "", "\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\r\nhello",
	    "\r\nTransfer-Encoding: chunked\r\n",
	    "\r\n5\r\nhello\r\n0\r\n\r\n", true, true },
	{ "response of HTTP/1.0", GET, "", "\r\n\r\n",
	    "HTTP/1.0 200 OK\r\n\r\nhello", "HTTP/1.1 200 OK\r\n",
	    "\r\n5\r\nhello\r\n0\r\n\r\n", true, true },
	{ "chunks to an HTTP/1.0 client", "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
	    "GET / HTTP/1.1\r\n", "\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n0\r\n\r\n", "Connection: close\r\n",
	    "\r\n\r\nhello", false, false },
	{ "HTTP/1.0 with keep-alive",
	    "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
	    "", "\r\n\r\n", OK, "Connection: keep-alive\r\n", "\r\n\r\nok",
	    false, true },
	{ "the client closes",
	    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	    "", "\r\n\r\n", OK, "Connection: close\r\n", "\r\n\r\nok",
	    false, false },
	{ "the server closes", GET, "", "\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n"
	    "\r\nok", "\r\nContent-Length: 2\r\n", "\r\n\r\nok", false, true },
	{ "HEAD", "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD / ",
	    "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
	    "\r\nContent-Length: 5\r\n", "\r\n\r\n", false, true },
	{ "204", GET, "", "\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 204 No Content\r\n", "\r\n\r\n", false, true },
	{ "304", GET, "", "\r\n\r\n",
	    "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
	    "\r\nETag: \"a\"\r\n", "\r\n\r\n", false, true },
	{ "trailers",
	    "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n"
	    "Connection: TE\r\n\r\n", "", "\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n", "",
	    "\r\n0\r\nX-Sum: 7\r\n\r\n", false, true },
};

static void
frames_messages_for_each_side(void **state)
{
	struct stage st;

	(void)state;
	for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++) {
		const struct framing *f = &framings[i];
		struct wire *client, *server;
		const char *text;

		print_message("  %s\n", f->name);
		STAGE(&st, .servers = ONE_SERVER);
		client = stage_client(&st);
		say(&st, client, "%s", f->request);
		server = stage_dialled(&st, SERVER_A);
		text = heard(&st, server);
		assert_has(text, f->sent);
		assert_ends(text, f->sent_end);
		say(&st, server, "%s", f->response);
		if (f->eof)
			say_eof(&st, server);
		text = heard(&st, client);
		assert_has(text, f->got);
		assert_ends(text, f->got_end);
		assert_int_equal(client->shut || client->closed, !f->kept);
		assert_int_equal(st.worker->nexchanges, 0);
		assert_has(stage_log(&st), "\"termination\":\"--\"");
		stage_close(&st);
	}
}

static void
sends_no_body_with_the_answer_to_head(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	say(&st, t.server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	assert_ends(heard(&st, t.client), "\r\n\r\n");
	say(&st, t.client, GET);
	assert_starts(heard(&st, t.server), "GET / ");
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	stage_close(&st);
}

static void
forwards_interim_responses(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n");
	text = heard(&st, t.client);
	assert_starts(text, "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n");
	assert_lacks(text, "Content-Length");
	say(&st, t.server, "HTTP/1.1 103 Early Hints\r\n\r\n" OK);
	text = heard(&st, t.client);
	assert_starts(text, "HTTP/1.1 103 Early Hints\r\n");
	assert_has(text, "\r\n\r\nHTTP/1.1 200 OK\r\n");
	assert_ends(text, "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

static void
keeps_interim_responses_from_an_http_10_client(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
	say(&st, t.server, "HTTP/1.1 103 Early Hints\r\n\r\n" OK);
	assert_starts(heard(&st, t.client), "HTTP/1.1 200 OK\r\n");
	stage_close(&st);
}

static void
lets_client_and_server_agree_on_100_continue(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	client = stage_client(&st);
	say(&st, client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\n");
	server = stage_dialled(&st, SERVER_A);
	assert_has(heard(&st, server), "Expect: 100-continue\r\n");
	assert_int_equal(waiting(client), 0);
	say(&st, server, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_starts(heard(&st, client), "HTTP/1.1 100 Continue\r\n");
	say(&st, client, "abc");
	assert_string_equal(heard(&st, server), "abc");
	say(&st, server, OK);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	assert_false(client->closed);
	stage_close(&st);
}

static void
gives_up_on_a_server_that_sends_interim_responses_for_ever(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	for (int i = 0; i < EXCHANGE_INTERIMS; i++)
		say(&st, t.server, "HTTP/1.1 103 Early Hints\r\n\r\n");
	assert_int_equal(st.worker->nexchanges, 1);
	heard(&st, t.client);
	say(&st, t.server, "HTTP/1.1 103 Early Hints\r\n\r\n");
	assert_starts(heard(&st, t.client), "HTTP/1.1 502 ");
	assert_ended(&st, "PH", 502);
	stage_close(&st);
}

static void
forwards_a_response_that_comes_before_the_body_ends(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, "POST / HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 1000000\r\n\r\nabc");
	say(&st, t.server, "HTTP/1.1 413 Content Too Large\r\n"
	    "Content-Length: 3\r\nConnection: close\r\n\r\nbig");
	text = heard(&st, t.client);
	assert_starts(text, "HTTP/1.1 413 Content Too Large\r\n");
	assert_has(text, "Connection: close\r\n");
	assert_ends(text, "\r\n\r\nbig");
	assert_ended(&st, "--", 413);
	assert_true(t.client->shut);
	assert_true(t.server->closed);
	stage_close(&st);
}

static void
goes_on_after_an_early_response_when_little_is_left(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, "POST / HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 10\r\n\r\nabc");
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	say(&st, t.client, "defghij" GET);
	t.server = stage_dialled(&st, SERVER_A);
	assert_starts(heard(&st, t.server), "GET / ");
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	stage_close(&st);
}

static void
answers_a_client_that_has_half_closed(void **state)
{
	struct stage st;
	struct talk t;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say_eof(&st, t.client);
	assert_int_equal(st.worker->nexchanges, 1);
	say(&st, t.server, OK);
	text = heard(&st, t.client);
	assert_has(text, "Connection: close\r\n");
	assert_ends(text, "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	assert_true(t.client->closed);
	stage_close(&st);
}

static void
answers_by_itself_where_routes_say_so(void **state)
{
	struct stage st;
	struct wire *client;
	const char *text;

	(void)state;
	STAGE(&st, .routes = "{ path = \"/ping\"; "
	    "respond = { status = 200; body = \"pong\\n\"; }; }, "
	    "{ path = \"/old\"; "
	    "redirect = { status = 301; location = \"/new\"; }; },");
	client = stage_client(&st);
	say(&st, client, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
	text = heard(&st, client);
	assert_starts(text, "HTTP/1.1 200 OK\r\n");
	assert_ends(text, "\r\n\r\npong\n");
	assert_ended(&st, "LR", 200);
	say(&st, client, "GET /old HTTP/1.1\r\nHost: x\r\n\r\n");
	text = heard(&st, client);
	assert_starts(text, "HTTP/1.1 301 ");
	assert_has(text, "\r\nLocation: /new\r\n");
	assert_ended(&st, "LR", 301);
	say(&st, client, "HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n");
	text = heard(&st, client);
	assert_has(text, "\r\nContent-Length: 5\r\n");
	assert_ends(text, "\r\n\r\n");
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_a_small_get),
		cmocka_unit_test(takes_a_request_byte_by_byte),
		cmocka_unit_test(keeps_both_connections_for_a_second_request),
		cmocka_unit_test(sends_the_last_answer_together_with_the_fin),
		cmocka_unit_test(answers_three_pipelined_requests_in_order),
		cmocka_unit_test(frames_messages_for_each_side),
		cmocka_unit_test(sends_no_body_with_the_answer_to_head),
		cmocka_unit_test(forwards_interim_responses),
		cmocka_unit_test(
		    keeps_interim_responses_from_an_http_10_client),
		cmocka_unit_test(lets_client_and_server_agree_on_100_continue),
		cmocka_unit_test(
		    gives_up_on_a_server_that_sends_interim_responses_for_ever),
		cmocka_unit_test(
		    forwards_a_response_that_comes_before_the_body_ends),
		cmocka_unit_test(
		    goes_on_after_an_early_response_when_little_is_left),
		cmocka_unit_test(answers_a_client_that_has_half_closed),
		cmocka_unit_test(answers_by_itself_where_routes_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
