/*
 * h1_server.c - HTTP/1 towards a client.
 *
 *	HEAD --request--> BODY --end--> WHOLE --answered, let go--> HEAD
 *	                    \--answered, let go early--> SKIP --end--^
 *	HEAD, BODY --malformed--> DISCARD        WHOLE --101, CONNECT--> TUNNEL
 *
 * Why:       requests of a pipeline are read one at a time: the next one stays
 *            in the input until the one before has been let go.
 * Invariant: whether the connection goes on is decided once, when the final
 *            head is sent, and said there.
 * Not here:  bytes of heads (h1_parse.c, h1_write.c), what both roles share
 *            (h1_side.c).
 */
#include "base/must.h"
#include "codec/h1.h"
#include "codec/h1_side.h"
#include "codec/h1_write.h"
#include "codec/h2.h"
#include "http/websocket.h"

#define EMPTY_LINES 2		/* skipped before a request line */

struct h1_server {
	struct h1_side side;
	uint32_t pipelined;	/* requests in a row found already here */
	uint32_t discarded;
	uint8_t empty_lines;
	uint8_t minor;
	struct slice key;	/* of a WebSocket that is asked for */
	bool to_head, to_connect;
	bool trailers_ok;
	bool expects;		/* waits for a 100 before it sends its body */
};

_Static_assert(offsetof(struct h1_server, side) == 0, "embedded first");

static struct h1_server *
server_of(struct codec *c)
{
	return (struct h1_server *)(void *)c;
}

static const struct stream_ops stream_ops;

static void
begin(struct h1_server *s)
{
	struct h1_side *h = &s->side;

	h1_side_open(h, &stream_ops);
	s->minor = 1;
	s->key = SLICE_NONE;
	s->to_head = s->to_connect = s->trailers_ok = s->expects = false;
	h->codec.host->on_stream(h->codec.owner, &h->stream);
}

/* A request that cannot be served: it is answered, nothing more is read. */
static void
refuse(struct h1_server *s, size_t received, enum stream_error e,
    const struct fault *fault)
{
	struct h1_side *h = &s->side;

	if (!h->is_open)
		begin(s);
	h->stream.bytes_in += received;
	h->close = true;
	h->state = H1_DISCARD;
	s->discarded = 0;
	h1_side_tell_reset(h, e, fault);
}

static void
take_request(struct h1_server *s, struct buf *in, size_t n,
    const struct head *parsed, const struct h1_facts *facts)
{
	struct h1_side *h = &s->side;
	struct head *head = arena_get(&h->arena, sizeof(*head));
	bool end = !facts->chunked && parsed->length <= 0;

	*head = *parsed;
	buf_drop(in, n);
	begin(s);
	h->stream.bytes_in = n;
	s->empty_lines = 0;
	s->minor = facts->minor;
	s->to_head = head_is_method(head, "HEAD");
	s->to_connect = head_is_method(head, "CONNECT");
	s->trailers_ok = head->trailers_ok;
	s->key = websocket_key_of(head);
	s->expects = head->expects_continue;
	h->parting = facts->hop.close ||
	    (facts->minor == 0 && !facts->hop.keep_alive);
	h->close = h->parting;
	h->state = end ? H1_WHOLE : H1_BODY;
	if (!end)
		h1_body_init(&h->body, facts->chunked ? H1_CHUNKED : H1_LENGTH,
		    facts->chunked ? 0 : (uint64_t)head->length);
	if (h->stream.sink != NULL)
		h->stream.sink->on_head(h->stream.owner, head, end);
}

/* Empty lines before a request line.  False: nothing of a request is here. */
static bool
skip_empty_lines(struct h1_server *s, struct buf *in)
{
	while (s->empty_lines < EMPTY_LINES && buf_len(in) > 0 &&
	    buf_at(in)[0] == '\r') {
		if (buf_len(in) == 1)
			return false;
		if (buf_at(in)[1] != '\n')
			return true;
		buf_drop(in, 2);
		s->empty_lines++;
	}
	return buf_len(in) > 0;
}

/* Does HTTP/2 begin here, as far as the bytes tell (RFC 9113 3.4)? */
static bool
is_http2(struct h1_server *s, const struct buf *in)
{
	struct h1_side *h = &s->side;
	struct slice preface = H2_PREFACE;
	size_t n = buf_len(in) < preface.n ? buf_len(in) : preface.n;

	if (h->codec.requests > 0 || !h->codec.limits->http2 ||
	    memcmp(buf_at(in), preface.p, n) != 0)
		return false;
	if (n == preface.n)
		h->codec.turn = h2_server_new;
	return true;
}

static bool
step_head(struct h1_server *s, struct buf *in)
{
	struct h1_side *h = &s->side;
	struct h1_facts facts;
	struct fault fault;
	struct head head;
	ssize_t n;

	if (!skip_empty_lines(s, in)) {
		h->codec.phase = CODEC_IDLE;
		return false;
	}
	if (h->codec.phase == CODEC_IDLE)
		h->stream.started = h->codec.shared->clock->now;
	h->codec.phase = CODEC_HEAD;
	if (is_http2(s, in))
		return false;
	n = h1_parse_request(buf_slice(in), &h->scan, h->codec.limits,
	    &h->arena, &head, &facts, &fault);
	if (n == 0)
		return false;
	if (n < 0)
		refuse(s, buf_len(in), STREAM_PROTOCOL, &fault);
	else
		take_request(s, in, (size_t)n, &head, &facts);
	return true;
}

static bool
step_body(struct h1_server *s, struct buf *in)
{
	struct h1_side *h = &s->side;
	struct fault fault;

	switch (h1_side_body(h, in, &fault)) {
	case H1_BODY_MORE:
		return false;
	case H1_BODY_END:
		h->state = H1_WHOLE;
		return true;
	default:
		refuse(s, 0, STREAM_PROTOCOL, &fault);
		return true;
	}
}

/* The body of a request that was answered without it, of a stated length: one
 * of which the end must be looked for is not read over (is_unfinished). */
static bool
step_skip(struct h1_server *s, struct buf *in)
{
	struct h1_side *h = &s->side;
	enum h1_body_result got;
	struct fault fault;

	must(h->body.framing == H1_LENGTH);
	got = h1_side_body(h, in, &fault);
	if (got == H1_BODY_MORE)
		return false;
	h->state = H1_HEAD;
	h->codec.light = true;
	arena_reset(&h->arena);
	return true;
}

static bool
step_discard(struct h1_server *s, struct buf *in)
{
	s->discarded += (uint32_t)buf_len(in);
	h1_side_drop(in);
	if (s->discarded > s->side.codec.limits->discard)
		s->side.codec.paused = true;
	return false;
}

/* True: there may be more to do. */
static bool
step(struct h1_server *s, struct buf *in)
{
	struct fault fault;

	switch ((enum h1_state)s->side.state) {
	case H1_HEAD:
		return step_head(s, in);
	case H1_BODY:
		return step_body(s, in);
	case H1_SKIP:
		return step_skip(s, in);
	case H1_DISCARD:
		return step_discard(s, in);
	case H1_TUNNEL:
		h1_side_body(&s->side, in, &fault);
		return false;
	case H1_WHOLE:
		return false;
	case H1_OVER:
		h1_side_drop(in);
		return false;
	}
	return false;
}

/* The client is gone in the middle of its request. */
static void
cut(struct h1_server *s)
{
	struct h1_side *h = &s->side;

	if (!h->is_open) {
		begin(s);
		h->stream.bytes_in = h->held;
	}
	h1_side_tell_reset(h, STREAM_CANCEL, NULL);
	h1_side_finish(h, CODEC_CLOSE);
}

/* The client sends no more bytes, and all that it sent has been read. */
static void
take_eof(struct h1_server *s)
{
	struct h1_side *h = &s->side;

	switch ((enum h1_state)h->state) {
	case H1_HEAD:
		if (h->codec.phase == CODEC_HEAD)
			cut(s);
		else
			h1_side_finish(h, CODEC_CLOSE);
		break;
	case H1_BODY:
		cut(s);
		break;
	case H1_SKIP:
		h1_side_finish(h, CODEC_CLOSE);
		break;
	case H1_TUNNEL:
		h1_side_end_body(h);
		break;
	case H1_WHOLE:		/* half-closed: it still gets its answer */
	case H1_DISCARD:
	case H1_OVER:
		break;
	}
}

static void
server_recv(struct codec *c, struct buf *in)
{
	struct h1_server *s = server_of(c);

	if (!h1_side_resume(&s->side, in))
		return;
	while (step(s, in))
		continue;
	s->side.held = (uint32_t)(buf_len(in) - s->side.taken);
	if (s->side.eof && !c->paused)
		take_eof(s);
}

static void
server_eof(struct codec *c, int error)
{
	struct h1_server *s = server_of(c);
	struct h1_side *h = &s->side;

	if (error != 0) {
		if (!h->is_open && c->phase == CODEC_HEAD)
			begin(s);	/* so that it stands in the log */
		h1_side_tell_reset(h, STREAM_CANCEL, NULL);
		h1_side_finish(h, CODEC_ABORT);
		return;
	}
	h->eof = true;
	if (h->held > 0 || h->taken > 0 || h->lent > 0)
		c->host->on_resume(c->owner);
	else
		take_eof(s);
}

static void
server_drain(struct codec *c)
{
	server_of(c)->side.draining = true;
}

static void
server_expire(struct codec *c)
{
	static const char why[] = "the request head did not arrive in time";
	struct fault fault = { .status = 408, .why = why };
	struct h1_server *s = server_of(c);

	if (c->phase == CODEC_IDLE) {
		h1_side_finish(&s->side, CODEC_CLOSE);
	} else if (c->phase == CODEC_HEAD) {
		refuse(s, s->side.held, STREAM_TIMEOUT, &fault);
		c->host->on_resume(c->owner);
	}
}

/* So much of the body is still to come that reading over it is not worth it. */
static bool
is_unfinished(const struct h1_server *s)
{
	const struct h1_side *h = &s->side;

	if (h->state != H1_BODY)
		return false;
	return h->body.framing != H1_LENGTH || s->expects ||
	    h->body.left > h->codec.limits->discard;
}

static bool
is_last(const struct h1_server *s)
{
	const struct h1_side *h = &s->side;
	const struct http_limits *l = h->codec.limits;

	/* Behind a CONNECT may stand bytes of a tunnel, not a request. */
	return h->close || s->to_connect || h->draining ||
	    h->codec.requests >= l->requests || s->pipelined > l->pipeline ||
	    (h->eof && h->held == 0) || is_unfinished(s);
}

static bool
is_switch(const struct h1_server *s, const struct head *head)
{
	return (head->status == 101 && head->protocol.n > 0) ||
	    (s->to_connect && head->status / 100 == 2);
}

/* How the body of a final response is framed; says so in made. */
static enum h1_framing
frame(const struct h1_server *s, const struct head *head, bool end,
    struct h1_lines_made *made)
{
	bool bodiless = head_is_bodiless(head->status, s->to_head);

	made->content_length = head->length;
	if (bodiless) {
		made->length = head->length >= 0 && head->status != 204 &&
		    head->status >= 200;
		return H1_NONE;
	}
	if (end && head->length < 0)
		made->content_length = 0;
	if (made->content_length >= 0) {
		made->length = true;
		return H1_LENGTH;
	}
	made->chunked = s->minor > 0;
	return made->chunked ? H1_CHUNKED : H1_UNTIL_END;
}

static void
write_head(struct h1_server *s, const struct head *head,
    const struct h1_lines_made *made)
{
	struct h1_side *h = &s->side;
	struct buf *b = h1_out_room(&h->out, h->codec.shared->pages,
	    h1_write_size(head));

	h1_write_response(b, head, made);
}

static void
send_interim(struct h1_server *s, const struct head *head)
{
	struct h1_lines_made made = { .length = false };

	if (s->minor == 0)
		return;
	if (head->status == 100)
		s->expects = false;
	write_head(s, head, &made);
	h1_side_kick(&s->side);
}

static void
send_final(struct h1_server *s, const struct head *head, bool end)
{
	struct h1_lines_made made = { .length = false };
	struct h1_side *h = &s->side;
	enum h1_framing framing = frame(s, head, end, &made);

	h->close = is_last(s) || framing == H1_UNTIL_END ||
	    head->close;
	made.close = h->close;
	made.keep_alive = s->minor == 0 && !h->close;
	h1_out_begin(&h->out, framing, made.content_length);
	write_head(s, head, &made);
	if (end)
		h1_out_end(&h->out);
	h1_side_kick(h);
}

static void
send_switch(struct h1_server *s, const struct head *head)
{
	struct h1_lines_made made = { .upgrade = head->status == 101 };
	char accept[WEBSOCKET_ACCEPT_TEXT];
	struct h1_side *h = &s->side;

	/* The server speaks another version, in which there is none. */
	if (made.upgrade && s->key.n > 0 &&
	    head_find(head, FIELD_SEC_WEBSOCKET_ACCEPT) == NULL)
		made.accept = websocket_accept(s->key, accept);
	write_head(s, head, &made);
	h1_side_tunnel(h);
	h->codec.host->on_output(h->codec.owner);
	h->codec.host->on_resume(h->codec.owner);
}

static void
server_send_head(struct stream *stream, const struct head *head, bool end)
{
	struct h1_server *s = (struct h1_server *)(void *)h1_side_of(stream);
	struct h1_side *h = &s->side;

	if (h->dead || h->head_sent)
		return;
	if (head->kind == HEAD_INTERIM) {
		send_interim(s, head);
		return;
	}
	h->head_sent = true;
	if (!is_switch(s, head)) {
		send_final(s, head, end);
	} else if (h->state == H1_WHOLE) {
		send_switch(s, head);
	} else {		/* no tunnel can begin inside a body */
		h->broken = true;
		h1_side_kick(h);
	}
}

static void
server_send_trailers(struct stream *stream, const struct field *f, uint32_t n)
{
	struct h1_server *s = (struct h1_server *)(void *)h1_side_of(stream);
	struct h1_side *h = &s->side;

	if (h->dead || !h->head_sent)
		return;
	h1_out_trailers(&h->out, h->codec.shared->pages, f, n, s->trailers_ok);
	h1_side_kick(h);
}

/* The answer is complete: on to the next request, or to the end. */
static void
go_on(struct h1_server *s)
{
	struct h1_side *h = &s->side;

	/* A drain that began behind the head could not be said in it. */
	if (h->close || (h->draining && h->held == 0)) {
		h1_side_finish(h, h1_side_has_all(h) ? CODEC_CLOSE :
		    CODEC_LINGER);
		return;
	}
	h->state = h->state == H1_BODY ? H1_SKIP : H1_HEAD;
	h->codec.light = h->state == H1_HEAD;
	if (h->state == H1_HEAD && h->held > 0) {
		s->pipelined++;
		h->codec.phase = CODEC_HEAD;
		h->stream.started = h->codec.shared->clock->now;
	} else {
		s->pipelined = 0;
	}
}

/* The owner lets go of a stream; what it lent is void. */
static void
let_go(struct h1_server *s, bool gently)
{
	struct h1_side *h = &s->side;
	bool whole = h->out.ended && h->out.lent.n == 0 && !h->out.cut_short;

	must(h->is_open);
	h1_side_let_go(h);
	if (h->codec.tunnel)
		h1_side_finish(h, h->in_ended && whole ? CODEC_CLOSE :
		    CODEC_ABORT);
	else if (h->head_sent && !(whole && (gently || h->out.told)))
		h1_side_cut(h);
	else if (!h->head_sent || !gently || h->state == H1_OVER)
		h1_side_finish(h, CODEC_CLOSE);
	else
		go_on(s);
	if (!h->head_sent)
		h1_out_drop(&h->out, h->codec.shared->pages);
	h->codec.host->on_resume(h->codec.owner);
}

static void
server_release(struct stream *stream)
{
	let_go((struct h1_server *)(void *)h1_side_of(stream), true);
}

static void
server_reset(struct stream *stream, enum stream_error e)
{
	(void)e;
	let_go((struct h1_server *)(void *)h1_side_of(stream), false);
}

static const struct stream_ops stream_ops = {
	.send_head = server_send_head,
	.send_body = h1_side_send_body,
	.send_trailers = server_send_trailers,
	.consumed = h1_side_consumed,
	.release = server_release,
	.reset = server_reset,
};

static const struct codec_ops codec_ops = {
	.recv = server_recv,
	.raw = h1_side_raw,
	.piped = h1_side_piped,
	.send = h1_side_send,
	.sent = h1_side_sent,
	.drain = server_drain,
	.eof = server_eof,
	.expire = server_expire,
	.free = h1_side_free,
};

size_t
h1_server_size(void)
{
	return sizeof(struct h1_server);
}

struct codec *
h1_server_new(const struct codec_shared *shared,
    const struct http_limits *limits, const struct codec_host *host,
    void *owner)
{
	struct h1_server *s = slab_get(shared->codecs);

	h1_side_init(&s->side, &codec_ops, shared, limits, host, owner);
	s->side.codec.light = true;
	return &s->side.codec;
}
