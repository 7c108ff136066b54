#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "codec/codec.h"
#include "codec/h1_body.h"
#include "codec/h1_out.h"
#include "codec/h1_parse.h"

/*
 * What both sides of an HTTP/1 connection share: one stream, bodies lent up
 * and borrowed down, the output.  Private to h1_server.c and h1_client.c,
 * which embed it first.
 */
enum h1_state {
	H1_HEAD,	/* waits for a head, or for its rest */
	H1_BODY,	/* in the body of the peer's message */
	H1_WHOLE,	/* the peer's message is complete */
	H1_SKIP,	/* server: reads on over a body that nobody wants */
	H1_DISCARD,	/* server: refused; throws away all that comes */
	H1_TUNNEL,
	H1_OVER,	/* nothing is read any more */
};

struct h1_side {
	struct codec codec;
	struct stream stream;
	struct arena arena;	/* heads and trailers of this stream */
	struct h1_body body;
	struct h1_out out;
	struct h1_scan scan;
	uint32_t taken;		/* of in, to be dropped once lent is 0 */
	uint32_t lent;		/* lent by on_body and not given back */
	uint32_t held;		/* left in in by the last recv */
	uint8_t state;
	bool is_open;		/* somebody holds the stream */
	bool dead;		/* and was told that it is over */
	bool broken;		/* is to be told so at the next recv */
	bool close;		/* this is the last message of the connection */
	bool draining;
	bool eof;
	bool in_ended;		/* the end of a tunnel's input was told */
	bool head_sent;		/* the request, or the final response */
	bool parting;		/* a client that sends no further request */
};

void h1_side_init(struct h1_side *h, const struct codec_ops *ops,
    const struct codec_shared *shared, const struct http_limits *limits,
    const struct codec_host *host, void *owner);

/* A stream begins; whoever holds it is to be set after. */
void h1_side_open(struct h1_side *h, const struct stream_ops *ops);

/* Nobody holds it any more; what was lent either way is void. */
void h1_side_let_go(struct h1_side *h);

/* The beginning of each recv. False: a body is lent, nothing can be read. */
bool h1_side_resume(struct h1_side *h, struct buf *in);

/* Reads body bytes, lends them, and tells the end. */
enum h1_body_result h1_side_body(struct h1_side *h, struct buf *in,
    struct fault *fault);

/* The end of the peer's bytes as the end of its message. */
void h1_side_end_body(struct h1_side *h);

/* Tells the end of the stream, once. */
void h1_side_tell_reset(struct h1_side *h, enum stream_error e,
    const struct fault *fault);

/* Bytes flow both ways from here. */
void h1_side_tunnel(struct h1_side *h);

void h1_side_drop(struct buf *in);	/* all of it */

/* The connection ends so; nothing more is read. */
void h1_side_finish(struct h1_side *h, enum codec_end end);

/* Nothing more will come: no RST can take the answer from the client. */
bool h1_side_has_all(const struct h1_side *h);
void h1_side_cut(struct h1_side *h);	/* in the middle of a response */

/* After a call down: gets what was queued, or is owed, on its way. */
void h1_side_kick(struct h1_side *h);

/* Rows of the tables of operations. */
uint64_t h1_side_raw(const struct codec *c);
void h1_side_piped(struct codec *c, struct pipe *p, size_t n);
size_t h1_side_send(struct codec *c, struct iovec *v, size_t max,
    struct codec_rest *rest);
void h1_side_sent(struct codec *c, size_t n);
void h1_side_free(struct codec *c);
size_t h1_side_send_body(struct stream *s, struct lent bytes, bool end);
void h1_side_consumed(struct stream *s, size_t n);

struct h1_side *h1_side_of(struct stream *s);
