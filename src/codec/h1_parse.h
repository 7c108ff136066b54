#pragma once

#include <sys/types.h>

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "http/fault.h"
#include "http/hop.h"
#include "http/head.h"
#include "http/limits.h"

/*
 * The heads of HTTP/1 messages (RFC 9112 2 to 6), parsed strictly.
 *
 * h1_parse_* returns > 0: the length of the head, with its empty line; 0: more
 * bytes are needed; < 0: malformed, and *fault says what, where, and which
 * status to answer.  scan remembers how far the end of the head has been
 * looked for, so that a head which comes byte by byte costs linear time.
 */
struct h1_scan {
	uint32_t seen;
};

/* Facts that only the codec needs. */
struct h1_facts {
	struct hop hop;
	bool chunked;
	bool has_te, has_length;
	uint8_t minor;			/* HTTP/1.minor as received */
	int keep_alive;			/* Keep-Alive: timeout=N, -1 none */
};

/*
 * On success the bytes of the head have been copied to the arena, and h's
 * slices point there; hop-by-hop fields, Host and Content-Length are gone from
 * h->fields and stand as facts (see http/head.h).
 */
ssize_t h1_parse_request(struct slice in, struct h1_scan *scan,
    const struct http_limits *l, struct arena *a, struct head *h,
    struct h1_facts *facts, struct fault *fault);

/* Interim responses too.  A fault's status is 502. to_head: it answers HEAD. */
ssize_t h1_parse_response(struct slice in, struct h1_scan *scan,
    const struct http_limits *l, struct arena *a, struct head *h,
    struct h1_facts *facts, struct fault *fault);

/* A trailer section, up to and with its empty line.  Fields that may not stand
 * in trailers are dropped (http/field.h). */
ssize_t h1_parse_trailers(struct slice in, const struct http_limits *l,
    struct arena *a, struct head *h, struct fault *fault);
