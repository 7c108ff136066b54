/*
 * front.c - one connection from a client.
 *
 * Why:       between requests nobody else watches the clock: what stands
 *            before HTTP, the head of a request and the idle time before it
 *            have their deadlines here.
 * Owns:      the link.   Borrows: the listener, which counts its fronts.
 * Invariant: freed only when no exchange holds it; no codec <=> the conn is
 *            not connected yet, or the link is parked.
 */
#include "proxy/front.h"

#include "net/conn_proxied.h"
#include "proxy/exchange.h"
#include "proxy/handshake.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

/* Of idleness, after which a connection holds next to nothing.  A client that
 * asks again sooner is quick: not worth the work of parking it each time. */
#define REST MSEC(100)

/* For a client that is to go: what it has begun to ask comes until then. */
#define MOMENT SEC(1)

/* Of a client, in a tick, so that others have their turn: requests that begin
 * or are given up, and how many of them a connection to a server is worth. */
#define TURN 8
#define TURN_DIAL 4

static bool
is_in(const struct conf_ranges *r, const struct addr *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (addr_in_range(a, &r->v[i]))
			return true;
	return false;
}

/* Let go before it could ask for anything. */
static void
tell_refused(const struct listener *l, const struct addr *peer,
    const char *why)
{
	char client[ADDR_TEXT];
	struct log_field fields[3] = {
		{ "listener", slice_of(l->name), 0 },
		{ "reason", slice_of(why), 0 },
	};

	addr_print(peer, client);
	fields[2] = (struct log_field){ "client", slice_of(client), 0 };
	log_event(l->worker->log, LOG_LEVEL_WARN, "accept", fields, 3,
	    "listener %s: client %s was let go: %s", l->name, client, why);
}

/* It did not come to a codec: what is missing, or wrong, is in conn->why. */
static void
tell_unready(struct front *f, bool late)
{
	if (f->link.parked)
		return;			/* it was ready, long ago */
	if (f->secure) {
		handshake_failed(f, late);
	} else if (f->link.conn->why != NULL) {
		f->listener->count.ereq++;
		tell_refused(f->listener, f->link.conn->peer,
		    f->link.conn->why);
	}
}

static void
count_session(struct front *f, enum http_proto proto)
{
	if (f->asked)
		return;
	f->asked = true;
	f->listener->sessions[proto]++;
}

static void
on_stream(void *owner, struct stream *s)
{
	struct front *f = owner;

	count_session(f, f->link.codec->proto);
	exchange_new(f, s);
}

static void
set_after(struct front *f, int64_t after)
{
	loop_after(f->listener->worker->loop, &f->timer, after);
}

static int64_t
age_end(const struct front *f)
{
	return f->born + f->listener->conf->timeouts.max_age;
}

static int64_t
age_left(const struct front *f)
{
	int64_t end = age_end(f), now = f->listener->worker->loop->clock.now;

	return end > now ? end - now : 0;
}

static bool
is_leaving(const struct front *f)
{
	return f->leaving || (f->link.codec != NULL && f->link.codec->leaving);
}

/* How long it has for what it is expected to do. */
static int64_t
within(const struct front *f, int64_t t)
{
	return is_leaving(f) && t > MOMENT ? MOMENT : t;
}

/* How long it may be idle: no connection grows older than it may. */
static int64_t
keep_alive_of(const struct front *f)
{
	int64_t left = is_leaving(f) ? MOMENT : age_left(f);
	int64_t t = f->listener->conf->timeouts.keep_alive;

	return t < left ? t : left;
}

/* For as long as it is idle it does without a codec, or that one rests. */
static void
start_rest(struct front *f, int64_t left)
{
	f->rested = true;
	set_after(f, left);
	loop_reap(f->listener->worker->loop, &f->reap);
}

/* Between requests: parked at once, or, if it is quick, after a while. */
static void
start_idling(struct front *f)
{
	int64_t t = keep_alive_of(f);

	if (t <= REST)
		set_after(f, t);
	else if (f->quick)
		set_after(f, REST);
	else
		start_rest(f, t);
}

/* Of one that rests: for so long it has been idle. */
static int64_t
idle_time(const struct front *f)
{
	return f->listener->worker->loop->clock.now + keep_alive_of(f) -
	    f->timer.deadline;
}

/* A new phase has its own deadline; a busy front has that of its age alone, as
 * its exchanges have theirs. */
static void
set_timer(struct front *f, enum codec_phase phase)
{
	if (f->rested)
		f->quick = idle_time(f) < REST;
	f->phase = (uint8_t)phase;
	f->rested = false;
	if (phase == CODEC_BUSY) {
		if (f->timer.deadline > age_end(f))
			set_after(f, age_left(f));
		return;
	}
	/* A first request is expected at once, later ones within keep_alive. */
	if (phase == CODEC_IDLE && f->link.codec->requests > 0) {
		start_idling(f);
		return;
	}
	timer_stop(&f->listener->worker->loop->wheel, &f->timer);
	set_after(f, phase == CODEC_HEAD ? f->listener->conf->timeouts.head :
	    within(f, f->listener->conf->timeouts.head));
}

/* It was idle until its timer fired.  Was that all of keep_alive? */
static bool
has_idled(struct front *f)
{
	int64_t t = keep_alive_of(f);

	if (f->rested || f->phase != CODEC_IDLE || t <= REST ||
	    f->link.codec->requests == 0)
		return true;
	f->quick = false;
	start_rest(f, t - REST);
	return false;
}

/*
 * Something has come for a client that was parked.  Until a request begins its
 * time goes on: neither an empty line nor a record of TLS without data buys it
 * more.
 */
static void
rest_on(struct front *f)
{
	f->quick = idle_time(f) < REST;
	f->phase = CODEC_IDLE;
	f->rested = true;
	loop_reap(f->listener->worker->loop, &f->reap);
}

/*
 * The client has its last answer, or the kernel has it for a client that takes
 * it slowly, and maybe no room yet for what ends it; it gets a moment to close.
 */
static void
set_linger(struct front *f)
{
	timer_stop(&f->listener->worker->loop->wheel, &f->timer);
	loop_after(f->listener->worker->loop, &f->timer, LINK_LINGER_TIME);
}

/* A reset would lose what is on its way to a client that still takes it. */
static void
judge_linger(struct front *f)
{
	size_t left = conn_unsent(f->link.conn);

	if (f->stalls == 0 || left + EXCHANGE_LEAST <= f->unsent) {
		f->unsent = (uint32_t)left;
		f->stalls = 0;
	}
	f->stalls++;
	if (left == 0 || f->stalls * LINK_LINGER_TIME >
	    f->listener->conf->timeouts.send)
		link_end(&f->link, left > 0);
	else
		set_linger(f);
}

static void
on_change(void *owner)
{
	struct front *f = owner;

	if (f->link.lingering)
		set_linger(f);
	else if (f->link.codec->phase != f->phase)
		set_timer(f, f->link.codec->phase);
	else if (f->rested)
		loop_reap(f->listener->worker->loop, &f->reap);
}

/* Long streams may be all that there is: the end is said while they go on.  A
 * protocol of one stream at a time says it in its next answer. */
static void
end_if_old(struct front *f)
{
	if (f->old || !codec_of(f->link.codec->proto)->shared)
		return;
	if (age_left(f) > 0) {
		set_after(f, age_left(f));
		return;
	}
	front_judge_age(f);
	link_kick(&f->link);
}

/* It was told that this is the end: time to take that, or to ask at last. */
static void
give_a_moment(struct front *f)
{
	if (f->link.down || f->link.lingering ||
	    f->link.codec->phase == CODEC_BUSY)
		return;
	if (f->link.codec->end != CODEC_OPEN) {
		set_linger(f);
	} else if (f->link.codec->phase == CODEC_IDLE) {
		timer_stop(&f->listener->worker->loop->wheel, &f->timer);
		start_rest(f, keep_alive_of(f));
	}
}

static void
on_timer(struct timer *t)
{
	struct front *f = list_entry(t, struct front, timer);

	if (f->link.codec == NULL && !f->link.down) {
		if (!f->leaving)
			tell_unready(f, true);
		link_end(&f->link, false);
		return;
	}
	if (f->link.lingering) {
		judge_linger(f);
		return;
	}
	if (f->link.down)
		return;
	if (f->link.codec->phase == CODEC_BUSY) {
		end_if_old(f);
		return;
	}
	if (f->link.codec->end != CODEC_OPEN) {
		if (is_leaving(f))
			judge_linger(f);
		else
			link_end(&f->link, true);	/* it takes nothing */
		return;
	}
	if (!has_idled(f))
		return;
	codec_expire(f->link.codec);
	link_kick(&f->link);
	give_a_moment(f);
}

static void
on_down(void *owner)
{
	struct front *f = owner;

	if (f->link.codec == NULL && f->link.conn->error != 0)
		tell_unready(f, false);
	timer_stop(&f->listener->worker->loop->wheel, &f->timer);
	loop_reap(f->listener->worker->loop, &f->reap);
}

/* From here on it speaks HTTP. */
static void
begin(struct front *f)
{
	const struct conf_listener *conf = f->listener->conf;
	const struct codec_row *row = handshake_protocol(f);
	bool was_parked = f->link.parked;

	f->trusted = is_in(&conf->trusted, f->link.conn->peer);
	link_codec(&f->link, row->server, &f->listener->worker->shared,
	    &conf->limits);
	f->link.codec->requests = f->requests;
	if (f->leaving)
		codec_drain(f->link.codec);
	if (was_parked)
		rest_on(f);
	else
		set_timer(f, CODEC_IDLE);
	link_kick(&f->link);
}

/* What stands before HTTP, one on the other: a PROXY header, then TLS. */
static void
on_connected(void *owner)
{
	struct front *f = owner;

	if (!f->link.parked && handshake_is_due(f)) {
		handshake_start(f);
		timer_stop(&f->listener->worker->loop->wheel, &f->timer);
		set_after(f, within(f,
		    f->listener->conf->tls.handshake_timeout));
		return;
	}
	if (!f->link.parked && f->secure)
		handshake_done(f);
	begin(f);
}

static const struct link_sink link_events = {
	.on_connected = on_connected,
	.on_stream = on_stream,
	.on_change = on_change,
	.on_down = on_down,
};

static void
rest(struct front *f)
{
	uint32_t requests = f->link.codec != NULL ? f->link.codec->requests :
	    f->requests;

	/* It may have been served meanwhile, and have another timer. */
	if (f->rested && link_park(&f->link))
		f->requests = requests;
}

static void
run_reap(struct task *t)
{
	struct front *f = list_entry(t, struct front, reap);
	struct listener *l = f->listener;
	struct worker *w = l->worker;

	if (f->exchanges > 0)
		return;		/* the last of them brings us back */
	if (!f->link.down) {
		rest(f);
		return;
	}
	count_session(f, HTTP_PROTO_NONE);
	caller_fini(&f->caller);
	link_fini(&f->link);
	l->tls.now -= f->secure;
	w->tls_count.now -= f->secure;
	list_del(&f->node);
	l->nfronts--;
	counters_end(&l->count);
	w->nfronts--;
	counters_end(&w->count);
	slab_put(&w->fronts, f);
	listener_settle(l);
	worker_balance_accepting(w);
}

static void
count_arrival(struct listener *l)
{
	struct worker *w = l->worker;
	int64_t now = w->loop->clock.now;

	l->count.conn_tot++;
	w->count.conn_tot++;
	rate_add(&l->count.conn_rate, now);
	rate_add(&w->count.conn_rate, now);
}

/*
 * What a listener expects before HTTP is a conn stacked on the one accepted.
 * NULL: that one is not for us.  Who is not believed cannot be served as if it
 * had said nothing: a header that we do not take would be its first request,
 * and a client that goes round the proxy is not to be mistaken for it.
 */
static struct conn *
stack(struct listener *l, struct conn *conn)
{
	if (!l->conf->proxy_protocol)
		return conn;
	if (is_in(&l->conf->proxy_protocol_from, conn->peer))
		return conn_proxied_heard(conn);
	l->count.dcon++;
	tell_refused(l, conn->peer,
	    "it is not in proxy_protocol_from, and PROXY headers are on");
	conn_close(&conn, false);
	return NULL;
}

struct front *
front_new(struct listener *l, struct conn *conn)
{
	struct worker *w = l->worker;
	int64_t now = w->loop->clock.now;
	struct front *f;

	count_arrival(l);
	conn = stack(l, conn);
	if (conn == NULL)
		return NULL;
	f = slab_get(&w->fronts);
	f->listener = l;
	f->born = now;
	f->phase = CODEC_BUSY;
	task_init(&f->reap, run_reap);
	timer_init(&f->timer, on_timer);
	list_add_tail(&l->fronts, &f->node);
	l->nfronts++;
	w->nfronts++;
	counters_begin(&l->count, now, w->loop->clock.wall);
	counters_begin(&w->count, now, w->loop->clock.wall);
	caller_init(&f->caller);
	link_init(&f->link, conn, &link_events, f);
	if (conn->connected)
		on_connected(f);
	else
		loop_after(w->loop, &f->timer, l->conf->timeouts.head);
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
	if (f->link.codec == NULL)
		return;
	f->link.codec->limits = &f->listener->conf->limits;
	f->trusted = is_in(&f->listener->conf->trusted, f->link.conn->peer);
}

bool
front_has_turn(struct front *f)
{
	uint32_t tick = (uint32_t)f->listener->worker->loop->ticks;

	if (f->tick != tick)
		f->begun = 0;
	f->tick = tick;
	if (f->begun >= TURN)
		return false;
	f->begun++;
	return true;
}

void
front_has_dialled(struct front *f)
{
	if (f->begun < TURN)
		f->begun += TURN_DIAL;
}

/* One that is idle ends by its timer. */
void
front_judge_age(struct front *f)
{
	if (f->old || f->link.down ||
	    (age_left(f) > 0 && !f->link.conn->worn))
		return;
	f->old = true;
	codec_drain(f->link.codec);
}

void
front_drain(struct front *f)
{
	if (f->link.down || f->leaving)
		return;
	f->leaving = true;
	if (f->link.codec == NULL) {
		timer_stop(&f->listener->worker->loop->wheel, &f->timer);
		set_after(f, MOMENT);
		return;
	}
	codec_drain(f->link.codec);
	link_kick(&f->link);
	give_a_moment(f);
}

void
front_exchange_done(struct front *f)
{
	f->exchanges--;
	if (f->link.down)
		loop_reap(f->listener->worker->loop, &f->reap);
}
