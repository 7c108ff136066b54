/*
 * pool_retune.c - a pool under a new snapshot.
 *
 * Why:       a server is its address: one that was renamed or reordered keeps
 *            its health, counters and connections.
 * Invariant: the old snapshot is put last; until then conf pointers of
 *            servers that go are good, and they take a reference of their own.
 */
#include <stdarg.h>
#include <string.h>

#include "base/must.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"

static void
say(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct text *t, const char *fmt, ...)
{
	va_list ap;

	if (t->n > 0)
		text_add(t, ", ");
	va_start(ap, fmt);
	text_vadd(t, fmt, ap);
	va_end(ap);
}

/* The same address; of several the one of the same name. */
static struct server *
find_standing(const struct list *old, const struct conf_server *conf)
{
	struct server *found = NULL, *s;

	list_each(s, old, struct server, node) {
		if (!addr_eq(&s->addr, &conf->address.addr))
			continue;
		if (strcmp(s->name, conf->name) == 0)
			return s;
		if (found == NULL)
			found = s;
	}
	return found;
}

static void
keep(struct server *s, const struct conf_server *conf, struct text *t)
{
	unsigned was = s->weight;

	if (strcmp(s->name, conf->name) != 0)
		say(t, "renamed %s to %s", s->name, conf->name);
	server_retune(s, conf);
	if (s->weight != was)
		say(t, "weight of %s %u -> %u", s->name, was, s->weight);
}

/* A server's place is that of its configuration; old keeps those that go. */
static void
sort_servers(struct pool *p, struct list *old, struct text *t)
{
	const struct conf_server *conf;
	struct server *s;

	for (size_t i = 0; i < p->conf->nservers; i++) {
		conf = &p->conf->servers[i];
		s = find_standing(old, conf);
		if (s != NULL) {
			list_del(&s->node);
			keep(s, conf, t);
		} else {
			s = server_new(p, conf);
			say(t, "added %s (%s)", s->name, s->addr_text);
		}
		list_add_tail(&p->servers, &s->node);
	}
	p->nservers = (unsigned)p->conf->nservers;
}

static void
change_policy(struct pool *p, struct text *t)
{
	const struct balance_ops *b = balance_find(p->conf->balance);

	must(b != NULL);	/* the loader checks by balance_names */
	if (b == p->balance)
		return;
	say(t, "balance %s -> %s", p->balance->name, b->name);
	p->balance->fini(p);
	p->balance = b;
	p->balance->init(p);
}

void
pool_retune(struct pool *p, struct conf *snapshot,
    const struct conf_pool *conf, struct text *changes)
{
	struct conf *last = p->snapshot;
	struct server *s;
	struct list old;

	list_init(&old);
	list_splice(&old, &p->servers);
	p->conf = conf;
	p->limits = conf->limits;
	sort_servers(p, &old, changes);
	list_each(s, &old, struct server, node) {
		say(changes, "removed %s", s->name);
		server_retire(s);
	}
	p->snapshot = conf_get(snapshot);
	conf_put(&last);
	change_policy(p, changes);
	queue_forget(p);
	pool_refresh(p);
}
