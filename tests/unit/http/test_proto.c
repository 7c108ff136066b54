/*
 * test_proto.c - the names of versions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "http/proto.h"

static void
names_every_version(void **state)
{
	(void)state;
	assert_string_equal(http_proto_name(HTTP_PROTO_NONE), "-");
	assert_string_equal(http_proto_name(HTTP_1_0), "HTTP/1.0");
	assert_string_equal(http_proto_name(HTTP_1_1), "HTTP/1.1");
	assert_string_equal(http_proto_name(HTTP_2), "HTTP/2.0");
}

static void
names_what_is_no_version_as_none(void **state)
{
	(void)state;
	assert_string_equal(http_proto_name((enum http_proto)9), "-");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_every_version),
		cmocka_unit_test(names_what_is_no_version_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
