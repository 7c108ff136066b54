/*
 * access_log.c - one line an exchange: who asked for what, which server
 * answered, how long each phase took, who ended it and when.
 */
#include "proxy/access_log.h"

#include "http/proto.h"
#include "net/tls.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

/* Milliseconds of the phases; -1: not reached (after HAProxy's httplog). */
struct phases {
	int64_t request, queue, connect, response, total;
};

static int64_t
phase(int64_t from, int64_t to)
{
	return from == 0 || to == 0 ? -1 : (to - from) / USEC_PER_MS;
}

static struct phases
phases_of(const struct exchange *x)
{
	const struct times *t = &x->times;

	return (struct phases){
		.request = phase(t->start, t->head),
		.queue = phase(t->head, t->queued),
		.connect = phase(t->queued, t->connected),
		.response = phase(t->connected, t->answered),
		.total = phase(t->start, x->worker->loop->clock.now),
	};
}

static const char *
pool_name(const struct exchange *x)
{
	return x->pool != NULL ? x->pool->name : x->front->listener->name;
}

static const char *
server_name(const struct exchange *x)
{
	return x->server_name[0] != '\0' ? x->server_name : "<NOSRV>";
}

static void
client_of(const struct exchange *x, char out[ADDR_TEXT])
{
	addr_print(x->front->link.conn->peer, out);
}

static void
add_request_json(struct text *t, const struct exchange *x)
{
	const struct head *h = x->request;

	if (h == NULL) {
		text_add(t, ",\"method\":null,\"target\":null,"
		    "\"version\":null,\"host\":null");
		return;
	}
	text_add(t, ",\"method\":");
	text_add_json(t, h->method);
	text_add(t, ",\"target\":");
	text_add_json(t, h->path.n > 0 ? h->path : h->authority);
	text_add(t, ",\"version\":\"%s\",\"host\":",
	    http_proto_name(h->proto));
	text_add_json(t, h->authority);
}

static void
add_tls_json(struct text *t, const struct exchange *x)
{
	struct tls_facts f;

	if (!conn_facts(x->front->link.conn, &f) || f.version == NULL) {
		text_add(t, ",\"tls\":null");
		return;
	}
	text_add(t, ",\"tls\":{\"version\":\"%s\",\"cipher\":\"%s\","
	    "\"sni\":", f.version, f.cipher);
	if (f.sni.n > 0)
		text_add_json(t, f.sni);
	else
		text_add(t, "null");
	text_add(t, ",\"resumed\":%s,\"verified\":%s,\"handshake\":%lld}",
	    f.resumed ? "true" : "false", f.verified ? "true" : "false",
	    (long long)(f.time / USEC_PER_MS));
}

/* Of the connection that was used; it may have been made for another. */
static void
add_server_tls_json(struct text *t, const struct exchange *x)
{
	if (x->server_tls == TLS_ANY)
		text_add(t, ",\"server_tls\":null");
	else
		text_add(t, ",\"server_tls\":{\"version\":\"%s\","
		    "\"resumed\":%s}", x->server_tls == TLS_1_3 ? "TLSv1.3" :
		    "TLSv1.2", x->server_resumed ? "true" : "false");
}

static void
add_active_json(struct text *t, const struct exchange *x)
{
	text_add(t, ",\"active\":{\"process\":%u,\"listener\":%u,"
	    "\"pool\":%u,\"server\":%u}", x->worker->nfronts,
	    x->front->listener->nfronts,
	    x->pool != NULL ? x->pool->in_flight : 0,
	    x->server != NULL ? x->server->active : 0);
}

static void
line_json(struct text *t, const struct exchange *x)
{
	struct phases p = phases_of(x);
	char time[32], client[ADDR_TEXT];

	log_time_iso(x->worker->loop->clock.wall, time);
	client_of(x, client);
	text_add(t, "{\"time\":\"%s\",\"event\":\"access\",\"client\":\"%s\","
	    "\"listener\":\"%s\",\"pool\":", time, client,
	    x->front->listener->name);
	if (x->pool != NULL)
		text_add(t, "\"%s\"", x->pool->name);
	else
		text_add(t, "null");
	text_add(t, ",\"server\":");
	if (x->server_name[0] != '\0')
		text_add_json(t, slice_of(x->server_name));
	else
		text_add(t, "null");
	add_request_json(t, x);
	text_add(t, ",\"status\":%u,\"bytes_in\":%llu,\"bytes_out\":%llu,"
	    "\"termination\":\"%c%c\",\"retries\":%u", x->status,
	    (unsigned long long)x->fs->bytes_in,
	    (unsigned long long)x->bytes_out, x->ending.who, x->ending.when,
	    x->retries);
	text_add(t, ",\"times\":{\"request\":%lld,\"queue\":%lld,"
	    "\"connect\":%lld,\"response\":%lld,\"total\":%lld}",
	    (long long)p.request, (long long)p.queue, (long long)p.connect,
	    (long long)p.response, (long long)p.total);
	text_add(t, ",\"request_id\":");
	text_add_json(t, x->request_id);
	add_tls_json(t, x);
	add_server_tls_json(t, x);
	add_active_json(t, x);
	if (x->ending.reason != NULL) {
		text_add(t, ",\"reason\":");
		text_add_json(t, slice_of(x->ending.reason));
	}
	text_add_char(t, '}');
}

/* "method target version" for the two text formats, quotes included. */
static void
add_request_text(struct text *t, const struct exchange *x)
{
	const struct head *h = x->request;

	if (h == NULL) {
		text_add(t, "\"<BADREQ>\"");
		return;
	}
	text_add_char(t, '"');
	text_add_escaped(t, h->method);
	text_add_char(t, ' ');
	text_add_escaped(t, h->path.n > 0 ? h->path : h->authority);
	text_add(t, " %s\"", http_proto_name(h->proto));
}

static void
line_haproxy(struct text *t, const struct exchange *x)
{
	struct phases p = phases_of(x);
	char time[40], client[ADDR_TEXT];

	log_time_clf(x->worker->loop->clock.wall, true, time);
	client_of(x, client);
	text_add(t, "%s [%s] %s %s/", client, time,
	    x->front->listener->name, pool_name(x));
	text_add_escaped(t, slice_of(server_name(x)));
	text_add(t, " %lld/%lld/%lld/%lld/%lld ", (long long)p.request,
	    (long long)p.queue, (long long)p.connect, (long long)p.response,
	    (long long)p.total);
	if (x->status != 0)
		text_add(t, "%u", x->status);
	else
		text_add(t, "-1");
	text_add(t, " %llu - - %c%c-- %u/%u/%u/%u/%u 0/%u ",
	    (unsigned long long)x->bytes_out, x->ending.who, x->ending.when,
	    x->worker->nfronts, x->front->listener->nfronts,
	    x->pool != NULL ? x->pool->in_flight : 0,
	    x->server != NULL ? x->server->active : 0, x->retries,
	    x->queue_ahead);
	add_request_text(t, x);
}

static void
line_common(struct text *t, const struct exchange *x)
{
	char time[40], client[ADDR_TEXT];

	log_time_clf(x->worker->loop->clock.wall, false, time);
	addr_print_host(x->front->link.conn->peer, client);
	text_add(t, "%s - - [%s +0000] ", client, time);
	add_request_text(t, x);
	text_add(t, " %u %llu", x->status, (unsigned long long)x->bytes_out);
}

void
access_log(struct exchange *x)
{
	struct worker *w = x->worker;
	struct text *t = &w->line;

	text_clear(t);
	switch (log_format(w->log)) {
	case LOG_FORMAT_JSON:
		line_json(t, x);
		break;
	case LOG_FORMAT_HAPROXY:
		line_haproxy(t, x);
		break;
	case LOG_FORMAT_COMMON:
		line_common(t, x);
		break;
	}
	log_line(w->log, text_slice(t));
}
