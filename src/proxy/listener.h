#pragma once

#include <stdbool.h>

#include "base/list.h"
#include "base/text.h"
#include "cluster/bad.h"
#include "cluster/counters.h"
#include "conf/model.h"
#include "http/proto.h"
#include "net/acceptor.h"
#include "proxy/handshake.h"

struct worker;

/*
 * An address that accepts clients.  Outlives a reload when its name stands;
 * its socket stays open when the address stands, also under another name.
 */
struct listener {
	struct list node;
	struct worker *worker;
	struct conf *snapshot;		/* counted: conf points into it */
	const struct conf_listener *conf;
	char *name;
	unsigned id;			/* 1.., stable while it exists */
	struct addr addr;		/* what the socket is bound to */
	struct acceptor *acceptor;	/* NULL when retired */
	struct list fronts;
	uint32_t nfronts;
	struct counters count;
	struct tls_counters tls;
	struct handshake_lines lines;
	uint64_t sessions[HTTP_PROTOS];	/* by protocol; NONE: asked nothing */
	uint64_t requests[HTTP_PROTOS];
	struct bad bad;			/* the last malformed request */
	uint32_t most;			/* connections, if most_set */
	bool most_set;			/* at run time; a reload keeps it */
	bool full;			/* accepting is paused by a limit */
	int64_t full_told;		/* when that was logged last, or 0 */
	bool gone;
};

/* The sockets of a snapshot, opened or found, before it is put in force. */
struct listener_plan;

/* NULL with sentences in errors when a socket cannot be had. */
struct listener_plan *listener_plan_new(struct worker *w, struct conf *conf,
    struct text *errors);
void listener_plan_abandon(struct listener_plan **plan);
void listener_plan_commit(struct listener_plan **plan, struct text *changes);

/* Stops accepting; idle clients are let go, others after their answer. */
void listener_retire(struct listener *l);

/* Frees it if it is gone and its last client has left. */
void listener_settle(struct listener *l);

/* Connections that are let in now.  It may be set instead of max_connections:
 * to less than there are, and none goes; to 0, and nobody comes. */
int64_t listener_limit(const struct listener *l);
void listener_set_limit(struct listener *l, uint32_t most);

void listener_free(struct listener **l);
const char *listener_status(const struct listener *l);	/* OPEN PAUSED STOP */
struct listener *listener_find(struct worker *w, const char *name);
