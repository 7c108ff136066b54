#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * A ring of consistent hashing (Karger et al., 1997; "ketama"): each node has
 * 160 points for each unit of weight, and a key belongs to the first point at
 * or after its hash.  Points are placed as nginx's "hash ... consistent" does,
 * so that caches stay warm when one takes the other's place.
 *
 * At RING_POINTS in all the points become fewer in proportion, at least one a
 * node, so that weights cannot make the ring grow without end.
 */
#define RING_UNIT 160
#define RING_POINTS (1 << 20)

struct ring_node {
	struct slice host, port;
	unsigned weight;		/* > 0 */
};

struct ring_point {
	uint32_t hash;
	uint32_t node;			/* index */
};

struct ring {
	struct ring_point *v;		/* by hash; no two are equal */
	size_t n;
};

/* "127.0.0.1:80" cut at its port; of "unix:/path" the path alone. */
struct ring_node ring_node(struct slice address, unsigned weight);

/* Remakes a ring, which was zeroed or built before. */
void ring_build(struct ring *r, const struct ring_node *nodes, size_t n);
void ring_fini(struct ring *r);

uint32_t ring_hash(struct slice key);

/* The index of the first point at or after a hash, round the end; n > 0. */
size_t ring_find(const struct ring *r, uint32_t hash);
