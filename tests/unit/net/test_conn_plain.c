/*
 * test_conn_plain.c - a conn over real sockets of this machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>

#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/conn.h"

/* A conn, its loop, and the peer's end as a plain descriptor. */
struct rig {
	struct loop *loop;
	struct conn *conn;
	struct addr addr;	/* listened to by listener */
	int listener, peer;
	int fd;			/* of a conn that was accepted */
	unsigned told;
	bool close_when_told, reset;
};

static void
on_event(void *owner)
{
	struct rig *r = owner;

	r->told++;
	if (r->close_when_told)
		conn_close(&r->conn, r->reset);
}

static const struct conn_sink sink = { .on_event = on_event };

static void
tick(struct rig *r, int64_t most)
{
	struct clock c;

	clock_read(&c);
	loop_tick(r->loop, c.now + most);
}

/* Ticks until told once more; false when that takes too long. */
static bool
is_told(struct rig *r)
{
	unsigned told = r->told;

	for (int i = 0; i < 1000 && r->told == told; i++)
		tick(r, MSEC(10));
	return r->told != told;
}

/* A listening socket on a free port of the loopback. */
static void
rig_listen(struct rig *r, const char *text)
{
	memset(r, 0, sizeof(*r));
	r->peer = -1;
	r->loop = loop_new();
	assert_non_null(r->loop);
	assert_null(addr_parse(slice_of(text), &r->addr));
	r->addr.in.sin_port = 0;
	r->listener = socket(r->addr.sa.sa_family, SOCK_STREAM, 0);
	assert_int_equal(bind(r->listener, &r->addr.sa, r->addr.len), 0);
	assert_int_equal(listen(r->listener, 8), 0);
	assert_int_equal(getsockname(r->listener, &r->addr.sa, &r->addr.len),
	    0);
}

/* Our conn is the accepted one. */
static void
rig_accepted(struct rig *r)
{
	struct addr peer = { .len = sizeof(peer.un) };
	int fd;

	rig_listen(r, "127.0.0.1:1");
	r->peer = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(r->peer, &r->addr.sa, r->addr.len), 0);
	fd = accept4(r->listener, &peer.sa, &peer.len, SOCK_NONBLOCK);
	assert_true(fd >= 0);
	r->fd = fd;
	r->conn = conn_accepted(r->loop, fd, &peer);
	conn_sink(r->conn, &sink, r);
}

/* The kernel has the peer's end, and so all that came before it. */
static void
await_end(const struct rig *r)
{
	struct pollfd p = { .fd = r->fd, .events = POLLRDHUP };

	assert_int_equal(poll(&p, 1, 10000), 1);
}

/* Our conn is the dialled one. */
static void
rig_dialled(struct rig *r, const char *text)
{
	rig_listen(r, text);
	r->conn = conn_dial(r->loop, &r->addr);
	conn_sink(r->conn, &sink, r);
	assert_false(r->conn->connected);
	assert_int_equal(r->conn->error, 0);
	r->peer = accept(r->listener, NULL, NULL);
	assert_true(is_told(r));
	assert_true(r->conn->connected);
	assert_int_equal(r->conn->error, 0);
}

static void
rig_close(struct rig *r)
{
	conn_close(&r->conn, false);
	assert_null(r->conn);
	if (r->peer >= 0)
		close(r->peer);
	if (r->listener >= 0)
		close(r->listener);
	loop_free(&r->loop);
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
reset_peer(struct rig *r)
{
	struct linger none = { 1, 0 };

	setsockopt(r->peer, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(r->peer);
	r->peer = -1;
}

static void
dials_over_ipv4_and_ipv6(void **state)
{
	static const char *const table[] = { "127.0.0.1:1", "[::1]:1" };
	struct rig r;
	struct addr local;
	int fd;

	(void)state;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	for (int i = 0; i < (fd < 0 ? 1 : 2); i++) {
		rig_dialled(&r, table[i]);
		assert_true(r.conn->writable);
		assert_true(addr_eq(r.conn->peer, &r.addr));
		conn_local(r.conn, &local);
		assert_int_equal(local.sa.sa_family, r.addr.sa.sa_family);
		assert_true(addr_port(&local) != 0);
		rig_close(&r);
	}
	if (fd >= 0)
		close(fd);
}

static void
starts_an_accepted_one_writable_and_not_readable(void **state)
{
	struct addr local;
	struct rig r;

	(void)state;
	rig_accepted(&r);
	assert_true(r.conn->connected);
	assert_true(r.conn->writable);
	assert_false(r.conn->readable);
	conn_local(r.conn, &local);
	assert_true(addr_eq(&local, &r.addr));
	rig_close(&r);
}

static void
takes_a_short_read_for_the_end_of_what_is_there(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	put(r.peer, "hello");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, 3), 3);
	assert_true(r.conn->readable);
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 2);
	assert_false(r.conn->readable);
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 0);
	assert_int_equal(r.conn->error, 0);
	put(r.peer, "again");
	assert_true(is_told(&r));
	assert_true(r.conn->readable);
	rig_close(&r);
}

static void
meets_the_end(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	shutdown(r.peer, SHUT_WR);
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), -1);
	assert_true(r.conn->eof);
	assert_int_equal(r.conn->error, 0);
	assert_false(r.conn->readable);
	rig_close(&r);
}

/* One edge tells of both; nothing comes after. */
static void
meets_an_end_that_came_with_the_last_bytes(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	put(r.peer, "last");
	shutdown(r.peer, SHUT_WR);
	await_end(&r);
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 4);
	assert_true(r.conn->readable);
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), -1);
	assert_true(r.conn->eof);
	rig_close(&r);
}

static void
meets_a_reset_that_came_with_the_last_bytes(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	put(r.peer, "last");
	reset_peer(&r);
	await_end(&r);
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 4);
	assert_true(r.conn->readable || is_told(&r));
	assert_true(r.conn->readable);
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), -1);
	assert_int_equal(r.conn->error, ECONNRESET);
	assert_false(r.conn->eof);
	rig_close(&r);
}

/* It is what is to come, so it is met without waiting for silence. */
static void
meets_at_once_a_reset_that_came_after_its_own_end(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	conn_shutdown(r.conn);
	put(r.peer, "last");
	reset_peer(&r);
	await_end(&r);
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 4);
	assert_true(r.conn->readable);
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), -1);
	assert_int_equal(r.conn->error, ECONNRESET);
	rig_close(&r);
}

static void
leaves_a_silent_conn_alone(void **state)
{
	struct rig r;
	char text[8];
	unsigned told;

	(void)state;
	rig_accepted(&r);
	put(r.peer, "hello");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 5);
	told = r.told;
	for (int i = 0; i < 20; i++)
		tick(&r, MSEC(10));
	assert_int_equal(r.told, told);
	assert_false(r.conn->readable);
	rig_close(&r);
}

static void
tells_of_a_reset(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	tick(&r, MSEC(10));
	reset_peer(&r);
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), -1);
	assert_int_equal(r.conn->error, ECONNRESET);
	rig_close(&r);
}

/* Writes until there is no room left; returns how much went. */
static size_t
fill(struct rig *r)
{
	static const char block[65536];
	struct iovec v = { (void *)(uintptr_t)block, sizeof(block) };
	size_t total = 0;

	for (int i = 0; i < 1000 && r->conn->writable; i++) {
		ssize_t n = conn_send(r->conn, &v, 1, false);

		assert_true(n >= 0);
		total += (size_t)n;
	}
	assert_false(r->conn->writable);
	return total;
}

static void
tells_when_there_is_room_again(void **state)
{
	static char sink_of_bytes[65536];
	struct rig r;
	struct iovec v = { sink_of_bytes, 1 };
	size_t sent, got = 0;
	ssize_t n;

	(void)state;
	rig_accepted(&r);
	tick(&r, MSEC(10));
	sent = fill(&r);
	assert_int_equal(conn_send(r.conn, &v, 1, false), 0);
	while (got < sent) {
		n = read(r.peer, sink_of_bytes, sizeof(sink_of_bytes));
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_true(is_told(&r));
	assert_true(r.conn->writable);
	rig_close(&r);
}

static void
sends_several_pieces_in_order(void **state)
{
	struct iovec v[3] = { { (char[]){ "one " }, 4 },
	    { (char[]){ "" }, 0 }, { (char[]){ "two" }, 3 } };
	struct rig r;
	char text[16] = "";

	(void)state;
	rig_accepted(&r);
	assert_int_equal(conn_send(r.conn, v, 3, true), 7);
	assert_int_equal(conn_send(r.conn, v, 1, false), 4);
	assert_int_equal(recv(r.peer, text, 11, MSG_WAITALL), 11);
	assert_string_equal(text, "one twoone ");
	rig_close(&r);
}

static void
fails_to_write_to_who_has_gone_without_a_signal(void **state)
{
	struct rig r;
	struct iovec v = { (char[]){ "x" }, 1 };
	ssize_t n = 0;

	(void)state;
	rig_accepted(&r);
	reset_peer(&r);
	for (int i = 0; i < 10 && n >= 0; i++)
		n = conn_send(r.conn, &v, 1, false);
	assert_int_equal(n, -1);
	assert_true(r.conn->error == EPIPE || r.conn->error == ECONNRESET);
	assert_false(r.conn->writable);
	/* The first failure takes the reset; this one would be a SIGPIPE. */
	assert_int_equal(conn_send(r.conn, &v, 1, false), -1);
	assert_int_equal(r.conn->error, EPIPE);
	rig_close(&r);
}

/* Pipes, of which a conn fills and drains one that it is given. */
static struct pipe *
rig_pipe(struct rig *r)
{
	struct pipe *p;

	pipes_limit(&r->loop->pipes, 4);
	p = pipes_get(&r->loop->pipes, r->loop->clock.now);
	assert_non_null(p);
	return p;
}

static void
passes_bytes_through_a_pipe(void **state)
{
	struct pipe *p, *q;
	struct rig r;
	char text[8] = "";

	(void)state;
	rig_accepted(&r);
	assert_true(conn_can_splice(r.conn));
	p = rig_pipe(&r);
	q = rig_pipe(&r);
	put(r.peer, "hello");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_splice_in(r.conn, p, 1000), 5);
	assert_int_equal(p->held, 5);
	assert_true(r.conn->readable);	/* the pipe may have been full */
	assert_int_equal(conn_splice_in(r.conn, q, 1000), 0);
	assert_false(r.conn->readable);
	assert_int_equal(conn_splice_out(r.conn, p, 5, false), 5);
	assert_int_equal(p->held, 0);
	assert_int_equal(recv(r.peer, text, 5, MSG_WAITALL), 5);
	assert_string_equal(text, "hello");
	put(r.peer, "again");
	assert_true(is_told(&r));
	assert_true(r.conn->readable);
	pipes_put(&r.loop->pipes, &p);
	pipes_put(&r.loop->pipes, &q);
	rig_close(&r);
}

static void
meets_the_end_with_a_pipe(void **state)
{
	struct pipe *p;
	struct rig r;

	(void)state;
	rig_accepted(&r);
	p = rig_pipe(&r);
	put(r.peer, "last");
	shutdown(r.peer, SHUT_WR);
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_splice_in(r.conn, p, 1000), 4);
	assert_true(r.conn->readable);
	assert_int_equal(conn_splice_out(r.conn, p, 4, false), 4);
	assert_int_equal(conn_splice_in(r.conn, p, 1000), -1);
	assert_true(r.conn->eof);
	assert_int_equal(r.conn->error, 0);
	pipes_put(&r.loop->pipes, &p);
	rig_close(&r);
}

/* The look at a silent conn takes the error off the socket. */
static void
meets_a_reset_with_a_pipe(void **state)
{
	struct pipe *p;
	struct rig r;
	char text[8];

	(void)state;
	for (int i = 0; i < 2; i++) {
		rig_accepted(&r);
		p = rig_pipe(&r);
		put(r.peer, "last");
		reset_peer(&r);
		await_end(&r);
		while (!r.conn->readable)
			assert_true(is_told(&r));
		if (i == 0)
			assert_int_equal(conn_recv(r.conn, text, 8), 4);
		else
			assert_int_equal(conn_splice_in(r.conn, p, 1000), 4);
		p->held = 0;
		assert_true(r.conn->readable || is_told(&r));
		assert_int_equal(conn_splice_in(r.conn, p, 1000), -1);
		assert_int_equal(r.conn->error, ECONNRESET);
		assert_false(r.conn->eof);
		pipes_put(&r.loop->pipes, &p);
		rig_close(&r);
	}
}

static void
leaves_in_the_pipe_what_has_no_room(void **state)
{
	struct pipe *p;
	struct rig r;
	size_t sent;
	char block[4096];

	(void)state;
	rig_accepted(&r);
	tick(&r, MSEC(10));
	p = rig_pipe(&r);
	put(r.peer, "hello");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_splice_in(r.conn, p, 1000), 5);
	sent = fill(&r);
	assert_int_equal(conn_splice_out(r.conn, p, 5, false), 0);
	assert_false(r.conn->writable);
	assert_int_equal(p->held, 5);
	for (size_t got = 0; got < sent;)
		got += (size_t)recv(r.peer, block, sizeof(block), 0);
	assert_true(is_told(&r));
	assert_true(r.conn->writable);
	assert_int_equal(conn_splice_out(r.conn, p, 5, false), 5);
	pipes_put(&r.loop->pipes, &p);
	rig_close(&r);
}

/* splice(2) has no flag against it: the process must ignore the signal. */
static void
fails_to_splice_to_who_has_gone(void **state)
{
	struct pipe *p;
	struct rig r;
	ssize_t n = 0;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	rig_accepted(&r);
	p = rig_pipe(&r);
	put(r.peer, "hello");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_splice_in(r.conn, p, 1000), 5);
	reset_peer(&r);
	for (int i = 0; i < 5 && n >= 0; i++)
		n = conn_splice_out(r.conn, p, 1, false);
	assert_int_equal(n, -1);
	assert_true(r.conn->error == EPIPE || r.conn->error == ECONNRESET);
	assert_false(r.conn->writable);
	pipes_put(&r.loop->pipes, &p);
	assert_int_equal(r.loop->pipes.nfree, 0);
	rig_close(&r);
}

static void
shuts_down_and_still_reads(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	conn_shutdown(r.conn);
	assert_int_equal(read(r.peer, text, sizeof(text)), 0);
	put(r.peer, "still");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 5);
	rig_close(&r);
}

/* --- how it closes */

static void
knows_what_the_peer_has_not_taken(void **state)
{
	static char page[65536];
	struct iovec v = { page, sizeof(page) };
	size_t sent = 0, got = 0;
	struct rig r;
	ssize_t n;

	(void)state;
	rig_accepted(&r);
	while (r.conn->writable)
		sent += (size_t)conn_send(r.conn, &v, 1, false);
	conn_shutdown(r.conn);
	assert_in_range(conn_unsent(r.conn), 1, sent);
	while ((n = recv(r.peer, page, sizeof(page), 0)) > 0)
		got += (size_t)n;
	assert_int_equal(got, sent);
	for (int i = 0; i < 1000 && conn_unsent(r.conn) > 0; i++)
		tick(&r, MSEC(10));
	assert_int_equal(conn_unsent(r.conn), 0);
	rig_close(&r);
}

static void
closes_with_a_fin_or_a_reset(void **state)
{
	struct rig r;
	char byte;

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		rig_accepted(&r);
		conn_close(&r.conn, reset != 0);
		assert_null(r.conn);
		errno = 0;
		assert_int_equal(read(r.peer, &byte, 1), reset ? -1 : 0);
		assert_int_equal(errno, reset ? ECONNRESET : 0);
		rig_close(&r);
	}
}

static void
sends_what_was_held_back_when_it_closes(void **state)
{
	struct iovec v = { (void *)(uintptr_t)"last", 4 };
	char got[8];
	struct rig r;

	(void)state;
	rig_accepted(&r);
	assert_int_equal(conn_send(r.conn, &v, 1, true), 4);
	assert_int_equal(recv(r.peer, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	conn_close(&r.conn, false);
	assert_int_equal(recv(r.peer, got, sizeof(got), 0), 4);
	assert_memory_equal(got, "last", 4);
	assert_int_equal(recv(r.peer, got, sizeof(got), 0), 0);
	rig_close(&r);
}

static void
may_be_closed_from_its_own_event(void **state)
{
	struct rig r;

	(void)state;
	rig_accepted(&r);
	r.close_when_told = true;
	put(r.peer, "x");
	assert_true(is_told(&r));
	assert_null(r.conn);
	tick(&r, MSEC(10));
	assert_int_equal(r.told, 1);
	rig_close(&r);
}

static void
tells_nothing_once_closed(void **state)
{
	struct rig r;
	char text[8];

	(void)state;
	rig_accepted(&r);
	put(r.peer, "hello");
	while (!r.conn->readable)
		assert_true(is_told(&r));
	assert_int_equal(conn_recv(r.conn, text, sizeof(text)), 5);
	put(r.peer, "more");
	r.told = 0;
	conn_close(&r.conn, false);
	for (int i = 0; i < 10; i++)
		tick(&r, MSEC(10));
	assert_int_equal(r.told, 0);
	rig_close(&r);
}

/* --- dials that fail */

static void
tells_of_a_refused_dial_in_time(void **state)
{
	struct rig r;

	(void)state;
	rig_listen(&r, "127.0.0.1:1");
	close(r.listener);
	r.listener = -1;
	r.conn = conn_dial(r.loop, &r.addr);
	conn_sink(r.conn, &sink, &r);
	assert_int_equal(r.told, 0);
	assert_true(is_told(&r));
	assert_int_equal(r.conn->error, ECONNREFUSED);
	assert_false(r.conn->connected);
	rig_close(&r);
}

static void
tells_of_an_immediate_error_from_the_loop(void **state)
{
	struct rig r;

	(void)state;
	rig_listen(&r, "127.0.0.1:1");
	assert_null(addr_parse(SLICE("unix:/nowhere/at/all"), &r.addr));
	r.conn = conn_dial(r.loop, &r.addr);
	conn_sink(r.conn, &sink, &r);
	assert_int_equal(r.conn->error, ENOENT);
	assert_int_equal(r.told, 0);
	tick(&r, 0);
	assert_int_equal(r.told, 1);
	tick(&r, MSEC(5));
	assert_int_equal(r.told, 1);
	rig_close(&r);
}

static void
tells_nothing_of_an_error_when_closed_before(void **state)
{
	struct rig r;

	(void)state;
	rig_listen(&r, "127.0.0.1:1");
	assert_null(addr_parse(SLICE("unix:/nowhere/at/all"), &r.addr));
	r.conn = conn_dial(r.loop, &r.addr);
	conn_sink(r.conn, &sink, &r);
	conn_close(&r.conn, true);
	tick(&r, MSEC(5));
	assert_int_equal(r.told, 0);
	rig_close(&r);
}

static void
reports_that_no_descriptor_is_left(void **state)
{
	struct rig r;
	struct rlimit old, none;

	(void)state;
	rig_listen(&r, "127.0.0.1:1");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	r.conn = conn_dial(r.loop, &r.addr);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	conn_sink(r.conn, &sink, &r);
	assert_int_equal(r.conn->error, EMFILE);
	assert_true(is_told(&r));
	rig_close(&r);
}

static void
reports_a_full_backlog_of_a_unix_socket(void **state)
{
	char folder[] = "/tmp/conn-XXXXXX", text[64];
	struct rig r;
	struct conn *c[4];
	int error = 0;

	(void)state;
	rig_listen(&r, "127.0.0.1:1");
	close(r.listener);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(text, sizeof(text), "unix:%s/s", folder);
	assert_null(addr_parse(slice_of(text), &r.addr));
	r.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(r.listener, &r.addr.sa, r.addr.len), 0);
	assert_int_equal(listen(r.listener, 0), 0);
	for (int i = 0; i < 4; i++) {
		c[i] = conn_dial(r.loop, &r.addr);
		if (c[i]->error != 0)
			error = c[i]->error;
	}
	assert_int_equal(error, EAGAIN);
	conn_sink(c[0], &sink, &r);
	assert_true(is_told(&r));
	assert_true(c[0]->connected);
	for (int i = 0; i < 4; i++)
		conn_close(&c[i], false);
	unlink(r.addr.un.sun_path);
	assert_int_equal(rmdir(folder), 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dials_over_ipv4_and_ipv6),
		cmocka_unit_test(
		    starts_an_accepted_one_writable_and_not_readable),
		cmocka_unit_test(
		    takes_a_short_read_for_the_end_of_what_is_there),
		cmocka_unit_test(meets_the_end),
		cmocka_unit_test(meets_an_end_that_came_with_the_last_bytes),
		cmocka_unit_test(meets_a_reset_that_came_with_the_last_bytes),
		cmocka_unit_test(
		    meets_at_once_a_reset_that_came_after_its_own_end),
		cmocka_unit_test(leaves_a_silent_conn_alone),
		cmocka_unit_test(tells_of_a_reset),
		cmocka_unit_test(tells_when_there_is_room_again),
		cmocka_unit_test(sends_several_pieces_in_order),
		cmocka_unit_test(
		    fails_to_write_to_who_has_gone_without_a_signal),
		cmocka_unit_test(passes_bytes_through_a_pipe),
		cmocka_unit_test(meets_the_end_with_a_pipe),
		cmocka_unit_test(meets_a_reset_with_a_pipe),
		cmocka_unit_test(leaves_in_the_pipe_what_has_no_room),
		cmocka_unit_test(fails_to_splice_to_who_has_gone),
		cmocka_unit_test(shuts_down_and_still_reads),
		cmocka_unit_test(knows_what_the_peer_has_not_taken),
		cmocka_unit_test(closes_with_a_fin_or_a_reset),
		cmocka_unit_test(sends_what_was_held_back_when_it_closes),
		cmocka_unit_test(may_be_closed_from_its_own_event),
		cmocka_unit_test(tells_nothing_once_closed),
		cmocka_unit_test(tells_of_a_refused_dial_in_time),
		cmocka_unit_test(tells_of_an_immediate_error_from_the_loop),
		cmocka_unit_test(tells_nothing_of_an_error_when_closed_before),
		cmocka_unit_test(reports_that_no_descriptor_is_left),
		cmocka_unit_test(reports_a_full_backlog_of_a_unix_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
