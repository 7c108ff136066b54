/*
 * bad.c - the last malformed message, as much of it as explains the fault.
 */
#include "cluster/bad.h"

#include <stdio.h>
#include <string.h>

/* Where the part to keep begins: the offending byte in its middle. */
static size_t
window(const struct fault *f)
{
	size_t from = f->offset > BAD_BYTES / 2 ? f->offset - BAD_BYTES / 2 : 0;

	if (f->bytes.n <= BAD_BYTES)
		return 0;
	return from > f->bytes.n - BAD_BYTES ? f->bytes.n - BAD_BYTES : from;
}

void
bad_store(struct bad *b, const struct fault *f, int64_t wall,
    const struct addr *peer, const char *server)
{
	size_t left;

	b->total++;
	b->wall = wall;
	b->peer[0] = '\0';
	if (peer != NULL)
		addr_print(peer, b->peer);
	(void)snprintf(b->server, sizeof(b->server), "%s",
	    server != NULL ? server : "");
	b->status = f->status;
	(void)snprintf(b->why, sizeof(b->why), "%s", f->why);
	b->offset = f->offset;
	b->from = window(f);
	left = f->bytes.n - b->from;
	b->n = left < BAD_BYTES ? left : BAD_BYTES;
	if (b->n > 0)
		memcpy(b->bytes, f->bytes.p + b->from, b->n);
}

void
bad_conn_store(struct bad_conn *b, const char *why, int64_t wall,
    const struct addr *peer, const char *server)
{
	b->total++;
	b->wall = wall;
	addr_print(peer, b->peer);
	(void)snprintf(b->server, sizeof(b->server), "%s", server);
	(void)snprintf(b->why, sizeof(b->why), "%s", why);
}
