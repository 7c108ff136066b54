/*
 * test_rng.c - known answers, and numbers within bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>

#include <cmocka.h>

#include "base/rng.h"

static void
gives_the_known_sequence(void **state)
{
	static const uint64_t want[] = { 11520, 0, 1509978240,
		UINT64_C(1215971899390074240), UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600) };
	struct rng r = { { 1, 2, 3, 4 } };

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_true(rng_next(&r) == want[i]);
}

static void
seeds_by_splitmix64(void **state)
{
	static const uint64_t want[] = { UINT64_C(6457827717110365317),
		UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431) };
	struct rng r;

	(void)state;
	rng_init(&r, 1234567);
	for (int i = 0; i < 4; i++)
		assert_true(r.s[i] == want[i]);
}

static void
stays_below(void **state)
{
	unsigned seen[7] = { 0 };
	struct rng r;
	uint64_t x;
	double unit;

	(void)state;
	rng_init(&r, 1);
	for (int i = 0; i < 70000; i++) {
		x = rng_below(&r, 7);
		assert_true(x < 7);
		seen[x]++;
		unit = rng_unit(&r);
		assert_true(unit >= 0 && unit < 1);
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 9500, 10500);
	assert_true(rng_below(&r, 1) == 0);
	assert_true(rng_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void
differs_from_run_to_run(void **state)
{
	struct rng a, b;

	(void)state;
	rng_init_random(&a);
	rng_init_random(&b);
	assert_true(rng_next(&a) != rng_next(&b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_known_sequence),
		cmocka_unit_test(seeds_by_splitmix64),
		cmocka_unit_test(stays_below),
		cmocka_unit_test(differs_from_run_to_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
