#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "codec/codec.h"

struct conn;
struct server;

/*
 * What connections and probes over TLS have in common: the name they ask for,
 * the protocol that was agreed on, why it failed.
 */
#define SECURE_NAME 256		/* the longest name, with its NUL */
#define SECURE_REASON 192	/* a sentence, with its NUL */

/*
 * The name that this server goes by, for a request with that Host: in lower
 * case, without port, brackets and final dot.  Empty: none is sent.
 */
void secure_name(const struct server *s, struct slice host, char out[SECURE_NAME]);
void secure_probe_name(const struct server *s, char out[SECURE_NAME]);

/*
 * What was agreed on, the oldest protocol where nothing was; without TLS, what
 * is wanted (of HTTP_PROTO_NONE anything will do).  NULL: it cannot be spoken,
 * and *why says so.
 */
const struct codec_row *secure_codec(const struct conn *c,
    enum http_proto wanted, const char **why);

/*
 * Has TLS failed on a conn, of which below is the socket (NULL: it has none)?
 * Then out says why.  False while it is not TLS that failed.
 */
bool secure_failed(const struct conn *c, const struct conn *below,
    char out[SECURE_REASON]);
