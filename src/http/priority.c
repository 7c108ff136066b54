/*
 * priority.c - the Priority field: u=0..7, and i.
 *
 * A dictionary of structured fields.  Members that are unknown, or of another
 * type or range than theirs, are read over; so their syntax counts.
 */
#include "http/priority.h"

#include <string.h>

enum kind { NUMBER, BOOLEAN, OTHER };

struct item {
	enum kind kind;
	int value;		/* of a number without fraction: 0..99, or -1 */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_at(const struct slice *s, const char *set)
{
	return s->n > 0 && s->p[0] != '\0' && strchr(set, s->p[0]) != NULL;
}

static bool
take(struct slice *s, const char *set)
{
	if (!is_at(s, set))
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static void
skip(struct slice *s, const char *set)
{
	while (take(s, set))
		continue;
}

static bool
read_key(struct slice *s, struct slice *key)
{
	size_t n = 0;

	if (s->n == 0 || (!is_lower(s->p[0]) && s->p[0] != '*'))
		return false;
	while (n < s->n && (is_lower(s->p[n]) || is_digit(s->p[n]) ||
	    (s->p[n] != '\0' && strchr("_-.*", s->p[n]) != NULL)))
		n++;
	*key = slice_make(s->p, n);
	*s = slice_skip(*s, n);
	return true;
}

static bool
read_number(struct slice *s, struct item *item)
{
	size_t n = 0;

	*item = (struct item){ NUMBER, 0 };
	if (take(s, "-"))
		item->value = -1;
	for (; s->n > 0 && is_digit(s->p[0]); n++) {
		if (item->value >= 0)
			item->value = n == 2 ? -1 :
			    item->value * 10 + (s->p[0] - '0');
		*s = slice_skip(*s, 1);
	}
	if (n == 0 || n > 15)
		return false;
	if (!take(s, "."))
		return true;
	item->value = -1;
	for (n = 0; s->n > 0 && is_digit(s->p[0]); n++)
		*s = slice_skip(*s, 1);
	return n >= 1 && n <= 3;
}

static bool
read_string(struct slice *s)
{
	while (s->n > 0 && s->p[0] != '"') {
		if (take(s, "\\") && !is_at(s, "\"\\"))
			return false;
		if (s->p[0] < 0x20 || s->p[0] == 0x7f)
			return false;
		*s = slice_skip(*s, 1);
	}
	return take(s, "\"");
}

static bool
is_token(char c)
{
	return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~:/", c) != NULL);
}

/* A byte sequence: its alphabet, and a colon behind. */
static bool
read_bytes(struct slice *s)
{
	while (s->n > 0 && (is_digit(s->p[0]) || is_lower(s->p[0]) ||
	    (s->p[0] >= 'A' && s->p[0] <= 'Z') || is_at(s, "+/=")))
		*s = slice_skip(*s, 1);
	return take(s, ":");
}

static bool
read_item(struct slice *s, struct item *item)
{
	*item = (struct item){ OTHER, -1 };
	if (s->n > 0 && (is_digit(s->p[0]) || s->p[0] == '-'))
		return read_number(s, item);
	if (take(s, "?")) {
		*item = (struct item){ BOOLEAN, is_at(s, "1") };
		return take(s, "01");
	}
	if (take(s, "\""))
		return read_string(s);
	if (take(s, ":"))
		return read_bytes(s);
	if (s->n == 0 || is_digit(s->p[0]) || !is_token(s->p[0]) ||
	    is_at(s, "!#$%&'+-.^_`|~:/"))
		return false;
	while (s->n > 0 && is_token(s->p[0]))
		*s = slice_skip(*s, 1);
	return true;
}

static bool
skip_parameters(struct slice *s)
{
	struct slice key;
	struct item item;

	while (take(s, ";")) {
		skip(s, " ");
		if (!read_key(s, &key) ||
		    (take(s, "=") && !read_item(s, &item)))
			return false;
	}
	return true;
}

static bool
skip_list(struct slice *s)
{
	struct item item;

	for (;;) {
		skip(s, " ");
		if (take(s, ")"))
			return true;
		if (!read_item(s, &item) || !skip_parameters(s) ||
		    !is_at(s, " )"))
			return false;
	}
}

/* A key alone says true. */
static bool
read_value(struct slice *s, struct item *item)
{
	*item = (struct item){ BOOLEAN, 1 };
	if (!take(s, "="))
		return skip_parameters(s);
	if (!take(s, "("))
		return read_item(s, item) && skip_parameters(s);
	*item = (struct item){ OTHER, -1 };
	return skip_list(s) && skip_parameters(s);
}

static void
apply(struct priority *p, struct slice key, const struct item *item)
{
	if (slice_eq(key, SLICE("u")) && item->kind == NUMBER &&
	    item->value >= 0 && item->value <= 7)
		p->urgency = (uint8_t)item->value;
	if (slice_eq(key, SLICE("i")) && item->kind == BOOLEAN)
		p->incremental = item->value != 0;
}

bool
priority_read(struct slice value, struct priority *p)
{
	struct priority out = *p;
	struct slice s = value, key;
	struct item item;

	skip(&s, " ");
	while (s.n > 0) {
		if (!read_key(&s, &key) || !read_value(&s, &item))
			return false;
		apply(&out, key, &item);
		skip(&s, " \t");
		if (s.n == 0)
			break;
		if (!take(&s, ","))
			return false;
		skip(&s, " \t");
		if (s.n == 0)
			return false;
	}
	*p = out;
	return true;
}
