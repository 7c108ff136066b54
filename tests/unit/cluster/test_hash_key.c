/* What of a request is hashed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cluster/hash_key.h"

struct key_case {
	struct conf_key key;
	const char *want;
};

static void
finds_keys(void **state)
{
	static const struct key_case cases[] = {
		{ { KEY_SOURCE, NULL }, "192.0.2.7" },
		{ { KEY_URI, NULL }, "/a/./b?x=1&id=7%20&id=8&e=&ide=9" },
		{ { KEY_PATH, NULL }, "/a/b" },
		{ { KEY_QUERY, "id" }, "7%20" },
		{ { KEY_QUERY, "x" }, "1" },
		{ { KEY_QUERY, "ide" }, "9" },
		{ { KEY_QUERY, "e" }, "" },
		{ { KEY_QUERY, "ID" }, "" },
		{ { KEY_QUERY, "none" }, "" },
		{ { KEY_HEADER, "x-user" }, "ann" },
		{ { KEY_HEADER, "X-None" }, "" },
		{ { KEY_HEADER, "host" }, "www.example.com:8080" },
		{ { KEY_COOKIE, "sid" }, "abc" },
		{ { KEY_COOKIE, "theme" }, "dark" },
		{ { KEY_COOKIE, "late" }, "1" },
		{ { KEY_COOKIE, "si" }, "" },
	};
	struct arena a;
	struct head h;
	struct addr client;
	struct pick pick = { .request = &h, .client = &client,
	    .path = SLICE("/a/b") };
	char text[ADDR_TEXT];

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	h.path = SLICE("/a/./b?x=1&id=7%20&id=8&e=&ide=9");
	h.authority = SLICE("www.example.com:8080");
	head_add_other(&h, &a, SLICE("X-User"), SLICE("ann"));
	head_add(&h, &a, FIELD_COOKIE, SLICE("theme=dark; sid=abc;bare"));
	head_add(&h, &a, FIELD_COOKIE, SLICE("late=1"));
	assert_null(addr_parse(SLICE("192.0.2.7:1234"), &client));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_key one = cases[i].key;
		struct conf_keys keys = { &one, 1 };
		struct slice got = hash_key(&keys, &pick, text);

		assert_true(slice_eq(got, slice_of(cases[i].want)));
	}
	arena_reset(&a);
}

static void
falls_back_to_the_next_key(void **state)
{
	struct conf_key v[] = { { KEY_HEADER, "X-User" },
	    { KEY_QUERY, "u" }, { KEY_PATH, NULL } };
	struct conf_keys keys = { v, 3 };
	struct arena a;
	struct head h;
	struct pick pick = { .request = &h };
	char text[ADDR_TEXT];

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	h.path = SLICE("/p?v=1");
	assert_true(slice_eq(hash_key(&keys, &pick, text), SLICE("/p")));
	h.path = SLICE("/p?u=joe");
	assert_true(slice_eq(hash_key(&keys, &pick, text), SLICE("joe")));
	head_add_other(&h, &a, SLICE("X-User"), SLICE(""));
	assert_true(slice_eq(hash_key(&keys, &pick, text), SLICE("joe")));
	head_init(&h, HEAD_REQUEST);
	head_add_other(&h, &a, SLICE("x-user"), SLICE("ann"));
	assert_true(slice_eq(hash_key(&keys, &pick, text), SLICE("ann")));
	arena_reset(&a);
}

static void
is_empty_when_there_is_none(void **state)
{
	struct conf_key v[] = { { KEY_SOURCE, NULL }, { KEY_URI, NULL } };
	struct conf_keys keys = { v, 2 };
	struct pick pick = { .request = NULL };
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(hash_key(&keys, &pick, text).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_keys),
		cmocka_unit_test(falls_back_to_the_next_key),
		cmocka_unit_test(is_empty_when_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
