#pragma once

#include <stdint.h>

/* Instants and durations are int64_t microseconds everywhere. */
#define USEC_PER_MS  INT64_C(1000)
#define USEC_PER_SEC INT64_C(1000000)

#define MSEC(n) ((int64_t)(n) * USEC_PER_MS)
#define SEC(n)  ((int64_t)(n) * USEC_PER_SEC)

/*
 * The time as of the start of this tick.  Read once a tick by the loop; a
 * simulation sets it.
 */
struct clock {
	int64_t now;	/* monotonic */
	int64_t wall;	/* since 1970-01-01 UTC */
};

void clock_read(struct clock *c);
int64_t clock_now(void);	/* what its `now` would be */
