#pragma once

/*
 * The codec of HTTP/2 towards a server, with a server of the library's; what a
 * test does as the owner of streams, and as that server.
 */
#include "base/mem.h"
#include "h2_rig.h"

static inline void
h2_rig_init_client(struct h2_rig *r)
{
	h2_rig_begin(r, false);
}

/* The server's SETTINGS; without them it may be pumped all the same. */
static inline void
h2_rig_settle(struct h2_rig *r, uint32_t streams, bool connect)
{
	nghttp2_settings_entry e[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, connect },
	};

	nghttp2_submit_settings(r->peer, NGHTTP2_FLAG_NONE, e,
	    connect ? 2 : 1);
	h2_rig_pump(r);
}

/* For a test; h2_rig_teardown goes with them. */
static inline int
h2_rig_setup_unsettled(void **state)
{
	struct h2_rig *r = mem_new(sizeof(*r));

	h2_rig_init_client(r);
	*state = r;
	return 0;
}

static inline int
h2_rig_setup_client(void **state)
{
	h2_rig_setup_unsettled(state);
	h2_rig_settle(*state, 100, false);
	return 0;
}

/* A stream; which one of r->streams. */
static inline unsigned
h2_rig_open(struct h2_rig *r)
{
	unsigned i = r->nstreams++;
	struct h2_rig_stream *x = &r->streams[i];

	must(i < H2_RIG_STREAMS);
	*x = (struct h2_rig_stream){ .r = r };
	x->s = codec_open(r->codec, &h2_rig_sink, x);
	must(x->s != NULL);
	return i;
}

static inline struct head
h2_rig_head(const char *method, int64_t length)
{
	struct head h;

	head_init(&h, HEAD_REQUEST);
	h.method = slice_of(method);
	h.authority = SLICE("a");
	h.path = SLICE("/x");
	h.length = length;
	return h;
}

/* Opens a stream and sends a head without fields, not pumped. */
static inline unsigned
h2_rig_ask(struct h2_rig *r, const char *method, int64_t length, bool end)
{
	struct head h = h2_rig_head(method, length);
	unsigned i = h2_rig_open(r);

	stream_send_head(r->streams[i].s, &h, end);
	return i;
}

/* The same for a WebSocket. */
static inline unsigned
h2_rig_ask_tunnel(struct h2_rig *r)
{
	struct head h = h2_rig_head("GET", LENGTH_NONE);
	unsigned i = h2_rig_open(r);
	struct arena a;

	arena_init(&a, NULL);
	h.protocol = SLICE("websocket");
	r->streams[i].tunnels = true;
	head_add(&h, &a, FIELD_SEC_WEBSOCKET_KEY, SLICE("secret"));
	head_add_other(&h, &a, SLICE("Sec-WebSocket-Version"), SLICE("13"));
	stream_send_head(r->streams[i].s, &h, true);
	arena_reset(&a);
	return i;
}

static inline void
h2_rig_reset(struct h2_rig *r, unsigned i)
{
	struct stream *s = r->streams[i].s;

	r->streams[i].s = NULL;
	stream_reset(s, STREAM_CANCEL);
	h2_rig_pump(r);
}

/* As the server: a final head; with a body of `up` bytes if that is not
 * negative, which ends unless wait. */
static inline void
h2_rig_reply(struct h2_rig *r, int32_t id, long up, bool wait,
    const char *const *lines)
{
	nghttp2_data_provider body = { .read_callback = h2_rig_peer_read };
	nghttp2_nv nv[256];
	size_t n = h2_rig_nv(lines, nv);

	r->replies[id].up = up > 0 ? (size_t)up : 0;
	r->replies[id].wait = wait;
	must(nghttp2_submit_response(r->peer, id, nv, n,
	    up >= 0 ? &body : NULL) == 0);
	h2_rig_pump(r);
}

static inline void
h2_rig_ok(struct h2_rig *r, int32_t id, long up, bool wait)
{
	static const char *const lines[] = { ":status: 200", NULL };

	h2_rig_reply(r, id, up, wait, lines);
}

/* A section that is no final head: an interim one, or trailers. */
static inline void
h2_rig_section(struct h2_rig *r, int32_t id, bool end,
    const char *const *lines)
{
	nghttp2_nv nv[256];
	size_t n = h2_rig_nv(lines, nv);

	must(nghttp2_submit_headers(r->peer, end ? NGHTTP2_FLAG_END_STREAM :
	    NGHTTP2_FLAG_NONE, id, NULL, nv, n, NULL) == 0);
	h2_rig_pump(r);
}

static inline void
h2_rig_forget(struct h2_rig *r)
{
	r->nlog = r->ngot = 0;
	r->log[0] = r->got[0] = '\0';
}
