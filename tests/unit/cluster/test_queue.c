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
	struct server server, other;
	struct server *usable[2];
	struct waiter w[4];
};

static void
on_turn(void *owner)
{
	struct waiter *w = owner;

	w->turns++;
}

static void
add_server(struct bench *b, struct server *s, uint32_t active)
{
	s->pool = &b->pool;
	s->conf = &b->sconf;
	s->most = 1;
	s->active = active;
	s->weight = 1;
	list_init(&s->queue);
	list_add_tail(&b->pool.servers, &s->node);
	b->usable[b->pool.nusable++] = s;
}

/* One server, full. */
static void
begin(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	list_init(&b->pool.queue);
	list_init(&b->pool.servers);
	b->conf.max_queue = 3;
	b->pool.conf = &b->conf;
	b->pool.balance = &round_robin_ops;
	b->pool.usable = b->usable;
	add_server(b, &b->server, 1);
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
		assert_true(queue_join(&b.pool, &b.w[i].place, NULL));
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
		assert_true(queue_join(&b.pool, &b.w[i].place, NULL));
	assert_false(queue_join(&b.pool, &b.w[3].place, NULL));
	queue_leave(&b.pool, &b.w[1].place);
	assert_true(queue_join(&b.pool, &b.w[3].place, NULL));
}

static void
gives_the_turn_of_one_that_leaves_to_the_next(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	queue_join(&b.pool, &b.w[0].place, NULL);
	queue_join(&b.pool, &b.w[1].place, NULL);
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
	queue_join(&b.pool, &b.w[0].place, NULL);
	queue_join(&b.pool, &b.w[1].place, NULL);
	b.server.active = 0;
	queue_wake(&b.pool);
	b.server.active = 1;
	queue_rejoin(&b.pool, &b.w[0].place, NULL);
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
		queue_join(&b.pool, &b.w[i].place, NULL);
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
	queue_join(&b.pool, &b.w[0].place, NULL);
	queue_leave(&b.pool, &b.w[0].place);
	queue_leave(&b.pool, &b.w[0].place);
	assert_int_equal(b.pool.nqueue, 0);
	assert_int_equal(b.pool.ncalled, 0);
}

/* Two of them, full, and whose queues are kept apart. */
static void
begin_by_server(struct bench *b)
{
	begin(b);
	b->pool.balance = &hash_ops;
	b->conf.hash.on_full = ON_FULL_QUEUE;
	add_server(b, &b->other, 1);
}

static void
assert_turns(const struct bench *b, int t0, int t1, int t2)
{
	assert_int_equal(b->w[0].turns, t0);
	assert_int_equal(b->w[1].turns, t1);
	assert_int_equal(b->w[2].turns, t2);
}

static void
calls_who_joins_while_room_is_promised_to_fewer(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	b.server.most = 2;
	b.server.active = 2;
	queue_join(&b.pool, &b.w[0].place, NULL);
	b.server.active = 1;
	queue_room(&b.server);
	b.server.active = 0;
	queue_room(&b.server);
	/* It must wait behind the first, but not for a request to end. */
	assert_true(queue_has_precedence(&b.pool));
	queue_join(&b.pool, &b.w[1].place, NULL);
	queue_join(&b.pool, &b.w[2].place, NULL);
	assert_turns(&b, 1, 1, 0);
}

static void
those_who_found_no_room_stand_in_their_old_order(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	b.server.most = 2;
	for (int i = 0; i < 3; i++)
		queue_join(&b.pool, &b.w[i].place, NULL);
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_turns(&b, 1, 1, 0);
	b.server.active = 2;
	queue_rejoin(&b.pool, &b.w[0].place, NULL);
	queue_rejoin(&b.pool, &b.w[1].place, NULL);
	b.server.active = 1;
	queue_room(&b.server);
	assert_turns(&b, 2, 1, 0);
}

static void
the_end_of_a_request_calls_one(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	for (int i = 0; i < 3; i++)
		queue_join(&b.pool, &b.w[i].place, NULL);
	b.server.admin = SERVER_DRAIN;
	b.server.active = 0;
	queue_room(&b.server);
	assert_turns(&b, 0, 0, 0);
	b.server.admin = SERVER_READY;
	b.server.active = 1;	/* had more than it may have now */
	queue_room(&b.server);
	assert_turns(&b, 0, 0, 0);
	b.server.active = 0;
	queue_room(&b.server);
	assert_turns(&b, 1, 0, 0);
}

static void
each_waits_for_a_server_of_its_own(void **state)
{
	struct bench b;

	(void)state;
	begin_by_server(&b);
	for (int i = 0; i < 3; i++)
		assert_true(queue_join(&b.pool, &b.w[i].place,
		    i == 0 ? &b.other : &b.server));
	assert_false(queue_has_precedence(&b.pool));
	queue_wake(&b.pool);
	b.server.active = 0;
	queue_room(&b.server);
	assert_turns(&b, 0, 1, 0);
	/* It took the room; the next end is the other's. */
	b.server.active = 1;
	queue_answered(&b.pool, &b.w[1].place);
	queue_wake(&b.pool);
	assert_turns(&b, 0, 1, 0);
	/* Who waits for a server that is gone takes what there is. */
	b.other.gone = true;
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_turns(&b, 0, 1, 1);
	queue_leave(&b.pool, &b.w[2].place);
	assert_turns(&b, 1, 1, 1);
}

static void
room_of_a_server_is_promised_once(void **state)
{
	struct bench b;

	(void)state;
	begin_by_server(&b);
	for (int i = 0; i < 3; i++)
		queue_join(&b.pool, &b.w[i].place, &b.server);
	assert_true(queue_has_claimed(&b.server));
	b.server.active = 0;
	for (int i = 0; i < 3; i++)
		queue_wake(&b.pool);
	assert_turns(&b, 1, 0, 0);
	assert_true(queue_has_claimed(&b.server));
	/* Its key may be another's meanwhile: the room is for the next. */
	queue_answered(&b.pool, &b.w[0].place);
	assert_turns(&b, 1, 1, 0);
}

static void
all_room_of_a_server_is_used_at_once(void **state)
{
	struct bench b;

	(void)state;
	begin_by_server(&b);
	for (int i = 0; i < 3; i++)
		queue_join(&b.pool, &b.w[i].place, &b.server);
	b.server.most = 3;
	queue_wake(&b.pool);
	assert_turns(&b, 1, 1, 0);
}

static void
who_turns_to_another_server_passes_its_turn_on(void **state)
{
	struct bench b;

	(void)state;
	begin_by_server(&b);
	queue_join(&b.pool, &b.w[0].place, &b.other);
	queue_join(&b.pool, &b.w[1].place, &b.other);
	b.other.admin = SERVER_MAINT;
	b.pool.nusable = 1;
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_turns(&b, 1, 0, 0);
	b.other.admin = SERVER_READY;
	b.pool.nusable = 2;
	queue_rejoin(&b.pool, &b.w[0].place, &b.other);
	assert_turns(&b, 1, 1, 0);
}

static void
a_server_that_goes_is_kept_for_who_was_called(void **state)
{
	struct bench b;

	(void)state;
	begin_by_server(&b);
	queue_join(&b.pool, &b.w[0].place, &b.server);
	queue_join(&b.pool, &b.w[1].place, &b.server);
	b.server.active = 0;
	queue_wake(&b.pool);
	assert_int_equal(b.server.ncalled, 1);
	queue_forget(&b.server);
	assert_null(b.w[1].place.wanted);
	assert_int_equal(b.server.ncalled, 1);
	queue_leave(&b.pool, &b.w[0].place);
	assert_int_equal(b.server.ncalled, 0);
	assert_turns(&b, 1, 1, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_in_order_as_many_as_there_is_room_for),
		cmocka_unit_test(refuses_one_more_than_max_queue),
		cmocka_unit_test(gives_the_turn_of_one_that_leaves_to_the_next),
		cmocka_unit_test(keeps_the_place_of_one_that_found_no_room),
		cmocka_unit_test(calls_all_when_no_server_is_left),
		cmocka_unit_test(
		    leaving_twice_or_never_having_joined_is_no_harm),
		cmocka_unit_test(
		    calls_who_joins_while_room_is_promised_to_fewer),
		cmocka_unit_test(
		    those_who_found_no_room_stand_in_their_old_order),
		cmocka_unit_test(the_end_of_a_request_calls_one),
		cmocka_unit_test(each_waits_for_a_server_of_its_own),
		cmocka_unit_test(room_of_a_server_is_promised_once),
		cmocka_unit_test(all_room_of_a_server_is_used_at_once),
		cmocka_unit_test(
		    who_turns_to_another_server_passes_its_turn_on),
		cmocka_unit_test(a_server_that_goes_is_kept_for_who_was_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
