/*
 * test_log.c - events and lines, through the ring, to a target.
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
#include "base/log_ring.h"

#define WALL (INT64_C(784111777) * USEC_PER_SEC)
#define DATE "1994-11-06T08:49:37.000Z"

struct place {
	struct clock clock;
	struct log *log;
	char dir[32], path[64], other[64];
	char *got;		/* what read_all found last */
	size_t n;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test_log.XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->path, sizeof(p->path), "%s/log", p->dir);
	(void)snprintf(p->other, sizeof(p->other), "%s/log.1", p->dir);
	p->clock.wall = WALL;
	p->log = log_new(&p->clock);
	(void)signal(SIGPIPE, SIG_IGN);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	log_free(&p->log);
	assert_null(p->log);
	(void)unlink(p->path);
	(void)unlink(p->other);
	(void)rmdir(p->dir);
	free(p->got);
	free(p);
	return 0;
}

/* All that fd has to give now, as a string. */
static const char *
read_all(struct place *p, int fd)
{
	const size_t size = 4 * LOG_RING_SIZE;
	ssize_t n;

	free(p->got);
	p->got = calloc(1, size);
	p->n = 0;
	while ((n = read(fd, p->got + p->n, size - 1 - p->n)) > 0)
		p->n += (size_t)n;
	return p->got;
}

static const char *
read_file(struct place *p, const char *path)
{
	int fd = open(path, O_RDONLY);
	const char *got;

	assert_true(fd >= 0);
	got = read_all(p, fd);
	(void)close(fd);
	return got;
}

/* A named pipe as the target, and its reading end. */
static int
open_pipe(struct place *p)
{
	int fd;

	assert_int_equal(mkfifo(p->path, 0600), 0);
	fd = open(p->path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(log_open(p->log, p->path), 0);
	return fd;
}

/* Logs "prefix00000000 xxxx.." lines of 100 bytes, newline included. */
static void
put_lines(struct place *p, char prefix, int n)
{
	char line[128];

	memset(line, 'x', sizeof(line));
	for (int i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), "%c%08d", prefix, i);
		line[9] = ' ';
		log_line(p->log, slice_make(line, 99));
	}
}

/* Counts the lines of p->got; each must be whole, and in order. */
static int
count_whole(struct place *p, char prefix)
{
	const char *at = p->got, *end = p->got + p->n;
	int count = 0;

	for (; at < end; at += 100, count++) {
		assert_true(end - at >= 100);
		assert_int_equal(at[0], prefix);
		assert_int_equal(strtol(at + 1, NULL, 10), count);
		assert_int_equal(at[98], 'x');
		assert_int_equal(at[99], '\n');
	}
	return count;
}

static void
formats_events(void **state)
{
	struct place *p = *state;
	const struct log_field fields[] = {
		{ "pool", SLICE("we\"b"), 0 },
		{ "status", SLICE_NONE, -503 },
		{ "empty", SLICE(""), 7 },
	};

	assert_int_equal(log_open(p->log, p->path), 0);
	log_event(p->log, LOG_LEVEL_WARN, "health", fields, 3,
	    "server %s\nis down", "\xff");
	log_info(p->log, "drain", "%d left", 3);
	log_set(p->log, LOG_FORMAT_HAPROXY, LOG_LEVEL_DEBUG);
	assert_int_equal(log_format(p->log), LOG_FORMAT_HAPROXY);
	log_event(p->log, LOG_LEVEL_ERROR, "health", fields, 3, "a\nb\x1b");
	log_debug(p->log, "x", "y");
	log_flush(p->log);
	assert_string_equal(read_file(p, p->path),
	    "{\"time\":\"" DATE "\",\"level\":\"warn\",\"event\":\"health\","
	    "\"message\":\"server \\u00ff\\nis down\",\"pool\":\"we\\\"b\","
	    "\"status\":-503,\"empty\":\"\"}\n"
	    "{\"time\":\"" DATE "\",\"level\":\"info\",\"event\":\"drain\","
	    "\"message\":\"3 left\"}\n"
	    DATE " error health: a\\nb\\x1b\n"
	    DATE " debug x: y\n");
	assert_int_equal(log_written(p->log), 4);
	assert_int_equal(log_dropped(p->log), 0);
}

static void
leaves_out_what_is_below_the_level(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->log, p->path), 0);
	assert_true(log_wants(p->log, LOG_LEVEL_INFO));
	assert_false(log_wants(p->log, LOG_LEVEL_DEBUG));
	log_debug(p->log, "a", "b");
	assert_false(log_has_pending(p->log));
	log_set(p->log, LOG_FORMAT_COMMON, LOG_LEVEL_ERROR);
	log_warn(p->log, "a", "b");
	assert_false(log_has_pending(p->log));
	log_error(p->log, "a", "b");
	assert_true(log_has_pending(p->log));
}

static void
holds_lines_until_it_has_a_target(void **state)
{
	struct place *p = *state;

	log_line(p->log, SLICE("early"));
	log_flush(p->log);
	assert_true(log_has_pending(p->log));
	assert_int_equal(log_pending(p->log), 6);
	assert_int_equal(log_reopen(p->log), 0);
	assert_int_equal(log_open(p->log, p->path), 0);
	log_flush(p->log);
	assert_false(log_has_pending(p->log));
	assert_string_equal(read_file(p, p->path), "early\n");
}

static void
writes_the_rest_when_freed(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->log, p->path), 0);
	log_line(p->log, SLICE("last words"));
	log_free(&p->log);
	assert_null(p->log);
	log_free(&p->log);
	assert_string_equal(read_file(p, p->path), "last words\n");
}

static void
waits_for_a_blocked_pipe_and_tears_no_line(void **state)
{
	struct place *p = *state;
	int fd = open_pipe(p);
	size_t before;

	put_lines(p, 'a', 5000);
	log_flush(p->log);
	before = log_pending(p->log);
	assert_true(before > 0 && before < 500000);
	log_flush(p->log);
	assert_int_equal(log_pending(p->log), before);
	assert_int_equal(log_dropped(p->log), 0);

	free(p->got);
	p->got = calloc(1, 600000);
	p->n = 0;
	while (log_has_pending(p->log) || p->n < 500000) {
		ssize_t n = read(fd, p->got + p->n, 5000);

		assert_true(n > 0);
		p->n += (size_t)n;
		log_flush(p->log);
	}
	assert_int_equal(count_whole(p, 'a'), 5000);
	assert_int_equal(log_written(p->log), 5000);
	(void)close(fd);
}

/* Others may write to the pipe meanwhile: no line may stand half written. */
static void
fills_a_pipe_with_whole_lines_only(void **state)
{
	struct place *p = *state;
	int fd = open_pipe(p);
	char line[159];

	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 2000; i++)
		log_line(p->log, slice_make(line, sizeof(line)));
	log_flush(p->log);
	assert_true(log_has_pending(p->log));
	assert_int_equal(log_pending(p->log) % 160, 0);
	(void)close(fd);
}

static void
continues_a_line_longer_than_the_pipe_takes(void **state)
{
	struct place *p = *state;
	const size_t size = 300000;
	char *line = malloc(size);
	int fd = open_pipe(p);
	size_t n = 0;
	ssize_t got;

	for (size_t i = 0; i < size; i++)
		line[i] = (char)('a' + i % 23);
	log_line(p->log, slice_make(line, size));
	log_line(p->log, SLICE("next"));
	free(p->got);
	p->got = calloc(1, size + 100);
	do {
		log_flush(p->log);
		got = read(fd, p->got + n, 7000);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	assert_int_equal(n, size + 6);
	assert_memory_equal(p->got, line, size);
	assert_string_equal(p->got + size, "\nnext\n");
	free(line);
	(void)close(fd);
}

static void
survives_a_reader_that_is_gone(void **state)
{
	struct place *p = *state;
	int fd = open_pipe(p);

	log_line(p->log, SLICE("one"));
	(void)close(fd);
	log_flush(p->log);
	assert_true(log_has_pending(p->log));
	fd = open(p->path, O_RDONLY | O_NONBLOCK);
	log_flush(p->log);
	assert_string_equal(read_all(p, fd), "one\n");
	(void)close(fd);
}

static void
drops_whole_lines_when_full_and_says_how_many(void **state)
{
	struct place *p = *state;
	uint64_t dropped;
	char want[256];
	int kept;

	assert_int_equal(log_open(p->log, "/dev/full"), 0);
	put_lines(p, 'a', 20000);
	log_flush(p->log);
	dropped = log_dropped(p->log);
	assert_true(dropped > 0);
	kept = 20000 - (int)dropped;
	assert_in_range(kept, LOG_RING_SIZE / 112, LOG_RING_SIZE / 100);
	assert_int_equal(log_pending(p->log), kept * 100);
	log_error(p->log, "a", "does not fit either");
	assert_int_equal(log_dropped(p->log), dropped + 1);
	assert_int_equal(log_written(p->log), 0);

	assert_int_equal(log_open(p->log, p->path), 0);
	log_flush(p->log);
	(void)read_file(p, p->path);
	(void)snprintf(want, sizeof(want), "{\"time\":\"" DATE "\",\"level\":"
	    "\"warn\",\"event\":\"log\",\"message\":\"%d lines dropped\","
	    "\"lines\":%d}\n", (int)dropped + 1, (int)dropped + 1);
	assert_true(p->n > strlen(want));
	assert_string_equal(p->got + p->n - strlen(want), want);
	p->n -= strlen(want);
	assert_int_equal(count_whole(p, 'a'), kept);
	assert_int_equal(log_written(p->log), kept + 1);

	/* Said once. */
	log_line(p->log, SLICE("after"));
	log_flush(p->log);
	(void)read_file(p, p->path);
	assert_string_equal(p->got + p->n - 6, "after\n");
	assert_int_equal(p->got[p->n - 8], '}');
}

static void
writes_before_the_tick_ends_when_the_ring_is_full(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(log_open(p->log, p->path), 0);
	put_lines(p, 'a', 20000);	/* twice what the ring holds */
	assert_int_equal(log_dropped(p->log), 0);
	log_flush(p->log);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 20000 * 100);
}

static void
says_what_is_missing_before_the_line_that_fits(void **state)
{
	struct place *p = *state;
	int fd = open_pipe(p);
	const char *at;

	log_set(p->log, LOG_FORMAT_HAPROXY, LOG_LEVEL_INFO);
	put_lines(p, 'a', 20000);
	assert_true(log_dropped(p->log) > 0);
	read_all(p, fd);
	log_flush(p->log);		/* a pipe's worth leaves the ring */
	log_line(p->log, SLICE("the line that fits"));
	do {
		log_flush(p->log);
		read_all(p, fd);
	} while (log_has_pending(p->log));
	at = strstr(p->got, " warn log: ");
	assert_non_null(at);
	at = strstr(at, " lines dropped\nthe line that fits\n");
	assert_non_null(at);
	(void)close(fd);
}

static void
follows_a_file_renamed_away(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->log, p->path), 0);
	log_line(p->log, SLICE("one"));
	log_flush(p->log);
	assert_int_equal(rename(p->path, p->other), 0);
	log_line(p->log, SLICE("two"));
	log_flush(p->log);
	log_line(p->log, SLICE("three"));
	assert_int_equal(log_reopen(p->log), 0);
	log_line(p->log, SLICE("four"));
	log_flush(p->log);
	assert_string_equal(read_file(p, p->other), "one\ntwo\nthree\n");
	assert_string_equal(read_file(p, p->path), "four\n");
}

static void
keeps_the_old_target_when_the_new_one_fails(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->log, p->path), 0);
	assert_int_equal(log_open(p->log, "/nonexistent/log"), -ENOENT);
	log_line(p->log, SLICE("one"));
	assert_int_equal(rename(p->path, p->other), 0);
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_int_equal(log_reopen(p->log), -EISDIR);
	log_line(p->log, SLICE("two"));
	log_flush(p->log);
	assert_string_equal(read_file(p, p->other), "one\ntwo\n");
	assert_int_equal(rmdir(p->path), 0);
}

static void
switches_only_when_committed(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->log, p->path), 0);
	assert_int_equal(log_prepare(p->log, p->other), 0);
	log_line(p->log, SLICE("one"));
	log_flush(p->log);
	log_abandon(p->log);
	log_commit(p->log);
	log_line(p->log, SLICE("two"));
	assert_int_equal(log_prepare(p->log, p->other), 0);
	log_commit(p->log);
	log_line(p->log, SLICE("three"));
	log_flush(p->log);
	assert_string_equal(read_file(p, p->path), "one\ntwo\n");
	assert_string_equal(read_file(p, p->other), "three\n");
}

static void
gives_a_torn_line_whole_to_another_target(void **state)
{
	struct place *p = *state;
	const size_t size = 300000;
	char *line = malloc(size);
	int fd = open_pipe(p);

	memset(line, 'x', size);
	log_line(p->log, slice_make(line, size));
	log_flush(p->log);
	assert_true(log_pending(p->log) < size);
	/* The same pipe anew gets only the rest. */
	assert_int_equal(log_reopen(p->log), 0);
	assert_true(log_pending(p->log) < size);
	assert_int_equal(log_open(p->log, p->other), 0);
	assert_int_equal(log_pending(p->log), size + 1);
	log_flush(p->log);
	(void)read_file(p, p->other);
	assert_int_equal(p->n, size + 1);
	free(line);
	(void)close(fd);
}

/* A datagram socket at the place's path, as a syslog daemon has. */
static int
listen_there(struct place *p)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", p->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static int
drain_datagrams(int fd, const char *ending)
{
	char got[4096];
	ssize_t n;
	int count = 0;

	while ((n = recv(fd, got, sizeof(got), 0)) > 0) {
		assert_int_equal(got[0], '<');
		assert_memory_equal(got + n - strlen(ending), ending,
		    strlen(ending));
		count++;
	}
	return count;
}

static void
finds_syslog_again_after_its_restart(void **state)
{
	struct place *p = *state;
	int fd = listen_there(p);
	char name[80];

	(void)snprintf(name, sizeof(name), "syslog:%s", p->path);
	assert_int_equal(log_open(p->log, name), 0);
	log_line(p->log, SLICE("one"));
	log_line(p->log, SLICE("also one"));
	log_flush(p->log);
	assert_int_equal(drain_datagrams(fd, "one"), 2);
	(void)close(fd);
	(void)unlink(p->path);

	log_line(p->log, SLICE("two"));
	log_flush(p->log);
	assert_true(log_has_pending(p->log));
	fd = listen_there(p);
	log_flush(p->log);		/* too soon to try again */
	assert_true(log_has_pending(p->log));
	p->clock.now += SEC(1);
	log_flush(p->log);
	assert_false(log_has_pending(p->log));
	assert_int_equal(drain_datagrams(fd, "]: two"), 1);
	(void)close(fd);
}

static void
never_waits_for_a_syslog_that_does_not_read(void **state)
{
	struct place *p = *state;
	int fd = listen_there(p), count = 0;
	char name[80];

	(void)snprintf(name, sizeof(name), "syslog:%s", p->path);
	assert_int_equal(log_open(p->log, name), 0);
	for (int i = 0; i < 2000; i++)
		log_line(p->log, SLICE("same"));
	log_flush(p->log);
	assert_true(log_has_pending(p->log));
	while (log_has_pending(p->log)) {
		count += drain_datagrams(fd, "]: same");
		log_flush(p->log);
	}
	count += drain_datagrams(fd, "]: same");
	assert_int_equal(count, 2000);
	(void)close(fd);
}

static void
drops_a_line_no_datagram_can_carry(void **state)
{
	struct place *p = *state;
	int fd = listen_there(p);
	char *line = calloc(1, 900000), name[80];

	log_set(p->log, LOG_FORMAT_COMMON, LOG_LEVEL_INFO);
	(void)snprintf(name, sizeof(name), "syslog:%s", p->path);
	assert_int_equal(log_open(p->log, name), 0);
	log_line(p->log, slice_make(line, 900000));
	log_flush(p->log);
	assert_false(log_has_pending(p->log));
	assert_int_equal(log_dropped(p->log), 1);
	assert_int_equal(drain_datagrams(fd, "warn log: 1 lines dropped"), 1);
	free(line);
	(void)close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(formats_events),
		TEST(leaves_out_what_is_below_the_level),
		TEST(holds_lines_until_it_has_a_target),
		TEST(writes_the_rest_when_freed),
		TEST(waits_for_a_blocked_pipe_and_tears_no_line),
		TEST(fills_a_pipe_with_whole_lines_only),
		TEST(continues_a_line_longer_than_the_pipe_takes),
		TEST(survives_a_reader_that_is_gone),
		TEST(drops_whole_lines_when_full_and_says_how_many),
		TEST(writes_before_the_tick_ends_when_the_ring_is_full),
		TEST(says_what_is_missing_before_the_line_that_fits),
		TEST(follows_a_file_renamed_away),
		TEST(keeps_the_old_target_when_the_new_one_fails),
		TEST(switches_only_when_committed),
		TEST(gives_a_torn_line_whole_to_another_target),
		TEST(finds_syslog_again_after_its_restart),
		TEST(never_waits_for_a_syslog_that_does_not_read),
		TEST(drops_a_line_no_datagram_can_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
