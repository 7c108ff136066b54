/*
 * test_must.c - a broken promise ends the process, loudly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"

static void
passes_what_holds(void **state)
{
	(void)state;
	must(1 + 1 == 2);
}

static void
names_the_condition_and_aborts(void **state)
{
	char said[256] = "";
	int fd[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(fd[1], STDERR_FILENO);
		must(1 + 1 == 3);
		_exit(0);
	}
	(void)close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(read(fd[0], said, sizeof(said) - 1) > 0);
	(void)close(fd[0]);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(said, "must(1 + 1 == 3)"));
	assert_non_null(strstr(said, "test_must.c:"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_what_holds),
		cmocka_unit_test(names_the_condition_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
