/*
 * back.c - one connection to a server: connecting, in use, or idle.
 *
 *	back_ask --> idle one? -------------------> stream
 *	         \-> dial --connected-----------> stream --let go--> idle
 *	                  \-error or timeout----> ask->error
 *
 * Why:       who asks may be gone before the connection stands; then the
 *            connection is not wasted but becomes an idle one.
 * Owns:      the link.   Borrows: the server, which counts its backs.
 * Invariant: on server->idle <=> connected, no stream, codec has a slot.
 */
#include "cluster/back.h"

#include <errno.h>

#include "cluster/cluster.h"
#include "cluster/pool.h"

static struct cluster *
cluster_of(const struct back *b)
{
	return b->server->pool->cluster;
}

static void
unlist(struct back *b)
{
	if (!list_has(&b->node))
		return;
	list_del(&b->node);
	if (b->is_idle)
		b->server->nidle--;
	else
		b->server->nbusy--;
}

static void
set_busy(struct back *b)
{
	unlist(b);
	b->is_idle = false;
	list_add_head(&b->server->busy, &b->node);
	b->server->nbusy++;
}

/* Does what was said at its beginning hold for a request to come? */
static bool
is_of_use(const struct back *b)
{
	return b->said == b->server->pool->conf->send_proxy &&
	    (b->said == PROXY_OFF || b->caller != NULL);
}

/* How long it may stay idle: ours, or a second below what the server said. */
static int64_t
idle_time(const struct back *b)
{
	int64_t t = b->server->pool->conf->reuse.timeout;
	int said = b->link.codec->keep_alive;

	if (said >= 0 && SEC(said - 1) < t)
		t = SEC(said - 1);
	return t;
}

static void
set_idle(struct back *b)
{
	struct server *s = b->server;
	const struct conf_reuse *reuse = &s->pool->conf->reuse;
	int64_t t = idle_time(b);

	unlist(b);
	if (t <= 0 || s->nidle >= reuse->max || s->gone || !is_of_use(b) ||
	    s->admin == SERVER_MAINT || s->health.state == HEALTH_DOWN) {
		list_add_head(&s->busy, &b->node);
		s->nbusy++;
		b->is_idle = false;
		link_end(&b->link, false);
		return;
	}
	b->is_idle = true;
	list_add_head(&s->idle, &b->node);
	s->nidle++;
	loop_after(link_loop(&b->link), &b->timer, t);
}

static void
answer(struct back *b, struct back_ask *ask, int error)
{
	list_del(&ask->node);
	ask->back = NULL;
	ask->done = true;
	ask->error = error;
	if (error == 0) {
		ask->stream = codec_open(b->link.codec, ask->sink, ask->owner);
		ask->stream->reused = b->streams++ > 0;
	}
}

static void
fail_asks(struct back *b, int error)
{
	struct list *n;

	while ((n = b->asks.next) != &b->asks) {
		struct back_ask *ask = list_entry(n, struct back_ask, node);

		answer(b, ask, error);
		ask->on_done(ask->owner);
	}
}

static void
on_connected(void *owner)
{
	struct back *b = owner;
	struct cluster *c = cluster_of(b);
	struct back_ask *ask;

	if (b->connected)
		return;
	b->connected = true;
	link_codec(&b->link, codec_find(SLICE("http/1.1"))->client, &c->shared,
	    &b->server->pool->limits);
	link_kick(&b->link);		/* it may have closed already */
	if (b->link.down)
		return;
	if (list_is_empty(&b->asks)) {
		set_idle(b);
		return;
	}
	ask = list_entry(b->asks.next, struct back_ask, node);
	answer(b, ask, 0);
	ask->on_done(ask->owner);
}

static void
on_slots(void *owner)
{
	struct back *b = owner;

	if (b->link.down)
		loop_reap(link_loop(&b->link), &b->reap);
	else if (codec_slots(b->link.codec) > 0 && !b->is_idle)
		set_idle(b);
}

static void
on_change(void *owner)
{
	(void)owner;
}

static void
on_down(void *owner)
{
	struct back *b = owner;
	int error = b->link.conn->error;

	fail_asks(b, error != 0 ? error : ECONNRESET);
	if (b->is_idle)
		set_busy(b);
	timer_stop(&link_loop(&b->link)->wheel, &b->timer);
	loop_reap(link_loop(&b->link), &b->reap);
}

static const struct link_sink link_events = {
	.on_connected = on_connected,
	.on_slots = on_slots,
	.on_change = on_change,
	.on_down = on_down,
};

/* Who holds a stream of it has been told; its release brings us back here. */
static void
run_reap(struct task *t)
{
	struct back *b = list_entry(t, struct back, reap);
	struct server *s = b->server;
	struct cluster *c = cluster_of(b);

	if (b->link.codec != NULL && b->link.codec->phase == CODEC_BUSY)
		return;
	unlist(b);
	list_del(&b->of_caller);
	link_fini(&b->link);
	slab_put(&c->backs, b);
	server_settle(s);
}

/* The connect took too long, or it has been idle for long enough. */
static void
on_timer(struct timer *t)
{
	struct back *b = list_entry(t, struct back, timer);

	if (b->connected && !b->is_idle)
		return;		/* in use: set_idle sets it anew */
	if (!b->connected)
		fail_asks(b, ETIMEDOUT);
	link_end(&b->link, !b->connected);
}

static void
dial(struct back_ask *ask)
{
	struct server *s = ask->server;
	struct cluster *c = s->pool->cluster;
	struct back *b = slab_get(&c->backs);

	b->server = s;
	list_init(&b->asks);
	task_init(&b->reap, run_reap);
	timer_init(&b->timer, on_timer);
	list_add_tail(&b->asks, &ask->node);
	ask->back = b;
	set_busy(b);
	b->said = s->pool->conf->send_proxy;
	if (b->said != PROXY_OFF) {
		b->caller = ask->caller;
		list_add_head(&b->caller->backs, &b->of_caller);
	}
	s->count.connect++;
	s->pool->count.connect++;
	link_init(&b->link, caller_dial(ask->client, s),
	    &link_events, b);
	loop_after(c->loop, &b->timer, s->pool->conf->timeouts.connect);
	if (b->link.conn->connected)
		on_connected(b);
}

/* The one used last.  Those of no use any more, after a reload, are closed. */
static struct back *
find_idle(const struct server *s)
{
	struct back *b;

	list_each(b, &s->idle, struct back, node) {
		if (is_of_use(b))
			return b;
		link_end(&b->link, false);
	}
	return NULL;
}

/* The same among those of one caller. */
static struct back *
find_own(const struct caller *c, const struct server *s)
{
	struct back *b;

	list_each(b, &c->backs, struct back, of_caller)
		if (b->server == s && b->is_idle && is_of_use(b))
			return b;
	return NULL;
}

void
back_ask(struct back_ask *ask, struct server *s, bool may_reuse)
{
	struct back *b = NULL;

	list_init(&ask->node);
	ask->server = s;
	ask->back = NULL;
	ask->stream = NULL;
	ask->done = false;
	ask->error = 0;
	if (may_reuse)
		b = s->pool->conf->send_proxy == PROXY_OFF ? find_idle(s) :
		    find_own(ask->caller, s);
	if (b == NULL) {
		dial(ask);
		return;
	}
	set_busy(b);
	s->count.reuse++;
	s->pool->count.reuse++;
	answer(b, ask, 0);
}

void
back_unask(struct back_ask *ask)
{
	if (ask->back == NULL)
		return;
	list_del(&ask->node);
	ask->back = NULL;
}

static void
end_all(struct list *l)
{
	struct back *b;

	list_each(b, l, struct back, node)
		link_end(&b->link, false);
}

void
back_close_idle(struct server *s)
{
	end_all(&s->idle);
}

void
back_close_busy(struct server *s)
{
	end_all(&s->busy);
}
