/*
 * buf.c - a linear byte buffer on a borrowed page.
 *
 * Invariant: cap is 0 (no memory), BUF_PAGE (a page of the pool) or more
 *            (memory of its own, from malloc).
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"

void
buf_pages_init(struct slab *pages, unsigned keep)
{
	slab_init(pages, BUF_PAGE, keep);
}

static void
give_back(struct slab *pages, char *base, uint32_t cap)
{
	if (cap == BUF_PAGE)
		slab_put(pages, base);
	else
		free(base);
}

/* Moves to memory that holds what is held and n bytes more. */
static void
move(struct buf *b, struct slab *pages, size_t n)
{
	size_t held = buf_len(b);
	size_t cap = BUF_PAGE;
	char *base;

	must(n <= UINT32_MAX / 4 && held <= UINT32_MAX / 4);
	while (cap < held + n)
		cap *= 2;
	base = cap == BUF_PAGE ? slab_get_raw(pages) : mem_grow(NULL, cap, 1);
	if (held > 0)
		memcpy(base, buf_at(b), held);
	give_back(pages, b->base, b->cap);
	b->base = base;
	b->pos = 0;
	b->end = (uint32_t)held;
	b->cap = (uint32_t)cap;
}

void
buf_reserve(struct buf *b, struct slab *pages, size_t n)
{
	if (b->base != NULL && buf_room(b) >= n)
		return;
	if (b->base != NULL && b->cap - buf_len(b) >= n)
		buf_pack(b);
	else
		move(b, pages, n);
}

void
buf_pack(struct buf *b)
{
	if (b->pos == 0)
		return;
	memmove(b->base, buf_at(b), buf_len(b));
	b->end -= b->pos;
	b->pos = 0;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	must(n <= buf_room(b));
	memcpy(b->base + b->end, p, n);
	b->end += (uint32_t)n;
}

void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.n);
}

static void
add_digits(struct buf *b, uint64_t n, unsigned base)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_add_number(struct buf *b, uint64_t n)
{
	add_digits(b, n, 10);
}

void
buf_add_hex(struct buf *b, uint64_t n)
{
	add_digits(b, n, 16);
}

void
buf_drop(struct buf *b, size_t n)
{
	must(n <= buf_len(b));
	b->pos += (uint32_t)n;
	if (b->pos == b->end)
		b->pos = b->end = 0;
}

void
buf_release(struct buf *b, struct slab *pages)
{
	give_back(pages, b->base, b->cap);
	memset(b, 0, sizeof(*b));
}
