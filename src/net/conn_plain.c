/*
 * conn_plain.c - a conn over a plain socket.
 *
 * One event, edge-triggered and added once, so the steady state needs no
 * epoll_ctl at all.  It is for both directions where we dialled; one that was
 * accepted has room, and would be told so for nothing: it asks for room when a
 * write was short for the first time.
 *
 * A short read means drained, unless the peer has closed: its FIN may have come
 * in the same edge as its last bytes.  A RST may too, and libevent reports that
 * as mere readiness.  So a conn that stays silent for a while after a short
 * read is looked at once; one that is busy never is, as the deadline moves on,
 * nor one that was written to: that would have failed.  Once we have said our
 * end, the peer's is what is expected next, and no short read means drained.
 */
#include <event2/event.h>
#include <event2/event_struct.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <netinet/tcp.h>

#include <linux/sockios.h>

#include <errno.h>
#include <unistd.h>

#include "base/must.h"
#include "net/conn.h"

#define SMALL 2048u		/* bytes that are put together to be sent */
#define DOUBT MSEC(50)		/* of silence after a short read */

struct conn_plain {
	struct conn conn;
	union {
		struct event event;	/* while is_heard */
		struct task task;	/* tell; once closed, reap */
	};
	int fd;
	int broken;		/* what on_doubt met, for the next recv */
	struct timer doubt;
	bool fin;		/* the peer has closed, or we have: read until
				 * a call finds nothing */
	bool is_heard;		/* the event is there */
	bool hears_room;	/* and tells of room */
	bool in_doubt;		/* a short read, and nothing written since */
	struct addr_short ip;	/* of an accepted peer */
};

static struct conn_plain *
plain(struct conn *c)
{
	return (struct conn_plain *)(void *)c;
}

static void
run_tell(struct task *t)
{
	conn_tell(&list_entry(t, struct conn_plain, task)->conn);
}

/* connect(2) is over, one way or the other. */
static void
finish_connect(struct conn_plain *p)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		p->conn.error = error;
	else
		p->conn.connected = true;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn_plain *p = arg;
	struct conn *c = &p->conn;

	(void)fd;
	loop_wake(c->loop);
	if (!c->connected && c->error == 0)
		finish_connect(p);
	if (what & EV_CLOSED)
		p->fin = true;
	if (what & (EV_READ | EV_CLOSED))
		c->readable = true;
	if (what & EV_WRITE)
		c->writable = true;
	conn_tell(c);
}

/* False: error is set. */
static bool
hear(struct conn_plain *p, short more)
{
	if (p->is_heard)
		event_del(&p->event);
	event_assign(&p->event, p->conn.loop->base, p->fd,
	    EV_READ | EV_CLOSED | EV_ET | EV_PERSIST | more, on_event, p);
	p->is_heard = event_add(&p->event, NULL) == 0;
	p->hears_room = more != 0;
	if (p->is_heard)
		return true;
	task_init(&p->task, run_tell);
	p->conn.error = ENOMEM;
	return false;
}

/* A write was short: on_event tells when there is room. */
static bool
no_room(struct conn_plain *p)
{
	p->conn.writable = false;
	return p->hears_room || hear(p, EV_WRITE);
}

/*
 * Did something come that no event has told, or the end?  Looking takes a
 * pending error off the socket, where recv(2) would then find a mere end.
 */
static void
on_doubt(struct timer *t)
{
	struct conn_plain *p = list_entry(t, struct conn_plain, doubt);
	struct conn *c = &p->conn;
	char byte;

	if (!p->in_doubt || c->readable || c->eof || c->error != 0)
		return;
	if (recv(p->fd, &byte, 1, MSG_PEEK) < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		p->broken = errno == EINTR ? 0 : errno;
	}
	c->readable = true;
	conn_tell(c);
}

/* A read was short. */
static void
drained(struct conn_plain *p)
{
	if (p->fin)
		return;
	p->conn.readable = false;
	p->in_doubt = true;
	loop_after(p->conn.loop, &p->doubt, DOUBT);
}

/* What on_doubt met comes before all else. */
static bool
is_broken(struct conn *c)
{
	if (plain(c)->broken == 0)
		return false;
	c->error = plain(c)->broken;
	c->readable = false;
	return true;
}

/* Nothing was read: there is nothing now, or it has ended (got is 0). */
static ssize_t
read_nothing(struct conn *c, ssize_t got)
{
	c->readable = false;
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (got == 0)
		c->eof = true;
	else
		c->error = errno;
	return -1;
}

static ssize_t
plain_recv(struct conn *c, void *buf, size_t n)
{
	ssize_t got;

	if (is_broken(c))
		return -1;
	do
		got = recv(plain(c)->fd, buf, n, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return read_nothing(c, got);
	if ((size_t)got < n)
		drained(plain(c));
	return got;
}

static ssize_t
plain_splice_in(struct conn *c, struct pipe *p, size_t most)
{
	ssize_t got;

	must(p->held == 0);
	if (is_broken(c))
		return -1;
	got = pipe_fill(p, plain(c)->fd, most);
	if (got <= 0)
		return read_nothing(c, got);
	return got;
}

static size_t
total_of(const struct iovec *v, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += v[i].iov_len;
	return total;
}

/*
 * A small message of several pieces, most often a head and its body, is put
 * together first: that costs less than the kernel's reading of an iovec.
 */
static ssize_t
send_small(int fd, const struct iovec *v, size_t n, int flags)
{
	char all[SMALL], *p = all;

	for (size_t i = 0; i < n; i++)
		p = mempcpy(p, v[i].iov_base, v[i].iov_len);
	return send(fd, all, (size_t)(p - all), flags);
}

static ssize_t
send_pieces(int fd, const struct iovec *v, size_t n, size_t total, int flags)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)v,
	    .msg_iovlen = n };

	if (n == 1)
		return send(fd, v[0].iov_base, v[0].iov_len, flags);
	if (total <= SMALL)
		return send_small(fd, v, n, flags);
	return sendmsg(fd, &m, flags);
}

static ssize_t
plain_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	size_t total = total_of(v, n);
	int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	ssize_t sent;

	do
		sent = send_pieces(plain(c)->fd, v, n, total, flags);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		sent = 0;
	if (sent < 0) {
		c->error = errno;
		c->writable = false;
		return -1;
	}
	if (sent > 0)
		plain(c)->in_doubt = false;
	if ((size_t)sent < total && !no_room(plain(c)))
		return -1;
	return sent;
}

/* A signal may cut it short while there is room: EAGAIN alone tells. */
static ssize_t
plain_splice_out(struct conn *c, struct pipe *p, size_t n, bool more)
{
	ssize_t sent = pipe_drain(p, plain(c)->fd, n, more);

	if (sent > 0)
		return sent;
	if (sent == 0 || errno == EAGAIN || errno == EWOULDBLOCK)
		return no_room(plain(c)) ? 0 : -1;
	c->writable = false;
	c->error = errno;
	return -1;
}

static void
plain_shutdown(struct conn *c)
{
	shutdown(plain(c)->fd, SHUT_WR);
	plain(c)->fin = true;
}

static void
run_reap(struct task *t)
{
	struct conn_plain *p = list_entry(t, struct conn_plain, task);

	slab_put(&p->conn.loop->conns, p);
}

static void
plain_close(struct conn *c, bool reset)
{
	static const struct linger none = { 1, 0 };
	struct conn_plain *p = plain(c);

	if (p->is_heard)
		event_del(&p->event);
	else
		task_stop(&p->task);
	if (p->fd >= 0) {
		if (reset)
			setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &none,
			    sizeof(none));
		close(p->fd);
		p->fd = -1;
	}
	timer_stop(&c->loop->wheel, &p->doubt);
	task_init(&p->task, run_reap);
	loop_reap(c->loop, &p->task);
}

static void
plain_hurry(struct conn *c, uint32_t most)
{
	(void)setsockopt(plain(c)->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most,
	    sizeof(most));
}

/* Of TCP a FIN counts as a byte. */
static size_t
plain_unsent(const struct conn *c)
{
	const struct conn_plain *p = (const void *)c;
	int n = 0;

	if (ioctl(p->fd, SIOCOUTQ, &n) != 0 || n < 1)
		return 0;
	return (size_t)n - 1;
}

static void
plain_local(struct conn *c, struct addr *out)
{
	*out = (struct addr){ .len = sizeof(out->un) };
	if (getsockname(plain(c)->fd, &out->sa, &out->len) != 0)
		out->len = 0;
}

static int
plain_descriptor(const struct conn *c)
{
	return ((const struct conn_plain *)(const void *)c)->fd;
}

static const struct conn_ops plain_ops = {
	.recv = plain_recv,
	.send = plain_send,
	.splice_in = plain_splice_in,
	.splice_out = plain_splice_out,
	.shutdown = plain_shutdown,
	.unsent = plain_unsent,
	.local = plain_local,
	.close = plain_close,
	.hurry = plain_hurry,
	.descriptor = plain_descriptor,
};

static struct conn_plain *
plain_new(struct loop *loop, int fd)
{
	struct conn_plain *p;

	must(loop->base != NULL);
	if (loop->conns.size == 0)
		slab_init_blocks(&loop->conns, sizeof(*p));
	p = slab_get(&loop->conns);
	p->conn.ops = &plain_ops;
	p->conn.loop = loop;
	p->fd = fd;
	task_init(&p->task, run_tell);
	timer_init(&p->doubt, on_doubt);
	return p;
}

struct conn *
conn_accepted(struct loop *loop, int fd, const struct addr *peer)
{
	struct conn_plain *p = plain_new(loop, fd);

	p->conn.peer = addr_keep(&p->ip, peer);
	p->conn.connected = p->conn.writable = true;
	(void)hear(p, 0);
	return &p->conn;
}

static int
dial(int fd, const struct addr *to)
{
	int on = 1;

	if (!addr_is_unix(to))
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &to->sa, to->len) == 0 || errno == EINPROGRESS)
		return 0;
	return errno;
}

struct conn *
conn_dial(struct loop *loop, const struct addr *to)
{
	int fd = socket(to->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = fd < 0 ? errno : dial(fd, to);
	struct conn_plain *p = plain_new(loop, fd);

	p->conn.peer = to;
	p->conn.error = error;
	if (error != 0 || !hear(p, EV_WRITE))
		loop_run(loop, &p->task);
	return &p->conn;
}
