#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/loop.h"
#include "net/pipe.h"

/*
 * One connection: bytes.  A plain socket, or TLS over another conn (tls.h),
 * behind the same operations.  A simulation has one in memory.
 *
 * Edge-triggered: the owner is told once that bytes came
 * or that room came; `readable` and `writable` stay true until a call found
 * nothing.  A short read means drained.
 */
struct conn;
struct arena;
struct tls_facts;
struct tls_peer;

/* What has happened.  Told from events; never from within a call. */
struct conn_sink {
	/* Bytes, EOF or an error can be read (readable), or there is room
	 * again (writable), or the connection was made (connected). */
	void (*on_event)(void *owner);
};

struct conn_ops {
	ssize_t (*recv)(struct conn *, void *p, size_t n);
	ssize_t (*send)(struct conn *, const struct iovec *v, size_t n, bool more);
	/* Both NULL where bytes cannot pass by a pipe. */
	ssize_t (*splice_in)(struct conn *, struct pipe *, size_t most);
	ssize_t (*splice_out)(struct conn *, struct pipe *, size_t n, bool more);
	void (*shutdown)(struct conn *);
	void (*local)(struct conn *, struct addr *out);
	void (*close)(struct conn *, bool reset);
	void (*hurry)(struct conn *, uint32_t most);	/* NULL: it cannot */
	size_t (*unsent)(const struct conn *);	/* NULL: it is not known */
	/* Any of these may be NULL: not a socket; not TLS (ask by tls.h). */
	int (*descriptor)(const struct conn *);
	void (*facts)(const struct conn *, struct tls_facts *);
	bool (*identity)(const struct conn *, struct arena *, struct tls_peer *);
};

struct conn {
	const struct conn_ops *ops;
	const struct conn_sink *sink;
	void *owner;
	struct loop *loop;
	bool connected : 1;	/* false while connecting */
	bool readable : 1, writable : 1;
	bool eof : 1;		/* recv has met the end */
	bool cut : 1;		/* ... and TLS had not said that it would come */
	bool closed : 1;
	bool worn : 1;		/* nearly all was sent that its keys are good
				 * for: the owner should end it gently */
	int error;		/* errno that broke it, 0 */
	const char *why;	/* of error, or what is lacking while not
				 * connected; static; NULL: nothing to tell */
	const struct addr *peer;	/* whom it speaks to; do not copy it whole */
};

/* A connection that was accepted, of an acceptor's socket: it has inherited
 * TCP_NODELAY.  Takes fd (nonblocking). Never NULL. */
struct conn *conn_accepted(struct loop *loop, int fd, const struct addr *peer);

/*
 * Starts connecting; `to` is borrowed for the life of the conn.  Never NULL: an
 * error that comes at once (ECONNREFUSED, EMFILE, ENETUNREACH...) stands in
 * conn->error and is told by on_event in the next round of this tick or the
 * next tick, like a late one.
 */
struct conn *conn_dial(struct loop *loop, const struct addr *to);

static inline void
conn_sink(struct conn *c, const struct conn_sink *sink, void *owner)
{
	c->sink = sink;
	c->owner = owner;
}

/* For who implements a conn: its owner shall look, and may close it at that. */
static inline void
conn_tell(struct conn *c)
{
	if (c->sink != NULL && !c->closed)
		c->sink->on_event(c->owner);
}

/*
 * > 0: bytes read.  0: nothing now (readable is false).  < 0: the end (eof) or
 * an error (error).  A read shorter than n clears readable.
 */
static inline ssize_t
conn_recv(struct conn *c, void *p, size_t n)
{
	return c->ops->recv(c, p, n);
}

/*
 * >= 0: bytes written; fewer than given: writable is false, on_event tells
 * when there is room.  < 0: error is set.  more: MSG_MORE.
 */
static inline ssize_t
conn_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	return c->ops->send(c, v, n, more);
}

static inline bool
conn_can_splice(const struct conn *c)
{
	return c->ops->splice_in != NULL && c->ops->splice_out != NULL;
}

/*
 * As conn_recv, into a pipe that is empty.  Fewer bytes than asked for do not
 * mean drained: readable stays true until a call has found nothing.
 */
static inline ssize_t
conn_splice_in(struct conn *c, struct pipe *p, size_t most)
{
	return c->ops->splice_in(c, p, most);
}

/*
 * As conn_send, of n bytes that stand in the pipe; but fewer may be written
 * while writable is still true: ask again.
 */
static inline ssize_t
conn_splice_out(struct conn *c, struct pipe *p, size_t n, bool more)
{
	return c->ops->splice_out(c, p, n, more);
}

/*
 * From now on there is room only while about this much, or less, waits in the
 * kernel to be sent for the first time: what is written goes out soon.
 */
static inline void
conn_hurry(struct conn *c, uint32_t most)
{
	if (c->ops->hurry != NULL)
		c->ops->hurry(c, most);
}

/* Shuts down the writing side. */
static inline void
conn_shutdown(struct conn *c)
{
	c->ops->shutdown(c);
}

/*
 * How many bytes the peer has not acknowledged, as far as that is known; one is
 * left out, that of the FIN, even if the writing side is not shut.  A system
 * call.
 */
static inline size_t
conn_unsent(const struct conn *c)
{
	return c->ops->unsent != NULL ? c->ops->unsent(c) : 0;
}

/* The local address: a system call. len is 0 if there is none. */
void conn_local(struct conn *c, struct addr *out);

/* Closes the descriptor at once (reset: with a RST), tells nothing more, and
 * frees the memory in the reap phase.  Clears the pointer. */
void conn_close(struct conn **c, bool reset);

/*
 * How connections to servers are made; a simulation brings its own.
 */
struct dialer {
	struct conn *(*dial)(struct dialer *, struct loop *, const struct addr *);
};
extern const struct dialer dialer_sockets;
