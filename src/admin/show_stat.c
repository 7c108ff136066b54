/*
 * show_stat.c - counters of each listener, server and pool.
 *
 * A listener is a FRONTEND row, a pool its servers' rows and a BACKEND row.
 * What does not apply is empty; times are averages in milliseconds.
 */
#include <stdio.h>
#include <string.h>

#include "admin/command.h"
#include "admin/names.h"
#include "admin/stat_row.h"
#include "cluster/balance.h"
#include "cluster/pool.h"
#include "cluster/server.h"
#include "proxy/listener.h"

struct filter {
	const char *name;	/* of a listener or pool; NULL: by iid */
	long iid, types, sid;	/* -1: all; types is a mask */
	bool typed, up, no_maint;
};

/* The three words that choose stand first, the others in any order. */
static void
read_filter(struct filter *f, const struct request *r)
{
	int i = 0;

	*f = (struct filter){ .iid = -1, .types = -1, .sid = -1 };
	if (r->argc >= 3 && request_number(r->argv[1], &f->types) &&
	    request_number(r->argv[2], &f->sid)) {
		if (!request_number(r->argv[0], &f->iid))
			f->name = r->argv[0];
		i = 3;
	} else {
		f->types = f->sid = -1;
	}
	for (; i < r->argc; i++) {
		f->typed = f->typed || strcmp(r->argv[i], "typed") == 0;
		f->up = f->up || strcmp(r->argv[i], "up") == 0;
		f->no_maint = f->no_maint ||
		    strcmp(r->argv[i], "no-maint") == 0;
	}
}

static bool
wants_proxy(const struct filter *f, const char *name, unsigned iid)
{
	if (f->name != NULL)
		return strcmp(f->name, name) == 0;
	return f->iid == -1 || f->iid == (long)iid;
}

static bool
wants_row(const struct filter *f, enum stat_type type, unsigned sid)
{
	return (f->types & (1L << type)) != 0 &&
	    (f->sid == -1 || f->sid == (long)sid);
}

static int64_t
seconds_since(const struct worker *w, int64_t wall)
{
	int64_t age = w->loop->clock.wall - wall;

	return age > 0 ? age / USEC_PER_SEC : 0;
}

static void
fill_common(struct stat_row *r, const struct worker *w,
    const struct counters *c)
{
	int64_t now = w->loop->clock.now;

	stat_number(r, STAT_scur, c->scur);
	stat_number(r, STAT_smax, c->smax);
	stat_number(r, STAT_stot, (int64_t)c->stot);
	stat_number(r, STAT_bin, (int64_t)c->bin);
	stat_number(r, STAT_bout, (int64_t)c->bout);
	stat_number(r, STAT_dresp, (int64_t)c->dresp);
	stat_number(r, STAT_rate, rate_get(&c->rate, now));
	stat_number(r, STAT_rate_max, c->rate.max);
	for (unsigned i = 0; i < 6; i++)
		stat_number(r, STAT_hrsp_1xx + i, (int64_t)c->hrsp[i]);
	stat_number(r, STAT_req_tot, (int64_t)c->req_tot);
}

static void
fill_average(struct stat_row *r, enum stat_column mean, enum stat_column max,
    const struct average *a)
{
	stat_number(r, mean, average_get(a) / USEC_PER_MS);
	stat_number(r, max, a->max / USEC_PER_MS);
}

/* Of the side of the servers: what a server and its pool have in common. */
static void
fill_back(struct stat_row *r, const struct worker *w, const struct counters *c)
{
	fill_common(r, w, c);
	stat_number(r, STAT_qcur, c->qcur);
	stat_number(r, STAT_qmax, c->qmax);
	stat_number(r, STAT_econ, (int64_t)c->econ);
	stat_number(r, STAT_eresp, (int64_t)c->eresp);
	stat_number(r, STAT_wretr, (int64_t)c->wretr);
	stat_number(r, STAT_wredis, (int64_t)c->wredis);
	stat_number(r, STAT_lbtot, (int64_t)c->lbtot);
	stat_number(r, STAT_cli_abrt, (int64_t)c->cli_abrt);
	stat_number(r, STAT_srv_abrt, (int64_t)c->srv_abrt);
	stat_number(r, STAT_connect, (int64_t)c->connect);
	stat_number(r, STAT_reuse, (int64_t)c->reuse);
	stat_number(r, STAT_lastsess,
	    c->last == 0 ? -1 : seconds_since(w, c->last));
	fill_average(r, STAT_qtime, STAT_qtime_max, &c->qtime);
	fill_average(r, STAT_ctime, STAT_ctime_max, &c->ctime);
	fill_average(r, STAT_rtime, STAT_rtime_max, &c->rtime);
	fill_average(r, STAT_ttime, STAT_ttime_max, &c->ttime);
}

static void
fill_protocols(struct stat_row *r, const struct listener *l)
{
	const uint64_t *sess = l->sessions, *req = l->requests;

	stat_number(r, STAT_sess_other, (int64_t)sess[HTTP_PROTO_NONE]);
	stat_number(r, STAT_h1sess, (int64_t)sess[HTTP_1_1]);
	stat_number(r, STAT_h2sess, (int64_t)sess[HTTP_2]);
	stat_number(r, STAT_req_other, (int64_t)req[HTTP_PROTO_NONE]);
	stat_number(r, STAT_h1req, (int64_t)req[HTTP_1_1]);
	stat_number(r, STAT_h2req, (int64_t)req[HTTP_2]);
	stat_text(r, STAT_proto, l->conf->limits.http2 ? "h2" : "h1");
}

static void
fill_listener(struct stat_row *r, const struct worker *w,
    const struct listener *l)
{
	const struct counters *c = &l->count;
	int64_t now = w->loop->clock.now;

	stat_row_init(r, STAT_FRONTEND, l->id, 0);
	fill_common(r, w, c);
	stat_text(r, STAT_pxname, l->name);
	stat_text(r, STAT_svname, "FRONTEND");
	stat_text(r, STAT_status, listener_status(l));
	stat_number(r, STAT_slim, listener_limit(l));
	stat_number(r, STAT_dreq, (int64_t)c->dreq);
	stat_number(r, STAT_ereq, (int64_t)c->ereq);
	stat_number(r, STAT_req_rate, rate_get(&c->req_rate, now));
	stat_number(r, STAT_req_rate_max, c->req_rate.max);
	stat_number(r, STAT_conn_rate, rate_get(&c->conn_rate, now));
	stat_number(r, STAT_conn_rate_max, c->conn_rate.max);
	stat_number(r, STAT_conn_tot, (int64_t)c->conn_tot);
	stat_number(r, STAT_intercepted, (int64_t)c->intercepted);
	stat_number(r, STAT_dcon, (int64_t)c->dcon);
	if (conf_has_tls(l->conf)) {
		stat_number(r, STAT_ssl_sess, (int64_t)l->tls.done);
		stat_number(r, STAT_ssl_reused_sess, (int64_t)l->tls.resumed);
		stat_number(r, STAT_ssl_failed_handshake,
		    (int64_t)l->tls.failed);
	}
	fill_protocols(r, l);
	addr_print(&l->addr, r->addr);
	stat_text(r, STAT_addr, r->addr);
}

static const char *
describe(enum health_result result)
{
	static const char *const names[] = {
		[CHECK_UNK] = "Unknown", [CHECK_INI] = "Initializing",
		[CHECK_SOCKERR] = "Socket error",
		[CHECK_L4OK] = "Layer4 check passed",
		[CHECK_L4TOUT] = "Layer4 timeout",
		[CHECK_L4CON] = "Layer4 connection problem",
		[CHECK_L6OK] = "Layer6 check passed",
		[CHECK_L6TOUT] = "Layer6 timeout",
		[CHECK_L6RSP] = "Layer6 invalid response",
		[CHECK_L7OK] = "Layer7 check passed",
		[CHECK_L7OKC] = "Layer7 check conditionally passed",
		[CHECK_L7TOUT] = "Layer7 timeout",
		[CHECK_L7RSP] = "Layer7 invalid response",
		[CHECK_L7STS] = "Layer7 wrong status",
	};

	return names[result];
}

static int64_t
downtime(const struct worker *w, const struct server *s)
{
	int64_t open = s->down_since == 0 ? 0 :
	    (w->loop->clock.now - s->down_since) / USEC_PER_SEC;

	return (int64_t)s->count.downtime + open;
}

static void
fill_check(struct stat_row *r, const struct worker *w, const struct server *s)
{
	const struct health *h = &s->health;

	if (h->state == HEALTH_NONE)
		return;
	stat_number(r, STAT_chkfail, (int64_t)s->count.chkfail);
	stat_number(r, STAT_chkdown, (int64_t)s->count.chkdown);
	stat_number(r, STAT_downtime, downtime(w, s));
	(void)snprintf(r->check, sizeof(r->check), "%s%s",
	    h->running ? "* " : "", health_result_name(h->result));
	stat_text(r, STAT_check_status, r->check);
	if (h->code != 0)
		stat_number(r, STAT_check_code, h->code);
	if (h->probed != 0)
		stat_number(r, STAT_check_duration,
		    h->duration / USEC_PER_MS);
	stat_text(r, STAT_last_chk, h->sentence);
	stat_text(r, STAT_check_desc, describe(h->result));
	stat_number(r, STAT_check_rise, h->rise);
	stat_number(r, STAT_check_fall, h->fall);
	stat_number(r, STAT_check_health, h->value);
}

/* What slow start leaves of a weight, rounded up. */
static int64_t
weight_now(const struct server *s)
{
	return (int64_t)(server_weight_now(s) + 999) / 1000;
}

/* What is spoken with it, or will be. */
static const char *
proto_of(const struct server *s)
{
	enum http_proto p = s->pool->conf->proto;

	if (p == HTTP_PROTO_NONE)
		p = s->agreed;
	return p == HTTP_2 ? "h2" : "h1";
}

static void
fill_server(struct stat_row *r, const struct worker *w, const struct server *s)
{
	stat_row_init(r, STAT_SERVER, POOL_IDS + s->pool->id, s->id);
	fill_back(r, w, &s->count);
	fill_check(r, w, s);
	stat_text(r, STAT_pxname, s->pool->name);
	stat_text(r, STAT_svname, s->name);
	server_status(s, r->status);
	stat_text(r, STAT_status, r->status);
	if (s->most > 0)
		stat_number(r, STAT_slim, s->most);
	stat_number(r, STAT_weight, weight_now(s));
	stat_number(r, STAT_uweight, s->weight);
	stat_number(r, STAT_act, !s->backup);
	stat_number(r, STAT_bck, s->backup);
	if (s->cold > 0)
		stat_number(r, STAT_throttle, (1000 - s->cold) / 10);
	stat_number(r, STAT_lastchg, seconds_since(w, s->health.changed));
	stat_number(r, STAT_srv_icur, s->nidle);
	if (s->pool->conf->reuse.max > 0)
		stat_number(r, STAT_src_ilim, s->pool->conf->reuse.max);
	stat_number(r, STAT_idle_conn_cur, s->nidle);
	stat_number(r, STAT_used_conn_cur, s->nbusy);
	stat_text(r, STAT_addr, s->addr_text);
	stat_text(r, STAT_proto, proto_of(s));
}

/* Of those that can serve: the servers proper or the backup ones. */
struct side {
	int64_t weight, uweight, n;
};

static struct side
sum_side(const struct pool *p, bool backup)
{
	struct side sum = { 0, 0, 0 };
	struct server *s;

	list_each(s, &p->servers, struct server, node)
		if (server_is_usable(s) && s->backup == backup) {
			sum.weight += weight_now(s);
			sum.uweight += s->weight;
			sum.n++;
		}
	return sum;
}

static void
fill_pool(struct stat_row *r, const struct worker *w, const struct pool *p)
{
	struct side proper = sum_side(p, false), backup = sum_side(p, true);
	const struct side *now = p->on_backup ? &backup : &proper;
	int64_t open = p->nusable > 0 ? 0 : seconds_since(w, p->changed);

	stat_row_init(r, STAT_BACKEND, POOL_IDS + p->id, 0);
	fill_back(r, w, &p->count);
	stat_text(r, STAT_pxname, p->name);
	stat_text(r, STAT_svname, "BACKEND");
	stat_text(r, STAT_status, pool_status(p));
	stat_number(r, STAT_dreq, (int64_t)p->count.dreq);
	stat_number(r, STAT_weight, now->weight);
	stat_number(r, STAT_uweight, now->uweight);
	stat_number(r, STAT_act, proper.n);
	stat_number(r, STAT_bck, backup.n);
	if (p->conf->health.type != PROBE_NONE)
		stat_number(r, STAT_chkfail, (int64_t)p->count.chkfail);
	stat_number(r, STAT_chkdown, (int64_t)p->count.chkdown);
	stat_number(r, STAT_lastchg, seconds_since(w, p->changed));
	stat_number(r, STAT_downtime, (int64_t)p->count.downtime + open);
	stat_text(r, STAT_algo, p->balance->algo);
}

static void
put(struct request *q, const struct filter *f, const struct stat_row *r)
{
	if (q->json && q->out->p[q->out->n - 1] == ']')
		text_add_char(q->out, ',');
	if (q->json)
		stat_add_json(q->out, r);
	else if (f->typed)
		stat_add_typed(q->out, r);
	else
		stat_add_csv(q->out, r);
}

static void
put_pool(struct request *q, const struct filter *f, const struct pool *p)
{
	struct stat_row r;
	struct server *s;

	list_each(s, &p->servers, struct server, node) {
		if (!wants_row(f, STAT_SERVER, s->id) ||
		    (f->up && !health_is_up(&s->health)) ||
		    ((f->up || f->no_maint) && (s->unresolved ||
		    s->admin == SERVER_MAINT)))
			continue;
		fill_server(&r, q->worker, s);
		put(q, f, &r);
	}
	if (!wants_row(f, STAT_BACKEND, 0) || (f->up && p->nusable == 0))
		return;
	fill_pool(&r, q->worker, p);
	put(q, f, &r);
}

static void
put_all(struct request *q, const struct filter *f)
{
	struct listener *l;
	struct pool *p;
	struct stat_row r;

	list_each(l, &q->worker->listeners, struct listener, node) {
		if (!wants_proxy(f, l->name, l->id) ||
		    !wants_row(f, STAT_FRONTEND, 0))
			continue;
		fill_listener(&r, q->worker, l);
		put(q, f, &r);
	}
	list_each(p, &q->worker->cluster.pools, struct pool, node)
		if (wants_proxy(f, p->name, POOL_IDS + p->id))
			put_pool(q, f, p);
}

static bool
knows(const struct worker *w, const char *name)
{
	struct listener *l;

	list_each(l, &w->listeners, struct listener, node)
		if (strcmp(l->name, name) == 0)
			return true;
	return cluster_find(&w->cluster, name) != NULL;
}

void
show_stat(struct request *q)
{
	struct filter f;

	read_filter(&f, q);
	if (f.name != NULL && !knows(q->worker, f.name)) {
		text_add(q->out, "No such proxy.\n");
		return;
	}
	if (q->json)
		text_add_char(q->out, '[');
	else if (!f.typed)
		stat_add_names(q->out);
	put_all(q, &f);
	if (q->json)
		text_add(q->out, "]\n");
}
