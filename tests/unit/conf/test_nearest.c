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

static void
knows_what_is_said_elsewhere(void **state)
{
	static const char *const protocols[] = { "h1", "h2", "auto", NULL },
	    *const probes[] = { "none", "tcp", "http", "tls", "grpc", NULL },
	    *const proxies[] = { "off", "v1", "v2", NULL },
	    *const versions[] = { "policy", "1.2", "1.3", NULL },
	    *const verifies[] = { "off", "optional", "required", NULL },
	    *const panics[] = { "all", "fail", NULL },
	    *const balances[] = { "least_conn", "round_robin", "random",
	    "hash", NULL };
	static const struct {
		const char *const *values;
		const char *word, *meant;
	} cases[] = {
		{ protocols, "http2", "h2" }, { protocols, "HTTP/2", "h2" },
		{ protocols, "http1", "h1" }, { protocols, "http/1.1", "h1" },
		{ protocols, "grpc", "h2" }, { protocols, "H2", "h2" },
		{ protocols, "aut", "auto" }, { protocols, "quic", NULL },
		{ protocols, "h3", "h2" }, { protocols, "", NULL },
		{ probes, "grpc", "grpc" },
		{ probes, "gRPC", "grpc" }, { probes, "https", "http" },
		{ probes, "off", "none" }, { probes, "false", "none" },
		{ proxies, "2", "v2" }, { proxies, "none", "off" },
		{ versions, "TLSv1.3", "1.3" }, { versions, "1.1", "1.2" },
		{ verifies, "true", "required" }, { verifies, "no", "off" },
		{ verifies, "require", "required" }, { panics, "none", "fail" },
		{ balances, "maglev", "hash" }, { balances, "RR",
		    "round_robin" }, { balances, "leastconn", "least_conn" },
		{ balances, "0123456789012345678901234567890123456789"
		    "0123456789012345678901234", NULL },
	};
	const char *meant;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		meant = nearest_value(cases[i].values, cases[i].word);
		if (cases[i].meant == NULL)
			assert_null(meant);
		else if (meant == NULL)
			fail_msg("%s: nothing", cases[i].word);
		else
			assert_string_equal(meant, cases[i].meant);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_word_that_is_meant),
		cmocka_unit_test(knows_what_is_said_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
