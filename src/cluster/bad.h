#pragma once

#include <stddef.h>
#include <stdint.h>

#include "http/fault.h"
#include "net/addr.h"

/* The last malformed message of a listener or pool, for "show errors". */
#define BAD_BYTES 1024

struct bad {
	uint64_t total;
	int64_t wall;		/* 0: none yet */
	char peer[ADDR_TEXT];
	char server[64];	/* of a pool: which */
	unsigned status;
	char why[192];
	size_t offset;		/* of the offending byte in the message */
	size_t from;		/* where in the message bytes[] begins */
	size_t n;
	char bytes[BAD_BYTES];	/* around the offending byte */
};

/* The last connection to a server of a pool that failed: its handshake, or by
 * what the server sent on it. */
struct bad_conn {
	uint64_t total;
	int64_t wall;		/* 0: none yet */
	char peer[ADDR_TEXT];
	char server[64];
	char why[192];
};

void bad_store(struct bad *b, const struct fault *f, int64_t wall,
    const struct addr *peer, const char *server);

void bad_conn_store(struct bad_conn *b, const char *why, int64_t wall,
    const struct addr *peer, const char *server);
