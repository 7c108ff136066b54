/*
 * random.c - the less loaded of two servers drawn by lot.
 *
 * Why: it needs no order of the servers, so nothing has to be kept when their
 *      load changes, and no two balancers that share them run in step.
 */
#include "cluster/random.h"

#include "cluster/cluster.h"
#include "cluster/pool.h"

#define DRAWS 8		/* before looking at all, when most are out */

static bool
is_lighter(const struct server *a, const struct server *b)
{
	return score_is_less(score_load(a), score_load(b));
}

/* All of them, from a random one on, which decides among equals. */
static struct server *
scan(const struct pool *p, const struct pick *pick, uint64_t first)
{
	struct server *best = NULL, *s;

	for (unsigned i = 0; i < p->nusable; i++) {
		s = p->usable[(first + i) % p->nusable];
		if ((best == NULL || is_lighter(s, best)) &&
		    !pick_is_out(pick, s))
			best = s;
	}
	return best;
}

static struct server *
draw(const struct pool *p, const struct pick *pick, struct rng *rng,
    const struct server *but)
{
	struct server *s;

	for (int i = 0; i < DRAWS; i++) {
		s = p->usable[rng_below(rng, p->nusable)];
		if (s != but && !pick_is_out(pick, s))
			return s;
	}
	return NULL;
}

struct server *
random_pick(struct pool *p, const struct pick *pick)
{
	struct rng *rng = p->cluster->rng;	/* if dry, pool_pick's care */
	struct server *a, *b;

	if (p->nusable <= RANDOM_SCAN)
		return scan(p, pick, rng_below(rng, p->nusable));
	a = draw(p, pick, rng, NULL);
	b = draw(p, pick, rng, a);
	if (a == NULL || b == NULL)
		return scan(p, pick, rng_below(rng, p->nusable));
	return is_lighter(b, a) ? b : a;
}

static void
init(struct pool *p)
{
	p->balance_state = NULL;
}

static void
nothing(struct pool *p)
{
	(void)p;
}

const struct balance_ops random_ops = {
	.name = "random",
	.algo = "random",
	.init = init,
	.fini = nothing,
	.refresh = nothing,
	.pick = random_pick,
	.score = score_load,
	.score_is = "(active + 1) / weight, the lesser of two by lot",
};
