/*
 * gather.c - a short pause, so that what comes close together goes together.
 */
#include "net/gather.h"

static int64_t
lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A silence counts for no more than some pauses: it is soon forgotten. */
static void
note_pace(struct gather *g, int64_t now, unsigned heard)
{
	int64_t took = lesser(now - g->since, 4 * g->most) * 16;

	g->since = now;
	if (heard > 0)
		took /= heard;
	g->apart += (took - g->apart) / 8;
}

/*
 * Who heard much, or worked for longer than the pause would be, has gathered by
 * working: so a loop that has no time to spare does not pause.
 */
int64_t
gather_pause(struct gather *g, int64_t now, int64_t woken, unsigned heard,
    bool idle)
{
	int64_t pause;

	if (g->most == 0)
		return 0;
	note_pace(g, now, heard);
	if (g->wished == 0)
		return 0;
	g->wished--;
	if (!idle || heard >= GATHER_EVENTS)
		return 0;
	pause = lesser(lesser(g->most, g->quick / GATHER_PART),
	    GATHER_EVENTS * g->apart / 16);
	if (pause <= now - woken || pause * 16 < GATHER_LEAST * g->apart)
		return 0;
	g->count++;
	g->time += (uint64_t)pause;
	return pause;
}
