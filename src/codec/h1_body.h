#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/fault.h"
#include "http/head.h"
#include "http/limits.h"

/*
 * The body of an HTTP/1 message (RFC 9112 6 and 7): none, a known length,
 * chunked, or until the connection ends.
 */
enum h1_framing { H1_NONE, H1_LENGTH, H1_CHUNKED, H1_UNTIL_END };

enum h1_body_result {
	H1_BODY_MORE,		/* all of the input was taken, the body goes on */
	H1_BODY_END,		/* the body ended; trailers, if any, are in head */
	H1_BODY_FAULT,
};

struct h1_body {
	enum h1_framing framing;
	uint8_t state;
	uint8_t digits;		/* of the chunk size so far */
	uint16_t line;		/* bytes of this chunk's extensions */
	uint64_t left;		/* of the length, or of the chunk */
	uint32_t extension;	/* bytes of chunk extensions so far */
	uint32_t seen;		/* of the trailer section, looked through */
	enum head_kind kind;	/* of message it is the body of */
	uint32_t ntrailers;
	struct field *trailers;
};

#define H1_EXTENSION_LINE 256u		/* bytes of extensions: of a chunk, */
#define H1_EXTENSION_TOTAL 16384u	/* of a message */

/* It is read as a request's unless kind is set after. */
void h1_body_init(struct h1_body *b, enum h1_framing framing, uint64_t length);

/* How many of the next bytes are data, whatever they are; 0: not known. */
uint64_t h1_body_raw(const struct h1_body *b);

/* So many of those have come, and are not decoded. */
enum h1_body_result h1_body_skip(struct h1_body *b, size_t n);

/*
 * Decodes what stands between in->pos and in->end in place: data of several
 * chunks is moved together, so that *data is one slice that starts inside the
 * buffer.  *taken is how many bytes from in->pos belong to data and framing so
 * far; the caller drops them once the data has been consumed.
 */
enum h1_body_result h1_body_decode(struct h1_body *b, struct buf *in,
    const struct http_limits *l, struct arena *a, struct slice *data,
    size_t *taken, struct fault *fault);
