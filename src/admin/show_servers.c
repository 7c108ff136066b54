/*
 * show_servers.c - the servers of all pools, or of one, for machines.
 */
#include <string.h>

#include "admin/command.h"
#include "admin/names.h"
#include "cluster/pool.h"
#include "cluster/server.h"

/* What HAProxy's numbers stand for. */
enum { OP_STOPPED, OP_STARTING, OP_RUNNING };
enum { ADMIN_MAINT = 1, ADMIN_DRAIN = 8, ADMIN_UNRESOLVED = 32 };
enum { RESULT_UNKNOWN, RESULT_NEUTRAL, RESULT_FAILED, RESULT_PASSED };
enum {
	CHECK_IN_PROGRESS = 1, CHECK_CONFIGURED = 2, CHECK_ENABLED = 4,
	CHECK_PAUSED = 8
};

static int
op_state(const struct server *s)
{
	if (s->admin == SERVER_MAINT || s->unresolved ||
	    s->health.state == HEALTH_DOWN)
		return OP_STOPPED;
	return health_is_up(&s->health) ? OP_RUNNING : OP_STARTING;
}

static int
admin_state(const struct server *s)
{
	return (s->unresolved ? ADMIN_UNRESOLVED : 0) |
	    (s->admin == SERVER_MAINT ? ADMIN_MAINT :
	    s->admin == SERVER_DRAIN ? ADMIN_DRAIN : 0);
}

static int
check_status(enum health_result result)
{
	static const unsigned char numbers[] = {
		[CHECK_UNK] = 0, [CHECK_INI] = 1, [CHECK_SOCKERR] = 5,
		[CHECK_L4OK] = 6, [CHECK_L4TOUT] = 7, [CHECK_L4CON] = 8,
		[CHECK_L6OK] = 9, [CHECK_L6TOUT] = 10, [CHECK_L6RSP] = 11,
		[CHECK_L7TOUT] = 12, [CHECK_L7RSP] = 13, [CHECK_L7OK] = 15,
		[CHECK_L7OKC] = 16, [CHECK_L7STS] = 17,
	};

	return numbers[result];
}

static int
check_result(const struct health *h)
{
	if (h->result == CHECK_UNK || h->result == CHECK_INI)
		return RESULT_UNKNOWN;
	if (h->result == CHECK_SOCKERR)
		return RESULT_NEUTRAL;
	return health_result_passed(h->result) ? RESULT_PASSED : RESULT_FAILED;
}

static int
check_state(const struct server *s)
{
	if (s->health.state == HEALTH_NONE)
		return 0;
	return CHECK_CONFIGURED | CHECK_ENABLED |
	    (s->health.running ? CHECK_IN_PROGRESS : 0) |
	    (s->admin == SERVER_MAINT ? CHECK_PAUSED : 0);
}

static long long
age(const struct worker *w, int64_t wall)
{
	int64_t us = w->loop->clock.wall - wall;

	return us > 0 ? us / USEC_PER_SEC : 0;
}

/* The path of a UNIX address, the host of others. */
static const char *
host_of(const struct server *s, char host[ADDR_TEXT])
{
	addr_print_host(&s->addr, host);
	return host;
}

static void
put_state(struct request *r, const struct server *s)
{
	char host[ADDR_TEXT];

	text_add(r->out, "%u %s %u %s %s %d %d %u %u %lld %d %d %d %d 0 0 0 "
	    "- %d - %d 0 - - 0\n", POOL_IDS + s->pool->id, s->pool->name,
	    s->id, s->name, host_of(s, host), op_state(s), admin_state(s),
	    s->weight, s->given,
	    age(r->worker, s->health.changed), check_status(s->health.result),
	    check_result(&s->health), s->health.value, check_state(s),
	    addr_port(&s->addr), s->pool->conf->tls.on);
}

static void
put_json_names(struct request *r, const struct server *s)
{
	text_add(r->out, "{\"be_id\":%u,\"be_name\":", POOL_IDS + s->pool->id);
	text_add_json(r->out, slice_of(s->pool->name));
	text_add(r->out, ",\"srv_id\":%u,\"srv_name\":", s->id);
	text_add_json(r->out, slice_of(s->name));
	text_add(r->out, ",\"srv_addr\":");
	text_add_json(r->out, slice_of(s->addr_text));
}

static void
put_state_json(struct request *r, const struct server *s)
{
	put_json_names(r, s);
	text_add(r->out, ",\"srv_op_state\":%d,\"srv_admin_state\":%d,"
	    "\"srv_uweight\":%u,\"srv_iweight\":%u,"
	    "\"srv_time_since_last_change\":%lld,\"srv_check_status\":%d,"
	    "\"srv_check_result\":%d,\"srv_check_health\":%d,"
	    "\"srv_check_state\":%d,\"srv_port\":%d,"
	    "\"srv_use_ssl\":%d}", op_state(s),
	    admin_state(s), s->weight, s->given,
	    age(r->worker, s->health.changed), check_status(s->health.result),
	    check_result(&s->health), s->health.value, check_state(s),
	    addr_port(&s->addr), s->pool->conf->tls.on);
}

static void
put_conn(struct request *r, const struct server *s)
{
	char host[ADDR_TEXT];

	text_add(r->out, "%s/%s %u/%u %s %d - %lld %u %u 0 0 %u %lld %u\n",
	    s->pool->name, s->name, POOL_IDS + s->pool->id, s->id,
	    host_of(s, host), addr_port(&s->addr),
	    (long long)(s->pool->conf->reuse.timeout / USEC_PER_MS), s->nbusy,
	    s->nbusy_max, s->nidle, (long long)s->pool->conf->reuse.max,
	    s->nidle);
}

static void
put_conn_json(struct request *r, const struct server *s)
{
	put_json_names(r, s);
	text_add(r->out, ",\"requests\":%u,\"busy\":%u,\"idle\":%u,"
	    "\"idle_limit\":%lld,\"connects\":%llu,\"reuses\":%llu,"
	    "\"silent\":%llu,"
	    "\"tls_handshakes\":%llu,\"tls_resumed\":%llu,"
	    "\"tls_failed\":%llu}",
	    s->active, s->nbusy, s->nidle,
	    (long long)s->pool->conf->reuse.max,
	    (unsigned long long)s->count.connect,
	    (unsigned long long)s->count.reuse,
	    (unsigned long long)s->count.silent,
	    (unsigned long long)s->count.tls,
	    (unsigned long long)s->count.tls_resumed,
	    (unsigned long long)s->count.tls_failed);
}

static const char *
put_pool(struct request *r, const struct pool *p, request_row_fn *row,
    const char *comma)
{
	struct server *s;

	list_each(s, &p->servers, struct server, node) {
		text_add(r->out, "%s", comma);
		row(r, s);
		comma = r->json ? "," : "";
	}
	return comma;
}

void
request_rows(struct request *r, const struct pool *only, request_row_fn *row)
{
	const char *comma = "";
	struct pool *p;

	if (r->json)
		text_add_char(r->out, '[');
	list_each(p, &r->worker->cluster.pools, struct pool, node)
		if (only == NULL || p == only)
			comma = put_pool(r, p, row, comma);
	if (r->json)
		text_add(r->out, "]\n");
}

static bool
read_pool(struct request *r, const struct pool **only)
{
	*only = NULL;
	if (r->argc < 1)
		return true;
	*only = request_pool(r, r->argv[0]);
	if (*only == NULL)
		text_add(r->out, "Can't find backend.\n");
	return *only != NULL;
}

void
show_servers_state(struct request *r)
{
	const struct pool *only;

	if (!read_pool(r, &only))
		return;
	if (r->json) {
		request_rows(r, only, put_state_json);
		return;
	}
	text_add(r->out, "1\n# be_id be_name srv_id srv_name srv_addr "
	    "srv_op_state srv_admin_state srv_uweight srv_iweight "
	    "srv_time_since_last_change srv_check_status srv_check_result "
	    "srv_check_health srv_check_state srv_agent_state bk_f_forced_id "
	    "srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl "
	    "srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n");
	request_rows(r, only, put_state);
}

void
show_servers_conn(struct request *r)
{
	const struct pool *only;

	if (!read_pool(r, &only))
		return;
	if (r->json) {
		request_rows(r, only, put_conn_json);
		return;
	}
	text_add(r->out, "# bkname/svname bkid/svid addr port - purge_delay "
	    "used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur\n");
	request_rows(r, only, put_conn);
}

void
show_backend(struct request *r)
{
	const char *comma = "";
	struct pool *p;

	text_add(r->out, r->json ? "[" : "# name\n");
	list_each(p, &r->worker->cluster.pools, struct pool, node) {
		if (!r->json) {
			text_add(r->out, "%s\n", p->name);
			continue;
		}
		text_add(r->out, "%s", comma);
		text_add_json(r->out, slice_of(p->name));
		comma = ",";
	}
	if (r->json)
		text_add(r->out, "]\n");
}

struct pool *
request_pool(struct request *r, const char *name)
{
	struct pool *p;
	long id;

	if (name[0] != '#')
		return cluster_find(&r->worker->cluster, name);
	if (!request_number(name + 1, &id))
		return NULL;
	list_each(p, &r->worker->cluster.pools, struct pool, node)
		if ((long)(POOL_IDS + p->id) == id)
			return p;
	return NULL;
}
