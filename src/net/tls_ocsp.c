/*
 * tls_ocsp.c - OCSP responses to staple: read, and held against the
 * certificate, its issuer and the time.
 *
 * What cannot be used is not stapled: a client that gets a stale or foreign
 * response refuses, one that gets none asks for itself.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/tls_cert.h"

#define SKEW 300		/* seconds that clocks may differ */

/* What one response says of this certificate; NULL: nothing. */
static OCSP_SINGLERESP *
find_single(OCSP_BASICRESP *basic, const X509 *leaf, const X509 *issuer)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *s = OCSP_resp_get0(basic, i);
		OCSP_CERTID *id =
		    (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(s);
		ASN1_OBJECT *hash = NULL;
		OCSP_CERTID *ours;
		int differ;

		OCSP_id_get0_info(NULL, &hash, NULL, NULL, id);
		ours = OCSP_cert_to_id(EVP_get_digestbyobj(hash), leaf, issuer);
		differ = ours == NULL || OCSP_id_cmp(id, ours) != 0;
		OCSP_CERTID_free(ours);
		if (!differ)
			return s;
	}
	return NULL;
}

/* Signed by the issuer, or by whom the issuer lets sign? */
static bool
is_signed(OCSP_BASICRESP *basic, X509 *issuer)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *certs = sk_X509_new_null();
	bool ok = false;

	if (store != NULL && certs != NULL) {
		X509_STORE_add_cert(store, issuer);
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN |
		    X509_V_FLAG_NO_CHECK_TIME);
		sk_X509_push(certs, issuer);
		ok = OCSP_basic_verify(basic, certs, store, 0) == 1;
	}
	sk_X509_free(certs);
	X509_STORE_free(store);
	return ok;
}

/* NULL: it may be stapled, until then. */
static const char *
check_single(OCSP_SINGLERESP *s, int64_t now, int64_t *until)
{
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
	int status = OCSP_single_get0_status(s, NULL, NULL, &this_update,
	    &next_update);

	*until = next_update != NULL ? tls_time(next_update) : INT64_MAX;
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return "it says that the certificate is revoked";
	if (status != V_OCSP_CERTSTATUS_GOOD)
		return "it does not know the certificate";
	if (tls_time(this_update) > now + SKEW)
		return "it is not valid yet";
	if (*until < now)
		return "it has expired";
	return NULL;
}

static const char *
check(const struct tls_cert *c, OCSP_RESPONSE *response, OCSP_BASICRESP *basic,
    int64_t now, int64_t *until)
{
	X509 *issuer = sk_X509_num(c->chain) > 0 ?
	    sk_X509_value(c->chain, 0) : c->leaf;
	OCSP_SINGLERESP *single;

	if (response == NULL)
		return "it is not an OCSP response in DER";
	if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return OCSP_response_status_str(
		    OCSP_response_status(response));
	if (basic == NULL)
		return "it holds no basic response";
	single = find_single(basic, c->leaf, issuer);
	if (single == NULL)
		return "it is not about this certificate (its issuer must "
		    "stand in the chain)";
	if (!is_signed(basic, issuer))
		return "its signature is not the issuer's";
	return check_single(single, now, until);
}

static void
drop(struct tls_cert *c)
{
	free(c->staple);
	c->staple = NULL;
	c->nstaple = 0;
	c->staple_until = 0;
}

static void
take(struct tls_cert *c, struct slice der, int64_t now, struct text *warnings)
{
	const unsigned char *p = (const unsigned char *)der.p;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
	OCSP_BASICRESP *basic = r != NULL ? OCSP_response_get1_basic(r) : NULL;
	const char *why = check(c, r, basic, now, &c->staple_until);

	if (why == NULL) {
		c->staple = mem_grow(NULL, der.n, 1);
		memcpy(c->staple, der.p, der.n);
		c->nstaple = der.n;
	} else {
		text_add(warnings, "%s: is not stapled: %s\n", c->ocsp_path,
		    why);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
}

void
tls_cert_staple(struct tls_cert *c, int64_t wall, struct text *warnings)
{
	struct text der;

	drop(c);
	if (c->ocsp_path == NULL)
		return;
	text_init(&der);
	if (tls_file_read(c->ocsp_path, false, &der, warnings, warnings))
		take(c, text_slice(&der), wall / USEC_PER_SEC, warnings);
	text_fini(&der);
}
