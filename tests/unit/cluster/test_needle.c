/* A text looked for in bytes that come in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cluster/needle.h"

/* Each piece is of memory of its own size, so that ASan sees a step beside. */
static bool
look(const char *text, const char *bytes, size_t piece, size_t most)
{
	struct needle n;
	size_t left = strlen(bytes);
	char copy[64];
	bool found;

	needle_init(&n, text, most);
	while (left > 0) {
		size_t k = left < piece ? left : piece;

		memcpy(copy, bytes, k);
		(void)needle_feed(&n, slice_make(copy, k));
		memset(copy, '?', sizeof(copy));
		bytes += k;
		left -= k;
	}
	found = n.found;
	needle_fini(&n);
	return found;
}

static void
finds_across_pieces_of_any_size(void **state)
{
	static const struct {
		const char *text, *bytes;
		bool found;
	} rows[] = {
		{ "ok", "status: ok\n", true },
		{ "ok", "ok", true },
		{ "o", "zzzzo", true },
		{ "ok", "o-k o k", false },
		{ "ok", "o", false },
		{ "aab", "aaaaaaaab", true },
		{ "healthy", "unhealth healthhealthy", true },
		{ "healthy", "healthhealth yhealth", false },
		{ "long text", "long tex", false },
		{ "", "anything", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 24; piece++)
			assert_int_equal(look(rows[i].text, rows[i].bytes,
			    piece, 1000), rows[i].found);
}

static void
looks_at_the_first_bytes_only(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 14; piece++) {
		assert_true(look("end", "0123456end", piece, 10));
		assert_false(look("end", "01234567end", piece, 10));
	}
}

static void
is_done_when_found_or_full(void **state)
{
	struct needle n;

	(void)state;
	needle_init(&n, "abc", 5);
	assert_false(needle_is_done(&n));
	assert_false(needle_feed(&n, SLICE("xxab")));
	assert_false(needle_is_done(&n));
	assert_true(needle_feed(&n, SLICE("cdef")));
	assert_true(needle_is_done(&n));
	needle_fini(&n);
	needle_init(&n, "abc", 5);
	assert_false(needle_feed(&n, SLICE("xxxxxxxxx")));
	assert_true(needle_is_done(&n));
	needle_fini(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_across_pieces_of_any_size),
		cmocka_unit_test(looks_at_the_first_bytes_only),
		cmocka_unit_test(is_done_when_found_or_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
