/*
 * test_acceptor.c - listening sockets: what they bind, take and survive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/acceptor.h"

#define CLIENTS 100

struct rig {
	struct loop *loop;
	struct acceptor *acceptor;
	struct addr addr;
	int got[CLIENTS];
	unsigned ngot, most_in_a_tick, errors;
	int error;
	struct addr peer;
	char folder[32];
};

static void
on_accept(void *owner, int fd, const struct addr *peer)
{
	struct rig *r = owner;

	assert_true(r->ngot < CLIENTS);
	r->got[r->ngot++] = fd;
	r->peer = *peer;
}

static void
on_error(void *owner, int error)
{
	struct rig *r = owner;

	r->errors++;
	r->error = error;
}

static const struct acceptor_sink sink = {
	.on_accept = on_accept,
	.on_error = on_error,
};

static void
tick(struct rig *r)
{
	unsigned before = r->ngot;
	struct clock c;

	clock_read(&c);
	loop_tick(r->loop, c.now + MSEC(10));
	if (r->ngot - before > r->most_in_a_tick)
		r->most_in_a_tick = r->ngot - before;
}

static void
tick_until(struct rig *r, unsigned ngot)
{
	for (int i = 0; i < 1000 && r->ngot < ngot; i++)
		tick(r);
	assert_int_equal(r->ngot, ngot);
}

/* Binds a free port: 0 is not for the configuration, but for us. */
static int
listen_anywhere(struct addr *a, const char *text)
{
	int fd;

	assert_null(addr_parse(slice_of(text), a));
	a->in.sin_port = 0;	/* in6.sin6_port stands at the same place */
	fd = acceptor_listen(a, 256, 0600);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, &a->sa, &a->len), 0);
	return fd;
}

static void
rig_open(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->loop = loop_new();
	r->acceptor = acceptor_new(r->loop,
	    listen_anywhere(&r->addr, "127.0.0.1:1"), &sink, r);
}

static void
rig_close(struct rig *r)
{
	for (unsigned i = 0; i < r->ngot; i++)
		close(r->got[i]);
	assert_int_equal(acceptor_free(&r->acceptor, false), -1);
	assert_null(r->acceptor);
	loop_free(&r->loop);
}

static int
reach(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	if (connect(fd, &a->sa, a->len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
takes_a_client_ready_for_use(void **state)
{
	struct rig r;
	struct addr local = { .len = sizeof(local.un) };
	int fd, on = 0;

	(void)state;
	rig_open(&r);
	fd = reach(&r.addr);
	assert_true(fd >= 0);
	tick_until(&r, 1);
	assert_true(fcntl(r.got[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(r.got[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(r.got[0], IPPROTO_TCP, TCP_NODELAY, &on,
	    &(socklen_t){ sizeof(on) }), 0);
	assert_int_equal(on, 1);
	assert_int_equal(getsockname(fd, &local.sa, &local.len), 0);
	assert_true(addr_eq(&r.peer, &local));
	close(fd);
	rig_close(&r);
}

static void
takes_a_bounded_batch_in_one_event(void **state)
{
	struct rig r;
	int fds[CLIENTS];

	(void)state;
	rig_open(&r);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = reach(&r.addr);
	tick_until(&r, CLIENTS);
	assert_int_equal(r.most_in_a_tick, ACCEPT_BATCH);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	rig_close(&r);
}

static void
pauses_and_resumes(void **state)
{
	struct rig r;
	struct clock before, end;
	int fd;

	(void)state;
	rig_open(&r);
	acceptor_pause(r.acceptor);
	assert_true(acceptor_is_paused(r.acceptor));
	fd = reach(&r.addr);
	clock_read(&before);
	for (int i = 0; i < 3; i++)
		tick(&r);
	clock_read(&end);
	assert_int_equal(r.ngot, 0);
	/* The waiting client does not keep the loop awake. */
	assert_true(end.now >= before.now + MSEC(20));
	acceptor_resume(r.acceptor);
	assert_false(acceptor_is_paused(r.acceptor));
	tick_until(&r, 1);
	close(fd);
	rig_close(&r);
}

static void
pause_on_accept(void *owner, int fd, const struct addr *peer)
{
	struct rig *r = owner;

	on_accept(owner, fd, peer);
	acceptor_pause(r->acceptor);
}

/* More than are taken at once, and no tick; but none that is not to come. */
static void
takes_all_that_wait_before_its_end(void **state)
{
	int fd[CLIENTS];
	struct rig r;

	(void)state;
	rig_open(&r);
	for (unsigned i = 0; i < CLIENTS; i++)
		fd[i] = reach(&r.addr);
	acceptor_pause(r.acceptor);
	acceptor_sweep(r.acceptor);
	assert_int_equal(r.ngot, 0);
	acceptor_resume(r.acceptor);
	acceptor_sweep(r.acceptor);
	assert_int_equal(r.ngot, CLIENTS);
	acceptor_sweep(r.acceptor);
	for (unsigned i = 0; i < CLIENTS; i++)
		close(fd[i]);
	rig_close(&r);
}

static void
stops_in_the_middle_of_a_batch_when_paused(void **state)
{
	static const struct acceptor_sink pausing = {
		.on_accept = pause_on_accept,
		.on_error = on_error,
	};
	struct rig r;
	int a, b;

	(void)state;
	rig_open(&r);
	acceptor_free(&r.acceptor, false);
	r.acceptor = acceptor_new(r.loop,
	    listen_anywhere(&r.addr, "127.0.0.1:1"), &pausing, &r);
	a = reach(&r.addr);
	b = reach(&r.addr);
	for (int i = 0; i < 3; i++)
		tick(&r);
	assert_int_equal(r.ngot, 1);
	acceptor_resume(r.acceptor);
	tick_until(&r, 2);
	close(a);
	close(b);
	rig_close(&r);
}

static void
gives_the_socket_back_when_it_is_kept(void **state)
{
	struct rig r;
	int fd, client;

	(void)state;
	rig_open(&r);
	fd = acceptor_fd(r.acceptor);
	assert_int_equal(acceptor_free(&r.acceptor, true), fd);
	client = reach(&r.addr);
	assert_true(client >= 0);
	/* One that was handed over may block; it must not hang the loop. */
	fcntl(fd, F_SETFL, 0);
	r.acceptor = acceptor_new(r.loop, fd, &sink, &r);
	tick_until(&r, 1);
	close(client);
	rig_close(&r);
}

/* Of what is open, how many; the limit is set so that none is left. */
static void
leave_no_descriptor(struct rlimit *old)
{
	struct rlimit none;
	int top = dup(0);

	assert_true(top >= 0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, old), 0);
	none = *old;
	none.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static bool
is_sent_away(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, 2000) == 1 && read(fd, &byte, 1) <= 0;
}

static void
sheds_a_client_and_rests_when_no_descriptor_is_left(void **state)
{
	struct rig r;
	struct rlimit old;
	struct clock before;
	int a, b;

	(void)state;
	rig_open(&r);
	a = reach(&r.addr);
	b = reach(&r.addr);
	leave_no_descriptor(&old);
	clock_read(&before);
	tick(&r);
	tick(&r);
	tick(&r);
	assert_int_equal(r.ngot, 0);
	assert_int_equal(r.errors, 1);
	assert_int_equal(r.error, EMFILE);
	assert_true(is_sent_away(a));
	assert_true(r.loop->ticks < 10);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	tick_until(&r, 1);	/* b, after the rest */
	assert_true(r.loop->clock.now >= before.now + MSEC(100));
	close(a);
	close(b);
	rig_close(&r);
}

/* Has the other side closed?  Does not wait. */
static bool
has_ended(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void
tells_of_a_shortage_once_a_second(void **state)
{
	struct rig r;
	struct rlimit old;
	struct clock before;
	int fds[3];

	(void)state;
	rig_open(&r);
	for (int i = 0; i < 3; i++)
		fds[i] = reach(&r.addr);
	leave_no_descriptor(&old);
	clock_read(&before);
	for (int i = 0; i < 3; i++)
		while (!has_ended(fds[i]) &&
		    r.loop->clock.now < before.now + SEC(30))
			tick(&r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(has_ended(fds[i]));
		close(fds[i]);
	}
	assert_in_range(r.errors, 1, 1 +
	    (r.loop->clock.now - before.now) / SEC(1));
	rig_close(&r);
}

static void
stays_paused_though_the_rest_is_over(void **state)
{
	struct rig r;
	struct rlimit old;
	int a, b;

	(void)state;
	rig_open(&r);
	a = reach(&r.addr);
	b = reach(&r.addr);
	leave_no_descriptor(&old);
	tick(&r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	acceptor_pause(r.acceptor);
	for (int i = 0; i < 15; i++)
		tick(&r);
	assert_int_equal(r.ngot, 0);
	acceptor_resume(r.acceptor);
	tick_until(&r, 1);
	close(a);
	close(b);
	rig_close(&r);
}

/* --- what it binds */

static void
reaches_both_families_by_a_star_only(void **state)
{
	struct addr a, four;
	int fd, client;

	(void)state;
	fd = listen_anywhere(&a, "*:1");
	assert_null(addr_parse(SLICE("127.0.0.1:1"), &four));
	four.in.sin_port = htons((uint16_t)addr_port(&a));
	client = reach(&four);
	assert_true(client >= 0);
	close(client);
	close(fd);
	client = socket(AF_INET6, SOCK_STREAM, 0);
	if (client < 0)
		return;		/* a machine without IPv6 */
	close(client);
	fd = listen_anywhere(&a, "[::1]:1");
	four.in.sin_port = htons((uint16_t)addr_port(&a));
	assert_true((client = reach(&a)) >= 0);
	close(client);
	close(fd);
	fd = listen_anywhere(&a, "[::]:1");
	four.in.sin_port = htons((uint16_t)addr_port(&a));
	assert_int_equal(reach(&four), -1);
	close(fd);
}

static void
reports_a_port_in_use(void **state)
{
	struct addr a;
	int fd = listen_anywhere(&a, "127.0.0.1:1");

	(void)state;
	assert_int_equal(acceptor_listen(&a, 8, 0), -EADDRINUSE);
	close(fd);
}

static void
reports_an_address_that_is_not_ours(void **state)
{
	struct addr a;

	(void)state;
	assert_null(addr_parse(SLICE("192.0.2.1:8080"), &a));
	assert_int_equal(acceptor_listen(&a, 8, 0), -EADDRNOTAVAIL);
}

/* --- UNIX sockets */

static void
folder_open(struct rig *r)
{
	char text[64];

	memset(r, 0, sizeof(*r));
	(void)snprintf(r->folder, sizeof(r->folder), "/tmp/acceptor-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	(void)snprintf(text, sizeof(text), "unix:%s/s", r->folder);
	assert_null(addr_parse(slice_of(text), &r->addr));
}

static void
folder_close(struct rig *r)
{
	unlink(r->addr.un.sun_path);
	assert_int_equal(rmdir(r->folder), 0);
}

static void
sets_the_mode_of_a_unix_socket(void **state)
{
	struct rig r;
	struct stat st;
	int fd;

	(void)state;
	folder_open(&r);
	fd = acceptor_listen(&r.addr, 8, 0620);
	assert_true(fd >= 0);
	assert_int_equal(stat(r.addr.un.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0620);
	close(fd);
	folder_close(&r);
}

static void
replaces_a_socket_file_nobody_listens_on(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	folder_open(&r);
	fd = acceptor_listen(&r.addr, 8, 0600);
	close(fd);
	fd = acceptor_listen(&r.addr, 8, 0600);
	assert_true(fd >= 0);
	close(fd);
	folder_close(&r);
}

static void
leaves_a_socket_file_somebody_listens_on(void **state)
{
	struct rig r;
	int fd, client;

	(void)state;
	folder_open(&r);
	fd = acceptor_listen(&r.addr, 8, 0600);
	assert_int_equal(acceptor_listen(&r.addr, 8, 0600), -EADDRINUSE);
	client = reach(&r.addr);
	assert_true(client >= 0);
	close(client);
	close(fd);
	folder_close(&r);
}

static void
leaves_a_file_that_is_no_socket(void **state)
{
	struct rig r;
	char text[8] = "";
	int fd;

	(void)state;
	folder_open(&r);
	fd = open(r.addr.un.sun_path, O_CREAT | O_RDWR, 0600);
	assert_int_equal(write(fd, "mine", 4), 4);
	assert_int_equal(acceptor_listen(&r.addr, 8, 0600), -EADDRINUSE);
	close(fd);
	fd = open(r.addr.un.sun_path, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	close(fd);
	folder_close(&r);
}

static void
takes_a_client_of_a_unix_socket(void **state)
{
	struct rig r;
	char text[ADDR_TEXT];
	int client;

	(void)state;
	folder_open(&r);
	r.loop = loop_new();
	r.acceptor = acceptor_new(r.loop, acceptor_listen(&r.addr, 8, 0600),
	    &sink, &r);
	client = reach(&r.addr);
	tick_until(&r, 1);
	assert_true(addr_is_unix(&r.peer));
	addr_print(&r.peer, text);
	assert_string_equal(text, "unix:");
	close(client);
	rig_close(&r);
	folder_close(&r);
}

static void
frees_nothing_when_there_is_none(void **state)
{
	struct acceptor *a = NULL;

	(void)state;
	assert_int_equal(acceptor_free(&a, false), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_client_ready_for_use),
		cmocka_unit_test(takes_a_bounded_batch_in_one_event),
		cmocka_unit_test(pauses_and_resumes),
		cmocka_unit_test(takes_all_that_wait_before_its_end),
		cmocka_unit_test(stops_in_the_middle_of_a_batch_when_paused),
		cmocka_unit_test(gives_the_socket_back_when_it_is_kept),
		cmocka_unit_test(
		    sheds_a_client_and_rests_when_no_descriptor_is_left),
		cmocka_unit_test(tells_of_a_shortage_once_a_second),
		cmocka_unit_test(stays_paused_though_the_rest_is_over),
		cmocka_unit_test(reaches_both_families_by_a_star_only),
		cmocka_unit_test(reports_a_port_in_use),
		cmocka_unit_test(reports_an_address_that_is_not_ours),
		cmocka_unit_test(sets_the_mode_of_a_unix_socket),
		cmocka_unit_test(replaces_a_socket_file_nobody_listens_on),
		cmocka_unit_test(leaves_a_socket_file_somebody_listens_on),
		cmocka_unit_test(leaves_a_file_that_is_no_socket),
		cmocka_unit_test(takes_a_client_of_a_unix_socket),
		cmocka_unit_test(frees_nothing_when_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
