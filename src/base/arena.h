#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/slab.h"
#include "base/slice.h"

/*
 * Memory that is freed all at once: the fields of one message, one exchange,
 * one configuration.  Chunks come from a slab; larger pieces from malloc.
 * An arena with a NULL chunk slab takes its chunks from malloc.
 */
#define ARENA_CHUNK 4096u
#define ARENA_ALIGN 16u

struct arena {
	struct slab *chunks;
	struct arena_chunk *first;
	char *at, *end;
	size_t size;		/* bytes asked for so far */
};

void arena_chunks_init(struct slab *chunks, unsigned keep);

void arena_init(struct arena *a, struct slab *chunks);

/* Its first pieces come from n bytes of the caller's, aligned as they are. */
void arena_init_in(struct arena *a, struct slab *chunks, void *p, size_t n);
void arena_reset(struct arena *a);	/* frees all; ready for use again */

void *arena_get_more(struct arena *a, size_t n);	/* arena_get's rest */

static inline size_t
arena_round(size_t n)
{
	return n == 0 ? ARENA_ALIGN :
	    (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

/* Aligned to 16, not zeroed. */
static inline void *
arena_get(struct arena *a, size_t n)
{
	char *p = a->at;

	if (n > ARENA_CHUNK || arena_round(n) > (size_t)(a->end - p))
		return arena_get_more(a, n);
	a->size += n;
	a->at += arena_round(n);
	return p;
}

void *arena_zero(struct arena *a, size_t n);
struct slice arena_copy(struct arena *a, struct slice s);
char *arena_string(struct arena *a, struct slice s);	/* NUL-terminated */

/* The parts one behind the other. */
struct slice arena_join(struct arena *a, const struct slice *parts, unsigned n);
struct slice arena_print(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct slice arena_vprint(struct arena *a, const char *fmt, va_list ap);
