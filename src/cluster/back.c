/*
 * back.c - one connection to a server: connecting, in use, or idle.
 *
 *	back_ask --> one with room? --------------> stream
 *	         \-> dial --connected-----------> stream --let go--> idle
 *	          |      \-error or timeout----> ask->error
 *	          \-> one that is dialled and will take several: wait with it
 *
 * Why:       who asks may be gone before the connection stands; then the
 *            connection is not wasted but becomes an idle one.
 * Owns:      the link.   Borrows: the server, which counts its backs.
 * Invariant: while it is not connected nopen is 0.  Asks wait only until it is
 *            known how many streams it takes.
 *            It is freed when it is down and nopen is 0.
 * Not here:  which connection is taken (back_place.c).
 */
#include "cluster/back.h"

#include <errno.h>
#include <stdio.h>

#include "base/must.h"
#include "cluster/alias.h"
#include "cluster/back_place.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "net/tls_client.h"

#define LOOKS_MOST 256		/* asks that are passed */

static struct cluster *
cluster_of(const struct back *b)
{
	return b->server->pool->cluster;
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
	int64_t t = idle_time(b);

	if (t <= 0)
		back_set_busy(b);
	b->idle_until = link_loop(&b->link)->clock.now + t;
	if (t <= 0 || !back_set_idle(b)) {
		link_end(&b->link, false);
	} else if (b->is_shared) {
		back_doubt(b);
		back_arm(b);
	} else {
		timer_set(&link_loop(&b->link)->wheel, &b->timer,
		    b->idle_until);
	}
}

/*
 * Something is to come of it, or it is ended: a server that takes nothing any
 * more gives no stream back, and does not hear that it is let go.
 */
static void
hurry(struct back *b)
{
	struct loop *loop = link_loop(&b->link);

	timer_set(&loop->wheel, &b->timer,
	    loop->clock.now + b->server->pool->conf->timeouts.connect);
}

/* It no longer waits. */
static void
dismiss(struct back *b, struct back_ask *ask)
{
	list_del(&ask->node);
	ask->back = NULL;
	b->nasks--;
}

/* It has room. */
static void
give_stream(struct back *b, struct back_ask *ask)
{
	ask->done = true;
	ask->of = b;
	ask->stream = codec_open(b->link.codec, ask->sink, ask->owner);
	must(ask->stream != NULL);
	b->nopen++;
	b->streams++;
}

static void
count_reuse(struct server *s)
{
	s->count.reuse++;
	s->pool->count.reuse++;
}

/* Whose turn it is, of those that wait. */
static struct back_ask *
first_ask(struct back *b)
{
	must(!list_is_empty(&b->asks));
	return list_entry(b->asks.next, struct back_ask, node);
}

static void
fail_asks(struct back *b, int error, const char *reason)
{
	while (b->nasks > 0) {
		struct back_ask *ask = first_ask(b);

		(void)snprintf(ask->reason, sizeof(ask->reason), "%s",
		    reason);
		dismiss(b, ask);
		ask->done = true;
		ask->error = error;
		ask->on_done(ask->owner);
	}
}

static void
note_failed(struct back *b, const char *reason)
{
	struct server *s = b->server;

	s->count.tls_failed++;
	s->pool->count.tls_failed++;
	bad_conn_store(&s->pool->bad_tls, reason,
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

static void
refuse_protocol(struct back *b, const char *why)
{
	note_failed(b, why);
	fail_asks(b, EPROTO, why);
	link_end(&b->link, false);
}

static void place_ask(struct back_ask *ask, struct alias *alias);

/*
 * Those who wait get a stream each, while there are any.  Once it is known that
 * there are no more, because the server allows fewer or turned out to speak
 * another protocol, the others look further.  Where it allows none at all the
 * next connection would be no better.
 */
static void
serve_asks(struct back *b)
{
	struct list rest, *n;
	struct back_ask *ask;

	while (b->nasks > 0 && codec_slots(b->link.codec) > 0) {
		ask = first_ask(b);
		dismiss(b, ask);
		give_stream(b, ask);
		if (b->streams > 1)
			count_reuse(b->server);
		ask->on_done(ask->owner);
	}
	back_file(b);
	if (!back_is_settled(b))
		return;
	if (b->nopen == 0) {
		fail_asks(b, EBUSY, "");
		hurry(b);
		return;
	}
	list_init(&rest);
	list_splice(&rest, &b->asks);
	b->nasks = 0;
	while ((n = list_pop(&rest)) != NULL) {
		ask = list_entry(n, struct back_ask, node);
		ask->back = NULL;
		place_ask(ask, b->alias);
		if (ask->done)
			ask->on_done(ask->owner);
	}
}

static void
on_connected(void *owner)
{
	struct back *b = owner;
	struct cluster *c = cluster_of(b);
	const struct codec_row *row;
	const char *why;

	if (b->connected)
		return;
	row = secure_codec(b->link.conn, b->wanted, &why);
	if (row == NULL) {
		refuse_protocol(b, why);
		return;
	}
	b->connected = true;
	b->is_shared = row->shared;
	b->server->agreed = row->proto;
	count_handshake(b);
	link_codec(&b->link, row->client, &c->shared,
	    &b->server->pool->limits);
	b->link.heard = link_loop(&b->link)->clock.now;
	link_kick(&b->link);		/* it may have closed already */
	if (b->link.down)
		return;
	if (b->nasks > 0)
		serve_asks(b);
	else if (b->nopen == 0)
		set_idle(b);
}

static void
on_slots(void *owner)
{
	struct back *b = owner;

	if (b->link.down)
		loop_reap(link_loop(&b->link), &b->reap);
	else if (b->place == BACK_IDLE || !b->connected)
		return;
	else if (b->nasks > 0)
		serve_asks(b);
	else if (b->nopen > 0)
		back_file(b);
	else if (codec_slots(b->link.codec) > 0)
		set_idle(b);
	else
		hurry(b);
}

static void
on_change(void *owner)
{
	back_trust(owner);
}

static void
on_down(void *owner)
{
	struct back *b = owner;
	int error = b->link.conn->error;
	char reason[SECURE_REASON];

	if (secure_failed(b->link.conn, b->below, reason))
		note_failed(b, reason);
	if (b->link.codec != NULL && b->link.codec->why != NULL)
		server_on_fault(b->server, b->link.codec->why);
	fail_asks(b, error != 0 ? error : ECONNRESET, reason);
	back_set_busy(b);
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

	if (b->nopen > 0)
		return;
	back_unlist(b);
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

static void
give_up_connect(struct back *b)
{
	if (b->below != NULL && b->below->connected)
		give_up_handshake(b);
	else
		fail_asks(b, ETIMEDOUT, "");
	link_end(&b->link, true);
}

static void
end_silent(struct back *b)
{
	b->server->count.silent++;
	link_end(&b->link, true);
}

/*
 * The connect took too long; or it was idle for long enough, or silent.  Who
 * has streams on one that is silent waits for them as long as it likes.
 */
static void
on_timer(struct timer *t)
{
	struct back *b = list_entry(t, struct back, timer);
	int64_t now = link_loop(&b->link)->clock.now;

	if (!b->connected) {
		give_up_connect(b);
	} else if (b->nopen > 0) {
		fail_asks(b, ETIMEDOUT, "");
		back_file(b);	/* in use: set_idle sets the timer anew */
	} else if (b->place != BACK_IDLE) {
		fail_asks(b, ETIMEDOUT, "");
		end_silent(b);
	} else if (now >= b->idle_until) {
		link_end(&b->link, false);
	} else if (b->asked != 0 &&
	    now >= b->asked + b->server->pool->conf->timeouts.connect) {
		end_silent(b);
	} else {
		back_doubt(b);
		back_arm(b);
	}
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

/* Several streams at a time are to be had on a new connection. */
static bool
will_share(const struct server *s)
{
	const struct conf_pool *p = s->pool->conf;

	if (p->proto != HTTP_PROTO_NONE || !p->tls.on)
		return codec_of(p->proto)->shared;
	return s->agreed == HTTP_PROTO_NONE || codec_of(s->agreed)->shared;
}

/*
 * Where a server ends connections after few requests, those who lost are not to
 * lose each time.
 */
static void
line_up(struct back *b, struct back_ask *ask)
{
	struct list *at = b->asks.prev;

	for (int i = 0; ask->refusals > 0 && i < LOOKS_MOST &&
	    at != &b->asks; i++, at = at->prev)
		if (list_entry(at, struct back_ask, node)->refusals >=
		    ask->refusals)
			break;
	list_add_after(at, &ask->node);
}

static void
wait_for(struct back *b, struct back_ask *ask)
{
	line_up(b, ask);
	ask->back = b;
	if (b->nasks++ == 0 && b->connected)
		hurry(b);
	back_file(b);
}

static void
dial(struct back_ask *ask, struct alias *alias)
{
	struct server *s = ask->server;
	struct cluster *c = s->pool->cluster;
	struct back *b = slab_get(&c->backs);

	b->server = s;
	b->number = ++c->dialled;
	b->alias = alias;
	b->wanted = s->pool->conf->proto;
	b->is_shared = will_share(s);
	list_init(&b->asks);
	task_init(&b->reap, run_reap);
	timer_init(&b->timer, on_timer);
	b->said = s->pool->conf->send_proxy;
	if (b->said != PROXY_OFF) {
		b->caller = ask->caller;
		list_add_head(&b->caller->backs, &b->of_caller);
	}
	s->count.connect++;
	s->pool->count.connect++;
	link_init(&b->link, secure(b, caller_dial(ask->client, s)),
	    &link_events, b);
	wait_for(b, ask);
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

static void
place_ask(struct back_ask *ask, struct alias *alias)
{
	struct server *s = ask->server;
	struct back *b = back_find(s, alias, ask->caller, ask->after);

	if (b == NULL) {
		dial(ask, alias_hold(alias));
	} else if (!b->connected || codec_slots(b->link.codec) == 0) {
		wait_for(b, ask);
	} else {
		give_stream(b, ask);
		ask->stream->reused = b->streams > 1;
		count_reuse(s);
		back_file(b);
	}
}

void
back_ask(struct back_ask *ask, struct server *s, struct slice host,
    uint64_t after)
{
	struct alias *alias = alias_for(s, host);

	list_init(&ask->node);
	ask->server = s;
	ask->after = after;
	ask->back = ask->of = NULL;
	ask->stream = NULL;
	ask->done = false;
	ask->error = 0;
	place_ask(ask, alias);
	alias_put(&alias);
}

uint64_t
back_newest(const struct server *s)
{
	return s->pool->cluster->dialled;
}

enum http_proto
back_proto(const struct back_ask *ask)
{
	must(ask->of != NULL);
	return ask->of->link.codec->proto;
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
back_leave(struct back_ask *ask, bool reset)
{
	struct back *b = ask->back;
	struct stream *stream = ask->stream;

	if (b != NULL) {
		dismiss(b, ask);
		back_file(b);
	}
	if (stream == NULL)
		return;
	ask->stream = NULL;
	must(ask->of->nopen > 0);
	ask->of->nopen--;
	if (reset)
		stream_reset(stream, STREAM_CANCEL);
	else
		stream_release(stream);
	ask->of = NULL;
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
		if (!back_is_of_use(b))
			link_end(&b->link, false);
}

void
back_close_busy(struct server *s)
{
	end_all(&s->busy);
	end_all(&s->open);
}
