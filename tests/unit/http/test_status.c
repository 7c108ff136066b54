/*
 * test_status.c - reason phrases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "http/status.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
knows_the_reasons_of_the_statuses(void **state)
{
	static const struct {
		unsigned status;
		const char *reason;
	} rows[] = {
		{ 100, "Continue" },
		{ 101, "Switching Protocols" },
		{ 103, "Early Hints" },
		{ 200, "OK" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 508, "Loop Detected" },
		{ 511, "Network Authentication Required" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(status_reason(rows[i].status),
		    rows[i].reason);
}

static void
has_no_reason_for_the_others(void **state)
{
	static const unsigned rows[] = {
		0, 1, 99, 199, 299, 306, 418, 420, 499, 512, 599, 600, 999,
		65535, 4294967295u
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(status_reason(rows[i]), "");
}

static void
never_gives_null_or_a_line_break(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1100; i++) {
		assert_non_null(status_reason(i));
		assert_null(strpbrk(status_reason(i), "\r\n"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_reasons_of_the_statuses),
		cmocka_unit_test(has_no_reason_for_the_others),
		cmocka_unit_test(never_gives_null_or_a_line_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
