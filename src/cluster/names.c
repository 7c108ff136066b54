/*
 * names.c - the names of servers, and what DNS last said about each.
 *
 * Why:       pools and snapshots come and go; what is known of a name stays as
 *            long as some row has it, so that a reload while DNS is dead costs
 *            nothing.
 * Owns:      the lookups under way, a timer a name.   Borrows: the resolver.
 * Invariant: an answer that is no good changes no server.
 */
#include "cluster/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"

static void ask(struct name *nm);

int64_t
names_wait(int64_t ttl, int64_t min, int64_t max)
{
	if (ttl < min)
		return min;
	return ttl > max ? max : ttl;
}

static const struct record *
find_record(const struct record *v, size_t n, const struct record *r)
{
	for (size_t i = 0; i < n; i++)
		if (addr_eq(&v[i].addr, &r->addr))
			return &v[i];
	return NULL;
}

bool
names_merge(struct record **v, size_t *n, const struct answer *a)
{
	struct record *now = mem_array(*n + a->n + 1, sizeof(*now));
	const struct record *r;
	bool changed = false;
	size_t m = 0;

	must(a->n == 0 || a->v != NULL);
	for (size_t i = 0; i < *n; i++) {
		r = find_record(a->v, a->n, &(*v)[i]);
		if (r == NULL && !a->partial) {
			changed = true;
			continue;
		}
		now[m++] = r != NULL ? *r : (*v)[i];
		changed = changed || (r != NULL && r->weight != (*v)[i].weight);
	}
	for (size_t i = 0; i < a->n; i++) {
		if (find_record(now, m, &a->v[i]) != NULL)
			continue;
		now[m++] = a->v[i];
		changed = true;
	}
	free(*v);
	*v = now;
	*n = m;
	return changed;
}

static void
add_records(struct text *t, const struct name *nm)
{
	char addr[ADDR_TEXT];

	text_add(t, "%s", nm->n == 0 ? "nothing" : "");
	for (size_t i = 0; i < nm->n; i++) {
		if (nm->kind == LOOKUP_SERVICE)
			addr_print(&nm->v[i].addr, addr);
		else
			addr_print_host(&nm->v[i].addr, addr);
		text_add(t, "%s%s", i > 0 ? ", " : "", addr);
	}
}

/* Pools that have it: their servers follow. */
static void
tell_pools(struct name *nm)
{
	struct pool *p;

	list_each(p, &nm->names->cluster->pools, struct pool, node)
		for (size_t i = 0; i < p->conf->nservers; i++)
			if (names_find(nm->names,
			    &p->conf->servers[i].address) == nm) {
				pool_reseat(p);
				break;
			}
}

static void
log_change(const struct name *nm, const struct text *was,
    const struct text *is, int64_t ttl)
{
	struct log_field fields[] = {
		{ "name", slice_of(nm->host), 0 },
		{ "old", text_slice(was), 0 },
		{ "new", text_slice(is), 0 },
		{ "ttl", SLICE_NONE, ttl / USEC_PER_SEC },
	};

	log_event(nm->names->cluster->log, LOG_LEVEL_INFO, "resolve", fields,
	    4, "%s is %s, was %s; ttl %lld s", nm->host, is->p, was->p,
	    (long long)(ttl / USEC_PER_SEC));
}

static void
log_recovery(const struct name *nm, const struct text *is, int64_t ttl)
{
	struct log_field fields[] = {
		{ "name", slice_of(nm->host), 0 },
		{ "new", text_slice(is), 0 },
		{ "ttl", SLICE_NONE, ttl / USEC_PER_SEC },
	};

	log_event(nm->names->cluster->log, LOG_LEVEL_INFO, "resolve", fields,
	    3, "%s resolves again: %s, as before", nm->host, is->p);
}

/* The same failure again is not told again. */
static void
fail(struct name *nm, const char *error)
{
	struct text is;
	struct log_field fields[] = {
		{ "name", slice_of(nm->host), 0 },
		{ "error", slice_of(error), 0 },
		{ "old", SLICE_NONE, 0 },
	};

	if (nm->error != NULL && strcmp(nm->error, error) == 0)
		return;
	nm->error = error;
	text_init(&is);
	add_records(&is, nm);
	fields[2].text = text_slice(&is);
	log_event(nm->names->cluster->log, LOG_LEVEL_WARN, "resolve", fields,
	    3, "%s cannot be resolved: %s; known is %s", nm->host, error,
	    is.p);
	text_fini(&is);
}

static void
succeed(struct name *nm, const struct answer *a)
{
	bool failed = nm->error != NULL;
	struct text was, is;

	text_init(&was);
	text_init(&is);
	add_records(&was, nm);
	nm->error = NULL;
	if (names_merge(&nm->v, &nm->n, a)) {
		add_records(&is, nm);
		log_change(nm, &was, &is, a->ttl);
		tell_pools(nm);
	} else if (failed) {
		log_recovery(nm, &was, a->ttl);
	}
	text_fini(&is);
	text_fini(&was);
}

static void
on_answer(void *owner, const struct answer *a)
{
	struct name *nm = owner;
	struct names *n = nm->names;
	bool first = !nm->tried;

	nm->lookup = NULL;
	nm->tried = true;
	if (a->error == NULL)
		succeed(nm, a);
	else
		fail(nm, a->error);
	if (first && nm->n == 0)
		tell_pools(nm);		/* now it is known to be empty */
	loop_after(n->cluster->loop, &nm->again, a->error == NULL ?
	    names_wait(a->ttl, n->min, n->max) : n->min);
}

static void
on_again(struct timer *t)
{
	ask(list_entry(t, struct name, again));
}

static void
ask(struct name *nm)
{
	struct names *n = nm->names;
	struct lookup_query q = { nm->host, nm->kind, n->timeout, n->servers };

	if (n->resolver == NULL || nm->lookup != NULL)
		return;
	timer_stop(&n->cluster->loop->wheel, &nm->again);
	nm->lookup = n->resolver->ask(n->resolver, n->cluster->loop, &q,
	    on_answer, nm);
}

static void
forget(struct name *nm)
{
	if (nm->lookup != NULL)
		nm->names->resolver->cancel(&nm->lookup);
	timer_stop(&nm->names->cluster->loop->wheel, &nm->again);
	list_del(&nm->node);
	free(nm->v);
	free(nm->host);
	free(nm);
}

static struct name *
find(const struct names *n, const struct conf_address *a)
{
	enum lookup_kind kind = a->is_service ? LOOKUP_SERVICE : LOOKUP_HOST;
	struct name *nm;

	if (!a->is_name)
		return NULL;
	list_each(nm, &n->list, struct name, node)
		if (nm->kind == kind && strcasecmp(nm->host, a->host) == 0)
			return nm;
	return NULL;
}

const struct name *
names_find(const struct names *n, const struct conf_address *a)
{
	return find(n, a);
}

static void
want(struct names *n, const struct conf_address *a)
{
	struct name *nm = find(n, a);

	if (nm == NULL) {
		nm = mem_new(sizeof(*nm));
		nm->names = n;
		nm->host = mem_string(a->host);
		nm->kind = a->is_service ? LOOKUP_SERVICE : LOOKUP_HOST;
		timer_init(&nm->again, on_again);
		list_add_tail(&n->list, &nm->node);
	}
	nm->wanted = true;
}

static void
set_servers(struct names *n, const struct conf_addresses *list)
{
	char addr[ADDR_TEXT];
	struct text t;

	free(n->servers);
	n->servers = NULL;
	text_init(&t);
	for (size_t i = 0; i < list->n; i++) {
		addr_print(&list->v[i].addr, addr);
		text_add(&t, "%s%s", i > 0 ? "," : "", addr);
	}
	if (t.n > 0)
		n->servers = mem_string(t.p);
	text_fini(&t);
}

void
names_apply(struct names *n, const struct conf *snapshot)
{
	const struct conf_resolve *c = &snapshot->global.resolve;
	struct name *nm;

	n->min = c->min;
	n->max = c->max;
	n->timeout = c->timeout;
	set_servers(n, &c->servers);
	list_each(nm, &n->list, struct name, node)
		nm->wanted = false;
	for (size_t i = 0; i < snapshot->npools; i++)
		for (size_t j = 0; j < snapshot->pools[i].nservers; j++)
			if (snapshot->pools[i].servers[j].address.is_name)
				want(n, &snapshot->pools[i].servers[j]
				    .address);
	list_each(nm, &n->list, struct name, node) {
		if (nm->wanted)
			ask(nm);
		else
			forget(nm);
	}
}

void
names_init(struct names *n, struct cluster *c)
{
	*n = (struct names){ .cluster = c };
	list_init(&n->list);
}

void
names_fini(struct names *n)
{
	struct name *nm;

	list_each(nm, &n->list, struct name, node)
		forget(nm);
	free(n->servers);
	n->servers = NULL;
}
