/*
 * caller.c - a client as servers are told of it.
 */
#include "cluster/caller.h"

#include "cluster/back.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "net/congestion.h"
#include "net/conn_proxied.h"
#include "net/tls.h"

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
		if (b->place == BACK_IDLE)
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

/* The value of CN in a subject such as "CN=alice,O=b" (RFC 2253); none when it
 * has characters that are escaped there. */
static struct slice
common_name(struct slice subject)
{
	struct slice part;
	const char *comma;

	while (subject.n > 0) {
		comma = memchr(subject.p, ',', subject.n);
		part = slice_make(subject.p, comma != NULL ?
		    (size_t)(comma - subject.p) : subject.n);
		if (slice_starts(part, SLICE("CN=")))
			return memchr(part.p, '\\', part.n) == NULL ?
			    slice_skip(part, 3) : SLICE_NONE;
		subject = slice_skip(subject, part.n + (comma != NULL));
	}
	return SLICE_NONE;
}

static struct slice
text_of(const char *s)
{
	return s != NULL ? slice_of(s) : SLICE_NONE;
}

/* What the client's TLS came to; a has the name until the header is made. */
static void
describe_tls(struct conn *client, struct proxy_header *h, struct arena *a)
{
	struct tls_facts facts;
	struct tls_peer peer;

	if (!conn_facts(client, &facts))
		return;
	h->has_tls = true;
	if (facts.alpn.n > 0)
		h->alpn = facts.alpn;
	if (facts.sni.n > 0)
		h->authority = facts.sni;
	h->tls = (struct proxy_tls){ .is_tls = true, .verify = 1,
	    .version = text_of(facts.version),
	    .cipher = text_of(facts.cipher) };
	if (!facts.verified || !conn_peer(client, a, &peer))
		return;
	h->tls.verify = 0;
	h->tls.cert_session = true;
	h->tls.cert_conn = !facts.resumed;
	h->tls.cn = common_name(peer.subject);
}

struct conn *
caller_dial(struct conn *client, const struct server *s)
{
	struct cluster *cluster = s->pool->cluster;
	enum proxy_version version = s->pool->conf->send_proxy;
	struct conn *conn = cluster->dialer->dial(cluster->dialer,
	    cluster->loop, &s->addr);
	struct proxy_header h = { .is_local = client == NULL };
	struct arena names;

	if (s->pool->conf->congestion != NULL && conn->ops->descriptor != NULL)
		congestion_set(conn->ops->descriptor(conn),
		    s->pool->conf->congestion);
	if (version == PROXY_OFF)
		return conn;
	arena_init(&names, NULL);
	if (client != NULL) {
		describe(client, &h);
		describe_tls(client, &h, &names);
	}
	conn = conn_proxied_said(conn, version, &h);
	arena_reset(&names);
	return conn;
}
