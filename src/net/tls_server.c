/*
 * tls_server.c - what a listener gives to its TLS connections.
 *
 * One SSL_CTX for all certificates: which of them is decided when the name is
 * known (on_certificate), by two look-ups, and given to that connection alone.
 * An SSL_CTX each would cost 16 KB and start-up time for nothing.
 *
 * Owns:      the SSL_CTX, the certificates and their index.
 * Borrows:   the ticket keys, which outlive it.
 * Not here:  the handshake itself (conn_tls_hello.c).
 */
#include "net/tls_server.h"

#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/conn_tls.h"
#include "net/tls_cert.h"
#include "net/tls_tickets.h"

struct tls_server {
	unsigned refs;
	struct tls *tls;
	SSL_CTX *ctx;
	struct tls_tickets *tickets;
	struct tls_cert **certs;	/* in the order of the settings */
	size_t ncerts;
	struct tls_index index;
	struct text alpn;		/* as on the wire */
	struct text plain_reply;
	bool strict_sni, wants_ktls;
};

/* --- what OpenSSL asks during a handshake */

static struct conn_tls *
conn_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

static int
on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *s = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct tls_site *site = tls_index_find(&s->index, slice_of(name));

	if (site == NULL && s->strict_sni) {
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	conn_of(ssl)->hello->site = site;
	return site != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static const struct tls_site *
site_of(const struct tls_server *s, const SSL *ssl)
{
	const struct tls_site *site = conn_of(ssl)->hello->site;

	return site != NULL ? site : &s->index.first;
}

/* OpenSSL then chooses among them by what the client can check. */
static int
on_certificate(SSL *ssl, void *arg)
{
	const struct tls_site *site = site_of(arg, ssl);

	if (SSL_session_reused(ssl))
		return 1;
	for (int k = 0; k < TLS_KEY_KINDS; k++) {
		const struct tls_cert *c = site->certs[k];

		if (c != NULL && SSL_use_cert_and_key(ssl, c->leaf, c->key,
		    c->chain, 1) != 1)
			return 0;
	}
	return 1;
}

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
    const unsigned char *offered, unsigned noffered, void *arg)
{
	const struct tls_server *s = arg;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, n, (unsigned char *)s->alpn.p,
	    (unsigned)s->alpn.n, offered, noffered) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int
on_status(SSL *ssl, void *arg)
{
	const struct tls_site *site = site_of(arg, ssl);
	int64_t now = conn_of(ssl)->conn.loop->clock.wall / USEC_PER_SEC;
	const X509 *leaf = SSL_get_certificate(ssl);
	uint8_t *copy;

	for (int k = 0; k < TLS_KEY_KINDS; k++) {
		const struct tls_cert *c = site->certs[k];

		if (c == NULL || c->leaf != leaf || c->staple == NULL ||
		    c->staple_until < now)
			continue;
		copy = OPENSSL_memdup(c->staple, c->nstaple);
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)c->nstaple);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* TLS 1.3: who has used a ticket gets another, as it is good for once. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tls_server *s = conn_of(ssl)->server;
	int n;

	if (seal)
		return tls_tickets_seal(s->tickets, s->tls, name, iv, cipher,
		    mac);
	n = tls_tickets_open(s->tickets, s->tls, name, iv, cipher, mac);
	return n == 1 && SSL_version(ssl) == TLS1_3_VERSION ? 2 : n;
}

/* --- building */

static bool
read_certs(struct tls_server *s, const struct tls_server_settings *set,
    int64_t wall, struct text *errors, struct text *warnings)
{
	bool ok = true;

	if (set->nfiles == 0) {
		text_add(errors, "certificates: there must be one\n");
		return false;
	}
	s->certs = mem_array(set->nfiles, sizeof(*s->certs));
	for (size_t i = 0; i < set->nfiles; i++) {
		s->certs[i] = tls_cert_read(s->tls, &set->files[i], wall,
		    errors, warnings);
		ok = ok && s->certs[i] != NULL;
	}
	s->ncerts = set->nfiles;
	if (ok)
		tls_index_init(&s->index, s->certs, s->ncerts);
	return ok;
}

/* Sessions agreed under another trust are not resumed: it is their mark. */
static bool
set_verify(struct tls_server *s, const struct tls_server_settings *set,
    struct text *errors)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t mark[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool ok = true;

	EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	EVP_DigestUpdate(digest, &set->verify, sizeof(set->verify));
	if (set->verify != TLS_VERIFY_OFF && set->trust.ca == NULL) {
		text_add(errors, "verify: needs a file of authorities\n");
		ok = false;
	} else if (set->verify != TLS_VERIFY_OFF) {
		ok = tls_trust_apply(s->ctx, &set->trust, digest, errors);
		SSL_CTX_set_client_CA_list(s->ctx,
		    SSL_load_client_CA_file(set->trust.ca));
		SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER |
		    (set->verify == TLS_VERIFY_REQUIRED ?
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	}
	EVP_DigestFinal_ex(digest, mark, &n);
	EVP_MD_CTX_free(digest);
	SSL_CTX_set_session_id_context(s->ctx, mark, n);
	ERR_clear_error();
	return ok;
}

static void
set_resumption(struct tls_server *s, const struct tls_server_settings *set)
{
	unsigned sessions = set->sessions > 0 ? set->sessions : TLS_SESSIONS;

	SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(s->ctx, sessions);
	if (s->tickets != NULL) {
		SSL_CTX_set_timeout(s->ctx,
		    tls_tickets_lifetime(s->tickets) / USEC_PER_SEC);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(s->ctx, on_ticket);
	}
	/* One is enough: who opens more connections gets one with each. */
	SSL_CTX_set_num_tickets(s->ctx, set->no_tickets ? 0 : 1);
	if (set->no_tickets)
		SSL_CTX_set_options(s->ctx, SSL_OP_NO_TICKET);
}

static void
set_callbacks(struct tls_server *s)
{
	SSL_CTX_set_tlsext_servername_callback(s->ctx, on_name);
	SSL_CTX_set_tlsext_servername_arg(s->ctx, s);
	SSL_CTX_set_cert_cb(s->ctx, on_certificate, s);
	SSL_CTX_set_tlsext_status_cb(s->ctx, on_status);
	SSL_CTX_set_tlsext_status_arg(s->ctx, s);
	if (s->alpn.n > 0)
		SSL_CTX_set_alpn_select_cb(s->ctx, on_alpn, s);
}

static bool
build(struct tls_server *s, const struct tls_server_settings *set,
    int64_t wall, struct text *errors, struct text *warnings)
{
	bool ok = read_certs(s, set, wall, errors, warnings);

	s->ctx = tls_context_new(TLS_server_method());
	if (s->ctx == NULL) {
		tls_complain(errors, "tls", "OpenSSL");
		return false;
	}
	ok &= tls_terms_apply(s->ctx, &set->terms, errors);
	ok &= tls_alpn_wire(set->alpn, set->nalpn, &s->alpn, errors);
	ok &= set_verify(s, set, errors);
	set_resumption(s, set);
	set_callbacks(s);
	return ok;
}

struct tls_server *
tls_server_new(struct tls *tls, const struct tls_server_settings *set,
    struct tls_tickets *tickets, int64_t wall, struct text *errors,
    struct text *warnings)
{
	struct tls_server *s;

	if (!tls_is_ready(tls, errors))
		return NULL;
	s = mem_new(sizeof(*s));
	s->refs = 1;
	s->tls = tls;
	s->tickets = tickets;
	s->strict_sni = set->strict_sni;
	s->wants_ktls = tls->ktls && !set->terms.no_ktls;
	text_init(&s->alpn);
	text_init(&s->plain_reply);
	text_add_slice(&s->plain_reply, set->plain_reply);
	if (!build(s, set, wall, errors, warnings))
		tls_server_put(&s);
	return s;
}

struct tls_server *
tls_server_get(struct tls_server *s)
{
	s->refs++;
	return s;
}

void
tls_server_put(struct tls_server **sp)
{
	struct tls_server *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	must(s->refs > 0);
	if (--s->refs > 0)
		return;
	SSL_CTX_free(s->ctx);
	tls_index_fini(&s->index);
	for (size_t i = 0; i < s->ncerts; i++)
		tls_cert_free(&s->certs[i]);
	free(s->certs);
	text_fini(&s->alpn);
	text_fini(&s->plain_reply);
	free(s);
}

/* --- while it runs */

/* A session stands in one cache: the other gets a copy. */
static void
hand_on(void *session, void *to)
{
	SSL_SESSION *copy = SSL_SESSION_dup(session);

	if (copy != NULL)
		SSL_CTX_add_session(to, copy);
	SSL_SESSION_free(copy);
}

void
tls_server_inherit(struct tls_server *s, const struct tls_server *from)
{
	if (s == from)
		return;
	OPENSSL_LH_doall_arg((OPENSSL_LHASH *)SSL_CTX_sessions(from->ctx),
	    hand_on, s->ctx);
	ERR_clear_error();
}

static struct tls_cert **
find_cert(struct tls_server *s, const char *name)
{
	for (size_t i = 0; i < s->ncerts; i++)
		if (strcmp(s->certs[i]->path, name) == 0)
			return &s->certs[i];
	return NULL;
}

bool
tls_server_replace(struct tls_server *s, const char *name, struct slice cert,
    struct slice key, int64_t wall, struct text *errors, struct text *warnings)
{
	struct tls_cert **at = find_cert(s, name), *fresh, *old;

	if (at == NULL) {
		text_add(errors, "%s: there is no such certificate\n", name);
		return false;
	}
	fresh = tls_cert_new(s->tls, name, cert, key, wall, errors, warnings);
	if (fresh == NULL)
		return false;
	old = *at;
	fresh->ocsp_path = old->ocsp_path;
	old->ocsp_path = NULL;
	*at = fresh;
	tls_index_fini(&s->index);
	tls_index_init(&s->index, s->certs, s->ncerts);
	tls_cert_free(&old);
	return true;
}

void
tls_server_refresh_ocsp(struct tls_server *s, int64_t wall,
    struct text *warnings)
{
	for (size_t i = 0; i < s->ncerts; i++)
		tls_cert_staple(s->certs[i], wall, warnings);
}

void
tls_server_each_cert(const struct tls_server *s,
    void (*fn)(void *owner, const struct tls_cert_info *), void *owner)
{
	struct tls_cert_info info;
	struct arena a;

	arena_init(&a, NULL);
	for (size_t i = 0; i < s->ncerts; i++) {
		tls_cert_describe(s->certs[i], &a, &info);
		info.is_default = i == 0;
		fn(owner, &info);
		arena_reset(&a);
	}
}

/* --- for its conns */

SSL *
tls_server_ssl(struct tls_server *s)
{
	return SSL_new(s->ctx);
}

struct slice
tls_server_plain_reply(const struct tls_server *s)
{
	return text_slice(&s->plain_reply);
}

bool
tls_server_wants_ktls(const struct tls_server *s)
{
	return s->wants_ktls;
}

struct tls *
tls_server_tls(const struct tls_server *s)
{
	return s->tls;
}
