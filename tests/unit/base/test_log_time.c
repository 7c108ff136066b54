/*
 * test_log_time.c - instants as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

static void
writes_known_instants(void **state)
{
	static const struct {
		int64_t wall;
		const char *iso, *clf, *clf_millis;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z",
		    "01/Jan/1970:00:00:00", "01/Jan/1970:00:00:00.000" },
		{ INT64_C(784111777) * 1000000 + 999999,
		    "1994-11-06T08:49:37.999Z",
		    "06/Nov/1994:08:49:37", "06/Nov/1994:08:49:37.999" },
		{ INT64_C(951827696) * 1000000 + 1000,
		    "2000-02-29T12:34:56.001Z",
		    "29/Feb/2000:12:34:56", "29/Feb/2000:12:34:56.001" },
		{ -1, "1969-12-31T23:59:59.999Z",
		    "31/Dec/1969:23:59:59", "31/Dec/1969:23:59:59.999" },
		{ INT64_MAX, "294247-01-10", NULL, NULL },
	};
	char iso[32], clf[40];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_time_iso(rows[i].wall, iso);
		if (rows[i].clf == NULL) {
			/* Nonsense has no room, but does no harm. */
			assert_int_equal(iso[24], '\0');
			continue;
		}
		assert_string_equal(iso, rows[i].iso);
		log_time_clf(rows[i].wall, false, clf);
		assert_string_equal(clf, rows[i].clf);
		log_time_clf(rows[i].wall, true, clf);
		assert_string_equal(clf, rows[i].clf_millis);
	}
}

static void
remembers_the_second_and_nothing_else(void **state)
{
	static const int64_t walls[] = {
		0, 1000, 999999, 1000000, 1001000, 500000, -1, -1000000,
		-999000, INT64_C(951827696) * 1000000 + 1000,
		INT64_C(951827696) * 1000000 + 999000,
	};
	struct log_stamp s = { .second = 0 };
	char iso[32];

	(void)state;
	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		log_time_iso(walls[i], iso);
		assert_string_equal(log_stamp_iso(&s, walls[i]), iso);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_known_instants),
		cmocka_unit_test(remembers_the_second_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
