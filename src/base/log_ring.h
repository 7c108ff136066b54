#pragma once

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * The lines that wait to be written, oldest first, in a fixed piece of
 * memory.  A line lies in one piece, its newline included, and is taken in
 * whole or not at all.
 */
#define LOG_RING_SIZE ((size_t)1 << 20)

struct log_ring {
	char *bytes;
	size_t head, tail;	/* ever growing; modulo LOG_RING_SIZE */
	size_t done;		/* bytes of the first line written already */
	size_t pending;		/* bytes of lines still to write */
};

void log_ring_init(struct log_ring *r);
void log_ring_fini(struct log_ring *r);

/* Is there room for one line of n bytes? */
bool log_ring_fits(const struct log_ring *r, size_t n);

/* False when there is no room.  level comes back from log_ring_level. */
bool log_ring_add(struct log_ring *r, int level, struct slice line);
int log_ring_level(const struct log_ring *r);	/* of the first line */

/*
 * Up to max pieces of whole lines, at most `most` bytes together.  A first
 * line longer than that is cut.  Returns the number of pieces.
 */
int log_ring_gather(const struct log_ring *r, struct iovec *iov, int max,
    size_t most);

/* n bytes have been written: returns the number of lines this completes. */
unsigned log_ring_take(struct log_ring *r, size_t n);

/* Forgets the first line, written or not. */
void log_ring_skip(struct log_ring *r);

/* The first line is to be written from its beginning again. */
void log_ring_rewind(struct log_ring *r);
