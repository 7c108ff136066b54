/*
 * access_log.c - one line an exchange: who asked for what, which server
 * answered, how long each phase took, who ended it and when.
 */
#include "proxy/access_log.h"

#include "http/grpc.h"
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

/* The last one's, or NULL.  A reload may give it another name meanwhile. */
static const char *
server_name(const struct exchange *x)
{
	return x->server != NULL ? x->server->name : x->server_name;
}

static void
client_of(const struct exchange *x, char out[ADDR_TEXT])
{
	addr_print(x->front->link.conn->peer, out);
}

/*
 * Every request makes such a line, so it is put together without a format to
 * read.  A piece is text that stands as it is, then a value.
 */
static inline void
add_number(struct text *t, struct slice before, int64_t n)
{
	text_add_slice(t, before);
	text_add_number(t, n);
}

static inline void
add_json(struct text *t, struct slice before, struct slice value)
{
	text_add_slice(t, before);
	text_add_json(t, value);
}

static inline void
add_name(struct text *t, struct slice before, const char *name)
{
	if (name != NULL && name[0] != '\0') {
		add_json(t, before, slice_of(name));
	} else {
		text_add_slice(t, before);
		text_add_slice(t, SLICE("null"));
	}
}

static void
add_request_json(struct text *t, const struct exchange *x)
{
	const struct head *h = x->request;

	if (h == NULL) {
		text_add_slice(t, SLICE(",\"method\":null,\"target\":null,"
		    "\"version\":null,\"host\":null"));
		return;
	}
	add_json(t, SLICE(",\"method\":"), h->method);
	add_json(t, SLICE(",\"target\":"),
	    h->path.n > 0 ? h->path : h->authority);
	add_name(t, SLICE(",\"version\":"), http_proto_name(h->proto));
	add_json(t, SLICE(",\"host\":"), h->authority);
}

static void
add_times_json(struct text *t, const struct exchange *x)
{
	struct phases p = phases_of(x);

	add_number(t, SLICE(",\"times\":{\"request\":"), p.request);
	add_number(t, SLICE(",\"queue\":"), p.queue);
	add_number(t, SLICE(",\"connect\":"), p.connect);
	add_number(t, SLICE(",\"response\":"), p.response);
	add_number(t, SLICE(",\"total\":"), p.total);
	text_add_char(t, '}');
}

static void
add_tls_json(struct text *t, const struct exchange *x)
{
	static const struct slice bools[] = { { "false", 5 }, { "true", 4 } };
	struct tls_facts f;

	if (!conn_facts(x->front->link.conn, &f) || f.version == NULL) {
		text_add_slice(t, SLICE(",\"tls\":null"));
		return;
	}
	add_name(t, SLICE(",\"tls\":{\"version\":"), f.version);
	add_name(t, SLICE(",\"cipher\":"), f.cipher);
	if (f.sni.n > 0)
		add_json(t, SLICE(",\"sni\":"), f.sni);
	else
		text_add_slice(t, SLICE(",\"sni\":null"));
	text_add_slice(t, SLICE(",\"resumed\":"));
	text_add_slice(t, bools[f.resumed]);
	text_add_slice(t, SLICE(",\"verified\":"));
	text_add_slice(t, bools[f.verified]);
	add_number(t, SLICE(",\"handshake\":"), f.time / USEC_PER_MS);
	text_add_char(t, '}');
}

/* Of the connection that was used; it may have been made for another. */
static void
add_server_tls_json(struct text *t, const struct exchange *x)
{
	if (x->server_tls == TLS_ANY) {
		text_add_slice(t, SLICE(",\"server_tls\":null"));
		return;
	}
	add_name(t, SLICE(",\"server_tls\":{\"version\":"),
	    x->server_tls == TLS_1_3 ? "TLSv1.3" : "TLSv1.2");
	text_add_slice(t, x->server_resumed ?
	    SLICE(",\"resumed\":true}") : SLICE(",\"resumed\":false}"));
}

static void
add_active_json(struct text *t, const struct exchange *x)
{
	add_number(t, SLICE(",\"active\":{\"process\":"),
	    x->worker->nfronts);
	add_number(t, SLICE(",\"listener\":"), x->front->listener->nfronts);
	add_number(t, SLICE(",\"pool\":"),
	    x->pool != NULL ? x->pool->in_flight : 0);
	add_number(t, SLICE(",\"server\":"),
	    x->server != NULL ? x->server->active : 0);
	text_add_char(t, '}');
}

static void
line_json(struct text *t, const struct exchange *x)
{
	struct worker *w = x->worker;
	char client[ADDR_TEXT];
	const char ending[2] = { x->ending.who, x->ending.when };

	client_of(x, client);
	add_name(t, SLICE("{\"time\":"),
	    log_stamp_iso(&w->stamp, w->loop->clock.wall));
	add_json(t, SLICE(",\"event\":\"access\",\"client\":"),
	    slice_of(client));
	add_name(t, SLICE(",\"listener\":"), x->front->listener->name);
	add_name(t, SLICE(",\"pool\":"),
	    x->pool != NULL ? x->pool->name : NULL);
	add_name(t, SLICE(",\"server\":"), server_name(x));
	add_name(t, SLICE(",\"server_version\":"),
	    x->server_proto != HTTP_PROTO_NONE ?
	    http_proto_name(x->server_proto) : NULL);
	add_request_json(t, x);
	add_number(t, SLICE(",\"status\":"), x->status);
	if (x->call && x->call_status != GRPC_NO_STATUS)
		add_number(t, SLICE(",\"grpc_status\":"), x->call_status);
	add_number(t, SLICE(",\"bytes_in\":"), (int64_t)x->fs->bytes_in);
	add_number(t, SLICE(",\"bytes_out\":"), (int64_t)x->bytes_out);
	add_json(t, SLICE(",\"termination\":"), slice_make(ending, 2));
	add_number(t, SLICE(",\"retries\":"), x->retries);
	add_times_json(t, x);
	add_json(t, SLICE(",\"request_id\":"), x->request_id);
	add_tls_json(t, x);
	add_server_tls_json(t, x);
	add_active_json(t, x);
	if (x->ending.reason != NULL)
		add_json(t, SLICE(",\"reason\":"),
		    slice_of(x->ending.reason));
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
	const char *name = server_name(x);
	char time[40], client[ADDR_TEXT];

	log_time_clf(x->worker->loop->clock.wall, true, time);
	client_of(x, client);
	text_add(t, "%s [%s] %s %s/", client, time,
	    x->front->listener->name, pool_name(x));
	text_add_escaped(t, slice_of(name != NULL ? name : "<NOSRV>"));
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
