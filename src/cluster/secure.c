/*
 * secure.c - TLS towards a server: its name there, what was agreed on, why it
 * failed.
 *
 *	server.sni, else pool.tls.sni, else pool.host, else "server"
 *	"host"    the Host that is sent; where that is none, as "server"
 *	"server"  the name of its address, or its number
 *
 * Not here:  making the connection (back.c, probe.c), TLS itself (net/).
 */
#include "cluster/secure.h"

#include <stdio.h>
#include <string.h>

#include "cluster/pool.h"
#include "cluster/server.h"
#include "http/uri.h"
#include "net/conn.h"
#include "net/tls.h"

/* False, and nothing written, when nothing of a name is left, or too much. */
static bool
put(struct slice name, char out[SECURE_NAME])
{
	if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		name = slice_make(name.p + 1, name.n - 2);
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n >= SECURE_NAME)
		return false;
	for (size_t i = 0; i < name.n; i++)
		out[i] = slice_lower(name.p[i]);
	out[name.n] = '\0';
	return true;
}

static bool
put_host(struct slice authority, char out[SECURE_NAME])
{
	struct slice host, port;

	uri_split_authority(authority, &host, &port);
	return put(host, out);
}

/* "_http._tcp.api.internal" stands for api.internal (RFC 6125 6.5). */
static struct slice
without_service(struct slice name)
{
	while (name.n > 0 && name.p[0] == '_') {
		const char *dot = memchr(name.p, '.', name.n);

		if (dot == NULL)
			break;
		name = slice_skip(name, (size_t)(dot - name.p) + 1);
	}
	return name;
}

static void
put_own(const struct server *s, char out[SECURE_NAME])
{
	const struct conf_address *a = &s->conf->address;
	char host[ADDR_TEXT];

	out[0] = '\0';
	if (a->is_name && a->is_service) {
		(void)put(without_service(slice_of(a->host)), out);
	} else if (a->is_name) {
		(void)put(slice_of(a->host), out);
	} else if (!addr_is_unix(&s->addr)) {
		addr_print_host(&s->addr, host);
		(void)put(slice_of(host), out);
	}
}

static void
put_name(const struct server *s, const char *sni, struct slice host,
    char out[SECURE_NAME])
{
	out[0] = '\0';
	if (strcmp(sni, SNI_NONE) == 0)
		return;
	if (strcmp(sni, SNI_SERVER) == 0)
		put_own(s, out);
	else if (strcmp(sni, SNI_HOST) != 0)
		(void)put(slice_of(sni), out);
	else if (!put_host(host, out))
		put_own(s, out);
}

static const char *
sni_of(const struct server *s)
{
	if (s->conf->sni != NULL)
		return s->conf->sni;
	return s->pool->conf->tls.sni;
}

void
secure_name(const struct server *s, struct slice host, char out[SECURE_NAME])
{
	const char *sni = sni_of(s), *ours = s->pool->conf->host;

	if (sni != NULL)
		put_name(s, sni, host, out);
	else if (ours == NULL || !put_host(slice_of(ours), out))
		put_own(s, out);
}

void
secure_probe_name(const struct server *s, char out[SECURE_NAME])
{
	const struct conf_pool *p = s->pool->conf;
	struct slice host = slice_of(p->health.host != NULL ? p->health.host :
	    p->host);

	if (p->health.sni != NULL)
		put_name(s, p->health.sni, host, out);
	else
		secure_name(s, host, out);
}

const struct codec_row *
secure_codec(const struct conn *c, enum http_proto wanted, const char **why)
{
	const struct codec_row *row = codec_of(wanted);
	struct tls_facts facts;

	*why = "the server chose a protocol that was not offered";
	if (conn_facts(c, &facts))
		row = facts.alpn.n > 0 ? codec_find(facts.alpn) :
		    codec_of(HTTP_PROTO_NONE);
	if (row == NULL || row->client == NULL)
		return NULL;
	if (wanted == HTTP_PROTO_NONE || row->proto == wanted)
		return row;
	*why = "the server did not agree to the protocol of the pool";
	return NULL;
}

bool
secure_failed(const struct conn *c, const struct conn *below,
    char out[SECURE_REASON])
{
	struct tls_facts facts;

	out[0] = '\0';
	if (below == NULL || !below->connected || !conn_facts(c, &facts) ||
	    facts.failure == TLS_FINE)
		return false;
	(void)snprintf(out, SECURE_REASON, "%s", facts.reason != NULL ?
	    facts.reason : tls_failure_name(facts.failure));
	return true;
}
