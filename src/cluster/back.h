#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cluster/caller.h"
#include "cluster/link.h"
#include "cluster/server.h"

/*
 * One connection to a server: connecting, in use, or idle.
 *
 * Who wants a stream asks: back_ask() takes an idle connection (the one used
 * last first) or dials.  The answer is a fact: ask->done is set, and either
 * ask->stream is open or ask->error says why not; the asker's sink is told.
 */
struct back_ask {
	struct list node;
	struct server *server;
	struct caller *caller;		/* for whom; borrowed, */
	struct conn *client;		/* as is its conn */
	struct back *back;		/* being dialled for us, or NULL */
	const struct stream_sink *sink;	/* of the stream to come */
	void *owner;
	void (*on_done)(void *owner);	/* schedules; decides nothing */
	bool done;
	struct stream *stream;
	int error;			/* errno: ECONNREFUSED, ETIMEDOUT, ... */
};

struct back {
	struct list node;		/* in server->idle or server->busy */
	struct server *server;
	struct link link;
	struct task reap;
	struct timer timer;		/* connect, then idle */
	struct list asks;
	enum proxy_version said;	/* how the server was told for whom */
	struct caller *caller;		/* for whom alone; NULL: it has left,
					 * or nothing was said */
	struct list of_caller;		/* in caller->backs */
	uint32_t streams;		/* opened so far */
	bool connected, is_idle;
};

/*
 * Asks for a stream on that server, for ask->caller.  A connection that was used
 * before may be given only if may_reuse, and if what the server was told on it
 * holds for this caller.  If one is idle, ask->done is true on return.
 */
void back_ask(struct back_ask *ask, struct server *s, bool may_reuse);

/* No longer wanted.  The connection under way becomes an idle one. */
void back_unask(struct back_ask *ask);

/* Closes all idle connections of a server (it is down, in maint, or gone). */
void back_close_idle(struct server *s);

/* Ends all connections with streams in flight (on_down = "shutdown"). */
void back_close_busy(struct server *s);
