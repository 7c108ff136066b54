/*
 * front.c - one connection from a client.
 *
 * Why:       between requests nobody else watches the clock: the head of a
 *            request and the idle time before it have their deadlines here.
 * Owns:      the link.   Borrows: the listener, which counts its fronts.
 * Invariant: freed only when no exchange holds it.
 */
#include "proxy/front.h"

#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

static bool
is_trusted(const struct conf_ranges *r, const struct addr *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (addr_in_range(a, &r->v[i]))
			return true;
	return false;
}

static void
on_stream(void *owner, struct stream *s)
{
	exchange_new(owner, s);
}

/* A new phase has its own deadline; a busy front has none, its exchanges do. */
static void
set_timer(struct front *f, enum codec_phase phase)
{
	const struct conf_listener_timeouts *t = &f->listener->conf->timeouts;

	f->phase = phase;
	if (phase == CODEC_BUSY)
		return;
	/* A first request is expected at once, later ones within keep_alive. */
	if (phase == CODEC_HEAD || f->link.codec->requests == 0) {
		timer_stop(&f->worker->loop->wheel, &f->timer);
		loop_after(f->worker->loop, &f->timer, t->head);
	} else {
		loop_after(f->worker->loop, &f->timer, t->keep_alive);
	}
}

/* The client has its last answer; it gets a moment to close. */
static void
set_linger(struct front *f)
{
	timer_stop(&f->worker->loop->wheel, &f->timer);
	loop_after(f->worker->loop, &f->timer, LINK_LINGER_TIME);
}

static void
on_change(void *owner)
{
	struct front *f = owner;

	if (f->link.lingering)
		set_linger(f);
	else if (f->link.codec->phase != f->phase)
		set_timer(f, f->link.codec->phase);
}

static void
on_timer(struct timer *t)
{
	struct front *f = list_entry(t, struct front, timer);

	if (f->link.lingering) {
		link_end(&f->link, true);
		return;
	}
	if (f->link.down || f->link.codec->phase == CODEC_BUSY)
		return;
	codec_expire(f->link.codec);
	link_kick(&f->link);
	/* Ended, but it does not even take what is left for it. */
	if (!f->link.down && !f->link.lingering &&
	    f->link.codec->end != CODEC_OPEN &&
	    f->link.codec->phase != CODEC_BUSY)
		link_end(&f->link, true);
}

static void
on_down(void *owner)
{
	struct front *f = owner;

	timer_stop(&f->worker->loop->wheel, &f->timer);
	loop_reap(f->worker->loop, &f->reap);
}

static const struct link_sink link_events = {
	.on_stream = on_stream,
	.on_change = on_change,
	.on_down = on_down,
};

static void
run_reap(struct task *t)
{
	struct front *f = list_entry(t, struct front, reap);
	struct worker *w = f->worker;
	struct listener *l = f->listener;

	if (f->exchanges > 0)
		return;		/* the last of them brings us back */
	link_fini(&f->link);
	list_del(&f->node);
	l->nfronts--;
	counters_end(&l->count);
	w->nfronts--;
	counters_end(&w->count);
	slab_put(&w->fronts, f);
	listener_settle(l);
	worker_balance_accepting(w);
}

struct front *
front_new(struct listener *l, struct conn *conn)
{
	struct worker *w = l->worker;
	struct front *f = slab_get(&w->fronts);
	int64_t now = w->loop->clock.now;

	f->worker = w;
	f->listener = l;
	f->phase = CODEC_BUSY;
	f->trusted = is_trusted(&l->conf->trusted, conn->peer);
	task_init(&f->reap, run_reap);
	timer_init(&f->timer, on_timer);
	list_add_tail(&l->fronts, &f->node);
	l->nfronts++;
	w->nfronts++;
	counters_begin(&l->count, now, w->loop->clock.wall);
	counters_begin(&w->count, now, w->loop->clock.wall);
	l->count.conn_tot++;
	w->count.conn_tot++;
	rate_add(&l->count.conn_rate, now);
	rate_add(&w->count.conn_rate, now);
	link_init(&f->link, w->loop, conn, &link_events, f);
	link_codec(&f->link, codec_find(SLICE("http/1.1"))->server,
	    &w->shared, &l->conf->limits);
	set_timer(f, CODEC_IDLE);
	link_kick(&f->link);
	return f;
}

void
front_accept(struct listener *l, int fd, const struct addr *peer)
{
	front_new(l, conn_accepted(l->worker->loop, fd, peer));
}

void
front_retune(struct front *f)
{
	f->link.codec->limits = &f->listener->conf->limits;
	f->trusted = is_trusted(&f->listener->conf->trusted,
	    f->link.conn->peer);
}

void
front_drain(struct front *f)
{
	if (f->link.down)
		return;
	codec_drain(f->link.codec);
	link_kick(&f->link);
}

void
front_exchange_done(struct front *f)
{
	f->exchanges--;
	if (f->link.down)
		loop_reap(f->worker->loop, &f->reap);
}
