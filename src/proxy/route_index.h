#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "conf/model.h"

/*
 * The routes by host and path, so that a request looks only at those whose
 * host and path conditions it meets.  Made once for a list, then never changed.
 */
struct route_node;

struct route_index {
	struct arena keys;
	struct route_node *hosts;	/* sorted; each has a range of paths */
	struct route_node *paths;	/* sorted in it; each a range of order */
	uint32_t *order;		/* route numbers */
	size_t nhosts;
	size_t nroutes;
};

/* The routes' strings are borrowed. */
void route_index_init(struct route_index *x, const struct conf_route *routes,
    size_t n);
void route_index_fini(struct route_index *x);

/*
 * The smallest number for which matches() is true, or the number of routes.
 * matches() must be false where the host or the path does not fit.
 *
 * It is asked at most once for a route.  A run is the routes with the same host
 * and path conditions; of up to ROUTE_RUNS runs it is asked in the order of the
 * file, so never for a route that a plain scan would not reach.
 */
#define ROUTE_RUNS 16

size_t route_index_first(const struct route_index *x, struct slice authority,
    struct slice path, bool (*matches)(void *arg, size_t number), void *arg);
