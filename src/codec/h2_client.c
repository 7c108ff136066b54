/*
 * h2_client.c - HTTP/2 towards a server (RFC 9113).
 *
 *	open --> send_head --> its answer, pieces of both bodies --> let go
 *	            \--tunnel, before SETTINGS: waits for them
 *
 * Why:       an answer that is whole stands, whatever becomes of the request's
 *            body or of the connection; one that is not is never completed.
 * Invariant: a stream takes a slot until its owner has let go and the wire is
 *            done with it.
 * Not here:  what both roles share (h2_side.c).
 */
#include "codec/h2.h"

#include "codec/h2_side.h"
#include "codec/h2_words.h"

#define STREAM_WINDOW (128 * 1024)	/* H2_PIECES hold it */
#define MOST_STRAY (2 * STREAM_WINDOW)	/* with the heads of frames */
#define MOST_INTERIM 8			/* times a head's limit, of a stream */

static unsigned
slots(const struct codec *c)
{
	const struct h2 *h = (const struct h2 *)(const void *)c;
	uint32_t most;

	if (h->over || h->draining ||
	    !nghttp2_session_check_request_allowed(h->session))
		return 0;
	most = nghttp2_session_get_remote_settings(h->session,
	    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
	if (most > c->limits->streams)
		most = c->limits->streams;
	return most > h->codec.streams ? most - h->codec.streams : 0;
}

static struct stream *
open_stream(struct codec *c, const struct stream_sink *sink, void *owner)
{
	struct h2 *h = h2_of(c);
	unsigned left = slots(c);
	struct h2_stream *s;

	if (left == 0)
		return NULL;
	s = h2_stream_new(h, 0);
	h2_stream_hold(s);
	s->stream.sink = sink;
	s->stream.owner = owner;
	h->slots = left - 1;
	return &s->stream;
}

static void
begin(struct h2 *h, struct h2_stream *s, const nghttp2_frame *frame)
{
	(void)frame;
	if (s == NULL)
		return;
	s->stream.answered = true;
	h2_block_begin(&s->block, &s->arena, h->codec.limits,
	    h->codec.shared->h2->names, HEAD_RESPONSE, s->in_head);
	if (!s->held)
		s->block.why = "nobody waits for it";
}

static void
take_interim(struct h2_stream *s, struct head *head, bool end)
{
	size_t most = MOST_INTERIM * (size_t)s->h2->codec.limits->head;

	if (end)
		h2_stream_refuse(s, 502,
		    "an interim response that ends the message", true);
	else if (s->arena.size > most)
		h2_stream_refuse(s, 502, "too many interim responses", true);
	else
		s->stream.sink->on_head(s->stream.owner, head, false);
}

/*
 * Bytes flow both ways from here.  Asking by another protocol's name is an
 * Upgrade to everybody else.
 */
static void
take_switch(struct h2_stream *s, struct head *head)
{
	s->tunnel = true;
	s->out_end = s->end_written = s->end_told = false;
	h2_marks_forget(s->h2, s);
	head->length = LENGTH_NONE;
	if (s->extended) {
		head->status = 101;
		head->protocol = s->protocol;
		head_del(head, FIELD_SEC_WEBSOCKET_ACCEPT);
	}
	s->stream.sink->on_head(s->stream.owner, head, false);
	h2_stream_wake(s);
}

static void
take_final(struct h2_stream *s, struct head *head)
{
	s->in_left = head_is_bodiless(head->status, s->to_head) ? 0 :
	    head->length;
	if (s->in_end && s->in_left > 0) {
		h2_stream_refuse(s, 502,
		    "a body shorter than its Content-Length", true);
		return;
	}
	s->in_told = s->in_end;
	s->stream.sink->on_head(s->stream.owner, head, s->in_end);
}

static void
take_response(struct h2_stream *s, bool end)
{
	struct head *head = h2_block_response(&s->block);
	bool asked = s->asking;

	if (head != NULL && head->kind == HEAD_INTERIM) {
		if (s->held && s->why == NULL)
			take_interim(s, head, end);
		return;
	}
	s->in_head = true;
	s->in_end = end;
	if (!s->held || s->dead || s->why != NULL)
		return;
	if (head == NULL) {
		h2_stream_refuse(s, 502, s->block.why, true);
		return;
	}
	h2_guard_credit(&s->h2->guard, s->h2->codec.limits, 3);
	s->asking = s->connects = false;
	if (asked && head->status / 100 == 2) {
		s->connects = true;
		take_switch(s, head);
		return;
	}
	if (asked)		/* no tunnel: so the request has ended */
		nghttp2_session_resume_data(s->h2->session, s->id);
	take_final(s, head);
}

static void
on_reset(struct h2 *h, struct h2_stream *s)
{
	(void)h;		/* what it costs is in h2_in.c */
	(void)s;
}

/* The answer is whole, the rest of the request is unwanted (RFC 9113 8.1). */
static void
drop_rest(struct h2_stream *s)
{
	h2_marks_forget(s->h2, s);
	s->room += s->out.n + s->transit;
	s->transit = 0;
	s->out = LENT_NONE;
	s->drops = s->end_written = true;
	h2_stream_wake(s);
}

/* A server that speaks something else may end what it does not understand. */
static const char *
why_lost(const struct h2 *h)
{
	return h->codec.why == NULL && !h->codec.settled ?
	    "it said nothing in HTTP/2" : h->codec.why;
}

static void
lose(struct h2_stream *s, enum stream_error e)
{
	bool answered = s->stream.answered;

	if (s->gone || s->dead || s->why != NULL ||
	    (s->in_end && s->end_framed && !h2_stream_is_cut(s)))
		return;
	if (s->in_end && !s->tunnel) {
		drop_rest(s);
		return;
	}
	if (e == STREAM_PROTOCOL) {
		s->why = s->h2->why;
		s->status = s->h2->status;
	} else if (answered || (e == STREAM_STALE && !s->stream.reused)) {
		e = STREAM_CANCEL;
	}
	if (s->stream.why == NULL)
		s->stream.why = why_lost(s->h2);
	s->error = e;
	s->gone = true;
	h2_stream_wake(s);
}

/* Of DATA on streams that we have reset the library says nothing. */
static void
part(struct h2_stream *s, bool whole, enum stream_error e)
{
	(void)e;
	if (whole && s->in_end)
		return;
	if (!s->in_end)
		s->h2->stray += MOST_STRAY;
	h2_stream_rst(s, s->bad ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_CANCEL);
}

/* Drained, told by the server to go, or out of stream ids. */
static void
finish_if_done(struct h2 *h)
{
	if (h->over || h->nheld > 0 || (!h->draining &&
	    nghttp2_session_check_request_allowed(h->session)))
		return;
	h2_goaway(h);
	h2_finish(h, CODEC_CLOSE);
	h2_kick(h);
}

static void
tell_slots(struct h2 *h, bool always)
{
	unsigned before = h->slots;

	h->slots = slots(&h->codec);
	if (!always && h->slots <= before && h->end == h->codec.end)
		return;
	h->end = h->codec.end;
	h->codec.host->on_slots(h->codec.owner);
}

static void
parted(struct h2 *h)
{
	finish_if_done(h);
	tell_slots(h, true);
}

static void
settle(struct h2 *h)
{
	h2_phase(h);
	finish_if_done(h);
	tell_slots(h, false);
}

static void
tell_fault(struct h2 *h)
{
	h->codec.why = h->why;
	h->why = NULL;
}

static void
drain(struct codec *c)
{
	struct h2 *h = h2_of(c);

	h->draining = true;
	finish_if_done(h);
}

/* May a server be asked for another protocol (RFC 8441 3)? */
static bool
takes_protocol(const struct h2 *h)
{
	return nghttp2_session_get_remote_settings(h->session,
	    NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

static void
submit(struct h2_stream *s, const nghttp2_nv *nv, size_t n)
{
	nghttp2_data_provider body = h2_out_body(s);
	bool end = s->out_end && !s->asking;
	struct h2 *h = s->h2;
	int32_t id;

	if (s->extended && !takes_protocol(h)) {
		h2_stream_refuse(s, 502, "the server does not take :protocol "
		    "(RFC 8441), which a WebSocket needs", false);
		return;
	}
	id = nghttp2_submit_request(h->session, NULL, nv, n,
	    end ? NULL : &body, s);
	if (id < 0) {
		lose(s, STREAM_REFUSED);
		return;
	}
	s->id = id;
	s->live = true;
	h2_kick(h);
}

static void
send_head(struct stream *stream, const struct head *head, bool end)
{
	struct h2_stream *s = h2_stream_of(stream);
	struct h2 *h = s->h2;
	struct slice scheme = h->codec.secure ? SLICE("https") : SLICE("http");
	nghttp2_nv *nv;
	size_t n;

	if (s->dead || s->gone || s->head_sent)
		return;
	s->head_sent = true;
	s->to_head = head_is_method(head, "HEAD");
	s->extended = head->protocol.n > 0;
	s->asking = s->extended || head_is_method(head, "CONNECT");
	s->connects = s->asking;
	s->protocol = arena_copy(&s->arena, head->protocol);
	s->out_end = end;
	if (!end)
		s->out_left = head->length;
	if (end ? head->length > 0 : s->asking) {
		h2_stream_break_off(s);
		return;
	}
	nv = h2_head_request(s, head, scheme, head->length >= 0 &&
	    !s->asking, &n);
	if (!s->extended || h->codec.settled) {
		submit(s, nv, n);
		return;
	}
	h2_head_keep(&s->arena, nv, n);
	s->waits = nv;
	s->nwaits = n;
}

/* What a server says to it is kept once: streams may point at the words. */
static void
on_goaway(struct h2 *h, const nghttp2_goaway *g)
{
	h->codec.why = h2_words_goaway(g->error_code);
	if (h->codec.why == NULL || g->opaque_data_len == 0)
		return;
	if (h->said == NULL)
		h->said = h2_words_saying(h->codec.why,
		    slice_make((const char *)g->opaque_data,
		    g->opaque_data_len));
	h->codec.why = h->said;
}

/* Requests that had to wait for this. */
static void
on_settings(struct h2 *h)
{
	struct h2_stream *s;

	if (!h->codec.settled)
		return;
	list_each(s, &h->streams, struct h2_stream, node)
		if (s->waits != NULL && s->held && !s->gone) {
			submit(s, s->waits, s->nwaits);
			s->waits = NULL;
		}
}

static const struct stream_ops stream_ops = {
	.send_head = send_head,
	.send_body = h2_stream_send_body,
	.send_trailers = h2_stream_send_trailers,
	.consumed = h2_stream_consumed,
	.release = h2_stream_release,
	.reset = h2_stream_reset,
};

static const struct codec_ops codec_ops = {
	.recv = h2_recv,
	.send = h2_send,
	.sent = h2_sent,
	.open = open_stream,
	.slots = slots,
	.ask = h2_ask,
	.drain = drain,
	.eof = h2_eof,
	.free = h2_free,
};

static const struct h2_role role = {
	.streams = &stream_ops,
	.last = CODEC_CLOSE,
	.begin = begin,
	.take = take_response,
	.on_reset = on_reset,
	.lose = lose,
	.part = part,
	.parted = parted,
	.tell_fault = tell_fault,
	.on_settings = on_settings,
	.on_goaway = on_goaway,
	.settle = settle,
};

/*
 * The window of all streams is as wide as theirs together, so that those whose
 * bytes a client does not take cannot stop the others.
 */
static void
submit_settings(struct h2 *h)
{
	const struct http_limits *l = h->codec.limits;
	nghttp2_settings_entry e[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, l->head },
	};
	int64_t all = (int64_t)l->streams * STREAM_WINDOW;

	nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, e,
	    sizeof(e) / sizeof(e[0]));
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
	    all < INT32_MAX ? (int32_t)all : INT32_MAX);
}

struct codec *
h2_client_new(const struct codec_shared *shared,
    const struct http_limits *limits, const struct codec_host *host,
    void *owner)
{
	struct h2 *h = h2_new(&role, &codec_ops, shared, limits, host, owner);

	h->stray = MOST_STRAY;
	submit_settings(h);
	h->slots = slots(&h->codec);
	h2_kick(h);
	return &h->codec;
}
