/*
 * The same exchange over each pair of protocols: what a client says is what the
 * server hears, and the other way round, whatever carries it.
 */
#include "peer.h"

#include <stdio.h>
#include <string.h>

struct pair {
	bool front, back;	/* HTTP/2 */
	const char *name;
};

static const struct pair pairs[] = {
	{ false, false, "h1 to h1" },
	{ false, true, "h1 to h2" },
	{ true, false, "h2 to h1" },
	{ true, true, "h2 to h2" },
};

/* A client, and a server that has its request; the number of both is 1. */
struct scene {
	struct stage st;
	const struct pair *pair;
	struct peer *client, *server;
};

static void
open_scene(struct scene *sc, const struct pair *pair, const char *pool)
{
	char text[256];

	memset(sc, 0, sizeof(*sc));
	sc->pair = pair;
	(void)snprintf(text, sizeof(text), "protocol = \"%s\"; %s",
	    pair->back ? "h2" : "h1", pool);
	STAGE(&sc->st, .servers = ONE_SERVER, .pool = text);
	sc->client = peer_client(&sc->st, pair->front);
}

static void
close_scene(struct scene *sc)
{
	stage_close(&sc->st);
}

static void
meet(struct scene *sc)
{
	sc->server = peer_server(&sc->st, SERVER_A, sc->pair->back);
	assert_non_null(sc->server);
}

static void
assert_body(const struct told *t, const char *body)
{
	assert_true(t->has_head);
	assert_string_equal(t->body.p != NULL ? t->body.p : "", body);
	assert_true(t->end);
	assert_false(t->reset);
}

static void
carries_a_get(struct scene *sc)
{
	peer_ask(sc->client, "GET", "/a?b=c", "X-One: 1\r\n", PEER_NO_BODY);
	meet(sc);
	assert_starts(peer_told(sc->server, 1)->head.p, "GET /a?b=c\n");
	assert_has(sc->server->s[1].told.head.p, "\nx-one: 1\n");
	assert_has(sc->server->s[1].told.head.p, "host: x\n");
	assert_has(sc->server->s[1].told.head.p, "x-forwarded-for: 192.0.2.1");
	assert_body(&sc->server->s[1].told, "");
	peer_answer(sc->server, 1, 200, "X-Two: 2\r\n", 5);
	peer_body(sc->server, 1, "hello", true);
	assert_body(peer_told(sc->client, 1), "hello");
	assert_starts(sc->client->s[1].told.head.p, "200\n");
	assert_has(sc->client->s[1].told.head.p, "\nx-two: 2\n");
	assert_has(sc->client->s[1].told.head.p, "\ncontent-length: 5\n");
	assert_ended(&sc->st, "--", 200);
	assert_has(sc->st.lines.p, sc->pair->back ?
	    "\"server_version\":\"HTTP/2.0\"" :
	    "\"server_version\":\"HTTP/1.1\"");
}

static void
carries_bodies_of_known_length(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", "", 6);
	meet(sc);
	peer_body(sc->client, 1, "abc", false);
	assert_has(peer_told(sc->server, 1)->head.p, "\ncontent-length: 6\n");
	assert_string_equal(sc->server->s[1].told.body.p, "abc");
	peer_body(sc->client, 1, "def", true);
	assert_body(peer_told(sc->server, 1), "abcdef");
	peer_answer(sc->server, 1, 201, "", 4);
	peer_body(sc->server, 1, "gh", false);
	assert_string_equal(peer_told(sc->client, 1)->body.p, "gh");
	peer_body(sc->server, 1, "ij", true);
	assert_body(peer_told(sc->client, 1), "ghij");
	assert_ended(&sc->st, "--", 201);
}

static void
carries_bodies_of_unknown_length(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", "", PEER_UNKNOWN);
	meet(sc);
	peer_body(sc->client, 1, "abc", false);
	assert_string_equal(peer_told(sc->server, 1)->body.p, "abc");
	assert_lacks(sc->server->s[1].told.head.p, "content-length");
	peer_answer(sc->server, 1, 200, "", PEER_UNKNOWN);
	peer_body(sc->server, 1, "one", false);
	assert_string_equal(peer_told(sc->client, 1)->body.p, "one");
	peer_body(sc->client, 1, "def", false);
	assert_string_equal(peer_told(sc->server, 1)->body.p, "abcdef");
	peer_body(sc->client, 1, "", true);
	assert_body(peer_told(sc->server, 1), "abcdef");
	peer_body(sc->server, 1, "two", true);
	assert_body(peer_told(sc->client, 1), "onetwo");
	assert_ended(&sc->st, "--", 200);
}

static void
carries_trailers(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", sc->pair->front ? "TE: trailers\r\n" :
	    "TE: trailers\r\nConnection: TE\r\n", PEER_UNKNOWN);
	meet(sc);
	peer_body(sc->client, 1, "abc", false);
	peer_trailers(sc->client, 1, "X-Sum: 1\r\n");
	assert_body(peer_told(sc->server, 1), "abc");
	assert_string_equal(sc->server->s[1].told.trailers.p, "x-sum: 1\n");
	peer_answer(sc->server, 1, 200, "", PEER_UNKNOWN);
	peer_body(sc->server, 1, "def", false);
	peer_trailers(sc->server, 1, "X-Sum: 2\r\n");
	assert_body(peer_told(sc->client, 1), "def");
	assert_string_equal(sc->client->s[1].told.trailers.p, "x-sum: 2\n");
	assert_ended(&sc->st, "--", 200);
}

/* HTTP/1.1 has none behind a length (RFC 9112 7.1.2). */
static void
carries_trailers_behind_a_length(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", sc->pair->front ? "TE: trailers\r\n" :
	    "TE: trailers\r\nConnection: TE\r\n", PEER_UNKNOWN);
	meet(sc);
	peer_body(sc->client, 1, "", true);
	peer_told(sc->server, 1);
	peer_answer(sc->server, 1, 200, "", 3);
	peer_body(sc->server, 1, "def", !sc->pair->back);
	if (sc->pair->back)
		peer_trailers(sc->server, 1, "X-Sum: 2\r\n");
	assert_body(peer_told(sc->client, 1), "def");
	if (sc->pair->front && sc->pair->back)
		assert_string_equal(sc->client->s[1].told.trailers.p,
		    "x-sum: 2\n");
	else
		assert_int_equal(sc->client->s[1].told.trailers.n, 0);
	assert_ended(&sc->st, "--", 200);
}

static void
carries_interim_responses(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", "Expect: 100-continue\r\n", 3);
	meet(sc);
	assert_has(peer_told(sc->server, 1)->head.p, "expect: 100-continue");
	peer_interim(sc->server, 1, 100, "");
	assert_string_equal(peer_told(sc->client, 1)->interim.p, "100\n");
	peer_body(sc->client, 1, "abc", true);
	assert_body(peer_told(sc->server, 1), "abc");
	peer_interim(sc->server, 1, 103, "Link: </x>\r\n");
	assert_has(peer_told(sc->client, 1)->interim.p, "103\nlink: </x>\n");
	assert_false(sc->client->s[1].told.has_head);
	peer_answer(sc->server, 1, 200, "", 2);
	peer_body(sc->server, 1, "ok", true);
	assert_body(peer_told(sc->client, 1), "ok");
	assert_ended(&sc->st, "--", 200);
}

static void
carries_an_answer_to_head(struct scene *sc)
{
	peer_ask(sc->client, "HEAD", "/", "", PEER_NO_BODY);
	meet(sc);
	assert_starts(peer_told(sc->server, 1)->head.p, "HEAD /\n");
	peer_answer(sc->server, 1, 200, "Content-Length: 1234\r\n",
	    PEER_NO_BODY);
	assert_body(peer_told(sc->client, 1), "");
	assert_has(sc->client->s[1].told.head.p, "\ncontent-length: 1234\n");
	assert_ended(&sc->st, "--", 200);
	peer_ask(sc->client, "GET", "/2", "", PEER_NO_BODY);
	assert_starts(peer_told(sc->server, 2)->head.p, "GET /2\n");
	peer_answer(sc->server, 2, 304, "Content-Length: 77\r\n",
	    PEER_NO_BODY);
	assert_body(peer_told(sc->client, 2), "");
	peer_ask(sc->client, "GET", "/3", "", PEER_NO_BODY);
	peer_told(sc->server, 3);
	peer_answer(sc->server, 3, 204, "", PEER_NO_BODY);
	assert_body(peer_told(sc->client, 3), "");
	assert_starts(sc->client->s[3].told.head.p, "204\n");
	assert_int_equal(stage_dials(&sc->st, SERVER_A), 1);
}

/* The answer is whole while the request is not. */
static void
carries_an_early_answer(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", "", 100);
	meet(sc);
	peer_body(sc->client, 1, "abc", false);
	peer_told(sc->server, 1);
	peer_answer(sc->server, 1, 413, "", 3);
	peer_body(sc->server, 1, "big", true);
	assert_body(peer_told(sc->client, 1), "big");
	assert_starts(sc->client->s[1].told.head.p, "413\n");
	assert_ended(&sc->st, "--", 413);
	assert_int_equal(stage_server(&sc->st, "a")->active, 0);
}

static const struct early {
	int64_t length;
	size_t body;
	bool trailers, writes, tcp;
} early[] = {
	{ 3, 3, false, false, false },
	{ 3, 3, false, true, true },
	{ PEER_UNKNOWN, 3, false, false, false },
	{ PEER_UNKNOWN, 3, false, true, true },
	{ PEER_UNKNOWN, 3, true, true, false },
	{ PEER_UNKNOWN, 3, true, true, true },
	{ 40000, 40000, false, false, false },
	{ 40000, 40000, false, false, true },
	{ PEER_UNKNOWN, 40000, true, false, true },
	{ 40000, 40000, false, true, true },
	{ PEER_UNKNOWN, 40000, true, true, false },
	{ PEER_UNKNOWN, 40000, true, true, true },
	{ 0, 0, false, true, true },
};

static void
answer_early(struct scene *sc, const struct early *e)
{
	const struct told *t;

	peer_ask(sc->client, "POST", "/", "TE: trailers\r\n", 100);
	meet(sc);
	peer_body(sc->client, 1, "abc", false);
	peer_told(sc->server, 1);
	sc->server->holds = true;
	peer_answer(sc->server, 1, 413, "", e->length);
	peer_body_many(sc->server, 1, e->body, !e->trailers);
	if (e->trailers)
		peer_trailers(sc->server, 1, "x-sum: 1\r\n");
	if (sc->pair->back && !e->tcp)
		peer_reset(sc->server, 1, 0);
	if (e->writes) {
		sc->client->holds = true;
		peer_body(sc->client, 1, "def", false);
		peer_burst(sc->client, false);
	}
	peer_burst(sc->server, !sc->pair->back || e->tcp);
	stage_settle(&sc->st);
	t = peer_told(sc->client, 1);
	assert_starts(t->head.p, "413\n");
	assert_int_equal(t->body.n, e->body);
	assert_true(t->end);
	if (e->trailers)
		assert_has(t->trailers.p, "x-sum: 1\n");
	assert_ended(&sc->st, "--", 413);
}

/*
 * It is whole, and behind it the server breaks off, all before we look: the
 * answer stands (RFC 9113 8.1).  The client goes on with its body meanwhile, so
 * that we meet the end by writing, too.
 */
static void
carries_an_early_answer_before_a_reset(struct scene *sc)
{
	const struct pair *pair = sc->pair;

	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		answer_early(sc, &early[i]);
		close_scene(sc);
		open_scene(sc, pair, "");
	}
}

static void
cancels_what_the_client_leaves(struct scene *sc)
{
	peer_ask(sc->client, "POST", "/", "", 100);
	meet(sc);
	peer_body(sc->client, 1, "abc", false);
	assert_string_equal(peer_told(sc->server, 1)->body.p, "abc");
	peer_reset(sc->client, 1, 8);
	assert_true(peer_told(sc->server, 1)->reset);
	assert_ended(&sc->st, "CH", 0);
	assert_int_equal(stage_server(&sc->st, "a")->active, 0);
}

static void
cancels_an_answer_that_the_client_leaves(struct scene *sc)
{
	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	meet(sc);
	peer_answer(sc->server, 1, 200, "", 100);
	peer_body(sc->server, 1, "abc", false);
	assert_string_equal(peer_told(sc->client, 1)->body.p, "abc");
	peer_reset(sc->client, 1, 8);
	peer_settle(sc->server);
	if (sc->pair->back)
		assert_int_equal(sc->server->s[1].told.code, 8);
	else
		assert_true(is_cut(sc->server->w));
	assert_ended(&sc->st, "CD", 200);
}

static void
answers_502_when_the_server_breaks_off(struct scene *sc)
{
	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	meet(sc);
	peer_reset(sc->server, 1, 2);
	assert_starts(peer_told(sc->client, 1)->head.p, "502\n");
	assert_true(sc->client->s[1].told.end);
	assert_ended(&sc->st, "SH", 502);
}

static void
cuts_an_answer_that_the_server_cut(struct scene *sc)
{
	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	meet(sc);
	peer_answer(sc->server, 1, 200, "", 100);
	peer_body(sc->server, 1, "abc", false);
	assert_string_equal(peer_told(sc->client, 1)->body.p, "abc");
	peer_reset(sc->server, 1, 2);
	assert_true(peer_told(sc->client, 1)->reset);
	assert_false(sc->client->s[1].told.end);
	assert_ended(&sc->st, "SD", 200);
}

static void
tries_again_when_a_connection_dies_unanswered(struct scene *sc)
{
	struct peer *again;

	peer_ask(sc->client, "PUT", "/", "", 3);
	peer_body(sc->client, 1, "abc", true);
	meet(sc);
	assert_body(peer_told(sc->server, 1), "abc");
	say_eof(&sc->st, sc->server->w);
	again = peer_server(&sc->st, SERVER_A, sc->pair->back);
	assert_body(peer_told(again, 1), "abc");
	peer_answer(again, 1, 200, "", 2);
	peer_body(again, 1, "ok", true);
	assert_body(peer_told(sc->client, 1), "ok");
	assert_ended(&sc->st, "--", 200);
	assert_has(sc->st.lines.p, "\"retries\":1");
	sc->server = again;
}

static void
carries_a_websocket(struct scene *sc)
{
	peer_ask_websocket(sc->client);
	meet(sc);
	assert_starts(peer_told(sc->server, 1)->head.p, sc->pair->back ?
	    "CONNECT /ws\n" : "GET /ws\n");
	assert_has(sc->server->s[1].told.head.p, "sec-websocket-version: 13");
	if (sc->pair->back) {
		assert_has(sc->server->s[1].told.head.p,
		    ":protocol: websocket\n");
		assert_lacks(sc->server->s[1].told.head.p,
		    "sec-websocket-key");
		assert_lacks(sc->server->s[1].told.head.p, "upgrade");
	} else {
		assert_has(sc->server->s[1].told.head.p,
		    "\nupgrade: websocket\n");
		assert_has(sc->server->s[1].told.head.p,
		    "\nsec-websocket-key: ");
	}
	peer_answer_websocket(sc->server, 1);
	assert_starts(peer_told(sc->client, 1)->head.p, sc->pair->front ?
	    "200\n" : "101\n");
	if (!sc->pair->front)
		assert_has(sc->client->s[1].told.head.p,
		    "\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n");
	peer_body(sc->client, 1, "ping", false);
	assert_string_equal(peer_told(sc->server, 1)->body.p, "ping");
	peer_body(sc->server, 1, "pong", false);
	assert_string_equal(peer_told(sc->client, 1)->body.p, "pong");
	peer_body(sc->client, 1, "!", true);
	assert_body(peer_told(sc->server, 1), "ping!");
	peer_body(sc->server, 1, "!", true);
	assert_body(peer_told(sc->client, 1), "pong!");
	assert_ended(&sc->st, "--", 101);
}

static void
answers_a_websocket_that_is_refused(struct scene *sc)
{
	peer_ask_websocket(sc->client);
	meet(sc);
	peer_told(sc->server, 1);
	peer_answer(sc->server, 1, 403, "", 2);
	peer_body(sc->server, 1, "no", true);
	assert_starts(peer_told(sc->client, 1)->head.p, "403\n");
	assert_string_equal(sc->client->s[1].told.body.p, "no");
	assert_ended(&sc->st, "--", 403);
}

/* What the product holds of bodies, in memory and in pipes. */
static size_t
held(const struct scene *sc)
{
	return sc->st.loop->pages.nused * BUF_PAGE;
}

#define LONG (1u << 20)
#define WINDOWS (2 * 65535u + 4 * BUF_PAGE)

static void
holds_no_more_than_a_slow_client_lets_it(struct scene *sc)
{
	const struct told *t;

	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	meet(sc);
	sc->client->is_deaf = true;
	peer_answer(sc->server, 1, 200, "", LONG);
	peer_body_many(sc->server, 1, LONG, true);
	peer_settle(sc->client);
	peer_settle(sc->server);
	assert_true(held(sc) <= WINDOWS);
	if (sc->pair->back)
		assert_true(sc->server->s[1].out_at <= WINDOWS + PIPE_MOST);
	else
		assert_true(unread(sc->server->w) + WINDOWS + PIPE_MOST >= LONG);
	peer_hear(sc->client);
	for (int i = 0; i < 200 && !sc->client->s[1].told.end; i++) {
		peer_settle(sc->server);
		peer_settle(sc->client);
	}
	t = peer_told(sc->client, 1);
	assert_true(t->end);
	assert_many(t->body.p, LONG);
	assert_ended(&sc->st, "--", 200);
}

static void
holds_no_more_than_a_slow_server_lets_it(struct scene *sc)
{
	const struct told *t;

	peer_ask(sc->client, "POST", "/", "", LONG);
	meet(sc);
	peer_told(sc->server, 1);
	sc->server->is_deaf = true;
	peer_body_many(sc->client, 1, LONG, true);
	peer_settle(sc->server);
	peer_settle(sc->client);
	assert_true(held(sc) <= WINDOWS);
	if (sc->pair->front)
		assert_true(sc->client->s[1].out_at <= WINDOWS + PIPE_MOST);
	else
		assert_true(unread(sc->client->w) + WINDOWS + PIPE_MOST >= LONG);
	peer_hear(sc->server);
	for (int i = 0; i < 200 && !sc->server->s[1].told.end; i++) {
		peer_settle(sc->client);
		peer_settle(sc->server);
	}
	t = peer_told(sc->server, 1);
	assert_true(t->end);
	assert_many(t->body.p, LONG);
	peer_answer(sc->server, 1, 200, "", PEER_NO_BODY);
	assert_true(peer_told(sc->client, 1)->end);
	assert_ended(&sc->st, "--", 200);
}

/* A client that takes its time ends by the clock, and frees its server. */
static void
gives_up_on_a_client_that_takes_nothing(struct scene *sc)
{
	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	meet(sc);
	sc->client->is_deaf = true;
	peer_answer(sc->server, 1, 200, "", LONG);
	peer_body_many(sc->server, 1, LONG, true);
	peer_settle(sc->client);
	peer_settle(sc->server);
	stage_advance(&sc->st, SEC(61));
	assert_ended(&sc->st, "cD", 200);
	assert_int_equal(stage_server(&sc->st, "a")->active, 0);
	peer_hear(sc->client);
	assert_true(peer_told(sc->client, 1)->reset);
	assert_false(sc->client->s[1].told.end);
}

static void
answers_504_when_the_server_says_nothing(struct scene *sc)
{
	peer_ask(sc->client, "GET", "/", "", PEER_NO_BODY);
	meet(sc);
	stage_advance(&sc->st, SEC(61));
	assert_starts(peer_told(sc->client, 1)->head.p, "504\n");
	assert_ended(&sc->st, "sH", 504);
}

static void
keeps_the_connection_for_the_next(struct scene *sc)
{
	for (unsigned i = 1; i <= 5; i++) {
		peer_ask(sc->client, "POST", "/", "", 3);
		peer_body(sc->client, i, "abc", true);
		if (i == 1)
			meet(sc);
		assert_body(peer_told(sc->server, i), "abc");
		peer_answer(sc->server, i, 200, "", 2);
		peer_body(sc->server, i, "ok", true);
		assert_body(peer_told(sc->client, i), "ok");
		assert_ended(&sc->st, "--", 200);
	}
	assert_int_equal(stage_dials(&sc->st, SERVER_A), 1);
	assert_int_equal(stage_server(&sc->st, "a")->count.reuse, 4);
	assert_int_equal(stage_server(&sc->st, "a")->nidle, 1);
}

#define CASE(name) { #name, name, "" }
static const struct scenario {
	const char *name;
	void (*play)(struct scene *sc);
	const char *pool;	/* what it wants of the pool */
} scenarios[] = {
	CASE(carries_a_get),
	CASE(carries_bodies_of_known_length),
	CASE(carries_bodies_of_unknown_length),
	CASE(carries_trailers),
	CASE(carries_trailers_behind_a_length),
	CASE(carries_interim_responses),
	CASE(carries_an_answer_to_head),
	CASE(carries_an_early_answer),
	CASE(carries_an_early_answer_before_a_reset),
	CASE(cancels_what_the_client_leaves),
	CASE(cancels_an_answer_that_the_client_leaves),
	{ "answers_502_when_the_server_breaks_off",
	    answers_502_when_the_server_breaks_off, "retries = 0;" },
	CASE(cuts_an_answer_that_the_server_cut),
	CASE(tries_again_when_a_connection_dies_unanswered),
	CASE(carries_a_websocket),
	CASE(answers_a_websocket_that_is_refused),
	CASE(holds_no_more_than_a_slow_client_lets_it),
	CASE(holds_no_more_than_a_slow_server_lets_it),
	CASE(gives_up_on_a_client_that_takes_nothing),
	CASE(answers_504_when_the_server_says_nothing),
	CASE(keeps_the_connection_for_the_next),
};

/* A scenario over a pair. */
struct row {
	const struct scenario *scenario;
	const struct pair *pair;
	char name[96];
};

static void
play(void **state)
{
	const struct row *row = *state;
	struct scene sc;

	open_scene(&sc, row->pair, row->scenario->pool);
	row->scenario->play(&sc);
	close_scene(&sc);
}

#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

int
main(void)
{
	static struct row rows[SCENARIOS * PAIRS];
	struct CMUnitTest tests[SCENARIOS * PAIRS];
	size_t n = 0;

	for (size_t i = 0; i < SCENARIOS; i++)
		for (size_t k = 0; k < PAIRS; k++) {
			struct row *row = &rows[n];

			*row = (struct row){ &scenarios[i], &pairs[k], "" };
			(void)snprintf(row->name, sizeof(row->name),
			    "%s (%s)", scenarios[i].name, pairs[k].name);
			tests[n++] = (struct CMUnitTest){ row->name, play,
			    NULL, NULL, row };
		}
	return _cmocka_run_group_tests("pairs", tests, n, NULL, NULL);
}
