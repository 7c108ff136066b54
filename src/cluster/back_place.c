/*
 * back_place.c - where the connections to a server stand, and which of them a
 * request gets.
 *
 *	idle	no stream; the one used last is first
 *	open	streams, or asks while it is dialled, and room for more
 *	busy	no room: all that take one stream at a time, once they have it
 *
 * Why:       only what has room is ever looked at, so a connection that takes
 *            one stream costs a request nothing but its place on a list.
 * Invariant: on server->idle <=> connected, no stream, codec has a slot.
 *            A connection over TLS serves only who asks by the same alias.
 * Not here:  making and ending connections (back.c).
 */
#include "cluster/back_place.h"

#include "cluster/alias.h"
#include "cluster/pool.h"
#include "net/tls_client.h"

#define LOOKS_MOST 256		/* connections that are looked at */

struct tls_client *
back_client_of(const struct server *s)
{
	const struct conf_pool_tls *t = &s->pool->conf->tls;

	return t->on ? t->client : NULL;
}

bool
back_is_of_use(const struct back *b)
{
	const struct conf_pool *p = b->server->pool->conf;

	return !b->link.conn->worn &&
	    b->said == p->send_proxy && b->wanted == p->proto &&
	    (b->said == PROXY_OFF || b->caller != NULL) &&
	    tls_client_same(b->client, back_client_of(b->server));
}

bool
back_is_settled(const struct back *b)
{
	return b->connected && b->link.codec->settled;
}

uint32_t
back_room(const struct back *b)
{
	uint32_t most = (uint32_t)b->server->pool->conf->max_streams;
	uint32_t used = b->nopen + b->nasks, slots;

	if (!b->is_shared)
		most = 1;
	if (b->link.down || b->asked != 0 || used >= most)
		return 0;
	if (!back_is_settled(b))
		return most - used;
	slots = codec_slots(b->link.codec);
	return slots < most - used ? slots : most - used;
}

void
back_unlist(struct back *b)
{
	struct server *s = b->server;

	if (b->place == BACK_NOWHERE)
		return;
	list_del(&b->node);
	if (b->place == BACK_IDLE)
		s->nidle--;
	else
		s->nbusy--;
	b->place = BACK_NOWHERE;
}

static void
list_in_use(struct back *b, enum back_place place)
{
	struct server *s = b->server;

	back_unlist(b);
	b->place = place;
	if (place == BACK_OPEN)
		list_add_tail(&s->open, &b->node);
	else
		list_add_head(&s->busy, &b->node);
	if (++s->nbusy > s->nbusy_max)
		s->nbusy_max = s->nbusy;
}

void
back_set_busy(struct back *b)
{
	list_in_use(b, BACK_BUSY);
}

void
back_file(struct back *b)
{
	list_in_use(b, b->is_shared && back_room(b) > 0 ? BACK_OPEN :
	    BACK_BUSY);
}

/* The one that was idle longest makes room: it may be for another name. */
static bool
has_room(struct server *s, int64_t max)
{
	struct back *last;

	if (s->nidle >= max && s->nidle > 0 && max > 0) {
		last = list_entry(s->idle.prev, struct back, node);
		if (last->alias != NULL)
			link_end(&last->link, false);
	}
	return s->nidle < max;
}

bool
back_set_idle(struct back *b)
{
	struct server *s = b->server;

	back_unlist(b);
	if (s->gone || s->admin == SERVER_MAINT || !back_is_of_use(b) ||
	    s->health.state == HEALTH_DOWN ||
	    !has_room(s, s->pool->conf->reuse.max)) {
		back_set_busy(b);
		return false;
	}
	b->place = BACK_IDLE;
	list_add_head(&s->idle, &b->node);
	s->nidle++;
	return true;
}

void
back_arm(struct back *b)
{
	const struct conf_pool *p = b->server->pool->conf;
	struct loop *loop = link_loop(&b->link);
	int64_t at = b->asked + p->timeouts.connect;

	if (b->asked == 0 && b->is_shared && p->reuse.ping > 0)
		at = b->link.heard + p->reuse.ping;
	else if (b->asked == 0)
		at = b->idle_until;
	if (b->idle_until < at || at <= loop->clock.now)
		at = b->idle_until;
	timer_set(&loop->wheel, &b->timer, at);
}

bool
back_doubt(struct back *b)
{
	int64_t ping = b->server->pool->conf->reuse.ping;
	int64_t now = link_loop(&b->link)->clock.now;

	if (!b->is_shared || !b->connected || ping == 0)
		return false;
	if (b->asked != 0)
		return true;
	if (now < b->link.heard + ping || !codec_ask(b->link.codec))
		return false;
	b->asked = now;
	if (b->place == BACK_IDLE)
		back_arm(b);
	else
		back_file(b);
	return true;
}

void
back_trust(struct back *b)
{
	if (b->asked == 0 || (b->link.codec->asked &&
	    b->link.heard <= b->asked))
		return;
	b->asked = 0;
	if (b->place == BACK_IDLE)
		back_arm(b);
	else
		back_file(b);
}

static bool
may_get(struct back *b)
{
	return back_room(b) > 0 && !back_doubt(b);
}

/* The one used last.  Those of no use any more, after a reload, are closed. */
static struct back *
find_idle(const struct server *s, const struct alias *alias, uint64_t after)
{
	struct back *b;
	int looks = 0;

	list_each(b, &s->idle, struct back, node) {
		if (!back_is_of_use(b))
			link_end(&b->link, false);
		else if (b->alias == alias && b->number > after &&
		    (!b->is_shared || may_get(b)))
			return b;
		if (++looks == LOOKS_MOST)
			break;
	}
	return NULL;
}

/* One that stands before one that is dialled, then the least loaded. */
static bool
is_better(const struct back *a, const struct back *b)
{
	if (b == NULL || a->connected != b->connected)
		return b == NULL || a->connected;
	return a->nopen + a->nasks < b->nopen + b->nasks;
}

static bool
may_share(struct back *b, const struct alias *alias, uint64_t after)
{
	return b->alias == alias && b->number > after && back_is_of_use(b) &&
	    may_get(b);
}

static struct back *
find_open(const struct server *s, const struct alias *alias, uint64_t after)
{
	struct back *best = NULL, *b;
	int looks = 0;

	list_each(b, &s->open, struct back, node) {
		if (may_share(b, alias, after) && is_better(b, best))
			best = b;
		if (++looks == LOOKS_MOST)
			break;
	}
	return best;
}

/* The same among those of one caller. */
static struct back *
find_own(const struct caller *c, const struct server *s,
    const struct alias *alias, uint64_t after)
{
	struct back *best = NULL, *b;

	list_each(b, &c->backs, struct back, of_caller) {
		if (b->server != s || b->place == BACK_BUSY ||
		    !may_share(b, alias, after))
			continue;
		if (b->place == BACK_IDLE)
			return b;
		if (is_better(b, best))
			best = b;
	}
	return best;
}

struct back *
back_find(const struct server *s, const struct alias *alias,
    const struct caller *caller, uint64_t after)
{
	struct back *b;

	if (s->pool->conf->send_proxy != PROXY_OFF)
		return find_own(caller, s, alias, after);
	b = find_idle(s, alias, after);
	return b != NULL ? b : find_open(s, alias, after);
}
