#pragma once

#include <stdint.h>

#include "base/slice.h"

/*
 * Numbers as decimal digits, without a format to read: for lines and heads
 * that are made for each request.
 */
#define NUMBER_TEXT 20	/* digits of UINT64_MAX */

/* The digits, in room; no NUL after. */
static inline struct slice
number_print(uint64_t n, char room[NUMBER_TEXT])
{
	unsigned at = NUMBER_TEXT;

	do {
		room[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return slice_make(room + at, NUMBER_TEXT - at);
}

/* All 16 hexadecimal digits of n, at p. */
static inline void
number_print_hex(uint64_t n, char p[16])
{
	for (int i = 15; i >= 0; i--, n >>= 4)
		p[i] = "0123456789abcdef"[n & 15];
}
