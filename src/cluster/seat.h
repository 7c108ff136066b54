#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/map.h"
#include "conf/model.h"
#include "net/addr.h"

struct pool;

/* A server that a pool should have: a row of its configuration, at an address
 * of the row's name if it has one. */
struct seat {
	const struct conf_server *conf;
	char *name;
	struct addr addr;	/* of no family: unresolved */
	unsigned weight;
	bool backup;
};

struct seats {
	struct seat *v;
	size_t n;
	struct map taken;	/* addresses */
	struct arena keys;	/* of taken */
};

/* What pool->conf says, in its order, with what is known of names.  No address
 * of a name is given twice; a row that gets none has one unresolved seat. */
void seats_init(struct seats *s, const struct pool *p);
void seats_fini(struct seats *s);
