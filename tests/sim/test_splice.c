/*
 * Long bodies and tunnels that pass through pipes: the same outcome as copied
 * ones, whoever is slow or leaves, and every pipe given back.
 */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#define LONG 1000000
#define LONG_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
#define LONG_POST "POST / HTTP/1.1\r\nHost: x\r\n" \
	"Content-Length: 1000000\r\n\r\n"
#define UPGRADE "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\n" \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

#define OPEN(st, ...) \
	do { \
		STAGE(st, .servers = ONE_SERVER, .pool = __VA_ARGS__); \
		(st)->splices = true; \
	} while (0)

/* Hears all that comes, a portion at a time. */
static void
hear_all(struct stage *st, struct wire *w, size_t portion, struct text *all)
{
	text_init(all);
	while (heard_some(st, w, portion) > 0)
		text_add_slice(all, text_slice(&w->last));
}

static const char *
body_of(const struct text *all)
{
	const char *body = strstr(all->p, "\r\n\r\n");

	assert_non_null(body);
	return body + 4;
}

static void
hear_body(struct stage *st, struct wire *w, size_t portion)
{
	struct text all;

	hear_all(st, w, portion, &all);
	assert_many(body_of(&all), LONG);
	text_fini(&all);
}

static void
holds_one_pipe_and_no_page_for_a_slow_client(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	OPEN(&st, NULL);
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, LONG);
	assert_int_equal(waiting(t.client), PIPE_MOST);
	assert_true(unread(t.server) >= LONG - PIPE_MOST - PIPE_SIZE);
	assert_int_equal(st.loop->pipes.nused, 1);
	assert_int_equal(st.loop->pages.nused, 0);
	hear_body(&st, t.client, 10000);
	assert_int_equal(st.loop->pipes.nused, 0);
	assert_true(t.server->spliced > LONG - 2 * BUF_PAGE);
	assert_int_equal(st.loop->pipes.moved, t.server->spliced);
	assert_ended(&st, "--", 200);
	assert_has(st.lines.p, "\"bytes_out\":10000");
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

static void
holds_one_pipe_for_a_slow_server(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	OPEN(&st, NULL);
	client = stage_client(&st);
	say(&st, client, LONG_POST);
	say_many(&st, client, LONG);
	server = stage_dialled(&st, SERVER_A);
	assert_int_equal(waiting(server), PIPE_MOST);
	assert_int_equal(st.loop->pipes.nused, 1);
	assert_int_equal(st.loop->pages.nused, 0);
	hear_body(&st, server, 10000);
	assert_true(client->spliced > LONG - 2 * BUF_PAGE);
	say(&st, server, OK);
	assert_ends(heard(&st, client), "\r\n\r\nok");
	assert_ended(&st, "--", 200);
	assert_has(st.lines.p, "\"bytes_in\":10000");
	say(&st, client, GET);		/* the connection goes on */
	assert_starts(heard(&st, server), "GET / ");
	say(&st, server, OK);
	stage_close(&st);
}

/* Undoes the chunks in place; gives how many bytes they hold. */
static size_t
join_chunks(char *p)
{
	char *to = p, *start = p;

	for (;;) {
		size_t n = strtoul(p, &p, 16);

		assert_memory_equal(p, "\r\n", 2);
		if (n == 0)
			break;
		memmove(to, p + 2, n);
		to += n;
		p += 2 + n;
		assert_memory_equal(p, "\r\n", 2);
		p += 2;
	}
	assert_string_equal(p, "\r\n\r\n");
	*to = '\0';
	return (size_t)(to - start);
}

static void
turns_a_body_until_the_end_into_chunks(void **state)
{
	struct stage st;
	struct text all;
	struct talk t;
	char *body;

	(void)state;
	OPEN(&st, NULL);
	t = talk_open(&st, GET);
	say(&st, t.server, "HTTP/1.1 200 OK\r\n\r\n");
	say_many(&st, t.server, LONG);
	say_eof(&st, t.server);
	hear_all(&st, t.client, 5000, &all);
	body = (char *)(uintptr_t)body_of(&all);
	assert_int_equal(join_chunks(body), LONG);
	assert_many(body, LONG);
	assert_true(t.server->spliced > LONG / 2);
	text_fini(&all);
	assert_ended(&st, "--", 200);
	assert_false(t.client->closed);
	stage_close(&st);
}

static void
sends_long_bodies_both_ways_at_once(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	OPEN(&st, NULL);
	t = talk_open(&st, LONG_POST);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, LONG);
	say_many(&st, t.client, LONG);
	assert_int_equal(st.loop->pipes.nused, 2);
	while (heard_some(&st, t.server, PIPE_MOST) > 0)
		continue;
	assert_int_equal(unread(t.client), 0);
	hear_body(&st, t.client, PIPE_MOST);
	assert_ended(&st, "--", 200);
	assert_int_equal(stage_server(&st, "a")->nidle, 1);
	stage_close(&st);
}

static struct talk
open_tunnel(struct stage *st)
{
	struct talk t;

	t.client = stage_client(st);
	say(st, t.client, UPGRADE);
	t.server = stage_dialled(st, SERVER_A);
	heard(st, t.server);
	say(st, t.server, SWITCHED);
	assert_starts(heard(st, t.client), "HTTP/1.1 101 ");
	return t;
}

static void
carries_a_tunnel_both_ways_and_its_half_close(void **state)
{
	struct stage st;
	struct text all;
	struct talk t;

	(void)state;
	OPEN(&st, NULL);
	t = open_tunnel(&st);
	for (int i = 0; i < 3; i++) {
		say(&st, t.client, "up%d", i);
		assert_starts(heard(&st, t.server), "up");
		say(&st, t.server, "down%d", i);
		assert_starts(heard(&st, t.client), "down");
	}
	assert_int_equal(st.loop->pipes.nused, 0);
	assert_true(t.client->spliced < 5);	/* once, and no more for such */
	assert_true(t.server->spliced < 7);
	say_many(&st, t.client, LONG);
	say_many(&st, t.server, LONG);
	assert_int_equal(st.loop->pipes.nused, 2);
	assert_int_equal(st.loop->pages.nused, 0);
	say_eof(&st, t.client);
	assert_false(t.server->shut);	/* its last bytes come first */
	hear_all(&st, t.server, PIPE_MOST, &all);
	assert_many(all.p, LONG);
	text_fini(&all);
	assert_true(t.server->shut);
	hear_all(&st, t.client, PIPE_MOST, &all);
	assert_many(all.p, LONG);
	text_fini(&all);
	assert_true(t.client->spliced > LONG / 2);
	assert_true(t.server->spliced > LONG / 2);
	say_eof(&st, t.server);
	assert_true(t.client->closed && t.server->closed);
	assert_false(t.client->reset || t.server->reset);
	assert_ended(&st, "--", 101);
	stage_close(&st);
}

/* What had come is given to the client; that it is cut is seen after. */
static void
delivers_what_came_before_the_server_broke_off(void **state)
{
	static const size_t sent = 300000;
	struct stage st;
	struct text all;
	struct talk t;
	size_t n;

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		OPEN(&st, NULL);
		t = talk_open(&st, GET);
		say(&st, t.server, LONG_RESPONSE);
		say_many(&st, t.server, sent);
		if (reset)
			say_reset(&st, t.server);
		else
			say_eof(&st, t.server);
		assert_int_equal(st.loop->pipes.nused, 1);
		hear_all(&st, t.client, 10000, &all);
		n = strlen(body_of(&all));
		assert_true(reset ? n >= PIPE_SIZE && n < sent : n == sent);
		assert_many(body_of(&all), n);
		text_fini(&all);
		assert_true(is_cut(t.client));
		assert_ended(&st, "SD", 200);
		stage_close(&st);
	}
}

static void
gives_the_pipe_back_when_an_end_leaves(void **state)
{
	static const struct {
		const char *pool, *letters;
		bool client;
	} cases[] = {
		{ NULL, "CD", true },
		{ "abort_on_close = false;", "CD", true },
		{ NULL, "SD", false },
	};
	struct stage st;
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OPEN(&st, cases[i].pool);
		t = talk_open(&st, GET);
		say(&st, t.server, LONG_RESPONSE);
		say_many(&st, t.server, LONG);
		assert_int_equal(st.loop->pipes.nused, 1);
		say_reset(&st, cases[i].client ? t.client : t.server);
		if (!cases[i].client)
			heard(&st, t.client);
		while (!cases[i].client && heard_some(&st, t.client, LONG) > 0)
			continue;
		assert_int_equal(st.loop->pipes.nused, 0);
		assert_int_equal(st.worker->nexchanges, 0);
		assert_ended(&st, cases[i].letters, 200);
		stage_close(&st);
	}
}

/* Nobody will read the rest: a pipe would have to be emptied for nothing. */
static void
lets_a_server_finish_without_pipes(void **state)
{
	struct stage st;
	struct talk t;
	size_t spliced;

	(void)state;
	OPEN(&st, "abort_on_close = false;");
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, 500000);
	spliced = t.server->spliced;
	assert_true(spliced > 0);
	say_reset(&st, t.client);
	assert_int_equal(st.loop->pipes.nused, 0);
	text_clear(&t.server->in);
	t.server->in_at = 0;
	say_many(&st, t.server, 400000);
	say_many(&st, t.server, 100000);
	assert_int_equal(t.server->spliced, spliced);
	assert_int_equal(unread(t.server), 0);
	say_eof(&st, t.server);
	stage_log(&st);
	stage_close(&st);
}

static void
copies_when_no_pipe_is_left(void **state)
{
	struct stage st;
	struct talk t, u;

	(void)state;
	OPEN(&st, NULL, .global = "max_pipes = 1;");
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, LONG);
	assert_int_equal(st.loop->pipes.nused, 1);
	u = talk_open(&st, GET);
	say(&st, u.server, LONG_RESPONSE);
	say_many(&st, u.server, LONG);
	hear_body(&st, u.client, 10000);
	assert_int_equal(u.server->spliced, 0);
	hear_body(&st, t.client, 10000);
	stage_log(&st);
	stage_close(&st);
}

static void
uses_none_where_either_end_cannot(void **state)
{
	struct stage st;
	struct talk t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		OPEN(&st, NULL);
		st.splices = i == 0;
		t.client = stage_client(&st);
		st.splices = i == 1;
		say(&st, t.client, LONG_POST);
		t.server = stage_dialled(&st, SERVER_A);
		say(&st, t.server, LONG_RESPONSE);
		say_many(&st, t.server, LONG);
		say_many(&st, t.client, LONG);
		hear_body(&st, t.server, PIPE_MOST);
		hear_body(&st, t.client, PIPE_MOST);
		assert_int_equal(t.server->spliced + t.client->spliced, 0);
		assert_ended(&st, "--", 200);
		stage_close(&st);
	}
}

static void
does_without_once_a_reload_says_so(void **state)
{
	struct stage st;
	struct talk t;
	size_t spliced;

	(void)state;
	OPEN(&st, NULL);
	t = talk_open(&st, GET);
	say(&st, t.server, LONG_RESPONSE);
	say_many(&st, t.server, LONG);
	assert_int_equal(st.loop->pipes.nused, 1);
	STAGE_APPLY(&st, .servers = ONE_SERVER, .global = "max_pipes = 0;");
	spliced = t.server->spliced;
	hear_body(&st, t.client, 10000);
	assert_int_equal(t.server->spliced, spliced);
	assert_int_equal(st.loop->pipes.nfree, 0);
	stage_log(&st);
	stage_close(&st);
}

/* Its bytes must be here still when another server is to have them. */
static void
never_pipes_the_first_bytes_of_a_request(void **state)
{
	struct stage st;
	struct wire *client, *server;

	(void)state;
	STAGE(&st, .servers = TWO_SERVERS);
	st.splices = true;
	client = stage_client(&st);
	say(&st, client, "PUT / HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 1000000\r\n\r\n");
	server = stage_dialled(&st, SERVER_A);
	server->room = waiting(server);	/* the head, and no more */
	say_many(&st, client, LONG);
	assert_int_equal(client->spliced, 0);
	say_reset(&st, server);
	server = stage_dialled(&st, SERVER_B);
	assert_non_null(server);
	hear_body(&st, server, PIPE_MOST);
	assert_true(client->spliced > 0);
	say(&st, server, OK);
	heard(&st, client);
	assert_has(stage_log(&st), "\"retries\":1");
	stage_close(&st);
}

/* A fast transfer has its share of a tick; then others have theirs. */
static void
fills_a_pipe_some_times_a_tick(void **state)
{
	struct stage st;
	struct talk t;
	size_t before;

	(void)state;
	OPEN(&st, NULL);
	t = talk_open(&st, GET);
	t.client->room = 2 * LONG;
	say(&st, t.server, LONG_RESPONSE);
	text_add(&t.server->in, "%*s", LONG, "x");
	t.server->conn.readable = true;
	loop_run(st.loop, &t.server->tell);
	for (int i = 0; i < 2; i++) {
		before = t.server->spliced;
		loop_tick(st.loop, 0);
		assert_true(t.server->spliced - before <= LINK_SHARE);
		assert_true(t.server->spliced > before);
	}
	stage_settle(&st);
	assert_ended(&st, "--", 200);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_one_pipe_and_no_page_for_a_slow_client),
		cmocka_unit_test(holds_one_pipe_for_a_slow_server),
		cmocka_unit_test(turns_a_body_until_the_end_into_chunks),
		cmocka_unit_test(sends_long_bodies_both_ways_at_once),
		cmocka_unit_test(
		    carries_a_tunnel_both_ways_and_its_half_close),
		cmocka_unit_test(
		    delivers_what_came_before_the_server_broke_off),
		cmocka_unit_test(gives_the_pipe_back_when_an_end_leaves),
		cmocka_unit_test(lets_a_server_finish_without_pipes),
		cmocka_unit_test(copies_when_no_pipe_is_left),
		cmocka_unit_test(uses_none_where_either_end_cannot),
		cmocka_unit_test(does_without_once_a_reload_says_so),
		cmocka_unit_test(never_pipes_the_first_bytes_of_a_request),
		cmocka_unit_test(fills_a_pipe_some_times_a_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
