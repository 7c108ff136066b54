/*
 * test_nearest.c - which word is meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/nearest.h"

static void
finds_the_word_that_is_meant(void **state)
{
	static const char *const known[] = { "interval", "timeout", "fall",
	    "rise", "host", "web", "fast_interval", "a" };
	static const struct { const char *word, *best; } cases[] = {
		{ "intervall", "interval" },
		{ "intreval", "interval" },
		{ "Interval", "interval" },
		{ "imeout", "timeout" },
		{ "fal", "fall" },
		{ "wbe", "web" },
		{ "hash", NULL },	/* half of it differs */
		{ "xyz", NULL },
		{ "b", NULL },		/* nothing in common */
		{ "", NULL },
		{ "colour", NULL },
		{ "0123456789012345678901234567890123456789012345678901234567"
		    "890123456789", NULL },
	};
	struct nearest n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nearest_init(&n, cases[i].word);
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			nearest_offer(&n, known[j]);
		if (cases[i].best == NULL)
			assert_null(n.best);
		else
			assert_string_equal(n.best, cases[i].best);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_word_that_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
