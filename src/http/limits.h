#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What one peer may make us hold or do.  From the configuration, immutable. */
enum http_underscores { UNDERSCORES_DROP, UNDERSCORES_REFUSE, UNDERSCORES_ALLOW };

struct http_limits {
	uint32_t request_line;	/* bytes of method, target, version: 414 */
	uint32_t head;		/* bytes of a whole head: 431 (502 from servers) */
	uint32_t fields;	/* number of fields of a head or trailer: 431 */
	uint32_t pipeline;	/* requests in a row found already buffered */
	uint32_t requests;	/* requests on one connection */
	uint32_t discard;	/* bytes of an unwanted body read to keep a conn */
	uint32_t streams;	/* HTTP/2: requests at a time on a connection,
				 * from a client or to a server */
	uint32_t resets;	/* HTTP/2: streams a client may break in 10 s */
	uint32_t control;	/* HTTP/2: frames in 10 s that ask for nothing */
	bool http2;		/* HTTP/2 is spoken */
	enum http_underscores underscores;	/* names with '_' in requests */
	bool unfold;		/* obs-fold in responses: spaces, not 502 */
	bool websocket;		/* Upgrade: websocket may be asked for */
	const char *const *upgrades;	/* further tokens allowed, NULL-ended */
};

/* Defaults: 8192, 16384, 100, 64, 10000, 65536; 100, 200, 1000, true; drop,
 * false, true. */
extern const struct http_limits http_limits_default;

/* May a request ask for a switch to this protocol (RFC 9110 7.8, RFC 8441 4)?
 * Tokens are compared without case. */
bool http_may_switch(const struct http_limits *l, struct slice protocol);
