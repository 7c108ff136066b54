#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slab.h"

/*
 * Memory for one object of a library that allocates much for it, keeps it for
 * long, and looks at it rarely.  Its pieces stand in one stretch of addresses
 * that is the trunk's own, so that all can be packed: what is not zero is copied
 * away, close together, and the pages go back to the kernel.  To unpack puts
 * everything where it was, so that pointers into it stay good.
 *
 *	get, put, grow ... --> pack --> (nobody looks) --> unpack --> get ...
 *
 * A piece that does not fit comes from malloc, and is not packed.
 */
#define TRUNK_SIZE (68u * 1024)

struct trunk;

/* All trunks of a worker. */
struct trunks {
	struct trunk *free;	/* to be had again; newest first */
	unsigned warm;		/* how many of them may hold pages */
	unsigned cut;		/* made from the newest region so far */
	unsigned nregions;
	char **regions;
	size_t step;		/* from one to the next: whole pages */
	struct slab parts;	/* of what is packed; kept until fini */
	bool plain;
};

/* plain: each piece is malloc's, for who looks for errors in their use; packing
 * then only makes it an error to touch a trunk. */
void trunks_init(struct trunks *all, bool plain);
void trunks_fini(struct trunks *all);	/* all must have been put back */

struct trunk *trunk_new(struct trunks *all);

/* All pieces must have been put back.  Clears the pointer. */
void trunk_free(struct trunks *all, struct trunk **t);

/* As malloc, free and realloc; memory cannot run out (mem.h).  Not zeroed. */
void *trunk_get(struct trunk *t, size_t n);
void trunk_put(struct trunk *t, void *p);
void *trunk_grow(struct trunk *t, void *p, size_t n);

/* Between the two nobody may call any other function, or look at a piece. */
void trunk_pack(struct trunk *t);
void trunk_unpack(struct trunk *t);	/* of one that is not: nothing */
bool trunk_is_packed(const struct trunk *t);
