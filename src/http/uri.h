#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * The path of a target, normalised for matching (RFC 3986 6.2.2, RFC 9110
 * 4.2.3): unreserved escapes decoded, escapes in upper case, dot segments
 * removed.  %00, %2F and backslash are never decoded.  The query is not part
 * of it.  False when the path climbs above the root.  If nothing had to be
 * changed, *out is a part of the input and nothing is allocated.
 */
bool uri_normalise(struct slice target, struct arena *a, struct slice *out);

/* "path?query" cut in two; the query is without "?" and may be empty. */
struct slice uri_path(struct slice target);
struct slice uri_query(struct slice target);

/* "host:port" cut in two; brackets stay on an IPv6 host; port may be empty. */
void uri_split_authority(struct slice authority, struct slice *host,
    struct slice *port);

/* Does host match a pattern: exact, or "*.example.com" for one or more labels
 * in front; case-insensitive, the port not looked at, a final dot dropped? */
bool uri_host_matches(struct slice authority, struct slice pattern);
