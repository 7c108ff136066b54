/*
 * test_grpc.c - what is a call of gRPC, and how it says things.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/grpc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
names_the_statuses(void **state)
{
	static const struct {
		int status;
		const char *name;
	} rows[] = {
		{ 0, "OK" }, { 1, "CANCELLED" }, { 2, "UNKNOWN" },
		{ 3, "INVALID_ARGUMENT" }, { 4, "DEADLINE_EXCEEDED" },
		{ 5, "NOT_FOUND" }, { 6, "ALREADY_EXISTS" },
		{ 7, "PERMISSION_DENIED" }, { 8, "RESOURCE_EXHAUSTED" },
		{ 9, "FAILED_PRECONDITION" }, { 10, "ABORTED" },
		{ 11, "OUT_OF_RANGE" }, { 12, "UNIMPLEMENTED" },
		{ 13, "INTERNAL" }, { 14, "UNAVAILABLE" },
		{ 15, "DATA_LOSS" }, { 16, "UNAUTHENTICATED" },
		{ 17, "" }, { -1, "" }, { 1000, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(grpc_status_name(rows[i].status),
		    rows[i].name);
}

static void
finds_the_status_of_a_call(void **state)
{
	static const struct {
		const char *name, *value;
		int status;
	} rows[] = {
		{ "grpc-status", "0", 0 },
		{ "Grpc-Status", "14", 14 },
		{ "grpc-status", "016", 16 },
		{ "grpc-status", "17", GRPC_NO_STATUS },
		{ "grpc-status", "-1", GRPC_NO_STATUS },
		{ "grpc-status", "", GRPC_NO_STATUS },
		{ "grpc-status", "99999999999999999999", GRPC_NO_STATUS },
		{ "grpc-statu", "3", GRPC_NO_STATUS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct field f[] = {
			{ SLICE("x"), SLICE("5"), 0 },
			{ slice_of(rows[i].name), slice_of(rows[i].value), 0 },
		};

		assert_int_equal(grpc_status_find(f, 2), rows[i].status);
		assert_int_equal(grpc_status_find(f, 1), GRPC_NO_STATUS);
	}
	assert_int_equal(grpc_status_find(NULL, 0), GRPC_NO_STATUS);
}

static void
knows_what_clients_make_of_a_status_of_http(void **state)
{
	static const struct {
		unsigned http;
		enum grpc_status status;
	} rows[] = {
		{ 400, GRPC_INTERNAL }, { 401, GRPC_UNAUTHENTICATED },
		{ 403, GRPC_PERMISSION_DENIED }, { 404, GRPC_UNIMPLEMENTED },
		{ 429, GRPC_UNAVAILABLE }, { 502, GRPC_UNAVAILABLE },
		{ 503, GRPC_UNAVAILABLE }, { 504, GRPC_UNAVAILABLE },
		{ 200, GRPC_UNKNOWN }, { 308, GRPC_UNKNOWN },
		{ 405, GRPC_UNKNOWN }, { 500, GRPC_UNKNOWN },
		{ 0, GRPC_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(grpc_status_of(rows[i].http),
		    rows[i].status);
}

static void
tells_grpc_by_method_and_type(void **state)
{
	static const struct {
		const char *type;
		bool is;
	} rows[] = {
		{ "application/grpc", true },
		{ "Application/GRPC", true },
		{ "application/grpc+proto", true },
		{ "application/grpc+json;charset=utf-8", true },
		{ "application/grpc;x=y", true },
		{ "application/grpc ; x=y", true },
		{ "application/grpc-web", false },
		{ "application/grpc-web+proto", false },
		{ "application/grpcs", false },
		{ "application/grp", false },
		{ "xapplication/grpc", false },
		{ "text/plain", false },
		{ "", false },
	};
	struct field f = { SLICE("content-type"), SLICE_NONE,
	    FIELD_CONTENT_TYPE };
	struct head h;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f.value = slice_of(rows[i].type);
		head_init(&h, HEAD_REQUEST);
		h.fields = &f;
		h.nfields = 1;
		h.method = SLICE("POST");
		assert_int_equal(grpc_is_type(f.value), rows[i].is);
		assert_int_equal(grpc_is_request(&h), rows[i].is);
		h.method = SLICE("GET");
		assert_false(grpc_is_request(&h));
		h.kind = HEAD_RESPONSE;
		h.status = 200;
		assert_int_equal(grpc_is_response(&h), rows[i].is);
		h.status = 503;
		assert_false(grpc_is_response(&h));
		h.status = 200;
		h.method = SLICE("POST");
		h.nfields = 0;
		assert_false(grpc_is_request(&h));
		assert_false(grpc_is_response(&h));
	}
}

static void
reads_timeouts(void **state)
{
	static const struct {
		const char *value;
		int64_t usec;		/* -1: malformed */
	} rows[] = {
		{ "1H", SEC(3600) }, { "2M", SEC(120) }, { "3S", SEC(3) },
		{ "4m", MSEC(4) }, { "5u", 5 }, { "6000n", 6 },
		{ "1n", 1 }, { "1001n", 2 }, { "0n", 0 }, { "0S", 0 },
		{ "00000007u", 7 }, { "99999999u", 99999999 },
		{ "99999999H", SEC(3600) * 99999999 },
		{ "99999999n", 100000 },
		{ "", -1 }, { "1", -1 }, { "S", -1 }, { "1s", -1 },
		{ "1h", -1 }, { "1U", -1 }, { "-1S", -1 }, { "+1S", -1 },
		{ "1.5S", -1 }, { " 1S", -1 }, { "1S ", -1 }, { "1 S", -1 },
		{ "123456789u", -1 }, { "1mS", -1 }, { "1000000000S", -1 },
	};
	int64_t usec;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		usec = -1;
		assert_int_equal(grpc_timeout_parse(slice_of(rows[i].value),
		    &usec), rows[i].usec >= 0);
		assert_int_equal(usec, rows[i].usec);
	}
}

static void
writes_timeouts_in_the_finest_unit_that_fits(void **state)
{
	static const struct {
		int64_t usec;
		const char *value;
	} rows[] = {
		{ 0, "0u" }, { -5, "0u" }, { 1, "1u" },
		{ 99999999, "99999999u" }, { 100000000, "100000m" },
		{ 100000999, "100000m" }, { SEC(99999), "99999000m" },
		{ SEC(100000), "100000S" }, { SEC(99999999), "99999999S" },
		{ SEC(100000000), "1666666M" },
		{ SEC(3600) * 99999999, "99999999H" },
		{ INT64_MAX, "99999999H" },
	};
	char room[GRPC_TIMEOUT_TEXT];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice s = grpc_timeout_print(rows[i].usec, room);

		assert_true(slice_eq(s, slice_of(rows[i].value)));
		assert_true(grpc_timeout_parse(s, &back));
		assert_true(back <= rows[i].usec || rows[i].usec < 0);
	}
}

static void
takes_one_timeout_and_no_two(void **state)
{
	struct field f[] = {
		{ SLICE("x"), SLICE("1S"), 0 },
		{ SLICE("Grpc-Timeout"), SLICE("2S"), 0 },
		{ SLICE("grpc-timeout"), SLICE("3S"), 0 },
	};
	struct head h;

	(void)state;
	head_init(&h, HEAD_REQUEST);
	h.fields = f;
	assert_null(grpc_timeout_find(&h));
	h.nfields = 2;
	assert_ptr_equal(grpc_timeout_find(&h), &f[1]);
	h.nfields = 3;
	assert_null(grpc_timeout_find(&h));
}

static void
encodes_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "", "" },
		{ "No server is available.", "No server is available." },
		{ "100% ~", "100%25 ~" },
		{ "a\r\nb: c", "a%0D%0Ab: c" },
		{ "\x7f\t", "%7F%09" },
		{ "gr\xc3\xbc\xc3\x9f", "gr%C3%BC%C3%9F" },
	};
	struct arena a;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(slice_eq(grpc_message(slice_of(rows[i].text), &a),
		    slice_of(rows[i].message)));
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_statuses),
		cmocka_unit_test(finds_the_status_of_a_call),
		cmocka_unit_test(knows_what_clients_make_of_a_status_of_http),
		cmocka_unit_test(tells_grpc_by_method_and_type),
		cmocka_unit_test(reads_timeouts),
		cmocka_unit_test(writes_timeouts_in_the_finest_unit_that_fits),
		cmocka_unit_test(takes_one_timeout_and_no_two),
		cmocka_unit_test(encodes_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
