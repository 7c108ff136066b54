/*
 * worker.c - one event loop and all that hangs from it.
 *
 * Owns:      listeners, the cluster, free lists, the snapshot in force.
 * Borrows:   loop, log, dialer: the daemon's.
 * Not here:  signals, privileges, files (daemon/).
 */
#include "proxy/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cluster/back.h"
#include "proxy/exchange.h"
#include "proxy/front.h"
#include "proxy/listener.h"

#define FULL_TOLD_EVERY SEC(1)
#define HANDSHAKES 1000		/* until a snapshot says how many */
#define HANDSHAKE_BUDGET MSEC(5)
#define LOG_RETRY MSEC(100)	/* a slow target of the log is tried again */

/* Lines that come so soon after others were written wait for more, unless it
 * is so much already: of ten lines a write costs twice what it does of 100. */
#define LOG_GATHER MSEC(10)
#define LOG_ENOUGH ((size_t)48 * 1024)

static void
on_log_due(struct timer *t)
{
	(void)t;		/* the end of this very tick flushes */
}

static void
on_tick_end(void *owner)
{
	struct worker *w = owner;
	int64_t now = w->loop->clock.now;

	if (!log_has_pending(w->log))
		return;
	if (now < w->logged + LOG_GATHER && log_pending(w->log) < LOG_ENOUGH) {
		timer_set(&w->loop->wheel, &w->log_due, w->logged + LOG_GATHER);
		return;
	}
	w->logged = now;
	log_flush(w->log);
	if (log_has_pending(w->log) && !timer_is_set(&w->log_due))
		loop_after(w->loop, &w->log_due, LOG_RETRY);
}

static void
stop_if_done(struct worker *w)
{
	if (w->draining && w->nfronts == 0)
		w->stopped = true;
}

static void
end_fronts(struct listener *l)
{
	struct front *f;

	list_each(f, &l->fronts, struct front, node)
		link_end(&f->link, true);
}

/* Half a head is an exchange only once its connection ends. */
static void
cut_all(struct worker *w, const char *why)
{
	struct exchange *x;
	struct listener *l;

	list_each(x, &w->exchanges, struct exchange, node)
		exchange_kill(x, 'K', why);
	list_each(l, &w->retired, struct listener, node)
		end_fronts(l);
	list_each(x, &w->exchanges, struct exchange, node)
		if (x->state == EXCHANGE_HEAD)
			exchange_kill(x, 'K', why);
}

/* drain_timeout is over: what is still there is cut. */
static void
on_drain_over(struct timer *t)
{
	struct worker *w = list_entry(t, struct worker, drain);

	log_warn(w->log, "drain", "drain_timeout is over: %u connections "
	    "with %u requests in flight are cut", w->nfronts, w->nexchanges);
	cut_all(w, "drain_timeout was over");
}

struct worker *
worker_new(struct loop *loop, struct log *log, struct dialer *dialer)
{
	struct worker *w = mem_new(sizeof(*w));

	w->loop = loop;
	w->log = log;
	w->dialer = dialer;
	w->gate = tls_gate_new(loop, HANDSHAKES, HANDSHAKE_BUDGET);
	w->tickets = tls_tickets_new(&loop->clock);
	rng_init_random(&w->rng);
	w->mark = (uint32_t)rng_next(&w->rng);
	list_init(&w->listeners);
	list_init(&w->retired);
	list_init(&w->exchanges);
	slab_init_blocks(&w->fronts, sizeof(struct front));
	slab_init(&w->exchanges_slab, sizeof(struct exchange), 1024);
	codec_shared_init(&w->shared, &loop->pages, &loop->chunks,
	    &loop->clock);
	text_init(&w->line);
	timer_init(&w->drain, on_drain_over);
	timer_init(&w->log_due, on_log_due);
	expiry_init(&w->expiry, w);
	w->started = loop->clock.wall;
	cluster_init(&w->cluster, loop, log, &w->rng, dialer, &w->shared);
	loop->after = on_tick_end;
	loop->after_owner = w;
	return w;
}

/* Until nothing runs any more; what is cut tells its exchange first. */
static void
end_all(struct worker *w)
{
	struct listener *l;

	list_each(l, &w->listeners, struct listener, node)
		listener_retire(l);
	cut_all(w, "the process was told to stop at once");
	for (int i = 0; i < 8 && w->nfronts > 0; i++)
		loop_tick(w->loop, w->loop->clock.now);
	loop_reap_all(w->loop);
}

void
worker_free(struct worker **wp)
{
	struct worker *w = *wp;
	struct listener *l;

	if (w == NULL)
		return;
	*wp = NULL;
	end_all(w);
	timer_stop(&w->loop->wheel, &w->drain);
	timer_stop(&w->loop->wheel, &w->log_due);
	expiry_fini(&w->expiry);
	cluster_fini(&w->cluster);
	list_each(l, &w->retired, struct listener, node)
		listener_free(&l);
	routes_fini(&w->routes);
	free(w->pools);
	if (w->conf != NULL)
		conf_put(&w->conf);
	tls_tickets_free(&w->tickets);
	tls_gate_free(&w->gate);
	text_fini(&w->line);
	slab_fini(&w->exchanges_slab);
	slab_fini(&w->fronts);
	codec_shared_fini(&w->shared);
	w->loop->after = NULL;
	free(w);
}

/*
 * Our name in Via: the one configured, or one that no other process has, since
 * it is by this name that we know a loop.
 */
static void
name_us(struct worker *w, const struct conf *conf)
{
	if (conf->global.name != NULL)
		snprintf(w->via, sizeof(w->via), "%s", conf->global.name);
	else
		snprintf(w->via, sizeof(w->via), "steelyard-%08x", w->mark);
}

static void
index_pools(struct worker *w)
{
	free(w->pools);
	w->pools = mem_array(w->conf->npools + 1, sizeof(struct pool *));
	for (size_t i = 0; i < w->conf->npools; i++)
		w->pools[i] = cluster_find(&w->cluster,
		    w->conf->pools[i].name);
}

/* The file was tried when the snapshot was made. */
static void
tune_tls(struct worker *w, const struct conf_global_tls *t)
{
	struct text errors, warnings;

	text_init(&errors);
	text_init(&warnings);
	tls_gate_set(w->gate, (unsigned)t->max_handshakes,
	    t->handshake_budget);
	tls_tickets_set(w->tickets, t->ticket_period, t->ticket_lifetime);
	if (!tls_tickets_load(w->tickets, t->ticket_keys, &errors, &warnings))
		log_error(w->log, "certificate", "the keys of session tickets "
		    "stay as they were: %s", errors.p);
	text_fini(&warnings);
	text_fini(&errors);
}

bool
worker_prepare(struct worker *w, struct conf *conf, struct text *errors)
{
	worker_abandon(w);
	w->plan = listener_plan_new(w, conf, errors);
	return w->plan != NULL;
}

void
worker_abandon(struct worker *w)
{
	if (w->plan != NULL)
		listener_plan_abandon(&w->plan);
}

void
worker_commit(struct worker *w, struct conf *conf, struct text *changes)
{
	struct conf *old = w->conf;

	w->conf = conf_get(conf);
	name_us(w, conf);
	pipes_limit(&w->loop->pipes, (unsigned)conf->global.max_pipes);
	w->loop->gather.most = conf->global.max_pause;
	cluster_apply(&w->cluster, conf, changes);
	index_pools(w);
	routes_fini(&w->routes);
	routes_init(&w->routes, conf);
	tune_tls(w, &conf->global.tls);
	listener_plan_commit(&w->plan, changes);
	expiry_start(&w->expiry);
	if (old != NULL)
		conf_put(&old);
}

void
worker_drain(struct worker *w)
{
	struct listener *l;

	if (w->draining)
		return;
	list_each(l, &w->listeners, struct listener, node)
		listener_retire(l);
	w->draining = true;
	if (w->nfronts > 0)
		loop_after(w->loop, &w->drain, w->conf->global.drain_timeout);
	stop_if_done(w);
}

int64_t
worker_limit(const struct worker *w)
{
	int64_t most = w->conf->global.max_connections;

	return w->most > 0 && w->most < most ? w->most : most;
}

void
worker_set_limit(struct worker *w, int64_t most)
{
	int64_t was = worker_limit(w);

	w->most = most;
	if (worker_limit(w) == was)
		return;
	log_info(w->log, "accept", "max_connections of the process is set to "
	    "%lld, was %lld", (long long)worker_limit(w), (long long)was);
	worker_balance_accepting(w);
}

static bool
is_full(const struct worker *w, const struct listener *l)
{
	return w->nfronts >= worker_limit(w) || l->nfronts >= listener_limit(l);
}

/* At the limit each client that goes lets one in: not a line for each. */
static void
tell_full(struct worker *w, struct listener *l)
{
	int64_t now = w->loop->clock.now;

	if (l->full_told != 0 && now - l->full_told < FULL_TOLD_EVERY)
		return;
	l->full_told = now;
	log_warn(w->log, "accept", "listener %s is paused: %u connections "
	    "here, %u in all", l->name, l->nfronts, w->nfronts);
}

void
worker_balance_accepting(struct worker *w)
{
	struct listener *l;

	stop_if_done(w);
	if (w->draining || w->conf == NULL)
		return;
	list_each(l, &w->listeners, struct listener, node) {
		bool full = is_full(w, l);

		if (l->acceptor == NULL || full == l->full)
			continue;
		l->full = full;
		if (full) {
			acceptor_pause(l->acceptor);
			tell_full(w, l);
		} else {
			acceptor_resume(l->acceptor);
		}
	}
}
