#pragma once

#include "cluster/balance.h"

/*
 * Least (active + 1) / weight; among equals the one picked longest ago.  Up to
 * LEAST_CONN_SCAN usable servers are scanned; more are kept in a heap.
 */
#define LEAST_CONN_SCAN 16

extern const struct balance_ops least_conn_ops;
