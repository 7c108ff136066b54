/*
 * h1_side.c - what both sides of an HTTP/1 connection share.
 *
 * Why:       facts never come up from within a call down.  What a call down
 *            would have to tell is noted, the host is asked to resume, and
 *            the next recv tells it.
 * Owns:      the arena of the heads, the pages of the output.
 * Invariant: between calls nothing points into the input but what is lent.
 */
#include "codec/h1_side.h"

#include "base/must.h"

struct h1_side *
h1_side_of(struct stream *s)
{
	return (struct h1_side *)(void *)((char *)s -
	    offsetof(struct h1_side, stream));
}

void
h1_side_init(struct h1_side *h, const struct codec_ops *ops,
    const struct codec_shared *shared, const struct http_limits *limits,
    const struct codec_host *host, void *owner)
{
	h->codec = (struct codec){
		.ops = ops,
		.host = host,
		.owner = owner,
		.shared = shared,
		.limits = limits,
		.proto = HTTP_1_1,
		.keep_alive = -1,
		.settled = true,
	};
	arena_init(&h->arena, shared->chunks);
}

void
h1_side_open(struct h1_side *h, const struct stream_ops *ops)
{
	int64_t started = h->stream.started;

	h->stream = (struct stream){
		.ops = ops,
		.started = started,
		.reused = h->codec.requests > 0,
		.takes_pipe = h->codec.splices,
	};
	h->codec.requests++;
	h->codec.phase = CODEC_BUSY;
	h->is_open = true;
	h->dead = h->broken = h->head_sent = h->in_ended = false;
	h->scan.seen = 0;
	h1_out_begin(&h->out, H1_NONE, 0);
}

void
h1_side_let_go(struct h1_side *h)
{
	h->stream.sink = NULL;
	h->stream.owner = NULL;
	h->is_open = false;
	h->lent = 0;
	h->codec.paused = false;
	h->codec.phase = CODEC_IDLE;
	h->scan.seen = 0;
	arena_reset(&h->arena);
}

void
h1_side_finish(struct h1_side *h, enum codec_end end)
{
	h->state = H1_OVER;
	if (end > h->codec.end)
		h->codec.end = end;
	if (end == CODEC_ABORT)
		h1_out_drop(&h->out, h->codec.shared->pages);
}

/*
 * A response that is cut must not look complete (RFC 9112 8).  A length or a
 * missing last chunk says so, and then the client may read what it got; a body
 * that only the end of the connection ends must end with a reset.
 */
void
h1_side_cut(struct h1_side *h)
{
	bool until_end = h->out.framing == H1_UNTIL_END;

	h1_out_drop(&h->out, h->codec.shared->pages);
	h1_side_finish(h, until_end ? CODEC_ABORT : CODEC_LINGER);
}

void
h1_side_tell_reset(struct h1_side *h, enum stream_error e,
    const struct fault *fault)
{
	if (!h->is_open || h->dead)
		return;
	h->dead = fault == NULL;	/* a refused one still gets an answer */
	if (h->stream.sink != NULL)
		h->stream.sink->on_reset(h->stream.owner, e, fault);
}

void
h1_side_drop(struct buf *in)
{
	if (buf_len(in) > 0)
		buf_drop(in, buf_len(in));
}

bool
h1_side_resume(struct h1_side *h, struct buf *in)
{
	if (h->lent == 0 && h->taken > 0) {
		buf_drop(in, h->taken);
		h->taken = 0;
	}
	if (h->is_open && !h->dead)
		h1_out_tell(&h->out, &h->stream, 0);
	if (h->broken) {
		h->broken = false;
		h1_side_finish(h, CODEC_ABORT);
		h1_side_tell_reset(h, STREAM_CANCEL, NULL);
	}
	return !h->codec.paused;
}

static void
lend(struct h1_side *h, struct slice data, size_t taken)
{
	h->taken = (uint32_t)taken;
	h->lent = (uint32_t)data.n;
	h->codec.paused = true;
}

enum h1_body_result
h1_side_body(struct h1_side *h, struct buf *in, struct fault *fault)
{
	const struct stream_sink *sink = h->stream.sink;
	enum h1_body_result r;
	struct slice data;
	size_t taken;
	bool end;

	if (buf_len(in) == 0)
		return H1_BODY_MORE;
	r = h1_body_decode(&h->body, in, h->codec.limits, &h->arena, &data,
	    &taken, fault);
	h->stream.bytes_in += taken;
	if (r == H1_BODY_FAULT)
		return r;
	if (data.n > 0 && sink != NULL)
		lend(h, data, taken);
	else if (taken > 0)
		buf_drop(in, taken);
	if (sink == NULL)
		return r;
	end = r == H1_BODY_END && h->body.ntrailers == 0;
	if (data.n > 0 || end)
		sink->on_body(h->stream.owner, lent_of(data), end);
	if (r == H1_BODY_END && !end)
		sink->on_trailers(h->stream.owner, h->body.trailers,
		    h->body.ntrailers);
	return r;
}

void
h1_side_end_body(struct h1_side *h)
{
	if (h->in_ended)
		return;
	h->in_ended = true;
	if (h->stream.sink != NULL)
		h->stream.sink->on_body(h->stream.owner, LENT_NONE, true);
}

uint64_t
h1_side_raw(const struct codec *c)
{
	const struct h1_side *h = (const struct h1_side *)(const void *)c;

	if (h->state != H1_BODY && h->state != H1_TUNNEL)
		return 0;
	if (!h->stream.may_pipe || h->stream.sink == NULL || h->broken ||
	    h->lent > 0)
		return 0;
	return h1_body_raw(&h->body);
}

void
h1_side_piped(struct codec *c, struct pipe *p, size_t n)
{
	struct h1_side *h = (struct h1_side *)(void *)c;
	struct lent bytes = { NULL, n, p };
	bool end = h1_body_skip(&h->body, n) == H1_BODY_END;

	must(h->lent == 0 && h->taken == 0 && n > 0 && n <= UINT32_MAX);
	h->held = 0;
	h->stream.bytes_in += n;
	h->lent = (uint32_t)n;
	h->codec.paused = true;
	if (end)
		h->state = H1_WHOLE;
	h->stream.sink->on_body(h->stream.owner, bytes, end);
}

void
h1_side_tunnel(struct h1_side *h)
{
	h->codec.tunnel = true;
	h->state = H1_TUNNEL;
	h->close = true;
	h1_body_init(&h->body, H1_UNTIL_END, 0);
	h1_out_begin(&h->out, H1_UNTIL_END, 0);
}

void
h1_side_kick(struct h1_side *h)
{
	const struct h1_out *o = &h->out;

	if (o->cut_short && !h->broken && !h->dead)
		h->broken = true;
	if (o->overrun)
		h->close = true;
	if (h->codec.tunnel && o->ended)
		h->codec.shut = true;
	if (h->broken || h1_out_is_empty(o))
		h->codec.host->on_resume(h->codec.owner);
	else
		h->codec.host->on_output(h->codec.owner);
}

bool
h1_side_has_all(const struct h1_side *h)
{
	return h->parting && h->state == H1_WHOLE && h->held == 0;
}

size_t
h1_side_send(struct codec *c, struct iovec *v, size_t max,
    struct codec_rest *rest)
{
	struct h1_side *h = (struct h1_side *)(void *)c;
	const struct h1_out *o = &h->out;
	size_t n = h1_out_send(o, v, max, rest);

	rest->last = h->close && o->ended && !o->cut_short && !rest->more &&
	    rest->piped == 0 && h1_side_has_all(h);
	return n;
}

void
h1_side_sent(struct codec *c, size_t n)
{
	struct h1_side *h = (struct h1_side *)(void *)c;
	size_t gone;

	if (n == 0)
		return;
	gone = h1_out_sent(&h->out, c->shared->pages, n);
	h->stream.bytes_out += n;
	h->stream.sent = true;
	if (h->is_open && !h->dead)
		h1_out_tell(&h->out, &h->stream, gone);
}

void
h1_side_free(struct codec *c)
{
	struct h1_side *h = (struct h1_side *)(void *)c;

	h1_out_drop(&h->out, c->shared->pages);
	arena_reset(&h->arena);
	slab_put(c->shared->codecs, h);
}

size_t
h1_side_send_body(struct stream *s, struct lent bytes, bool end)
{
	struct h1_side *h = h1_side_of(s);
	size_t n;

	if (h->dead || h->broken || !h->head_sent)
		return 0;
	n = h1_out_body(&h->out, bytes, end);
	if (n > 0 || end)
		h1_side_kick(h);
	return n;
}

void
h1_side_consumed(struct stream *s, size_t n)
{
	struct h1_side *h = h1_side_of(s);

	must(n <= h->lent);
	h->lent -= (uint32_t)n;
	if (n > 0 && h->lent == 0) {
		h->codec.paused = false;
		h->codec.host->on_resume(h->codec.owner);
	}
}
