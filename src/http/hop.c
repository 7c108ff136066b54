/*
 * hop.c - what Connection, TE and Keep-Alive say about one hop (RFC 9110 7.6).
 *
 * Invariant: what a peer names in Connection can take away its own fields, but
 *            none that says who it is, where it goes or whence it came.
 */
#include "http/hop.h"

#include <limits.h>

/* Connection options that are facts of struct hop, not names of fields. */
static bool *
fact_of(struct hop *hop, struct slice option)
{
	if (slice_eq_nocase(option, SLICE("close")))
		return &hop->close;
	if (slice_eq_nocase(option, SLICE("keep-alive")))
		return &hop->keep_alive;
	if (slice_eq_nocase(option, SLICE("upgrade")))
		return &hop->upgrade;
	if (slice_eq_nocase(option, SLICE("te")))
		return &hop->te;
	return &hop->names_others;
}

void
hop_read(struct hop *hop, struct slice value)
{
	struct slice option;

	while (slice_next_element(&value, &option))
		*fact_of(hop, option) = true;
}

static bool
is_kept(enum field_id id, struct slice name)
{
	const struct slice forwarded = SLICE("X-Forwarded-");

	switch (id) {
	case FIELD_HOST:
	case FIELD_CONTENT_LENGTH:
	case FIELD_AUTHORIZATION:
	case FIELD_COOKIE:
	case FIELD_FORWARDED:
	case FIELD_X_FORWARDED_FOR:
	case FIELD_X_FORWARDED_PROTO:
	case FIELD_X_FORWARDED_HOST:
	case FIELD_X_FORWARDED_PORT:
	case FIELD_X_REAL_IP:
	case FIELD_X_REQUEST_ID:
	case FIELD_TRACEPARENT:
	case FIELD_VIA:
	case FIELD_DATE:
	case FIELD_MAX_FORWARDS:
	case FIELD_SEC_WEBSOCKET_KEY:
	case FIELD_SEC_WEBSOCKET_ACCEPT:
		return true;
	case FIELD_OTHER:
		return name.n >= forwarded.n && slice_eq_nocase(
		    slice_make(name.p, forwarded.n), forwarded);
	default:
		return false;
	}
}

static void
del_other(struct head *h, struct slice name)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->nfields; i++)
		if (h->fields[i].id != FIELD_OTHER ||
		    !slice_eq_nocase(h->fields[i].name, name))
			h->fields[kept++] = h->fields[i];
	h->nfields = kept;
}

void
hop_drop_named(struct head *h, struct slice value)
{
	struct slice name;
	enum field_id id;

	while (slice_next_element(&value, &name)) {
		id = field_id(name);
		if (is_kept(id, name))
			continue;
		if (id != FIELD_OTHER)
			head_del(h, id);
		else if (head_find_name(h, name) != NULL)
			del_other(h, name);
	}
}

static struct slice
cut(struct slice *rest, char at)
{
	const char *mark = rest->n > 0 ? memchr(rest->p, at, rest->n) : NULL;
	struct slice first = *rest;

	if (mark == NULL) {
		*rest = SLICE_NONE;
		return first;
	}
	first.n = (size_t)(mark - first.p);
	*rest = slice_skip(*rest, first.n + 1);
	return first;
}

/* "q=" qvalue (RFC 9110 12.4.2) over zero: 0.001 to 0.999, or 1 to 1.000. */
static bool
is_weight(struct slice s)
{
	bool over_zero;

	if (s.n < 3 || s.n > 7 || slice_lower(s.p[0]) != 'q' || s.p[1] != '=')
		return false;
	if (s.p[2] != '0' && s.p[2] != '1')
		return false;
	if (s.n > 3 && s.p[3] != '.')
		return false;
	over_zero = s.p[2] == '1';
	for (size_t i = 4; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > (s.p[2] == '1' ? '0' : '9'))
			return false;
		over_zero |= s.p[i] != '0';
	}
	return over_zero;
}

bool
hop_te_trailers(struct slice value)
{
	struct slice coding, name;

	while (slice_next_element(&value, &coding)) {
		name = slice_trim(cut(&coding, ';'));
		if (!slice_eq_nocase(name, SLICE("trailers")))
			continue;
		if (coding.p == NULL || is_weight(slice_trim(coding)))
			return true;
	}
	return false;
}

int
hop_keep_alive_timeout(struct slice value)
{
	struct slice parameter, name;
	uint64_t seconds;

	while (slice_next_element(&value, &parameter)) {
		name = slice_trim(cut(&parameter, '='));
		if (slice_eq_nocase(name, SLICE("timeout")) &&
		    slice_number(slice_trim(parameter), INT_MAX, &seconds))
			return (int)seconds;
	}
	return -1;
}
