/*
 * exchange.c - one request and its response, from head to last byte.
 *
 * Joins a front stream to a back stream and knows neither protocol.
 *
 *	front on_head --> HEAD > ROUTE > PICK > CONNECT > FORWARD > DONE
 *	back  on_head, on_body ------------------------------^
 *	to the side: QUEUE (every server is full), RETRY (back to PICK),
 *	REPLY (our own answer), ABORT
 *
 * Why:       facts arrive at any time; only the steps change state.
 * Owns:      its arena, its deadline, a count on pool, server and snapshot.
 * Borrows:   both streams, until it releases them.
 * Invariant: the front stream is let go after the log line, which shows its
 *            request, and nothing of the exchange runs after that.
 * Not here:  storing facts (exchange_facts.c), waiting for a server
 *            (exchange_queue.c) or a connection (exchange_connect.c), moving
 *            bytes (exchange_flow.c), heads and their order
 *            (exchange_forward.c), answers (reply.c).
 */
#include "proxy/exchange.h"

#include "base/must.h"
#include "http/uri.h"
#include "proxy/access_log.h"
#include "proxy/exchange_steps.h"
#include "proxy/forward.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

bool
exchange_go(struct exchange *x, enum exchange_state to)
{
	x->state = to;
	return true;
}

struct ending
exchange_left(struct exchange *x, char when, const char *why)
{
	char who = x->fs->cut_off ? 'P' : 'C';

	if (x->fs->cut_off)
		why = "the client was cut off";
	if (x->fs->why != NULL)
		why = arena_string(&x->arena, arena_print(&x->arena, "%s: %s",
		    why, x->fs->why));
	return (struct ending){ who, when, why };
}

bool
exchange_abort(struct exchange *x, char who, char when, const char *why)
{
	x->ending = who == 'C' ? exchange_left(x, when, why) :
	    (struct ending){ who, when, why };
	return exchange_go(x, EXCHANGE_ABORT);
}

bool
exchange_retry(struct exchange *x, char who, char when, const char *why,
    unsigned status)
{
	x->ending = (struct ending){ who, when, why };
	x->status = (uint16_t)status;
	return exchange_go(x, EXCHANGE_RETRY);
}

void
exchange_drop_back(struct exchange *x, bool reset)
{
	back_leave(&x->ask, reset || x->bs == NULL);
	x->bs = NULL;
	x->response = NULL;
	if (x->server == NULL)
		return;
	/* It may be freed now, and the log is to name it. */
	if (x->state != EXCHANGE_DONE)
		x->server_name = arena_string(&x->arena,
		    slice_of(x->server->name));
	server_end(x->server);
	x->server = NULL;
}

/* The request could not be read. */
bool
exchange_refuse_fault(struct exchange *x)
{
	struct listener *l = x->front->listener;

	l->count.ereq++;
	return exchange_refuse(x, x->fault_status,
	    x->fault_status == 408 ? 'c' : 'P', 'R', x->fault);
}

/* Max-Forwards: 0 is for us (RFC 9110 7.6.2). */
static bool
ends_here(const struct head *h)
{
	const struct field *f = head_find(h, FIELD_MAX_FORWARDS);
	uint64_t n;

	return f != NULL && slice_number(f->value, UINT32_MAX, &n) && n == 0 &&
	    head_is_method(h, "OPTIONS");
}

static bool
expects_other(const struct head *h)
{
	return !h->expects_continue && head_find(h, FIELD_EXPECT) != NULL;
}

/* Of many of one client some go on in this tick. */
static bool
may_go_on(struct exchange *x)
{
	if (front_has_turn(x->front))
		return true;
	loop_later(x->worker->loop, &x->run);
	return false;
}

static bool
step_head(struct exchange *x)
{
	struct worker *w = x->worker;
	struct head *h = x->request;

	if (x->client_gone)
		return exchange_abort(x, 'C', 'R', h == NULL ?
		    "the client left before its request was complete" :
		    "the client left before its request was looked at");
	if (h != NULL)
		exchange_call_begin(x);
	if (x->refused)
		return exchange_refuse_fault(x);
	if (h == NULL)
		return false;
	if (!may_go_on(x))
		return false;
	x->times.head = w->loop->clock.now;
	x->secure = exchange_came_by_https(x);
	h->scheme = x->secure ? SLICE("https") : SLICE("http");
	if (head_is_method(h, "TRACE"))
		return exchange_refuse(x, 405, 'P', 'R', "TRACE is off");
	if (expects_other(h))
		return exchange_refuse(x, 417, 'P', 'R',
		    "an expectation other than 100-continue");
	if (forward_is_loop(h, w->via))
		return exchange_refuse(x, 508, 'P', 'R',
		    "the request has been here before: its Via names us");
	if (ends_here(h))
		return exchange_refuse(x, 200, 'L', 'R',
		    "Max-Forwards ends here");
	if (!uri_normalise(h->path, &x->arena, &x->path))
		return exchange_refuse(x, 400, 'P', 'R',
		    "the path climbs above the root");
	return exchange_go(x, EXCHANGE_ROUTE);
}

static void
name_request(struct exchange *x)
{
	struct worker *w = x->worker;
	const struct conf_forward *f = &x->front->listener->conf->forward;

	if (f->request_id == REQUEST_ID_OFF)
		return;
	x->request_id = forward_kept_id(x->request, f, x->front->trusted);
	if (x->request_id.n > 0)
		x->request_id = arena_copy(&x->arena, x->request_id);
	else
		x->request_id = forward_new_id(&w->rng, &x->arena);
}

static bool
step_route(struct exchange *x)
{
	struct worker *w = x->worker;
	const struct conf_route *r;

	x->snapshot = conf_get(w->conf);
	name_request(x);
	x->to_https = x->front->listener->conf->https_only.on && !x->secure;
	if (x->to_https)
		return exchange_go(x, EXCHANGE_REPLY);
	r = routes_find(&w->routes, x->front->listener->conf, x->request,
	    x->path);
	x->route = r;
	if (r == NULL)
		return exchange_refuse(x, 404, 'L', 'R', "no route matches");
	if (head_is_method(x->request, "CONNECT") && !r->connect)
		return exchange_refuse(x, 405, 'P', 'R',
		    "CONNECT is not allowed by the route");
	if (r->action != ACTION_POOL)
		return exchange_go(x, EXCHANGE_REPLY);
	if (!room_for_request(w))
		return exchange_refuse(x, 503, 'R', 'C',
		    "others hold all of global.max_buffers");
	x->pool = w->pools[r->to - x->snapshot->pools];
	x->pconf = r->to;
	pool_hold(x->pool);
	exchange_call_route(x);
	counters_begin(&x->pool->count, w->loop->clock.now,
	    w->loop->clock.wall);
	return exchange_go(x, EXCHANGE_PICK);
}

static void
on_asked(void *owner)
{
	struct exchange *x = owner;

	loop_run(x->worker->loop, &x->run);
}

static bool
step_pick(struct exchange *x)
{
	struct server *full = NULL;
	struct pick pick = {
		.request = x->request,
		.path = x->path,
		.client = x->front->link.conn->peer,
		.tried = x->tried,
		.ntried = x->ntried,
		.full = &full,
		.called = x->place.called,
	};
	struct server *s;

	if (x->client_gone)
		return exchange_leave_queue(x) && exchange_abort(x, 'C', 'C',
		    "the client left before a server was reached");
	if (exchange_is_overdue(x))
		return exchange_leave_queue(x) && exchange_overdue(x, 's', 'C');
	if (queue_has_precedence(x->pool) && !x->place.called)
		return exchange_join_queue(x, NULL);
	s = pool_pick(x->pool, &pick, exchange_may_return(x));
	if (s == NULL && x->pool->nusable > 0)
		return exchange_join_queue(x, full);
	if (s == NULL)
		return exchange_leave_queue(x) &&
		    exchange_refuse(x, 503, 'S', 'C',
		    "no server of the pool takes requests");
	if (x->left != NULL && x->left != s) {
		x->left->count.wredis++;
		x->pool->count.wredis++;
	}
	x->left = NULL;
	x->server = s;
	server_begin(s);
	queue_answered(x->pool, &x->place);
	x->times.queued = x->worker->loop->clock.now;
	x->ask.sink = &exchange_back_sink;
	x->ask.owner = x;
	x->ask.on_done = on_asked;
	x->ask.caller = &x->front->caller;
	x->ask.client = x->front->link.conn;
	if (x->deadline != 0)
		exchange_wait(x, x->deadline);
	x->ask.refusals = x->refusals;
	back_ask(&x->ask, s, exchange_authority(x), x->after);
	if (!x->ask.done)
		front_has_dialled(x->front);
	return exchange_go(x, EXCHANGE_CONNECT);
}

/* RFC 9110 9.2.2: idempotent, or nothing was sent, or the server said so. */
static bool
is_safe_again(const struct exchange *x)
{
	if (x->bs == NULL || !x->bs->sent || x->back_error == STREAM_REFUSED)
		return true;
	return !x->bs->answered && head_is_idempotent(x->request);
}

/*
 * The budget keeps a failing pool from getting the load of its retries on top.
 * A connect that was refused, a connection that had gone stale, or a stream
 * that was, was no load to any server: such a retry is bounded by number alone.
 */
static bool
is_free_of_budget(const struct exchange *x)
{
	return x->bs == NULL || x->back_error == STREAM_STALE ||
	    x->back_error == STREAM_REFUSED;
}

/*
 * A server that ends a connection after so many requests refuses those behind
 * them, and none was lost: these tries have a number of their own, unless the
 * operator wants none.
 */
static bool
is_tried_enough(const struct exchange *x)
{
	if (x->bs != NULL && x->back_error == STREAM_REFUSED)
		return x->pconf->retries == 0 ||
		    x->refusals >= EXCHANGE_REFUSALS;
	return x->retries - x->refusals >= x->pconf->retries;
}

static bool
may_retry(struct exchange *x)
{
	if (is_tried_enough(x) || x->up.credited > 0 ||
	    x->client_gone || x->refused || !is_safe_again(x))
		return false;
	if (x->retrying || is_free_of_budget(x))
		return true;
	x->retrying = pool_retry_may(x->pool);
	return x->retrying;
}

/*
 * A connection broke, or had gone stale.  Its siblings may be as dead and the
 * server may be going: the next one is new, and to another server if there is.
 * One that refuses a stream is only about to end; its server is as good as
 * before, unless it does so again.
 */
static void
avoid_broken(struct exchange *x)
{
	if (x->bs == NULL)
		return;
	if (x->back_error == STREAM_REFUSED && x->refusals++ == 0)
		return;
	exchange_note_tried(x);
}

static bool
step_retry(struct exchange *x)
{
	struct ending why = x->ending;

	if (!may_retry(x))
		return exchange_refuse(x, x->status, why.who, why.when,
		    why.reason);
	x->retries++;
	x->server->count.wretr++;
	x->pool->count.wretr++;
	avoid_broken(x);
	x->left = x->server;
	exchange_drop_back(x, true);
	x->back_error = STREAM_OK;
	x->server_tls = TLS_ANY;
	x->server_proto = HTTP_PROTO_NONE;
	x->timed_out = false;
	x->times.connected = 0;		/* of this try, not of the one before */
	x->ninterim = x->sent_interim = 0;
	x->down = (struct flow){ 0 };
	x->up.lent = x->up.first;
	x->up.transit = x->up.gone = 0;
	x->up.ended = x->up.done = false;
	x->ending = (struct ending){ '-', '-', NULL };
	x->status = 0;
	return exchange_go(x, EXCHANGE_PICK);
}

static bool
step_abort(struct exchange *x)
{
	/* To close many connections takes time, too, and so do lines in the
	 * log. */
	if (!may_go_on(x))
		return false;
	if (x->server != NULL)
		front_has_dialled(x->front);
	x->cut = true;
	return exchange_go(x, EXCHANGE_DONE);
}

static void
account(struct exchange *x)
{
	struct worker *w = x->worker;
	struct counters *l = &x->front->listener->count;
	int64_t now = w->loop->clock.now;

	x->bytes_out = x->fs->bytes_out;
	l->req_tot++;
	x->front->listener->requests[x->front->link.codec->proto]++;
	rate_add(&l->req_rate, now);
	w->count.req_tot++;
	rate_add(&w->count.req_rate, now);
	w->count.bin += x->fs->bytes_in;
	w->count.bout += x->bytes_out;
	l->bout += x->bytes_out;
	l->bin += x->fs->bytes_in;
	if (x->status != 0)
		counters_status(l, x->status);
	if (x->ending.who == 'C')
		l->cli_abrt++;
	if (x->replied)
		l->intercepted++;
}

static void
account_to(struct exchange *x, struct counters *c)
{
	const struct times *t = &x->times;
	int64_t now = x->worker->loop->clock.now;

	c->req_tot++;
	c->bout += x->fs->bytes_out;
	c->bin += x->fs->bytes_in;
	if (x->status != 0)
		counters_status(c, x->status);
	if (x->ending.who == 'C' || x->ending.who == 'c')
		c->cli_abrt++;
	else if ((x->ending.who == 'S' || x->ending.who == 's') &&
	    x->ending.when != 'C' && !x->overdue)
		c->srv_abrt++;
	if (t->connected != 0) {
		average_add(&c->qtime, t->queued - t->head);
		average_add(&c->ctime, t->connected - t->queued);
	}
	if (t->answered != 0)
		average_add(&c->rtime, t->answered - t->connected);
	average_add(&c->ttime, now - t->start);
}

void
exchange_account_server(struct exchange *x)
{
	if (x->server != NULL)
		account_to(x, &x->server->count);
}

static void
run_reap(struct task *t)
{
	struct exchange *x = list_entry(t, struct exchange, reap);
	struct worker *w = x->worker;

	arena_reset(&x->arena);
	slab_put(&w->exchanges_slab, x);
}

static void
let_go(struct exchange *x)
{
	struct worker *w = x->worker;

	timer_stop(&w->loop->wheel, &x->timer);
	if (x->pool != NULL)
		queue_leave(x->pool, &x->place);
	exchange_drop_back(x, x->cut);
	if (x->cut && !x->client_gone)
		stream_reset(x->fs, STREAM_CANCEL);
	else
		stream_release(x->fs);
	x->fs = NULL;
	x->request = NULL;
	if (x->pool != NULL) {
		if (x->retrying)
			pool_retry_done(x->pool);
		counters_end(&x->pool->count);
		pool_drop(x->pool);
		x->pool = NULL;
	}
	if (x->snapshot != NULL)
		conf_put(&x->snapshot);
	list_del(&x->node);
	w->nexchanges--;
	front_exchange_done(x->front);
	task_stop(&x->run);
	loop_reap(w->loop, &x->reap);
}

static bool
step_done(struct exchange *x)
{
	exchange_call_note(x);
	account(x);
	exchange_account_server(x);
	if (x->pool != NULL)
		account_to(x, &x->pool->count);
	if (x->worker->conf->global.log.access)
		access_log(x);
	let_go(x);
	return false;
}

static bool
step_queue(struct exchange *x)
{
	return exchange_step_queue(x);
}

static bool
step_connect(struct exchange *x)
{
	return exchange_step_connect(x);
}

static bool
step_forward(struct exchange *x)
{
	return exchange_step_forward(x);
}

static bool
step_reply(struct exchange *x)
{
	return exchange_step_reply(x);
}

static void
run(struct task *t)
{
	static bool (*const steps[])(struct exchange *) = {
#define X(name, step) step_##step,
		EXCHANGE_STATES(X)
#undef X
	};
	struct exchange *x = list_entry(t, struct exchange, run);

	while (steps[x->state](x))
		continue;
}

static void
on_timer(struct timer *t)
{
	struct exchange *x = list_entry(t, struct exchange, timer);

	x->timed_out = true;
	loop_run(x->worker->loop, &x->run);
}

void
exchange_new(struct front *f, struct stream *s)
{
	struct worker *w = f->listener->worker;
	struct exchange *x = slab_get_part(&w->exchanges_slab,
	    offsetof(struct exchange, ask.reason));

	x->worker = w;
	x->front = f;
	x->number = ++w->next_exchange;
	x->fs = s;
	x->ending = (struct ending){ '-', '-', NULL };
	x->times.start = s->started;
	task_init(&x->run, run);
	task_init(&x->reap, run_reap);
	timer_init(&x->timer, on_timer);
	arena_init_in(&x->arena, &w->loop->chunks, x->room, sizeof(x->room));
	list_add_tail(&w->exchanges, &x->node);
	w->nexchanges++;
	f->exchanges++;
	s->sink = &exchange_front_sink;
	s->owner = x;
	loop_run(w->loop, &x->run);
}

void
exchange_kill(struct exchange *x, char who, const char *reason)
{
	if (x->state == EXCHANGE_DONE)
		return;
	exchange_cut(x, who, x->response != NULL ? 'D' :
	    x->request != NULL ? 'H' : 'R', reason);
	loop_run(x->worker->loop, &x->run);
}

const char *
exchange_state_name(enum exchange_state s)
{
	static const char *const names[] = {
#define X(name, step) #name,
		EXCHANGE_STATES(X)
#undef X
	};

	return names[s];
}
