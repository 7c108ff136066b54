/*
 * exchange_forward.c - the step FORWARD: heads in their order, then both
 * bodies, until the response has been written.
 */
#include "proxy/exchange_steps.h"
#include "http/uri.h"
#include "proxy/client_fields.h"
#include "proxy/forward.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

/* A trusted proxy in front of us may have ended its TLS. */
bool
exchange_came_by_https(const struct exchange *x)
{
	const struct field *f;

	if (x->front->secure || !x->front->trusted)
		return x->front->secure;
	f = head_find(x->request, FIELD_X_FORWARDED_PROTO);
	return f != NULL && slice_eq_nocase(f->value, SLICE("https"));
}

const char *
exchange_hsts(const struct exchange *x)
{
	return x->front->secure || x->secure ?
	    x->front->listener->conf->https_only.value : NULL;
}

static struct forward
forward_of(struct exchange *x)
{
	return (struct forward){
		.conf = &x->front->listener->conf->forward,
		.via = x->worker->via,
		.trusted = x->front->trusted,
		.client = x->front->link.conn->peer,
		.conn = x->front->link.conn,
		.scheme = x->front->secure ? "https" : "http",
		.request_id = x->request_id,
		.guarded = &x->snapshot->guarded,
		.hsts = exchange_hsts(x),
	};
}

/* The path as it came, or made normal where the route says so. */
static struct slice
path_to_send(struct exchange *x)
{
	struct slice query = uri_query(x->request->path);

	if (!x->route->normalize)
		return x->request->path;
	if (query.n == 0)
		return x->path;
	return arena_print(&x->arena, "%.*s?%.*s", SLICE_ARG(x->path),
	    SLICE_ARG(query));
}

/* Of a certificate that was verified, and only then. */
static void
add_client_fields(struct exchange *x, struct head *out)
{
	const struct conf_listener_tls *t = &x->front->listener->conf->tls;
	struct conn *c = x->front->link.conn;
	struct tls_facts facts;
	struct tls_peer peer;

	if (t->verify != TLS_VERIFY_OFF && conn_facts(c, &facts) &&
	    facts.verified && conn_peer(c, &x->arena, &peer))
		client_fields_add(&t->client_fields, &peer, out, &x->arena);
}

struct slice
exchange_authority(const struct exchange *x)
{
	if (x->pconf->host != NULL)
		return slice_of(x->pconf->host);
	if (x->request->authority.n == 0 && x->pconf->default_host != NULL)
		return slice_of(x->pconf->default_host);
	return x->request->authority;
}

void
exchange_send_request(struct exchange *x)
{
	struct forward f = forward_of(x);
	struct head out;

	forward_request(x->request, &out, &x->arena, &f);
	add_client_fields(x, &out);
	out.path = path_to_send(x);
	out.authority = exchange_authority(x);
	exchange_call_lower(x, &out);
	stream_send_head(x->bs, &out, x->request_end);
	x->up.ended = x->request_end;
}

/* judge_facts has seen to it that there are not too many. */
static void
send_interims(struct exchange *x)
{
	struct head out;

	while (x->sent_interim < x->ninterim) {
		struct head *h = x->interim[x->sent_interim++];
		struct forward f = forward_of(x);

		forward_response(h, &out, &x->arena, &f, NULL);
		counters_status(&x->server->count, h->status);
		if (!x->client_gone)
			stream_send_head(x->fs, &out, false);
	}
}

static bool
is_tunnel(const struct exchange *x, const struct head *h)
{
	return h->status == 101 || (h->status / 100 == 2 &&
	    head_is_method(x->request, "CONNECT"));
}

static void
send_response(struct exchange *x)
{
	struct worker *w = x->worker;
	struct forward f = forward_of(x);
	struct head out;

	forward_response(x->response, &out, &x->arena, &f,
	    date_now(&w->date, w->loop->clock.wall));
	x->status = x->response->status;
	x->head_sent = true;
	x->tunnel = is_tunnel(x, x->response);
	if (x->tunnel)		/* the request has ended, its bytes begin */
		x->up.end = x->up.ended = x->up.done = false;
	x->down.ended = x->response_end;
	if (x->discard)
		return;
	front_judge_age(x->front);
	stream_send_head(x->fs, &out, x->response_end);
}

/* The client is gone: cancel, or by choice let the server finish. */
static bool
client_left(struct exchange *x)
{
	if (x->pconf->abort_on_close || x->tunnel || !x->up.end)
		return exchange_abort(x, 'C', x->response == NULL ? 'H' : 'D',
		    "the client left before its answer was complete");
	x->discard = true;
	x->down.gone += x->down.transit;	/* nobody tells that any more */
	x->down.transit = 0;
	x->ending = exchange_left(x, x->response == NULL ? 'H' : 'D',
	    "the client left; the server was let finish");
	return false;
}

/*
 * The codec may know, and with TLS 1.3 a server may say only now that it wants
 * a certificate of us.
 */
static const char *
why_broken(struct exchange *x)
{
	const char *what = "the server closed the connection";
	const char *why = x->bs->why;
	char reason[SECURE_REASON];

	if (x->head_sent || x->discard)
		what = "the server cut its response short";
	else if (back_failed(&x->ask, reason))
		return arena_string(&x->arena, arena_print(&x->arena,
		    "TLS with the server failed: %s", reason));
	else if (why != NULL)
		what = "the server broke off";
	return why == NULL ? what : arena_string(&x->arena,
	    arena_print(&x->arena, "%s: %s", what, why));
}

static bool
back_broke(struct exchange *x)
{
	bool malformed = x->back_error == STREAM_PROTOCOL;
	char who = x->server->health.state == HEALTH_DOWN ? 'D' : 'S';
	const char *why = malformed ? x->fault : why_broken(x);

	if (x->response != NULL || malformed) {
		x->server->count.eresp++;
		x->pool->count.eresp++;
	}
	if (x->head_sent || x->discard)
		return exchange_cut(x, malformed ? 'P' : who, 'D', why);
	if (malformed)
		return exchange_refuse(x, 502, 'P', 'H', why);
	return exchange_retry(x, who, 'H', why, 502);
}

/* The body of the request turned out to be malformed, or stopped too long. */
static bool
request_broke(struct exchange *x)
{
	x->front->listener->count.ereq++;
	if (x->head_sent)
		return exchange_abort(x, 'P', 'D', x->fault);
	return exchange_refuse(x, x->fault_status, 'P', 'D', x->fault);
}

static bool
is_over(const struct exchange *x)
{
	if (x->tunnel)
		return x->down.done && x->up.done;
	if (x->discard)
		return x->response != NULL && x->down.end &&
		    x->down.lent.n == 0 && x->down.gone == 0;
	return x->head_sent && x->down.done;
}

/*
 * The server broke off, and all that it had sent is on its way.  A response
 * that is whole stands; a tunnel needs the other direction as well.
 */
static bool
is_back_lost(const struct exchange *x)
{
	if (x->back_error == STREAM_OK || x->down.lent.n > 0 ||
	    x->down.transit > 0)
		return false;
	return x->response == NULL || !x->down.end ||
	    (x->tunnel && !x->up.done);
}

/* True: the exchange has left the state. */
static bool
judge_facts(struct exchange *x)
{
	if (x->refused && x->back_error != STREAM_PROTOCOL)
		return request_broke(x);
	if (x->client_gone && !x->discard && client_left(x))
		return true;
	if (x->ninterim > EXCHANGE_INTERIMS)
		return exchange_refuse(x, 502, 'P', 'H',
		    "the server sent too many interim responses");
	if (is_back_lost(x))
		return back_broke(x);
	return x->timed_out && exchange_expired(x);
}

bool
exchange_step_forward(struct exchange *x)
{
	struct stream *fs;

	if (judge_facts(x))
		return true;
	send_interims(x);
	if (x->response != NULL && !x->head_sent)
		send_response(x);
	if (x->discard && x->tunnel)
		return exchange_abort(x, 'C', 'H',
		    "the client left before its tunnel stood");
	fs = x->discard ? NULL : x->fs;
	exchange_flow(x, &x->up, x->fs,
	    x->back_error == STREAM_OK ? x->bs : NULL);
	if (x->head_sent)
		exchange_flow(x, &x->down, x->bs, fs);
	if (is_over(x))
		return exchange_go(x, EXCHANGE_DONE);
	exchange_deadline(x);
	return false;
}
