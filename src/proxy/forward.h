#pragma once

#include "base/arena.h"
#include "conf/model.h"
#include "http/head.h"
#include "net/addr.h"
#include "net/conn.h"

/* What rewriting a head needs to know of its exchange. */
struct forward {
	const struct conf_forward *conf;
	const char *via;		/* our pseudonym */
	bool trusted;			/* the client's address is */
	const struct addr *client;
	struct conn *conn;		/* the client's, for its local address */
	const char *scheme;		/* "http", "https" */
	struct slice request_id;	/* to send, or empty */
	const struct conf_names *guarded;	/* dropped; may be NULL */
	const char *hsts;		/* for the client; NULL: none is said */
};

/*
 * The head that goes to the server: hop-by-hop fields are gone already; here
 * X-Forwarded-*, Forwarded, Via, X-Request-Id, Max-Forwards and
 * Proxy-Authorization are dealt with (RFC 9110 7.6, RFC 7239).  From an
 * untrusted client these are replaced, from a trusted one appended to.
 */
void forward_request(const struct head *in, struct head *out, struct arena *a,
    const struct forward *f);

/* The head that goes to the client: Date, Via, Proxy-Authenticate, HSTS.  Where
 * nothing changes its fields are those of `in`, not a copy: only to be read. */
void forward_response(const struct head *in, struct head *out, struct arena *a,
    const struct forward *f, const char *date);

/* Does a Via of this message carry our name? */
bool forward_is_loop(const struct head *request, const char *via);

/* X-Request-Id of a trusted client if it may be kept, else empty. */
struct slice forward_kept_id(const struct head *request,
    const struct conf_forward *conf, bool trusted);

/* 32 hexadecimal digits. */
struct rng;
struct slice forward_new_id(struct rng *rng, struct arena *a);
