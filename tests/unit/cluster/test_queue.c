/*
 * The queue of a pool: order, bounds, and turns that are kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cluster/hash.h"
#include "cluster/pool.h"
#include "cluster/round_robin.h"

struct waiter {
	struct place place;
	int turns;
};

struct bench {
	struct pool pool;
	struct conf_pool conf;
	struct conf_server sconf;
	struct server server;
	struct server *usable[1];
	struct waiter w[4];
};

static void
on_turn(void *owner)
{
	struct waiter *w = owner;

	w->turns++;
}

static void
begin(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	list_init(&b->pool.queue);
	b->conf.max_queue = 3;
	b->pool.conf = &b->conf;
	b->pool.balance = &round_robin_ops;
	b->sconf.max_connections = 1;
	b->server.conf = &b->sconf;
	b->server.active = 1;
	b->server.weight = 1;
	b->usable[0] = &b->server;
	b->pool.usable = b->usable;
	b->pool.nusable = 1;
	for (int i = 0; i < 4; i++)
		place_init(&b->w[i].place, on_turn, &b->w[i]);
}

static void
calls_in_order_as_many_as_there_is_room_for(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	for (int i = 0; i < 3; i++)
		assert_true(queue_join(&b.pool, &b.w[i].place));
	queue_wake(&b.pool);
	assert_int_equal(b.w[0].turns, 0);
	b.server.active = 0;
	queue_wake(&b.pool);
	queue_wake(&b.pool);	/* who was called holds the room */
	assert_int_equal(b.w[0].turns, 1);
	assert_int_equal(b.w[1].turns, 0);
	assert_int_equal(b.pool.count.qcur, 2);
	assert_int_equal(b.pool.count.qmax, 3);
	b.server.active = 1;
	queue_answered(&b.pool, &b.w[0].place);
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_int_equal(b.w[1].turns, 1);
	assert_int_equal(b.w[2].turns, 0);
}

static void
refuses_one_more_than_max_queue(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	for (int i = 0; i < 3; i++)
		assert_true(queue_join(&b.pool, &b.w[i].place));
	assert_false(queue_join(&b.pool, &b.w[3].place));
	queue_leave(&b.pool, &b.w[1].place);
	assert_true(queue_join(&b.pool, &b.w[3].place));
}

static void
gives_the_turn_of_one_that_leaves_to_the_next(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	queue_join(&b.pool, &b.w[0].place);
	queue_join(&b.pool, &b.w[1].place);
	b.server.active = 0;
	queue_wake(&b.pool);
	queue_leave(&b.pool, &b.w[0].place);
	assert_int_equal(b.w[1].turns, 1);
	assert_true(queue_has_precedence(&b.pool));
	queue_answered(&b.pool, &b.w[1].place);
	assert_false(queue_has_precedence(&b.pool));
}

static void
keeps_the_place_of_one_that_found_no_room(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	queue_join(&b.pool, &b.w[0].place);
	queue_join(&b.pool, &b.w[1].place);
	b.server.active = 0;
	queue_wake(&b.pool);
	b.server.active = 1;
	queue_rejoin(&b.pool, &b.w[0].place);
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_int_equal(b.w[0].turns, 2);
	assert_int_equal(b.w[1].turns, 0);
}

static void
calls_all_when_no_server_is_left(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	for (int i = 0; i < 3; i++)
		queue_join(&b.pool, &b.w[i].place);
	b.pool.nusable = 0;
	queue_wake(&b.pool);
	for (int i = 0; i < 3; i++)
		assert_int_equal(b.w[i].turns, 1);
	assert_int_equal(b.pool.count.qcur, 0);
}

static void
leaving_twice_or_never_having_joined_is_no_harm(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	queue_leave(&b.pool, &b.w[0].place);
	queue_join(&b.pool, &b.w[0].place);
	queue_leave(&b.pool, &b.w[0].place);
	queue_leave(&b.pool, &b.w[0].place);
	assert_int_equal(b.pool.nqueue, 0);
	assert_int_equal(b.pool.ncalled, 0);
}

static void
each_waits_for_a_server_of_its_own(void **state)
{
	struct server busy;
	struct bench b;

	(void)state;
	begin(&b);
	busy = b.server;
	b.pool.balance = &hash_ops;
	b.conf.hash.on_full = ON_FULL_QUEUE;
	for (int i = 0; i < 3; i++) {
		assert_true(queue_join(&b.pool, &b.w[i].place));
		b.w[i].place.wanted = i == 0 ? &busy : &b.server;
	}
	assert_false(queue_has_precedence(&b.pool));
	queue_wake(&b.pool);
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_int_equal(b.w[0].turns, 0);
	assert_int_equal(b.w[1].turns, 1);
	assert_int_equal(b.w[2].turns, 0);
	/* It took the room; the next end is the other's. */
	queue_answered(&b.pool, &b.w[1].place);
	b.server.active = 1;
	queue_wake(&b.pool);
	assert_int_equal(b.w[2].turns, 0);
	assert_int_equal(b.w[0].turns, 0);
	/* Who waits for a server that is gone takes what there is. */
	busy.gone = true;
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_int_equal(b.w[0].turns, 1);
	assert_int_equal(b.w[2].turns, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_in_order_as_many_as_there_is_room_for),
		cmocka_unit_test(refuses_one_more_than_max_queue),
		cmocka_unit_test(
		    gives_the_turn_of_one_that_leaves_to_the_next),
		cmocka_unit_test(keeps_the_place_of_one_that_found_no_room),
		cmocka_unit_test(calls_all_when_no_server_is_left),
		cmocka_unit_test(
		    leaving_twice_or_never_having_joined_is_no_harm),
		cmocka_unit_test(each_waits_for_a_server_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
