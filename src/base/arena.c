/*
 * arena.c - memory that is freed all at once.
 *
 * Pieces are cut off the current chunk.  One that does not fit and is more than
 * a quarter of a chunk gets memory of its own, and the current chunk stays
 * current, so a large piece never wastes what is left of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/must.h"

#define ALIGN ARENA_ALIGN
#define LARGE ((size_t)ARENA_CHUNK / 4)

struct arena_chunk {
	_Alignas(ALIGN) struct arena_chunk *next;
	bool is_borrowed;	/* from the slab */
};

void
arena_chunks_init(struct slab *chunks, unsigned keep)
{
	slab_init(chunks, ARENA_CHUNK, keep);
}

void
arena_init(struct arena *a, struct slab *chunks)
{
	memset(a, 0, sizeof(*a));
	a->chunks = chunks;
}

void
arena_init_in(struct arena *a, struct slab *chunks, void *p, size_t n)
{
	must((uintptr_t)p % ALIGN == 0);
	arena_init(a, chunks);
	a->at = p;
	a->end = a->at + n;
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *chunk, *next;

	for (chunk = a->first; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (chunk->is_borrowed)
			slab_put(a->chunks, chunk);
		else
			free(chunk);
	}
	arena_init(a, a->chunks);
}

static char *
add_chunk(struct arena *a, size_t size, bool is_borrowed)
{
	struct arena_chunk *chunk;

	chunk = is_borrowed ? slab_get_raw(a->chunks) : mem_grow(NULL, size, 1);
	chunk->is_borrowed = is_borrowed;
	chunk->next = a->first;
	a->first = chunk;
	return (char *)(chunk + 1);
}

/* A piece that the current chunk has no room for. */
void *
arena_get_more(struct arena *a, size_t n)
{
	size_t size = arena_round(n);
	char *p;

	must(n <= SIZE_MAX / 2);
	a->size += n;
	if (size > LARGE)
		return add_chunk(a, sizeof(struct arena_chunk) + size, false);
	p = add_chunk(a, ARENA_CHUNK, a->chunks != NULL);
	a->end = p + ARENA_CHUNK - sizeof(struct arena_chunk);
	a->at = p + size;
	return p;
}

void *
arena_zero(struct arena *a, size_t n)
{
	return memset(arena_get(a, n), 0, n);
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
	if (s.n == 0)
		return slice_make(s.p != NULL ? "" : NULL, 0);
	return slice_make(memcpy(arena_get(a, s.n), s.p, s.n), s.n);
}

char *
arena_string(struct arena *a, struct slice s)
{
	char *p = arena_get(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct slice
arena_join(struct arena *a, const struct slice *parts, unsigned n)
{
	size_t size = 0;
	char *p, *at;

	for (unsigned i = 0; i < n; i++)
		size += parts[i].n;
	p = at = arena_get(a, size);
	for (unsigned i = 0; i < n; i++) {
		if (parts[i].n > 0)
			memcpy(at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	return slice_make(p, size);
}

struct slice
arena_print(struct arena *a, const char *fmt, ...)
{
	struct slice s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprint(a, fmt, ap);
	va_end(ap);
	return s;
}

struct slice
arena_vprint(struct arena *a, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	must(n >= 0);
	p = arena_get(a, (size_t)n + 1);
	if ((size_t)n < sizeof(small))
		memcpy(p, small, (size_t)n + 1);
	else
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return slice_make(p, (size_t)n);
}
