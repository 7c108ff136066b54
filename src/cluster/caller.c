/*
 * caller.c - a client as servers are told of it.
 */
#include "cluster/caller.h"

#include "cluster/back.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "net/conn_proxied.h"

void
caller_init(struct caller *c)
{
	list_init(&c->backs);
}

void
caller_fini(struct caller *c)
{
	struct back *b;

	list_each(b, &c->backs, struct back, of_caller) {
		list_del(&b->of_caller);
		b->caller = NULL;
		if (b->is_idle)
			link_end(&b->link, false);
	}
}

/* A conn's peer may be shorter than a struct addr. */
static void
describe(struct conn *client, struct proxy_header *h)
{
	struct addr_short ip = { 0 };
	const struct addr *peer = addr_keep(&ip, client->peer);

	if (addr_is_unix(peer))
		h->source = *peer;
	else
		memcpy(&h->source, &ip, sizeof(ip));
	conn_local(client, &h->target);
}

struct conn *
caller_dial(struct conn *client, const struct server *s)
{
	struct cluster *cluster = s->pool->cluster;
	enum proxy_version version = s->pool->conf->send_proxy;
	struct conn *conn = cluster->dialer->dial(cluster->dialer,
	    cluster->loop, &s->addr);
	struct proxy_header h = { .is_local = client == NULL };

	if (version == PROXY_OFF)
		return conn;
	if (client != NULL)
		describe(client, &h);
	return conn_proxied_said(conn, version, &h);
}
