/*
 * tls_cert_text.c - what there is to say about a certificate.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string.h>

#include "base/clock.h"
#include "net/tls_cert.h"

static struct slice
bio_text(BIO *b, struct arena *a)
{
	char *p = NULL;
	long n = b != NULL ? BIO_get_mem_data(b, &p) : 0;
	struct slice s = { NULL, 0 };

	if (n > 0)
		s = arena_print(a, "%.*s", (int)n, p);
	BIO_free(b);
	ERR_clear_error();
	return s;
}

struct slice
tls_name_text(const X509_NAME *name, struct arena *a)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b != NULL)
		X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253);
	return bio_text(b, a);
}

struct slice
tls_serial_text(const X509 *leaf, struct arena *a)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b != NULL)
		i2a_ASN1_INTEGER(b, X509_get0_serialNumber(leaf));
	return bio_text(b, a);
}

struct slice
tls_fingerprint_text(const X509 *leaf, struct arena *a)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char *p;

	if (X509_digest(leaf, EVP_sha256(), md, &n) != 1)
		return SLICE_NONE;
	p = arena_get(a, 2 * n + 1);
	for (unsigned i = 0; i < n; i++) {
		p[2 * i] = digits[md[i] >> 4];
		p[2 * i + 1] = digits[md[i] & 15];
	}
	p[2 * n] = '\0';
	return slice_make(p, 2 * n);
}

struct slice
tls_alt_names_text(const X509 *leaf, struct arena *a)
{
	BIO *b = BIO_new(BIO_s_mem());
	int at = X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1);

	if (b != NULL && at >= 0)
		X509V3_EXT_print(b, X509_get_ext(leaf, at), 0, 0);
	return bio_text(b, a);
}

static struct slice
key_text(const EVP_PKEY *key, struct arena *a)
{
	char group[64] = "?";
	size_t n = 0;

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return arena_print(a, "RSA %d", EVP_PKEY_get_bits(key));
	case EVP_PKEY_EC:
		EVP_PKEY_get_group_name(key, group, sizeof(group), &n);
		return arena_print(a, "EC %s",
		    strcmp(group, "prime256v1") == 0 ? "P-256" :
		    strcmp(group, "secp384r1") == 0 ? "P-384" :
		    strcmp(group, "secp521r1") == 0 ? "P-521" : group);
	default:
		return slice_of(EVP_PKEY_get0_type_name(key));
	}
}

static struct slice
names_text(const struct tls_cert *c, struct arena *a)
{
	struct text t;
	struct slice s;

	text_init(&t);
	for (size_t i = 0; i < c->nnames; i++)
		text_add(&t, "%s%s", i == 0 ? "" : " ", c->names[i]);
	s = slice_of(arena_string(a, text_slice(&t)));
	text_fini(&t);
	return s;
}

/* All of these end with a NUL: arena_print, and fingerprint, write one. */
static const char *
string(struct slice s)
{
	return s.p != NULL ? s.p : "";
}

void
tls_cert_describe(const struct tls_cert *c, struct arena *a,
    struct tls_cert_info *out)
{
	*out = (struct tls_cert_info){
		.path = c->path,
		.subject = string(tls_name_text(
		    X509_get_subject_name(c->leaf), a)),
		.issuer = string(tls_name_text(
		    X509_get_issuer_name(c->leaf), a)),
		.names = string(names_text(c, a)),
		.serial = string(tls_serial_text(c->leaf, a)),
		.fingerprint = string(tls_fingerprint_text(c->leaf, a)),
		.key = string(key_text(c->key, a)),
		.not_before = tls_time(X509_get0_notBefore(c->leaf)),
		.not_after = tls_time(X509_get0_notAfter(c->leaf)),
		.ocsp_until = c->staple != NULL ? c->staple_until : 0,
	};
}

int64_t
tls_days_left(int64_t not_after, int64_t wall)
{
	int64_t left = not_after - wall / USEC_PER_SEC;

	return left >= 0 ? left / 86400 : -((-left + 86399) / 86400);
}
