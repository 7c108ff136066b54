#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cluster/caller.h"
#include "cluster/link.h"

struct listener;
struct worker;

/*
 * One connection from a client.  Holds the deadlines between requests; makes
 * an exchange of each stream its codec announces.  A conn that is not connected
 * yet (what stands before HTTP is missing) gets its codec when it is; one that
 * has been idle for a while has none until bytes come.
 */
struct front {
	struct list node;		/* in listener->fronts */
	struct listener *listener;
	struct link link;
	struct caller caller;		/* the client, as servers are told */
	struct task reap;
	struct timer timer;		/* handshake, head, keep-alive or age */
	int64_t born;			/* clock.now */
	uint32_t exchanges;		/* that hold it */
	uint32_t requests;		/* of codecs that it had before */
	uint32_t unsent, stalls;	/* while it lingers: what it had not
					 * taken, and how often that stood */
	uint32_t tick;			/* of the loop, in which the last one began, */
	uint8_t begun;			/* and how many did */
	uint8_t phase;			/* the timer was set for */
	bool rested;			/* idle, and its timer is the last */
	bool quick;			/* it asks again soon */
	bool old;			/* max_age is over, and it was told */
	bool leaving;			/* what it asks now is the last */
	bool asked;			/* it is counted by its protocol */
	bool secure;			/* TLS stands on it, or is to */
	bool trusted;			/* the peer is in listener->conf->trusted */
};

/* Takes fd. */
void front_accept(struct listener *l, int fd, const struct addr *peer);

/* The same over a conn of the caller's making (simulations).  NULL: the client
 * may not connect, and was let go. */
struct front *front_new(struct listener *l, struct conn *conn);

/* The listener has a new snapshot: limits and trust follow. */
void front_retune(struct front *f);

/* A request may begin, or be given up, in this tick; others of the same client
 * were before. */
bool front_has_turn(struct front *f);

/* One that had its turn opens or closes a connection to a server, which takes
 * longer. */
void front_has_dialled(struct front *f);

/* If the connection is old enough it says that it is the last: an answer that
 * is about to begin, or at once where streams share it. */
void front_judge_age(struct front *f);

/* It is to go: what it has begun to ask is served, and then, or if nothing comes
 * for a moment, it ends. */
void front_drain(struct front *f);

/* An exchange has let go of it. */
void front_exchange_done(struct front *f);
