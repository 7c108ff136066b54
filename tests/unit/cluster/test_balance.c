/* Policies, on pools that are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "cluster/least_conn.h"
#include "cluster/pool.h"
#include "cluster/round_robin.h"

#define MOST 1000

struct bench {
	struct pool pool;
	struct server *servers;
	struct conf_server *conf;
};

static struct bench *
bench_new(const struct balance_ops *ops, unsigned n, const unsigned *weights)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->servers = calloc(n, sizeof(*b->servers));
	b->conf = calloc(n, sizeof(*b->conf));
	b->pool.usable = calloc(n, sizeof(*b->pool.usable));
	b->pool.nusable = n;
	b->pool.balance = ops;
	for (unsigned i = 0; i < n; i++) {
		b->servers[i].id = i + 1;
		b->servers[i].conf = &b->conf[i];
		b->servers[i].weight = weights != NULL ? weights[i] : 1;
		b->pool.usable[i] = &b->servers[i];
	}
	ops->init(&b->pool);
	ops->refresh(&b->pool);
	return b;
}

static void
bench_free(struct bench *b)
{
	b->pool.balance->fini(&b->pool);
	free(b->pool.usable);
	free(b->servers);
	free(b->conf);
	free(b);
}

static struct server *
take(struct bench *b, struct server *const *tried, unsigned n)
{
	struct pick p = { .tried = tried, .ntried = n };

	return b->pool.balance->pick(&b->pool, &p);
}

static void
load(struct bench *b, struct server *s, int change)
{
	s->active += (uint32_t)change;
	if (b->pool.balance->load != NULL)
		b->pool.balance->load(&b->pool, s);
}

/* n picks in a row, a letter each; begun: their requests go on. */
static void
assert_picks(struct bench *b, const char *want, bool begun)
{
	struct server *s;

	for (size_t i = 0; want[i] != '\0'; i++) {
		s = take(b, NULL, 0);
		assert_int_equal('a' + (s - b->servers), want[i]);
		if (begun)
			load(b, s, 1);
	}
}

static void
finds_policies_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; balance_names[i] != NULL; i++)
		assert_string_equal(balance_find(balance_names[i])->name,
		    balance_names[i]);
	assert_ptr_equal(balance_find("least_conn"), &least_conn_ops);
	assert_string_equal(balance_find("round_robin")->algo, "roundrobin");
	assert_null(balance_find("leastconn"));
}

static void
round_robin_is_smooth(void **state)
{
	static const unsigned weights[] = { 5, 1, 1 };
	struct bench *b = bench_new(&round_robin_ops, 3, weights);

	(void)state;
	assert_picks(b, "aabacaa" "aabacaa", false);
	bench_free(b);
}

static void
round_robin_of_equals_takes_turns(void **state)
{
	struct bench *b = bench_new(&round_robin_ops, 4, NULL);

	(void)state;
	assert_picks(b, "abcdabcd", false);
	bench_free(b);
}

static void
round_robin_skips_what_was_tried(void **state)
{
	struct bench *b = bench_new(&round_robin_ops, 3, NULL);
	struct server *tried[] = { &b->servers[0], &b->servers[1],
	    &b->servers[2] };

	(void)state;
	assert_ptr_equal(take(b, tried, 1), tried[1]);
	assert_ptr_equal(take(b, tried, 2), tried[2]);
	assert_null(take(b, tried, 3));
	bench_free(b);
}

static void
least_conn_takes_turns_among_equals(void **state)
{
	struct bench *b = bench_new(&least_conn_ops, 3, NULL);

	(void)state;
	assert_picks(b, "abcabc", false);
	assert_picks(b, "abcabc", true);
	bench_free(b);
}

static void
least_conn_prefers_the_idle_one(void **state)
{
	static const unsigned sizes[] = { 2, 16, 17, 100 };

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		unsigned n = sizes[k];
		struct bench *b = bench_new(&least_conn_ops, n, NULL);

		for (unsigned i = 0; i < n; i++)
			if (i != n / 2)
				load(b, &b->servers[i], 1);
		for (unsigned i = 0; i < 5; i++)
			assert_ptr_equal(take(b, NULL, 0),
			    &b->servers[n / 2]);
		bench_free(b);
	}
}

static void
least_conn_follows_weights(void **state)
{
	static const unsigned weights[] = { 1, 3 };
	struct bench *b = bench_new(&least_conn_ops, 2, weights);

	(void)state;
	/* (active + 1) / weight: 1 and 1/3; ...; 1 and 3/3 is a tie. */
	assert_picks(b, "bba", true);
	for (int i = 0; i < 397; i++)
		load(b, take(b, NULL, 0), 1);
	assert_int_equal(b->servers[0].active + b->servers[1].active, 400);
	assert_in_range(b->servers[0].active, 99, 101);
	bench_free(b);
}

static void
least_conn_skips_what_was_tried(void **state)
{
	static const unsigned sizes[] = { 4, 40 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		unsigned n = sizes[k];
		struct bench *b = bench_new(&least_conn_ops, n, NULL);
		struct server *tried[40];

		for (unsigned i = 0; i < n; i++) {
			struct server *s = take(b, tried, i);

			assert_non_null(s);
			for (unsigned j = 0; j < i; j++)
				assert_ptr_not_equal(s, tried[j]);
			tried[i] = s;
		}
		assert_null(take(b, tried, n));
		bench_free(b);
	}
}

/* The best by the definition, all looked at. */
static bool
is_least(const struct bench *b, unsigned n, const struct server *s,
    struct server *const *tried, unsigned ntried)
{
	struct pick p = { .tried = tried, .ntried = ntried };

	for (unsigned i = 0; i < n; i++) {
		const struct server *o = &b->servers[i];

		if (pick_was_tried(&p, o) || o == s)
			continue;
		if ((o->active + 1.0) / o->weight <
		    (s->active + 1.0) / s->weight - 1e-12)
			return false;
	}
	return true;
}

static void
a_heap_picks_as_a_scan_would(void **state)
{
	unsigned weights[300];
	struct server *tried[3], *s;
	struct rng rng;
	struct bench *b;

	(void)state;
	rng_init(&rng, 42);
	for (unsigned i = 0; i < 300; i++)
		weights[i] = 1 + (unsigned)rng_below(&rng, 256);
	b = bench_new(&least_conn_ops, 300, weights);
	for (int round = 0; round < 20000; round++) {
		unsigned ntried = (unsigned)rng_below(&rng, 4);

		for (unsigned i = 0; i < ntried; i++)
			tried[i] = &b->servers[rng_below(&rng, 300)];
		if (ntried > 0)
			tried[0] = take(b, NULL, 0);
		s = take(b, tried, ntried);
		assert_true(is_least(b, 300, s, tried, ntried));
		load(b, s, 1);
		s = &b->servers[rng_below(&rng, 300)];
		if (s->active > 0 && rng_below(&rng, 3) > 0)
			load(b, s, -1);
	}
	bench_free(b);
}

static void
load_of_a_server_that_left_is_no_harm(void **state)
{
	struct bench *b = bench_new(&least_conn_ops, 40, NULL);
	struct server *last = &b->servers[39];

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		load(b, &b->servers[i], 3);
	b->pool.nusable = 39;
	b->pool.balance->refresh(&b->pool);
	load(b, last, -3);
	for (int i = 0; i < 80; i++)
		assert_ptr_not_equal(take(b, NULL, 0), last);
	b->pool.nusable = 3;
	b->pool.balance->refresh(&b->pool);
	load(b, last, 1);
	load(b, &b->servers[2], -3);
	assert_ptr_equal(take(b, NULL, 0), &b->servers[2]);
	bench_free(b);
}

static void
a_heap_takes_turns_among_equals(void **state)
{
	struct bench *b = bench_new(&least_conn_ops, MOST, NULL);
	unsigned char seen[MOST];
	struct server *s;

	(void)state;
	for (int round = 0; round < 3; round++) {
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < MOST; i++) {
			s = take(b, NULL, 0);
			seen[s - b->servers]++;
			load(b, s, 1);
			load(b, s, -1);
		}
		for (unsigned i = 0; i < MOST; i++)
			assert_int_equal(seen[i], 1);
	}
	bench_free(b);
}

/* The policies, and pools that are scanned and that have a heap. */
static void
takes_no_server_that_is_full(void **state)
{
	const struct balance_ops *policies[] = { &least_conn_ops,
	    &round_robin_ops };
	unsigned sizes[] = { 3, 40 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		unsigned n = sizes[i / 2];
		struct bench *b = bench_new(policies[i % 2], n, NULL);

		b->servers[1].most = 2;
		b->servers[2].most = 1;
		for (unsigned k = 0; k < 10 * n; k++)
			load(b, take(b, NULL, 0), 1);
		assert_int_equal(b->servers[1].active, 2);
		assert_int_equal(b->servers[2].active, 1);
		bench_free(b);
	}
}

static void
gives_none_when_all_are_full_and_one_that_has_room_again(void **state)
{
	const struct balance_ops *policies[] = { &least_conn_ops,
	    &round_robin_ops };
	unsigned sizes[] = { 3, 40 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		unsigned n = sizes[i / 2];
		struct bench *b = bench_new(policies[i % 2], n, NULL);

		for (unsigned k = 0; k < n; k++)
			b->servers[k].most = 1;
		for (unsigned k = 0; k < n; k++)
			load(b, take(b, NULL, 0), 1);
		assert_null(take(b, NULL, 0));
		load(b, &b->servers[n - 2], -1);
		assert_ptr_equal(take(b, NULL, 0), &b->servers[n - 2]);
		bench_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_server_that_is_full),
		cmocka_unit_test(
		    gives_none_when_all_are_full_and_one_that_has_room_again),
		cmocka_unit_test(finds_policies_by_name),
		cmocka_unit_test(round_robin_is_smooth),
		cmocka_unit_test(round_robin_of_equals_takes_turns),
		cmocka_unit_test(round_robin_skips_what_was_tried),
		cmocka_unit_test(least_conn_takes_turns_among_equals),
		cmocka_unit_test(least_conn_prefers_the_idle_one),
		cmocka_unit_test(least_conn_follows_weights),
		cmocka_unit_test(least_conn_skips_what_was_tried),
		cmocka_unit_test(a_heap_picks_as_a_scan_would),
		cmocka_unit_test(load_of_a_server_that_left_is_no_harm),
		cmocka_unit_test(a_heap_takes_turns_among_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
