/*
 * trunk.c - the memory of one object of a library, which can be packed.
 *
 *	| lists | size, piece | size, piece | ...        never used |
 *	 ^ base + start                         ^ base + used
 *
 * Why:       a library's idle objects are mostly zeros, free lists and buffers
 *            that it will not give back; they cost whole pages.
 * Invariant: sizes are multiples of 16, and pieces are aligned to 16.  While it
 *            is packed all of its pages read as zeros.
 */
#include "base/trunk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_include) && !defined(__cppcheck__)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif

#include "base/mem.h"
#include "base/must.h"

#ifndef VALGRIND_MAKE_MEM_DEFINED
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

#define REGION 64u		/* trunks in one of the kernel's mappings */
#define WARM 64u		/* free trunks that keep their pages */
#define UNIT 16u
#define SMALL 1024u		/* up to here each size has a list of its own */
#define LISTS (SMALL / UNIT + 1)	/* the first: of all that are larger */
#define LOOK 8			/* at so many of those */
#define SHADES 32u		/* where in a cache trunks begin */
#define SHADE 128u
#define PIECE 0x70696563u
#define HOLE 0x686f6c65u

/* What stands before a piece.  next, in a hole: of its list, in units. */
struct block {
	uint32_t size;		/* with this */
	uint32_t what;
	uint16_t next;
};

#define HEAD offsetof(struct block, next)

/* Some of the words that were not zero.  All parts are alike, so that any is as
 * good for another trunk, however much that has to keep. */
#define PART 63u
struct part {
	struct part *next;
	uint64_t words[PART];
};

struct trunk {
	struct trunk *next;	/* of those that are free */
	char *base;		/* NULL: all is from malloc */
	uint16_t *lists;	/* at its start, or NULL */
	struct trunks *all;
	struct part *packed, *last;
	size_t npacked;		/* words in them */
	uint32_t start, used;
	bool is_packed, is_warm;
};

void
trunks_init(struct trunks *all, bool plain)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*all = (struct trunks){ .plain = plain, .cut = REGION };
	slab_init_blocks(&all->parts, sizeof(struct part));
	all->step = (TRUNK_SIZE + page - 1) / page * page;
}

void
trunks_fini(struct trunks *all)
{
	struct trunk *t;

	while ((t = all->free) != NULL) {
		all->free = t->next;
		free(t);
	}
	for (unsigned i = 0; i < all->nregions; i++)
		(void)munmap(all->regions[i], all->step * REGION);
	slab_fini(&all->parts);
	free(all->regions);
	all->regions = NULL;
	all->nregions = 0;
}

/* Without one, trunks do with malloc. */
static bool
map_region(struct trunks *all)
{
	char *p = mmap(NULL, all->step * REGION, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	(void)madvise(p, all->step * REGION, MADV_NOHUGEPAGE);
	all->regions = mem_grow(all->regions, all->nregions + 1,
	    sizeof(*all->regions));
	all->regions[all->nregions++] = p;
	all->cut = 0;
	return true;
}

static struct trunk *
cut(struct trunks *all)
{
	struct trunk *t = mem_new(sizeof(*t));

	t->all = all;
	if (all->plain || (all->cut == REGION && !map_region(all)))
		return t;
	t->base = all->regions[all->nregions - 1] + all->cut * all->step;
	t->start = all->cut++ % SHADES * SHADE;
	t->lists = (uint16_t *)(void *)(t->base + t->start);
	return t;
}

static struct block *
block_at(const struct trunk *t, uint32_t at)
{
	return (struct block *)(void *)(t->base + at);
}

static bool
is_outside(const struct trunk *t, const void *p)
{
	return t->base == NULL ||
	    (uintptr_t)p - (uintptr_t)t->base >= TRUNK_SIZE;
}

/* The first block's head stands right before a multiple of UNIT. */
static uint32_t
first_of(const struct trunk *t)
{
	uint32_t end = t->start + LISTS * (uint32_t)sizeof(uint16_t) + HEAD;

	return (end + UNIT - 1) / UNIT * UNIT - HEAD;
}

struct trunk *
trunk_new(struct trunks *all)
{
	struct trunk *t = all->free;

	if (t == NULL) {
		t = cut(all);
	} else {
		all->free = t->next;
		all->warm -= t->is_warm;
	}
	t->is_warm = false;
	if (t->base == NULL)
		return t;
	memset(t->lists, 0, LISTS * sizeof(uint16_t));
	t->used = first_of(t);
	return t;
}

void
trunk_free(struct trunks *all, struct trunk **tp)
{
	struct trunk *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	must(!t->is_packed);
	if (t->base == NULL) {
		free(t);
		return;
	}
	t->is_warm = all->warm < WARM;
	all->warm += t->is_warm;
	if (!t->is_warm)
		(void)madvise(t->base, all->step, MADV_DONTNEED);
	t->next = all->free;
	all->free = t;
}

static uint16_t *
list_for(const struct trunk *t, uint32_t size)
{
	return &t->lists[size <= SMALL ? size / UNIT : 0];
}

/* One that is not much too large. */
static struct block *
take_large(struct trunk *t, uint16_t *first, uint32_t size)
{
	struct block *b, *before = NULL;
	unsigned at = *first;

	for (int i = 0; i < LOOK && at != 0; i++) {
		b = block_at(t, at * UNIT - HEAD);
		if (b->size >= size && b->size <= 2 * size) {
			*(before != NULL ? &before->next : first) = b->next;
			return b;
		}
		before = b;
		at = b->next;
	}
	return NULL;
}

static struct block *
take_new(struct trunk *t, uint32_t size)
{
	struct block *b = block_at(t, t->used);

	if (size > TRUNK_SIZE - t->used)
		return NULL;
	t->used += size;
	b->size = size;
	return b;
}

static uint32_t
size_for(size_t n)
{
	return (uint32_t)((n + HEAD + UNIT - 1) / UNIT * UNIT);
}

/* There is no hole of this size. */
static void *
get_more(struct trunk *t, size_t n)
{
	struct block *b = NULL;
	uint32_t size;

	if (t->base == NULL || n >= TRUNK_SIZE)
		return mem_grow(NULL, n, 1);
	size = size_for(n);
	if (size > SMALL)
		b = take_large(t, &t->lists[0], size);
	if (b == NULL)
		b = take_new(t, size);
	if (b == NULL)
		return mem_grow(NULL, n, 1);
	b->what = PIECE;
	return (char *)b + HEAD;
}

void *
trunk_get(struct trunk *t, size_t n)
{
	struct block *b;
	uint16_t *list;

	must(!t->is_packed);
	if (n > SMALL - HEAD || t->base == NULL)
		return get_more(t, n);
	list = &t->lists[size_for(n) / UNIT];
	if (*list == 0)
		return get_more(t, n);
	b = block_at(t, *list * UNIT - HEAD);
	*list = b->next;
	b->what = PIECE;
	return (char *)b + HEAD;
}

static struct block *
block_of(void *p)
{
	struct block *b = (struct block *)(void *)((char *)p - HEAD);

	must(b->what == PIECE);
	return b;
}

void
trunk_put(struct trunk *t, void *p)
{
	struct block *b;
	uint16_t *list;

	must(!t->is_packed);
	if (p == NULL)
		return;
	if (is_outside(t, p)) {
		free(p);
		return;
	}
	b = block_of(p);
	b->what = HOLE;
	list = list_for(t, b->size);
	b->next = *list;
	*list = (uint16_t)((size_t)((char *)p - t->base) / UNIT);
}

void *
trunk_grow(struct trunk *t, void *p, size_t n)
{
	size_t has;
	void *to;

	if (p != NULL && is_outside(t, p))
		return mem_grow(p, n, 1);
	has = p != NULL ? block_of(p)->size - HEAD : 0;
	if (p != NULL && n <= has)
		return p;
	to = trunk_get(t, n);
	if (p != NULL)
		memcpy(to, p, has);
	trunk_put(t, p);
	return to;
}

/* What stands in holes means nothing, but for their links. */
static void
clear_holes(struct trunk *t)
{
	struct block *b;

	for (uint32_t at = first_of(t); at < t->used; at += b->size) {
		b = block_at(t, at);
		if (b->what == HOLE)
			memset((char *)b + sizeof(*b), 0,
			    b->size - sizeof(*b));
	}
}

static void
keep(struct trunk *t, uint64_t word)
{
	struct part *p = t->last;

	if (t->npacked % PART == 0) {
		p = slab_get_raw(&t->all->parts);
		p->next = NULL;
		*(t->npacked == 0 ? &t->packed : &t->last->next) = p;
		t->last = p;
	}
	p->words[t->npacked++ % PART] = word;
}

/*
 * Runs of words that are not zero, each behind a word that says how many zeros
 * stand before it, and its length.  A single zero does not end a run.
 */
static void
squeeze(struct trunk *t, const uint64_t *w, size_t n)
{
	size_t i = 0, from, zeros;

	for (;;) {
		for (from = i; i < n && w[i] == 0; i++)
			;
		zeros = i - from;
		if (i == n)
			return;
		for (from = i; i < n && (w[i] != 0 ||
		    (i + 1 < n && w[i + 1] != 0)); i++)
			;
		keep(t, (uint64_t)zeros << 32 | (i - from));
		while (from < i)
			keep(t, w[from++]);
	}
}

void
trunk_pack(struct trunk *t)
{
	must(!t->is_packed);
	t->is_packed = true;
	if (t->base == NULL)
		return;
	clear_holes(t);
	/* The padding of structures decides only how it is kept. */
	(void)VALGRIND_MAKE_MEM_DEFINED(t->base, t->used);
	squeeze(t, (const uint64_t *)(void *)t->base,
	    (t->used + sizeof(uint64_t) - 1) / sizeof(uint64_t));
	if (madvise(t->base, TRUNK_SIZE, MADV_DONTNEED) != 0)
		memset(t->base, 0, t->used);	/* locked into memory */
}

/* The word at i of those that were kept; what was before it is forgotten. */
static uint64_t
kept(struct trunk *t, size_t i)
{
	struct part *p = t->packed;

	if (i > 0 && i % PART == 0) {
		t->packed = p->next;
		slab_put(&t->all->parts, p);
	}
	return t->packed->words[i % PART];
}

void
trunk_unpack(struct trunk *t)
{
	uint64_t *w = (uint64_t *)(void *)t->base, run;
	size_t i = 0;

	if (!t->is_packed)
		return;
	t->is_packed = false;
	if (t->base == NULL)
		return;
	while (i < t->npacked) {
		run = kept(t, i++);
		w += run >> 32;
		for (uint32_t n = (uint32_t)run; n > 0; n--)
			*w++ = kept(t, i++);
	}
	slab_put(&t->all->parts, t->packed);
	t->packed = t->last = NULL;
	t->npacked = 0;
}

bool
trunk_is_packed(const struct trunk *t)
{
	return t->is_packed;
}
