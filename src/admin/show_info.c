/*
 * show_info.c - the process: who it is, what it carries, its limits.
 *
 * HAProxy's names where they mean something here, and some that its tools
 * insist on; then our own.
 */
#include <sys/resource.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/cell.h"
#include "admin/command.h"
#include "base/version.h"
#include "proxy/listener.h"

#define IDLE_SPAN SEC(1)	/* what Idle_pct looks back on, at least */

struct sheet {
	struct request *r;
	bool typed;
	unsigned pos;
};

static void
put(struct sheet *s, const char *name, const char *tags, const char *type,
    struct cell c)
{
	const struct column column = { name, tags, type };
	struct text *t = s->r->out;

	if (s->r->json) {
		text_add(t, "%s{", s->pos > 0 ? "," : "");
		cell_add_json(t, s->pos, &column, &c);
		text_add_char(t, '}');
	} else if (s->typed) {
		cell_add_typed(t, s->pos, &column, &c);
	} else {
		text_add(t, "%s: ", name);
		cell_add_plain(t, &c);
		text_add_char(t, '\n');
	}
	s->pos++;
}

static void
put_text(struct sheet *s, const char *name, const char *tags, const char *text)
{
	put(s, name, tags, "str", cell_text(text));
}

static void
put_number(struct sheet *s, const char *name, const char *tags, uint64_t n)
{
	put(s, name, tags, n > UINT32_MAX || tags[1] == 'C' ? "u64" : "u32",
	    cell_number((int64_t)n));
}

static void
put_uptime(struct sheet *s, const struct worker *w)
{
	int64_t up = (w->loop->clock.wall - w->started) / USEC_PER_SEC;
	char text[64];

	if (up < 0)
		up = 0;
	(void)snprintf(text, sizeof(text), "%lldd %dh%02dm%02ds",
	    (long long)(up / 86400), (int)(up / 3600 % 24),
	    (int)(up / 60 % 60), (int)(up % 60));
	put_text(s, "Uptime", "MDP", text);
	put_number(s, "Uptime_sec", "MDP", (uint64_t)up);
	put_number(s, "Start_time_sec", "MDP",
	    (uint64_t)(w->started / USEC_PER_SEC));
}

static void
put_who(struct sheet *s, const struct worker *w)
{
	char node[256] = "";

	if (gethostname(node, sizeof(node) - 1) != 0 || node[0] == '\0')
		(void)snprintf(node, sizeof(node), "localhost");
	put_text(s, "Name", "POS", "steelyard");
	put_text(s, "Version", "POS", STEELYARD_VERSION);
	put_text(s, "Release_date", "POS", STEELYARD_RELEASED);
	put_number(s, "Nbthread", "CGS", 1);
	put_number(s, "Nbproc", "CGS", 1);
	put_number(s, "Process_num", "KGP", 1);
	put_number(s, "Pid", "SGP", (uint64_t)getpid());
	put_uptime(s, w);
	put_text(s, "node", "CGS", node);
	put_text(s, "description", "CGS", w->via);
}

static void
put_limits(struct sheet *s, const struct worker *w)
{
	uint64_t max = (uint64_t)w->conf->global.max_connections;
	struct rlimit files = { 0, 0 };

	(void)getrlimit(RLIMIT_NOFILE, &files);
	put_number(s, "Memmax_MB", "CLP", 0);
	put_number(s, "Ulimit-n", "CLP", (uint64_t)files.rlim_cur);
	put_number(s, "Maxsock", "CLP", (uint64_t)files.rlim_cur);
	put_number(s, "Maxconn", "CLP", (uint64_t)worker_limit(w));
	put_number(s, "Hard_maxconn", "CLP", max);
	put_number(s, "Maxpipes", "CLP", w->loop->pipes.limit);
	put_number(s, "PipesUsed", "MGP", w->loop->pipes.nused);
	put_number(s, "PipesFree", "MGP", w->loop->pipes.nfree);
}

/* Since the last time somebody asked, if that is not too short. */
static int
idle_percent(const struct loop *l, struct idle_sample *s)
{
	int64_t span = l->clock.now - s->now, busy = l->busy - s->busy;

	if (span < IDLE_SPAN)
		return s->percent;
	s->percent = busy >= span ? 0 :
	    (int)(100 * (span - busy) / span);
	s->busy = l->busy;
	s->now = l->clock.now;
	return s->percent;
}

static unsigned
count_listeners(const struct worker *w)
{
	struct listener *l;
	unsigned n = 0;

	list_each(l, &w->listeners, struct listener, node)
		n += l->acceptor != NULL;
	return n;
}

static void
put_load(struct sheet *s, const struct worker *w)
{
	const struct counters *c = &w->count;
	int64_t now = w->loop->clock.now;
	unsigned listeners = count_listeners(w);

	put_number(s, "CurrConns", "MGP", w->nfronts);
	put_number(s, "CumConns", "MCP", c->conn_tot);
	put_number(s, "CumReq", "MCP", c->req_tot);
	put_number(s, "ConnRate", "MRP", rate_get(&c->conn_rate, now));
	put_number(s, "MaxConnRate", "MMP", c->conn_rate.max);
	put_number(s, "SessRate", "MRP", rate_get(&c->rate, now));
	put_number(s, "MaxSessRate", "MMP", c->rate.max);
	put_number(s, "ReqRate", "MRP", rate_get(&c->req_rate, now));
	put_number(s, "MaxReqRate", "MMP", c->req_rate.max);
	put_number(s, "Tasks", "MGP", w->nfronts + w->nexchanges);
	put_number(s, "Run_queue", "MGP", 0);
	put_number(s, "Idle_pct", "MaP",
	    (uint64_t)idle_percent(w->loop, s->r->idle));
	put_number(s, "Stopping", "SGP", w->draining);
	put_number(s, "Jobs", "MGP", w->nfronts + listeners);
	put_number(s, "Listeners", "MGP", listeners);
	put_number(s, "DroppedLogs", "MCP", log_dropped(w->log));
	put_number(s, "TotalBytesOut", "MCP", c->bout);
	put_number(s, "TotalSplicedBytes", "MCP", w->loop->pipes.moved);
}

static void
put_tls(struct sheet *s, const struct worker *w)
{
	const struct tls_counters *c = &w->tls_count;
	int64_t now = w->loop->clock.now;

	put_number(s, "CurrSslConns", "MGP", c->now);
	put_number(s, "CumSslConns", "MCP", c->done);
	put_number(s, "SslRate", "MRP", rate_get(&c->rate, now));
	put_number(s, "MaxSslRate", "MMP", c->rate.max);
	put_number(s, "SslFrontendKeyRate", "MRP",
	    rate_get(&c->key_rate, now));
	put_number(s, "SslFrontendMaxKeyRate", "MMP", c->key_rate.max);
	put_number(s, "SslFrontendSessionReuse_pct", "MaP",
	    c->done > 0 ? 100 * c->resumed / c->done : 0);
	put_number(s, "SslBackendKeyRate", "MRP",
	    rate_get(&w->cluster.tls_keys, now));
	put_number(s, "SslBackendMaxKeyRate", "MMP", w->cluster.tls_keys.max);
}

/* Ours: the gate, and the certificate that ends first. */
static void
put_handshakes(struct sheet *s, const struct worker *w)
{
	const struct tls_counters *c = &w->tls_count;
	struct tls_gate_count gate;
	int64_t days;

	tls_gate_count(w->gate, &gate);
	put_number(s, "HandshakesDone", "MCP", c->done);
	put_number(s, "HandshakesResumed", "MCP", c->resumed);
	put_number(s, "HandshakesFailed", "MCP", c->failed);
	put_number(s, "HandshakesShed", "MCP", c->shed);
	put_number(s, "HandshakesDelayed", "MCP", gate.delayed);
	put_number(s, "HandshakesActive", "MGP", gate.active);
	put_number(s, "HandshakesWaiting", "MGP", gate.waiting);
	if (expiry_days(&w->expiry, &days))
		put(s, "CertExpiryDays", "MGP", "s32", cell_number(days));
}

static void
put_ours(struct sheet *s, const struct worker *w)
{
	put_number(s, "Reloads", "MCP", w->reloads);
	put_number(s, "ReloadErrors", "MCP", w->reload_errors);
	put_number(s, "Exchanges", "MGP", w->nexchanges);
	put_number(s, "Ticks", "MCP", w->loop->ticks);
	put_number(s, "MaxPause_us", "CLP",
	    (uint64_t)w->conf->global.max_pause);
	put_number(s, "Pauses", "MCP", w->loop->gather.count);
	put_number(s, "PauseTime_us", "MCP", w->loop->gather.time);
	put_number(s, "LogLines", "MCP", log_written(w->log));
	put_number(s, "GrpcCalls", "MCP", w->count.calls);
	put_number(s, "GrpcDeadlines", "MCP", w->count.deadlines);
	put_number(s, "MaxBuffers", "CLP",
	    (uint64_t)w->conf->global.max_buffers);
	put_number(s, "BuffersUsed", "MGP", room_used(w));
	put_number(s, "BuffersRefused", "MCP", w->room.refused);
	put_number(s, "AbuseResets", "MCP", w->abuse.count[ABUSE_RESETS]);
	put_number(s, "AbuseFrames", "MCP", w->abuse.count[ABUSE_FRAMES]);
	put_number(s, "AbuseFields", "MCP", w->abuse.count[ABUSE_FIELDS]);
	put_number(s, "AbuseAnswers", "MCP", w->abuse.count[ABUSE_ANSWERS]);
}

void
show_info(struct request *r)
{
	struct sheet s = { .r = r };

	s.typed = r->argc > 0 && strcmp(r->argv[0], "typed") == 0;
	if (r->json)
		text_add_char(r->out, '[');
	put_who(&s, r->worker);
	put_limits(&s, r->worker);
	put_load(&s, r->worker);
	put_tls(&s, r->worker);
	put_ours(&s, r->worker);
	put_handshakes(&s, r->worker);
	if (r->json)
		text_add(r->out, "]\n");
}

void
show_version(struct request *r)
{
	text_add(r->out, r->json ? "{\"version\":\"%s\"}\n" : "%s\n",
	    STEELYARD_VERSION);
}
