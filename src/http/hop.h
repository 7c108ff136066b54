#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "http/field.h"
#include "http/head.h"

/* What the Connection field lines of one message say (RFC 9110 7.6.1). */
struct hop {
	bool close;
	bool keep_alive;
	bool upgrade;
	bool te;
	bool names_others;	/* it names further fields: hop_drop_named */
};

/* Adds one Connection value to the facts. */
void hop_read(struct hop *hop, struct slice value);

/*
 * Removes from h the fields that `value` (one Connection line) names, except
 * those nobody may have removed: Host, Content-Length, Authorization, Cookie,
 * X-Forwarded-*, Forwarded, Via, and any other field that we add.
 */
void hop_drop_named(struct head *h, struct slice value);

/* Does a TE value list "trailers" (with no weight of zero)? */
bool hop_te_trailers(struct slice value);

/* Keep-Alive: timeout=N. Seconds, or -1 if it says none. */
int hop_keep_alive_timeout(struct slice value);
