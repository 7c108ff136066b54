/*
 * test_log_target.c - files, pipes, sockets and syslog that never block.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/log_target.h"

struct place {
	char dir[32], path[64];
	int saved;		/* the real standard error */
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test_log.XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->path, sizeof(p->path), "%s/x", p->dir);
	p->saved = dup(STDERR_FILENO);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	(void)dup2(p->saved, STDERR_FILENO);
	(void)close(p->saved);
	(void)unlink(p->path);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static ssize_t
put(struct log_target *t, const char *s, size_t n)
{
	char *copy = malloc(n);
	struct iovec iov = { copy, n };
	ssize_t taken;

	memcpy(copy, s, n);
	taken = log_target_write(t, LOG_LEVEL_WARN, 0, &iov, 1);
	free(copy);
	return taken;
}

/* Writes lines until the target takes no more; returns the bytes taken. */
static size_t
fill(struct log_target *t, ssize_t *error)
{
	size_t taken = 0;
	char line[100];
	ssize_t n;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	while ((n = put(t, line, sizeof(line))) > 0 && taken < 10000000)
		taken += (size_t)n;
	*error = n;
	return taken;
}

static void
appends_to_a_file_that_others_may_not_read(void **state)
{
	struct place *p = *state;
	struct log_target t;
	char got[16] = "";
	struct stat st;
	int fd;

	fd = open(p->path, O_WRONLY | O_CREAT, 0640);
	assert_int_equal(write(fd, "old\n", 4), 4);
	(void)close(fd);
	assert_int_equal(log_target_open(&t, p->path), 0);
	assert_string_equal(t.name, p->path);
	assert_int_equal(put(&t, "new\n", 4), 4);
	assert_true(fcntl(t.fd, F_GETFD) & FD_CLOEXEC);
	log_target_close(&t);
	assert_int_equal(t.kind, LOG_TARGET_NONE);
	fd = open(p->path, O_RDONLY);
	assert_int_equal(read(fd, got, sizeof(got)), 8);
	(void)close(fd);
	assert_string_equal(got, "old\nnew\n");

	(void)unlink(p->path);
	assert_int_equal(log_target_open(&t, p->path), 0);
	log_target_close(&t);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777 & ~0640u, 0);
}

static void
says_why_it_cannot_open(void **state)
{
	struct place *p = *state;
	struct log_target t;
	char name[200];

	assert_int_equal(log_target_open(&t, p->dir), -EISDIR);
	assert_int_equal(log_target_open(&t, "/nonexistent/x"), -ENOENT);
	assert_int_equal(log_target_open(&t, ""), -ENOENT);
	(void)snprintf(name, sizeof(name), "syslog:%s", p->path);
	assert_int_equal(log_target_open(&t, name), -ENOENT);
	memset(name + 7, 'x', sizeof(name) - 8);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(log_target_open(&t, name), -ENAMETOOLONG);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	assert_int_equal(log_target_open(&t, p->path), -ENXIO);
	assert_int_equal(t.kind, LOG_TARGET_NONE);
	assert_int_equal(t.fd, -1);
	assert_null(t.name);
	log_target_close(&t);
	(void)close(STDERR_FILENO);
	assert_int_equal(log_target_open(&t, "stderr"), -EBADF);
	assert_int_equal(put(&t, "x\n", 2), -EBADF);
}

static void
does_not_block_on_a_full_device(void **state)
{
	struct log_target t;

	(void)state;
	assert_int_equal(log_target_open(&t, "/dev/full"), 0);
	assert_int_equal(put(&t, "x\n", 2), -ENOSPC);
	assert_false(log_target_is_lost(&t, -ENOSPC));
	log_target_close(&t);
}

static void
leaves_the_flags_of_standard_error_alone(void **state)
{
	struct log_target t;
	ssize_t error;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(dup2(fd[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(log_target_open(&t, "stderr"), 0);
	assert_int_equal(t.kind, LOG_TARGET_OPENED);
	assert_true(fill(&t, &error) > 4096);
	assert_int_equal(error, -EAGAIN);
	assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
	log_target_close(&t);
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
polls_what_it_may_not_open_anew(void **state)
{
	struct log_target t;
	ssize_t error;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	log_target_init(&t);
	t.kind = LOG_TARGET_SHARED;
	t.fd = fd[1];
	assert_true(fill(&t, &error) > 4096);
	assert_int_equal(error, -EAGAIN);
	assert_false(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	(void)close(fd[0]);
	/* No SIGPIPE, either. */
	assert_int_equal(put(&t, "x\n", 2), -EPIPE);
	log_target_close(&t);
	assert_int_equal(close(fd[1]), 0);
}

static void
sends_to_a_socket_without_blocking(void **state)
{
	struct log_target t;
	char got[8] = "";
	ssize_t error;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(dup2(fd[1], STDERR_FILENO), STDERR_FILENO);
	(void)close(fd[1]);
	assert_int_equal(log_target_open(&t, "stderr"), 0);
	assert_int_equal(t.kind, LOG_TARGET_SOCKET);
	assert_false(t.by_line);
	assert_int_equal(put(&t, "abc\n", 4), 4);
	assert_int_equal(read(fd[0], got, sizeof(got)), 4);
	assert_string_equal(got, "abc\n");
	(void)fill(&t, &error);
	assert_int_equal(error, -EAGAIN);
	assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
	(void)close(fd[0]);
	assert_int_equal(put(&t, "x\n", 2), -EPIPE);
	log_target_close(&t);
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

/* A datagram socket at path, as a syslog daemon has. */
static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void
frames_syslog_lines(void **state)
{
	static const struct { int level; const char *priority; } rows[] = {
		{ LOG_LEVEL_ERROR, "<27>" }, { LOG_LEVEL_WARN, "<28>" },
		{ LOG_LEVEL_INFO, "<30>" }, { LOG_LEVEL_DEBUG, "<31>" },
	};
	struct place *p = *state;
	struct log_target t;
	char name[80], got[200], want[200], line[] = "hello\n";
	struct iovec iov;
	int fd = listen_at(p->path);
	ssize_t n;

	(void)setenv("TZ", "UTC0", 1);
	(void)snprintf(name, sizeof(name), "syslog:%s", p->path);
	assert_int_equal(log_target_open(&t, name), 0);
	assert_true(t.by_line);
	for (size_t i = 0; i < 4; i++) {
		iov = (struct iovec){ line, sizeof(line) - 1 };
		n = log_target_write(&t, rows[i].level,
		    INT64_C(784111777) * USEC_PER_SEC, &iov, 1);
		assert_int_equal(n, sizeof(line) - 1);
		n = recv(fd, got, sizeof(got) - 1, 0);
		assert_true(n > 0);
		got[n] = '\0';
		(void)snprintf(want, sizeof(want),
		    "%sNov  6 08:49:37 steelyard[%ld]: hello",
		    rows[i].priority, (long)getpid());
		assert_string_equal(got, want);
	}
	(void)close(fd);
	n = put(&t, line, sizeof(line) - 1);
	assert_int_equal(n, -ECONNREFUSED);
	assert_true(log_target_is_lost(&t, (int)n));
	assert_false(log_target_is_lost(&t, -EAGAIN));
	log_target_close(&t);
}

static void
knows_the_same_file(void **state)
{
	struct place *p = *state;
	struct log_target a, b, none;

	assert_int_equal(log_target_open(&a, p->path), 0);
	assert_int_equal(log_target_open(&b, p->path), 0);
	log_target_init(&none);
	assert_true(log_target_is_same(&a, &b));
	assert_false(log_target_is_same(&a, &none));
	log_target_close(&b);
	(void)unlink(p->path);
	assert_int_equal(log_target_open(&b, p->path), 0);
	assert_false(log_target_is_same(&a, &b));
	log_target_close(&a);
	log_target_close(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(appends_to_a_file_that_others_may_not_read),
		TEST(says_why_it_cannot_open),
		TEST(does_not_block_on_a_full_device),
		TEST(leaves_the_flags_of_standard_error_alone),
		TEST(polls_what_it_may_not_open_anew),
		TEST(sends_to_a_socket_without_blocking),
		TEST(frames_syslog_lines),
		TEST(knows_the_same_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
