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
/* s as a JSON string, quotes included; bytes not UTF-8 become \u00XX. */
void text_add_json(struct text *t, struct slice s);

/*
 * s for one line of a log: controls, quotes and backslashes as \xXX or the
 * usual escape; no quotes around.
 */
void text_add_escaped(struct text *t, struct slice s);

void text_grow(struct text *t, size_t n);	/* text_reserve's rest */

/* Room for n more bytes and the NUL. */
static inline void
text_reserve(struct text *t, size_t n)
{
	if (t->cap - t->n <= n)
		text_grow(t, n);
}

/* Inline: a literal becomes a few stores. */
static inline void
text_add_slice(struct text *t, struct slice s)
{
	text_reserve(t, s.n);
	if (s.n > 0)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
	t->p[t->n] = '\0';
}

static inline void
text_add_char(struct text *t, char c)
{
	text_reserve(t, 1);
	t->p[t->n++] = c;
	t->p[t->n] = '\0';
}

void text_add_digits(struct text *t, int64_t n);	/* text_add_number's rest */

/* Decimal; most are a single digit. */
static inline void
text_add_number(struct text *t, int64_t n)
{
	if (n >= 0 && n < 10)
		text_add_char(t, (char)('0' + n));
	else
		text_add_digits(t, n);
}

static inline struct slice
text_slice(const struct text *t)
{
	return (struct slice){ t->p, t->n };
}
