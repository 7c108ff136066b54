/*
 * ring.c - points of servers on a circle of hashes.
 *
 *	base = crc32(HOST "\0" PORT)
 *	h(i) = crc32(base, the 4 bytes of h(i-1)), h(-1) = 0
 *
 * Why:       a node's points depend on its address alone, so one that comes
 *            or goes moves no key of the others.  The sort is by radix, since
 *            the loop waits for it, and stable: of equal points the one of
 *            the first node stays.
 */
#include "cluster/ring.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/mem.h"

struct ring_node
ring_node(struct slice address, unsigned weight)
{
	struct ring_node node = { address, SLICE(""), weight };
	size_t at = address.n;

	if (slice_starts(address, SLICE("unix:"))) {
		node.host = slice_skip(address, 5);
		return node;
	}
	while (at > 0 && address.p[at - 1] >= '0' && address.p[at - 1] <= '9')
		at--;
	if (at == 0 || address.p[at - 1] != ':')
		return node;
	node.host.n = at - 1;
	node.port = slice_skip(address, at);
	return node;
}

static uint32_t
feed(uint32_t crc, struct slice s)
{
	/* Of no bytes at NULL zlib gives the initial value. */
	return s.n == 0 ? crc :
	    (uint32_t)crc32(crc, (const Bytef *)s.p, (uInt)s.n);
}

uint32_t
ring_hash(struct slice key)
{
	return feed(0, key);
}

static size_t
count_points(const struct ring_node *node, uint64_t total)
{
	uint64_t n = (uint64_t)node->weight * RING_UNIT;

	if (total > RING_POINTS)
		n = n * RING_POINTS / total;
	return n > 0 ? n : 1;
}

static void
place(struct ring *r, const struct ring_node *node, size_t index, size_t n)
{
	uint32_t base, hash = 0;

	base = feed(feed(feed(0, node->host), slice_make("", 1)), node->port);
	for (size_t i = 0; i < n; i++) {
		Bytef last[4] = { hash & 0xff, hash >> 8 & 0xff,
		    hash >> 16 & 0xff, hash >> 24 };

		hash = (uint32_t)crc32(base, last, 4);
		r->v[r->n++] = (struct ring_point){ hash, (uint32_t)index };
	}
}

/* One pass by 8 bits of the hash. */
static void
deal(const struct ring_point *from, struct ring_point *to, size_t n, int shift)
{
	size_t at[256] = { 0 }, sum = 0, count;

	for (size_t i = 0; i < n; i++)
		at[from[i].hash >> shift & 0xff]++;
	for (unsigned b = 0; b < 256; b++) {
		count = at[b];
		at[b] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].hash >> shift & 0xff]++] = from[i];
}

static void
sort(struct ring *r)
{
	struct ring_point *other = mem_array(r->n + 1, sizeof(*other));

	deal(r->v, other, r->n, 0);
	deal(other, r->v, r->n, 8);
	deal(r->v, other, r->n, 16);
	deal(other, r->v, r->n, 24);
	free(other);
}

static void
drop_equal(struct ring *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++)
		if (kept == 0 || r->v[i].hash != r->v[kept - 1].hash)
			r->v[kept++] = r->v[i];
	r->n = kept;
}

void
ring_build(struct ring *r, const struct ring_node *nodes, size_t n)
{
	uint64_t total = 0, points = 0;

	for (size_t i = 0; i < n; i++)
		total += (uint64_t)nodes[i].weight * RING_UNIT;
	for (size_t i = 0; i < n; i++)
		points += count_points(&nodes[i], total);
	ring_fini(r);
	r->v = mem_array(points + 1, sizeof(*r->v));
	for (size_t i = 0; i < n; i++)
		place(r, &nodes[i], i, count_points(&nodes[i], total));
	sort(r);
	drop_equal(r);
}

void
ring_fini(struct ring *r)
{
	free(r->v);
	*r = (struct ring){ NULL, 0 };
}

size_t
ring_find(const struct ring *r, uint32_t hash)
{
	size_t low = 0, high = r->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (r->v[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->n ? low : 0;
}
