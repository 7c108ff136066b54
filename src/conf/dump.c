/*
 * dump.c - the effective configuration as a file, by the option table.
 *
 * Why: what is printed is what is in force, so it comes from the model and
 *      not from the file.  It loads to the same snapshot.
 */
#include <arpa/inet.h>

#include <inttypes.h>
#include <string.h>

#include "conf/load.h"
#include "conf/needs.h"
#include "conf/option.h"
#include "conf/units.h"

static void dump_group(struct text *out, const char *section,
    const void *base, int depth);

static void
indent(struct text *out, int depth)
{
	text_add(out, "%*s", depth * 2, "");
}

/* A string of libconfig; it has no escape for a byte above 0x7f, nor need. */
static void
add_string(struct text *out, const char *s)
{
	text_add_char(out, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			text_add(out, "\\%c", c);
		else if (c == '\n')
			text_add(out, "\\n");
		else if (c == '\r')
			text_add(out, "\\r");
		else if (c == '\t')
			text_add(out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			text_add(out, "\\x%02x", c);
		else
			text_add_char(out, (char)c);
	}
	text_add_char(out, '"');
}

static int64_t
integer(const struct option *o, const void *at)
{
	return o->size == sizeof(uint32_t) ? *(const uint32_t *)at :
	    *(const int64_t *)at;
}

static void
add_quantity(struct text *out, int64_t n, void (*add)(struct text *, int64_t))
{
	text_add_char(out, '"');
	add(out, n);
	text_add_char(out, '"');
}

static void
add_ranges(struct text *out, const struct conf_ranges *ranges)
{
	char host[INET6_ADDRSTRLEN];

	text_add(out, "( ");
	for (size_t i = 0; i < ranges->n; i++) {
		const struct addr_range *r = &ranges->v[i];

		text_add(out, "%s", i > 0 ? ", " : "");
		if (r->family == AF_UNIX)
			text_add(out, "\"unix\"");
		else
			text_add(out, "\"%s/%u\"", inet_ntop(r->family,
			    r->bytes, host, sizeof(host)), r->bits);
	}
	text_add(out, "%s)", ranges->n > 0 ? " " : "");
}

static void
add_upgrades(struct text *out, const struct http_limits *limits)
{
	const char *const *u = limits->upgrades;
	const char *between = "";

	text_add(out, "( ");
	if (limits->websocket) {
		text_add(out, "\"websocket\"");
		between = ", ";
	}
	for (; u != NULL && *u != NULL; u++) {
		text_add(out, "%s", between);
		add_string(out, *u);
		between = ", ";
	}
	text_add(out, "%s)", between[0] != '\0' ? " " : "");
}

static void
add_statuses(struct text *out, const struct conf_statuses *statuses)
{
	text_add_char(out, '"');
	for (size_t i = 0; i < statuses->n; i++) {
		const struct conf_status_range *s = &statuses->v[i];

		text_add(out, "%s%u", i > 0 ? "," : "", s->from);
		if (s->to != s->from)
			text_add(out, "-%u", s->to);
	}
	text_add_char(out, '"');
}

static void
add_keys(struct text *out, const struct conf_keys *keys)
{
	static const char *const kinds[] = {
		[KEY_SOURCE] = "source", [KEY_URI] = "uri",
		[KEY_PATH] = "path", [KEY_QUERY] = "query:",
		[KEY_HEADER] = "header:", [KEY_COOKIE] = "cookie:",
	};

	text_add(out, "( ");
	for (size_t i = 0; i < keys->n; i++) {
		const char *name = keys->v[i].name;

		text_add(out, "%s\"%s%s\"", i > 0 ? ", " : "",
		    kinds[keys->v[i].kind], name != NULL ? name : "");
	}
	text_add(out, " )");
}

static void
add_addresses(struct text *out, const struct conf_addresses *list)
{
	text_add(out, "(");
	for (size_t i = 0; i < list->n; i++) {
		text_add(out, "%s ", i > 0 ? "," : "");
		add_string(out, list->v[i].text);
	}
	text_add(out, " )");
}

static void
add_list(struct text *out, const struct option *o, const void *at, int depth)
{
	struct { const char *v; size_t n; } list;

	memcpy(&list, at, sizeof(list));
	text_add(out, "(");
	for (size_t i = 0; i < list.n; i++) {
		text_add(out, "%s\n", i > 0 ? "," : "");
		indent(out, depth + 1);
		text_add(out, "{\n");
		dump_group(out, o->more, list.v + i * o->size, depth + 2);
		indent(out, depth + 1);
		text_add(out, "}");
	}
	if (list.n > 0) {
		text_add_char(out, '\n');
		indent(out, depth);
	} else
		text_add_char(out, ' ');
	text_add(out, ")");
}

static void
add_value(struct text *out, const struct option *o, const void *at, int depth)
{
	switch (o->type) {
	case OPTION_BOOL:
		text_add(out, "%s", *(const bool *)at ? "true" : "false");
		break;
	case OPTION_NUMBER:
		text_add(out, "%" PRId64, integer(o, at));
		break;
	case OPTION_SIZE:
		add_quantity(out, integer(o, at), units_add_size);
		break;
	case OPTION_DURATION:
		add_quantity(out, integer(o, at), units_add_duration);
		break;
	case OPTION_STRING:
		add_string(out, *(const char *const *)at);
		break;
	case OPTION_ENUM:
		add_string(out, ((const char *const *)o->more)
		    [*(const unsigned *)at]);
		break;
	case OPTION_MODE:
		text_add(out, "\"%04o\"", *(const unsigned *)at);
		break;
	case OPTION_ADDRESS:
		add_string(out, ((const struct conf_address *)at)->text);
		break;
	case OPTION_RANGES:
		add_ranges(out, at);
		break;
	case OPTION_UPGRADES:
		add_upgrades(out, at);
		break;
	case OPTION_STATUSES:
		add_statuses(out, at);
		break;
	case OPTION_ADDRESSES:
		add_addresses(out, at);
		break;
	case OPTION_KEYS:
		add_keys(out, at);
		break;
	case OPTION_FIELDS:
	case OPTION_LIST:
		add_list(out, o, at, depth);
		break;
	case OPTION_FIELD:
		at = *(const void *const *)at;
		/* FALLTHROUGH */
	case OPTION_GROUP:
		text_add(out, "{\n");
		dump_group(out, o->more, at, depth + 1);
		indent(out, depth);
		text_add(out, "}");
		break;
	}
}

/* Not given and without a default, without effect here, or a group that says
 * nothing. */
static bool
is_absent(const struct option *o, const void *base)
{
	const void *at = (const char *)base + o->offset;

	if (needs_is_idle(o, base))
		return true;
	if (o->type == OPTION_STRING || o->type == OPTION_FIELD)
		return *(const void *const *)at == NULL;
	if (o->type != OPTION_GROUP)
		return false;
	if (strcmp(o->more, "global.stats_socket") == 0)
		return ((const struct conf_stats_socket *)at)->path == NULL;
	if (strcmp(o->more, "listener.tls") == 0)
		return !conf_has_tls(base);
	if (strcmp(o->more, "listener.https_only") == 0)
		return !((const struct conf_https_only *)at)->on;
	if (strcmp(o->more, "pool.hash") == 0)
		return !conf_has_hash(base);
	if (strcmp(o->more, "pool.tls") == 0)
		return !((const struct conf_pool_tls *)at)->given;
	if (strcmp(o->more, "route.respond") == 0)
		return ((const struct conf_route *)base)->action !=
		    ACTION_RESPOND;
	if (strcmp(o->more, "route.redirect") == 0)
		return ((const struct conf_route *)base)->action !=
		    ACTION_REDIRECT;
	return false;
}

static void
dump_group(struct text *out, const char *section, const void *base, int depth)
{
	const struct option *o = option_first(section);

	for (; o != NULL; o = option_next(o)) {
		if (is_absent(o, base))
			continue;
		indent(out, depth);
		text_add(out, "%s = ", o->key);
		add_value(out, o, (const char *)base + o->offset, depth);
		text_add(out, ";\n");
	}
}

void
conf_dump(const struct conf *c, struct text *out)
{
	dump_group(out, "", c, 0);
}
