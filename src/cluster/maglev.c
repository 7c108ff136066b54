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
#include "base/must.h"

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

/*
 * Whose turn it is in which round, a bit a node: no round looks at nodes that
 * are not due, of which one heavy node among light ones makes many.
 */
struct rota {
	uint64_t *due;
	size_t words;			/* a round */
	unsigned rounds, heaviest;	/* rounds: it begins again after */
};

/* A node is due in the round in which its weight has added up to the heaviest
 * one's. */
static void
put_down(struct rota *r, struct turn *t, size_t node, unsigned round)
{
	unsigned wait;

	must(t->weight > 0);
	wait = (r->heaviest - t->due + t->weight - 1) / t->weight;
	t->due += wait * t->weight - r->heaviest;
	round = (round + wait) % r->rounds;
	r->due[round * r->words + node / 64] |= UINT64_C(1) << node % 64;
}

static uint32_t
play_word(struct maglev *m, struct rota *r, struct turn *turns,
    uint64_t *taken, unsigned round, size_t word, uint32_t left)
{
	uint64_t *due = &r->due[round * r->words + word];
	size_t node;

	for (; *due != 0 && left > 0; left--) {
		node = word * 64 + (size_t)__builtin_ctzll(*due);
		*due &= *due - 1;
		take(m, taken, &turns[node], (uint32_t)node);
		put_down(r, &turns[node], node, round);
	}
	return left;
}

static void
fill(struct maglev *m, struct turn *turns, size_t n, unsigned heaviest)
{
	uint64_t *taken = mem_array(m->n / 64 + 1, sizeof(*taken));
	struct rota r = { .words = n / 64 + 1, .rounds = heaviest + 1,
	    .heaviest = heaviest };
	uint32_t left = m->n;

	r.due = mem_array(r.rounds * r.words, sizeof(*r.due));
	for (size_t i = 0; i < n; i++)
		put_down(&r, &turns[i], i, 0);
	for (unsigned round = 1; left > 0; round = (round + 1) % r.rounds)
		for (size_t w = 0; w < r.words && left > 0; w++)
			left = play_word(m, &r, turns, taken, round, w, left);
	free(r.due);
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
