#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/fault.h"
#include "http/head.h"

/*
 * One request and its response on one codec: the seam between protocols and
 * everything else.  The same on both sides.
 *
 * A front stream is born when a codec in the server role has a request head
 * (codec_host.on_stream); a back stream by codec_open().  Facts come up
 * through the sink; calls go down through the functions below.  Calls down are
 * made from run steps, never from within a fact; facts never come up from
 * within a call down, but for on_room (see there).
 *
 * Bodies are lent, not copied.  on_body lends one piece; it stays valid, and
 * no further on_body comes, until all of it has been given back by
 * stream_consumed().  In the other direction stream_send_body() borrows the
 * piece until on_room has reported all its bytes gone, or the stream is let go.
 *
 * Life: after stream_release() or stream_reset() the stream is no longer the
 * caller's: no more facts come, and heads it gave are void.  The owner of a
 * stream that told on_reset must still release it.
 */
struct stream;
struct pipe;

/*
 * A piece of a body: n bytes at p, or, if pipe is not NULL, the first n that
 * stand in this pipe of the kernel's.  No layer up to here looks into it.
 */
struct lent {
	const char *p;
	size_t n;
	struct pipe *pipe;
};

#define LENT_NONE ((struct lent){ NULL, 0, NULL })

static inline struct lent
lent_of(struct slice s)
{
	return (struct lent){ s.p, s.n, NULL };
}

static inline struct lent
lent_skip(struct lent l, size_t n)
{
	return (struct lent){ l.pipe == NULL ? l.p + n : l.p, l.n - n,
	    l.pipe };
}

enum stream_error {
	STREAM_OK,
	STREAM_REFUSED,		/* nothing was processed: safe to retry */
	STREAM_STALE,		/* a reused connection died before a byte of response */
	STREAM_CANCEL,		/* the peer ended or broke it */
	STREAM_PROTOCOL,	/* the peer's message is malformed */
	STREAM_TIMEOUT,
};

const char *stream_error_name(enum stream_error e);

/* Facts up.  They store and schedule; they decide nothing. */
struct stream_sink {
	/*
	 * A head: the request (front), or interim responses and the response
	 * (back).  end: no body and no trailers follow.
	 */
	void (*on_head)(void *owner, struct head *head, bool end);

	/* Body bytes, lent; end: the message ends here. May be empty with end. */
	void (*on_body)(void *owner, struct lent bytes, bool end);

	/* The message ends with these trailers. Valid until release. */
	void (*on_trailers)(void *owner, struct field *fields, uint32_t n);

	/*
	 * n more bytes of what was lent by send_body are gone to the peer; and,
	 * with n = 0, the end of what was sent (head, body or trailers with
	 * end) has been written.  Comes from codec_sent(), that is, from the
	 * flush.  n = 0 comes exactly once a message.
	 */
	void (*on_room)(void *owner, size_t n);

	/*
	 * The peer's side is over before its message was complete.  fault is
	 * NULL unless the message was malformed.  Front streams also get a
	 * request that must be refused this way: error STREAM_PROTOCOL (or
	 * TIMEOUT for 408) with a fault whose status is to be answered; the
	 * stream can still send that answer.  on_head may or may not have come
	 * before. STREAM_CANCEL on a front stream: the client is gone, or was
	 * cut off.
	 */
	void (*on_reset)(void *owner, enum stream_error e, const struct fault *fault);
};

struct stream_ops {
	void (*send_head)(struct stream *, const struct head *, bool end);
	size_t (*send_body)(struct stream *, struct lent, bool end);
	void (*send_trailers)(struct stream *, const struct field *, uint32_t n);
	void (*consumed)(struct stream *, size_t n);
	void (*release)(struct stream *);
	void (*reset)(struct stream *, enum stream_error);
};

struct stream {
	const struct stream_ops *ops;
	const struct stream_sink *sink;	/* NULL: facts are dropped */
	void *owner;
	uint64_t bytes_in, bytes_out;	/* on the wire, framing included */
	int64_t started;		/* front: when its first byte came */
	const char *why;		/* what the peer did that ended it, for
					 * the log; NULL: unsaid */
	bool cut_off;			/* front: its codec ended it, for what
					 * the client did: why */
	bool reused;			/* back: the conn served one before */
	bool answered;			/* back: a byte of a response came */
	bool sent;			/* back: a byte of it may have left */
	bool takes_pipe;		/* send_body takes what stands in a pipe */
	bool may_pipe;			/* its owner says: on_body may lend such */
};

/*
 * Sends a head.  Framing is made from head->length, the status, the method it
 * answers and the peer's version; whatever framing or hop-by-hop field stands
 * in head->fields by mistake is skipped.  The head is only read during the
 * call. end: no body, no trailers follow.
 */
static inline void
stream_send_head(struct stream *s, const struct head *h, bool end)
{
	s->ops->send_head(s, h, end);
}

/*
 * Lends body bytes.  Returns how many were taken: all of them, or 0 when an
 * earlier piece has not gone yet (ask again after on_room).  An empty piece
 * with end is always taken, and returns 0.  Bytes that are taken with end end
 * the message.  More bytes than a stated length are not sent: the codec makes
 * the connection close.
 */
static inline size_t
stream_send_body(struct stream *s, struct lent bytes, bool end)
{
	return s->ops->send_body(s, bytes, end);
}

/* Ends the message with trailers; dropped where the peer does not take them. */
static inline void
stream_send_trailers(struct stream *s, const struct field *f, uint32_t n)
{
	s->ops->send_trailers(s, f, n);
}

/* Gives n lent bytes back, from the front of the piece.  Resumes reading. */
static inline void
stream_consumed(struct stream *s, size_t n)
{
	s->ops->consumed(s, n);
}

/*
 * Lets go.  If both messages are complete the connection goes on; otherwise
 * the codec makes the wire legal: it discards the rest of a body within its
 * limit, or closes.  A response cut short is never completed.
 */
static inline void
stream_release(struct stream *s)
{
	s->ops->release(s);
}

/* Lets go at once; what was not sent is dropped. HTTP/1.1 closes. */
static inline void
stream_reset(struct stream *s, enum stream_error e)
{
	s->ops->reset(s, e);
}
