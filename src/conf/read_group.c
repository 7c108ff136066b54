/*
 * read_group.c - walks groups and lists by the option table.
 *
 * The recursion is bounded: a section never contains itself, and syntax.c has
 * bounded what libconfig reads.
 */
#include <string.h>

#include "conf/read_group.h"
#include "conf/read_value.h"

#define ELSEWHERE_MOST 3

static void
set_defaults(struct reader *r, const char *section, void *base)
{
	const struct option *o = option_first(section);

	for (; o != NULL; o = option_next(o)) {
		void *at = (char *)base + o->offset;

		if (o->type == OPTION_GROUP)
			set_defaults(r, o->more, at);
		else if (o->standard != NULL)
			read_standard(r, o, at);
	}
}

/* Where an option of that name does stand; the first few of them. */
static void
add_elsewhere(struct text *out, const char *key)
{
	unsigned n = 0;

	for (const struct option *o = option_table; o->section != NULL; o++)
		if (strcmp(o->key, key) == 0 && n++ < ELSEWHERE_MOST)
			text_add(out, "%s%s%s%s", n > 1 ? ", " :
			    " here, but there is ", o->section,
			    o->section[0] != '\0' ? "." : "", o->key);
}

static void
complain_unknown(struct reader *r, struct conf_where where,
    const char *section, const char *key)
{
	const char *near = option_nearest(section, key);
	const struct option *o = option_first(section);
	struct text elsewhere, known;

	if (near != NULL) {
		reader_complain(r, where, section, key,
		    "unknown option; did you mean '%s'?", near);
		return;
	}
	text_init(&elsewhere);
	add_elsewhere(&elsewhere, key);
	text_init(&known);
	for (; o != NULL; o = option_next(o))
		text_add(&known, "%s%s", known.n > 0 ? ", " : "", o->key);
	reader_complain(r, where, section, key,
	    "unknown option%s; known here: %s",
	    elsewhere.n > 0 ? elsewhere.p : "", known.p);
	text_fini(&known);
	text_fini(&elsewhere);
}

static bool
is_group(struct reader *r, const struct option *o,
    const config_setting_t *setting)
{
	if (config_setting_is_group(setting))
		return true;
	read_complain_type(r, o, setting);
	return false;
}

/*
 * Elements follow each other at *pointer; their number stands behind it.  The
 * pointer stays NULL when something was given, but no group: that has been
 * complained about, and "there is none" would only confuse.
 */
static void
read_list(struct reader *r, const struct option *o, void *at,
    const config_setting_t *setting)
{
	struct { void *v; size_t n; } list;
	int n = config_setting_length(setting);

	if (!config_setting_is_list(setting) &&
	    !(config_setting_is_array(setting) && n == 0)) {
		read_complain_type(r, o, setting);
		return;
	}
	list.v = arena_zero(&r->conf->arena, o->size * ((size_t)n + 1));
	list.n = 0;
	for (int i = 0; i < n; i++) {
		const config_setting_t *element =
		    config_setting_get_elem(setting, (unsigned)i);
		char *base = (char *)list.v + o->size * list.n;
		struct conf_where where = read_where(r, element);

		if (!is_group(r, o, element))
			continue;
		list.n++;
		memcpy(base, &where, sizeof(where));
		read_group(r, o->more, base, element);
	}
	if (list.n > 0 || n == 0)
		memcpy(at, &list, sizeof(list));
}

static void
read_field(struct reader *r, const struct option *o, void *at,
    const config_setting_t *setting)
{
	struct conf_field *field;

	if (!is_group(r, o, setting))
		return;
	field = arena_zero(&r->conf->arena, sizeof(*field));
	field->where = read_where(r, setting);
	read_group(r, o->more, field, setting);
	*(struct conf_field **)at = field;
}

static const char *
example(const struct option *o)
{
	switch (o->type) {
	case OPTION_ADDRESS:
		return "\"127.0.0.1:80\"";
	case OPTION_NUMBER:
		return "503";
	case OPTION_ENUM:
		return "\"http\"";
	default:
		return "\"...\"";
	}
}

/* Groups within a group have had their defaults with it. */
static void
read_members(struct reader *r, const char *section, void *base,
    const config_setting_t *setting)
{
	const struct option *o;
	int n = config_setting_length(setting);

	for (int i = 0; i < n; i++) {
		const config_setting_t *s =
		    config_setting_get_elem(setting, (unsigned)i);
		struct conf_where where = read_where(r, s);
		void *at;

		o = option_find(section, config_setting_name(s));
		if (o == NULL) {
			complain_unknown(r, where, section,
			    config_setting_name(s));
			continue;
		}
		reader_note(r, base, o, where);
		at = (char *)base + o->offset;
		if (o->type == OPTION_LIST || o->type == OPTION_FIELDS)
			read_list(r, o, at, s);
		else if (o->type == OPTION_FIELD)
			read_field(r, o, at, s);
		else if (o->type != OPTION_GROUP)
			read_value(r, o, at, s);
		else if (is_group(r, o, s))
			read_members(r, o->more, at, s);
	}
	for (o = option_first(section); o != NULL; o = option_next(o))
		if (o->required && config_setting_get_member(setting,
		    o->key) == NULL)
			reader_complain(r, read_where(r, setting), section,
			    o->key, "is missing; write %s = %s; (%s)",
			    o->key, example(o), o->doc);
}

void
read_group(struct reader *r, const char *section, void *base,
    const config_setting_t *setting)
{
	set_defaults(r, section, base);
	read_members(r, section, base, setting);
}
