/*
 * tls_kdf.c - HMAC, and HKDF as TLS 1.3 has it, for OpenSSL too.
 *
 * OpenSSL's key schedule asks its providers for TLS13-KDF, and ours is
 * preferred (TLS_PROPERTIES).  It is a provider of that one function, by the
 * interface that OpenSSL 3 has for them.
 *
 * Why:       OpenSSL's own looks the digest up by name, makes an HMAC and frees
 *            both, some twenty times a handshake.  And here the secrets of a
 *            connection pass, which its records need once they are ours.
 * Owns:      the digests; one state for them, as nothing here is done twice at
 *            a time.
 * Source:    RFC 2104, RFC 5869, RFC 8446 7.1.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/slice.h"
#include "net/tls_lib.h"

#define BLOCK_MOST 128u		/* of a digest's input */

/* --- HMAC */

size_t
tls_hash_size(enum tls_hash hash)
{
	return hash == TLS_SHA384 ? 48 : 32;
}

static size_t
block_size(enum tls_hash hash)
{
	return hash == TLS_SHA384 ? 128 : 64;
}

/* Of n pieces, behind a block that may be NULL. */
static bool
digest(struct tls_kdf *k, enum tls_hash hash, const uint8_t *block,
    const struct slice *pieces, size_t n, uint8_t *out)
{
	bool ok = EVP_DigestInit_ex2(k->work, k->md[hash], NULL) == 1;

	if (block != NULL)
		ok = ok && EVP_DigestUpdate(k->work, block,
		    block_size(hash)) == 1;
	for (size_t i = 0; i < n && ok; i++)
		ok = pieces[i].n == 0 || EVP_DigestUpdate(k->work, pieces[i].p,
		    pieces[i].n) == 1;
	return ok && EVP_DigestFinal_ex(k->work, out, NULL) == 1;
}

static void
mask(uint8_t *block, size_t n, uint8_t with)
{
	for (size_t i = 0; i < n; i++)
		block[i] ^= with;
}

bool
tls_hmac(struct tls_kdf *k, enum tls_hash hash, struct slice key,
    const struct slice *pieces, size_t n, uint8_t *out)
{
	uint8_t block[BLOCK_MOST] = { 0 }, inner[48];
	struct slice rest = { (char *)inner, tls_hash_size(hash) };
	bool ok;

	must(key.n <= block_size(hash));
	if (key.n > 0)
		memcpy(block, key.p, key.n);
	mask(block, sizeof(block), 0x36);
	ok = digest(k, hash, block, pieces, n, inner);
	mask(block, sizeof(block), 0x36 ^ 0x5c);
	ok = ok && digest(k, hash, block, &rest, 1, out);
	/* A digest's last state is its answer, which is secret. */
	ok = ok && EVP_DigestInit_ex2(k->work, k->md[hash], NULL) == 1;
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

bool
tls_expand_label(struct tls_kdf *k, enum tls_hash hash, struct slice secret,
    struct slice label, struct slice extra, uint8_t *out, size_t n)
{
	char head[3] = { (char)(n >> 8), (char)n, (char)(6 + label.n) };
	char extra_n = (char)extra.n, first = 1;
	struct slice info[6] = { { head, 3 }, SLICE("tls13 "), label,
		{ &extra_n, 1 }, extra, { &first, 1 } };
	uint8_t block[48];
	bool ok;

	must(n <= tls_hash_size(hash));
	ok = tls_hmac(k, hash, secret, info, 6, block);
	if (ok)
		memcpy(out, block, n);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* The next secret of the schedule, of the last one and what is new. */
static bool
extract(struct tls_kdf *k, enum tls_hash hash, struct slice last,
    struct slice label, struct slice fresh, uint8_t *out)
{
	static const char zeroes[48];
	size_t size = tls_hash_size(hash);
	uint8_t none[48], salt[48] = { 0 };
	bool ok = true;

	if (fresh.p == NULL)
		fresh = slice_make(zeroes, size);
	if (last.p != NULL)
		ok = digest(k, hash, NULL, NULL, 0, none) &&
		    tls_expand_label(k, hash, last, label,
		    slice_make((char *)none, size), salt, size);
	ok = ok && tls_hmac(k, hash, slice_make((char *)salt, size), &fresh, 1,
	    out);
	OPENSSL_cleanse(salt, sizeof(salt));
	return ok;
}

/* --- what OpenSSL asks for */

static bool
hash_of(const OSSL_PARAM *params, enum tls_hash *out)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params,
	    OSSL_KDF_PARAM_DIGEST);
	const char *name = p != NULL ? p->data : "";

	if (strcasecmp(name, "SHA2-256") == 0 ||
	    strcasecmp(name, "SHA256") == 0)
		*out = TLS_SHA256;
	else if (strcasecmp(name, "SHA2-384") == 0 ||
	    strcasecmp(name, "SHA384") == 0)
		*out = TLS_SHA384;
	else
		return false;
	return true;
}

/* Bytes; p is NULL when they are not there. */
static struct slice
bytes_of(const OSSL_PARAM *params, const char *name)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);

	return p != NULL ? slice_make(p->data, p->data_size) : SLICE_NONE;
}

/* Is it one that a connection's records will need? */
static void
keep(struct tls_kdf *k, struct slice label, const uint8_t *secret, size_t n)
{
	struct tls_secrets *s = k->secrets;

	if (s == NULL)
		return;
	if (slice_eq(label, SLICE("c ap traffic"))) {
		memcpy(s->client, secret, n);
		s->has_client = true;
	} else if (slice_eq(label, SLICE("s ap traffic"))) {
		memcpy(s->server, secret, n);
		s->has_server = true;
	}
}

static int
derive(void *kdf, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
	struct slice key = bytes_of(params, OSSL_KDF_PARAM_KEY);
	struct slice label = bytes_of(params, OSSL_KDF_PARAM_LABEL);
	struct slice extra = bytes_of(params, OSSL_KDF_PARAM_DATA);
	struct slice salt = bytes_of(params, OSSL_KDF_PARAM_SALT);
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params,
	    OSSL_KDF_PARAM_MODE);
	struct tls_kdf *k = kdf;
	enum tls_hash hash;
	int mode;

	if (p == NULL || OSSL_PARAM_get_int(p, &mode) != 1 ||
	    !hash_of(params, &hash) || n > tls_hash_size(hash) ||
	    !slice_eq(bytes_of(params, OSSL_KDF_PARAM_PREFIX),
	    SLICE("tls13 ")) || label.n > 249 || extra.n > 255 ||
	    salt.n > tls_hash_size(hash))
		return 0;
	if (mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return n == tls_hash_size(hash) &&
		    extract(k, hash, salt, label, key, out);
	if (mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY ||
	    key.n > block_size(hash) ||
	    !tls_expand_label(k, hash, key, label, extra, out, n))
		return 0;
	keep(k, label, out, n);
	return 1;
}

/* All that is asked comes with the call: there is nothing to keep. */
static void *
state_new(void *kdf)
{
	return kdf;
}

static void
state_free(void *kdf)
{
	(void)kdf;
}

static const OSSL_ALGORITHM *
query(void *kdf, int operation, int *no_cache)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_KDF_NEWCTX, (void (*)(void))state_new },
		{ OSSL_FUNC_KDF_FREECTX, (void (*)(void))state_free },
		{ OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive },
		{ 0, NULL }
	};
	static const OSSL_ALGORITHM algorithms[] = {
		{ "TLS13-KDF", "provider=steelyard", functions, NULL },
		{ NULL, NULL, NULL, NULL }
	};

	(void)kdf;
	*no_cache = 0;
	return operation == OSSL_OP_KDF ? algorithms : NULL;
}

static void
teardown(void *kdf)
{
	struct tls_kdf *k = kdf;

	for (int i = 0; i < TLS_HASHES; i++)
		EVP_MD_free(k->md[i]);
	EVP_MD_CTX_free(k->work);
	OPENSSL_free(k);
}

static int
start(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **kdf)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown },
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ 0, NULL }
	};

	(void)core;
	(void)in;
	*out = functions;
	*kdf = OPENSSL_zalloc(sizeof(struct tls_kdf));
	return *kdf != NULL;
}

/* --- its life */

static bool
fetch(struct tls_kdf *k)
{
	static const char *const names[TLS_HASHES] = {
		[TLS_SHA256] = "SHA256", [TLS_SHA384] = "SHA384"
	};
	bool ok = true;

	for (int i = 0; i < TLS_HASHES && ok; i++) {
		if (k->md[i] == NULL)
			k->md[i] = EVP_MD_fetch(NULL, names[i], NULL);
		ok = k->md[i] != NULL;
	}
	if (k->work == NULL)
		k->work = EVP_MD_CTX_new();
	return ok && k->work != NULL;
}

OSSL_PROVIDER *
tls_kdf_open(struct tls_kdf **out)
{
	static const char name[] = "steelyard";
	OSSL_PROVIDER *p = NULL;

	*out = NULL;
	if (OSSL_PROVIDER_add_builtin(NULL, name, start) == 1)
		p = OSSL_PROVIDER_try_load(NULL, name, 1);
	if (p == NULL)
		return NULL;
	*out = OSSL_PROVIDER_get0_provider_ctx(p);
	if (fetch(*out))
		return p;
	OSSL_PROVIDER_unload(p);
	return NULL;
}
