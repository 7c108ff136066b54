/*
 * test_buf.c - the byte buffer: pages, growth, packing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void
holds_no_page_until_reserved_nor_after_release(void **state)
{
	struct slab pages;
	struct buf b = { 0 };

	(void)state;
	buf_pages_init(&pages, 4);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_room(&b), 0);
	buf_reserve(&b, &pages, 1);
	assert_int_equal(pages.nused, 1);
	assert_int_equal(buf_room(&b), BUF_PAGE);
	buf_add(&b, "abc", 3);
	buf_release(&b, &pages);
	assert_null(b.base);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(pages.nused, 0);
	assert_int_equal(pages.nfree, 1);
	buf_release(&b, &pages);
	slab_fini(&pages);
}

static void
appends_and_drops(void **state)
{
	struct slab pages;
	struct buf b = { 0 };

	(void)state;
	buf_pages_init(&pages, 4);
	buf_reserve(&b, &pages, 100);
	buf_add(&b, NULL, 0);
	buf_add_slice(&b, SLICE("n="));
	buf_add_number(&b, 0);
	buf_add_number(&b, UINT64_MAX);
	buf_add(&b, " ", 1);
	buf_add_hex(&b, UINT64_C(0x1f0c));
	buf_add_hex(&b, UINT64_MAX);
	assert_true(slice_eq(buf_slice(&b),
	    SLICE("n=018446744073709551615 1f0cffffffffffffffff")));
	buf_drop(&b, 2);
	assert_int_equal(*buf_at(&b), '0');
	buf_pack(&b);
	assert_ptr_equal(buf_at(&b), b.base);
	assert_int_equal(buf_len(&b), 42);
	buf_drop(&b, 42);
	assert_int_equal(buf_room(&b), BUF_PAGE);
	buf_release(&b, &pages);
	slab_fini(&pages);
}

static void
packs_before_it_grows(void **state)
{
	struct slab pages;
	struct buf b = { 0 };

	(void)state;
	buf_pages_init(&pages, 4);
	buf_reserve(&b, &pages, BUF_PAGE);
	memset(b.base, 'a', BUF_PAGE);
	b.end = BUF_PAGE;
	buf_drop(&b, BUF_PAGE - 10);
	buf_reserve(&b, &pages, BUF_PAGE - 10);
	assert_int_equal(b.cap, BUF_PAGE);
	assert_int_equal(b.pos, 0);
	assert_int_equal(buf_len(&b), 10);
	buf_release(&b, &pages);
	slab_fini(&pages);
}

static void
moves_past_a_page_and_gives_it_back(void **state)
{
	struct slab pages;
	struct buf b = { 0 };

	(void)state;
	buf_pages_init(&pages, 4);
	buf_reserve(&b, &pages, 10);
	buf_add(&b, "0123456789", 10);
	buf_drop(&b, 3);
	buf_reserve(&b, &pages, BUF_PAGE);
	assert_int_equal(pages.nused, 0);
	assert_true(buf_room(&b) >= BUF_PAGE);
	assert_true(slice_eq(buf_slice(&b), SLICE("3456789")));
	buf_release(&b, &pages);
	assert_int_equal(pages.nfree, 1);

	buf_reserve(&b, &pages, BUF_PAGE * 3);
	assert_int_equal(b.cap, BUF_PAGE * 4);
	buf_release(&b, &pages);
	slab_fini(&pages);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    holds_no_page_until_reserved_nor_after_release),
		cmocka_unit_test(appends_and_drops),
		cmocka_unit_test(packs_before_it_grows),
		cmocka_unit_test(moves_past_a_page_and_gives_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
