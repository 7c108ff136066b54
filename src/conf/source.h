#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"
#include "conf/model.h"

/*
 * The text of a configuration: a file and all that it includes, as one piece,
 * and where each of its lines comes from.
 *
 * "@include "path"" stands alone on its line.  A relative path starts at the
 * directory of the first file.
 */
#define SOURCE_MAX ((size_t)16 << 20)	/* bytes in all */
#define SOURCE_DEPTH 10			/* files within files */

struct source {
	struct arena *arena;		/* names of files live in it */
	const char *directory;		/* of the first file, absolute */
	struct text text;
	struct source_mark *marks;
	size_t nmarks, capmarks;
	unsigned lines;
};

/* Both give false with sentences in errors.  Either way call source_fini. */
bool source_read(struct source *s, struct arena *arena, const char *path,
    struct text *errors);
bool source_read_string(struct source *s, struct arena *arena,
    const char *name, const char *string, struct text *errors);
void source_fini(struct source *s);

/* Where line 1.. of the text stands. */
struct conf_where source_where(const struct source *s, unsigned line);

/*
 * Reads a regular file of at most max bytes to the end of t.  NULL, or what
 * is wrong, which follows the words "it" or "the file".
 */
const char *source_slurp(const char *path, size_t max, struct text *t);

/* path, or directory/path when it is relative; in the arena. */
const char *source_path(const struct source *s, const char *path);
