#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/rng.h"
#include "cluster/cluster.h"
#include "cluster/counters.h"
#include "conf/model.h"
#include "http/date.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "net/tls_server.h"
#include "proxy/abuse.h"
#include "proxy/expiry.h"
#include "proxy/room.h"
#include "proxy/route.h"

struct listener_plan;

/*
 * One event loop and all that hangs from it.  How a request travels:
 *
 *	acceptor > listener > front (link: conn + codec) > exchange
 *	exchange: HEAD > ROUTE > PICK > CONNECT > FORWARD > DONE
 *	back (link: conn + codec) < server < pool < cluster
 *
 * Nothing here assumes that there is only one worker.
 */
struct worker {
	struct loop *loop;
	struct log *log;
	struct rng rng;
	struct dialer *dialer;
	struct conf *conf;		/* the snapshot in force; counted */
	struct routes routes;		/* of it */
	struct pool **pools;		/* parallel to conf->pools */
	uint32_t mark;			/* in our name, if none is configured */
	char via[96];			/* our pseudonym in Via (RFC 9110 7.6.3) */
	struct cluster cluster;
	struct listener_plan *plan;	/* prepared, not in force; or NULL */
	struct list listeners;		/* in configured order */
	struct list retired;		/* gone, with clients still connected */
	unsigned next_id;
	struct counters count;		/* of the whole process */
	struct tls *tls;		/* the daemon's; NULL: none */
	struct tls_gate *gate;
	struct tls_tickets *tickets;
	struct tls_counters tls_count;
	struct expiry expiry;		/* of certificates */
	struct abuse_log abuse;
	struct room room;
	uint32_t nfronts;		/* client connections */
	struct list exchanges;		/* all in flight */
	uint32_t nexchanges;
	struct codec_shared shared;
	struct slab fronts, exchanges_slab;
	struct date_cache date;
	struct log_stamp stamp;		/* of lines */
	struct text line;		/* scratch of the access log */
	uint64_t next_exchange;
	int64_t started;		/* wall */
	uint64_t reloads, reload_errors;
	int64_t most;			/* connections, set at run time; or 0 */
	bool draining;
	struct timer drain, log_due;
	int64_t logged;			/* when lines were written last */
	bool stopped;			/* nothing is left: the loop may end */
};

/* Takes nothing; loop, log and dialer are borrowed. */
struct worker *worker_new(struct loop *loop, struct log *log,
    struct dialer *dialer);

/* Ends everything at once. */
void worker_free(struct worker **w);

/*
 * Puts a snapshot in force, in two steps for a reload that is all or nothing.
 * The first opens the sockets that are new; if some cannot be had, it closes
 * the others again, says why of each in errors, and is false.  The second
 * cannot fail, and takes its own reference; changes gets a sentence a listener
 * or pool.
 */
bool worker_prepare(struct worker *w, struct conf *conf, struct text *errors);
void worker_commit(struct worker *w, struct conf *conf, struct text *changes);
void worker_abandon(struct worker *w);

/* Ends gently: listeners close, idle connections end, responses in flight
 * finish; after drain_timeout the rest is cut.  Then w->stopped is true. */
void worker_drain(struct worker *w);

/* A client connection has come or gone, or a limit has changed: pauses and
 * resumes accepting. */
void worker_balance_accepting(struct worker *w);

/* Connections of clients that are let in now. */
int64_t worker_limit(const struct worker *w);

/* A limit below that of the configuration, which holds through reloads as far
 * as they allow as many; 0: that of the configuration again. */
void worker_set_limit(struct worker *w, int64_t most);
