/*
 * pipe.c - pipes for splice(2), and a free list of them.
 *
 * Why:       a pipe costs three system calls to make and two to be rid of, so
 *            it is kept; but it is two descriptors, so it is bounded.
 * Invariant: a pipe on the free list is empty.
 */
#include "net/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

#define DENIED_FOR SEC(1)

static void
pipe_close(struct pipe *p)
{
	close(p->in);
	close(p->out);
	free(p);
}

/* As large as may be: past the user's share the kernel gives tiny ones. */
static size_t
enlarge(int fd)
{
	int size = fcntl(fd, F_SETPIPE_SZ, (int)PIPE_SIZE);

	if (size < 0)
		size = fcntl(fd, F_GETPIPE_SZ);
	if (size < (int)PIPE_LEAST)
		return 0;
	return (size_t)size < PIPE_SIZE ? (size_t)size : PIPE_SIZE;
}

static struct pipe *
pipe_open(void)
{
	struct pipe *p;
	size_t size;
	int fd[2];

	if (pipe2(fd, O_NONBLOCK | O_CLOEXEC) != 0)
		return NULL;
	size = enlarge(fd[1]);
	p = mem_new(sizeof(*p));
	p->out = fd[0];
	p->in = fd[1];
	p->size = size;
	if (size == 0) {
		pipe_close(p);
		return NULL;
	}
	return p;
}

static struct pipe *
pop(struct pipes *p)
{
	struct pipe *pipe = p->free;

	p->free = pipe->next;
	p->nfree--;
	pipe->next = NULL;
	return pipe;
}

void
pipes_limit(struct pipes *p, unsigned limit)
{
	p->limit = limit;
	p->denied = 0;
	while (p->nfree > 0 && p->nfree + p->nused > limit)
		pipe_close(pop(p));
}

void
pipes_fini(struct pipes *p)
{
	pipes_limit(p, 0);
}

struct pipe *
pipes_get(struct pipes *p, int64_t now)
{
	struct pipe *pipe;

	if (p->nused >= p->limit)
		return NULL;
	if (p->nfree > 0) {
		p->nused++;
		return pop(p);
	}
	if (p->denied != 0 && now - p->denied < DENIED_FOR)
		return NULL;
	pipe = pipe_open();
	p->denied = pipe == NULL ? now : 0;
	p->nused += pipe != NULL;
	return pipe;
}

void
pipes_put(struct pipes *p, struct pipe **pp)
{
	struct pipe *pipe = *pp;

	if (pipe == NULL)
		return;
	*pp = NULL;
	must(p->nused > 0);
	p->nused--;
	if (pipe->held > 0 || p->nfree >= PIPES_KEPT ||
	    p->nfree + p->nused >= p->limit) {
		pipe_close(pipe);
		return;
	}
	pipe->next = p->free;
	p->free = pipe;
	p->nfree++;
}

ssize_t
pipe_fill(struct pipe *p, int from, size_t most)
{
	ssize_t n;

	do
		n = splice(from, NULL, p->in, NULL, most,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		p->held += (size_t)n;
	return n;
}

ssize_t
pipe_drain(struct pipe *p, int to, size_t n, bool more)
{
	ssize_t sent;

	must(n <= p->held);
	do
		sent = splice(p->out, NULL, to, NULL, n, SPLICE_F_MOVE |
		    SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0));
	while (sent < 0 && errno == EINTR);
	if (sent > 0)
		p->held -= (size_t)sent;
	return sent;
}
