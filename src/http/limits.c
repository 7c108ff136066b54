/*
 * limits.c - what a peer may make us hold or do when nobody says otherwise.
 */
#include <stddef.h>

#include "http/limits.h"

const struct http_limits http_limits_default = {
	.request_line = 8192,
	.head = 16384,
	.fields = 100,
	.pipeline = 64,
	.requests = 10000,
	.discard = 65536,
	.streams = 100,
	.resets = 200,
	.control = 1000,
	.http2 = true,
	.underscores = UNDERSCORES_DROP,
	.unfold = false,
	.websocket = true,
	.upgrades = NULL,
};
