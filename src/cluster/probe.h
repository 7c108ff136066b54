#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cluster/grpc_health.h"
#include "cluster/health.h"
#include "cluster/link.h"
#include "cluster/needle.h"

struct server;

/*
 * One probe of one server, on a connection of its own.
 *
 *	dial --connected--> tcp: L4OK
 *	     --handshake--> tls: L6OK     (also before http, where it is secure)
 *	                    http, grpc: request --head, body-->
 *	                        L7OK, L7STS, L7RSP
 *
 * Facts (connected, head, body, end, deadline) are stored and schedule the
 * step, which alone judges.  It tells once, then frees itself in the reap
 * phase.
 */
#define PROBE_BODY_MOST (64u * 1024)

struct probe_outcome {
	enum health_result result;
	int code;		/* a status, or 0 */
	int64_t duration;
	char sentence[128];
};

typedef void probe_done_fn(void *owner, const struct probe_outcome *);

struct probe {
	struct server *server;
	probe_done_fn *on_done;
	void *owner;
	enum conf_probe type;	/* that of its start */
	int64_t started, timeout;
	struct link link;
	const struct conn *below;	/* the socket under TLS, or NULL */
	enum http_proto wanted;
	struct task step, reap;
	struct timer deadline;
	int64_t due;		/* it strikes, */
	unsigned spared;	/* and so often it did not, for it was late */
	/* Facts: */
	bool connected, expired, down;
	int error;		/* errno that ended the connection */
	bool answered, ended;	/* a response head came; all of it came */
	bool broken;		/* the stream was reset */
	const char *why;	/* what was malformed */
	int status;
	struct slice body;	/* lent by the stream */
	/* Of http: */
	struct stream *stream;
	bool asked;
	bool has_needle;
	struct needle needle;
	/* Of grpc: */
	bool call;		/* the answer is one of gRPC, */
	int call_status;	/* with this status, or GRPC_NO_STATUS */
	bool too_long;
	size_t nanswer;
	char answer[GRPC_HEALTH_ANSWER];
	char question[GRPC_HEALTH_REQUEST];	/* lent to the stream */
	bool over;
};

struct probe *probe_new(struct server *s, probe_done_fn *on_done, void *owner);

/* Nobody waits for it any more.  Clears the pointer; NULL is allowed. */
void probe_abandon(struct probe **p);

/* For the step of one type of probe: ends it and tells the outcome. */
void probe_finish(struct probe *p, enum health_result result, int code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* probe_ask.c: for the steps of types that ask. */
void probe_ask(struct probe *p, struct slice body);	/* body: lent */
void probe_consumed(struct probe *p);		/* p->body was looked at */
void probe_refuse_cut(struct probe *p);		/* no whole answer comes */

/* probe_http.c, probe_grpc.c: the step once connected. */
void probe_http_step(struct probe *p);
void probe_grpc_step(struct probe *p);
