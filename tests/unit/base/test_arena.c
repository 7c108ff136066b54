/*
 * test_arena.c - memory that is freed all at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void
gives_aligned_pieces_that_do_not_overlap(void **state)
{
	struct arena a;
	char *p[500];

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < 500; i++) {
		p[i] = arena_get(&a, i * 5);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i % 251), i * 5);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t j = 0; j < i * 5; j++)
			assert_int_equal((unsigned char)p[i][j], i % 251);
	assert_int_equal(a.size, 5 * 499 * 500 / 2);
	arena_reset(&a);
	assert_int_equal(a.size, 0);
}

static void
borrows_chunks_and_gives_them_back(void **state)
{
	struct slab chunks;
	struct arena a;

	(void)state;
	arena_chunks_init(&chunks, 8);
	arena_init(&a, &chunks);
	assert_int_equal(chunks.nused, 0);
	for (int i = 0; i < 20; i++)
		(void)arena_get(&a, 500);
	assert_int_equal(chunks.nused, 3);
	arena_reset(&a);
	assert_int_equal(chunks.nused, 0);
	assert_int_equal(chunks.nfree, 3);
	(void)arena_get(&a, 1);
	assert_int_equal(chunks.nused, 1);
	arena_reset(&a);
	arena_reset(&a);
	slab_fini(&chunks);
}

static void
keeps_the_chunk_after_a_large_piece(void **state)
{
	struct slab chunks;
	struct arena a;
	char *before, *after;

	(void)state;
	arena_chunks_init(&chunks, 8);
	arena_init(&a, &chunks);
	before = arena_get(&a, 16);
	memset(arena_get(&a, 100000), 'x', 100000);
	after = arena_get(&a, 16);
	assert_ptr_equal(after, before + 16);
	assert_int_equal(chunks.nused, 1);
	arena_reset(&a);
	slab_fini(&chunks);
}

static void
copies_slices_and_strings(void **state)
{
	struct arena a;
	struct slice s;
	char long_text[1000];

	(void)state;
	arena_init(&a, NULL);
	s = arena_copy(&a, SLICE("abc"));
	assert_true(slice_eq(s, SLICE("abc")));
	assert_null(arena_copy(&a, SLICE_NONE).p);
	assert_non_null(arena_copy(&a, SLICE("")).p);
	assert_string_equal(arena_string(&a, SLICE("abc")), "abc");
	assert_string_equal(arena_string(&a, SLICE_NONE), "");
	s = arena_print(&a, "%s=%d", "x", 42);
	assert_true(slice_eq(s, SLICE("x=42")));
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	s = arena_print(&a, "<%s>", long_text);
	assert_int_equal(s.n, 1001);
	assert_int_equal(s.p[1000], '>');
	assert_int_equal(s.p[1001], '\0');
	for (int i = 0; i < 100; i++)
		assert_int_equal(((char *)arena_zero(&a, 100))[i], 0);
	arena_reset(&a);
}

static void
joins_parts_some_of_them_empty(void **state)
{
	const struct slice parts[] = { SLICE("ab"), SLICE_NONE, SLICE(""),
		SLICE("cde") };
	struct arena a;

	(void)state;
	arena_init(&a, NULL);
	assert_true(slice_eq(arena_join(&a, parts, 4), SLICE("abcde")));
	assert_int_equal(arena_join(&a, parts, 0).n, 0);
	assert_int_equal(arena_join(&a, parts + 1, 2).n, 0);
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_aligned_pieces_that_do_not_overlap),
		cmocka_unit_test(borrows_chunks_and_gives_them_back),
		cmocka_unit_test(keeps_the_chunk_after_a_large_piece),
		cmocka_unit_test(copies_slices_and_strings),
		cmocka_unit_test(joins_parts_some_of_them_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
