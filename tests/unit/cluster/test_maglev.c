/* The table of the paper, and those of others with the same hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "base/rng.h"
#include "cluster/maglev.h"

#define M 65537
#define MOST 1000

static void
assert_table(const struct maglev *m, const char *want)
{
	for (uint32_t i = 0; i < m->n; i++)
		assert_int_equal('0' + m->v[i], want[i]);
	assert_int_equal(want[m->n], '\0');
}

static void
assert_table_of(const char *prefix, const char *want)
{
	struct maglev_node nodes[6];
	struct maglev m = { NULL, 0 };
	char text[32];

	for (unsigned i = 0; i < 6; i++) {
		(void)snprintf(text, sizeof(text), "%s%u", prefix, 90 + i);
		nodes[i] = maglev_node(slice_of(text), 1, 7);
	}
	maglev_build(&m, nodes, 6, 7);
	assert_table(&m, want);
	maglev_fini(&m);
}

static void
makes_the_tables_known_for_names(void **state)
{
	(void)state;
	assert_table_of("127.0.0.1:", "2401503");
	assert_table_of("", "2503410");
}

static void
makes_the_tables_of_the_paper(void **state)
{
	struct maglev_node all[] =
	    { { 3, 4, 1 }, { 0, 2, 1 }, { 3, 1, 1 } };
	struct maglev_node rest[] = { { 3, 4, 1 }, { 3, 1, 1 } };
	struct maglev m = { NULL, 0 };

	(void)state;
	maglev_build(&m, all, 3, 7);
	assert_table(&m, "1010220");
	maglev_build(&m, rest, 2, 7);
	assert_table(&m, "0000111");
	maglev_build(&m, all, 0, 7);
	assert_int_equal(m.n, 0);
	maglev_fini(&m);
}

static void
count(unsigned n, const unsigned *weights, unsigned *counts)
{
	static struct maglev_node nodes[MOST];
	struct maglev m = { NULL, 0 };
	char text[32];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "10.0.%u.%u:80", i / 250,
		    i % 250 + 1);
		nodes[i] = maglev_node(slice_of(text),
		    weights != NULL ? weights[i] : 1, M);
		counts[i] = 0;
	}
	maglev_build(&m, nodes, n, M);
	assert_int_equal(m.n, M);
	for (uint32_t i = 0; i < M; i++)
		counts[m.v[i]]++;
	maglev_fini(&m);
}

/* The rounds as the rule has them: in each, every weight is added. */
static void
fill_plainly(const struct maglev_node *nodes, size_t n, uint32_t size,
    uint32_t *out)
{
	unsigned heaviest = 0, due[64] = { 0 };
	uint32_t at[64], left = size;

	for (size_t i = 0; i < n; i++) {
		at[i] = nodes[i].offset;
		if (nodes[i].weight > heaviest)
			heaviest = nodes[i].weight;
	}
	memset(out, 0xff, size * sizeof(*out));
	while (left > 0) {
		for (size_t i = 0; i < n && left > 0; i++) {
			due[i] += nodes[i].weight;
			if (due[i] < heaviest)
				continue;
			due[i] -= heaviest;
			while (out[at[i]] != UINT32_MAX)
				at[i] = (at[i] + nodes[i].skip) % size;
			out[at[i]] = (uint32_t)i;
			left--;
		}
	}
}

static void
places_in_the_order_of_the_rounds(void **state)
{
	static const uint32_t sizes[] = { 2, 7, 101, 4099 };
	static const unsigned mosts[] = { 1, 3, 256 };
	struct maglev m = { NULL, 0 };
	struct maglev_node nodes[64];
	uint32_t want[4099];
	struct rng rng;
	char text[64];

	(void)state;
	rng_init(&rng, 42);
	for (unsigned k = 0; k < 400; k++) {
		uint32_t size = sizes[rng_below(&rng, 4)];
		unsigned most = mosts[rng_below(&rng, 3)];
		size_t n = rng_below(&rng, 64) + 1;

		for (size_t i = 0; i < n; i++) {
			(void)snprintf(text, sizeof(text), "10.0.%u.%zu:80",
			    k, i);
			nodes[i] = maglev_node(slice_of(text),
			    (unsigned)rng_below(&rng, most) + 1, size);
		}
		maglev_build(&m, nodes, n, size);
		fill_plainly(nodes, n, size, want);
		assert_memory_equal(m.v, want, size * sizeof(want[0]));
	}
	maglev_fini(&m);
}

static void
shares_by_weight(void **state)
{
	static const unsigned weights[] = { 1, 2 };
	unsigned counts[2];

	(void)state;
	count(2, weights, counts);
	assert_int_equal(counts[0], 21846);
	assert_int_equal(counts[1], 43691);
}

static void
is_even(void **state)
{
	static const struct { unsigned n; double most; } known[] = {
		{ 3, 1.0000 }, { 10, 1.0000 }, { 100, 1.0010 },
		{ 1000, 1.0071 },
	};
	static unsigned counts[MOST];

	(void)state;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		unsigned most = 0;

		count(known[k].n, NULL, counts);
		for (unsigned i = 0; i < known[k].n; i++)
			if (counts[i] > most)
				most = counts[i];
		assert_true(most * known[k].n / (double)M <
		    known[k].most + 0.00006);
	}
}

static void
finds_an_entry_for_any_key(void **state)
{
	struct maglev_node one = maglev_node(SLICE("a"), 1, 7);
	struct maglev m = { NULL, 0 };
	unsigned seen[7] = { 0 };
	char key[16];

	(void)state;
	maglev_build(&m, &one, 1, 7);
	for (unsigned i = 0; i < 700; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		seen[maglev_find(&m, slice_of(key))]++;
	}
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(seen[i], 50, 150);
	maglev_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_tables_known_for_names),
		cmocka_unit_test(makes_the_tables_of_the_paper),
		cmocka_unit_test(places_in_the_order_of_the_rounds),
		cmocka_unit_test(shares_by_weight),
		cmocka_unit_test(is_even),
		cmocka_unit_test(finds_an_entry_for_any_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
