/* Keys and their servers: who serves whom, and how much at most. */
#include "sample.h"

#include <math.h>

#include "cluster/hash.h"
#include "cluster/prober.h"

#define MOST 40
#define KEYS 10000

struct bench {
	struct sample sample;
	struct pool *pool;
	struct server *servers[MOST];
	unsigned n;
	struct head request;
	struct conf_key key;
};

static struct conf *
pool_conf(const char *balance, enum conf_hash_method method, int64_t bound,
    unsigned n, struct conf_key *key)
{
	static char names[MOST][16], addresses[MOST][32];
	struct sample_server v[MOST];
	struct conf *c = sample_conf(1);
	struct conf_pool *p;

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%u", i);
		(void)snprintf(addresses[i], sizeof(addresses[i]),
		    "127.0.0.%u:6443", i + 1);
		v[i] = (struct sample_server){ names[i], addresses[i], 1 };
	}
	p = sample_pool(c, "web", v, n);
	p->balance = balance;
	p->health.type = PROBE_NONE;
	p->hash = (struct conf_hash){ { key, 1 }, method, bound, 65537,
	    ON_FULL_NEXT };
	return c;
}

static void
bench_find(struct bench *b, unsigned n)
{
	char name[16];

	b->pool = cluster_find(&b->sample.cluster, "web");
	b->n = n;
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "s%u", i);
		b->servers[i] = sample_server(&b->sample, "web", name);
	}
}

static void
bench_init(struct bench *b, const char *balance, enum conf_hash_method method,
    int64_t bound, unsigned n)
{
	memset(b, 0, sizeof(*b));
	b->key = (struct conf_key){ KEY_URI, NULL };
	head_init(&b->request, HEAD_REQUEST);
	sample_init(&b->sample, NULL);
	sample_apply(&b->sample, pool_conf(balance, method, bound, n,
	    &b->key), NULL);
	bench_find(b, n);
}

static void
bench_fini(struct bench *b)
{
	for (unsigned i = 0; i < b->n; i++)
		while (b->servers[i]->active > 0)
			server_end(b->servers[i]);
	sample_fini(&b->sample);
}

static struct server *
ask(struct bench *b, const char *key, struct server *const *tried, unsigned n,
    bool dry)
{
	struct pick pick = { .request = &b->request, .tried = tried,
	    .ntried = n, .dry = dry };

	b->request.path = slice_of(key);
	return pool_pick(b->pool, &pick, false);
}

static struct server *
ask_number(struct bench *b, unsigned number)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "key%u", number);
	return ask(b, key, NULL, 0, false);
}

static void
set_limit(struct bench *b, unsigned i, uint32_t limit)
{
	b->servers[i]->most = limit;
}

static void
set_on_full(struct bench *b, enum conf_on_full on_full)
{
	((struct conf_pool *)(uintptr_t)b->pool->conf)->hash.on_full = on_full;
}

static void
finds_the_servers_known_for_keys(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "hash", HASH_RING, 0, 10);
	assert_string_equal(ask(&b, "a", NULL, 0, false)->addr_text,
	    "127.0.0.10:6443");
	assert_string_equal(ask(&b, "b", NULL, 0, false)->addr_text,
	    "127.0.0.5:6443");
	bench_fini(&b);
}

/* For each way of leaving: only its keys move, to all of the others, and it
 * gets exactly its own back. */
static void
a_server_that_leaves_moves_its_own_keys_only(void **state)
{
	static struct server *before[KEYS];

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		enum conf_hash_method method =
		    k % 2 == 0 ? HASH_RING : HASH_MAGLEV;
		unsigned moved = 0, to[10] = { 0 };
		struct server *gone, *s;
		struct bench b;

		bench_init(&b, "hash", method, 0, 10);
		gone = b.servers[3];
		for (unsigned i = 0; i < KEYS; i++)
			before[i] = ask_number(&b, i);
		server_set_admin(gone, k < 2 ? SERVER_DRAIN : SERVER_MAINT);
		for (unsigned i = 0; i < KEYS; i++) {
			s = ask_number(&b, i);
			assert_ptr_not_equal(s, gone);
			if (before[i] != gone)
				assert_ptr_equal(s, before[i]);
			else
				to[s->id - 1]++;
			moved += before[i] == gone;
		}
		assert_in_range(moved, KEYS / 10 * 7 / 10, KEYS / 10 * 13 / 10);
		for (unsigned i = 0; i < 10; i++)
			assert_in_range(to[i], i == 3 ? 0 : 30,
			    i == 3 ? 0 : 300);
		server_set_admin(gone, SERVER_READY);
		for (unsigned i = 0; i < KEYS; i++)
			assert_ptr_equal(ask_number(&b, i), before[i]);
		bench_fini(&b);
	}
}

static void
a_reload_moves_only_the_keys_of_what_changed(void **state)
{
	static const char *before[KEYS];
	static char names[KEYS][16];
	struct server *s;
	struct bench b;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		unsigned moved = 0;

		bench_init(&b, "hash", k == 0 ? HASH_RING : HASH_MAGLEV, 0, 10);
		for (unsigned i = 0; i < KEYS; i++) {
			(void)snprintf(names[i], 16, "%s",
			    ask_number(&b, i)->name);
			before[i] = names[i];
		}
		sample_apply(&b.sample, pool_conf("hash",
		    k == 0 ? HASH_RING : HASH_MAGLEV, 0, 11, &b.key), NULL);
		bench_find(&b, 11);
		for (unsigned i = 0; i < KEYS; i++) {
			s = ask_number(&b, i);
			if (strcmp(s->name, before[i]) != 0)
				moved++;
			/* A ring moves keys to the new one, and no others. */
			if (k == 0 && strcmp(s->name, before[i]) != 0)
				assert_string_equal(s->name, "s10");
		}
		assert_in_range(moved, KEYS / 11 * 6 / 10, KEYS / 11 * 16 / 10);
		bench_fini(&b);
	}
}

static void
a_reload_may_change_the_method(void **state)
{
	struct bench b;
	unsigned moved = 0;
	struct server *before[100];

	(void)state;
	bench_init(&b, "hash", HASH_RING, 0, 10);
	for (unsigned i = 0; i < 100; i++)
		before[i] = ask_number(&b, i);
	sample_apply(&b.sample, pool_conf("hash", HASH_MAGLEV, 0, 10, &b.key),
	    NULL);
	bench_find(&b, 10);
	for (unsigned i = 0; i < 100; i++)
		moved += ask_number(&b, i) != before[i];
	assert_in_range(moved, 70, 100);
	bench_fini(&b);
}

static void
weights_are_shares_of_keys(void **state)
{
	struct bench b;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		unsigned counts[4] = { 0 };

		bench_init(&b, "hash", k == 0 ? HASH_RING : HASH_MAGLEV, 0, 4);
		server_set_weight(b.servers[1], 5);
		server_set_weight(b.servers[3], 0);
		for (unsigned i = 0; i < KEYS; i++)
			counts[ask_number(&b, i)->id - 1]++;
		assert_in_range(counts[0], 1000, 1900);
		assert_in_range(counts[1], 6700, 7600);
		assert_in_range(counts[2], 1000, 1900);
		assert_int_equal(counts[3], 0);
		bench_fini(&b);
	}
}

static void
without_a_key_it_is_by_lot(void **state)
{
	struct bench b;
	unsigned counts[4] = { 0 };

	(void)state;
	bench_init(&b, "hash", HASH_RING, 0, 4);
	for (int i = 0; i < 400; i++)
		counts[ask(&b, "", NULL, 0, false)->id - 1]++;
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(counts[i], 50, 150);
	bench_fini(&b);
}

static void
skips_what_was_tried_in_the_order_of_the_ring(void **state)
{
	struct server *tried[10];
	struct bench b;

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		bench_init(&b, "hash", k % 2 == 0 ? HASH_RING : HASH_MAGLEV,
		    k < 2 ? 0 : 125, 10);
		for (unsigned n = 0; n < 10; n++) {
			tried[n] = ask(&b, "/x", tried, n, false);
			assert_non_null(tried[n]);
			for (unsigned i = 0; i < n; i++)
				assert_ptr_not_equal(tried[n], tried[i]);
		}
		assert_null(ask(&b, "/x", tried, 10, false));
		bench_fini(&b);
	}
}

static void
counts_slots_in_integers(void **state)
{
	static const struct {
		uint64_t active;
		int64_t bound;
		uint64_t weight, total, want;
	} cases[] = {
		{ 199, 110, 1, 10, 22 },
		{ 199, 110, 1000, 10000, 22 },
		{ 199, 125, 1, 10, 25 },
		{ 199, 200, 1, 10, 40 },
		{ 0, 125, 1, 10, 1 },
		{ 9, 101, 1, 10, 2 },
		{ 199, 150, 3, 4, 225 },
		{ 199, 150, 1, 4, 75 },
		{ 4000000000, 10000, 256000, 256000000, 400000001 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(hash_slots(cases[i].active, cases[i].bound,
		    cases[i].weight, cases[i].total), cases[i].want);
}

/* Keys as they come: the k-th is asked for in proportion to 1/k. */
struct zipf {
	double sum[KEYS];
};

static void
zipf_init(struct zipf *z)
{
	double sum = 0;

	for (unsigned i = 0; i < KEYS; i++)
		z->sum[i] = sum += 1.0 / (i + 1);
}

static unsigned
zipf_draw(const struct zipf *z, struct rng *rng)
{
	double x = rng_unit(rng) * z->sum[KEYS - 1];
	unsigned low = 0, high = KEYS - 1;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (z->sum[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct outcome {
	unsigned peak, own, over;
};

#define PICKS 60000
#define FLIGHT 200

/* Requests of random length, FLIGHT of them at any time. */
static struct outcome
storm(enum conf_hash_method method, int64_t bound)
{
	static struct server *home[KEYS];
	static struct zipf z;
	struct server *flight[FLIGHT] = { NULL }, *s;
	struct outcome out = { 0, 0, 0 };
	struct bench b;
	struct rng rng;

	bench_init(&b, "hash", method, 0, 10);
	for (unsigned i = 0; i < KEYS; i++)
		home[i] = ask_number(&b, i);
	((struct conf_pool *)(uintptr_t)b.pool->conf)->hash.bound = bound;
	zipf_init(&z);
	rng_init(&rng, 7);
	for (unsigned i = 0; i < PICKS; i++) {
		unsigned at = i < FLIGHT ? i :
		    (unsigned)rng_below(&rng, FLIGHT);
		unsigned key = zipf_draw(&z, &rng);
		unsigned all = i < FLIGHT ? i + 1 : FLIGHT;

		if (flight[at] != NULL)
			server_end(flight[at]);
		s = flight[at] = ask_number(&b, key);
		server_begin(s);
		out.own += s == home[key];
		if (bound > 0)
			out.over += s->active > ((uint64_t)all *
			    (uint64_t)bound + 999) / 1000;
		if (s->active > out.peak)
			out.peak = s->active;
	}
	bench_fini(&b);
	return out;
}

static void
never_passes_the_bound(void **state)
{
	static const int64_t bounds[] = { 101, 110, 125, 150, 200 };

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		assert_int_equal(storm(HASH_RING, bounds[i]).over, 0);
		assert_int_equal(storm(HASH_MAGLEV, bounds[i]).over, 0);
	}
}

/*
 * Peak over the average of 20, and the share of picks that stay at home.  The
 * peak without a bound depends on where the few hottest keys fall.
 */
static void
has_the_known_peaks(void **state)
{
	static const struct { int64_t bound; double peak, own; } known[] = {
		{ 0, 4.05, 1 }, { 200, 2.00, 0.903 }, { 150, 1.50, 0.841 },
		{ 125, 1.25, 0.774 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct outcome out = storm(HASH_RING, known[i].bound);
		double peak = out.peak * 10.0 / FLIGHT;

		if (known[i].bound > 0)
			assert_true(fabs(peak - known[i].peak) < 0.001);
		else
			assert_true(fabs(peak - known[i].peak) < 0.5);
		assert_true(fabs((double)out.own / PICKS - known[i].own) <
		    0.035);
	}
}

static void
the_sum_is_of_those_that_serve(void **state)
{
	struct bench b;
	struct server *s;

	(void)state;
	bench_init(&b, "hash", HASH_RING, 125, 3);
	for (int i = 0; i < 90; i++)
		server_begin(b.servers[0]);
	server_set_admin(b.servers[0], SERVER_DRAIN);
	server_end(b.servers[0]);
	/* Of 1, 2, ... requests on two servers: 125 % of a half, rounded up. */
	for (unsigned n = 0; n < 20; n++) {
		s = ask(&b, "/x", NULL, 0, false);
		assert_true(s->active < ((n + 1) * 125 + 199) / 200);
		server_begin(s);
	}
	assert_true(b.servers[1]->active > 0 && b.servers[2]->active > 0);
	server_set_admin(b.servers[0], SERVER_READY);
	s = ask(&b, "/x", NULL, 0, false);
	assert_ptr_not_equal(s, b.servers[0]);
	bench_fini(&b);
}

static void
a_full_server_is_passed_over_or_waited_for(void **state)
{
	struct server *own, *next;
	struct bench b;

	(void)state;
	bench_init(&b, "hash", HASH_RING, 0, 3);
	own = ask(&b, "/x", NULL, 0, false);
	next = ask(&b, "/x", &own, 1, false);
	set_limit(&b, own->id - 1, 2);
	server_begin(own);
	assert_ptr_equal(ask(&b, "/x", NULL, 0, false), own);
	server_begin(own);
	assert_ptr_equal(ask(&b, "/x", NULL, 0, false), next);
	set_on_full(&b, ON_FULL_QUEUE);
	assert_null(ask(&b, "/x", NULL, 0, false));
	assert_ptr_equal(ask(&b, "/x", &own, 1, false), next);
	server_end(own);
	assert_ptr_equal(ask(&b, "/x", NULL, 0, false), own);
	server_begin(own);
	set_on_full(&b, ON_FULL_NEXT);
	for (unsigned i = 0; i < 3; i++)
		set_limit(&b, i, 1);
	for (unsigned i = 0; i < 3; i++)
		if (b.servers[i] != own)
			server_begin(b.servers[i]);
	assert_null(ask(&b, "/x", NULL, 0, false));
	bench_fini(&b);
}

/* Two that share servers, or one before and after a reload, agree. */
static void
the_order_of_the_configuration_moves_no_key(void **state)
{
	static struct server *of[KEYS];
	struct conf_server first;
	struct conf_pool *p;
	struct bench b;
	struct conf *c;

	(void)state;
	for (enum conf_hash_method m = HASH_RING; m <= HASH_MAGLEV; m++) {
		bench_init(&b, "hash", m, 0, 10);
		for (unsigned k = 0; k < KEYS; k++)
			of[k] = ask_number(&b, k);
		c = pool_conf("hash", m, 0, 10, &b.key);
		p = &c->pools[0];
		for (size_t i = 0; i < 5; i++) {
			first = p->servers[i];
			p->servers[i] = p->servers[9 - i];
			p->servers[9 - i] = first;
		}
		sample_apply(&b.sample, c, "");
		for (unsigned k = 0; k < KEYS; k++)
			assert_ptr_equal(ask_number(&b, k), of[k]);
		bench_fini(&b);
	}
}

static void
on_turn(void *owner)
{
	(void)owner;
}

static void
room_of_its_server_is_kept_for_who_waited(void **state)
{
	struct pick pick = { .dry = false };
	struct server *own;
	struct place pl;
	struct bench b;

	(void)state;
	bench_init(&b, "hash", HASH_RING, 0, 3);
	((struct conf_pool *)(uintptr_t)b.pool->conf)->max_queue = 1;
	set_on_full(&b, ON_FULL_QUEUE);
	own = ask(&b, "/x", NULL, 0, false);
	set_limit(&b, own->id - 1, 1);
	server_begin(own);
	place_init(&pl, on_turn, NULL);
	assert_true(queue_join(b.pool, &pl, own));
	server_end(own);
	assert_true(pl.called);
	assert_null(ask(&b, "/x", NULL, 0, false));
	pick.request = &b.request;
	pick.called = true;
	assert_ptr_equal(pool_pick(b.pool, &pick, true), own);
	queue_leave(b.pool, &pl);
	assert_ptr_equal(ask(&b, "/x", NULL, 0, false), own);
	bench_fini(&b);
}

static void
a_dry_pick_changes_nothing_and_says_what_comes(void **state)
{
	static const unsigned sizes[] = { 5, MOST };

	(void)state;
	for (size_t k = 0; balance_names[k] != NULL; k++) {
		for (unsigned i = 0; i < 2; i++) {
			struct server *first, *s;
			struct bench b;

			bench_init(&b, balance_names[k], HASH_RING, 125,
			    sizes[i]);
			for (int round = 0; round < 50; round++) {
				first = ask(&b, round % 2 ? "" : "/x", NULL,
				    0, true);
				s = ask(&b, round % 2 ? "" : "/x", NULL, 0,
				    true);
				assert_ptr_equal(s, first);
				s = ask(&b, round % 2 ? "" : "/x", NULL, 0,
				    false);
				assert_ptr_equal(s, first);
				server_begin(s);
			}
			bench_fini(&b);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_servers_known_for_keys),
		cmocka_unit_test(a_server_that_leaves_moves_its_own_keys_only),
		cmocka_unit_test(a_reload_moves_only_the_keys_of_what_changed),
		cmocka_unit_test(a_reload_may_change_the_method),
		cmocka_unit_test(weights_are_shares_of_keys),
		cmocka_unit_test(without_a_key_it_is_by_lot),
		cmocka_unit_test(skips_what_was_tried_in_the_order_of_the_ring),
		cmocka_unit_test(counts_slots_in_integers),
		cmocka_unit_test(never_passes_the_bound),
		cmocka_unit_test(has_the_known_peaks),
		cmocka_unit_test(the_sum_is_of_those_that_serve),
		cmocka_unit_test(a_full_server_is_passed_over_or_waited_for),
		cmocka_unit_test(room_of_its_server_is_kept_for_who_waited),
		cmocka_unit_test(the_order_of_the_configuration_moves_no_key),
		cmocka_unit_test(
		    a_dry_pick_changes_nothing_and_says_what_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
