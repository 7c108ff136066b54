/*
 * server.c - one address in a pool.
 *
 *	configured --> ready <-> drain <-> maint --> gone --> freed
 *
 * Why:       a reload must not cost a server its health, its counters or its
 *            connections, so it lives by its address and not by a snapshot.
 * Owns:      its prober; it counts its backs.   Borrows: the pool, conf.
 * Invariant: freed only in the reap phase, gone, with no request and no back.
 * Not here:  what a probe's result means for traffic (server_health.c).
 */
#include "cluster/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/back.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "cluster/prober.h"
#include "cluster/seat.h"

static const struct conf_health *
check_of(const struct server *s)
{
	return &s->pool->conf->health;
}

static bool
is_checked(const struct server *s)
{
	return check_of(s)->type != PROBE_NONE && !s->unresolved;
}

static const struct clock *
clock_of(const struct server *s)
{
	return &s->pool->cluster->loop->clock;
}

/*
 * Multiples of the golden ratio fill 0..1 evenly however many there will be;
 * pools start apart.
 */
static double
phase_of(const struct server *s)
{
	double x = s->id * 0.6180339887498949 +
	    s->pool->id * 0.7548776662466927;

	return x - (double)(int64_t)x;
}

static void
run_reap(struct task *t)
{
	struct server *s = list_entry(t, struct server, reap);
	struct pool *p = s->pool;

	list_del(&s->node);
	aliases_fini(&s->aliases);
	conf_put(&s->kept);
	free(s->name);
	free(s);
	pool_settle(p);
}

struct server *
server_new(struct pool *pool, const struct seat *seat)
{
	struct server *s = mem_new(sizeof(*s));

	s->pool = pool;
	s->conf = seat->conf;
	s->name = mem_string(seat->name);
	s->addr = seat->addr;
	s->unresolved = seat->addr.len == 0;
	addr_print(&s->addr, s->addr_text);
	s->id = ++pool->next_id;
	s->weight = s->given = seat->weight;
	s->backup = seat->backup;
	s->most = (uint32_t)seat->conf->max_connections;
	list_init(&s->node);
	list_init(&s->idle);
	list_init(&s->open);
	list_init(&s->busy);
	aliases_init(&s->aliases);
	list_init(&s->queue);
	task_init(&s->reap, run_reap);
	health_init(&s->health, (int)check_of(s)->rise,
	    (int)check_of(s)->fall, is_checked(s), clock_of(s)->wall);
	if (is_checked(s))
		s->prober = prober_new(s, phase_of(s));
	return s;
}

/* The outage is over, or no longer counted. */
static void
end_outage(struct server *s)
{
	if (s->down_since == 0)
		return;
	s->count.downtime +=
	    (uint64_t)((clock_of(s)->now - s->down_since) / USEC_PER_SEC);
	s->down_since = 0;
}

static void
retune_check(struct server *s)
{
	const struct conf_health *c = check_of(s);

	health_retune(&s->health, (int)c->rise, (int)c->fall, is_checked(s));
	if (s->health.state != HEALTH_DOWN)
		end_outage(s);
	if (!is_checked(s))
		prober_free(&s->prober);
	else if (s->prober == NULL)
		s->prober = prober_new(s, phase_of(s));
	else
		prober_retune(s->prober);
}

void
server_retune(struct server *s, const struct seat *seat)
{
	s->conf = seat->conf;
	if (strcmp(s->name, seat->name) != 0) {
		free(s->name);
		s->name = mem_string(seat->name);
	}
	s->given = seat->weight;
	s->backup = seat->backup;
	if (!s->weight_set)
		s->weight = seat->weight;
	if (!s->most_set)
		s->most = (uint32_t)seat->conf->max_connections;
	retune_check(s);
	back_close_outdated(s);
}

void
server_inherit(struct server *s, const struct server *from)
{
	if (from->weight_set) {
		s->weight_set = true;
		s->weight = from->weight;
	}
	if (from->most_set) {
		s->most_set = true;
		s->most = from->most;
	}
	s->admin = from->admin;
	if (s->admin == SERVER_MAINT && s->prober != NULL)
		prober_stop(s->prober);
}

void
server_retire(struct server *s)
{
	s->gone = true;
	/* Who still holds it may look at conf after the pool moved on. */
	s->kept = conf_get(s->pool->snapshot);
	s->health.running = false;
	prober_free(&s->prober);
	back_close_idle(s);
	queue_forget(s);
	list_del(&s->node);
	list_add_tail(&s->pool->retired, &s->node);
	server_settle(s);
}

void
server_settle(struct server *s)
{
	if (s->gone && s->active == 0 && s->ncalled == 0 && s->nidle == 0 &&
	    s->nbusy == 0)
		loop_reap(s->pool->cluster->loop, &s->reap);
}

void
server_begin(struct server *s)
{
	struct pool *p = s->pool;

	s->active++;
	counters_begin(&s->count, clock_of(s)->now, clock_of(s)->wall);
	if (p->balance->load != NULL)
		p->balance->load(p, s);
}

void
server_end(struct server *s)
{
	struct pool *p = s->pool;

	must(s->active > 0);
	s->active--;
	counters_end(&s->count);
	if (p->balance->load != NULL)
		p->balance->load(p, s);
	queue_room(s);
	server_settle(s);
}

static const char *
admin_name(enum server_admin admin)
{
	switch (admin) {
	case SERVER_READY:
		return "ready";
	case SERVER_DRAIN:
		return "drain";
	case SERVER_MAINT:
		return "maint";
	}
	return "";
}

static void
log_admin(struct server *s, enum server_admin from)
{
	const char *was = admin_name(from), *is = admin_name(s->admin);
	struct log_field fields[] = {
		{ "pool", slice_of(s->pool->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "from", slice_of(was), 0 },
		{ "to", slice_of(is), 0 },
		{ "in_flight", SLICE_NONE, s->active },
	};

	log_event(s->pool->cluster->log, LOG_LEVEL_INFO, "server", fields, 5,
	    "server %s/%s is set to %s, was %s; %u requests in flight",
	    s->pool->name, s->name, is, was, s->active);
}

static void
enter_maint(struct server *s)
{
	end_outage(s);
	if (s->prober != NULL)
		prober_stop(s->prober);
	back_close_idle(s);
}

/* Whatever was done to it meanwhile, it has to prove itself again. */
static void
leave_maint(struct server *s)
{
	struct health *h = &s->health;

	if (s->prober == NULL)
		return;
	h->state = HEALTH_CHECKING;
	h->value = 0;
	h->changed = clock_of(s)->wall;
	prober_start(s->prober);
}

void
server_set_admin(struct server *s, enum server_admin admin)
{
	enum server_admin from = s->admin;

	if (s->gone || admin == from)
		return;
	s->admin = admin;
	if (admin == SERVER_MAINT)
		enter_maint(s);
	else if (from == SERVER_MAINT)
		leave_maint(s);
	log_admin(s, from);
	pool_refresh(s->pool);
}

void
server_set_weight(struct server *s, unsigned weight)
{
	struct log_field fields[] = {
		{ "pool", slice_of(s->pool->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "from", SLICE_NONE, s->weight },
		{ "to", SLICE_NONE, weight },
	};

	s->weight_set = true;
	if (s->gone || weight == s->weight)
		return;
	log_event(s->pool->cluster->log, LOG_LEVEL_INFO, "server", fields, 4,
	    "weight of server %s/%s is set to %u, was %u", s->pool->name,
	    s->name, weight, s->weight);
	s->weight = weight;
	pool_refresh(s->pool);
}

void
server_set_most(struct server *s, uint32_t most)
{
	struct log_field fields[] = {
		{ "pool", slice_of(s->pool->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "from", SLICE_NONE, s->most },
		{ "to", SLICE_NONE, most },
	};

	s->most_set = true;
	if (s->gone || most == s->most)
		return;
	log_event(s->pool->cluster->log, LOG_LEVEL_INFO, "server", fields, 4,
	    "max_connections of server %s/%s is set to %u, was %u",
	    s->pool->name, s->name, most, s->most);
	s->most = most;
	pool_refresh(s->pool);
}

uint32_t
server_room(const struct server *s)
{
	uint32_t most = server_limit(s);

	if (s->most == 0)
		return UINT32_MAX;
	return most > s->active ? most - s->active : 0;
}

bool
server_is_usable(const struct server *s)
{
	return s->admin == SERVER_READY && s->weight > 0 && !s->gone &&
	    !s->unresolved && health_is_up(&s->health);
}

void
server_status(const struct server *s, char out[32])
{
	char health[24];

	health_status(&s->health, health);
	if (s->gone || s->admin == SERVER_MAINT)
		(void)snprintf(out, 32, "MAINT");
	else if (s->unresolved)
		(void)snprintf(out, 32, "MAINT (resolution)");
	else if (health_is_up(&s->health) &&
	    (s->admin == SERVER_DRAIN || s->weight == 0))
		(void)snprintf(out, 32, "DRAIN");
	else
		(void)snprintf(out, 32, "%s", health);
}
