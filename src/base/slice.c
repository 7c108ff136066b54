/*
 * slice.c - comparing, trimming, cutting and counting borrowed bytes.
 */
#include "base/slice.h"

/* Most often they are equal as they stand. */
bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	if (a.n == 0 || memcmp(a.p, b.p, a.n) == 0)
		return true;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] &&
		    slice_lower(a.p[i]) != slice_lower(b.p[i]))
			return false;
	return true;
}

bool
slice_ends_nocase(struct slice s, struct slice suffix)
{
	if (suffix.n == 0)
		return true;
	if (s.n < suffix.n)
		return false;
	return slice_eq_nocase(slice_skip(s, s.n - suffix.n), suffix);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* A comma always separates: lists with quoted strings are not cut here. */
bool
slice_next_element(struct slice *list, struct slice *element)
{
	const char *comma;
	size_t n;

	while (list->n > 0) {
		comma = memchr(list->p, ',', list->n);
		n = comma != NULL ? (size_t)(comma - list->p) : list->n;
		*element = slice_trim(slice_make(list->p, n));
		*list = slice_skip(*list, comma != NULL ? n + 1 : n);
		if (element->n > 0)
			return true;
	}
	return false;
}

static unsigned
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = slice_lower(c);
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 16;
}

/* One more digit.  False: it is none, or the value passes max. */
static inline bool
add_digit(uint64_t *value, unsigned base, unsigned digit, uint64_t max)
{
	return digit < base &&
	    !__builtin_mul_overflow(*value, base, value) &&
	    !__builtin_add_overflow(*value, digit, value) && *value <= max;
}

bool
slice_number(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!add_digit(&value, 10, (unsigned)(s.p[i] - '0'), max))
			return false;
	*out = value;
	return true;
}

bool
slice_hex(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!add_digit(&value, 16, digit_of(s.p[i]), max))
			return false;
	*out = value;
	return true;
}
