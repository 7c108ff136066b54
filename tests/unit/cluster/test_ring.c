/* Where nginx puts keys, so do we. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "cluster/ring.h"

#define MOST 1000

struct placement {
	const char *key;
	unsigned node;
};

static void
assert_placed(const struct ring *r, const struct placement *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(r->v[ring_find(r,
		    ring_hash(slice_of(v[i].key)))].node, v[i].node);
}

static void
cuts_an_address_at_its_port(void **state)
{
	static const struct { const char *address, *host, *port; } cases[] = {
		{ "127.0.0.1:80", "127.0.0.1", "80" },
		{ "[::1]:8080", "[::1]", "8080" },
		{ "unix:/run/a:1", "/run/a:1", "" },
		{ "localhost", "localhost", "" },
		{ "80", "80", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ring_node n = ring_node(slice_of(cases[i].address), 3);

		assert_true(slice_eq(n.host, slice_of(cases[i].host)));
		assert_true(slice_eq(n.port, slice_of(cases[i].port)));
		assert_int_equal(n.weight, 3);
	}
}

static void
places_keys_of_two_servers_as_known(void **state)
{
	static const struct placement known[] = {
		{ "/some/path", 1 },
		{ "/some/longer/path", 0 },
		{ "/sad/zaidoon", 1 },
		{ "/g", 0 },
		{ "/pingora/team/is/cool/and/this/is/a/long/uri", 1 },
		{ "/i/am/not/confident/in/this/code", 0 },
	};
	struct ring_node nodes[] = {
		ring_node(SLICE("127.0.0.1:7777"), 1),
		ring_node(SLICE("127.0.0.1:7778"), 1),
	};
	struct ring r = { NULL, 0 };

	(void)state;
	ring_build(&r, nodes, 2);
	assert_int_equal(r.n, 320);
	assert_placed(&r, known, sizeof(known) / sizeof(known[0]));
	ring_fini(&r);
}

static void
a_server_more_leaves_known_keys_alone(void **state)
{
	static const struct placement known[] = { { "a", 9 }, { "b", 4 } };
	struct ring_node nodes[11];
	char text[11][32];
	struct ring r = { NULL, 0 };

	(void)state;
	for (unsigned i = 0; i < 11; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "127.0.0.%u:6443",
		    i + 1);
		nodes[i] = ring_node(slice_of(text[i]), 1);
	}
	for (unsigned n = 10; n <= 11; n++) {
		ring_build(&r, nodes, n);
		assert_placed(&r, known, 2);
	}
	ring_fini(&r);
}

/* Points are sorted, none twice, and as many as the weights say. */
static void
is_sorted_and_weighed(void **state)
{
	static struct ring_node nodes[MOST];
	static char text[MOST][32];
	static unsigned counts[MOST];
	struct ring r = { NULL, 0 };
	unsigned total = 0;

	(void)state;
	for (unsigned i = 0; i < MOST; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "10.0.%u.%u:80",
		    i / 250, i % 250 + 1);
		nodes[i] = ring_node(slice_of(text[i]), 1 + i % 3);
		total += (1 + i % 3) * RING_UNIT;
	}
	ring_build(&r, nodes, MOST);
	assert_in_range(r.n, total - 100, total);
	for (size_t i = 0; i < r.n; i++) {
		if (i > 0)
			assert_true(r.v[i - 1].hash < r.v[i].hash);
		counts[r.v[i].node]++;
	}
	for (unsigned i = 0; i < MOST; i++)
		assert_in_range(counts[i], (1 + i % 3) * RING_UNIT - 5,
		    (1 + i % 3) * RING_UNIT);
	ring_fini(&r);
}

static void
weights_do_not_make_it_grow_without_end(void **state)
{
	static struct ring_node nodes[MOST];
	static char text[MOST][32];
	static unsigned counts[MOST];
	struct ring r = { NULL, 0 };

	(void)state;
	for (unsigned i = 0; i < MOST; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "10.0.%u.%u:80",
		    i / 250, i % 250 + 1);
		nodes[i] = ring_node(slice_of(text[i]), i == 0 ? 1 : 256);
	}
	ring_build(&r, nodes, MOST);
	assert_in_range(r.n, RING_POINTS * 99 / 100, RING_POINTS);
	for (size_t i = 0; i < r.n; i++)
		counts[r.v[i].node]++;
	assert_in_range(counts[0], 1, 10);
	assert_in_range(counts[1], 1000, 1050);
	ring_fini(&r);
}

static void
goes_round_the_end(void **state)
{
	struct ring_point points[] = { { 10, 0 }, { 20, 1 }, { 30, 2 } };
	struct ring r = { points, 3 };

	(void)state;
	assert_int_equal(ring_find(&r, 0), 0);
	assert_int_equal(ring_find(&r, 10), 0);
	assert_int_equal(ring_find(&r, 11), 1);
	assert_int_equal(ring_find(&r, 30), 2);
	assert_int_equal(ring_find(&r, 31), 0);
	assert_int_equal(ring_find(&r, UINT32_MAX), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_an_address_at_its_port),
		cmocka_unit_test(places_keys_of_two_servers_as_known),
		cmocka_unit_test(a_server_more_leaves_known_keys_alone),
		cmocka_unit_test(is_sorted_and_weighed),
		cmocka_unit_test(weights_do_not_make_it_grow_without_end),
		cmocka_unit_test(goes_round_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
