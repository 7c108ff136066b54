/*
 * clock.c - what time it is.
 */
#include <time.h>

#include "base/clock.h"
#include "base/must.h"

static int64_t
read_usec(clockid_t id)
{
	struct timespec ts;

	must(clock_gettime(id, &ts) == 0);
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

int64_t
clock_now(void)
{
	return read_usec(CLOCK_MONOTONIC);
}

void
clock_read(struct clock *c)
{
	c->now = clock_now();
	c->wall = read_usec(CLOCK_REALTIME);
}
