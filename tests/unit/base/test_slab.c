/*
 * test_slab.c - the free list: last in, first out, and bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/slab.h"

static void
gives_the_last_one_put_first(void **state)
{
	struct slab s;
	void *a, *b;

	(void)state;
	slab_init(&s, 64, 8);
	a = slab_get(&s);
	b = slab_get(&s);
	assert_int_equal(s.nused, 2);
	slab_put(&s, a);
	slab_put(&s, b);
	assert_int_equal(s.nused, 0);
	assert_int_equal(s.nfree, 2);
	assert_ptr_equal(slab_get_raw(&s), b);
	assert_ptr_equal(slab_get_raw(&s), a);
	slab_put(&s, a);
	slab_put(&s, b);
	slab_fini(&s);
	assert_int_equal(s.nfree, 0);
}

static void
zeroes_an_object_used_before(void **state)
{
	struct slab s;
	char *p;

	(void)state;
	slab_init(&s, 100, 1);
	p = slab_get_raw(&s);
	memset(p, 'x', 100);
	slab_put(&s, p);
	p = slab_get(&s);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	slab_put(&s, p);
	slab_fini(&s);
}

static void
keeps_no_more_than_asked(void **state)
{
	struct slab s;
	void *p[5];

	(void)state;
	slab_init(&s, 1, 2);
	for (int i = 0; i < 5; i++)
		p[i] = slab_get(&s);
	for (int i = 0; i < 5; i++)
		slab_put(&s, p[i]);
	assert_int_equal(s.nfree, 2);
	assert_int_equal(s.nused, 0);
	slab_put(&s, NULL);
	slab_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_last_one_put_first),
		cmocka_unit_test(zeroes_an_object_used_before),
		cmocka_unit_test(keeps_no_more_than_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
