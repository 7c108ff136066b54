/*
 * test_limits.c - the limits that hold when nobody says otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "http/limits.h"

static void
has_the_documented_defaults(void **state)
{
	const struct http_limits *l = &http_limits_default;

	(void)state;
	assert_int_equal(l->request_line, 8192);
	assert_int_equal(l->head, 16384);
	assert_int_equal(l->fields, 100);
	assert_int_equal(l->pipeline, 64);
	assert_int_equal(l->requests, 10000);
	assert_int_equal(l->discard, 65536);
	assert_int_equal(l->underscores, UNDERSCORES_DROP);
	assert_false(l->unfold);
	assert_true(l->websocket);
	assert_null(l->upgrades);
}

/* RFC 9112 3: at least 8000 bytes of a request line are served. */
static void
serves_request_lines_of_8000_bytes(void **state)
{
	(void)state;
	assert_true(http_limits_default.request_line >= 8000);
	assert_true(http_limits_default.head >=
	    http_limits_default.request_line);
}

static void
knows_which_protocols_may_be_asked_for(void **state)
{
	static const char *const more[] = { "foo", "bar", NULL };
	struct http_limits l = http_limits_default;

	(void)state;
	assert_true(http_may_switch(&l, SLICE("WebSocket")));
	assert_false(http_may_switch(&l, SLICE("foo")));
	assert_false(http_may_switch(&l, SLICE("")));
	l.upgrades = more;
	assert_true(http_may_switch(&l, SLICE("BAR")));
	assert_false(http_may_switch(&l, SLICE("ba")));
	l.websocket = false;
	assert_false(http_may_switch(&l, SLICE("websocket")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_documented_defaults),
		cmocka_unit_test(serves_request_lines_of_8000_bytes),
		cmocka_unit_test(knows_which_protocols_may_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
