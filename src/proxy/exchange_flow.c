/*
 * exchange_flow.c - body bytes from one stream to the other, and how long an
 * exchange may wait for them.
 *
 * A piece is lent by its source, lent on to the other side, and given back
 * when it has been written: so a slow reader stops the reading on the other
 * side, and no body byte is ever copied or held twice.  A piece may stand in a
 * pipe, if both sides can do that; here it is all the same.
 */
#include "proxy/client_fields.h"
#include "proxy/exchange_steps.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

/*
 * A request body that is wholly here is kept until the response begins, so
 * that it can be sent again to another server.
 */
static bool
is_kept(const struct exchange *x, const struct flow *f)
{
	return f == &x->up && f->end && f->credited == 0 &&
	    x->response == NULL && !x->tunnel;
}

static bool
give_back(struct exchange *x, struct flow *f, struct stream *from)
{
	size_t n = f->gone;

	if (n == 0 || from == NULL || is_kept(x, f))
		return false;
	f->gone = 0;
	f->credited += n;
	f->first = lent_skip(f->first, n);
	stream_consumed(from, n);
	return true;
}

static bool
pass_end(struct exchange *x, struct flow *f, struct stream *to)
{
	if (!f->end || f->ended || f->lent.n > 0)
		return false;
	if (f == &x->up && f->trailers != NULL)
		f->ntrailers = client_fields_strip(&x->snapshot->guarded,
		    f->trailers, f->ntrailers);
	if (f->trailers != NULL)
		stream_send_trailers(to, f->trailers, f->ntrailers);
	else
		stream_send_body(to, LENT_NONE, true);
	f->ended = true;
	return true;
}

/* Nobody takes these bytes any more. */
static bool
swallow(struct flow *f)
{
	if (f->lent.n == 0)
		return false;
	f->gone += f->lent.n;
	f->lent = LENT_NONE;
	return true;
}

/*
 * Whether the source may lend what stands in a pipe: such bytes go once.  Of a
 * request it must not be the first, which another server may have to get.
 */
static bool
may_pipe(const struct exchange *x, const struct flow *f,
    const struct stream *to)
{
	return to != NULL && to->takes_pipe &&
	    (f == &x->down || f->credited > 0);
}

bool
exchange_flow(struct exchange *x, struct flow *f, struct stream *from,
    struct stream *to)
{
	bool moved = false, end;
	size_t taken;

	if (f->ended && f->gone == 0)
		return false;		/* it was the last of it */
	if (to == NULL)
		moved = swallow(f);
	moved = give_back(x, f, from) || moved;
	if (from != NULL)
		from->may_pipe = may_pipe(x, f, to);
	if (to == NULL)
		return moved;
	if (f->lent.n > 0) {
		end = f->end && f->trailers == NULL;
		taken = stream_send_body(to, f->lent, end);
		f->transit += taken;
		f->lent = lent_skip(f->lent, taken);
		if (end && f->lent.n == 0)
			f->ended = true;
		moved = moved || taken > 0;
	}
	return pass_end(x, f, to) || moved;
}

/* What an exchange waits for, for how long, and what it means if it fails. */
struct wait {
	int64_t time;		/* from the last progress, */
	int64_t since;		/* or from here, if it is not 0 */
	struct ending ending;
	unsigned status;	/* to answer with, if none was given yet */
};

static bool
is_stuck(const struct flow *f)
{
	return f->transit > 0 || f->lent.n > 0;
}

static struct wait
wait_of_client(const struct exchange *x)
{
	return (struct wait){ x->front->listener->conf->timeouts.send,
	    is_stuck(&x->down) ? x->times.taken : 0, { 'c', 'D',
	    "the client took too little of its answer in time" }, 0 };
}

/* The client waits for a 100 before it sends: the server's turn. */
static bool
is_held_back(const struct exchange *x)
{
	return x->request->expects_continue && x->ninterim == 0 &&
	    x->up.first.n == 0 && x->up.credited == 0;
}

static struct wait
wait_of(const struct exchange *x)
{
	const struct conf_pool_timeouts *t;

	if (x->pconf == NULL || x->state == EXCHANGE_REPLY)
		return wait_of_client(x);
	t = &x->pconf->timeouts;
	if (x->tunnel)
		return (struct wait){ t->tunnel, 0, { 'c', 'D',
		    "no byte came through the tunnel in time" }, 0 };
	if (is_stuck(&x->down))
		return wait_of_client(x);
	if (x->up.lent.n > 0 || x->up.transit > 0)
		return (struct wait){ t->idle, 0, { 's',
		    x->response == NULL ? 'H' : 'D',
		    "the server took no byte of the request in time" }, 504 };
	if (!x->up.end && x->response == NULL && !is_held_back(x) && !x->call)
		return (struct wait){ t->request, 0, { 'c', 'D',
		    "the client sent no byte of its body in time" }, 408 };
	if (x->response == NULL)
		return (struct wait){ t->response, 0, { 's', 'H',
		    "the server sent no response in time" }, 504 };
	if (x->down.ended)
		return wait_of_client(x);
	return (struct wait){ t->idle, 0, { 's', 'D',
	    "the server sent no byte of its response in time" }, 0 };
}

/* The deadline of a call may come first. */
void
exchange_wait(struct exchange *x, int64_t until)
{
	bool early = x->deadline != 0 && x->deadline < until &&
	    x->state != EXCHANGE_REPLY && !x->down.ended;

	timer_set(&x->worker->loop->wheel, &x->timer,
	    early ? x->deadline : until);
}

static int64_t
end_of(const struct exchange *x, struct wait w)
{
	return (w.since != 0 ? w.since : x->times.progress) + w.time;
}

void
exchange_deadline(struct exchange *x)
{
	exchange_wait(x, end_of(x, wait_of(x)));
}

/*
 * The timer has fired: ends the exchange if what it waits for now is overdue.
 */
bool
exchange_expired(struct exchange *x)
{
	struct wait w = wait_of(x);

	x->timed_out = false;
	if (exchange_is_overdue(x))
		return exchange_overdue(x, w.ending.who,
		    x->head_sent ? w.ending.when : 'H');
	if (x->worker->loop->clock.now < end_of(x, w))
		return false;
	if (x->head_sent || w.status == 0)
		return exchange_cut(x, w.ending.who, w.ending.when,
		    w.ending.reason);
	return exchange_refuse(x, w.status, w.ending.who, w.ending.when,
	    w.ending.reason);
}
