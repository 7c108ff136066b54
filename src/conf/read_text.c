/*
 * read_text.c - one function a type of option: from text to the member.
 *
 * A function leaves the member alone and complains when the text is wrong.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/nearest.h"
#include "conf/read_text.h"
#include "conf/units.h"
#include "http/check.h"

/* One value on its way: what it is, where it goes, what is said about it. */
struct reading {
	struct reader *r;
	const struct option *o;
	void *at;
	const char *text;
	struct conf_where where;
};

static bool
complain(const struct reading *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	reader_vcomplain(v->r, v->where, v->o->section, v->o->key, fmt, ap);
	va_end(ap);
	return false;
}

static const char *
shown(const struct reading *v)
{
	return read_shown(v->text, &v->r->conf->arena);
}

static struct arena *
arena(const struct reading *v)
{
	return &v->r->conf->arena;
}

const char *
read_shown(const char *string, struct arena *a)
{
	struct text t;
	const char *result;

	text_init(&t);
	text_add_escaped(&t, slice_of(string));
	result = t.n > 120 ?
	    arena_string(a, arena_print(a, "%.117s...", t.p)) :
	    arena_string(a, text_slice(&t));
	text_fini(&t);
	return result;
}

const char *
read_names(const char *const *names, struct arena *a)
{
	struct text t;
	const char *result;

	text_init(&t);
	for (; *names != NULL; names++)
		text_add(&t, "%s\"%s\"", t.n > 0 ? ", " : "", *names);
	result = arena_string(a, text_slice(&t));
	text_fini(&t);
	return result;
}

static bool
read_bool(const struct reading *v)
{
	*(bool *)v->at = v->text[0] == 't';
	return true;
}

/* Integers of the model are int64_t, those of http_limits uint32_t. */
static void
put_integer(const struct reading *v, int64_t n)
{
	if (v->o->size == sizeof(uint32_t))
		*(uint32_t *)v->at = (uint32_t)n;
	else
		*(int64_t *)v->at = n;
}

static bool
read_number(const struct reading *v)
{
	int64_t n = strtoll(v->text, NULL, 10);

	if (n < v->o->min || n > v->o->max)
		return complain(v, "%" PRId64 " is out of range; %" PRId64
		    " to %" PRId64 " is allowed", n, v->o->min, v->o->max);
	put_integer(v, n);
	return true;
}

static bool
complain_range(const struct reading *v,
    void (*add)(struct text *, int64_t))
{
	struct text t;

	text_init(&t);
	text_add(&t, "\"%s\" is out of range; \"", shown(v));
	add(&t, v->o->min);
	text_add(&t, "\" to \"");
	add(&t, v->o->max);
	text_add(&t, "\" is allowed");
	complain(v, "%s", t.p);
	text_fini(&t);
	return false;
}

static bool
read_size(const struct reading *v)
{
	int64_t n;

	if (!units_size(slice_of(v->text), &n))
		return complain(v, "\"%s\" is not a size; write a whole number "
		    "of bytes, or one with k, m or g, such as \"16k\"",
		    shown(v));
	if (n < v->o->min || n > v->o->max)
		return complain_range(v, units_add_size);
	put_integer(v, n);
	return true;
}

static bool
read_duration(const struct reading *v)
{
	uint64_t digits;
	int64_t n;

	if (units_duration(slice_of(v->text), &n)) {
		if (n < v->o->min || n > v->o->max)
			return complain_range(v, units_add_duration);
		put_integer(v, n);
		return true;
	}
	if (slice_number(slice_of(v->text), INT64_MAX, &digits))
		return complain(v, "\"%s\" has no unit; write \"%ss\" or "
		    "\"%sms\"", shown(v), shown(v), shown(v));
	return complain(v, "\"%s\" is not a duration; write a whole number "
	    "and one of ms, s, m, h, d, such as \"2s\"", shown(v));
}

static bool
read_string(const struct reading *v)
{
	size_t n = strlen(v->text);

	if (n == 0 && v->o->min > 0)
		return complain(v, "is empty; write something between the "
		    "quotes, or delete the option");
	if (n > (size_t)v->o->max)
		return complain(v, "has %zu bytes; at most %" PRId64
		    " are allowed", n, v->o->max);
	*(const char **)v->at = arena_string(arena(v), slice_of(v->text));
	return true;
}

static bool
read_enum(const struct reading *v)
{
	const char *const *names = v->o->more;
	const char *meant = nearest_value(names, v->text);

	for (unsigned i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], v->text) == 0) {
			*(unsigned *)v->at = i;
			return true;
		}
	}
	if (meant != NULL)
		return complain(v, "\"%s\" is not one of %s; did you mean "
		    "\"%s\"?", shown(v), read_names(names, arena(v)), meant);
	return complain(v, "\"%s\" is not one of %s", shown(v),
	    read_names(names, arena(v)));
}

static bool
read_mode(const struct reading *v)
{
	if (!units_mode(slice_of(v->text), v->at))
		return complain(v, "\"%s\" is not a mode; write octal digits "
		    "up to \"0777\", such as \"0660\"", shown(v));
	return true;
}

/* Labels of 1 to 63 bytes, 253 in all (RFC 1035 2.3.4). */
static bool
is_domain(struct slice name)
{
	size_t label = 0;

	if (name.n == 0 || name.n > 253)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		label = name.p[i] == '.' ? 0 : label + 1;
		if (label > 63 || (label == 0 && (i == 0 ||
		    name.p[i - 1] == '.')))
			return false;
	}
	return true;
}

/* "name:port"; or a service, "_http._tcp.name", whose port DNS knows. */
static bool
read_name(const struct reading *v, struct conf_address *out)
{
	struct slice text = slice_of(v->text), host = text;
	const char *colon = strrchr(v->text, ':');
	uint64_t port = 0;

	out->is_name = true;
	out->is_service = colon == NULL;
	if (colon != NULL) {
		host.n = (size_t)(colon - v->text);
		if (!slice_number(slice_skip(text, host.n + 1), 65535,
		    &port) || port == 0)
			return complain(v, "\"%s\": the port must be a "
			    "number from 1 to 65535", shown(v));
	}
	if (!is_domain(host))
		return complain(v, "\"%s\" is no name that DNS can know; "
		    "write one such as \"api.internal:8080\"", shown(v));
	out->port = (uint16_t)port;
	out->host = arena_string(arena(v), host);
	out->text = arena_string(arena(v), text);
	return true;
}

static bool
is_service(const char *text)
{
	return text[0] == '_' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

static bool
is_name(const char *text)
{
	return text[strspn(text, "0123456789.:")] != '\0' &&
	    addr_is_name(slice_of(text));
}

static bool
read_address(const struct reading *v)
{
	struct conf_address address = { .text = NULL };
	const char *wrong;

	if (v->o->max > 0 && (is_service(v->text) || is_name(v->text))) {
		if (read_name(v, &address))
			*(struct conf_address *)v->at = address;
		return address.text != NULL;
	}
	if (is_name(v->text))
		return complain(v, "\"%s\" is a name; only numeric addresses "
		    "and unix:/path are served, such as \"127.0.0.1:80\"",
		    shown(v));
	wrong = addr_parse(slice_of(v->text), &address.addr);
	if (wrong != NULL)
		return complain(v, "\"%s\": %s", shown(v), wrong);
	address.text = arena_string(arena(v), slice_of(v->text));
	*(struct conf_address *)v->at = address;
	return true;
}

static bool
read_addresses(const struct reading *v)
{
	struct conf_addresses *list = v->at;
	struct reading one = *v;

	one.at = &list->v[list->n];
	if (!read_address(&one))
		return false;
	if (addr_is_unix(&list->v[list->n].addr))
		return complain(v, "\"%s\" is no address of a DNS server; "
		    "write one such as \"127.0.0.1:53\"", shown(v));
	list->n++;
	return true;
}

static bool
read_range(const struct reading *v)
{
	struct conf_ranges *ranges = v->at;
	struct addr_range range;
	const char *wrong = addr_range_parse(slice_of(v->text), &range);

	if (wrong != NULL)
		return complain(v, "\"%s\": %s", shown(v), wrong);
	ranges->v[ranges->n++] = range;
	return true;
}

/* websocket is a switch of its own; other tokens go to the list. */
static bool
read_upgrade(const struct reading *v)
{
	static const char *const known[] = { "websocket", NULL };
	struct http_limits *limits = v->at;
	struct slice token = slice_of(v->text);
	const char **free = (const char **)(uintptr_t)limits->upgrades;

	if (check_token(token) != CHECK_OK)
		return complain(v, "\"%s\" is not a protocol; write a token, "
		    "such as \"websocket\"", shown(v));
	if (slice_eq_nocase(token, SLICE("h2c")))
		return complain(v, "\"%s\" cannot be passed on; delete it",
		    shown(v));
	if (slice_eq_nocase(token, SLICE("websocket"))) {
		limits->websocket = true;
		return true;
	}
	if (nearest_value(known, v->text) != NULL)
		return complain(v, "\"%s\" is none that is known; did you "
		    "mean \"websocket\"?", shown(v));
	while (*free != NULL)
		free++;
	*free = arena_string(arena(v), token);
	return true;
}

/* "200" or "200-399"; the slice is one element of the list. */
static bool
read_status(struct slice s, struct conf_status_range *out)
{
	const char *dash = s.n > 0 ? memchr(s.p, '-', s.n) : NULL;
	struct slice low = s, high = s;
	uint64_t from, to;

	if (dash != NULL) {
		low = slice_trim(slice_make(s.p, (size_t)(dash - s.p)));
		high = slice_trim(slice_skip(s, (size_t)(dash + 1 - s.p)));
	}
	if (!slice_number(low, 599, &from) || !slice_number(high, 599, &to) ||
	    from < 100 || to < from)
		return false;
	*out = (struct conf_status_range){ (uint16_t)from, (uint16_t)to };
	return true;
}

static bool
read_statuses(const struct reading *v)
{
	struct slice list = slice_of(v->text), element;
	struct conf_statuses statuses = { NULL, 0 };

	statuses.v = arena_get(arena(v), (list.n / 2 + 1) *
	    sizeof(*statuses.v));
	while (slice_next_element(&list, &element))
		if (!read_status(element, &statuses.v[statuses.n++]))
			return complain(v, "\"%.*s\" is no status and no "
			    "range of statuses; write numbers from 100 to "
			    "599, such as \"200-399,404\"",
			    SLICE_ARG(element));
	if (statuses.n == 0)
		return complain(v, "is empty; write statuses, such as "
		    "\"200-399,404\"");
	*(struct conf_statuses *)v->at = statuses;
	return true;
}

/* "source", or "header:NAME"; a query's and a cookie's name may be any. */
static bool
read_key(const struct reading *v)
{
	static const struct { struct slice word; enum conf_key_kind kind; }
	kinds[] = {
		{ { "source", 6 }, KEY_SOURCE }, { { "uri", 3 }, KEY_URI },
		{ { "path", 4 }, KEY_PATH }, { { "query:", 6 }, KEY_QUERY },
		{ { "header:", 7 }, KEY_HEADER },
		{ { "cookie:", 7 }, KEY_COOKIE },
	};
	struct conf_keys *keys = v->at;
	struct slice text = slice_of(v->text), name;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!slice_starts(text, kinds[i].word))
			continue;
		name = slice_skip(text, kinds[i].word.n);
		if ((name.n > 0) != (kinds[i].kind >= KEY_QUERY))
			continue;
		if (name.n > 0 && check_token(name) != CHECK_OK)
			return complain(v, "\"%s\": the name is no token",
			    shown(v));
		keys->v[keys->n++] = (struct conf_key){ kinds[i].kind,
		    name.n > 0 ? arena_string(arena(v), name) : NULL };
		return true;
	}
	return complain(v, "\"%s\" is no key; write \"source\", \"uri\", "
	    "\"path\", \"query:NAME\", \"header:NAME\" or "
	    "\"cookie:NAME\"", shown(v));
}

void
read_text_clear(struct reader *r, const struct option *o, void *at, size_t n)
{
	struct arena *a = &r->conf->arena;

	if (o->type == OPTION_RANGES) {
		struct conf_ranges *ranges = at;

		ranges->v = arena_zero(a, (n + 1) * sizeof(*ranges->v));
		ranges->n = 0;
	} else if (o->type == OPTION_ADDRESSES) {
		struct conf_addresses *list = at;

		list->v = arena_zero(a, (n + 1) * sizeof(*list->v));
		list->n = 0;
	} else if (o->type == OPTION_KEYS) {
		struct conf_keys *keys = at;

		keys->v = arena_zero(a, (n + 1) * sizeof(*keys->v));
		keys->n = 0;
	} else {
		struct http_limits *limits = at;

		limits->websocket = false;
		limits->upgrades = arena_zero(a, (n + 1) * sizeof(char *));
	}
}

bool
read_text(struct reader *r, const struct option *o, void *at,
    const char *text, struct conf_where where)
{
	static bool (*const types[])(const struct reading *) = {
		[OPTION_BOOL] = read_bool,
		[OPTION_NUMBER] = read_number,
		[OPTION_SIZE] = read_size,
		[OPTION_DURATION] = read_duration,
		[OPTION_STRING] = read_string,
		[OPTION_ENUM] = read_enum,
		[OPTION_MODE] = read_mode,
		[OPTION_ADDRESS] = read_address,
		[OPTION_RANGES] = read_range,
		[OPTION_UPGRADES] = read_upgrade,
		[OPTION_STATUSES] = read_statuses,
		[OPTION_KEYS] = read_key,
		[OPTION_ADDRESSES] = read_addresses,
	};
	struct reading v = { r, o, at, text, where };

	return types[o->type](&v);
}
