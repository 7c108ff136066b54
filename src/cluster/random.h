#pragma once

#include "cluster/balance.h"

/*
 * Two random choices: the one with less (active + 1) / weight.  Up to
 * RANDOM_SCAN usable servers all are looked at, since with two of few the
 * worst one is still taken often.
 */
#define RANDOM_SCAN 16

extern const struct balance_ops random_ops;

/* The same for other policies, when a request gives them nothing to go by. */
struct server *random_pick(struct pool *p, const struct pick *pick);
