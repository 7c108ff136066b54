#pragma once

#include "base/text.h"
#include "proxy/exchange.h"

/*
 * One line an exchange, also of those that were refused, in the format of the
 * log: "json", "haproxy" (its httplog) or "common" (NCSA).
 */
void access_log(struct exchange *x);
