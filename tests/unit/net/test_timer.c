/*
 * test_timer.c - the wheel, by known cases and against a naive model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "net/timer.h"

#define START (SEC(1000) + 3)
#define HOUR SEC(3600)

struct probe {
	struct timer timer;
	struct wheel *wheel;
	struct timer *other;
	int64_t next;		/* set anew to this when it fires */
	unsigned fired;
};

static void
on_probe(struct timer *t)
{
	struct probe *p = list_entry(t, struct probe, timer);

	assert_false(timer_is_set(t));
	p->fired++;
	if (p->next != 0)
		timer_set(p->wheel, t, p->next);
}

static struct wheel *
wheel_open(void)
{
	struct wheel *w = mem_new(sizeof(*w));

	wheel_init(w, START);
	return w;
}

static void
run_all(struct wheel *w, int64_t now)
{
	while (wheel_step(w, now))
		;
}

static void
probe_init(struct probe *p, struct wheel *w)
{
	*p = (struct probe){ .wheel = w };
	timer_init(&p->timer, on_probe);
}

static void
fires_within_a_slot_and_never_early(void **state)
{
	static const int64_t afters[] = { 1, 9999, 10000, 10001, MSEC(250),
	    SEC(10), SEC(10) + 230000, SEC(10) + 240000, SEC(11), SEC(3600),
	    5 * HOUR + 17 };
	struct wheel *w = wheel_open();
	struct probe p;

	(void)state;
	for (size_t i = 0; i < sizeof(afters) / sizeof(*afters); i++) {
		int64_t at = START + afters[i];

		wheel_init(w, START);
		probe_init(&p, w);
		timer_set(w, &p.timer, at);
		assert_true(timer_is_set(&p.timer));
		run_all(w, at - 1);
		assert_int_equal(p.fired, 0);
		run_all(w, at - 1 + TIMER_SLOT);
		assert_int_equal(p.fired, 1);
		run_all(w, at + HOUR);
		assert_int_equal(p.fired, 1);
		assert_int_equal(w->count, 0);
	}
	free(w);
}

static void
fires_at_once_when_the_deadline_is_past(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p;

	(void)state;
	probe_init(&p, w);
	timer_set(w, &p.timer, 1);
	run_all(w, START + TIMER_SLOT);
	assert_int_equal(p.fired, 1);
	free(w);
}

static void
moves_a_deadline_later_without_filing_again(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p;
	struct list *next;

	(void)state;
	probe_init(&p, w);
	timer_set(w, &p.timer, START + SEC(1));
	next = p.timer.node.next;
	for (int i = 2; i <= 60; i++)
		timer_set(w, &p.timer, START + SEC(i));
	assert_ptr_equal(p.timer.node.next, next);
	assert_int_equal(p.timer.filed, START + SEC(1));
	assert_int_equal(w->count, 1);
	run_all(w, START + SEC(60) - 1);
	assert_int_equal(p.fired, 0);
	run_all(w, START + SEC(60) + TIMER_SLOT);
	assert_int_equal(p.fired, 1);
	free(w);
}

static void
moves_a_deadline_earlier(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p;

	(void)state;
	probe_init(&p, w);
	timer_set(w, &p.timer, START + HOUR);
	timer_set(w, &p.timer, START + MSEC(50));
	assert_int_equal(w->count, 1);
	assert_in_range(wheel_next(w), START + MSEC(50),
	    START + MSEC(50) + TIMER_SLOT);
	run_all(w, START + MSEC(60));
	assert_int_equal(p.fired, 1);
	free(w);
}

static void
stops_and_stops_again(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p;

	(void)state;
	probe_init(&p, w);
	timer_stop(w, &p.timer);
	timer_set(w, &p.timer, START + MSEC(20));
	timer_stop(w, &p.timer);
	timer_stop(w, &p.timer);
	assert_int_equal(w->count, 0);
	assert_int_equal(wheel_next(w), -1);
	run_all(w, START + SEC(1));
	assert_int_equal(p.fired, 0);
	free(w);
}

static void
says_when_it_is_next_needed(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p[2];
	int64_t next;

	(void)state;
	assert_int_equal(wheel_next(w), -1);
	probe_init(&p[0], w);
	probe_init(&p[1], w);
	timer_set(w, &p[0].timer, START + SEC(5));
	timer_set(w, &p[1].timer, START + HOUR);
	next = wheel_next(w);
	assert_in_range(next, START + SEC(5), START + SEC(5) + TIMER_SLOT);
	run_all(w, next);
	assert_int_equal(p[0].fired, 1);
	/* A far one is looked at on the way, but is never overslept. */
	for (int i = 0; p[1].fired == 0; i++) {
		assert_true(i < 1000);
		assert_true(wheel_next(w) > next);
		next = wheel_next(w);
		run_all(w, next);
	}
	assert_in_range(next, START + HOUR, START + HOUR + TIMER_SLOT);
	free(w);
}

/* Every slot of the round, so that each edge of the bitmap's words is met. */
static void
finds_a_timer_in_any_slot_from_any_slot(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p;

	(void)state;
	for (int64_t from = 0; from < TIMER_SLOTS; from += 13)
		for (int64_t n = 0; n < TIMER_SLOTS; n++) {
			int64_t now = (TIMER_SLOTS + from) * TIMER_SLOT;
			int64_t at = now + n * TIMER_SLOT;

			wheel_init(w, now);
			probe_init(&p, w);
			timer_set(w, &p.timer, at);
			assert_int_equal(wheel_next(w), at);
			run_all(w, at);
			assert_int_equal(p.fired, 1);
		}
	free(w);
}

static void
sets_itself_again_when_it_fires(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p;

	(void)state;
	probe_init(&p, w);
	p.next = START + SEC(2);
	timer_set(w, &p.timer, START + SEC(1));
	run_all(w, START + SEC(1) + TIMER_SLOT);
	assert_int_equal(p.fired, 1);
	assert_true(timer_is_set(&p.timer));
	p.next = 0;
	run_all(w, START + SEC(2) + TIMER_SLOT);
	assert_int_equal(p.fired, 2);
	assert_false(timer_is_set(&p.timer));
	free(w);
}

static void
free_other(struct timer *t)
{
	struct probe *p = list_entry(t, struct probe, timer);
	struct probe *other = list_entry(p->other, struct probe, timer);

	p->fired++;
	timer_stop(p->wheel, &other->timer);
	free(other);
}

static void
frees_another_of_the_same_slot_when_it_fires(void **state)
{
	struct wheel *w = wheel_open();
	struct probe first, last, *freed = mem_new(sizeof(*freed));

	(void)state;
	probe_init(&first, w);
	probe_init(freed, w);
	probe_init(&last, w);
	first.timer.fn = free_other;
	first.other = &freed->timer;
	timer_set(w, &first.timer, START + MSEC(30));
	timer_set(w, &freed->timer, START + MSEC(30));
	timer_set(w, &last.timer, START + MSEC(30));
	run_all(w, START + SEC(1));
	assert_int_equal(first.fired, 1);
	assert_int_equal(last.fired, 1);
	assert_int_equal(w->count, 0);
	free(w);
}

/* --- the naive model: an array that is searched */

#define MANY 300

static int64_t
random_after(struct rng *r)
{
	static const int64_t scales[] = { MSEC(1), MSEC(30), SEC(2), SEC(10),
	    SEC(30), HOUR };

	return 1 + (int64_t)rng_below(r, (uint64_t)scales[rng_below(r, 6)]);
}

/* What is due must have fired a slot later; what is not, must not. */
static void
compare(struct probe *p, int64_t *deadline, unsigned *fired, int64_t now)
{
	for (int i = 0; i < MANY; i++) {
		if (p[i].fired != fired[i]) {
			assert_int_equal(p[i].fired, fired[i] + 1);
			assert_true(deadline[i] != 0 && deadline[i] <= now);
			deadline[i] = 0;
			fired[i]++;
		}
		assert_true(deadline[i] == 0 ||
		    deadline[i] > now - TIMER_SLOT);
		assert_int_equal(p[i].timer.deadline, deadline[i]);
	}
}

static void
agrees_with_a_naive_model(void **state)
{
	struct wheel *w = wheel_open();
	struct probe p[MANY];
	int64_t deadline[MANY] = { 0 }, now = START;
	unsigned fired[MANY] = { 0 };
	struct rng r;

	(void)state;
	rng_init(&r, 7);
	for (int i = 0; i < MANY; i++)
		probe_init(&p[i], w);
	for (int step = 0; step < 20000; step++) {
		uint64_t i = rng_below(&r, MANY);

		if (rng_below(&r, 4) == 0) {
			timer_stop(w, &p[i].timer);
			deadline[i] = 0;
		} else {
			deadline[i] = now + random_after(&r);
			timer_set(w, &p[i].timer, deadline[i]);
		}
		if (rng_below(&r, 3) != 0)
			continue;
		now += rng_below(&r, 400) == 0 ? random_after(&r) :
		    (int64_t)rng_below(&r, MSEC(40));
		run_all(w, now);
		compare(p, deadline, fired, now);
	}
	run_all(w, now + 2 * HOUR);
	compare(p, deadline, fired, now + 2 * HOUR);
	assert_int_equal(w->count, 0);
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_within_a_slot_and_never_early),
		cmocka_unit_test(fires_at_once_when_the_deadline_is_past),
		cmocka_unit_test(moves_a_deadline_later_without_filing_again),
		cmocka_unit_test(moves_a_deadline_earlier),
		cmocka_unit_test(stops_and_stops_again),
		cmocka_unit_test(says_when_it_is_next_needed),
		cmocka_unit_test(finds_a_timer_in_any_slot_from_any_slot),
		cmocka_unit_test(sets_itself_again_when_it_fires),
		cmocka_unit_test(frees_another_of_the_same_slot_when_it_fires),
		cmocka_unit_test(agrees_with_a_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
