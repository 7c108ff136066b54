/*
 * loop.c - the tick: events, run, flush, reap.
 *
 * Why:       callbacks only store facts; what follows from them happens here in
 *            a fixed order, so that nothing is freed under its caller.
 * Owns:      the event base, the wheel, the pages and chunks of all conns.
 * Invariant: outside reap no conn, codec or exchange is freed.
 */
#include "net/loop.h"

#include <event2/event.h>

#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/must.h"

#define PAGES_KEPT 512		/* 16 MiB */
#define CHUNKS_KEPT 4096	/* 16 MiB */
#define TIMER_SLACK 1000UL	/* nanoseconds; by default it is 50000 */
#define TIMERS 4		/* before what follows from them is done */

/* The rest stays active, and is heard first in the next tick. */
void
loop_enough(struct loop *l)
{
	l->has_more = true;
	event_base_loopbreak(l->base);
}

/* The queue of epoll is first in, first out, and so is the library's. */
static void
on_mark(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	loop_wake(l);
	l->seen = l->marked;
	l->marked = 0;
}

static bool
is_timer_due(const struct loop *l)
{
	int64_t next = wheel_next(&l->wheel);

	return next >= 0 && next <= l->clock.now;
}

/* What came until now is heard; or a mark follows it, if that matters. */
static void
note_seen(struct loop *l)
{
	if (!l->has_more)
		l->seen = l->clock.now;
	else if (l->marked == 0 && is_timer_due(l) &&
	    eventfd_write(l->mark_fd, 1) == 0)
		l->marked = l->clock.now;
}

static void
on_alarm(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	loop_wake(l);
	l->alarm_at = 0;
}

static struct loop *
loop_make(void)
{
	struct loop *l = mem_new(sizeof(*l));

	l->mark_fd = -1;
	list_init(&l->run);
	list_init(&l->flush);
	list_init(&l->reap);
	list_init(&l->later);
	buf_pages_init(&l->pages, PAGES_KEPT);
	arena_chunks_init(&l->chunks, CHUNKS_KEPT);
	return l;
}

static bool
mark_new(struct loop *l)
{
	l->mark_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->mark_fd < 0)
		return false;
	l->mark = event_new(l->base, l->mark_fd, EV_READ | EV_ET | EV_PERSIST,
	    on_mark, l);
	return l->mark != NULL && event_add(l->mark, NULL) == 0;
}

static struct event_base *
base_new(void)
{
	struct event_config *c = event_config_new();
	struct event_base *base;

	if (c == NULL)
		return NULL;
	event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK);
	event_config_require_features(c, EV_FEATURE_ET |
	    EV_FEATURE_EARLY_CLOSE);
	base = event_base_new_with_config(c);
	event_config_free(c);
	return base;
}

struct loop *
loop_new(void)
{
	struct loop *l = loop_make();

	clock_read(&l->clock);
	l->seen = l->done = l->clock.now;
	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK);
	wheel_init(&l->wheel, l->clock.now);
	l->base = base_new();
	if (l->base != NULL)
		l->alarm = event_new(l->base, -1, 0, on_alarm, l);
	if (l->alarm == NULL || !mark_new(l)) {
		fprintf(stderr, "steelyard: no event loop: epoll and "
		    "eventfd are needed\n");
		loop_free(&l);
	}
	return l;
}

struct loop *
loop_new_virtual(int64_t now)
{
	struct loop *l = loop_make();

	must(now > 0);
	l->clock = (struct clock){ now, now };
	wheel_init(&l->wheel, now);
	return l;
}

/* More exactly than the tick's. */
static int64_t
now(const struct loop *l)
{
	return l->base != NULL ? clock_now() : l->clock.now;
}

static void
run_list(struct list *list)
{
	struct list now, *n;

	list_init(&now);
	list_splice(&now, list);
	while ((n = list_pop(&now)) != NULL) {
		struct task *t = list_entry(n, struct task, node);

		t->fn(t);
	}
}

static bool
is_quiet(const struct loop *l)
{
	return list_is_empty(&l->run) && list_is_empty(&l->flush);
}

static bool
may_wait(const struct loop *l)
{
	return is_quiet(l) && list_is_empty(&l->later) &&
	    list_is_empty(&l->reap) && list_is_empty(&l->wheel.due);
}

/*
 * Timers and reap get as long again as the tick has lasted when they begin to
 * be many, and LOOP_LATE at least; the rest comes in the next.  So they keep up
 * with what causes them, and a thousand clients that time out, or leave, at
 * once hold up nobody.
 */
static bool
has_time(const struct loop *l, int64_t *end)
{
	int64_t t = now(l), spent = t - l->clock.now;

	if (*end == 0)
		*end = t + (spent > LOOP_LATE ? spent : LOOP_LATE);
	return t < *end;
}

static void
run_first(struct list *list)
{
	struct task *t = list_entry(list_pop(list), struct task, node);

	t->fn(t);
}

/* What frees one thing may let go of another: a link, then its conn. */
static void
reap(struct loop *l)
{
	int64_t end = 0;

	if (list_is_empty(&l->reap))
		return;
	do
		run_first(&l->reap);
	while (!list_is_empty(&l->reap) && has_time(l, &end));
}

void
loop_reap_all(struct loop *l)
{
	while (!list_is_empty(&l->reap))
		run_first(&l->reap);
}

static void
play_rounds(struct loop *l)
{
	for (int i = 0; i < LOOP_ROUNDS && !is_quiet(l); i++) {
		run_list(&l->run);
		run_list(&l->flush);
	}
}

static bool
fire(struct loop *l)
{
	for (int i = 0; i < TIMERS; i++)
		if (!wheel_step(&l->wheel, l->seen))
			return false;
	return true;
}

static void
play(struct loop *l)
{
	int64_t end = 0;
	bool more;

	do {
		more = fire(l);
		play_rounds(l);
	} while (more && has_time(l, &end));
}

/*
 * Who has had its share of a tick before comes behind everybody else, and all
 * of these have one bound: who is left comes first the next time.
 *
 * Or else, of a few clients with all the streams that they may have, a tick
 * would begin more than it hears the answers of, until all of these stood
 * before whatever comes next: with 800 streams for 10 ms.
 */
static void
play_late(struct loop *l, struct list *late)
{
	int64_t end;

	if (list_is_empty(late))
		return;
	end = now(l) + LOOP_LATE / (l->has_more ? LOOP_LATE_PART : 1);
	do
		run_first(late);
	while (!list_is_empty(late) && now(l) < end);
	list_splice(late, &l->later);
	list_splice(&l->later, late);
	play_rounds(l);
}

static void
work(struct loop *l)
{
	struct list late;

	list_init(&late);
	list_splice(&late, &l->later);
	play(l);
	play_late(l, &late);
	reap(l);
	if (l->after != NULL)
		l->after(l->after_owner);
	l->ticks++;
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	loop_reap_all(l);
	if (l->alarm != NULL)
		event_free(l->alarm);
	if (l->mark != NULL)
		event_free(l->mark);
	if (l->mark_fd >= 0)
		close(l->mark_fd);
	if (l->base != NULL)
		event_base_free(l->base);
	slab_fini(&l->pages);
	slab_fini(&l->chunks);
	slab_fini(&l->conns);
	pipes_fini(&l->pipes);
	free(l);
}

void
task_init(struct task *t, void (*fn)(struct task *))
{
	list_init(&t->node);
	t->fn = fn;
}

void
task_stop(struct task *t)
{
	list_del(&t->node);
}

/* Arms the alarm when nothing armed comes early enough. */
static void
set_alarm(struct loop *l, int64_t at)
{
	struct timeval tv;
	int64_t left;

	if (at <= 0 || (l->alarm_at != 0 && l->alarm_at <= at))
		return;
	left = at - clock_now();
	if (left < 0)
		left = 0;
	tv = (struct timeval){ left / USEC_PER_SEC, left % USEC_PER_SEC };
	event_add(l->alarm, &tv);
	l->alarm_at = at;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a <= 0 || b <= 0)
		return a > b ? a : b;
	return a < b ? a : b;
}

/* A signal ends it early, and is welcome to. */
static void
gather(struct loop *l, bool idle)
{
	int64_t pause = gather_pause(&l->gather, l->done, l->clock.now,
	    l->heard, idle);
	struct timespec ts = { 0, pause * 1000 };

	if (pause > 0)
		nanosleep(&ts, NULL);
}

/*
 * ONCE always: NONBLOCK alone means "until no event is left", and a
 * level-triggered one is not gone before the run list has dealt with it.
 */
static void
wait_for_events(struct loop *l, int64_t until)
{
	int flags = EVLOOP_ONCE;

	if (!may_wait(l) || (until != 0 && until <= l->clock.now))
		flags |= EVLOOP_NONBLOCK;
	else
		set_alarm(l, earlier(wheel_next(&l->wheel), until));
	gather(l, (flags & EVLOOP_NONBLOCK) == 0);
	l->is_awake = l->has_more = false;
	l->heard = 0;
	event_base_loop(l->base, flags);
	loop_wake(l);
	note_seen(l);
}

void
loop_tick(struct loop *l, int64_t until)
{
	if (l->base != NULL)
		wait_for_events(l, until);
	else
		l->seen = l->clock.now;
	work(l);
	if (l->base == NULL)
		return;
	l->done = clock_now();
	l->busy += l->done - l->clock.now;
}

void
loop_advance(struct loop *l, int64_t now)
{
	must(l->base == NULL && now >= l->clock.now);
	l->clock.wall += now - l->clock.now;
	l->clock.now = now;
	do
		loop_tick(l, 0);
	while (!may_wait(l));
}
