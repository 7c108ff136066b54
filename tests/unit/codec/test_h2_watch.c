/*
 * test_h2_watch.c - which frames ask for nothing, however they are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "codec/h2_watch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_SIZE (sizeof(PREFACE) - 1)

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

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		h2_watch_init(&w, 0);
		assert_int_equal(h2_watch_count(&w, rows[i].frame.p,
		    rows[i].frame.n), rows[i].count);
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
		unsigned count = 0;

		h2_watch_init(&w, PREFACE_SIZE);
		for (size_t at = 0; at < sizeof(all) - 1; at += piece) {
			size_t left = sizeof(all) - 1 - at;

			count += h2_watch_count(&w, all + at,
			    piece < left ? piece : left);
		}
		assert_int_equal(count, 2);
		assert_int_equal(w.have + w.left, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_which_frames_ask_for_nothing),
		cmocka_unit_test(counts_the_same_however_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
