/*
 * conn_tls_hello.c - the handshake, which is OpenSSL's, and what comes of it.
 *
 *	first byte --> gate --> SSL object --> steps --> facts, records --> done
 *
 * The SSL object reads and writes through a BIO of ours (conn_tls_bio.c).  It
 * is made with the first byte, so that who says nothing costs nothing; and it
 * goes once the secrets are ours (conn_tls_take_over): they pass through our
 * part of the key schedule (tls_kdf.c).
 */
#include <openssl/err.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn_tls.h"
#include "net/tls_ktls.h"

/*
 * Messages: a change of keys, after which the secrets that we know are of the
 * past, and the SSL object stays.  Records that pass under the secrets:
 * tickets, and what a client has read.
 */
static void
on_message(int is_out, int version, int type, const void *p, size_t n, SSL *ssl,
    void *arg)
{
	struct conn_tls *c = arg;
	struct tls_hello *h = c->hello;
	bool is_server = c->server != NULL;

	(void)version;
	(void)ssl;
	if (type == SSL3_RT_HANDSHAKE && n > 0 && h != NULL &&
	    *(const uint8_t *)p == SSL3_MT_KEY_UPDATE)
		h->is_past = true;
	if (type != SSL3_RT_HEADER || h == NULL)
		return;
	if (is_out && (is_server ? h->secrets.has_server :
	    h->secrets.has_client))
		h->out_seq++;
	else if (!is_out && (is_server ? h->secrets.has_client :
	    h->secrets.has_server))
		h->in_seq++;
}

/* --- taking over */

static struct tls_records *
records13(struct conn_tls *c, const struct tls_suite *suite)
{
	struct tls_hello *h = c->hello;
	const struct tls_secrets *s = &h->secrets;
	bool is_server = c->server != NULL;
	struct tls_records *r;

	if (!s->has_client || !s->has_server || h->is_past)
		return NULL;
	r = tls_records_new13(c->tls, suite,
	    is_server ? s->client : s->server,
	    is_server ? s->server : s->client);
	if (r != NULL) {
		r->in.seq = h->in_seq;
		r->out.seq = h->out_seq;
	}
	return r;
}

static struct tls_records *
records12(struct conn_tls *c, const struct tls_suite *suite)
{
	uint8_t master[48], client_random[32], server_random[32];
	const SSL_SESSION *session = SSL_get_session(c->ssl);
	struct tls_records *r = NULL;

	if (session != NULL &&
	    SSL_SESSION_get_master_key(session, master, 48) == 48 &&
	    SSL_get_client_random(c->ssl, client_random, 32) == 32 &&
	    SSL_get_server_random(c->ssl, server_random, 32) == 32)
		r = tls_records_new12(c->tls, suite, master, client_random,
		    server_random, c->server != NULL);
	OPENSSL_cleanse(master, sizeof(master));
	return r;
}

void
conn_tls_take_over(struct conn_tls *c)
{
	struct tls_suite suite;

	if (c->ssl == NULL || !tls_suite_of(c->ssl, &suite) ||
	    SSL_has_pending(c->ssl) == 1)
		return;
	c->records = suite.is_13 ? records13(c, &suite) : records12(c, &suite);
	ERR_clear_error();
	if (c->records == NULL)
		return;
	conn_tls_ssl_free(c);
	conn_tls_hello_free(c);
}

/* To free it without a goodbye takes its session for a bad one. */
void
conn_tls_ssl_free(struct conn_tls *c)
{
	if (c->ssl == NULL)
		return;
	if (c->conn.connected)
		SSL_set_shutdown(c->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	c->ssl = NULL;
}

void
conn_tls_hello_free(struct conn_tls *c)
{
	struct tls_hello *h = c->hello;

	if (h == NULL)
		return;
	c->hello = NULL;
	free(h->name);
	free(h->alpn);
	OPENSSL_cleanse(h, sizeof(*h));
	free(h);
}

static void
start_ktls(struct conn_tls *c)
{
	struct tls_records *r = c->records;
	struct conn *b = c->below;
	uint8_t key[32];

	if (!c->wants_ktls || c->fragment > 0 || r == NULL ||
	    b->ops->descriptor == NULL || !r->suite.is_13 ||
	    !conn_tls_flush(c, false) || page_len(&c->out) > 0 ||
	    !tls_records_key(r, key))
		return;
	c->ktls = tls_ktls_start(b->ops->descriptor(b), &r->suite, key,
	    r->out.iv, r->out.seq);
	OPENSSL_cleanse(key, sizeof(key));
}

/* --- done, one way or the other */

/* A client of little memory may want short records (RFC 6066 4). */
static void
keep_fragment(struct conn_tls *c)
{
	const SSL_SESSION *session = SSL_get_session(c->ssl);
	unsigned code = session == NULL ? 0 :
	    SSL_SESSION_get_max_fragment_length(session);

	if (code >= TLSEXT_max_fragment_length_512 &&
	    code <= TLSEXT_max_fragment_length_4096)
		c->fragment = (uint16_t)(256u << code);
}

static void
keep_facts(struct conn_tls *c)
{
	SSL *ssl = c->ssl;
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const unsigned char *alpn = NULL;
	unsigned n = 0;

	SSL_get0_alpn_selected(ssl, &alpn, &n);
	if (n > 0 && n <= 255) {
		c->alpn = mem_text((const char *)alpn, n);
		c->nalpn = (uint8_t)n;
	}
	if (c->sni == NULL && sni != NULL)
		c->sni = mem_string(sni);
	c->cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
	c->is_13 = SSL_version(ssl) == TLS1_3_VERSION;
	c->resumed = SSL_session_reused(ssl) == 1;
	c->verified = SSL_get0_peer_certificate(ssl) != NULL &&
	    SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE &&
	    SSL_get_verify_result(ssl) == X509_V_OK;
	/* A server's takes 3 KB, and nobody asks for it. */
	if (c->server != NULL)
		c->peer = SSL_get1_peer_certificate(ssl);
	c->time = c->conn.loop->clock.now - c->hello->begun;
}

/*
 * TLS 1.3: what was said last need not leave at once: a client's Finished goes
 * with its first request, a server's tickets with its first answer, if the
 * request has come by the next tick (conn_tls_await).
 */
static void
done(struct conn_tls *c)
{
	bool is_last;

	keep_facts(c);
	keep_fragment(c);
	is_last = c->is_13;
	if (c->gate != NULL)
		tls_gate_leave(c->gate, &c->hello->turn, true);
	c->conn.connected = true;
	/* A client's tickets are still to come, and need the SSL object. */
	if (c->server != NULL || !c->is_13)
		conn_tls_take_over(c);
	start_ktls(c);
	if (is_last && c->server != NULL)
		conn_tls_await(c);
	else if (is_last)
		conn_tls_hold(c);
	else
		conn_tls_flush(c, false);
	c->conn.readable = page_len(&c->in) > 0 || c->below->readable;
}

/* A plain answer to who speaks plain HTTP to us. */
static void
reply_plain(struct conn_tls *c)
{
	struct slice reply = tls_server_plain_reply(c->server);
	struct iovec v = { (void *)(uintptr_t)reply.p, reply.n };

	tls_page_put(c->tls, &c->out);
	if (reply.n > 0 && c->below->writable)
		(void)!conn_send(c->below, &v, 1, false);
	conn_shutdown(c->below);
	conn_tls_fail(c, TLS_PLAIN_HTTP, EPROTO, "the client spoke plain HTTP");
}

static void
failed(struct conn_tls *c)
{
	conn_tls_flush(c, false);
	if (c->gate != NULL)
		tls_gate_leave(c->gate, &c->hello->turn, false);
	conn_tls_ssl_free(c);
}

/* --- steps */

/* The first byte tells TLS from plain HTTP; 0x80 was the hello of SSL 2. */
static bool
is_tls(struct conn_tls *c)
{
	uint8_t first = c->in.p[c->in.at];

	if (first == TLS_HANDSHAKE)
		return true;
	if (first >= 'A' && first <= 'Z')
		reply_plain(c);
	else
		conn_tls_fail(c, TLS_NOT_TLS, EPROTO,
		    "the first byte is not of TLS: 0x%02x", first);
	return false;
}

static bool
make_ssl(struct conn_tls *c)
{
	struct tls_hello *h = c->hello;
	BIO *bio = BIO_new(c->tls->bio);

	c->ssl = c->server != NULL ? tls_server_ssl(c->server) :
	    tls_client_ssl(c->client, c->slot, h->name, h->alpn);
	if (c->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		conn_tls_explain(c, SSL_ERROR_SSL);
		return false;
	}
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_app_data(c->ssl, c);
	SSL_set_msg_callback(c->ssl, on_message);
	SSL_set_msg_callback_arg(c->ssl, c);
	if (c->server != NULL)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	return true;
}

static bool
start(struct conn_tls *c)
{
	if (c->server != NULL && page_len(&c->in) == 0) {
		if (conn_tls_fill(c) == 0)
			return true;
		if (page_len(&c->in) == 0) {
			conn_tls_fail(c, TLS_GONE, c->in_error != 0 ?
			    c->in_error : ECONNRESET,
			    "the client left before a handshake");
			return false;
		}
	}
	c->hello->is_running = true;
	c->hello->begun = c->conn.loop->clock.now;
	if (c->server != NULL && !is_tls(c))
		return false;
	return make_ssl(c);
}

static void
step(struct conn_tls *c)
{
	int n, error;

	if (!c->hello->is_running && !start(c)) {
		failed(c);
		return;
	}
	if (!c->hello->is_running)
		return;
	ERR_clear_error();
	c->tls->kdf->secrets = &c->hello->secrets;
	n = SSL_do_handshake(c->ssl);
	c->tls->kdf->secrets = NULL;
	if (n == 1) {
		done(c);
		return;
	}
	error = SSL_get_error(c->ssl, n);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		if (conn_tls_flush(c, false))
			return;
		conn_tls_fail(c, TLS_GONE, c->out_error,
		    "the peer left during the handshake");
	}
	conn_tls_explain(c, error);
	failed(c);
}

void
conn_tls_hello(struct conn_tls *c)
{
	struct conn *b = c->below;
	struct tls_gate *gate = c->gate;
	int64_t begun;

	if (b->error != 0 && (!b->readable || !b->connected)) {
		conn_tls_fail(c, TLS_GONE, b->error, "%s",
		    c->hello->is_running ?
		    "the peer left during the handshake" : "no connection");
		failed(c);
		return;
	}
	if (!b->connected)
		return;
	if (!b->readable && page_len(&c->in) == 0 &&
	    (c->server != NULL || c->hello->is_running) &&
	    !(page_len(&c->out) > 0 && b->writable))
		return;
	if (gate == NULL) {
		step(c);
		return;
	}
	if (!tls_gate_ask(gate, &c->hello->turn))
		return;
	begun = clock_now();
	step(c);
	tls_gate_spend(gate, clock_now() - begun);
}
