#pragma once

#include "cluster/balance.h"

/*
 * By a key of the request, so that the same key finds the same server: on a
 * ring, or in a table of Maglev.  Both hold all configured servers of weight
 * > 0; who cannot serve is passed over, so that only its keys move, and it
 * gets exactly these back.
 *
 * With a bound no server has more than that percentage of the average of
 * requests in flight, by weight (Mirrokni, Thorup and Zadimoghaddam, 2016).
 */
extern const struct balance_ops hash_ops;

/* How many requests a server may have, with active ones in the pool besides
 * the one that is being picked: its share of bound percent, rounded up. */
uint64_t hash_slots(uint64_t active, int64_t bound, uint64_t weight,
    uint64_t total_weight);
