/*
 * log_target.c - files, pipes, sockets and syslog, none of which may block.
 *
 * Why: stdout and stderr share their open file with whoever started us, so
 *      O_NONBLOCK may not be set on it.  A socket has MSG_DONTWAIT; anything
 *      else is opened anew through /proc, and where that is refused, poll(2)
 *      tells that a pipe takes PIPE_BUF bytes.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_target.h"
#include "base/mem.h"

#define SYSLOG_PATH "/dev/log"
#define SYSLOG_PREFIX "syslog:"
#define WRITE_MOST ((size_t)64 * 1024)
#define FLAGS (O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

void
log_target_init(struct log_target *t)
{
	memset(t, 0, sizeof(*t));
	t->fd = -1;
}

void
log_target_close(struct log_target *t)
{
	bool is_ours = t->kind == LOG_TARGET_OPENED ||
	    t->kind == LOG_TARGET_SYSLOG;

	if (is_ours && t->fd >= 0)
		(void)close(t->fd);
	free(t->name);
	log_target_init(t);
}

static int
open_syslog(struct log_target *t, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int error;

	if (strlen(path) >= sizeof(un.sun_path))
		return -ENAMETOOLONG;
	memcpy(un.sun_path, path, strlen(path));
	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return -errno;
	if (connect(t->fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		error = errno;
		(void)close(t->fd);
		return -error;
	}
	t->kind = LOG_TARGET_SYSLOG;
	t->by_line = true;
	return 0;
}

/* A write to a pipe is all or nothing up to PIPE_BUF: lines stay whole. */
static size_t
most_for(const struct stat *st)
{
	return S_ISFIFO(st->st_mode) ? PIPE_BUF : WRITE_MOST;
}

static int
open_path(struct log_target *t, const char *path, int flags)
{
	struct stat st;
	int error;

	t->fd = open(path, FLAGS | flags, 0640);
	if (t->fd < 0)
		return -errno;
	if (fstat(t->fd, &st) < 0) {
		error = errno;
		(void)close(t->fd);
		return -error;
	}
	t->kind = LOG_TARGET_OPENED;
	t->most = most_for(&st);
	return 0;
}

static int
open_standard(struct log_target *t, int fd)
{
	char path[32];
	struct stat st;
	int type = SOCK_STREAM;
	socklen_t n = sizeof(type);

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISSOCK(st.st_mode)) {
		(void)getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n);
		t->kind = LOG_TARGET_SOCKET;
		t->by_line = type != SOCK_STREAM;
		t->fd = fd;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (open_path(t, path, 0) == 0)
		return 0;
	t->kind = LOG_TARGET_SHARED;
	t->most = PIPE_BUF;
	t->fd = fd;
	return 0;
}

int
log_target_open(struct log_target *t, const char *name)
{
	size_t n = sizeof(SYSLOG_PREFIX) - 1;
	int error;

	log_target_init(t);
	t->most = WRITE_MOST;
	if (strcmp(name, "stderr") == 0)
		error = open_standard(t, STDERR_FILENO);
	else if (strcmp(name, "stdout") == 0)
		error = open_standard(t, STDOUT_FILENO);
	else if (strcmp(name, "syslog") == 0)
		error = open_syslog(t, SYSLOG_PATH);
	else if (strncmp(name, SYSLOG_PREFIX, n) == 0)
		error = open_syslog(t, name + n);
	else
		error = open_path(t, name, O_CREAT);
	if (error != 0) {
		log_target_init(t);
		return error;
	}
	if (t->by_line)
		t->most = SIZE_MAX;
	t->name = mem_string(name);
	return 0;
}

static ssize_t
send_pieces(struct log_target *t, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };

	return sendmsg(t->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int
severity(int level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARN:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	default:
		return LOG_DEBUG;
	}
}

/*
 * RFC 3164 in the form that a local daemon reads: local time, no host name,
 * no newline.
 */
static ssize_t
send_syslog(struct log_target *t, int level, int64_t wall, struct iovec *line)
{
	char head[80], date[32] = "";
	time_t sec = (time_t)(wall / USEC_PER_SEC);
	struct iovec iov[2];
	struct tm tm;
	ssize_t sent;
	int n;

	if (localtime_r(&sec, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%b %e %H:%M:%S", &tm);
	n = snprintf(head, sizeof(head), "<%d>%s steelyard[%ld]: ",
	    LOG_DAEMON | severity(level), date, (long)getpid());
	iov[0] = (struct iovec){ head, (size_t)n };
	iov[1] = (struct iovec){ line->iov_base, line->iov_len - 1 };
	sent = send_pieces(t, iov, 2);
	return sent < 0 ? sent : (ssize_t)line->iov_len;
}

static ssize_t
write_shared(struct log_target *t, struct iovec *iov, int n)
{
	struct pollfd poller = { .fd = t->fd, .events = POLLOUT };

	if (poll(&poller, 1, 0) <= 0 || poller.revents != POLLOUT) {
		errno = poller.revents & POLLERR ? EPIPE : EAGAIN;
		return -1;
	}
	return writev(t->fd, iov, n);
}

ssize_t
log_target_write(struct log_target *t, int level, int64_t wall,
    struct iovec *iov, int n)
{
	ssize_t taken = -1;

	errno = EBADF;
	switch (t->kind) {
	case LOG_TARGET_NONE:
		break;
	case LOG_TARGET_OPENED:
		taken = writev(t->fd, iov, n);
		break;
	case LOG_TARGET_SHARED:
		taken = write_shared(t, iov, n);
		break;
	case LOG_TARGET_SOCKET:
		taken = send_pieces(t, iov, n);
		break;
	case LOG_TARGET_SYSLOG:
		taken = send_syslog(t, level, wall, iov);
		break;
	}
	return taken < 0 ? -errno : taken;
}

bool
log_target_is_same(const struct log_target *a, const struct log_target *b)
{
	struct stat sa, sb;

	return fstat(a->fd, &sa) == 0 && fstat(b->fd, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool
log_target_is_lost(const struct log_target *t, int error)
{
	return t->kind == LOG_TARGET_SYSLOG && error != -EAGAIN &&
	    error != -ENOBUFS && error != -EMSGSIZE && error != -EINTR;
}
