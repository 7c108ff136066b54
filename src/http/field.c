/*
 * field.c - the names of fields that somebody here asks for.
 *
 * A name's length, first and last but one byte are enough to tell the known
 * names apart, so there is at most one candidate to compare with.  Two names
 * with the same key would be two equal cases, which no compiler takes; a
 * known name without a case is found by the unit test.
 */
#include "http/field.h"

#include "base/must.h"

#define KEY(n, first, last1) \
	((uint32_t)(n) << 16 | (uint32_t)(first) << 8 | (uint32_t)(last1))
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

static enum field_id
candidate(uint32_t key)
{
	switch (key) {
	case KEY(2, 't', 't'): return FIELD_TE;
	case KEY(3, 'v', 'i'): return FIELD_VIA;
	case KEY(4, 'd', 't'): return FIELD_DATE;
	case KEY(4, 'h', 's'): return FIELD_HOST;
	case KEY(6, 'c', 'i'): return FIELD_COOKIE;
	case KEY(6, 'e', 'c'): return FIELD_EXPECT;
	case KEY(6, 's', 'e'): return FIELD_SERVER;
	case KEY(7, 'r', 'e'): return FIELD_REFERER;
	case KEY(7, 't', 'e'): return FIELD_TRAILER;
	case KEY(7, 'u', 'd'): return FIELD_UPGRADE;
	case KEY(8, 'l', 'o'): return FIELD_LOCATION;
	case KEY(8, 'p', 't'): return FIELD_PRIORITY;
	case KEY(9, 'f', 'e'): return FIELD_FORWARDED;
	case KEY(9, 'x', 'i'): return FIELD_X_REAL_IP;
	case KEY(10, 'c', 'o'): return FIELD_CONNECTION;
	case KEY(10, 'k', 'v'): return FIELD_KEEP_ALIVE;
	case KEY(10, 's', 'i'): return FIELD_SET_COOKIE;
	case KEY(10, 'u', 'n'): return FIELD_USER_AGENT;
	case KEY(11, 'r', 'e'): return FIELD_RETRY_AFTER;
	case KEY(11, 't', 'n'): return FIELD_TRACEPARENT;
	case KEY(12, 'c', 'p'): return FIELD_CONTENT_TYPE;
	case KEY(12, 'm', 'd'): return FIELD_MAX_FORWARDS;
	case KEY(12, 'x', 'i'): return FIELD_X_REQUEST_ID;
	case KEY(13, 'a', 'o'): return FIELD_AUTHORIZATION;
	case KEY(13, 'c', 'g'): return FIELD_CONTENT_RANGE;
	case KEY(13, 'c', 'o'): return FIELD_CACHE_CONTROL;
	case KEY(14, 'c', 't'): return FIELD_CONTENT_LENGTH;
	case KEY(14, 'h', 'g'): return FIELD_HTTP2_SETTINGS;
	case KEY(15, 'a', 'n'): return FIELD_ACCEPT_ENCODING;
	case KEY(15, 'x', 'o'): return FIELD_X_FORWARDED_FOR;
	case KEY(16, 'c', 'n'): return FIELD_CONTENT_ENCODING;
	case KEY(16, 'p', 'o'): return FIELD_PROXY_CONNECTION;
	case KEY(16, 'x', 'r'): return FIELD_X_FORWARDED_PORT;
	case KEY(16, 'x', 's'): return FIELD_X_FORWARDED_HOST;
	case KEY(17, 's', 'e'): return FIELD_SEC_WEBSOCKET_KEY;
	case KEY(17, 't', 'n'): return FIELD_TRANSFER_ENCODING;
	case KEY(17, 'x', 't'): return FIELD_X_FORWARDED_PROTO;
	case KEY(18, 'p', 't'): return FIELD_PROXY_AUTHENTICATE;
	case KEY(19, 'p', 'o'): return FIELD_PROXY_AUTHORIZATION;
	case KEY(20, 's', 'p'): return FIELD_SEC_WEBSOCKET_ACCEPT;
	default: return FIELD_OTHER;
	}
}

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

static bool
is_name(const char *p, struct slice known)
{
	uint64_t got, want, diff = 0;
	size_t i;

	for (i = 0; i + sizeof(got) <= known.n; i += sizeof(got)) {
		memcpy(&got, p + i, sizeof(got));
		memcpy(&want, known.p + i, sizeof(want));
		diff |= difference(got, want);
	}
	for (; i < known.n; i++)
		diff |= difference((uint8_t)p[i], (uint8_t)known.p[i]);
	return diff == 0;
}

enum field_id
field_id(struct slice name)
{
	enum field_id id;

	if (name.n < 2 || name.n > LONGEST)
		return FIELD_OTHER;
	id = candidate(KEY(name.n, (uint8_t)name.p[0] | 0x20,
	    (uint8_t)name.p[name.n - 2] | 0x20));
	if (id == FIELD_OTHER || !is_name(name.p, names[id]))
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
