/*
 * tls_client.c - what a pool gives to its TLS connections to servers.
 *
 * Owns:      the SSL_CTX with whom to believe.
 * Why:       a session carries the verdict about the certificate it was agreed
 *            with; so a slot remembers under which trust and name that was,
 *            and another one starts anew.
 */
#include "net/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/conn_tls.h"
#include "net/tls_cert.h"

struct tls_client {
	unsigned refs;
	struct tls *tls;
	SSL_CTX *ctx;
	uint64_t mark;		/* of the settings, and of their files */
	char *verify_name;
	bool insecure, wants_ktls;
};

/* FNV-1a over the name, from the mark: 0 is the empty slot's. */
static uint64_t
under(const struct tls_client *k, const char *name)
{
	uint64_t h = k->mark ^ UINT64_C(0xcbf29ce484222325);

	for (; name != NULL && *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return h | 1;
}

void
tls_session_slot_fini(struct tls_session_slot *slot)
{
	SSL_SESSION_free(slot->session);
	slot->session = NULL;
	slot->under = 0;
}

/* A session, or a ticket, came: the last one is kept. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct conn_tls *c = SSL_get_app_data(ssl);
	struct tls_session_slot *slot = c->slot;

	if (slot == NULL || c->hello == NULL)
		return 0;
	tls_session_slot_fini(slot);
	slot->session = session;
	slot->under = under(c->client, c->hello->name);
	return 1;
}

bool
tls_client_same(const struct tls_client *a, const struct tls_client *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->mark == b->mark;
}

/* --- building */

/* With its NUL, so that no two of them can run together. */
static void
digest_text(EVP_MD_CTX *digest, const char *s)
{
	EVP_DigestUpdate(digest, s != NULL ? "+" : "-", 1);
	if (s != NULL)
		EVP_DigestUpdate(digest, s, strlen(s) + 1);
}

static void
digest_settings(EVP_MD_CTX *digest, const struct tls_client_settings *set)
{
	const struct tls_terms *t = &set->terms;
	unsigned char numbers[] = { set->insecure, set->no_resumption,
	    t->no_ktls, (unsigned char)t->policy, (unsigned char)t->min,
	    (unsigned char)t->max };

	EVP_DigestUpdate(digest, numbers, sizeof(numbers));
	digest_text(digest, t->ciphers);
	digest_text(digest, t->ciphersuites);
	digest_text(digest, t->groups);
	digest_text(digest, t->sigalgs);
	digest_text(digest, set->verify_name);
	for (size_t i = 0; i < set->nalpn; i++)
		digest_text(digest, set->alpn[i]);
}

static bool
set_certificate(struct tls_client *k, const struct tls_files *files,
    EVP_MD_CTX *digest, int64_t wall, struct text *errors,
    struct text *warnings)
{
	struct tls_cert *c;
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool ok;

	if (files->cert == NULL)
		return true;
	c = tls_cert_read(k->tls, files, wall, errors, warnings);
	if (c == NULL)
		return false;
	ok = SSL_CTX_use_cert_and_key(k->ctx, c->leaf, c->key, c->chain,
	    1) == 1;
	if (!ok)
		tls_complain(errors, files->cert, "cannot be used");
	X509_digest(c->leaf, EVP_sha256(), md, &n);
	EVP_DigestUpdate(digest, md, n);
	tls_cert_free(&c);
	return ok;
}

static bool
set_alpn(struct tls_client *k, const struct tls_client_settings *set,
    struct text *errors)
{
	struct text wire;
	bool ok;

	text_init(&wire);
	ok = tls_alpn_wire(set->alpn, set->nalpn, &wire, errors);
	if (ok && wire.n > 0)
		SSL_CTX_set_alpn_protos(k->ctx, (unsigned char *)wire.p,
		    (unsigned)wire.n);
	text_fini(&wire);
	return ok;
}

static bool
build(struct tls_client *k, const struct tls_client_settings *set,
    EVP_MD_CTX *digest, int64_t wall, struct text *errors,
    struct text *warnings)
{
	bool ok;

	k->ctx = tls_context_new(TLS_client_method());
	if (k->ctx == NULL) {
		tls_complain(errors, "tls", "OpenSSL");
		return false;
	}
	ok = tls_terms_apply(k->ctx, &set->terms, errors);
	ok &= set_alpn(k, set, errors);
	ok &= set_certificate(k, &set->files, digest, wall, errors, warnings);
	if (!set->insecure) {
		ok &= tls_trust_apply(k->ctx, &set->trust, digest, errors);
		SSL_CTX_set_verify(k->ctx, SSL_VERIFY_PEER, NULL);
	}
	if (set->no_resumption) {
		SSL_CTX_set_session_cache_mode(k->ctx, SSL_SESS_CACHE_OFF);
	} else {
		SSL_CTX_set_session_cache_mode(k->ctx, SSL_SESS_CACHE_CLIENT |
		    SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(k->ctx, on_session);
	}
	return ok;
}

struct tls_client *
tls_client_new(struct tls *tls, const struct tls_client_settings *set,
    int64_t wall, struct text *errors, struct text *warnings)
{
	struct tls_client *k;
	EVP_MD_CTX *digest;
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool ok;

	if (!tls_is_ready(tls, errors))
		return NULL;
	k = mem_new(sizeof(*k));
	digest = EVP_MD_CTX_new();
	k->refs = 1;
	k->tls = tls;
	k->insecure = set->insecure;
	if (set->verify_name != NULL)
		k->verify_name = mem_string(set->verify_name);
	k->wants_ktls = tls->ktls && !set->terms.no_ktls;
	EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	digest_settings(digest, set);
	ok = build(k, set, digest, wall, errors, warnings);
	EVP_DigestFinal_ex(digest, md, &n);
	EVP_MD_CTX_free(digest);
	memcpy(&k->mark, md, sizeof(k->mark));
	ERR_clear_error();
	if (!ok)
		tls_client_put(&k);
	return k;
}

struct tls_client *
tls_client_get(struct tls_client *k)
{
	k->refs++;
	return k;
}

void
tls_client_put(struct tls_client **kp)
{
	struct tls_client *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	must(k->refs > 0);
	if (--k->refs > 0)
		return;
	SSL_CTX_free(k->ctx);
	free(k->verify_name);
	free(k);
}

/* --- for its conns */

static bool
is_address(const char *name)
{
	struct in6_addr a;

	return inet_pton(AF_INET, name, &a) == 1 ||
	    inet_pton(AF_INET6, name, &a) == 1;
}

const char *
tls_client_expects(const struct tls_client *k, const char *name)
{
	if (k->verify_name != NULL)
		return k->verify_name;
	return name != NULL ? name : "";
}

/* What the certificate must be for.  No name matches nothing. */
static bool
set_name(const struct tls_client *k, SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);

	if (name == NULL || *name == '\0')
		name = "";
	if (*name != '\0' && !is_address(name) &&
	    SSL_set_tlsext_host_name(ssl, name) != 1)
		return false;
	if (k->insecure)
		return true;
	name = tls_client_expects(k, name);
	X509_VERIFY_PARAM_set_hostflags(p,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (*name != '\0' && is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1;
	return X509_VERIFY_PARAM_set1_host(p, *name != '\0' ? name :
	    "no-name.invalid", 0) == 1;
}

/*
 * OpenSSL lets a ticket of TLS 1.3 be used once; several connections to a
 * server may begin before the first of them has brought another.  So each gets
 * a copy: it is our own server, to which we are known anyway.
 */
static void
set_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION *copy = SSL_SESSION_dup(session);

	if (copy != NULL)
		SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
}

SSL *
tls_client_ssl(struct tls_client *k, struct tls_session_slot *slot,
    const char *name, const char *alpn)
{
	SSL *ssl = SSL_new(k->ctx);

	if (ssl == NULL || !set_name(k, ssl, name)) {
		SSL_free(ssl);
		return NULL;
	}
	if (alpn != NULL)
		SSL_set_alpn_protos(ssl, (const unsigned char *)alpn,
		    (unsigned)strlen(alpn));
	if (slot != NULL && slot->session != NULL &&
	    slot->under == under(k, name))
		set_session(ssl, slot->session);
	return ssl;
}

bool
tls_client_wants_ktls(const struct tls_client *k)
{
	return k->wants_ktls;
}

struct tls *
tls_client_tls(const struct tls_client *k)
{
	return k->tls;
}
