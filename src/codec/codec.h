#pragma once

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "codec/stream.h"
#include "http/limits.h"

/*
 * Turns a connection's bytes into streams and back.  Pure: bytes in, bytes
 * out; it knows no socket, no timer, no thread.  One codec a connection, in
 * one of two roles: server (towards a client) or client (towards a server).
 *
 * Who holds a codec (cluster/link) feeds it what it reads, writes what it
 * gives, and obeys the public fields below after each call.
 */
struct codec;

/* Facts of the connection.  Each only stores and schedules. */
struct codec_host {
	/* Server role: a request begins. The host sets s->sink and s->owner;
	 * the facts of the request follow at once. */
	void (*on_stream)(void *owner, struct stream *s);
	/* There are bytes to send: flush this connection in this tick. */
	void (*on_output)(void *owner);
	/* What was held back can go on: call codec_recv again in this tick, even
	 * if nothing new was read.  (The next tick will do, too.) */
	void (*on_resume)(void *owner);
	/* Client role: a stream was let go; or slots() has grown, or end has
	 * changed, without that. */
	void (*on_slots)(void *owner);
};

enum codec_phase {
	CODEC_IDLE,	/* no stream, no byte of a next request */
	CODEC_HEAD,	/* a request head has begun */
	CODEC_BUSY,	/* at least one stream is open */
};

/* What is to become of the connection once all output has been written. */
enum codec_end {
	CODEC_OPEN,
	CODEC_LINGER,	/* shut down writing, discard input for a while, close */
	CODEC_CLOSE,	/* close */
	CODEC_ABORT,	/* close now, whatever is unsent; RST if it cuts a message */
};

/* What all codecs of a worker share.  It outlives every codec. */
struct codec_shared {
	struct slab *pages;		/* BUF_PAGE; borrowed */
	struct slab *chunks;		/* arena chunks; borrowed */
	const struct clock *clock;	/* borrowed */
	struct slab *codecs;		/* of HTTP/1, with their stream */
	struct slab *streams;		/* of HTTP/2 */
	struct h2_settings *h2;		/* of the library's sessions */
	struct rng *rng;
};

void codec_shared_init(struct codec_shared *s, struct slab *pages,
    struct slab *chunks, const struct clock *clock);
void codec_shared_fini(struct codec_shared *s);

/* What follows the pieces that codec_send gave. */
struct codec_rest {
	struct pipe *pipe;	/* so many bytes that stand in this pipe; */
	size_t piped;
	bool more;		/* then further bytes of the same message, soon:
				 * MSG_MORE */
	bool last;		/* then nothing: once the stream is let go, which
				 * is soon, end is CODEC_CLOSE */
};

struct codec_ops {
	void (*recv)(struct codec *, struct buf *in);
	uint64_t (*raw)(const struct codec *);	/* NULL: always 0 */
	void (*piped)(struct codec *, struct pipe *, size_t n);
	size_t (*send)(struct codec *, struct iovec *, size_t max, struct codec_rest *);
	void (*sent)(struct codec *, size_t n);
	struct stream *(*open)(struct codec *, const struct stream_sink *, void *owner);
	unsigned (*slots)(const struct codec *);
	bool (*ask)(struct codec *);	/* NULL: there is no such question */
	void (*drain)(struct codec *);
	void (*eof)(struct codec *, int error);
	void (*expire)(struct codec *);	/* NULL: client role */
	void (*rest)(struct codec *);	/* NULL: it holds little anyway */
	void (*free)(struct codec *);
};

typedef struct codec *codec_new_fn(const struct codec_shared *,
    const struct http_limits *, const struct codec_host *, void *owner);

struct codec {
	const struct codec_ops *ops;
	const struct codec_host *host;
	void *owner;
	const struct codec_shared *shared;
	const struct http_limits *limits;
	enum http_proto proto;
	bool splices;		/* set by the host: it can write from a pipe */
	bool secure;		/* set by the host: there is TLS below */
	/* Read by the host after each call: */
	enum codec_phase phase;
	enum codec_end end;
	bool paused;		/* do not read: a body is lent */
	bool sated;		/* the bytes made much work, and it may have
				 * left some: call codec_recv again in the next
				 * tick, and read nothing before that */
	bool leaving;		/* codec_drain was called */
	bool shut;		/* once written out, shut down the writing
				 * side: a tunnel's half-close */
	bool tunnel;		/* bytes flow both ways: 101, CONNECT */
	bool cut;		/* set by the host before codec_eof: TLS had not
				 * said that the end would come */
	bool light;		/* if it is freed while CODEC_IDLE, nothing is
				 * lost but `requests` */
	bool settled;		/* the peer has said what it allows; before,
				 * slots() is a guess that may be too low */
	bool asked;		/* by codec_ask, and no answer came yet */
	uint32_t ahead;		/* bytes that may wait in the kernel, as what
				 * comes next is to be decided late; 0: as many
				 * as it takes */
	int keep_alive;		/* client role: seconds that the server said
				 * it keeps us; -1 unsaid */
	const char *why;	/* client role: what the server did that ended
				 * or will end the connection, for the log;
				 * NULL: nothing that it should not have done;
				 * as long as the codec is there */
	codec_new_fn *turn;	/* not NULL: the peer speaks another protocol;
				 * what is left of the input is for its codec,
				 * which takes the place of this one */
	uint32_t requests;	/* streams so far */
	uint32_t streams;	/* held, or not over on the wire; 0 if the
				 * protocol has one at a time */
};

/*
 * Takes what it can from the front of in.  It may leave bytes: an incomplete
 * head, a body that is lent, a next request that must wait.  in and its page
 * must stay where they are while `paused` is set; otherwise the host may pack
 * it or read more behind it.
 */
static inline void
codec_recv(struct codec *c, struct buf *in)
{
	c->ops->recv(c, in);
}

/*
 * How many of the next bytes from the peer are a body's and nothing else, and
 * may come by codec_piped(); 0: none.  Asked only while codec_recv has left
 * nothing in its input.
 */
static inline uint64_t
codec_raw(const struct codec *c)
{
	return c->ops->raw != NULL ? c->ops->raw(c) : 0;
}

/*
 * The next n bytes from the peer, at most codec_raw() of them, stand in this
 * pipe.  They are lent, so the codec has paused; until it no longer is, the
 * pipe is left alone.  What stands in it then is of no use to anybody.
 */
static inline void
codec_piped(struct codec *c, struct pipe *p, size_t n)
{
	c->ops->piped(c, p, n);
}

/*
 * What is to be written: at most max pieces, and then what *rest says.  The
 * pieces stand until the next call.  0 and rest->piped 0: nothing.
 */
static inline size_t
codec_send(struct codec *c, struct iovec *v, size_t max, struct codec_rest *rest)
{
	return c->ops->send(c, v, max, rest);
}

/* n bytes of what codec_send gave were written, in its order. Tells on_room. */
static inline void
codec_sent(struct codec *c, size_t n)
{
	c->ops->sent(c, n);
}

/* Client role: a new stream; NULL when slots() is 0. */
static inline struct stream *
codec_open(struct codec *c, const struct stream_sink *sink, void *owner)
{
	return c->ops->open(c, sink, owner);
}

/*
 * Client role: how many streams may be opened now.  HTTP/1.1: 0 or 1.  HTTP/2:
 * the smaller of limits->streams and what the server allows, less those that
 * are held or not over on the wire; 0 for ever once the server said GOAWAY, the
 * codec was drained, or the stream ids are used up.
 */
static inline unsigned
codec_slots(const struct codec *c)
{
	return c->ops->slots(c);
}

/*
 * Asks the peer whether it is there: c->asked is true until it has answered
 * (which any recv may bring), however often it is asked meanwhile.  Whoever
 * asks sets a timer, for silence is no fact.  False: the protocol has no such
 * question (HTTP/1.1), or the connection is over; nothing was done.
 */
static inline bool
codec_ask(struct codec *c)
{
	return c->ops->ask != NULL && c->ops->ask(c);
}

/*
 * Ends gently: no new streams, Connection: close (or GOAWAY) at the next
 * occasion.  Client role: an idle one gets end = CODEC_CLOSE at once.  Server
 * role: what an idle client has begun to ask may be on its way; it is still
 * served, and codec_expire ends the wait for it.
 */
static inline void
codec_drain(struct codec *c)
{
	c->leaving = true;
	c->ops->drain(c);
}

/*
 * The peer has sent its last byte (error 0) or the connection broke (errno).
 * With `cut` a body that only the end delimits is incomplete.
 */
static inline void
codec_eof(struct codec *c, int error)
{
	c->ops->eof(c, error);
}

/*
 * Server role: the client was too slow.  In CODEC_HEAD a stream is announced
 * with a fault of 408; in CODEC_IDLE the connection ends, or (HTTP/2) it is
 * drained first, and ends the second time.
 */
static inline void
codec_expire(struct codec *c)
{
	c->ops->expire(c);
}

/*
 * Server role: nothing happens on the connection, and that may last.  The codec
 * then holds as little as it can, until anything is asked of it.
 */
static inline void
codec_rest(struct codec *c)
{
	if (c->ops->rest != NULL)
		c->ops->rest(c);
}

/* Streams still open are let go without a fact. Clears the pointer. */
void codec_free(struct codec **c);

/*
 * The one table of protocols.  ALPN name ("http/1.1", "h2") to constructors.
 * NULL when the name is unknown.
 */
struct codec_row {
	const char *alpn;
	enum http_proto proto;
	codec_new_fn *server;
	codec_new_fn *client;	/* NULL: not spoken to servers */
	bool shared;		/* several streams at a time */
};

const struct codec_row *codec_find(struct slice alpn);

/* The row of a protocol; of HTTP_PROTO_NONE that of HTTP/1.1. */
const struct codec_row *codec_of(enum http_proto proto);

/* The ALPN names of the rows from one protocol to another, by preference; gives
 * how many. */
#define CODEC_ROWS 4u
size_t codec_names(const char *names[CODEC_ROWS], enum http_proto from,
    enum http_proto to);
