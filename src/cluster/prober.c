/*
 * prober.c - probes one server, again and again.
 *
 * Why:       the first probes come soon, within FIRST_WITHIN, as a new server
 *            gets no traffic before one has passed.  The second comes after
 *            phase * interval, which spreads the probes of a pool over the
 *            interval; from then on the period holds, with 10 % of jitter.
 * Owns:      the timer, the probe under way.   Borrows: the server.
 * Invariant: at most one probe at a time, however slow; none when stopped.
 */
#include "cluster/prober.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "cluster/probe.h"
#include "cluster/server.h"

#define FIRST_WITHIN MSEC(100)
#define SECOND_LEAST 0.1	/* of the interval */
#define COMPLAIN_EVERY SEC(60)

struct prober {
	struct server *server;
	struct timer timer;
	struct probe *probe;	/* under way, or NULL */
	struct task reap;
	double phase;
	int64_t started;	/* when the last probe began */
	uint64_t begun;		/* probes since prober_start */
	int64_t complained;	/* when local trouble was last logged, or 0 */
	bool on;
};

static struct cluster *
cluster_of(const struct prober *p)
{
	return p->server->pool->cluster;
}

static int64_t
period(const struct prober *p)
{
	int64_t t = health_interval(&p->server->health,
	    &p->server->pool->conf->health);
	double factor = 0.9 + 0.2 * rng_unit(cluster_of(p)->rng);

	if (p->begun == 1)
		factor = p->phase > SECOND_LEAST ? p->phase : SECOND_LEAST;
	return (int64_t)((double)t * factor);
}

static void
schedule(struct prober *p)
{
	struct loop *loop = cluster_of(p)->loop;
	int64_t at = p->started + period(p);

	if (at < loop->clock.now)
		at = loop->clock.now;
	timer_set(&loop->wheel, &p->timer, at > 0 ? at : 1);
}

static void
complain(struct prober *p, const struct probe_outcome *o)
{
	const struct server *s = p->server;
	int64_t now = cluster_of(p)->loop->clock.now;
	struct log_field fields[] = {
		{ "pool", slice_of(s->pool->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "reason", slice_of(o->sentence), 0 },
	};

	if (p->complained != 0 && now - p->complained < COMPLAIN_EVERY)
		return;
	p->complained = now;
	log_event(cluster_of(p)->log, LOG_LEVEL_WARN, "health", fields, 3,
	    "server %s/%s cannot be probed: %s; its state stands",
	    s->pool->name, s->name, o->sentence);
}

static void
on_done(void *owner, const struct probe_outcome *o)
{
	struct prober *p = owner;

	p->probe = NULL;
	if (o->result == CHECK_SOCKERR)
		complain(p, o);
	server_on_probe(p->server, o->result, o->code, o->duration,
	    o->sentence);
	if (p->on)
		schedule(p);
}

static void
on_timer(struct timer *t)
{
	struct prober *p = list_entry(t, struct prober, timer);

	p->started = cluster_of(p)->loop->clock.now;
	p->begun++;
	p->server->health.running = true;
	p->probe = probe_new(p->server, on_done, p);
}

static void
run_reap(struct task *t)
{
	free(list_entry(t, struct prober, reap));
}

struct prober *
prober_new(struct server *s, double phase)
{
	struct prober *p = mem_new(sizeof(*p));

	p->server = s;
	p->phase = phase;
	timer_init(&p->timer, on_timer);
	task_init(&p->reap, run_reap);
	prober_start(p);
	return p;
}

void
prober_free(struct prober **prober)
{
	struct prober *p = *prober;

	if (p == NULL)
		return;
	prober_stop(p);
	loop_reap(cluster_of(p)->loop, &p->reap);
	*prober = NULL;
}

void
prober_start(struct prober *p)
{
	struct loop *loop = cluster_of(p)->loop;
	int64_t within = p->server->pool->conf->health.interval;

	if (p->on || p->server->admin == SERVER_MAINT)
		return;
	if (within > FIRST_WITHIN)
		within = FIRST_WITHIN;
	p->on = true;
	p->begun = 0;
	timer_set(&loop->wheel, &p->timer, loop->clock.now + 1 +
	    (int64_t)(p->phase * (double)within));
}

void
prober_stop(struct prober *p)
{
	p->on = false;
	p->server->health.running = false;
	timer_stop(&cluster_of(p)->loop->wheel, &p->timer);
	probe_abandon(&p->probe);
}

void
prober_retune(struct prober *p)
{
	if (p->on && p->probe == NULL && p->begun > 0)
		schedule(p);
}
