#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "net/gather.h"
#include "net/pipe.h"
#include "net/timer.h"

struct event_base;
struct event;

/*
 * The tick: events, run, flush, reap.
 *
 *	for (;;) loop_tick(loop);
 *
 * 1. events  callbacks read bytes, feed codecs, store facts, and call
 *            loop_run() for whoever must act.  They decide nothing.  Timers
 *            that are due fire here too.
 * 2. run     each task on the run list steps until it must wait.
 * 3. flush   each dirty conn writes once.
 * 4. reap    the only place where conns, codecs and exchanges are freed.
 *
 * 2 and 3 repeat until both lists are empty, at most LOOP_ROUNDS times (what is
 * left comes first in the next tick, which then does not block).  A task that
 * has done its share of a tick asks by loop_later() for the next one's run: it
 * is behind all who have not, whose answers have left by then, and waits longer
 * while more events come than are heard.  Where timers, or what is to be freed,
 * are many, some wait for the next tick, too.
 *
 * No timer fires before all is heard that had come by its time: a server is not
 * late because its answer waits here behind others' events.
 *
 * Before it waits the loop may pause (gather.h), if somebody wished so: what
 * comes meanwhile shares the calls that read and write it.
 *
 * With no event_base (loop_new_virtual) nothing blocks and the clock is the
 * test's: the same code under a virtual clock.
 */
#define LOOP_ROUNDS 64

/*
 * Events heard in a tick; more wait for the next.  What they touch must not
 * have left the caches when run and flush come to it: with 1,000 busy clients
 * and no bound a request cost half as much again.
 */
#define LOOP_BATCH 32

/*
 * Microseconds of a tick in which those begin whose turn it is only now,
 * however many they are; and in which timers fire and things are freed, if all
 * else took less.  While there are events that were not heard those who begin
 * late have a part of it only: what they begin makes events, too, and anybody's
 * first request would stand behind all of these.
 */
#define LOOP_LATE 50
#define LOOP_LATE_PART 8

struct task {
	struct list node;
	void (*fn)(struct task *);
};

struct loop {
	struct event_base *base;	/* NULL in a simulation */
	struct clock clock;
	struct wheel wheel;
	struct list run, flush, reap, later;
	struct slab pages;		/* BUF_PAGE, shared by all conns */
	struct slab chunks;		/* arena chunks */
	struct slab conns;		/* of conn_plain.c */
	struct pipes pipes;		/* none until somebody sets a limit */
	struct gather gather;		/* no pause until somebody sets most */
	struct event *alarm;		/* wakes the loop for the wheel */
	int64_t alarm_at;
	int64_t seen;			/* all that came until then was heard */
	struct event *mark;		/* it goes through the kernel's queue, */
	int mark_fd;			/* an eventfd, behind all of that, */
	int64_t marked;			/* since then; 0: it is not there */
	void (*after)(void *owner);	/* end of each tick: the log is written */
	void *after_owner;
	uint64_t ticks;
	int64_t done;			/* when the last one had */
	int64_t busy;			/* microseconds not spent waiting */
	unsigned heard;			/* events in this tick */
	bool is_awake;			/* the clock was read in this tick */
	bool has_more;			/* events that were not heard in it */
};

const char *loop_library(void);		/* "libevent 2.1.12-stable" */

struct loop *loop_new(void);		/* NULL, having written why to stderr */
struct loop *loop_new_virtual(int64_t now);
void loop_free(struct loop **loop);

void task_init(struct task *t, void (*fn)(struct task *));
void task_stop(struct task *t);		/* off whatever list it is on */

/* Each puts a task on a list once; again is no harm. */
static inline void
loop_run(struct loop *l, struct task *t)
{
	if (!list_has(&t->node))
		list_add_tail(&l->run, &t->node);
}

static inline void
loop_flush(struct loop *l, struct task *t)
{
	if (!list_has(&t->node))
		list_add_tail(&l->flush, &t->node);
}

static inline void
loop_reap(struct loop *l, struct task *t)
{
	if (!list_has(&t->node))
		list_add_tail(&l->reap, &t->node);
}

/*
 * Runs in the next tick, which does not wait, behind what events have caused;
 * or in the one after that, if there are many.
 */
static inline void
loop_later(struct loop *l, struct task *t)
{
	if (!list_has(&t->node))
		list_add_tail(&l->later, &t->node);
}

void loop_enough(struct loop *l);	/* no more events in this tick */

/* What every event callback in net/ does first: the clock is read once. */
static inline void
loop_wake(struct loop *l)
{
	if (++l->heard == LOOP_BATCH)
		loop_enough(l);
	if (l->is_awake)
		return;
	l->is_awake = true;
	clock_read(&l->clock);
}

/* What ticks have left on the list, when there will be no more of them. */
void loop_reap_all(struct loop *l);

/* One tick; waits for events at most until `until` (an instant; 0: no bound). */
void loop_tick(struct loop *l, int64_t until);

/* A virtual loop: sets the clock and fires timers; then ticks until quiet. */
void loop_advance(struct loop *l, int64_t now);

/* Timers on the loop's wheel. after is a duration. */
static inline void
loop_after(struct loop *l, struct timer *t, int64_t after)
{
	timer_set(&l->wheel, t, l->clock.now + after);
}

/*
 * Watches a descriptor of somebody else's (stats socket, self-pipe, signals):
 * level-triggered, persistent.
 */
struct watch;
enum watch_what { WATCH_READ = 1, WATCH_WRITE = 2 };
struct watch *watch_new(struct loop *l, int fd, unsigned what,
    void (*fn)(void *owner, unsigned what), void *owner);
struct watch *watch_new_signal(struct loop *l, int signo,
    void (*fn)(void *owner, unsigned signo), void *owner);
void watch_want(struct watch *w, unsigned what);	/* changes what; 0 pauses */
void watch_free(struct watch **w);
