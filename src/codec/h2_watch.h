#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Goes over what a peer of HTTP/2 sends, before the library does: counts the
 * frames that ask for nothing, and knows whether a field section has begun.
 */
struct h2_watch {
	uint32_t left;		/* to skip: of a payload, or of the preface */
	uint8_t have;		/* of the head of the next frame */
	uint8_t head[9];
	bool in_section;	/* that has not ended */
};

/* preface: bytes that stand before the first frame. */
void h2_watch_init(struct h2_watch *w, uint32_t preface);

/* How many such frames begin in the next n bytes; they may be cut anyhow. */
unsigned h2_watch_count(struct h2_watch *w, const char *p, size_t n);
