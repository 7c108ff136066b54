#pragma once

#include <stddef.h>

/*
 * A free list of objects of one size, so that the steady state allocates
 * nothing.  LIFO.  Keeps at most `keep` objects; the rest goes back to malloc.
 */
struct slab {
	void *free;
	size_t size;
	unsigned nfree, keep;
	unsigned nused;		/* borrowed now */
};

void slab_init(struct slab *s, size_t size, unsigned keep);
void slab_fini(struct slab *s);		/* what is borrowed stays so */
void *slab_get(struct slab *s);		/* zeroed */
void *slab_get_raw(struct slab *s);	/* with whatever bytes it holds */
void slab_put(struct slab *s, void *object);
