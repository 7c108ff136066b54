#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "conf/model.h"
#include "conf/option.h"
#include "conf/source.h"

/*
 * What reading one configuration needs: the snapshot that grows, where each
 * of its values stands, and the complaints so far.  Complaints are sorted by
 * their place in the end, so that they may be made in any order.
 */
struct reader {
	struct conf *conf;
	const struct conf_tls_kit *kit;	/* NULL: no certificate is read */
	struct source source;
	const char *const *balances;
	struct place *places;		/* sorted by reader_sort */
	size_t nplaces, capplaces;
	struct complaint *complaints;
	size_t ncomplaints, capcomplaints;
};

void reader_init(struct reader *r, struct conf *conf,
    const char *const *balances);
void reader_fini(struct reader *r);

/* Notes that this option of the struct at base was given. */
void reader_note(struct reader *r, const void *base, const struct option *o,
    struct conf_where where);

/* Called once, when all is noted; the functions below need it. */
void reader_sort(struct reader *r);

/* A sentence about an option, or about a section when key is NULL.  Both
 * names are borrowed until reader_tell; the sentence is copied. */
void reader_complain(struct reader *r, struct conf_where where,
    const char *section, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void reader_vcomplain(struct reader *r, struct conf_where where,
    const char *section, const char *key, const char *fmt, va_list ap);

/* All complaints, a line each, in the order of the file. */
void reader_tell(struct reader *r, struct text *errors);

/* One group of the file, for those who check it. */
struct subject {
	struct reader *r;
	const char *section;
	const void *base;		/* its struct */
	struct conf_where where;	/* the group, or what it stands in */
};

/* Does the key stand in the file, right or wrong? */
bool subject_has(const struct subject *s, const char *key);

/* Where it stands; the group's place if it does not. */
struct conf_where subject_where(const struct subject *s, const char *key);

/* Was it complained of already? */
bool subject_is_wrong(const struct subject *s, const char *key);

void subject_complain(const struct subject *s, const char *key,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
