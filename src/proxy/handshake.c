/*
 * handshake.c - TLS of a client's connection, until HTTP begins.
 *
 * Why:       a handshake that fails leaves no request behind, so it is counted
 *            here, and has a line of its own in the log, within limits.
 * Borrows:   the listener's tls_server, of which the conn counts a reference.
 * Not here:  the handshake itself (net/conn_tls.c), its deadline (front.c).
 */
#include "proxy/handshake.h"

#include "net/tls_server.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

bool
handshake_is_due(const struct front *f)
{
	return !f->secure && f->listener->conf->tls.server != NULL;
}

void
handshake_start(struct front *f)
{
	struct worker *w = f->listener->worker;
	struct conn *below = f->link.conn;

	f->secure = true;
	f->listener->tls.now++;
	w->tls_count.now++;
	link_stack(&f->link, conn_tls_accept(below,
	    f->listener->conf->tls.server, w->gate, SLICE_NONE));
}

static void
count_done(struct tls_counters *c, bool resumed, int64_t now)
{
	c->done++;
	rate_add(&c->rate, now);
	if (resumed)
		c->resumed++;
	else
		rate_add(&c->key_rate, now);
}

void
handshake_done(struct front *f)
{
	struct worker *w = f->listener->worker;
	struct tls_facts facts;

	if (!conn_facts(f->link.conn, &facts))
		return;
	count_done(&f->listener->tls, facts.resumed, w->loop->clock.now);
	count_done(&w->tls_count, facts.resumed, w->loop->clock.now);
}

const struct codec_row *
handshake_protocol(const struct front *f)
{
	const struct codec_row *row = NULL;
	struct tls_facts facts;

	if (f->secure && conn_facts(f->link.conn, &facts) && facts.alpn.n > 0)
		row = codec_find(facts.alpn);
	return row != NULL ? row : codec_find(SLICE("http/1.1"));
}

/* --- lines: anybody can make handshakes fail, as fast as he likes */

static void
tell_rest(struct listener *l)
{
	struct handshake_lines *x = &l->lines;
	struct log_field fields[2] = {
		{ "listener", slice_of(l->name), 0 },
		{ "more", SLICE_NONE, x->untold },
	};

	if (x->untold > 0)
		log_event(l->worker->log, LOG_LEVEL_INFO, "handshake", fields,
		    2, "listener %s: %u more had no TLS with us", l->name,
		    x->untold);
	x->untold = 0;
}

static void
on_second(struct timer *t)
{
	tell_rest(list_entry(t, struct listener, lines.timer));
}

void
handshake_lines_init(struct listener *l)
{
	timer_init(&l->lines.timer, on_second);
}

void
handshake_lines_fini(struct listener *l)
{
	timer_stop(&l->worker->loop->wheel, &l->lines.timer);
	tell_rest(l);
}

static bool
may_tell(struct listener *l)
{
	struct handshake_lines *x = &l->lines;

	if (!timer_is_set(&x->timer)) {
		x->told = 0;
		loop_after(l->worker->loop, &x->timer, SEC(1));
	}
	if (x->told++ < HANDSHAKE_LINES)
		return true;
	x->untold++;
	return false;
}

static void
count_failed(struct tls_counters *c, bool shed)
{
	c->failed++;
	c->shed += shed;
}

static void
tell(struct front *f, const struct tls_facts *facts, const char *failure,
    const char *reason)
{
	struct listener *l = f->listener;
	char client[ADDR_TEXT];
	struct log_field fields[5] = {
		{ "listener", slice_of(l->name), 0 },
		{ "failure", slice_of(failure), 0 },
		{ "reason", slice_of(reason), 0 },
	};
	unsigned n = 3;

	addr_print(f->link.conn->peer, client);
	fields[n++] = (struct log_field){ "client", slice_of(client), 0 };
	if (facts->sni.n > 0)
		fields[n++] = (struct log_field){ "sni", facts->sni, 0 };
	log_event(l->worker->log, LOG_LEVEL_INFO, "handshake", fields, n,
	    "listener %s: no TLS with client %s: %s", l->name, client, reason);
}

void
handshake_failed(struct front *f, bool late)
{
	struct listener *l = f->listener;
	struct tls_facts facts;
	const char *failure = "timeout";
	const char *reason;

	(void)conn_facts(f->link.conn, &facts);
	/* Who leaves without a byte looks whether we listen. */
	if (!late && facts.silent)
		return;
	reason = facts.silent ? "the client said nothing in time" :
	    "the handshake was not complete in time";
	if (!late) {
		failure = tls_failure_name(facts.failure);
		reason = facts.reason != NULL ? facts.reason :
		    "the connection broke";
	}
	count_failed(&l->tls, facts.failure == TLS_SHED);
	count_failed(&l->worker->tls_count, facts.failure == TLS_SHED);
	if (may_tell(l))
		tell(f, &facts, failure, reason);
}
