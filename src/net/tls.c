/*
 * tls.c - the library's handles, and the words of facts.
 *
 * Owns:      what is fetched from OpenSSL once for all connections.
 * Not here:  certificates (tls_cert.c), records (tls_record.c), the conn
 *            (conn_tls.c).
 */
#include "net/tls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/tls_ktls.h"
#include "net/tls_lib.h"
#include "net/tls_record.h"

#define PAGES_KEPT 256u		/* 4 MiB */

static const char *const aead_names[TLS_AEADS] = {
	[TLS_AES128_GCM] = "AES-128-GCM",
	[TLS_AES256_GCM] = "AES-256-GCM",
	[TLS_CHACHA20] = "ChaCha20-Poly1305",
};

static bool
fetch(struct tls *t)
{
	bool ok;

	t->bio = conn_tls_bio_method();
	t->cbc128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	t->cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	t->scratch = SSL_CTX_new(TLS_method());
	t->provider = tls_kdf_open(&t->kdf);
	ok = t->provider != NULL && t->scratch != NULL && t->bio != NULL &&
	    t->cbc128 != NULL && t->cbc256 != NULL;
	for (int i = 0; i < TLS_AEADS; i++) {
		t->aead[i] = EVP_CIPHER_fetch(NULL, aead_names[i], NULL);
		/* ChaCha20 may be missing: it then is not negotiated. */
		ok = ok && (t->aead[i] != NULL || i == TLS_CHACHA20);
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
	if (t->provider != NULL)
		OSSL_PROVIDER_unload(t->provider);
	EVP_CIPHER_free(t->cbc128);
	EVP_CIPHER_free(t->cbc256);
	memset(t->aead, 0, sizeof(t->aead));
	t->provider = NULL;
	t->kdf = NULL;
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
	t->worn = TLS_WORN;
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
