/*
 * test_conn_proxied.c - a conn that begins with a PROXY header, over a conn in
 * memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "net/conn_proxied.h"

#define LINE "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
#define GET "GET / HTTP/1.1\r\n\r\n"

/* The conn below, and who owns the one above. */
struct rig {
	struct loop *loop;
	struct conn below, *conn;
	struct addr peer;
	struct slice in;	/* not yet read */
	size_t most;		/* of it a read gives */
	bool in_eof;
	char out[512];
	size_t nout, room;
	bool shut, closed, reset;
	unsigned told;
};

static struct rig *
rig_of(struct conn *c)
{
	return list_entry(c, struct rig, below);
}

static ssize_t
below_recv(struct conn *c, void *p, size_t n)
{
	struct rig *r = rig_of(c);
	size_t have = r->in.n < r->most ? r->in.n : r->most;

	if (r->in.n == 0) {
		c->readable = false;
		c->eof = r->in_eof;
		return r->in_eof ? -1 : 0;
	}
	if (have > n)
		have = n;
	memcpy(p, r->in.p, have);
	r->in = slice_skip(r->in, have);
	c->readable = r->in.n > 0 || r->in_eof;
	return (ssize_t)have;
}

static ssize_t
below_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	struct rig *r = rig_of(c);
	size_t part = v[0].iov_len < r->room ? v[0].iov_len : r->room;

	assert_int_equal(n, 1);
	(void)more;
	memcpy(r->out + r->nout, v[0].iov_base, part);
	r->nout += part;
	r->room -= part;
	c->writable = part == v[0].iov_len;
	return (ssize_t)part;
}

static void
below_shutdown(struct conn *c)
{
	rig_of(c)->shut = true;
}

static void
below_local(struct conn *c, struct addr *out)
{
	(void)c;
	assert_null(addr_parse(SLICE("10.0.0.9:80"), out));
}

static void
below_close(struct conn *c, bool reset)
{
	rig_of(c)->closed = true;
	rig_of(c)->reset = reset;
}

static const struct conn_ops below_ops = {
	.recv = below_recv,
	.send = below_send,
	.shutdown = below_shutdown,
	.local = below_local,
	.close = below_close,
};

static void
on_event(void *owner)
{
	((struct rig *)owner)->told++;
}

static const struct conn_sink sink = { .on_event = on_event };

static void
rig_open(struct rig *r)
{
	*r = (struct rig){ .below.ops = &below_ops, .most = SIZE_MAX,
	    .room = sizeof(r->out) };
	r->loop = loop_new_virtual(SEC(1));
	assert_null(addr_parse(SLICE("10.0.0.1:1234"), &r->peer));
	r->below.loop = r->loop;
	r->below.peer = &r->peer;
}

static void
rig_hear(struct rig *r)
{
	rig_open(r);
	r->below.connected = r->below.writable = true;
	r->conn = conn_proxied_heard(&r->below);
	conn_sink(r->conn, &sink, r);
}

/* Told once: the conn below has something new. */
static void
happen(struct rig *r)
{
	r->below.sink->on_event(r->below.owner);
	loop_tick(r->loop, 0);
}

static void
arrive(struct rig *r, struct slice bytes)
{
	r->in = bytes;
	r->below.readable = true;
	happen(r);
}

static void
rig_close(struct rig *r)
{
	conn_close(&r->conn, true);
	assert_true(r->closed && r->reset);
	loop_tick(r->loop, 0);
	assert_int_equal(r->loop->pages.nused, 0);
	loop_free(&r->loop);
}

static void
assert_addresses(struct rig *r, const char *peer, const char *local)
{
	char text[ADDR_TEXT];
	struct addr a;

	addr_print(r->conn->peer, text);
	assert_string_equal(text, peer);
	conn_local(r->conn, &a);
	addr_print(&a, text);
	assert_string_equal(text, local);
}

static void
assert_reads(struct rig *r, const char *text, size_t piece)
{
	char got[64];
	size_t n = 0;
	ssize_t k;

	while (r->conn->readable && n < strlen(text)) {
		k = conn_recv(r->conn, got + n, piece);
		assert_true(k >= 0 && (size_t)k <= piece);
		n += (size_t)k;
	}
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static void
takes_the_addresses_and_hands_up_what_follows(void **state)
{
	struct rig r;
	char c;

	(void)state;
	rig_hear(&r);
	assert_false(r.conn->connected);
	assert_true(r.conn->writable);
	assert_addresses(&r, "10.0.0.1:1234", "10.0.0.9:80");
	arrive(&r, SLICE(LINE GET));
	assert_int_equal(r.told, 1);
	assert_true(r.conn->connected && r.conn->readable);
	assert_null(r.conn->why);
	assert_addresses(&r, "192.0.2.1:56324", "198.51.100.2:443");
	assert_reads(&r, GET, 5);
	assert_false(r.conn->readable);
	assert_int_equal(r.loop->pages.nused, 0);
	assert_int_equal(conn_recv(r.conn, &c, 1), 0);
	arrive(&r, SLICE("more"));
	assert_int_equal(r.told, 2);
	assert_reads(&r, "more", 64);
	rig_close(&r);
}

static void
reads_a_header_that_comes_in_two_pieces(void **state)
{
	static const char all[] = LINE GET;
	struct rig r;

	(void)state;
	for (size_t i = 1; i < sizeof(LINE) - 1; i++) {
		rig_hear(&r);
		arrive(&r, slice_make(all, i));
		assert_false(r.conn->connected);
		assert_int_equal(r.told, 0);
		arrive(&r, slice_make(all + i, sizeof(all) - 1 - i));
		assert_int_equal(r.told, 1);
		assert_true(r.conn->connected);
		assert_reads(&r, GET, 64);
		rig_close(&r);
	}
}

static void
reads_byte_by_byte_what_is_there_at_once(void **state)
{
	struct rig r;

	(void)state;
	rig_hear(&r);
	r.most = 1;
	arrive(&r, SLICE(LINE GET));
	assert_int_equal(r.told, 1);
	assert_true(r.conn->connected && r.conn->readable);
	assert_reads(&r, GET, 64);
	rig_close(&r);
}

static void
keeps_its_own_addresses_when_no_client_is_named(void **state)
{
	static const struct slice table[] = {
		{ "PROXY UNKNOWN\r\nx", 16 },
		{ "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0x", 17 },
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		rig_hear(&r);
		arrive(&r, table[i]);
		assert_true(r.conn->connected);
		assert_addresses(&r, "10.0.0.1:1234", "10.0.0.9:80");
		assert_reads(&r, "x", 64);
		rig_close(&r);
	}
}

static void
knows_a_unix_client_without_its_path(void **state)
{
	char in[16 + 216] = "\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8/run/\"a\n";
	struct rig r;

	(void)state;
	rig_hear(&r);
	arrive(&r, slice_make(in, sizeof(in)));
	assert_true(r.conn->connected);
	assert_addresses(&r, "unix:", "unix:");
	rig_close(&r);
}

static void
ends_on_what_is_no_header(void **state)
{
	struct rig r;

	(void)state;
	rig_hear(&r);
	arrive(&r, SLICE("GET / HTTP/1.1\r\n"));
	assert_int_equal(r.told, 1);
	assert_false(r.conn->connected);
	assert_int_equal(r.conn->error, EPROTO);
	assert_string_equal(r.conn->why,
	    "it did not begin with a PROXY header");
	rig_close(&r);
}

static void
says_who_left_within_the_header_but_not_who_only_looked(void **state)
{
	struct rig r;

	(void)state;
	for (int said = 0; said < 2; said++) {
		rig_hear(&r);
		assert_non_null(r.conn->why);	/* until something is known */
		r.in_eof = true;
		arrive(&r, slice_make("PROXY ", said ? 6 : 0));
		assert_int_equal(r.told, 1);
		assert_int_equal(r.conn->error, ECONNRESET);
		assert_int_equal(r.conn->why != NULL, said);
		rig_close(&r);
	}
}

static void
tells_an_end_behind_the_header(void **state)
{
	struct rig r;
	char c;

	(void)state;
	rig_hear(&r);
	r.in_eof = true;
	arrive(&r, SLICE(LINE "x"));
	assert_true(r.conn->connected);
	assert_reads(&r, "x", 64);
	assert_true(r.conn->readable);
	assert_int_equal(conn_recv(r.conn, &c, 1), -1);
	assert_true(r.conn->eof);
	rig_close(&r);
}

/* --- said */

static void
rig_say(struct rig *r, bool connected)
{
	struct proxy_header h = { 0 };

	rig_open(r);
	assert_null(addr_parse(SLICE("192.0.2.1:56324"), &h.source));
	assert_null(addr_parse(SLICE("198.51.100.2:443"), &h.target));
	r->below.connected = r->below.writable = connected;
	r->conn = conn_proxied_said(&r->below, PROXY_V1, &h);
	conn_sink(r->conn, &sink, r);
}

static void
says_the_header_once_it_is_connected(void **state)
{
	struct iovec v = { (void *)(uintptr_t)"GET", 3 };
	struct rig r;

	(void)state;
	rig_say(&r, false);
	happen(&r);
	assert_int_equal(r.told, 0);
	r.below.connected = r.below.writable = true;
	happen(&r);
	assert_int_equal(r.told, 1);
	assert_true(r.conn->connected && r.conn->writable);
	assert_int_equal(conn_send(r.conn, &v, 1, false), 3);
	assert_int_equal(r.nout, strlen(LINE "GET"));
	assert_memory_equal(r.out, LINE "GET", r.nout);
	assert_addresses(&r, "10.0.0.1:1234", "10.0.0.9:80");
	conn_shutdown(r.conn);
	assert_true(r.shut);
	rig_close(&r);
}

static void
says_the_header_at_once_when_it_can(void **state)
{
	struct rig r;

	(void)state;
	rig_say(&r, true);
	assert_true(r.conn->connected);
	assert_int_equal(r.nout, strlen(LINE));
	rig_close(&r);
}

static void
says_the_header_in_pieces(void **state)
{
	struct rig r;

	(void)state;
	rig_say(&r, false);
	r.room = 0;
	r.below.connected = true;
	for (size_t i = 0; i < strlen(LINE); i++) {
		happen(&r);
		assert_int_equal(r.told, 0);
		assert_false(r.conn->connected);
		r.room = 1;
		r.below.writable = true;
	}
	happen(&r);
	assert_int_equal(r.told, 1);
	assert_true(r.conn->connected);
	assert_memory_equal(r.out, LINE, r.nout);
	rig_close(&r);
}

static void
tells_that_it_could_not_connect(void **state)
{
	struct rig r;

	(void)state;
	rig_say(&r, false);
	r.below.error = ECONNREFUSED;
	happen(&r);
	assert_int_equal(r.told, 1);
	assert_int_equal(r.conn->error, ECONNREFUSED);
	assert_false(r.conn->connected);
	rig_close(&r);
}

/* As a dialled conn does, whose owner is not there yet. */
static void
tells_later_what_went_wrong_at_once(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	r.below.connected = r.below.readable = true;
	r.in = SLICE("x");
	r.conn = conn_proxied_heard(&r.below);
	conn_sink(r.conn, &sink, &r);
	assert_int_equal(r.told, 0);
	loop_tick(r.loop, 0);
	assert_int_equal(r.told, 1);
	assert_int_equal(r.conn->error, EPROTO);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    takes_the_addresses_and_hands_up_what_follows),
		cmocka_unit_test(reads_a_header_that_comes_in_two_pieces),
		cmocka_unit_test(reads_byte_by_byte_what_is_there_at_once),
		cmocka_unit_test(
		    keeps_its_own_addresses_when_no_client_is_named),
		cmocka_unit_test(knows_a_unix_client_without_its_path),
		cmocka_unit_test(ends_on_what_is_no_header),
		cmocka_unit_test(
		    says_who_left_within_the_header_but_not_who_only_looked),
		cmocka_unit_test(tells_an_end_behind_the_header),
		cmocka_unit_test(says_the_header_once_it_is_connected),
		cmocka_unit_test(says_the_header_at_once_when_it_can),
		cmocka_unit_test(says_the_header_in_pieces),
		cmocka_unit_test(tells_that_it_could_not_connect),
		cmocka_unit_test(tells_later_what_went_wrong_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
