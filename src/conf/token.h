#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* The words of libconfig's grammar. */
enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_STRING,		/* text is with its quotes */
	TOKEN_NUMBER,
	TOKEN_BOOL,
	TOKEN_MARK,		/* one of = : ; , { } ( ) [ ] */
	TOKEN_ODD,		/* none of these */
};

struct token {
	enum token_kind kind;
	struct slice text;
	unsigned line, end;	/* where it begins and ends */
};

struct lexer {
	struct slice left;
	unsigned line;
};

void lexer_init(struct lexer *l, struct slice text);
void lexer_next(struct lexer *l, struct token *t);

/* As a sentence names it: its text, or "the end", "a string", "a number". */
struct slice token_shown(const struct token *t);

/* Does libconfig read this number as it stands? */
bool token_is_exact(const struct token *t);
