/*
 * test_date.c - dates as HTTP writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http/date.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SECOND INT64_C(1000000)

static void
prints_known_dates(void **state)
{
	static const struct {
		int64_t wall;
		const char *text;
	} rows[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777 * SECOND, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 784111777 * SECOND + 999999,
		    "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 951782400 * SECOND, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 1709164799 * SECOND, "Wed, 28 Feb 2024 23:59:59 GMT" },
		{ 1735689599 * SECOND, "Tue, 31 Dec 2024 23:59:59 GMT" },
		{ INT64_C(2147483648) * SECOND,
		    "Tue, 19 Jan 2038 03:14:08 GMT" },
		{ INT64_C(253402300799) * SECOND,
		    "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ -SECOND, "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ -SECOND - 1, "Wed, 31 Dec 1969 23:59:58 GMT" },
	};
	char text[DATE_LEN + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		date_print(rows[i].wall, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(strlen(text), DATE_LEN);
	}
}

/* The tests run in the C locale, in which strftime knows the right names. */
static void
agrees_with_the_library_on_every_day(void **state)
{
	char text[DATE_LEN + 1], want[64];
	struct tm tm;

	(void)state;
	for (time_t t = 0; t < (time_t)86400 * 365 * 80; t += 86400 + 3661) {
		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(strftime(want, sizeof(want),
		    "%a, %d %b %Y %H:%M:%S GMT", &tm), DATE_LEN);
		date_print(t * SECOND, text);
		assert_string_equal(text, want);
	}
}

static void
keeps_the_width_for_any_wall_time(void **state)
{
	static const int64_t rows[] = { INT64_MIN, INT64_MAX };
	char text[DATE_LEN + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		date_print(rows[i], text);
		assert_int_equal(strlen(text), DATE_LEN);
		assert_string_equal(text + DATE_LEN - 4, " GMT");
	}
}

static void
formats_anew_only_on_a_new_second(void **state)
{
	struct date_cache cache;
	const char *text;

	(void)state;
	memset(&cache, 0, sizeof(cache));
	text = date_now(&cache, 784111777 * SECOND);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	cache.text[0] = 's';	/* shows whether it is written again */
	text = date_now(&cache, 784111777 * SECOND + 999999);
	assert_string_equal(text, "sun, 06 Nov 1994 08:49:37 GMT");
	text = date_now(&cache, 784111778 * SECOND);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:38 GMT");
	text = date_now(&cache, 784111777 * SECOND);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void
fills_a_zeroed_cache_in_the_first_second(void **state)
{
	struct date_cache cache;

	(void)state;
	memset(&cache, 0, sizeof(cache));
	assert_string_equal(date_now(&cache, 5),
	    "Thu, 01 Jan 1970 00:00:00 GMT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_known_dates),
		cmocka_unit_test(agrees_with_the_library_on_every_day),
		cmocka_unit_test(keeps_the_width_for_any_wall_time),
		cmocka_unit_test(formats_anew_only_on_a_new_second),
		cmocka_unit_test(fills_a_zeroed_cache_in_the_first_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
