/*
 * conn_tls_bio.c - how OpenSSL reads from and writes to the conn below.
 *
 * It never writes below itself: all that one call has to say leaves together,
 * when the call is over.
 */
#include <string.h>

#include "net/conn_tls.h"

static int
on_read(BIO *b, char *to, int n)
{
	struct conn_tls *c = BIO_get_data(b);
	size_t have;
	ssize_t got;

	BIO_clear_retry_flags(b);
	if (n <= 0)
		return 0;
	if (page_len(&c->in) == 0) {
		got = conn_tls_fill(c);
		if (got == 0)
			BIO_set_retry_read(b);
		if (got <= 0)
			return -1;
	}
	have = page_len(&c->in);
	if (have > (size_t)n)
		have = (size_t)n;
	memcpy(to, c->in.p + c->in.at, have);
	tls_page_drop(c->tls, &c->in, have);
	return (int)have;
}

static int
on_write(BIO *b, const char *from, int n)
{
	struct conn_tls *c = BIO_get_data(b);
	size_t room, take = n > 0 ? (size_t)n : 0;
	uint8_t *to;

	BIO_clear_retry_flags(b);
	if (c->out_error != 0)
		return -1;
	to = tls_page_room(c->tls, &c->out, &room);
	if (room < take) {
		if (!conn_tls_flush(c, true))
			return -1;
		to = tls_page_room(c->tls, &c->out, &room);
	}
	if (take > room)
		take = room;
	if (take == 0) {
		BIO_set_retry_write(b);
		return -1;
	}
	memcpy(to, from, take);
	c->out.end += (uint32_t)take;
	return (int)take;
}

static long
on_control(BIO *b, int what, long n, void *p)
{
	(void)b;
	(void)n;
	(void)p;
	return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
conn_tls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 100, "conn");

	if (m != NULL && BIO_meth_set_read(m, on_read) == 1 &&
	    BIO_meth_set_write(m, on_write) == 1 &&
	    BIO_meth_set_ctrl(m, on_control) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}
