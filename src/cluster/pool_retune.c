/*
 * pool_retune.c - a pool under a new snapshot, or a new answer of DNS.
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
#include "cluster/seat.h"

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
find_standing(const struct list *old, const struct seat *seat)
{
	struct server *found = NULL, *s;
	bool unresolved = seat->addr.len == 0;

	list_each(s, old, struct server, node) {
		if (s->unresolved != unresolved ||
		    (!unresolved && !addr_eq(&s->addr, &seat->addr)))
			continue;
		if (strcmp(s->name, seat->name) == 0)
			return s;
		if (found == NULL && !unresolved)
			found = s;
	}
	return found;
}

static void
keep(struct server *s, const struct seat *seat, struct text *t)
{
	unsigned was = s->weight;

	if (strcmp(s->name, seat->name) != 0)
		say(t, "renamed %s to %s", s->name, seat->name);
	server_retune(s, seat);
	if (s->weight != was)
		say(t, "weight of %s %u -> %u", s->name, was, s->weight);
}

/* What the operator said about a name holds at its next address. */
static void
inherit(struct server *s, const struct list *old)
{
	struct server *o;

	if (!s->conf->address.is_name)
		return;
	list_each(o, old, struct server, node)
		if (strcmp(o->name, s->name) == 0)
			server_inherit(s, o);
}

/* A server's place is that of its configuration; old keeps those that go. */
static void
sort_servers(struct pool *p, struct list *old, const struct seats *seats,
    struct text *t)
{
	struct server *s;

	for (size_t i = 0; i < seats->n; i++) {
		s = find_standing(old, &seats->v[i]);
		if (s != NULL) {
			list_del(&s->node);
			keep(s, &seats->v[i], t);
		} else {
			s = server_new(p, &seats->v[i]);
			inherit(s, old);
			say(t, "added %s (%s)", s->name, s->addr_text);
		}
		list_add_tail(&p->servers, &s->node);
	}
	p->nservers = (unsigned)seats->n;
}

void
pool_seat(struct pool *p, struct list *old, struct text *changes)
{
	struct seats seats;
	struct server *s;

	seats_init(&seats, p);
	sort_servers(p, old, &seats, changes);
	list_each(s, old, struct server, node) {
		say(changes, "removed %s", s->name);
		server_retire(s);
	}
	seats_fini(&seats);
}

void
pool_reseat(struct pool *p)
{
	struct text changes;
	struct list old;

	text_init(&changes);
	list_init(&old);
	list_splice(&old, &p->servers);
	pool_seat(p, &old, &changes);
	if (changes.n > 0)
		log_info(p->cluster->log, "resolve", "pool %s: %s", p->name,
		    changes.p);
	text_fini(&changes);
	pool_refresh(p);
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

static void
note_tls(const struct conf_pool_tls *was, const struct conf_pool_tls *is,
    struct text *t)
{
	if (was->on != is->on)
		say(t, "TLS to servers is %s", is->on ? "on" : "off");
	else if (is->on && !tls_client_same(was->client, is->client))
		say(t, "settings of TLS to servers");
}

static void
note_protocol(const struct conf_pool *was, const struct conf_pool *is,
    struct text *t)
{
	if (was->proto != is->proto)
		say(t, "another protocol to servers");
}

void
pool_retune(struct pool *p, struct conf *snapshot,
    const struct conf_pool *conf, struct text *changes)
{
	struct conf *last = p->snapshot;
	struct list old;

	list_init(&old);
	list_splice(&old, &p->servers);
	note_tls(&p->conf->tls, &conf->tls, changes);
	note_protocol(p->conf, conf, changes);
	p->conf = conf;
	p->limits = conf->limits;
	pool_seat(p, &old, changes);
	p->snapshot = conf_get(snapshot);
	conf_put(&last);
	change_policy(p, changes);
	pool_refresh(p);
}
