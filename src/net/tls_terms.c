/*
 * tls_terms.c - what may be negotiated: versions, ciphers, groups, signatures.
 *
 * Source: Mozilla's server side TLS guidelines, 5.7.  Without finite field
 * Diffie-Hellman: nobody who speaks TLS 1.2 with AEAD lacks elliptic curves.
 * Why each word of a list is tried by itself: OpenSSL takes a list of which it
 * knows one word, and drops the others without saying so.
 */
#include <openssl/err.h>

#include <string.h>

#include "net/tls_lib.h"

static const char policy_ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char policy_suites[] = "TLS_AES_128_GCM_SHA256:"
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char policy_groups[] = "X25519:P-256:P-384";

const char *
tls_library_reason(unsigned long error)
{
	const char *s = error != 0 ? ERR_reason_error_string(error) : NULL;

	return s != NULL ? s : "the library does not say why";
}

void
tls_complain(struct text *out, const char *path, const char *what)
{
	text_add(out, "%s: %s: %s\n", path, what,
	    tls_library_reason(ERR_peek_last_error()));
	ERR_clear_error();
}

SSL_CTX *
tls_context_new(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(NULL, TLS_PROPERTIES, method);

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	return ctx;
}

static bool
try_cipher(SSL_CTX *ctx, const char *word)
{
	return strchr("!-+@", word[0]) != NULL ||
	    SSL_CTX_set_cipher_list(ctx, word) == 1;
}

static bool
try_suite(SSL_CTX *ctx, const char *word)
{
	STACK_OF(SSL_CIPHER) *list;

	if (SSL_CTX_set_ciphersuites(ctx, word) != 1)
		return false;
	list = SSL_CTX_get_ciphers(ctx);
	for (int i = 0; i < sk_SSL_CIPHER_num(list); i++)
		if (strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(list, i)),
		    word) == 0)
			return true;
	return false;
}

static bool
try_group(SSL_CTX *ctx, const char *word)
{
	return SSL_CTX_set1_groups_list(ctx, word) == 1;
}

static bool
try_sigalg(SSL_CTX *ctx, const char *word)
{
	return SSL_CTX_set1_sigalgs_list(ctx, word) == 1;
}

static bool
set_ciphers(SSL_CTX *ctx, const char *list)
{
	return SSL_CTX_set_cipher_list(ctx, list) == 1;
}

static bool
set_suites(SSL_CTX *ctx, const char *list)
{
	return SSL_CTX_set_ciphersuites(ctx, list) == 1;
}

static bool
each_word(SSL_CTX *ctx, const char *what, const char *list,
    bool (*try)(SSL_CTX *, const char *), struct text *errors)
{
	char word[128];
	const char *p = list;
	size_t n;
	bool ok = true;

	for (; *p != '\0'; p += n + (p[n] != '\0')) {
		n = strcspn(p, ": ,");
		if (n == 0)
			continue;
		if (n < sizeof(word)) {
			memcpy(word, p, n);
			word[n] = '\0';
		}
		if (n >= sizeof(word) || !try(ctx, word)) {
			text_add(errors, "%s: nothing is called \"%.*s\"\n",
			    what, (int)n, p);
			ok = false;
		}
	}
	ERR_clear_error();
	return ok;
}

/* The list of the settings, or the policy's; NULL: the library's. */
static bool
set_list(SSL_CTX *ctx, const char *what, const char *list, const char *policy,
    bool (*try)(SSL_CTX *, const char *), bool (*set)(SSL_CTX *, const char *),
    struct text *errors)
{
	if (list == NULL && policy == NULL)
		return true;
	if (list != NULL && !each_word(ctx, what, list, try, errors))
		return false;
	if (set(ctx, list != NULL ? list : policy))
		return true;
	tls_complain(errors, what, list != NULL ? list : policy);
	return false;
}

static int
version(enum tls_version v, int otherwise)
{
	return v == TLS_1_2 ? TLS1_2_VERSION :
	    v == TLS_1_3 ? TLS1_3_VERSION : otherwise;
}

bool
tls_terms_apply(SSL_CTX *ctx, const struct tls_terms *t, struct text *errors)
{
	int least = version(t->min, t->policy == TLS_MODERN ? TLS1_3_VERSION :
	    TLS1_2_VERSION);
	int most = version(t->max, TLS1_3_VERSION);
	bool ok = true;

	if (least > most) {
		text_add(errors, "min_version: is later than max_version\n");
		return false;
	}
	SSL_CTX_set_min_proto_version(ctx, least);
	SSL_CTX_set_max_proto_version(ctx, most);
	ok &= set_list(ctx, "ciphers", t->ciphers, policy_ciphers, try_cipher,
	    set_ciphers, errors);
	ok &= set_list(ctx, "ciphersuites", t->ciphersuites, policy_suites,
	    try_suite, set_suites, errors);
	ok &= set_list(ctx, "groups", t->groups, policy_groups, try_group,
	    try_group, errors);
	ok &= set_list(ctx, "sigalgs", t->sigalgs, NULL, try_sigalg,
	    try_sigalg, errors);
	return ok;
}

bool
tls_alpn_wire(const char *const *names, size_t n, struct text *out,
    struct text *errors)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (len == 0 || len > 255) {
			text_add(errors, "alpn: \"%s\": a name has 1 to 255 "
			    "bytes\n", names[i]);
			return false;
		}
		text_add_char(out, (char)len);
		text_add_slice(out, slice_make(names[i], len));
	}
	return true;
}
