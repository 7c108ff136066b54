/*
 * read_value.c - from what stands in the file to a member of the model.
 *
 * Each type of option has one function that reads its text; defaults go the
 * same way.  Numbers and booleans of the file are turned into text first.
 */
#include <inttypes.h>
#include <string.h>

#include "base/must.h"
#include "conf/nearest.h"
#include "conf/read_text.h"
#include "conf/read_value.h"

struct conf_where
read_where(const struct reader *r, const config_setting_t *setting)
{
	unsigned line = config_setting_source_line(setting);

	return source_where(&r->source, line > 0 ? line : 1);
}

static const char *
wanted(const struct option *o, struct arena *a)
{
	switch (o->type) {
	case OPTION_BOOL:
		return "true or false";
	case OPTION_NUMBER:
		return arena_string(a, arena_print(a, "a whole number, such as "
		    "%s", o->standard != NULL ? o->standard : "500"));
	case OPTION_SIZE:
		return "a size, such as \"16k\"";
	case OPTION_DURATION:
		return "a duration, such as \"5s\"";
	case OPTION_STRING:
		return "a string in quotes";
	case OPTION_ENUM:
		return arena_string(a, arena_print(a, "one of %s",
		    read_names(o->more, a)));
	case OPTION_MODE:
		return "an octal mode in quotes, such as \"0660\"";
	case OPTION_ADDRESS:
		return "an address, such as \"127.0.0.1:80\"";
	case OPTION_RANGES:
		return "a list of addresses, such as ( \"10.0.0.0/8\" )";
	case OPTION_UPGRADES:
		return "a list of protocols, such as ( \"websocket\" )";
	case OPTION_STATUSES:
		return "statuses, such as \"200-399,404\"";
	case OPTION_KEYS:
		return "a key or a list of keys, such as \"header:X-User\"";
	case OPTION_ADDRESSES:
		return "a list of addresses, such as ( \"127.0.0.1:53\" )";
	case OPTION_FIELD:
		return "a group, such as { name = \"X-Test\"; value = \"1\"; }";
	case OPTION_FIELDS:
		return "a list, such as "
		    "( { name = \"X-Test\"; value = \"1\"; } )";
	case OPTION_GROUP:
		return "a group: { ... }";
	case OPTION_LIST:
		return "a list of groups: ( { ... }, { ... } )";
	}
	return "";
}

static const char *
found(const config_setting_t *s, struct arena *a)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return arena_string(a, arena_print(a, "the number %lld",
		    config_setting_get_int64(s)));
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	case CONFIG_TYPE_STRING:
		return arena_string(a, arena_print(a, "the string \"%s\"",
		    read_shown(config_setting_get_string(s), a)));
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(s) ? "true" : "false";
	default:
		return "a list";
	}
}

/* A version, or a switch, without quotes, or with them. */
static const char *
as_word(const config_setting_t *s, struct arena *a)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(s);
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(s) ? "true" : "false";
	case CONFIG_TYPE_FLOAT:
		return arena_string(a, arena_print(a, "%g",
		    config_setting_get_float(s)));
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return arena_string(a, arena_print(a, "%lld",
		    config_setting_get_int64(s)));
	default:
		return "";
	}
}

static const char *
cure_word(const struct option *o, const config_setting_t *s, struct arena *a)
{
	static const char *const bools[] = { "true", "false", NULL };
	bool is_bool = o->type == OPTION_BOOL;
	const char *meant = nearest_value(is_bool ? bools : o->more,
	    as_word(s, a));

	if (meant == NULL)
		return "";
	return arena_string(a, arena_print(a, is_bool ? "; write %s" :
	    "; did you mean \"%s\"?", meant));
}

/* What to write instead, where that is plain to see. */
static const char *
cure(const struct option *o, const config_setting_t *s, struct arena *a)
{
	int type = config_setting_type(s);
	long long n = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64 ?
	    config_setting_get_int64(s) : 0;
	uint64_t digits;

	if (o->type == OPTION_DURATION && n > 0)
		return arena_string(a, arena_print(a,
		    "; write \"%llds\" or \"%lldms\"", n, n));
	if ((o->type == OPTION_STRING || o->type == OPTION_STATUSES) && n > 0)
		return arena_string(a, arena_print(a, "; write \"%lld\"", n));
	if (o->type == OPTION_ENUM || o->type == OPTION_BOOL)
		return cure_word(o, s, a);
	if (o->type == OPTION_MODE && n > 0)
		return arena_string(a, arena_print(a, "; write \"0%lld\"", n));
	if (o->type == OPTION_NUMBER && type == CONFIG_TYPE_STRING &&
	    slice_number(slice_of(config_setting_get_string(s)), INT64_MAX,
	    &digits))
		return "; leave the quotes away";
	if ((o->type == OPTION_LIST || o->type == OPTION_FIELDS) &&
	    type == CONFIG_TYPE_GROUP)
		return "; put '(' and ')' around it";
	if ((o->type == OPTION_RANGES || o->type == OPTION_UPGRADES ||
	    o->type == OPTION_ADDRESSES) &&
	    type == CONFIG_TYPE_STRING)
		return arena_string(a, arena_print(a, "; write ( \"%s\" )",
		    read_shown(config_setting_get_string(s), a)));
	return "";
}

void
read_complain_type(struct reader *r, const struct option *o,
    const config_setting_t *setting)
{
	struct arena *a = &r->conf->arena;

	reader_complain(r, read_where(r, setting), o->section, o->key,
	    "expected %s, not %s%s", wanted(o, a), found(setting, a),
	    cure(o, setting, a));
}

/* The value as text, or NULL when the option takes no value of that type. */
static const char *
as_text(struct reader *r, const struct option *o, const config_setting_t *s)
{
	struct arena *a = &r->conf->arena;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		return o->type == OPTION_BOOL || o->type == OPTION_NUMBER ?
		    NULL : config_setting_get_string(s);
	case CONFIG_TYPE_BOOL:
		if (o->type != OPTION_BOOL)
			return NULL;
		return config_setting_get_bool(s) ? "true" : "false";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		if (o->type != OPTION_NUMBER && o->type != OPTION_SIZE &&
		    (o->type != OPTION_DURATION ||
		    config_setting_get_int64(s) != 0))
			return NULL;
		return arena_string(a, arena_print(a, "%lld",
		    config_setting_get_int64(s)));
	default:
		return NULL;
	}
}

/* Lists of strings: each element is read on its own. */
static void
read_strings(struct reader *r, const struct option *o, void *at,
    const config_setting_t *s)
{
	int n = config_setting_length(s);

	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		read_complain_type(r, o, s);
		return;
	}
	if (o->type == OPTION_KEYS && n == 0) {
		reader_complain(r, read_where(r, s), o->section, o->key,
		    "is empty; write %s", wanted(o, &r->conf->arena));
		return;
	}
	read_text_clear(r, o, at, (size_t)n);
	for (int i = 0; i < n; i++) {
		const config_setting_t *e =
		    config_setting_get_elem(s, (unsigned)i);

		if (config_setting_type(e) != CONFIG_TYPE_STRING)
			read_complain_type(r, o, e);
		else
			read_text(r, o, at, config_setting_get_string(e),
			    read_where(r, e));
	}
}

void
read_value(struct reader *r, const struct option *o, void *at,
    const config_setting_t *setting)
{
	const char *text;

	if (o->type == OPTION_RANGES || o->type == OPTION_UPGRADES ||
	    o->type == OPTION_ADDRESSES || (o->type == OPTION_KEYS &&
	    config_setting_is_aggregate(setting))) {
		read_strings(r, o, at, setting);
		return;
	}
	text = as_text(r, o, setting);
	if (text != NULL && o->type == OPTION_KEYS)
		read_text_clear(r, o, at, 1);
	if (text == NULL)
		read_complain_type(r, o, setting);
	else
		read_text(r, o, at, text, read_where(r, setting));
}

void
read_standard(struct reader *r, const struct option *o, void *at)
{
	if (o->type == OPTION_UPGRADES || o->type == OPTION_KEYS)
		read_text_clear(r, o, at, 1);
	must(read_text(r, o, at, o->standard, (struct conf_where){ "", 0 }));
}
