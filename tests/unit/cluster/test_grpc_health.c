/*
 * test_grpc_health.c - the messages of gRPC's health check, byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/grpc_health.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(literal) { (literal), sizeof(literal) - 1 }

static void
asks_for_a_service(void **state)
{
	static const struct {
		const char *service;
		struct slice bytes;
	} rows[] = {
		{ NULL, BYTES("\0\0\0\0\0") },
		{ "", BYTES("\0\0\0\0\0") },
		{ "a", BYTES("\0\0\0\0\3\x0a\1a") },
		{ "echo.Echo", BYTES("\0\0\0\0\x0b\x0a\x09" "echo.Echo") },
	};
	char room[GRPC_HEALTH_REQUEST], name[300];
	struct slice s;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(slice_eq(grpc_health_request(rows[i].service,
		    room), rows[i].bytes));
	memset(name, 'x', sizeof(name));
	for (size_t n = 1; n < sizeof(name); n++) {
		size_t taken = n < 255 ? n : 255;
		size_t head = taken < 128 ? 2 : 3;

		name[n] = '\0';
		s = grpc_health_request(name, room);
		name[n] = 'x';
		assert_int_equal(s.n, 5 + head + taken);
		assert_int_equal(((uint8_t)room[3] << 8) + (uint8_t)room[4],
		    head + taken);
		assert_int_equal((uint8_t)room[6] & 0x7f, taken & 0x7f);
		if (head == 3)
			assert_int_equal(room[7], taken >> 7);
	}
}

static void
reads_the_state(void **state)
{
	static const struct {
		struct slice bytes;
		int state;
	} rows[] = {
		{ BYTES("\0\0\0\0\0"), GRPC_HEALTH_UNKNOWN },
		{ BYTES("\0\0\0\0\2\x08\0"), GRPC_HEALTH_UNKNOWN },
		{ BYTES("\0\0\0\0\2\x08\1"), GRPC_HEALTH_SERVING },
		{ BYTES("\0\0\0\0\2\x08\2"), GRPC_HEALTH_NOT_SERVING },
		{ BYTES("\0\0\0\0\2\x08\3"), GRPC_HEALTH_SERVICE_UNKNOWN },
		{ BYTES("\0\0\0\0\2\x08\7"), 7 },
		{ BYTES("\0\0\0\0\3\x08\x81\0"), GRPC_HEALTH_SERVING },
		/* The last one counts. */
		{ BYTES("\0\0\0\0\4\x08\2\x08\1"), GRPC_HEALTH_SERVING },
		/* Fields that are not known, of each kind. */
		{ BYTES("\0\0\0\0\4\x10\5\x08\1"), GRPC_HEALTH_SERVING },
		{ BYTES("\0\0\0\0\6\x12\2ab\x08\1"), GRPC_HEALTH_SERVING },
		{ BYTES("\0\0\0\0\7\x15\1\1\1\1\x08\1"),
		    GRPC_HEALTH_SERVING },
		{ BYTES("\0\0\0\0\x0b\x11\1\1\1\1\1\1\1\1\x08\1"),
		    GRPC_HEALTH_SERVING },
		/* An enum below zero is ten bytes. */
		{ BYTES("\0\0\0\0\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		    "\1"), INT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(grpc_health_read(rows[i].bytes),
		    rows[i].state);
}

static void
refuses_what_is_malformed(void **state)
{
	static const struct slice rows[] = {
		{ NULL, 0 },
		BYTES("\0\0\0\0"),
		BYTES("\0\0\0\0\1"),			/* less than said */
		BYTES("\0\0\0\0\0\x08"),		/* more than said */
		BYTES("\1\0\0\0\2\x08\1"),		/* compressed */
		BYTES("\0\0\0\0\1\x08"),		/* no value */
		BYTES("\0\0\0\0\2\x08\x81"),		/* half a value */
		BYTES("\0\0\0\0\1\0"),			/* field 0 */
		BYTES("\0\0\0\0\2\x0b\1"),		/* a group */
		BYTES("\0\0\0\0\2\x0f\1"),		/* no kind */
		BYTES("\0\0\0\0\2\x12\5"),		/* longer than it is */
		BYTES("\0\0\0\0\3\x15\1\1"),
		BYTES("\0\0\0\0\3\x11\1\1"),
		BYTES("\0\xff\xff\xff\xff\x08\1"),
		BYTES("\0\0\0\0\x0b\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80"
		    "\x80"),
		BYTES("\0\0\0\0\x0b\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		    "\1"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(grpc_health_read(rows[i]), -1);
}

static void
names_the_states(void **state)
{
	(void)state;
	assert_string_equal(grpc_health_name(0), "UNKNOWN");
	assert_string_equal(grpc_health_name(1), "SERVING");
	assert_string_equal(grpc_health_name(2), "NOT_SERVING");
	assert_string_equal(grpc_health_name(3), "SERVICE_UNKNOWN");
	assert_string_equal(grpc_health_name(4), "a state that is not known");
	assert_string_equal(grpc_health_name(-1), "a state that is not known");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_a_service),
		cmocka_unit_test(reads_the_state),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(names_the_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
