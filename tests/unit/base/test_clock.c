/*
 * test_clock.c - both clocks go forward and look plausible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void
reads_microseconds(void **state)
{
	struct timespec pause = { .tv_nsec = 2000000 };
	struct clock a, b;

	(void)state;
	clock_read(&a);
	assert_int_equal(nanosleep(&pause, NULL), 0);
	clock_read(&b);
	assert_true(b.now - a.now >= MSEC(2));
	assert_true(b.now - a.now < SEC(60));
	assert_true(a.wall / USEC_PER_SEC - time(NULL) <= 1);
	assert_true(a.wall / USEC_PER_SEC - time(NULL) >= -60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
