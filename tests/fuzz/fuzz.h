#pragma once

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer, and replay.c, call for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A seed made of the input, so that an input always runs the same way. */
static inline uint32_t
fuzz_seed(const uint8_t *bytes, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * 16777619u;
	return h | 1;
}

static inline uint32_t
fuzz_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}
