#pragma once

#include "base/list.h"
#include "net/conn.h"

struct server;

/*
 * A client as servers are told of it (pool.send_proxy).  What was said at the
 * beginning of a connection holds for all of it, so such a connection is for
 * the requests of one client alone, and goes with it.
 */
struct caller {
	struct list backs;		/* that were made for it */
};

void caller_init(struct caller *c);

/* The client has left.  Its idle connections to servers are closed, others
 * when they become idle. */
void caller_fini(struct caller *c);

/* Connects to a server, and says who the client is if its pool wants that: whom
 * this conn speaks to.  NULL: it is steelyard itself (a probe). */
struct conn *caller_dial(struct conn *client, const struct server *s);
