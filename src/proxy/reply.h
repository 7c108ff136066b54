#pragma once

#include "base/text.h"
#include "conf/model.h"

/* What who speaks plain HTTP where TLS is spoken is answered: a whole response,
 * with the page of global.errors for 400 if there is one. */
void reply_plain_http(const struct conf *c, struct text *out);
