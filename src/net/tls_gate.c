/*
 * tls_gate.c - how many handshakes at once, and how much of a tick.
 *
 *	ask --> coming --> active <--> going        going: has a slot, and waits
 *	                     \__ shed, or leave     for the next tick
 *
 * Invariant: among those of one kind nobody overtakes.
 * Why:       a private key costs up to a millisecond, a proxied request 30 us.
 *            And who begins and falls silent must not hold a slot against
 *            others.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "net/loop.h"
#include "net/tls_gate.h"

struct tls_gate {
	struct loop *loop;
	unsigned most;
	int64_t budget;
	struct list active;		/* by slot, oldest first */
	struct list going, coming;	/* by wait */
	struct task task;		/* in the next tick */
	struct timer grace;		/* of the oldest */
	uint64_t tick;			/* that `spent` speaks of */
	int64_t spent;
	bool stepped;			/* somebody did, in this tick */
	const struct tls_turn *granted;	/* whom serve lets go now */
	struct tls_gate_count count;
};

static void
new_tick(struct tls_gate *g)
{
	if (g->tick == g->loop->ticks)
		return;
	g->tick = g->loop->ticks;
	g->spent = 0;
	g->stepped = false;
}

static bool
has_time(const struct tls_gate *g)
{
	return !g->stepped || g->spent < g->budget;
}

/* The oldest that waits for its peer, not for us; NULL: there is none. */
static struct tls_turn *
oldest_idle(const struct tls_gate *g)
{
	struct tls_turn *t;

	list_each(t, &g->active, struct tls_turn, slot)
		if (!list_has(&t->wait))
			return t;
	return NULL;
}

/* A slot, if need be that of the oldest; false: all are young. */
static bool
has_slot(struct tls_gate *g)
{
	struct tls_turn *t;

	if (g->count.active < g->most || list_is_empty(&g->active))
		return true;
	t = oldest_idle(g);
	if (t == NULL)
		return false;
	if (t->since + TLS_GATE_GRACE > g->loop->clock.now) {
		timer_set(&g->loop->wheel, &g->grace,
		    t->since + TLS_GATE_GRACE);
		return false;
	}
	g->count.shed++;
	t->shed(t);
	return g->count.active < g->most;
}

static void
admit(struct tls_gate *g, struct tls_turn *t)
{
	g->stepped = true;
	g->granted = NULL;
	if (t->since != 0)
		return;
	t->since = g->loop->clock.now;
	list_add_tail(&g->active, &t->slot);
	g->count.active++;
	g->count.begun++;
}

static bool
may_go(struct tls_gate *g, const struct tls_turn *t)
{
	return list_is_empty(&g->going) && has_time(g) &&
	    (t->since != 0 || (list_is_empty(&g->coming) && has_slot(g)));
}

bool
tls_gate_ask(struct tls_gate *g, struct tls_turn *t)
{
	if (list_has(&t->wait))
		return false;
	new_tick(g);
	if (t == g->granted || may_go(g, t)) {
		admit(g, t);
		return true;
	}
	list_add_tail(t->since != 0 ? &g->going : &g->coming, &t->wait);
	g->count.waiting++;
	if (!t->was_delayed)
		g->count.delayed++;
	t->was_delayed = true;
	/* Who only lacks a slot is told by leave, or by the grace. */
	if (!has_time(g))
		loop_run(g->loop, &g->task);
	return false;
}

static struct tls_turn *
next_turn(struct tls_gate *g)
{
	if (!list_is_empty(&g->going))
		return list_entry(g->going.next, struct tls_turn, wait);
	if (!list_is_empty(&g->coming) && has_slot(g))
		return list_entry(g->coming.next, struct tls_turn, wait);
	return NULL;
}

/* Lets in who waits, as far as this tick and the slots allow. */
static void
serve(struct tls_gate *g)
{
	struct tls_turn *t;

	new_tick(g);
	while (has_time(g) && (t = next_turn(g)) != NULL) {
		list_del(&t->wait);
		g->count.waiting--;
		g->granted = t;
		t->go(t);
		g->granted = NULL;
	}
	if (!has_time(g) && g->count.waiting > 0)
		loop_run(g->loop, &g->task);
}

static void
run_serve(struct task *t)
{
	serve(list_entry(t, struct tls_gate, task));
}

static void
on_grace(struct timer *t)
{
	struct tls_gate *g = list_entry(t, struct tls_gate, grace);

	loop_run(g->loop, &g->task);
}

void
tls_gate_spend(struct tls_gate *g, int64_t usec)
{
	g->spent += usec;
	g->count.spent += usec;
}

void
tls_gate_leave(struct tls_gate *g, struct tls_turn *t, bool done)
{
	if (list_has(&t->wait))
		g->count.waiting--;
	list_del(&t->wait);
	if (t->since == 0)
		return;
	list_del(&t->slot);
	t->since = 0;
	g->count.active--;
	if (done)
		g->count.done++;
	else
		g->count.failed++;
	if (g->count.waiting > 0)
		loop_run(g->loop, &g->task);
}

struct tls_gate *
tls_gate_new(struct loop *loop, unsigned most, int64_t budget)
{
	struct tls_gate *g = mem_new(sizeof(*g));

	g->loop = loop;
	list_init(&g->active);
	list_init(&g->going);
	list_init(&g->coming);
	task_init(&g->task, run_serve);
	timer_init(&g->grace, on_grace);
	tls_gate_set(g, most, budget);
	return g;
}

void
tls_gate_free(struct tls_gate **gp)
{
	struct tls_gate *g = *gp;

	if (g == NULL)
		return;
	*gp = NULL;
	task_stop(&g->task);
	timer_stop(&g->loop->wheel, &g->grace);
	free(g);
}

void
tls_gate_set(struct tls_gate *g, unsigned most, int64_t budget)
{
	g->most = most;
	g->budget = budget;
	loop_run(g->loop, &g->task);
}

void
tls_gate_count(const struct tls_gate *g, struct tls_gate_count *out)
{
	*out = g->count;
}
