/*
 * test_conn.c - what all conns share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"

static void
note_close(struct conn *c, bool reset)
{
	assert_true(c->closed);
	assert_null(c->sink);
	c->error = reset ? 2 : 1;
}

static void
closes_by_its_operations_and_forgets_its_owner(void **state)
{
	static const struct conn_ops ops = { .close = note_close };
	struct conn conn = { .ops = &ops }, *c;

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		c = &conn;
		conn.closed = false;
		conn_close(&c, reset != 0);
		assert_null(c);
		assert_int_equal(conn.error, reset ? 2 : 1);
	}
}

static void
closes_nothing_when_there_is_none(void **state)
{
	struct conn *c = NULL;

	(void)state;
	conn_close(&c, true);
	assert_null(c);
}

static void
dials_sockets(void **state)
{
	struct dialer d = dialer_sockets;
	struct loop *l = loop_new();
	struct addr to;
	struct conn *c;

	(void)state;
	assert_null(addr_parse(SLICE("unix:/nowhere/at/all"), &to));
	c = d.dial(&d, l, &to);
	assert_true(addr_eq(c->peer, &to));
	assert_true(c->error != 0);
	conn_close(&c, false);
	loop_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_by_its_operations_and_forgets_its_owner),
		cmocka_unit_test(closes_nothing_when_there_is_none),
		cmocka_unit_test(dials_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
