/*
 * test_h2_watch.c - which frames ask for nothing, however they are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"
#include "codec/h2_watch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_SIZE (sizeof(PREFACE) - 1)

/* All of it, a share after the other; gives the frames that ask for nothing. */
static unsigned
count(struct h2_watch *w, const char *p, size_t n, unsigned *shares)
{
	struct h2_seen seen;
	unsigned idle = 0;

	for (*shares = 0; n > 0; ++*shares) {
		size_t k = h2_watch_share(w, p, n, &seen);

		assert_true(k > 0 && k <= n);
		p += k;
		n -= k;
		idle += seen.idle;
	}
	return idle;
}

static void
knows_which_frames_ask_for_nothing(void **state)
{
	static const struct {
		struct slice frame;
		unsigned count;
	} rows[] = {
		{ SLICE("\0\0\0\4\0\0\0\0\0"), 1 },		/* SETTINGS */
		{ SLICE("\0\0\0\4\1\0\0\0\0"), 1 },		/* its ACK */
		{ SLICE("\0\0\x8\6\0\0\0\0\0PINGPING"), 1 },
		{ SLICE("\0\0\5\2\0\0\0\0\1\0\0\0\0\0"), 1 },	/* PRIORITY */
		{ SLICE("\0\0\4\x8\0\0\0\0\0\0\0\0\1"), 1 },	/* WINDOW_UPDATE */
		{ SLICE("\0\0\1\x9\4\0\0\0\1\x82"), 1 },	/* CONTINUATION */
		{ SLICE("\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1 }, /* GOAWAY */
		{ SLICE("\0\0\5\x10\0\0\0\0\0\0\0\0\1u"), 1 },
		{ SLICE("\0\0\1\x42\0\0\0\0\0x"), 1 },		/* unknown */
		{ SLICE("\0\0\1\1\5\0\0\0\1\x82"), 0 },		/* HEADERS */
		{ SLICE("\0\0\4\3\0\0\0\0\1\0\0\0\x8"), 0 },	/* RST_STREAM */
		{ SLICE("\0\0\1\0\0\0\0\0\1x"), 0 },		/* DATA */
		{ SLICE("\0\0\0\0\0\0\0\0\1"), 1 },
		{ SLICE("\0\0\0\0\1\0\0\0\1"), 0 },		/* that ends */
		{ SLICE("\0\0\1\0\x8\0\0\0\1\0"), 1 },		/* padded */
		{ SLICE("\0\0\1\0\x9\0\0\0\1\0"), 0 },
	};
	struct h2_watch w;
	unsigned shares;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		h2_watch_init(&w, 0);
		assert_int_equal(count(&w, rows[i].frame.p,
		    rows[i].frame.n, &shares), rows[i].count);
		assert_int_equal(w.have + w.left, 0);
	}
}

static void
counts_the_same_however_they_are_cut(void **state)
{
	/* A payload that looks like frames, and three that are. */
	static const char all[] = PREFACE "\0\0\x12\0\0\0\0\0\1"
	    "\0\0\0\4\0\0\0\0\0\0\0\0\4\0\0\0\0\0"
	    "\0\0\0\4\0\0\0\0\0\0\0\1\1\5\0\0\0\1\x82\0\0\0\4\1\0\0\0\0";
	struct h2_watch w;

	(void)state;
	for (size_t piece = 1; piece < sizeof(all); piece++) {
		unsigned idle = 0, shares;

		h2_watch_init(&w, PREFACE_SIZE);
		for (size_t at = 0; at < sizeof(all) - 1; at += piece) {
			size_t left = sizeof(all) - 1 - at;

			idle += count(&w, all + at,
			    piece < left ? piece : left, &shares);
		}
		assert_int_equal(idle, 2);
		assert_int_equal(w.have + w.left, 0);
	}
}

/* The same frame again and again, until there are 32 KiB. */
static unsigned
shares_of(struct slice frame)
{
	static char page[32 * 1024];
	struct h2_watch w;
	unsigned shares;
	size_t n = 0;

	for (; n + frame.n <= sizeof(page); n += frame.n)
		memcpy(page + n, frame.p, frame.n);
	h2_watch_init(&w, 0);
	count(&w, page, n, &shares);
	assert_int_equal(w.have + w.left, 0);
	return shares;
}

static void
deals_out_work_by_frames_and_fields(void **state)
{
	static char data[16384 + 9] = "\0\x40\0\0\0\0\0\0\1";
	static char head[16384 + 9] = "\0\x40\0\1\4\0\0\0\1";

	(void)state;
	assert_int_equal(shares_of(slice_make(data, sizeof(data))), 1);
	assert_int_equal(shares_of(slice_make(head, sizeof(head))), 17);
	/* 1,927 of PING, at 128; 3,276 of HEADERS with a byte, at 14. */
	assert_int_equal(shares_of(
	    SLICE("\0\0\x8\6\0\0\0\0\0PINGPING")), 16);
	assert_int_equal(shares_of(SLICE("\0\0\1\1\5\0\0\0\1\x82")), 219);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_which_frames_ask_for_nothing),
		cmocka_unit_test(counts_the_same_however_they_are_cut),
		cmocka_unit_test(deals_out_work_by_frames_and_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
