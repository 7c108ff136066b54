#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Names to pointers: an open-addressing hash table.  Keys are borrowed and must
 * outlive the map.
 */
struct map_slot {
	struct slice key;
	void *value;
};

struct map {
	struct map_slot *slots;
	size_t size, used;	/* size is 0 or a power of two */
};

void map_init(struct map *m);
void map_fini(struct map *m);

/* False, and nothing changed, when the key is there already.  value != NULL. */
bool map_add(struct map *m, struct slice key, void *value);
void *map_get(const struct map *m, struct slice key);	/* NULL if absent */
