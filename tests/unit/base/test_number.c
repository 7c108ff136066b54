/*
 * test_number.c - numbers as digits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/number.h"

static void
prints_what_printf_prints(void **state)
{
	char room[NUMBER_TEXT], want[32], hex[16];
	uint64_t n = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(want, sizeof(want), "%llu",
		    (unsigned long long)n);
		assert_true(slice_eq(number_print(n, room), slice_of(want)));
		(void)snprintf(want, sizeof(want), "%016llx",
		    (unsigned long long)n);
		number_print_hex(n, hex);
		assert_memory_equal(hex, want, 16);
		n = i == 198 ? UINT64_MAX : n * 3 + (uint64_t)i;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_printf_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
