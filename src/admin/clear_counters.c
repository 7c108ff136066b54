/*
 * clear_counters.c - the operator begins to count anew: the largest values, or
 * all of them.
 *
 * What is in flight is counted on.  Who computes differences of counters takes
 * "all" for a restart.
 */
#include <string.h>

#include "admin/command.h"
#include "cluster/pool.h"
#include "cluster/server.h"
#include "proxy/listener.h"

typedef void clear_fn(struct counters *c);

static void
clear_pool(struct pool *p, clear_fn *clear)
{
	struct server *s;

	clear(&p->count);
	list_each(s, &p->servers, struct server, node)
		clear(&s->count);
}

static void
clear_each(struct worker *w, clear_fn *clear)
{
	struct listener *l;
	struct pool *p;

	list_each(l, &w->listeners, struct listener, node)
		clear(&l->count);
	list_each(p, &w->cluster.pools, struct pool, node)
		clear_pool(p, clear);
}

/* Of the process "show info" tells totals since the start: these stay. */
static void
clear_of_process(struct worker *w)
{
	struct listener *l;

	counters_clear_most(&w->count);
	tls_counters_clear_most(&w->tls_count);
	rate_clear_most(&w->cluster.tls_keys);
	list_each(l, &w->listeners, struct listener, node)
		tls_counters_clear_most(&l->tls);
}

void
clear_counters(struct request *r)
{
	if (r->argc > 0) {
		text_add(r->out, "'clear counters' expects nothing, or "
		    "'all'.\n");
		return;
	}
	clear_each(r->worker, counters_clear_most);
	clear_of_process(r->worker);
}

void
clear_counters_all(struct request *r)
{
	struct listener *l;

	clear_each(r->worker, counters_clear);
	clear_of_process(r->worker);
	list_each(l, &r->worker->listeners, struct listener, node)
		tls_counters_clear(&l->tls);
}
