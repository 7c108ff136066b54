/*
 * sess.c - the requests in flight: shown, and cut by the operator.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "cluster/pool.h"
#include "cluster/server.h"
#include "proxy/exchange.h"
#include "proxy/front.h"
#include "proxy/listener.h"

#define KILLED "the operator shut it down"

static const char *
peer_of(const struct exchange *x, char out[ADDR_TEXT])
{
	out[0] = '?';
	out[1] = '\0';
	if (x->front->link.conn != NULL)
		addr_print(x->front->link.conn->peer, out);
	return out;
}

static long long
age_of(const struct worker *w, const struct exchange *x)
{
	return (w->loop->clock.now - x->times.start) / USEC_PER_SEC;
}

static unsigned long long
bytes_in(const struct exchange *x)
{
	return x->fs != NULL ? x->fs->bytes_in : 0;
}

static unsigned long long
bytes_out(const struct exchange *x)
{
	return x->fs != NULL ? x->fs->bytes_out : x->bytes_out;
}

static void
put(struct request *r, const struct exchange *x)
{
	char peer[ADDR_TEXT];

	text_add(r->out, "%#llx: src=%s fe=%s be=%s srv=%s state=%s age=%llds "
	    "retries=%u in=%llu out=%llu\n", (unsigned long long)x->number,
	    peer_of(x, peer), x->front->listener->name,
	    x->pool != NULL ? x->pool->name : "<NONE>",
	    x->server != NULL ? x->server->name : "<none>",
	    exchange_state_name(x->state), age_of(r->worker, x), x->retries,
	    bytes_in(x), bytes_out(x));
}

static void
put_name(struct text *t, const char *key, const char *name)
{
	text_add(t, ",\"%s\":", key);
	if (name == NULL)
		text_add(t, "null");
	else
		text_add_json(t, slice_of(name));
}

static void
put_json(struct request *r, const struct exchange *x)
{
	char peer[ADDR_TEXT];

	text_add(r->out, "{\"id\":\"%#llx\"", (unsigned long long)x->number);
	put_name(r->out, "src", peer_of(x, peer));
	put_name(r->out, "listener", x->front->listener->name);
	put_name(r->out, "pool", x->pool != NULL ? x->pool->name : NULL);
	put_name(r->out, "server", x->server != NULL ? x->server->name : NULL);
	text_add(r->out, ",\"state\":\"%s\",\"age_s\":%lld,\"retries\":%u,"
	    "\"bytes_in\":%llu,\"bytes_out\":%llu}",
	    exchange_state_name(x->state), age_of(r->worker, x), x->retries,
	    bytes_in(x), bytes_out(x));
}

void
show_sess(struct request *r)
{
	const char *comma = "";
	struct exchange *x;

	if (r->json)
		text_add_char(r->out, '[');
	list_each(x, &r->worker->exchanges, struct exchange, node) {
		text_add(r->out, "%s", comma);
		if (r->json)
			put_json(r, x);
		else
			put(r, x);
		comma = r->json ? "," : "";
	}
	if (r->json)
		text_add(r->out, "]\n");
}

void
shutdown_session(struct request *r)
{
	struct exchange *x;
	unsigned long long id;
	char *end;

	id = r->argc > 0 ? strtoull(r->argv[0], &end, 0) : 0;
	list_each(x, &r->worker->exchanges, struct exchange, node) {
		if (id == 0 || *end != '\0' || x->number != id)
			continue;
		exchange_kill(x, 'K', KILLED);
		return;
	}
	text_add(r->out, "No such session (use 'show sess').\n");
}

void
shutdown_sessions_server(struct request *r)
{
	struct server *s = request_server(r, r->argc > 0 ? r->argv[0] : "");
	struct exchange *x;

	if (s == NULL)
		return;
	list_each(x, &r->worker->exchanges, struct exchange, node)
		if (x->server == s)
			exchange_kill(x, 'K', KILLED);
}
