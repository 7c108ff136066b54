/*
 * test_slice.c - comparing, trimming, cutting and counting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/slice.h"

static void
compares_with_and_without_case(void **state)
{
	(void)state;
	assert_true(slice_eq(SLICE("ab"), slice_of("ab")));
	assert_false(slice_eq(SLICE("ab"), SLICE("aB")));
	assert_true(slice_eq(SLICE_NONE, SLICE("")));
	assert_true(slice_eq_nocase(SLICE("Chunked"), SLICE("cHUNKED")));
	assert_false(slice_eq_nocase(SLICE("chunked"), SLICE("chunke")));
	/* Only letters have case: these differ in the same bit. */
	assert_false(slice_eq_nocase(SLICE("@["), SLICE("`{")));
	assert_true(slice_starts(SLICE("/v1/x"), SLICE("/v1/")));
	assert_false(slice_starts(SLICE("/v"), SLICE("/v1/")));
	assert_true(slice_starts(SLICE_NONE, SLICE("")));
	assert_true(slice_ends_nocase(SLICE("a.Example.COM"),
	    SLICE(".example.com")));
	assert_false(slice_ends_nocase(SLICE("com"), SLICE(".com")));
	assert_true(slice_ends_nocase(SLICE("com"), SLICE("")));
}

static void
trims_spaces_and_tabs_only(void **state)
{
	static const struct { struct slice in, out; } rows[] = {
		{ SLICE(" \t a b \t"), SLICE("a b") },
		{ SLICE(" \t "), SLICE("") },
		{ SLICE(""), SLICE("") },
		{ SLICE("\r\nx\v"), SLICE("\r\nx\v") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(slice_eq(slice_trim(rows[i].in), rows[i].out));
	assert_int_equal(slice_trim(SLICE_NONE).n, 0);
}

static void
cuts_lists_and_skips_empty_elements(void **state)
{
	static const struct { struct slice in; const char *out; } rows[] = {
		{ SLICE("a, b ,c"), "[a][b][c]" },
		{ SLICE(" , ,, a,\t,b, "), "[a][b]" },
		{ SLICE("one element"), "[one element]" },
		{ SLICE(","), "" },
		{ SLICE(""), "" },
	};
	struct slice list, e;
	char out[64];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		list = rows[i].in;
		n = 0;
		out[0] = '\0';
		while (slice_next_element(&list, &e))
			n += (size_t)snprintf(out + n, sizeof(out) - n,
			    "[%.*s]", SLICE_ARG(e));
		assert_string_equal(out, rows[i].out);
	}
}

static void
reads_numbers_strictly(void **state)
{
	static const struct {
		struct slice in;
		uint64_t max;
		bool decimal, hex;
		uint64_t value, hex_value;
	} rows[] = {
		{ SLICE("0"), 0, true, true, 0, 0 },
		{ SLICE("0010"), 100, true, true, 10, 16 },
		{ SLICE("10"), 10, true, false, 10, 0 },
		{ SLICE("11"), 10, false, false, 0, 0 },
		{ SLICE("9"), 8, false, false, 0, 0 },
		{ SLICE("fF"), UINT64_MAX, false, true, 0, 255 },
		{ SLICE("g"), UINT64_MAX, false, false, 0, 0 },
		{ SLICE(""), 10, false, false, 0, 0 },
		{ SLICE("+1"), 10, false, false, 0, 0 },
		{ SLICE("-1"), 10, false, false, 0, 0 },
		{ SLICE(" 1"), 10, false, false, 0, 0 },
		{ SLICE("1 "), 10, false, false, 0, 0 },
		{ SLICE("0x1"), 10, false, false, 0, 0 },
		{ SLICE("1_0"), 99, false, false, 0, 0 },
		{ SLICE("\xb2"), 99, false, false, 0, 0 },
		{ SLICE("18446744073709551615"), UINT64_MAX, true, false,
		    UINT64_MAX, 0 },
		{ SLICE("18446744073709551616"), UINT64_MAX, false, false,
		    0, 0 },
		{ SLICE("ffffffffffffffff"), UINT64_MAX, false, true, 0,
		    UINT64_MAX },
		{ SLICE("10000000000000000"), UINT64_MAX, true, false,
		    10000000000000000, 0 },
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = 4711;
		assert_int_equal(slice_number(rows[i].in, rows[i].max, &v),
		    rows[i].decimal);
		assert_true(v == (rows[i].decimal ? rows[i].value : 4711));
		v = 4711;
		assert_int_equal(slice_hex(rows[i].in, rows[i].max, &v),
		    rows[i].hex);
		assert_true(v == (rows[i].hex ? rows[i].hex_value : 4711));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_with_and_without_case),
		cmocka_unit_test(trims_spaces_and_tabs_only),
		cmocka_unit_test(cuts_lists_and_skips_empty_elements),
		cmocka_unit_test(reads_numbers_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
