#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * How soon an answer is wanted (RFC 9218): by urgency, 0 first, and among
 * those of one urgency one after the other, or in parts as they come.
 */
struct priority {
	uint8_t urgency;	/* 0..7 */
	bool incremental;
};

#define PRIORITY_DEFAULT ((struct priority){ 3, false })

/*
 * What a Priority field or a PRIORITY_UPDATE frame says replaces what stood in
 * p; what it does not say stays.  False, and nothing has changed: it is no
 * dictionary (RFC 9651 3.2), and has no meaning.
 */
bool priority_read(struct slice value, struct priority *p);
