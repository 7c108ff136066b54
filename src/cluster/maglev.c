/*
 * maglev.c - a table that spreads keys evenly and moves few of them.
 *
 * Why: the entries of two nodes of the same weight differ by one at most,
 *      which no ring of a bearable size comes near to.  What is taken is looked
 *      up in bits, which stay in the processor's cache: most of the work is
 *      to find the last entries that are free.
 */
#include "cluster/maglev.h"

#include <stdlib.h>

#include <xxhash.h>

#include "base/mem.h"

struct maglev_node
maglev_node(struct slice name, unsigned weight, uint32_t size)
{
	return (struct maglev_node){
		.offset = (uint32_t)(XXH64(name.p, name.n, 0) % size),
		.skip = (uint32_t)(XXH64(name.p, name.n, 1) % (size - 1) + 1),
		.weight = weight,
	};
}

/* Where a node stands in its permutation, and in its turns. */
struct turn {
	uint32_t at, skip;
	unsigned weight, due;
};

/* The first free entry that it prefers. */
static void
take(struct maglev *m, uint64_t *taken, struct turn *t, uint32_t node)
{
	uint32_t at = t->at;

	while ((taken[at / 64] >> at % 64 & 1) != 0) {
		at += t->skip;
		if (at >= m->n)
			at -= m->n;
	}
	taken[at / 64] |= UINT64_C(1) << at % 64;
	m->v[at] = node;
	t->at = at;
}

/* A node takes an entry in each round in which its weight has added up to the
 * heaviest one's. */
static void
fill(struct maglev *m, struct turn *turns, size_t n, unsigned heaviest)
{
	uint64_t *taken = mem_array(m->n / 64 + 1, sizeof(*taken));

	for (uint32_t left = m->n; left > 0;) {
		for (size_t i = 0; i < n && left > 0; i++) {
			turns[i].due += turns[i].weight;
			if (turns[i].due < heaviest)
				continue;
			turns[i].due -= heaviest;
			take(m, taken, &turns[i], (uint32_t)i);
			left--;
		}
	}
	free(taken);
}

void
maglev_build(struct maglev *m, const struct maglev_node *nodes, size_t n,
    uint32_t size)
{
	struct turn *turns;
	unsigned heaviest = 0;

	maglev_fini(m);
	if (n == 0)
		return;
	m->n = size;
	m->v = mem_array(size, sizeof(*m->v));
	turns = mem_array(n, sizeof(*turns));
	for (size_t i = 0; i < n; i++) {
		turns[i] = (struct turn){ nodes[i].offset, nodes[i].skip,
		    nodes[i].weight, 0 };
		if (nodes[i].weight > heaviest)
			heaviest = nodes[i].weight;
	}
	fill(m, turns, n, heaviest);
	free(turns);
}

void
maglev_fini(struct maglev *m)
{
	free(m->v);
	*m = (struct maglev){ NULL, 0 };
}

uint32_t
maglev_find(const struct maglev *m, struct slice key)
{
	return (uint32_t)(XXH64(key.p, key.n, 0) % m->n);
}
