/*
 * acceptor.c - a listening socket.
 *
 * Why:       a spare descriptor is kept so that, when the process has none
 *            left, a waiting client can still be taken and told to go, instead
 *            of the event loop spinning on a socket it cannot accept from.
 */
#include "net/acceptor.h"

#include <sys/stat.h>

#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define PAUSE MSEC(100)
#define SWEEP_MOST 65536u		/* as long as a queue may be */

struct acceptor {
	struct loop *loop;
	struct watch *watch;
	const struct acceptor_sink *sink;
	void *owner;
	struct timer wait;
	int64_t told;		/* when on_error was told last */
	int fd, spare;
	bool paused;
};

static int
open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * Is there a socket file that nobody listens on?  connect(2) refuses a file
 * of another kind in the same way, and that one is not ours to remove.
 */
static bool
is_stale(const struct addr *a)
{
	struct stat st;
	bool refused;
	int fd;

	if (lstat(a->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, &a->sa, a->len) != 0 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int
bind_unix(int fd, const struct addr *a, unsigned mode)
{
	int rc = bind(fd, &a->sa, a->len);

	if (rc != 0 && errno == EADDRINUSE) {
		if (!is_stale(a)) {
			errno = EADDRINUSE;
			return -1;
		}
		unlink(a->un.sun_path);
		rc = bind(fd, &a->sa, a->len);
	}
	if (rc == 0 && chmod(a->un.sun_path, mode) != 0) {
		int error = errno;

		unlink(a->un.sun_path);
		errno = error;
		rc = -1;
	}
	return rc;
}

static int
bind_ip(int fd, const struct addr *a)
{
	int on = 1, only = !a->dual;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -1;
	/* Those that it accepts inherit this. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (a->sa.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &only, sizeof(only)) != 0)
		return -1;
	return bind(fd, &a->sa, a->len);
}

int
acceptor_listen(const struct addr *a, int backlog, unsigned unix_mode)
{
	int fd = socket(a->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = addr_is_unix(a) ? bind_unix(fd, a, unix_mode) : bind_ip(fd, a);
	if (rc == 0)
		rc = listen(fd, backlog);
	if (rc == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static bool
is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0 || S_ISSOCK(st.st_mode);
}

const char *
acceptor_advice(const char *path, int error)
{
	switch (error) {
	case EADDRINUSE:
		return path == NULL || is_socket(path) ?
		    "; another process listens there" :
		    "; a file that is no socket is there";
	case EACCES:
		return "; this port or path needs more privileges";
	case EADDRNOTAVAIL:
		return "; no interface here has this address";
	case ENOENT:
		return path != NULL ? "; make its directory first" : "";
	default:
		return "";
	}
}

static void
show_interest(struct acceptor *a)
{
	watch_want(a->watch, a->paused || timer_is_set(&a->wait) ? 0 :
	    WATCH_READ);
}

static void
on_waited(struct timer *t)
{
	struct acceptor *a = list_entry(t, struct acceptor, wait);

	if (a->spare < 0)
		a->spare = open_spare();
	show_interest(a);
}

/* No descriptor is left: take one client on the spare, and let it go. */
static void
shed_one(struct acceptor *a)
{
	int fd;

	if (a->spare >= 0)
		close(a->spare);
	fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	a->spare = open_spare();
}

static void
failed(struct acceptor *a, int error)
{
	int64_t now = a->loop->clock.now;

	if (error == EMFILE || error == ENFILE)
		shed_one(a);
	loop_after(a->loop, &a->wait, PAUSE);
	show_interest(a);
	if (a->told != 0 && now - a->told < USEC_PER_SEC)
		return;
	a->told = now;
	a->sink->on_error(a->owner, error);
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/*
 * How many wait?  A call that finds none is a dear way to learn it: accept4(2)
 * makes a file before it looks.  Where the kernel does not say (UNIX sockets),
 * more than are taken at once.
 */
static unsigned
waiting(int fd)
{
	struct tcp_info info;
	socklen_t n = offsetof(struct tcp_info, tcpi_sacked);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return SWEEP_MOST;
	return info.tcpi_unacked;
}

static void
take(struct acceptor *a, unsigned most)
{
	struct addr peer;

	for (unsigned i = 0; i < most && !a->paused; i++) {
		int fd;

		memset(&peer, 0, sizeof(peer));
		peer.len = sizeof(peer.un);
		fd = accept4(a->fd, &peer.sa, &peer.len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			a->sink->on_accept(a->owner, fd, &peer);
		} else if (is_shortage(errno)) {
			failed(a, errno);
			break;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		}
	}
}

/* We were told that one waits, at least. */
static void
on_readable(void *owner, unsigned what)
{
	struct acceptor *a = owner;
	unsigned n = waiting(a->fd);

	(void)what;
	take(a, n == 0 ? 1 : n < ACCEPT_BATCH ? n : ACCEPT_BATCH);
}

void
acceptor_sweep(struct acceptor *a)
{
	unsigned n = waiting(a->fd);

	take(a, n < SWEEP_MOST ? n : SWEEP_MOST);
}

struct acceptor *
acceptor_new(struct loop *loop, int fd, const struct acceptor_sink *sink,
    void *owner)
{
	struct acceptor *a = mem_new(sizeof(*a));

	a->loop = loop;
	a->fd = fd;
	a->sink = sink;
	a->owner = owner;
	a->spare = open_spare();
	timer_init(&a->wait, on_waited);
	/* One that was handed to us may block. */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	a->watch = watch_new(loop, fd, WATCH_READ, on_readable, a);
	return a;
}

void
acceptor_pause(struct acceptor *a)
{
	a->paused = true;
	show_interest(a);
}

void
acceptor_resume(struct acceptor *a)
{
	a->paused = false;
	show_interest(a);
}

bool
acceptor_is_paused(const struct acceptor *a)
{
	return a->paused;
}

int
acceptor_fd(const struct acceptor *a)
{
	return a->fd;
}

int
acceptor_free(struct acceptor **ap, bool keep)
{
	struct acceptor *a = *ap;
	int fd;

	if (a == NULL)
		return -1;
	*ap = NULL;
	fd = a->fd;
	timer_stop(&a->loop->wheel, &a->wait);
	watch_free(&a->watch);
	if (a->spare >= 0)
		close(a->spare);
	if (!keep)
		close(fd);
	free(a);
	return keep ? fd : -1;
}
