/*
 * h2_server.c - HTTP/2 towards a client (RFC 9113).
 *
 * Not here:  what both roles share (h2_side.c).
 * Invariant: a stream counts until its owner has let go, also when the client
 *            has reset it: who resets cannot have more than is allowed.
 */
#include "codec/h2.h"

#include "codec/h2_side.h"

/*
 * More than this does not wait in the kernel, or what is urgent would wait
 * behind all that a send buffer holds: through 20 Mbit/s 0.4 s instead of 0.06.
 * It is what the kernel sends at once.
 */
#define AHEAD (64 * 1024)
#define WINDOW (1 << 20)	/* of all streams */
#define DRAIN_TIME SEC(1)	/* for a client to hear the first GOAWAY */

static void
count_reset(struct h2 *h)
{
	if (!h2_guard_reset(&h->guard, h->codec.limits,
	    h->codec.shared->clock->now))
		h2_abused(h, ABUSE_RESETS,
		    "too many streams were reset or refused");
}

static void
announce(struct h2_stream *s)
{
	struct codec *c = &s->h2->codec;

	h2_stream_hold(s);
	c->host->on_stream(c->owner, &s->stream);
}

/* It is announced, so that it stands in the log like a malformed request. */
static void
tell_fault(struct h2 *h)
{
	struct h2_stream *s = h2_stream_new(h, 0);

	s->why = h->why;
	s->status = h->status;
	s->abuse = h->abuse;
	h->why = NULL;
	announce(s);
	h2_stream_tell(s);
}

static void
begin(struct h2 *h, struct h2_stream *s, const nghttp2_frame *frame)
{
	const struct h2_names *names = h->codec.shared->h2->names;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		if (s != NULL)
			h2_block_begin(&s->block, &s->arena, h->codec.limits,
			    names, HEAD_REQUEST, true);
		return;
	}
	/* What our GOAWAY does not name may be asked elsewhere by now. */
	if (h->drained || h->nheld >= h->codec.limits->streams) {
		if (!h->drained)
			count_reset(h);
		h->last_reset = frame->hd.stream_id;
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE,
		    frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
		return;
	}
	s = h2_stream_new(h, frame->hd.stream_id);
	s->stream.bytes_in = frame->hd.length + 9;
	h->into = s;
	nghttp2_session_set_stream_user_data(h->session, s->id, s);
	h2_block_begin(&s->block, &s->arena, h->codec.limits, names,
	    HEAD_REQUEST, false);
}

static void
take_request(struct h2_stream *s, bool end)
{
	struct head *head;

	s->block.l = s->h2->codec.limits;
	head = h2_block_request(&s->block);
	announce(s);
	s->in_head = true;
	s->in_end = end;
	if (head == NULL) {
		h2_stream_refuse(s, s->block.status, s->block.why,
		    s->block.bad);
		return;
	}
	s->to_head = head_is_method(head, "HEAD");
	s->connects = h2_block_is_connect(&s->block);
	s->extended = head->protocol.n > 0;
	s->in_left = head->length;
	if (end && head->length > 0) {
		h2_stream_refuse(s, 400,
		    "a body shorter than its Content-Length", true);
		return;
	}
	h2_priority_request(s, head);
	s->in_told = end && !s->connects;
	if (s->stream.sink != NULL)
		s->stream.sink->on_head(s->stream.owner, head,
		    end || s->connects);
}

/* Whoever has its whole answer may keep the rest of the request to itself. */
static void
on_reset(struct h2 *h, struct h2_stream *s)
{
	if (s == NULL || s->held || s->why != NULL || s->in_left <= 0)
		count_reset(h);
}

static void
lose(struct h2_stream *s, enum stream_error e)
{
	bool is_cut = s->id != 0 && h2_stream_is_cut(s);

	(void)e;
	if (!is_cut && (!s->live || (s->in_end && s->end_framed)))
		return;
	if (s->h2->why != NULL) {
		s->stream.why = s->h2->why;
		s->stream.cut_off = true;
	}
	s->error = STREAM_CANCEL;
	s->gone = true;
	h2_stream_wake(s);
}

/* 101 to who asked by Upgrade, or 2xx to a CONNECT. */
static bool
is_switch(const struct h2_stream *s, const struct head *h)
{
	return s->connects && (h->status == 101 || (h->status / 100 == 2 &&
	    !s->extended));
}

static void
send_interim(struct h2_stream *s, const struct head *h)
{
	size_t n;
	nghttp2_nv *nv = h2_head_response(s, h, false, &n);

	nghttp2_submit_headers(s->h2->session, NGHTTP2_FLAG_NONE, s->id, NULL,
	    nv, n, NULL);
	h2_kick(s->h2);
}

static void
submit_final(struct h2_stream *s, const struct head *h, bool end)
{
	bool bodiless = head_is_bodiless(h->status, s->to_head);
	nghttp2_data_provider body = h2_out_body(s);
	bool length = h->length >= 0 && h->status != 204 && !s->tunnel;
	size_t n;
	nghttp2_nv *nv = h2_head_response(s, h, length, &n);

	end = (end || bodiless) && !s->tunnel;
	if (!bodiless && length && !end)
		s->out_left = h->length;
	s->drops = end;
	nghttp2_submit_response(s->h2->session, s->id, nv, n,
	    end ? NULL : &body);
	h2_priority_response(s, h);
}

static void
send_head(struct stream *stream, const struct head *h, bool end)
{
	struct h2_stream *s = h2_stream_of(stream);

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
		h2_stream_drop(s, 0, end);
		return;
	}
	s->tunnel = is_switch(s, h);
	if ((h->status == 101 && !s->tunnel) || (end && h->length > 0 &&
	    !head_is_bodiless(h->status, s->to_head))) {
		h2_stream_break_off(s);
		return;
	}
	s->out_end = end && !s->tunnel;
	submit_final(s, h, end);
	if (s->tunnel)
		h2_stream_wake(s);
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

static void
part(struct h2_stream *s, bool whole, enum stream_error e)
{
	if (!whole)
		h2_stream_rst(s, code_of(s, e));
	else if (!s->end_framed)
		s->rst_at_end = true;
	else
		h2_stream_ask_no_more(s);
}

static void
parted(struct h2 *h)
{
	h->codec.host->on_resume(h->codec.owner);
}

/* The second step of GOAWAY: what is asked now comes too late. */
static void
end_drain(struct h2 *h)
{
	if (h->drained)
		return;
	h->drained = true;
	h2_goaway(h);
}

static void
finish_drain(struct h2 *h)
{
	end_drain(h);
	h2_finish(h, CODEC_LINGER);
}

/* A client that says so asks no more, and hears what we serve of it. */
static void
on_goaway(struct h2 *h, const nghttp2_goaway *g)
{
	(void)g;
	h->draining = true;
	end_drain(h);
}

/*
 * Of the first GOAWAY, and what it had begun to ask before is all here: clients
 * put the answer to a PING before requests that wait to be sent, so that there
 * is a second one.
 */
static bool
has_heard(const struct h2 *h)
{
	return (h->heard == H2_HEARD && !h->codec.sated) ||
	    h->codec.shared->clock->now - h->drain_began >= DRAIN_TIME;
}

static void
settle(struct h2 *h)
{
	if (!h->over && !nghttp2_session_want_read(h->session) &&
	    !nghttp2_session_want_write(h->session))
		h2_finish(h, CODEC_LINGER);
	if (!h->draining && h->codec.requests >= h->codec.limits->requests)
		codec_drain(&h->codec);
	h2_phase(h);
	if (!h->draining || h->over || !(h->drained || has_heard(h)))
		return;
	if (h->codec.phase == CODEC_IDLE)
		finish_drain(h);
	else
		end_drain(h);
}

static void
drain(struct codec *c)
{
	struct h2 *h = h2_of(c);

	if (h->draining || h->over)
		return;
	h2_wake(h);
	h->draining = true;
	h->drain_began = c->shared->clock->now;
	nghttp2_submit_shutdown_notice(h->session);
	nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
	h2_kick(h);
}

static void
expire(struct codec *c)
{
	struct h2 *h = h2_of(c);

	h2_wake(h);
	if (c->phase == CODEC_IDLE && !h->draining) {
		codec_drain(c);
	} else if (c->phase == CODEC_IDLE) {
		finish_drain(h);
		h2_kick(h);
	} else if (c->phase == CODEC_HEAD) {
		h2_fail(h, NGHTTP2_NO_ERROR, 408,
		    "the request head did not arrive in time");
		h2_settle(h);
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
	.ask = h2_ask,
	.drain = drain,
	.eof = h2_eof,
	.expire = expire,
	.rest = h2_rest,
	.free = h2_free,
};

static const struct h2_role role = {
	.streams = &stream_ops,
	.server = true,
	.last = CODEC_LINGER,
	.begin = begin,
	.take = take_request,
	.on_reset = on_reset,
	.lose = lose,
	.part = part,
	.parted = parted,
	.tell_fault = tell_fault,
	.on_goaway = on_goaway,
	.settle = settle,
};

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
	    WINDOW);
}

struct codec *
h2_server_new(const struct codec_shared *shared,
    const struct http_limits *limits, const struct codec_host *host,
    void *owner)
{
	struct h2 *h = h2_new(&role, &codec_ops, shared, limits, host, owner);

	h->codec.ahead = AHEAD;
	submit_settings(h);
	return &h->codec;
}
