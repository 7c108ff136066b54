#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the loop is to pause before it waits, so that more comes meanwhile:
 * what many streams of one connection have to say is then read at once and
 * written at once, and not each for itself.  Network cards moderate their
 * interrupts for the same reason.
 *
 * A pause is worth it where events are close to each other and belong to
 * connections that many streams share; and nobody is to notice it, so that it
 * is a small part of what even quick answers take.
 *
 * All times are microseconds.  Pure: the loop asks, and sleeps.
 */
#define GATHER_EVENTS 16	/* a pause is as long as so many take to come */
#define GATHER_LEAST 2		/* no pause if fewer are to be expected */
#define GATHER_PART 16		/* of what a quick answer takes: at most 1/16 */
#define GATHER_TICKS 16		/* how long a wish stands */

struct gather {
	int64_t most;		/* of a pause; 0: there is none */
	int64_t quick;		/* what one answer of nine or fewer undercuts */
	int64_t apart;		/* from event to event, in sixteenths */
	int64_t since;		/* when it was asked last */
	unsigned wished;		/* for so many more ticks */
	uint64_t count;		/* pauses so far, */
	uint64_t time;		/* and how long they were */
};

/* A connection that many streams share has bytes to read or to write. */
static inline void
gather_wish(struct gather *g)
{
	g->wished = GATHER_TICKS;
}

/*
 * A server took so long to answer.  One step of an estimate of a low quantile
 * that needs no samples kept: it stands still where one in nine is below it.
 */
static inline void
gather_answer(struct gather *g, int64_t took)
{
	if (took < g->quick)
		g->quick -= g->quick / 16 + 1;
	else
		g->quick += g->quick / 128 + 1;
}

/*
 * To be asked once a tick, at its end.  now: an instant; woken: when the tick
 * began to hear; heard: how many events it had.  idle: the loop is about to
 * wait.  Gives how long to pause first, or 0.
 */
int64_t gather_pause(struct gather *g, int64_t now, int64_t woken,
    unsigned heard, bool idle);
