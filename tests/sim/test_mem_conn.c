/*
 * test_mem_conn.c - conns in memory keep to the rules of a socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "mem_conn.h"

#define START SEC(1000)

struct rig {
	struct loop *loop;
	struct mem_net net;
	struct mem_server server;
	struct conn *a, *b;
	unsigned told_a, told_b;
};

static void
count(void *owner)
{
	++*(unsigned *)owner;
}

static const struct conn_sink sink = { .on_event = count };

static void
on_accept(void *owner, struct conn *end)
{
	struct rig *r = owner;

	r->b = end;
	conn_sink(end, &sink, &r->told_b);
}

static void
settle(struct rig *r)
{
	loop_advance(r->loop, r->loop->clock.now);
}

static void
rig_pair(struct rig *r, size_t capacity)
{
	memset(r, 0, sizeof(*r));
	r->loop = loop_new_virtual(START);
	mem_pair(r->loop, capacity, &r->a, &r->b);
	conn_sink(r->a, &sink, &r->told_a);
	conn_sink(r->b, &sink, &r->told_b);
}

static void
rig_net(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->loop = loop_new_virtual(START);
	mem_net_init(&r->net);
	mem_server_add(&r->net, &r->server, "10.0.0.1:80", on_accept, r);
}

static void
rig_dial(struct rig *r, const char *text)
{
	struct addr to;

	assert_null(addr_parse(slice_of(text), &to));
	r->a = r->net.dialer.dial(&r->net.dialer, r->loop, &to);
	conn_sink(r->a, &sink, &r->told_a);
	assert_true(addr_eq(&r->a->peer, &to));
}

static void
rig_close(struct rig *r)
{
	conn_close(&r->a, false);
	conn_close(&r->b, false);
	loop_free(&r->loop);
}

static ssize_t
send_text(struct conn *c, const char *text)
{
	struct iovec v = { (void *)(uintptr_t)text, strlen(text) };

	return conn_send(c, &v, 1, false);
}

static void
carries_bytes_both_ways(void **state)
{
	struct rig r;
	char text[8] = "";

	(void)state;
	rig_pair(&r, 0);
	assert_int_equal(send_text(r.a, "ping"), 4);
	assert_int_equal(r.told_b, 0);	/* never from within a call */
	settle(&r);
	assert_int_equal(r.told_b, 1);
	assert_true(r.b->readable);
	assert_int_equal(conn_recv(r.b, text, 2), 2);
	assert_true(r.b->readable);
	assert_int_equal(mem_unread(r.b), 2);
	assert_int_equal(conn_recv(r.b, text + 2, 6), 2);
	assert_false(r.b->readable);
	assert_string_equal(text, "ping");
	assert_int_equal(conn_recv(r.b, text, 6), 0);
	assert_int_equal(send_text(r.b, "pong"), 4);
	settle(&r);
	assert_int_equal(conn_recv(r.a, text, 8), 4);
	assert_int_equal(r.a->bytes_out, 4);
	assert_int_equal(r.a->bytes_in, 4);
	rig_close(&r);
}

static void
bounds_a_pipe_and_tells_of_room(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_pair(&r, 6);
	assert_int_equal(send_text(r.a, "0123456789"), 6);
	assert_false(r.a->writable);
	assert_int_equal(send_text(r.a, "x"), 0);
	settle(&r);
	assert_int_equal(r.told_a, 0);
	assert_int_equal(conn_recv(r.b, text, 4), 4);
	settle(&r);
	assert_int_equal(r.told_a, 1);
	assert_true(r.a->writable);
	assert_int_equal(send_text(r.a, "678"), 3);
	assert_true(r.a->writable);
	assert_int_equal(conn_recv(r.b, text, 8), 5);
	assert_memory_equal(text, "45678", 5);
	settle(&r);
	assert_int_equal(r.told_a, 1);	/* nobody waited for room */
	rig_close(&r);
}

static void
ends_behind_the_last_bytes(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_pair(&r, 0);
	send_text(r.a, "bye");
	conn_shutdown(r.a);
	conn_shutdown(r.a);
	settle(&r);
	assert_int_equal(conn_recv(r.b, text, 8), 3);
	assert_true(r.b->readable);
	assert_int_equal(conn_recv(r.b, text, 8), -1);
	assert_true(r.b->eof);
	assert_int_equal(r.b->error, 0);
	/* The other way is still open. */
	assert_int_equal(send_text(r.b, "ok"), 2);
	assert_int_equal(send_text(r.a, "x"), -1);
	assert_int_equal(r.a->error, EPIPE);
	rig_close(&r);
}

static void
tells_the_peer_of_a_close(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		rig_pair(&r, 0);
		conn_close(&r.a, reset != 0);
		settle(&r);
		assert_int_equal(r.told_a, 0);
		assert_int_equal(r.told_b, 1);
		assert_int_equal(conn_recv(r.b, text, 8), -1);
		assert_int_equal(r.b->error, reset ? ECONNRESET : 0);
		assert_int_equal(r.b->eof, !reset);
		assert_int_equal(send_text(r.b, "x"), -1);
		assert_true(r.b->error != 0);
		rig_close(&r);
	}
}

static void
resets_when_closed_with_bytes_unread(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_pair(&r, 0);
	send_text(r.a, "unread");
	conn_close(&r.b, false);
	settle(&r);
	assert_int_equal(conn_recv(r.a, text, 8), -1);
	assert_int_equal(r.a->error, ECONNRESET);
	rig_close(&r);
}

static void
dials_a_server(void **state)
{
	struct rig r;

	(void)state;
	rig_net(&r);
	rig_dial(&r, "10.0.0.1:80");
	assert_int_equal(r.told_a, 0);
	settle(&r);
	assert_int_equal(r.told_a, 1);
	assert_true(r.a->connected);
	assert_non_null(r.b);
	assert_int_equal(r.server.dials, 1);
	assert_true(addr_eq(conn_local(r.b), &r.server.addr));
	send_text(r.a, "hi");
	settle(&r);
	assert_int_equal(r.told_b, 1);
	rig_close(&r);
}

static void
refuses_a_dial(void **state)
{
	static const struct {
		const char *to;
		int refusal, error;
	} table[] = {
		{ "10.0.0.2:80", 0, ECONNREFUSED },	/* nobody's */
		{ "10.0.0.1:80", ENETUNREACH, ENETUNREACH },
	};
	struct rig r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		rig_net(&r);
		r.server.refusal = table[i].refusal;
		rig_dial(&r, table[i].to);
		assert_int_equal(r.told_a, 0);
		settle(&r);
		assert_int_equal(r.told_a, 1);
		assert_false(r.a->connected);
		assert_int_equal(r.a->error, table[i].error);
		rig_close(&r);
	}
}

static void
leaves_a_dial_hanging_until_answered(void **state)
{
	struct rig r;

	(void)state;
	rig_net(&r);
	r.server.hangs = true;
	rig_dial(&r, "10.0.0.1:80");
	loop_advance(r.loop, START + SEC(60));
	assert_int_equal(r.told_a, 0);
	assert_false(r.a->connected);
	assert_int_equal(r.a->error, 0);
	mem_server_answer(&r.server);
	settle(&r);
	assert_int_equal(r.told_a, 1);
	assert_true(r.a->connected);
	rig_close(&r);
}

static void
forgets_a_hanging_dial_that_was_closed(void **state)
{
	struct rig r;

	(void)state;
	rig_net(&r);
	r.server.hangs = true;
	rig_dial(&r, "10.0.0.1:80");
	conn_close(&r.a, true);
	settle(&r);
	mem_server_answer(&r.server);
	assert_null(r.b);
	rig_close(&r);
}

static void
may_lose_its_server_while_hanging(void **state)
{
	struct rig r;

	(void)state;
	rig_net(&r);
	r.server.hangs = true;
	rig_dial(&r, "10.0.0.1:80");
	mem_server_del(&r.server);
	memset(&r.server, 0xff, sizeof(r.server));
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_bytes_both_ways),
		cmocka_unit_test(bounds_a_pipe_and_tells_of_room),
		cmocka_unit_test(ends_behind_the_last_bytes),
		cmocka_unit_test(tells_the_peer_of_a_close),
		cmocka_unit_test(resets_when_closed_with_bytes_unread),
		cmocka_unit_test(dials_a_server),
		cmocka_unit_test(refuses_a_dial),
		cmocka_unit_test(leaves_a_dial_hanging_until_answered),
		cmocka_unit_test(forgets_a_hanging_dial_that_was_closed),
		cmocka_unit_test(may_lose_its_server_while_hanging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
