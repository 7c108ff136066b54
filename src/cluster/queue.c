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

void
queue_forget(struct pool *p)
{
	struct place *pl;

	list_each(pl, &p->queue, struct place, node)
		pl->wanted = NULL;
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

/* Does each wait for a server of its own? */
static bool
is_by_server(const struct pool *p)
{
	return p->balance->keyed && p->conf->hash.on_full == ON_FULL_QUEUE;
}

bool
queue_has_precedence(const struct pool *p)
{
	return p->nqueue + p->ncalled > 0 && !is_by_server(p);
}

static void
call(struct pool *p, struct place *pl)
{
	list_del(&pl->node);
	p->nqueue--;
	p->ncalled++;
	pl->called = true;
	pl->wanted = NULL;
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

/* One a server: room comes by one at a time. */
static bool
is_its_turn(struct pool *p, struct place *pl, uint64_t room)
{
	struct server *s = pl->wanted;

	if (s != NULL && !server_is_usable(s))
		s = pl->wanted = NULL;
	if (s == NULL)
		return p->ncalled < room;
	if (s->woken == p->wakes || server_room(s) == 0)
		return false;
	s->woken = p->wakes;
	return true;
}

void
queue_wake(struct pool *p)
{
	struct place *pl;
	uint64_t room;

	if (p->nqueue == 0)
		return;
	p->wakes++;
	room = p->nusable == 0 ? UINT64_MAX : room_of(p);
	if (is_by_server(p)) {
		list_each(pl, &p->queue, struct place, node)
			if (is_its_turn(p, pl, room))
				call(p, pl);
		return;
	}
	while (p->nqueue > 0 && p->ncalled < room)
		call(p, list_entry(p->queue.next, struct place, node));
}
