/*
 * queue.c - requests that wait for a server with room.
 *
 *	p->queue     who takes any server, or any that it has not tried
 *	s->queue     who waits for the server of its key
 *
 * Why:       first come, first served: who is called keeps its turn until it
 *            has picked, and nobody new gets in between.  The end of a request
 *            looks at its own server, not at all of them.
 * Invariant: nqueue is the number on all lists of the pool, nagain of those on
 *            its own the retries; ncalled those
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

/* One more on a list of the pool, or one less. */
static void
count(struct pool *p, const struct place *pl, int n)
{
	p->nqueue += (uint32_t)n;
	if (pl->wanted == NULL && pl->ntried > 0)
		p->nagain += (uint32_t)n;
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
	count(p, pl, -1);
	p->ncalled++;
	if (pl->wanted != NULL)
		pl->wanted->ncalled++;
	pl->called = true;
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
	return p->nqueue - p->nagain + p->ncalled > 0 && !is_by_server(p);
}

bool
queue_has_claimed(const struct server *s)
{
	return server_room(s) <= s->ncalled;
}

static bool
was_tried(const struct place *pl, const struct server *s)
{
	for (unsigned i = 0; i < pl->ntried; i++)
		if (pl->tried[i] == s)
			return true;
	return false;
}

/* Some server that was not tried: with room, or any such; NULL: none. */
static struct server *
find_other(const struct pool *p, const struct place *pl, bool with_room)
{
	for (unsigned i = 0; i < p->nusable; i++)
		if (!was_tried(pl, p->usable[i]) && (!with_room ||
		    !queue_has_claimed(p->usable[i])))
			return p->usable[i];
	return NULL;
}

bool
queue_has_others(const struct pool *p, const struct place *pl)
{
	return find_other(p, pl, false) != NULL;
}

bool
queue_takes(const struct pool *p, const struct place *pl)
{
	return pl->called || p->nqueue < p->conf->max_queue;
}

/* Is some of the room there is for this one? */
static bool
is_served(const struct pool *p, const struct place *pl)
{
	return pl->ntried == 0 || find_other(p, pl, true) != NULL ||
	    !queue_has_others(p, pl);
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
	struct place *pl;

	list_each(pl, &p->queue, struct place, node) {
		if (!has_room(p))
			break;
		if (is_served(p, pl))
			call(p, pl);
	}
}

/* The first of those who take that server. */
static void
call_first(struct pool *p, const struct server *s)
{
	struct place *pl;

	list_each(pl, &p->queue, struct place, node)
		if (!was_tried(pl, s)) {
			call(p, pl);
			break;
		}
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
		count(s->pool, pl, -1);
		pl->wanted = NULL;
		at = insert(l, at, pl);
		count(s->pool, pl, 1);
	}
}

void
queue_room(struct server *s)
{
	struct pool *p = s->pool;

	if (p->nqueue == 0 || pool_objection(p, s) != NULL)
		return;
	call_for(s);
	if (!queue_has_claimed(s))
		call_first(p, s);
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
	if (!queue_takes(p, pl))
		return false;
	room = (list_is_empty(&p->queue) || p->nagain > 0) && p->ncalled > 0;
	pl->wanted = wanted;
	pl->ticket = ++p->tickets;
	list_add_tail(list_for(p, wanted), &pl->node);
	count(p, pl, 1);
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
	count(p, pl, 1);
	if (wanted != NULL || pl->ntried > 0)
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
		count(p, pl, -1);
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
