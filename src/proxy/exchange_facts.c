/*
 * exchange_facts.c - what the two streams tell, stored.
 *
 * Each function notes one fact and puts the exchange on the run list.  None
 * decides anything, none calls a stream: the steps do, after all events of the
 * tick are in.
 */
#include "proxy/exchange_steps.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

static void
note_progress(struct exchange *x)
{
	x->times.progress = x->worker->loop->clock.now;
}

static void
wake(struct exchange *x)
{
	note_progress(x);
	loop_run(x->worker->loop, &x->run);
}

static void
store_body(struct flow *f, struct lent bytes, bool end)
{
	if (bytes.n > 0) {
		f->first = f->lent = bytes;
		f->transit = f->gone = 0;
	}
	f->end = f->end || end;
}

static void
store_trailers(struct flow *f, struct field *fields, uint32_t n)
{
	f->trailers = fields;
	f->ntrailers = n;
	f->end = true;
}

static void
store_room(struct flow *f, size_t n)
{
	if (n == 0) {
		f->done = true;
		return;
	}
	f->transit -= n;
	f->gone += n;
}

/* Byte by byte is not good enough, or an answer would be held for ever. */
static void
note_taken(struct exchange *x, size_t n)
{
	x->taken += (uint32_t)n;
	if (x->taken < EXCHANGE_LEAST && x->down.transit + x->down.lent.n > 0)
		return;
	x->taken = 0;
	x->times.taken = x->worker->loop->clock.now;
}

static void
front_on_head(void *owner, struct head *head, bool end)
{
	struct exchange *x = owner;

	x->request = head;
	x->request_end = end;
	x->up.end = end;
	wake(x);
}

static void
front_on_body(void *owner, struct lent bytes, bool end)
{
	struct exchange *x = owner;

	store_body(&x->up, bytes, end);
	wake(x);
}

static void
front_on_trailers(void *owner, struct field *fields, uint32_t n)
{
	struct exchange *x = owner;

	store_trailers(&x->up, fields, n);
	wake(x);
}

static void
front_on_room(void *owner, size_t n)
{
	struct exchange *x = owner;

	store_room(&x->down, n);
	note_taken(x, n);
	wake(x);
}

static void
front_on_reset(void *owner, enum stream_error e, const struct fault *fault)
{
	struct exchange *x = owner;
	struct worker *w = x->worker;

	if (fault != NULL) {
		x->refused = true;
		x->fault = fault->why;
		x->fault_status = fault->status;
		if (fault->abuse != ABUSE_NONE)
			abuse_tell(x->front, fault);
		bad_store(&x->front->listener->bad, fault, w->loop->clock.wall,
		    x->front->link.conn->peer, "");
	} else {
		x->client_gone = true;
		task_stop(&x->run);	/* also if it waits for its turn */
	}
	(void)e;
	wake(x);
}

static void
back_on_head(void *owner, struct head *head, bool end)
{
	struct exchange *x = owner;

	if (head->kind == HEAD_INTERIM) {
		if (x->ninterim < EXCHANGE_INTERIMS)
			x->interim[x->ninterim] = head;
		x->ninterim += x->ninterim <= EXCHANGE_INTERIMS;
	} else {
		x->response = head;
		x->response_end = end;
		x->down.end = end;
		x->times.answered = x->worker->loop->clock.now;
		gather_answer(&x->worker->loop->gather,
		    x->times.answered - x->times.connected);
	}
	wake(x);
}

static void
back_on_body(void *owner, struct lent bytes, bool end)
{
	struct exchange *x = owner;

	store_body(&x->down, bytes, end);
	x->taken = 0;
	x->times.taken = x->worker->loop->clock.now;
	wake(x);
}

static void
back_on_trailers(void *owner, struct field *fields, uint32_t n)
{
	struct exchange *x = owner;

	store_trailers(&x->down, fields, n);
	wake(x);
}

static void
back_on_room(void *owner, size_t n)
{
	struct exchange *x = owner;

	store_room(&x->up, n);
	if (n > 0 || x->tunnel)
		wake(x);
	else			/* the request went, and nothing waits for it */
		note_progress(x);
}

static void
back_on_reset(void *owner, enum stream_error e, const struct fault *fault)
{
	struct exchange *x = owner;

	x->back_error = e;
	x->after = back_newest(x->server);
	if (fault != NULL) {
		/* It is logged when this stream may be no more. */
		x->fault = arena_string(&x->arena, slice_of(fault->why));
		x->fault_status = fault->status;
		if (!fault->of_conn)
			bad_store(&x->pool->bad, fault,
			    x->worker->loop->clock.wall, &x->server->addr,
			    x->server->name);
	}
	wake(x);
}

const struct stream_sink exchange_front_sink = {
	.on_head = front_on_head,
	.on_body = front_on_body,
	.on_trailers = front_on_trailers,
	.on_room = front_on_room,
	.on_reset = front_on_reset,
};

const struct stream_sink exchange_back_sink = {
	.on_head = back_on_head,
	.on_body = back_on_body,
	.on_trailers = back_on_trailers,
	.on_room = back_on_room,
	.on_reset = back_on_reset,
};
