/*
 * probe_http.c - a probe that asks and judges the answer.
 *
 *	request --> status as expected? --> body holds the text? --> L7OK
 *	                 \-no: L7STS             \-no: L7RSP
 *
 * Why:       the answer goes through the same codec as traffic, so that what
 *            a probe passes is what a client would be given.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/must.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "cluster/probe.h"
#include "cluster/secure.h"
#include "cluster/server.h"

static void
on_head(void *owner, struct head *head, bool is_end)
{
	struct probe *p = owner;

	if (head->kind == HEAD_INTERIM)
		return;
	p->answered = true;
	p->status = head->status;
	p->ended = is_end;
	loop_run(link_loop(&p->link), &p->step);
}

static void
on_body(void *owner, struct lent bytes, bool is_end)
{
	struct probe *p = owner;

	p->body = slice_make(bytes.p, bytes.n);
	p->ended = is_end;
	loop_run(link_loop(&p->link), &p->step);
}

static void
on_trailers(void *owner, struct field *fields, uint32_t n)
{
	struct probe *p = owner;

	(void)fields;
	(void)n;
	p->ended = true;
	loop_run(link_loop(&p->link), &p->step);
}

static void
on_room(void *owner, size_t n)
{
	(void)owner;
	(void)n;
}

static void
on_reset(void *owner, enum stream_error e, const struct fault *fault)
{
	struct probe *p = owner;

	p->broken = true;
	if (fault != NULL)
		p->why = fault->why;
	else if (e == STREAM_PROTOCOL)
		p->why = "malformed answer";
	loop_run(link_loop(&p->link), &p->step);
}

static const struct stream_sink stream_events = {
	.on_head = on_head,
	.on_body = on_body,
	.on_trailers = on_trailers,
	.on_room = on_room,
	.on_reset = on_reset,
};

/* A UNIX path cannot stand in Host (RFC 9110 7.2). */
static struct slice
authority(const struct server *s, const struct conf_health *check)
{
	if (check->host != NULL)
		return slice_of(check->host);
	if (s->conf->address.is_name && !s->conf->address.is_service)
		return slice_of(s->conf->address.text);
	if (addr_is_unix(&s->addr))
		return SLICE("localhost");
	return slice_of(s->addr_text);
}

static void
add_fields(struct head *h, struct arena *a, const struct conf_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		head_add_other(h, a, slice_of(fields->v[i].name),
		    slice_of(fields->v[i].value));
	if (head_find(h, FIELD_USER_AGENT) == NULL)
		head_add(h, a, FIELD_USER_AGENT, SLICE("steelyard-check"));
}

static void
send_request(struct probe *p)
{
	struct pool *pool = p->server->pool;
	struct cluster *c = pool->cluster;
	const struct conf_health *check = &pool->conf->health;
	struct arena a;
	struct head h;
	const char *why;

	link_codec(&p->link, secure_codec(p->link.conn, p->wanted,
	    &why)->client, &c->shared, &pool->limits);
	p->stream = codec_open(p->link.codec, &stream_events, p);
	must(p->stream != NULL);
	arena_init(&a, &c->loop->chunks);
	head_init(&h, HEAD_REQUEST);
	h.proto = HTTP_1_1;
	h.length = LENGTH_NONE;
	h.method = slice_of(check->method);
	h.scheme = p->below != NULL ? SLICE("https") : SLICE("http");
	h.authority = authority(p->server, check);
	h.path = slice_of(check->path);
	add_fields(&h, &a, &check->fields);
	stream_send_head(p->stream, &h, true);
	arena_reset(&a);
	/* The server may have spoken, or left, before it was asked. */
	link_kick(&p->link);
}

static bool
is_expected(const struct conf_statuses *expect, int status)
{
	for (size_t i = 0; i < expect->n; i++)
		if (status >= expect->v[i].from && status <= expect->v[i].to)
			return true;
	return false;
}

static void
refuse_status(struct probe *p, const struct conf_statuses *expect)
{
	struct text t;

	text_init(&t);
	for (size_t i = 0; i < expect->n; i++) {
		text_add(&t, "%s%u", i > 0 ? "," : "", expect->v[i].from);
		if (expect->v[i].to != expect->v[i].from)
			text_add(&t, "-%u", expect->v[i].to);
	}
	probe_finish(p, CHECK_L7STS, p->status, "status %d, expected %s",
	    p->status, t.p != NULL ? t.p : "none");
	text_fini(&t);
}

static void
pass(struct probe *p)
{
	int64_t took = link_loop(&p->link)->clock.now - p->started;

	probe_finish(p, CHECK_L7OK, p->status, "status %d in %" PRId64
	    ".%" PRId64 " ms", p->status, took / USEC_PER_MS,
	    took % USEC_PER_MS / 100);
}

/* The connection is over, or the answer is malformed. */
static void
refuse_cut(struct probe *p)
{
	const char *text;

	if (p->why != NULL)
		text = p->why;
	else if (p->answered)
		text = "answer was cut";
	else if (p->error == ECONNRESET)
		text = "connection reset without an answer";
	else
		text = "connection closed without an answer";
	probe_finish(p, CHECK_L7RSP, p->status, "%s", text);
}

static void
judge_body(struct probe *p)
{
	if (!p->has_needle || p->needle.found)
		pass(p);
	else if (p->why != NULL)
		refuse_cut(p);
	else if (p->ended || needle_is_done(&p->needle))
		probe_finish(p, CHECK_L7RSP, p->status,
		    "status %d, body does not contain \"%.64s\"", p->status,
		    p->needle.text.p);
	else if (p->broken || p->down)
		refuse_cut(p);
	else if (p->expired)
		probe_finish(p, CHECK_L7TOUT, p->status,
		    "no complete answer within %" PRId64 " ms",
		    p->timeout / USEC_PER_MS);
}

static void
take_body(struct probe *p)
{
	size_t n = p->body.n;

	if (p->has_needle)
		(void)needle_feed(&p->needle, p->body);
	p->body = SLICE_NONE;
	if (n > 0 && !p->broken)
		stream_consumed(p->stream, n);
}

void
probe_http_step(struct probe *p)
{
	const struct conf_health *check = &p->server->pool->conf->health;

	if (!p->asked && !p->down) {
		p->asked = true;
		send_request(p);
	}
	take_body(p);
	if (p->answered && !is_expected(&check->expect, p->status))
		refuse_status(p, &check->expect);
	else if (p->answered)
		judge_body(p);
	else if (p->broken || p->down)
		refuse_cut(p);
	else if (p->expired)
		probe_finish(p, CHECK_L7TOUT, 0, "no answer within %" PRId64
		    " ms", p->timeout / USEC_PER_MS);
}
