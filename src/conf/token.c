/*
 * token.c - cuts a configuration into the words of libconfig's grammar.
 *
 * The text has been through source.c: its strings and comments are closed.
 */
#include <limits.h>
#include <stdint.h>

#include "conf/token.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return slice_lower(c) >= 'a' && slice_lower(c) <= 'z';
}

static bool
is_name_byte(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '*';
}

void
lexer_init(struct lexer *l, struct slice text)
{
	l->left = text;
	l->line = 1;
}

static void
step(struct lexer *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		l->line += l->left.p[i] == '\n';
	l->left = slice_skip(l->left, n);
}

/* Bytes up to and with the end mark, from an offset; all if there is none. */
static size_t
until(struct slice s, size_t from, struct slice mark)
{
	for (size_t i = from; i + mark.n <= s.n; i++)
		if (slice_starts(slice_skip(s, i), mark))
			return i + mark.n;
	return s.n;
}

static void
skip_space(struct lexer *l)
{
	while (l->left.n > 0) {
		char c = l->left.p[0];

		if (c == ' ' || (c >= '\t' && c <= '\r'))
			step(l, 1);
		else if (c == '#' || slice_starts(l->left, SLICE("//")))
			step(l, until(l->left, 0, SLICE("\n")));
		else if (slice_starts(l->left, SLICE("/*")))
			step(l, until(l->left, 2, SLICE("*/")));
		else
			return;
	}
}

static size_t
string_length(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return s.n;
}

/* [-+]digits[L[L]] | 0x hex [L[L]] | a float; 0 when it is no number. */
static size_t
number_length(struct slice s)
{
	size_t i = 0, digits = 0;
	bool plain = true;

	if (s.n > 2 && s.p[0] == '0' && slice_lower(s.p[1]) == 'x') {
		for (i = 2; i < s.n && (is_digit(s.p[i]) ||
		    (slice_lower(s.p[i]) >= 'a' &&
		    slice_lower(s.p[i]) <= 'f')); i++)
			digits++;
	} else {
		i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
		for (; i < s.n && is_digit(s.p[i]); i++)
			digits++;
		if (i < s.n && s.p[i] == '.')
			for (plain = false, i++; i < s.n && is_digit(s.p[i]);
			    i++)
				digits++;
		if (digits > 0 && i < s.n && slice_lower(s.p[i]) == 'e') {
			size_t e = i + 1;

			e += e < s.n && (s.p[e] == '-' || s.p[e] == '+');
			for (; e < s.n && is_digit(s.p[e]); i = ++e)
				plain = false;
		}
	}
	for (int l = 0; plain && l < 2 && i < s.n && s.p[i] == 'L'; l++)
		i++;
	if (i < s.n && (is_name_byte(s.p[i]) || s.p[i] == '.'))
		return 0;
	return digits > 0 ? i : 0;
}

/* What is no word at all, up to something that may begin one. */
static size_t
odd_length(struct slice s)
{
	size_t i = 1;

	while (i < s.n && (is_name_byte(s.p[i]) || (s.p[i] & 0x80) != 0 ||
	    strchr("./%:+", s.p[i]) != NULL))
		i++;
	return i;
}

static enum token_kind
kind_of(struct slice s, size_t *n)
{
	if (s.n == 0) {
		*n = 0;
		return TOKEN_END;
	}
	if (s.p[0] == '"') {
		*n = string_length(s);
		return TOKEN_STRING;
	}
	*n = 1;
	if (strchr("=:;,{}()[]", s.p[0]) != NULL)
		return TOKEN_MARK;
	*n = number_length(s);
	if (*n > 0)
		return TOKEN_NUMBER;
	if (!is_letter(s.p[0]) && s.p[0] != '*') {
		*n = odd_length(s);
		return TOKEN_ODD;
	}
	while (*n < s.n && is_name_byte(s.p[*n]))
		++*n;
	if (slice_eq_nocase(slice_make(s.p, *n), SLICE("true")) ||
	    slice_eq_nocase(slice_make(s.p, *n), SLICE("false")))
		return TOKEN_BOOL;
	return TOKEN_NAME;
}

void
lexer_next(struct lexer *l, struct token *t)
{
	size_t n;

	skip_space(l);
	t->kind = kind_of(l->left, &n);
	t->text = slice_make(l->left.p, n);
	t->line = l->line;
	step(l, n);
	t->end = l->line;
}

struct slice
token_shown(const struct token *t)
{
	switch (t->kind) {
	case TOKEN_END:
		return SLICE("the end");
	case TOKEN_STRING:
		return SLICE("a string");
	case TOKEN_NUMBER:
		return SLICE("a number");
	default:
		return t->text;
	}
}

bool
token_is_exact(const struct token *t)
{
	struct slice s = t->text;
	uint64_t n;

	while (s.n > 0 && s.p[s.n - 1] == 'L')
		s.n--;
	if (s.n < t->text.n || memchr(s.p, '.', s.n) != NULL)
		return s.n < 19;
	if (s.n > 2 && slice_lower(s.p[1]) == 'x')
		return slice_hex(slice_skip(s, 2), INT_MAX, &n);
	if (memchr(s.p, 'e', s.n) != NULL || memchr(s.p, 'E', s.n) != NULL)
		return true;
	if (s.p[0] == '-' || s.p[0] == '+')
		s = slice_skip(s, 1);
	return slice_number(s, INT_MAX, &n);
}
