/*
 * test_speech.c - the line that is sent, and whether the answer is a refusal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/speech.h"

static void
makes_one_line_of_its_arguments(void **state)
{
	static const struct {
		char *argv[4];
		int argc;
		bool json;
		const char *line;
	} rows[] = {
		{ { "show", "info" }, 2, false, "show info" },
		{ { "show info; reload" }, 1, false, "show info; reload" },
		{ { "get", "weight", "p/a b;\\" }, 3, false,
		    "get weight p/a\\ b\\;\\\\" },
		{ { "" }, 1, false, "" },
		{ { "" }, 1, true, "" },
		{ { "show", "info" }, 2, true, "show info json" },
		{ { "show", "info", "json" }, 3, true, "show info json" },
		{ { "show info; reload;show stat" }, 1, true,
		    "show info json; reload;show stat json" },
		{ { "show health a\\;b" }, 1, true, "show health a\\;b json" },
		{ { "reload" }, 1, true, "reload" },
		{ { "explain", "GET", "http://h/", "A: b" }, 4, true,
		    "explain GET http://h/ A:\\ b json" },
		{ { "explain app x;explainer" }, 1, true,
		    "explain app x json;explainer" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text line;

		text_init(&line);
		speech_line(&line, rows[i].argv, rows[i].argc, rows[i].json);
		text_add_char(&line, '.');
		line.p[--line.n] = '\0';
		assert_string_equal(line.p, rows[i].line);
		text_fini(&line);
	}
}

static void
sends_a_payload_without_the_line_that_would_end_it(void **state)
{
	struct text t;

	(void)state;
	assert_true(speech_wants_payload(SLICE("set ssl cert /a <<")));
	assert_true(speech_wants_payload(SLICE("set ssl cert /a << ")));
	assert_false(speech_wants_payload(SLICE("set ssl cert /a")));
	assert_false(speech_wants_payload(SLICE("set ssl cert /a<<")));
	text_init(&t);
	speech_payload(&t, SLICE("a\n\nb \r\n \n\tc"));
	assert_string_equal(t.p, "a\nb\nc\n\n");
	text_clear(&t);
	speech_payload(&t, SLICE(""));
	assert_string_equal(t.p, "\n");
	text_fini(&t);
}

static void
knows_a_refusal(void **state)
{
	static const struct {
		const char *answers;
		bool is_error;
	} rows[] = {
		{ "\n", false },
		{ "No ongoing transaction!\n\n", true },
		{ "Can't commit the certificate!\n/a: x\n\n", true },
		{ "The ongoing transaction is about '/a' but you are trying "
		    "to set '/b'\n\n", true },
		{ "Committing /a.\nSuccess!\n\n", false },
		{ "", false },
		{ "0.1.0\n\n", false },
		{ "reloaded: nothing\n\n", false },
		{ "reload failed: the old stays\nx:1: y\n\n", true },
		{ "Unknown command. These are the commands:\n  x\n\n", true },
		{ "No such server.\n\n", true },
		{ "\nNo such server.\n\n", true },
		{ "0.1.0\n\nRequire 'backend/server'.\n\n", true },
		{ "header\nNo such thing is meant here\n\n", false },
		{ "Permission denied\n", true },
		{ "No such backend.", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(speech_is_error(slice_of(rows[i].answers)),
		    rows[i].is_error);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_one_line_of_its_arguments),
		cmocka_unit_test(
		    sends_a_payload_without_the_line_that_would_end_it),
		cmocka_unit_test(knows_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
