/*
 * h2_server.c - HTTP/2 towards a client (RFC 9113).
 *
 * libnghttp2 makes and reads frames, keeps windows and compression; what a
 * request may say, what a client may make us hold or do, and when a stream's
 * owner is told is decided here.
 *
 *	recv --> library --> h2_in.c --> facts
 *	calls (h2_stream.c) --> library --> h2_out.c --> send
 *
 * Invariant: a stream counts until its owner has let go, also when the client
 *            has reset it: who resets cannot have more than is allowed.
 */
#include "codec/h2.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "codec/h2_side.h"

/* It is announced, so that it stands in the log like a malformed request. */
static void
tell_fault(struct h2 *h)
{
	struct h2_stream *s = h2_stream_new(h, 0);

	s->why = h->why;
	s->status = h->status;
	h->why = NULL;
	h2_stream_announce(s);
	h2_stream_tell(s);
}

static void
finish(struct h2 *h, enum codec_end end)
{
	struct h2_stream *s;

	h->over = true;
	h->in_section = false;
	if (end > h->codec.end)
		h->codec.end = end;
	list_each(s, &h->streams, struct h2_stream, node)
		if (s->held && s->live) {
			s->gone = true;
			h2_stream_wake(s);
		}
}

void
h2_fail(struct h2 *h, uint32_t code, unsigned status, const char *why)
{
	if (h->over)
		return;
	h->why = why;
	h->status = (uint16_t)status;
	nghttp2_session_terminate_session(h->session, code);
	finish(h, CODEC_LINGER);
	h->codec.host->on_resume(h->codec.owner);
}

void
h2_phase(struct h2 *h)
{
	h->codec.phase = h->nheld > 0 ? CODEC_BUSY :
	    h->in_section ? CODEC_HEAD : CODEC_IDLE;
}

/* The second step of GOAWAY can wait no longer. */
static void
finish_drain(struct h2 *h)
{
	if (!h->drained) {
		h->drained = true;
		nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
		    nghttp2_session_get_last_proc_stream_id(h->session),
		    NGHTTP2_NO_ERROR, NULL, 0);
	}
	finish(h, CODEC_LINGER);
}

static void
settle(struct h2 *h)
{
	struct h2_stream *s;
	struct list *node;

	if (h->why != NULL)
		tell_fault(h);
	while ((node = list_pop(&h->ready)) != NULL) {
		s = list_entry(node, struct h2_stream, ready);
		h2_stream_tell(s);
	}
	if (!h->over && !nghttp2_session_want_read(h->session) &&
	    !nghttp2_session_want_write(h->session))
		finish(h, CODEC_LINGER);
	if (!h->draining && h->codec.requests >= h->codec.limits->requests)
		codec_drain(&h->codec);
	h2_phase(h);
	if (h->draining && !h->over && h->codec.phase == CODEC_IDLE)
		finish_drain(h);
	h2_kick(h);
}

static void
h2_recv(struct codec *c, struct buf *in)
{
	struct h2 *h = h2_of(c);
	ssize_t n = 0;

	if (buf_len(in) > 0 && !h->over)
		n = nghttp2_session_mem_recv(h->session,
		    (const uint8_t *)buf_at(in), buf_len(in));
	if (buf_len(in) > 0)
		buf_drop(in, buf_len(in));
	if (n == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
		h2_fail(h, NGHTTP2_PROTOCOL_ERROR, 400,
		    "no preface of HTTP/2");
	else if (n < 0)
		h2_fail(h, NGHTTP2_ENHANCE_YOUR_CALM, 400,
		    "more frames than may wait for an answer");
	settle(h);
}

static void
h2_drain(struct codec *c)
{
	struct h2 *h = h2_of(c);

	if (h->draining || h->over)
		return;
	h->draining = true;
	h2_phase(h);
	if (c->phase == CODEC_IDLE) {
		finish_drain(h);
	} else {
		nghttp2_submit_shutdown_notice(h->session);
		nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
	}
	h2_kick(h);
}

static void
h2_eof(struct codec *c, int error)
{
	struct h2 *h = h2_of(c);

	finish(h, error != 0 ? CODEC_ABORT : CODEC_CLOSE);
	settle(h);
}

static void
h2_expire(struct codec *c)
{
	struct h2 *h = h2_of(c);

	if (c->phase == CODEC_IDLE) {
		h->draining = true;
		finish_drain(h);
		h2_kick(h);
	} else if (c->phase == CODEC_HEAD) {
		h2_fail(h, NGHTTP2_NO_ERROR, 408,
		    "the request head did not arrive in time");
		settle(h);
	}
}

static void
h2_free(struct codec *c)
{
	struct h2 *h = h2_of(c);
	struct h2_stream *s;

	list_each(s, &h->streams, struct h2_stream, node)
		h2_stream_free(s);
	nghttp2_session_del(h->session);
	if (h->out.base != NULL)
		buf_release(&h->out, c->shared->pages);
	free(h);
}

static const struct codec_ops codec_ops = {
	.recv = h2_recv,
	.send = h2_send,
	.sent = h2_sent,
	.drain = h2_drain,
	.eof = h2_eof,
	.expire = h2_expire,
	.free = h2_free,
};

/* Frames that the client broke the rules with, as the log says it. */
static const char *
reason_of(uint32_t code)
{
	switch (code) {
	case NGHTTP2_FLOW_CONTROL_ERROR:
		return "more DATA than the window allowed";
	case NGHTTP2_FRAME_SIZE_ERROR:
		return "a frame of a wrong size";
	case NGHTTP2_COMPRESSION_ERROR:
		return "a field section that cannot be decompressed";
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return "too much of frames that are costly";
	default:
		return "a frame that breaks the rules of HTTP/2";
	}
}

/* A GOAWAY of the library's own making. */
static int
on_before_send(nghttp2_session *session, const nghttp2_frame *frame,
    void *user)
{
	struct h2 *h = user;

	(void)session;
	if (frame->hd.type != NGHTTP2_GOAWAY || h->over ||
	    frame->goaway.error_code == NGHTTP2_NO_ERROR)
		return 0;
	h->why = reason_of(frame->goaway.error_code);
	h->status = 400;
	finish(h, CODEC_LINGER);
	h->codec.host->on_resume(h->codec.owner);
	return 0;
}

/* What the library may not judge, because it would be silent about it. */
static nghttp2_option *
options(void)
{
	nghttp2_option *o;

	must(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_settings(o, 32);
	nghttp2_option_set_max_outbound_ack(o, 500);
	nghttp2_option_set_max_deflate_dynamic_table_size(o, 4096);
	return o;
}

static nghttp2_session_callbacks *
callbacks(void)
{
	nghttp2_session_callbacks *cb;

	must(nghttp2_session_callbacks_new(&cb) == 0);
	h2_in_callbacks(cb);
	h2_out_callbacks(cb);
	nghttp2_session_callbacks_set_before_frame_send_callback(cb,
	    on_before_send);
	return cb;
}

static void
submit_settings(struct h2 *h)
{
	const struct http_limits *l = h->codec.limits;
	nghttp2_settings_entry e[4] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->streams },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, l->head },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
	};
	bool tunnels = l->websocket || l->upgrades != NULL;

	nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, e,
	    tunnels ? 4 : 3);
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
	    H2_WINDOW);
}

struct codec *
h2_server_new(const struct codec_shared *shared,
    const struct http_limits *limits, const struct codec_host *host,
    void *owner)
{
	nghttp2_session_callbacks *cb = callbacks();
	nghttp2_option *o = options();
	struct h2 *h = mem_new(sizeof(*h));

	h->codec = (struct codec){
		.ops = &codec_ops,
		.host = host,
		.owner = owner,
		.shared = shared,
		.limits = limits,
		.proto = HTTP_2,
		.keep_alive = -1,
	};
	list_init(&h->streams);
	list_init(&h->ready);
	h2_guard_init(&h->guard, shared->clock->now);
	must(nghttp2_session_server_new2(&h->session, cb, h, o) == 0);
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(o);
	submit_settings(h);
	return &h->codec;
}
