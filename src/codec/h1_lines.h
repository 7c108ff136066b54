#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/h1_parse.h"

/*
 * Private to the parsers: the lines of one head that is wholly here.
 *
 * The bytes are a copy in the arena, so they may be changed (obs-fold), and
 * end with an LF behind which nothing stands: a scan for bytes that exclude
 * LF needs no bound.
 */
enum h1_what { H1_REQUEST, H1_RESPONSE, H1_TRAILERS };

#define H1_NAMING FIELD_COUNT	/* id of a Connection line kept for now */

struct h1_lines {
	enum h1_what what;
	char *base, *p, *end;	/* p: the next byte to read */
	struct slice in;	/* what was received, for faults */
	const struct http_limits *l;
	struct arena *a;
	struct head *h;
	struct h1_facts *facts;
	struct fault *fault;
	uint32_t count;		/* of field lines */
	unsigned nhosts, nexpects;
	struct slice host, te, upgrade;
	unsigned nte;		/* Transfer-Encoding lines */
	bool expects_other;
};

/*
 * The length of what begins at in and ends with an empty line; 0 if more bytes
 * are needed; -1 if it would pass limit.  An LF alone ends a line too, so that
 * it is found at once; the parser then refuses it.  A line that is empty at
 * the very start is the end.
 */
ssize_t h1_find_end(struct slice in, uint32_t *seen, size_t limit);

/* Copies the head of n bytes, and sets up the rest. */
void h1_lines_init(struct h1_lines *x, enum h1_what what, struct slice in,
    size_t n);

/* All field lines up to the empty one. False: refused. */
bool h1_lines_fields(struct h1_lines *x);

/* Stores the fault, at the byte where of the copy.  Returns false. */
bool h1_refuse(struct h1_lines *x, unsigned status, const char *why,
    const char *where);

bool h1_lines_no_crlf(struct h1_lines *x);	/* says what is wrong there */

/* Takes CRLF at p.  False: refused. */
static inline bool
h1_lines_crlf(struct h1_lines *x)
{
	if (x->p[0] != '\r' || x->p[1] != '\n')
		return h1_lines_no_crlf(x);
	x->p += 2;
	return true;
}

/* The target of a request (RFC 9112 3.2), Host compared (h1_target.c). */
bool h1_target_read(struct h1_lines *x, struct slice target);
bool h1_target_finish(struct h1_lines *x);
