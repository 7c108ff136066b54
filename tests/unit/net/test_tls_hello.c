/*
 * test_tls_hello.c - handshakes, good and bad, however the bytes come.
 */
#include "tls_rig.h"

#include <errno.h>
#include <openssl/err.h>

static void
shakes_hands_with_ourselves(void **state)
{
	struct tls_facts f;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_shake(&r);
	f = facts_of(&r.b);
	assert_string_equal(f.version, "TLSv1.3");
	assert_string_equal(f.cipher, "TLS_AES_128_GCM_SHA256");
	assert_true(slice_eq(f.sni, SLICE("a.example")));
	assert_int_equal(f.alpn.n, 0);
	assert_false(f.resumed);
	assert_false(f.verified);
	assert_true(facts_of(&r.a).verified);
	assert_null(f.reason);
	rig_say(&r, &r.a, &r.b, "GET / HTTP/1.1\r\n\r\n");
	rig_say(&r, &r.b, &r.a, "HTTP/1.1 200 OK\r\n\r\n");
	rig_say(&r, &r.a, &r.b, "again");
	assert_int_equal(ERR_peek_error(), 0);
	rig_fini(&r);
}

static const char *const ciphers[] = { "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA256" };
static const char *const suites[] = { "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256" };

/* The last of each is one whose records stay OpenSSL's. */
static void
agrees_on_each_cipher(void **state)
{
	struct rig r;

	(void)state;
	for (int i = 0; i < 8; i++) {
		rig_init(&r);
		if (i < 4) {
			r.s.terms.ciphers = r.c.terms.ciphers = ciphers[i];
			r.c.terms.max = TLS_1_2;
		} else {
			r.s.terms.ciphersuites = suites[i - 4];
			r.c.terms.ciphersuites = suites[i - 4];
		}
		rig_shake(&r);
		assert_string_equal(facts_of(&r.b).cipher,
		    i < 4 ? ciphers[i] : suites[i - 4]);
		assert_string_equal(facts_of(&r.a).version,
		    i < 4 ? "TLSv1.2" : "TLSv1.3");
		rig_say(&r, &r.a, &r.b, "hello");
		rig_say(&r, &r.b, &r.a, "hello yourself");
		rig_pour(&r, &r.a, &r.b, 200000);
		rig_pour(&r, &r.b, &r.a, 200000);
		rig_fini(&r);
	}
}

static void
shakes_hands_a_byte_at_a_time(void **state)
{
	struct rig r;

	(void)state;
	for (int i = 0; i < 4; i++) {
		rig_init(&r);
		r.c.terms.max = i < 2 ? TLS_1_2 : TLS_1_3;
		rig_join(&r);
		r.a.pipe->step = r.b.pipe->step = 1;
		if (i & 1)
			r.a.pipe->room = r.b.pipe->room = 1;
		rig_tls(&r);
		rig_settle(&r);
		assert_true(r.a.conn->connected);
		rig_wait(&r);
		assert_true(r.b.conn->connected);
		rig_pour(&r, &r.a, &r.b, 3000);
		rig_pour(&r, &r.b, &r.a, 3000);
		rig_fini(&r);
	}
}

/* The client's wire breaks after so many bytes; nothing is told as good. */
static void
survives_an_end_at_every_byte(void **state)
{
	struct text hello;
	struct rig r;
	size_t n;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_part(&r);
	rig_join(&r);
	r.a.conn = conn_tls_connect(r.a.conn, r.client, r.name, NULL, NULL);
	rig_settle(&r);
	text_init(&hello);
	text_add_slice(&hello, text_slice(&r.b.pipe->in));
	n = hello.n;
	assert_true(n > 100);
	for (size_t i = 0; i < n; i += i < 20 || i > n - 3 ? 1 : 13) {
		rig_part(&r);
		rig_join(&r);
		rig_tls(&r);
		conn_close(&r.a.conn, false);
		wire_put(r.b.pipe, hello.p, i);
		wire_fin(r.b.pipe);
		rig_settle(&r);
		assert_fails(&r.b, TLS_GONE, "left");
		assert_int_equal(r.b.conn->error, ECONNRESET);
	}
	text_fini(&hello);
	rig_fini(&r);
}

static void
tells_what_broke_the_connection_below(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_join(&r);
	rig_tls(&r);
	r.b.pipe->broken = true;
	wire_fin(r.b.pipe);
	rig_settle(&r);
	assert_fails(&r.b, TLS_GONE, "left");
	assert_int_equal(r.b.conn->error, ECONNRESET);
	rig_fini(&r);
}

static void
refuses_what_is_not_tls(void **state)
{
	static const char *const table[] = { "\x80\x2e\x01", "ssh-2.0\r\n",
	    "\x15\x03\x01", "\xff" };
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		rig_init(&r);
		rig_join(&r);
		rig_tls(&r);
		conn_close(&r.a.conn, false);
		r.b.pipe->fin = false;
		wire_put(r.b.pipe, table[i], strlen(table[i]));
		rig_settle(&r);
		assert_fails(&r.b, TLS_NOT_TLS, "not of TLS");
		assert_int_equal(r.b.conn->error, EPROTO);
		rig_fini(&r);
	}
}

static void
refuses_garbage_that_begins_like_tls(void **state)
{
	char bytes[512];
	struct rig r;

	(void)state;
	for (int i = 0; i < 256; i++) {
		rig_init(&r);
		rig_start(&r);
		rig_part(&r);
		rig_join(&r);
		r.b.conn = conn_tls_accept(r.b.conn, r.server, NULL,
		    SLICE_NONE);
		memset(bytes, i, sizeof(bytes));
		memcpy(bytes, "\x16\x03\x01\x01\x00", 5);
		wire_put(r.b.pipe, bytes, sizeof(bytes));
		rig_settle(&r);
		assert_int_not_equal(r.b.conn->error, 0);
		assert_int_equal(ERR_peek_error(), 0);
		rig_fini(&r);
	}
}

static void
answers_plain_http_in_plain(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.plain_reply = SLICE("HTTP/1.1 400 Bad Request\r\n\r\n");
	rig_join(&r);
	rig_tls(&r);
	conn_close(&r.a.conn, false);
	r.b.pipe->fin = false;
	r.a.pipe->conn.closed = false;
	text_clear(&r.b.pipe->in);
	wire_put(r.b.pipe, "GET / HTTP/1.1\r\n\r\n", 18);
	rig_settle(&r);
	assert_fails(&r.b, TLS_PLAIN_HTTP, "plain HTTP");
	assert_string_equal(r.a.pipe->in.p,
	    "HTTP/1.1 400 Bad Request\r\n\r\n");
	assert_true(r.b.pipe->shut);
	rig_fini(&r);
}

static void
takes_bytes_that_were_read_before(void **state)
{
	struct text hello;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_part(&r);
	rig_join(&r);
	r.a.conn = conn_tls_connect(r.a.conn, r.client, r.name, NULL, NULL);
	rig_settle(&r);
	text_init(&hello);
	text_add_slice(&hello, text_slice(&r.b.pipe->in));
	text_clear(&r.b.pipe->in);
	r.b.conn->readable = false;
	r.b.conn = conn_tls_accept(r.b.conn, r.server, NULL,
	    text_slice(&hello));
	rig_wait(&r);
	assert_true(r.b.conn->connected);
	assert_true(r.a.conn->connected);
	text_fini(&hello);
	rig_fini(&r);
}

static void
selects_the_protocol_by_its_own_preference(void **state)
{
	static const char *const ours[] = { "h2", "http/1.1" };
	static const char *const theirs[] = { "http/1.1", "foo", "h2" };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.alpn = ours;
	r.s.nalpn = 2;
	r.c.alpn = theirs;
	r.c.nalpn = 3;
	rig_shake(&r);
	assert_true(slice_eq(facts_of(&r.a).alpn, SLICE("h2")));
	assert_true(slice_eq(facts_of(&r.b).alpn, SLICE("h2")));
	rig_fini(&r);

	rig_init(&r);
	r.s.alpn = ours;
	r.s.nalpn = 2;
	r.c.alpn = theirs + 1;
	r.c.nalpn = 1;
	rig_start(&r);
	assert_fails(&r.b, TLS_NO_AGREEMENT, "no application protocol");
	assert_fails(&r.a, TLS_ALERTED, "no application protocol");
	rig_fini(&r);
}

static void
does_without_alpn_when_the_client_offers_none(void **state)
{
	static const char *const ours[] = { "h2" };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.alpn = ours;
	r.s.nalpn = 1;
	rig_shake(&r);
	assert_int_equal(facts_of(&r.b).alpn.n, 0);
	rig_fini(&r);
}

static void
offers_one_protocol_instead_of_the_list(void **state)
{
	static const char *const both[] = { "h2", "http/1.1" };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.alpn = r.c.alpn = both;
	r.s.nalpn = r.c.nalpn = 2;
	rig_start(&r);
	rig_part(&r);
	rig_join(&r);
	r.a.conn = conn_tls_connect(r.a.conn, r.client, r.name, "http/1.1",
	    NULL);
	r.b.conn = conn_tls_accept(r.b.conn, r.server, NULL, SLICE_NONE);
	rig_wait(&r);
	assert_true(r.b.conn->connected);
	assert_true(slice_eq(facts_of(&r.b).alpn, SLICE("http/1.1")));
	rig_fini(&r);
}

static void
agrees_on_no_version(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.terms.policy = TLS_MODERN;
	r.c.terms.max = TLS_1_2;
	rig_start(&r);
	assert_fails(&r.b, TLS_NO_AGREEMENT, "unsupported protocol");
	assert_fails(&r.a, TLS_ALERTED, "protocol version");
	rig_fini(&r);
}

static void
agrees_on_no_cipher(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.terms.ciphersuites = "TLS_AES_128_GCM_SHA256";
	r.c.terms.ciphersuites = "TLS_AES_256_GCM_SHA384";
	r.c.terms.min = TLS_1_3;
	rig_start(&r);
	assert_fails(&r.b, TLS_NO_AGREEMENT, "no shared cipher");
	rig_fini(&r);
}

static void
refuses_old_versions(void **state)
{
	SSL_CTX *ctx = raw_client();
	struct raw w;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_part(&r);
	rig_join(&r);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	raw_open(&w, r.a.pipe, ctx, false);
	r.b.conn = conn_tls_accept(r.b.conn, r.server, NULL, SLICE_NONE);
	assert_true(raw_shake(&r, &w) < 1);
	assert_int_equal(facts_of(&r.b).failure, TLS_NO_AGREEMENT);
	raw_close(&w);
	ERR_clear_error();
	rig_fini(&r);
}

static void
is_plain_without_tls(void **state)
{
	struct tls_facts f;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_join(&r);
	memset(&f, 1, sizeof(f));
	assert_false(conn_facts(r.a.conn, &f));
	assert_null(f.version);
	assert_int_equal(f.failure, TLS_FINE);
	rig_fini(&r);
}

/* One flight, one send; a client's end of it goes with its request, and tickets
 * with the answer. */
static void
wastes_no_sends(void **state)
{
	struct rig r;
	struct iovec v = { (char[]){ "x" }, 1 };

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_settle(&r);
	assert_true(r.a.conn->connected);
	assert_int_equal(r.a.pipe->sends, 1);
	assert_int_equal(conn_send(r.a.conn, &v, 1, false), 1);
	rig_settle(&r);
	assert_true(r.b.conn->connected);
	assert_int_equal(r.a.pipe->sends, 2);
	assert_int_equal(r.b.pipe->sends, 1);
	assert_int_equal(conn_send(r.b.conn, &v, 1, false), 1);
	assert_int_equal(r.b.pipe->sends, 2);
	rig_wait(&r);
	assert_int_equal(r.b.pipe->sends, 2);
	rig_fini(&r);
}

/* A client's kernel may wait for an answer to the end of the handshake. */
static void
sends_tickets_at_once_when_nothing_is_asked(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	for (int i = 0; i < 10 && !r.b.conn->connected; i++)
		loop_advance(r.loop, r.loop->clock.now + MSEC(5));
	assert_true(r.b.conn->connected);
	rig_settle(&r);
	assert_int_equal(r.b.pipe->sends, 2);
	rig_wait(&r);
	assert_int_equal(r.b.pipe->sends, 2);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shakes_hands_with_ourselves),
		cmocka_unit_test(agrees_on_each_cipher),
		cmocka_unit_test(shakes_hands_a_byte_at_a_time),
		cmocka_unit_test(survives_an_end_at_every_byte),
		cmocka_unit_test(tells_what_broke_the_connection_below),
		cmocka_unit_test(refuses_what_is_not_tls),
		cmocka_unit_test(refuses_garbage_that_begins_like_tls),
		cmocka_unit_test(answers_plain_http_in_plain),
		cmocka_unit_test(takes_bytes_that_were_read_before),
		cmocka_unit_test(selects_the_protocol_by_its_own_preference),
		cmocka_unit_test(does_without_alpn_when_the_client_offers_none),
		cmocka_unit_test(offers_one_protocol_instead_of_the_list),
		cmocka_unit_test(agrees_on_no_version),
		cmocka_unit_test(agrees_on_no_cipher),
		cmocka_unit_test(refuses_old_versions),
		cmocka_unit_test(is_plain_without_tls),
		cmocka_unit_test(wastes_no_sends),
		cmocka_unit_test(sends_tickets_at_once_when_nothing_is_asked),
	};

	return cmocka_run_group_tests_name("tls_hello", tests, NULL, NULL);
}
