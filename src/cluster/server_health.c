/*
 * server_health.c - what the result of a probe means for a server.
 *
 *	prober --server_on_probe--> health --changed--> log, backs, pool_refresh
 *
 * Why:       trouble of our own (no descriptor, no port) says nothing about
 *            the server: SOCKERR is shown and changes nothing.
 */
#include <stdio.h>

#include "cluster/back.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "cluster/prober.h"
#include "cluster/server.h"

#define FAULT_QUIET SEC(60)

static const char *
state_name(enum health_state state)
{
	switch (state) {
	case HEALTH_NONE:
		return "none";
	case HEALTH_CHECKING:
		return "checking";
	case HEALTH_UP:
		return "UP";
	case HEALTH_DOWN:
		return "DOWN";
	}
	return "";
}

static unsigned
count_up(const struct pool *p)
{
	struct server *s;
	unsigned n = 0;

	list_each(s, &p->servers, struct server, node)
		n += server_is_usable(s);
	return n;
}

/* How many probes in a row it took. */
static int
streak(const struct health *h, enum health_state from)
{
	if (from == HEALTH_CHECKING)
		return 1;
	return h->state == HEALTH_UP ? h->rise : h->fall;
}

static void
log_change(const struct server *s, enum health_state from)
{
	const struct health *h = &s->health;
	const struct pool *p = s->pool;
	const char *result = health_result_name(h->result);
	bool up = h->state == HEALTH_UP;
	int n = streak(h, from);
	unsigned nup = count_up(p);
	struct log_field fields[] = {
		{ "pool", slice_of(p->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "from", slice_of(state_name(from)), 0 },
		{ "to", slice_of(state_name(h->state)), 0 },
		{ "result", slice_of(result), 0 },
		{ "code", SLICE_NONE, h->code },
		{ "duration_ms", SLICE_NONE, h->duration / USEC_PER_MS },
		{ "reason", slice_of(h->sentence), 0 },
		{ "up", SLICE_NONE, nup },
		{ "total", SLICE_NONE, p->nservers },
		{ "in_flight", SLICE_NONE, s->active },
	};

	log_event(p->cluster->log, up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
	    "health", fields, sizeof(fields) / sizeof(fields[0]),
	    "server %s/%s is %s: %s %s after %d %s check%s; "
	    "%u of %u servers up, %u requests in flight",
	    p->name, s->name, state_name(h->state), result, h->sentence, n,
	    up ? "passed" : "failed", n == 1 ? "" : "s", nup, p->nservers,
	    s->active);
}

static void
go_up(struct server *s, int64_t now)
{
	if (s->down_since == 0)
		return;
	s->count.downtime +=
	    (uint64_t)((now - s->down_since) / USEC_PER_SEC);
	s->down_since = 0;
}

static void
go_down(struct server *s, enum health_state from, int64_t now)
{
	if (from == HEALTH_UP)
		s->count.chkdown++;
	s->down_since = now;
	back_close_idle(s);
	if (s->pool->conf->health.on_down == ON_DOWN_SHUTDOWN)
		back_close_busy(s);
}

static void
store(struct health *h, enum health_result result, int code,
    int64_t duration, const char *sentence, int64_t wall)
{
	h->running = false;
	h->result = result;
	h->code = code;
	h->duration = duration;
	h->probed = wall;
	(void)snprintf(h->sentence, sizeof(h->sentence), "%s", sentence);
}

static void
follow(struct server *s, enum health_state from)
{
	const struct clock *clock = &s->pool->cluster->loop->clock;

	s->health.changed = clock->wall;
	if (s->health.state == HEALTH_UP)
		go_up(s, clock->now);
	else
		go_down(s, from, clock->now);
	pool_refresh(s->pool);
}

void
server_on_probe(struct server *s, enum health_result result, int code,
    int64_t duration, const char *sentence)
{
	const struct clock *clock = &s->pool->cluster->loop->clock;
	struct health *h = &s->health;
	enum health_state from = h->state;
	bool changed;

	store(h, result, code, duration, sentence, clock->wall);
	if (result == CHECK_SOCKERR)
		return;
	if (health_result_passed(result)) {
		changed = health_pass(h);
	} else {
		changed = health_fail(h);
		s->count.chkfail++;
		s->pool->count.chkfail++;
	}
	if (!changed)
		return;
	log_change(s, from);
	follow(s, from);
}

void
server_on_fault(struct server *s, const char *why)
{
	const struct clock *clock = &s->pool->cluster->loop->clock;
	struct log_field fields[] = {
		{ "pool", slice_of(s->pool->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "reason", slice_of(why), 0 },
		{ "more", SLICE_NONE, s->fault_more },
	};
	char more[64] = "";

	bad_conn_store(&s->pool->bad_end, why, clock->wall, &s->addr, s->name);
	if (s->fault_told != 0 && clock->now < s->fault_told + FAULT_QUIET) {
		s->fault_more++;
		return;
	}
	if (s->fault_more > 0)
		(void)snprintf(more, sizeof(more),
		    "; %u more since this was told last", s->fault_more);
	log_event(s->pool->cluster->log, LOG_LEVEL_WARN, "server", fields, 4,
	    "a connection to server %s/%s ended: %s%s", s->pool->name,
	    s->name, why, more);
	s->fault_told = clock->now;
	s->fault_more = 0;
}

bool
server_set_health(struct server *s, bool up)
{
	struct health *h = &s->health;
	enum health_state from = h->state;
	struct log_field fields[] = {
		{ "pool", slice_of(s->pool->name), 0 },
		{ "server", slice_of(s->name), 0 },
		{ "from", slice_of(state_name(from)), 0 },
		{ "to", slice_of(up ? "UP" : "DOWN"), 0 },
	};

	if (from == HEALTH_NONE)
		return false;
	h->state = up ? HEALTH_UP : HEALTH_DOWN;
	h->value = up ? h->rise + h->fall - 1 : 0;
	if (s->prober != NULL)
		prober_retune(s->prober);
	if (h->state == from)
		return true;
	log_event(s->pool->cluster->log, LOG_LEVEL_INFO, "health", fields, 4,
	    "server %s/%s is %s: set by the operator", s->pool->name, s->name,
	    state_name(h->state));
	follow(s, from);
	return true;
}
