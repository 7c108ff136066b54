/*
 * test_tls_ocsp.c - OCSP responses that are made here: whom they are signed by,
 * what they say, and when they say nothing.
 */
#include "tls_rig.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

static FILE *
open_file(const char *name)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), DATA "%s", name);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

static X509 *
read_cert(const char *name)
{
	FILE *f = open_file(name);
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);

	fclose(f);
	assert_non_null(x);
	return x;
}

static EVP_PKEY *
read_key(const char *name)
{
	FILE *f = open_file(name);
	EVP_PKEY *k = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	assert_non_null(k);
	return k;
}

/* About ec.pem, as its issuer ca.pem would say it; signed by `who`. */
static OCSP_RESPONSE *
make_response(int status, const char *who)
{
	char cert[32], key[32];
	X509 *leaf = read_cert("ec.pem"), *ca = read_cert("ca.pem"), *signer;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf, ca);
	OCSP_RESPONSE *r;
	EVP_PKEY *k;

	snprintf(cert, sizeof(cert), "%s.pem", who);
	snprintf(key, sizeof(key), "%s.key", who);
	signer = read_cert(cert);
	k = read_key(key);
	assert_non_null(OCSP_basic_add1_status(basic, id, status, 0, NULL,
	    now, NULL));
	assert_int_equal(OCSP_basic_sign(basic, signer, k, EVP_sha256(), NULL,
	    0), 1);
	r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(now);
	EVP_PKEY_free(k);
	X509_free(signer);
	X509_free(ca);
	X509_free(leaf);
	return r;
}

static void
on_cert(void *owner, const struct tls_cert_info *c)
{
	*(bool *)owner = c->ocsp_until > 0;
}

/* Is this response stapled to the certificate? */
static bool
is_stapled(struct rig *r, const void *der, size_t n)
{
	char path[] = "/tmp/steelyard-test-XXXXXX";
	int fd = mkstemp(path);
	struct tls_server *s;
	bool stapled = false;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, der, n), n);
	close(fd);
	text_clear(&r->warnings);
	r->files[0] = (struct tls_files){ DATA "ec.pem", DATA "ec.key", path };
	s = tls_server_new(r->tls, &r->s, r->tickets, r->loop->clock.wall,
	    &r->errors, &r->warnings);
	assert_non_null(s);
	tls_server_each_cert(s, on_cert, &stapled);
	tls_server_put(&s);
	unlink(path);
	return stapled;
}

static void
takes_what_the_issuer_says(void **state)
{
	static const struct {
		int status;
		const char *who, *warning;	/* NULL: it is stapled */
	} rows[] = {
		{ V_OCSP_CERTSTATUS_GOOD, "ca", NULL },
		{ V_OCSP_CERTSTATUS_UNKNOWN, "ca",
		    "it does not know the certificate" },
		{ V_OCSP_CERTSTATUS_GOOD, "other-ca",
		    "its signature is not the issuer's" },
		{ V_OCSP_CERTSTATUS_GOOD, "rsa",
		    "its signature is not the issuer's" },
	};
	struct rig r;

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OCSP_RESPONSE *made = make_response(rows[i].status,
		    rows[i].who);
		unsigned char *der = NULL;
		int n = i2d_OCSP_RESPONSE(made, &der);

		assert_true(n > 0);
		assert_int_equal(is_stapled(&r, der, (size_t)n),
		    rows[i].warning == NULL);
		if (rows[i].warning != NULL)
			assert_says(&r.warnings, rows[i].warning);
		else
			assert_null(strstr(r.warnings.p, "stapled"));
		OPENSSL_free(der);
		OCSP_RESPONSE_free(made);
	}
	rig_fini(&r);
}

/* A server of OCSP that has trouble answers without one: RFC 6960 4.2.1. */
static void
says_why_there_is_no_response(void **state)
{
	static const struct {
		const char *der;
		size_t n;
		const char *warning;
	} rows[] = {
		{ "\x30\x03\x0a\x01\x03", 5, "trylater" },
		{ "\x30\x03\x0a\x01\x06", 5, "unauthorized" },
		{ "\x30\x03\x0a\x01\x00", 5, "it holds no basic response" },
		{ "\x30\x0d\x0a\x01\x00\xa0\x08\x30\x06\x06\x02\x2a\x03\x04"
		    "\x00", 15, "it holds no basic response" },
		{ "", 0, "it is not an OCSP response in DER" },
	};
	struct rig r;

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(is_stapled(&r, rows[i].der, rows[i].n));
		assert_says(&r.warnings, rows[i].warning);
	}
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_issuer_says),
		cmocka_unit_test(says_why_there_is_no_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
