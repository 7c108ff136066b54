/*
 * exchange_queue.c - the step QUEUE: every server is full, and a request waits
 * for one with room.
 *
 * Why: a retry waits, too, rather than go back to a server that has just failed
 *      it while there are others.
 * Not here:  whose turn it is (cluster/queue.c).
 */
#include "proxy/exchange_steps.h"
#include "proxy/worker.h"

static void
on_turn(void *owner)
{
	struct exchange *x = owner;

	loop_run(x->worker->loop, &x->run);
}

bool
exchange_leave_queue(struct exchange *x)
{
	queue_leave(x->pool, &x->place);
	return true;
}

static void
tell_tried(struct exchange *x)
{
	x->place.tried = x->tried;
	x->place.ntried = x->ntried;
}

bool
exchange_may_return(struct exchange *x)
{
	tell_tried(x);
	return !queue_has_others(x->pool, &x->place) ||
	    !queue_takes(x->pool, &x->place);
}

bool
exchange_join_queue(struct exchange *x, struct server *wanted)
{
	struct pool *p = x->pool;

	x->left = NULL;		/* it may be freed before our turn comes */
	if (x->place.called) {
		queue_rejoin(p, &x->place, wanted);
		return exchange_go(x, EXCHANGE_QUEUE);
	}
	place_init(&x->place, on_turn, x);
	tell_tried(x);
	x->queue_ahead = p->nqueue;
	if (!queue_join(p, &x->place, wanted))
		return exchange_refuse(x, 503, 's', 'Q',
		    "every server is full, and so is the queue of the pool");
	x->times.waiting = x->worker->loop->clock.now;
	exchange_wait(x, x->times.waiting + x->pconf->timeouts.queue);
	return exchange_go(x, EXCHANGE_QUEUE);
}

bool
exchange_step_queue(struct exchange *x)
{
	int64_t end = x->times.waiting + x->pconf->timeouts.queue;

	if (x->client_gone)
		return exchange_leave_queue(x) && exchange_abort(x, 'C', 'Q',
		    "the client left while its request was in the queue");
	if (x->refused)
		return exchange_leave_queue(x) && exchange_refuse_fault(x);
	if (exchange_is_overdue(x))
		return exchange_leave_queue(x) && exchange_overdue(x, 's', 'Q');
	if (x->place.called)
		return exchange_go(x, EXCHANGE_PICK);
	if (x->worker->loop->clock.now >= end)
		return exchange_leave_queue(x) &&
		    exchange_refuse(x, 503, 's', 'Q',
		    "no server had room for the request in time");
	return false;
}
