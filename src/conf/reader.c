/*
 * reader.c - where values stand, and complaints about them.
 *
 * Why: the checks run on the finished model, whose members do not know their
 *      lines.  A place is found by the address of the struct and the option.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "conf/reader.h"

struct place {
	uintptr_t base;
	const struct option *option;
	struct conf_where where;
};

struct complaint {
	struct conf_where where;
	size_t order;		/* in which they were made */
	const char *section, *key;	/* borrowed until they are told */
	struct slice what;
};

void
reader_init(struct reader *r, struct conf *conf, const char *const *balances)
{
	memset(r, 0, sizeof(*r));
	r->conf = conf;
	r->balances = balances;
}

void
reader_fini(struct reader *r)
{
	source_fini(&r->source);
	free(r->places);
	free(r->complaints);
	memset(r, 0, sizeof(*r));
}

void
reader_note(struct reader *r, const void *base, const struct option *o,
    struct conf_where where)
{
	if (r->nplaces == r->capplaces) {
		r->capplaces = r->capplaces > 0 ? r->capplaces * 2 : 256;
		r->places = mem_grow(r->places, r->capplaces,
		    sizeof(*r->places));
	}
	r->places[r->nplaces++] = (struct place){ (uintptr_t)base, o, where };
}

static int
compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->base != b->base)
		return a->base < b->base ? -1 : 1;
	return (a->option > b->option) - (a->option < b->option);
}

void
reader_sort(struct reader *r)
{
	if (r->nplaces > 0)
		qsort(r->places, r->nplaces, sizeof(*r->places),
		    compare_places);
}

void
reader_vcomplain(struct reader *r, struct conf_where where,
    const char *section, const char *key, const char *fmt, va_list ap)
{
	if (r->ncomplaints == r->capcomplaints) {
		r->capcomplaints = r->capcomplaints > 0 ?
		    r->capcomplaints * 2 : 16;
		r->complaints = mem_grow(r->complaints, r->capcomplaints,
		    sizeof(*r->complaints));
	}
	r->complaints[r->ncomplaints] = (struct complaint){ where,
	    r->ncomplaints, section, key,
	    arena_vprint(&r->conf->arena, fmt, ap) };
	r->ncomplaints++;
}

void
reader_complain(struct reader *r, struct conf_where where,
    const char *section, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	reader_vcomplain(r, where, section, key, fmt, ap);
	va_end(ap);
}

static int
compare_complaints(const void *left, const void *right)
{
	const struct complaint *a = left, *b = right;
	int files = strcmp(a->where.file, b->where.file);

	if (files != 0)
		return files;
	if (a->where.line != b->where.line)
		return a->where.line < b->where.line ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static void
tell(const struct complaint *c, struct text *errors)
{
	bool dot = c->section[0] != '\0' && c->key != NULL;

	text_add(errors, "%s:%u: %s%s%s: %.*s\n", c->where.file, c->where.line,
	    c->section, dot ? "." : "", c->key != NULL ? c->key : "",
	    SLICE_ARG(c->what));
}

void
reader_tell(struct reader *r, struct text *errors)
{
	if (r->ncomplaints > 0)
		qsort(r->complaints, r->ncomplaints, sizeof(*r->complaints),
		    compare_complaints);
	for (size_t i = 0; i < r->ncomplaints; i++)
		tell(&r->complaints[i], errors);
}

static const struct place *
find_place(const struct subject *s, const char *key)
{
	struct place wanted = { .base = (uintptr_t)s->base };

	wanted.option = option_find(s->section, key);
	must(wanted.option != NULL);
	if (s->r->nplaces == 0)
		return NULL;
	return bsearch(&wanted, s->r->places, s->r->nplaces, sizeof(wanted),
	    compare_places);
}

bool
subject_has(const struct subject *s, const char *key)
{
	return find_place(s, key) != NULL;
}

struct conf_where
subject_where(const struct subject *s, const char *key)
{
	const struct place *p = find_place(s, key);

	return p != NULL ? p->where : s->where;
}

bool
subject_is_wrong(const struct subject *s, const char *key)
{
	struct conf_where at = subject_where(s, key);
	const struct complaint *c;

	for (size_t i = 0; i < s->r->ncomplaints; i++) {
		c = &s->r->complaints[i];
		if (c->where.line == at.line && c->key != NULL &&
		    strcmp(c->key, key) == 0 &&
		    strcmp(c->section, s->section) == 0 &&
		    strcmp(c->where.file, at.file) == 0)
			return true;
	}
	return false;
}

void
subject_complain(const struct subject *s, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	reader_vcomplain(s->r, subject_where(s, key), s->section, key, fmt, ap);
	va_end(ap);
}
