/*
 * syntax.c - says what is wrong with the form of a configuration.
 *
 *	group   = { name ("=" | ":") value [";" | ","] }
 *	value   = string... | number | true | false
 *	        | "{" group "}" | "(" [value {"," value}] ")"
 *	        | "[" [scalar {"," scalar}] "]"
 *
 * Why: libconfig says no more than "syntax error", does not name a key that
 *      stands twice, and cuts a number that is too large down to 32 bits
 *      without a word.  Here the text is walked before libconfig gets it.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/syntax.h"
#include "conf/token.h"

#define NESTING_MAX 32

struct name {
	struct slice text;
	unsigned line;
};

struct syntax {
	const struct source *source;
	struct text *errors;
	struct lexer lexer;
	struct token token;	/* the one to look at */
	unsigned string_from, string_to; /* lines of the last long string */
	unsigned depth;
	struct name *names;	/* of the groups that are open */
	size_t nnames, capnames;
};

static bool parse_group(struct syntax *x, const struct token *open);
static bool parse_value(struct syntax *x, struct slice name, bool element);

static bool
complain(struct syntax *x, const struct token *at, const char *fmt, ...)
{
	struct conf_where w = source_where(x->source, at->line);
	va_list ap;

	text_add(x->errors, "%s:%u: ", w.file, w.line);
	va_start(ap, fmt);
	text_vadd(x->errors, fmt, ap);
	va_end(ap);
	if (x->string_from != x->string_to && at->line == x->string_to) {
		w = source_where(x->source, x->string_from);
		text_add(x->errors, "; does the string that begins at %s:%u "
		    "lack its closing quote?", w.file, w.line);
	}
	text_add_char(x->errors, '\n');
	return false;
}

static void
next(struct syntax *x)
{
	if (x->token.kind == TOKEN_STRING && x->token.end != x->token.line) {
		x->string_from = x->token.line;
		x->string_to = x->token.end;
	}
	lexer_next(&x->lexer, &x->token);
}

static bool
is_mark(const struct token *t, char c)
{
	return t->kind == TOKEN_MARK && t->text.p[0] == c;
}

static char
closer(char open)
{
	return open == '{' ? '}' : open == '(' ? ')' : ']';
}

/* A token as a sentence names it: 'x', a string, the end. */
#define SHOWN "%s%.*s%s"
#define FOUND(t) quote(t), SLICE_ARG(token_shown(t)), quote(t)

static const char *
quote(const struct token *t)
{
	return token_shown(t).p == t->text.p ? "'" : "";
}

static bool
complain_unclosed(struct syntax *x, const struct token *open)
{
	struct conf_where w = source_where(x->source, open->line);

	if (x->token.kind == TOKEN_END)
		return complain(x, open, "'%c' begins here and is never "
		    "closed; add '%c'", open->text.p[0],
		    closer(open->text.p[0]));
	return complain(x, &x->token, "found " SHOWN ", but the '%c' of "
	    "%s:%u is still open; close it with '%c' first", FOUND(&x->token),
	    open->text.p[0], w.file, w.line, closer(open->text.p[0]));
}

static bool
is_closer(const struct token *t)
{
	return is_mark(t, '}') || is_mark(t, ')') || is_mark(t, ']');
}

static bool
add_name(struct syntax *x, size_t first)
{
	for (size_t i = first; i < x->nnames; i++) {
		struct conf_where w;

		if (!slice_eq(x->names[i].text, x->token.text))
			continue;
		w = source_where(x->source, x->names[i].line);
		return complain(x, &x->token, "'%.*s' stands twice in this "
		    "group, first at %s:%u; delete one of them",
		    SLICE_ARG(x->token.text), w.file, w.line);
	}
	if (x->nnames == x->capnames) {
		x->capnames = x->capnames > 0 ? x->capnames * 2 : 64;
		x->names = mem_grow(x->names, x->capnames, sizeof(*x->names));
	}
	x->names[x->nnames++] = (struct name){ x->token.text, x->token.line };
	return true;
}

static bool
complain_no_name(struct syntax *x, const struct token *open)
{
	const struct token *t = &x->token;

	if (open != NULL && (t->kind == TOKEN_END || is_closer(t)))
		return complain_unclosed(x, open);
	if (is_closer(t))
		return complain(x, t, "found " SHOWN ", but nothing is open; "
		    "delete it", FOUND(t));
	if (is_mark(t, ';') || is_mark(t, ','))
		return complain(x, t, "found " SHOWN " where the name of an "
		    "option should stand; delete it", FOUND(t));
	if (slice_starts(t->text, SLICE("@")))
		return complain(x, t, "@include: must begin a line and name a "
		    "file in quotes; write @include \"pools.conf\" on a line "
		    "of its own");
	return complain(x, t, "found " SHOWN " where the name of an option "
	    "should stand, such as name = \"web\";", FOUND(t));
}

/* The settings of a group up to what closes it; open is NULL for the file. */
static bool
parse_group(struct syntax *x, const struct token *open)
{
	size_t first = x->nnames;

	for (;;) {
		struct slice name = x->token.text;

		if (open == NULL ? x->token.kind == TOKEN_END :
		    is_mark(&x->token, '}'))
			break;
		if (x->token.kind != TOKEN_NAME)
			return complain_no_name(x, open);
		if (!add_name(x, first))
			return false;
		next(x);
		if (!is_mark(&x->token, '=') && !is_mark(&x->token, ':'))
			return complain(x, &x->token, "found " SHOWN " where "
			    "'=' should stand; write %.*s = ...",
			    FOUND(&x->token), SLICE_ARG(name));
		next(x);
		if (!parse_value(x, name, false))
			return false;
		if (is_mark(&x->token, ';') || is_mark(&x->token, ','))
			next(x);
	}
	x->nnames = first;
	next(x);
	return true;
}

/* The values of a list or array up to what closes it. */
static bool
parse_list(struct syntax *x, const struct token *open, struct slice name)
{
	char close = closer(open->text.p[0]);
	enum token_kind kind = TOKEN_END;
	bool comma = false;

	while (comma || !is_mark(&x->token, close)) {
		struct conf_where w = source_where(x->source, open->line);

		if (comma && is_closer(&x->token))
			return complain(x, &x->token, "found " SHOWN " after "
			    "','; delete that ','", FOUND(&x->token));
		if (x->token.kind == TOKEN_END)
			return complain_unclosed(x, open);
		if (close == ']' && (is_mark(&x->token, '{') ||
		    is_mark(&x->token, '(') || is_mark(&x->token, '[')))
			return complain(x, &x->token, "found " SHOWN " within "
			    "'[ ]', which holds plain values only; write "
			    "'( )' instead of '[ ]'", FOUND(&x->token));
		if (close == ']' && kind != TOKEN_END &&
		    x->token.kind != kind)
			return complain(x, &x->token, "found " SHOWN " in a "
			    "'[ ]' that holds another type; write '( )' "
			    "instead of '[ ]'", FOUND(&x->token));
		kind = x->token.kind;
		if (!parse_value(x, name, true))
			return false;
		comma = is_mark(&x->token, ',');
		if (comma)
			next(x);
		else if (is_closer(&x->token) && !is_mark(&x->token, close))
			return complain_unclosed(x, open);
		else if (x->token.kind != TOKEN_END &&
		    !is_mark(&x->token, close))
			return complain(x, &x->token, "found " SHOWN " where "
			    "',' or '%c' should stand; the '%c' of %s:%u is "
			    "still open", FOUND(&x->token), close,
			    open->text.p[0], w.file, w.line);
	}
	next(x);
	return true;
}

static bool
parse_number(struct syntax *x)
{
	const struct token *t = &x->token;

	if (!token_is_exact(t))
		return complain(x, t, "%.*s is too large a number; write at "
		    "most %d", SLICE_ARG(t->text), INT_MAX);
	next(x);
	return true;
}

static bool
complain_no_value(struct syntax *x, struct slice name, bool element)
{
	const char *what = element ? "an element" : "the value";
	const struct token *t = &x->token;

	if (t->kind == TOKEN_ODD)
		return complain(x, t, "%.*s needs quotes here; write "
		    "\"%.*s\"", SLICE_ARG(t->text), SLICE_ARG(t->text));
	if (t->kind == TOKEN_NAME)
		return complain(x, t, "found " SHOWN " where %s of '%.*s' "
		    "should stand; %s", FOUND(t), what, SLICE_ARG(name),
		    element ? "put quotes around a string, '{' and '}' "
		    "around options" :
		    "write a string in quotes, or true or false");
	return complain(x, t, "found " SHOWN " where %s of '%.*s' should "
	    "stand", FOUND(t), what, SLICE_ARG(name));
}

static bool
parse_value(struct syntax *x, struct slice name, bool element)
{
	struct token open = x->token;
	bool ok;

	switch (open.kind) {
	case TOKEN_STRING:
		while (x->token.kind == TOKEN_STRING)
			next(x);
		return true;
	case TOKEN_NUMBER:
		return parse_number(x);
	case TOKEN_BOOL:
		next(x);
		return true;
	default:
		break;
	}
	if (!is_mark(&open, '{') && !is_mark(&open, '(') &&
	    !is_mark(&open, '['))
		return complain_no_value(x, name, element);
	if (x->depth == NESTING_MAX)
		return complain(x, &open, "groups and lists are nested more "
		    "than %d deep", NESTING_MAX);
	x->depth++;
	next(x);
	ok = is_mark(&open, '{') ? parse_group(x, &open) :
	    parse_list(x, &open, name);
	x->depth--;
	return ok;
}

bool
syntax_check(const struct source *source, struct text *errors)
{
	struct syntax x = { .source = source, .errors = errors };
	bool ok;

	lexer_init(&x.lexer, text_slice(&source->text));
	lexer_next(&x.lexer, &x.token);
	ok = parse_group(&x, NULL);
	free(x.names);
	return ok;
}
