/*
 * h2_stream.c - one stream of HTTP/2: its life, and calls down.
 *
 * It is held by its owner, and it is live for the library: whoever lets go
 * last frees it.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "codec/h2_side.h"

static struct h2_stream *
stream_of(struct stream *s)
{
	return (struct h2_stream *)(void *)((char *)s -
	    offsetof(struct h2_stream, stream));
}

struct h2_stream *
h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s = mem_new(sizeof(*s));

	s->h2 = h;
	s->id = id;
	s->live = id != 0;
	s->in_left = s->out_left = LENGTH_NONE;
	s->stream = (struct stream){
		.ops = &h2_stream_ops,
		.started = h->codec.shared->clock->now,
		.reused = h->codec.requests > 0,
	};
	arena_init(&s->arena, h->codec.shared->chunks);
	list_init(&s->ready);
	list_add_tail(&h->streams, &s->node);
	return s;
}

void
h2_stream_free(struct h2_stream *s)
{
	h2_stream_forget(s);
	h2_marks_forget(s->h2, s);
	list_del(&s->node);
	list_del(&s->ready);
	arena_reset(&s->arena);
	free(s);
}

void
h2_stream_announce(struct h2_stream *s)
{
	struct codec *c = &s->h2->codec;

	c->requests++;
	s->h2->nheld++;
	s->held = true;
	c->phase = CODEC_BUSY;
	c->host->on_stream(c->owner, &s->stream);
}

void
h2_stream_wake(struct h2_stream *s)
{
	if (!list_has(&s->ready))
		list_add_tail(&s->h2->ready, &s->ready);
	s->h2->codec.host->on_resume(s->h2->codec.owner);
}

void
h2_kick(struct h2 *h)
{
	if (buf_len(&h->out) > 0 || nghttp2_session_want_write(h->session))
		h->codec.host->on_output(h->codec.owner);
}

/* What goes nowhere has gone. */
static size_t
drop(struct h2_stream *s, size_t n, bool end)
{
	s->room += n;
	s->out_end = s->out_end || end;
	h2_stream_wake(s);
	return n;
}

/* A message that is cut must not look complete. */
static void
break_off(struct h2_stream *s)
{
	s->out = LENT_NONE;
	s->drops = true;
	s->gone = true;
	if (s->live)
		nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE,
		    s->id, NGHTTP2_INTERNAL_ERROR);
	h2_stream_wake(s);
	h2_kick(s->h2);
}

static size_t
send_body(struct stream *stream, struct lent bytes, bool end)
{
	struct h2_stream *s = stream_of(stream);

	must(bytes.pipe == NULL);
	if (s->dead || s->gone || !s->head_sent)
		return 0;
	if (s->drops)
		return drop(s, bytes.n, end);
	if (bytes.n > 0 && (s->out.n > 0 || s->transit > 0))
		return 0;
	if (bytes.n > 0)
		s->out = bytes;
	if (s->out_left >= 0) {
		if ((uint64_t)s->out_left < bytes.n) {
			s->out.n = (size_t)s->out_left;
			s->room += bytes.n - s->out.n;
			s->out_full = s->drops = true;
		}
		s->out_left -= bytes.n > 0 ? (int64_t)s->out.n : 0;
		if (end && s->out_left > 0) {
			break_off(s);
			return bytes.n;
		}
	}
	s->out_end = s->out_end || end;
	if (s->room > 0)
		h2_stream_wake(s);
	nghttp2_session_resume_data(s->h2->session, s->id);
	h2_kick(s->h2);
	return bytes.n;
}

/* Framing and fields of a connection are never the sender's. */
static bool
is_made(const struct field *f)
{
	return (f->id >= FIELD_CONNECTION && f->id <= FIELD_CONTENT_LENGTH) ||
	    f->id == FIELD_HTTP2_SETTINGS;
}

static nghttp2_nv
make_nv(struct slice name, struct slice value, bool secret)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.p,
		.value = (uint8_t *)(uintptr_t)value.p,
		.namelen = name.n,
		.valuelen = value.n,
		.flags = secret ? NGHTTP2_NV_FLAG_NO_INDEX :
		    NGHTTP2_NV_FLAG_NONE,
	};
}

/* The fields of a head as the library wants them; it makes names lower. */
static nghttp2_nv *
make_fields(struct h2_stream *s, const struct head *h, bool length,
    size_t *count)
{
	nghttp2_nv *nv = arena_get(&s->arena, (h->nfields + 2) * sizeof(*nv));
	unsigned status = h->status == 101 ? 200 : h->status;
	size_t n = 0;

	nv[n++] = make_nv(SLICE(":status"),
	    arena_print(&s->arena, "%03u", status), false);
	if (length)
		nv[n++] = make_nv(SLICE("content-length"),
		    arena_print(&s->arena, "%lld", (long long)h->length),
		    false);
	for (uint32_t i = 0; i < h->nfields; i++) {
		const struct field *f = &h->fields[i];

		if (is_made(f) || (h->status == 101 &&
		    f->id == FIELD_SEC_WEBSOCKET_ACCEPT))
			continue;
		nv[n++] = make_nv(f->name, f->value,
		    f->id == FIELD_SET_COOKIE);
	}
	*count = n;
	return nv;
}

static void
send_interim(struct h2_stream *s, const struct head *h)
{
	size_t n;
	nghttp2_nv *nv = make_fields(s, h, false, &n);

	nghttp2_submit_headers(s->h2->session, NGHTTP2_FLAG_NONE, s->id, NULL,
	    nv, n, NULL);
	h2_kick(s->h2);
}

/* 101 to who asked by Upgrade, or 2xx to a CONNECT. */
static bool
is_switch(const struct h2_stream *s, const struct head *h)
{
	return s->connects && (h->status == 101 || (h->status / 100 == 2 &&
	    !s->extended));
}

static void
submit_final(struct h2_stream *s, const struct head *h, bool end)
{
	bool bodiless = head_is_bodiless(h->status, s->to_head);
	nghttp2_data_provider body = h2_out_body(s);
	bool length = h->length >= 0 && h->status != 204 && !s->tunnel;
	size_t n;
	nghttp2_nv *nv = make_fields(s, h, length, &n);

	end = (end || bodiless) && !s->tunnel;
	if (!bodiless && length && !end)
		s->out_left = h->length;
	s->drops = end;
	nghttp2_submit_response(s->h2->session, s->id, nv, n,
	    end ? NULL : &body);
}

static void
send_head(struct stream *stream, const struct head *h, bool end)
{
	struct h2_stream *s = stream_of(stream);

	if (s->dead || s->gone || s->head_sent)
		return;
	if (h->kind == HEAD_INTERIM) {
		if (s->live)
			send_interim(s, h);
		return;
	}
	s->head_sent = true;
	if (!s->live) {			/* an answer for the log alone */
		s->drops = s->end_written = s->end_framed = true;
		drop(s, 0, end);
		return;
	}
	s->tunnel = is_switch(s, h);
	if (h->status == 101 && !s->tunnel) {
		break_off(s);
		return;
	}
	if (end && h->length > 0 && !head_is_bodiless(h->status, s->to_head)) {
		break_off(s);
		return;
	}
	s->out_end = end && !s->tunnel;
	submit_final(s, h, end);
	if (s->tunnel)
		h2_stream_wake(s);
	h2_kick(s->h2);
}

static void
send_trailers(struct stream *stream, const struct field *f, uint32_t n)
{
	struct h2_stream *s = stream_of(stream);
	nghttp2_nv *nv;

	if (s->dead || s->gone || !s->head_sent)
		return;
	if (!s->drops && n > 0) {
		nv = arena_get(&s->arena, n * sizeof(*nv));
		s->out_trailers = nv;
		s->nout_trailers = n;
		for (uint32_t i = 0; i < n; i++)
			nv[i] = make_nv(arena_copy(&s->arena, f[i].name),
			    arena_copy(&s->arena, f[i].value), false);
	}
	send_body(stream, LENT_NONE, true);
}

static void
consumed(struct stream *stream, size_t n)
{
	struct h2_stream *s = stream_of(stream);
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
	h2_kick(s->h2);
}

static uint32_t
code_of(const struct h2_stream *s, enum stream_error e)
{
	if (s->bad)
		return NGHTTP2_PROTOCOL_ERROR;
	return e == STREAM_REFUSED ? NGHTTP2_REFUSED_STREAM :
	    e == STREAM_PROTOCOL ? NGHTTP2_PROTOCOL_ERROR :
	    NGHTTP2_INTERNAL_ERROR;
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
	if (!s->live) {
		h2_stream_free(s);
	} else if (!whole) {
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE,
		    s->id, code_of(s, e));
	} else if (!s->end_framed) {
		s->rst_at_end = true;
	} else if (!s->in_end) {
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE,
		    s->id, s->bad ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR);
	}
	h2_phase(h);
	h2_kick(h);
	h->codec.host->on_resume(h->codec.owner);
}

static void
release(struct stream *stream)
{
	let_go(stream_of(stream), true, STREAM_CANCEL);
}

static void
reset(struct stream *stream, enum stream_error e)
{
	let_go(stream_of(stream), false, e);
}

const struct stream_ops h2_stream_ops = {
	.send_head = send_head,
	.send_body = send_body,
	.send_trailers = send_trailers,
	.consumed = consumed,
	.release = release,
	.reset = reset,
};
