/*
 * h2_in.c - what a peer of HTTP/2 sends, as facts.
 *
 * Why:       streams share one connection, so a body that nobody takes yet
 *            must not stop it: it is copied, within the window of its stream,
 *            and lent from there.
 * Invariant: the window opens by what was given back, and not before.
 */
#include <string.h>

#include "base/must.h"
#include "codec/h2_side.h"
#include "codec/h2_words.h"

#define FIELD_COST 32u		/* RFC 9113 6.5.2: beside its bytes */

static struct h2_stream *
find(nghttp2_session *session, int32_t id)
{
	return id == 0 ? NULL :
	    nghttp2_session_get_stream_user_data(session, id);
}

static bool
has_been(const struct h2 *h, const nghttp2_frame_hd *hd)
{
	return hd->stream_id % 2 == 1 && hd->stream_id <=
	    nghttp2_session_get_last_proc_stream_id(h->session);
}

/*
 * Of a stream that is over a server has nothing to say, and a client nothing to
 * ask: the library drops its head without a word, once it has read it.
 */
static bool
is_stray(const struct h2 *h, const struct h2_stream *s,
    const nghttp2_frame_hd *hd)
{
	if (s != NULL)
		return false;
	if (!h->role->server)
		return hd->type == NGHTTP2_HEADERS ||
		    hd->type == NGHTTP2_RST_STREAM;
	return hd->type == NGHTTP2_HEADERS && (h->drained || has_been(h, hd));
}

/*
 * The client knows that the stream is over, for it has ended its own message;
 * behind a reset it may not know yet (RFC 9113 5.1).  Of DATA that comes too
 * late the library says nothing.
 */
static bool
is_too_late(const struct h2 *h, const struct h2_stream *s,
    const nghttp2_frame_hd *hd)
{
	return s == NULL && h->role->server && hd->type == NGHTTP2_HEADERS &&
	    hd->stream_id > h->last_reset && has_been(h, hd);
}

/* It counts, and a client that waits for an answer is told. */
static void
take_stray(struct h2 *h, const nghttp2_frame_hd *hd)
{
	if (!h2_guard_control(&h->guard, h->codec.limits, 1,
	    h->codec.shared->clock->now))
		h2_abused(h, ABUSE_FRAMES,
		    "a flood of frames that ask for nothing");
	else if (h->role->server && !h->drained && hd->stream_id % 2 == 1)
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE,
		    hd->stream_id, NGHTTP2_STREAM_CLOSED);
}

static int
on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd,
    void *user)
{
	struct h2_stream *s = find(session, hd->stream_id);
	struct h2 *h = user;

	h->nupdate = 0;
	h->into = s;
	h->queued = nghttp2_session_get_outbound_queue_size(session);
	if (s != NULL)
		s->stream.bytes_in += hd->length + 9;
	if (hd->type == NGHTTP2_HEADERS)
		h->section = 0;
	h->told += hd->length + 9;
	if (hd->type == NGHTTP2_PUSH_PROMISE && !h->role->server)
		h2_fail(h, NGHTTP2_PROTOCOL_ERROR, 502,
		    "a push, which was not allowed");
	if (hd->type == NGHTTP2_PRIORITY && hd->stream_id == 0)
		h2_fail(h, NGHTTP2_PROTOCOL_ERROR, 400,
		    h2_words_fault(NGHTTP2_PROTOCOL_ERROR));
	if (is_too_late(h, s, hd))
		h2_fail(h, NGHTTP2_STREAM_CLOSED, 400,
		    h2_words_fault(NGHTTP2_STREAM_CLOSED));
	else if (is_stray(h, s, hd))
		take_stray(h, hd);
	return 0;
}

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
    void *user)
{
	struct h2 *h = user;

	(void)session;
	if (!h->over)
		h->role->begin(h, h->into, frame);
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t nname, const uint8_t *value, size_t nvalue,
    uint8_t flags, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s;

	(void)session;
	(void)frame;
	(void)flags;
	h->section += nname + nvalue + FIELD_COST;
	if (h->section > 16 * (size_t)h->codec.limits->head)
		h2_abused(h, ABUSE_FIELDS, "a field section that is a bomb");
	s = h->into;
	if (s == NULL || h->over)
		return 0;
	s->block.l = h->codec.limits;	/* a reload may have changed them */
	h2_block_add(&s->block, slice_make((const char *)name, nname),
	    slice_make((const char *)value, nvalue));
	return 0;
}

void
h2_stream_refuse(struct h2_stream *s, unsigned status, const char *why,
    bool bad)
{
	if (!s->held) {			/* nobody is to be told */
		h2_stream_rst(s, NGHTTP2_PROTOCOL_ERROR);
		s->h2->role->on_reset(s->h2, s);
		return;
	}
	if (s->why != NULL || s->in_told)
		return;
	s->why = why;
	s->status = (uint16_t)(s->h2->role->server ? status : 502);
	s->bad = bad || !s->h2->role->server;
	h2_stream_wake(s);
	s->h2->role->on_reset(s->h2, s);
}

static void
end_message(struct h2_stream *s)
{
	if (s->in_left > 0 && !s->connects)
		h2_stream_refuse(s, 400,
		    "a body shorter than its Content-Length", true);
	s->in_end = true;
	h2_stream_wake(s);
}

static void
take_trailers(struct h2_stream *s, bool end)
{
	if (s->block.why != NULL) {
		h2_stream_refuse(s, s->block.status, s->block.why,
		    s->block.bad);
	} else if (!end) {
		h2_stream_refuse(s, 400,
		    "trailers that do not end the message", true);
	} else {
		s->trailers = s->block.head->fields;
		s->ntrailers = s->connects ? 0 : s->block.head->nfields;
		end_message(s);
	}
}

static void
take_pong(struct h2 *h, const nghttp2_ping *ping)
{
	bool ours = memcmp(ping->opaque_data, H2_ASK,
	    sizeof(ping->opaque_data)) == 0;

	if (ours)
		h->codec.asked = false;
	else if (h->draining && h->role->server && h->heard < H2_HEARD &&
	    ++h->heard < H2_HEARD)
		nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
}

/*
 * The library resets a stream whose window SETTINGS make too large, which is a
 * fault of the connection's (RFC 9113 6.9.2): then more is to be sent now than
 * that they were taken.
 */
static void
take_settings(struct h2 *h, bool ack)
{
	if (!ack && nghttp2_session_get_outbound_queue_size(h->session) >
	    h->queued + 1) {
		h2_fail(h, NGHTTP2_FLOW_CONTROL_ERROR, 400,
		    h2_words_fault(NGHTTP2_FLOW_CONTROL_ERROR));
		return;
	}
	h->codec.settled = h->codec.settled || !ack;
	if (h->role->on_settings != NULL)
		h->role->on_settings(h);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h->into;
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		if (s == NULL || h->over)
			break;
		if (s->block.is_trailers)
			take_trailers(s, end);
		else
			h->role->take(s, end);
		break;
	case NGHTTP2_DATA:
		if (s != NULL && end)
			end_message(s);
		break;
	case NGHTTP2_RST_STREAM:
		if (s != NULL)
			s->stream.why = h2_words_reset(
			    frame->rst_stream.error_code);
		h->role->on_reset(h, s);
		break;
	case NGHTTP2_GOAWAY:
		h->role->on_goaway(h, &frame->goaway);
		break;
	case NGHTTP2_SETTINGS:
		take_settings(h, (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0);
		break;
	case NGHTTP2_PING:
		if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
			take_pong(h, &frame->ping);
		break;
	default:
		break;
	}
	return 0;
}

/* It makes the library reset a stream, which may be one that it never told us
 * of, or end the connection. */
static int
on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int error,
    void *user)
{
	int32_t id = frame->hd.stream_id;
	struct h2 *h = user;

	(void)error;
	if (id > h->last_reset)
		h->last_reset = id;
	h->role->on_reset(h, find(session, id));
	return 0;
}

/*
 * Behind what stands in the queue.  The library passes on a window at most, and
 * the frame that overflows it: with what was taken of the first page no more
 * than H2_PIECES hold.
 */
static void
enqueue(struct h2_stream *s, const char *p, size_t n)
{
	struct slab *pages = s->h2->codec.shared->pages;
	struct buf *b;
	size_t k;

	while (n > 0) {
		b = s->nin > 0 ? &s->in[s->nin - 1] : NULL;
		if (b == NULL || buf_room(b) == 0) {
			must(s->nin < H2_PIECES);
			b = &s->in[s->nin++];
			*b = (struct buf){ NULL, 0, 0, 0 };
			buf_reserve(b, pages, BUF_PAGE);
		}
		k = buf_room(b) < n ? buf_room(b) : n;
		buf_add(b, p, k);
		p += k;
		n -= k;
	}
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *p, size_t n, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h->into;

	(void)flags;
	if (s != NULL && s->in_left >= 0 && !s->connects) {
		s->in_left -= (int64_t)n;
		if (s->in_left < 0)
			h2_stream_refuse(s, 400,
			    "a body longer than its Content-Length", true);
	}
	if (s != NULL && !s->in_head)
		h2_stream_refuse(s, 400, "DATA before the head", true);
	if (s != NULL && !s->held && !h->role->server) {
		nghttp2_session_consume_connection(session, n);
		return 0;
	}
	if (s == NULL || !s->held || s->dead || s->why != NULL || h->over) {
		nghttp2_session_consume(session, id, n);
		return 0;
	}
	enqueue(s, (const char *)p, n);
	h2_stream_wake(s);
	return 0;
}

/* It may come while we send, so that nothing is told here; nor a slot. */
static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct h2_stream *s = find(session, id);
	struct h2 *h = user;

	if (s == NULL)
		return 0;
	s->stream.cut_off = s->stream.why == NULL &&
	    h2_words_broken(code) != NULL;
	if (h->into == s)
		h->into = NULL;
	if (s->stream.why == NULL)
		s->stream.why = h2_words_broken(code);
	if ((!s->in_end || code != NGHTTP2_NO_ERROR) && id > h->last_reset)
		h->last_reset = id;
	if (s->held)
		h->role->lose(s, code == NGHTTP2_REFUSED_STREAM ?
		    STREAM_REFUSED : STREAM_CANCEL);
	s->live = false;
	if (!s->held) {
		h2_stream_free(s);
		h->codec.host->on_resume(h->codec.owner);
	}
	return 0;
}

void
h2_in_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(cb,
	    on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb,
	    on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb,
	    on_invalid);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
}

static void
tell_refused(struct h2_stream *s)
{
	struct fault fault = { .status = s->status, .why = s->why,
	    .abuse = s->abuse };

	s->in_told = true;
	s->dead = !s->h2->role->server;	/* a client still gets an answer */
	s->stream.sink->on_reset(s->stream.owner, s->status == 408 ?
	    STREAM_TIMEOUT : STREAM_PROTOCOL, &fault);
}

static void
tell_gone(struct h2_stream *s)
{
	struct fault fault = { .status = s->status, .why = s->why,
	    .of_conn = !s->h2->role->server };

	s->dead = true;
	s->stream.sink->on_reset(s->stream.owner, s->error,
	    s->error == STREAM_PROTOCOL ? &fault : NULL);
}

static void
tell_piece(struct h2_stream *s)
{
	struct slice piece = buf_slice(&s->in[0]);

	s->lent = (uint32_t)piece.n;
	if (s->nin == 1 && s->in_end && s->ntrailers == 0 && s->why == NULL)
		s->in_told = true;
	s->stream.sink->on_body(s->stream.owner, lent_of(piece), s->in_told);
}

static void
tell_end(struct h2_stream *s)
{
	s->in_told = true;
	if (s->ntrailers > 0)
		s->stream.sink->on_trailers(s->stream.owner, s->trailers,
		    s->ntrailers);
	else
		s->stream.sink->on_body(s->stream.owner, LENT_NONE, true);
}

void
h2_stream_tell(struct h2_stream *s)
{
	if (!s->held || s->dead || s->stream.sink == NULL)
		return;
	h2_stream_tell_room(s);
	if (s->gone) {
		tell_gone(s);
	} else if (s->lent == 0 && !s->in_told &&
	    (!s->connects || s->tunnel || s->why != NULL)) {
		if (s->nin > 0)
			tell_piece(s);
		else if (s->why != NULL)
			tell_refused(s);
		else if (s->in_end)
			tell_end(s);
	}
}

void
h2_stream_forget(struct h2_stream *s)
{
	struct h2 *h = s->h2;

	for (uint32_t i = 0; i < s->nin; i++) {
		if (h->role->server)
			nghttp2_session_consume(h->session, s->id,
			    buf_len(&s->in[i]));
		else
			nghttp2_session_consume_connection(h->session,
			    buf_len(&s->in[i]));
		buf_release(&s->in[i], h->codec.shared->pages);
	}
	s->nin = s->lent = 0;
}
