#pragma once

#include <stdint.h>

struct pool;

/*
 * A server that came up gets its share of requests and of its max_connections
 * little by little, so that it can fill its caches first.
 */

/* The part of its weight, 0.1 .. 1, at t since it came up: max(0.1,
 * (max(t, 1s) / window) ^ (100 / aggression)). */
double slow_start_part(int64_t t, int64_t window, int64_t aggression);

/* From pool_refresh, before the policy's: sees who came up, sets cold of all
 * servers, and has the pool refreshed again while one is warming. */
void slow_start_refresh(struct pool *p);

void slow_start_init(struct pool *p);
void slow_start_stop(struct pool *p);
