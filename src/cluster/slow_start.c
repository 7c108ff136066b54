/*
 * slow_start.c - a server that came up warms up.
 *
 *	pool_refresh --> cold of each server --> weights, max_connections
 *	     ^------------ timer, while one is warming
 *
 * Why:       weights must not change between two looks of a policy that keeps
 *            an order, so they are set at a refresh and not at a pick.
 * Invariant: cold is 0 for a server that is not warming, also in panic.
 */
#include "cluster/slow_start.h"

#include <math.h>

#include "cluster/cluster.h"
#include "cluster/pool.h"

#define LEAST 0.1
#define STEPS 50	/* in a window */

double
slow_start_part(int64_t t, int64_t window, int64_t aggression)
{
	double part;

	if (t >= window)
		return 1;
	if (t < SEC(1))
		t = SEC(1);
	part = pow((double)t / (double)window, 100 / (double)aggression);
	return part < LEAST ? LEAST : part > 1 ? 1 : part;
}

static bool
is_in_service(const struct server *s)
{
	return health_is_up(&s->health) && s->admin != SERVER_MAINT;
}

/* Sets cold; is it warming? */
static bool
look_at(struct server *s, int64_t now)
{
	const struct conf_slow_start *conf = &s->pool->conf->slow_start;
	bool in_service = is_in_service(s);
	int64_t t;

	if (in_service && !s->in_service)
		s->warm_since = now;
	s->in_service = in_service;
	t = now - s->warm_since;
	s->cold = 0;
	if (!in_service || t >= conf->window)
		return false;
	s->cold = (unsigned)lround(1000 - 1000 * slow_start_part(t,
	    conf->window, conf->aggression));
	return true;
}

static int64_t
step_of(const struct pool *p)
{
	int64_t step = p->conf->slow_start.window / STEPS;

	if (step > SEC(1))
		return SEC(1);
	return step < MSEC(20) ? MSEC(20) : step;
}

void
slow_start_refresh(struct pool *p)
{
	struct loop *loop = p->cluster->loop;
	bool warming = false;
	struct server *s;

	list_each(s, &p->servers, struct server, node)
		warming = look_at(s, loop->clock.now) || warming;
	if (warming)
		loop_after(loop, &p->warmth, step_of(p));
	else
		slow_start_stop(p);
}

static void
on_warmth(struct timer *t)
{
	pool_refresh(list_entry(t, struct pool, warmth));
}

void
slow_start_init(struct pool *p)
{
	timer_init(&p->warmth, on_warmth);
}

void
slow_start_stop(struct pool *p)
{
	timer_stop(&p->cluster->loop->wheel, &p->warmth);
}
