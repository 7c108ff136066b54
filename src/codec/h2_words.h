#pragma once

#include <stdint.h>

/* What a peer of HTTP/2 did, in the words of the log: by the code of an error
 * (RFC 9113 7).  All are static. */

/* The frames that made the library end the connection. */
const char *h2_words_fault(uint32_t code);

/* It sent GOAWAY; NULL: with no error. */
const char *h2_words_goaway(uint32_t code);

/* It sent RST_STREAM. */
const char *h2_words_reset(uint32_t code);
