#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * The lookup table of Maglev (Eisenbud et al., 2016, 3.4): each node prefers
 * the entries in the order of a permutation of its own, and in turn takes the
 * first that is free.  A key belongs to the entry of its hash.
 */
struct maglev_node {
	uint32_t offset, skip;		/* of its permutation */
	unsigned weight;		/* > 0 */
};

struct maglev {
	uint32_t *v;			/* an index of a node an entry */
	uint32_t n;			/* a prime; 0: not built */
};

/* offset and skip of a name in a table of that size. */
struct maglev_node maglev_node(struct slice name, unsigned weight,
    uint32_t size);

/* Remakes a table, which was zeroed or built before; empty with no nodes. */
void maglev_build(struct maglev *m, const struct maglev_node *nodes, size_t n,
    uint32_t size);
void maglev_fini(struct maglev *m);

/* The entry of a key; m->n > 0. */
uint32_t maglev_find(const struct maglev *m, struct slice key);
