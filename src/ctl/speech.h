#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "base/text.h"

/* Does one of the answers say that a command was refused or failed? */
bool speech_is_error(struct slice answers);

/*
 * The line to send.  One argument is a line as it is, with ';' between its
 * commands; of several each is one word, whatever bytes are in it.  json:
 * every show command asks for JSON.
 */
void speech_line(struct text *line, char *const *argv, int argc, bool json);

/* Does the line end with "<<"?  Then a payload follows it, made of bytes. */
bool speech_wants_payload(struct slice line);
void speech_payload(struct text *line, struct slice bytes);
