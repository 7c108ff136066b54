/*
 * test_mem.c - allocation gives zeroes and copies, or exits with 71.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/wait.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

static void
gives_zeroes(void **state)
{
	unsigned char *p = mem_new(1000), *q = mem_array(10, 100);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(p[i] == 0 && q[i] == 0);
	free(p);
	free(q);
}

static void
gives_memory_for_nothing_too(void **state)
{
	void *p = mem_array(0, 8), *q = mem_grow(NULL, 8, 0);

	(void)state;
	assert_non_null(p);
	assert_non_null(q);
	free(p);
	free(q);
}

static void
keeps_bytes_when_growing(void **state)
{
	char *p = mem_string("abc");

	(void)state;
	p = mem_grow(p, 1000, 10);
	assert_string_equal(p, "abc");
	free(p);
}

static void
copies_text_with_a_nul(void **state)
{
	char *p = mem_text("abcdef", 3), *q = mem_text(NULL, 0);

	(void)state;
	assert_string_equal(p, "abc");
	assert_string_equal(q, "");
	free(p);
	free(q);
}

static void
exits_71_on_overflow(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		(void)mem_grow(NULL, SIZE_MAX / 2, 3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_OSERR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroes),
		cmocka_unit_test(gives_memory_for_nothing_too),
		cmocka_unit_test(keeps_bytes_when_growing),
		cmocka_unit_test(copies_text_with_a_nul),
		cmocka_unit_test(exits_71_on_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
