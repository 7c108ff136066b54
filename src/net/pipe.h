#pragma once

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A pipe of the kernel's: where bytes stand that go from one socket to another
 * by splice(2) and never come into our memory.
 */
struct pipe {
	struct pipe *next;	/* while nobody has it */
	int in, out;		/* bytes go in here, and come out there */
	size_t held;		/* bytes that stand in it */
	size_t size;		/* most bytes it is asked to hold */
};

/*
 * The pipes of a loop.  Whoever has bytes that stand in a pipe has the pipe,
 * nobody else: so few are needed, and how many is bounded by the limit.
 */
#define PIPE_SIZE (256u * 1024)	/* asked for; the kernel may give less */
#define PIPE_LEAST (64u * 1024)	/* with less, copying costs no more */
#define PIPES_KEPT 32u		/* open while nobody has them */

struct pipes {
	struct pipe *free;	/* LIFO */
	unsigned limit;		/* open ones, used or not; 0 at first: none */
	unsigned nfree, nused;
	int64_t denied;		/* when the kernel gave none; 0: it does */
	uint64_t moved;		/* bytes that left through one; its user counts */
};

void pipes_limit(struct pipes *p, unsigned limit);
void pipes_fini(struct pipes *p);	/* what is used stays so */

/*
 * An empty pipe, or NULL: the limit is reached, or the kernel gives none (no
 * descriptor, or the user's fs.pipe-user-pages-soft is used up).  That is
 * ordinary: the caller copies then.  now: clock.now; a kernel that gave none is
 * not asked again for a second.
 */
struct pipe *pipes_get(struct pipes *p, int64_t now);

/* Gives it back; if bytes stand in it they are lost.  Clears the pointer. */
void pipes_put(struct pipes *p, struct pipe **pipe);

/*
 * splice(2) from a nonblocking socket into a pipe, and out of it.  As read and
 * write: how many bytes, 0 the end (fill), or -1 with errno.  An empty pipe has
 * room for one byte at least, so EAGAIN from fill speaks of the socket; but
 * fewer bytes than asked for do not mean that it is drained.
 */
ssize_t pipe_fill(struct pipe *p, int from, size_t most);
ssize_t pipe_drain(struct pipe *p, int to, size_t n, bool more);
