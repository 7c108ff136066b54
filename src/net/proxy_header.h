#pragma once

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/addr.h"

/*
 * The header of the PROXY protocol, versions 1 and 2: what a proxy says first
 * on a connection, about the client that it was made for.  Pure bytes.
 */
enum proxy_version { PROXY_OFF, PROXY_V1, PROXY_V2 };

#define PROXY_V1_MOST 107	/* bytes of a line, by the specification */
#define PROXY_HEADER_MOST 4096	/* bytes of any header */
#define PROXY_TEXT_MOST 255	/* bytes of a text that is written */

/* The client's TLS connection. Texts with p == NULL were not said. */
struct proxy_tls {
	bool is_tls;		/* of the client, to the proxy */
	bool cert_conn;		/* it gave a certificate on this connection */
	bool cert_session;	/* or earlier in this TLS session */
	uint32_t verify;	/* 0: there was one, and it was valid */
	struct slice version, cn, cipher;
};

struct proxy_header {
	/* The connection's own addresses hold: LOCAL, UNKNOWN, or a family
	 * that we do not know.  Then nothing else was said. */
	bool is_local;
	/* Of one family; UNIX or IP.  target.len may be 0 when writing. */
	struct addr source, target;
	struct slice alpn, authority;	/* as of struct proxy_tls */
	bool has_tls;			/* was tls said? */
	struct proxy_tls tls;
};

/*
 * > 0: the length of the header; slices of out point into in.  0: it is not
 * complete.  < 0: *why is a sentence with static storage, else NULL.
 */
ssize_t proxy_header_read(struct slice in, struct proxy_header *out,
    const char **why);

/*
 * Gives the length.  What a version cannot say is left out: texts in version 1,
 * texts of more than PROXY_TEXT_MOST bytes, a UNIX client in version 1 (it is
 * UNKNOWN then).
 */
size_t proxy_header_write(enum proxy_version version,
    const struct proxy_header *h, char out[PROXY_HEADER_MOST]);
