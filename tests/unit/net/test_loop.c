/*
 * test_loop.c - the order of a tick, its bounds, and how it waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/timerfd.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/loop.h"

#define START SEC(1000)

struct journal {
	char text[256];
	size_t n;
};

static void
note(struct journal *j, char letter)
{
	assert_true(j->n + 1 < sizeof(j->text));
	j->text[j->n++] = letter;
}

/* A task that notes its letter, and may put others on lists. */
struct actor {
	struct task task;
	struct loop *loop;
	struct journal *journal;
	char letter;
	struct task *to_run, *to_flush, *to_reap, *to_stop, *later;
	int64_t busy_for;
};

static void
pass_time(int64_t most)
{
	int64_t end = clock_now() + most;

	while (clock_now() < end)
		;
}

/* A virtual clock stands still but for this. */
static void
be_busy(struct loop *l, int64_t most)
{
	if (l->base != NULL)
		pass_time(most);
	else
		l->clock.now += most;
}

static void
run_actor(struct task *t)
{
	struct actor *a = list_entry(t, struct actor, task);

	note(a->journal, a->letter);
	be_busy(a->loop, a->busy_for);
	if (a->to_run != NULL)
		loop_run(a->loop, a->to_run);
	if (a->to_flush != NULL)
		loop_flush(a->loop, a->to_flush);
	if (a->to_reap != NULL)
		loop_reap(a->loop, a->to_reap);
	if (a->later != NULL)
		loop_later(a->loop, a->later);
	if (a->to_stop != NULL)
		task_stop(a->to_stop);
}

static void
note_tick(void *owner)
{
	note(owner, '.');
}

struct play {
	struct loop *loop;
	struct journal journal;
	struct actor a, b, c;
};

static void
actor_init(struct actor *a, struct play *p, char letter)
{
	*a = (struct actor){ .loop = p->loop, .journal = &p->journal,
	    .letter = letter };
	task_init(&a->task, run_actor);
}

static void
play_open(struct play *p, struct loop *loop)
{
	memset(p, 0, sizeof(*p));
	assert_non_null(loop);
	p->loop = loop;
	loop->after = note_tick;
	loop->after_owner = &p->journal;
	actor_init(&p->a, p, 'a');
	actor_init(&p->b, p, 'b');
	actor_init(&p->c, p, 'c');
}

static void
assert_played(struct play *p, const char *text)
{
	p->journal.text[p->journal.n] = '\0';
	assert_string_equal(p->journal.text, text);
	loop_free(&p->loop);
	assert_null(p->loop);
}

static void
runs_then_flushes_then_reaps(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	loop_reap(p.loop, &p.c.task);
	loop_flush(p.loop, &p.b.task);
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	assert_int_equal(p.loop->ticks, 1);
	assert_played(&p, "abc.");
}

static void
puts_a_task_on_a_list_once(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	loop_run(p.loop, &p.a.task);
	loop_run(p.loop, &p.a.task);
	loop_flush(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	loop_tick(p.loop, 0);
	assert_played(&p, "a..");
}

static void
runs_in_the_same_tick_what_a_flush_has_woken(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.to_flush = &p.b.task;
	p.b.to_run = &p.c.task;
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	assert_played(&p, "abc.");
}

static void
runs_in_the_next_tick_what_has_had_its_turn(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	loop_later(p.loop, &p.b.task);
	loop_later(p.loop, &p.b.task);
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	p.a.later = &p.c.task;
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	loop_tick(p.loop, 0);
	loop_tick(p.loop, 0);
	assert_played(&p, "ab.a.c..");
}

static void
runs_what_has_had_its_turn_behind_what_others_flush(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.to_flush = &p.b.task;
	loop_later(p.loop, &p.c.task);
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	assert_played(&p, "abc.");
}

static void
runs_for_so_long_what_has_had_its_turn(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new());
	p.a.busy_for = p.b.busy_for = LOOP_LATE;
	p.a.later = &p.a.task;
	loop_later(p.loop, &p.a.task);
	loop_later(p.loop, &p.b.task);
	loop_later(p.loop, &p.c.task);
	for (int i = 0; i < 4; i++)
		loop_tick(p.loop, START);
	assert_played(&p, "a.b.ca.a.");
}

/* What it begins makes more of them. */
static void
runs_less_that_has_had_its_turn_while_events_were_not_heard(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.busy_for = p.b.busy_for = LOOP_LATE / 4;
	p.loop->has_more = true;
	loop_later(p.loop, &p.a.task);
	loop_later(p.loop, &p.b.task);
	loop_later(p.loop, &p.c.task);
	for (int i = 0; i < 3; i++)
		loop_tick(p.loop, 0);
	p.loop->has_more = false;
	loop_later(p.loop, &p.a.task);
	loop_later(p.loop, &p.b.task);
	loop_later(p.loop, &p.c.task);
	loop_tick(p.loop, 0);
	assert_played(&p, "a.b.c.abc.");
}

static void
does_not_wait_while_a_task_has_yet_to_have_its_turn(void **state)
{
	struct clock before, after;
	struct play p;

	(void)state;
	play_open(&p, loop_new());
	loop_later(p.loop, &p.a.task);
	clock_read(&before);
	loop_tick(p.loop, before.now + SEC(5));
	clock_read(&after);
	assert_true(after.now - before.now < SEC(4));
	assert_played(&p, "a.");
}

static void
leaves_out_a_task_that_another_has_stopped(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.to_stop = &p.b.task;
	loop_run(p.loop, &p.a.task);
	loop_run(p.loop, &p.b.task);
	loop_run(p.loop, &p.c.task);
	loop_tick(p.loop, 0);
	assert_played(&p, "ac.");
}

static void
reaps_in_the_same_tick_what_reaping_let_go(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.to_reap = &p.b.task;
	p.b.to_reap = &p.c.task;
	loop_reap(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	assert_played(&p, "abc.");
}

static void
reaps_for_so_long_and_goes_on_in_the_next_tick(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.busy_for = p.b.busy_for = LOOP_LATE;
	loop_reap(p.loop, &p.a.task);
	loop_reap(p.loop, &p.b.task);
	loop_reap(p.loop, &p.c.task);
	loop_advance(p.loop, START);
	assert_played(&p, "ab.c.");
}

/* Or it would fall behind what it is to free.  The machine may stand still in
 * the middle of it, but not each time. */
static void
reaps_for_as_long_as_the_tick_has_lasted(void **state)
{
	bool reaped = false;
	struct play p;

	(void)state;
	for (int i = 0; i < 20 && !reaped; i++) {
		play_open(&p, loop_new());
		p.a.busy_for = MSEC(20);
		p.b.busy_for = p.c.busy_for = 4 * LOOP_LATE;
		p.a.to_reap = &p.b.task;
		p.b.to_reap = &p.c.task;
		p.c.to_reap = &p.a.task;
		loop_run(p.loop, &p.a.task);
		loop_tick(p.loop, 1);
		reaped = p.journal.n > 3 && p.journal.text[3] == 'a';
		task_stop(&p.a.task);
		task_stop(&p.b.task);
		task_stop(&p.c.task);
		loop_free(&p.loop);
	}
	assert_true(reaped);
}

static void
reaps_what_is_left_when_the_loop_is_freed(void **state)
{
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.to_reap = &p.b.task;
	loop_reap(p.loop, &p.a.task);
	loop_free(&p.loop);
	assert_played(&p, "ab");
}

static void
bounds_the_rounds_of_a_tick(void **state)
{
	struct play p;
	size_t rounds;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	p.a.to_run = &p.a.task;
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	rounds = p.journal.n - 1;
	assert_int_equal(rounds, LOOP_ROUNDS);
	task_stop(&p.a.task);
	loop_free(&p.loop);
}

static void
stop_watching(void *owner, unsigned what)
{
	(void)what;
	watch_want(*(struct watch **)owner, 0);
}

static void
does_not_wait_while_work_is_left(void **state)
{
	struct play p;
	struct watch *w;
	struct clock before, end;
	int fds[2];

	(void)state;
	play_open(&p, loop_new());
	assert_int_equal(pipe(fds), 0);
	w = watch_new(p.loop, fds[0], WATCH_READ, stop_watching, &w);
	p.a.to_run = &p.a.task;
	loop_run(p.loop, &p.a.task);
	clock_read(&before);
	loop_tick(p.loop, before.now + SEC(60));
	loop_tick(p.loop, before.now + SEC(60));
	clock_read(&end);
	assert_true(end.now < before.now + SEC(59));
	task_stop(&p.a.task);
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	loop_free(&p.loop);
}

static void
count_event(void *owner, unsigned what)
{
	(void)what;
	(*(int *)owner)++;
}

/* A level-triggered event stays until the run list has dealt with it. */
static void
ends_the_wait_though_an_event_stays(void **state)
{
	struct play p;
	struct watch *w;
	int fds[2], events = 0;

	(void)state;
	alarm(10);
	play_open(&p, loop_new());
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	w = watch_new(p.loop, fds[0], WATCH_READ, count_event, &events);
	p.a.to_run = &p.a.task;
	loop_run(p.loop, &p.a.task);
	loop_tick(p.loop, 0);
	loop_tick(p.loop, 0);
	assert_int_equal(events, 2);
	alarm(0);
	task_stop(&p.a.task);
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	loop_free(&p.loop);
}

/* --- a pause */

struct alarm_clock {
	struct watch *w;
	int fd;
	int *rung;
};

static void
on_alarm_clock(void *owner, unsigned what)
{
	struct alarm_clock *a = owner;
	uint64_t n;

	(void)what;
	assert_int_equal(read(a->fd, &n, sizeof(n)), (ssize_t)sizeof(n));
	(*a->rung)++;
}

static void
alarm_clock_open(struct alarm_clock *a, struct loop *l, int64_t at, int *rung)
{
	struct itimerspec when = { { 0, 0 },
	    { at / USEC_PER_SEC, at % USEC_PER_SEC * 1000 } };

	a->rung = rung;
	a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	assert_int_equal(timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &when,
	    NULL), 0);
	a->w = watch_new(l, a->fd, WATCH_READ, on_alarm_clock, a);
}

/* The first would end the wait, and the second come too late for it. */
static void
hears_at_once_what_comes_within_a_pause(void **state)
{
	struct loop *l = loop_new();
	struct alarm_clock clocks[2];
	int rung = 0;
	int64_t now;

	(void)state;
	assert_non_null(l);
	loop_tick(l, 1);
	now = clock_now();
	l->gather = (struct gather){ .most = MSEC(200), .quick = SEC(10),
	    .apart = 16 * MSEC(20), .since = now };
	gather_wish(&l->gather);
	for (int i = 0; i < 2; i++)
		alarm_clock_open(&clocks[i], l, now + MSEC(20 + 60 * i), &rung);
	loop_tick(l, now + SEC(10));
	assert_int_equal(rung, 2);
	assert_int_equal(l->gather.count, 1);
	assert_true(clock_now() - now >= MSEC(100));
	for (int i = 0; i < 2; i++) {
		watch_free(&clocks[i].w);
		close(clocks[i].fd);
	}
	loop_free(&l);
}

/* --- time */

struct ring {
	struct timer timer;
	struct loop *loop;
	struct journal *journal;
	struct task *to_run;
	int64_t at, busy_for;
};

static void
on_ring(struct timer *t)
{
	struct ring *r = list_entry(t, struct ring, timer);

	note(r->journal, 't');
	r->at = r->loop->clock.now;
	be_busy(r->loop, r->busy_for);
	if (r->to_run != NULL)
		loop_run(r->loop, r->to_run);
}

static void
ring_init(struct ring *r, struct play *p)
{
	*r = (struct ring){ .loop = p->loop, .journal = &p->journal };
	timer_init(&r->timer, on_ring);
}

static void
fires_timers_before_it_runs_tasks(void **state)
{
	struct play p;
	struct ring r;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	ring_init(&r, &p);
	r.to_run = &p.a.task;
	loop_after(p.loop, &r.timer, MSEC(50));
	loop_run(p.loop, &p.b.task);
	loop_advance(p.loop, START + MSEC(60));
	assert_int_equal(r.at, START + MSEC(60));
	assert_played(&p, "tba.");
}

/* A few at a time, with all that follows from them. */
static void
fires_timers_for_so_long_and_goes_on_in_the_next_tick(void **state)
{
	struct ring r[10];
	struct play p;

	(void)state;
	play_open(&p, loop_new_virtual(START));
	for (int i = 0; i < 10; i++) {
		ring_init(&r[i], &p);
		r[i].busy_for = LOOP_LATE;
		loop_after(p.loop, &r[i].timer, MSEC(50));
	}
	r[0].to_run = &p.a.task;
	r[4].to_run = &p.b.task;
	loop_advance(p.loop, START + MSEC(60));
	assert_played(&p, "ttttattttb.tt.");
}

static void
advances_both_clocks_by_the_same(void **state)
{
	struct loop *l = loop_new_virtual(START);

	(void)state;
	l->clock.wall = SEC(5);
	loop_advance(l, START + SEC(2));
	assert_int_equal(l->clock.now, START + SEC(2));
	assert_int_equal(l->clock.wall, SEC(7));
	loop_free(&l);
}

static void
waits_for_a_timer_and_not_longer(void **state)
{
	struct play p;
	struct ring r;
	struct clock before, end;
	int ticks = 0;

	(void)state;
	play_open(&p, loop_new());
	p.loop->after = NULL;
	ring_init(&r, &p);
	clock_read(&before);
	timer_set(&p.loop->wheel, &r.timer, before.now + MSEC(60));
	while (r.at == 0 && ticks++ < 50)
		loop_tick(p.loop, 0);
	clock_read(&end);
	assert_true(ticks < 20);
	assert_true(end.now >= before.now + MSEC(60));
	/* It was asleep: what it calls busy is far less than what went by. */
	assert_true(p.loop->busy <= end.now - before.now - MSEC(30));
	assert_played(&p, "t");
}

static void
arms_its_alarm_again_after_it_rang(void **state)
{
	struct play p;
	struct ring r;
	struct watch *w;
	int fds[2];

	(void)state;
	play_open(&p, loop_new());
	p.loop->after = NULL;
	ring_init(&r, &p);
	/* Something that could come, or else there is no waiting at all. */
	assert_int_equal(pipe(fds), 0);
	w = watch_new(p.loop, fds[0], WATCH_READ, stop_watching, &w);
	alarm(10);		/* it would wait for ever */
	for (int i = 0; i < 3; i++) {
		r.at = 0;
		loop_after(p.loop, &r.timer, MSEC(15));
		while (r.at == 0)
			loop_tick(p.loop, 0);
	}
	alarm(0);
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	assert_played(&p, "ttt");
}

static void
takes_up_an_earlier_timer_while_a_later_one_is_armed(void **state)
{
	struct play p;
	struct ring late, early;
	struct clock before, end;
	struct watch *w;
	int fds[2];

	(void)state;
	play_open(&p, loop_new());
	p.loop->after = NULL;
	ring_init(&late, &p);
	ring_init(&early, &p);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	w = watch_new(p.loop, fds[0], WATCH_READ, stop_watching, &w);
	clock_read(&before);
	loop_after(p.loop, &late.timer, SEC(60));
	loop_tick(p.loop, 0);	/* arms the alarm; the byte ends the wait */
	loop_after(p.loop, &early.timer, MSEC(30));
	for (int i = 0; i < 50 && early.at == 0; i++)
		loop_tick(p.loop, 0);
	clock_read(&end);
	assert_true(end.now < before.now + SEC(59));
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	timer_stop(&p.loop->wheel, &late.timer);
	assert_played(&p, "t");
}

static void
waits_no_longer_than_until(void **state)
{
	struct loop *l = loop_new();
	struct clock before, end;

	(void)state;
	clock_read(&before);
	loop_tick(l, before.now + MSEC(20));
	loop_tick(l, before.now);	/* past: does not wait */
	clock_read(&end);
	assert_true(end.now < before.now + SEC(60));
	loop_free(&l);
}

/* --- the clock in callbacks */

struct seen {
	struct loop *loop;
	int fd;
	int64_t at[2];
	int n;
};

static void
on_byte(void *owner, unsigned what)
{
	struct seen *s = owner;
	struct timespec pause = { 0, 2 * 1000 * 1000 };

	(void)what;
	s->at[s->n++] = s->loop->clock.now;
	nanosleep(&pause, NULL);
}

static void
shows_callbacks_one_clock_read_after_the_wait(void **state)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l };
	struct watch *w[2];
	struct timespec pause = { 0, 5 * 1000 * 1000 };
	int fds[2];
	int64_t old = l->clock.now;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	w[0] = watch_new(l, fds[0], WATCH_READ, on_byte, &s);
	w[1] = watch_new(l, fds[1], WATCH_WRITE, on_byte, &s);
	assert_int_equal(write(fds[1], "x", 1), 1);
	nanosleep(&pause, NULL);
	loop_tick(l, 0);
	assert_int_equal(s.n, 2);
	assert_true(s.at[0] >= old + MSEC(5));
	assert_int_equal(s.at[1], s.at[0]);
	assert_true(l->busy >= MSEC(4));
	watch_free(&w[0]);
	watch_free(&w[1]);
	close(fds[0]);
	close(fds[1]);
	loop_free(&l);
}

#define MANY (3 * LOOP_BATCH)

/* Conns that have something to read, and a timer that is due only now. */
struct crowd {
	struct loop *loop;
	struct conn *conns[MANY];
	int fds[MANY];
	unsigned heard, heard_at_timer;
	struct timer timer;
	bool fired;
};

static void
on_crowd(void *owner)
{
	struct crowd *c = owner;

	c->heard++;
}

static void
on_crowd_timer(struct timer *t)
{
	struct crowd *c = list_entry(t, struct crowd, timer);

	c->fired = true;
	c->heard_at_timer = c->heard;
}

static void
fires_no_timer_before_all_is_heard_that_came_before_it(void **state)
{
	static const struct conn_sink sink = { .on_event = on_crowd };
	static const struct addr nobody;
	struct crowd c = { .loop = loop_new() };

	(void)state;
	timer_init(&c.timer, on_crowd_timer);
	for (unsigned i = 0; i < MANY; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, pair), 0);
		c.conns[i] = conn_accepted(c.loop, pair[0], &nobody);
		conn_sink(c.conns[i], &sink, &c);
		c.fds[i] = pair[1];
	}
	loop_tick(c.loop, 1);			/* all are watched now */
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(write(c.fds[i], "x", 1), 1);
	c.heard = 0;
	loop_after(c.loop, &c.timer, MSEC(1));
	pass_time(2 * TIMER_SLOT);
	for (unsigned i = 0; i < 20 && !c.fired; i++)
		loop_tick(c.loop, 0);
	assert_true(c.fired);
	assert_int_equal(c.heard_at_timer, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		conn_close(&c.conns[i], false);
		close(c.fds[i]);
	}
	loop_free(&c.loop);
}

static void
names_its_library(void **state)
{
	(void)state;
	assert_memory_equal(loop_library(), "libevent 2.", 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_then_flushes_then_reaps),
		cmocka_unit_test(puts_a_task_on_a_list_once),
		cmocka_unit_test(runs_in_the_same_tick_what_a_flush_has_woken),
		cmocka_unit_test(runs_in_the_next_tick_what_has_had_its_turn),
		cmocka_unit_test(
		    runs_what_has_had_its_turn_behind_what_others_flush),
		cmocka_unit_test(runs_for_so_long_what_has_had_its_turn),
		cmocka_unit_test(
		    runs_less_that_has_had_its_turn_while_events_were_not_heard),
		cmocka_unit_test(
		    does_not_wait_while_a_task_has_yet_to_have_its_turn),
		cmocka_unit_test(leaves_out_a_task_that_another_has_stopped),
		cmocka_unit_test(reaps_in_the_same_tick_what_reaping_let_go),
		cmocka_unit_test(
		    reaps_for_so_long_and_goes_on_in_the_next_tick),
		cmocka_unit_test(reaps_for_as_long_as_the_tick_has_lasted),
		cmocka_unit_test(reaps_what_is_left_when_the_loop_is_freed),
		cmocka_unit_test(bounds_the_rounds_of_a_tick),
		cmocka_unit_test(does_not_wait_while_work_is_left),
		cmocka_unit_test(ends_the_wait_though_an_event_stays),
		cmocka_unit_test(hears_at_once_what_comes_within_a_pause),
		cmocka_unit_test(fires_timers_before_it_runs_tasks),
		cmocka_unit_test(
		    fires_timers_for_so_long_and_goes_on_in_the_next_tick),
		cmocka_unit_test(advances_both_clocks_by_the_same),
		cmocka_unit_test(waits_for_a_timer_and_not_longer),
		cmocka_unit_test(arms_its_alarm_again_after_it_rang),
		cmocka_unit_test(
		    takes_up_an_earlier_timer_while_a_later_one_is_armed),
		cmocka_unit_test(waits_no_longer_than_until),
		cmocka_unit_test(shows_callbacks_one_clock_read_after_the_wait),
		cmocka_unit_test(
		    fires_no_timer_before_all_is_heard_that_came_before_it),
		cmocka_unit_test(names_its_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
