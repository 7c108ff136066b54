#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

/*
 * Quantities as the file writes them.  False when the form is wrong or the
 * value does not fit; the range of an option is the caller's.
 */

/* "100us" "250ms" "2s" "1m" "1h" "1d", or "0"; in microseconds. */
bool units_duration(struct slice s, int64_t *out);

/* "512" "16k" "1m" "1g", in powers of 1024; in bytes. */
bool units_size(struct slice s, int64_t *out);

/* Three or four octal digits, up to 0777. */
bool units_mode(struct slice s, unsigned *out);

/* The shortest exact form. */
void units_add_duration(struct text *t, int64_t duration);
void units_add_size(struct text *t, int64_t size);
