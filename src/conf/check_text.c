/*
 * check_text.c - names, paths, hosts and fields: text that has a grammar.
 */
#include <string.h>

#include "conf/check.h"
#include "conf/read_text.h"
#include "http/check.h"
#include "http/field.h"

static const char *
shown(const struct subject *s, const char *string)
{
	return read_shown(string, &s->r->conf->arena);
}

/* The byte at fault, as a sentence names it. */
static const char *
byte(const struct subject *s, const char *string, ptrdiff_t at)
{
	char one[2] = { string[at], '\0' };

	if (one[0] == '\0')
		return "its end";
	if (one[0] == ' ')
		return "a space";
	return arena_string(&s->r->conf->arena, arena_print(&s->r->conf->arena,
	    "'%s'", shown(s, one)));
}

static ptrdiff_t
name_fault(const char *name, const char *more)
{
	for (const char *p = name; *p != '\0'; p++) {
		char c = slice_lower(*p);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    strchr("_.:-", c) == NULL && strchr(more, c) == NULL)
			return p - name;
	}
	return CHECK_OK;
}

bool
check_is_name(const char *name, const char *more)
{
	return name != NULL && name_fault(name, more) == CHECK_OK;
}

bool
check_name(const struct subject *s, const char *name, const char *more)
{
	if (name == NULL)
		return false;
	if (check_is_name(name, more))
		return true;
	subject_complain(s, "name", "\"%s\" holds %s; a name is made of "
	    "letters, digits, '_', '.', ':' and '-'", shown(s, name),
	    byte(s, name, name_fault(name, more)));
	return false;
}

bool
check_text(const struct subject *s, const char *key, const char *string)
{
	struct slice text = slice_of(string);
	ptrdiff_t at = string != NULL ? check_value(text) : CHECK_OK;

	if (at != CHECK_OK) {
		subject_complain(s, key, "\"%s\" holds %s, which no field may",
		    shown(s, string), byte(s, string, at));
		return false;
	}
	if (slice_trim(text).n != text.n) {
		subject_complain(s, key, "\"%s\" begins or ends with a space; "
		    "delete it", shown(s, string));
		return false;
	}
	return true;
}

bool
check_path(const struct subject *s, const char *key, const char *path)
{
	ptrdiff_t at;

	if (path == NULL)
		return true;
	if (path[0] != '/') {
		subject_complain(s, key, "\"%s\" does not begin with '/'; "
		    "write \"/%s\"", shown(s, path), shown(s, path));
		return false;
	}
	at = check_target(slice_of(path));
	if (at == CHECK_OK)
		return true;
	if (path[at] == '%')
		subject_complain(s, key, "\"%s\" holds a '%%' without two hex "
		    "digits after it; write %%25 for '%%'", shown(s, path));
	else
		subject_complain(s, key, "\"%s\" holds %s, which must be "
		    "escaped as %%%02X", shown(s, path), byte(s, path, at),
		    (unsigned char)path[at]);
	return false;
}

bool
check_host(const struct subject *s, const char *key, const char *host)
{
	if (host == NULL || check_authority(slice_of(host)) == CHECK_OK)
		return true;
	subject_complain(s, key, "\"%s\" is not a host; write a name or "
	    "an address, such as \"www.example.com\"", shown(s, host));
	return false;
}

bool
check_word(const struct subject *s, const char *key, const char *word)
{
	ptrdiff_t at = word != NULL ? check_token(slice_of(word)) : CHECK_OK;

	if (at == CHECK_OK)
		return true;
	subject_complain(s, key, "\"%s\" holds %s; a token is made of letters, "
	    "digits and a few marks such as '-'", shown(s, word),
	    byte(s, word, at));
	return false;
}

/* Fields that the codecs make, so that nobody else may. */
bool
check_is_framing(enum field_id id)
{
	switch (id) {
	case FIELD_CONNECTION:
	case FIELD_KEEP_ALIVE:
	case FIELD_PROXY_CONNECTION:
	case FIELD_TE:
	case FIELD_TRANSFER_ENCODING:
	case FIELD_UPGRADE:
	case FIELD_CONTENT_LENGTH:
	case FIELD_TRAILER:
	case FIELD_EXPECT:
		return true;
	default:
		return false;
	}
}

void
check_fields(struct reader *r, const struct conf_fields *fields,
    enum check_whose whose)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct conf_field *f = &fields->v[i];
		struct subject s = { r, "field", f, f->where };
		enum field_id id;

		if (f->name != NULL && check_word(&s, "name", f->name)) {
			id = field_id(slice_of(f->name));
			if (id == FIELD_HOST && whose == CHECK_PROBE)
				subject_complain(&s, "name", "Host stands in "
				    "pool.health.host; set it there");
			else if (check_is_framing(id) || id == FIELD_HOST ||
			    (id == FIELD_DATE && whose == CHECK_RESPONSE))
				subject_complain(&s, "name", "%s is written "
				    "by steelyard itself; delete this field",
				    f->name);
		}
		if (!subject_has(&s, "value"))
			subject_complain(&s, "value", "is missing: a field "
			    "that is sent has a value");
		else
			check_text(&s, "value", f->value);
	}
}

void
check_match(struct reader *r, const struct conf_field *field)
{
	struct subject s = { r, "field", field, field->where };
	enum field_id id;

	check_text(&s, "value", field->value);
	if (field->name == NULL || !check_word(&s, "name", field->name))
		return;
	id = field_id(slice_of(field->name));
	if (id == FIELD_HOST)
		subject_complain(&s, "name", "Host is matched by route.host; "
		    "set it there");
	else if (id != FIELD_EXPECT && id != FIELD_TRAILER &&
	    check_is_framing(id))
		subject_complain(&s, "name", "%s is about one connection, not "
		    "about the request; it cannot be matched", field->name);
}
