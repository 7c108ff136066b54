/*
 * queue.c - requests that wait for a server with room.
 *
 *	p->queue     who takes any server
 *	s->queue     who waits for the server of its key
 *
 * Why:       first come, first served: who is called keeps its turn until it
 *            has picked, and nobody new gets in between.  The end of a request
 *            looks at its own server, not at all of them.
 * Invariant: nqueue is the number on all lists of the pool; ncalled those
 *            called that have not answered, s->ncalled of them those who wait
 *            for s, which is not freed meanwhile.  Nobody is on a list while
 *            there is room that was promised to nobody.
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

/* By its ticket; those that stand before `from` are older.  Gives the place
 * to go on from with a younger one. */
static struct list *
insert(struct list *l, struct list *from, struct place *pl)
{
	while (from != l &&
	    list_entry(from, struct place, node)->ticket < pl->ticket)
		from = from->next;
	list_add_after(from->prev, &pl->node);
	return from;
}

static struct list *
list_for(struct pool *p, struct server *wanted)
{
	return wanted != NULL ? &wanted->queue : &p->queue;
}

static void
call(struct pool *p, struct place *pl)
{
	list_del(&pl->node);
	p->nqueue--;
	p->ncalled++;
	if (pl->wanted != NULL)
		pl->wanted->ncalled++;
	pl->called = true;
	note_length(p);
	pl->on_turn(pl->owner);
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

bool
queue_has_claimed(const struct server *s)
{
	return server_room(s) <= s->ncalled;
}

/* Is there more than those called may take? */
static bool
has_room(const struct pool *p)
{
	uint64_t room = 0;

	if (p->nusable == 0)
		return true;
	for (unsigned i = 0; i < p->nusable && room <= p->ncalled; i++)
		room += server_room(p->usable[i]);
	return room > p->ncalled;
}

static void
call_any(struct pool *p)
{
	while (!list_is_empty(&p->queue) && has_room(p))
		call(p, list_entry(p->queue.next, struct place, node));
}

/* Those who wait for it. */
static void
call_for(struct server *s)
{
	while (!list_is_empty(&s->queue) && !queue_has_claimed(s))
		call(s->pool, list_entry(s->queue.next, struct place, node));
}

void
queue_forget(struct server *s)
{
	struct list *l = &s->pool->queue, *at = l->next;
	struct place *pl;

	list_each(pl, &s->queue, struct place, node) {
		list_del(&pl->node);
		pl->wanted = NULL;
		at = insert(l, at, pl);
	}
}

void
queue_room(struct server *s)
{
	struct pool *p = s->pool;

	if (p->nqueue == 0 || pool_objection(p, s) != NULL)
		return;
	call_for(s);
	if (!list_is_empty(&p->queue) && !queue_has_claimed(s))
		call(p, list_entry(p->queue.next, struct place, node));
}

void
queue_wake(struct pool *p)
{
	bool by_server = is_by_server(p);
	struct server *s;

	if (p->nqueue == 0)
		return;
	list_each(s, &p->servers, struct server, node) {
		if (!by_server || pool_objection(p, s) != NULL)
			queue_forget(s);
		call_for(s);
	}
	call_any(p);
}

bool
queue_join(struct pool *p, struct place *pl, struct server *wanted)
{
	bool room;

	must(!pl->called);
	if (p->nqueue >= p->conf->max_queue)
		return false;
	room = list_is_empty(&p->queue) && p->ncalled > 0;
	pl->wanted = wanted;
	pl->ticket = ++p->tickets;
	list_add_tail(list_for(p, wanted), &pl->node);
	p->nqueue++;
	note_length(p);
	if (room)		/* perhaps for more than those called */
		call_any(p);
	return true;
}

static void
close_call(struct pool *p, struct place *pl)
{
	struct server *s = pl->wanted;

	must(p->ncalled > 0);
	p->ncalled--;
	pl->called = false;
	pl->wanted = NULL;
	if (s != NULL) {
		s->ncalled--;
		server_settle(s);
	}
}

void
queue_rejoin(struct pool *p, struct place *pl, struct server *wanted)
{
	struct list *l = list_for(p, wanted);

	close_call(p, pl);
	pl->wanted = wanted;
	(void)insert(l, l->next, pl);
	p->nqueue++;
	note_length(p);
	if (wanted != NULL)
		call_any(p);	/* its turn is for the next one */
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
	struct server *s = pl->wanted;

	if (!pl->called)
		return;
	close_call(p, pl);
	if (s != NULL)
		call_for(s);	/* it may have taken another's room */
}
