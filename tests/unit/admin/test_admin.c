/*
 * test_admin.c - the socket itself: sessions, their limits, its file.
 */
#include "world.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>

#include "admin/session.h"
#include "base/version.h"

#define VERSION STEELYARD_VERSION "\n\n"

static int
open_world(void **state)
{
	struct world *w;

	if (world_open(state, "1s") != 0)
		return -1;
	w = *state;
	assert_int_equal(admin_prepare(w->admin,
	    &w->conf->global.stats_socket), 0);
	admin_commit(w->admin, &w->conf->global.stats_socket);
	return 0;
}

static int
dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
say(int fd, const char *line)
{
	assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL),
	    (ssize_t)strlen(line));
}

static void
spin(struct world *w, int64_t span)
{
	int64_t end = w->loop->clock.now + span;

	do
		loop_tick(w->loop, end);
	while (w->loop->clock.now < end);
}

/*
 * Reads until there is the end, or as many bytes as expected.  Gives what came;
 * *ended tells of the end.
 */
static const char *
hear(struct world *w, int fd, size_t expected, bool *ended)
{
	int64_t end = w->loop->clock.now + SEC(3);
	char part[4096];

	*ended = false;
	text_clear(&w->out);
	while (w->loop->clock.now < end && w->out.n < expected) {
		ssize_t n = recv(fd, part, sizeof(part), 0);

		if (n > 0) {
			text_add_slice(&w->out, slice_make(part, (size_t)n));
		} else if (n == 0) {
			*ended = true;
			break;
		} else {
			assert_int_equal(errno, EAGAIN);
			loop_tick(w->loop, w->loop->clock.now + MSEC(20));
		}
	}
	return w->out.p != NULL ? w->out.p : "";
}

static const char *
hear_end(struct world *w, int fd)
{
	bool ended;
	const char *heard = hear(w, fd, SIZE_MAX, &ended);

	assert_true(ended);
	close(fd);
	return heard;
}

static const char *
hear_exactly(struct world *w, int fd, const char *expected)
{
	bool ended;

	hear(w, fd, strlen(expected), &ended);
	assert_string_equal(w->out.p, expected);
	return w->out.p;
}

static void
answers_one_line_and_closes(void **state)
{
	static const char *const lines[] = {
		"show version\n", "show version\r\n",
		"show version\nshow version\nshow version\n",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int fd = dial(w->socket);

		say(fd, lines[i]);
		assert_string_equal(hear_end(w, fd), VERSION);
	}
}

static void
answers_a_line_without_its_end_when_no_more_can_come(void **state)
{
	struct world *w = *state;
	int fd = dial(w->socket);

	say(fd, "show ver");
	spin(w, MSEC(20));
	say(fd, "sion");
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear_end(w, fd), VERSION);
	fd = dial(w->socket);
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear_end(w, fd), "");
}

static void
stays_open_with_a_prompt(void **state)
{
	struct world *w = *state;
	int fd = dial(w->socket);

	say(fd, "prompt\n");
	hear_exactly(w, fd, "\n> ");
	say(fd, "show version; show version\n\nset timeout cli 60\n");
	hear_exactly(w, fd, VERSION VERSION "> > \n> ");
	say(fd, "show ver");
	spin(w, MSEC(20));
	say(fd, "sion\nquit\n");
	assert_string_equal(hear_end(w, fd), VERSION "> ");
}

static void
refuses_a_line_that_is_too_long(void **state)
{
	struct world *w = *state;
	char line[SESSION_LINE + 1];
	int fd = dial(w->socket);

	memset(line, 'x', sizeof(line));
	line[SESSION_LINE] = '\0';
	say(fd, line);
	assert_has(hear_end(w, fd), "The line is too long");
	/* One that just fits. */
	memset(line, ' ', SESSION_LINE);
	memcpy(line, "show version", 12);
	line[SESSION_LINE - 1] = '\n';
	fd = dial(w->socket);
	say(fd, line);
	assert_string_equal(hear_end(w, fd), VERSION);
}

static void
closes_an_idle_session(void **state)
{
	struct world *w = *state;
	int fd = dial(w->socket);
	bool ended;

	say(fd, "prompt\n");
	hear_exactly(w, fd, "\n> ");
	spin(w, MSEC(600));
	say(fd, "\n");
	hear_exactly(w, fd, "> ");
	spin(w, MSEC(600));
	assert_int_equal(recv(fd, &ended, 1, 0), -1);
	spin(w, MSEC(600));
	assert_int_equal(recv(fd, &ended, 1, 0), 0);
	close(fd);
}

static void
lets_others_wait_when_sessions_are_many(void **state)
{
	struct world *w = *state;
	int fds[33];

	for (int i = 0; i < 32; i++) {
		fds[i] = dial(w->socket);
		say(fds[i], "prompt\n");
	}
	spin(w, MSEC(30));
	fds[32] = dial(w->socket);
	assert_true(fds[32] >= 0);
	say(fds[32], "show version\n");
	spin(w, MSEC(60));
	assert_int_equal(recv(fds[32], w->dir, 0, MSG_PEEK), -1);
	close(fds[3]);
	assert_string_equal(hear_end(w, fds[32]), VERSION);
	for (int i = 0; i < 32; i++)
		if (i != 3)
			close(fds[i]);
	spin(w, MSEC(30));
}

/* It asks for much and reads nothing; others are served, then it is cut. */
static void
is_not_held_up_by_who_does_not_read(void **state)
{
	static const char one[] = "show stat json;show config;show stat json\n";
	struct world *w = *state;
	int fd = dial(w->socket), other;

	say(fd, "prompt\n");
	for (int i = 0; i < 60; i++)
		say(fd, one);
	spin(w, MSEC(50));
	other = dial(w->socket);
	say(other, "show version\n");
	assert_string_equal(hear_end(w, other), VERSION);
	spin(w, MSEC(1300));
	/* What the kernel holds still comes, and then the end. */
	assert_has(hear_end(w, fd), "objType");
}

static void
gives_a_long_answer_whole(void **state)
{
	struct world *w = *state;
	int fd = dial(w->socket);
	size_t alone;

	alone = strlen(ask(w, "show stat json"));
	for (int i = 1; i < 100; i++)
		say(fd, "show stat json;");
	say(fd, "show stat json\n");
	hear_end(w, fd);
	assert_true(w->out.n > 90 * alone);
	assert_string_equal(w->out.p + w->out.n - 5, "}]]\n\n");
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0 ? 0 : st.st_mode & 0777;
}

static void
moves_when_the_path_does_and_stays_when_not(void **state)
{
	struct world *w = *state;
	struct conf_stats_socket conf = w->conf->global.stats_socket;
	int fd = dial(w->socket);

	assert_int_equal(mode_of(w->socket), 0600);
	say(fd, "prompt\n");
	hear_exactly(w, fd, "\n> ");
	conf.mode = 0660;
	assert_int_equal(admin_prepare(w->admin, &conf), 0);
	admin_commit(w->admin, &conf);
	assert_int_equal(mode_of(w->socket), 0660);
	conf.path = w->other;
	assert_int_equal(admin_prepare(w->admin, &conf), 0);
	assert_int_equal(mode_of(w->other), 0660);
	admin_abandon(w->admin);
	assert_int_equal(mode_of(w->other), 0);
	assert_int_equal(mode_of(w->socket), 0660);
	assert_int_equal(admin_prepare(w->admin, &conf), 0);
	admin_commit(w->admin, &conf);
	assert_int_equal(mode_of(w->socket), 0);
	assert_int_equal(dial(w->socket), -1);
	say(fd, "show version\n");
	hear_exactly(w, fd, VERSION "> ");
	close(fd);
	fd = dial(w->other);
	say(fd, "show version\n");
	assert_string_equal(hear_end(w, fd), VERSION);
	conf.path = NULL;
	assert_int_equal(admin_prepare(w->admin, &conf), 0);
	admin_commit(w->admin, &conf);
	assert_int_equal(mode_of(w->other), 0);
}

static void
keeps_the_old_socket_when_the_new_one_cannot_be_had(void **state)
{
	struct world *w = *state;
	struct conf_stats_socket conf = w->conf->global.stats_socket;
	char long_path[200];
	int fd;

	conf.path = "/nonexistent/dir/stats.sock";
	assert_int_equal(admin_prepare(w->admin, &conf), -ENOENT);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	conf.path = long_path;
	assert_int_equal(admin_prepare(w->admin, &conf), -ENAMETOOLONG);
	admin_commit(w->admin, &conf);
	fd = dial(w->socket);
	say(fd, "show version\n");
	assert_string_equal(hear_end(w, fd), VERSION);
}

static void
makes_its_file_anew_when_somebody_removed_it(void **state)
{
	struct world *w = *state;
	int fd;

	unlink(w->socket);
	assert_int_equal(admin_prepare(w->admin,
	    &w->conf->global.stats_socket), 0);
	admin_commit(w->admin, &w->conf->global.stats_socket);
	fd = dial(w->socket);
	say(fd, "show version\n");
	assert_string_equal(hear_end(w, fd), VERSION);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(answers_one_line_and_closes),
		TEST(answers_a_line_without_its_end_when_no_more_can_come),
		TEST(stays_open_with_a_prompt),
		TEST(refuses_a_line_that_is_too_long),
		TEST(closes_an_idle_session),
		TEST(lets_others_wait_when_sessions_are_many),
		TEST(is_not_held_up_by_who_does_not_read),
		TEST(gives_a_long_answer_whole),
		TEST(moves_when_the_path_does_and_stays_when_not),
		TEST(keeps_the_old_socket_when_the_new_one_cannot_be_had),
		TEST(makes_its_file_anew_when_somebody_removed_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
