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
 * Where each waits for the server of its key (on_full = "queue"), there is a
 * FIFO a server as well, and they do not hold up each other; all count
 * together against max_queue.
 *
 * A retry waits for a server that was not tried.  Room of one that was is for
 * whoever comes next, so that nobody is held up by it.
 */
struct place {
	struct list node;
	void (*on_turn)(void *owner);	/* schedules; decides nothing */
	void *owner;
	uint64_t ticket;		/* by which lists are in order */
	struct server *wanted;		/* the one it waits for; NULL: any */
	struct server *const *tried;	/* any but these, which have failed it, */
	unsigned ntried;		/* as long as there are others */
	bool called;
};

void place_init(struct place *pl, void (*on_turn)(void *owner), void *owner);

/* Is there a usable server that it has not tried, though it may be full? */
bool queue_has_others(const struct pool *p, const struct place *pl);

/* May it join, or is it called and may join again? */
bool queue_takes(const struct pool *p, const struct place *pl);

/* At the tail.  False: the queue is full. */
bool queue_join(struct pool *p, struct place *pl, struct server *wanted);

/* Back to where it was: it was called, and somebody took the room. */
void queue_rejoin(struct pool *p, struct place *pl, struct server *wanted);

/* No longer wanted; allowed in any state, and when it is all zeroes. */
void queue_leave(struct pool *p, struct place *pl);

/* Who was called has picked and begun, or was refused; others may say so. */
void queue_answered(struct pool *p, struct place *pl);

/* Must a new request wait behind others? */
bool queue_has_precedence(const struct pool *p);

/* Is all room of this server promised to those who were called for it? */
bool queue_has_claimed(const struct server *s);

/* Who waits for that server takes any. */
void queue_forget(struct server *s);

/* A request of that server ended: one may be called. */
void queue_room(struct server *s);

/* Room may have come, or the last usable server may have gone (then all are
 * called, to learn it). */
void queue_wake(struct pool *p);
