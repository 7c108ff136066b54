/*
 * round_robin.c - smooth weighted round robin.
 *
 * Each pick adds each weight to the server's current value, takes the largest
 * and subtracts the total from it, so that a heavy server's turns are spread
 * among the others'.
 */
#include "cluster/round_robin.h"

#include "cluster/pool.h"

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

static struct server *
choose(struct pool *p, const struct pick *pick)
{
	struct server *best = NULL, *s;
	int64_t total = 0;

	for (unsigned i = 0; i < p->nusable; i++) {
		s = p->usable[i];
		if (pick_is_out(pick, s))
			continue;
		s->current += s->weight;
		total += s->weight;
		if (best == NULL || s->current > best->current)
			best = s;
	}
	if (best != NULL)
		best->current -= total;
	return best;
}

const struct balance_ops round_robin_ops = {
	.name = "round_robin",
	.algo = "roundrobin",
	.init = init,
	.fini = nothing,
	.refresh = nothing,
	.pick = choose,
};
