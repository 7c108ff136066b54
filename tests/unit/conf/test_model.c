/*
 * test_model.c - references to a snapshot, and names in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "complains.h"

static void
lives_until_the_last_reference_goes(void **state)
{
	struct conf *a, *b;
	struct text errors;

	(void)state;
	text_init(&errors);
	a = conf_load_string("f", LISTENER, balances, &errors);
	assert_non_null(a);
	assert_int_equal(a->refs, 1);
	b = conf_get(a);
	assert_ptr_equal(a, b);
	conf_put(&a);
	assert_null(a);
	assert_string_equal(b->listeners[0].name, "web");
	conf_put(&b);
	assert_null(b);
	conf_put(&b);
	text_fini(&errors);
}

static void
finds_pools_and_listeners_by_name(void **state)
{
	struct text errors;
	struct conf *c;

	(void)state;
	text_init(&errors);
	c = conf_load_string("f", "listeners = ("
	    "{ name = \"a\"; address = \"127.0.0.1:1\"; },"
	    "{ name = \"b\"; address = \"127.0.0.1:2\"; } );" POOL, balances,
	    &errors);
	assert_non_null(c);
	assert_ptr_equal(conf_find_listener(c, "b"), &c->listeners[1]);
	assert_null(conf_find_listener(c, "web"));
	assert_ptr_equal(conf_find_pool(c, "web"), &c->pools[0]);
	assert_null(conf_find_pool(c, "WEB"));
	conf_put(&c);
	text_fini(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_until_the_last_reference_goes),
		cmocka_unit_test(finds_pools_and_listeners_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
