/*
 * route_index.c - the routes that a request can match, in the file's order.
 *
 * Each condition becomes a key, and holds if that key begins the request's:
 *
 *	path "/a"	"/a" NUL	host "a.b"	"b.a" NUL
 *	path_prefix "/a"	"/a"	host "*.b"	"b."
 *	none		""		none		""
 *
 * The request's keys are its path and its host, lower-case and backwards
 * (shown above by labels, done by bytes), each with a NUL after it.  Keys are
 * sorted, and each knows the longest other one that begins it (up).  Let k be
 * the last key that is not after the request's.  A key q that begins the
 * request's is not after k, and what stands between q and something that q
 * begins, q begins as well: so q is k, or is met on the way up from k.
 *
 * Why:       a binary search, then a climb, finds every route that can match,
 *            whatever the number of routes; neither hash nor secret.
 * Owns:      its arrays and the hosts' keys.  Borrows: the paths.
 * Invariant: a route that matches is always among those found; one that is
 *            found need not match: route.c asks all its conditions.
 * Not here:  listener, method and field.  Routes that differ in nothing else
 *            are looked at one after the other.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "http/uri.h"
#include "proxy/route_index.h"

#define NONE UINT32_MAX
/* Of a longer host, and of a longer pattern, only the end counts: what is found
 * may be more, never less. */
#define HOST_MAX ((size_t)255)

struct route_node {
	struct slice key;
	uint32_t up;		/* the longest other key that begins this one */
	uint32_t from, n;	/* of paths, or of order */
};

struct entry {
	struct slice host, path;
	uint32_t number;
};

/* Numbers of routes under the same conditions, ascending. */
struct run {
	const uint32_t *at, *end;
};

struct search {
	bool (*matches)(void *arg, size_t number);
	void *arg;
	size_t best;
	struct run runs[ROUTE_RUNS];
	size_t nruns;
};

/* As uri_host_matches() does: a final dot does not count. */
static struct slice
backwards(struct slice host, char *to)
{
	size_t n = 0, end = host.n;

	if (end > 0 && host.p[end - 1] == '.')
		end--;
	while (n < end && n < HOST_MAX) {
		to[n] = slice_lower(host.p[end - 1 - n]);
		n++;
	}
	return slice_make(to, n);
}

static struct slice
host_key(struct arena *a, const char *pattern)
{
	struct slice host = slice_of(pattern), key;
	bool wild = slice_starts(host, SLICE("*."));
	char *copy;

	if (pattern == NULL)
		return SLICE("");
	copy = arena_get(a, host.n + 1);
	key = backwards(wild ? slice_skip(host, 1) : host, copy);
	if (!wild)
		copy[key.n++] = '\0';
	return key;
}

static struct slice
path_key(const struct conf_route *r)
{
	if (r->path != NULL)
		return slice_make(r->path, strlen(r->path) + 1);
	return r->path_prefix != NULL ? slice_of(r->path_prefix) : SLICE("");
}

static int
compare(struct slice a, struct slice b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int
compare_entries(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int c = compare(a->host, b->host);

	if (c == 0)
		c = compare(a->path, b->path);
	return c != 0 ? c : (a->number > b->number) - (a->number < b->number);
}

/* Puts key after all others of the list, which begins at first. */
static void
add_node(struct route_node *nodes, size_t first, size_t i, struct slice key,
    size_t from)
{
	uint32_t up = i > first ? (uint32_t)i - 1 : NONE;

	while (up != NONE && !slice_starts(key, nodes[up].key))
		up = nodes[up].up;
	nodes[i] = (struct route_node){ key, up, (uint32_t)from, 0 };
}

static void
group(struct route_index *x, const struct entry *e)
{
	struct route_node *host = NULL, *path = NULL;
	size_t npaths = 0;

	for (size_t i = 0; i < x->nroutes; i++, e++) {
		if (host == NULL || !slice_eq(e->host, host->key)) {
			host = &x->hosts[x->nhosts];
			add_node(x->hosts, 0, x->nhosts++, e->host, npaths);
			path = NULL;
		}
		if (path == NULL || !slice_eq(e->path, path->key)) {
			path = &x->paths[npaths];
			add_node(x->paths, host->from, npaths++, e->path, i);
			host->n++;
		}
		path->n++;
		x->order[i] = e->number;
	}
}

void
route_index_init(struct route_index *x, const struct conf_route *routes,
    size_t n)
{
	struct entry *entries = mem_array(n + 1, sizeof(*entries));

	must(n < NONE);
	memset(x, 0, sizeof(*x));
	arena_init(&x->keys, NULL);
	x->hosts = mem_array(n + 1, sizeof(*x->hosts));
	x->paths = mem_array(n + 1, sizeof(*x->paths));
	x->order = mem_array(n + 1, sizeof(*x->order));
	x->nroutes = n;
	for (size_t i = 0; i < n; i++)
		entries[i] = (struct entry){
			.host = host_key(&x->keys, routes[i].host),
			.path = path_key(&routes[i]),
			.number = (uint32_t)i,
		};
	qsort(entries, n, sizeof(*entries), compare_entries);
	group(x, entries);
	free(entries);
}

void
route_index_fini(struct route_index *x)
{
	free(x->hosts);
	free(x->paths);
	free(x->order);
	arena_reset(&x->keys);
	memset(x, 0, sizeof(*x));
}

/* Does key begin the bytes of want and the NUL after them? */
static bool
begins(struct slice key, struct slice want)
{
	if (key.n == want.n + 1 && key.p[want.n] == '\0')
		key.n--;
	return slice_starts(want, key);
}

/* Does key stand after the bytes of want and the NUL after them? */
static bool
is_after(struct slice key, struct slice want)
{
	size_t n = key.n < want.n ? key.n : want.n;
	int c = n > 0 ? memcmp(key.p, want.p, n) : 0;

	return c > 0 || (c == 0 && key.n > n && key.p[n] != '\0');
}

/* The longest of n keys that begins want, or NONE. */
static uint32_t
seek(const struct route_node *nodes, size_t from, size_t n, struct slice want)
{
	size_t to = from + n, first = from, middle;
	uint32_t i;

	if (n == 1 && nodes[from].key.n == 0)
		return (uint32_t)from;
	while (from < to) {
		middle = from + (to - from) / 2;
		if (is_after(nodes[middle].key, want))
			to = middle;
		else
			from = middle + 1;
	}
	i = from > first ? (uint32_t)from - 1 : NONE;
	while (i != NONE && !begins(nodes[i].key, want))
		i = nodes[i].up;
	return i;
}

/* The run whose next number is the smallest, if it is better than the best. */
static struct run *
next_run(struct search *s)
{
	struct run *least = NULL;
	size_t bound = s->best;

	for (struct run *r = s->runs; r < s->runs + s->nruns; r++)
		if (r->at < r->end && *r->at < bound) {
			bound = *r->at;
			least = r;
		}
	return least;
}

static void
look_at_runs(struct search *s)
{
	struct run *r;

	while ((r = next_run(s)) != NULL) {
		if (s->matches(s->arg, *r->at))
			s->best = *r->at;
		r->at++;
	}
	s->nruns = 0;
}

/* As a key; nobody asks for it where no route names a host. */
static struct slice
wanted_host(const struct route_index *x, struct slice authority, char *to)
{
	struct slice name, port;

	if (x->nhosts == 1 && x->hosts[0].key.n == 0)
		return SLICE("");
	uri_split_authority(authority, &name, &port);
	return backwards(name, to);
}

size_t
route_index_first(const struct route_index *x, struct slice authority,
    struct slice path, bool (*matches)(void *arg, size_t number), void *arg)
{
	const struct route_node *host, *node;
	char copy[HOST_MAX];
	struct slice name;
	struct search s;
	uint32_t p;

	s.matches = matches;
	s.arg = arg;
	s.best = x->nroutes;
	s.nruns = 0;
	name = wanted_host(x, authority, copy);
	for (uint32_t h = seek(x->hosts, 0, x->nhosts, name); h != NONE;
	    h = host->up) {
		host = &x->hosts[h];
		for (p = seek(x->paths, host->from, host->n, path); p != NONE;
		    p = node->up) {
			node = &x->paths[p];
			if (s.nruns == ROUTE_RUNS)
				look_at_runs(&s);
			s.runs[s.nruns++] = (struct run){ x->order + node->from,
			    x->order + node->from + node->n };
		}
	}
	look_at_runs(&s);
	return s.best;
}
