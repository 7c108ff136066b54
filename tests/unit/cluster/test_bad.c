/* What is kept of a malformed message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cluster/bad.h"

static struct fault
fault_at(const char *bytes, size_t n, size_t offset)
{
	return (struct fault){ .status = 400, .why = "NUL in a field value",
	    .bytes = slice_make(bytes, n), .offset = offset };
}

static void
keeps_a_short_message_whole(void **state)
{
	struct fault f = fault_at("GET / HTTP/1.1\r\nA: \0\r\n", 22, 19);
	struct bad b = { .total = 0 };
	struct addr peer;

	(void)state;
	assert_null(addr_parse(SLICE("127.0.0.1:4711"), &peer));
	bad_store(&b, &f, 123, &peer, "a");
	assert_int_equal(b.total, 1);
	assert_int_equal(b.wall, 123);
	assert_string_equal(b.peer, "127.0.0.1:4711");
	assert_string_equal(b.server, "a");
	assert_int_equal(b.status, 400);
	assert_string_equal(b.why, "NUL in a field value");
	assert_int_equal(b.offset, 19);
	assert_int_equal(b.from, 0);
	assert_int_equal(b.n, 22);
	assert_memory_equal(b.bytes, f.bytes.p, 22);
}

static void
keeps_the_part_around_the_fault(void **state)
{
	static const struct { size_t n, offset, from, kept; } rows[] = {
		{ 1024, 1000, 0, 1024 }, { 1025, 0, 0, 1024 },
		{ 5000, 0, 0, 1024 }, { 5000, 512, 0, 1024 },
		{ 5000, 2000, 1488, 1024 }, { 5000, 4999, 3976, 1024 },
		{ 5000, 5000, 3976, 1024 }, { 0, 0, 0, 0 },
	};
	char bytes[5000];
	struct bad b = { .total = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault f = fault_at(bytes, rows[i].n, rows[i].offset);

		bad_store(&b, &f, 1, NULL, NULL);
		assert_int_equal(b.from, rows[i].from);
		assert_int_equal(b.n, rows[i].kept);
		assert_memory_equal(b.bytes, bytes + b.from, b.n);
	}
	assert_string_equal(b.peer, "");
}

static void
cuts_a_long_name(void **state)
{
	struct fault f = fault_at(NULL, 0, 0);
	struct bad b = { .total = 0 };
	char name[200];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	bad_store(&b, &f, 1, NULL, name);
	assert_int_equal(strlen(b.server), sizeof(b.server) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_a_short_message_whole),
		cmocka_unit_test(keeps_the_part_around_the_fault),
		cmocka_unit_test(cuts_a_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
