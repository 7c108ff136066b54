/*
 * h2_out.c - what is sent to a peer of HTTP/2.
 *
 * The library makes frames, one page of them at a time.  Bytes of a body are
 * copied into the page once; so their owner may let go whenever it likes.
 *
 * Invariant: what has gone is told when it has been written, not when it has
 *            been framed.  Each mark says what becomes true at which byte.
 */
#include <string.h>

#include "base/must.h"
#include "codec/h2_side.h"

#define LEAST_ROOM 4096u	/* of the page, for another frame */
#define FRAME_HEAD 9u
#define ENOUGH 1024u		/* less is a tiny window's doing */

static void
mark(struct h2 *h, struct h2_stream *s, size_t n, bool end)
{
	struct h2_mark *m = h->marks;

	if (m == NULL)
		m = h->marks = slab_get_raw(&h->codec.shared->h2->marks);
	m += h->nmarks;
	if (h->nmarks > 0 && m[-1].s == s && m[-1].at == h->made) {
		m[-1].n += n;
		m[-1].end = m[-1].end || end;
		return;
	}
	must(h->nmarks < H2_MARKS);
	*m = (struct h2_mark){ s, h->made, n, end };
	h->nmarks++;
}

static void
give_marks_back(struct h2 *h)
{
	slab_put(&h->codec.shared->h2->marks, h->marks);
	h->marks = NULL;
}

void
h2_marks_forget(struct h2 *h, const struct h2_stream *s)
{
	for (unsigned i = 0; i < h->nmarks; i++)
		if (h->marks[i].s == s)
			h->marks[i].s = NULL;
}

static ssize_t
on_read(nghttp2_session *session, int32_t id, uint8_t *p, size_t length,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct h2_stream *s = source->ptr;
	struct h2 *h = user;
	size_t room = buf_room(&h->out);
	size_t n = s->out.n;

	if (room < LEAST_ROOM)
		room = BUF_PAGE;	/* it will be the next page */
	(void)p;
	if (s->asking || (n == 0 && !s->out_end && !s->out_full)) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (h2_priority_must_wait(s))
		return NGHTTP2_ERR_PAUSE;
	if (n > room - FRAME_HEAD)
		n = room - FRAME_HEAD;
	if (n > length)
		n = length;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if ((s->out_end || s->out_full) && n == s->out.n) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (s->nout_trailers > 0) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			nghttp2_submit_trailer(session, id, s->out_trailers,
			    s->nout_trailers);
		}
	}
	return (ssize_t)n;
}

static int
on_send_data(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *head, size_t n, nghttp2_data_source *source, void *user)
{
	struct h2_stream *s = source->ptr;
	struct h2 *h = user;

	(void)session;
	(void)frame;
	if (n > s->out.n)	/* its owner has let go since */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (buf_room(&h->out) < n + FRAME_HEAD || h->nmarks + 2 > H2_MARKS)
		return NGHTTP2_ERR_WOULDBLOCK;
	buf_add(&h->out, head, FRAME_HEAD);
	h->made += n + FRAME_HEAD;
	if (n == 0)
		return 0;
	buf_add(&h->out, s->out.p, n);
	s->out = lent_skip(s->out, n);
	s->transit += n;
	mark(h, s, n, false);
	if (s->out.n == 0 || n >= ENOUGH)
		h2_guard_credit(&h->guard, h->codec.limits, 3);
	if (s->out.n == 0 && !s->out_end && !s->out_full)
		h2_priority_await(s);
	return 0;
}

nghttp2_data_provider
h2_out_body(struct h2_stream *s)
{
	return (nghttp2_data_provider){ .source.ptr = s,
	    .read_callback = on_read };
}

/* All that the library has made of it stands in the output now. */
static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame,
    void *user)
{
	int32_t id = frame->hd.stream_id;
	struct h2_stream *s = id == 0 ? NULL :
	    nghttp2_session_get_stream_user_data(session, id);
	struct h2 *h = user;

	if (s == NULL)
		return 0;
	s->stream.bytes_out += frame->hd.length + FRAME_HEAD;
	if ((frame->hd.type != NGHTTP2_DATA &&
	    frame->hd.type != NGHTTP2_HEADERS) ||
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
		if (s->held && s->asking)
			mark(h, s, 0, true);	/* of the request proper */
		return 0;
	}
	s->end_framed = true;
	h2_guard_credit(&h->guard, h->codec.limits, 3);
	if (s->why == NULL)
		h2_guard_answered(&h->guard, h->codec.limits);
	if (s->held)
		mark(h, s, 0, true);
	if (s->rst_at_end)
		h2_stream_ask_no_more(s);
	return 0;
}

void
h2_out_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_send_data_callback(cb, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb,
	    on_frame_sent);
}

/* One page of frames; a big head may need more. */
static void
fill(struct h2 *h)
{
	struct slab *pages = h->codec.shared->pages;
	const uint8_t *p;
	ssize_t n;

	h->out.pos = h->out.end = 0;
	buf_reserve(&h->out, pages, BUF_PAGE);
	while (buf_room(&h->out) >= LEAST_ROOM && h->nmarks + 3 <= H2_MARKS) {
		n = nghttp2_session_mem_send(h->session, &p);
		if (n < 0)
			h->codec.end = CODEC_ABORT;
		if (n <= 0)
			break;
		buf_reserve(&h->out, pages, (size_t)n);
		buf_add(&h->out, p, (size_t)n);
		h->made += (uint64_t)n;
	}
	if (buf_len(&h->out) == 0)
		buf_release(&h->out, pages);
	if (h->nmarks > 0 && h->marks[0].at <= h->written)
		h->codec.host->on_resume(h->codec.owner);
}

size_t
h2_send(struct codec *c, struct iovec *v, size_t max, struct codec_rest *rest)
{
	struct h2 *h = h2_of(c);

	*rest = (struct codec_rest){ .more = false };
	h->kicked = false;
	if (c->end == CODEC_ABORT || max == 0 || trunk_is_packed(h->trunk))
		return 0;
	if (buf_len(&h->out) == 0)
		fill(h);
	if (buf_len(&h->out) == 0)
		return 0;
	v[0] = (struct iovec){ buf_at(&h->out), buf_len(&h->out) };
	return 1;
}

static void
reach(const struct h2_mark *m)
{
	struct h2_stream *s = m->s;

	if (s == NULL)
		return;
	s->transit -= m->n;
	s->room += m->n;
	s->end_written = s->end_written || m->end;
	s->stream.sent = true;
	h2_stream_tell_room(s);
}

static void
reach_marks(struct h2 *h)
{
	unsigned n = 0;

	while (n < h->nmarks && h->marks[n].at <= h->written)
		reach(&h->marks[n++]);
	if (n == 0)
		return;
	h->nmarks -= n;
	if (h->nmarks > 0)
		memmove(&h->marks[0], &h->marks[n],
		    h->nmarks * sizeof(h->marks[0]));
	else
		give_marks_back(h);
}

void
h2_sent(struct codec *c, size_t n)
{
	struct h2 *h = h2_of(c);

	buf_drop(&h->out, n);
	h->written += n;
	if (buf_len(&h->out) == 0 && h->out.base != NULL)
		buf_release(&h->out, c->shared->pages);
	reach_marks(h);
}

void
h2_stream_tell_room(struct h2_stream *s)
{
	const struct stream_sink *sink = s->stream.sink;
	size_t n = s->room;

	if (!s->held || s->dead || sink == NULL)
		return;
	s->room = 0;
	if (n > 0)
		sink->on_room(s->stream.owner, n);
	if (!s->end_told && s->out_end && s->end_written && s->out.n == 0 &&
	    s->transit == 0) {
		s->end_told = true;
		sink->on_room(s->stream.owner, 0);
	}
}
