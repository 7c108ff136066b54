#pragma once

#include <sys/types.h>

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_client.h"
#include "net/tls_gate.h"
#include "net/tls_lib.h"
#include "net/tls_record.h"
#include "net/tls_server.h"

/*
 * A conn over a conn, from the inside: what conn_tls*.c share.
 *
 *	                 handshake            afterwards
 *	SSL object       conn_tls_bio.c       gone, or: conn_tls_ssl.c
 *	records          -                    conn_tls_io.c
 *
 * `in` holds what came from below and was not opened, `out` what was sealed
 * and not taken below.  Both are pages of struct tls, held only while they
 * hold something.
 */
struct tls_page {
	uint8_t *p;
	uint32_t at, end;
};

struct tls_site;

/* What only the handshake needs. */
struct tls_hello {
	struct tls_turn turn;
	struct conn_tls *conn;
	const struct tls_site *site;	/* what SNI asks for; NULL: the default */
	char *name;			/* client: the certificate's */
	char *alpn;			/* client: instead of the list; on the wire */
	int64_t begun;
	bool is_running;		/* the first byte has come, or gone */
	struct tls_secrets secrets;	/* TLS 1.3 */
	bool is_past;			/* ... and no longer in use */
	uint64_t in_seq, out_seq;	/* records under them so far */
};

/* Messages behind the handshake (TLS 1.3), read as they come. */
struct tls_post {
	uint8_t head[5];	/* type, length, and the first byte */
	uint8_t n;
	uint32_t left;		/* bytes of the message that are to come */
};

struct conn_tls {
	struct conn conn;
	struct conn *below;
	struct tls *tls;
	struct tls_server *server;	/* one of these two */
	struct tls_client *client;
	struct tls_gate *gate;		/* may be NULL */
	struct tls_session_slot *slot;	/* may be NULL */
	SSL *ssl;
	struct tls_records *records;
	struct tls_hello *hello;	/* NULL once records are ours */
	struct tls_page in, out;
	uint32_t plain_at, plain_n;	/* opened, in the page `in` */
	struct task task;		/* look again; once closed, reap */
	struct timer held;		/* output that waits for company */
	int64_t sent_at;
	uint32_t ramp;			/* bytes sent since then in small records */

	X509 *peer;
	const char *cipher;
	char *sni;
	char *alpn;			/* length is nalpn */
	char *reason;
	int64_t time;
	struct tls_post post;
	int out_error;			/* writing below failed */
	int in_error;			/* reading failed: told by the next recv */
	uint16_t fragment;		/* bytes in a record, at most; 0: any */
	uint8_t failure, nalpn;
	uint8_t empties, updates;	/* in a row, without a byte of data */
	bool is_13, resumed, verified;
	bool ktls, wants_ktls;
	bool is_held, awaits;
	bool debt;			/* one more byte is sealed than was told */
	bool ended, cut;		/* nothing more comes */
	bool said_goodbye, shut_later, is_shut;
	bool owes_update;		/* the peer wants to see new keys of ours */
	bool has_spoken;		/* data has come */
};

static inline struct conn_tls *
tls_conn(const struct conn *c)
{
	return (struct conn_tls *)(uintptr_t)c;
}

/* --- pages */

static inline size_t
page_len(const struct tls_page *p)
{
	return p->end - p->at;
}

uint8_t *tls_page_room(struct tls *t, struct tls_page *p, size_t *room);	/* gets one */
void tls_page_drop(struct tls *t, struct tls_page *p, size_t n);	/* maybe puts it */
void tls_page_put(struct tls *t, struct tls_page *p);

/*
 * Reads from below into `in`: > 0 bytes, 0 nothing now, < 0 the end (ended,
 * cut) or an error (in_error).
 */
ssize_t conn_tls_fill(struct conn_tls *c);

/*
 * Writes `out` below, as much as it takes.  False: out_error is set, and what
 * was there is dropped.
 */
bool conn_tls_flush(struct conn_tls *c, bool more);
void conn_tls_hold(struct conn_tls *c);		/* ... soon, or with what follows */
void conn_tls_await(struct conn_tls *c);	/* ... if that comes by the next tick */

/* Says why, and with which errno, in words that are copied. */
void conn_tls_fail(struct conn_tls *c, enum tls_failure failure, int error,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* --- conn_tls_hello.c */

void conn_tls_hello(struct conn_tls *c);	/* something came: go on */
void conn_tls_hello_free(struct conn_tls *c);

/* Records become ours, if they can: the SSL object goes. */
void conn_tls_take_over(struct conn_tls *c);

/* Lets the SSL object go; its session stays good. */
void conn_tls_ssl_free(struct conn_tls *c);

/* --- conn_tls_reason.c: what OpenSSL's call has met.  Empties its queue. */
void conn_tls_explain(struct conn_tls *c, int ssl_error);
const char *tls_alert_name(unsigned alert);

/* --- conn_tls_ssl.c: through the SSL object */

ssize_t conn_tls_read_ssl(struct conn_tls *c, uint8_t *p, size_t n);
size_t conn_tls_seal_ssl(struct conn_tls *c, struct tls_pieces *from, size_t n);

/* --- conn_tls_io.c */

ssize_t conn_tls_recv(struct conn *c, void *p, size_t n);
ssize_t conn_tls_send(struct conn *c, const struct iovec *v, size_t n, bool more);

/* --- conn_tls_post.c */

/* An opened record that is not data: 0, or < 0: the end or an error. */
ssize_t conn_tls_post(struct conn_tls *c, enum tls_type type, const uint8_t *p, size_t n);
void conn_tls_refuse(struct conn_tls *c, unsigned alert);	/* a breach: in_error */
void conn_tls_goodbye(struct conn_tls *c);	/* close_notify, into `out` */
void conn_tls_update(struct conn_tls *c);	/* new keys for what is sent */

/* --- what a server and a client give to a conn (tls_server.c, tls_client.c) */

SSL *tls_server_ssl(struct tls_server *s);
struct slice tls_server_plain_reply(const struct tls_server *s);
bool tls_server_wants_ktls(const struct tls_server *s);
struct tls *tls_server_tls(const struct tls_server *s);

SSL *tls_client_ssl(struct tls_client *k, struct tls_session_slot *slot, const char *name,
    const char *alpn);
const char *tls_client_expects(const struct tls_client *k, const char *name);
bool tls_client_wants_ktls(const struct tls_client *k);
struct tls *tls_client_tls(const struct tls_client *k);
