#pragma once

#include <stdint.h>

#include "base/slice.h"

/* SHA-1 (RFC 3174).  It proves nothing to an enemy: for protocols that name it. */
#define SHA1_BYTES 20u

void sha1(struct slice s, uint8_t out[SHA1_BYTES]);

/* Base 64 with padding (RFC 4648 4); out has room for BASE64_TEXT(n), with a
 * NUL at the end. */
#define BASE64_TEXT(n) (((n) + 2) / 3 * 4 + 1)

struct slice base64(const uint8_t *p, size_t n, char *out);
