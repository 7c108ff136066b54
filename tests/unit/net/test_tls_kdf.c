/*
 * test_tls_kdf.c - our TLS13-KDF, against RFC 8448 and OpenSSL's own.
 */
#include "tls_rig.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "net/tls_lib.h"

/* One question; what is NULL is left out. */
struct ask {
	int mode;
	const char *digest, *prefix, *label, *key, *salt, *extra;
	size_t n;
};

static void
add(OSSL_PARAM **p, const char *name, const char *bytes, size_t n)
{
	if (bytes != NULL)
		*(*p)++ = OSSL_PARAM_construct_octet_string(name,
		    (void *)(uintptr_t)bytes, n);
}

/* Keys, salts and hashes are as long as the digest. */
static bool
answer(const char *properties, const struct ask *a, uint8_t *out)
{
	size_t n = strstr(a->digest, "384") != NULL ? 48 : 32;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", properties);
	EVP_KDF_CTX *k;
	OSSL_PARAM params[8], *p = params;
	int mode = a->mode;
	bool ok;

	assert_non_null(kdf);
	k = EVP_KDF_CTX_new(kdf);
	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
	    (char *)(uintptr_t)a->digest, 0);
	add(&p, OSSL_KDF_PARAM_PREFIX, a->prefix, strlen(a->prefix));
	add(&p, OSSL_KDF_PARAM_LABEL, a->label, strlen(a->label));
	add(&p, OSSL_KDF_PARAM_KEY, a->key, n);
	add(&p, OSSL_KDF_PARAM_SALT, a->salt, n);
	add(&p, OSSL_KDF_PARAM_DATA, a->extra, a->extra == NULL ? 0 : n);
	*p = OSSL_PARAM_construct_end();
	ok = EVP_KDF_derive(k, out, a->n, params) == 1;
	EVP_KDF_CTX_free(k);
	EVP_KDF_free(kdf);
	return ok;
}

static int
open_kdf(void **state)
{
	struct tls *t = tls_new();
	struct text errors;

	text_init(&errors);
	assert_true(tls_is_ready(t, &errors));
	text_fini(&errors);
	*state = t;
	return 0;
}

static int
close_kdf(void **state)
{
	tls_free((struct tls **)state);
	return 0;
}

#define EXTRACT EVP_KDF_HKDF_MODE_EXTRACT_ONLY
#define EXPAND EVP_KDF_HKDF_MODE_EXPAND_ONLY
#define LONG "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdef"
#define OTHER "fedcba9876543210zyxwvutsrqponmlkjihgfedcba9876543210"

static void
answers_as_openssl_does(void **state)
{
	static const struct ask asks[] = {
		{ EXTRACT, "SHA2-256", "tls13 ", "derived", NULL, NULL, NULL,
		    32 },
		{ EXTRACT, "SHA256", "tls13 ", "derived", LONG, NULL, NULL,
		    32 },
		{ EXTRACT, "SHA2-256", "tls13 ", "derived", LONG, OTHER, NULL,
		    32 },
		{ EXTRACT, "SHA2-384", "tls13 ", "derived", NULL, OTHER, NULL,
		    48 },
		{ EXTRACT, "sha384", "tls13 ", "derived", LONG, OTHER, NULL,
		    48 },
		{ EXPAND, "SHA2-256", "tls13 ", "key", LONG, NULL, NULL, 16 },
		{ EXPAND, "SHA2-256", "tls13 ", "iv", LONG, NULL, NULL, 12 },
		{ EXPAND, "SHA2-256", "tls13 ", "c hs traffic", LONG, NULL,
		    OTHER, 32 },
		{ EXPAND, "SHA2-384", "tls13 ", "s ap traffic", LONG, NULL,
		    OTHER, 48 },
		{ EXPAND, "SHA2-384", "tls13 ", "", OTHER, NULL, LONG, 1 },
	};
	uint8_t ours[48], theirs[48];

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		assert_true(answer(TLS_PROPERTIES, &asks[i], ours));
		assert_true(answer("provider=default", &asks[i], theirs));
		assert_memory_equal(ours, theirs, asks[i].n);
	}
}

/* RFC 8448 3. */
static void
derives_the_first_secret_of_rfc_8448(void **state)
{
	static const uint8_t early[32] = {
		0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09, 0xe6,
		0xcd, 0x98, 0x93, 0x68, 0x0c, 0xe2, 0x10, 0xad, 0xf3, 0x00,
		0xaa, 0x1f, 0x26, 0x60, 0xe1, 0xb2, 0x2e, 0x10, 0xf1, 0x70,
		0xf9, 0x2a };
	const struct ask a = { EXTRACT, "SHA2-256", "tls13 ", "derived", NULL,
	    NULL, NULL, 32 };
	uint8_t out[32];

	(void)state;
	assert_true(answer(TLS_PROPERTIES, &a, out));
	assert_memory_equal(out, early, 32);
}

static void
is_preferred_by_our_properties_alone(void **state)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", TLS_PROPERTIES);

	(void)state;
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)),
	    "steelyard");
	EVP_KDF_free(kdf);
	kdf = EVP_KDF_fetch(NULL, "HKDF", TLS_PROPERTIES);
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)),
	    "default");
	EVP_KDF_free(kdf);
}

static void
refuses_what_tls_does_not_ask(void **state)
{
	static const struct ask asks[] = {
		{ EXPAND, "SHA2-256", "dtls13", "key", LONG, NULL, NULL, 16 },
		{ EXPAND, "SHA2-256", "tls13 ", "key", LONG, NULL, NULL, 33 },
		{ EXTRACT, "SHA2-256", "tls13 ", "key", LONG, NULL, NULL, 16 },
		{ EXPAND, "SHA2-512", "tls13 ", "key", LONG, NULL, NULL, 16 },
		{ EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", "tls13 ",
		    "key", LONG, NULL, NULL, 16 },
	};
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		assert_false(answer(TLS_PROPERTIES, &asks[i], out));
}

static void
keeps_the_secrets_of_the_handshake_at_hand(void **state)
{
	struct tls *t = *state;
	struct ask a = { EXPAND, "SHA2-256", "tls13 ", "c ap traffic", LONG,
	    NULL, OTHER, 32 };
	struct tls_secrets s = { .has_client = false };
	uint8_t out[32];

	assert_true(answer(TLS_PROPERTIES, &a, out));
	t->kdf->secrets = &s;
	a.label = "c hs traffic";
	assert_true(answer(TLS_PROPERTIES, &a, out));
	assert_false(s.has_client || s.has_server);
	a.label = "c ap traffic";
	assert_true(answer(TLS_PROPERTIES, &a, out));
	assert_true(s.has_client && !s.has_server);
	assert_memory_equal(s.client, out, 32);
	a.label = "s ap traffic";
	assert_true(answer(TLS_PROPERTIES, &a, out));
	assert_true(s.has_server);
	assert_memory_equal(s.server, out, 32);
	t->kdf->secrets = NULL;
}

/* Keys of every length that may come, messages in pieces. */
static void
makes_the_hmac_of_openssl(void **state)
{
	static const char *const names[TLS_HASHES] = { "SHA256", "SHA384" };
	struct tls *t = *state;
	struct slice pieces[3] = { SLICE("a"), SLICE_NONE, SLICE(LONG LONG) };
	uint8_t ours[48], theirs[48];
	size_t n;

	for (int hash = 0; hash < TLS_HASHES; hash++)
		for (size_t key = 0; key <= 64; key++) {
			struct slice k = slice_make(LONG LONG, key);

			assert_true(tls_hmac(t->kdf, (enum tls_hash)hash, k,
			    pieces, 3, ours));
			assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL,
			    names[hash], NULL, LONG LONG, key,
			    (const uint8_t *)"a" LONG LONG,
			    sizeof("a" LONG LONG) - 1, theirs,
			    sizeof(theirs), &n));
			assert_memory_equal(ours, theirs, n);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_as_openssl_does),
		cmocka_unit_test(derives_the_first_secret_of_rfc_8448),
		cmocka_unit_test(is_preferred_by_our_properties_alone),
		cmocka_unit_test(refuses_what_tls_does_not_ask),
		cmocka_unit_test(keeps_the_secrets_of_the_handshake_at_hand),
		cmocka_unit_test(makes_the_hmac_of_openssl),
	};

	return cmocka_run_group_tests_name("tls_kdf", tests, open_kdf,
	    close_kdf);
}
