/*
 * conn_tls_post.c - what is not data, once records are ours: alerts, and the
 * messages that may follow a handshake.
 *
 * TLS 1.3 (RFC 8446 4.6, 6): a server may send tickets, which are read over,
 * as OpenSSL has had those that matter; both may change their keys.  TLS 1.2:
 * nothing may follow, as we do not renegotiate.
 */
#include <openssl/err.h>

#include <errno.h>
#include <string.h>

#include "net/conn_tls.h"
#include "net/tls_ktls.h"

#define KEY_UPDATE 24
#define NEW_TICKET 4
#define UPDATES 16		/* in a row, without a byte of data */
#define WARNING 1
#define FATAL 2

/* One alert, into `out`, if there is room; what cannot be said is not. */
static void
say(struct conn_tls *c, uint8_t level, unsigned alert)
{
	uint8_t body[2] = { level, (uint8_t)alert };
	size_t room, n;
	uint8_t *to;

	if (c->ktls) {
		tls_ktls_alert(c->below->ops->descriptor(c->below), level,
		    (uint8_t)alert);
		return;
	}
	to = tls_page_room(c->tls, &c->out, &room);
	if (room < sizeof(body) + TLS_OVERHEAD)
		return;
	n = tls_seal_bytes(c->records, TLS_ALERT, body, sizeof(body), to);
	c->out.end += (uint32_t)n;
}

void
conn_tls_refuse(struct conn_tls *c, unsigned alert)
{
	if (c->in_error != 0)
		return;
	say(c, FATAL, alert);
	c->said_goodbye = true;
	conn_tls_fail(c, TLS_BROKEN, EPROTO, "a breach of the protocol: %s",
	    tls_alert_name(alert));
	c->in_error = EPROTO;
}

void
conn_tls_goodbye(struct conn_tls *c)
{
	if (c->said_goodbye)
		return;
	c->said_goodbye = true;
	if (c->records != NULL) {
		say(c, WARNING, TLS_CLOSE_NOTIFY);
	} else if (c->ssl != NULL && SSL_is_init_finished(c->ssl)) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);
		ERR_clear_error();
	}
}

/* Says that what follows has new keys, and changes them. */
void
conn_tls_update(struct conn_tls *c)
{
	static const uint8_t message[5] = { KEY_UPDATE, 0, 0, 1, 0 };
	size_t room, n;
	uint8_t *to;

	if (c->records == NULL || c->ktls || c->said_goodbye)
		return;
	to = tls_page_room(c->tls, &c->out, &room);
	if (room < sizeof(message) + TLS_OVERHEAD)
		return;
	c->owes_update = false;
	n = tls_seal_bytes(c->records, TLS_HANDSHAKE, message, sizeof(message),
	    to);
	c->out.end += (uint32_t)n;
	if (n == 0 || !tls_records_update(c->records, true))
		c->out_error = EIO;
}

static ssize_t
on_alert(struct conn_tls *c, const uint8_t *p, size_t n)
{
	if (n != 2) {
		conn_tls_refuse(c, TLS_DECODE_ERROR);
		return -1;
	}
	if (p[1] == TLS_CLOSE_NOTIFY) {
		c->ended = true;
		return -1;
	}
	if (p[1] == TLS_USER_CANCELED ||
	    (!c->records->suite.is_13 && p[0] == WARNING)) {
		if (++c->updates <= UPDATES)
			return 0;
		conn_tls_refuse(c, TLS_UNEXPECTED_MESSAGE);
		return -1;
	}
	c->said_goodbye = true;
	conn_tls_fail(c, TLS_ALERTED, ECONNRESET, "the peer sent alert: %s",
	    tls_alert_name(p[1]));
	c->in_error = ECONNRESET;
	return -1;
}

/* The peer's next record has new keys; maybe it wants ours to change too.
 * A socket that was handed to the kernel cannot. */
static unsigned
on_key_update(struct conn_tls *c, bool wanted)
{
	if (++c->updates > UPDATES)
		return TLS_UNEXPECTED_MESSAGE;
	if (!tls_records_update(c->records, false) || (wanted && c->ktls))
		return TLS_INTERNAL_ERROR;
	c->owes_update = c->owes_update || wanted;
	return 0;
}

/* One byte of the messages: 0, or the alert they are worth. */
static unsigned
feed(struct conn_tls *c, uint8_t byte, bool is_last)
{
	struct tls_post *m = &c->post;

	if (m->n < sizeof(m->head))
		m->head[m->n++] = byte;
	if (m->n < 4)
		return 0;
	if (m->n == 4 && m->left == 0) {
		m->left = (uint32_t)m->head[1] << 16 |
		    (uint32_t)m->head[2] << 8 | m->head[3];
		if (m->left == 0 || (m->head[0] == KEY_UPDATE && m->left != 1))
			return TLS_DECODE_ERROR;
		return m->head[0] == KEY_UPDATE || (c->client != NULL &&
		    m->head[0] == NEW_TICKET) ? 0 : TLS_UNEXPECTED_MESSAGE;
	}
	if (--m->left > 0)
		return 0;
	m->n = 0;
	if (m->head[0] != KEY_UPDATE)
		return 0;
	if (!is_last || m->head[4] > 1)
		return TLS_UNEXPECTED_MESSAGE;
	return on_key_update(c, m->head[4] == 1);
}

static ssize_t
on_messages(struct conn_tls *c, const uint8_t *p, size_t n)
{
	unsigned alert = 0;

	if (!c->records->suite.is_13)
		alert = TLS_NO_RENEGOTIATION;
	else if (n == 0)
		alert = TLS_UNEXPECTED_MESSAGE;
	for (size_t i = 0; i < n && alert == 0; i++)
		alert = feed(c, p[i], i + 1 == n);
	if (alert == 0)
		return 0;
	conn_tls_refuse(c, alert);
	return -1;
}

ssize_t
conn_tls_post(struct conn_tls *c, enum tls_type type, const uint8_t *p,
    size_t n)
{
	if (type == TLS_ALERT)
		return on_alert(c, p, n);
	if (type == TLS_HANDSHAKE)
		return on_messages(c, p, n);
	conn_tls_refuse(c, TLS_UNEXPECTED_MESSAGE);
	return -1;
}
