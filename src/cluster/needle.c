/*
 * needle.c - a text looked for in bytes that come in pieces.
 *
 * Each piece is searched where it lies.  What could begin in one piece and end
 * in the next is less than the text's length: that much is kept in the seam,
 * joined with as much of the next piece, and searched too.
 */
#include "cluster/needle.h"

#include <stdlib.h>

#include "base/mem.h"

void
needle_init(struct needle *n, const char *text, size_t most)
{
	size_t len = strlen(text);

	*n = (struct needle){ .most = most, .found = len == 0 };
	n->text = slice_make(mem_text(text, len), len);
	n->seam = mem_new(2 * len + 1);
}

void
needle_fini(struct needle *n)
{
	free((char *)n->text.p);
	free(n->seam);
	*n = (struct needle){ .found = false };
}

static bool
is_in(const char *p, size_t n, struct slice text)
{
	return n >= text.n && memmem(p, n, text.p, text.n) != NULL;
}

/* Leaves the last text.n - 1 bytes seen so far in the seam. */
static void
move_seam(struct needle *n, struct slice piece)
{
	size_t keep = n->text.n - 1;
	size_t add = piece.n < keep ? piece.n : keep;

	/* One piece of at most keep bytes has been appended already. */
	if (n->nseam > keep) {
		memmove(n->seam, n->seam + n->nseam - keep, keep);
		n->nseam = keep;
	}
	if (piece.n > add) {
		memcpy(n->seam, piece.p + piece.n - keep, keep);
		n->nseam = keep;
	}
}

bool
needle_feed(struct needle *n, struct slice piece)
{
	size_t add;

	if (piece.n > n->most - n->seen)
		piece.n = n->most - n->seen;
	if (n->found || piece.n == 0)
		return n->found;
	n->seen += piece.n;
	add = piece.n < n->text.n - 1 ? piece.n : n->text.n - 1;
	memcpy(n->seam + n->nseam, piece.p, add);
	n->nseam += add;
	n->found = is_in(n->seam, n->nseam, n->text) ||
	    is_in(piece.p, piece.n, n->text);
	move_seam(n, piece);
	return n->found;
}

bool
needle_is_done(const struct needle *n)
{
	return n->found || n->seen >= n->most;
}
