/*
 * probe_grpc.c - what the answer to a probe of gRPC means.
 *
 *	Health/Check --> an answer of gRPC? --> OK? --> SERVING? --> L7OK
 *	                  \-no: L7RSP           \-no: L7STS \-no: L7STS
 *
 * Not here:  the request, and what comes back (probe_ask.c); the messages
 *            (grpc_health.c).
 */
#include <inttypes.h>

#include "cluster/pool.h"
#include "cluster/probe.h"
#include "cluster/server.h"
#include "http/grpc.h"

static void
take_body(struct probe *p)
{
	size_t n = p->body.n, room = sizeof(p->answer) - p->nanswer;

	p->too_long = p->too_long || n > room;
	if (!p->too_long && n > 0) {
		memcpy(p->answer + p->nanswer, p->body.p, n);
		p->nanswer += n;
	}
	probe_consumed(p);
}

static void
judge_state(struct probe *p)
{
	int state = grpc_health_read(slice_make(p->answer, p->nanswer));
	int64_t took = link_loop(&p->link)->clock.now - p->started;

	if (state < 0)
		probe_finish(p, CHECK_L7RSP, 0,
		    "the message of the health service is malformed");
	else if (state != GRPC_HEALTH_SERVING)
		probe_finish(p, CHECK_L7STS, 0, "%s, expected SERVING",
		    grpc_health_name(state));
	else
		probe_finish(p, CHECK_L7OK, 0, "SERVING in %" PRId64
		    ".%" PRId64 " ms", took / USEC_PER_MS,
		    took % USEC_PER_MS / 100);
}

static void
refuse_status(struct probe *p)
{
	const struct conf_health *check = &p->server->pool->conf->health;
	const char *name = grpc_status_name(p->call_status);

	if (p->call_status == GRPC_UNIMPLEMENTED)
		probe_finish(p, CHECK_L7STS, p->call_status,
		    "%s: there is no health service", name);
	else if (p->call_status == GRPC_NOT_FOUND)
		probe_finish(p, CHECK_L7STS, p->call_status,
		    "%s: the service \"%.64s\" is not known", name,
		    check->service != NULL ? check->service : "");
	else
		probe_finish(p, CHECK_L7STS, p->call_status, "%s", name);
}

static void
judge_whole(struct probe *p)
{
	if (p->call_status == GRPC_NO_STATUS)
		probe_finish(p, CHECK_L7RSP, 0,
		    "the answer has no status of gRPC");
	else if (p->call_status != GRPC_OK)
		refuse_status(p);
	else
		judge_state(p);
}

void
probe_grpc_step(struct probe *p)
{
	const struct conf_health *check = &p->server->pool->conf->health;

	if (!p->asked && !p->down) {
		p->asked = true;
		probe_ask(p, grpc_health_request(check->service,
		    p->question));
	}
	take_body(p);
	if (p->answered && p->status != 200)
		probe_finish(p, CHECK_L7STS, p->status,
		    "status %d of HTTP, expected 200", p->status);
	else if (p->answered && !p->call)
		probe_finish(p, CHECK_L7RSP, p->status,
		    "the answer is not one of gRPC");
	else if (p->too_long)
		probe_finish(p, CHECK_L7RSP, 0,
		    "the message of the health service is too long");
	else if (p->ended)
		judge_whole(p);
	else if (p->broken || p->down)
		probe_refuse_cut(p);
	else if (p->expired)
		probe_finish(p, CHECK_L7TOUT, 0, "no complete answer within %"
		    PRId64 " ms", p->timeout / USEC_PER_MS);
}
