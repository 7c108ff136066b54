/*
 * HTTP/2 as a peer speaks it, by the library and with nothing of the product.
 */
#include "peer_parts.h"

#include <nghttp2/nghttp2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

#define FIELDS_MOST 64

static struct peer_stream *
find(struct peer *p, int32_t id)
{
	for (unsigned i = 1; id != 0 && i <= PEER_STREAMS; i++)
		if (p->s[i].id == id)
			return &p->s[i];
	return NULL;
}

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
    void *user)
{
	struct peer *p = user;
	int32_t id = frame->hd.stream_id;

	(void)session;
	if (find(p, id) == NULL) {
		assert_true(p->n < PEER_STREAMS);
		p->s[++p->n].id = id;
	}
	return 0;
}

/* The section in which it stands; trailers come behind a final head. */
static struct text *
section(struct peer *p, struct peer_stream *s, const nghttp2_frame *frame)
{
	if (s->told.has_head)
		return &s->told.trailers;
	(void)p;
	(void)frame;
	return &s->told.head;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t nname, const uint8_t *value, size_t nvalue,
    uint8_t flags, void *user)
{
	struct peer *p = user;
	struct peer_stream *s = find(p, frame->hd.stream_id);
	struct slice n = slice_make((const char *)name, nname);
	struct slice v = slice_make((const char *)value, nvalue);
	struct text *t;

	(void)session;
	(void)flags;
	if (s == NULL)
		return 0;
	t = section(p, s, frame);
	for (size_t i = 0; i < nname; i++)
		assert_true(name[i] == (uint8_t)slice_lower((char)name[i]));
	if (slice_eq(n, SLICE(":method"))) {
		s->to_head = slice_eq(v, SLICE("HEAD"));
		text_add(t, "%.*s ", SLICE_ARG(v));
	} else if (slice_eq(n, SLICE(":status"))) {
		text_add(t, "%.*s\n", SLICE_ARG(v));
	} else if (slice_eq(n, SLICE(":path"))) {
		text_add(t, "%.*s\n", SLICE_ARG(v));
	} else if (slice_eq(n, SLICE(":authority"))) {
		text_add(&p->in, "host: %.*s\n", SLICE_ARG(v));
	} else if (n.p[0] == ':') {
		text_add(&p->in, "%.*s: %.*s\n", SLICE_ARG(n), SLICE_ARG(v));
	} else {
		peer_add_field(t, n.p, n.n, v.p, v.n);
	}
	return 0;
}

/* An interim head stands where the final one will. */
static void
end_head(struct peer *p, struct peer_stream *s)
{
	struct told *t = &s->told;

	if (p->in.n > 0)		/* pseudo-fields but the two first */
		text_add_slice(&t->head, text_slice(&p->in));
	text_clear(&p->in);
	if (p->is_client && t->head.n > 0 && t->head.p[0] == '1') {
		text_add_slice(&t->interim, text_slice(&t->head));
		text_clear(&t->head);
		return;
	}
	t->has_head = true;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct peer *p = user;
	struct peer_stream *s = find(p, frame->hd.stream_id);

	(void)session;
	p->goaways += frame->hd.type == NGHTTP2_GOAWAY;
	p->pings += frame->hd.type == NGHTTP2_PING &&
	    (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0;
	if (s == NULL)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && !s->told.has_head)
		end_head(p, s);
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		s->told.reset = !s->told.end || frame->rst_stream.error_code !=
		    NGHTTP2_NO_ERROR;
		s->told.code = frame->rst_stream.error_code;
	}
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
	    (frame->hd.type == NGHTTP2_HEADERS ||
	    frame->hd.type == NGHTTP2_DATA))
		s->told.end = true;
	return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *bytes, size_t n, void *user)
{
	struct peer *p = user;
	struct peer_stream *s = find(p, id);

	(void)flags;
	if (s != NULL)
		text_add_slice(&s->told.body,
		    slice_make((const char *)bytes, n));
	if (s == NULL || !p->is_deaf)
		nghttp2_session_consume(session, id, n);
	else
		s->owed += n;
	return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct peer *p = user;
	struct peer_stream *s = find(p, id);

	(void)session;
	(void)code;
	if (s != NULL)
		s->closed = true;
	return 0;
}

static size_t
make_fields(nghttp2_nv *nv, size_t n, const char *fields)
{
	const char *eol, *colon;

	for (; (eol = strstr(fields, "\r\n")) != NULL; fields = eol + 2) {
		colon = strchr(fields, ':');
		assert_true(colon != NULL && colon < eol && n < FIELDS_MOST);
		nv[n++] = (nghttp2_nv){ (uint8_t *)(uintptr_t)fields,
		    (uint8_t *)(uintptr_t)(colon + 2),
		    (size_t)(colon - fields), (size_t)(eol - colon - 2),
		    NGHTTP2_NV_FLAG_NONE };
	}
	return n;
}

static ssize_t
on_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t most,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct peer_stream *s = source->ptr;
	size_t n = s->out.n - s->out_at;
	nghttp2_nv nv[FIELDS_MOST];

	(void)user;
	if (n == 0 && !s->out_end)
		return NGHTTP2_ERR_DEFERRED;
	if (n > most)
		n = most;
	if (n > 0)
		memcpy(to, s->out.p + s->out_at, n);
	s->out_at += n;
	if (s->out_at < s->out.n || !s->out_end)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (s->trailers != NULL) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(session, id, nv,
		    make_fields(nv, 0, s->trailers));
	}
	return (ssize_t)n;
}

void
peer_h2_head(struct peer *p, unsigned n, const char *const pseudo[][2],
    size_t npseudo, const char *fields, int64_t length)
{
	struct peer_stream *s = &p->s[n];
	nghttp2_data_provider body = { .source.ptr = s,
	    .read_callback = on_read };
	nghttp2_nv nv[FIELDS_MOST];
	char digits[64] = "";
	size_t k;

	for (k = 0; k < npseudo; k++)
		nv[k] = (nghttp2_nv){ (uint8_t *)(uintptr_t)pseudo[k][0],
		    (uint8_t *)(uintptr_t)pseudo[k][1], strlen(pseudo[k][0]),
		    strlen(pseudo[k][1]), NGHTTP2_NV_FLAG_NONE };
	k = make_fields(nv, k, fields);
	if (length >= 0) {
		(void)snprintf(digits, sizeof(digits),
		    "content-length: %lld\r\n", (long long)length);
		k = make_fields(nv, k, digits);
	}
	if (p->is_client)
		s->id = nghttp2_submit_request(p->h2, NULL, nv, k,
		    length == PEER_NO_BODY ? NULL : &body, NULL);
	else
		nghttp2_submit_response(p->h2, s->id, nv, k,
		    length == PEER_NO_BODY ? NULL : &body);
	assert_true(s->id > 0);
}

void
peer_h2_interim(struct peer *p, unsigned n, int status, const char *fields)
{
	nghttp2_nv nv[FIELDS_MOST];
	char digits[16];
	size_t k;

	(void)snprintf(digits, sizeof(digits), "%d", status);
	nv[0] = (nghttp2_nv){ (uint8_t *)(uintptr_t)":status",
	    (uint8_t *)digits, 7, strlen(digits), NGHTTP2_NV_FLAG_NONE };
	k = make_fields(nv, 1, fields);
	nghttp2_submit_headers(p->h2, NGHTTP2_FLAG_NONE, p->s[n].id, NULL, nv,
	    k, NULL);
}

void
peer_h2_resume(struct peer *p, unsigned n)
{
	nghttp2_session_resume_data(p->h2, p->s[n].id);
}

void
peer_h2_reset(struct peer *p, unsigned n, uint32_t code)
{
	nghttp2_submit_rst_stream(p->h2, NGHTTP2_FLAG_NONE, p->s[n].id, code);
}

void
peer_h2_goaway(struct peer *p, unsigned last)
{
	nghttp2_submit_goaway(p->h2, NGHTTP2_FLAG_NONE,
	    last > 0 ? p->s[last].id : 0, NGHTTP2_NO_ERROR, NULL, 0);
}

void
peer_h2_take(struct peer *p)
{
	for (unsigned i = 1; i <= p->n; i++) {
		nghttp2_session_consume(p->h2, p->s[i].id, p->s[i].owed);
		p->s[i].owed = 0;
	}
}

bool
peer_h2_move(struct peer *p, const char *bytes, size_t n)
{
	const uint8_t *out;
	bool moved = n > 0;
	ssize_t k;

	if (n > 0)
		assert_int_equal(nghttp2_session_mem_recv(p->h2,
		    (const uint8_t *)bytes, n), n);
	while ((k = nghttp2_session_mem_send(p->h2, &out)) > 0) {
		peer_say(p, (const char *)out, (size_t)k);
		moved = true;
	}
	assert_true(k >= 0);
	for (unsigned i = 1; i <= p->n; i++)	/* a connection that is cut */
		if (is_cut(p->w) && waiting(p->w) == 0 && !p->s[i].told.end)
			p->s[i].told.reset = true;
	return moved;
}

void
peer_h2_init(struct peer *p, unsigned streams)
{
	nghttp2_settings_entry e[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
	};
	nghttp2_session_callbacks *cb;
	nghttp2_option *o;

	must(nghttp2_session_callbacks_new(&cb) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb,
	    on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	must(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_http_messaging(o, 1);
	if (p->is_client)
		must(nghttp2_session_client_new2(&p->h2, cb, p, o) == 0);
	else
		must(nghttp2_session_server_new2(&p->h2, cb, p, o) == 0);
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(cb);
	nghttp2_submit_settings(p->h2, NGHTTP2_FLAG_NONE, e,
	    p->is_client ? 0 : 2);
}

void
peer_h2_fini(struct peer *p)
{
	nghttp2_session_del(p->h2);
	p->h2 = NULL;
}
