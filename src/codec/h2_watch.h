#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Goes over what a peer of HTTP/2 sends, before the library does: counts the
 * frames that ask for nothing, knows whether a field section has begun, and
 * says how much is enough for now.
 */
#define H2_SHARE 128u		/* of work, a tick: some 25 microseconds */

struct h2_watch {
	uint32_t left;		/* to skip: of a payload, or of the preface */
	uint8_t have;		/* of the head of the next frame */
	uint8_t head[9];
	bool in_section;	/* that has not ended */
};

/* What was found. */
struct h2_seen {
	unsigned idle;		/* frames that ask for nothing, that begin */
	unsigned work;		/* that all of it makes, up to H2_SHARE */
	bool large;		/* a CONTINUATION is larger than a frame may be */
};

/* preface: bytes that stand before the first frame. */
void h2_watch_init(struct h2_watch *w, uint32_t preface);

/*
 * Of the next n bytes, which may be cut anyhow, so many that they make a share
 * of work: few of tiny frames and of compressed fields, all of long DATA.  At
 * least 1, if n is.
 */
size_t h2_watch_share(struct h2_watch *w, const char *p, size_t n,
    struct h2_seen *seen);
