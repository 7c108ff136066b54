/*
 * test_gather.c - when a loop pauses, and for how long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "net/gather.h"

#define MOST 100

/* It has heard an event each `apart` microseconds, until 0. */
static struct gather
paced(int64_t apart, int64_t quick)
{
	struct gather g = { .most = MOST, .quick = quick,
	    .apart = 16 * apart };

	gather_wish(&g);
	return g;
}

static void
pauses_for_as_long_as_some_events_take(void **state)
{
	static const struct {
		int64_t apart, quick, pause;
	} cases[] = {
		{ 5, SEC(1), 80 },
		{ 6, SEC(1), 96 },
		{ 7, SEC(1), MOST },
		{ 48, SEC(1), MOST },
		{ 52, SEC(1), 0 },		/* one is to be expected */
		{ 5, 1600, 80 },		/* of what answers take, */
		{ 10, 640, 40 },		/* a sixteenth */
		{ 10, 320, 20 },
		{ 10, 300, 0 },
		{ 10, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gather g = paced(cases[i].apart, cases[i].quick);
		int64_t apart = cases[i].apart;

		assert_int_equal(gather_pause(&g, apart, apart, 1, true),
		    cases[i].pause);
		assert_int_equal(g.count, cases[i].pause > 0);
		assert_int_equal(g.time, cases[i].pause);
	}
}

static void
pauses_only_where_the_loop_would_wait(void **state)
{
	struct gather g = paced(5, SEC(1));

	(void)state;
	assert_int_equal(gather_pause(&g, 5, 5, 1, false), 0);
	assert_int_equal(gather_pause(&g, 10, 10, 1, true), 80);
}

static void
does_not_pause_after_much_was_heard(void **state)
{
	struct gather g = paced(5, SEC(1));

	(void)state;
	assert_int_equal(gather_pause(&g, 80, 80, 16, true), 0);
	assert_int_equal(gather_pause(&g, 155, 155, 15, true),
	    80);
}

static void
does_not_pause_after_working_as_long(void **state)
{
	struct gather g = paced(5, SEC(1));

	(void)state;
	assert_int_equal(gather_pause(&g, 35, -45, 7, true), 0);
	assert_int_equal(gather_pause(&g, 70, -9, 7, true), 80);
}

static void
pauses_only_for_so_long_as_somebody_wished(void **state)
{
	struct gather g = paced(5, SEC(1));
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < GATHER_TICKS; i++) {
		now += 5;
		assert_int_equal(gather_pause(&g, now, now, 1, true), 80);
	}
	now += 5;
	assert_int_equal(gather_pause(&g, now, now, 1, true), 0);
	gather_wish(&g);
	now += 5;
	assert_int_equal(gather_pause(&g, now, now, 1, true), 80);
}

static void
does_not_pause_where_it_may_not(void **state)
{
	struct gather g = paced(5, SEC(1));

	(void)state;
	g.most = 0;
	assert_int_equal(gather_pause(&g, 5, 5, 1, true), 0);
}

static void
learns_the_pace(void **state)
{
	static const struct {
		int64_t before, apart, least, most;
	} cases[] = {
		{ 1, 5, 72, 80 }, { 20, 5, 80, 92 }, { 20, 2, 32, 44 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gather g = paced(cases[i].before, SEC(1));
		int64_t now = 0, pause = 0;

		for (int n = 0; n < 64; n++) {
			now += 4 * cases[i].apart;
			gather_wish(&g);
			pause = gather_pause(&g, now, now, 4, true);
		}
		assert_in_range(pause, cases[i].least, cases[i].most);
	}
}

/* However long: some ticks, and it knows the pace again. */
static void
forgets_a_silence(void **state)
{
	struct gather g = paced(5, SEC(1));
	int64_t now = SEC(3600);
	int ticks = 0;

	(void)state;
	assert_int_equal(gather_pause(&g, now, now, 1, true), 0);
	do {
		gather_wish(&g);
		now += 10;
		ticks++;
	} while (gather_pause(&g, now, now, 1, true) == 0);
	assert_in_range(ticks, 1, 8);
}

static void
knows_what_quick_answers_take(void **state)
{
	struct gather g = { .most = MOST };
	struct rng rng;

	(void)state;
	rng_init(&rng, 1);
	for (int i = 0; i < 10000; i++)	/* evenly, 1 to 1001 ms */
		gather_answer(&g, MSEC(1) + (int64_t)rng_below(&rng, 1000000));
	assert_in_range(g.quick, MSEC(60), MSEC(220));
	for (int i = 0; i < 300; i++)
		gather_answer(&g, 500);
	assert_in_range(g.quick, 450, 550);
	for (int i = 0; i < 300; i++)
		gather_answer(&g, 0);
	assert_in_range(g.quick, 0, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_for_as_long_as_some_events_take),
		cmocka_unit_test(pauses_only_where_the_loop_would_wait),
		cmocka_unit_test(does_not_pause_after_much_was_heard),
		cmocka_unit_test(does_not_pause_after_working_as_long),
		cmocka_unit_test(pauses_only_for_so_long_as_somebody_wished),
		cmocka_unit_test(does_not_pause_where_it_may_not),
		cmocka_unit_test(learns_the_pace),
		cmocka_unit_test(forgets_a_silence),
		cmocka_unit_test(knows_what_quick_answers_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
