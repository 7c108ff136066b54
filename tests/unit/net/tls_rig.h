#pragma once

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_client.h"
#include "net/tls_server.h"

/*
 * Two conns in memory, joined: what one sends the other receives, as slowly
 * as the test likes.
 */
struct tube {
	struct conn conn;
	struct tube *peer;
	struct text in;		/* what has come */
	size_t at;		/* of it, read */
	size_t room;		/* so much may stand unread in the peer's `in` */
	size_t step;		/* recv gives at most so much at a time; 0: all */
	bool fin, broken;	/* the peer has shut down; has reset */
	bool shut, was_reset;	/* our owner has */
	unsigned sends;		/* calls that took something */
	struct task tell;
};

/* One side: a conn, maybe over TLS, and what was told. */
struct side {
	struct tube *pipe;
	struct conn *conn;
	unsigned told;
};

struct rig {
	struct loop *loop;
	struct tls *tls;
	struct tls_tickets *tickets;
	struct tls_gate *gate;		/* NULL unless the test makes one */
	struct tls_server *server;
	struct tls_client *client;
	struct side a, b;		/* a: client, b: server */
	struct text errors, warnings;
	struct tls_files files[4];
	struct tls_server_settings s;	/* set before rig_start */
	struct tls_client_settings c;
	const char *name;		/* that the client wants; "a.example" */
	struct tls_session_slot slot;
};

#define DATA "tests/data/tls/"

/* A server with ec.pem, a client that trusts ca.pem. */
void rig_init(struct rig *r);
void rig_fini(struct rig *r);

/* Makes what is not there: server, client; then joins two conns. */
void rig_start(struct rig *r);
void rig_join(struct rig *r);		/* plain ends, no TLS yet */
void rig_tls(struct rig *r);		/* TLS over both */
void rig_part(struct rig *r);		/* closes both sides, and the pipes */

/* Ticks until nothing moves. */
void rig_settle(struct rig *r);
void rig_wait(struct rig *r);		/* ... and what was held has gone */

/* Starts, and wants it to succeed. */
void rig_shake(struct rig *r);

/* Sends text from one side and wants it whole at the other. */
void rig_say(struct rig *r, struct side *from, struct side *to, const char *text);

/* n bytes, a pattern; partial sends and settling until all has come. */
void rig_pour(struct rig *r, struct side *from, struct side *to, size_t n);

struct tls_facts facts_of(const struct side *s);
void assert_fails(const struct side *s, enum tls_failure failure, const char *reason);
void assert_says(const struct text *t, const char *part);

/* Bytes into a side's wire, as if its peer had sent them. */
void wire_put(struct tube *p, const void *bytes, size_t n);
void wire_fin(struct tube *p);

/* A peer that is OpenSSL's own, over a plain end. */
struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;
	struct tube *pipe;
};
void raw_open(struct raw *w, struct tube *pipe, SSL_CTX *ctx, bool is_server);
void raw_close(struct raw *w);
int raw_shake(struct rig *r, struct raw *w);	/* SSL_do_handshake's last answer */
void raw_pump(struct rig *r, struct raw *w);
SSL_CTX *raw_client(void);
SSL_CTX *raw_server(const char *name);
