/*
 * test_hop.c - what is said about one hop only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/hop.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
reads_the_options_of_connection(void **state)
{
	static const struct {
		const char *value;
		struct hop hop;
	} rows[] = {
		{ "", { false, false, false, false, false } },
		{ ",, ,", { false, false, false, false, false } },
		{ "close", { .close = true } },
		{ "CLOSE", { .close = true } },
		{ "keep-alive", { .keep_alive = true } },
		{ "Keep-Alive, Upgrade", { .keep_alive = true,
		    .upgrade = true } },
		{ "te", { .te = true } },
		{ "TE,\tclose ,", { .te = true, .close = true } },
		{ "X-Any", { .names_others = true } },
		{ "closed", { .names_others = true } },
		{ "close x", { .names_others = true } },
		{ "Host, upgrade", { .names_others = true, .upgrade = true } },
	};
	struct hop hop;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&hop, 0, sizeof(hop));
		hop_read(&hop, slice_of(rows[i].value));
		assert_int_equal(hop.close, rows[i].hop.close);
		assert_int_equal(hop.keep_alive, rows[i].hop.keep_alive);
		assert_int_equal(hop.upgrade, rows[i].hop.upgrade);
		assert_int_equal(hop.te, rows[i].hop.te);
		assert_int_equal(hop.names_others, rows[i].hop.names_others);
	}
}

static void
adds_one_line_to_another(void **state)
{
	struct hop hop;

	(void)state;
	memset(&hop, 0, sizeof(hop));
	hop_read(&hop, SLICE("keep-alive"));
	hop_read(&hop, SLICE("close"));
	hop_read(&hop, SLICE_NONE);
	assert_true(hop.close && hop.keep_alive);
	assert_false(hop.upgrade || hop.te || hop.names_others);
}

/* How many of the fields X-A, x-a, X-B, Referer and X-C stay. */
static void
drops_the_fields_that_connection_names(void **state)
{
	static const struct {
		const char *value, *left;
	} rows[] = {
		{ "", "AaBRC" }, { "close", "AaBRC" }, { "X-A", "BRC" },
		{ "x-b , X-a", "RC" }, { "referer", "AaBC" },
		{ "X-A,X-A,X-A", "BRC" }, { "X", "AaBRC" },
		{ "X-A X-B", "AaBRC" }, { "keep-alive, X-C, close", "AaBR" },
		{ "X-A,X-B,X-C,Referer", "" },
	};
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		head_init(&h, HEAD_REQUEST);
		head_add_other(&h, &a, SLICE("X-A"), SLICE("A"));
		head_add_other(&h, &a, SLICE("x-a"), SLICE("a"));
		head_add_other(&h, &a, SLICE("X-B"), SLICE("B"));
		head_add(&h, &a, FIELD_REFERER, SLICE("R"));
		head_add_other(&h, &a, SLICE("X-C"), SLICE("C"));
		hop_drop_named(&h, slice_of(rows[i].value));
		assert_int_equal(h.nfields, strlen(rows[i].left));
		for (uint32_t j = 0; j < h.nfields; j++)
			assert_int_equal(h.fields[j].value.p[0],
			    rows[i].left[j]);
	}
	arena_reset(&a);
}

static void
keeps_the_fields_that_nobody_may_have_removed(void **state)
{
	static const char *const rows[] = {
		"Host", "Content-Length", "Authorization", "authorization",
		"Cookie", "Forwarded", "Via", "X-Forwarded-For",
		"x-forwarded-for", "X-Forwarded-Proto", "X-Forwarded-Host",
		"X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP",
		"X-Request-Id", "traceparent", "Date", "Max-Forwards",
		"Sec-WebSocket-Key", "Sec-WebSocket-Accept"
	};
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		head_init(&h, HEAD_REQUEST);
		head_add_other(&h, &a, slice_of(rows[i]), SLICE("x"));
		hop_drop_named(&h, arena_print(&a, "close, %s", rows[i]));
		if (h.nfields != 1)
			fail_msg("%s was removed", rows[i]);
	}
	arena_reset(&a);
}

static void
hears_that_trailers_are_welcome(void **state)
{
	static const char *const yes[] = {
		"trailers", "Trailers", "gzip, trailers", "trailers, deflate",
		" ,trailers", "trailers;q=1", "trailers; q=0.5",
		"trailers ; Q=0.001", "trailers;q=1.000",
		"gzip;q=0, trailers", "trailers;q=0, trailers",
	};
	static const char *const no[] = {
		"", ",", "gzip", "trailer", "trailersx", "x-trailers",
		"trailers;q=0", "trailers; q=0.000", "trailers;q=0.",
		"trailers;q=0.0001", "trailers;q=2", "trailers;q=1.5",
		"trailers;", "trailers;q", "trailers;q=", "trailers;q=01",
		"trailers;x=1", "trailers=1", "q=1;trailers",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		if (!hop_te_trailers(slice_of(yes[i])))
			fail_msg("no trailers for \"%s\"", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		if (hop_te_trailers(slice_of(no[i])))
			fail_msg("trailers for \"%s\"", no[i]);
	assert_false(hop_te_trailers(SLICE_NONE));
}

static void
reads_the_timeout_of_keep_alive(void **state)
{
	static const struct {
		const char *value;
		int seconds;
	} rows[] = {
		{ "timeout=5", 5 }, { "timeout=5, max=100", 5 },
		{ "max=100,Timeout=65", 65 }, { "timeout = 7", 7 },
		{ "timeout=0", 0 }, { "timeout=2147483647", 2147483647 },
		{ "timeout=2147483648", -1 }, { "timeout=", -1 },
		{ "timeout", -1 }, { "timeout=-5", -1 }, { "timeout=5s", -1 },
		{ "timeouts=5", -1 }, { "max=100", -1 }, { "", -1 },
		{ "timeout=x, timeout=9", 9 }, { "5", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(hop_keep_alive_timeout(
		    slice_of(rows[i].value)), rows[i].seconds);
	assert_int_equal(hop_keep_alive_timeout(SLICE_NONE), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_options_of_connection),
		cmocka_unit_test(adds_one_line_to_another),
		cmocka_unit_test(drops_the_fields_that_connection_names),
		cmocka_unit_test(keeps_the_fields_that_nobody_may_have_removed),
		cmocka_unit_test(hears_that_trailers_are_welcome),
		cmocka_unit_test(reads_the_timeout_of_keep_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
