/*
 * probe_http.c - what the answer to a probe of http means.
 *
 *	request --> status as expected? --> body holds the text? --> L7OK
 *	                 \-no: L7STS             \-no: L7RSP
 *
 * Not here:  the request, and what comes back (probe_ask.c).
 */
#include <inttypes.h>

#include "cluster/pool.h"
#include "cluster/probe.h"
#include "cluster/server.h"

static bool
is_expected(const struct conf_statuses *expect, int status)
{
	for (size_t i = 0; i < expect->n; i++)
		if (status >= expect->v[i].from && status <= expect->v[i].to)
			return true;
	return false;
}

static void
refuse_status(struct probe *p, const struct conf_statuses *expect)
{
	struct text t;

	text_init(&t);
	for (size_t i = 0; i < expect->n; i++) {
		text_add(&t, "%s%u", i > 0 ? "," : "", expect->v[i].from);
		if (expect->v[i].to != expect->v[i].from)
			text_add(&t, "-%u", expect->v[i].to);
	}
	probe_finish(p, CHECK_L7STS, p->status, "status %d, expected %s",
	    p->status, t.p != NULL ? t.p : "none");
	text_fini(&t);
}

static void
pass(struct probe *p)
{
	int64_t took = link_loop(&p->link)->clock.now - p->started;

	probe_finish(p, CHECK_L7OK, p->status, "status %d in %" PRId64
	    ".%" PRId64 " ms", p->status, took / USEC_PER_MS,
	    took % USEC_PER_MS / 100);
}

static void
judge_body(struct probe *p)
{
	if (!p->has_needle || p->needle.found)
		pass(p);
	else if (p->why != NULL)
		probe_refuse_cut(p);
	else if (p->ended || needle_is_done(&p->needle))
		probe_finish(p, CHECK_L7RSP, p->status,
		    "status %d, body does not contain \"%.64s\"", p->status,
		    p->needle.text.p);
	else if (p->broken || p->down)
		probe_refuse_cut(p);
	else if (p->expired)
		probe_finish(p, CHECK_L7TOUT, p->status,
		    "no complete answer within %" PRId64 " ms",
		    p->timeout / USEC_PER_MS);
}

static void
take_body(struct probe *p)
{
	if (p->has_needle)
		(void)needle_feed(&p->needle, p->body);
	probe_consumed(p);
}

void
probe_http_step(struct probe *p)
{
	const struct conf_health *check = &p->server->pool->conf->health;

	if (!p->asked && !p->down) {
		p->asked = true;
		probe_ask(p, SLICE_NONE);
	}
	take_body(p);
	if (p->answered && !is_expected(&check->expect, p->status))
		refuse_status(p, &check->expect);
	else if (p->answered)
		judge_body(p);
	else if (p->broken || p->down)
		probe_refuse_cut(p);
	else if (p->expired)
		probe_finish(p, CHECK_L7TOUT, 0, "no answer within %" PRId64
		    " ms", p->timeout / USEC_PER_MS);
}
