#pragma once

#include <stdbool.h>
#include <stdint.h>

struct worker;

#define ROOM_TOLD_EVERY SEC(10)

/* Whether what requests hold leaves room for another (global.max_buffers). */
struct room {
	uint64_t refused;	/* requests */
	int64_t told;		/* when the log was; 0: never */
};

/* Bytes of pages and of arenas that are in use: heads, and bodies that nobody
 * has taken yet. */
uint64_t room_used(const struct worker *w);

/* May one more request be carried?  If not it is counted, and told in the log
 * once in a while. */
bool room_for_request(struct worker *w);
