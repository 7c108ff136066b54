#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"
#include "net/tls.h"

struct conn;
struct loop;
struct tls_tickets;

/*
 * The side that accepts: certificates chosen by the name a client asks for,
 * the terms, client certificates, tickets.
 *
 * One a listener and snapshot.  Counted: every conn holds a reference, so that
 * connections that stand keep theirs when a reload makes another.
 */
struct tls_server;

/* One certificate: files in PEM.  Its first path is its name. */
struct tls_files {
	const char *cert;	/* the certificate, then its chain */
	const char *key;	/* NULL: in cert's file.  Must not be encrypted. */
	const char *ocsp;	/* a response in DER to staple; NULL: none */
};

enum tls_verify {
	TLS_VERIFY_OFF,
	TLS_VERIFY_OPTIONAL,	/* asked for; a bad one is refused, none is not */
	TLS_VERIFY_REQUIRED
};

/* All is copied or read by tls_server_new; nothing is borrowed after it. */
struct tls_server_settings {
	const struct tls_files *files;	/* the first is the default */
	size_t nfiles;
	bool strict_sni;		/* an unknown name, or none: unrecognized_name */
	struct tls_terms terms;
	const char *const *alpn;	/* by our preference; none shared: refused */
	size_t nalpn;			/* 0: ALPN is ignored */
	enum tls_verify verify;		/* client certificates */
	struct tls_trust trust;		/* ca is needed unless verify is off */
	bool no_tickets;		/* TLS 1.2: by session id alone; 1.3: no resumption */
	unsigned sessions;		/* TLS 1.2 sessions kept; 0: TLS_SESSIONS */
	struct slice plain_reply;	/* written to who speaks plain HTTP; may be empty */
};
#define TLS_SESSIONS 4096u

/*
 * Reads and checks all.  NULL with a line for each error added to errors;
 * warnings (expired, not yet valid, key readable by others, unusable OCSP
 * response) go to warnings either way.  A line is "path: what is wrong\n".
 * tickets is borrowed, and outlives the conns; NULL: keys of its own.
 * wall: microseconds since 1970.
 */
struct tls_server *tls_server_new(struct tls *tls,
    const struct tls_server_settings *s, struct tls_tickets *tickets, int64_t wall,
    struct text *errors, struct text *warnings);
struct tls_server *tls_server_get(struct tls_server *s);
void tls_server_put(struct tls_server **s);

/*
 * Takes over the sessions of TLS 1.2 that clients may resume by their ids, as
 * many as s keeps.  Those agreed under another trust are not resumed.
 */
void tls_server_inherit(struct tls_server *s, const struct tls_server *from);

/*
 * Swaps one certificate (name: tls_files.cert) for new PEM; key may be empty
 * when it stands in cert.  New handshakes use it, conns keep what they have.
 * False, with nothing changed and why added to errors (as above): no such
 * name, not PEM, encrypted key, a key of another certificate.  Its OCSP
 * response is dropped, until tls_server_refresh_ocsp.  No file is written.
 */
bool tls_server_replace(struct tls_server *s, const char *name, struct slice cert,
    struct slice key, int64_t wall, struct text *errors, struct text *warnings);

/* Reads the OCSP files again; what cannot be used is not stapled, and warned of. */
void tls_server_refresh_ocsp(struct tls_server *s, int64_t wall, struct text *warnings);

struct tls_cert_info {
	const char *path;		/* its name */
	const char *subject, *issuer;	/* RFC 2253 */
	const char *names;		/* "a.example *.b.example": what SNI is held against */
	const char *serial;		/* hexadecimal */
	const char *fingerprint;	/* SHA-256, hexadecimal */
	const char *key;		/* "RSA 2048", "EC P-256", "ED25519" */
	int64_t not_before, not_after;	/* seconds since 1970 */
	int64_t ocsp_until;		/* nextUpdate, seconds; 0: nothing is stapled */
	bool is_default;
};

/* In the order of the settings.  The texts live during the call. */
void tls_server_each_cert(const struct tls_server *s,
    void (*fn)(void *owner, const struct tls_cert_info *), void *owner);

/* Whole days until not_after; negative once it is over. */
int64_t tls_days_left(int64_t not_after, int64_t wall);

/*
 * TLS over a conn that was accepted, which is taken; server gets a reference.
 * gate may be NULL (in tests).  early: bytes that were read from below already
 * (behind a PROXY header), copied.  Never NULL.  Reads nothing within the call.
 */
struct conn *conn_tls_accept(struct conn *below, struct tls_server *server,
    struct tls_gate *gate, struct slice early);

/* --- tickets */

/*
 * The keys that seal session tickets.  One ring a worker, handed to each new
 * tls_server, so that tickets outlive a reload.
 *
 * By itself: a random key, a new one each `period`; old ones still open tickets
 * for `lifetime`.  From a file: its first key seals, all of them open, nothing
 * rotates; machines that share the file resume each other's sessions.
 */
struct tls_tickets;
#define TLS_TICKET_PERIOD   (INT64_C(43200) * 1000000)	/* 12 h */
#define TLS_TICKET_LIFETIME (INT64_C(43200) * 1000000)

/* clock is borrowed (loop->clock). */
struct clock;
struct tls_tickets *tls_tickets_new(const struct clock *clock);
void tls_tickets_free(struct tls_tickets **t);
void tls_tickets_set(struct tls_tickets *t, int64_t period, int64_t lifetime);

/*
 * Keys of 80 bytes (name 16, HMAC-SHA256 32, AES-256 32), or of 48 (name 16,
 * AES-128 16, HMAC-SHA256 16), as nginx's ssl_session_ticket_key; several may
 * stand one behind the other: up to 16 of 80 bytes or 4 of 48.  False, with
 * nothing changed and why added to errors.  path NULL: back to own keys.
 */
bool tls_tickets_load(struct tls_tickets *t, const char *path, struct text *errors,
    struct text *warnings);
