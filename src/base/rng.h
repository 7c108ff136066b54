#pragma once

#include <stdint.h>

/* xoshiro256** (Blackman and Vigna, 2018).  Not for secrets. */
struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);	/* by splitmix64 */
void rng_init_random(struct rng *r);		/* from getrandom(2) */
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);	/* 0 .. n-1, n > 0, unbiased */
double rng_unit(struct rng *r);			/* [0, 1) */
