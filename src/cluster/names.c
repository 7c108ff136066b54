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

#include "base/mem.h"
#include "base/must.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"

static void ask(struct name *nm);
static void ask_next(struct names *n);

int64_t
names_wait(int64_t ttl, int64_t min, int64_t max)
{
	if (ttl < min)
		return min;
	return ttl > max ? max : ttl;
}

/* Of a host, or of a service; the case of letters does not matter. */
#define KEY 256

static struct slice
key_of(const struct conf_address *a, char out[KEY])
{
	size_t n = 0;

	out[n++] = a->is_service ? 's' : 'h';
	for (const char *p = a->host; *p != '\0' && n < KEY; p++)
		out[n++] = slice_lower(*p);
	return slice_make(out, n);
}

static const struct record *
find_record(const struct record *v, size_t n, const struct record *r)
{
	for (size_t i = 0; i < n; i++)
		if (addr_eq(&v[i].addr, &r->addr))
			return &v[i];
	return NULL;
}

static bool
is_lost(const struct answer *a, const struct record *r)
{
	return r->addr.sa.sa_family == AF_INET6 ? a->lost6 : a->lost4;
}

bool
names_merge(struct record **v, size_t *n, const struct answer *a)
{
	struct record *now = mem_array(*n + a->n + 1, sizeof(*now));
	size_t kept = a->n, m = 0;
	const struct record *was, *r;
	bool changed = false;

	must(a->n == 0 || a->v != NULL);
	for (size_t i = 0; i < *n; i++) {
		was = &(*v)[i];
		r = find_record(a->v, a->n, was);
		if (r == NULL && (!is_lost(a, was) || kept >= ANSWER_MOST)) {
			changed = true;
			continue;
		}
		kept += r == NULL;
		now[m++] = r != NULL ? *r : *was;
		changed = changed || (r != NULL && (r->weight != was->weight ||
		    r->backup != was->backup));
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

static bool
has_fresh(const struct names *n, const struct pool *p)
{
	const struct name *nm;

	for (size_t i = 0; i < p->conf->nservers; i++) {
		nm = names_find(n, &p->conf->servers[i].address);
		if (nm != NULL && nm->fresh)
			return true;
	}
	return false;
}

/* Pools that have a name of which something new is known: their servers
 * follow. */
static void
run_tell(struct task *t)
{
	struct names *n = list_entry(t, struct names, tell);
	struct name *nm;
	struct pool *p;

	list_each(p, &n->cluster->pools, struct pool, node)
		if (has_fresh(n, p))
			pool_reseat(p);
	list_each(nm, &n->list, struct name, node)
		nm->fresh = false;
}

static void
tell_pools(struct name *nm)
{
	nm->fresh = true;
	loop_run(nm->names->cluster->loop, &nm->names->tell);
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
	n->asking--;
	nm->tried = true;
	if (a->error == NULL)
		succeed(nm, a);
	else
		fail(nm, a->error);
	if (first && nm->n == 0)
		tell_pools(nm);		/* now it is known to be empty */
	loop_after(n->cluster->loop, &nm->again, a->error == NULL ?
	    names_wait(a->ttl, n->min, n->max) : n->min);
	ask_next(n);
}

static void
on_again(struct timer *t)
{
	ask(list_entry(t, struct name, again));
}

/* Those that waited longest, as long as there may be one more. */
static void
ask_next(struct names *n)
{
	struct lookup_query q = { .timeout = n->timeout,
	    .servers = n->servers };
	struct name *nm;

	while (n->asking < NAMES_AT_ONCE && !list_is_empty(&n->waiting)) {
		nm = list_entry(list_pop(&n->waiting), struct name, turn);
		q.name = nm->host;
		q.kind = nm->kind;
		n->asking++;
		nm->lookup = n->resolver->ask(n->resolver, n->cluster->loop,
		    &q, on_answer, nm);
	}
}

static void
ask(struct name *nm)
{
	struct names *n = nm->names;

	if (n->resolver == NULL || nm->lookup != NULL || list_has(&nm->turn))
		return;
	timer_stop(&n->cluster->loop->wheel, &nm->again);
	list_add_tail(&n->waiting, &nm->turn);
	ask_next(n);
}

static void
forget(struct name *nm)
{
	struct names *n = nm->names;

	if (nm->lookup != NULL) {
		n->resolver->cancel(&nm->lookup);
		n->asking--;
	}
	timer_stop(&n->cluster->loop->wheel, &nm->again);
	list_del(&nm->turn);
	list_del(&nm->node);
	free(nm->v);
	free(nm->key);
	free(nm->host);
	free(nm);
}

static struct name *
find(const struct names *n, const struct conf_address *a)
{
	char key[KEY];

	return a->is_name ? map_get(&n->index, key_of(a, key)) : NULL;
}

const struct name *
names_find(const struct names *n, const struct conf_address *a)
{
	return find(n, a);
}

static void
add_to_index(struct names *n, struct name *nm)
{
	must(map_add(&n->index, slice_of(nm->key), nm));
}

static void
want(struct names *n, const struct conf_address *a)
{
	struct name *nm = find(n, a);
	struct slice key;
	char text[KEY];

	if (nm == NULL) {
		nm = mem_new(sizeof(*nm));
		nm->names = n;
		nm->host = mem_string(a->host);
		key = key_of(a, text);
		nm->key = mem_text(key.p, key.n);
		nm->kind = a->is_service ? LOOKUP_SERVICE : LOOKUP_HOST;
		timer_init(&nm->again, on_again);
		list_add_tail(&n->list, &nm->node);
		add_to_index(n, nm);
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
	map_fini(&n->index);
	list_each(nm, &n->list, struct name, node) {
		if (!nm->wanted) {
			forget(nm);
			continue;
		}
		add_to_index(n, nm);
		ask(nm);
	}
	ask_next(n);		/* in the place of those that went */
}

void
names_init(struct names *n, struct cluster *c)
{
	*n = (struct names){ .cluster = c };
	list_init(&n->list);
	list_init(&n->waiting);
	map_init(&n->index);
	task_init(&n->tell, run_tell);
}

void
names_fini(struct names *n)
{
	struct name *nm;

	list_each(nm, &n->list, struct name, node)
		forget(nm);
	map_fini(&n->index);
	task_stop(&n->tell);
	free(n->servers);
	n->servers = NULL;
}
