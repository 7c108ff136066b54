#pragma once

#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

/*
 * One value of an answer, in each of the forms it can take: plain (CSV),
 * typed and JSON, as HAProxy writes them.
 */
enum cell_kind { CELL_NONE, CELL_NUMBER, CELL_TEXT };

struct cell {
	enum cell_kind kind;
	int64_t number;
	struct slice text;	/* borrowed */
};

/* tags: three letters, origin (M metric, S status, K key, C configuration,
 * P product), nature (G gauge, C counter, N name, ...), scope (P process,
 * S service, C cluster). */
struct column {
	const char *name;
	const char *tags;
	const char *type;	/* u32 u64 s32 str */
};

static inline struct cell
cell_number(int64_t n)
{
	return (struct cell){ CELL_NUMBER, n, SLICE_NONE };
}

static inline struct cell
cell_text(const char *s)
{
	return (struct cell){ CELL_TEXT, 0, slice_of(s) };
}

/* Quoted if it must be; nothing for CELL_NONE. */
void cell_add_csv(struct text *t, const struct cell *c);
void cell_add_plain(struct text *t, const struct cell *c);

/* "7.stot.1:MCP:u64:5" and a newline; not for CELL_NONE. */
void cell_add_typed(struct text *t, unsigned pos, const struct column *column,
    const struct cell *c);

/* The members "field", "processNum", "tags", "value", without braces. */
void cell_add_json(struct text *t, unsigned pos, const struct column *column,
    const struct cell *c);
