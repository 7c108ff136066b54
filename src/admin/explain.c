/*
 * explain.c - what would become of a request, and why.
 *
 *	words --read--> question --routes_explain--> route --> explain_pool
 *
 * Why:       a request is written out and read by the parser that reads those
 *            of clients, so that what is explained is what happens.
 * Not here:  how a pool chooses (explain_pool.c).
 */
#include <stdio.h>
#include <string.h>

#include "admin/explain.h"
#include "cluster/pool.h"
#include "codec/h1_parse.h"
#include "http/uri.h"

#define TRIED 8

struct question {
	struct request *r;
	struct arena arena;
	struct head head;
	struct slice path;		/* normalised */
	const struct conf_listener *on;
	struct addr from;
	bool has_from;
	const char *tried[TRIED];
	unsigned ntried;
	int at;				/* of argv, behind the options */
};

static bool
refuse(const struct question *q, const char *why)
{
	text_add(q->r->out, "%s\n", why);
	return false;
}

/* An address without its port. */
static bool
read_from(struct question *q, const char *word)
{
	bool is_bare6 = strchr(word, ':') != NULL && word[0] != '[' &&
	    strncmp(word, "unix:", 5) != 0;
	struct slice text = arena_print(&q->arena, is_bare6 ? "[%s]:1" :
	    strncmp(word, "unix:", 5) == 0 ? "%s" : "%s:1", word);

	if (addr_parse(text, &q->from) != NULL)
		return refuse(q, "Invalid address after 'from'.");
	q->has_from = true;
	return true;
}

static bool
read_option(struct question *q, const char *name, const char *value)
{
	if (strcmp(name, "from") == 0)
		return read_from(q, value);
	if (strcmp(name, "on") == 0) {
		q->on = conf_find_listener(q->r->worker->conf, value);
		return q->on != NULL || refuse(q, "No such listener.");
	}
	if (q->ntried == TRIED)
		return refuse(q, "Too many words 'tried'; at most 8.");
	q->tried[q->ntried++] = value;
	return true;
}

static bool
is_option(const char *word)
{
	return strcmp(word, "on") == 0 || strcmp(word, "from") == 0 ||
	    strcmp(word, "tried") == 0;
}

static bool
read_options(struct question *q)
{
	const struct request *r = q->r;

	for (; q->at + 1 < r->argc && is_option(r->argv[q->at]); q->at += 2)
		if (!read_option(q, r->argv[q->at], r->argv[q->at + 1]))
			return false;
	return true;
}

/* Cuts the next word off. */
static struct slice
next_word(struct slice *s)
{
	size_t n = 0;

	*s = slice_trim(*s);
	while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t')
		n++;
	*s = slice_skip(*s, n);
	return slice_make(s->p - n, n);
}

/* "http://host:81/path" or, for CONNECT, "host:81". */
static struct slice
authority_of(struct slice target)
{
	const char *at = memmem(target.p, target.n, "://", 3);
	size_t n = 0;

	if (target.n > 0 && (target.p[0] == '/' || target.p[0] == '*'))
		return SLICE_NONE;
	if (at != NULL)
		target = slice_skip(target, (size_t)(at + 3 - target.p));
	while (n < target.n && target.p[n] != '/' && target.p[n] != '?')
		n++;
	return slice_make(target.p, n);
}

/* "Name: value Other: value" as lines; a word that ends in ':' is a name. */
static bool
write_fields(struct text *t, struct slice rest)
{
	bool any = false;
	struct slice word;

	while ((word = next_word(&rest)).n > 0) {
		if (word.p[word.n - 1] == ':') {
			text_add(t, any ? "\r\n" : "");
			any = true;
		} else if (any) {
			text_add_char(t, ' ');
		} else {
			return false;
		}
		text_add_slice(t, word);
	}
	text_add(t, any ? "\r\n" : "");
	return true;
}

static bool
has_host(struct slice rest)
{
	struct slice word;

	while ((word = next_word(&rest)).n > 0)
		if (slice_eq_nocase(word, SLICE("host:")))
			return true;
	return false;
}

/* The head of the request, as a client would send it; one that names no host
 * is an old one. */
static bool
write_request(struct question *q, struct text *t, struct slice words)
{
	struct slice method = next_word(&words), target = next_word(&words);
	struct slice host = authority_of(target);
	bool given = has_host(words);

	text_add(t, "%.*s %.*s HTTP/1.%d\r\n", SLICE_ARG(method),
	    SLICE_ARG(target), given || host.n > 0);
	if (!given && host.n > 0)
		text_add(t, "Host: %.*s\r\n", SLICE_ARG(host));
	if (!write_fields(t, words))
		return refuse(q, "Expects 'Name: value' after the target.");
	text_add(t, "\r\n");
	return true;
}

static bool
parse_request(struct question *q, struct slice in)
{
	const struct http_limits *limits = q->on != NULL ? &q->on->limits :
	    &http_limits_default;
	struct h1_scan scan = { 0 };
	struct h1_facts facts;
	struct fault fault;
	ssize_t n = h1_parse_request(in, &scan, limits, &q->arena, &q->head,
	    &facts, &fault);

	if (n < 0) {
		text_add(q->r->out, "Invalid request, answered %u: %s\n",
		    fault.status, fault.why);
		return false;
	}
	if ((size_t)n != in.n)
		return refuse(q, "Invalid request.");
	if (!uri_normalise(q->head.path, &q->arena, &q->path))
		return refuse(q, "Invalid request, answered 400: the path "
		    "climbs above the root");
	return true;
}

/* The one of the target's port, or the first. */
static const struct conf_listener *
guess_listener(const struct conf *c, const struct head *h)
{
	struct slice host, port;
	uint64_t n = slice_eq_nocase(h->scheme, SLICE("https")) ? 443 : 80;

	uri_split_authority(h->authority, &host, &port);
	if (port.n > 0 && !slice_number(port, UINT16_MAX, &n))
		n = 0;
	for (size_t i = 0; i < c->nlisteners; i++)
		if (addr_port(&c->listeners[i].address.addr) == (int)n)
			return &c->listeners[i];
	return c->nlisteners > 0 ? &c->listeners[0] : NULL;
}

static bool
read_request(struct question *q, struct slice words)
{
	struct text t;
	bool good;

	text_init(&t);
	good = write_request(q, &t, words) && parse_request(q, text_slice(&t));
	text_fini(&t);
	if (good && q->on == NULL)
		q->on = guess_listener(q->r->worker->conf, &q->head);
	if (!good || q->on == NULL)
		return good && refuse(q, "No such listener.");
	q->head.scheme = conf_has_tls(q->on) ? SLICE("https") : SLICE("http");
	return true;
}

static void
ask_pool(struct question *q, struct pool *p, struct slice key)
{
	struct server *tried[TRIED], *s;
	struct pick pick = { .request = &q->head, .path = q->path, .key = key,
	    .client = q->has_from ? &q->from : NULL, .tried = tried };

	for (unsigned i = 0; i < q->ntried; i++) {
		s = pool_find_server(p, q->tried[i]);
		if (s != NULL)
			tried[pick.ntried++] = s;
	}
	explain_pool(q->r, p, &pick);
}

static const char *const bars[] = {
	[ROUTE_LISTENER] = "listener", [ROUTE_METHOD] = "method",
	[ROUTE_PATH] = "path", [ROUTE_PATH_PREFIX] = "path_prefix",
	[ROUTE_HOST] = "host", [ROUTE_FIELD] = "field",
};

/* The value of the condition that does not hold. */
static const char *
wanted(const struct conf_route *route, enum route_bar bar)
{
	switch (bar) {
	case ROUTE_LISTENER:
		return route->listener;
	case ROUTE_METHOD:
		return route->method;
	case ROUTE_PATH:
		return route->path;
	case ROUTE_PATH_PREFIX:
		return route->path_prefix;
	case ROUTE_HOST:
		return route->host;
	case ROUTE_FIELD:
		return route->field->name;
	case ROUTE_MATCHES:
		break;
	}
	return "";
}

static void
put_route(struct request *r, const struct conf_route *route, unsigned number,
    enum route_bar bar)
{
	const char *file = route->where.file;

	text_add(r->out, "route %u (%s:%u): ", number,
	    file != NULL ? file : "-", route->where.line);
	if (bar == ROUTE_MATCHES) {
		text_add(r->out, "matches\n");
		return;
	}
	text_add(r->out, "no, %s is not \"", bars[bar]);
	text_add_escaped(r->out, slice_of(wanted(route, bar)));
	if (bar == ROUTE_FIELD && route->field->value != NULL) {
		text_add(r->out, ": ");
		text_add_escaped(r->out, slice_of(route->field->value));
	}
	text_add(r->out, "\"\n");
}

static void
put_route_json(struct request *r, const struct conf_route *route,
    unsigned number, enum route_bar bar)
{
	text_add(r->out, "%s{\"route\":%u,\"file\":", number > 1 ? "," : "",
	    number);
	text_add_json(r->out, slice_of(route->where.file));
	text_add(r->out, ",\"line\":%u,\"matches\":%s,\"condition\":",
	    route->where.line, bar == ROUTE_MATCHES ? "true" : "false");
	if (bar == ROUTE_MATCHES)
		text_add(r->out, "null}");
	else
		text_add(r->out, "\"%s\"}", bars[bar]);
}

static bool
is_sent_to_https(const struct question *q)
{
	return q->on->https_only.on && !conf_has_tls(q->on);
}

static const struct conf_route *
ask_routes(struct question *q)
{
	const struct routes *routes = &q->r->worker->routes;
	const struct conf *c = routes->conf;
	enum route_bar *why = arena_get(&q->arena,
	    (c->nroutes + 1) * sizeof(*why));
	const struct conf_route *found;
	size_t n;

	found = routes_explain(routes, q->on, &q->head, q->path, why);
	n = found != NULL ? (size_t)(found - c->routes) + 1 : c->nroutes;
	for (size_t i = 0; i < n; i++)
		(q->r->json ? put_route_json : put_route)(q->r, &c->routes[i],
		    (unsigned)i + 1, why[i]);
	return found;
}

/* An answer of our own. */
static void
put_reply(struct question *q, unsigned status, const char *why,
    struct slice what)
{
	struct text *out = q->r->out;

	if (!q->r->json) {
		text_add(out, "answered %u: %s%.*s\n", status, why,
		    SLICE_ARG(what));
		return;
	}
	text_add(out, "\"pool\":null,\"outcome\":\"answered\",\"status\":%u",
	    status);
	if (what.n > 0) {
		text_add(out, ",\"location\":");
		text_add_json(out, what);
	}
}

static void
ask_route(struct question *q, const struct conf_route *route)
{
	const struct worker *w = q->r->worker;

	if (is_sent_to_https(q))
		put_reply(q, 308, "the listener is https_only, see ",
		    route_to_https(&q->on->https_only, &q->head, &q->arena));
	else if (route == NULL)
		put_reply(q, 404, "no route matches", SLICE_NONE);
	else if (head_is_method(&q->head, "CONNECT") && !route->connect)
		put_reply(q, 405, "CONNECT is not allowed by the route",
		    SLICE_NONE);
	else if (route->action == ACTION_RESPOND)
		put_reply(q, (unsigned)route->respond.status,
		    "the route responds", SLICE_NONE);
	else if (route->action == ACTION_REDIRECT)
		put_reply(q, (unsigned)route->redirect.status, "see ",
		    route_location(route, &q->head, &q->arena));
	else
		ask_pool(q, w->pools[route->to - w->conf->pools], SLICE_NONE);
}

static void
explain_request(struct question *q)
{
	struct text *out = q->r->out;
	const struct conf_route *route;
	struct head *h = &q->head;

	if (q->r->json) {
		text_add(out, "{\"method\":");
		text_add_json(out, h->method);
		text_add(out, ",\"host\":");
		text_add_json(out, h->authority);
		text_add(out, ",\"path\":");
		text_add_json(out, q->path);
		text_add(out, ",\"listener\":");
		text_add_json(out, slice_of(q->on->name));
		text_add(out, ",\"routes\":[");
	} else {
		text_add(out, "%.*s ", SLICE_ARG(h->method));
		text_add_escaped(out, q->path);
		text_add(out, " of host \"%.*s\" on listener %s\n",
		    SLICE_ARG(h->authority), q->on->name);
	}
	route = is_sent_to_https(q) ? NULL : ask_routes(q);
	text_add(out, q->r->json ? "]," : "");
	ask_route(q, route);
	text_add(out, q->r->json ? "}\n" : "");
}

static void
explain_key(struct question *q, struct pool *p, const char *key)
{
	text_add(q->r->out, q->r->json ? "{" : "");
	ask_pool(q, p, slice_of(key));
	text_add(q->r->out, q->r->json ? "}\n" : "");
}

/* Is the second of the words a target?  Then the first is a method. */
static bool
is_request(struct slice words)
{
	struct slice method = next_word(&words), target = next_word(&words);

	return slice_eq(method, SLICE("CONNECT")) ||
	    slice_eq(target, SLICE("*")) ||
	    (target.n > 0 && memchr(target.p, '/', target.n) != NULL);
}

static void
answer(struct question *q)
{
	const struct request *r = q->r;
	int n = r->argc - q->at;
	struct slice words = SLICE_NONE;
	struct pool *p;

	p = n == 1 || n == 2 ? request_pool(q->r, r->argv[q->at]) : NULL;
	if (p != NULL) {
		explain_key(q, p, n == 2 ? r->argv[q->at + 1] : NULL);
		return;
	}
	for (int i = q->at; i < r->argc; i++)
		words = arena_print(&q->arena, "%.*s%s ", SLICE_ARG(words),
		    r->argv[i]);
	if (n <= 0)
		(void)refuse(q, "usage: explain <pool> [<key>] | explain "
		    "<method> <url> [<name>: <value>]");
	else if (!is_request(words))
		(void)refuse(q, "No such backend.");
	else if (read_request(q, words))
		explain_request(q);
}

void
explain(struct request *r)
{
	struct question q = { .r = r };

	arena_init(&q.arena, &r->worker->loop->chunks);
	head_init(&q.head, HEAD_REQUEST);
	if (read_options(&q))
		answer(&q);
	arena_reset(&q.arena);
}
