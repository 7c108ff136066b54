/*
 * probe_ask.c - the request of a probe, and what comes back, stored.
 *
 * Why:       the answer goes through the same codec as traffic, so that what
 *            a probe passes is what a client would be given.
 * Not here:  what an answer means (probe_http.c, probe_grpc.c).
 */
#include <errno.h>

#include "base/must.h"
#include "cluster/cluster.h"
#include "cluster/grpc_health.h"
#include "cluster/pool.h"
#include "cluster/probe.h"
#include "cluster/secure.h"
#include "cluster/server.h"
#include "http/grpc.h"

static void
on_head(void *owner, struct head *head, bool is_end)
{
	struct probe *p = owner;

	if (head->kind == HEAD_INTERIM)
		return;
	p->answered = true;
	p->status = head->status;
	p->call = grpc_is_response(head);
	p->call_status = grpc_status_find(head->fields, head->nfields);
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

	p->call_status = grpc_status_find(fields, n);
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

/* Of http, the path and fields are the configured ones; of grpc, the call's. */
static void
fill(struct head *h, struct arena *a, const struct probe *p)
{
	const struct conf_health *check = &p->server->pool->conf->health;
	bool call = p->type == PROBE_GRPC;

	head_init(h, HEAD_REQUEST);
	h->proto = HTTP_1_1;
	h->trailers_ok = call;
	h->method = call ? SLICE("POST") : slice_of(check->method);
	h->scheme = p->below != NULL ? SLICE("https") : SLICE("http");
	h->authority = authority(p->server, check);
	h->path = slice_of(call ? GRPC_HEALTH_PATH : check->path);
	if (call)
		head_add(h, a, FIELD_CONTENT_TYPE, SLICE("application/grpc"));
	add_fields(h, a, &check->fields);
}

void
probe_ask(struct probe *p, struct slice body)
{
	struct pool *pool = p->server->pool;
	struct cluster *c = pool->cluster;
	struct arena a;
	struct head h;
	const char *why;

	link_codec(&p->link, secure_codec(p->link.conn, p->wanted,
	    &why)->client, &c->shared, &pool->limits);
	p->stream = codec_open(p->link.codec, &stream_events, p);
	must(p->stream != NULL);
	arena_init(&a, &c->loop->chunks);
	fill(&h, &a, p);
	stream_send_head(p->stream, &h, body.n == 0);
	if (body.n > 0)
		(void)stream_send_body(p->stream, lent_of(body), true);
	arena_reset(&a);
	/* The server may have spoken, or left, before it was asked. */
	link_kick(&p->link);
}

void
probe_consumed(struct probe *p)
{
	size_t n = p->body.n;

	p->body = SLICE_NONE;
	if (n > 0 && !p->broken)
		stream_consumed(p->stream, n);
}

/* The connection is over, or the answer is malformed. */
void
probe_refuse_cut(struct probe *p)
{
	const char *text;

	if (p->why != NULL)
		text = p->why;
	else if (p->stream != NULL && p->stream->why != NULL)
		text = p->stream->why;
	else if (p->link.codec->why != NULL)
		text = p->link.codec->why;
	else if (p->answered)
		text = "answer was cut";
	else if (p->error == ECONNRESET)
		text = "connection reset without an answer";
	else
		text = "connection closed without an answer";
	probe_finish(p, CHECK_L7RSP, p->status, "%s", text);
}
