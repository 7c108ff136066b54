/*
 * slab.c - a LIFO free list of objects of one size.
 *
 * A free object's first bytes link to the next one.  Under the address
 * sanitizer the rest of it is poisoned, so that a use after slab_put is found
 * as a use after free would be.
 */
#include <stdlib.h>
#include <string.h>

#include "base/asan.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/slab.h"

#define BLOCK 16384u

void
slab_init(struct slab *s, size_t size, unsigned keep)
{
	memset(s, 0, sizeof(*s));
	s->size = size < sizeof(void *) ? sizeof(void *) : size;
	s->keep = keep;
}

void
slab_init_blocks(struct slab *s, size_t size)
{
	size = (size + 7) & ~(size_t)7;
	slab_init(s, size, 0);
	s->block = (unsigned)((BLOCK - sizeof(void *)) / size);
	must(s->block > 0);
}

static void
push(struct slab *s, void *object)
{
	memcpy(object, &s->free, sizeof(s->free));
	s->free = object;
	s->nfree++;
	ASAN_POISON_MEMORY_REGION((char *)object + sizeof(s->free),
	    s->size - sizeof(s->free));
}

/* A block begins with a link to the one before. */
static void
cut_block(struct slab *s)
{
	char *block = mem_grow(NULL, 1, BLOCK);

	memcpy(block, &s->blocks, sizeof(s->blocks));
	s->blocks = block;
	for (unsigned i = s->block; i-- > 0;)
		push(s, block + sizeof(void *) + i * s->size);
}

static void
free_blocks(struct slab *s)
{
	void *block;

	if (s->nused > 0)
		return;
	while ((block = s->blocks) != NULL) {
		memcpy(&s->blocks, block, sizeof(s->blocks));
		ASAN_UNPOISON_MEMORY_REGION(block, BLOCK);
		free(block);
	}
	s->free = NULL;
	s->nfree = 0;
}

static void *
pop(struct slab *s)
{
	void *object = s->free;

	ASAN_UNPOISON_MEMORY_REGION(object, s->size);
	memcpy(&s->free, object, sizeof(s->free));
	s->nfree--;
	return object;
}

void
slab_fini(struct slab *s)
{
	if (s->block > 0) {
		free_blocks(s);
		return;
	}
	while (s->free != NULL)
		free(pop(s));
}

void *
slab_get(struct slab *s)
{
	return slab_get_part(s, s->size);
}

void *
slab_get_part(struct slab *s, size_t n)
{
	must(n <= s->size);
	return memset(slab_get_raw(s), 0, n);
}

void *
slab_get_raw(struct slab *s)
{
	s->nused++;
	if (s->free == NULL && s->block > 0)
		cut_block(s);
	if (s->free != NULL)
		return pop(s);
	return mem_grow(NULL, 1, s->size);
}

void
slab_put(struct slab *s, void *object)
{
	if (object == NULL)
		return;
	must(s->nused > 0);
	s->nused--;
	if (s->block == 0 && s->nfree >= s->keep)
		free(object);
	else
		push(s, object);
}
