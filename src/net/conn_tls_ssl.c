/*
 * conn_tls_ssl.c - bytes through OpenSSL's object: a client's, until tickets
 * have come; and with ciphers that tls_record.c does not do.
 */
#include <openssl/err.h>

#include <errno.h>
#include <string.h>

#include "net/conn_tls.h"

ssize_t
conn_tls_read_ssl(struct conn_tls *c, uint8_t *p, size_t n)
{
	int got, error;

	ERR_clear_error();
	got = SSL_read(c->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (got > 0)
		return got;
	error = SSL_get_error(c->ssl, got);
	switch (error) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		c->ended = true;
		return -1;
	default:
		if (!c->ended && c->in_error == 0)
			conn_tls_explain(c, error);
		ERR_clear_error();
		return -1;
	}
}

/* The page below has room for it: OpenSSL takes all, or has failed. */
size_t
conn_tls_seal_ssl(struct conn_tls *c, struct tls_pieces *from, size_t n)
{
	uint8_t *page = slab_get_raw(&c->tls->pages);
	size_t before = page_len(&c->out), part, done = 0;
	int sent;

	while (done < n) {
		while (from->at == from->v->iov_len) {
			from->v++;
			from->at = 0;
		}
		part = from->v->iov_len - from->at;
		if (part > n - done)
			part = n - done;
		memcpy(page + done, (uint8_t *)from->v->iov_base + from->at,
		    part);
		from->at += part;
		done += part;
	}
	ERR_clear_error();
	sent = SSL_write(c->ssl, page, (int)n);
	slab_put(&c->tls->pages, page);
	ERR_clear_error();
	return sent == (int)n ? page_len(&c->out) - before : 0;
}
