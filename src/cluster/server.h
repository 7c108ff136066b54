#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/alias.h"
#include "cluster/counters.h"
#include "cluster/health.h"
#include "conf/model.h"
#include "net/addr.h"
#include "net/loop.h"

struct pool;
struct prober;
struct seat;

enum server_admin { SERVER_READY, SERVER_DRAIN, SERVER_MAINT };

/*
 * One address in a pool.  It outlives a reload when pool and address stand,
 * with its health, counters, weight set at run time, idle connections and
 * requests in flight.  One that goes (gone) stays until its last request and
 * connection have ended.
 */
struct server {
	struct list node;		/* in pool->servers, or its retired */
	struct pool *pool;
	const struct conf_server *conf;	/* of the pool's snapshot */
	char *name;
	struct addr addr;
	char addr_text[ADDR_TEXT];
	unsigned id;			/* 1.., stable while it exists */
	unsigned weight;		/* now; given unless set */
	unsigned given;			/* by the row, or by DNS */
	bool backup;			/* so says the row, or DNS */
	bool weight_set;		/* at run time: a reload keeps it */
	bool most_set;			/* the same */
	uint32_t most;			/* max_connections now; 0: no limit */
	enum server_admin admin;
	bool gone;
	bool unresolved;		/* no address, no traffic, no probes */
	struct health health;
	struct prober *prober;		/* NULL: no check */
	uint32_t active;		/* requests in flight */
	struct list idle;		/* of struct back; head: used last */
	struct list open;		/* in use, and with room for more */
	struct list busy;		/* in use, without; or ending */
	uint32_t nidle, nbusy;		/* nbusy: of both */
	uint32_t nbusy_max;
	enum http_proto agreed;		/* on the connection made last */
	struct aliases aliases;		/* its names in TLS */
	struct counters count;
	int64_t fault_told;		/* clock.now: in the log, the last; */
	uint32_t fault_more;		/* not told since */
	struct task reap;
	struct conf *kept;		/* once gone: counted, of conf */
	int64_t down_since;		/* clock.now, 0: not down */
	bool in_service;		/* up, and not in maint */
	int64_t warm_since;		/* clock.now at which that began */
	unsigned cold;			/* thousandths held back; slow_start */
	struct list queue;		/* of struct place: who waits for it */
	uint32_t ncalled;		/* of those, called and not answered */
	/* Of the balancing policy: */
	int64_t current;		/* round_robin: smooth weight */
	uint32_t slot;			/* least_conn: place in the heap;
					 * hash: in the list of owners */
	uint64_t turn;			/* least_conn: last pick, for ties */
};

struct server *server_new(struct pool *pool, const struct seat *seat);

/* From the reload: it stands under a new snapshot. */
void server_retune(struct server *s, const struct seat *seat);

/* A new one takes over what was set at run time for one that goes. */
void server_inherit(struct server *s, const struct server *from);

/* It is no longer configured: no traffic, no probes; freed when unused. */
void server_retire(struct server *s);

/* A request begins or ends here: active, scur, the policy's load. */
void server_begin(struct server *s);
void server_end(struct server *s);

void server_set_admin(struct server *s, enum server_admin admin);
void server_set_weight(struct server *s, unsigned weight);	/* 0..256 */

/* Instead of max_connections; 0: no limit.  With less than it has in flight it
 * gets no more until enough of them have ended. */
void server_set_most(struct server *s, uint32_t most);

/* By the operator: fully up or down until probes say otherwise.  False, and
 * nothing changed, when it has no check. */
bool server_set_health(struct server *s, bool up);

/* The result of one probe: feeds health, logs a transition, refreshes the
 * pool. */
void server_on_probe(struct server *s, enum health_result result, int code,
    int64_t duration, const char *sentence);

/* What it sent ended a connection: for "show errors", and for the log, there at
 * most once a minute. */
void server_on_fault(struct server *s, const char *why);

/* Its weight in thousandths, less what slow start holds back. */
static inline uint64_t
server_weight_now(const struct server *s)
{
	return (uint64_t)s->weight * (1000 - s->cold);
}

/* What it may have in flight, less what slow start holds back; 0: no limit. */
static inline uint32_t
server_limit(const struct server *s)
{
	return (uint32_t)(((uint64_t)s->most * (1000 - s->cold) + 999) / 1000);
}

/* How many more requests it may take within that. */
uint32_t server_room(const struct server *s);

static inline bool
server_is_full(const struct server *s)
{
	return s->most > 0 && s->active >= server_limit(s);
}

/* Takes new requests: ready, weight > 0, resolved, not gone, up. */
bool server_is_usable(const struct server *s);

/* "UP", "DOWN 1/2", "MAINT", "DRAIN", "no check", ... as in show stat. */
void server_status(const struct server *s, char out[32]);

/* Freed in this tick's reap phase if gone and nothing of it is left; not while
 * somebody was called for it (queue.h). */
void server_settle(struct server *s);
