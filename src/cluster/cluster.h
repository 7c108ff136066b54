#pragma once

#include "base/list.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/slab.h"
#include "base/text.h"
#include "cluster/counters.h"
#include "cluster/names.h"
#include "codec/codec.h"
#include "conf/model.h"
#include "net/conn.h"
#include "net/loop.h"

/* All pools, and what they work with.  Everything is borrowed but the pools. */
struct cluster {
	struct loop *loop;
	struct log *log;
	struct rng *rng;
	struct dialer *dialer;
	struct codec_shared shared;
	struct list pools;		/* in configured order */
	struct list retired;		/* gone, still held */
	struct names names;		/* its resolver is set by the daemon */
	struct slab backs;		/* of struct back */
	uint64_t dialled;		/* so many of them, in all */
	struct rate tls_keys;		/* handshakes with servers, full ones */
	unsigned next_id;
	/* Some server's or pool's state changed: schedules.  May be NULL. */
	void (*on_change)(void *owner);
	void *owner;
};

void cluster_init(struct cluster *c, struct loop *loop, struct log *log,
    struct rng *rng, struct dialer *dialer, const struct codec_shared *shared);

/* Ends all: probes, idle connections, pools.  No exchange may be left.  Called
 * between ticks: it runs what is to be reaped. */
void cluster_fini(struct cluster *c);

/* Makes the pools be those of a snapshot; cannot fail.  changes gets a few
 * words a pool for the log, and may be NULL. */
void cluster_apply(struct cluster *c, struct conf *snapshot,
    struct text *changes);

struct pool *cluster_find(const struct cluster *c, const char *name);
