/*
 * tls.c - the library's handles, and the words of facts.
 *
 * Owns:      what is fetched from OpenSSL once for all connections.
 * Not here:  certificates (tls_cert.c), records (tls_record.c), the conn
 *            (conn_tls.c).
 */
#include "net/tls.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/tls_ktls.h"
#include "net/tls_lib.h"

#define PAGES_KEPT 256u		/* 4 MiB */

static const char *const hash_names[TLS_HASHES] = {
	[TLS_SHA256] = "SHA256", [TLS_SHA384] = "SHA384"
};
static const char *const aead_names[TLS_AEADS] = {
	[TLS_AES128_GCM] = "AES-128-GCM",
	[TLS_AES256_GCM] = "AES-256-GCM",
	[TLS_CHACHA20] = "ChaCha20-Poly1305",
};

/* A context with its digest chosen, to be keyed again for each use. */
static EVP_MAC_CTX *
hmac_new(const char *digest)
{
	OSSL_PARAM params[2];
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    (char *)(uintptr_t)digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static bool
fetch(struct tls *t)
{
	bool ok;

	t->bio = conn_tls_bio_method();
	t->cbc128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	t->cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	t->scratch = SSL_CTX_new(TLS_method());
	ok = t->scratch != NULL && t->bio != NULL && t->cbc128 != NULL &&
	    t->cbc256 != NULL;
	for (int i = 0; i < TLS_AEADS; i++) {
		t->aead[i] = EVP_CIPHER_fetch(NULL, aead_names[i], NULL);
		/* ChaCha20 may be missing: it then is not negotiated. */
		ok = ok && (t->aead[i] != NULL || i == TLS_CHACHA20);
	}
	for (int i = 0; i < TLS_HASHES; i++) {
		t->hmac[i] = hmac_new(hash_names[i]);
		ok = ok && t->hmac[i] != NULL;
	}
	return ok;
}

static void
let_go(struct tls *t)
{
	BIO_meth_free(t->bio);
	SSL_CTX_free(t->scratch);
	for (int i = 0; i < TLS_AEADS; i++)
		EVP_CIPHER_free(t->aead[i]);
	for (int i = 0; i < TLS_HASHES; i++)
		EVP_MAC_CTX_free(t->hmac[i]);
	EVP_CIPHER_free(t->cbc128);
	EVP_CIPHER_free(t->cbc256);
	memset(t->aead, 0, sizeof(t->aead));
	memset(t->hmac, 0, sizeof(t->hmac));
	t->cbc128 = t->cbc256 = NULL;
	t->scratch = NULL;
	t->bio = NULL;
}

struct tls *
tls_new(void)
{
	struct tls *t = mem_new(sizeof(*t));

	list_init(&t->known);
	slab_init(&t->pages, TLS_PAGE, PAGES_KEPT);
	t->ktls = tls_ktls_probe();
	return t;
}

/* The library takes some 4 MiB: who needs no TLS does without. */
bool
tls_is_ready(struct tls *t, struct text *errors)
{
	if (t->scratch != NULL)
		return true;
	if (fetch(t)) {
		ERR_clear_error();
		return true;
	}
	text_add(errors, "OpenSSL cannot be used: %s\n",
	    tls_library_reason(ERR_peek_error()));
	ERR_clear_error();
	let_go(t);
	return false;
}

void
tls_free(struct tls **tp)
{
	struct tls *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	let_go(t);
	slab_fini(&t->pages);
	free(t);
}

const char *
tls_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

bool
tls_has_ktls(const struct tls *t)
{
	return t->ktls;
}

size_t
tls_hash_size(enum tls_hash hash)
{
	return hash == TLS_SHA384 ? 48 : 32;
}

bool
tls_hmac(struct tls *t, enum tls_hash hash, const void *key, size_t key_n,
    const struct slice *pieces, size_t n, uint8_t *out)
{
	EVP_MAC_CTX *ctx = t->hmac[hash];
	size_t size = tls_hash_size(hash);
	bool ok = EVP_MAC_init(ctx, key, key_n, NULL) == 1;

	for (size_t i = 0; i < n && ok; i++)
		ok = EVP_MAC_update(ctx, (const uint8_t *)pieces[i].p,
		    pieces[i].n) == 1;
	return ok && EVP_MAC_final(ctx, out, &size, size) == 1;
}

/* --- words */

const char *
tls_failure_name(enum tls_failure f)
{
	static const char *const names[TLS_FAILURES] = {
		[TLS_FINE] = "fine",
		[TLS_PLAIN_HTTP] = "plain-http",
		[TLS_NOT_TLS] = "not-tls",
		[TLS_GONE] = "gone",
		[TLS_NO_AGREEMENT] = "no-agreement",
		[TLS_BAD_CERTIFICATE] = "bad-certificate",
		[TLS_ALERTED] = "alerted",
		[TLS_SHED] = "shed",
		[TLS_BROKEN] = "broken",
	};

	return names[f];
}

bool
tls_version_parse(struct slice s, enum tls_version *out)
{
	if (slice_starts(s, SLICE("TLSv")))
		s = slice_skip(s, 4);
	if (slice_eq(s, SLICE("1.2")))
		*out = TLS_1_2;
	else if (slice_eq(s, SLICE("1.3")))
		*out = TLS_1_3;
	else
		return false;
	return true;
}

bool
conn_facts(const struct conn *c, struct tls_facts *out)
{
	*out = (struct tls_facts){ .failure = TLS_FINE };
	if (c->ops->facts == NULL)
		return false;
	c->ops->facts(c, out);
	return true;
}

bool
conn_peer(const struct conn *c, struct arena *a, struct tls_peer *out)
{
	*out = (struct tls_peer){ .not_before = 0 };
	return c->ops->identity != NULL && c->ops->identity(c, a, out);
}
