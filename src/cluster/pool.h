#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/balance.h"
#include "cluster/bad.h"
#include "cluster/counters.h"
#include "cluster/queue.h"
#include "cluster/server.h"
#include "conf/model.h"
#include "net/loop.h"

struct cluster;

/*
 * A named group of servers.  Outlives a reload when its name stands.
 */
struct pool {
	struct list node;		/* in cluster->pools */
	struct cluster *cluster;
	struct conf *snapshot;		/* counted: conf points into it */
	const struct conf_pool *conf;
	struct http_limits limits;	/* conf->limits, for codecs to borrow */
	char *name;
	unsigned id;			/* 1.., stable while it exists */
	struct list servers;		/* in configured order; none gone */
	unsigned nservers, next_id;
	struct list retired;		/* gone, requests still in flight */
	struct server **usable;		/* for the policy; all in panic */
	unsigned nusable;
	unsigned nup;			/* usable by their own right */
	bool panic;
	bool on_backup;			/* the backup servers serve */
	bool empty_logged;		/* that there is no usable server */
	const struct balance_ops *balance;
	void *balance_state;
	uint64_t turn;
	struct timer warmth;		/* slow start: looks again */
	struct list queue;		/* of struct place: who waits for room */
	uint32_t nqueue, ncalled;
	uint32_t nagain;		/* of queue: not for all servers */
	uint64_t tickets;		/* of the queue */
	uint32_t in_flight;		/* exchanges that hold the pool */
	uint32_t retrying;		/* of them, in a second try or later */
	struct counters count;
	struct bad bad;			/* the last malformed response */
	struct bad_conn bad_tls, bad_end;
	int64_t changed;		/* wall time of its last UP or DOWN */
	struct task reap;
	bool gone;
};

struct pool *pool_new(struct cluster *c, struct conf *snapshot,
    const struct conf_pool *conf);

/* A reload: servers are matched by address; what stands keeps its state.  Says
 * in a few words what changed ("added c (127.0.0.1:83), removed a, weight of b
 * 1 -> 2"), or adds nothing. */
void pool_retune(struct pool *p, struct conf *snapshot,
    const struct conf_pool *conf, struct text *changes);

/* The servers become those that the configuration and DNS say; old are those
 * there were, and what stands of them keeps its state. */
void pool_seat(struct pool *p, struct list *old, struct text *changes);

/* DNS has said something new: the same under the same snapshot; logs. */
void pool_reseat(struct pool *p);
void pool_retire(struct pool *p);

/* Remakes usable, panic and the policy's state; logs panic and emptiness once
 * a change.  Called whenever a server's state, weight or admin changed. */
void pool_refresh(struct pool *p);

/* Why it is not in usable, in a word; NULL: it is. */
const char *pool_objection(const struct pool *p, const struct server *s);

/* Exchanges hold the pool they were routed to; a gone one is freed after. */
void pool_hold(struct pool *p);
void pool_drop(struct pool *p);

/* Freed in this tick's reap phase if gone and nothing of it is left. */
void pool_settle(struct pool *p);

/*
 * Chooses, and counts it (lbtot) unless it is dry.  NULL: no usable server, all
 * of them are full, or all were tried and `again` is false; with again, the
 * tried ones may be taken once no other is left.
 */
struct server *pool_pick(struct pool *p, const struct pick *pick, bool again);

/* One more retry within the budget: retry_min, or retry_budget % of in_flight.
 * Counts it in p->retrying; the exchange gives it back by pool_retry_done. */
bool pool_retry_may(struct pool *p);
void pool_retry_done(struct pool *p);

struct server *pool_find_server(const struct pool *p, const char *name);
const char *pool_status(const struct pool *p);	/* UP, DOWN */
