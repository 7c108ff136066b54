/*
 * conn_tls_io.c - bytes in and out, once the handshake is done.
 *
 * Reading: one recv below brings as many records as fit a page; each is opened
 * into the reader's memory, or in place when there is no room for it.
 * Writing: what one call offers is sealed into a page and leaves in one send,
 * when it fits.  Records begin small, so that a client can use the first of
 * them before a whole window has come, and grow.
 *
 * Invariant: what was told as sent has left.  While sealed bytes stay behind,
 *            one byte less is told (debt), so that the owner does not take its
 *            message for gone and close.
 * Not here:  alerts and messages behind the handshake (conn_tls_post.c).
 */
#include <errno.h>
#include <string.h>

#include "base/must.h"
#include "net/conn_tls.h"

#define SMALL_RECORD 1378u	/* and its frame: 1,400 bytes on the wire */
#define RAMP (64u * 1024)	/* bytes in small records after a pause ... */
#define PAUSE SEC(1)		/* ... of so long */
#define SSL_RECORD 15000u	/* with any cipher its frame fits the page */
#define SSL_OVERHEAD 1024u
#define CORK 4096u		/* less than this may wait for what follows */
#define EMPTIES 32		/* records of any type without data, in a row */

/* --- reading */

/* What was opened in place and did not fit. */
static ssize_t
take_plain(struct conn_tls *c, uint8_t *p, size_t n)
{
	if (n > c->plain_n)
		n = c->plain_n;
	memcpy(p, c->in.p + c->plain_at, n);
	c->plain_at += (uint32_t)n;
	c->plain_n -= (uint32_t)n;
	if (c->plain_n == 0)
		tls_page_drop(c->tls, &c->in, 0);
	return (ssize_t)n;
}

/*
 * One record, which is complete: > 0 bytes of data, 0 none in it, < 0 the end
 * or an error.
 */
static ssize_t
take_record(struct conn_tls *c, size_t length, uint8_t *p, size_t n)
{
	enum tls_type type = TLS_APPLICATION;
	uint8_t *at = NULL;
	ssize_t got = tls_open(c->records, c->in.p + c->in.at, length, p, n,
	    &at, &type);

	/* Nothing comes between the parts of a message (RFC 8446 5.1). */
	if (got >= 0 && type != TLS_HANDSHAKE && c->post.n > 0)
		got = -TLS_UNEXPECTED_MESSAGE;
	if (got < 0) {
		conn_tls_refuse(c, (unsigned)-got);
	} else if (type != TLS_APPLICATION) {
		got = conn_tls_post(c, type, at, (size_t)got);
	} else if (got > 0 && at != p) {
		c->plain_at = (uint32_t)(at - c->in.p);
		c->plain_n = (uint32_t)got;
		c->in.at += (uint32_t)length;
		return take_plain(c, p, n);
	}
	if (got == 0 && ++c->empties > EMPTIES) {
		conn_tls_refuse(c, TLS_UNEXPECTED_MESSAGE);
		got = -1;
	}
	tls_page_drop(c->tls, &c->in, length);
	return got;
}

static ssize_t
read_records(struct conn_tls *c, uint8_t *p, size_t n)
{
	size_t have;
	ssize_t length, got;

	if (c->plain_n > 0)
		return take_plain(c, p, n);
	for (;;) {
		if (c->ended || c->in_error != 0)
			return -1;
		have = page_len(&c->in);
		length = have == 0 ? 0 : tls_record_length(c->records,
		    c->in.p + c->in.at, have);
		if (length < 0) {
			conn_tls_refuse(c, (unsigned)-length);
			return -1;
		}
		if (length > 0 && (size_t)length <= have)
			got = take_record(c, (size_t)length, p, n);
		else
			got = conn_tls_fill(c) > 0 ? 0 : -1;
		if (got > 0)
			return got;
		if (got < 0)
			return c->ended || c->in_error != 0 ? -1 : 0;
	}
}

/* A client's tickets come before its first data: OpenSSL has them now. */
static ssize_t
read_ssl(struct conn_tls *c, uint8_t *p, size_t n)
{
	ssize_t got = conn_tls_read_ssl(c, p, n);

	if (got > 0 && c->client != NULL)
		conn_tls_take_over(c);
	return got;
}

/* What the peer's messages asked for leaves now. */
static void
answer(struct conn_tls *c)
{
	if (c->owes_update)
		conn_tls_update(c);
	if (page_len(&c->out) > 0 && !c->is_held && c->out_error == 0)
		conn_tls_flush(c, false);
}

ssize_t
conn_tls_recv(struct conn *conn, void *p, size_t n)
{
	struct conn_tls *c = tls_conn(conn);
	size_t total = 0;
	ssize_t got = 0;

	if (!conn->connected || n == 0)
		return 0;
	while (total < n) {
		got = c->records != NULL ?
		    read_records(c, (uint8_t *)p + total, n - total) :
		    c->ssl != NULL ?
		    read_ssl(c, (uint8_t *)p + total, n - total) : -1;
		if (got <= 0)
			break;
		c->empties = c->updates = 0;
		total += (size_t)got;
	}
	answer(c);
	if (total > 0) {
		c->has_spoken = true;
		conn->readable = got != 0;
		return (ssize_t)total;
	}
	conn->readable = false;
	if (got == 0)
		return 0;
	conn->eof = c->ended;
	conn->cut = c->cut;
	if (!c->ended)
		conn->error = c->in_error != 0 ? c->in_error : EIO;
	return -1;
}

/* --- writing */

static size_t
record_size(struct conn_tls *c)
{
	int64_t now = c->conn.loop->clock.now;
	size_t size = c->records != NULL ? TLS_PLAIN_MOST : SSL_RECORD;

	if (now - c->sent_at > PAUSE)
		c->ramp = 0;
	c->sent_at = now;
	if (c->ramp < RAMP)
		size = SMALL_RECORD;
	return c->fragment > 0 && size > c->fragment ? c->fragment : size;
}

/* Room in the page for a record of n bytes, after a flush if need be. */
static uint8_t *
record_room(struct conn_tls *c, size_t n)
{
	size_t need = n + (c->records != NULL ? TLS_OVERHEAD : SSL_OVERHEAD);
	size_t room;
	uint8_t *to = tls_page_room(c->tls, &c->out, &room);

	if (room >= need)
		return to;
	if (!conn_tls_flush(c, true) || page_len(&c->out) > 0)
		return NULL;
	return tls_page_room(c->tls, &c->out, &room);
}

static bool
seal(struct conn_tls *c, struct tls_pieces *from, size_t n, uint8_t *to)
{
	size_t sealed;

	if (c->records == NULL)
		return c->ssl != NULL && conn_tls_seal_ssl(c, from, n) > 0;
	sealed = tls_seal(c->records, TLS_APPLICATION, from, n, to);
	c->out.end += (uint32_t)sealed;
	return sealed > 0;
}

/* Seals and writes as much as is taken below: the bytes sealed. */
static size_t
seal_all(struct conn_tls *c, struct tls_pieces *from, size_t total)
{
	size_t done = 0, n;
	uint8_t *to;

	while (done < total && c->out_error == 0) {
		n = record_size(c);
		if (n > total - done)
			n = total - done;
		to = record_room(c, n);
		if (to == NULL)
			break;
		if (!seal(c, from, n, to)) {
			c->out_error = EIO;
			break;
		}
		if (c->ramp < RAMP)
			c->ramp += (uint32_t)n;
		done += n;
	}
	return done;
}

static ssize_t
send_error(struct conn_tls *c)
{
	c->conn.error = c->out_error;
	c->conn.writable = false;
	return -1;
}

/* The kernel seals: the owner's bytes are what is written. */
static ssize_t
send_ktls(struct conn_tls *c, const struct iovec *v, size_t n, bool more)
{
	ssize_t sent = conn_send(c->below, v, n, more);

	c->conn.writable = c->below->writable;
	if (sent < 0) {
		c->out_error = c->below->error;
		return send_error(c);
	}
	tls_records_count(c->records, (size_t)sent);
	return sent;
}

/* Before what was told is made good; false: below is still full. */
static bool
settle_debt(struct conn_tls *c, struct tls_pieces *from)
{
	if (!c->is_held && page_len(&c->out) > 0 &&
	    (!conn_tls_flush(c, true) || page_len(&c->out) > 0))
		return false;
	if (!c->debt)
		return true;
	while (from->v->iov_len == 0)
		from->v++;
	from->at = 1;
	c->debt = false;
	return true;
}

/*
 * Keys that are worn are changed.  Where that cannot be, with TLS 1.2 and where
 * the kernel has them, the owner is told, and later stopped.
 */
static void
mind_keys(struct conn_tls *c)
{
	struct tls_records *r = c->records;
	bool are_worn = r != NULL && tls_records_are_worn(r);

	if (r != NULL && (!r->suite.is_13 || c->ktls))
		c->conn.worn = are_worn;
	else if (are_worn || c->owes_update)
		conn_tls_update(c);
	if (are_worn && tls_records_are_spent(r))
		c->out_error = EPROTO;
}

ssize_t
conn_tls_send(struct conn *conn, const struct iovec *v, size_t n, bool more)
{
	struct conn_tls *c = tls_conn(conn);
	struct tls_pieces from = { v, 0 };
	size_t total = 0, taken = 0;

	for (size_t i = 0; i < n; i++)
		total += v[i].iov_len;
	mind_keys(c);
	if (c->out_error != 0)
		return send_error(c);
	if (c->ktls)
		return send_ktls(c, v, n, more);
	if (total == 0 || !conn->connected || c->is_shut)
		return 0;
	if (settle_debt(c, &from)) {
		taken = from.at;
		taken += seal_all(c, &from, total - taken);
		if (c->out_error == 0 && more && taken == total &&
		    page_len(&c->out) < CORK && c->below->writable)
			conn_tls_hold(c);
		else if (c->out_error == 0)
			conn_tls_flush(c, more);
	}
	if (c->out_error != 0)
		return send_error(c);
	conn->writable = c->below->writable &&
	    (page_len(&c->out) == 0 || c->is_held);
	c->debt = c->debt || (taken == total && !conn->writable &&
	    page_len(&c->out) > 0);
	if (c->debt && taken == total)
		taken--;
	return (ssize_t)taken;
}
