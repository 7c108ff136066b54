/*
 * test_list.c - the intrusive list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
	int id;
	struct list node;
};

/* The ids of a list of items as one decimal number. */
static int
digits_of(struct list *l)
{
	struct item *item;
	int digits = 0;

	list_each(item, l, struct item, node)
		digits = digits * 10 + item->id;
	return digits;
}

static void
keeps_order_at_both_ends(void **state)
{
	struct item a = { .id = 1 }, b = { .id = 2 }, c = { .id = 3 };
	struct list l;

	(void)state;
	list_init(&l);
	assert_true(list_is_empty(&l));
	assert_false(list_has(&a.node));
	list_add_tail(&l, &a.node);
	list_add_tail(&l, &b.node);
	list_add_head(&l, &c.node);
	assert_int_equal(digits_of(&l), 312);
	assert_true(list_has(&a.node));
	assert_ptr_equal(list_pop(&l), &c.node);
	assert_false(list_has(&c.node));
	assert_int_equal(digits_of(&l), 12);
	list_del(&a.node);
	list_del(&a.node);
	list_del(&b.node);
	assert_null(list_pop(&l));
}

static void
survives_deletion_while_walking(void **state)
{
	struct item items[5] = { { .id = 0 } }, *item;
	struct list l;

	(void)state;
	list_init(&l);
	for (int i = 0; i < 5; i++) {
		items[i].id = i + 1;
		list_add_tail(&l, &items[i].node);
	}
	list_each(item, &l, struct item, node)
		if (item->id % 2 == 0)
			list_del(&item->node);
	assert_int_equal(digits_of(&l), 135);
}

static void
splices_at_the_tail(void **state)
{
	struct item a = { .id = 1 }, b = { .id = 2 }, c = { .id = 3 };
	struct list l, m;

	(void)state;
	list_init(&l);
	list_init(&m);
	list_splice(&l, &m);
	assert_true(list_is_empty(&l));
	list_add_tail(&l, &a.node);
	list_add_tail(&m, &b.node);
	list_add_tail(&m, &c.node);
	list_splice(&l, &m);
	assert_int_equal(digits_of(&l), 123);
	assert_true(list_is_empty(&m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_at_both_ends),
		cmocka_unit_test(survives_deletion_while_walking),
		cmocka_unit_test(splices_at_the_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
