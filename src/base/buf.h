#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slab.h"
#include "base/slice.h"

/*
 * A linear byte buffer on a page borrowed from a LIFO pool.  It holds no page
 * while it is empty and released, so an idle connection costs none.
 *
 *	base [0 .. pos)  gone   [pos .. end)  held   [end .. cap)  room
 */
#define BUF_PAGE 32768u

struct buf {
	char *base;
	uint32_t pos, end, cap;
};

/* The pool: a slab of BUF_PAGE bytes an object. */
void buf_pages_init(struct slab *pages, unsigned keep);

static inline size_t
buf_len(const struct buf *b)
{
	return b->end - b->pos;
}

static inline size_t
buf_room(const struct buf *b)
{
	return b->cap - b->end;
}

static inline char *
buf_at(const struct buf *b)
{
	return b->base + b->pos;
}

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->base + b->pos, b->end - b->pos };
}

/*
 * Makes room for n more bytes.  Up to BUF_PAGE it is a page of the pool; past
 * that the buffer moves to memory of its own, so pointers into it are void.
 * The caller bounds n.
 */
void buf_reserve(struct buf *b, struct slab *pages, size_t n);

/* Moves what is held to the front of the page. Pointers into it are void. */
void buf_pack(struct buf *b);

/* Appends; the room must have been reserved. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_number(struct buf *b, uint64_t n);
void buf_add_hex(struct buf *b, uint64_t n);

/* Drops n bytes from the front. */
void buf_drop(struct buf *b, size_t n);

/* Gives the page back, whatever it holds. */
void buf_release(struct buf *b, struct slab *pages);
