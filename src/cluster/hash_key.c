/*
 * hash_key.c - what of a request is hashed.
 *
 * Values are taken as they were sent: nothing is decoded, and the case of
 * names of query and cookie matters.
 */
#include "cluster/hash_key.h"

#include "http/uri.h"

/* The value of the first "name=value" in s; empty if there is none. */
static struct slice
find_pair(struct slice s, char between, struct slice name)
{
	while (s.n > 0) {
		const char *end = memchr(s.p, between, s.n);
		struct slice pair = s;

		if (end != NULL)
			pair.n = (size_t)(end - s.p);
		s = slice_skip(s, pair.n + (end != NULL));
		pair = slice_trim(pair);
		if (slice_starts(pair, name) && pair.n > name.n &&
		    pair.p[name.n] == '=')
			return slice_skip(pair, name.n + 1);
	}
	return SLICE_NONE;
}

/* Cookies may stand in several fields. */
static struct slice
find_cookie(const struct head *h, struct slice name)
{
	const struct field *f = head_find(h, FIELD_COOKIE);
	struct slice value = SLICE_NONE;

	for (; f != NULL && value.n == 0; f = head_find_next(h, f))
		value = find_pair(f->value, ';', name);
	return value;
}

static struct slice
find_field(const struct head *h, struct slice name)
{
	const struct field *f;

	if (field_id(name) == FIELD_HOST)
		return h->authority;
	f = head_find_name(h, name);
	return f != NULL ? f->value : SLICE_NONE;
}

static struct slice
write_source(const struct addr *client, char text[ADDR_TEXT])
{
	if (client == NULL)
		return SLICE_NONE;
	addr_print_host(client, text);
	return slice_of(text);
}

static struct slice
find(const struct conf_key *k, const struct pick *pick, char text[ADDR_TEXT])
{
	const struct head *h = pick->request;

	if (k->kind == KEY_SOURCE)
		return write_source(pick->client, text);
	if (h == NULL)
		return SLICE_NONE;
	switch (k->kind) {
	case KEY_URI:
		return h->path;
	case KEY_PATH:
		return pick->path.n > 0 ? pick->path : uri_path(h->path);
	case KEY_QUERY:
		return find_pair(uri_query(h->path), '&', slice_of(k->name));
	case KEY_HEADER:
		return find_field(h, slice_of(k->name));
	case KEY_COOKIE:
		return find_cookie(h, slice_of(k->name));
	default:
		return SLICE_NONE;
	}
}

struct slice
hash_key(const struct conf_keys *keys, const struct pick *pick,
    char text[ADDR_TEXT])
{
	struct slice key = SLICE_NONE;

	for (size_t i = 0; i < keys->n && key.n == 0; i++)
		key = find(&keys->v[i], pick, text);
	return key;
}
