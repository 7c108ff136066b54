/*
 * test_pipe.c - pipes: bytes through them, their limit, and none to be had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/pipe.h"

#define START SEC(1000)

/* Two sockets whose other ends are ours. */
struct rig {
	struct pipes pipes;
	int from[2], to[2];
};

static void
rig_open(struct rig *r, unsigned limit)
{
	memset(r, 0, sizeof(*r));
	pipes_limit(&r->pipes, limit);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    r->from), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    r->to), 0);
}

static void
rig_close(struct rig *r)
{
	assert_int_equal(r->pipes.nused, 0);
	pipes_fini(&r->pipes);
	assert_int_equal(r->pipes.nfree, 0);
	for (int i = 0; i < 2; i++) {
		close(r->from[i]);
		close(r->to[i]);
	}
}

static unsigned
open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 512; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
carries_bytes_from_one_socket_to_another(void **state)
{
	struct pipe *p;
	struct rig r;
	char text[16] = "";

	(void)state;
	rig_open(&r, 1);
	p = pipes_get(&r.pipes, START);
	assert_non_null(p);
	assert_true(p->size >= PIPE_LEAST && p->size <= PIPE_SIZE);
	assert_int_equal(pipe_fill(p, r.from[1], 100), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(r.from[0], "hello world", 11), 11);
	assert_int_equal(pipe_fill(p, r.from[1], 5), 5);
	assert_int_equal(p->held, 5);
	assert_int_equal(pipe_drain(p, r.to[1], 3, true), 3);
	assert_int_equal(p->held, 2);
	assert_int_equal(pipe_drain(p, r.to[1], 2, false), 2);
	assert_int_equal(p->held, 0);
	assert_int_equal(read(r.to[0], text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	close(r.from[0]);
	assert_int_equal(pipe_fill(p, r.from[1], 100), 6);
	assert_int_equal(pipe_drain(p, r.to[1], 6, false), 6);
	assert_int_equal(pipe_fill(p, r.from[1], 100), 0);
	pipes_put(&r.pipes, &p);
	assert_null(p);
	rig_close(&r);
}

static void
keeps_the_rest_when_the_socket_is_full(void **state)
{
	static char block[32768];
	struct pipe *p;
	struct rig r;
	size_t held;

	(void)state;
	rig_open(&r, 1);
	while (write(r.to[1], block, sizeof(block)) > 0)
		continue;
	p = pipes_get(&r.pipes, START);
	assert_int_equal(write(r.from[0], block, sizeof(block)),
	    sizeof(block));
	held = (size_t)pipe_fill(p, r.from[1], sizeof(block));
	assert_true(held > 0);
	assert_int_equal(pipe_drain(p, r.to[1], held, false), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(p->held, held);
	pipes_put(&r.pipes, &p);
	rig_close(&r);
}

static void
gives_the_last_one_put_first_and_opens_none_anew(void **state)
{
	struct pipe *a, *b, *last;
	struct rig r;
	unsigned n;

	(void)state;
	rig_open(&r, 8);
	a = pipes_get(&r.pipes, START);
	b = last = pipes_get(&r.pipes, START);
	assert_int_equal(r.pipes.nused, 2);
	n = open_descriptors();
	pipes_put(&r.pipes, &a);
	pipes_put(&r.pipes, &b);
	assert_int_equal(r.pipes.nused, 0);
	assert_int_equal(r.pipes.nfree, 2);
	a = pipes_get(&r.pipes, START);
	assert_ptr_equal(a, last);
	assert_int_equal(open_descriptors(), n);
	pipes_put(&r.pipes, &a);
	rig_close(&r);
	assert_int_equal(open_descriptors(), n - 8);
}

/* Whoever came next would get bytes that are not his. */
static void
does_not_keep_one_in_which_bytes_stand(void **state)
{
	struct pipe *p;
	struct rig r;
	unsigned n;

	(void)state;
	rig_open(&r, 1);
	n = open_descriptors();
	p = pipes_get(&r.pipes, START);
	assert_int_equal(open_descriptors(), n + 2);
	assert_int_equal(write(r.from[0], "old", 3), 3);
	assert_int_equal(pipe_fill(p, r.from[1], 100), 3);
	assert_int_equal(pipe_drain(p, r.to[1], 1, false), 1);
	pipes_put(&r.pipes, &p);
	assert_int_equal(r.pipes.nfree, 0);
	assert_int_equal(open_descriptors(), n);
	rig_close(&r);
}

static void
gives_no_more_than_its_limit(void **state)
{
	struct pipe *p[PIPES_KEPT + 3];
	const unsigned most = PIPES_KEPT + 2;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	assert_null(pipes_get(&r.pipes, START));
	pipes_limit(&r.pipes, most);
	for (unsigned i = 0; i < most; i++) {
		p[i] = pipes_get(&r.pipes, START);
		assert_non_null(p[i]);
	}
	assert_null(pipes_get(&r.pipes, START));
	for (unsigned i = 0; i < most; i++)
		pipes_put(&r.pipes, &p[i]);
	assert_int_equal(r.pipes.nfree, PIPES_KEPT);
	pipes_limit(&r.pipes, 1);
	assert_int_equal(r.pipes.nfree, 1);
	p[0] = pipes_get(&r.pipes, START);
	pipes_limit(&r.pipes, 0);
	assert_int_equal(r.pipes.nused, 1);
	pipes_put(&r.pipes, &p[0]);
	assert_int_equal(r.pipes.nfree, 0);
	rig_close(&r);
}

static void
asks_a_kernel_that_gave_none_again_after_a_second(void **state)
{
	struct rlimit was, none;
	struct pipe *p;
	struct rig r;

	(void)state;
	rig_open(&r, 4);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(pipes_get(&r.pipes, START));
	assert_int_equal(r.pipes.nused, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_null(pipes_get(&r.pipes, START + MSEC(999)));
	p = pipes_get(&r.pipes, START + SEC(1));
	assert_non_null(p);
	pipes_put(&r.pipes, &p);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_bytes_from_one_socket_to_another),
		cmocka_unit_test(keeps_the_rest_when_the_socket_is_full),
		cmocka_unit_test(
		    gives_the_last_one_put_first_and_opens_none_anew),
		cmocka_unit_test(does_not_keep_one_in_which_bytes_stand),
		cmocka_unit_test(gives_no_more_than_its_limit),
		cmocka_unit_test(
		    asks_a_kernel_that_gave_none_again_after_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
