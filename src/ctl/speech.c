/*
 * speech.c - what is said on the stats socket: the line, and whether the answer
 * is a refusal.
 *
 * Why:       the line protocol has no status; what fails begins with one of a
 *            few phrases.
 */
#include "ctl/speech.h"

#include <string.h>

static const char *const refusals[] = {
	"reload failed:", "Unknown command", "Permission denied", "No such ",
	"Require ", "'set server ", "usage: ", "Can't ", "Absolute weight",
	"Relative weight", "Empty weight", "Trailing garbage", "Invalid ",
	"Expects ", "Value out ", "A frontend name ", "Too many words",
	"The line is too long", "The payload ", "No ongoing ",
	"The ongoing ", "set ssl cert expects ",
	"commit ssl cert expects ", "abort ssl cert expects ",
	"'clear counters' expects ",
};

static bool
is_refusal(struct slice s)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (slice_starts(s, slice_of(refusals[i])))
			return true;
	return false;
}

/* Each answer ends with an empty line; the first line of one tells. */
bool
speech_is_error(struct slice answers)
{
	bool first = true;

	while (answers.n > 0) {
		const char *nl = memchr(answers.p, '\n', answers.n);
		size_t n = nl != NULL ? (size_t)(nl - answers.p) : answers.n;

		if (first && is_refusal(slice_make(answers.p, n)))
			return true;
		first = n == 0;
		answers = slice_skip(answers, nl != NULL ? n + 1 : n);
	}
	return false;
}

static void
add_word(struct text *line, const char *word)
{
	for (; *word != '\0'; word++) {
		if (strchr("\\; \t", *word) != NULL)
			text_add_char(line, '\\');
		text_add_char(line, *word);
	}
}

/* The end of the command that begins at s: its ';' or the NUL. */
static const char *
command_end(const char *s)
{
	for (; *s != '\0' && *s != ';'; s++)
		if (*s == '\\' && s[1] != '\0')
			s++;
	return s;
}

static bool
has_json(struct slice command)
{
	static const char *const words[] = {
		"show ", "show\t", "explain ", "explain\t",
	};

	command = slice_trim(command);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_starts(command, slice_of(words[i])))
			return true;
	return false;
}

static bool
asks_json(struct slice command)
{
	command = slice_trim(command);
	return slice_ends_nocase(command, SLICE(" json")) ||
	    slice_ends_nocase(command, SLICE("\tjson"));
}

static void
add_json_words(struct text *line, const char *s)
{
	for (;;) {
		const char *end = command_end(s);
		struct slice command = slice_make(s, (size_t)(end - s));

		text_add_slice(line, command);
		if (has_json(command) && !asks_json(command))
			text_add(line, " json");
		if (*end == '\0')
			return;
		text_add_char(line, ';');
		s = end + 1;
	}
}

bool
speech_wants_payload(struct slice line)
{
	line = slice_trim(line);
	return slice_ends_nocase(line, SLICE(" <<")) ||
	    slice_ends_nocase(line, SLICE("\t<<"));
}

/* An empty line would be its end. */
void
speech_payload(struct text *line, struct slice bytes)
{
	while (bytes.n > 0) {
		const char *nl = memchr(bytes.p, '\n', bytes.n);
		size_t n = nl != NULL ? (size_t)(nl - bytes.p) : bytes.n;
		struct slice one = slice_make(bytes.p, n);

		while (one.n > 0 && one.p[one.n - 1] == '\r')
			one.n--;
		one = slice_trim(one);
		if (one.n > 0)
			text_add(line, "%.*s\n", SLICE_ARG(one));
		bytes = slice_skip(bytes, nl != NULL ? n + 1 : n);
	}
	text_add_char(line, '\n');
}

void
speech_line(struct text *line, char *const *argv, int argc, bool json)
{
	struct text words;

	text_init(&words);
	if (argc == 1)
		text_add(&words, "%s", argv[0]);
	for (int i = 0; argc > 1 && i < argc; i++) {
		if (i > 0)
			text_add_char(&words, ' ');
		add_word(&words, argv[i]);
	}
	if (json)
		add_json_words(line, words.p);
	else
		text_add_slice(line, text_slice(&words));
	text_fini(&words);
}
