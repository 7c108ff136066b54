/*
 * queue.c - requests that wait for a server with room.
 *
 * Why:       first come, first served: who is called keeps its turn until it
 *            has picked, and nobody new gets in between.
 * Invariant: nqueue is the number on the list; ncalled those called that have
 *            not answered.
 */
#include "cluster/queue.h"

#include "base/must.h"
#include "cluster/pool.h"

void
place_init(struct place *pl, void (*on_turn)(void *owner), void *owner)
{
	*pl = (struct place){ .on_turn = on_turn, .owner = owner };
	list_init(&pl->node);
}

static void
note_length(struct pool *p)
{
	p->count.qcur = p->nqueue;
	if (p->nqueue > p->count.qmax)
		p->count.qmax = p->nqueue;
}

bool
queue_join(struct pool *p, struct place *pl)
{
	must(!pl->called);
	if (p->nqueue >= p->conf->max_queue)
		return false;
	list_add_tail(&p->queue, &pl->node);
	p->nqueue++;
	note_length(p);
	return true;
}

void
queue_rejoin(struct pool *p, struct place *pl)
{
	queue_answered(p, pl);
	list_add_head(&p->queue, &pl->node);
	p->nqueue++;
	note_length(p);
}

void
queue_leave(struct pool *p, struct place *pl)
{
	if (pl->called) {
		queue_answered(p, pl);
		queue_wake(p);		/* its room is for the next one */
	} else if (list_has(&pl->node)) {
		list_del(&pl->node);
		p->nqueue--;
		note_length(p);
	}
}

void
queue_answered(struct pool *p, struct place *pl)
{
	if (!pl->called)
		return;
	must(p->ncalled > 0);
	pl->called = false;
	p->ncalled--;
}

bool
queue_has_precedence(const struct pool *p)
{
	return p->nqueue + p->ncalled > 0;
}

static void
call_first(struct pool *p)
{
	struct place *pl = list_entry(p->queue.next, struct place, node);

	list_del(&pl->node);
	p->nqueue--;
	p->ncalled++;
	pl->called = true;
	note_length(p);
	pl->on_turn(pl->owner);
}

/* How many more requests the usable servers may take now. */
static uint64_t
room_of(const struct pool *p)
{
	uint64_t room = 0;

	for (unsigned i = 0; i < p->nusable; i++)
		room += server_room(p->usable[i]);
	return room;
}

void
queue_wake(struct pool *p)
{
	uint64_t room;

	if (p->nqueue == 0)
		return;
	room = p->nusable == 0 ? UINT64_MAX : room_of(p);
	while (p->nqueue > 0 && p->ncalled < room)
		call_first(p);
}
