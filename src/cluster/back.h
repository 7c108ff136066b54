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
 * Who wants a stream asks: back_ask() takes a connection that has room (an idle
 * one, the one used last first; else the least loaded), waits for one that is
 * being dialled and will take several streams, or dials.  The answer is a fact:
 * ask->done is set, and either ask->stream is open or ask->error says why not;
 * the asker's sink is told.  Who had a stream leaves by back_leave().
 */
struct back_ask {
	struct list node;
	struct server *server;
	struct caller *caller;		/* for whom; borrowed, */
	struct conn *client;		/* as is its conn */
	struct back *back;		/* being dialled for us, or NULL */
	struct back *of;		/* the stream's, while it is held */
	uint64_t after;			/* only one dialled after this number */
	const struct stream_sink *sink;	/* of the stream to come */
	void *owner;
	void (*on_done)(void *owner);	/* schedules; decides nothing */
	unsigned refusals;		/* the asker's, so far */
	bool done;
	struct stream *stream;
	int error;			/* errno: ECONNREFUSED, ETIMEDOUT, ...;
					 * EBUSY: it allows no stream */
	char reason[SECURE_REASON];	/* of error; empty, unless it was TLS
					 * that failed */
};

/* See back_place.c. */
enum back_place { BACK_NOWHERE, BACK_BUSY, BACK_OPEN, BACK_IDLE };

struct back {
	struct list node;		/* in the server's list of its place */
	enum back_place place;
	uint64_t number;		/* of all that were dialled */
	struct server *server;
	struct link link;
	const struct conn *below;	/* the socket under TLS, or NULL */
	struct tls_client *client;	/* the settings it was made under; counted */
	struct alias *alias;		/* its name, counted; NULL: plain */
	struct task reap;
	struct timer timer;		/* connect and handshake, then idle, or
					 * an answer to what was asked */
	int64_t idle_until;		/* while it is idle */
	int64_t asked;			/* for life, and nothing came since */
	struct list asks;		/* that wait; those that were refused
					 * most often come first */
	enum proxy_version said;	/* how the server was told for whom */
	struct caller *caller;		/* for whom alone; NULL: it has left,
					 * or nothing was said */
	struct list of_caller;		/* in caller->backs */
	enum http_proto wanted;		/* the pool's, when it was dialled */
	uint32_t streams;		/* opened so far */
	uint32_t nopen, nasks;		/* streams held; asks that wait */
	bool connected;
	bool is_shared;			/* several streams at a time; while it
					 * is dialled: so it is expected */
};

/*
 * Asks for a stream on that server, for ask->caller and a request with this
 * Host (TLS may ask for the server by it).  A connection is shared, or used
 * again, only if what the server was told on it holds for this caller and Host,
 * and if it was dialled after the one with the number `after` (of
 * back_newest(); 0: any will do).  If one is there, ask->done is true on
 * return.
 */
void back_ask(struct back_ask *ask, struct server *s, struct slice host,
    uint64_t after);

/* The number of the connection that was dialled last. */
uint64_t back_newest(const struct server *s);

/* What is spoken on the connection of ask->stream. */
enum http_proto back_proto(const struct back_ask *ask);

/* How TLS stands with the server of ask->stream, as conn_facts; why it broke. */
bool back_facts(const struct back_ask *ask, struct tls_facts *out);
bool back_failed(const struct back_ask *ask, char reason[SECURE_REASON]);

/*
 * Lets go of the stream, by reset or gently; or it is no longer wanted: then
 * the connection under way becomes an idle one.
 */
void back_leave(struct back_ask *ask, bool reset);

/* Closes all idle connections of a server (it is down, in maint, or gone). */
void back_close_idle(struct server *s);

/* The same for those of no use any more: after a reload. */
void back_close_outdated(struct server *s);

/* Ends all connections with streams in flight (on_down = "shutdown"). */
void back_close_busy(struct server *s);
