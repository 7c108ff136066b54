/*
 * route.c - which route takes a request.
 *
 * First match wins, in the order of the file, so that what an operator reads
 * from top to bottom is what happens.
 *
 * Not here: which routes are worth a look (route_index.c).
 */
#include "proxy/route.h"

#include "http/uri.h"

void
routes_init(struct routes *r, const struct conf *conf)
{
	r->conf = conf;
	route_index_init(&r->index, conf->routes, conf->nroutes);
}

void
routes_fini(struct routes *r)
{
	r->conf = NULL;
	route_index_fini(&r->index);
}

static bool
has_field(const struct head *h, const struct conf_field *want)
{
	struct slice name = slice_of(want->name);
	struct slice value = slice_of(want->value);

	for (uint32_t i = 0; i < h->nfields; i++)
		if (slice_eq_nocase(h->fields[i].name, name) &&
		    (want->value == NULL ||
		    slice_eq(h->fields[i].value, value)))
			return true;
	return false;
}

static enum route_bar
find_bar(const struct conf_route *r, const struct conf_listener *l,
    const struct head *h, struct slice path)
{
	if (r->on != NULL && strcmp(r->on->name, l->name) != 0)
		return ROUTE_LISTENER;
	if (r->method != NULL && !head_is_method(h, r->method))
		return ROUTE_METHOD;
	if (r->path != NULL && !slice_eq(path, slice_of(r->path)))
		return ROUTE_PATH;
	if (r->path_prefix != NULL &&
	    !slice_starts(path, slice_of(r->path_prefix)))
		return ROUTE_PATH_PREFIX;
	if (r->host != NULL &&
	    !uri_host_matches(h->authority, slice_of(r->host)))
		return ROUTE_HOST;
	if (r->field != NULL && !has_field(h, r->field))
		return ROUTE_FIELD;
	return ROUTE_MATCHES;
}

struct question {
	const struct conf_route *routes;
	const struct conf_listener *listener;
	const struct head *request;
	struct slice path;
};

static bool
matches(void *arg, size_t number)
{
	const struct question *q = arg;

	return find_bar(&q->routes[number], q->listener, q->request,
	    q->path) == ROUTE_MATCHES;
}

const struct conf_route *
routes_find(const struct routes *r, const struct conf_listener *listener,
    const struct head *request, struct slice path)
{
	struct question q = { r->conf->routes, listener, request, path };
	size_t i = route_index_first(&r->index, request->authority, path,
	    matches, &q);

	return i < r->conf->nroutes ? &r->conf->routes[i] : NULL;
}

const struct conf_route *
routes_explain(const struct routes *r, const struct conf_listener *listener,
    const struct head *request, struct slice path, enum route_bar *bars)
{
	const struct conf_route *route = r->conf->routes;
	const struct conf_route *found = routes_find(r, listener, request,
	    path);
	const struct conf_route *end = route + r->conf->nroutes;

	for (; route < end; route++) {
		*bars++ = find_bar(route, listener, request, path);
		if (route == found)
			break;
	}
	return found;
}

/* The value of a variable that the checker has let pass. */
static struct slice
value_of(struct slice name, const struct head *h)
{
	struct slice host, port;

	if (slice_eq(name, SLICE("host"))) {
		uri_split_authority(h->authority, &host, &port);
		return host;
	}
	if (slice_eq(name, SLICE("path")))
		return uri_path(h->path);
	if (slice_eq(name, SLICE("query")))
		return uri_query(h->path);
	return h->scheme.n > 0 ? h->scheme : SLICE("http");
}

static size_t
word_length(const char *p)
{
	size_t n = 0;

	while (p[n] >= 'a' && p[n] <= 'z')
		n++;
	return n;
}

struct slice
route_location(const struct conf_route *route, const struct head *request,
    struct arena *a)
{
	const char *p = route->redirect.location;
	struct slice out = SLICE_NONE, part;

	while (*p != '\0') {
		if (*p == '$') {
			struct slice name = { p + 1, word_length(p + 1) };

			part = value_of(name, request);
			p += 1 + name.n;
			if (part.n == 0 && slice_eq(name, SLICE("host")))
				return SLICE_NONE;
		} else {
			part = (struct slice){ p, strcspn(p, "$") };
			p += part.n;
		}
		out = arena_print(a, "%.*s%.*s", SLICE_ARG(out),
		    SLICE_ARG(part));
	}
	/* "$path?$query" of a request without a query */
	if (out.n > 0 && out.p[out.n - 1] == '?')
		out.n--;
	return out;
}

struct slice
route_to_https(const struct conf_https_only *conf, const struct head *request,
    struct arena *a)
{
	struct slice host, port, path = request->path;

	uri_split_authority(request->authority, &host, &port);
	if (host.n == 0)
		return SLICE_NONE;
	if (path.n == 0 || path.p[0] != '/')
		path = SLICE("/");
	if (conf->port == 443)
		return arena_print(a, "https://%.*s%.*s", SLICE_ARG(host),
		    SLICE_ARG(path));
	return arena_print(a, "https://%.*s:%d%.*s", SLICE_ARG(host),
	    (int)conf->port, SLICE_ARG(path));
}
