/*
 * test_tls_breaches.c - what no honest peer sends once the handshake is done,
 * and what few do.
 */
#include "tls_rig.h"

#include <errno.h>

#include "net/conn_tls.h"

static struct rig *
rig(void)
{
	static struct rig r;

	rig_init(&r);
	return &r;
}

/* Both ends seal and open by themselves. */
static struct rig *
talking(void)
{
	struct rig *r = rig();

	rig_shake(r);
	rig_say(r, &r->a, &r->b, "ask");
	rig_say(r, &r->b, &r->a, "answer");
	assert_non_null(tls_conn(r->a.conn)->records);
	assert_non_null(tls_conn(r->b.conn)->records);
	return r;
}

/* A record of one side's keys, as its own code would never send it. */
static void
forge(struct side *from, struct side *to, int type, const void *p, size_t n)
{
	static uint8_t record[20000];

	n = tls_seal_bytes(tls_conn(from->conn)->records, (enum tls_type)type,
	    p, n, record);
	assert_true(n > 0);
	wire_put(to->pipe, record, n);
}

static void
assert_refused(struct rig *r, struct side *s, const char *reason)
{
	char got[100];

	rig_settle(r);
	assert_int_equal(conn_recv(s->conn, got, sizeof(got)), -1);
	assert_int_equal(s->conn->error, EPROTO);
	assert_non_null(strstr(facts_of(s).reason, reason));
}

static void
refuses_data_within_a_message(void **state)
{
	struct rig *r = talking();

	(void)state;
	forge(&r->a, &r->b, TLS_HANDSHAKE, "\x18\0", 2);
	forge(&r->a, &r->b, TLS_APPLICATION, "x", 1);
	assert_refused(r, &r->b, "unexpected");
	rig_fini(r);
}

static void
refuses_a_flood_of_tickets(void **state)
{
	struct rig *r = talking();

	(void)state;
	for (int i = 0; i < 33; i++)
		forge(&r->b, &r->a, TLS_HANDSHAKE, "\x04\0\0\x01x", 5);
	assert_refused(r, &r->a, "unexpected");
	rig_fini(r);
}

static void
refuses_a_message_without_end(void **state)
{
	struct rig *r = talking();

	(void)state;
	forge(&r->b, &r->a, TLS_HANDSHAKE, "\x04\xff\xff\xff", 4);
	for (int i = 0; i < 33; i++)
		forge(&r->b, &r->a, TLS_HANDSHAKE, "x", 1);
	assert_refused(r, &r->a, "unexpected");
	rig_fini(r);
}

/* Padding counts: what is sealed has at most 2^14 + 1 bytes. */
static void
refuses_too_much_padding(void **state)
{
	static uint8_t most[16385] = "x\x17";
	struct rig *r = talking();
	char got[10];

	(void)state;
	forge(&r->a, &r->b, 0, most, 16384);
	rig_settle(r);
	assert_int_equal(conn_recv(r->b.conn, got, sizeof(got)), 1);
	forge(&r->a, &r->b, 0, most, 16385);
	assert_refused(r, &r->b, "overflow");
	rig_fini(r);
}

static void
says_nothing_behind_its_goodbye(void **state)
{
	struct rig *r = talking();
	unsigned sends;
	char got[10];

	(void)state;
	conn_shutdown(r->b.conn);
	rig_settle(r);
	sends = r->b.pipe->sends;
	forge(&r->a, &r->b, TLS_HANDSHAKE, "\x18\0\0\x01\x01", 5);
	rig_settle(r);
	assert_int_equal(conn_recv(r->b.conn, got, sizeof(got)), 0);
	rig_wait(r);
	assert_int_equal(r->b.pipe->sends, sends);
	rig_fini(r);
}

/* The secrets of the handshake are those of no record by then. */
static void
follows_a_server_that_changes_keys_before_its_first_answer(void **state)
{
	SSL_CTX *ctx = raw_server("ec");
	struct rig *r = rig();
	struct raw w;
	char got[64];

	(void)state;
	rig_start(r);
	rig_part(r);
	rig_join(r);
	raw_open(&w, r->b.pipe, ctx, true);
	r->b.conn = NULL;
	r->a.conn = conn_tls_connect(r->a.conn, r->client, r->name, NULL,
	    &r->slot);
	for (int i = 0; i < 4; i++) {
		SSL_do_handshake(w.ssl);
		raw_pump(r, &w);
		rig_wait(r);
	}
	assert_true(r->a.conn->connected);
	for (int i = 0; i < 4; i++) {
		struct iovec v = { (char[]){ "ask" }, 3 };

		SSL_key_update(w.ssl, SSL_KEY_UPDATE_REQUESTED);
		assert_int_equal(conn_send(r->a.conn, &v, 1, false), 3);
		raw_pump(r, &w);
		assert_int_equal(SSL_read(w.ssl, got, 64), 3);
		assert_int_equal(SSL_write(w.ssl, "answer", 6), 6);
		raw_pump(r, &w);
		assert_int_equal(conn_recv(r->a.conn, got, 64), 6);
		assert_memory_equal(got, "answer", 6);
	}
	r->b.conn = &r->b.pipe->conn;
	raw_close(&w);
	rig_fini(r);
}

static void
poured_in_fragments(int version, uint8_t code)
{
	static char body[100000], got[100000];
	SSL_CTX *ctx = raw_client();
	struct rig *r = rig();
	struct raw w;
	ssize_t sent = 0, n;
	int have = 0, read;

	rig_start(r);
	rig_part(r);
	rig_join(r);
	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set_tlsext_max_fragment_length(ctx, code);
	raw_open(&w, r->a.pipe, ctx, false);
	r->a.conn = NULL;
	r->b.conn = conn_tls_accept(r->b.conn, r->server, NULL, SLICE_NONE);
	assert_int_equal(raw_shake(r, &w), 1);
	while (have < (int)sizeof(body)) {
		struct iovec v = { body + sent, sizeof(body) - (size_t)sent };

		n = v.iov_len > 0 ? conn_send(r->b.conn, &v, 1, false) : 0;
		assert_true(n >= 0);
		sent += n;
		raw_pump(r, &w);
		read = SSL_read(w.ssl, got, sizeof(got));
		assert_true(read > 0);
		have += read;
	}
	r->a.conn = &r->a.pipe->conn;
	raw_close(&w);
	rig_fini(r);
}

static void
keeps_to_the_fragment_that_a_client_wants(void **state)
{
	(void)state;
	for (uint8_t code = 1; code <= 4; code++) {
		poured_in_fragments(TLS1_2_VERSION, code);
		poured_in_fragments(TLS1_3_VERSION, code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_data_within_a_message),
		cmocka_unit_test(refuses_a_flood_of_tickets),
		cmocka_unit_test(refuses_a_message_without_end),
		cmocka_unit_test(refuses_too_much_padding),
		cmocka_unit_test(says_nothing_behind_its_goodbye),
		cmocka_unit_test(keeps_to_the_fragment_that_a_client_wants),
		cmocka_unit_test(
		    follows_a_server_that_changes_keys_before_its_first_answer),
	};

	return cmocka_run_group_tests_name("tls_breaches", tests, NULL, NULL);
}
