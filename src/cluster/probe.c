/*
 * probe.c - one probe of one server, from dial to outcome.
 *
 * Why:       a probe with a connection and a deadline of its own cannot queue
 *            behind traffic, so load alone never takes a server down.
 * Owns:      its link, its stream, its deadline.   Borrows: the server.
 * Invariant: over => nothing is told any more, and the reap task is due.
 * Not here:  when to probe (prober.c), asking (probe_ask.c).
 */
#include "cluster/probe.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/caller.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "cluster/secure.h"
#include "cluster/server.h"
#include "net/tls_client.h"

#define LATE MSEC(100)		/* more than the wheel and a tick take */
#define SPARES 4		/* a dial, two rounds of TLS, an answer */

/* Trouble on our side of the wire: it says nothing about the server. */
static bool
is_local(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRNOTAVAIL:
	case EADDRINUSE:
	case EAFNOSUPPORT:
	case EPERM:
		return true;
	default:
		return false;
	}
}

/* "connection refused" */
static void
describe(int error, char out[64])
{
	const char *text = strerrordesc_np(error);

	if (error == 0)
		text = "connection closed";
	if (text == NULL)
		(void)snprintf(out, 64, "error %d", error);
	else
		(void)snprintf(out, 64, "%c%s",
		    tolower((unsigned char)text[0]), text + 1);
}

static void
judge_dial(struct probe *p)
{
	enum health_result result = CHECK_L4CON;
	char text[64];

	describe(p->error, text);
	if (is_local(p->error))
		result = CHECK_SOCKERR;
	else if (p->error == ETIMEDOUT)
		result = CHECK_L4TOUT;
	probe_finish(p, result, 0, "%s", text);
}

static bool
is_in_handshake(const struct probe *p)
{
	return p->below != NULL && p->below->connected;
}

/* No connection, or no handshake. */
static void
judge_down(struct probe *p)
{
	char reason[SECURE_REASON];

	if (secure_failed(p->link.conn, p->below, reason))
		probe_finish(p, CHECK_L6RSP, 0, "%s", reason);
	else if (is_in_handshake(p))
		probe_finish(p, CHECK_L6RSP, 0, "the handshake broke off");
	else
		judge_dial(p);
}

static void
judge_late(struct probe *p)
{
	long long most = p->timeout / USEC_PER_MS;

	if (is_in_handshake(p))
		probe_finish(p, CHECK_L6TOUT, 0,
		    "no handshake within %lld ms", most);
	else
		probe_finish(p, CHECK_L4TOUT, 0,
		    "no connection within %lld ms", most);
}

static void
pass_tls(struct probe *p, int64_t took)
{
	struct tls_facts f;

	(void)conn_facts(p->link.conn, &f);
	probe_finish(p, CHECK_L6OK, 0, "%s in %" PRId64 ".%" PRId64 " ms",
	    f.version != NULL ? f.version : "TLS", took / USEC_PER_MS,
	    took % USEC_PER_MS / 100);
}

static void
run_step(struct task *t)
{
	struct probe *p = list_entry(t, struct probe, step);
	int64_t took = link_loop(&p->link)->clock.now - p->started;
	const char *why;

	if (p->over)
		return;
	if (!p->connected && p->down)
		judge_down(p);
	else if (!p->connected && p->expired)
		judge_late(p);
	else if (p->connected && p->type == PROBE_TCP)
		probe_finish(p, CHECK_L4OK, 0, "connected in %" PRId64
		    ".%" PRId64 " ms", took / USEC_PER_MS,
		    took % USEC_PER_MS / 100);
	else if (p->connected &&
	    secure_codec(p->link.conn, p->wanted, &why) == NULL)
		probe_finish(p, CHECK_L6RSP, 0, "%s", why);
	else if (p->connected && p->type == PROBE_TLS)
		pass_tls(p, took);
	else if (p->connected && p->type == PROBE_GRPC)
		probe_grpc_step(p);
	else if (p->connected)
		probe_http_step(p);
}

static void
wake(struct probe *p)
{
	if (!p->over)
		loop_run(link_loop(&p->link), &p->step);
}

static void
on_connected(void *owner)
{
	struct probe *p = owner;

	p->connected = true;
	wake(p);
}

static void
on_change(void *owner)
{
	(void)owner;
}

static void
on_down(void *owner)
{
	struct probe *p = owner;

	p->down = true;
	p->error = p->link.conn->error;
	wake(p);
}

static const struct link_sink link_events = {
	.on_connected = on_connected,
	.on_change = on_change,
	.on_down = on_down,
};

/*
 * It strikes late itself: we had no time to say our part, and the server no
 * occasion to answer.  So it gets as much as was lost.
 */
static bool
spare(struct probe *p)
{
	struct loop *loop = link_loop(&p->link);
	int64_t late = loop->clock.now - p->due;

	if (late < LATE || p->spared == SPARES)
		return false;
	p->spared++;
	p->due = loop->clock.now + late;
	timer_set(&loop->wheel, &p->deadline, p->due);
	return true;
}

static void
on_deadline(struct timer *t)
{
	struct probe *p = list_entry(t, struct probe, deadline);

	if (spare(p))
		return;
	p->expired = true;
	wake(p);
}

static void
run_reap(struct task *t)
{
	struct probe *p = list_entry(t, struct probe, reap);

	link_fini(&p->link);
	needle_fini(&p->needle);
	free(p);
}

/*
 * Without a session to take up: each probe looks at the certificate as it is
 * now.
 */
static struct conn *
dial(struct probe *p, const struct conf_pool *conf)
{
	struct conn *below = caller_dial(NULL, p->server);
	char name[SECURE_NAME];

	if (p->type == PROBE_TCP || !conf->health.tls)
		return below;
	must(conf->tls.client != NULL);	/* the loader makes one, or fails */
	p->below = below;
	secure_probe_name(p->server, name);
	return conn_tls_connect(below, conf->tls.client, name, NULL, NULL);
}

struct probe *
probe_new(struct server *s, probe_done_fn *on_done, void *owner)
{
	const struct conf_health *check = &s->pool->conf->health;
	struct cluster *c = s->pool->cluster;
	struct probe *p = mem_new(sizeof(*p));

	p->server = s;
	p->on_done = on_done;
	p->owner = owner;
	p->type = check->type;
	p->wanted = p->type == PROBE_GRPC ? HTTP_2 : s->pool->conf->proto;
	p->started = c->loop->clock.now;
	p->timeout = check->timeout;
	task_init(&p->step, run_step);
	task_init(&p->reap, run_reap);
	timer_init(&p->deadline, on_deadline);
	if (p->type == PROBE_HTTP && check->body != NULL) {
		p->has_needle = true;
		needle_init(&p->needle, check->body, PROBE_BODY_MOST);
	}
	link_init(&p->link, dial(p, s->pool->conf), &link_events, p);
	p->due = p->started + p->timeout;
	timer_set(&c->loop->wheel, &p->deadline, p->due);
	if (p->link.conn->connected)
		on_connected(p);
	return p;
}

static void
end(struct probe *p)
{
	struct loop *loop = link_loop(&p->link);

	p->over = true;
	task_stop(&p->step);
	timer_stop(&loop->wheel, &p->deadline);
	if (p->stream != NULL && p->ended)
		stream_release(p->stream);
	else if (p->stream != NULL)
		stream_reset(p->stream, STREAM_CANCEL);
	p->stream = NULL;
	link_end(&p->link, !p->connected);
	loop_reap(loop, &p->reap);
}

void
probe_abandon(struct probe **probe)
{
	if (*probe != NULL)
		end(*probe);
	*probe = NULL;
}

void
probe_finish(struct probe *p, enum health_result result, int code,
    const char *fmt, ...)
{
	struct probe_outcome o = { .result = result, .code = code };
	va_list ap;

	o.duration = link_loop(&p->link)->clock.now - p->started;
	va_start(ap, fmt);
	(void)vsnprintf(o.sentence, sizeof(o.sentence), fmt, ap);
	va_end(ap);
	end(p);
	p->on_done(p->owner, &o);
}
