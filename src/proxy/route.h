#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "conf/model.h"
#include "http/head.h"
#include "proxy/route_index.h"

/*
 * Which route takes a request: the first of the file whose conditions all
 * hold.  Matching uses the normalised path (http/uri.h).
 */
struct routes {
	const struct conf *conf;	/* borrowed */
	struct route_index index;
};

void routes_init(struct routes *r, const struct conf *conf);
void routes_fini(struct routes *r);

/* NULL: no route matches (404). */
const struct conf_route *routes_find(const struct routes *r,
    const struct conf_listener *listener, const struct head *request,
    struct slice path);

/* Which condition of a route does not hold, the first that is looked at. */
enum route_bar {
	ROUTE_MATCHES, ROUTE_LISTENER, ROUTE_METHOD, ROUTE_PATH,
	ROUTE_PATH_PREFIX, ROUTE_HOST, ROUTE_FIELD
};

/* The same, and in bars, which has room for conf->nroutes, a ROUTE_MATCHES for
 * it and why those before it do not match. */
const struct conf_route *routes_explain(const struct routes *r,
    const struct conf_listener *listener, const struct head *request,
    struct slice path, enum route_bar *bars);

/* The Location of a redirect: $host $path $query $scheme filled in; the scheme
 * is that of the head, which its exchange has set. */
struct slice route_location(const struct conf_route *route,
    const struct head *request, struct arena *a);

/* Where a listener that is https_only sends a plain request; empty: the request
 * names no host. */
struct slice route_to_https(const struct conf_https_only *conf,
    const struct head *request, struct arena *a);
