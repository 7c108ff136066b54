/*
 * Ends of connections that speak for the test, in either protocol.
 */
#include "peer_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/websocket.h"

void
peer_say(struct peer *p, const char *bytes, size_t n)
{
	if (p->holds)
		text_add_slice(&p->said, slice_make(bytes, n));
	else
		say_bytes_later(p->w, bytes, n);
}

void
peer_add_field(struct text *t, const char *name, size_t nname,
    const char *value, size_t nvalue)
{
	for (size_t i = 0; i < nname; i++)
		text_add_char(t, slice_lower(name[i]));
	text_add(t, ": ");
	text_add_slice(t, slice_make(value, nvalue));
	text_add_char(t, '\n');
}

static void
stream_fini(struct peer_stream *s)
{
	text_fini(&s->told.head);
	text_fini(&s->told.interim);
	text_fini(&s->told.body);
	text_fini(&s->told.trailers);
	text_fini(&s->out);
	free(s->trailers);
}

static void
free_peer(struct prop *prop)
{
	struct peer *p = (struct peer *)(void *)prop;

	peer_h2_fini(p);
	for (unsigned i = 0; i <= PEER_STREAMS; i++)
		stream_fini(&p->s[i]);
	text_fini(&p->in);
	text_fini(&p->said);
	free(p);
}

static struct peer *
peer_new(struct stage *st, struct wire *w, bool is_client, bool h2,
    unsigned streams)
{
	struct peer *p = mem_new(sizeof(*p));

	p->prop.free = free_peer;
	list_add_tail(&st->props, &p->prop.node);
	p->st = st;
	p->w = w;
	p->is_client = is_client;
	text_init(&p->in);
	text_init(&p->said);
	if (h2)
		peer_h2_init(p, streams);
	peer_settle(p);
	return p;
}

struct peer *
peer_client(struct stage *st, bool h2)
{
	return peer_new(st, stage_client(st), true, h2, 100);
}

struct peer *
peer_server(struct stage *st, const char *addr, bool h2)
{
	struct wire *w = stage_dialled(st, addr);

	return w != NULL ? peer_new(st, w, false, h2, 100) : NULL;
}

struct peer *
peer_server_most(struct stage *st, const char *addr, unsigned streams)
{
	struct wire *w = stage_dialled(st, addr);

	return w != NULL ? peer_new(st, w, false, true, streams) : NULL;
}

/* A deaf one leaves HTTP/1.1 in the wire, and of HTTP/2 opens no window. */
static bool
move(struct peer *p)
{
	size_t n = 0;

	if (!p->is_deaf || p->h2 != NULL)
		n = heard_some(p->st, p->w, waiting(p->w));
	if (p->h2 != NULL)
		return peer_h2_move(p, p->w->last.p, n);
	if (n > 0)
		peer_read(p, p->w->last.p, n);
	else if (is_cut(p->w))
		peer_read_end(p);
	return n > 0;
}

void
peer_settle(struct peer *p)
{
	do
		stage_settle(p->st);
	while (move(p));
}

const struct told *
peer_told(struct peer *p, unsigned n)
{
	assert_non_null(p);
	assert_true(n > 0 && n <= PEER_STREAMS);
	peer_settle(p);
	return &p->s[n].told;
}

void
peer_hear(struct peer *p)
{
	p->is_deaf = false;
	if (p->h2 != NULL)
		peer_h2_take(p);
	peer_settle(p);
}

static void
add_framing(struct peer_stream *s, struct text *t, int64_t length)
{
	s->chunked = length == PEER_UNKNOWN;
	if (s->chunked)
		text_add(t, "Transfer-Encoding: chunked\r\n");
	else if (length >= 0)
		text_add(t, "Content-Length: %lld\r\n", (long long)length);
}

/* Says t, and frees it. */
static void
say_text(struct peer *p, struct text *t)
{
	peer_say(p, t->p, t->n);
	text_fini(t);
	peer_settle(p);
}

static struct peer_stream *
stream_of(struct peer *p, unsigned n)
{
	assert_non_null(p);
	assert_true(n > 0 && n <= PEER_STREAMS);
	return &p->s[n];
}

static unsigned
begin(struct peer *p)
{
	assert_true(p->is_client);
	assert_true(p->n < PEER_STREAMS);
	return ++p->n;
}

unsigned
peer_ask(struct peer *p, const char *method, const char *path,
    const char *fields, int64_t length)
{
	const char *const pseudo[][2] = { { ":method", method },
		{ ":scheme", "http" }, { ":authority", "x" },
		{ ":path", path } };
	unsigned n = begin(p);
	struct text t;

	p->s[n].to_head = strcmp(method, "HEAD") == 0;
	if (p->h2 != NULL) {
		peer_h2_head(p, n, pseudo, 4, fields, length);
		peer_settle(p);
		return n;
	}
	text_init(&t);
	text_add(&t, "%s %s HTTP/1.1\r\nHost: x\r\n%s", method, path, fields);
	add_framing(&p->s[n], &t, length);
	text_add(&t, "\r\n");
	say_text(p, &t);
	return n;
}

unsigned
peer_ask_websocket(struct peer *p)
{
	static const char *const pseudo[][2] = { { ":method", "CONNECT" },
		{ ":scheme", "http" }, { ":authority", "x" },
		{ ":path", "/ws" }, { ":protocol", "websocket" } };
	static const char fields[] = "Sec-WebSocket-Version: 13\r\n";
	unsigned n = begin(p);
	struct text t;

	p->s[n].tunnel = true;
	if (p->h2 != NULL) {
		peer_h2_head(p, n, pseudo, 5, fields, PEER_UNKNOWN);
		peer_settle(p);
		return n;
	}
	text_init(&t);
	text_add(&t, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n%s"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", fields);
	say_text(p, &t);
	return n;
}

static void
answer_h2(struct peer *p, unsigned n, int status, const char *fields,
    int64_t length)
{
	char digits[16];
	const char *const pseudo[][2] = { { ":status", digits } };

	(void)snprintf(digits, sizeof(digits), "%d", status);
	peer_h2_head(p, n, pseudo, 1, fields, length);
	peer_settle(p);
}

void
peer_answer(struct peer *p, unsigned n, int status, const char *fields,
    int64_t length)
{
	struct peer_stream *s = stream_of(p, n);
	struct text t;

	if (p->h2 != NULL) {
		answer_h2(p, n, status, fields, length);
		return;
	}
	text_init(&t);
	text_add(&t, "HTTP/1.1 %d Some\r\n%s", status, fields);
	if (length == PEER_NO_BODY && status != 204 && status != 304 &&
	    !s->to_head)
		length = 0;
	add_framing(s, &t, length);
	text_add(&t, "\r\n");
	say_text(p, &t);
}

void
peer_interim(struct peer *p, unsigned n, int status, const char *fields)
{
	struct text t;

	if (p->h2 != NULL) {
		peer_h2_interim(p, n, status, fields);
		peer_settle(p);
		return;
	}
	text_init(&t);
	text_add(&t, "HTTP/1.1 %d Some\r\n%s\r\n", status, fields);
	say_text(p, &t);
}

void
peer_answer_websocket(struct peer *p, unsigned n)
{
	struct peer_stream *s = stream_of(p, n);
	char proof[WEBSOCKET_ACCEPT_TEXT];
	const char *key;
	struct text t;

	s->tunnel = true;
	if (p->h2 != NULL) {
		answer_h2(p, n, 200, "", PEER_UNKNOWN);
		return;
	}
	key = strstr(s->told.head.p, "\nsec-websocket-key: ");
	assert_non_null(key);
	key += 20;
	p->state = PEER_TUNNEL;
	p->s[n].told.end = false;	/* its bytes begin */
	text_init(&t);
	text_add(&t, "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\nSec-WebSocket-Accept: %.*s\r\n\r\n",
	    SLICE_ARG(websocket_accept(slice_make(key, strcspn(key, "\n")),
	    proof)));
	say_text(p, &t);
}

static void
send_bytes(struct peer *p, unsigned n, const char *bytes, size_t size,
    bool end)
{
	struct peer_stream *s = stream_of(p, n);
	struct text t;

	if (p->h2 != NULL) {
		text_add_slice(&s->out, slice_make(bytes, size));
		s->out_end = s->out_end || end;
		peer_h2_resume(p, n);
		peer_settle(p);
		return;
	}
	text_init(&t);
	if (s->chunked && size > 0)
		text_add(&t, "%zx\r\n", size);
	text_add_slice(&t, slice_make(bytes, size));
	if (s->chunked && size > 0)
		text_add(&t, "\r\n");
	if (s->chunked && end)
		text_add(&t, "0\r\n\r\n");
	if (s->tunnel && end)
		p->w->in_eof = true;
	say_text(p, &t);
}

void
peer_body(struct peer *p, unsigned n, const char *bytes, bool end)
{
	send_bytes(p, n, bytes, strlen(bytes), end);
}

void
peer_body_many(struct peer *p, unsigned n, size_t size, bool end)
{
	char *bytes = mem_new(size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)('a' + i % 26);
	send_bytes(p, n, bytes, size, end);
	free(bytes);
}

void
peer_trailers(struct peer *p, unsigned n, const char *fields)
{
	struct peer_stream *s = stream_of(p, n);
	struct text t;

	if (p->h2 != NULL) {
		s->trailers = mem_string(fields);
		s->out_end = true;
		peer_h2_resume(p, n);
		peer_settle(p);
		return;
	}
	assert_true(s->chunked);
	text_init(&t);
	text_add(&t, "0\r\n%s\r\n", fields);
	say_text(p, &t);
}

void
peer_reset(struct peer *p, unsigned n, uint32_t code)
{
	if (p->h2 == NULL) {
		say_reset(p->st, p->w);
		return;
	}
	peer_h2_reset(p, n, code);
	peer_settle(p);
}

void
peer_burst(struct peer *p, bool reset)
{
	p->holds = false;
	say_bytes_later(p->w, p->said.p, p->said.n);
	text_clear(&p->said);
	if (reset)
		say_reset_behind_later(p->w);
}

void
peer_goaway(struct peer *p, unsigned last)
{
	peer_h2_goaway(p, last);
	peer_settle(p);
}
