/*
 * field.c - the names of fields that somebody here asks for.
 *
 * A name's length, first and last but one byte are enough to tell the known
 * names apart, so there is at most one candidate to compare with.  They are
 * hashed to its place in a table.  Two names at one place would be two
 * initialisers of one element, which the compiler does not take: then another
 * multiplier is wanted.  A known name without a place is found by a unit test.
 */
#include "http/field.h"

#include "base/must.h"

#define AT(n, first, last1) \
	((((uint32_t)(n) << 16 | (uint32_t)(first) << 8 | \
	(uint32_t)(last1)) * UINT32_C(0x3381d8ef)) >> 25)
#define LONGEST 20u

static const struct slice names[FIELD_COUNT] = {
#define X(id, name) [FIELD_##id] = { (name), sizeof(name) - 1 },
	FIELD_NAMES(X)
#undef X
};

/* Names that have no id and are out of place in a trailer section. */
static const struct slice not_in_trailers[] = {
	{ "WWW-Authenticate", 16 },
	{ "Authentication-Info", 19 },
	{ "Proxy-Authentication-Info", 25 },
	{ "Range", 5 },
	{ "If-Match", 8 },
	{ "If-None-Match", 13 },
	{ "If-Modified-Since", 17 },
	{ "If-Unmodified-Since", 19 },
	{ "If-Range", 8 },
	{ "Age", 3 },
	{ "Expires", 7 },
	{ "Pragma", 6 },
	{ "Vary", 4 },
};

static const uint8_t places[128] = {
	[AT(2, 't', 't')] = FIELD_TE,
	[AT(3, 'v', 'i')] = FIELD_VIA,
	[AT(4, 'd', 't')] = FIELD_DATE,
	[AT(4, 'h', 's')] = FIELD_HOST,
	[AT(6, 'c', 'i')] = FIELD_COOKIE,
	[AT(6, 'e', 'c')] = FIELD_EXPECT,
	[AT(6, 's', 'e')] = FIELD_SERVER,
	[AT(7, 'r', 'e')] = FIELD_REFERER,
	[AT(7, 't', 'e')] = FIELD_TRAILER,
	[AT(7, 'u', 'd')] = FIELD_UPGRADE,
	[AT(8, 'l', 'o')] = FIELD_LOCATION,
	[AT(8, 'p', 't')] = FIELD_PRIORITY,
	[AT(9, 'f', 'e')] = FIELD_FORWARDED,
	[AT(9, 'x', 'i')] = FIELD_X_REAL_IP,
	[AT(10, 'c', 'o')] = FIELD_CONNECTION,
	[AT(10, 'k', 'v')] = FIELD_KEEP_ALIVE,
	[AT(10, 's', 'i')] = FIELD_SET_COOKIE,
	[AT(10, 'u', 'n')] = FIELD_USER_AGENT,
	[AT(11, 'r', 'e')] = FIELD_RETRY_AFTER,
	[AT(11, 't', 'n')] = FIELD_TRACEPARENT,
	[AT(12, 'c', 'p')] = FIELD_CONTENT_TYPE,
	[AT(12, 'm', 'd')] = FIELD_MAX_FORWARDS,
	[AT(12, 'x', 'i')] = FIELD_X_REQUEST_ID,
	[AT(13, 'a', 'o')] = FIELD_AUTHORIZATION,
	[AT(13, 'c', 'g')] = FIELD_CONTENT_RANGE,
	[AT(13, 'c', 'o')] = FIELD_CACHE_CONTROL,
	[AT(14, 'c', 't')] = FIELD_CONTENT_LENGTH,
	[AT(14, 'h', 'g')] = FIELD_HTTP2_SETTINGS,
	[AT(15, 'a', 'n')] = FIELD_ACCEPT_ENCODING,
	[AT(15, 'x', 'o')] = FIELD_X_FORWARDED_FOR,
	[AT(16, 'c', 'n')] = FIELD_CONTENT_ENCODING,
	[AT(16, 'p', 'o')] = FIELD_PROXY_CONNECTION,
	[AT(16, 'x', 'r')] = FIELD_X_FORWARDED_PORT,
	[AT(16, 'x', 's')] = FIELD_X_FORWARDED_HOST,
	[AT(17, 's', 'e')] = FIELD_SEC_WEBSOCKET_KEY,
	[AT(17, 't', 'n')] = FIELD_TRANSFER_ENCODING,
	[AT(17, 'x', 't')] = FIELD_X_FORWARDED_PROTO,
	[AT(18, 'p', 't')] = FIELD_PROXY_AUTHENTICATE,
	[AT(19, 'p', 'o')] = FIELD_PROXY_AUTHORIZATION,
	[AT(20, 's', 'p')] = FIELD_SEC_WEBSOCKET_ACCEPT,
};

/*
 * Only letters have bit 0x40 in a known name, and only they may differ, by
 * their bit 0x20: that is the same bit one place down.
 */
static uint64_t
difference(uint64_t got, uint64_t known)
{
	const uint64_t case_bits = UINT64_C(0x2020202020202020);

	return (got ^ known) & ~((known >> 1) & case_bits);
}

static uint64_t
difference_8(const char *a, const char *known)
{
	uint64_t got, want;

	memcpy(&got, a, sizeof(got));
	memcpy(&want, known, sizeof(want));
	return difference(got, want);
}

static uint64_t
difference_4(const char *a, const char *known)
{
	uint32_t got, want;

	memcpy(&got, a, sizeof(got));
	memcpy(&want, known, sizeof(want));
	return difference(got, want);
}

/* Of the same length.  The last bytes may be looked at twice. */
static bool
is_name(const char *p, struct slice known)
{
	size_t i, n = known.n;
	uint64_t diff = 0;

	if (n >= 8) {
		for (i = 0; i + 8 < n; i += 8)
			diff |= difference_8(p + i, known.p + i);
		return (diff | difference_8(p + n - 8, known.p + n - 8)) == 0;
	}
	if (n >= 4)
		return (difference_4(p, known.p) |
		    difference_4(p + n - 4, known.p + n - 4)) == 0;
	for (i = 0; i < n; i++)
		diff |= difference((uint8_t)p[i], (uint8_t)known.p[i]);
	return diff == 0;
}

enum field_id
field_id(struct slice name)
{
	enum field_id id;

	if (name.n < 2 || name.n > LONGEST)
		return FIELD_OTHER;
	id = (enum field_id)places[AT(name.n, (uint8_t)name.p[0] | 0x20,
	    (uint8_t)name.p[name.n - 2] | 0x20)];
	if (names[id].n != name.n || !is_name(name.p, names[id]))
		return FIELD_OTHER;
	return id;
}

struct slice
field_name(enum field_id id)
{
	must(id > FIELD_OTHER && id < FIELD_COUNT);
	return names[id];
}

static bool
starts_nocase(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n &&
	    slice_eq_nocase(slice_make(s.p, prefix.n), prefix);
}

static bool
is_other_trailer_ok(struct slice name)
{
	const size_t n = sizeof(not_in_trailers) / sizeof(not_in_trailers[0]);

	if (starts_nocase(name, SLICE("Content-")) ||
	    starts_nocase(name, SLICE("X-Forwarded-")))
		return false;
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(name, not_in_trailers[i]))
			return false;
	return true;
}

/* A new name in the table is refused until somebody says that it may stand. */
bool
field_is_trailer_ok(const struct field *f)
{
	switch (f->id) {
	case FIELD_OTHER:
		return is_other_trailer_ok(f->name);
	case FIELD_SERVER:
	case FIELD_USER_AGENT:
	case FIELD_REFERER:
		return true;
	default:
		return false;
	}
}
