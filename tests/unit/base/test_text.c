/*
 * test_text.c - text that grows; escapes that keep any bytes harmless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void
grows_and_stays_terminated(void **state)
{
	struct text t;

	(void)state;
	text_init(&t);
	assert_null(t.p);
	text_add_slice(&t, SLICE_NONE);
	assert_string_equal(t.p, "");
	for (int i = 0; i < 1000; i++)
		text_add(&t, "%03d", i);
	assert_int_equal(t.n, 3000);
	assert_int_equal(strlen(t.p), 3000);
	assert_memory_equal(t.p + 2997, "999", 3);
	text_clear(&t);
	assert_string_equal(t.p, "");
	text_add(&t, "%0500d", 7);
	text_add_char(&t, 'x');
	text_add_slice(&t, SLICE("yz"));
	assert_int_equal(text_slice(&t).n, 503);
	assert_string_equal(t.p + 498, "07xyz");
	text_fini(&t);
	assert_null(t.p);
}

static void
escapes_as_json_and_for_people(void **state)
{
	static const struct { struct slice in; const char *json, *log; } rows[] = {
		{ SLICE(""), "\"\"", "" },
		{ SLICE("plain / text"), "\"plain / text\"", "plain / text" },
		{ SLICE("a\"b\\c"), "\"a\\\"b\\\\c\"", "a\\\"b\\\\c" },
		{ SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"", "\\b\\f\\n\\r\\t" },
		{ SLICE("\0\x1b\x7f"), "\"\\u0000\\u001b\\u007f\"",
		    "\\x00\\x1b\\x7f" },
		{ SLICE("Z\xc3\xbcrich"), "\"Z\xc3\xbcrich\"",
		    "Z\xc3\xbcrich" },
		{ SLICE("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"",
		    "\xf0\x9f\x98\x80" },
		{ SLICE("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"",
		    "\xf4\x8f\xbf\xbf" },
		/* cut, lone continuation, overlong, surrogate, too high */
		{ SLICE("\xc3"), "\"\\u00c3\"", "\\xc3" },
		{ SLICE("\xe2\x82z"), "\"\\u00e2\\u0082z\"", "\\xe2\\x82z" },
		{ SLICE("\x80"), "\"\\u0080\"", "\\x80" },
		{ SLICE("\xc0\xaf"), "\"\\u00c0\\u00af\"", "\\xc0\\xaf" },
		{ SLICE("\xe0\x80\xaf"), "\"\\u00e0\\u0080\\u00af\"",
		    "\\xe0\\x80\\xaf" },
		{ SLICE("\xed\xa0\x80"), "\"\\u00ed\\u00a0\\u0080\"",
		    "\\xed\\xa0\\x80" },
		{ SLICE("\xf4\x90\x80\x80"), "\"\\u00f4\\u0090\\u0080\\u0080\"",
		    "\\xf4\\x90\\x80\\x80" },
		{ SLICE("\xff"), "\"\\u00ff\"", "\\xff" },
		/* a control in two bytes: JSON, but nothing for a terminal */
		{ SLICE("\xc2\x9b"), "\"\xc2\x9b\"", "\\xc2\\x9b" },
	};
	struct text t;

	(void)state;
	text_init(&t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text_clear(&t);
		text_add_json(&t, rows[i].in);
		assert_string_equal(t.p, rows[i].json);
		text_clear(&t);
		text_add_escaped(&t, rows[i].in);
		assert_string_equal(t.p, rows[i].log);
	}
	text_clear(&t);
	text_add_json(&t, SLICE_NONE);
	assert_string_equal(t.p, "\"\"");
	text_fini(&t);
}

/*
 * Table 3-7 of the Unicode standard: the bytes that may follow a first byte.
 * Returns the length of the sequence at p, 0 if it is not well formed.
 */
static size_t
well_formed(const unsigned char *p, size_t n)
{
	static const unsigned char rows[][4] = {
		/* first..last, second byte least..most */
		{ 0xc2, 0xdf, 0x80, 0xbf }, { 0xe0, 0xe0, 0xa0, 0xbf },
		{ 0xe1, 0xec, 0x80, 0xbf }, { 0xed, 0xed, 0x80, 0x9f },
		{ 0xee, 0xef, 0x80, 0xbf }, { 0xf0, 0xf0, 0x90, 0xbf },
		{ 0xf1, 0xf3, 0x80, 0xbf }, { 0xf4, 0xf4, 0x80, 0x8f },
	};
	size_t want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (p[0] < rows[i][0] || p[0] > rows[i][1])
			continue;
		if (n < want || p[1] < rows[i][2] || p[1] > rows[i][3])
			return 0;
		for (size_t k = 2; k < want; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return want;
	}
	return 0;
}

/* Is all of s one JSON string (RFC 8259, section 7) in UTF-8? */
static bool
is_json_string(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n, i = 1;

	if (s.n < 2 || p[0] != '"' || p[s.n - 1] != '"')
		return false;
	while (i < s.n - 1) {
		if (p[i] < 0x20 || p[i] == '"')
			return false;
		if (p[i] == '\\') {
			if (p[i + 1] == 'u') {
				if (i + 6 > s.n - 1 || strspn(s.p + i + 2,
				    "0123456789abcdefABCDEF") < 4)
					return false;
				i += 6;
				continue;
			}
			if (strchr("\"\\/bfnrt", p[i + 1]) == NULL ||
			    i + 2 > s.n - 1)
				return false;
			i += 2;
			continue;
		}
		n = well_formed(p + i, s.n - 1 - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

static void
makes_valid_json_of_any_bytes(void **state)
{
	static const unsigned char tails[] = { 0x00, 0x41, 0x80, 0xbf };
	struct text t;
	char in[4];

	(void)state;
	text_init(&t);
	for (unsigned i = 0; i < 65536 * 4; i++) {
		in[0] = (char)(i & 0xff);
		in[1] = (char)(i >> 8 & 0xff);
		in[2] = in[3] = (char)tails[i >> 16];
		text_clear(&t);
		text_add_json(&t, slice_make(in, sizeof(in)));
		assert_true(is_json_string(text_slice(&t)));
		/* What was valid stays as it is. */
		if (well_formed((unsigned char *)in, 4) == 4)
			assert_memory_equal(t.p + 1, in, 4);
	}
	text_fini(&t);
}

/* Plain bytes are skipped 16 at a time: each byte in each place of them. */
static void
escapes_a_byte_wherever_it_stands(void **state)
{
	struct text t, one;
	char in[40];

	(void)state;
	text_init(&t);
	text_init(&one);
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;

		text_clear(&one);
		text_add_escaped(&one, slice_make(&byte, 1));
		for (size_t n = 1; n <= sizeof(in); n++)
			for (size_t at = 0; at < n; at++) {
				memset(in, 'x', n);
				in[at] = byte;
				text_clear(&t);
				text_add_escaped(&t, slice_make(in, n));
				assert_int_equal(t.n, n - 1 + one.n);
				assert_memory_equal(t.p + at, one.p, one.n);
			}
	}
	text_fini(&t);
	text_fini(&one);
}

static void
writes_numbers_slices_and_bytes(void **state)
{
	struct text t;

	(void)state;
	text_init(&t);
	text_add_number(&t, 0);
	text_add_char(&t, ' ');
	text_add_number(&t, INT64_MAX);
	text_add_slice(&t, SLICE(" and "));
	text_add_number(&t, INT64_MIN);
	assert_string_equal(t.p,
	    "0 9223372036854775807 and -9223372036854775808");
	text_fini(&t);
}

static void
keeps_every_log_line_on_one_line(void **state)
{
	struct text t;
	char in[256];

	(void)state;
	text_init(&t);
	for (int i = 0; i < 256; i++)
		in[i] = (char)i;
	text_add_escaped(&t, slice_make(in, sizeof(in)));
	for (size_t i = 0; i < t.n; i++)
		assert_in_range((unsigned char)t.p[i], 0x20, 0x7e);
	text_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(escapes_as_json_and_for_people),
		cmocka_unit_test(makes_valid_json_of_any_bytes),
		cmocka_unit_test(escapes_a_byte_wherever_it_stands),
		cmocka_unit_test(writes_numbers_slices_and_bytes),
		cmocka_unit_test(keeps_every_log_line_on_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
