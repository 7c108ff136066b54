#pragma once

#include "base/text.h"
#include "conf/model.h"

/*
 * Raises RLIMIT_NOFILE to what max_connections and max_pipes need.  False with a sentence
 * when the hard limit does not allow it.
 */
bool privileges_limits(const struct conf *conf, struct text *error);

/*
 * Where the limit does not allow for the default of max_connections, it is
 * lowered to what it allows, and a line says so.  A number that stands in the
 * file is meant: it is left to privileges_limits.
 */
void privileges_fit(struct conf *conf, struct text *warnings);

/* Are global.user and global.group known?  False with a sentence. */
bool privileges_known(const struct conf *conf, struct text *error);

/*
 * Becomes global.user and global.group, if we are root and they are set, and
 * keeps CAP_NET_BIND_SERVICE (to bind privileged ports in a reload) and
 * nothing else.  False with a sentence.
 */
bool privileges_drop(const struct conf *conf, struct text *error);
