#pragma once

/*
 * The codec of HTTP/2 against a session of the library in the other role:
 * frames go from one to the other until neither has any, and what both tell is
 * written down as text.  The test plays the owner of the streams.
 */
#include <nghttp2/nghttp2.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/rng.h"
#include "codec/codec.h"
#include "codec/h2.h"
#include "codec/h2_side.h"

#define H2_RIG_TEXT 65536u
#define H2_RIG_STREAMS 256u

struct h2_rig;

/* A stream as its owner sees it. */
struct h2_rig_stream {
	struct h2_rig *r;
	struct stream *s;
	struct head *head;
	struct lent lent;
	size_t body, room;
	uint32_t sum;			/* of the body's bytes */
	bool end, room_end, reset;
	bool ended;			/* by its owner */
	bool asked, tunnels;		/* a request was made; for a tunnel */
	uint16_t status;		/* of a fault */
};

/* Bodies of a stream, as the peer sees it. */
struct h2_rig_reply {
	size_t up;			/* still to send */
	bool wait;			/* no end */
	size_t down;
	int status;
	bool closed;
	uint32_t code;
};

struct h2_rig {
	struct slab pages, chunks;
	struct clock clock;
	struct codec_shared shared;
	struct http_limits limits;
	struct codec *codec;
	nghttp2_session *peer;
	struct buf in;
	struct h2_rig_stream streams[H2_RIG_STREAMS];
	unsigned nstreams;
	struct h2_rig_reply replies[2 * H2_RIG_STREAMS];
	char log[H2_RIG_TEXT];		/* what the codec told */
	char got[H2_RIG_TEXT];		/* what the peer got */
	size_t nlog, ngot;
	bool resume, blocked, keep, deaf;
	bool packs;			/* in a sanitizer's build, too */
	bool sums;			/* no log, but its sum */
	uint32_t sum;
	size_t sent;
	size_t piece;			/* of bytes at a time; 0: all */
	uint32_t goaway;		/* code; 99: none came */
	int ngoaways;
	unsigned nslots;		/* times that on_slots came, */
	unsigned npings;		/* and a PING to the peer */
};

static inline void __attribute__((format(printf, 2, 3)))
h2_rig_log(struct h2_rig *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	r->nlog += (size_t)vsnprintf(r->log + r->nlog, H2_RIG_TEXT - r->nlog,
	    fmt, ap);
	va_end(ap);
	must(r->nlog < H2_RIG_TEXT);
	if (!r->sums)
		return;
	for (size_t i = 0; i < r->nlog; i++)
		r->sum = r->sum * 31 + (uint8_t)r->log[i];
	r->nlog = 0;
}

static inline void __attribute__((format(printf, 2, 3)))
h2_rig_got(struct h2_rig *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	r->ngot += (size_t)vsnprintf(r->got + r->ngot, H2_RIG_TEXT - r->ngot,
	    fmt, ap);
	va_end(ap);
	must(r->ngot < H2_RIG_TEXT);
}

static inline void
h2_rig_fields(struct h2_rig *r, const struct field *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		must(f[i].id == field_id(f[i].name));
		h2_rig_log(r, " [%.*s: %.*s]", SLICE_ARG(f[i].name),
		    SLICE_ARG(f[i].value));
	}
}

static inline void
h2_rig_on_head(void *owner, struct head *h, bool end)
{
	struct h2_rig_stream *s = owner;
	struct h2_rig *r = s->r;

	must(!s->reset && s->head == NULL && h->proto == HTTP_2);
	s->end = end;
	if (h->kind != HEAD_INTERIM)
		s->head = h;
	if (s->tunnels && (h->status == 101 || h->status / 100 == 2))
		s->room_end = s->ended = false;	/* of the request */
	if (h->kind == HEAD_REQUEST)
		h2_rig_log(r, "%.*s %.*s %.*s", SLICE_ARG(h->method),
		    SLICE_ARG(h->authority), SLICE_ARG(h->path));
	else
		h2_rig_log(r, "%s%u", h->kind == HEAD_INTERIM ? "interim " :
		    "", h->status);
	if (h->length != LENGTH_NONE)
		h2_rig_log(r, " length=%lld", (long long)h->length);
	if (h->protocol.n > 0)
		h2_rig_log(r, " protocol=%.*s", SLICE_ARG(h->protocol));
	if (h->trailers_ok)
		h2_rig_log(r, " trailers_ok");
	if (h->expects_continue)
		h2_rig_log(r, " expects");
	h2_rig_fields(r, h->fields, h->nfields);
	h2_rig_log(r, "%s\n", end ? " end" : "");
}

static inline void
h2_rig_on_body(void *owner, struct lent b, bool end)
{
	struct h2_rig_stream *s = owner;

	must(!s->reset && s->lent.n == 0 && (b.n > 0 || end));
	s->lent = b;
	s->body += b.n;
	for (size_t i = 0; i < b.n; i++)
		s->sum = s->sum * 31 + (uint8_t)b.p[i];
	s->end = end;
	if (end)
		h2_rig_log(s->r, "body %zu end\n", s->body);
}

static inline void
h2_rig_on_trailers(void *owner, struct field *f, uint32_t n)
{
	struct h2_rig_stream *s = owner;

	must(!s->reset && !s->end && n > 0);
	s->end = true;
	h2_rig_log(s->r, "body %zu trailers", s->body);
	h2_rig_fields(s->r, f, n);
	h2_rig_log(s->r, "\n");
}

static inline void
h2_rig_on_room(void *owner, size_t n)
{
	struct h2_rig_stream *s = owner;

	must(!s->reset || s->status != 0);
	must(!s->room_end);
	s->room += n;
	s->room_end = n == 0;
}

static inline void
h2_rig_on_reset(void *owner, enum stream_error e, const struct fault *f)
{
	struct h2_rig_stream *s = owner;

	must(!s->reset || (s->status != 0 && f == NULL));
	s->reset = true;
	s->status = f != NULL ? f->status : 0;
	h2_rig_log(s->r, "reset %s", stream_error_name(e));
	if (f != NULL)
		h2_rig_log(s->r, " %u %s", f->status, f->why);
	h2_rig_log(s->r, "\n");
}

static const struct stream_sink h2_rig_sink = {
	.on_head = h2_rig_on_head,
	.on_body = h2_rig_on_body,
	.on_trailers = h2_rig_on_trailers,
	.on_room = h2_rig_on_room,
	.on_reset = h2_rig_on_reset,
};

static inline void
h2_rig_on_stream(void *owner, struct stream *s)
{
	struct h2_rig *r = owner;
	struct h2_rig_stream *x;

	do
		x = &r->streams[r->nstreams++ % H2_RIG_STREAMS];
	while (x->s != NULL);
	*x = (struct h2_rig_stream){ .r = r, .s = s };
	s->sink = &h2_rig_sink;
	s->owner = x;
}

static inline void
h2_rig_on_output(void *owner)
{
	(void)owner;
}

static inline void
h2_rig_on_resume(void *owner)
{
	((struct h2_rig *)owner)->resume = true;
}

static inline void
h2_rig_on_slots(void *owner)
{
	((struct h2_rig *)owner)->nslots++;
}

static const struct codec_host h2_rig_host = {
	.on_stream = h2_rig_on_stream,
	.on_output = h2_rig_on_output,
	.on_resume = h2_rig_on_resume,
	.on_slots = h2_rig_on_slots,
};

/* The peer's side. */
static inline int
h2_rig_peer_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t nname, const uint8_t *value, size_t nvalue,
    uint8_t flags, void *user)
{
	struct h2_rig *r = user;

	(void)session;
	(void)flags;
	if (nname == 7 && memcmp(name, ":status", 7) == 0)
		r->replies[frame->hd.stream_id].status = (value[0] - '0') *
		    100 + (value[1] - '0') * 10 + value[2] - '0';
	h2_rig_got(r, "%d [%.*s: %.*s]\n", frame->hd.stream_id, (int)nname,
	    name, (int)nvalue, value);
	return 0;
}

static inline int
h2_rig_peer_frame(nghttp2_session *session, const nghttp2_frame *frame,
    void *user)
{
	struct h2_rig *r = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		r->goaway = frame->goaway.error_code;
		r->ngoaways++;
	}
	if (frame->hd.type == NGHTTP2_PING &&
	    (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
		r->npings++;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		h2_rig_got(r, "%d rst %s\n", frame->hd.stream_id,
		    nghttp2_http2_strerror(frame->rst_stream.error_code));
	if ((frame->hd.type == NGHTTP2_HEADERS ||
	    frame->hd.type == NGHTTP2_DATA) &&
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		h2_rig_got(r, "%d end %zu\n", frame->hd.stream_id,
		    r->replies[frame->hd.stream_id].down);
	return 0;
}

static inline int
h2_rig_peer_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *p, size_t n, void *user)
{
	struct h2_rig *r = user;

	(void)flags;
	(void)p;
	r->replies[id].down += n;
	if (!r->deaf)
		nghttp2_session_consume(session, id, n);
	return 0;
}

static inline int
h2_rig_peer_close(nghttp2_session *session, int32_t id, uint32_t code,
    void *user)
{
	struct h2_rig *r = user;

	(void)session;
	r->replies[id].closed = true;
	r->replies[id].code = code;
	return 0;
}

static inline ssize_t
h2_rig_peer_read(nghttp2_session *session, int32_t id, uint8_t *p,
    size_t length, uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct h2_rig *r = user;
	struct h2_rig_reply *x = &r->replies[id];
	size_t n = x->up < length ? x->up : length;

	(void)session;
	(void)source;
	if (n == 0 && x->wait)
		return NGHTTP2_ERR_DEFERRED;
	memset(p, 'u', n);
	x->up -= n;
	if (x->up == 0 && !x->wait)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static inline nghttp2_session_callbacks *
h2_rig_callbacks(void)
{
	nghttp2_session_callbacks *cb;

	must(nghttp2_session_callbacks_new(&cb) == 0);
	nghttp2_session_callbacks_set_on_header_callback(cb,
	    h2_rig_peer_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb,
	    h2_rig_peer_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb,
	    h2_rig_peer_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb,
	    h2_rig_peer_close);
	return cb;
}

/* server: the codec's role; the peer has the other. */
static inline void
h2_rig_begin(struct h2_rig *r, bool server)
{
	nghttp2_session_callbacks *cb = h2_rig_callbacks();
	const struct codec_row *row = codec_find(SLICE("h2"));
	codec_new_fn *make = server ? row->server : row->client;
	nghttp2_option *o;
	int rv;

	buf_pages_init(&r->pages, 16);
	arena_chunks_init(&r->chunks, 16);
	r->clock.now = SEC(1000);
	codec_shared_init(&r->shared, &r->pages, &r->chunks, &r->clock);
	if (r->packs) {
		trunks_fini(&r->shared.h2->trunks);
		trunks_init(&r->shared.h2->trunks, false);
	}
	rng_init(r->shared.rng, 1);
	r->limits = http_limits_default;
	r->goaway = 99;
	r->codec = make(&r->shared, &r->limits, &h2_rig_host, r);
	must(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_auto_window_update(o, 1);
	rv = server ? nghttp2_session_client_new2(&r->peer, cb, r, o) :
	    nghttp2_session_server_new2(&r->peer, cb, r, o);
	must(rv == 0);
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(cb);
}

static inline void
h2_rig_init(struct h2_rig *r)
{
	h2_rig_begin(r, true);
	nghttp2_submit_settings(r->peer, NGHTTP2_FLAG_NONE, NULL, 0);
}

static inline void
h2_rig_fini(struct h2_rig *r)
{
	codec_free(&r->codec);
	nghttp2_session_del(r->peer);
	if (r->in.base != NULL)
		buf_release(&r->in, &r->pages);
	must(r->pages.nused == 0 && r->chunks.nused == 0 &&
	    r->shared.codecs->nused == 0 &&
	    r->shared.streams->nused == 0);
	slab_fini(&r->pages);
	slab_fini(&r->chunks);
	codec_shared_fini(&r->shared);
}

/* Bytes to the codec, as cluster/link reads. */
static inline void
h2_rig_feed(struct h2_rig *r, const void *bytes, size_t n)
{
	const char *p = bytes;
	size_t k;

	while (n > 0 && r->codec->end == CODEC_OPEN) {
		k = r->piece > 0 && r->piece < n ? r->piece : n;
		if (k > BUF_PAGE)
			k = BUF_PAGE;
		r->in.pos = r->in.end = 0;
		buf_reserve(&r->in, &r->pages, BUF_PAGE);
		buf_add(&r->in, p, k);
		do
			codec_recv(r->codec, &r->in);
		while (r->codec->sated);
		must(buf_len(&r->in) == 0);
		buf_release(&r->in, &r->pages);
		p += k;
		n -= k;
	}
}

static inline bool
h2_rig_write(struct h2_rig *r)
{
	struct codec_rest rest;
	struct iovec v[8];
	size_t n;

	if (r->blocked)
		return false;
	n = codec_send(r->codec, v, 8, &rest);
	if (n == 0)
		return false;
	must(n == 1 && rest.pipe == NULL);
	n = v[0].iov_len;
	if (r->piece > 0 && r->piece < n)
		n = r->piece;
	nghttp2_session_mem_recv(r->peer, v[0].iov_base, n);
	r->sent += n;
	codec_sent(r->codec, n);
	return true;
}

static inline bool
h2_rig_consume(struct h2_rig *r)
{
	bool moved = false;
	size_t n;

	for (unsigned i = 0; i < H2_RIG_STREAMS && !r->keep; i++) {
		struct h2_rig_stream *s = &r->streams[i];

		if (s->s == NULL || s->lent.n == 0)
			continue;
		n = s->lent.n;
		s->lent = LENT_NONE;
		stream_consumed(s->s, n);
		moved = true;
	}
	return moved;
}

static inline void
h2_rig_pump(struct h2_rig *r)
{
	const uint8_t *p;
	bool moved;
	ssize_t n;

	do {
		moved = false;
		while ((n = nghttp2_session_mem_send(r->peer, &p)) > 0) {
			h2_rig_feed(r, p, (size_t)n);
			moved = true;
		}
		moved = h2_rig_consume(r) || moved;
		if (r->resume) {
			r->resume = false;
			codec_recv(r->codec, &r->in);
			moved = true;
		}
		moved = h2_rig_write(r) || moved;
	} while (moved || r->resume);
}

/* Fields as "name: value" strings, NULL-ended. */
static inline size_t
h2_rig_nv(const char *const *lines, nghttp2_nv nv[256])
{
	const char *colon;
	size_t n = 0;

	for (; lines[n] != NULL; n++) {
		colon = strchr(lines[n] + 1, ':');
		nv[n] = (nghttp2_nv){ (uint8_t *)(uintptr_t)lines[n],
		    (uint8_t *)(uintptr_t)(colon + 2),
		    (size_t)(colon - lines[n]), strlen(colon + 2),
		    NGHTTP2_NV_FLAG_NONE };
	}
	return n;
}

/* A request; with a body of `up` bytes if that is not negative, which ends
 * unless wait. */
static inline int32_t
h2_rig_submit(struct h2_rig *r, long up, bool wait, const char *const *lines)
{
	nghttp2_data_provider body = { .read_callback = h2_rig_peer_read };
	nghttp2_nv nv[256];
	size_t n = h2_rig_nv(lines, nv);
	int32_t id;

	id = nghttp2_submit_request(r->peer, NULL, nv, n,
	    up >= 0 ? &body : NULL, NULL);
	must(id > 0 && id < 2 * (int32_t)H2_RIG_STREAMS);
	r->replies[id] = (struct h2_rig_reply){
		.up = up > 0 ? (size_t)up : 0, .wait = wait };
	return id;
}

#define H2_RIG_REQUEST(method) ":method: " method, ":scheme: http", \
	":authority: a", ":path: /"

static inline int32_t
h2_rig_get(struct h2_rig *r)
{
	static const char *const lines[] = { H2_RIG_REQUEST("GET"), NULL };

	return h2_rig_submit(r, -1, false, lines);
}

static inline int32_t
h2_rig_post(struct h2_rig *r, long up, bool wait)
{
	static const char *const lines[] = { H2_RIG_REQUEST("POST"), NULL };

	return h2_rig_submit(r, up, wait, lines);
}

static inline void
h2_rig_respond(struct h2_rig *r, unsigned i, unsigned status, int64_t length,
    bool end)
{
	struct arena a;
	struct head h;

	arena_init(&a, NULL);
	head_init(&h, status < 200 && status != 101 ? HEAD_INTERIM :
	    HEAD_RESPONSE);
	h.status = (uint16_t)status;
	h.length = length;
	if (status == 101)
		h.protocol = SLICE("websocket");
	head_add(&h, &a, FIELD_SERVER, SLICE("me"));
	head_add(&h, &a, FIELD_CONNECTION, SLICE("close"));
	stream_send_head(r->streams[i].s, &h, end);
	arena_reset(&a);
}

static inline size_t
h2_rig_send(struct h2_rig *r, unsigned i, const char *p, size_t n, bool end)
{
	return stream_send_body(r->streams[i].s,
	    lent_of(slice_make(p, n)), end);
}

static inline void
h2_rig_release(struct h2_rig *r, unsigned i)
{
	struct stream *s = r->streams[i].s;

	r->streams[i].s = NULL;
	stream_release(s);
	h2_rig_pump(r);
}

/* Frees the one in *state, which a set-up made. */
static inline int
h2_rig_teardown(void **state)
{
	h2_rig_fini(*state);
	free(*state);
	return 0;
}
