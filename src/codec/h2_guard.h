#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http/limits.h"

/*
 * What a client of HTTP/2 may make us do for nothing: two budgets that fill
 * again with time, each within ten seconds, and with what is useful.
 */
struct h2_guard {
	int64_t last;		/* clock.now when they were filled up last */
	int64_t resets;		/* left, in microseconds of refilling */
	int64_t control;
};

void h2_guard_init(struct h2_guard *g, int64_t now);

/* A stream that the client broke.  False: too many were. */
bool h2_guard_reset(struct h2_guard *g, const struct http_limits *l, int64_t now);

/* n frames that ask for nothing.  False: too many came. */
bool h2_guard_control(struct h2_guard *g, const struct http_limits *l,
    unsigned n, int64_t now);

/* Something useful was done, which explains n such frames. */
void h2_guard_credit(struct h2_guard *g, const struct http_limits *l, unsigned n);

/* A request was answered to its end.  Two of them allow for one more reset. */
void h2_guard_answered(struct h2_guard *g, const struct http_limits *l);
