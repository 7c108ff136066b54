/*
 * test_units.c - durations, sizes and modes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "conf/units.h"

#define WRONG INT64_C(-1)

static void
reads_durations(void **state)
{
	static const struct { const char *text; int64_t value; } cases[] = {
		{ "0", 0 },
		{ "1ms", MSEC(1) },
		{ "250ms", MSEC(250) },
		{ "70us", 70 },
		{ "2s", SEC(2) },
		{ "1m", SEC(60) },
		{ "1h", SEC(3600) },
		{ "30d", SEC(30 * 86400) },
		{ "2S", SEC(2) },
		{ "0s", 0 },
		{ "", WRONG },
		{ "s", WRONG },
		{ "5", WRONG },
		{ "-1s", WRONG },
		{ "1.5s", WRONG },
		{ "1 s", WRONG },
		{ "1ns", WRONG },
		{ "1sec", WRONG },
		{ "1h30m", WRONG },
		{ "106751991d", INT64_C(106751991) * SEC(86400) },
		{ "106751992d", WRONG },
		{ "99999999999999999999ms", WRONG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = WRONG;
		bool ok = units_duration(slice_of(cases[i].text), &value);

		assert_int_equal(value, cases[i].value);
		assert_int_equal(ok, cases[i].value != WRONG);
	}
}

static void
reads_sizes(void **state)
{
	static const struct { const char *text; int64_t value; } cases[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "16k", 16384 },
		{ "16K", 16384 },
		{ "1m", 1048576 },
		{ "2g", INT64_C(2147483648) },
		{ "", WRONG },
		{ "k", WRONG },
		{ "16kb", WRONG },
		{ "1 k", WRONG },
		{ "-1", WRONG },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", WRONG },
		{ "8589934592g", WRONG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = WRONG;
		bool ok = units_size(slice_of(cases[i].text), &value);

		assert_int_equal(value, cases[i].value);
		assert_int_equal(ok, cases[i].value != WRONG);
	}
}

static void
reads_modes(void **state)
{
	static const struct { const char *text; int64_t value; } cases[] = {
		{ "0660", 0660 },
		{ "600", 0600 },
		{ "0777", 0777 },
		{ "000", 0 },
		{ "0888", WRONG },
		{ "1777", WRONG },
		{ "66", WRONG },
		{ "00660", WRONG },
		{ "rw-", WRONG },
		{ "", WRONG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned value = 12345;
		bool ok = units_mode(slice_of(cases[i].text), &value);

		assert_int_equal(ok, cases[i].value != WRONG);
		assert_int_equal(value, ok ? cases[i].value : 12345);
	}
}

static void
writes_the_shortest_exact_form(void **state)
{
	static const struct {
		void (*add)(struct text *, int64_t);
		int64_t value;
		const char *text;
	} cases[] = {
		{ units_add_duration, 0, "0" },
		{ units_add_duration, 1, "1us" },
		{ units_add_duration, 1500, "1500us" },
		{ units_add_duration, MSEC(1), "1ms" },
		{ units_add_duration, MSEC(1500), "1500ms" },
		{ units_add_duration, SEC(90), "90s" },
		{ units_add_duration, SEC(60), "1m" },
		{ units_add_duration, SEC(7200), "2h" },
		{ units_add_duration, SEC(86400), "1d" },
		{ units_add_size, 0, "0" },
		{ units_add_size, 1000, "1000" },
		{ units_add_size, 8192, "8k" },
		{ units_add_size, 1048576, "1m" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t;

		text_init(&t);
		cases[i].add(&t, cases[i].value);
		assert_string_equal(t.p, cases[i].text);
		text_fini(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_modes),
		cmocka_unit_test(writes_the_shortest_exact_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
