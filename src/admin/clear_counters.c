/*
 * clear_counters.c - the operator begins to count anew: the largest values, or
 * all of them.
 *
 * What is in flight is counted on.  Who computes differences of counters takes
 * "all" for a restart.
 */
#include "admin/command.h"
#include "cluster/pool.h"
#include "cluster/server.h"
#include "proxy/listener.h"

/* How much of them. */
struct extent {
	void (*counters)(struct counters *c);
	void (*tls)(struct tls_counters *c);
};

static const struct extent most = { counters_clear_most,
    tls_counters_clear_most };
static const struct extent all = { counters_clear, tls_counters_clear };

static void
clear_pool(struct pool *p, const struct extent *e)
{
	struct server *s;

	e->counters(&p->count);
	list_each(s, &p->servers, struct server, node)
		e->counters(&s->count);
}

/* Of the process "show info" tells totals since the start: these stay. */
static void
clear(struct worker *w, const struct extent *e)
{
	struct listener *l;
	struct pool *p;

	counters_clear_most(&w->count);
	tls_counters_clear_most(&w->tls_count);
	rate_clear_most(&w->cluster.tls_keys);
	list_each(l, &w->listeners, struct listener, node) {
		e->counters(&l->count);
		e->tls(&l->tls);
	}
	list_each(p, &w->cluster.pools, struct pool, node)
		clear_pool(p, e);
}

void
clear_counters(struct request *r)
{
	if (r->argc > 0)
		text_add(r->out, "'clear counters' expects nothing, or "
		    "'all'.\n");
	else
		clear(r->worker, &most);
}

void
clear_counters_all(struct request *r)
{
	clear(r->worker, &all);
}
