#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/text.h"

/*
 * The option table: one row an option.  It drives the loader, the checker,
 * the dump, and the check of steelyard.conf(5).  A new option is a member of
 * the model, a row here, and a paragraph of the man page.
 */
enum option_type {
	OPTION_BOOL, OPTION_NUMBER, OPTION_SIZE, OPTION_DURATION,
	OPTION_STRING, OPTION_ENUM, OPTION_MODE, OPTION_ADDRESS,
	OPTION_RANGES, OPTION_UPGRADES, OPTION_FIELD, OPTION_FIELDS,
	OPTION_STATUSES, OPTION_KEYS, OPTION_GROUP, OPTION_LIST,
};

struct option {
	const char *section;	/* "pool.health" */
	const char *key;	/* "interval" */
	enum option_type type;
	size_t offset;		/* in the section's struct */
	size_t size;		/* of the member; of one element of a list */
	int64_t min, max;	/* of the value; of the length of a string */
	bool required;
	const char *standard;	/* default as it would be written, or NULL */
	const void *more;	/* names of an enum; section of a group, list */
	const char *doc;	/* one line */
};

/* All rows; those of a section stand together; the last has section NULL. */
extern const struct option option_table[];

/* The rows of a section, one after the other; NULL when there is none. */
const struct option *option_first(const char *section);
const struct option *option_next(const struct option *o);
const struct option *option_find(const char *section, const char *key);

/* "global.log.level" a line each: what the man page must document. */
void option_list(struct text *out);

/* The key of that section nearest to a word (Levenshtein), or NULL. */
const char *option_nearest(const char *section, const char *word);
