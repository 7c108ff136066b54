#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/text.h"

struct conn;

/*
 * TLS: what servers (tls_server.h) and clients (tls_client.h) share.
 *
 *	struct tls          one a worker: the library's handles
 *	struct tls_tickets  one a worker: keys of session tickets; outlives snapshots
 *	struct tls_gate     one a worker: how many handshakes, how much of a tick
 *	struct tls_server   one a listener and snapshot, counted: certificates, policy
 *	struct tls_client   one a pool and snapshot, counted: trust, policy
 *
 * A TLS conn is a conn over a conn: conn_tls_accept and conn_tls_connect take
 * the one below, and give one with the same operations.  `connected` is false
 * until the handshake is done.  When that fails, conn->error is set (EPROTO,
 * or the errno of the conn below) and conn_facts tells why in words.  The
 * deadline of the handshake is its owner's.
 *
 * What a conn over TLS asks of its owner beyond conn.h:
 * - Bytes that conn_send did not take are offered again, the same ones, or the
 *   conn is closed: the first of them may be sealed already.
 * - An end without the peer's goodbye (close_notify) sets conn->cut beside
 *   conn->eof, and conn->error stays 0.  What is delimited by the end of the
 *   connection alone is then incomplete; anything else is not concerned.
 */
struct tls;

/* Never NULL.  The library is set up for the first server or client. */
struct tls *tls_new(void);
void tls_free(struct tls **t);		/* after all servers, clients and conns */

const char *tls_library(void);		/* "OpenSSL 3.0.19 27 Jan 2026" */

/*
 * Does the kernel take over the sealing of records (kTLS)?  Asked once, by
 * tls_new.  Connections use it unless their settings say no.
 */
bool tls_has_ktls(const struct tls *t);

/* --- facts of a connection */

enum tls_failure {
	TLS_FINE,
	TLS_PLAIN_HTTP,		/* the client spoke plain HTTP; it was answered */
	TLS_NOT_TLS,		/* neither TLS nor HTTP */
	TLS_GONE,		/* the peer left, or the connection broke */
	TLS_NO_AGREEMENT,	/* version, cipher, group, ALPN, unknown name */
	TLS_BAD_CERTIFICATE,	/* ours of the peer's: missing, untrusted, wrong name */
	TLS_ALERTED,		/* the peer refused: its alert stands in the reason */
	TLS_SHED,		/* too many handshakes; this one was the oldest */
	TLS_BROKEN,		/* any other breach of the protocol */
	TLS_FAILURES
};
const char *tls_failure_name(enum tls_failure f);	/* "plain-http", ... */

struct tls_facts {
	enum tls_failure failure;	/* of the handshake, or of the connection */
	const char *reason;		/* in words, for the log; NULL while fine */
	const char *version;		/* "TLSv1.3"; NULL before the handshake is done */
	const char *cipher;		/* "TLS_AES_128_GCM_SHA256" */
	struct slice sni;		/* what the client asked for (or we sent) */
	struct slice alpn;		/* the protocol chosen; empty: none */
	bool resumed;
	bool verified;			/* the peer's certificate is there and was checked */
	bool silent;			/* the client has not said a byte yet */
	bool ktls;			/* the kernel seals what we send */
	int64_t time;			/* of the handshake, first byte to last, microseconds */
};

/*
 * The facts of a conn so far: texts live as long as the conn.  False, and *out
 * all zero, for a conn without TLS.
 */
bool conn_facts(const struct conn *c, struct tls_facts *out);

/* The certificate of a client. */
struct tls_peer {
	struct slice subject, issuer;	/* "CN=a,O=b" (RFC 2253) */
	struct slice serial;		/* hexadecimal, as openssl x509 -serial */
	struct slice fingerprint;	/* SHA-256, 64 hexadecimal digits */
	struct slice names;		/* "DNS:a.example, IP:10.0.0.1, email:...": SANs */
	int64_t not_before, not_after;	/* seconds since 1970 */
};

/*
 * Describes it into an arena; false when there is none (no TLS, no client of
 * ours, none was sent).  It was verified when conn_facts says so.  Costs some
 * microseconds: ask once.
 */
bool conn_peer(const struct conn *c, struct arena *a, struct tls_peer *out);

/* --- policy, of both sides */

enum tls_policy {
	TLS_INTERMEDIATE,	/* Mozilla's: TLS 1.2 and 1.3, forward secrecy, AEAD */
	TLS_MODERN		/* Mozilla's: TLS 1.3 alone */
};

enum tls_version { TLS_ANY, TLS_1_2, TLS_1_3 };
bool tls_version_parse(struct slice s, enum tls_version *out);	/* "1.2", "TLSv1.3" */

/*
 * What may be negotiated.  All zero is policy intermediate.  Each text
 * replaces the policy's part; OpenSSL's syntax; NULL: the policy's.
 */
struct tls_terms {
	enum tls_policy policy;
	enum tls_version min, max;
	const char *ciphers;		/* TLS 1.2: "ECDHE-ECDSA-AES128-GCM-SHA256:..." */
	const char *ciphersuites;	/* TLS 1.3: "TLS_AES_128_GCM_SHA256:..." */
	const char *groups;		/* "X25519:P-256" */
	const char *sigalgs;		/* "ECDSA+SHA256:RSA-PSS+SHA256" */
	bool no_ktls;
};

/* Whom to believe. */
struct tls_trust {
	const char *ca;		/* a file of PEM certificates; NULL: the system's */
	const char *crl;	/* a file of PEM lists; NULL: none are asked for */
	unsigned depth;		/* of chains; 0: the library's 100 */
};

/* --- the gate */

/*
 * So that a flood of handshakes does not starve the connections that stand,
 * and a crowd of slow ones does not shut out the others.
 *
 * - A client that has said nothing takes no slot, and next to no memory.
 * - Handshakes may take `budget` microseconds of a tick; who comes later waits,
 *   in order, for the next tick.  One step is always taken.
 * - At most `most` are begun and not done.  Past that the oldest is ended
 *   (TLS_SHED) if it has taken TLS_GATE_GRACE already; else the new one waits,
 *   unread, for a slot.
 */
#define TLS_GATE_GRACE (INT64_C(1000) * 1000)

struct tls_gate;
struct loop;
struct tls_gate *tls_gate_new(struct loop *loop, unsigned most, int64_t budget);
void tls_gate_free(struct tls_gate **g);	/* once no conn uses it */
void tls_gate_set(struct tls_gate *g, unsigned most, int64_t budget);

struct tls_gate_count {
	unsigned active, waiting;		/* now */
	uint64_t begun, done, failed, shed;	/* handshakes, since the start */
	uint64_t delayed;			/* that had to wait */
	int64_t spent;				/* microseconds in them */
};
void tls_gate_count(const struct tls_gate *g, struct tls_gate_count *out);
