#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/slab.h"
#include "base/text.h"
#include "net/tls.h"

/*
 * What the tls_*.c share: the library's handles, fetched once, as looking them
 * up by name costs more than many a use.
 */

/* Room for the largest record a peer may send, or for one of ours and a small
 * one before it. */
#define TLS_PAGE (16384u + 512u)

enum tls_hash { TLS_SHA256, TLS_SHA384, TLS_HASHES };
enum tls_aead { TLS_AES128_GCM, TLS_AES256_GCM, TLS_CHACHA20, TLS_AEADS };

struct tls {
	BIO_METHOD *bio;		/* conn_tls_bio.c */
	EVP_CIPHER *aead[TLS_AEADS];
	EVP_CIPHER *cbc128, *cbc256;	/* of tickets */
	OSSL_PROVIDER *provider;	/* tls_kdf.c */
	struct tls_kdf *kdf;		/* its state */
	SSL_CTX *scratch;		/* certificates are tried with it */
	struct slab pages;		/* of TLS_PAGE: a record, or part of one */
	struct list known;		/* certificates of files (tls_known.c) */
	uint64_t worn;			/* records that one key is good for */
	bool ktls;
};

/* Fetches what is still missing; false with why added to errors. */
struct text;
bool tls_is_ready(struct tls *t, struct text *errors);

/* --- HMAC, and the key schedule of TLS 1.3 (tls_kdf.c) */

/* What the records of a connection need; each as long as the suite's hash. */
struct tls_secrets {
	uint8_t client[48], server[48];
	bool has_client, has_server;
};

struct tls_kdf {
	EVP_MD *md[TLS_HASHES];
	EVP_MD_CTX *work;
	struct tls_secrets *secrets;	/* of the handshake that OpenSSL is
					 * at now; NULL: of none of ours */
};

/*
 * Puts our TLS13-KDF beside OpenSSL's, for SSL_CTXs made with TLS_PROPERTIES.
 * NULL: no memory, or OpenSSL lacks a digest.  OSSL_PROVIDER_unload ends it;
 * who opens it twice shares its state.
 */
#define TLS_PROPERTIES "?provider=steelyard"
OSSL_PROVIDER *tls_kdf_open(struct tls_kdf **out);

size_t tls_hash_size(enum tls_hash hash);

/* HMAC of n pieces; out has room for 48 bytes.  A key is at most a block of
 * the digest, 64 bytes. */
bool tls_hmac(struct tls_kdf *k, enum tls_hash hash, struct slice key,
    const struct slice *pieces, size_t n, uint8_t *out);

/* HKDF-Expand-Label (RFC 8446 7.1); n is at most the hash's size. */
bool tls_expand_label(struct tls_kdf *k, enum tls_hash hash, struct slice secret,
    struct slice label, struct slice extra, uint8_t *out, size_t n);

/* The handles of conns (conn_tls_bio.c); NULL: no memory. */
BIO_METHOD *conn_tls_bio_method(void);

/* --- building an SSL_CTX (tls_terms.c, tls_trust.c).  False: errors has why. */

/* What both sides want of the library. */
SSL_CTX *tls_context_new(const SSL_METHOD *method);

bool tls_terms_apply(SSL_CTX *ctx, const struct tls_terms *terms, struct text *errors);

/* ALPN as it stands on the wire: each name behind its length. */
bool tls_alpn_wire(const char *const *names, size_t n, struct text *out,
    struct text *errors);

/*
 * Trusted certificates and revocation lists.  Their bytes are added to digest,
 * so that a session agreed under another trust is not resumed.
 */
bool tls_trust_apply(SSL_CTX *ctx, const struct tls_trust *trust, EVP_MD_CTX *digest,
    struct text *errors);

/* A line "path: reason": of OpenSSL's queue, which is emptied. */
void tls_complain(struct text *out, const char *path, const char *what);
const char *tls_library_reason(unsigned long error);
