/*
 * test_tls_idle.c - what a TLS connection costs that has nothing to do, and
 * what many certificates cost.
 */
#include "tls_rig.h"

#include <malloc.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "net/tls_cert.h"
#include "net/tls_lib.h"

#define MANY 50

/* The sanitizer's malloc does not count. */
static bool
counts(void)
{
	size_t before = mallinfo2().uordblks;
	void *p = malloc(100000);
	bool ok = p != NULL && mallinfo2().uordblks > before;

	free(p);
	return ok;
}

/* Bytes that one side's conns hold: what closing all of them frees. */
static size_t
cost_of(struct rig *r, struct side *sides, size_t other)
{
	size_t before = mallinfo2().uordblks, after;

	for (int i = 0; i < MANY; i++)
		conn_close(&sides[i].conn, true);
	loop_tick(r->loop, 0);
	after = mallinfo2().uordblks;
	return before > after ? (before - after) / MANY - other : 0;
}

static void
measure(enum tls_version version, size_t most)
{
	static struct side a[MANY], b[MANY];
	struct rig r;
	size_t cost;

	rig_init(&r);
	r.c.terms.max = version;
	for (int i = 0; i < MANY; i++) {
		rig_shake(&r);
		rig_say(&r, &r.a, &r.b, "a request");
		rig_say(&r, &r.b, &r.a, "an answer");
		a[i] = r.a;
		b[i] = r.b;
	}
	assert_int_equal(r.tls->pages.nused, 0);
	cost = cost_of(&r, b, 0);
	print_message("# an idle TLS conn of a server: %zu bytes\n", cost);
	assert_in_range(cost, 1, most);
	cost = cost_of(&r, a, 0);
	print_message("# an idle TLS conn of a client: %zu bytes\n", cost);
	assert_in_range(cost, 1, most);
	r.a = a[MANY - 1];
	r.b = b[MANY - 1];
	for (int i = 0; i < MANY - 1; i++) {
		struct rig one = { .loop = r.loop, .a = a[i], .b = b[i] };

		rig_part(&one);
	}
	rig_fini(&r);
}

static void
costs_little_while_idle(void **state)
{
	(void)state;
	if (!counts())
		skip();
	measure(TLS_1_3, 4500);
	measure(TLS_1_2, 4500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_little_while_idle),
	};

	return cmocka_run_group_tests_name("tls_idle", tests, NULL, NULL);
}
