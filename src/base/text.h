#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Text that grows: answers of the stats socket, lists of errors, dumps. */
struct text {
	char *p;		/* NUL-terminated; NULL if nothing was added */
	size_t n, cap;
};

void text_init(struct text *t);
void text_fini(struct text *t);
void text_clear(struct text *t);
void text_add(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void text_vadd(struct text *t, const char *fmt, va_list ap);
void text_add_slice(struct text *t, struct slice s);
void text_add_char(struct text *t, char c);
void text_add_number(struct text *t, int64_t n);	/* decimal */

/* s as a JSON string, quotes included; bytes not UTF-8 become \u00XX. */
void text_add_json(struct text *t, struct slice s);

/*
 * s for one line of a log: controls, quotes and backslashes as \xXX or the
 * usual escape; no quotes around.
 */
void text_add_escaped(struct text *t, struct slice s);

static inline struct slice
text_slice(const struct text *t)
{
	return (struct slice){ t->p, t->n };
}
