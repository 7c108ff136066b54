#pragma once

#include "net/conn.h"
#include "net/proxy_header.h"

/*
 * A conn that begins with a PROXY header, stacked on another conn, which it
 * takes.  It is not connected before the header is complete; from then on it is
 * the conn below, for whoever reads, writes, or stacks on it.
 */

/*
 * The other end must say a header.  Then peer, and the local address, are those
 * it stated.  A header that is malformed, or does not end, is an error (why),
 * told by on_event.  The owner sees to it that it comes in time.  Who leaves
 * without a byte leaves no sentence in why.
 */
struct conn *conn_proxied_heard(struct conn *below);

/* We say a header, as soon as there is a connection.  h is not kept. */
struct conn *conn_proxied_said(struct conn *below, enum proxy_version version,
    const struct proxy_header *h);
