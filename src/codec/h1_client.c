/*
 * h1_client.c - HTTP/1 towards a server.
 *
 *	HEAD --response--> BODY --end--> WHOLE --both messages done--> HEAD
 *	HEAD --101, 2xx to CONNECT--> TUNNEL      malformed, cut--> OVER
 *
 * Why:       a byte that answers no request, or is behind an answer, makes the
 *            next answer doubtful: such a connection is never used again.
 * Invariant: without a stream, no byte is expected.
 * Not here:  bytes of heads (h1_parse.c, h1_write.c), what both roles share
 *            (h1_side.c).
 */
#include "base/must.h"
#include "base/rng.h"
#include "codec/h1.h"
#include "codec/h1_side.h"
#include "codec/h1_write.h"
#include "http/websocket.h"

struct h1_client {
	struct h1_side side;
	struct slice protocol;	/* asked for */
	struct slice accept;	/* of a WebSocket whose key we made */
	bool to_head, to_connect;
};

_Static_assert(offsetof(struct h1_client, side) == 0, "embedded first");

static struct h1_client *
client_of(struct codec *c)
{
	return (struct h1_client *)(void *)c;
}

static const struct stream_ops stream_ops;

/* The stream is over, and so is the connection. */
static void
fail(struct h1_client *k, enum stream_error e, const struct fault *fault)
{
	struct h1_side *h = &k->side;

	h1_side_tell_reset(h, e, fault);
	h->dead = true;
	h1_side_finish(h, CODEC_CLOSE);
}

static void
fail_malformed(struct h1_client *k, const char *why, struct slice bytes)
{
	struct fault fault = { .status = 502, .why = why, .bytes = bytes };

	fail(k, STREAM_PROTOCOL, &fault);
}

static void
tell_head(struct h1_side *h, struct head *head, bool end)
{
	if (h->stream.sink != NULL)
		h->stream.sink->on_head(h->stream.owner, head, end);
}

/* Decides how the body of a final response is read.  True: it has none. */
static bool
frame(struct h1_client *k, const struct head *head,
    const struct h1_facts *facts)
{
	struct h1_side *h = &k->side;
	enum h1_framing framing = H1_UNTIL_END;

	if (head_is_bodiless(head->status, k->to_head) || head->length == 0)
		framing = H1_NONE;
	else if (facts->chunked)
		framing = H1_CHUNKED;
	else if (facts->has_length)
		framing = H1_LENGTH;
	h1_body_init(&h->body, framing, facts->has_length ?
	    (uint64_t)head->length : 0);
	h->body.kind = HEAD_RESPONSE;
	if (framing == H1_UNTIL_END || facts->hop.close ||
	    (facts->minor == 0 && !facts->hop.keep_alive))
		h->close = true;
	h->state = framing == H1_NONE ? H1_WHOLE : H1_BODY;
	return framing == H1_NONE;
}

static bool
is_switch_allowed(const struct h1_client *k, const struct head *head)
{
	const struct h1_side *h = &k->side;

	if (!h->out.ended || !h1_out_is_empty(&h->out))
		return false;
	return head->status != 101 || (k->protocol.n > 0 &&
	    slice_eq_nocase(k->protocol, head->protocol));
}

/* Nobody else can check it, where the client has not made the key. */
static bool
is_accept_right(const struct h1_client *k, const struct head *head)
{
	const struct field *f = head_find(head, FIELD_SEC_WEBSOCKET_ACCEPT);

	return head->status != 101 || k->accept.n == 0 || (f != NULL &&
	    head_find_next(head, f) == NULL && slice_eq(f->value, k->accept));
}

static void
take_response(struct h1_client *k, struct head *head,
    const struct h1_facts *facts, struct slice bytes)
{
	struct h1_side *h = &k->side;

	if (head->kind == HEAD_INTERIM) {
		tell_head(h, head, false);
		return;
	}
	if (facts->keep_alive >= 0)
		h->codec.keep_alive = facts->keep_alive;
	if (head->status != 101 &&
	    !(k->to_connect && head->status / 100 == 2)) {
		tell_head(h, head, frame(k, head, facts));
		return;
	}
	if (!is_switch_allowed(k, head)) {
		fail_malformed(k, "a switch to a protocol that was not asked "
		    "for", bytes);
		return;
	}
	if (!is_accept_right(k, head)) {
		fail_malformed(k, "a Sec-WebSocket-Accept that does not fit "
		    "the key", bytes);
		return;
	}
	head->length = LENGTH_NONE;
	h1_side_tunnel(h);
	tell_head(h, head, false);
}

/* These bytes cannot be an answer: nothing has been asked yet. */
static bool
answer_too_early(struct h1_client *k, struct buf *in)
{
	fail(k, k->side.stream.reused ? STREAM_STALE : STREAM_REFUSED, NULL);
	h1_side_drop(in);
	return false;
}

static bool
step_head(struct h1_client *k, struct buf *in)
{
	struct h1_side *h = &k->side;
	struct h1_facts facts;
	struct fault fault;
	struct head parsed, *head;
	struct slice bytes;
	ssize_t n;

	if (buf_len(in) == 0)
		return false;
	if (!h->stream.sent)
		return answer_too_early(k, in);
	h->stream.answered = true;
	bytes = buf_slice(in);
	n = h1_parse_response(bytes, &h->scan, h->codec.limits, &h->arena,
	    &parsed, &facts, &fault);
	if (n == 0)
		return false;
	if (n < 0) {
		h->stream.bytes_in += bytes.n;
		fail(k, STREAM_PROTOCOL, &fault);
		return true;
	}
	head = arena_get(&h->arena, sizeof(*head));
	*head = parsed;
	h->scan.seen = 0;
	h->stream.bytes_in += (uint64_t)n;
	buf_drop(in, (size_t)n);
	take_response(k, head, &facts, slice_make(bytes.p, (size_t)n));
	return true;
}

static bool
step_body(struct h1_client *k, struct buf *in)
{
	struct fault fault;

	switch (h1_side_body(&k->side, in, &fault)) {
	case H1_BODY_MORE:
		return false;
	case H1_BODY_END:
		k->side.state = H1_WHOLE;
		return true;
	default:
		fault.status = 502;
		fail(k, STREAM_PROTOCOL, &fault);
		return true;
	}
}

/* Bytes where none may be: the answer stands, the connection does not. */
static bool
step_whole(struct h1_client *k, struct buf *in)
{
	if (buf_len(in) > k->side.taken)
		k->side.close = true;
	if (k->side.taken == 0)
		h1_side_drop(in);
	return false;
}

/* True: there may be more to do. */
static bool
step(struct h1_client *k, struct buf *in)
{
	struct h1_side *h = &k->side;
	struct fault fault;

	if (!h->is_open && h->state != H1_OVER) {
		if (buf_len(in) > 0)
			h1_side_finish(h, CODEC_CLOSE);
		h1_side_drop(in);
		return false;
	}
	switch ((enum h1_state)h->state) {
	case H1_HEAD:
		return step_head(k, in);
	case H1_BODY:
		return step_body(k, in);
	case H1_WHOLE:
		return step_whole(k, in);
	case H1_TUNNEL:
		h1_side_body(h, in, &fault);
		return false;
	default:
		if (h->taken == 0)
			h1_side_drop(in);
		return false;
	}
}

/* The server sends no more bytes, and all that it sent has been read. */
static void
take_eof(struct h1_client *k)
{
	struct h1_side *h = &k->side;

	h->close = true;
	if (!h->is_open) {
		h1_side_finish(h, CODEC_CLOSE);
	} else if (h->state == H1_TUNNEL) {
		h1_side_end_body(h);
	} else if (h->state == H1_BODY &&
	    h->body.framing == H1_UNTIL_END && !h->codec.cut) {
		h->state = H1_WHOLE;
		h1_side_end_body(h);
	} else if (h->state == H1_HEAD && !h->stream.answered &&
	    h->stream.reused) {
		fail(k, STREAM_STALE, NULL);
	} else if (h->state == H1_HEAD || h->state == H1_BODY) {
		fail(k, STREAM_CANCEL, NULL);
	}
}

static void
client_recv(struct codec *c, struct buf *in)
{
	struct h1_client *k = client_of(c);

	if (!h1_side_resume(&k->side, in))
		return;
	while (step(k, in))
		continue;
	k->side.held = (uint32_t)(buf_len(in) - k->side.taken);
	if (k->side.eof && !c->paused)
		take_eof(k);
}

static void
client_eof(struct codec *c, int error)
{
	struct h1_client *k = client_of(c);
	struct h1_side *h = &k->side;

	h->eof = true;
	if (error == 0 && (h->held > 0 || h->taken > 0 || h->lent > 0)) {
		c->host->on_resume(c->owner);
		return;
	}
	if (error == 0) {
		take_eof(k);
		return;
	}
	if (h->is_open && h->state != H1_WHOLE)
		fail(k, h->stream.reused && !h->stream.answered ?
		    STREAM_STALE : STREAM_CANCEL, NULL);
	h->close = true;
	h1_side_finish(h, CODEC_ABORT);
}

static unsigned
client_slots(const struct codec *c)
{
	const struct h1_side *h = (const struct h1_side *)(const void *)c;

	return !h->is_open && c->end == CODEC_OPEN && !h->draining && !h->eof;
}

static struct stream *
client_open(struct codec *c, const struct stream_sink *sink, void *owner)
{
	struct h1_client *k = client_of(c);
	struct h1_side *h = &k->side;

	if (client_slots(c) == 0)
		return NULL;
	h->stream.started = c->shared->clock->now;
	h1_side_open(h, &stream_ops);
	h->stream.sink = sink;
	h->stream.owner = owner;
	h->state = H1_HEAD;
	k->protocol = k->accept = SLICE_NONE;
	k->to_head = k->to_connect = false;
	return &h->stream;
}

static void
client_drain(struct codec *c)
{
	struct h1_side *h = &client_of(c)->side;

	h->draining = h->close = true;
	if (!h->is_open)
		h1_side_finish(h, CODEC_CLOSE);
}

static enum h1_framing
frame_request(const struct head *head, bool end,
    struct h1_lines_made *made)
{
	if (head_is_method(head, "CONNECT"))
		return H1_NONE;
	made->content_length = head->length;
	made->length = head->length >= 0;
	if (made->length)
		return H1_LENGTH;
	made->chunked = !end;
	return made->chunked ? H1_CHUNKED : H1_NONE;
}

/* A client of HTTP/2 has none (RFC 8441 5). */
static struct slice
make_key(struct h1_client *k, const struct head *head)
{
	struct h1_side *h = &k->side;
	char key[WEBSOCKET_KEY_TEXT], accept[WEBSOCKET_ACCEPT_TEXT];
	struct rng *rng = h->codec.shared->rng;
	uint64_t random[2];
	struct slice made;

	if (head->proto != HTTP_2 || !websocket_is_asked(head))
		return SLICE_NONE;
	random[0] = rng_next(rng);
	random[1] = rng_next(rng);
	made = arena_copy(&h->arena, websocket_key(random, key));
	k->accept = arena_copy(&h->arena, websocket_accept(made, accept));
	return made;
}

static void
client_send_head(struct stream *stream, const struct head *head, bool end)
{
	struct h1_client *k = (struct h1_client *)(void *)h1_side_of(stream);
	struct h1_side *h = &k->side;
	struct h1_lines_made made = { .te = head->trailers_ok };
	enum h1_framing framing;
	struct buf *b;

	if (h->dead || h->head_sent)
		return;
	h->head_sent = true;
	k->to_head = head_is_method(head, "HEAD");
	k->to_connect = head_is_method(head, "CONNECT") &&
	    head->protocol.n == 0;
	k->protocol = arena_copy(&h->arena, head->protocol);
	made.upgrade = head->protocol.n > 0;
	made.key = make_key(k, head);
	framing = frame_request(head, end, &made);
	h1_out_begin(&h->out, framing, made.content_length);
	b = h1_out_room(&h->out, h->codec.shared->pages, h1_write_size(head));
	h1_write_request(b, head, &made);
	if (end || head_is_method(head, "CONNECT"))
		h1_out_end(&h->out);
	h1_side_kick(h);
}

static void
client_send_trailers(struct stream *stream, const struct field *f, uint32_t n)
{
	struct h1_side *h = h1_side_of(stream);

	if (h->dead || !h->head_sent)
		return;
	h1_out_trailers(&h->out, h->codec.shared->pages, f, n, true);
	h1_side_kick(h);
}

/* What the connection is good for once its stream is let go. */
static enum codec_end
end_of(const struct h1_side *h, bool gently)
{
	bool sent = h->out.ended && !h->out.cut_short &&
	    h1_out_is_empty(&h->out);

	if (h->codec.tunnel)
		return h->in_ended && sent ? CODEC_CLOSE : CODEC_ABORT;
	if (!h->head_sent)
		return h->close ? CODEC_CLOSE : CODEC_OPEN;
	if (h->dead)
		return CODEC_CLOSE;
	if (!gently || (h->state != H1_WHOLE && !sent))
		return CODEC_ABORT;
	return h->state == H1_WHOLE && sent && !h->close ? CODEC_OPEN :
	    CODEC_CLOSE;
}

static void
let_go(struct h1_side *h, bool gently)
{
	enum codec_end end = end_of(h, gently);

	must(h->is_open);
	h1_side_let_go(h);
	if (end != CODEC_OPEN) {
		h1_side_finish(h, end);
		h1_out_drop(&h->out, h->codec.shared->pages);
	}
	h->codec.host->on_slots(h->codec.owner);
}

static void
client_release(struct stream *stream)
{
	let_go(h1_side_of(stream), true);
}

static void
client_reset(struct stream *stream, enum stream_error e)
{
	(void)e;
	let_go(h1_side_of(stream), false);
}

static const struct stream_ops stream_ops = {
	.send_head = client_send_head,
	.send_body = h1_side_send_body,
	.send_trailers = client_send_trailers,
	.consumed = h1_side_consumed,
	.release = client_release,
	.reset = client_reset,
};

static const struct codec_ops codec_ops = {
	.recv = client_recv,
	.raw = h1_side_raw,
	.piped = h1_side_piped,
	.send = h1_side_send,
	.sent = h1_side_sent,
	.open = client_open,
	.slots = client_slots,
	.drain = client_drain,
	.eof = client_eof,
	.free = h1_side_free,
};

size_t
h1_client_size(void)
{
	return sizeof(struct h1_client);
}

struct codec *
h1_client_new(const struct codec_shared *shared,
    const struct http_limits *limits, const struct codec_host *host,
    void *owner)
{
	struct h1_client *k = slab_get(shared->codecs);

	h1_side_init(&k->side, &codec_ops, shared, limits, host, owner);
	return &k->side.codec;
}
