/*
 * conn.c - what all conns share.
 */
#include "net/conn.h"

void
conn_close(struct conn **cp, bool reset)
{
	struct conn *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	c->closed = true;
	c->sink = NULL;
	c->ops->close(c, reset);
}

void
conn_local(struct conn *c, struct addr *out)
{
	c->ops->local(c, out);
}

static struct conn *
dial_socket(struct dialer *d, struct loop *loop, const struct addr *to)
{
	(void)d;
	return conn_dial(loop, to);
}

const struct dialer dialer_sockets = { .dial = dial_socket };
