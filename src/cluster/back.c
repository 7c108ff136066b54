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
 *            A connection over TLS serves only who asks by the same alias.
 */
#include "cluster/back.h"

#include <errno.h>
#include <stdio.h>

#include "base/must.h"
#include "cluster/alias.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "net/tls_client.h"

#define LOOKS_MOST 256		/* idle connections that are looked at */

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

/* What new connections are made under; NULL: plain ones. */
static struct tls_client *
client_of(const struct server *s)
{
	const struct conf_pool_tls *t = &s->pool->conf->tls;

	return t->on ? t->client : NULL;
}

/* Does what was said and agreed on at first hold for a request to come? */
static bool
is_of_use(const struct back *b)
{
	return b->said == b->server->pool->conf->send_proxy &&
	    (b->said == PROXY_OFF || b->caller != NULL) &&
	    tls_client_same(b->client, client_of(b->server));
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

/* The one that was idle longest makes room: it may be for another name. */
static bool
has_room(struct server *s, int64_t max)
{
	struct back *last;

	if (s->nidle >= max && s->nidle > 0 && max > 0) {
		last = list_entry(s->idle.prev, struct back, node);
		if (last->alias != NULL)
			link_end(&last->link, false);
	}
	return s->nidle < max;
}

static void
set_idle(struct back *b)
{
	struct server *s = b->server;
	const struct conf_reuse *reuse = &s->pool->conf->reuse;
	int64_t t = idle_time(b);

	unlist(b);
	if (t <= 0 || s->gone || s->admin == SERVER_MAINT || !is_of_use(b) ||
	    s->health.state == HEALTH_DOWN || !has_room(s, reuse->max)) {
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
		ask->of = b;
		ask->stream = codec_open(b->link.codec, ask->sink, ask->owner);
		ask->stream->reused = b->streams++ > 0;
	}
}

static void
fail_asks(struct back *b, int error, const char *reason)
{
	struct list *n;

	while ((n = b->asks.next) != &b->asks) {
		struct back_ask *ask = list_entry(n, struct back_ask, node);

		(void)snprintf(ask->reason, sizeof(ask->reason), "%s",
		    reason);
		answer(b, ask, error);
		ask->on_done(ask->owner);
	}
}

static void
note_failed(struct back *b, const char *reason)
{
	struct server *s = b->server;

	s->count.tls_failed++;
	s->pool->count.tls_failed++;
	bad_handshake_store(&s->pool->bad_tls, reason,
	    link_loop(&b->link)->clock.wall, &s->addr, s->name);
}

static void
count_handshake(struct back *b)
{
	struct server *s = b->server;
	struct tls_facts facts;

	if (!conn_facts(b->link.conn, &facts))
		return;
	s->count.tls++;
	s->pool->count.tls++;
	s->count.tls_resumed += facts.resumed;
	s->pool->count.tls_resumed += facts.resumed;
	if (!facts.resumed)
		rate_add(&cluster_of(b)->tls_keys,
		    link_loop(&b->link)->clock.now);
}

/* The server has chosen what was not offered. */
static void
refuse_protocol(struct back *b)
{
	static const char why[] = "the server chose a protocol that was not "
	    "offered";

	note_failed(b, why);
	fail_asks(b, EPROTO, why);
	link_end(&b->link, false);
}

static void
on_connected(void *owner)
{
	struct back *b = owner;
	struct cluster *c = cluster_of(b);
	const struct codec_row *row;
	struct back_ask *ask;

	if (b->connected)
		return;
	row = secure_codec(b->link.conn);
	if (row == NULL) {
		refuse_protocol(b);
		return;
	}
	b->connected = true;
	count_handshake(b);
	link_codec(&b->link, row->client, &c->shared,
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
	char reason[SECURE_REASON];

	if (secure_failed(b->link.conn, b->below, reason))
		note_failed(b, reason);
	fail_asks(b, error != 0 ? error : ECONNRESET, reason);
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
	alias_put(&b->alias);		/* after the conn: it uses its slot */
	tls_client_put(&b->client);
	slab_put(&c->backs, b);
	server_settle(s);
}

static void
give_up_handshake(struct back *b)
{
	const char *why = "the handshake was not over in time";

	note_failed(b, why);
	fail_asks(b, ETIMEDOUT, why);
}

/* The connect took too long, or it has been idle for long enough. */
static void
on_timer(struct timer *t)
{
	struct back *b = list_entry(t, struct back, timer);

	if (b->connected && !b->is_idle)
		return;		/* in use: set_idle sets it anew */
	if (!b->connected && b->below != NULL && b->below->connected)
		give_up_handshake(b);
	else if (!b->connected)
		fail_asks(b, ETIMEDOUT, "");
	link_end(&b->link, !b->connected);
}

/* The name is the alias's, until the certificate has been held against it. */
static struct conn *
secure(struct back *b, struct conn *below)
{
	const struct conf_pool_tls *t = &b->server->pool->conf->tls;

	if (b->alias == NULL)
		return below;
	must(t->client != NULL);	/* the loader makes one, or fails */
	b->below = below;
	b->client = tls_client_get(t->client);
	return conn_tls_connect(below, b->client, b->alias->name, NULL,
	    t->resumption ? &b->alias->slot : NULL);
}

static void
dial(struct back_ask *ask, struct alias *alias)
{
	struct server *s = ask->server;
	struct cluster *c = s->pool->cluster;
	struct back *b = slab_get(&c->backs);

	b->server = s;
	b->alias = alias;
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
	link_init(&b->link, secure(b, caller_dial(ask->client, s)),
	    &link_events, b);
	loop_after(c->loop, &b->timer, s->pool->conf->timeouts.connect);
	if (b->link.conn->connected)
		on_connected(b);
}

/* By which name TLS asks for this server; NULL: there is no TLS. */
static struct alias *
alias_for(struct server *s, struct slice host)
{
	char name[SECURE_NAME];

	if (!s->pool->conf->tls.on)
		return NULL;
	secure_name(s, host, name);
	return alias_get(&s->aliases, name);
}

/* The one used last.  Those of no use any more, after a reload, are closed. */
static struct back *
find_idle(const struct server *s, const struct alias *alias)
{
	struct back *b;
	int looks = 0;

	list_each(b, &s->idle, struct back, node) {
		if (!is_of_use(b))
			link_end(&b->link, false);
		else if (b->alias == alias)
			return b;
		if (++looks == LOOKS_MOST)
			break;
	}
	return NULL;
}

/* The same among those of one caller. */
static struct back *
find_own(const struct caller *c, const struct server *s,
    const struct alias *alias)
{
	struct back *b;

	list_each(b, &c->backs, struct back, of_caller)
		if (b->server == s && b->is_idle && is_of_use(b) &&
		    b->alias == alias)
			return b;
	return NULL;
}

void
back_ask(struct back_ask *ask, struct server *s, struct slice host,
    bool may_reuse)
{
	struct alias *alias = alias_for(s, host);
	struct back *b = NULL;

	list_init(&ask->node);
	ask->server = s;
	ask->back = ask->of = NULL;
	ask->stream = NULL;
	ask->done = false;
	ask->error = 0;
	ask->reason[0] = '\0';
	if (may_reuse)
		b = s->pool->conf->send_proxy == PROXY_OFF ?
		    find_idle(s, alias) : find_own(ask->caller, s, alias);
	if (b == NULL) {
		dial(ask, alias);
		return;
	}
	alias_put(&alias);
	set_busy(b);
	s->count.reuse++;
	s->pool->count.reuse++;
	answer(b, ask, 0);
}

bool
back_facts(const struct back_ask *ask, struct tls_facts *out)
{
	must(ask->of != NULL);
	return conn_facts(ask->of->link.conn, out);
}

bool
back_failed(const struct back_ask *ask, char reason[SECURE_REASON])
{
	must(ask->of != NULL);
	return secure_failed(ask->of->link.conn, ask->of->below, reason);
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
back_close_outdated(struct server *s)
{
	struct back *b;

	list_each(b, &s->idle, struct back, node)
		if (!tls_client_same(b->client, client_of(s)))
			link_end(&b->link, false);
}

void
back_close_busy(struct server *s)
{
	end_all(&s->busy);
}
