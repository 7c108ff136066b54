#pragma once

#include <stddef.h>

/*
 * A free list of objects of one size, so that the steady state allocates
 * nothing.  LIFO.  Keeps at most `keep` objects; the rest goes back to malloc.
 *
 * Or, for objects of which there are many that live long: cut from blocks, so
 * that none pays for malloc's own bytes; they are kept until slab_fini.
 */
struct slab {
	void *free;
	void *blocks;
	size_t size;
	unsigned nfree, keep;
	unsigned block;		/* objects in a block; 0: none are cut */
	unsigned nused;		/* borrowed now */
};

void slab_init(struct slab *s, size_t size, unsigned keep);
void slab_init_blocks(struct slab *s, size_t size);
void slab_fini(struct slab *s);		/* what is borrowed stays so */
void *slab_get(struct slab *s);		/* zeroed */
void *slab_get_part(struct slab *s, size_t n);	/* its first n bytes zeroed */
void *slab_get_raw(struct slab *s);	/* with whatever bytes it holds */
void slab_put(struct slab *s, void *object);
