#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that somebody else owns, no NUL after.  p may be NULL if n is 0. */
struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
#define SLICE_ARG(s) (int)(s).n, (s).p ? (s).p : ""	/* for "%.*s" */

static inline struct slice
slice_of(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

static inline struct slice
slice_make(const char *p, size_t n)
{
	return (struct slice){ p, n };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline struct slice
slice_skip(struct slice s, size_t n)
{
	return (struct slice){ s.p + n, s.n - n };
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n &&
	    (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline char
slice_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Equal but for the case of ASCII letters. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_ends_nocase(struct slice s, struct slice suffix);

/* Without leading and trailing SP and HTAB. */
struct slice slice_trim(struct slice s);

/*
 * Cuts the next element off a comma-separated list (RFC 9110 5.6.1): trimmed,
 * empty ones skipped.  False at the end.
 */
bool slice_next_element(struct slice *list, struct slice *element);

/*
 * All of s as digits in base 10 (or 16 for slice_hex).  False when empty, when
 * a byte is not a digit, or when the value would pass max.
 */
bool slice_number(struct slice s, uint64_t max, uint64_t *out);
bool slice_hex(struct slice s, uint64_t max, uint64_t *out);
