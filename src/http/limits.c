/*
 * limits.c - what a peer may make us hold or do when nobody says otherwise, and
 * which protocols it may ask for.
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

bool
http_may_switch(const struct http_limits *l, struct slice protocol)
{
	const char *const *u;

	if (l->websocket && slice_eq_nocase(protocol, SLICE("websocket")))
		return true;
	for (u = l->upgrades; u != NULL && *u != NULL; u++)
		if (slice_eq_nocase(protocol, slice_of(*u)))
			return true;
	return false;
}
