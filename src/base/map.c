/*
 * map.c - names to pointers, by open addressing with linear probing.
 *
 * Invariant: at most three quarters of the slots are used, so every probe
 *            meets an empty one (value NULL) and ends.
 * Not here:  keys that clients choose.  The hash has no secret; the names are
 *            those of the configuration.
 */
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"

#define SIZE_MIN ((size_t)16)

void
map_init(struct map *m)
{
	memset(m, 0, sizeof(*m));
}

void
map_fini(struct map *m)
{
	free(m->slots);
	map_init(m);
}

/* FNV-1a, folded so that the low bits depend on all of them. */
static size_t
hash(struct slice key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < key.n; i++) {
		h ^= (unsigned char)key.p[i];
		h *= UINT64_C(0x100000001b3);
	}
	return (size_t)(h ^ h >> 32);
}

/* The slot that holds key, or the empty one where it belongs. */
static struct map_slot *
find(const struct map *m, struct slice key)
{
	size_t i = hash(key) & (m->size - 1);

	while (m->slots[i].value != NULL && !slice_eq(m->slots[i].key, key))
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

static void
grow(struct map *m)
{
	struct map old = *m;

	m->size = old.size == 0 ? SIZE_MIN : old.size * 2;
	m->slots = mem_array(m->size, sizeof(m->slots[0]));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].value != NULL)
			*find(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

bool
map_add(struct map *m, struct slice key, void *value)
{
	struct map_slot *slot;

	must(value != NULL);
	if ((m->used + 1) * 4 > m->size * 3)
		grow(m);
	slot = find(m, key);
	if (slot->value != NULL)
		return false;
	slot->key = key;
	slot->value = value;
	m->used++;
	return true;
}

void *
map_get(const struct map *m, struct slice key)
{
	return m->size == 0 ? NULL : find(m, key)->value;
}
