/*
 * cluster.c - all pools, and the step from one snapshot to the next.
 *
 * Owns:      the pools, also the retired ones until they are unused.
 * Invariant: pools stand in the order of the last snapshot applied.
 */
#include "cluster/cluster.h"

#include <stdarg.h>
#include <string.h>

#include "cluster/back.h"
#include "cluster/pool.h"

#define BACKS_KEPT 1024

void
cluster_init(struct cluster *c, struct loop *loop, struct log *log,
    struct rng *rng, struct dialer *dialer, const struct codec_shared *shared)
{
	*c = (struct cluster){
		.loop = loop,
		.log = log,
		.rng = rng,
		.dialer = dialer,
		.shared = *shared,
	};
	list_init(&c->pools);
	list_init(&c->retired);
	names_init(&c->names, c);
	slab_init(&c->backs, sizeof(struct back), BACKS_KEPT);
}

static void
end_backs(struct list *servers)
{
	struct server *s;

	list_each(s, servers, struct server, node) {
		back_close_idle(s);
		back_close_busy(s);
	}
}

void
cluster_fini(struct cluster *c)
{
	struct pool *p;

	c->on_change = NULL;
	names_fini(&c->names);
	list_each(p, &c->pools, struct pool, node)
		pool_retire(p);
	list_each(p, &c->retired, struct pool, node)
		end_backs(&p->retired);
	loop_reap_all(c->loop);
	slab_fini(&c->backs);
}

/* One pool's changes join those of all. */
static void
say(struct text *all, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct text *all, const char *fmt, ...)
{
	va_list ap;

	if (all == NULL)
		return;
	if (all->n > 0)
		text_add(all, "; ");
	va_start(ap, fmt);
	text_vadd(all, fmt, ap);
	va_end(ap);
}

static void
keep_pool(struct pool *p, struct conf *snapshot,
    const struct conf_pool *conf, struct text *changes)
{
	struct text t;

	text_init(&t);
	pool_retune(p, snapshot, conf, &t);
	if (t.n > 0)
		say(changes, "pool %s: %s", p->name, t.p);
	text_fini(&t);
}

static struct pool *
find_in(const struct list *pools, const char *name)
{
	struct pool *p;

	list_each(p, pools, struct pool, node)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

void
cluster_apply(struct cluster *c, struct conf *snapshot, struct text *changes)
{
	struct list old;
	struct pool *p;

	names_apply(&c->names, snapshot);
	list_init(&old);
	list_splice(&old, &c->pools);
	for (size_t i = 0; i < snapshot->npools; i++) {
		const struct conf_pool *conf = &snapshot->pools[i];

		p = find_in(&old, conf->name);
		if (p == NULL) {
			say(changes, "added pool %s (%zu server%s)",
			    conf->name, conf->nservers,
			    conf->nservers == 1 ? "" : "s");
			(void)pool_new(c, snapshot, conf);
			continue;
		}
		list_del(&p->node);
		list_add_tail(&c->pools, &p->node);
		keep_pool(p, snapshot, conf, changes);
	}
	list_each(p, &old, struct pool, node) {
		say(changes, "removed pool %s", p->name);
		pool_retire(p);
	}
}

struct pool *
cluster_find(const struct cluster *c, const char *name)
{
	return find_in(&c->pools, name);
}
