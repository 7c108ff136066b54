/*
 * conn_tls_reason.c - why it failed, in words for a log.
 *
 * OpenSSL's queue of errors is read from its first, which is the cause, and
 * left empty.
 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <errno.h>

#include "net/conn_tls.h"

const char *
tls_alert_name(unsigned alert)
{
	return SSL_alert_desc_string_long((int)alert);
}

/* Ours of the peer's certificate. */
static void
explain_certificate(struct conn_tls *c)
{
	long result = SSL_get_verify_result(c->ssl);
	const struct tls_hello *h = c->hello;

	if (result == X509_V_ERR_HOSTNAME_MISMATCH ||
	    result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		conn_tls_fail(c, TLS_BAD_CERTIFICATE, EPROTO,
		    "%s: the certificate is not for \"%s\"",
		    X509_verify_cert_error_string(result),
		    c->client != NULL && h != NULL ?
		    tls_client_expects(c->client, h->name) : "");
	else
		conn_tls_fail(c, TLS_BAD_CERTIFICATE, EPROTO, "%s",
		    X509_verify_cert_error_string(result));
}

static enum tls_failure
failure_of(int reason)
{
	switch (reason) {
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_UNKNOWN_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_NO_SHARED_GROUPS:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_NO_APPLICATION_PROTOCOL:
	case SSL_R_CALLBACK_FAILED:	/* on_name: strict SNI */
	case SSL_R_INAPPROPRIATE_FALLBACK:
		return TLS_NO_AGREEMENT;
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
		return TLS_BAD_CERTIFICATE;
	default:
		return TLS_BROKEN;
	}
}

static void
explain_library(struct conn_tls *c)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);
	bool is_ssl = ERR_GET_LIB(error) == ERR_LIB_SSL;
	const char *sni = c->ssl == NULL ? NULL :
	    SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);

	if (is_ssl && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		explain_certificate(c);
	else if (is_ssl && reason >= SSL_AD_REASON_OFFSET &&
	    reason < SSL_AD_REASON_OFFSET + 256)
		conn_tls_fail(c, TLS_ALERTED, EPROTO, "the peer sent alert: %s",
		    tls_alert_name(
		    (unsigned)(reason - SSL_AD_REASON_OFFSET)));
	else if (is_ssl && reason == SSL_R_CALLBACK_FAILED)
		conn_tls_fail(c, TLS_NO_AGREEMENT, EPROTO, "unknown name: %s",
		    sni != NULL ? sni : "none was sent");
	else
		conn_tls_fail(c, is_ssl ? failure_of(reason) : TLS_BROKEN,
		    EPROTO, "%s", tls_library_reason(error));
}

void
conn_tls_explain(struct conn_tls *c, int ssl_error)
{
	if (ssl_error == SSL_ERROR_SSL && ERR_peek_error() != 0)
		explain_library(c);
	else if (c->in_error != 0 && !c->conn.connected)
		conn_tls_fail(c, TLS_GONE, c->in_error,
		    "the connection broke during the handshake");
	else if (c->conn.connected)
		conn_tls_fail(c, TLS_BROKEN, EPROTO, "%s",
		    tls_library_reason(ERR_peek_error()));
	else
		conn_tls_fail(c, TLS_GONE, ECONNRESET,
		    "the peer left during the handshake");
	ERR_clear_error();
}
