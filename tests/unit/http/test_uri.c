/*
 * test_uri.c - targets and authorities.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/uri.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
leaves_a_normal_path_where_it_is(void **state)
{
	static const struct {
		const char *target;
		size_t n;
	} rows[] = {
		{ "", 0 }, { "*", 1 }, { "/", 1 }, { "/a/b", 4 },
		{ "/a/b/?x=/../", 5 }, { "/a?%41", 2 }, { "?x", 0 },
		{ "/%2F%00%5C%C3%A9", 16 }, { "/.well-known/x", 14 },
		{ "/...", 4 }, { "/a../b..", 8 }, { "/.a/..b", 7 },
		{ "//", 2 }, { "/a//b", 5 }, { "/a\\..\\b", 7 },
		{ "/A~b-c_d.e", 10 }, { "/%", 2 }, { "/%4", 3 }, { "/%zz", 4 },
		{ "/a;b=c/d", 8 },
	};
	struct slice target, out;
	struct arena a;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		target = slice_of(rows[i].target);
		assert_true(uri_normalise(target, &a, &out));
		assert_ptr_equal(out.p, target.p);
		assert_int_equal(out.n, rows[i].n);
		assert_int_equal(a.size, 0);
	}
	assert_true(uri_normalise(SLICE_NONE, &a, &out));
	assert_int_equal(out.n, 0);
}

static void
normalises_escapes_and_dot_segments(void **state)
{
	static const struct {
		const char *target, *path;
	} rows[] = {
		{ "/%41", "/A" }, { "/%7e%7Eu%5f%2d%2E", "/~~u_-." },
		{ "/%2f", "/%2F" }, { "/%c3%a9", "/%C3%A9" },
		{ "/%5c", "/%5C" }, { "/%00%61", "/%00a" },
		{ "/%2525%61", "/%2525a" }, { "/%25%34%31", "/%2541" },
		{ "/%3F%23%3a", "/%3F%23%3A" }, { "/%zz%41", "/%zzA" },
		{ "/.", "/" }, { "/./", "/" }, { "/a/.", "/a/" },
		{ "/a/..", "/" }, { "/a/../", "/" }, { "/a/./b", "/a/b" },
		{ "/a/../b", "/b" }, { "/a/b/../../c", "/c" },
		{ "/a/b/c/./../../g", "/a/g" }, { "/a/b/..", "/a/" },
		{ "/a//../b", "/a/b" }, { "//..", "/" }, { "//../", "/" },
		{ "/a/%2e%2E/b", "/b" }, { "/a/.%2e/b", "/b" },
		{ "/a/%2e/b", "/a/b" }, { "/a%2f../b", "/a%2F../b" },
		{ "/a/..%2fb/.", "/a/..%2Fb/" }, { "/a/../b?c=/..", "/b" },
		{ "/./a/./b/./", "/a/b/" }, { "/a/.../..", "/a/" },
		{ "/%2ewell", "/.well" },
	};
	struct slice out;
	struct arena a;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(uri_normalise(slice_of(rows[i].target), &a, &out));
		if (!slice_eq(out, slice_of(rows[i].path)))
			fail_msg("%s: %.*s, not %s", rows[i].target,
			    SLICE_ARG(out), rows[i].path);
	}
	arena_reset(&a);
}

static void
normalises_once_and_for_all(void **state)
{
	static const char alphabet[] = "/.%2eE";
	struct slice once, twice;
	char path[7] = "/";
	struct arena a;
	size_t size;
	unsigned left;

	(void)state;
	arena_init(&a, NULL);
	for (unsigned i = 0; i < 6 * 6 * 6 * 6 * 6 * 6; i++) {
		left = i;
		for (size_t j = 1; j < sizeof(path); j++, left /= 6)
			path[j] = alphabet[left % 6];
		if (!uri_normalise(slice_make(path, sizeof(path)), &a, &once))
			continue;
		assert_true(once.n >= 1 && once.n <= sizeof(path));
		assert_int_equal(once.p[0], '/');
		size = a.size;
		assert_true(uri_normalise(once, &a, &twice));
		assert_true(slice_eq(once, twice));
		assert_int_equal(a.size, size);
		if (i % 1000 == 0)
			arena_reset(&a);
	}
	arena_reset(&a);
}

static void
refuses_to_climb_above_the_root(void **state)
{
	static const char *const rows[] = {
		"/..", "/../", "/../a", "/a/../..", "/a/../../b", "/./..",
		"/%2e%2e", "/%2E%2e/a", "/.%2e/", "/a/b/../../../c",
		"//../..", "/..?x", "a", "a/b", "http://a/", "**"
	};
	struct slice out;
	struct arena a;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (uri_normalise(slice_of(rows[i]), &a, &out))
			fail_msg("%s became %.*s", rows[i], SLICE_ARG(out));
	arena_reset(&a);
}

static void
cuts_a_target_into_path_and_query(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} rows[] = {
		{ "/", "/", "" }, { "/a?b", "/a", "b" }, { "/a?", "/a", "" },
		{ "/a?b?c", "/a", "b?c" }, { "?", "", "" }, { "", "", "" },
		{ "*", "*", "" }, { "/a%3Fb", "/a%3Fb", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(slice_eq(uri_path(slice_of(rows[i].target)),
		    slice_of(rows[i].path)));
		assert_true(slice_eq(uri_query(slice_of(rows[i].target)),
		    slice_of(rows[i].query)));
	}
	assert_int_equal(uri_path(SLICE_NONE).n, 0);
	assert_int_equal(uri_query(SLICE_NONE).n, 0);
}

static void
cuts_an_authority_into_host_and_port(void **state)
{
	static const struct {
		const char *authority, *host, *port;
	} rows[] = {
		{ "a.example", "a.example", "" }, { "a:80", "a", "80" },
		{ "a:", "a", "" }, { "[::1]", "[::1]", "" },
		{ "[::1]:443", "[::1]", "443" }, { "[::1]:", "[::1]", "" },
		{ "", "", "" }, { ":80", "", "80" }, { "[::1", "[::1", "" },
	};
	struct slice host, port;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uri_split_authority(slice_of(rows[i].authority), &host, &port);
		assert_true(slice_eq(host, slice_of(rows[i].host)));
		assert_true(slice_eq(port, slice_of(rows[i].port)));
	}
	uri_split_authority(SLICE_NONE, &host, &port);
	assert_int_equal(host.n + port.n, 0);
}

static void
matches_hosts_with_patterns(void **state)
{
	static const struct {
		const char *authority, *pattern;
		bool does;
	} rows[] = {
		{ "example.com", "example.com", true },
		{ "EXAMPLE.Com", "example.cOM", true },
		{ "example.com:8080", "example.com", true },
		{ "example.com.", "example.com", true },
		{ "example.com.:80", "example.com", true },
		{ "example.com", "example.com.", true },
		{ "www.example.com", "*.example.com", true },
		{ "a.b.EXAMPLE.com:1", "*.example.com", true },
		{ "www.example.com.", "*.Example.com", true },
		{ "[::1]:80", "[::1]", true },
		{ "[2001:DB8::1]", "[2001:db8::1]", true },
		{ "example.com", "*.example.com", false },
		{ ".example.com", "*.example.com", false },
		{ "wwwexample.com", "*.example.com", false },
		{ "example.com.evil", "example.com", false },
		{ "www.example.com", "example.com", false },
		{ "www.example.com.evil", "*.example.com", false },
		{ "example.co", "example.com", false },
		{ "", "example.com", false },
		{ "", "*.example.com", false },
		{ "a", "*", false },
		{ "example.com..", "example.com", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (uri_host_matches(slice_of(rows[i].authority),
		    slice_of(rows[i].pattern)) != rows[i].does)
			fail_msg("\"%s\" and \"%s\"", rows[i].authority,
			    rows[i].pattern);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_a_normal_path_where_it_is),
		cmocka_unit_test(normalises_escapes_and_dot_segments),
		cmocka_unit_test(normalises_once_and_for_all),
		cmocka_unit_test(refuses_to_climb_above_the_root),
		cmocka_unit_test(cuts_a_target_into_path_and_query),
		cmocka_unit_test(cuts_an_authority_into_host_and_port),
		cmocka_unit_test(matches_hosts_with_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
