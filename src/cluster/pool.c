/*
 * pool.c - a named group of servers, and who of them may be picked.
 *
 *	state, weight, admin changed --pool_refresh--> usable[] --> policy
 *
 * Why:       a pick looks at an array that is ready; the work is done when
 *            something changed, which is rare.
 * Owns:      its servers, usable[], one reference on the snapshot.
 * Invariant: usable[] holds every server with traffic to get, in configured
 *            order; panic => 0 < nup < nusable or nusable == 0.
 * Not here:  what a reload changes (pool_retune.c).
 */
#include "cluster/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/cluster.h"
#include "cluster/slow_start.h"

static void
run_reap(struct task *t)
{
	struct pool *p = list_entry(t, struct pool, reap);

	list_del(&p->node);
	if (p->balance != NULL)
		p->balance->fini(p);
	free(p->usable);
	conf_put(&p->snapshot);
	free(p->name);
	free(p);
}

struct pool *
pool_new(struct cluster *c, struct conf *snapshot, const struct conf_pool *conf)
{
	struct pool *p = mem_new(sizeof(*p));
	struct list none;
	struct text changes;

	p->cluster = c;
	p->snapshot = conf_get(snapshot);
	p->conf = conf;
	p->limits = conf->limits;
	p->name = mem_string(conf->name);
	p->id = ++c->next_id;
	p->changed = c->loop->clock.wall;
	list_init(&p->servers);
	list_init(&p->retired);
	list_init(&p->queue);
	task_init(&p->reap, run_reap);
	slow_start_init(p);
	p->balance = balance_find(conf->balance);
	must(p->balance != NULL);	/* the loader checks by balance_names */
	p->balance->init(p);
	list_init(&none);
	text_init(&changes);
	pool_seat(p, &none, &changes);
	text_fini(&changes);
	list_add_tail(&c->pools, &p->node);
	pool_refresh(p);
	return p;
}

void
pool_retire(struct pool *p)
{
	struct server *s;

	p->gone = true;
	list_each(s, &p->servers, struct server, node)
		server_retire(s);
	p->nservers = p->nusable = p->nup = 0;
	p->panic = false;
	slow_start_stop(p);
	p->balance->refresh(p);
	queue_wake(p);
	list_del(&p->node);
	list_add_tail(&p->cluster->retired, &p->node);
	pool_settle(p);
}

void
pool_settle(struct pool *p)
{
	if (p->gone && p->in_flight == 0 && list_is_empty(&p->retired))
		loop_reap(p->cluster->loop, &p->reap);
}

void
pool_hold(struct pool *p)
{
	p->in_flight++;
}

void
pool_drop(struct pool *p)
{
	must(p->in_flight > 0);
	p->in_flight--;
	pool_settle(p);
}

/* How its servers stand, of those that the operator lets serve. */
struct census {
	unsigned up, down, checking;
};

static bool
is_wanted(const struct server *s)
{
	return s->admin == SERVER_READY && s->weight > 0 && !s->gone &&
	    !s->unresolved;
}

/* Its name is being looked up for the first time. */
static bool
is_expected(const struct server *s)
{
	const struct name *known;

	if (!s->unresolved)
		return false;
	known = names_find(&s->pool->cluster->names, &s->conf->address);
	return known != NULL && !known->tried;
}

/* Of the servers proper, or of the backup servers. */
static struct census
take_census(const struct pool *p, bool backup)
{
	struct census n = { 0, 0, 0 };
	struct server *s;

	list_each(s, &p->servers, struct server, node) {
		if (s->backup != backup)
			continue;
		n.checking += is_expected(s);
		if (!is_wanted(s))
			continue;
		n.up += health_is_up(&s->health);
		n.down += s->health.state == HEALTH_DOWN;
		n.checking += s->health.state == HEALTH_CHECKING;
	}
	return n;
}

/*
 * With none up there is nobody whom the load of the others could bury: that
 * is no panic but an empty pool, answered 503 at once.  Those that are still
 * checking are on no side.
 */
static bool
must_panic(const struct pool *p, const struct census *n)
{
	int64_t threshold = p->conf->health.panic_threshold;

	return p->conf->health.type != PROBE_NONE && threshold > 0 &&
	    n->up > 0 && 100 * (int64_t)n->up < threshold * (n->up + n->down);
}

const char *
pool_objection(const struct pool *p, const struct server *s)
{
	if (s->gone || s->admin == SERVER_MAINT)
		return "maint";
	if (s->unresolved)
		return "unresolved";
	if (s->admin == SERVER_DRAIN)
		return "drain";
	if (s->weight == 0)
		return "weight 0";
	if (s->health.state == HEALTH_CHECKING)
		return "checking";
	if (!health_is_up(&s->health) &&
	    (!p->panic || s->backup != p->on_backup))
		return "down";
	if (s->backup && !p->on_backup)
		return "backup";
	if (p->panic && p->conf->health.on_panic == ON_PANIC_FAIL)
		return "panic";
	return NULL;
}

static void
fill_usable(struct pool *p)
{
	struct server *s;

	p->nusable = 0;
	if (p->nservers > 0)
		p->usable = mem_grow(p->usable, p->nservers,
		    sizeof(p->usable[0]));
	list_each(s, &p->servers, struct server, node)
		if (pool_objection(p, s) == NULL)
			p->usable[p->nusable++] = s;
}

static void
tell(const struct pool *p, enum log_level level, const char *state,
    const char *words, const struct census *n, const char *rest)
{
	unsigned total = n->up + n->down + n->checking;
	struct log_field fields[] = {
		{ "pool", slice_of(p->name), 0 },
		{ "state", slice_of(state), 0 },
		{ "up", SLICE_NONE, n->up },
		{ "total", SLICE_NONE, total },
		{ "in_flight", SLICE_NONE, p->in_flight },
	};

	log_event(p->cluster->log, level, "pool", fields, 5,
	    "pool %s %s; %u of %u servers up%s", p->name, words, n->up, total,
	    rest);
}

static void
note_backup(const struct pool *p, bool was, const struct census *n)
{
	if (p->on_backup && !was)
		tell(p, LOG_LEVEL_WARN, "backup", "uses its backup servers",
		    n, "");
	else if (was && !p->on_backup && p->nusable > 0)
		tell(p, LOG_LEVEL_INFO, "normal",
		    "no longer uses its backup servers", n, "");
}

static void
note_panic(struct pool *p, bool was, const struct census *n)
{
	bool fails = p->conf->health.on_panic == ON_PANIC_FAIL;

	if (p->panic == was)
		return;
	if (!p->panic) {
		tell(p, LOG_LEVEL_INFO, "normal", "is out of panic", n, "");
		return;
	}
	p->count.panics++;
	tell(p, LOG_LEVEL_WARN, "panic", "is in panic", n, fails ?
	    ", requests are answered 503" : ", traffic goes to all");
}

/* While the last hope is still checking, nothing is said. */
static void
note_empty(struct pool *p, const struct census *n)
{
	bool empty = p->nusable == 0 && !p->panic;

	if (empty && !p->empty_logged && n->checking == 0) {
		p->empty_logged = true;
		tell(p, LOG_LEVEL_ERROR, "empty", "has no usable server", n,
		    ", requests are answered 503");
	} else if (!empty && p->empty_logged) {
		p->empty_logged = false;
		tell(p, LOG_LEVEL_INFO, "normal",
		    "has a usable server again", n, "");
	}
}

/* UP and DOWN of the pool itself. */
static void
note_status(struct pool *p, bool was_up)
{
	int64_t wall = p->cluster->loop->clock.wall;

	if ((p->nusable > 0) == was_up)
		return;
	if (was_up)
		p->count.chkdown++;
	else if (wall > p->changed)
		p->count.downtime +=
		    (uint64_t)((wall - p->changed) / USEC_PER_SEC);
	p->changed = wall;
}

/* Backup servers serve when no other is up, and one of them is. */
static struct census
choose_side(struct pool *p)
{
	struct census n = take_census(p, false), backup;

	p->on_backup = false;
	if (n.up > 0)
		return n;
	backup = take_census(p, true);
	p->on_backup = backup.up > 0;
	return p->on_backup ? backup : n;
}

void
pool_refresh(struct pool *p)
{
	bool was_panic = p->panic, was_up = p->nusable > 0;
	bool was_backup = p->on_backup;
	struct census n;

	if (p->gone)
		return;
	n = choose_side(p);
	p->nup = n.up;
	p->panic = must_panic(p, &n);
	fill_usable(p);
	slow_start_refresh(p);
	p->balance->refresh(p);
	note_status(p, was_up);
	note_backup(p, was_backup, &n);
	note_panic(p, was_panic, &n);
	note_empty(p, &n);
	queue_wake(p);
	if (p->cluster->on_change != NULL)
		p->cluster->on_change(p->cluster->owner);
}

struct server *
pool_pick(struct pool *p, const struct pick *pick, bool again)
{
	struct rng *rng = p->cluster->rng, was = *rng;
	struct pick any = *pick;
	struct server *s;

	if (p->nusable == 0)
		return NULL;
	s = p->balance->pick(p, pick);
	if (s == NULL && again) {
		any.tried = NULL;
		any.ntried = 0;
		s = p->balance->pick(p, &any);
	}
	if (pick->dry)
		*rng = was;
	if (s == NULL)
		return NULL;
	s->count.lbtot += !pick->dry;
	p->count.lbtot += !pick->dry;
	return s;
}

bool
pool_retry_may(struct pool *p)
{
	int64_t most = p->in_flight * p->conf->retry_budget / 100;

	if (most < p->conf->retry_min)
		most = p->conf->retry_min;
	if (p->retrying >= most) {
		p->count.retry_denied++;
		return false;
	}
	p->retrying++;
	return true;
}

void
pool_retry_done(struct pool *p)
{
	must(p->retrying > 0);
	p->retrying--;
}

struct server *
pool_find_server(const struct pool *p, const char *name)
{
	struct server *s;

	list_each(s, &p->servers, struct server, node)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const char *
pool_status(const struct pool *p)
{
	return p->nusable > 0 ? "UP" : "DOWN";
}
