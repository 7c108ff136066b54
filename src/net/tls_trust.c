/*
 * tls_trust.c - whom to believe: certificates of authorities, revocations.
 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls_cert.h"
#include "net/tls_lib.h"

static bool
add_lists(X509_STORE *store, struct slice pem, const char *path,
    struct text *errors)
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509_CRL *crl;
	unsigned n = 0;

	while (b != NULL &&
	    (crl = PEM_read_bio_X509_CRL(b, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_crl(store, crl) == 1;
		X509_CRL_free(crl);
	}
	BIO_free(b);
	ERR_clear_error();
	if (n == 0)
		text_add(errors, "%s: no revocation list in PEM\n", path);
	return n > 0;
}

static bool
read_crl(X509_STORE *store, const char *path, EVP_MD_CTX *digest,
    struct text *errors)
{
	struct text pem;
	bool ok;

	text_init(&pem);
	ok = tls_file_read(path, false, &pem, errors, errors) &&
	    add_lists(store, text_slice(&pem), path, errors);
	EVP_DigestUpdate(digest, pem.p, pem.n);
	text_fini(&pem);
	/* With a list of each authority of the chain, or it is not believed. */
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
	    X509_V_FLAG_CRL_CHECK_ALL);
	return ok;
}

static bool
read_ca(SSL_CTX *ctx, const char *path, EVP_MD_CTX *digest,
    struct text *errors)
{
	struct text pem;
	bool ok;

	text_init(&pem);
	ok = tls_file_read(path, false, &pem, errors, errors);
	EVP_DigestUpdate(digest, pem.p, pem.n);
	text_fini(&pem);
	if (ok && SSL_CTX_load_verify_file(ctx, path) != 1) {
		tls_complain(errors, path, "no certificates to trust");
		ok = false;
	}
	return ok;
}

bool
tls_trust_apply(SSL_CTX *ctx, const struct tls_trust *trust, EVP_MD_CTX *digest,
    struct text *errors)
{
	bool ok;

	if (trust->ca != NULL)
		ok = read_ca(ctx, trust->ca, digest, errors);
	else
		ok = SSL_CTX_set_default_verify_paths(ctx) == 1;
	if (trust->crl != NULL)
		ok &= read_crl(SSL_CTX_get_cert_store(ctx), trust->crl, digest,
		    errors);
	if (trust->depth > 0)
		SSL_CTX_set_verify_depth(ctx, (int)trust->depth);
	EVP_DigestUpdate(digest, &trust->depth, sizeof(trust->depth));
	ERR_clear_error();
	return ok;
}
