/*
 * check_pool_tls.c - what options of TLS to servers mean together.
 *
 * Why:       TLS that does not verify protects from little.  So what cannot be
 *            verified is refused here, and not at the first request.
 * Not here:  what is in the files (read_pool_tls.c).
 */
#include <arpa/inet.h>

#include <string.h>

#include "conf/check.h"
#include "conf/read_text.h"

static bool
is_word(const char *sni, const char *word)
{
	return sni != NULL && strcmp(sni, word) == 0;
}

static bool
is_address(const char *name)
{
	struct in6_addr a;

	return inet_pton(AF_INET, name, &a) == 1 ||
	    inet_pton(AF_INET6, name, &a) == 1;
}

/* A name of DNS, or an address without brackets; NULL is fine. */
static void
check_tls_name(const struct subject *s, const char *key, const char *name)
{
	size_t n = name != NULL ? strlen(name) : 0;

	if (n == 0 || is_address(name))
		return;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789._-") == n && name[0] != '.')
		return;
	subject_complain(s, key, "\"%s\" is not a name; write one such as "
	    "\"www.example.com\", without a port",
	    read_shown(name, &s->r->conf->arena));
}

static void
resolve(struct reader *r, const char **path)
{
	if (*path != NULL)
		*path = source_path(&r->source, *path);
}

static void
check_verify(const struct subject *s, const struct conf_pool_tls *t)
{
	if (t->key != NULL && t->cert == NULL)
		subject_complain(s, "key", "is the key of nothing; write "
		    "cert = \"client.pem\"; too");
	if (t->verify && t->verify_name == NULL && is_word(t->sni, SNI_NONE))
		subject_complain(s, "sni", "without a name no certificate can "
		    "be verified; write verify_name = \"www.example.com\";");
}

/* Nothing says what its certificate should be for. */
static bool
is_nameless(const struct conf_pool *p, const char *sni)
{
	if (sni == NULL)
		return p->host == NULL;
	return is_word(sni, SNI_SERVER) || is_word(sni, SNI_NONE);
}

static void
check_server_name(struct reader *r, const struct conf_pool *p,
    const struct conf_server *server)
{
	struct subject s = { r, "pool.server", server, server->where };
	const char *sni = server->sni != NULL ? server->sni : p->tls.sni;

	check_tls_name(&s, "sni", server->sni);
	if (server->sni != NULL && !p->tls.given)
		subject_complain(&s, "sni", "does nothing without TLS; write "
		    "tls = { }; in the pool");
	if (!p->tls.on || !p->tls.verify || p->tls.verify_name != NULL ||
	    !is_nameless(p, sni))
		return;
	if (is_word(server->sni, SNI_NONE))
		subject_complain(&s, "sni", "without a name no certificate can "
		    "be verified; write verify_name in pool.tls");
	else if (server->address.text != NULL && !server->address.is_name &&
	    addr_is_unix(&server->address.addr))
		subject_complain(&s, "address", "a UNIX socket has no name "
		    "that its certificate could be for; write sni = "
		    "\"www.example.com\";");
}

static void
check_probe(struct reader *r, const struct subject *pool, struct conf_pool *p)
{
	struct conf_health *h = &p->health;
	struct subject s = { r, "pool.health", h,
	    subject_where(pool, "health") };
	bool given = subject_has(&s, "tls");

	if (h->type == PROBE_TCP && given && h->tls)
		subject_complain(&s, "tls", "a tcp probe does not speak; "
		    "write type = \"tls\";");
	else if (h->type == PROBE_TLS && given && !h->tls)
		subject_complain(&s, "tls", "a tls probe is one of TLS; "
		    "delete this, or write type = \"tcp\";");
	if (h->type == PROBE_TLS)
		h->tls = true;
	else if ((h->type == PROBE_HTTP || h->type == PROBE_GRPC) && !given)
		h->tls = p->tls.on;
	check_tls_name(&s, "sni", h->sni);
	if (h->sni != NULL && !h->tls)
		subject_complain(&s, "sni", "does nothing without TLS; write "
		    "tls = true; or delete it");
}

void
check_pool_tls(const struct subject *pool, struct conf_pool *p)
{
	struct reader *r = pool->r;
	struct conf_pool_tls *t = &p->tls;
	struct subject s = { r, "pool.tls", t, subject_where(pool, "tls") };

	t->given = subject_has(pool, "tls");
	t->on = t->given && t->traffic;
	check_verify(&s, t);
	check_tls_name(&s, "sni", t->sni);
	check_tls_name(&s, "verify_name", t->verify_name);
	resolve(r, &t->ca);
	resolve(r, &t->crl);
	resolve(r, &t->cert);
	resolve(r, &t->key);
	check_probe(r, pool, p);
	for (size_t i = 0; i < p->nservers; i++)
		check_server_name(r, p, &p->servers[i]);
}
