/*
 * test_source.c - files, the files they include, and error pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "complains.h"

static char directory[] = "/tmp/steelyard-test-XXXXXX";
static char path[sizeof(directory) + 32];

static const char *
in_directory(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
put(const char *name, const char *bytes, size_t n)
{
	FILE *f = fopen(in_directory(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

#define PUT(name, string) put(name, string, sizeof(string) - 1)

static int
make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
remove_directory(void **state)
{
	static const char *const names[] = { "main.conf", "a.conf", "b.conf",
	    "page.html" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_directory(names[i]));
	return rmdir(directory);
}

static struct conf *
load(struct text *errors)
{
	text_init(errors);
	text_add(errors, "%s", "");
	return conf_load(in_directory("main.conf"), balances, errors);
}

/* Loads main.conf; complaint has ~ where the directory stands. */
static void
complains_that(const char *complaint)
{
	struct text errors, wanted;

	text_init(&wanted);
	for (; *complaint != '\0'; complaint++) {
		if (*complaint == '~')
			text_add(&wanted, "%s", directory);
		else
			text_add_char(&wanted, *complaint);
	}
	assert_null(load(&errors));
	assert_string_equal(errors.p, wanted.p);
	text_fini(&errors);
	text_fini(&wanted);
}

static void
includes_files_relative_to_the_first(void **state)
{
	struct text errors, include;
	struct conf *c;

	(void)state;
	PUT("main.conf", "# first\n" LISTENER "  @include \"a.conf\" # here\n"
	    "routes = ( { pool = \"web\"; } );");
	text_init(&include);
	text_add(&include, "# a\n@include \"%s\"\n\n",
	    in_directory("b.conf"));
	put("a.conf", include.p, include.n);
	PUT("b.conf", "\n\n" POOL "# no newline");
	c = load(&errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	assert_string_equal(c->pools[0].where.file, in_directory("b.conf"));
	assert_int_equal(c->pools[0].where.line, 3);
	assert_string_equal(c->routes[0].where.file,
	    in_directory("main.conf"));
	assert_int_equal(c->routes[0].where.line, 4);
	conf_put(&c);
	text_fini(&errors);
	text_fini(&include);
}

static void
tells_the_line_of_the_included_file(void **state)
{
	(void)state;
	PUT("main.conf", LISTENER "@include \"a.conf\"\nb = 1;\n");
	PUT("a.conf", "\na = 1;\n");
	complains_that("~/a.conf:2: a: unknown option; "
	    "known here: global, listeners, routes, pools\n"
	    "~/main.conf:3: b: unknown option; "
	    "known here: global, listeners, routes, pools\n");
	PUT("a.conf", "\nx = ;\n");
	complains_that("~/a.conf:2: found ';' where the value of 'x' should "
	    "stand\n");
	PUT("a.conf", "\nlisteners = ( );\n");
	complains_that("~/a.conf:2: 'listeners' stands twice in this group, "
	    "first at ~/main.conf:1; delete one of them\n");
}

static void
refuses_includes_that_cannot_be_read(void **state)
{
	(void)state;
	PUT("main.conf", "@include \"none.conf\"\n");
	complains_that("~/main.conf:1: @include: ~/none.conf cannot be read: "
	    "No such file or directory\n");
}

static void
reads_no_directory_and_no_device(void **state)
{
	struct text errors;

	(void)state;
	text_init(&errors);
	assert_null(conf_load("/", balances, &errors));
	assert_string_equal(errors.p, "/: cannot be read: Is a directory\n");
	text_clear(&errors);
	assert_null(conf_load("/dev/zero", balances, &errors));
	assert_string_equal(errors.p,
	    "/dev/zero: cannot be read: Not a regular file\n");
	text_clear(&errors);
	assert_null(conf_load("/nonexistent/x", balances, &errors));
	assert_string_equal(errors.p,
	    "/nonexistent/x: cannot be read: No such file or directory\n");
	text_fini(&errors);
}

static void
stops_at_a_file_that_includes_itself(void **state)
{
	(void)state;
	PUT("main.conf", LISTENER "@include \"a.conf\"\n");
	PUT("a.conf", "#\n@include \"a.conf\"\n");
	complains_that("~/a.conf:2: @include: more than 10 files within files; "
	    "does a file include itself?\n");
}

static void
refuses_bytes_that_are_no_text(void **state)
{
	(void)state;
	PUT("main.conf", LISTENER "# a\0b\n");
	complains_that("~/main.conf:2: holds a NUL byte; "
	    "this is not a text file\n");
}

static void
reads_error_pages_relative_to_the_file(void **state)
{
	struct text errors, out;
	struct conf *c, *again;

	(void)state;
	PUT("page.html", "<h1>\0</h1>\n");
	PUT("main.conf", LISTENER "global = { errors = ("
	    " { status = 503; file = \"page.html\"; } ); };");
	c = load(&errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	assert_int_equal(c->global.errors.n, 1);
	assert_int_equal(c->global.errors.v[0].status, 503);
	assert_string_equal(c->global.errors.v[0].content_type, "text/html");
	assert_string_equal(c->global.errors.v[0].file,
	    in_directory("page.html"));
	assert_int_equal(c->global.errors.v[0].body.n, 11);
	assert_memory_equal(c->global.errors.v[0].body.p, "<h1>\0</h1>\n",
	    11);
	text_init(&out);
	conf_dump(c, &out);
	again = conf_load_string("f", out.p, balances, &errors);
	assert_non_null(again);
	assert_int_equal(again->global.errors.v[0].body.n, 11);
	conf_put(&again);
	conf_put(&c);
	text_fini(&out);
	text_fini(&errors);
}

static void
refuses_error_pages_that_are_too_large(void **state)
{
	static char page[16385];

	(void)state;
	memset(page, 'x', sizeof(page));
	put("page.html", page, sizeof(page));
	PUT("main.conf", LISTENER "global = { errors = ("
	    " { status = 503; file = \"page.html\"; } ); };");
	complains_that("~/main.conf:2: global.error.file: ~/page.html cannot "
	    "be read: File too large; at most 16k is allowed\n");
	put("page.html", page, sizeof(page) - 1);
	{
		struct text errors;
		struct conf *c = load(&errors);

		assert_non_null(c);
		conf_put(&c);
		text_fini(&errors);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes_files_relative_to_the_first),
		cmocka_unit_test(tells_the_line_of_the_included_file),
		cmocka_unit_test(refuses_includes_that_cannot_be_read),
		cmocka_unit_test(reads_no_directory_and_no_device),
		cmocka_unit_test(stops_at_a_file_that_includes_itself),
		cmocka_unit_test(refuses_bytes_that_are_no_text),
		cmocka_unit_test(reads_error_pages_relative_to_the_file),
		cmocka_unit_test(refuses_error_pages_that_are_too_large),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
