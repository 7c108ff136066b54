/*
 * h2_stream.c - one stream of HTTP/2: its life, and calls down.
 *
 * It is held by its owner, and it is live for the library: whoever lets go
 * last frees it.
 */
#include "base/must.h"
#include "codec/h2.h"
#include "codec/h2_side.h"

size_t
h2_stream_size(void)
{
	return sizeof(struct h2_stream);
}

struct h2_stream *
h2_stream_of(struct stream *s)
{
	return (struct h2_stream *)(void *)((char *)s -
	    offsetof(struct h2_stream, stream));
}

struct h2_stream *
h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s = slab_get(h->codec.shared->streams);

	s->h2 = h;
	s->id = id;
	s->live = id != 0;
	s->in_left = s->out_left = LENGTH_NONE;
	s->priority = PRIORITY_DEFAULT;
	s->stream = (struct stream){
		.ops = h->role->streams,
		.started = h->codec.shared->clock->now,
		.reused = h->codec.requests > 0,
	};
	arena_init(&s->arena, h->codec.shared->chunks);
	list_init(&s->ready);
	list_add_tail(&h->streams, &s->node);
	h->codec.streams++;
	return s;
}

void
h2_stream_free(struct h2_stream *s)
{
	h2_stream_forget(s);
	h2_marks_forget(s->h2, s);
	h2_priority_forget(s);
	list_del(&s->node);
	s->h2->codec.streams--;
	list_del(&s->ready);
	arena_reset(&s->arena);
	slab_put(s->h2->codec.shared->streams, s);
}

void
h2_stream_hold(struct h2_stream *s)
{
	struct codec *c = &s->h2->codec;

	c->requests++;
	s->h2->nheld++;
	s->held = true;
	c->phase = CODEC_BUSY;
}

void
h2_stream_wake(struct h2_stream *s)
{
	if (!list_has(&s->ready))
		list_add_tail(&s->h2->ready, &s->ready);
	s->h2->codec.host->on_resume(s->h2->codec.owner);
}

void
h2_stream_rst(struct h2_stream *s, uint32_t code)
{
	nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE, s->id,
	    code);
}

/*
 * Some clients take even a reset without an error for a failure of the answer.
 * So what little they have stated is waited for; it goes nowhere.
 */
void
h2_stream_ask_no_more(struct h2_stream *s)
{
	bool little = s->in_left > 0 && !s->bad && !s->block.expects &&
	    s->in_left <= s->h2->codec.limits->discard;

	if (!s->in_end && !little)
		h2_stream_rst(s, s->bad ? NGHTTP2_PROTOCOL_ERROR :
		    NGHTTP2_NO_ERROR);
}

/* What goes nowhere has gone. */
void
h2_stream_drop(struct h2_stream *s, size_t n, bool end)
{
	s->room += n;
	s->out_end = s->out_end || end;
	h2_stream_wake(s);
}

void
h2_stream_break_off(struct h2_stream *s)
{
	s->out = LENT_NONE;
	s->drops = true;
	s->gone = true;
	s->error = STREAM_CANCEL;
	if (s->live)
		h2_stream_rst(s, NGHTTP2_INTERNAL_ERROR);
	h2_stream_wake(s);
	h2_kick(s->h2);
}

size_t
h2_stream_send_body(struct stream *stream, struct lent bytes, bool end)
{
	struct h2_stream *s = h2_stream_of(stream);

	must(bytes.pipe == NULL);
	if (s->dead || s->gone || !s->head_sent || s->asking)
		return 0;
	if (s->drops) {
		h2_stream_drop(s, bytes.n, end);
		return bytes.n;
	}
	if (bytes.n > 0 && (s->out.n > 0 || s->transit > 0))
		return 0;
	if (bytes.n > 0)
		s->out = bytes;
	h2_priority_given(s);
	if (s->out_left >= 0) {
		if ((uint64_t)s->out_left < bytes.n) {
			s->out.n = (size_t)s->out_left;
			s->room += bytes.n - s->out.n;
			s->out_full = s->drops = true;
		}
		s->out_left -= bytes.n > 0 ? (int64_t)s->out.n : 0;
		if (end && s->out_left > 0) {
			h2_stream_break_off(s);
			return bytes.n;
		}
	}
	s->out_end = s->out_end || end;
	if (s->room > 0)
		h2_stream_wake(s);
	if (s->live && s->deferred)
		nghttp2_session_resume_data(s->h2->session, s->id);
	s->deferred = false;
	h2_kick(s->h2);
	return bytes.n;
}

void
h2_stream_send_trailers(struct stream *stream, const struct field *f,
    uint32_t n)
{
	struct h2_stream *s = h2_stream_of(stream);

	if (s->dead || s->gone || !s->head_sent)
		return;
	if (!s->drops && n > 0) {
		s->out_trailers = h2_head_trailers(&s->arena, f, n);
		s->nout_trailers = n;
	}
	h2_stream_send_body(stream, LENT_NONE, true);
}

void
h2_stream_consumed(struct stream *stream, size_t n)
{
	struct h2_stream *s = h2_stream_of(stream);
	struct buf *b = &s->in[0];

	must(n <= s->lent);
	if (n == 0)
		return;
	buf_drop(b, n);
	s->lent -= (uint32_t)n;
	if (buf_len(b) == 0 || s->lent == 0) {
		if (buf_len(b) == 0) {
			buf_release(b, s->h2->codec.shared->pages);
			s->nin--;
			memmove(&s->in[0], &s->in[1],
			    s->nin * sizeof(s->in[0]));
		}
		h2_stream_wake(s);
	}
	nghttp2_session_consume(s->h2->session, s->id, n);
	h2_kick_control(s->h2);
}

/* A tunnel, too, is whole only if both ends were told. */
static bool
is_whole(const struct h2_stream *s)
{
	return s->head_sent && s->out_end && s->out.n == 0 && !s->gone &&
	    (!s->tunnel || s->in_told);
}

static void
let_go(struct h2_stream *s, bool gently, enum stream_error e)
{
	struct h2 *h = s->h2;
	bool whole = is_whole(s) && (gently || s->end_told);

	must(s->held);
	s->held = false;
	s->stream.sink = NULL;
	s->stream.owner = NULL;
	s->out = LENT_NONE;
	h->nheld--;
	h2_marks_forget(h, s);
	list_del(&s->ready);
	h2_stream_forget(s);
	if (s->live)
		h->role->part(s, whole, e);
	else
		h2_stream_free(s);
	h2_phase(h);
	h2_kick_control(h);
	h->role->parted(h);
}

void
h2_stream_release(struct stream *stream)
{
	let_go(h2_stream_of(stream), true, STREAM_CANCEL);
}

void
h2_stream_reset(struct stream *stream, enum stream_error e)
{
	let_go(h2_stream_of(stream), false, e);
}
