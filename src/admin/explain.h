#pragma once

#include "admin/command.h"
#include "cluster/balance.h"

/*
 * The servers of a pool, how the policy ranks them, and the one that the next
 * such pick would give.  As JSON: members without braces around.
 */
void explain_pool(struct request *r, struct pool *p, const struct pick *pick);
