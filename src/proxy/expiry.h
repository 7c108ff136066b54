#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/timer.h"

struct worker;

/*
 * An eye on what grows old: certificates that end soon are told of at the
 * start, at each reload, and daily; OCSP responses are read anew each hour.
 */
#define EXPIRY_DAYS 14		/* soon */

struct expiry {
	struct worker *worker;
	struct timer timer;
	unsigned hours;		/* since it was told */
	int64_t first;		/* the end of the first that ends, seconds */
	bool any;		/* there is a certificate */
};

void expiry_init(struct expiry *e, struct worker *w);
void expiry_fini(struct expiry *e);

/* There is a new snapshot: tells, and begins to count the hours. */
void expiry_start(struct expiry *e);

/* A certificate was replaced. */
void expiry_look(struct expiry *e);

/* Whole days until the first certificate ends; false: there is none. */
bool expiry_days(const struct expiry *e, int64_t *days);
