/*
 * hash.c - the server of a key.
 *
 *	key --hash--> entry --owner that may take it, or walk on--> server
 *
 * Why:       a ring or table is remade only after a server was configured, or
 *            its weight changed, by the next pick; health and load are looked
 *            at on the walk.
 *            Slow start lowers a server's part of the bound, not its keys.
 * Owns:      the ring or table, and the list of owners.
 * Invariant: unless it is stale, owners[s->slot].server == s for every usable
 *            server s; active and weight are sums over the usable ones.
 */
#include "cluster/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/hash_key.h"
#include "cluster/maglev.h"
#include "cluster/pool.h"
#include "cluster/random.h"
#include "cluster/ring.h"

struct owner {
	struct server *server;
	unsigned id, weight;		/* when it was built */
	uint32_t active;		/* of it in the sum */
	bool usable;
	bool placed;			/* does it have an entry? */
	uint64_t seen;			/* the last walk that came by */
};

struct hash {
	enum conf_hash_method method;
	int64_t table;
	struct ring ring;
	struct maglev maglev;
	struct owner *owners;
	unsigned n, nplaced;		/* nplaced: usable, with an entry */
	bool stale;			/* to be built before it is used */
	uint64_t active, weight;
	uint64_t walks;
};

static size_t
count_entries(const struct hash *h)
{
	return h->method == HASH_RING ? h->ring.n : h->maglev.n;
}

static struct owner *
owner_at(const struct hash *h, size_t at)
{
	return &h->owners[h->method == HASH_RING ? h->ring.v[at].node :
	    h->maglev.v[at]];
}

static void
init(struct pool *p)
{
	p->balance_state = mem_new(sizeof(struct hash));
}

static void
fini(struct pool *p)
{
	struct hash *h = p->balance_state;

	if (h != NULL) {
		ring_fini(&h->ring);
		maglev_fini(&h->maglev);
		free(h->owners);
	}
	free(h);
	p->balance_state = NULL;
}

static struct owner *
find_owner(const struct hash *h, const struct server *s)
{
	if (s->slot >= h->n || h->owners[s->slot].server != s)
		return NULL;
	return &h->owners[s->slot];
}

/* Of points at the same place the ring keeps that of the first server. */
static bool
is_owner(const struct hash *h, const struct server *s, unsigned at)
{
	const struct owner *o = find_owner(h, s);

	return o != NULL && o->id == s->id && o->weight == s->weight &&
	    (h->method != HASH_RING || s->slot == at);
}

/* Does it stand on the servers and weights that there are? */
static bool
is_current(const struct pool *p, const struct hash *h)
{
	const struct conf_hash *conf = &p->conf->hash;
	struct server *s;
	unsigned n = 0;

	if (h->method != conf->method ||
	    (h->method == HASH_MAGLEV && h->table != conf->table))
		return false;
	list_each(s, &p->servers, struct server, node) {
		if (s->weight == 0 || s->unresolved)
			continue;
		if (!is_owner(h, s, n++))
			return false;
	}
	return n == h->n;
}

static void
build_ring(struct hash *h)
{
	struct ring_node *nodes = mem_array(h->n + 1, sizeof(*nodes));

	for (unsigned i = 0; i < h->n; i++)
		nodes[i] = ring_node(slice_of(h->owners[i].server->addr_text),
		    h->owners[i].weight);
	ring_build(&h->ring, nodes, h->n);
	free(nodes);
}

static void
build_maglev(struct hash *h)
{
	struct maglev_node *nodes = mem_array(h->n + 1, sizeof(*nodes));

	for (unsigned i = 0; i < h->n; i++)
		nodes[i] = maglev_node(
		    slice_of(h->owners[i].server->addr_text),
		    h->owners[i].weight, (uint32_t)h->table);
	maglev_build(&h->maglev, nodes, h->n, (uint32_t)h->table);
	free(nodes);
}

static int
compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return strcmp(x->server->addr_text, y->server->addr_text);
}

/* Nodes of a table choose in turn; whose turn is first shall not depend on the
 * order of the configuration or of DNS. */
static void
sort_owners(struct hash *h)
{
	qsort(h->owners, h->n, sizeof(*h->owners), compare_owners);
	for (unsigned i = 0; i < h->n; i++)
		h->owners[i].server->slot = i;
}

static void
build(const struct pool *p, struct hash *h)
{
	struct server *s;
	size_t n;

	h->method = p->conf->hash.method;
	h->table = p->conf->hash.table;
	h->n = 0;
	h->owners = mem_grow(h->owners, p->nservers + 1, sizeof(*h->owners));
	list_each(s, &p->servers, struct server, node)
		if (s->weight > 0 && !s->unresolved) {
			s->slot = h->n;
			h->owners[h->n++] = (struct owner){ .server = s,
			    .id = s->id, .weight = s->weight };
		}
	if (h->method == HASH_MAGLEV)
		sort_owners(h);
	ring_fini(&h->ring);
	maglev_fini(&h->maglev);
	if (h->method == HASH_RING)
		build_ring(h);
	else
		build_maglev(h);
	n = count_entries(h);
	for (size_t i = 0; i < n; i++)
		owner_at(h, i)->placed = true;
}

static void
count(const struct pool *p, struct hash *h)
{
	h->active = h->weight = 0;
	h->nplaced = 0;
	for (unsigned i = 0; i < h->n; i++)
		h->owners[i].usable = false;
	for (unsigned i = 0; i < p->nusable; i++) {
		struct owner *o = find_owner(h, p->usable[i]);

		if (o == NULL)
			continue;
		o->usable = true;
		o->active = o->server->active;
		h->active += o->active;
		h->weight += server_weight_now(o->server);
		h->nplaced += o->placed;
	}
}

static void
refresh(struct pool *p)
{
	struct hash *h = p->balance_state;

	h->stale = !is_current(p, h);
	if (!h->stale)
		count(p, h);
}

/* However much has changed since the last pick, it is built once. */
static struct hash *
catch_up(const struct pool *p)
{
	struct hash *h = p->balance_state;

	if (h->stale) {
		h->stale = false;
		build(p, h);
		count(p, h);
	}
	return h;
}

static void
load(struct pool *p, struct server *s)
{
	struct hash *h = p->balance_state;
	struct owner *o = h->stale ? NULL : find_owner(h, s);

	if (o == NULL || !o->usable)
		return;
	h->active = h->active - o->active + s->active;
	o->active = s->active;
}

uint64_t
hash_slots(uint64_t active, int64_t bound, uint64_t weight,
    uint64_t total_weight)
{
	uint64_t total = ((active + 1) * (uint64_t)bound + 99) / 100;

	return (total * weight + total_weight - 1) / total_weight;
}

/* Of 0 slots: there is no bound. */
static struct score
score(const struct server *s)
{
	const struct hash *h = catch_up(s->pool);
	int64_t bound = s->pool->conf->hash.bound;

	return (struct score){ s->active, bound == 0 ? 0 :
	    (int64_t)hash_slots(h->active, bound, server_weight_now(s),
	    h->weight) };
}

static bool
is_over(const struct server *s)
{
	struct score x = score(s);

	return x.above >= x.below;
}

static struct server *
wait_for(const struct pick *pick, struct server *s)
{
	if (pick->full != NULL)
		*pick->full = s;
	return NULL;
}

/* Its key's server keeps the room that those who wait for it were promised. */
static bool
is_out_of_room(const struct pick *pick, const struct server *s, bool promised)
{
	return promised && !pick->called ? queue_has_claimed(s) :
	    server_is_full(s);
}

/*
 * From an entry on, round the end, the first that may take it.  It ends when
 * all usable owners were met.  queue: NULL when the key's own server is full,
 * so that the request waits.
 */
static struct server *
walk(struct hash *h, size_t at, const struct pick *pick, bool bound, bool queue)
{
	size_t n = count_entries(h);
	unsigned met = 0;
	bool own = true;
	struct owner *o;

	h->walks++;
	for (; met < h->nplaced; at = at + 1 < n ? at + 1 : 0) {
		o = owner_at(h, at);
		if (!o->usable || o->seen == h->walks)
			continue;
		o->seen = h->walks;
		met++;
		if (pick_was_tried(pick, o->server))
			continue;
		if (is_out_of_room(pick, o->server, queue && own)) {
			if (queue && own)
				return wait_for(pick, o->server);
		} else if (!bound || !is_over(o->server)) {
			return o->server;
		}
		own = false;
	}
	return NULL;
}

static struct server *
choose(struct pool *p, const struct pick *pick)
{
	const struct conf_hash *conf = &p->conf->hash;
	struct hash *h = catch_up(p);
	bool queue = conf->on_full == ON_FULL_QUEUE;
	struct server *s;
	char text[ADDR_TEXT];
	struct slice key = pick->key;
	size_t at;

	if (key.n == 0)
		key = hash_key(&conf->key, pick, text);
	if (key.n == 0 || h->nplaced == 0)
		return random_pick(p, pick);
	at = h->method == HASH_RING ? ring_find(&h->ring, ring_hash(key)) :
	    maglev_find(&h->maglev, key);
	s = walk(h, at, pick, conf->bound > 0, queue);
	/* The bound yields when only tried or full ones are below it. */
	if (s == NULL && conf->bound > 0)
		s = walk(h, at, pick, false, queue);
	if (s == NULL && !queue)
		s = random_pick(p, pick);
	return s;
}

const struct balance_ops hash_ops = {
	.name = "hash",
	.algo = "hash",
	.keyed = true,
	.init = init,
	.fini = fini,
	.refresh = refresh,
	.load = load,
	.pick = choose,
	.score = score,
	.score_is = "active / its part of the bound, the first below 1 from "
	    "the key on",
};
