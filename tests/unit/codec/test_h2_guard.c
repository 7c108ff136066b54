/*
 * test_h2_guard.c - what a wild client of HTTP/2 comes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/h2_guard.h"
#include "h2_rig.h"

static int
setup(void **state)
{
	struct h2_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	h2_rig_init(r);
	h2_rig_pump(r);
	*state = r;
	return 0;
}

static void
budgets_fill_again_within_ten_seconds(void **state)
{
	struct http_limits l = { .resets = 10, .control = 5 };
	struct h2_guard g;

	(void)state;
	h2_guard_init(&g, SEC(50));
	for (int i = 0; i < 10; i++)
		assert_true(h2_guard_reset(&g, &l, SEC(50)));
	assert_false(h2_guard_reset(&g, &l, SEC(50)));
	assert_true(h2_guard_reset(&g, &l, SEC(51)));
	assert_false(h2_guard_reset(&g, &l, SEC(51)));
	for (int i = 0; i < 5; i++)
		assert_true(h2_guard_control(&g, &l, 1, SEC(51)));
	assert_false(h2_guard_control(&g, &l, 1, SEC(51)));
	h2_guard_answered(&g, &l);
	assert_false(h2_guard_reset(&g, &l, SEC(51)));
	h2_guard_answered(&g, &l);
	assert_true(h2_guard_reset(&g, &l, SEC(51)));
	h2_guard_credit(&g, &l, 2);
	assert_true(h2_guard_control(&g, &l, 1, SEC(51)));
	assert_true(h2_guard_control(&g, &l, 1, SEC(51)));
	assert_false(h2_guard_control(&g, &l, 1, SEC(51)));
	for (int i = 0; i < 10; i++)
		assert_true(h2_guard_reset(&g, &l, SEC(500)));
	assert_false(h2_guard_reset(&g, &l, SEC(500)));
}

static void
assert_calmed(struct h2_rig *r, const char *why)
{
	h2_rig_pump(r);
	assert_non_null(strstr(r->log, why));
	assert_int_equal(r->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_int_equal(r->codec->end, CODEC_LINGER);
	for (unsigned i = 0; i < H2_RIG_STREAMS; i++)
		if (r->streams[i].s != NULL)
			h2_rig_release(r, i);
	assert_int_equal(r->codec->phase, CODEC_IDLE);
}

static void
ends_who_resets_too_often(void **state)
{
	struct h2_rig *r = *state;
	int32_t id;

	r->limits.resets = 20;
	for (unsigned i = 0; i < 20; i++) {
		id = h2_rig_get(r);
		h2_rig_pump(r);
		nghttp2_submit_rst_stream(r->peer, 0, id, NGHTTP2_CANCEL);
		h2_rig_pump(r);
		h2_rig_release(r, i);
	}
	assert_int_equal(r->codec->end, CODEC_OPEN);
	id = h2_rig_get(r);
	h2_rig_pump(r);
	nghttp2_submit_rst_stream(r->peer, 0, id, NGHTTP2_CANCEL);
	assert_calmed(r, "reset protocol 400 too many streams were reset");
}

/* A thousand requests a second, of which each fifth is given up. */
static void
lets_a_busy_client_give_some_up(void **state)
{
	struct h2_rig *r = *state;
	int32_t id;

	r->limits.resets = 20;
	for (unsigned i = 0; i < 250; i++) {
		id = h2_rig_get(r);
		h2_rig_pump(r);
		if (i % 5 == 4)
			nghttp2_submit_rst_stream(r->peer, 0, id,
			    NGHTTP2_CANCEL);
		else
			h2_rig_respond(r, i, 200, 0, true);
		h2_rig_pump(r);
		h2_rig_release(r, i);
		r->clock.now += MSEC(1);
	}
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

/* What was reset still costs: it counts until its owner has let go. */
static void
counts_streams_until_they_are_let_go(void **state)
{
	struct h2_rig *r = *state;
	int32_t id;

	r->limits.streams = 2;
	for (unsigned i = 0; i < 2; i++) {
		id = h2_rig_get(r);
		h2_rig_pump(r);
		nghttp2_submit_rst_stream(r->peer, 0, id, NGHTTP2_CANCEL);
		h2_rig_pump(r);
	}
	id = h2_rig_get(r);
	h2_rig_pump(r);
	assert_int_equal(r->nstreams, 2);
	assert_int_equal(r->replies[id].code, NGHTTP2_REFUSED_STREAM);
	h2_rig_release(r, 0);
	h2_rig_get(r);
	h2_rig_pump(r);
	assert_int_equal(r->nstreams, 3);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

static void
ends_who_floods(void **state)
{
	struct h2_rig *r = *state;

	r->limits.control = 20;
	for (unsigned i = 0; i < 30; i++) {
		nghttp2_submit_ping(r->peer, 0, NULL);
		h2_rig_pump(r);
	}
	assert_calmed(r, "a flood of frames that ask for nothing");
}

/* Who never reads the answers to its frames gets no queue of them. */
static void
ends_who_does_not_read(void **state)
{
	struct h2_rig *r = *state;

	r->limits.control = 1000000;
	r->blocked = true;
	for (unsigned i = 0; i < 1200; i++) {
		nghttp2_submit_ping(r->peer, 0, NULL);
		h2_rig_pump(r);
	}
	assert_int_equal(r->codec->end, CODEC_LINGER);
	assert_non_null(strstr(r->log, "more frames than may wait"));
}

/* More frames than others should wait for: the rest is for the next tick. */
static void
takes_a_share_of_many_frames(void **state)
{
	static const char window[] = "\0\0\4\x8\0\0\0\0\0\0\0\0\1";
	struct h2_rig *r = *state;
	size_t n = sizeof(window) - 1;

	r->in.pos = r->in.end = 0;
	buf_reserve(&r->in, &r->pages, BUF_PAGE);
	for (unsigned i = 0; i < 216; i++)
		buf_add(&r->in, window, n);
	codec_recv(r->codec, &r->in);
	assert_true(r->codec->sated);
	assert_int_equal(buf_len(&r->in), 88 * n + 4);
	codec_recv(r->codec, &r->in);
	assert_false(r->codec->sated);
	assert_int_equal(buf_len(&r->in), 0);
	buf_release(&r->in, &r->pages);
	assert_int_equal(r->codec->end, CODEC_OPEN);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, setup, h2_rig_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_fill_again_within_ten_seconds),
		TEST(ends_who_resets_too_often),
		TEST(lets_a_busy_client_give_some_up),
		TEST(counts_streams_until_they_are_let_go),
		TEST(ends_who_floods),
		TEST(ends_who_does_not_read),
		TEST(takes_a_share_of_many_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
