/*
 * units.c - durations, sizes and modes, read and written.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "conf/units.h"

struct unit {
	struct slice name;
	int64_t worth;
};

static const struct unit durations[] = {	/* the largest first */
	{ { "d", 1 }, 86400 * USEC_PER_SEC },
	{ { "h", 1 }, 3600 * USEC_PER_SEC },
	{ { "m", 1 }, 60 * USEC_PER_SEC },
	{ { "s", 1 }, USEC_PER_SEC },
	{ { "ms", 2 }, USEC_PER_MS },
	{ { "us", 2 }, 1 },
	{ { NULL, 0 }, 0 }
};

static const struct unit sizes[] = {
	{ { "g", 1 }, INT64_C(1) << 30 },
	{ { "m", 1 }, INT64_C(1) << 20 },
	{ { "k", 1 }, INT64_C(1) << 10 },
	{ { "", 0 }, 1 },
	{ { NULL, 0 }, 0 }
};

static bool
read_quantity(const struct unit *units, struct slice s, int64_t *out)
{
	size_t digits = 0;
	uint64_t n;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	for (const struct unit *u = units; u->name.p != NULL; u++) {
		if (!slice_eq_nocase(slice_skip(s, digits), u->name))
			continue;
		if (!slice_number(slice_make(s.p, digits),
		    (uint64_t)(INT64_MAX / u->worth), &n))
			return false;
		*out = (int64_t)n * u->worth;
		return true;
	}
	return false;
}

bool
units_duration(struct slice s, int64_t *out)
{
	if (slice_eq(s, SLICE("0"))) {
		*out = 0;
		return true;
	}
	return read_quantity(durations, s, out);
}

bool
units_size(struct slice s, int64_t *out)
{
	return read_quantity(sizes, s, out);
}

bool
units_mode(struct slice s, unsigned *out)
{
	unsigned mode = 0;

	if (s.n < 3 || s.n > 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return false;
		mode = mode * 8 + (unsigned)(s.p[i] - '0');
	}
	if (mode > 0777)
		return false;
	*out = mode;
	return true;
}

static void
add_quantity(const struct unit *u, struct text *t, int64_t n)
{
	while (u[1].name.p != NULL && n % u->worth != 0)
		u++;
	text_add(t, "%" PRId64 "%s", n / u->worth, u->name.p);
}

void
units_add_duration(struct text *t, int64_t duration)
{
	if (duration == 0)
		text_add_char(t, '0');
	else
		add_quantity(durations, t, duration);
}

void
units_add_size(struct text *t, int64_t size)
{
	if (size == 0)
		text_add_char(t, '0');
	else
		add_quantity(sizes, t, size);
}
