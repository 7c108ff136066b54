/*
 * show_health.c - how each server is, since when, and why: for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/command.h"
#include "cluster/pool.h"
#include "cluster/server.h"

#define FORM "%-28s  %-9s %-9s %4s %9s %7s  "

/* "3s", "4m05s", "2h07m", "9d03h" */
static void
print_age(int64_t seconds, char out[24])
{
	int64_t d = seconds / 86400, h = seconds / 3600 % 24;
	int64_t m = seconds / 60 % 60, s = seconds % 60;

	if (d > 0)
		(void)snprintf(out, 24, "%" PRId64 "d%02" PRId64 "h", d, h);
	else if (h > 0)
		(void)snprintf(out, 24, "%" PRId64 "h%02" PRId64 "m", h, m);
	else if (m > 0)
		(void)snprintf(out, 24, "%" PRId64 "m%02" PRId64 "s", m, s);
	else
		(void)snprintf(out, 24, "%" PRId64 "s", s);
}

static int64_t
age(const struct worker *w, int64_t wall)
{
	int64_t us = w->loop->clock.wall - wall;

	return us > 0 ? us / USEC_PER_SEC : 0;
}

static const char *
reason(const struct server *s)
{
	if (s->health.state == HEALTH_NONE)
		return "no health check is configured";
	if (s->health.probed == 0)
		return "the first probe has not ended yet";
	return s->health.sentence;
}

static void
put_row(struct request *r, const struct server *s)
{
	const struct health *h = &s->health;
	char status[32], since[24], code[12] = "-", duration[24] = "-";
	char result[16] = "-", name[160];

	server_status(s, status);
	print_age(age(r->worker, h->changed), since);
	if (h->state != HEALTH_NONE)
		(void)snprintf(result, sizeof(result), "%s%s",
		    h->running ? "* " : "", health_result_name(h->result));
	if (h->code != 0)
		(void)snprintf(code, sizeof(code), "%d", h->code);
	if (h->probed != 0)
		(void)snprintf(duration, sizeof(duration), "%.1fms",
		    (double)h->duration / 1000);
	(void)snprintf(name, sizeof(name), "%s/%s", s->pool->name, s->name);
	text_add(r->out, FORM, name, status, result, code, duration, since);
	text_add_escaped(r->out, slice_of(reason(s)));
	text_add_char(r->out, '\n');
}

static void
put_json(struct request *r, const struct server *s)
{
	const struct health *h = &s->health;
	char status[32];

	server_status(s, status);
	text_add(r->out, "{\"pool\":");
	text_add_json(r->out, slice_of(s->pool->name));
	text_add(r->out, ",\"server\":");
	text_add_json(r->out, slice_of(s->name));
	text_add(r->out, ",\"status\":\"%s\",\"usable\":%s,\"result\":\"%s\","
	    "\"running\":%s,\"code\":%d,\"duration_ms\":%.3f,"
	    "\"since_s\":%" PRId64 ",\"passed\":%" PRIu64 ",\"failed\":%"
	    PRIu64 ",\"reason\":", status,
	    server_is_usable(s) ? "true" : "false",
	    health_result_name(h->result), h->running ? "true" : "false",
	    h->code, (double)h->duration / 1000, age(r->worker, h->changed),
	    h->passed, h->failed);
	text_add_json(r->out, slice_of(reason(s)));
	text_add_char(r->out, '}');
}

static void
put_panics(struct request *r, const struct pool *only)
{
	struct pool *p;

	list_each(p, &r->worker->cluster.pools, struct pool, node)
		if (p->panic && (only == NULL || p == only))
			text_add(r->out, "Pool %s is in panic: %u of %u "
			    "servers up.\n", p->name, p->nup, p->nservers);
}

void
show_health(struct request *r)
{
	const struct pool *only = NULL;

	if (r->argc > 0 && (only = request_pool(r, r->argv[0])) == NULL) {
		text_add(r->out, "No such backend.\n");
		return;
	}
	if (r->json) {
		request_rows(r, only, put_json);
		return;
	}
	text_add(r->out, FORM "reason\n", "pool/server", "status", "result",
	    "code", "duration", "since");
	request_rows(r, only, put_row);
	put_panics(r, only);
}
