#pragma once

#include <stdint.h>

#include "http/fault.h"

struct front;

#define ABUSE_LINES 10u		/* of the log, a second */

/* Connections that ended because their client did something too often. */
struct abuse_log {
	uint64_t count[ABUSES];
	int64_t second;
	uint32_t told;		/* in that second */
	uint64_t untold;	/* since the last line */
};

/* Counts it, and puts a line into the log unless there were many just now; the
 * next one says how many were left out. */
void abuse_tell(const struct front *f, const struct fault *fault);
