#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct pool;
struct server;

/*
 * Requests that wait because every usable server of their pool has as many in
 * flight as its max_connections allows: one FIFO a pool, bounded by max_queue.
 *
 * A place is embedded in who waits.  When there is room, those in front are
 * called, as many as there is room for: called is set, on_turn tells, and they
 * are off the list; each then picks, and says so by queue_answered().
 *
 * Where each waits for the server of its key (on_full = "queue"), they do not
 * hold up each other: who is first among those of a server is called when that
 * one has room.
 */
struct place {
	struct list node;
	void (*on_turn)(void *owner);	/* schedules; decides nothing */
	void *owner;
	bool called;
	struct server *wanted;	/* the one it waits for; NULL: any */
};

void place_init(struct place *pl, void (*on_turn)(void *owner), void *owner);

/* At the tail.  False: the queue is full. */
bool queue_join(struct pool *p, struct place *pl);

/* Back to the head: it was called, and somebody took the room. */
void queue_rejoin(struct pool *p, struct place *pl);

/* No longer wanted; allowed in any state. */
void queue_leave(struct pool *p, struct place *pl);

/* Who was called has picked, or has given up. */
void queue_answered(struct pool *p, struct place *pl);

/* Must a new request wait behind others? */
bool queue_has_precedence(const struct pool *p);

/* A reload: servers that are waited for may go; those who wait take any. */
void queue_forget(struct pool *p);

/* Room may have come, or the last usable server may have gone (then all are
 * called, to learn it). */
void queue_wake(struct pool *p);
