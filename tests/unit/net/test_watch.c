/*
 * test_watch.c - descriptors and signals of somebody else's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <signal.h>
#include <unistd.h>

#include "net/loop.h"

struct seen {
	unsigned what, times;
	struct watch **to_free;
};

static void
on_watch(void *owner, unsigned what)
{
	struct seen *s = owner;

	s->what = what;
	s->times++;
	if (s->to_free != NULL)
		watch_free(s->to_free);
}

/* A tick that does not wait for long. */
static void
tick(struct loop *l)
{
	struct clock c;

	clock_read(&c);
	loop_tick(l, c.now + MSEC(20));
}

static void
tells_again_while_bytes_are_left(void **state)
{
	struct loop *l = loop_new();
	struct seen s = { 0 };
	struct watch *w;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	w = watch_new(l, fds[0], WATCH_READ, on_watch, &s);
	tick(l);
	assert_int_equal(s.times, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	tick(l);
	tick(l);
	assert_int_equal(s.times, 2);
	assert_int_equal(s.what, WATCH_READ);
	watch_free(&w);
	assert_null(w);
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	loop_free(&l);
}

static void
changes_what_it_wants_and_pauses(void **state)
{
	struct loop *l = loop_new();
	struct seen s = { 0 };
	struct watch *w;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	w = watch_new(l, fds[0], WATCH_READ, on_watch, &s);
	watch_want(w, 0);
	tick(l);
	assert_int_equal(s.times, 0);
	watch_want(w, WATCH_WRITE);
	tick(l);
	assert_int_equal(s.times, 1);
	assert_int_equal(s.what, WATCH_WRITE);
	watch_want(w, WATCH_READ | WATCH_WRITE);
	tick(l);
	assert_int_equal(s.what, WATCH_READ | WATCH_WRITE);
	watch_want(w, 0);
	watch_want(w, 0);
	tick(l);
	assert_int_equal(s.times, 2);
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	loop_free(&l);
}

static void
can_be_freed_from_its_own_callback(void **state)
{
	struct loop *l = loop_new();
	struct seen s = { 0 };
	struct watch *w;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	w = watch_new(l, fds[0], WATCH_READ, on_watch, &s);
	s.to_free = &w;
	tick(l);
	tick(l);
	assert_null(w);
	assert_int_equal(s.times, 1);
	close(fds[0]);
	close(fds[1]);
	loop_free(&l);
}

static void
tells_a_signal_by_its_number(void **state)
{
	struct loop *l = loop_new();
	struct seen s = { 0 };
	struct watch *w = watch_new_signal(l, SIGUSR1, on_watch, &s);

	(void)state;
	assert_int_equal(raise(SIGUSR1), 0);
	tick(l);
	assert_int_equal(s.times, 1);
	assert_int_equal(s.what, SIGUSR1);
	assert_int_equal(raise(SIGUSR1), 0);
	tick(l);
	assert_int_equal(s.times, 2);
	watch_free(&w);
	loop_free(&l);
}

static void
is_inert_on_a_virtual_loop(void **state)
{
	struct loop *l = loop_new_virtual(SEC(1));
	struct seen s = { 0 };
	struct watch *w;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	w = watch_new(l, fds[0], WATCH_WRITE, on_watch, &s);
	loop_tick(l, 0);
	watch_want(w, WATCH_READ);
	watch_want(w, 0);
	assert_int_equal(s.times, 0);
	watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	loop_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_again_while_bytes_are_left),
		cmocka_unit_test(changes_what_it_wants_and_pauses),
		cmocka_unit_test(can_be_freed_from_its_own_callback),
		cmocka_unit_test(tells_a_signal_by_its_number),
		cmocka_unit_test(is_inert_on_a_virtual_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
