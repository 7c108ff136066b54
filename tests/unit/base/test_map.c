/*
 * test_map.c - names to pointers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/map.h"

static void
finds_nothing_in_an_empty_map(void **state)
{
	struct map m;

	(void)state;
	map_init(&m);
	assert_null(map_get(&m, SLICE("a")));
	map_fini(&m);
}

static void
refuses_a_key_twice(void **state)
{
	struct map m;
	int a, b;

	(void)state;
	map_init(&m);
	assert_true(map_add(&m, SLICE("a"), &a));
	assert_false(map_add(&m, SLICE("a"), &b));
	assert_ptr_equal(map_get(&m, SLICE("a")), &a);
	assert_null(map_get(&m, SLICE("A")));
	assert_null(map_get(&m, SLICE("")));
	assert_true(map_add(&m, SLICE(""), &b));
	assert_ptr_equal(map_get(&m, SLICE_NONE), &b);
	assert_int_equal(m.used, 2);
	map_fini(&m);
}

static void
finds_all_of_many(void **state)
{
	static char names[5000][16];
	struct map m;

	(void)state;
	map_init(&m);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%d", i);
		assert_true(map_add(&m, slice_of(names[i]), names[i]));
	}
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(map_get(&m, slice_of(names[i])), names[i]);
	assert_null(map_get(&m, SLICE("s5000")));
	assert_true(m.used * 4 <= m.size * 3);
	map_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_nothing_in_an_empty_map),
		cmocka_unit_test(refuses_a_key_twice),
		cmocka_unit_test(finds_all_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
