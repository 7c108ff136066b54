#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * The grammar of RFC 9110 and 9112, strict: one message must have one meaning
 * for everybody behind us.  Functions that find a fault return the index of
 * the offending byte, or -1 if there is none (CHECK_OK).
 */
#define CHECK_OK ((ptrdiff_t)-1)

extern const uint8_t check_table[256];
#define CHECK_TOKEN  0x01	/* tchar (RFC 9110 5.6.2) */
#define CHECK_VALUE  0x02	/* in a field value: VCHAR obs-text SP HTAB */
#define CHECK_TARGET 0x04	/* in a request target: 0x21-0x7E but '#' */
#define CHECK_DIGIT  0x08
#define CHECK_HEX    0x10
#define CHECK_HOST   0x20	/* reg-name, but no comma (a list to some) */

static inline bool
check_is(char c, unsigned what)
{
	return (check_table[(uint8_t)c] & what) != 0;
}

ptrdiff_t check_token(struct slice s);	/* 0 when empty */
ptrdiff_t check_value(struct slice s);
size_t check_value_length(struct slice s);	/* of what it begins with */
ptrdiff_t check_target(struct slice s);	/* bytes and %-escapes well-formed */

/*
 * uri-host [":" port] with no userinfo (RFC 9110 7.2): a reg-name, an IPv4
 * address or a bracketed IPv6 one; port 0..65535 or empty.  An empty host is
 * a fault at 0.
 */
ptrdiff_t check_authority(struct slice s);

/* Content-Length: 1*DIGIT below 2^63.  False otherwise. */
bool check_length(struct slice s, int64_t *out);

/* One value of an extension or quoted-string list is left to the codec. */
