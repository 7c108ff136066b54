#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "conf/model.h"
#include "net/loop.h"
#include "net/resolver.h"

struct cluster;

#define NAMES_AT_ONCE 64	/* lookups under way; others wait for one */

/*
 * The names of servers, and what DNS last said about each.
 *
 *	apply, TTL over > ask > answer > merged > pool_reseat of who has it
 *
 * The last good answer stands while DNS fails.  Pools follow at the end of the
 * run phase, once for all answers that came together.
 */
struct name {
	struct list node;		/* in names->list */
	struct list turn;		/* in names->waiting */
	char *key;			/* by which the index has it */
	struct names *names;
	char *host;
	enum lookup_kind kind;
	struct lookup *lookup;		/* under way, or NULL */
	struct timer again;
	struct record *v;		/* the last good answer */
	size_t n;
	const char *error;		/* of the last lookup, or NULL */
	bool tried;			/* once at least, well or not */
	bool wanted;			/* by the snapshot */
	bool fresh;			/* pools have not followed yet */
};

struct names {
	struct cluster *cluster;
	const struct resolver *resolver;	/* NULL: nothing resolves */
	struct list list, waiting;
	unsigned asking;		/* lookups under way */
	struct map index;
	struct task tell;
	int64_t min, max, timeout;
	char *servers;			/* as in struct lookup_query, or NULL */
};

void names_init(struct names *n, struct cluster *c);
void names_fini(struct names *n);

/* A snapshot comes: forgets names that went, asks for all of its names. */
void names_apply(struct names *n, const struct conf *snapshot);

/* What is known; NULL before names_apply. */
const struct name *names_find(const struct names *n,
    const struct conf_address *a);

/* When to ask again after a good answer. */
int64_t names_wait(int64_t ttl, int64_t min, int64_t max);

/*
 * Makes *v (of *n, from malloc) hold what the answer says: what stands first,
 * in its old order, as DNS servers turn their answers round; then what is new.
 * Of a family that is lost nothing goes, as long as all are ANSWER_MOST at
 * most.  True when something has changed.
 */
bool names_merge(struct record **v, size_t *n, const struct answer *a);
