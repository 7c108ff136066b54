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

struct heap {
	struct server **v;
	unsigned n;
};

/* Full ones are last. */
static bool
is_before(const struct server *a, const struct server *b)
{
	struct score x = score_load(a), y = score_load(b);
	bool full = server_is_full(a);

	if (full != server_is_full(b))
		return !full;
	if (score_is_less(x, y) || score_is_less(y, x))
		return score_is_less(x, y);
	return a->turn != b->turn ? a->turn < b->turn : a->id < b->id;
}

static void
place(struct heap *h, unsigned at, struct server *s)
{
	h->v[at] = s;
	s->slot = at;
}

static void
sift_up(struct heap *h, unsigned at)
{
	struct server *s = h->v[at];
	unsigned parent;

	for (; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (!is_before(s, h->v[parent]))
			break;
		place(h, at, h->v[parent]);
	}
	place(h, at, s);
}

static void
sift_down(struct heap *h, unsigned at)
{
	struct server *s = h->v[at];
	unsigned child;

	for (; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n && is_before(h->v[child + 1], h->v[child]))
			child++;
		if (!is_before(h->v[child], s))
			break;
		place(h, at, h->v[child]);
	}
	place(h, at, s);
}

/* s, if it is in the heap, has become lighter or heavier. */
static void
file_again(struct heap *h, struct server *s)
{
	if (s->slot >= h->n || h->v[s->slot] != s)
		return;
	sift_up(h, s->slot);
	sift_down(h, s->slot);
}

/*
 * The best one at or below a slot that was not tried.  It goes below a tried
 * server only, so it looks at no more than 2 * ntried + 1 of them; below a full
 * one all are full.
 */
static struct server *
best_below(const struct heap *h, unsigned at, const struct pick *pick)
{
	struct server *left, *right;

	if (at >= h->n || server_is_full(h->v[at]))
		return NULL;
	if (!pick_was_tried(pick, h->v[at]))
		return h->v[at];
	left = best_below(h, 2 * at + 1, pick);
	right = best_below(h, 2 * at + 2, pick);
	if (left == NULL || right == NULL)
		return left != NULL ? left : right;
	return is_before(right, left) ? right : left;
}

static struct server *
scan(const struct pool *p, const struct pick *pick)
{
	struct server *best = NULL, *s;

	for (unsigned i = 0; i < p->nusable; i++) {
		s = p->usable[i];
		if ((best == NULL || is_before(s, best)) &&
		    !pick_is_out(pick, s))
			best = s;
	}
	return best;
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
		place(h, i, p->usable[i]);
	for (unsigned i = h->n / 2; i-- > 0;)
		sift_down(h, i);
}

static void
load(struct pool *p, struct server *s)
{
	file_again(p->balance_state, s);
}

static struct server *
choose(struct pool *p, const struct pick *pick)
{
	struct heap *h = p->balance_state;
	struct server *s;

	s = h->n > 0 ? best_below(h, 0, pick) : scan(p, pick);
	if (s == NULL || pick->dry)
		return s;
	s->turn = ++p->turn;
	file_again(h, s);
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
