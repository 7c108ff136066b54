/*
 * source.c - a file and what it includes, as one text.
 *
 * Why: libconfig can include files itself, but it ends the whole process when
 *      one is a directory, takes no absolute path next to relative ones, and
 *      says nothing about an @include, a string or a comment left open.  So it
 *      is given one string, and its line numbers are looked up here.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "conf/source.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"	/* some editors leave it in front */

/* From this line of the text on, lines are those of a file. */
struct source_mark {
	unsigned line;
	struct conf_where where;
};

/* What a line begins in the middle of. */
enum inside { INSIDE_NOTHING, INSIDE_STRING, INSIDE_COMMENT };

struct scan {
	enum inside inside;
	unsigned opened;	/* line of the quote or comment */
	unsigned suspect;	/* of the last string over several lines */
};

const char *
source_slurp(const char *path, size_t max, struct text *t)
{
	const char *wrong = NULL;
	size_t before = t->n;
	struct stat st;
	char chunk[8192];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) < 0)
		wrong = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		wrong = strerror(EISDIR);
	else if (!S_ISREG(st.st_mode))
		wrong = "Not a regular file";
	while (wrong == NULL && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			wrong = strerror(errno);
		else if ((size_t)n > max - (t->n - before))
			wrong = strerror(EFBIG);
		else
			text_add_slice(t, slice_make(chunk, (size_t)n));
	}
	close(fd);
	return wrong;
}

const char *
source_path(const struct source *s, const char *path)
{
	if (path[0] == '/')
		return arena_string(s->arena, slice_of(path));
	return arena_string(s->arena, arena_print(s->arena, "%s/%s",
	    s->directory, path));
}

static void
mark(struct source *s, const char *file, unsigned line)
{
	if (s->nmarks == s->capmarks) {
		s->capmarks = s->capmarks > 0 ? s->capmarks * 2 : 16;
		s->marks = mem_grow(s->marks, s->capmarks, sizeof(*s->marks));
	}
	s->marks[s->nmarks++] =
	    (struct source_mark){ s->lines + 1, { file, line } };
}

/* The path in quotes of an @include line; false when it is no such line. */
static bool
is_include(struct slice line, struct slice *path, struct slice *rest)
{
	struct slice s = slice_trim(line);
	const char *quote;

	if (!slice_starts(s, SLICE("@include")))
		return false;
	s = slice_trim(slice_skip(s, 8));
	*path = SLICE_NONE;
	*rest = s;
	if (s.n == 0 || s.p[0] != '"')
		return true;
	s = slice_skip(s, 1);
	quote = memchr(s.p, '"', s.n);
	if (quote == NULL)
		return true;
	*path = slice_make(s.p, (size_t)(quote - s.p));
	*rest = slice_trim(slice_skip(s, path->n + 1));
	if (slice_starts(*rest, SLICE(";")))
		*rest = slice_trim(slice_skip(*rest, 1));
	if (slice_starts(*rest, SLICE("#")) ||
	    slice_starts(*rest, SLICE("//")) || slice_eq(*rest, SLICE("\r")))
		*rest = SLICE_NONE;
	return true;
}

/* Follows strings and comments to the end of a line. */
static void
scan_line(struct scan *scan, struct slice line, unsigned number)
{
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i], next = i + 1 < line.n ? line.p[i + 1] : 0;

		if (scan->inside == INSIDE_STRING) {
			if (c == '\\')
				i++;
			else if (c == '"') {
				scan->inside = INSIDE_NOTHING;
				if (scan->opened != number)
					scan->suspect = scan->opened;
			}
		} else if (scan->inside == INSIDE_COMMENT) {
			if (c == '*' && next == '/') {
				scan->inside = INSIDE_NOTHING;
				i++;
			}
		} else if (c == '#' || (c == '/' && next == '/')) {
			return;
		} else if (c == '"' || (c == '/' && next == '*')) {
			scan->inside = c == '"' ?
			    INSIDE_STRING : INSIDE_COMMENT;
			scan->opened = number;
			i += c != '"';
		}
	}
}

static bool add_file(struct source *s, const char *file, struct slice bytes,
    unsigned depth, struct text *errors);

static bool
add_include(struct source *s, struct conf_where at, struct slice path,
    struct slice rest, unsigned depth, struct text *errors)
{
	const char *file, *wrong;
	struct text bytes;
	bool ok = false;

	if (path.n == 0 || rest.n > 0) {
		text_add(errors, "%s:%u: @include: names one file in quotes "
		    "and stands alone on its line; write "
		    "@include \"pools.conf\"\n", at.file, at.line);
		return false;
	}
	if (depth == SOURCE_DEPTH) {
		text_add(errors, "%s:%u: @include: more than %d files within "
		    "files; does a file include itself?\n", at.file, at.line,
		    SOURCE_DEPTH);
		return false;
	}
	file = source_path(s, arena_string(s->arena, path));
	text_init(&bytes);
	wrong = source_slurp(file, SOURCE_MAX, &bytes);
	if (wrong != NULL)
		text_add(errors, "%s:%u: @include: %s cannot be read: %s\n",
		    at.file, at.line, file, wrong);
	else
		ok = add_file(s, file, text_slice(&bytes), depth + 1, errors);
	text_fini(&bytes);
	return ok;
}

static bool
is_closed(const struct scan *scan, const char *file, struct text *errors)
{
	if (scan->inside == INSIDE_STRING && scan->suspect > 0)
		text_add(errors, "%s:%u: a string begins here and never ends; "
		    "does the one that begins at %s:%u lack its closing "
		    "quote?\n", file, scan->opened, file, scan->suspect);
	else if (scan->inside == INSIDE_STRING)
		text_add(errors, "%s:%u: a string begins here and never ends; "
		    "close it with '\"'\n", file, scan->opened);
	else if (scan->inside == INSIDE_COMMENT)
		text_add(errors, "%s:%u: a comment begins here and never ends; "
		    "close it with '*/'\n", file, scan->opened);
	return scan->inside == INSIDE_NOTHING;
}

static bool
add_file(struct source *s, const char *file, struct slice bytes,
    unsigned depth, struct text *errors)
{
	struct scan scan = { INSIDE_NOTHING, 0, 0 };
	unsigned number = 1;

	mark(s, file, 1);
	if (slice_starts(bytes, SLICE(BYTE_ORDER_MARK)))
		bytes = slice_skip(bytes, 3);
	for (; bytes.n > 0; number++) {
		const char *end = memchr(bytes.p, '\n', bytes.n);
		size_t n = end != NULL ? (size_t)(end - bytes.p) : bytes.n;
		struct slice line = slice_make(bytes.p, n), path, rest;

		bytes = slice_skip(bytes, n + (end != NULL));
		if (memchr(line.p, 0, line.n) != NULL) {
			text_add(errors, "%s:%u: holds a NUL byte; this is "
			    "not a text file\n", file, number);
			return false;
		}
		if (scan.inside == INSIDE_NOTHING &&
		    is_include(line, &path, &rest)) {
			if (!add_include(s, (struct conf_where){ file, number },
			    path, rest, depth, errors))
				return false;
			mark(s, file, number + 1);
			continue;
		}
		scan_line(&scan, line, number);
		if (line.n + 1 > SOURCE_MAX - s->text.n) {
			text_add(errors, "%s:%u: the configuration is larger "
			    "than 16 MiB\n", file, number);
			return false;
		}
		text_add_slice(&s->text, line);
		text_add_char(&s->text, '\n');
		s->lines++;
	}
	return is_closed(&scan, file, errors);
}

static void
start(struct source *s, struct arena *arena, const char *directory)
{
	char real[PATH_MAX];

	memset(s, 0, sizeof(*s));
	s->arena = arena;
	text_init(&s->text);
	text_add_slice(&s->text, SLICE_NONE);
	if (realpath(directory, real) != NULL)
		directory = real;
	s->directory = arena_string(arena, slice_of(directory));
}

bool
source_read(struct source *s, struct arena *arena, const char *path,
    struct text *errors)
{
	const char *slash = strrchr(path, '/'), *wrong;
	struct text bytes;
	bool ok = false;

	start(s, arena, slash == NULL ? "." :
	    arena_string(arena, slice_make(path, (size_t)(slash + 1 - path))));
	text_init(&bytes);
	wrong = source_slurp(path, SOURCE_MAX, &bytes);
	if (wrong != NULL)
		text_add(errors, "%s: cannot be read: %s\n", path, wrong);
	else
		ok = add_file(s, arena_string(arena, slice_of(path)),
		    text_slice(&bytes), 1, errors);
	text_fini(&bytes);
	return ok;
}

bool
source_read_string(struct source *s, struct arena *arena, const char *name,
    const char *string, struct text *errors)
{
	start(s, arena, ".");
	return add_file(s, arena_string(arena, slice_of(name)),
	    slice_of(string), 1, errors);
}

void
source_fini(struct source *s)
{
	text_fini(&s->text);
	free(s->marks);
	s->marks = NULL;
	s->nmarks = s->capmarks = 0;
}

struct conf_where
source_where(const struct source *s, unsigned line)
{
	size_t low = 0, high = s->nmarks;
	struct conf_where where;

	must(s->nmarks > 0);
	while (high - low > 1) {	/* the last mark at or before line */
		size_t middle = low + (high - low) / 2;

		if (s->marks[middle].line <= line)
			low = middle;
		else
			high = middle;
	}
	where = s->marks[low].where;
	if (line > s->marks[low].line)
		where.line += line - s->marks[low].line;
	return where;
}
