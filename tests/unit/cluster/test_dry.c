/*
 * test_dry.c - what a dry pick says is what then happens: in pools, policies,
 * states and loads drawn at random.
 */
#include "sample.h"

#define MOST 24
#define POOLS 300
#define PICKS 60

static struct rng rng;

static unsigned
draw(unsigned n)
{
	return (unsigned)rng_below(&rng, n);
}

static void
fill_pool(struct conf_pool *p, struct conf_key *key)
{
	static const int64_t bounds[] = { 0, 110, 125, 150, 200 };
	unsigned n = 0;

	while (balance_names[n] != NULL)
		n++;
	p->balance = balance_names[draw(n)];
	*key = (struct conf_key){ KEY_URI, NULL };
	p->hash = (struct conf_hash){ { key, 1 },
	    draw(2) ? HASH_RING : HASH_MAGLEV, bounds[draw(5)], 1009,
	    draw(2) ? ON_FULL_NEXT : ON_FULL_QUEUE };
	if (draw(2))
		p->health.type = PROBE_NONE;
	p->health.on_panic = draw(2) ? ON_PANIC_ALL : ON_PANIC_FAIL;
	p->max_queue = draw(3);
	for (size_t i = 0; i < p->nservers; i++) {
		p->servers[i].backup = draw(5) == 0;
		p->servers[i].max_connections = draw(3) ? 0 : 1 + draw(4);
	}
	if (draw(3) == 0)
		p->slow_start = (struct conf_slow_start){ SEC(60), 100 };
}

static struct pool *
open_pool(struct sample *t, struct conf_key *key)
{
	char names[MOST][16], addresses[MOST][32];
	struct sample_server v[MOST];
	struct conf *c = sample_conf(1);
	unsigned n = 1 + draw(MOST);

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%u", i);
		(void)snprintf(addresses[i], sizeof(addresses[i]),
		    "127.0.0.%u:80", i + 1);
		v[i] = (struct sample_server){
		    arena_string(&c->arena, slice_of(names[i])),
		    arena_string(&c->arena, slice_of(addresses[i])),
		    draw(6) };
	}
	fill_pool(sample_pool(c, "web", v, n), key);
	sample_apply(t, c, NULL);
	return cluster_find(&t->cluster, "web");
}

static struct server *
any_server(struct pool *p)
{
	unsigned n = draw(p->nservers);
	struct server *s;

	list_each(s, &p->servers, struct server, node)
		if (n-- == 0)
			return s;
	return NULL;
}

/* Something happens to some server. */
static void
stir(struct pool *p)
{
	struct server *s = any_server(p);

	switch (draw(8)) {
	case 0:
		server_set_admin(s, (enum server_admin)draw(3));
		break;
	case 1:
		server_set_weight(s, draw(6));
		break;
	case 2:
	case 3:
		if (p->conf->health.type != PROBE_NONE && s->prober != NULL)
			(void)server_set_health(s, draw(3) > 0);
		break;
	case 4:
		if (s->active > 0)
			server_end(s);
		break;
	default:
		break;
	}
}

/* A server is in usable, or there is a word why not. */
static void
assert_objections(const struct pool *p)
{
	const struct server *s;
	unsigned n = 0;

	list_each(s, &p->servers, struct server, node) {
		bool usable = n < p->nusable && p->usable[n] == s;

		assert_int_equal(pool_objection(p, s) == NULL, usable);
		n += usable;
	}
	assert_int_equal(n, p->nusable);
}

/* What a pick may change; a ring or table is built by the first, dry or not. */
struct trace {
	struct rng rng;
	uint64_t lbtot, turn;
	uint64_t currents, turns, slots;
};

static struct trace
look(const struct pool *p)
{
	struct trace t;
	const struct server *s;

	memset(&t, 0, sizeof(t));
	t.rng = *p->cluster->rng;
	t.lbtot = p->count.lbtot;
	t.turn = p->turn;
	list_each(s, &p->servers, struct server, node) {
		t.currents = t.currents * 31 + (uint64_t)s->current;
		t.turns = t.turns * 31 + s->turn + s->count.lbtot;
		t.slots = t.slots * 31 + s->slot;
	}
	return t;
}

static unsigned
compare_picks(struct pool *p)
{
	struct server *tried[3], *said, *done;
	struct head request;
	struct trace before, after;
	struct pick pick = { .request = &request, .tried = tried };
	bool again = draw(2);
	char key[16];

	(void)snprintf(key, sizeof(key), "/%u", draw(1000));
	head_init(&request, HEAD_REQUEST);
	if (draw(4) > 0)
		request.path = slice_of(key);
	pick.ntried = draw(4);
	for (unsigned i = 0; i < pick.ntried; i++)
		tried[i] = any_server(p);
	pick.dry = true;
	(void)pool_pick(p, &pick, again);
	before = look(p);
	said = pool_pick(p, &pick, again);
	after = look(p);
	assert_memory_equal(&before, &after, sizeof(before));
	pick.dry = false;
	done = pool_pick(p, &pick, again);
	assert_ptr_equal(said, done);
	if (done != NULL) {
		assert_int_equal(p->count.lbtot, before.lbtot + 1);
		server_begin(done);
	}
	return done != NULL;
}

static void
a_dry_pick_says_what_then_happens(void **state)
{
	unsigned given = 0, none = 0;

	(void)state;
	rng_init(&rng, 4711);
	for (unsigned i = 0; i < POOLS; i++) {
		struct conf_key key;
		struct sample t;
		struct server *s;
		struct pool *p;

		sample_init(&t, NULL);
		p = open_pool(&t, &key);
		for (unsigned k = 0; k < PICKS; k++) {
			stir(p);
			assert_objections(p);
			if (compare_picks(p))
				given++;
			else
				none++;
		}
		list_each(s, &p->servers, struct server, node)
			while (s->active > 0)
				server_end(s);
		sample_fini(&t);
	}
	/* Both were looked at. */
	assert_in_range(given, POOLS * PICKS / 3, POOLS * PICKS);
	assert_in_range(none, POOLS, POOLS * PICKS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dry_pick_says_what_then_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
