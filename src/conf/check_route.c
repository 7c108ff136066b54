/*
 * check_route.c - routes: what they match, and where they lead.
 *
 * Why so strict: a condition that can never hold, such as a path that is not
 * in its normal form, is a route that silently does nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/check.h"
#include "conf/load.h"
#include "conf/nearest.h"
#include "conf/read_text.h"
#include "http/check.h"
#include "http/uri.h"

static const char *const variables[] =
    { "host", "path", "query", "scheme", NULL };

static void
complain_no_such(const struct subject *s, const char *key, const char *name,
    const char *best)
{
	struct arena *a = &s->r->conf->arena;

	if (best != NULL)
		subject_complain(s, key, "there is no %s \"%s\"; did you mean "
		    "\"%s\"?", key, read_shown(name, a), best);
	else
		subject_complain(s, key, "there is no %s \"%s\"; correct the "
		    "name, or add a %s of that name", key, read_shown(name, a),
		    key);
}

static void
find_pool(const struct subject *s, struct conf_route *route)
{
	struct conf *c = s->r->conf;
	struct nearest near;

	route->to = conf_find_pool(c, route->pool);
	if (route->to != NULL)
		return;
	nearest_init(&near, route->pool);
	for (size_t i = 0; i < c->npools; i++)
		if (c->pools[i].name != NULL)
			nearest_offer(&near, c->pools[i].name);
	complain_no_such(s, "pool", route->pool, near.best);
}

static void
find_listener(const struct subject *s, struct conf_route *route)
{
	struct conf *c = s->r->conf;
	struct nearest near;

	route->on = conf_find_listener(c, route->listener);
	if (route->on != NULL)
		return;
	nearest_init(&near, route->listener);
	for (size_t i = 0; i < c->nlisteners; i++)
		if (c->listeners[i].name != NULL)
			nearest_offer(&near, c->listeners[i].name);
	complain_no_such(s, "listener", route->listener, near.best);
}

/* A host, or "*." and a host. */
static void
check_pattern(const struct subject *s, const char *pattern)
{
	struct slice all = slice_of(pattern), rest = all, host, port;
	const char *text = read_shown(pattern, &s->r->conf->arena);

	if (slice_eq(all, SLICE("*"))) {
		subject_complain(s, "host", "\"*\" is not a host; delete the "
		    "option to match every host");
		return;
	}
	if (slice_starts(rest, SLICE("*.")))
		rest = slice_skip(rest, 2);
	if (rest.n > 0 && memchr(rest.p, '*', rest.n) != NULL) {
		subject_complain(s, "host", "\"%s\": '*' stands for whole "
		    "labels in front only; write \"*.example.com\"", text);
		return;
	}
	if (check_authority(rest) != CHECK_OK) {
		subject_complain(s, "host", "\"%s\" is not a host; write one "
		    "such as \"www.example.com\" or \"*.example.com\"", text);
		return;
	}
	uri_split_authority(rest, &host, &port);
	if (host.n < rest.n)
		subject_complain(s, "host", "\"%s\" has a port, which is not "
		    "matched; write \"%.*s\"", text,
		    (int)(all.n - rest.n + host.n), text);
	else if (host.p[host.n - 1] == '.')
		subject_complain(s, "host", "\"%s\" ends with a '.'; "
		    "write \"%.*s\"", text, (int)(all.n - 1), text);
}

static void
check_route_path(const struct subject *s, const char *key, const char *path)
{
	struct arena *a = &s->r->conf->arena;
	struct slice normal;

	if (path == NULL || !check_path(s, key, path))
		return;
	if (strchr(path, '?') != NULL) {
		subject_complain(s, key, "\"%s\" holds a '?'; a path is "
		    "matched without its query", read_shown(path, a));
		return;
	}
	if (!uri_normalise(slice_of(path), a, &normal))
		subject_complain(s, key, "\"%s\" climbs above the root and "
		    "matches nothing", read_shown(path, a));
	else if (!slice_eq(normal, slice_of(path)))
		subject_complain(s, key, "\"%s\" is not in normal form and "
		    "matches nothing; write \"%s\"", read_shown(path, a),
		    read_shown(arena_string(a, normal), a));
}

static void
check_method(const struct subject *s, const char *method)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", NULL };

	if (!check_word(s, "method", method))
		return;
	for (const char *const *m = known; *m != NULL; m++)
		if (strcmp(*m, method) != 0 &&
		    slice_eq_nocase(slice_of(*m), slice_of(method)))
			subject_complain(s, "method", "\"%s\" matches nothing, "
			    "since methods are in capitals; write \"%s\"",
			    method, *m);
}

static void
check_respond(struct reader *r, const struct subject *route,
    const struct conf_respond *respond)
{
	struct subject s = { r, "route.respond", respond,
	    subject_where(route, "respond") };
	int64_t status = respond->status;

	check_fields(r, &respond->fields, CHECK_RESPONSE);
	if (respond->body[0] != '\0' &&
	    (status == 204 || status == 205 || status == 304))
		subject_complain(&s, "body", "an answer with status %d has no "
		    "body; delete this, or change the status", (int)status);
}

static void
check_variable(const struct subject *s, struct slice name)
{
	struct nearest near;

	nearest_init(&near, arena_string(&s->r->conf->arena, name));
	for (const char *const *v = variables; *v != NULL; v++) {
		if (slice_eq(slice_of(*v), name))
			return;
		nearest_offer(&near, *v);
	}
	if (near.best != NULL)
		subject_complain(s, "location", "there is no $%.*s; did you "
		    "mean $%s?", SLICE_ARG(name), near.best);
	else
		subject_complain(s, "location", "there is no $%.*s; write "
		    "$scheme, $host, $path or $query, or %%24 for a plain '$'",
		    SLICE_ARG(name));
}

/* Each "$name" of a Location, and what stands between them. */
static void
check_location(const struct subject *s, const char *location)
{
	for (const char *p = location; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~') {
			subject_complain(s, "location", "\"%s\" holds a byte "
			    "that no URL may; write it as %%%02X",
			    read_shown(location, &s->r->conf->arena),
			    (unsigned char)*p);
			return;
		}
		if (*p == '$')
			check_variable(s, slice_make(p + 1, strspn(p + 1,
			    "abcdefghijklmnopqrstuvwxyz_0123456789")));
	}
}

static void
check_redirect(struct reader *r, const struct subject *route,
    const struct conf_redirect *redirect)
{
	struct subject s = { r, "route.redirect", redirect,
	    subject_where(route, "redirect") };
	int64_t n = redirect->status;

	if (n >= 304 && n <= 306)
		subject_complain(&s, "status", "%d is no redirect; write 301, "
		    "302, 303, 307 or 308", (int)n);
	if (redirect->location != NULL)
		check_location(&s, redirect->location);
}

static void
check_action(const struct subject *s, struct conf_route *route)
{
	bool pool = subject_has(s, "pool");
	bool respond = subject_has(s, "respond");
	bool redirect = subject_has(s, "redirect");

	if (pool + respond + redirect == 0)
		reader_complain(s->r, route->where, "route", NULL,
		    "leads nowhere; add one of pool, respond and redirect");
	else if (pool + respond + redirect > 1)
		reader_complain(s->r, route->where, "route", NULL,
		    "has %s%s%s%s%s; keep one of them", pool ? "pool" : "",
		    pool ? (respond && redirect ? ", " : " and ") : "",
		    respond ? "respond" : "",
		    respond && redirect ? " and " : "",
		    redirect ? "redirect" : "");
	route->action = pool ? ACTION_POOL : respond ? ACTION_RESPOND :
	    ACTION_REDIRECT;
	if (!pool && route->connect)
		subject_complain(s, "connect", "there is no pool to connect "
		    "to; delete this, or add one");
	if (!pool && route->normalize)
		subject_complain(s, "normalize", "there is no pool to send "
		    "the path to; delete this, or add one");
	if (respond)
		check_respond(s->r, s, &route->respond);
	if (redirect)
		check_redirect(s->r, s, &route->redirect);
}

static void
check_route(struct reader *r, struct conf_route *route)
{
	struct subject s = { r, "route", route, route->where };

	if (route->pool != NULL)
		find_pool(&s, route);
	if (route->listener != NULL)
		find_listener(&s, route);
	if (route->host != NULL)
		check_pattern(&s, route->host);
	check_route_path(&s, "path", route->path);
	check_route_path(&s, "path_prefix", route->path_prefix);
	if (subject_has(&s, "path") && subject_has(&s, "path_prefix"))
		subject_complain(&s, "path_prefix", "stands next to path; "
		    "keep one of them");
	if (route->method != NULL)
		check_method(&s, route->method);
	if (route->field != NULL)
		check_match(r, route->field);
	check_action(&s, route);
}

static bool
matches_all(const struct conf_route *route)
{
	return route->host == NULL && route->path == NULL &&
	    route->path_prefix == NULL && route->method == NULL &&
	    route->field == NULL;
}

/*
 * Of the first route that stands behind one which takes every request.  It may
 * be meant, for an hour or a trial: so it is no error.
 */
static void
warn_of_unreached(struct reader *r, struct text *warnings)
{
	const struct conf *c = r->conf;
	const struct conf_route **taken, *before, *route;
	size_t of;

	taken = mem_array(c->nlisteners + 1, sizeof(*taken));
	for (size_t i = 0; i < c->nroutes; i++) {
		route = &c->routes[i];
		of = route->on != NULL ?
		    1 + (size_t)(route->on - c->listeners) : 0;
		before = taken[0] != NULL ? taken[0] : taken[of];
		if (before != NULL) {
			text_add(warnings, "%s:%u: route: is never reached, "
			    "since the one at %s:%u takes every request; move "
			    "that one behind it\n", route->where.file,
			    route->where.line, before->where.file,
			    before->where.line);
			break;
		}
		if (matches_all(route))
			taken[of] = route;
	}
	free(taken);
}

void
check_routes(struct reader *r)
{
	for (size_t i = 0; i < r->conf->nroutes; i++)
		check_route(r, &r->conf->routes[i]);
	if (r->ncomplaints == 0 && r->kit != NULL && r->kit->warnings != NULL)
		warn_of_unreached(r, r->kit->warnings);
}
