/*
 * cell.c - one value of an answer as CSV, typed, or JSON.
 */
#include "admin/cell.h"

#include <inttypes.h>
#include <string.h>

void
cell_add_plain(struct text *t, const struct cell *c)
{
	if (c->kind == CELL_NUMBER)
		text_add(t, "%" PRId64, c->number);
	else if (c->kind == CELL_TEXT)
		text_add_slice(t, c->text);
}

static bool
needs_quotes(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(",\"\r\n", s.p[i]) != NULL)
			return true;
	return false;
}

/* RFC 4180; line ends become blanks, since a row is one line. */
void
cell_add_csv(struct text *t, const struct cell *c)
{
	if (c->kind != CELL_TEXT || !needs_quotes(c->text)) {
		cell_add_plain(t, c);
		return;
	}
	text_add_char(t, '"');
	for (size_t i = 0; i < c->text.n; i++) {
		char b = c->text.p[i];

		if (b == '"')
			text_add_char(t, '"');
		text_add_char(t, b == '\r' || b == '\n' ? ' ' : b);
	}
	text_add_char(t, '"');
}

void
cell_add_typed(struct text *t, unsigned pos, const struct column *column,
    const struct cell *c)
{
	text_add(t, "%u.%s.1:%s:%s:", pos, column->name, column->tags,
	    column->type);
	if (c->kind == CELL_TEXT)
		text_add_escaped(t, c->text);
	else
		cell_add_plain(t, c);
	text_add_char(t, '\n');
}

struct word {
	char letter;
	const char *word;
};

static const struct word origins[] = {
	{ 'M', "Metric" }, { 'S', "Status" }, { 'K', "Key" },
	{ 'C', "Config" }, { 'P', "Product" }, { 0, "Unknown" },
};

static const struct word natures[] = {
	{ 'G', "Gauge" }, { 'L', "Limit" }, { 'm', "Min" }, { 'M', "Max" },
	{ 'R', "Rate" }, { 'C', "Counter" }, { 'D', "Duration" },
	{ 'A', "Age" }, { 'T', "Time" }, { 'N', "Name" }, { 'O', "Output" },
	{ 'a', "Avg" }, { 0, "Unknown" },
};

static const struct word scopes[] = {
	{ 'C', "Cluster" }, { 'P', "Process" }, { 'S', "Service" },
	{ 0, "Unknown" },
};

static const char *
word_of(const struct word *words, char letter)
{
	while (words->letter != letter && words->letter != 0)
		words++;
	return words->word;
}

void
cell_add_json(struct text *t, unsigned pos, const struct column *column,
    const struct cell *c)
{
	text_add(t, "\"field\":{\"pos\":%u,\"name\":\"%s\"},\"processNum\":1,"
	    "\"tags\":{\"origin\":\"%s\",\"nature\":\"%s\",\"scope\":\"%s\"},"
	    "\"value\":{\"type\":\"%s\",\"value\":", pos, column->name,
	    word_of(origins, column->tags[0]),
	    word_of(natures, column->tags[1]),
	    word_of(scopes, column->tags[2]), column->type);
	if (c->kind == CELL_TEXT)
		text_add_json(t, c->text);
	else
		cell_add_plain(t, c);
	text_add_char(t, '}');
}
