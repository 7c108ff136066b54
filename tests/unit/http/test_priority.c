/*
 * test_priority.c - the Priority field (RFC 9218), as structured fields are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/priority.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
reads_what_is_said(void **state)
{
	static const struct {
		const char *value;
		unsigned urgency;
		bool incremental;
	} rows[] = {
		{ "", 3, false },
		{ "  ", 3, false },
		{ "u=0", 0, false },
		{ "u=7", 7, false },
		{ "i", 3, true },
		{ "u=5, i", 5, true },
		{ "i,u=5", 5, true },
		{ "i=?1", 3, true },
		{ "i, i=?0", 3, false },
		{ "u=1 ,\tu=2", 2, false },
		{ " u=1  ", 1, false },
		{ "u=0;x, i;y=1;z=\"a\"", 0, true },
		/* Of another type or range: as if it were not there. */
		{ "u=8", 3, false },
		{ "u=-1", 3, false },
		{ "u=1.0", 3, false },
		{ "u=100000000", 3, false },
		{ "u", 3, false },
		{ "u=?1", 3, false },
		{ "u=\"1\"", 3, false },
		{ "u=(1 2)", 3, false },
		{ "i=1", 3, false },
		{ "i=yes", 3, false },
		/* Unknown members. */
		{ "a=(b \"c\" 1.5;d);e, u=1", 1, false },
		{ "*x-y.z_0=:aGk=:, u=1", 1, false },
		{ "a=b/c:d, b=\"\\\"\\\\\", u=1", 1, false },
		{ "a=(), u=01", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct priority p = PRIORITY_DEFAULT;

		assert_true(priority_read(slice_of(rows[i].value), &p));
		assert_int_equal(p.urgency, rows[i].urgency);
		assert_int_equal(p.incremental, rows[i].incremental);
	}
}

static void
changes_nothing_when_malformed(void **state)
{
	static const char *const rows[] = { "u=1,", ",", "u=1 i", "U=1", "u=",
	    "u=1;", "u=1;;", "u=--1", "u=1.", "u=1.2345", "u=1234567890123456",
	    "i=?2", "i=?", "a=\"", "a=\"\\x\"", "a=\"\x01\"", "a=:b", "a=(",
	    "a=(b", "a=(b\"c\")", "a=(b,c)", "a=?", "a=!b", "=1", "1", "u=1\x01",
	    "u=1, u=\x80" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct priority p = { 6, true };

		assert_false(priority_read(slice_of(rows[i]), &p));
		assert_int_equal(p.urgency, 6);
		assert_true(p.incremental);
	}
}

/* RFC 9218 8: the server says more about what the client said. */
static void
keeps_what_is_not_said(void **state)
{
	struct priority p = PRIORITY_DEFAULT;

	(void)state;
	assert_true(priority_read(SLICE("u=5, i"), &p));
	assert_true(priority_read(SLICE("u=1"), &p));
	assert_int_equal(p.urgency, 1);
	assert_true(p.incremental);
	assert_true(priority_read(SLICE("i=?0"), &p));
	assert_int_equal(p.urgency, 1);
	assert_false(p.incremental);
}

static void
reads_no_byte_behind_its_end(void **state)
{
	static const char value[] = "u=1;a=\"b\\\"\";c=?1;d=(e f);g=:aGk=:, i";

	(void)state;
	for (size_t n = 0; n < sizeof(value); n++) {
		struct priority p = PRIORITY_DEFAULT;

		priority_read(slice_make(value, n), &p);
		assert_in_range(p.urgency, 1, 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_said),
		cmocka_unit_test(changes_nothing_when_malformed),
		cmocka_unit_test(keeps_what_is_not_said),
		cmocka_unit_test(reads_no_byte_behind_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
