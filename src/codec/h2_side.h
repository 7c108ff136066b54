#pragma once

#include <nghttp2/nghttp2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "codec/codec.h"
#include "codec/h2_block.h"
#include "codec/h2_guard.h"

/*
 * A connection of HTTP/2 and its streams.  Private to h2_*.c.
 *
 *	h2_server.c	the codec: the library's session, beginnings and ends
 *	h2_in.c		what the library tells, up to the lending of bodies
 *	h2_out.c	what is sent: the output, and what has gone of it
 *	h2_stream.c	calls down
 *
 * A client may have sent at most H2_STREAM_WINDOW bytes of a stream, and
 * H2_WINDOW of all, that nobody has taken yet.
 */
#define H2_STREAM_WINDOW 65535u		/* what RFC 9113 6.9.2 begins with */
#define H2_WINDOW (1 << 20)
#define H2_PIECES 6			/* pages that hold a window, cut anyhow */
#define H2_MARKS 32

struct h2;

struct h2_stream {
	struct stream stream;
	struct list node;		/* in h2->streams */
	struct list ready;		/* in h2->ready */
	struct h2 *h2;
	struct arena arena;
	int32_t id;			/* 0: there is none on the wire */

	/* In. */
	struct h2_block block;		/* the section that comes now */
	struct buf in[H2_PIECES];	/* its body, not given back yet */
	uint32_t nin, lent;
	int64_t in_left;		/* of a stated length, or LENGTH_NONE */
	struct field *trailers;
	uint32_t ntrailers;
	const char *why;		/* a fault behind what was told */
	uint16_t status;
	bool connects;			/* asks for a tunnel, */
	bool extended;			/* for another protocol */
	bool in_end;			/* the client has ended its message */
	bool in_told;			/* and that was told */

	/* Out. */
	struct lent out;		/* not yet in a frame */
	size_t transit;			/* in frames, not yet written */
	size_t room;			/* written, or dropped, not yet told */
	int64_t out_left;		/* of a stated length, or LENGTH_NONE */
	nghttp2_nv *out_trailers;	/* copied */
	uint32_t nout_trailers;
	bool to_head;
	bool head_sent;
	bool tunnel;
	bool out_end;			/* its owner has ended the message */
	bool out_full;			/* all that was stated was given */
	bool drops;			/* what its owner sends goes nowhere */
	bool end_framed;		/* the end stands in the output */
	bool end_written;
	bool end_told;

	bool held;			/* by its owner, from its announcement */
	bool live;			/* the library knows it */
	bool gone;			/* it broke; to be told */
	bool dead;			/* that was told */
	bool bad;			/* its request was malformed */
	bool rst_at_end;		/* once the end is framed */
};

/* What becomes true when the output up to `at` has been written. */
struct h2_mark {
	struct h2_stream *s;	/* NULL: was let go */
	uint64_t at;
	size_t n;		/* of its body */
	bool end;
};

struct h2 {
	struct codec codec;
	nghttp2_session *session;
	struct list streams, ready;
	struct buf out;
	uint64_t made, written;		/* bytes of output so far */
	struct h2_mark marks[H2_MARKS];
	unsigned nmarks;
	struct h2_guard guard;
	uint32_t nheld;			/* streams that somebody holds */
	size_t section;			/* bytes of the section that comes */
	const char *why;		/* the connection's fault; to be told */
	uint16_t status;
	bool in_section;
	bool over;			/* nothing is read any more */
	bool draining, drained;		/* both steps of GOAWAY */
};

static inline struct h2 *
h2_of(struct codec *c)
{
	return (struct h2 *)(void *)c;
}

/* A stream that exists for us; its owner is to be found by h2_stream_tell. */
struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);
void h2_stream_free(struct h2_stream *s);
void h2_stream_announce(struct h2_stream *s);

/* Something is to be told, in the next recv. */
void h2_stream_wake(struct h2_stream *s);

/* Tells what is to be told now: room, the body, its end, a fault. */
void h2_stream_tell(struct h2_stream *s);
void h2_stream_tell_room(struct h2_stream *s);

/* What was received and not given back is dropped; it counts as taken. */
void h2_stream_forget(struct h2_stream *s);

/* Ends the connection: GOAWAY, and a line in the log that says why. */
void h2_fail(struct h2 *h, uint32_t code, unsigned status, const char *why);
void h2_phase(struct h2 *h);

/* Rows of tables. */
extern const struct stream_ops h2_stream_ops;
size_t h2_send(struct codec *c, struct iovec *v, size_t max, struct codec_rest *rest);
void h2_sent(struct codec *c, size_t n);
void h2_marks_forget(struct h2 *h, const struct h2_stream *s);
void h2_in_callbacks(nghttp2_session_callbacks *cb);
void h2_out_callbacks(nghttp2_session_callbacks *cb);

/* The body of a response, as the library asks for it. */
nghttp2_data_provider h2_out_body(struct h2_stream *s);

/* After a call down: it is to be sent. */
void h2_kick(struct h2 *h);
