#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"
#include "net/tls.h"
#include "net/tls_server.h"

struct conn;

/*
 * The side that connects: whom it believes, the terms, its own certificate.
 * One a pool and snapshot; counted, as every conn holds a reference.
 */
struct tls_client;

/* All is copied or read by tls_client_new. */
struct tls_client_settings {
	bool insecure;			/* the server's certificate is not checked */
	struct tls_trust trust;
	struct tls_terms terms;
	struct tls_files files;		/* our certificate; cert NULL: none */
	const char *verify_name;	/* what a certificate must be for; NULL: the
					 * name of the connection */
	const char *const *alpn;	/* what we offer; nalpn 0: nothing */
	size_t nalpn;
	bool no_resumption;
};

/* As tls_server_new. */
struct tls_client *tls_client_new(struct tls *tls, const struct tls_client_settings *s,
    int64_t wall, struct text *errors, struct text *warnings);
struct tls_client *tls_client_get(struct tls_client *c);
void tls_client_put(struct tls_client **c);

/*
 * Would both make the same connections: the same settings, and the same in the
 * files they name?  NULL, no TLS, is the same as NULL alone.
 */
bool tls_client_same(const struct tls_client *a, const struct tls_client *b);

/*
 * The last session with one server, for a quick handshake.  Embedded in what
 * stands for the server (zeroed is empty); outlives every conn to it, until
 * their conn_close.  A session that was agreed under another trust or name is
 * not used.
 */
struct tls_session_slot {
	void *session;
	uint64_t under;		/* what trust and name it was agreed under */
};
void tls_session_slot_fini(struct tls_session_slot *slot);

/*
 * TLS over a conn that is dialled or connected, which is taken; client gets a
 * reference.  name: what the certificate must be for, and SNI, unless it is an
 * IP address ("10.0.0.1", "::1"), which SNI cannot carry.  Copied; NULL or "": no
 * SNI, and the handshake fails unless insecure, or with a verify_name.  slot may
 * be NULL.  alpn: one protocol to offer instead of the client's list (a probe);
 * NULL: the list.  Never NULL.  The handshake starts when below is connected.
 */
struct conn *conn_tls_connect(struct conn *below, struct tls_client *client,
    const char *name, const char *alpn, struct tls_session_slot *slot);
