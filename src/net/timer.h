#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/*
 * A coarse timer wheel.  A timer is a deadline; the wheel looks at it when its
 * slot comes round, and files it again if the deadline has moved on since.  So
 * pushing a deadline further, which happens at every read, costs one store.
 *
 * Granularity: 10 ms.  A timer never fires early; it fires at most one slot
 * late (plus the tick).
 *
 * Source: hashed wheels, Varghese and Lauck, 1987, scheme 6.
 */
#define TIMER_SLOT  (INT64_C(10) * 1000)	/* microseconds */
#define TIMER_SLOTS 1024

struct timer {
	struct list node;
	int64_t deadline;	/* clock.now at which it fires; 0: not set */
	int64_t filed;		/* the deadline it is filed under */
	void (*fn)(struct timer *);
};

struct wheel {
	struct list slots[TIMER_SLOTS];
	struct list due;			/* of a slot that has come */
	uint64_t busy[TIMER_SLOTS / 64];	/* slots that may hold something */
	int64_t at;				/* slot number that comes next */
	unsigned count;
};

void wheel_init(struct wheel *w, int64_t now);

/* fn is called from wheel_step; it may set, stop or free any timer. */
void timer_init(struct timer *t, void (*fn)(struct timer *));

/* Sets or moves the deadline (an instant, > 0). */
void timer_set(struct wheel *w, struct timer *t, int64_t deadline);
void timer_stop(struct wheel *w, struct timer *t);

static inline bool
timer_is_set(const struct timer *t)
{
	return t->deadline != 0;
}

/* Looks at one timer that may be due at now, and fires it if it is.  False:
 * there was none. */
bool wheel_step(struct wheel *w, int64_t now);

/* When wheel_step should next be called: an instant, or -1 if never. */
int64_t wheel_next(const struct wheel *w);
