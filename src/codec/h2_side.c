/*
 * h2_side.c - what both sides of a connection of HTTP/2 share (RFC 9113).
 *
 * libnghttp2 makes and reads frames, keeps windows and compression; what a
 * message may say, what a peer may make us hold or do, and when a stream's
 * owner is told is decided here.
 *
 *	recv --> library --> h2_in.c --> facts
 *	calls (h2_stream.c) --> library --> h2_out.c --> send
 *
 * Not here:  what is particular to a role (h2_server.c, h2_client.c).
 */
#include <stdlib.h>

#include "base/asan.h"
#include "base/mem.h"
#include "base/must.h"
#include "codec/h2.h"
#include "codec/h2_side.h"
#include "codec/h2_words.h"

#define FIRST_UNKNOWN 10	/* type of a frame */
#define KEEP 64			/* sets of marks */

void
h2_finish(struct h2 *h, enum codec_end end)
{
	struct h2_stream *s;

	h->over = true;
	if (end > h->codec.end)
		h->codec.end = end;
	list_each(s, &h->streams, struct h2_stream, node)
		if (s->held)
			h->role->lose(s, h->why != NULL ? STREAM_PROTOCOL :
			    STREAM_STALE);
}

void
h2_fail(struct h2 *h, uint32_t code, unsigned status, const char *why)
{
	if (h->over)
		return;
	h->why = why;
	h->status = (uint16_t)(h->role->server ? status : 502);
	nghttp2_session_terminate_session(h->session, code);
	h2_finish(h, h->role->last);
	h->codec.host->on_resume(h->codec.owner);
}

void
h2_abused(struct h2 *h, enum abuse abuse, const char *why)
{
	if (!h->over)
		h->abuse = abuse;
	h2_fail(h, NGHTTP2_ENHANCE_YOUR_CALM, 400, why);
}

void
h2_goaway(struct h2 *h)
{
	nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(h->session),
	    NGHTTP2_NO_ERROR, NULL, 0);
}

void
h2_phase(struct h2 *h)
{
	bool server = h->role->server;
	/* One that our GOAWAY does not name asks for nothing. */
	bool in_head = h->watch.in_section && !h->over && server &&
	    (!h->drained || h->into != NULL);

	/* A fault is a request too, once it is told. */
	h->codec.phase = h->nheld > 0 || (h->why != NULL && server) ?
	    CODEC_BUSY : in_head ? CODEC_HEAD : CODEC_IDLE;
}

static void
kick(struct h2 *h)
{
	h->kicked = true;
	h->codec.host->on_output(h->codec.owner);
}

void
h2_kick(struct h2 *h)
{
	if (!h->kicked && (buf_len(&h->out) > 0 ||
	    nghttp2_session_want_write(h->session)))
		kick(h);
}

void
h2_kick_control(struct h2 *h)
{
	if (!h->kicked &&
	    nghttp2_session_get_outbound_queue_size(h->session) > 0)
		kick(h);
}

void
h2_settle(struct h2 *h)
{
	struct h2_stream *s;
	struct list *node;

	if (h->why != NULL)
		h->role->tell_fault(h);
	h2_priority_round(h);
	while ((node = list_pop(&h->ready)) != NULL) {
		s = list_entry(node, struct h2_stream, ready);
		h2_stream_tell(s);
	}
	h->role->settle(h);
	h2_kick(h);
}

/*
 * Whoever sends frames that ask for nothing has a budget for them.  Gives how
 * many bytes are taken now.
 */
static size_t
watch(struct h2 *h, const struct buf *in)
{
	struct h2_seen seen;
	size_t n = h2_watch_share(&h->watch, buf_at(in), buf_len(in), &seen);

	h->codec.sated = seen.work >= H2_SHARE;
	if (seen.idle > 0 && !h2_guard_control(&h->guard, h->codec.limits,
	    seen.idle, h->codec.shared->clock->now))
		h2_abused(h, ABUSE_FRAMES,
		    "a flood of frames that ask for nothing");
	if (seen.large)
		h2_fail(h, NGHTTP2_FRAME_SIZE_ERROR, 400,
		    h2_words_fault(NGHTTP2_FRAME_SIZE_ERROR));
	return n;
}

/* A server of HTTP/1 answers our preface in its own words. */
static void
look_for_text(struct h2 *h, const struct buf *in)
{
	static const char text[] = "HTTP/1.";
	const char *p = buf_at(in);

	for (size_t i = 0; i < buf_len(in) && h->ntext == h->in + i &&
	    text[h->ntext] != '\0'; i++)
		h->ntext += p[i] == text[h->ntext];
	if (text[h->ntext] == '\0')
		h2_fail(h, NGHTTP2_PROTOCOL_ERROR, 502, "the server answers "
		    "in HTTP/1.1, not in HTTP/2: its pool needs "
		    "protocol = \"h1\"");
}

/* The library takes its share of what has come.  Below 0: its error. */
static ssize_t
take(struct h2 *h, struct buf *in)
{
	const char *p = buf_at(in);
	size_t n = h->over ? buf_len(in) : watch(h, in);
	ssize_t rv = 0;

	h->in += n;
	h->queued = nghttp2_session_get_outbound_queue_size(h->session);
	if (!h->over)
		rv = nghttp2_session_mem_recv(h->session, (const uint8_t *)p,
		    n);
	if (h->over)
		h->codec.sated = false;
	buf_drop(in, h->over ? buf_len(in) : n);
	return rv;
}

void
h2_recv(struct codec *c, struct buf *in)
{
	struct h2 *h = h2_of(c);
	ssize_t n = 0;

	h2_wake(h);
	if (buf_len(in) > 0 && !h->role->server && !c->settled)
		look_for_text(h, in);
	c->sated = false;
	if (buf_len(in) > 0)
		n = take(h, in);
	if (n == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
		h2_fail(h, NGHTTP2_PROTOCOL_ERROR, 400,
		    "no preface of HTTP/2");
	else if (n < 0)
		h2_abused(h, ABUSE_ANSWERS,
		    "more frames than may wait for an answer");
	else if (!h->role->server && h->in > h->told + h->stray)
		h2_fail(h, NGHTTP2_FLOW_CONTROL_ERROR, 502,
		    "more DATA than the window allowed");
	h2_settle(h);
}

void
h2_eof(struct codec *c, int error)
{
	struct codec_rest rest;
	struct h2 *h = h2_of(c);
	struct iovec v;

	h2_wake(h);
	/* A fault of the server's is found with the GOAWAY that tells it. */
	if (!h->role->server && error == 0 && !h->over)
		(void)h2_send(c, &v, 1, &rest);
	h2_finish(h, error != 0 ? CODEC_ABORT : CODEC_CLOSE);
	h2_settle(h);
}

bool
h2_ask(struct codec *c)
{
	struct h2 *h = h2_of(c);

	if (h->over)
		return false;
	h2_wake(h);
	if (!c->asked)
		nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, H2_ASK);
	c->asked = true;
	h2_kick(h);
	return true;
}

void
h2_free(struct codec *c)
{
	struct h2 *h = h2_of(c);
	struct h2_stream *s;

	h2_wake(h);
	list_each(s, &h->streams, struct h2_stream, node)
		h2_stream_free(s);
	nghttp2_session_del(h->session);
	trunk_free(&c->shared->h2->trunks, &h->trunk);
	slab_put(&c->shared->h2->marks, h->marks);
	if (h->out.base != NULL)
		buf_release(&h->out, c->shared->pages);
	free(h->said);
	free(h);
}

/* Why the library ends the connection, with what it says to the peer of it. */
static const char *
why_ended(struct h2 *h, const nghttp2_goaway *g)
{
	const char *why = h2_words_fault(g->error_code);

	if (!h->codec.settled)
		return h->role->server ? "no SETTINGS behind the preface" :
		    "what it speaks is not HTTP/2";
	if (g->opaque_data_len == 0 || h->said != NULL)
		return why;
	h->said = h2_words_detail(why, slice_make(
	    (const char *)g->opaque_data, g->opaque_data_len));
	return h->said;
}

/*
 * Of a request that is to be framed now some bytes may leave, but none before.
 * And there may be a GOAWAY of the library's own making.
 */
static int
on_before_send(nghttp2_session *session, const nghttp2_frame *frame,
    void *user)
{
	struct h2_stream *s;
	struct h2 *h = user;

	if (frame->hd.type == NGHTTP2_HEADERS && !h->role->server) {
		s = nghttp2_session_get_stream_user_data(session,
		    frame->hd.stream_id);
		if (s != NULL)
			s->stream.sent = true;
	}
	if (frame->hd.type != NGHTTP2_GOAWAY || h->over ||
	    frame->goaway.error_code == NGHTTP2_NO_ERROR)
		return 0;
	if (frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM)
		h->abuse = ABUSE_FIELDS;
	h->why = why_ended(h, &frame->goaway);
	h->status = h->role->server ? 400 : 502;
	h2_finish(h, h->role->last);
	h2_phase(h);
	h->codec.host->on_resume(h->codec.owner);
	return 0;
}

/*
 * What the library may not judge, because it would be silent about it.  Of
 * frames of unknown types, too, it tells only if it is asked to.
 */
static nghttp2_option *
options(bool server)
{
	nghttp2_option *o;

	must(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_stream_reset_rate_limit(o, UINT64_MAX, UINT64_MAX);
	nghttp2_option_set_max_settings(o, 32);
	nghttp2_option_set_max_outbound_ack(o, 500);
	nghttp2_option_set_max_deflate_dynamic_table_size(o, 4096);
	for (unsigned type = FIRST_UNKNOWN; type <= UINT8_MAX; type++)
		if (type != NGHTTP2_PRIORITY_UPDATE)
			nghttp2_option_set_user_recv_extension_type(o,
			    (uint8_t)type);
	if (server)
		h2_priority_options(o);
	return o;
}

static nghttp2_session_callbacks *
callbacks(void)
{
	nghttp2_session_callbacks *cb;

	must(nghttp2_session_callbacks_new(&cb) == 0);
	h2_in_callbacks(cb);
	h2_out_callbacks(cb);
	h2_priority_callbacks(cb);
	nghttp2_session_callbacks_set_before_frame_send_callback(cb,
	    on_before_send);
	return cb;
}

struct h2_settings *
h2_settings_new(void)
{
	struct h2_settings *s = mem_new(sizeof(*s));

	s->callbacks = callbacks();
	s->server = options(true);
	s->client = options(false);
	h2_names_init(s->names);
	trunks_init(&s->trunks, HAS_ASAN);
	slab_init(&s->marks, H2_MARKS * sizeof(struct h2_mark), KEEP);
	return s;
}

void
h2_settings_free(struct h2_settings **sp)
{
	struct h2_settings *s = *sp;

	if (s == NULL)
		return;
	nghttp2_session_callbacks_del(s->callbacks);
	nghttp2_option_del(s->server);
	nghttp2_option_del(s->client);
	trunks_fini(&s->trunks);
	slab_fini(&s->marks);
	free(s);
	*sp = NULL;
}

struct h2 *
h2_new(const struct h2_role *role, const struct codec_ops *ops,
    const struct codec_shared *shared, const struct http_limits *limits,
    const struct codec_host *host, void *owner)
{
	const nghttp2_session_callbacks *cb = shared->h2->callbacks;
	const nghttp2_option *o = role->server ? shared->h2->server :
	    shared->h2->client;
	struct h2 *h = mem_new(sizeof(*h));
	nghttp2_mem mem;
	int rv;

	h->codec = (struct codec){
		.ops = ops,
		.host = host,
		.owner = owner,
		.shared = shared,
		.limits = limits,
		.proto = HTTP_2,
		.keep_alive = -1,
	};
	h->role = role;
	list_init(&h->streams);
	list_init(&h->ready);
	h2_guard_init(&h->guard, shared->clock->now);
	h2_watch_init(&h->watch, role->server ? NGHTTP2_CLIENT_MAGIC_LEN : 0);
	h->trunk = trunk_new(&shared->h2->trunks);
	mem = h2_memory(h->trunk);
	rv = role->server ?
	    nghttp2_session_server_new3(&h->session, cb, h, o, &mem) :
	    nghttp2_session_client_new3(&h->session, cb, h, o, &mem);
	must(rv == 0);
	return h;
}
