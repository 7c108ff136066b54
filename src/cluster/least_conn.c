/*
 * least_conn.c - the server with the least load for its weight.
 *
 * Why:       a full scan beats everything while the servers fit into a few
 *            cache lines; past LEAST_CONN_SCAN an indexed binary heap makes a
 *            pick and a change of load O(log n).
 * Owns:      the heap.   Borrows: the servers; each knows its slot.
 * Invariant: heap.n is 0, or nusable with every usable server in the heap.
 */
#include "cluster/least_conn.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cluster/pool.h"

/*
 * What the order rests upon, beside the server: a walk through the heap stays
 * in its array, and thousands of servers in their place.
 */
struct entry {
	struct server *server;
	uint64_t turn;
	uint32_t above, below;	/* of the score; below 0: full */
};

struct heap {
	struct entry *v;
	unsigned n;
};

static struct entry
entry_of(struct server *s)
{
	struct score score = score_load(s);

	return (struct entry){ s, s->turn, (uint32_t)score.above,
	    server_is_full(s) ? 0 : (uint32_t)score.below };
}

/* Full ones are last.  Ties go round robin. */
static bool
is_before(const struct entry *a, const struct entry *b)
{
	uint64_t x = (uint64_t)a->above * b->below;
	uint64_t y = (uint64_t)b->above * a->below;

	if ((a->below == 0) != (b->below == 0))
		return b->below == 0;
	if (x != y)
		return x < y;
	return a->turn != b->turn ? a->turn < b->turn :
	    a->server->id < b->server->id;
}

static void
place(struct heap *h, unsigned at, struct entry e)
{
	h->v[at] = e;
	e.server->slot = at;
}

static void
sift_up(struct heap *h, unsigned at, struct entry e)
{
	unsigned parent;

	for (; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (!is_before(&e, &h->v[parent]))
			break;
		place(h, at, h->v[parent]);
	}
	place(h, at, e);
}

static void
sift_down(struct heap *h, unsigned at, struct entry e)
{
	unsigned child;

	for (; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n &&
		    is_before(&h->v[child + 1], &h->v[child]))
			child++;
		if (!is_before(&h->v[child], &e))
			break;
		place(h, at, h->v[child]);
	}
	place(h, at, e);
}

/* s, if it is in the heap, has become lighter or heavier. */
static void
file_again(struct heap *h, struct server *s)
{
	unsigned at = s->slot;
	struct entry e;

	if (at >= h->n || h->v[at].server != s)
		return;
	e = entry_of(s);
	if (at > 0 && is_before(&e, &h->v[(at - 1) / 2]))
		sift_up(h, at, e);
	else
		sift_down(h, at, e);
}

/*
 * The best one at or below a slot that was not tried.  It goes below a tried
 * server only, so it looks at no more than 2 * ntried + 1 of them; below a full
 * one all are full.
 */
static const struct entry *
best_below(const struct heap *h, unsigned at, const struct pick *pick)
{
	const struct entry *left, *right;

	if (at >= h->n || h->v[at].below == 0)
		return NULL;
	if (!pick_was_tried(pick, h->v[at].server))
		return &h->v[at];
	left = best_below(h, 2 * at + 1, pick);
	right = best_below(h, 2 * at + 2, pick);
	if (left == NULL || right == NULL)
		return left != NULL ? left : right;
	return is_before(right, left) ? right : left;
}

static struct server *
scan(const struct pool *p, const struct pick *pick)
{
	struct entry best = { .server = NULL }, e;

	for (unsigned i = 0; i < p->nusable; i++) {
		e = entry_of(p->usable[i]);
		if ((best.server == NULL || is_before(&e, &best)) &&
		    !pick_is_out(pick, e.server))
			best = e;
	}
	return best.server;
}

static void
init(struct pool *p)
{
	p->balance_state = mem_new(sizeof(struct heap));
}

static void
fini(struct pool *p)
{
	struct heap *h = p->balance_state;

	if (h != NULL)
		free(h->v);
	free(h);
	p->balance_state = NULL;
}

static void
refresh(struct pool *p)
{
	struct heap *h = p->balance_state;

	h->n = 0;
	if (p->nusable <= LEAST_CONN_SCAN)
		return;
	h->n = p->nusable;
	h->v = mem_grow(h->v, h->n, sizeof(h->v[0]));
	for (unsigned i = 0; i < h->n; i++)
		place(h, i, entry_of(p->usable[i]));
	for (unsigned i = h->n / 2; i-- > 0;)
		sift_down(h, i, h->v[i]);
}

static void
load(struct pool *p, struct server *s)
{
	file_again(p->balance_state, s);
}

/* A request begins on the server that is taken, and load() files it again. */
static struct server *
choose(struct pool *p, const struct pick *pick)
{
	struct heap *h = p->balance_state;
	const struct entry *best;
	struct server *s;

	if (h->n > 0) {
		best = best_below(h, 0, pick);
		s = best != NULL ? best->server : NULL;
	} else {
		s = scan(p, pick);
	}
	if (s != NULL && !pick->dry)
		s->turn = ++p->turn;
	return s;
}

const struct balance_ops least_conn_ops = {
	.name = "least_conn",
	.algo = "leastconn",
	.init = init,
	.fini = fini,
	.refresh = refresh,
	.load = load,
	.pick = choose,
	.score = score_load,
	.score_is = "(active + 1) / weight, the least is taken",
};
