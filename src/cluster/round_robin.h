#pragma once

#include "cluster/balance.h"

/* Smooth weighted round robin: weights 5, 1, 1 give a a b a c a a. */
extern const struct balance_ops round_robin_ops;
