/*
 * h2_watch.c - counts frames that ask for nothing, and the work in all.
 *
 * Why: the library drops some frames without a word, among them those of an
 *      unknown type and DATA of streams that are closed; but whoever sends
 *      them must pay for all.  Nor does it look how large a CONTINUATION is.
 *      And a page of bytes may be a message or two, or thousands of frames,
 *      for which everybody else would wait.
 */
#include "codec/h2_watch.h"

#include <nghttp2/nghttp2.h>

#include <string.h>

#define HEAD sizeof(((struct h2_watch *)NULL)->head)
#define LARGEST 16384u		/* we never allow more (RFC 9113 4.2) */
#define PADDING 256u		/* of a frame, at most, with its length */
#define WORK_HEAD 8u		/* of a field section: a stream begins */
#define WORK_SETTINGS 8u	/* each stream's window may change */
#define WORK_BYTES 8u		/* of one, for each of which a field may come */

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

/* Skips k bytes of a payload; gives the work in them. */
static unsigned
skip(struct h2_watch *w, size_t k)
{
	unsigned work = w->in_section ?
	    (unsigned)((k + WORK_BYTES - 1) / WORK_BYTES) : 0;

	w->left -= (uint32_t)k;
	if (w->left == 0)
		end_frame(w);
	return work;
}

/* The same for a new frame; its head is complete. */
static unsigned
count_frame(struct h2_watch *w, struct h2_seen *seen)
{
	begin_frame(w);
	seen->idle += asks_for_nothing(w->head, w->left);
	if (w->head[3] == NGHTTP2_CONTINUATION && w->left > LARGEST)
		seen->large = true;
	return w->head[3] == NGHTTP2_HEADERS ? WORK_HEAD :
	    w->head[3] == NGHTTP2_SETTINGS ? WORK_SETTINGS : 1;
}

size_t
h2_watch_share(struct h2_watch *w, const char *p, size_t n,
    struct h2_seen *seen)
{
	size_t at = 0, k;

	*seen = (struct h2_seen){ 0 };
	while (at < n && seen->work < H2_SHARE) {
		k = w->left > 0 ? w->left : HEAD - w->have;
		if (k > n - at)
			k = n - at;
		if (w->left > 0 && w->in_section &&
		    k > (H2_SHARE - seen->work) * WORK_BYTES)
			k = (H2_SHARE - seen->work) * WORK_BYTES;
		if (w->left > 0) {
			seen->work += skip(w, k);
		} else {
			memcpy(w->head + w->have, p + at, k);
			w->have += (uint8_t)k;
			if (w->have == HEAD)
				seen->work += count_frame(w, seen);
		}
		at += k;
	}
	return at;
}
