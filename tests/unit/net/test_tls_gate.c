/*
 * test_tls_gate.c - handshakes in turn, so that they starve nobody.
 */
#include "tls_rig.h"

#include "net/tls_gate.h"

#define CLIENTS 6

/* Several clients at once. */
struct crowd {
	struct rig r;
	struct side a[CLIENTS], b[CLIENTS];
};

static void
crowd_init(struct crowd *c, unsigned most, int64_t budget)
{
	rig_init(&c->r);
	c->r.gate = tls_gate_new(c->r.loop, most, budget);
	for (int i = 0; i < CLIENTS; i++) {
		rig_join(&c->r);
		rig_tls(&c->r);
		c->a[i] = c->r.a;
		c->b[i] = c->r.b;
		conn_sink(c->a[i].conn, c->a[i].conn->sink, &c->a[i]);
		conn_sink(c->b[i].conn, c->b[i].conn->sink, &c->b[i]);
	}
}

static void
crowd_fini(struct crowd *c)
{
	for (int i = 0; i < CLIENTS; i++) {
		c->r.a = c->a[i];
		c->r.b = c->b[i];
		rig_part(&c->r);
	}
	rig_fini(&c->r);
}

static struct tls_gate_count
count(struct crowd *c)
{
	struct tls_gate_count n;

	tls_gate_count(c->r.gate, &n);
	return n;
}

static unsigned
connected(const struct crowd *c)
{
	unsigned n = 0;

	for (int i = 0; i < CLIENTS; i++)
		n += c->b[i].conn->connected;
	return n;
}

static void
lets_all_through_in_the_end(void **state)
{
	static const struct {
		unsigned most;
		int64_t budget;
	} table[] = { { 100, SEC(10) }, { 1, SEC(10) }, { 100, 0 }, { 1, 0 },
	    { 2, 100 } };
	struct crowd c;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		crowd_init(&c, table[i].most, table[i].budget);
		for (int k = 0; k < 30; k++)
			loop_advance(c.r.loop, c.r.loop->clock.now + MSEC(15));
		assert_int_equal(connected(&c), CLIENTS);
		assert_int_equal(count(&c).begun, CLIENTS);
		assert_int_equal(count(&c).done, CLIENTS);
		assert_int_equal(count(&c).failed, 0);
		assert_int_equal(count(&c).shed, 0);
		assert_int_equal(count(&c).active, 0);
		assert_int_equal(count(&c).waiting, 0);
		if (table[i].most == 100 && table[i].budget > 0)
			assert_int_equal(count(&c).delayed, 0);
		else
			assert_true(count(&c).delayed > 0);
		crowd_fini(&c);
	}
}

static void
takes_one_step_a_tick_without_a_budget(void **state)
{
	struct crowd c;
	uint64_t begun;

	(void)state;
	crowd_init(&c, 100, 0);
	for (int i = 0; i < CLIENTS; i++) {
		begun = count(&c).begun;
		loop_tick(c.r.loop, 0);
		assert_true(count(&c).begun <= begun + 1);
	}
	/* The hellos of all have come in the first of these. */
	assert_int_equal(count(&c).begun, CLIENTS);
	crowd_fini(&c);
}

static void
gives_silent_clients_no_slot(void **state)
{
	struct crowd c;

	(void)state;
	crowd_init(&c, 1, SEC(1));
	for (int i = 0; i < CLIENTS - 1; i++) {
		/* A client that is connected and says nothing. */
		conn_close(&c.a[i].conn, false);
		c.b[i].pipe->fin = false;
	}
	for (int k = 0; k < 4; k++)
		loop_advance(c.r.loop, c.r.loop->clock.now + MSEC(15));
	assert_int_equal(connected(&c), 1);
	assert_int_equal(count(&c).active, 0);
	assert_int_equal(count(&c).delayed, 0);
	crowd_fini(&c);
}

/* Clients that have said hello, and no more. */
static void
fall_silent(struct crowd *c, int from, int to)
{
	for (int i = from; i < to; i++)
		c->a[i].pipe->room = 0;
	rig_settle(&c->r);
}

static void
ends_the_oldest_that_is_silent(void **state)
{
	struct crowd c;

	(void)state;
	crowd_init(&c, 2, SEC(1));
	/* The hellos go; what would follow does not. */
	for (int i = 0; i < CLIENTS; i++)
		c.b[i].pipe->room = 10;
	rig_settle(&c.r);
	fall_silent(&c, 0, CLIENTS);
	assert_int_equal(count(&c).active, 2);
	assert_int_equal(count(&c).waiting, CLIENTS - 2);
	assert_int_equal(connected(&c), 0);
	/* Young ones are left alone. */
	loop_advance(c.r.loop, c.r.loop->clock.now + MSEC(900));
	assert_int_equal(count(&c).shed, 0);
	loop_advance(c.r.loop, c.r.loop->clock.now + MSEC(200));
	assert_int_equal(count(&c).shed, 2);
	assert_fails(&c.b[0], TLS_SHED, "too many handshakes");
	assert_fails(&c.b[1], TLS_SHED, "too many handshakes");
	assert_int_equal(c.b[2].conn->error, 0);
	assert_int_equal(count(&c).active, 2);
	assert_int_equal(count(&c).waiting, CLIENTS - 4);
	crowd_fini(&c);
}

static void
passes_a_slot_on_when_one_leaves(void **state)
{
	struct crowd c;

	(void)state;
	crowd_init(&c, 1, SEC(1));
	for (int i = 0; i < CLIENTS; i++)
		c.b[i].pipe->room = 10;
	rig_settle(&c.r);
	assert_int_equal(count(&c).waiting, CLIENTS - 1);
	/* One that waits goes; then the one that has the slot. */
	conn_close(&c.b[1].conn, true);
	assert_int_equal(count(&c).waiting, CLIENTS - 2);
	conn_close(&c.b[0].conn, true);
	rig_settle(&c.r);
	assert_int_equal(count(&c).active, 1);
	assert_int_equal(count(&c).waiting, CLIENTS - 3);
	assert_int_equal(count(&c).failed, 1);
	assert_int_equal(count(&c).begun, 2);
	crowd_fini(&c);
}

static void
can_be_widened_while_it_runs(void **state)
{
	struct crowd c;

	(void)state;
	crowd_init(&c, 1, SEC(1));
	for (int i = 0; i < CLIENTS; i++)
		c.b[i].pipe->room = 10;
	rig_settle(&c.r);
	assert_int_equal(count(&c).active, 1);
	tls_gate_set(c.r.gate, 4, SEC(1));
	rig_settle(&c.r);
	assert_int_equal(count(&c).active, 4);
	crowd_fini(&c);
}

/* Connections that stand are served between the steps of a flood. */
static void
lets_data_pass_between_steps(void **state)
{
	struct iovec v = { (char[]){ "data" }, 4 };
	struct side a, b;
	struct crowd c;
	struct rig *r = &c.r;
	char got[10];

	(void)state;
	crowd_init(&c, 100, 0);
	for (int k = 0; k < 30; k++)
		loop_advance(r->loop, r->loop->clock.now + MSEC(15));
	a = c.a[0];
	b = c.b[0];
	for (int i = 1; i < CLIENTS; i++) {
		r->a = c.a[i];
		r->b = c.b[i];
		rig_part(r);
	}
	for (int i = 1; i < CLIENTS; i++) {
		rig_join(r);
		rig_tls(r);
		c.a[i] = r->a;
		c.b[i] = r->b;
	}
	assert_int_equal(conn_recv(a.conn, got, sizeof(got)), 0);
	assert_int_equal(conn_send(a.conn, &v, 1, false), 4);
	loop_tick(r->loop, 0);
	assert_true(b.conn->readable);
	assert_int_equal(conn_recv(b.conn, got, sizeof(got)), 4);
	assert_true(count(&c).waiting > 0);
	crowd_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_all_through_in_the_end),
		cmocka_unit_test(takes_one_step_a_tick_without_a_budget),
		cmocka_unit_test(gives_silent_clients_no_slot),
		cmocka_unit_test(ends_the_oldest_that_is_silent),
		cmocka_unit_test(passes_a_slot_on_when_one_leaves),
		cmocka_unit_test(can_be_widened_while_it_runs),
		cmocka_unit_test(lets_data_pass_between_steps),
	};

	return cmocka_run_group_tests_name("tls_gate", tests, NULL, NULL);
}
