/*
 * timer.c - a coarse timer wheel.
 *
 * A timer sits in the slot of the deadline it was filed under, or in the last
 * slot of the coming round when that is further off.  When its slot comes, it
 * is filed again if the deadline has moved on since.  Then the slot is empty,
 * and whose turn it is stands apart: that may take several calls.
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
	list_init(&w->due);
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

/* The next slot whose time has come is to be gone through.  False: none is. */
static bool
take_slot(struct wheel *w, int64_t now)
{
	int64_t last = now / TIMER_SLOT, n;
	unsigned i;

	if (w->at > last)
		return false;	/* this slot has had its turn */
	n = next_slot(w);
	if (n < 0 || n > last) {
		w->at = last + 1;
		return false;
	}
	i = (unsigned)(n % TIMER_SLOTS);
	w->at = n + 1;
	w->busy[i / 64] &= ~(UINT64_C(1) << (i % 64));
	list_splice(&w->due, &w->slots[i]);
	return true;
}

bool
wheel_step(struct wheel *w, int64_t now)
{
	struct timer *t;

	while (list_is_empty(&w->due))
		if (!take_slot(w, now))
			return false;
	t = list_entry(list_pop(&w->due), struct timer, node);
	w->count--;
	if (t->deadline > now) {
		file(w, t);
	} else {
		t->deadline = 0;
		t->fn(t);
	}
	return true;
}

int64_t
wheel_next(const struct wheel *w)
{
	int64_t n = list_is_empty(&w->due) ? next_slot(w) : w->at - 1;

	return n < 0 ? -1 : n * TIMER_SLOT;
}
