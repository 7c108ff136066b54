/*
 * test_log_ring.c - whole lines in a fixed ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log_ring.h"

static void
gathers_whole_lines_in_order(void **state)
{
	struct log_ring r;
	struct iovec iov[8];

	(void)state;
	log_ring_init(&r);
	assert_int_equal(log_ring_gather(&r, iov, 8, 100), 0);
	assert_true(log_ring_add(&r, 3, SLICE("one")));
	assert_true(log_ring_add(&r, 1, SLICE("")));
	assert_true(log_ring_add(&r, 2, SLICE("three")));
	assert_int_equal(r.pending, 11);
	assert_int_equal(log_ring_level(&r), 3);

	assert_int_equal(log_ring_gather(&r, iov, 8, 100), 3);
	assert_memory_equal(iov[0].iov_base, "one\n", 4);
	assert_memory_equal(iov[1].iov_base, "\n", 1);
	assert_memory_equal(iov[2].iov_base, "three\n", 6);
	/* Ten bytes hold two lines and not half of the third. */
	assert_int_equal(log_ring_gather(&r, iov, 8, 10), 2);
	assert_int_equal(log_ring_gather(&r, iov, 1, 100), 1);
	/* A first line longer than that is cut. */
	assert_int_equal(log_ring_gather(&r, iov, 8, 2), 1);
	assert_int_equal(iov[0].iov_len, 2);
	log_ring_fini(&r);
}

static void
goes_on_where_a_write_stopped(void **state)
{
	struct log_ring r;
	struct iovec iov[8];

	(void)state;
	log_ring_init(&r);
	assert_true(log_ring_add(&r, 0, SLICE("first")));
	assert_true(log_ring_add(&r, 1, SLICE("second")));
	assert_int_equal(log_ring_take(&r, 8), 1);
	assert_int_equal(log_ring_level(&r), 1);
	assert_int_equal(log_ring_gather(&r, iov, 8, 100), 1);
	assert_memory_equal(iov[0].iov_base, "cond\n", 5);
	assert_int_equal(r.pending, 5);
	log_ring_rewind(&r);
	assert_int_equal(r.pending, 7);
	assert_int_equal(log_ring_gather(&r, iov, 8, 100), 1);
	assert_memory_equal(iov[0].iov_base, "second\n", 7);
	assert_int_equal(log_ring_take(&r, 2), 0);
	log_ring_skip(&r);
	assert_int_equal(r.pending, 0);
	log_ring_fini(&r);
}

static void
refuses_what_does_not_fit(void **state)
{
	char *big = calloc(1, LOG_RING_SIZE);
	struct log_ring r;

	(void)state;
	log_ring_init(&r);
	assert_false(log_ring_add(&r, 0, slice_make(big, LOG_RING_SIZE)));
	assert_false(log_ring_add(&r, 0, slice_make(big, LOG_RING_SIZE - 8)));
	assert_false(log_ring_fits(&r, SIZE_MAX));
	assert_true(log_ring_fits(&r, LOG_RING_SIZE - 9));
	assert_true(log_ring_add(&r, 0, slice_make(big, LOG_RING_SIZE - 9)));
	assert_false(log_ring_add(&r, 0, SLICE("")));
	assert_int_equal(log_ring_take(&r, LOG_RING_SIZE - 8), 1);
	assert_true(log_ring_add(&r, 0, SLICE("")));
	log_ring_fini(&r);
	free(big);
}

/* Lines of all lengths go in and out, at random; every byte is checked. */
static void
keeps_every_line_over_many_laps(void **state)
{
	unsigned in = 0, out = 0, random = 12345, want;
	size_t n, expect_pending = 0;
	struct log_ring r;
	struct iovec iov;
	char line[5000];

	(void)state;
	log_ring_init(&r);
	while (out < 20000) {
		random = random * 1103515245 + 12345;
		/* The length and the bytes of line i follow from i. */
		n = 10 + in * 7919 % 4900;
		(void)snprintf(line, sizeof(line), "%010u", in);
		memset(line + 10, 'a' + (int)(in % 26), n - 10);
		if ((random >> 16) % 100 < 60 &&
		    log_ring_add(&r, 0, slice_make(line, n))) {
			in++;
			expect_pending += n + 1;
			continue;
		}
		if (log_ring_gather(&r, &iov, 1, SIZE_MAX) == 0)
			continue;
		n = 10 + out * 7919 % 4900;
		assert_int_equal(iov.iov_len, n + 1);
		assert_int_equal(sscanf(iov.iov_base, "%10u", &want), 1);
		assert_int_equal(want, out);
		for (size_t i = 10; i < n; i++)
			assert_int_equal(((char *)iov.iov_base)[i],
			    'a' + (int)(out % 26));
		assert_int_equal(log_ring_take(&r, n + 1), 1);
		out++;
		expect_pending -= n + 1;
		assert_int_equal(r.pending, expect_pending);
	}
	assert_true(in > 20200);	/* so the ring was full most of the time */
	log_ring_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gathers_whole_lines_in_order),
		cmocka_unit_test(goes_on_where_a_write_stopped),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(keeps_every_line_over_many_laps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
