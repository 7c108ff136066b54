#pragma once

#include <stdint.h>

#include "base/slice.h"

/* What a peer of HTTP/2 did, in the words of the log: by the code of an error
 * (RFC 9113 7).  Those that are const are static. */

/* The frames that made the library end the connection. */
const char *h2_words_fault(uint32_t code);

/* It sent GOAWAY; NULL: with no error. */
const char *h2_words_goaway(uint32_t code);

/* With the text (debug data) that came with it: some of its first bytes, those
 * that do not print as '.'.  The caller frees it. */
char *h2_words_saying(const char *why, struct slice text);

/* The same with what the library found. */
char *h2_words_detail(const char *why, struct slice text);

/* It sent RST_STREAM. */
const char *h2_words_reset(uint32_t code);

/* We reset its stream, for what it sent; NULL: not for that. */
const char *h2_words_broken(uint32_t code);
