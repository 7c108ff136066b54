/*
 * test_alias.c - the names of a server in TLS: found again, and forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "cluster/alias.h"

static void
finds_a_name_again(void **state)
{
	struct aliases all;
	struct alias *a, *b, *again;

	(void)state;
	aliases_init(&all);
	a = alias_get(&all, "a.example");
	b = alias_get(&all, "b.example");
	again = alias_get(&all, "a.example");
	assert_ptr_equal(a, again);
	assert_ptr_not_equal(a, b);
	assert_string_equal(a->name, "a.example");
	assert_int_equal(all.n, 2);
	alias_put(&again);
	assert_null(again);
	alias_put(&a);
	alias_put(&b);
	assert_int_equal(all.n, 2);
	a = alias_get(&all, "");
	assert_string_equal(a->name, "");
	alias_put(&a);
	aliases_fini(&all);
	assert_int_equal(all.n, 0);
}

static void
use(struct aliases *all, unsigned i)
{
	char name[32];
	struct alias *a;

	(void)snprintf(name, sizeof(name), "h%u.example", i);
	a = alias_get(all, name);
	alias_put(&a);
}

static void
forgets_the_one_used_longest_ago(void **state)
{
	struct aliases all;
	struct alias *kept, *held, *again;

	(void)state;
	aliases_init(&all);
	held = alias_get(&all, "held.example");
	kept = alias_get(&all, "kept.example");
	for (unsigned i = 0; i < ALIASES_MOST - 2; i++)
		use(&all, i);
	assert_int_equal(all.n, ALIASES_MOST);
	again = alias_get(&all, "kept.example");
	assert_ptr_equal(again, kept);
	alias_put(&again);
	use(&all, ALIASES_MOST);
	assert_int_equal(all.n, ALIASES_MOST);
	/* forgotten, but it lives as long as somebody holds it */
	assert_string_equal(held->name, "held.example");
	assert_int_equal(held->refs, 1);
	again = alias_get(&all, "held.example");
	assert_ptr_not_equal(again, held);
	alias_put(&again);
	again = alias_get(&all, "kept.example");
	assert_ptr_equal(again, kept);
	alias_put(&again);
	alias_put(&kept);
	aliases_fini(&all);
	alias_put(&held);
}

static void
outlives_its_server_in_a_connection(void **state)
{
	struct aliases all;
	struct alias *a;

	(void)state;
	aliases_init(&all);
	a = alias_get(&all, "a.example");
	aliases_fini(&all);
	assert_string_equal(a->name, "a.example");
	assert_int_equal(a->refs, 1);
	alias_put(&a);
	alias_put(&a);		/* of none */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_name_again),
		cmocka_unit_test(forgets_the_one_used_longest_ago),
		cmocka_unit_test(outlives_its_server_in_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
