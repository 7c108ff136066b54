#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"
#include "net/addr.h"

struct pool;
struct server;

/* One pick: what policies may look at. */
struct pick {
	const struct head *request;
	struct slice path;		/* normalised, without the query */
	const struct addr *client;
	struct slice key;		/* hash: this one, if it is not empty */
	struct server *const *tried;	/* not to take while another is left */
	unsigned ntried;
	bool dry;			/* only asked: nothing may change */
	bool called;			/* it waited, and it is its turn */
	struct server **full;		/* set to the one that must be waited
					 * for; may be NULL */
};

/* How a policy ranks a server; a fraction, so that nothing is rounded. */
struct score {
	int64_t above, below;
};

/*
 * A balancing policy: a file and a row in balance.c.  It chooses among
 * pool->usable[0 .. nusable), which pool_refresh() has just remade.
 */
struct balance_ops {
	const char *name;		/* in the configuration: "least_conn" */
	const char *algo;		/* in show stat: "leastconn" */
	bool keyed;			/* a request has a server of its own */
	/* pool->balance_state is the policy's own. */
	void (*init)(struct pool *);
	void (*fini)(struct pool *);
	void (*refresh)(struct pool *);	/* usable servers or weights changed */
	/* s->active changed; may be NULL. */
	void (*load)(struct pool *, struct server *);
	/* nusable > 0; NULL: all were tried.  Unless it was dry, load comes next
	 * for the one that is taken, as its request begins. */
	struct server *(*pick)(struct pool *, const struct pick *);
	/* By which pick goes, of a usable server; and what it is, in words. */
	struct score (*score)(const struct server *);
	const char *score_is;
};

const struct balance_ops *balance_find(const char *name);

/* NULL-ended, for the configuration's checker. */
extern const char *const balance_names[];

bool pick_was_tried(const struct pick *p, const struct server *s);

/* Not to be taken: tried, or full. */
bool pick_is_out(const struct pick *p, const struct server *s);

/* (active + 1) / weight */
struct score score_load(const struct server *s);

static inline bool
score_is_less(struct score a, struct score b)
{
	return a.above * b.below < b.above * a.below;
}
