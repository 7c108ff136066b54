/*
 * h1_out.c - what an HTTP/1 codec has to send.
 *
 * Why:       body bytes go from where they were received to the socket; only
 *            heads and trailers are written into pages.
 * Invariant: line is empty unless something is lent, or the message has ended.
 * Not here:  what a head says (h1_write.c).
 */
#include "codec/h1_out.h"

#include "base/must.h"
#include "codec/h1_write.h"
#include "codec/stream.h"

#define CRLF SLICE("\r\n")
#define LAST SLICE("0\r\n\r\n")

void
h1_out_begin(struct h1_out *o, enum h1_framing framing, int64_t length)
{
	o->framing = framing;
	o->left = framing == H1_LENGTH ? (uint64_t)length : 0;
	o->ended = o->told = o->overrun = o->cut_short = false;
	o->owed = 0;
}

bool
h1_out_is_empty(const struct h1_out *o)
{
	return buf_len(&o->head) == 0 && o->line_n == 0 && o->lent.n == 0 &&
	    o->tail.n == 0 && buf_len(&o->post) == 0;
}

void
h1_out_drop(struct h1_out *o, struct slab *pages)
{
	if (o->head.base != NULL)
		buf_release(&o->head, pages);
	if (o->post.base != NULL)
		buf_release(&o->post, pages);
	o->lent = LENT_NONE;
	o->tail = SLICE_NONE;
	o->line_n = o->line_at = 0;
	o->owed = 0;
}

struct buf *
h1_out_room(struct h1_out *o, struct slab *pages, size_t n)
{
	size_t before = o->line_n + o->tail.n + buf_len(&o->post);

	must(o->lent.n == 0);
	buf_reserve(&o->head, pages, n + before);
	if (before > 0) {
		buf_add(&o->head, o->line + o->line_at, o->line_n);
		buf_add_slice(&o->head, o->tail);
		buf_add(&o->head, buf_len(&o->post) > 0 ? buf_at(&o->post) :
		    NULL, buf_len(&o->post));
		if (o->post.base != NULL)
			buf_release(&o->post, pages);
		o->tail = SLICE_NONE;
		o->line_n = o->line_at = 0;
	}
	return &o->head;
}

static void
line_add(struct h1_out *o, struct slice s)
{
	must(o->line_at + o->line_n + s.n <= sizeof(o->line));
	memcpy(o->line + o->line_at + o->line_n, s.p, s.n);
	o->line_n = (uint8_t)(o->line_n + s.n);
}

/* What is left of the last chunk's CRLF goes in front of what follows. */
static void
fold_tail(struct h1_out *o)
{
	must(o->line_n == 0 && o->lent.n == 0);
	o->line_at = 0;
	if (o->tail.n > 0)
		line_add(o, o->tail);
	o->tail = SLICE_NONE;
}

static void
chunk(struct h1_out *o, struct lent bytes)
{
	char digits[20];
	size_t at = sizeof(digits), n = bytes.n;

	fold_tail(o);
	digits[--at] = '\n';
	digits[--at] = '\r';
	do {
		digits[--at] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n > 0);
	line_add(o, slice_make(digits + at, sizeof(digits) - at));
	o->lent = bytes;
	o->tail = CRLF;
}

/* The last chunk, without the empty line if trailers are to follow. */
static void
last_chunk(struct h1_out *o, bool is_followed)
{
	size_t cut = is_followed ? CRLF.n : 0;

	if (o->lent.n > 0) {
		o->tail = SLICE("\r\n0\r\n\r\n");
	} else {
		fold_tail(o);
		o->tail = LAST;
	}
	o->tail.n -= cut;
}

void
h1_out_end(struct h1_out *o)
{
	if (o->ended)
		return;
	o->ended = true;
	if (o->framing == H1_LENGTH && o->left > 0)
		o->cut_short = true;
	if (o->framing == H1_CHUNKED)
		last_chunk(o, false);
}

/* Of these bytes, those that the message has room for. */
static struct lent
within(struct h1_out *o, struct lent bytes)
{
	size_t n = bytes.n;

	if (o->ended || o->framing == H1_NONE)
		n = 0;
	else if (o->framing == H1_LENGTH && n > o->left)
		n = (size_t)o->left;
	o->owed += bytes.n - n;
	if (n < bytes.n && o->framing != H1_NONE)
		o->overrun = true;
	bytes.n = n;
	return bytes;
}

size_t
h1_out_body(struct h1_out *o, struct lent bytes, bool end)
{
	struct lent fit;

	if (bytes.n > 0 && o->lent.n > 0)
		return 0;
	fit = within(o, bytes);
	if (fit.n > 0 && o->framing == H1_CHUNKED)
		chunk(o, fit);
	else if (fit.n > 0)
		o->lent = fit;
	if (o->framing == H1_LENGTH)
		o->left -= fit.n;
	if (end || o->overrun)
		h1_out_end(o);
	return bytes.n;
}

void
h1_out_trailers(struct h1_out *o, struct slab *pages, const struct field *f,
    uint32_t n, bool with_trailers)
{
	if (o->ended || o->framing != H1_CHUNKED || !with_trailers || n == 0) {
		h1_out_end(o);
		return;
	}
	o->ended = true;
	last_chunk(o, true);
	h1_write_trailers(&o->post, pages, f, n);
}

/*
 * Will the rest of this piece of a long body come at once?  A piece in a pipe
 * is long enough to go without waiting: to hold back its end costs more.
 */
static bool
has_more(const struct h1_out *o)
{
	if (o->lent.pipe != NULL)
		return o->tail.n > 0;
	return !o->ended && o->framing == H1_LENGTH && o->left > 0 &&
	    o->lent.n >= BUF_PAGE / 2;
}

/* Adds a piece.  False: there is no room for it. */
static bool
add_piece(struct iovec *v, size_t *n, size_t max, const char *p, size_t size)
{
	if (size == 0)
		return true;
	if (*n == max)
		return false;
	v[*n].iov_base = (void *)(uintptr_t)p;
	v[(*n)++].iov_len = size;
	return true;
}

static bool
add_buf(struct iovec *v, size_t *n, size_t max, const struct buf *b)
{
	return buf_len(b) == 0 || add_piece(v, n, max, buf_at(b), buf_len(b));
}

/* Those pieces only that stand in front of what is in a pipe. */
static bool
add_pieces(const struct h1_out *o, struct iovec *v, size_t *n, size_t max)
{
	if (!add_buf(v, n, max, &o->head) ||
	    !add_piece(v, n, max, o->line + o->line_at, o->line_n))
		return false;
	return o->lent.pipe != NULL ||
	    (add_piece(v, n, max, o->lent.p, o->lent.n) &&
	    add_piece(v, n, max, o->tail.p, o->tail.n) &&
	    add_buf(v, n, max, &o->post));
}

size_t
h1_out_send(const struct h1_out *o, struct iovec *v, size_t max,
    struct codec_rest *rest)
{
	size_t n = 0;

	*rest = (struct codec_rest){ .more = false };
	if (h1_out_is_empty(o))
		return 0;
	rest->more = has_more(o);
	if (!add_pieces(o, v, &n, max)) {
		rest->more = true;
	} else if (o->lent.pipe != NULL) {
		rest->pipe = o->lent.pipe;
		rest->piped = o->lent.n;
	}
	return n;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
buf_sent(struct buf *b, struct slab *pages, size_t n)
{
	n = least(n, buf_len(b));
	if (n > 0) {
		buf_drop(b, n);
		if (buf_len(b) == 0)
			buf_release(b, pages);
	}
	return n;
}

size_t
h1_out_sent(struct h1_out *o, struct slab *pages, size_t n)
{
	size_t k, gone;

	n -= buf_sent(&o->head, pages, n);
	k = least(n, o->line_n);
	o->line_at = (uint8_t)(o->line_at + k);
	o->line_n = (uint8_t)(o->line_n - k);
	if (o->line_n == 0)
		o->line_at = 0;
	n -= k;
	gone = least(n, o->lent.n);
	if (gone > 0)
		o->lent = lent_skip(o->lent, gone);
	if (o->lent.n == 0)
		o->lent.pipe = NULL;
	n -= gone;
	k = least(n, o->tail.n);
	if (k > 0)
		o->tail = slice_skip(o->tail, k);
	n -= k;
	n -= buf_sent(&o->post, pages, n);
	must(n == 0);
	return gone;
}

void
h1_out_tell(struct h1_out *o, const struct stream *s, size_t gone)
{
	bool end;

	if (o->lent.n == 0 && o->owed > 0) {
		gone += o->owed;
		o->owed = 0;
	}
	end = o->ended && !o->told && h1_out_is_empty(o);
	o->told = o->told || end;
	if (s->sink == NULL)
		return;
	if (gone > 0)
		s->sink->on_room(s->owner, gone);
	if (end)
		s->sink->on_room(s->owner, 0);
}
