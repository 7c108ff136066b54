#pragma once

#include <stdbool.h>

#include "conf/option.h"
#include "conf/reader.h"

/*
 * Options that count only beside others: max_streams where HTTP/2 is spoken,
 * depth where certificates are verified.  Where the other option is written
 * down as well, that was somebody's choice.
 */

/* Complains of those that stand in the file and do nothing.  Last of all
 * checks of a listener, a pool or global: what is wrong is known by then. */
void needs_check(const struct subject *owner);

/* Would that option of the struct at base be complained of in what -T prints,
 * where all options are written down? */
bool needs_is_idle(const struct option *o, const void *base);
