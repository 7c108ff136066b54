/* Two random choices. */
#include "sample.h"

#include "cluster/random.h"

#define MOST 200

static struct pool *
start(struct sample *t, unsigned n)
{
	static char names[MOST][16], addresses[MOST][32];
	static struct sample_server v[MOST];
	struct conf *c = sample_conf(1);

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%u", i);
		(void)snprintf(addresses[i], sizeof(addresses[i]),
		    "127.0.0.%u:80", i + 1);
		v[i] = (struct sample_server){ names[i], addresses[i], 1 };
	}
	sample_init(t, NULL);
	sample_pool(c, "web", v, n)->balance = "random";
	c->pools[0].health.type = PROBE_NONE;
	sample_apply(t, c, NULL);
	return cluster_find(&t->cluster, "web");
}

static struct server *
take(struct pool *p, struct server *const *tried, unsigned n)
{
	struct pick pick = { .tried = tried, .ntried = n };

	return p->balance->pick(p, &pick);
}

/* Up to 16 servers the worst one is never taken. */
static void
scans_a_small_pool(void **state)
{
	static const unsigned sizes[] = { 2, 16 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct sample t;
		struct pool *p = start(&t, sizes[k]);
		struct server *idle = p->usable[1];

		for (unsigned i = 0; i < sizes[k]; i++)
			p->usable[i]->active = p->usable[i] != idle;
		for (int i = 0; i < 200; i++)
			assert_ptr_equal(take(p, NULL, 0), idle);
		for (unsigned i = 0; i < sizes[k]; i++)
			p->usable[i]->active = 0;
		sample_fini(&t);
	}
}

static void
equals_are_taken_by_lot(void **state)
{
	unsigned counts[MOST] = { 0 };
	struct sample t;
	struct pool *p = start(&t, 4);

	(void)state;
	for (int i = 0; i < 4000; i++)
		counts[take(p, NULL, 0)->id - 1]++;
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(counts[i], 850, 1150);
	sample_fini(&t);
}

/* With d = 2 the fullest of 200 has ln ln 200 / ln 2 above the average; by one
 * choice alone it would have twice as many. */
static void
two_choices_keep_a_large_pool_even(void **state)
{
	struct sample t;
	struct pool *p = start(&t, MOST);
	uint32_t most = 0;

	(void)state;
	for (int i = 0; i < 10 * MOST; i++) {
		struct server *s = take(p, NULL, 0);

		if (++s->active > most)
			most = s->active;
	}
	assert_in_range(most, 11, 14);
	for (unsigned i = 0; i < MOST; i++) {
		assert_in_range(p->usable[i]->active, 5, 14);
		p->usable[i]->active = 0;
	}
	sample_fini(&t);
}

static void
weights_count(void **state)
{
	static const unsigned sizes[] = { 10, 100 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct sample t;
		struct pool *p = start(&t, sizes[k]);
		uint64_t heavy = 0, light = 0;

		for (unsigned i = 0; i < sizes[k]; i += 2)
			p->usable[i]->weight = 3;
		for (unsigned i = 0; i < 40 * sizes[k]; i++)
			take(p, NULL, 0)->active++;
		for (unsigned i = 0; i < sizes[k]; i++) {
			*(i % 2 == 0 ? &heavy : &light) += p->usable[i]->active;
			p->usable[i]->active = 0;
		}
		assert_in_range(heavy * 100 / light, 270, 330);
		sample_fini(&t);
	}
}

static void
skips_what_was_tried(void **state)
{
	static const unsigned sizes[] = { 3, 60 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct server *tried[60];
		struct sample t;
		struct pool *p = start(&t, sizes[k]);

		for (unsigned n = 0; n < sizes[k]; n++) {
			tried[n] = take(p, tried, n);
			assert_non_null(tried[n]);
			for (unsigned i = 0; i < n; i++)
				assert_ptr_not_equal(tried[n], tried[i]);
		}
		assert_null(take(p, tried, sizes[k]));
		sample_fini(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scans_a_small_pool),
		cmocka_unit_test(equals_are_taken_by_lot),
		cmocka_unit_test(two_choices_keep_a_large_pool_even),
		cmocka_unit_test(weights_count),
		cmocka_unit_test(skips_what_was_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
