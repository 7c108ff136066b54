/*
 * TLS to servers that fails: what the client is told, whether another server
 * is asked, and when; and ends that TLS did not announce.
 */
#include "stage.h"

#include <string.h>

/* A hello has left, and is of TLS. */
static struct wire *
await_hello(struct stage *st, const char *addr)
{
	struct wire *w = stage_dialled(st, addr);

	assert_non_null(w);
	assert_true(waiting(w) > 100);
	assert_memory_equal(heard(st, w), "\x16\x03", 2);
	return w;
}

static void
answers_502_when_the_server_does_not_speak_tls(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .tls = true, .servers = ONE_SERVER,
	    .pool = "tls = { }; retries = 0;");
	client = stage_client(&st);
	say(&st, client, GET);
	server = await_hello(&st, SERVER_A);
	say(&st, server, "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
	assert_starts(heard(&st, client), "HTTP/1.1 502 ");
	assert_ended(&st, "SC", 502);
	assert_has(st.lines.p, "\"reason\":\"TLS with the server failed: ");
	assert_has(st.lines.p, "\"server_tls\":null");
	assert_int_equal(stage_server(&st, "a")->count.econ, 1);
	assert_int_equal(stage_server(&st, "a")->count.tls_failed, 1);
	assert_int_equal(stage_server(&st, "a")->count.eresp, 0);
	assert_int_equal(stage_pool(&st)->bad_tls.total, 1);
	assert_string_equal(stage_pool(&st)->bad_tls.server, "a");
	stage_close(&st);
}

static void
asks_another_server_even_for_a_post(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .tls = true, .pool = "tls = { }; retries = 1;");
	client = stage_client(&st);
	say(&st, client, POST3);
	server = await_hello(&st, SERVER_A);
	say_eof(&st, server);
	assert_int_equal(waiting(client), 0);
	server = await_hello(&st, SERVER_B);
	say_reset(&st, server);
	assert_starts(heard(&st, client), "HTTP/1.1 502 ");
	assert_ended(&st, "SC", 502);
	assert_has(st.lines.p, "\"retries\":1");
	assert_int_equal(stage_pool(&st)->bad_tls.total, 2);
	stage_close(&st);
}

/* The next answer says that it is the last. */
static void
ends_a_client_whose_keys_are_worn(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	say(&st, t.server, OK);
	assert_lacks(heard(&st, t.client), "Connection: close");
	t.client->conn.worn = true;
	say(&st, t.client, GET);
	say(&st, t.server, OK);
	assert_has(heard(&st, t.client), "Connection: close");
	assert_true(is_cut(t.client));
	stage_close(&st);
}

static void
leaves_a_connection_to_a_server_whose_keys_are_worn(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	t.server->conn.worn = true;
	say(&st, t.server, OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_true(is_cut(t.server));
	say(&st, t.client, GET);
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	say(&st, stage_dialled(&st, SERVER_A), OK);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	stage_close(&st);
}

static void
gives_connect_and_handshake_one_limit(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .tls = true, .servers = ONE_SERVER, .pool =
	    "tls = { }; retries = 0; timeouts = { connect = \"2s\"; };");
	stage_reach(&st, SERVER_A, REACH_HANG);
	client = stage_client(&st);
	say(&st, client, GET);
	stage_advance(&st, MSEC(1500));
	(void)stage_connect(&st, SERVER_A);
	stage_advance(&st, MSEC(500) - 1);
	assert_int_equal(waiting(client), 0);
	stage_advance(&st, MSEC(20));
	assert_starts(heard(&st, client), "HTTP/1.1 503 ");
	assert_ended(&st, "sC", 503);
	assert_has(st.lines.p, "the handshake was not over in time");
	assert_int_equal(stage_server(&st, "a")->count.tls_failed, 1);
	stage_close(&st);
}

static void
tells_no_connection_from_no_handshake(void **state)
{
	static const struct {
		enum reach reach;
		const char *letters, *reason;
	} cases[] = {
		{ REACH_REFUSE, "SC", "the server refused the connection" },
		{ REACH_SHORTAGE, "RC", "no descriptor, port or memory" },
		{ REACH_HANG, "sC", "did not accept the connection in time" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage st;
		struct wire *client;

		STAGE(&st, .tls = true, .servers = ONE_SERVER,
		    .pool = "tls = { }; retries = 0;");
		stage_reach(&st, SERVER_A, cases[i].reach);
		client = stage_client(&st);
		say(&st, client, GET);
		stage_advance(&st, SEC(6));
		assert_starts(heard(&st, client), "HTTP/1.1 503 ");
		assert_ended(&st, cases[i].letters, 503);
		assert_has(st.lines.p, cases[i].reason);
		assert_int_equal(stage_server(&st, "a")->count.tls_failed, 0);
		stage_close(&st);
	}
}

static void
leaves_no_handshake_behind_when_the_client_leaves(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .tls = true, .servers = ONE_SERVER, .pool = "tls = { };");
	client = stage_client(&st);
	say(&st, client, GET);
	server = await_hello(&st, SERVER_A);
	say_reset(&st, client);
	assert_ended(&st, "CC", 0);
	stage_advance(&st, SEC(6));
	assert_true(server->closed);
	stage_close(&st);
}

static void
ends_handshakes_with_the_process(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .tls = true, .pool = "tls = { }; "
	    "health = { type = \"tls\"; };");
	stage_advance(&st, MSEC(200));
	(void)await_hello(&st, SERVER_A);
	client = stage_client(&st);
	say(&st, client, GET);
	stage_end(&st);
}

/* --- probes */

#define PROBE "tls = { }; health = { type = \"tls\"; interval = \"1s\"; " \
	"timeout = \"500ms\"; };"

static void
assert_probed(const struct stage *st, enum health_result result,
    const char *sentence)
{
	const struct health *h = &stage_server(st, "a")->health;

	assert_string_equal(health_result_name(h->result),
	    health_result_name(result));
	assert_has(h->sentence, sentence);
}

static unsigned
await_dial(struct stage *st)
{
	unsigned before = stage_dials(st, SERVER_A);

	for (int i = 0; i < 400; i++) {
		stage_advance(st, MSEC(5));
		if (stage_dials(st, SERVER_A) > before)
			return before + 1;
	}
	fail_msg("no probe");
	return 0;
}

static struct wire *
await_probe(struct stage *st)
{
	(void)await_dial(st);
	return await_hello(st, SERVER_A);
}

static void
names_what_a_probe_met(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .tls = true, .servers = ONE_SERVER, .pool = PROBE);
	w = await_probe(&st);
	say(&st, w, "SSH-2.0-OpenSSH\r\n");
	assert_probed(&st, CHECK_L6RSP, "");
	assert_int_equal(stage_server(&st, "a")->health.state, HEALTH_DOWN);
	say_eof(&st, await_probe(&st));
	assert_probed(&st, CHECK_L6RSP, "left");
	w = await_probe(&st);
	stage_advance(&st, MSEC(520));
	assert_probed(&st, CHECK_L6TOUT, "no handshake within 500 ms");
	assert_true(w->closed);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	(void)await_dial(&st);
	assert_probed(&st, CHECK_L4CON, "connection refused");
	stage_reach(&st, SERVER_A, REACH_HANG);
	(void)await_dial(&st);
	stage_advance(&st, MSEC(520));
	assert_probed(&st, CHECK_L4TOUT, "no connection within 500 ms");
	stage_end(&st);
}

/* --- a connection that ends unannounced; TLS is as if it had been there */

static void
takes_a_body_that_only_the_end_delimits_for_cut(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		STAGE(&st, .servers = ONE_SERVER);
		t = talk_open(&st, GET);
		say(&st, t.server, "HTTP/1.1 200 OK\r\n\r\nsome bytes");
		assert_has(heard(&st, t.client), "some bytes");
		t.server->conn.cut = i == 1;
		say_eof(&st, t.server);
		assert_ended(&st, i == 1 ? "SD" : "--", 200);
		assert_true(is_cut(t.client) || i == 0);
		assert_int_equal(stage_server(&st, "a")->count.eresp, i);
		stage_close(&st);
	}
}

static void
gives_on_what_came_before_a_cut(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	text_add(&t.server->in, "HTTP/1.1 200 OK\r\n\r\nsome bytes");
	t.server->conn.cut = true;
	say_eof(&st, t.server);
	assert_has(heard(&st, t.client), "some bytes");
	assert_ended(&st, "SD", 200);
	stage_close(&st);
}

static void
needs_no_announced_end_behind_a_length(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER);
	t = talk_open(&st, GET);
	text_add(&t.server->in, "%s", OK);
	t.server->conn.cut = true;
	say_eof(&st, t.server);
	assert_ends(heard(&st, t.client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    answers_502_when_the_server_does_not_speak_tls),
		cmocka_unit_test(asks_another_server_even_for_a_post),
		cmocka_unit_test(ends_a_client_whose_keys_are_worn),
		cmocka_unit_test(
		    leaves_a_connection_to_a_server_whose_keys_are_worn),
		cmocka_unit_test(gives_connect_and_handshake_one_limit),
		cmocka_unit_test(tells_no_connection_from_no_handshake),
		cmocka_unit_test(
		    leaves_no_handshake_behind_when_the_client_leaves),
		cmocka_unit_test(ends_handshakes_with_the_process),
		cmocka_unit_test(names_what_a_probe_met),
		cmocka_unit_test(
		    takes_a_body_that_only_the_end_delimits_for_cut),
		cmocka_unit_test(gives_on_what_came_before_a_cut),
		cmocka_unit_test(needs_no_announced_end_behind_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
