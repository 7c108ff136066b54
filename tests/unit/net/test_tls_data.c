/*
 * test_tls_data.c - bytes over a TLS conn that stands, and its ends.
 */
#include "tls_rig.h"

#include <errno.h>
#include <openssl/err.h>

#include "net/conn_tls.h"

static struct rig *
rig(void)
{
	static struct rig r;

	rig_init(&r);
	return &r;
}

static ssize_t
send_n(struct side *s, const void *p, size_t n, bool more)
{
	struct iovec v = { (void *)(uintptr_t)p, n };

	return conn_send(s->conn, &v, 1, more);
}

static void
carries_much_both_ways(void **state)
{
	struct rig *r = rig();

	(void)state;
	rig_shake(r);
	rig_pour(r, &r->a, &r->b, 3000000);
	rig_pour(r, &r->b, &r->a, 3000000);
	rig_fini(r);
}

static void
carries_much_through_a_narrow_pipe(void **state)
{
	static const size_t rooms[] = { 1, 7, 100, 1399, 1401, 5000, 16000,
	    16406, 16407, 40000 };
	struct rig *r;

	(void)state;
	for (int is_13 = 0; is_13 < 2; is_13++)
		for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
			r = rig();
			r->c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
			rig_shake(r);
			r->a.pipe->room = r->b.pipe->room = rooms[i];
			rig_pour(r, &r->b, &r->a, rooms[i] < 100 ? 3000 :
			    200000);
			rig_pour(r, &r->a, &r->b, rooms[i] < 100 ? 3000 :
			    200000);
			rig_fini(r);
		}
}

static void
carries_much_in_slow_bites(void **state)
{
	static const size_t steps[] = { 1, 3, 1000, 16385 };
	struct rig *r;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		r = rig();
		rig_shake(r);
		r->a.pipe->step = r->b.pipe->step = steps[i];
		rig_pour(r, &r->b, &r->a, steps[i] < 100 ? 4000 : 200000);
		rig_pour(r, &r->a, &r->b, steps[i] < 100 ? 4000 : 200000);
		rig_fini(r);
	}
}

/* Readers with little room get a record in parts. */
static void
gives_a_record_in_parts(void **state)
{
	struct rig *r = rig();
	char text[1000], got[1000];
	size_t at = 0;
	ssize_t n;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[999] = 'y';
	rig_shake(r);
	assert_int_equal(send_n(&r->a, text, 1000, false), 1000);
	rig_settle(r);
	for (size_t room = 1; at < 1000; room += 7) {
		if (room > 1000 - at)
			room = 1000 - at;
		assert_true(r->b.conn->readable);
		n = conn_recv(r->b.conn, got + at, room);
		assert_int_equal(n, room);
		at += (size_t)n;
	}
	assert_memory_equal(got, text, 1000);
	assert_int_equal(conn_recv(r->b.conn, got, 1), 0);
	assert_false(r->b.conn->readable);
	rig_fini(r);
}

static void
leaves_in_one_send_when_it_fits(void **state)
{
	struct rig *r = rig();
	static char body[16384];
	struct iovec v[2] = { { (char[]){ "head" }, 4 },
		{ body, sizeof(body) } };
	unsigned sends;

	(void)state;
	rig_shake(r);
	sends = r->b.pipe->sends;
	rig_say(r, &r->b, &r->a, "head");
	assert_int_equal(r->b.pipe->sends, sends + 1);
	/* Past the small records: head and body are one send. */
	rig_pour(r, &r->b, &r->a, 100000);
	sends = r->b.pipe->sends;
	assert_int_equal(conn_send(r->b.conn, v, 2, false), 16388);
	assert_int_equal(r->b.pipe->sends, sends + 1);
	rig_fini(r);
}

static void
holds_a_head_for_its_body(void **state)
{
	struct rig *r = rig();
	unsigned sends;

	(void)state;
	rig_shake(r);
	sends = r->b.pipe->sends;
	assert_int_equal(send_n(&r->b, "head", 4, true), 4);
	assert_int_equal(r->b.pipe->sends, sends);
	assert_true(r->b.conn->writable);
	assert_int_equal(send_n(&r->b, "body", 4, false), 4);
	assert_int_equal(r->b.pipe->sends, sends + 1);
	/* It does not wait forever. */
	assert_int_equal(send_n(&r->b, "head", 4, true), 4);
	assert_int_equal(r->b.pipe->sends, sends + 1);
	rig_wait(r);
	assert_int_equal(r->b.pipe->sends, sends + 2);
	rig_fini(r);
}

/* Lengths of the records that stand in a pipe. */
static size_t
first_record(const struct tube *p, size_t at)
{
	const uint8_t *b = (const uint8_t *)p->in.p + p->at + at;

	assert_true(p->in.n - p->at >= at + 5);
	return 5 + ((size_t)b[3] << 8 | b[4]);
}

static void
begins_with_small_records(void **state)
{
	struct rig *r = rig();
	static char body[16384];
	size_t sent = 0;

	(void)state;
	rig_shake(r);
	/* Its tickets. */
	assert_int_equal(conn_recv(r->a.conn, body, sizeof(body)), 0);
	while (sent < 128 * 1024) {
		assert_int_equal(send_n(&r->b, body, sizeof(body), false),
		    sizeof(body));
		assert_int_equal(first_record(r->a.pipe, 0), sent < 65536 ?
		    1400 : 16384 + 22);
		sent += sizeof(body);
		rig_settle(r);
		while (conn_recv(r->a.conn, body, sizeof(body)) > 0)
			;
	}
	/* Again after a pause. */
	loop_advance(r->loop, r->loop->clock.now + SEC(2));
	assert_int_equal(send_n(&r->b, body, sizeof(body), false),
	    sizeof(body));
	assert_int_equal(first_record(r->a.pipe, 0), 1400);
	rig_fini(r);
}

/* What is told as sent has left: the last byte is told when the rest went. */
static void
tells_the_last_byte_when_all_has_left(void **state)
{
	struct rig *r = rig();
	char got[100];

	(void)state;
	rig_shake(r);
	r->b.pipe->room = 10;
	assert_int_equal(send_n(&r->b, "0123456789", 10, false), 9);
	assert_false(r->b.conn->writable);
	assert_int_equal(send_n(&r->b, "9", 1, false), 0);
	r->b.pipe->room = 1000;
	r->b.told = 0;
	rig_settle(r);
	assert_int_equal(conn_recv(r->a.conn, got, sizeof(got)), 0);
	rig_settle(r);
	assert_true(r->b.told > 0);
	assert_true(r->b.conn->writable);
	assert_int_equal(send_n(&r->b, "9abc", 4, false), 4);
	rig_settle(r);
	assert_int_equal(conn_recv(r->a.conn, got, sizeof(got)), 13);
	assert_memory_equal(got, "0123456789abc", 13);
	rig_fini(r);
}

static void
says_goodbye(void **state)
{
	struct rig *r;
	char got[10];

	(void)state;
	for (int is_13 = 0; is_13 < 2; is_13++) {
		r = rig();
		r->c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
		rig_shake(r);
		assert_int_equal(send_n(&r->b, "last", 4, false), 4);
		conn_close(&r->b.conn, false);
		rig_settle(r);
		assert_int_equal(conn_recv(r->a.conn, got, 10), 4);
		assert_true(r->a.conn->readable);
		assert_int_equal(conn_recv(r->a.conn, got, 10), -1);
		assert_true(r->a.conn->eof);
		assert_false(r->a.conn->cut);
		assert_int_equal(r->a.conn->error, 0);
		rig_fini(r);
	}
}

static void
shuts_down_one_way(void **state)
{
	struct rig *r = rig();
	char got[10];

	(void)state;
	rig_shake(r);
	conn_shutdown(r->a.conn);
	rig_settle(r);
	assert_true(r->a.pipe->shut);
	assert_int_equal(conn_recv(r->b.conn, got, 10), -1);
	assert_true(r->b.conn->eof);
	assert_false(r->b.conn->cut);
	assert_int_equal(send_n(&r->b, "still", 5, false), 5);
	rig_settle(r);
	assert_int_equal(conn_recv(r->a.conn, got, 10), 5);
	rig_fini(r);
}

/* A goodbye behind output that is stuck; the end comes behind both. */
static void
shuts_down_behind_what_is_left(void **state)
{
	struct rig *r = rig();
	char got[20];

	(void)state;
	rig_shake(r);
	r->b.pipe->room = 10;
	assert_int_equal(send_n(&r->b, "0123456789", 10, false), 9);
	conn_shutdown(r->b.conn);
	assert_false(r->b.pipe->shut);
	r->b.pipe->room = 1000;
	rig_settle(r);
	assert_int_equal(conn_recv(r->a.conn, got, 20), 0);
	rig_settle(r);
	assert_true(r->b.pipe->shut);
	assert_int_equal(conn_recv(r->a.conn, got, 20), 10);
	assert_int_equal(conn_recv(r->a.conn, got, 20), -1);
	assert_true(r->a.conn->eof);
	assert_false(r->a.conn->cut);
	rig_fini(r);
}

static void
notices_a_missing_goodbye(void **state)
{
	struct rig *r = rig();
	char got[10];

	(void)state;
	rig_shake(r);
	assert_int_equal(send_n(&r->b, "last", 4, false), 4);
	wire_fin(r->a.pipe);
	rig_settle(r);
	assert_int_equal(conn_recv(r->a.conn, got, 10), 4);
	assert_int_equal(conn_recv(r->a.conn, got, 10), -1);
	assert_true(r->a.conn->eof);
	assert_true(r->a.conn->cut);
	assert_int_equal(r->a.conn->error, 0);
	rig_fini(r);
}

static void
notices_an_end_within_a_record(void **state)
{
	struct rig *r = rig();
	char got[10];

	(void)state;
	rig_shake(r);
	wire_put(r->b.pipe, "\x17\x03\x03\x00\x20", 5);
	wire_fin(r->b.pipe);
	rig_settle(r);
	assert_int_equal(conn_recv(r->b.conn, got, 10), -1);
	assert_true(r->b.conn->eof);
	assert_true(r->b.conn->cut);
	rig_fini(r);
}

static void
passes_a_reset_on(void **state)
{
	struct rig *r = rig();
	char got[10];

	(void)state;
	rig_shake(r);
	conn_close(&r->a.conn, true);
	rig_settle(r);
	assert_true(r->a.pipe->was_reset);
	assert_int_equal(conn_recv(r->b.conn, got, 10), -1);
	assert_int_equal(r->b.conn->error, ECONNRESET);
	assert_false(r->b.conn->eof);
	rig_fini(r);
}

static void
fails_to_write_to_who_has_gone(void **state)
{
	struct rig *r = rig();

	(void)state;
	rig_shake(r);
	conn_close(&r->a.conn, false);
	assert_int_equal(send_n(&r->b, "x", 1, false), -1);
	assert_int_equal(r->b.conn->error, EPIPE);
	assert_false(r->b.conn->writable);
	assert_int_equal(send_n(&r->b, "x", 1, false), -1);
	rig_fini(r);
}

static void
refuses_a_forged_record(void **state)
{
	struct rig *r;
	char got[100], record[64] = "\x17\x03\x03\x00\x20";

	(void)state;
	for (int is_13 = 0; is_13 < 2; is_13++) {
		r = rig();
		r->c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
		rig_shake(r);
		wire_put(r->b.pipe, record, 37);
		rig_settle(r);
		assert_int_equal(conn_recv(r->b.conn, got, sizeof(got)), -1);
		assert_int_equal(r->b.conn->error, EPROTO);
		assert_false(r->b.conn->eof);
		assert_non_null(strstr(facts_of(&r->b).reason, "bad record"));
		/* The client hears of it. */
		rig_settle(r);
		assert_int_equal(conn_recv(r->a.conn, got, sizeof(got)), -1);
		assert_int_equal(facts_of(&r->a).failure, TLS_ALERTED);
		assert_int_not_equal(r->a.conn->error, 0);
		rig_fini(r);
	}
}

/* --- with OpenSSL at the other end */

struct pair {
	struct rig *r;
	struct raw w;
};

/* Our server, OpenSSL's client. */
static struct pair
pair_open(int version)
{
	struct pair p = { .r = rig() };
	SSL_CTX *ctx = raw_client();

	rig_start(p.r);
	rig_part(p.r);
	rig_join(p.r);
	SSL_CTX_set_max_proto_version(ctx, version);
	raw_open(&p.w, p.r->a.pipe, ctx, false);
	SSL_set_tlsext_host_name(p.w.ssl, "a.example");
	p.r->a.conn = NULL;
	p.r->b.conn = conn_tls_accept(p.r->b.conn, p.r->server, NULL,
	    SLICE_NONE);
	assert_int_equal(raw_shake(p.r, &p.w), 1);
	assert_true(p.r->b.conn->connected);
	rig_wait(p.r);
	return p;
}

static void
pair_close(struct pair *p)
{
	p->r->a.conn = &p->r->a.pipe->conn;
	raw_close(&p->w);
	ERR_clear_error();
	rig_fini(p->r);
}

static void
pair_echo(struct pair *p)
{
	char got[64];

	assert_int_equal(SSL_write(p->w.ssl, "ping", 4), 4);
	raw_pump(p->r, &p->w);
	assert_int_equal(conn_recv(p->r->b.conn, got, sizeof(got)), 4);
	assert_int_equal(send_n(&p->r->b, "pong!", 5, false), 5);
	raw_pump(p->r, &p->w);
	assert_int_equal(SSL_read(p->w.ssl, got, sizeof(got)), 5);
	assert_memory_equal(got, "pong!", 5);
}

static void
speaks_with_openssl(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct pair p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		p = pair_open(versions[i]);
		for (int k = 0; k < 5; k++)
			pair_echo(&p);
		SSL_shutdown(p.w.ssl);
		raw_pump(p.r, &p.w);
		assert_int_equal(conn_recv(p.r->b.conn, (char[4]){ 0 }, 4), -1);
		assert_true(p.r->b.conn->eof);
		assert_false(p.r->b.conn->cut);
		pair_close(&p);
	}
}

static void
changes_keys_when_asked(void **state)
{
	struct pair p = pair_open(TLS1_3_VERSION);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(SSL_key_update(p.w.ssl,
		    SSL_KEY_UPDATE_REQUESTED), 1);
		pair_echo(&p);
		assert_int_equal(SSL_key_update(p.w.ssl,
		    SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		pair_echo(&p);
	}
	pair_close(&p);
}

static void
changes_keys_that_are_worn(void **state)
{
	struct pair p = pair_open(TLS1_3_VERSION);
	struct tls_records *r = tls_conn(p.r->b.conn)->records;

	(void)state;
	pair_echo(&p);
	/* As if so many had gone: the peer must be told so too. */
	assert_int_equal(r->out.seq, 2);
	r->out.seq = UINT64_C(1) << 23;
	assert_true(tls_records_are_worn(r));
	r->out.seq = 2;
	conn_tls_update(tls_conn(p.r->b.conn));
	assert_int_equal(r->out.seq, 0);
	pair_echo(&p);
	pair_close(&p);
}

static void
changes_keys_as_often_as_they_are_worn(void **state)
{
	struct pair p = pair_open(TLS1_3_VERSION);
	struct conn_tls *c = tls_conn(p.r->b.conn);

	(void)state;
	c->tls->worn = 8;
	for (int i = 0; i < 50; i++) {
		pair_echo(&p);
		assert_true(c->records->out.seq <= 8);
	}
	assert_false(c->conn.worn);
	pair_close(&p);
}

/* There is no way to change them: the owner is told, and later stopped. */
static void
sends_no_more_than_keys_of_tls_12_are_good_for(void **state)
{
	struct pair p = pair_open(TLS1_2_VERSION);
	struct conn_tls *c = tls_conn(p.r->b.conn);

	(void)state;
	c->tls->worn = 8;
	while (c->records->out.seq < 16) {
		assert_int_equal(c->conn.worn, c->records->out.seq > 8);
		pair_echo(&p);
	}
	assert_int_equal(send_n(&p.r->b, "more", 4, false), -1);
	assert_int_equal(c->conn.error, EPROTO);
	pair_close(&p);
}

/* Nor where the kernel seals: its records are guessed, not too low. */
static void
counts_records_of_the_kernel(void **state)
{
	static char many[3 * TLS_PLAIN_MOST];
	struct pair p = pair_open(TLS1_3_VERSION);
	struct conn_tls *c = tls_conn(p.r->b.conn);

	(void)state;
	c->tls->worn = c->records->out.seq + 5;
	c->ktls = c->said_goodbye = true;	/* below takes what it gets */
	assert_int_equal(send_n(&p.r->b, many, sizeof(many), false),
	    sizeof(many));
	assert_int_equal(send_n(&p.r->b, many, 1, false), 1);
	assert_false(c->conn.worn);
	assert_int_equal(send_n(&p.r->b, many, 1, false), 1);
	assert_true(c->conn.worn);
	c->records->out.seq = 2 * c->tls->worn;
	assert_int_equal(send_n(&p.r->b, many, 1, false), -1);
	assert_int_equal(c->conn.error, EPROTO);
	pair_close(&p);
}

/* More of them without a byte of data than anybody needs. */
static void
refuses_a_flood_of_key_updates(void **state)
{
	struct pair p = pair_open(TLS1_3_VERSION);
	char got[10];
	ssize_t n = 0;

	(void)state;
	for (int i = 0; i < 40 && n == 0; i++) {
		SSL_key_update(p.w.ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_do_handshake(p.w.ssl);
		raw_pump(p.r, &p.w);
		n = conn_recv(p.r->b.conn, got, sizeof(got));
	}
	assert_int_equal(n, -1);
	assert_int_equal(p.r->b.conn->error, EPROTO);
	pair_close(&p);
}

static void
refuses_to_renegotiate(void **state)
{
	struct pair p = pair_open(TLS1_2_VERSION);
	char got[10];

	(void)state;
	SSL_renegotiate(p.w.ssl);
	SSL_do_handshake(p.w.ssl);
	raw_pump(p.r, &p.w);
	assert_int_equal(conn_recv(p.r->b.conn, got, sizeof(got)), -1);
	assert_int_equal(p.r->b.conn->error, EPROTO);
	assert_non_null(strstr(facts_of(&p.r->b).reason, "renegotiation"));
	pair_close(&p);
}

/* Tickets come behind the handshake, and more of them later. */
static void
reads_over_tickets(void **state)
{
	SSL_CTX *ctx = raw_server("ec");
	struct rig *r = rig();
	struct raw w;
	char got[64];

	(void)state;
	rig_start(r);
	rig_part(r);
	rig_join(r);
	SSL_CTX_set_num_tickets(ctx, 4);
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
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_n(&r->a, "ask", 3, false), 3);
		raw_pump(r, &w);
		assert_int_equal(SSL_read(w.ssl, got, 64), 3);
		assert_int_equal(SSL_write(w.ssl, "answer", 6), 6);
		raw_pump(r, &w);
		assert_int_equal(conn_recv(r->a.conn, got, 64), 6);
		/* Records are ours by now; then OpenSSL sends another. */
		assert_non_null(tls_conn(r->a.conn)->records);
		SSL_new_session_ticket(w.ssl);
		SSL_key_update(w.ssl, SSL_KEY_UPDATE_REQUESTED);
	}
	assert_non_null(r->slot.session);
	r->b.conn = &r->b.pipe->conn;
	raw_close(&w);
	rig_fini(r);
}

static void
holds_no_page_while_idle(void **state)
{
	struct rig *r = rig();

	(void)state;
	rig_shake(r);
	rig_say(r, &r->a, &r->b, "hello");
	rig_say(r, &r->b, &r->a, "hello");
	assert_int_equal(r->tls->pages.nused, 0);
	assert_null(tls_conn(r->a.conn)->ssl);
	assert_null(tls_conn(r->b.conn)->ssl);
	rig_fini(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_much_both_ways),
		cmocka_unit_test(carries_much_through_a_narrow_pipe),
		cmocka_unit_test(carries_much_in_slow_bites),
		cmocka_unit_test(gives_a_record_in_parts),
		cmocka_unit_test(leaves_in_one_send_when_it_fits),
		cmocka_unit_test(holds_a_head_for_its_body),
		cmocka_unit_test(begins_with_small_records),
		cmocka_unit_test(tells_the_last_byte_when_all_has_left),
		cmocka_unit_test(says_goodbye),
		cmocka_unit_test(shuts_down_one_way),
		cmocka_unit_test(shuts_down_behind_what_is_left),
		cmocka_unit_test(notices_a_missing_goodbye),
		cmocka_unit_test(notices_an_end_within_a_record),
		cmocka_unit_test(passes_a_reset_on),
		cmocka_unit_test(fails_to_write_to_who_has_gone),
		cmocka_unit_test(refuses_a_forged_record),
		cmocka_unit_test(speaks_with_openssl),
		cmocka_unit_test(changes_keys_when_asked),
		cmocka_unit_test(changes_keys_that_are_worn),
		cmocka_unit_test(changes_keys_as_often_as_they_are_worn),
		cmocka_unit_test(
		    sends_no_more_than_keys_of_tls_12_are_good_for),
		cmocka_unit_test(counts_records_of_the_kernel),
		cmocka_unit_test(refuses_a_flood_of_key_updates),
		cmocka_unit_test(refuses_to_renegotiate),
		cmocka_unit_test(reads_over_tickets),
		cmocka_unit_test(holds_no_page_while_idle),
	};

	return cmocka_run_group_tests_name("tls_data", tests, NULL, NULL);
}
