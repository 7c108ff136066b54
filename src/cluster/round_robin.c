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

/* What is next to be compared; weights are in thousandths. */
static struct score
score(const struct server *s)
{
	return (struct score){ s->current + (int64_t)server_weight_now(s),
	    1000 };
}

static struct server *
choose(struct pool *p, const struct pick *pick)
{
	struct server *best = NULL, *s;
	int64_t total = 0, most = 0, weight, next;

	for (unsigned i = 0; i < p->nusable; i++) {
		s = p->usable[i];
		if (pick_is_out(pick, s))
			continue;
		weight = (int64_t)server_weight_now(s);
		next = s->current + weight;
		total += weight;
		if (best == NULL || next > most) {
			best = s;
			most = next;
		}
		if (!pick->dry)
			s->current = next;
	}
	if (best != NULL && !pick->dry)
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
	.score = score,
	.score_is = "current value + weight, the most is taken",
};
