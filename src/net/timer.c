/*
 * timer.c - a coarse timer wheel.
 *
 * A timer sits in the slot of the deadline it was filed under, or in the last
 * slot of the coming round when that is further off.  When its slot comes, it
 * is filed again if the deadline has moved on since.
 *
 * Invariant: filed <= deadline, so no timer is looked at too late.
 */
#include "net/timer.h"

#include "base/must.h"

#define FAR (TIMER_SLOTS - 1)

static int64_t
slot_number(int64_t instant)
{
	return (instant + TIMER_SLOT - 1) / TIMER_SLOT;
}

void
wheel_init(struct wheel *w, int64_t now)
{
	*w = (struct wheel){ .at = slot_number(now) };
	for (unsigned i = 0; i < TIMER_SLOTS; i++)
		list_init(&w->slots[i]);
}

void
timer_init(struct timer *t, void (*fn)(struct timer *))
{
	*t = (struct timer){ .fn = fn };
	list_init(&t->node);
}

static void
file(struct wheel *w, struct timer *t)
{
	int64_t n = slot_number(t->deadline);
	unsigned i;

	if (n < w->at)
		n = w->at;
	t->filed = t->deadline;
	if (n > w->at + FAR) {
		n = w->at + FAR;
		t->filed = n * TIMER_SLOT;
	}
	i = (unsigned)(n % TIMER_SLOTS);
	list_add_tail(&w->slots[i], &t->node);
	w->busy[i / 64] |= UINT64_C(1) << (i % 64);
	w->count++;
}

static void
unfile(struct wheel *w, struct timer *t)
{
	if (!list_has(&t->node))
		return;
	list_del(&t->node);
	w->count--;
}

void
timer_set(struct wheel *w, struct timer *t, int64_t deadline)
{
	must(deadline > 0);
	t->deadline = deadline;
	if (list_has(&t->node) && t->filed <= deadline)
		return;
	unfile(w, t);
	file(w, t);
}

void
timer_stop(struct wheel *w, struct timer *t)
{
	t->deadline = 0;
	unfile(w, t);
}

/* One slot: what is due fires, the rest is filed again. */
static void
run_slot(struct wheel *w, unsigned i, int64_t now)
{
	struct list due, *n;
	struct timer *t;

	list_init(&due);
	list_splice(&due, &w->slots[i]);
	w->busy[i / 64] &= ~(UINT64_C(1) << (i % 64));
	while ((n = list_pop(&due)) != NULL) {
		t = list_entry(n, struct timer, node);
		w->count--;
		if (t->deadline > now) {
			file(w, t);
			continue;
		}
		t->deadline = 0;
		t->fn(t);
	}
}

/*
 * The number of the next slot that holds something, -1 if none does.  A bit
 * may be left of a timer that was stopped, so the list has the last word.
 */
static int64_t
next_slot(const struct wheel *w)
{
	unsigned start = (unsigned)(w->at % TIMER_SLOTS);

	if (w->count == 0)
		return -1;
	for (unsigned k = 0; k <= TIMER_SLOTS / 64; k++) {
		unsigned word = (start / 64 + k) % (TIMER_SLOTS / 64);
		uint64_t bits = w->busy[word];

		/* The first word comes twice: its upper part, and last its
		 * lower part, which is a round away. */
		if (k == 0)
			bits &= ~UINT64_C(0) << (start % 64);
		else if (k == TIMER_SLOTS / 64)
			bits &= ~(~UINT64_C(0) << (start % 64));
		for (; bits != 0; bits &= bits - 1) {
			unsigned i = word * 64 +
			    (unsigned)__builtin_ctzll(bits);

			if (!list_is_empty(&w->slots[i]))
				return w->at + (i + TIMER_SLOTS - start) %
				    TIMER_SLOTS;
		}
	}
	return -1;
}

void
wheel_run(struct wheel *w, int64_t now)
{
	int64_t last = now / TIMER_SLOT, n;

	if (w->at > last)
		return;		/* this slot has had its turn */
	while ((n = next_slot(w)) >= 0 && n <= last) {
		w->at = n + 1;
		run_slot(w, (unsigned)(n % TIMER_SLOTS), now);
	}
	if (w->at <= last)
		w->at = last + 1;
}

int64_t
wheel_next(const struct wheel *w)
{
	int64_t n = next_slot(w);

	return n < 0 ? -1 : n * TIMER_SLOT;
}
