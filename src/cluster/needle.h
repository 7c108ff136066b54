#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Looks for a text in bytes that come in pieces; a match may lie across them.
 * Only the first `most` bytes are looked at.
 */
struct needle {
	struct slice text;	/* its own copy */
	char *seam;		/* the end of what was seen, and what follows */
	size_t nseam;
	size_t seen, most;
	bool found;
};

void needle_init(struct needle *n, const char *text, size_t most);
void needle_fini(struct needle *n);	/* a zeroed one is allowed */

/* The next piece. True once the text has been found. */
bool needle_feed(struct needle *n, struct slice piece);

/* Is there nothing left to look at? */
bool needle_is_done(const struct needle *n);
