/*
 * Many clients and servers that do anything at any time: nothing is left
 * behind, and nothing falls over.
 *
 *	test_storm [first [last]]	with these seeds, each named
 */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define SEEDS 60
#define STEPS 400
#define CLIENTS 6

struct seeds {
	uint64_t first, last;
};

struct storm {
	struct stage stage;
	struct rng rng;
	struct wire *clients[CLIENTS];
};

static unsigned
any(struct storm *s, unsigned n)
{
	return (unsigned)rng_below(&s->rng, n);
}

#define ONE_OF(s, list) (list)[any(s, sizeof(list) / sizeof((list)[0]))]

#define UPGRADE "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define EXPECTS "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" \
	"Expect: 100-continue\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\n" \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

static const char *const requests[] = {
	GET, GET, GET, GET, GET, GET GET GET, POST3, POST3, UPGRADE, UPGRADE,
	"GET / HT", "TP/1.1\r\nHost: x\r\n\r\n",
	"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	EXPECTS,
	"3\r\nabc\r\n", "0\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n", "abc", "zz\r\n",
};

static const char *const responses[] = {
	OK, OK, OK OK,
	OK, OK, OK, OK, OK,
	"HTTP/1.1 200 OK\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	"3\r\nabc\r\n", "0\r\n\r\n", "abc", "zz\r\n",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\n\r\n",
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	SWITCHED, "HTTP/1.1 bad\r\n\r\n", "HTTP/1.1 2",
};

static const struct stage_conf confs[] = {
	{ .servers = ONE_SERVER },
	{ .pool = "health = { type = \"tcp\"; interval = \"500ms\"; };" },
	{ .pool = "retries = 0; abort_on_close = false;" },
	{ .servers = "{ address = \"" SERVER_A "\"; max_connections = 1; }, "
	    "{ address = \"" SERVER_B "\"; max_connections = 2; }",
	    .pool = "timeouts = { queue = \"2s\"; };" },
	{ .servers = "{ address = \"" SERVER_C "\"; }, " TWO_SERVERS,
	    .pool = "reuse = { max = 1; timeout = \"2s\"; }; health = { "
	    "type = \"http\"; interval = \"1s\"; on_down = \"shutdown\"; };" },
	{ .listener = "timeouts = { head = \"1s\"; keep_alive = \"1s\"; "
	    "send = \"1s\"; };", .pool = "timeouts = { connect = \"1s\"; "
	    "request = \"1s\"; response = \"1s\"; idle = \"1s\"; "
	    "tunnel = \"1s\"; };" },
};

static void
act_wire(struct storm *s, struct wire *w, const char *text)
{
	struct stage *st = &s->stage;

	switch (w->closed || w->in_eof || w->in_reset ? 0 : any(s, 24)) {
	case 0:
		break;
	case 1:
		say_eof(st, w);
		break;
	case 2:
		say_reset(st, w);
		break;
	case 3:
		break_silently(w);
		break;
	case 4:
		say_many(st, w, 1 + any(s, 100000));
		break;
	default:
		say(st, w, "%s", text);
		break;
	}
	if (any(s, 3) > 0)
		heard_some(st, w, any(s, PIPE_MOST));
}

/* With a body that is long enough, and an answer that fits. */
static void
act_well(struct storm *s, struct wire *w)
{
	struct stage *st = &s->stage;
	bool upgrade;

	if (w->closed || w->in_eof || w->in_reset)
		return;
	if (!w->dialled) {
		say(st, w, "POST / HTTP/1.1\r\nHost: x\r\n"
		    "Content-Length: 300000\r\n\r\n");
		say_many(st, w, 300000);
		return;
	}
	upgrade = strstr(heard(st, w), "Upgrade: websocket") != NULL;
	if (!w->closed)
		say(st, w, "%s", upgrade ? SWITCHED : OK);
}

static void
act_client(struct storm *s)
{
	struct wire **w = &s->clients[any(s, CLIENTS)];

	if (s->stage.worker->draining)
		return;
	if (*w == NULL || (*w)->closed)
		*w = stage_client(&s->stage);
	if (any(s, 20) == 0)
		act_well(s, *w);
	else
		act_wire(s, *w, ONE_OF(s, requests));
}

static void
act_server(struct storm *s)
{
	struct wire *w, *found = NULL;
	unsigned seen = 0;

	list_each(w, &s->stage.wires, struct wire, node)
		if (w->dialled && !w->closed && w->conn.connected &&
		    any(s, ++seen) == 0)
			found = w;
	if (found != NULL && any(s, 3) == 0)
		act_well(s, found);
	else if (found != NULL)
		act_wire(s, found, ONE_OF(s, responses));
}

static void
act_reach(struct storm *s)
{
	static const char *const addrs[] = { SERVER_A, SERVER_B, SERVER_C };
	static const enum reach reaches[] = { REACH_ACCEPT, REACH_ACCEPT,
	    REACH_ACCEPT, REACH_REFUSE, REACH_HANG, REACH_SHORTAGE };

	stage_reach(&s->stage, ONE_OF(s, addrs), ONE_OF(s, reaches));
}

static void
act(struct storm *s)
{
	unsigned what = any(s, 100);

	if (what < 45)
		act_client(s);
	else if (what < 85)
		act_server(s);
	else if (what < 91)
		stage_advance(&s->stage, MSEC(1 + any(s, 3000)));
	else if (what < 96)
		act_reach(s);
	else if (!s->stage.worker->draining)
		stage_apply(&s->stage, &ONE_OF(s, confs));
}

/* Everything ends by itself once the clients are gone and time passes. */
static void
calm_down(struct storm *s)
{
	struct stage *st = &s->stage;
	struct wire *w;

	list_each(w, &st->wires, struct wire, node)
		if (!w->dialled && !w->closed)
			say_reset(st, w);
	list_each(w, &st->wires, struct wire, node)
		if (w->dialled && !w->closed)
			say_reset(st, w);
	if (!st->worker->draining)
		stage_apply(st, &confs[2]);
	stage_advance(st, SEC(100));
}

static void
rage(uint64_t seed)
{
	struct storm s;

	memset(&s, 0, sizeof(s));
	rng_init(&s.rng, seed);
	stage_open(&s.stage, &ONE_OF(&s, confs));
	for (unsigned i = 0; i < STEPS; i++)
		act(&s);
	switch (seed % 3) {
	case 0:
		calm_down(&s);
		stage_close(&s.stage);
		break;
	case 1:
		worker_drain(s.stage.worker);
		for (unsigned i = 0; i < STEPS / 4; i++)
			act(&s);
		stage_advance(&s.stage, SEC(31));
		assert_true(s.stage.worker->stopped);
		stage_end(&s.stage);
		break;
	default:
		stage_end(&s.stage);
		break;
	}
}

static void
leaves_nothing_behind_whatever_happens(void **state)
{
	const struct seeds *seeds = *state;

	for (uint64_t i = seeds->first; i <= seeds->last; i++) {
		print_message("  seed %llu\n", (unsigned long long)i);
		rage(i);
	}
}

int
main(int argc, char **argv)
{
	struct seeds seeds = { 1, SEEDS };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(
		    leaves_nothing_behind_whatever_happens, &seeds),
	};

	if (argc > 1)
		seeds.first = seeds.last = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		seeds.last = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
