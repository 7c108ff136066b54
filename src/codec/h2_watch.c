/*
 * h2_watch.c - counts frames that ask for nothing.
 *
 * Why: the library drops some frames without a word, among them those of an
 *      unknown type and DATA of streams that are closed; but whoever sends
 *      them must pay for all.
 */
#include "codec/h2_watch.h"

#include <nghttp2/nghttp2.h>

#include <string.h>

#define HEAD sizeof(((struct h2_watch *)NULL)->head)
#define PADDING 256u		/* of a frame, at most, with its length */

void
h2_watch_init(struct h2_watch *w, uint32_t preface)
{
	*w = (struct h2_watch){ .left = preface };
}

/* DATA is for something if there is a byte in it, or the message ends. */
static bool
asks_for_nothing(const uint8_t *head, uint32_t length)
{
	uint8_t flags = head[4];

	switch (head[3]) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_RST_STREAM:
		return false;		/* they have their own budgets */
	case NGHTTP2_DATA:
		return (flags & NGHTTP2_FLAG_END_STREAM) == 0 &&
		    (length == 0 || ((flags & NGHTTP2_FLAG_PADDED) != 0 &&
		    length <= PADDING));
	default:
		return true;
	}
}

/* The frame whose head we have is here, to its last byte. */
static void
end_frame(struct h2_watch *w)
{
	if (w->in_section)
		w->in_section = (w->head[4] & NGHTTP2_FLAG_END_HEADERS) == 0;
}

static void
begin_frame(struct h2_watch *w)
{
	w->have = 0;
	w->left = (uint32_t)w->head[0] << 16 | (uint32_t)w->head[1] << 8 |
	    w->head[2];
	w->in_section = w->head[3] == NGHTTP2_HEADERS ||
	    w->head[3] == NGHTTP2_CONTINUATION;
	if (w->left == 0)
		end_frame(w);
}

unsigned
h2_watch_count(struct h2_watch *w, const char *p, size_t n)
{
	unsigned count = 0;
	size_t k;

	while (n > 0) {
		k = w->left > 0 ? w->left : HEAD - w->have;
		if (k > n)
			k = n;
		if (w->left > 0) {
			w->left -= (uint32_t)k;
			if (w->left == 0)
				end_frame(w);
		} else {
			memcpy(w->head + w->have, p, k);
			w->have += (uint8_t)k;
		}
		p += k;
		n -= k;
		if (w->have < HEAD)
			continue;
		begin_frame(w);
		count += asks_for_nothing(w->head, w->left);
	}
	return count;
}
