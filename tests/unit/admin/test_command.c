/*
 * test_command.c - lines, words, levels, and what is unknown.
 */
#include "world.h"

#include "admin/command.h"
#include "admin/session.h"
#include "base/version.h"

#define VERSION STEELYARD_VERSION "\n\n"

static void
reads_commands_words_and_escapes(void **state)
{
	static const struct {
		const char *line, *answer;
	} rows[] = {
		{ "show version", VERSION },
		{ "  show \t version  ", VERSION },
		{ "show version;show version", VERSION VERSION },
		{ "show version;", VERSION },
		{ "show version ; ", VERSION },
		{ ";;show version", VERSION },
		{ "\\show ver\\sion", VERSION },
		{ "get weight app/a", "10 (initial 10)\n\n" },
		{ "get weight #100001/a", "10 (initial 10)\n\n" },
		{ "get weight app/a\\;", "No such server.\n\n" },
		{ "get weight app/a\\ b", "No such server.\n\n" },
		{ "get weight app\\", "Require 'backend/server'.\n\n" },
		{ "get weight bare/unix:/nowhere/x.sock",
		    "1 (initial 1)\n\n" },
		{ "set timeout cli 60", "\n" },
		{ "set timeout cli", "Expects an integer value.\n\n" },
		{ "set timeout cli x", "Invalid timeout value.\n\n" },
		{ "set timeout cli 0", "Invalid timeout value.\n\n" },
		{ "prompt", "\n" },
		{ "show cli level", "admin\n\n" },
		{ "show version json",
		    "{\"version\":\"" STEELYARD_VERSION "\"}\n\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(ask(*state, rows[i].line), rows[i].answer);
}

static void
lists_commands_when_one_is_unknown(void **state)
{
	static const char *const lines[] = {
		"", " ", "bogus", "show", "show nothing", "set", "shows info",
		"show info2",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *answer = ask(*state, lines[i]);

		if (strncmp(answer, "Unknown command.", 16) != 0)
			fail_msg("\"%s\" gives %s", lines[i], answer);
		assert_string_equal(answer + strlen(answer) - 2, "\n\n");
	}
	assert_lacks(ask(*state, "show nothing"), "set server");
	assert_has(ask(*state, "bogus"), "set server");
}

static void
helps_with_all_or_with_those_that_begin_so(void **state)
{
	assert_has(ask(*state, "help"), "  reload ");
	assert_has(ask(*state, "help"), "  show health [<pool>] [json] ");
	assert_has(ask(*state, "help show servers"), "show servers state");
	assert_lacks(ask(*state, "help show servers"), "show stat");
	assert_has(ask(*state, "help nonsense"), "show stat");
}

static void
refuses_too_many_words(void **state)
{
	struct text line;

	text_init(&line);
	text_add(&line, "show version");
	for (int i = 2; i < COMMAND_WORDS; i++)
		text_add(&line, " x");
	assert_string_equal(ask(*state, line.p), VERSION);
	text_add(&line, " x");
	assert_has(ask(*state, line.p), "Too many words");
	text_fini(&line);
}

/* As a session would: its level and quit hold from the next command on. */
static const char *
ask_in(struct world *w, struct session *s, const char *line)
{
	struct idle_sample idle = { 0, 0, 100 };
	struct request r = { .worker = w->worker, .session = s, .idle = &idle,
	    .out = &w->out };
	char copy[256];

	(void)snprintf(copy, sizeof(copy), "%s", line);
	text_clear(&w->out);
	command_run_line(&r, copy);
	return w->out.p;
}

static void
holds_back_what_a_level_may_not(void **state)
{
	struct world *w = *state;
	struct session s = { .level = LEVEL_ADMIN };

	assert_string_equal(ask_in(w, &s, "operator; show cli level"),
	    "\noperator\n\n");
	assert_string_equal(ask_in(w, &s, "reload"), "Permission denied\n\n");
	assert_string_equal(ask_in(w, &s, "disable server app/a"), "\n");
	assert_int_equal(server_of(w, "app", "a")->admin, SERVER_MAINT);
	assert_string_equal(ask_in(w, &s, "user; enable server app/a"),
	    "\nPermission denied\n\n");
	assert_int_equal(server_of(w, "app", "a")->admin, SERVER_MAINT);
	assert_string_equal(ask_in(w, &s, "operator; show cli level"),
	    "\nuser\n\n");
}

static void
runs_nothing_after_quit(void **state)
{
	struct session s = { .level = LEVEL_ADMIN };

	assert_string_equal(ask_in(*state, &s,
	    "show version; quit; show version"), VERSION);
	assert_true(s.quit);
}

static void
reloads_by_the_daemon(void **state)
{
	struct world *w = *state;

	assert_string_equal(ask(w, "reload"), "reloaded: nothing\n\n");
	w->reload_fails = true;
	assert_string_equal(ask(w, "reload"),
	    "reload failed: the old stays\n\n");
	assert_int_equal(w->reloads, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_commands_words_and_escapes),
		TEST(lists_commands_when_one_is_unknown),
		TEST(helps_with_all_or_with_those_that_begin_so),
		TEST(refuses_too_many_words),
		TEST(holds_back_what_a_level_may_not),
		TEST(runs_nothing_after_quit),
		TEST(reloads_by_the_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
