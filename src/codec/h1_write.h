#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slab.h"
#include "http/head.h"

/* The lines of a head that are made here and not the sender's. */
struct h1_lines_made {
	bool chunked;		/* Transfer-Encoding: chunked */
	bool length;		/* Content-Length: content_length */
	bool close;		/* Connection: close */
	bool keep_alive;	/* Connection: keep-alive */
	bool upgrade;		/* Connection: Upgrade, Upgrade: head->protocol */
	bool te;		/* Connection: TE, TE: trailers */
	int64_t content_length;
	struct slice key;	/* Sec-WebSocket-Key; or empty */
	struct slice accept;	/* Sec-WebSocket-Accept; or empty */
};

/* No head of h is longer than this. */
size_t h1_write_size(const struct head *h);

/* Append a head to a buffer that has room for h1_write_size(). */
void h1_write_request(struct buf *b, const struct head *h,
    const struct h1_lines_made *made);
void h1_write_response(struct buf *b, const struct head *h,
    const struct h1_lines_made *made);

/* Trailer lines and the empty line; fields that may not stand there are
 * skipped. */
void h1_write_trailers(struct buf *b, struct slab *pages,
    const struct field *f, uint32_t n);
