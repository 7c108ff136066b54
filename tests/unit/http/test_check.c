/*
 * test_check.c - the strict grammar.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/check.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define TCHAR_MARKS "!#$%&'*+-.^_`|~"
#define HOST_MARKS  "-._~!$&'()*+;=%"

/* A text, and the index of the byte that is wrong with it. */
struct row {
	const char *text;
	ptrdiff_t fault;
};

static void
check_rows(ptrdiff_t (*check)(struct slice), const struct row *rows, size_t n)
{
	ptrdiff_t fault;
	char *copy;
	size_t len;

	for (size_t i = 0; i < n; i++) {
		len = strlen(rows[i].text);
		copy = malloc(len + 1);	/* a byte before, none after */
		assert_non_null(copy);
		memcpy(copy + 1, rows[i].text, len);
		fault = check(slice_make(copy + 1, len));
		free(copy);
		if (fault != rows[i].fault)
			fail_msg("\"%s\": %td, not %td", rows[i].text, fault,
			    rows[i].fault);
	}
}

static bool
is_alnum(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_of(const char *marks, int c)
{
	return c != 0 && c < 128 && strchr(marks, c) != NULL;
}

static void
has_each_byte_where_the_grammar_has_it(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool is_digit = c >= '0' && c <= '9';

		assert_int_equal(check_is((char)c, CHECK_TOKEN),
		    is_alnum(c) || is_of(TCHAR_MARKS, c));
		assert_int_equal(check_is((char)c, CHECK_VALUE),
		    c == '\t' || (c >= ' ' && c != 0x7f));
		assert_int_equal(check_is((char)c, CHECK_TARGET),
		    c > ' ' && c < 0x7f && c != '#');
		assert_int_equal(check_is((char)c, CHECK_DIGIT), is_digit);
		assert_int_equal(check_is((char)c, CHECK_HEX),
		    is_digit || is_of("abcdefABCDEF", c));
		assert_int_equal(check_is((char)c, CHECK_HOST),
		    is_alnum(c) || is_of(HOST_MARKS, c));
	}
}

static void
finds_what_is_no_token(void **state)
{
	static const struct row rows[] = {
		{ "GET", -1 }, { "M-SEARCH", -1 }, { "x", -1 },
		{ TCHAR_MARKS, -1 }, { "", 0 }, { " GET", 0 }, { "GET ", 3 },
		{ "GE T", 2 }, { "Host:", 4 }, { "a\tb", 1 }, { "a/b", 1 },
		{ "a(b", 1 }, { "\"a\"", 0 }, { "na\xefve", 2 },
		{ "a\x7f", 1 }, { "a\x01", 1 }, { "a,b", 1 },
	};

	(void)state;
	check_rows(check_token, rows, COUNT(rows));
	assert_int_equal(check_token(SLICE_NONE), 0);
	assert_int_equal(check_token(SLICE("a\0b")), 1);
}

static void
finds_what_is_no_value(void **state)
{
	static const struct row rows[] = {
		{ "", -1 }, { "a", -1 }, { "text/html; q=\"0.5\"", -1 },
		{ "tab\there and\tthere as well", -1 },
		{ "\x80\xff caf\xc3\xa9 in some more bytes", -1 },
		{ "a\rb", 1 }, { "a\nb", 1 }, { "a\x7f", 1 },
		{ "0123456789\x1f", 10 }, { "\x01", 0 },
		{ "01234567\r\n X: y", 8 }, { "012345678901234\x0b", 15 },
	};

	(void)state;
	check_rows(check_value, rows, COUNT(rows));
	assert_int_equal(check_value(SLICE_NONE), CHECK_OK);
	assert_int_equal(check_value(SLICE("a\0b")), 1);
	assert_int_equal(check_value(SLICE("12345678\0")), 8);
}

static void
finds_each_wrong_byte_in(char *value, size_t n, char around)
{
	for (size_t at = 0; at < n; at++)
		for (int c = 0; c < 256; c++) {
			memset(value, around, n);
			value[at] = (char)c;
			assert_int_equal(check_value(slice_make(value, n)),
			    check_is((char)c, CHECK_VALUE) ?
			    CHECK_OK : (ptrdiff_t)at);
		}
}

/* Values are read 16 or 8 at a time: each byte in each place of each length. */
static void
finds_each_wrong_byte_of_a_value_anywhere(void **state)
{
	static const char around[] = { 'a', ' ', '~', '\t', '\x80', '\xff' };
	char value[37];

	(void)state;
	for (size_t a = 0; a < COUNT(around); a++)
		for (size_t n = 1; n <= sizeof(value); n++)
			finds_each_wrong_byte_in(value + sizeof(value) - n, n,
			    around[a]);
}

static void
finds_what_is_no_target(void **state)
{
	static const struct row rows[] = {
		{ "/", -1 }, { "*", -1 }, { "", -1 }, { "/a?b=c&d", -1 },
		{ "http://a.example:80/x", -1 }, { "/%41%2f%C3%a9", -1 },
		{ "/|\\^`{}[]<>\"", -1 }, { "/a b", 2 }, { "/a#b", 2 },
		{ "/\xc3\xa9", 1 }, { "/\x7f", 1 }, { "/\t", 1 },
		{ "/%", 1 }, { "/%4", 1 }, { "/%4g", 1 }, { "/%g4", 1 },
		{ "/%%41", 1 }, { "/%41%", 4 }, { "/a?%zz", 3 },
		{ "/%00", -1 },
	};

	(void)state;
	check_rows(check_target, rows, COUNT(rows));
	assert_int_equal(check_target(SLICE("/a\0")), 2);
}

static void
takes_hosts_with_and_without_a_port(void **state)
{
	static const struct row rows[] = {
		{ "example.com", -1 }, { "example.com.", -1 },
		{ "EXAMPLE.com:80", -1 }, { "example.com:", -1 },
		{ "a:0", -1 }, { "a:65535", -1 }, { "a:00080", -1 },
		{ "127.0.0.1:8080", -1 }, { "xn--bcher-kva.example", -1 },
		{ "under_score", -1 }, { "a%41b", -1 }, { "!$&'()*+;=", -1 },
		{ "[::1]", -1 }, { "[::]:80", -1 }, { "[2001:DB8::a]:", -1 },
		{ "[::ffff:192.0.2.1]:1", -1 },
		{ "[1111:2222:3333:4444:5555:6666:255.255.255.255]", -1 },
	};

	(void)state;
	check_rows(check_authority, rows, COUNT(rows));
}

static void
finds_what_is_no_host(void **state)
{
	static const struct row rows[] = {
		{ "", 0 }, { ":", 0 }, { ":80", 0 }, { "u@h", 1 },
		{ "user:pass@h", 5 }, { "h/", 1 }, { "h/path", 1 },
		{ "a,b", 1 }, { "a b", 1 }, { " a", 0 }, { "a ", 1 },
		{ "a?", 1 }, { "a#", 1 }, { "a\\b", 1 }, { "\xe9", 0 },
		{ "a\x7f", 1 }, { "a%4", 1 }, { "a%zz", 1 }, { "a<b", 1 },
		{ "a]", 1 }, { "a[::1]", 1 }, { "http://a", 5 },
	};

	(void)state;
	check_rows(check_authority, rows, COUNT(rows));
	assert_int_equal(check_authority(SLICE("a\0b")), 1);
	assert_int_equal(check_authority(SLICE_NONE), 0);
}

static void
finds_what_is_no_port(void **state)
{
	static const struct row rows[] = {
		{ "a:65536", 2 }, { "a:99999999999999999999", 2 },
		{ "a:-1", 2 }, { "a:+1", 2 }, { "a:8o", 3 }, { "a: 80", 2 },
		{ "a:80 ", 4 }, { "a:80:80", 4 }, { "::1", 0 },
		{ "[::1]80", 5 }, { "[::1]:x", 6 }, { "[::1]]", 5 },
		{ "a:80,b", 4 },
	};

	(void)state;
	check_rows(check_authority, rows, COUNT(rows));
}

static void
finds_what_is_no_ipv6_address(void **state)
{
	static const struct row rows[] = {
		{ "[", 0 }, { "[]", 0 }, { "[::1", 0 }, { "[1]", 0 },
		{ "[:::]", 0 }, { "[1::2::3]", 0 }, { "[12345::]", 0 },
		{ "[1:2:3:4:5:6:7]", 0 }, { "[1:2:3:4:5:6:7:8:9]", 0 },
		{ "[::256.0.0.1]", 0 }, { "[127.0.0.1]", 0 },
		{ "[::g]", 3 }, { "[fe80::1%25eth0]", 8 }, { "[v1.x]", 1 },
		{ "[::1 ]", 4 },
		{ "[1111:2222:3333:4444:5555:6666:255.255.255.2555]", 0 },
		{ "[00000000000000000000000000000000000000000000000001]", 0 },
	};

	(void)state;
	check_rows(check_authority, rows, COUNT(rows));
	assert_int_equal(check_authority(SLICE("[::1\0]")), 4);
}

static void
reads_lengths_below_two_to_the_63rd(void **state)
{
	static const struct {
		const char *text;
		int64_t length;
	} rows[] = {
		{ "0", 0 }, { "1", 1 }, { "007", 7 }, { "16384", 16384 },
		{ "9223372036854775807", INT64_MAX },
	};
	int64_t length;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		length = -1;
		assert_true(check_length(slice_of(rows[i].text), &length));
		assert_int_equal(length, rows[i].length);
	}
}

static void
refuses_what_is_no_length(void **state)
{
	static const char *const rows[] = {
		"", " ", "-1", "+1", "1 ", " 1", "1 2", "1,1", "1, 1", "0x10",
		"1e3", "1.0", "ten", "9223372036854775808",
		"18446744073709551616", "18446744073709551615",
		"99999999999999999999999999", "\xd9\xa1"
	};
	int64_t length = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(check_length(slice_of(rows[i]), &length));
	assert_false(check_length(SLICE("1\0"), &length));
	assert_int_equal(length, 42);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_each_byte_where_the_grammar_has_it),
		cmocka_unit_test(finds_what_is_no_token),
		cmocka_unit_test(finds_what_is_no_value),
		cmocka_unit_test(finds_each_wrong_byte_of_a_value_anywhere),
		cmocka_unit_test(finds_what_is_no_target),
		cmocka_unit_test(takes_hosts_with_and_without_a_port),
		cmocka_unit_test(finds_what_is_no_host),
		cmocka_unit_test(finds_what_is_no_port),
		cmocka_unit_test(finds_what_is_no_ipv6_address),
		cmocka_unit_test(reads_lengths_below_two_to_the_63rd),
		cmocka_unit_test(refuses_what_is_no_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
