/* Rates, averages, and the counters of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cluster/counters.h"

static void
rate_is_that_of_the_last_whole_second(void **state)
{
	struct rate r = { 0, 0, 0, 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		rate_add(&r, SEC(10) + i * MSEC(100));
	assert_int_equal(rate_get(&r, SEC(10) + MSEC(900)), 0);
	assert_int_equal(rate_get(&r, SEC(11)), 5);
	rate_add(&r, SEC(11) + MSEC(500));
	assert_int_equal(rate_get(&r, SEC(11) + MSEC(999)), 5);
	assert_int_equal(rate_get(&r, SEC(12)), 1);
	assert_int_equal(rate_get(&r, SEC(13)), 0);
	assert_int_equal(r.max, 5);
}

static void
rate_forgets_over_a_pause(void **state)
{
	struct rate r = { 0, 0, 0, 0 };

	(void)state;
	rate_add(&r, SEC(10));
	rate_add(&r, SEC(20));
	assert_int_equal(rate_get(&r, SEC(20)), 0);
	assert_int_equal(rate_get(&r, SEC(21)), 1);
}

static void
average_of_few_is_exact(void **state)
{
	struct average a = { 0, 0, 0 };

	(void)state;
	assert_int_equal(average_get(&a), 0);
	average_add(&a, 100);
	average_add(&a, 200);
	average_add(&a, 600);
	assert_int_equal(average_get(&a), 300);
	assert_int_equal(a.max, 600);
}

static void
average_slides_once_warm(void **state)
{
	struct average a = { 0, 0, 0 };

	(void)state;
	for (int i = 0; i < 1024; i++)
		average_add(&a, 1000);
	assert_int_equal(average_get(&a), 1000);
	average_add(&a, 1000);
	assert_int_equal(average_get(&a), 1000);
	/* After 1024 more samples 1/e of the old remains. */
	for (int i = 0; i < 1024; i++)
		average_add(&a, 0);
	assert_in_range(average_get(&a), 360, 375);
	for (int i = 0; i < 20000; i++)
		average_add(&a, 5000);
	assert_in_range(average_get(&a), 4990, 5001);
}

static void
statuses_fall_into_classes(void **state)
{
	static const struct { unsigned status, at; } rows[] = {
		{ 100, 0 }, { 101, 0 }, { 200, 1 }, { 304, 2 }, { 404, 3 },
		{ 503, 4 }, { 599, 4 }, { 600, 5 }, { 99, 5 }, { 0, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct counters c = { .scur = 0 };

		counters_status(&c, rows[i].status);
		assert_int_equal(c.hrsp[rows[i].at], 1);
	}
}

static void
a_request_begins_and_ends(void **state)
{
	struct counters c = { .scur = 0 };

	(void)state;
	counters_begin(&c, SEC(5), SEC(1000));
	counters_begin(&c, SEC(5), SEC(1001));
	counters_end(&c);
	assert_int_equal(c.scur, 1);
	assert_int_equal(c.smax, 2);
	assert_int_equal(c.stot, 2);
	assert_int_equal(c.last, SEC(1001));
	assert_int_equal(rate_get(&c.rate, SEC(6)), 2);
}

static struct counters
busy(void)
{
	struct counters c = { .bin = 7, .hrsp[1] = 2, .qcur = 1, .qmax = 9 };

	for (int i = 0; i < 3; i++)
		counters_begin(&c, SEC(5), SEC(1000));
	counters_end(&c);
	counters_end(&c);
	average_add(&c.ttime, 500);
	return c;
}

static void
the_largest_values_begin_with_what_is_now(void **state)
{
	struct counters c = busy();

	(void)state;
	counters_clear_most(&c);
	assert_int_equal(c.smax, 1);
	assert_int_equal(c.qmax, 1);
	assert_int_equal(c.rate.max, 0);
	assert_int_equal(c.ttime.max, 0);
	assert_int_equal(average_get(&c.ttime), 500);
	assert_int_equal(c.stot, 3);
	assert_int_equal(c.bin, 7);
}

static void
all_begins_anew_but_what_is_now(void **state)
{
	struct counters c = busy();
	struct tls_counters t = { .now = 2, .done = 5, .resumed = 1,
	    .failed = 3, .shed = 1, .rate.max = 4 };

	(void)state;
	counters_clear(&c);
	assert_int_equal(c.scur, 1);
	assert_int_equal(c.smax, 1);
	assert_int_equal(c.stot + c.bin + c.hrsp[1], 0);
	assert_int_equal(c.last, SEC(1000));
	assert_int_equal(rate_get(&c.rate, SEC(6)), 3);
	assert_int_equal(average_get(&c.ttime), 0);
	counters_end(&c);
	tls_counters_clear(&t);
	assert_int_equal(t.now, 2);
	assert_int_equal(t.done + t.resumed + t.failed + t.shed, 0);
	assert_int_equal(t.rate.max, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_is_that_of_the_last_whole_second),
		cmocka_unit_test(rate_forgets_over_a_pause),
		cmocka_unit_test(average_of_few_is_exact),
		cmocka_unit_test(average_slides_once_warm),
		cmocka_unit_test(statuses_fall_into_classes),
		cmocka_unit_test(a_request_begins_and_ends),
		cmocka_unit_test(the_largest_values_begin_with_what_is_now),
		cmocka_unit_test(all_begins_anew_but_what_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
