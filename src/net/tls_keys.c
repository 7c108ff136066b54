/*
 * tls_keys.c - from secrets to keys.
 *
 * TLS 1.3: HKDF-Expand-Label of a traffic secret (RFC 8446 7.1, 7.2, 7.3).
 * TLS 1.2: the PRF over the master secret (RFC 5246 5, 6.3).
 */
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/tls_record.h"

bool
tls_suite_of(const SSL *ssl, struct tls_suite *out)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(ssl);
	const EVP_MD *md = c != NULL ? SSL_CIPHER_get_handshake_digest(c) :
				       NULL;

	*out = (struct tls_suite){
		.is_13 = SSL_version(ssl) == TLS1_3_VERSION };
	if (md == NULL || (!out->is_13 && SSL_version(ssl) != TLS1_2_VERSION))
		return false;
	if (EVP_MD_get_type(md) == NID_sha384)
		out->hash = TLS_SHA384;
	else if (EVP_MD_get_type(md) != NID_sha256)
		return false;
	out->key_n = 32;
	switch (SSL_CIPHER_get_cipher_nid(c)) {
	case NID_aes_128_gcm:
		out->aead = TLS_AES128_GCM;
		out->key_n = 16;
		break;
	case NID_aes_256_gcm:
		out->aead = TLS_AES256_GCM;
		break;
	case NID_chacha20_poly1305:
		out->aead = TLS_CHACHA20;
		return true;
	default:
		return false;
	}
	out->explicit_nonce = !out->is_13;
	return true;
}

/* n bytes, at most one hash, of one direction's secret. */
static bool
expand(const struct tls_records *r, const struct tls_way *w, struct slice label,
    uint8_t *out, size_t n)
{
	enum tls_hash hash = r->suite.hash;

	return tls_expand_label(r->tls->kdf, hash,
	    slice_make((const char *)w->secret, tls_hash_size(hash)), label,
	    SLICE_NONE, out, n);
}

static bool
set_key(struct tls_records *r, struct tls_way *w, const uint8_t *key)
{
	bool seals = w == &r->out;

	if (w->cipher == NULL)
		w->cipher = EVP_CIPHER_CTX_new();
	w->seq = 0;
	return w->cipher != NULL && EVP_CipherInit_ex(w->cipher,
	    r->tls->aead[r->suite.aead], NULL, key, NULL, seals) == 1;
}

/* Keys of what stands in w->secret. */
static bool
set_way13(struct tls_records *r, struct tls_way *w)
{
	uint8_t key[32];
	bool ok;

	ok = expand(r, w, SLICE("key"), key, r->suite.key_n) &&
	    expand(r, w, SLICE("iv"), w->iv, 12) && set_key(r, w, key);
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

static struct tls_records *
records_new(struct tls *t, const struct tls_suite *suite)
{
	struct tls_records *r = mem_new(sizeof(*r));

	r->tls = t;
	r->suite = *suite;
	return r;
}

void
tls_records_free(struct tls_records **rp)
{
	struct tls_records *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	EVP_CIPHER_CTX_free(r->in.cipher);
	EVP_CIPHER_CTX_free(r->out.cipher);
	OPENSSL_cleanse(r, sizeof(*r));
	free(r);
}

struct tls_records *
tls_records_new13(struct tls *t, const struct tls_suite *suite,
    const uint8_t *in, const uint8_t *out)
{
	struct tls_records *r = records_new(t, suite);

	memcpy(r->in.secret, in, tls_hash_size(suite->hash));
	memcpy(r->out.secret, out, tls_hash_size(suite->hash));
	if (!set_way13(r, &r->in) || !set_way13(r, &r->out))
		tls_records_free(&r);
	return r;
}

bool
tls_records_key(struct tls_records *r, uint8_t key[32])
{
	return expand(r, &r->out, SLICE("key"), key, r->suite.key_n);
}

bool
tls_records_update(struct tls_records *r, bool out)
{
	struct tls_way *w = out ? &r->out : &r->in;

	return expand(r, w, SLICE("traffic upd"), w->secret,
	    tls_hash_size(r->suite.hash)) && set_way13(r, w);
}

/* P_hash of RFC 5246 5: n bytes, n <= 4 blocks. */
static bool
prf(struct tls *t, enum tls_hash hash, const uint8_t master[48],
    const struct slice *seed, size_t nseed, uint8_t *out, size_t n)
{
	size_t size = tls_hash_size(hash), part;
	uint8_t a[48], block[48];
	struct slice pieces[4] = { { (char *)a, size } };
	struct slice key = { (const char *)master, 48 };
	bool ok;

	must(nseed < 4);
	memcpy(pieces + 1, seed, nseed * sizeof(*seed));
	ok = tls_hmac(t->kdf, hash, key, seed, nseed, a);
	for (size_t at = 0; at < n && ok; at += part) {
		part = n - at < size ? n - at : size;
		ok = tls_hmac(t->kdf, hash, key, pieces, nseed + 1, block);
		memcpy(out + at, block, part);
		ok = ok && tls_hmac(t->kdf, hash, key, pieces, 1, a);
	}
	OPENSSL_cleanse(a, sizeof(a));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

struct tls_records *
tls_records_new12(struct tls *t, const struct tls_suite *suite,
    const uint8_t master[48], const uint8_t client_random[32],
    const uint8_t server_random[32], bool is_server)
{
	struct tls_records *r = records_new(t, suite);
	size_t key_n = suite->key_n, iv_n = suite->explicit_nonce ? 4 : 12;
	struct slice seed[3] = { SLICE("key expansion"),
		{ (const char *)server_random, 32 },
		{ (const char *)client_random, 32 } };
	struct tls_way *client = is_server ? &r->in : &r->out;
	struct tls_way *server = is_server ? &r->out : &r->in;
	uint8_t block[2 * 32 + 2 * 12];

	if (prf(t, suite->hash, master, seed, 3, block, 2 * (key_n + iv_n)) &&
	    set_key(r, client, block) && set_key(r, server, block + key_n)) {
		memcpy(client->iv, block + 2 * key_n, iv_n);
		memcpy(server->iv, block + 2 * key_n + iv_n, iv_n);
		/* Each Finished was a record under these keys. */
		client->seq = server->seq = 1;
	} else {
		tls_records_free(&r);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return r;
}
