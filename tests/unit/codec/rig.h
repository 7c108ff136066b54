#pragma once

/*
 * A codec in a rig: bytes are fed in pieces of a chosen size, output is taken
 * in pieces of a chosen size, and what the codec tells is written down as
 * text.  It plays the part of cluster/link; the part of the exchange is
 * played by the test, or by a script.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/rng.h"
#include "codec/codec.h"

#define RIG_TEXT 65536u

struct rig {
	struct slab pages, chunks;
	struct clock clock;
	struct codec_shared shared;
	struct http_limits limits;
	struct codec *codec;
	struct buf in;
	struct stream *stream;	/* the last one */
	struct head *head;	/* the last one told */
	size_t in_piece, out_piece;	/* 0: as much as fits */
	uint32_t (*random)(struct rig *);	/* or pieces of random size */
	uint32_t seed;
	bool keep;		/* the test consumes bodies itself */
	bool blocked;		/* nothing is written */
	bool resume, output, inside;
	size_t lent, room, rooms;
	size_t piped;		/* of the body, told by number alone */
	bool msg_ended, was_reset, refused, room_end;
	unsigned slots_told;
	void (*run)(struct rig *);	/* the script */
	unsigned step;
	char *log, *body, *out;		/* NUL-terminated for the test's sake */
	size_t nlog, nbody, nout;
	char *feed;
	size_t nfeed, atfeed;
};

static inline void
rig_add(char *to, size_t *n, const void *p, size_t more)
{
	must(*n + more < RIG_TEXT);
	if (more > 0)
		memcpy(to + *n, p, more);
	*n += more;
	to[*n] = '\0';
}

static inline void __attribute__((format(printf, 2, 3)))
rig_log(struct rig *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->log + r->nlog, RIG_TEXT - r->nlog, fmt, ap);
	va_end(ap);
	must(n >= 0 && r->nlog + (size_t)n < RIG_TEXT);
	r->nlog += (size_t)n;
}

static inline void
rig_log_fields(struct rig *r, const struct field *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		must(f[i].id == field_id(f[i].name));
		rig_log(r, " [%.*s: %.*s]", SLICE_ARG(f[i].name),
		    SLICE_ARG(f[i].value));
	}
}

static inline void
rig_on_head(void *owner, struct head *h, bool end)
{
	struct rig *r = owner;

	must(!r->inside && !r->was_reset);
	r->head = h;
	if (h->kind == HEAD_REQUEST)
		rig_log(r, "%.*s %.*s %.*s", SLICE_ARG(h->method),
		    SLICE_ARG(h->authority), SLICE_ARG(h->path));
	else
		rig_log(r, "%s%u", h->kind == HEAD_INTERIM ? "interim " : "",
		    h->status);
	rig_log(r, " %s", http_proto_name(h->proto));
	if (h->length != LENGTH_NONE)
		rig_log(r, " length=%lld", (long long)h->length);
	if (h->protocol.n > 0)
		rig_log(r, " protocol=%.*s", SLICE_ARG(h->protocol));
	if (h->trailers_ok)
		rig_log(r, " trailers_ok");
	if (h->expects_continue)
		rig_log(r, " expects");
	if (h->absolute)
		rig_log(r, " absolute=%.*s", SLICE_ARG(h->scheme));
	rig_log_fields(r, h->fields, h->nfields);
	rig_log(r, "%s\n", end ? " end" : "");
	if (h->kind != HEAD_INTERIM)
		r->msg_ended = end;
}

static inline void
rig_end(struct rig *r)
{
	rig_log(r, "body %zu", r->nbody);
	if (r->piped > 0)
		rig_log(r, " + %zu piped", r->piped);
	rig_log(r, ":");
	for (size_t i = 0; i < r->nbody; i++)
		rig_log(r, r->body[i] >= 0x20 && r->body[i] < 0x7f ?
		    "%c" : "\\x%02x", (unsigned char)r->body[i]);
	r->nbody = r->piped = 0;
	r->msg_ended = true;
}

static inline void
rig_on_body(void *owner, struct lent b, bool end)
{
	struct rig *r = owner;

	must(!r->inside && !r->was_reset && !r->msg_ended && r->lent == 0);
	must(b.n > 0 || end);
	if (b.pipe == NULL)
		rig_add(r->body, &r->nbody, b.p, b.n);
	else
		r->piped += b.n;
	r->lent = b.n;
	must(r->codec->paused == (b.n > 0));
	if (end) {
		rig_end(r);
		rig_log(r, " end\n");
	}
}

static inline void
rig_on_trailers(void *owner, struct field *f, uint32_t n)
{
	struct rig *r = owner;

	must(!r->inside && !r->was_reset && !r->msg_ended && n > 0);
	rig_end(r);
	rig_log(r, " trailers");
	rig_log_fields(r, f, n);
	rig_log(r, "\n");
}

static inline void
rig_on_room(void *owner, size_t n)
{
	struct rig *r = owner;

	must(!r->inside);
	r->room += n;
	if (n == 0) {
		must(!r->room_end);
		r->room_end = true;
		r->rooms++;
	}
}

static inline void
rig_on_reset(void *owner, enum stream_error e, const struct fault *f)
{
	struct rig *r = owner;

	must(!r->inside);
	must(f == NULL || f->offset < f->bytes.n || f->bytes.n == 0);
	rig_log(r, "reset %s", stream_error_name(e));
	if (f != NULL)
		rig_log(r, " %u %s", f->status, f->why);
	rig_log(r, "\n");
	r->was_reset = true;
	r->refused = f != NULL;
}

static const struct stream_sink rig_sink = {
	.on_head = rig_on_head,
	.on_body = rig_on_body,
	.on_trailers = rig_on_trailers,
	.on_room = rig_on_room,
	.on_reset = rig_on_reset,
};

static inline void
rig_take(struct rig *r, struct stream *s)
{
	r->stream = s;
	r->head = NULL;
	r->lent = r->room = 0;
	r->nbody = r->piped = 0;
	r->msg_ended = r->was_reset = r->refused = r->room_end = false;
	r->step = 0;
}

static inline void
rig_on_stream(void *owner, struct stream *s)
{
	struct rig *r = owner;

	must(r->stream == NULL);
	rig_take(r, s);
	s->sink = &rig_sink;
	s->owner = r;
}

static inline void
rig_on_output(void *owner)
{
	((struct rig *)owner)->output = true;
}

static inline void
rig_on_resume(void *owner)
{
	((struct rig *)owner)->resume = true;
}

static inline void
rig_on_slots(void *owner)
{
	struct rig *r = owner;

	r->slots_told++;
	r->resume = true;
}

static const struct codec_host rig_host = {
	.on_stream = rig_on_stream,
	.on_output = rig_on_output,
	.on_resume = rig_on_resume,
	.on_slots = rig_on_slots,
};

static inline void
rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	buf_pages_init(&r->pages, 16);
	arena_chunks_init(&r->chunks, 16);
	r->clock.now = SEC(1000);
	codec_shared_init(&r->shared, &r->pages, &r->chunks, &r->clock);
	rng_init(r->shared.rng, 1);
	r->limits = http_limits_default;
	r->log = calloc(1, RIG_TEXT);
	r->body = calloc(1, RIG_TEXT);
	r->out = calloc(1, RIG_TEXT);
	r->feed = calloc(1, RIG_TEXT);
	must(r->log && r->body && r->out && r->feed);
}

static inline void
rig_server(struct rig *r)
{
	rig_init(r);
	r->codec = codec_find(SLICE("http/1.1"))->server(&r->shared,
	    &r->limits, &rig_host, r);
}

static inline void
rig_client(struct rig *r)
{
	rig_init(r);
	r->codec = codec_find(SLICE("http/1.1"))->client(&r->shared,
	    &r->limits, &rig_host, r);
}

static inline struct stream *
rig_open(struct rig *r)
{
	rig_take(r, codec_open(r->codec, &rig_sink, r));
	return r->stream;
}

static inline void
rig_fini(struct rig *r)
{
	codec_free(&r->codec);
	must(r->codec == NULL);
	if (r->in.base != NULL)
		buf_release(&r->in, &r->pages);
	must(r->pages.nused == 0 && r->chunks.nused == 0 &&
	    r->shared.codecs->nused == 0 &&
	    r->shared.streams->nused == 0);
	slab_fini(&r->pages);
	slab_fini(&r->chunks);
	codec_shared_fini(&r->shared);
	free(r->log);
	free(r->body);
	free(r->out);
	free(r->feed);
}

static inline size_t
rig_piece(struct rig *r, size_t fixed, size_t most)
{
	size_t n = fixed;

	if (r->random != NULL)
		n = 1 + r->random(r) % 64;
	return n == 0 || n > most ? most : n;
}

/* As cluster/link reads. */
static inline bool
rig_read(struct rig *r)
{
	struct buf *in = &r->in;
	size_t n = r->nfeed - r->atfeed;

	if (r->codec->paused || n == 0)
		return false;
	if (buf_len(in) == 0) {
		in->pos = in->end = 0;
		buf_reserve(in, &r->pages, BUF_PAGE);
	} else if (buf_room(in) == 0) {
		buf_pack(in);
		if (buf_room(in) == 0 && r->codec->phase == CODEC_HEAD &&
		    buf_len(in) <= r->limits.head)
			buf_reserve(in, &r->pages, BUF_PAGE);
	}
	n = rig_piece(r, r->in_piece, n);
	if (n > buf_room(in))
		n = buf_room(in);
	if (n == 0)
		return false;
	buf_add(in, r->feed + r->atfeed, n);
	r->atfeed += n;
	codec_recv(r->codec, in);
	if (buf_len(in) == 0 && !r->codec->paused)
		buf_release(in, &r->pages);
	return true;
}

static inline bool
rig_write(struct rig *r)
{
	struct codec_rest rest;
	struct iovec v[8];
	size_t n, total = 0, left;

	if (r->blocked || r->codec->end == CODEC_ABORT)
		return false;
	n = codec_send(r->codec, v, 8, &rest);
	for (size_t i = 0; i < n; i++)
		total += v[i].iov_len;
	if (total == 0)
		return false;
	total = left = rig_piece(r, r->out_piece, total);
	for (size_t i = 0; left > 0; i++) {
		size_t k = v[i].iov_len < left ? v[i].iov_len : left;

		rig_add(r->out, &r->nout, v[i].iov_base, k);
		left -= k;
	}
	codec_sent(r->codec, total);
	return true;
}

static inline bool
rig_consume(struct rig *r)
{
	size_t n = r->lent;

	if (r->keep || n == 0 || r->stream == NULL)
		return false;
	if (r->random != NULL)
		n = 1 + r->random(r) % n;
	r->inside = true;
	r->lent -= n;
	stream_consumed(r->stream, n);
	r->inside = false;
	return true;
}

static inline void
rig_pump(struct rig *r)
{
	bool moved;

	do {
		moved = r->resume;
		if (r->resume) {
			r->resume = false;
			codec_recv(r->codec, &r->in);
			if (buf_len(&r->in) == 0 && !r->codec->paused &&
			    r->in.base != NULL)
				buf_release(&r->in, &r->pages);
		}
		moved = rig_consume(r) || moved;
		if (r->run != NULL && r->stream != NULL) {
			r->inside = true;
			r->run(r);
			r->inside = false;
		}
		moved = rig_write(r) || moved;
		if (r->codec->end == CODEC_OPEN ||
		    r->codec->phase == CODEC_BUSY)
			moved = rig_read(r) || moved;
	} while (moved || r->resume);
}

static inline void
rig_feed(struct rig *r, const char *bytes, size_t n)
{
	rig_add(r->feed, &r->nfeed, bytes, n);
	rig_pump(r);
}

static inline void
rig_say(struct rig *r, const char *text)
{
	rig_feed(r, text, strlen(text));
}

static inline void
rig_release(struct rig *r)
{
	stream_release(r->stream);
	r->stream = NULL;
	rig_pump(r);
}

static inline void
rig_reset(struct rig *r)
{
	stream_reset(r->stream, STREAM_CANCEL);
	r->stream = NULL;
	rig_pump(r);
}

/* A head for send_head: fields as "Name: value" strings, NULL-ended. */
struct rig_head {
	struct head h;
	struct arena a;
};

static inline void
rig_head_fields(struct rig_head *x, va_list ap)
{
	const char *line, *colon;

	while ((line = va_arg(ap, const char *)) != NULL) {
		colon = strchr(line, ':');
		head_add_other(&x->h, &x->a,
		    slice_make(line, (size_t)(colon - line)),
		    slice_of(colon + 2));
	}
}

static inline void
rig_respond(struct rig *r, unsigned status, int64_t length, int end, ...)
{
	struct rig_head x;
	va_list ap;

	arena_init(&x.a, NULL);
	head_init(&x.h, status < 200 && status != 101 ? HEAD_INTERIM :
	    HEAD_RESPONSE);
	x.h.status = (uint16_t)status;
	x.h.length = length;
	if (status == 101)
		x.h.protocol = SLICE("websocket");
	va_start(ap, end);
	rig_head_fields(&x, ap);
	va_end(ap);
	stream_send_head(r->stream, &x.h, end != 0);
	arena_reset(&x.a);
	if (!r->inside)
		rig_pump(r);
}

static inline size_t
rig_send(struct rig *r, const char *text, bool end)
{
	size_t n = stream_send_body(r->stream, lent_of(slice_of(text)), end);

	if (!r->inside)
		rig_pump(r);
	return n;
}

/* Frees the one in *state, which a set-up made. */
static inline int
rig_teardown(void **state)
{
	rig_fini(*state);
	free(*state);
	return 0;
}

/* Forgets what was told and sent so far. */
static inline void
rig_forget(struct rig *r)
{
	r->nlog = r->nout = 0;
	r->log[0] = r->out[0] = '\0';
}
