/*
 * test_addr.c - addresses and ranges as text, and how they compare.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "net/addr.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct addr
addr_of(const char *text)
{
	struct addr a;
	const char *error = addr_parse(slice_of(text), &a);

	if (error != NULL)
		fail_msg("%s: %s", text, error);
	return a;
}

static void
prints_what_it_parsed(void **state)
{
	static const struct {
		const char *text, *printed, *host;
		int family, port;
	} table[] = {
		{ "127.0.0.1:80", NULL, "127.0.0.1", AF_INET, 80 },
		{ "0.0.0.0:1", NULL, "0.0.0.0", AF_INET, 1 },
		{ "255.255.255.255:65535", NULL, "255.255.255.255", AF_INET,
		    65535 },
		{ "[::1]:443", NULL, "::1", AF_INET6, 443 },
		{ "[::]:80", NULL, "::", AF_INET6, 80 },
		{ "[2001:DB8:0:0::1]:80", "[2001:db8::1]:80", "2001:db8::1",
		    AF_INET6, 80 },
		{ "[::ffff:10.0.0.1]:80", "10.0.0.1:80", "10.0.0.1", AF_INET6,
		    80 },
		{ "unix:/run/a.sock", NULL, "unix:/run/a.sock", AF_UNIX, 0 },
		{ "unix:/a:80", NULL, "unix:/a:80", AF_UNIX, 0 },
	};
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].text);

		assert_int_equal(a.sa.sa_family, table[i].family);
		assert_int_equal(addr_port(&a), table[i].port);
		assert_int_equal(addr_is_unix(&a),
		    table[i].family == AF_UNIX);
		addr_print(&a, text);
		assert_string_equal(text, table[i].printed != NULL ?
		    table[i].printed : table[i].text);
		addr_print_host(&a, text);
		assert_string_equal(text, table[i].host);
	}
}

static void
takes_a_star_for_any_address_of_both_families(void **state)
{
	struct addr a = addr_of("*:8080");
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(addr_port(&a), 8080);
	if (!a.dual) {		/* a machine without IPv6 */
		assert_int_equal(a.sa.sa_family, AF_INET);
		return;
	}
	assert_int_equal(a.sa.sa_family, AF_INET6);
	addr_print(&a, text);
	assert_string_equal(text, "*:8080");
}

static void
refuses_what_is_no_address_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{ "", "port" },
		{ "127.0.0.1", "port" },
		{ "127.0.0.1:", "1 to 65535" },
		{ "127.0.0.1:0", "1 to 65535" },
		{ "127.0.0.1:65536", "1 to 65535" },
		{ "127.0.0.1:80x", "1 to 65535" },
		{ "127.0.0.1:-1", "1 to 65535" },
		{ "127.0.0.1: 80", "1 to 65535" },
		{ "127.0.0.1:18446744073709551617", "1 to 65535" },
		{ "256.0.0.1:80", "no IP address" },
		{ "1.2.3:80", "no IP address" },
		{ "www.example.com:80", "no IP address" },
		{ "::1:80", "brackets" },
		{ ":80", "in front of the port" },
		{ "http://10.0.0.1:80", "a URL" },
		{ "[::1]", "1 to 65535" },
		{ "[]:80", "no IPv6 address" },
		{ "[127.0.0.1]:80", "no IPv6 address" },
		{ "[*]:80", "no IPv6 address" },
		{ "[::g]:80", "no IPv6 address" },
		{ "[::1:80", "brackets" },
		{ "unix:", "must begin with" },
		{ "unix:relative", "must begin with" },
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *error = addr_parse(slice_of(table[i].text), &a);

		if (error == NULL || strstr(error, table[i].part) == NULL)
			fail_msg("\"%s\": %s", table[i].text,
			    error != NULL ? error : "was taken");
	}
}

static void
refuses_a_nul_inside(void **state)
{
	struct addr a;

	(void)state;
	assert_non_null(addr_parse(SLICE("127.0.0.1\0:80"), &a));
	assert_non_null(addr_parse(SLICE("unix:/a\0b"), &a));
}

static void
bounds_the_path_of_a_unix_socket(void **state)
{
	char text[5 + 109], printed[ADDR_TEXT];
	struct addr a;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:/", 6);
	assert_non_null(addr_parse(slice_make(text, 5 + 108), &a));
	assert_null(addr_parse(slice_make(text, 5 + 107), &a));
	addr_print(&a, printed);
	assert_int_equal(strlen(printed), 5 + 107);
}

/* A client may bind a path that fills all 108 bytes, with no NUL. */
static void
bears_a_peer_whose_path_has_no_nul(void **state)
{
	struct addr a = { .len = sizeof(a.un) }, b;
	char text[ADDR_TEXT];

	(void)state;
	a.un.sun_family = AF_UNIX;
	memset(a.un.sun_path, 'y', sizeof(a.un.sun_path));
	b = a;
	assert_true(addr_eq(&a, &b));
	addr_print(&a, text);
	assert_int_equal(strlen(text), 5 + 107);
}

static void
prints_a_peer_without_a_name(void **state)
{
	struct addr a = { .len = sizeof(sa_family_t) };
	char text[ADDR_TEXT];

	(void)state;
	a.un.sun_family = AF_UNIX;
	addr_print(&a, text);
	assert_string_equal(text, "unix:");
}

static void
keeps_what_matters_of_an_address(void **state)
{
	static const char *const table[] = { "127.0.0.1:80", "[::1]:443",
	    "[::ffff:10.0.0.1]:80", "unix:/run/a.sock" };
	struct addr_short keep;
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i]);
		const struct addr *kept = addr_keep(&keep, &a);

		addr_print(kept, text);
		if (addr_is_unix(&a)) {
			assert_string_equal(text, "unix:");
			continue;
		}
		assert_ptr_equal(kept, &keep);
		assert_true(addr_eq(kept, &a));
		assert_int_equal(kept->len, a.len);
	}
}

static void
knows_a_name_from_an_address(void **state)
{
	static const struct {
		const char *text;
		bool is_name;
	} table[] = {
		{ "localhost:80", true }, { "a-b.example.com:80", true },
		{ "web_1:8080", true }, { "1.2.3.4.5:80", true },
		{ "127.0.0.1:80", false }, { "*:80", false },
		{ "[::1]:80", false }, { "localhost", false },
		{ "localhost:x", false }, { ":80", false }, { "", false },
		{ "unix:/a", false }, { "unix:80", false },
		{ "a b:80", false }, { "[name]:80", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (addr_is_name(slice_of(table[i].text)) != table[i].is_name)
			fail_msg("\"%s\"", table[i].text);
}

static void
compares_and_finds_clashes(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, clashes;
	} table[] = {
		{ "127.0.0.1:80", "127.0.0.1:80", true, true },
		{ "127.0.0.1:80", "127.0.0.1:81", false, false },
		{ "127.0.0.1:80", "127.0.0.2:80", false, false },
		{ "127.0.0.1:80", "0.0.0.0:80", false, true },
		{ "0.0.0.0:80", "0.0.0.0:80", true, true },
		{ "0.0.0.0:80", "0.0.0.0:81", false, false },
		{ "[::1]:80", "[::1]:80", true, true },
		{ "[::1]:80", "[::2]:80", false, false },
		{ "[::1]:80", "[::]:80", false, true },
		{ "[::]:80", "0.0.0.0:80", false, false },
		{ "[::]:80", "127.0.0.1:80", false, false },
		{ "*:80", "*:80", true, true },
		{ "*:80", "127.0.0.1:80", false, true },
		{ "*:80", "127.0.0.1:81", false, false },
		{ "unix:/a", "unix:/a", true, true },
		{ "unix:/a", "unix:/b", false, false },
		{ "unix:/a", "*:80", false, false },
		{ "unix:/a", "127.0.0.1:80", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].a), b = addr_of(table[i].b);

		if (addr_eq(&a, &b) != table[i].eq ||
		    addr_eq(&b, &a) != table[i].eq ||
		    addr_clashes(&a, &b) != table[i].clashes ||
		    addr_clashes(&b, &a) != table[i].clashes)
			fail_msg("%s, %s", table[i].a, table[i].b);
	}
}

static void
tells_a_star_from_ipv6_any(void **state)
{
	struct addr star = addr_of("*:80"), six = addr_of("[::]:80");

	(void)state;
	assert_false(addr_eq(&star, &six));
	if (star.dual)
		assert_true(addr_clashes(&star, &six));
}

static void
finds_addresses_in_ranges(void **state)
{
	static const struct {
		const char *addr, *range;
		bool is_in;
	} table[] = {
		{ "10.1.2.3:1", "10.0.0.0/8", true },
		{ "11.1.2.3:1", "10.0.0.0/8", false },
		{ "10.1.2.3:1", "10.9.9.9/8", true },
		{ "10.1.2.3:1", "0.0.0.0/0", true },
		{ "10.1.2.3:1", "10.1.2.3", true },
		{ "10.1.2.4:1", "10.1.2.3", false },
		{ "10.1.2.4:1", "10.1.2.3/32", false },
		{ "192.168.127.1:1", "192.168.0.0/17", true },
		{ "192.168.128.1:1", "192.168.0.0/17", false },
		{ "[2001:db8::1]:1", "2001:db8::/32", true },
		{ "[2001:db9::1]:1", "2001:db8::/32", false },
		{ "[2001:db8:8000::]:1", "2001:db8::/33", false },
		{ "[::1]:1", "::1", true },
		{ "[::2]:1", "::1", false },
		{ "[::2]:1", "::/0", true },
		{ "[::ffff:10.1.2.3]:1", "10.0.0.0/8", true },
		{ "[::ffff:11.1.2.3]:1", "10.0.0.0/8", false },
		{ "[::ffff:10.1.2.3]:1", "::ffff:0:0/96", true },
		{ "[2001:db8::1]:1", "0.0.0.0/0", false },
		{ "10.1.2.3:1", "::/0", false },
		{ "unix:/a", "unix", true },
		{ "unix:/a", "0.0.0.0/0", false },
		{ "10.1.2.3:1", "unix", false },
	};
	struct addr_range r;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].addr);

		assert_null(addr_range_parse(slice_of(table[i].range), &r));
		if (addr_in_range(&a, &r) != table[i].is_in)
			fail_msg("%s in %s", table[i].addr, table[i].range);
	}
}

static void
refuses_what_is_no_range(void **state)
{
	static const char *const table[] = { "", "/", "/8", "10.0.0.0/",
	    "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "10/8",
	    "example.com", "10.0.0.0/8x", "UNIX", "unix:/a", "[::1]/128" };
	struct addr_range r;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (addr_range_parse(slice_of(table[i]), &r) == NULL)
			fail_msg("\"%s\" was taken", table[i]);
	assert_non_null(addr_range_parse(SLICE_NONE, &r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_it_parsed),
		cmocka_unit_test(takes_a_star_for_any_address_of_both_families),
		cmocka_unit_test(refuses_what_is_no_address_with_a_sentence),
		cmocka_unit_test(refuses_a_nul_inside),
		cmocka_unit_test(bounds_the_path_of_a_unix_socket),
		cmocka_unit_test(bears_a_peer_whose_path_has_no_nul),
		cmocka_unit_test(prints_a_peer_without_a_name),
		cmocka_unit_test(keeps_what_matters_of_an_address),
		cmocka_unit_test(knows_a_name_from_an_address),
		cmocka_unit_test(compares_and_finds_clashes),
		cmocka_unit_test(tells_a_star_from_ipv6_any),
		cmocka_unit_test(finds_addresses_in_ranges),
		cmocka_unit_test(refuses_what_is_no_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
