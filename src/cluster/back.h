#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cluster/caller.h"
#include "cluster/link.h"
#include "cluster/secure.h"
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
	struct back *of;		/* the stream's, while it is held */
	const struct stream_sink *sink;	/* of the stream to come */
	void *owner;
	void (*on_done)(void *owner);	/* schedules; decides nothing */
	bool done;
	struct stream *stream;
	int error;			/* errno: ECONNREFUSED, ETIMEDOUT, ... */
	char reason[SECURE_REASON];	/* empty, unless it was TLS that failed */
};

struct back {
	struct list node;		/* in server->idle or server->busy */
	struct server *server;
	struct link link;
	const struct conn *below;	/* the socket under TLS, or NULL */
	struct tls_client *client;	/* the settings it was made under; counted */
	struct alias *alias;		/* its name, counted; NULL: plain */
	struct task reap;
	struct timer timer;		/* connect and handshake, then idle */
	struct list asks;
	enum proxy_version said;	/* how the server was told for whom */
	struct caller *caller;		/* for whom alone; NULL: it has left,
					 * or nothing was said */
	struct list of_caller;		/* in caller->backs */
	uint32_t streams;		/* opened so far */
	bool connected, is_idle;
};

/*
 * Asks for a stream on that server, for ask->caller and a request with this
 * Host (TLS may ask for the server by it).  A connection that was used before
 * may be given only if may_reuse, and if what the server was told on it holds
 * for this caller and Host.  If one is idle, ask->done is true on return.
 */
void back_ask(struct back_ask *ask, struct server *s, struct slice host,
    bool may_reuse);

/* How TLS stands with the server of ask->stream, as conn_facts; why it broke. */
bool back_facts(const struct back_ask *ask, struct tls_facts *out);
bool back_failed(const struct back_ask *ask, char reason[SECURE_REASON]);

/* No longer wanted.  The connection under way becomes an idle one. */
void back_unask(struct back_ask *ask);

/* Closes all idle connections of a server (it is down, in maint, or gone). */
void back_close_idle(struct server *s);

/* The same for those made under other settings of TLS: after a reload. */
void back_close_outdated(struct server *s);

/* Ends all connections with streams in flight (on_down = "shutdown"). */
void back_close_busy(struct server *s);
