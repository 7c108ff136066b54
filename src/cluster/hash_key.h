#pragma once

#include "base/slice.h"
#include "cluster/balance.h"
#include "conf/model.h"

/*
 * What of a request is hashed: the first of the keys that it has, or an empty
 * slice.  A key without a value counts as absent.  text is where a key is
 * written that does not stand in the request.
 */
struct slice hash_key(const struct conf_keys *keys, const struct pick *pick,
    char text[ADDR_TEXT]);
