#pragma once

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "codec/codec.h"
#include "codec/h1_body.h"

/*
 * What an HTTP/1 codec has to send, and the framing of the message that it
 * sends.  On the wire in this order:
 *
 *	head    heads, owned
 *	line    the size line of a chunk, owned (with the CRLF before it)
 *	lent    body bytes, borrowed from who sends them; or in a pipe
 *	tail    CRLF after a chunk, the last chunk; constant
 *	post    trailers, owned
 *
 * No page is held for the framing of chunks.
 */
struct h1_out {
	struct buf head, post;
	struct lent lent;
	struct slice tail;
	uint64_t left;		/* of a stated length */
	size_t owed;		/* lent bytes that will never be sent */
	enum h1_framing framing;
	bool ended;		/* the message has been ended */
	bool told;		/* and on_room(0) has come */
	bool overrun;		/* more bytes came than had been stated */
	bool cut_short;		/* fewer did */
	uint8_t line_at, line_n;
	char line[24];
};

/* A message begins, or its body: the tunnel behind a head. */
void h1_out_begin(struct h1_out *o, enum h1_framing framing, int64_t length);

/*
 * Where a head is to be written: n bytes of room behind all that is queued.
 * Nothing may be lent.
 */
struct buf *h1_out_room(struct h1_out *o, struct slab *pages, size_t n);

/* As stream_send_body and stream_send_trailers say.  with_trailers: the peer
 * takes them. */
size_t h1_out_body(struct h1_out *o, struct lent bytes, bool end);
void h1_out_trailers(struct h1_out *o, struct slab *pages,
    const struct field *f, uint32_t n, bool with_trailers);
void h1_out_end(struct h1_out *o);	/* the head was all */

size_t h1_out_send(const struct h1_out *o, struct iovec *v, size_t max,
    struct codec_rest *rest);

/* n bytes are gone: returns how many of them were lent. */
size_t h1_out_sent(struct h1_out *o, struct slab *pages, size_t n);

bool h1_out_is_empty(const struct h1_out *o);
void h1_out_drop(struct h1_out *o, struct slab *pages);

/* Tells on_room what has gone, and the end once all of it has. */
void h1_out_tell(struct h1_out *o, const struct stream *s, size_t gone);
