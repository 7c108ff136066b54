/*
 * test_head.c - heads of messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/head.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
assert_field(const struct head *h, uint32_t i, const char *name,
    const char *value)
{
	assert_true(i < h->nfields);
	assert_true(slice_eq(h->fields[i].name, slice_of(name)));
	assert_true(slice_eq(h->fields[i].value, slice_of(value)));
	assert_int_equal(h->fields[i].id, field_id(slice_of(name)));
}

static void
begins_empty_with_no_length(void **state)
{
	struct head h;

	(void)state;
	memset(&h, 0xa5, sizeof(h));
	head_init(&h, HEAD_RESPONSE);
	assert_int_equal(h.kind, HEAD_RESPONSE);
	assert_int_equal(h.proto, HTTP_PROTO_NONE);
	assert_int_equal(h.length, LENGTH_NONE);
	assert_int_equal(h.status, 0);
	assert_int_equal(h.nfields, 0);
	assert_int_equal(h.method.n, 0);
	assert_false(h.trailers_ok || h.expects_continue || h.absolute);
	assert_null(head_find(&h, FIELD_DATE));
	assert_null(head_find_name(&h, SLICE("X-Any")));
	head_del(&h, FIELD_DATE);
	assert_int_equal(h.nfields, 0);
}

static void
keeps_fields_in_order_and_in_their_case(void **state)
{
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	head_add_other(&h, &a, SLICE("uSER-aGENT"), SLICE("x"));
	head_add(&h, &a, FIELD_VIA, SLICE("1.1 a"));
	head_add_other(&h, &a, SLICE("X-Any"), SLICE(""));
	head_add_other(&h, &a, SLICE("via"), SLICE("1.1 b"));
	assert_int_equal(h.nfields, 4);
	assert_field(&h, 0, "uSER-aGENT", "x");
	assert_field(&h, 1, "Via", "1.1 a");
	assert_field(&h, 2, "X-Any", "");
	assert_field(&h, 3, "via", "1.1 b");
	assert_int_equal(h.fields[0].id, FIELD_USER_AGENT);
	assert_int_equal(h.fields[2].id, FIELD_OTHER);
	arena_reset(&a);
}

static void
grows_and_keeps_every_field(void **state)
{
	struct arena a;
	struct head h;
	struct slice name;

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	for (int i = 0; i < 1000; i++) {
		name = arena_print(&a, "X-%d", i);
		head_add_other(&h, &a, name, name);
	}
	assert_int_equal(h.nfields, 1000);
	assert_true(h.capfields >= 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		name = arena_print(&a, "X-%u", i);
		assert_true(slice_eq(h.fields[i].name, name));
		assert_true(slice_eq(h.fields[i].value, name));
	}
	arena_reset(&a);
}

static void
finds_each_field_of_a_name_in_order(void **state)
{
	struct arena a;
	struct head h;
	const struct field *f;

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_RESPONSE);
	head_add(&h, &a, FIELD_SET_COOKIE, SLICE("a=1"));
	head_add(&h, &a, FIELD_DATE, SLICE("now"));
	head_add(&h, &a, FIELD_SET_COOKIE, SLICE("b=2"));
	head_add(&h, &a, FIELD_SET_COOKIE, SLICE("c=3"));
	f = head_find(&h, FIELD_SET_COOKIE);
	assert_ptr_equal(f, &h.fields[0]);
	f = head_find_next(&h, f);
	assert_ptr_equal(f, &h.fields[2]);
	f = head_find_next(&h, f);
	assert_ptr_equal(f, &h.fields[3]);
	assert_null(head_find_next(&h, f));
	assert_null(head_find(&h, FIELD_VIA));
	arena_reset(&a);
}

static void
finds_names_outside_the_table_too(void **state)
{
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	head_add_other(&h, &a, SLICE("X-User"), SLICE("1"));
	head_add_other(&h, &a, SLICE("COOKIE"), SLICE("2"));
	head_add_other(&h, &a, SLICE("x-user"), SLICE("3"));
	assert_ptr_equal(head_find_name(&h, SLICE("x-USER")), &h.fields[0]);
	assert_ptr_equal(head_find_name(&h, SLICE("Cookie")), &h.fields[1]);
	assert_null(head_find_name(&h, SLICE("X-Use")));
	assert_null(head_find_name(&h, SLICE("X-User2")));
	assert_null(head_find_name(&h, SLICE("Via")));
	assert_null(head_find_name(&h, SLICE_NONE));
	arena_reset(&a);
}

static void
removes_the_fields_of_a_name_and_no_others(void **state)
{
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	head_add(&h, &a, FIELD_VIA, SLICE("1"));
	head_add_other(&h, &a, SLICE("X-A"), SLICE("2"));
	head_add(&h, &a, FIELD_VIA, SLICE("3"));
	head_add(&h, &a, FIELD_DATE, SLICE("4"));
	head_add(&h, &a, FIELD_VIA, SLICE("5"));
	head_del(&h, FIELD_VIA);
	assert_int_equal(h.nfields, 2);
	assert_field(&h, 0, "X-A", "2");
	assert_field(&h, 1, "Date", "4");
	head_del(&h, FIELD_COOKIE);
	assert_int_equal(h.nfields, 2);
	arena_reset(&a);
}

static void
copies_facts_and_fields_apart_from_the_first(void **state)
{
	struct arena a;
	struct head from, to;

	(void)state;
	arena_init(&a, NULL);
	head_init(&from, HEAD_REQUEST);
	from.method = SLICE("PUT");
	from.length = 7;
	from.trailers_ok = true;
	head_add(&from, &a, FIELD_VIA, SLICE("1"));
	head_add(&from, &a, FIELD_DATE, SLICE("2"));
	head_copy(&to, &from, &a);
	assert_true(head_is_method(&to, "PUT"));
	assert_int_equal(to.length, 7);
	assert_true(to.trailers_ok);
	head_del(&to, FIELD_VIA);
	for (int i = 0; i < 50; i++)
		head_add(&to, &a, FIELD_COOKIE, SLICE("c"));
	assert_int_equal(to.nfields, 51);
	assert_field(&to, 0, "Date", "2");
	assert_int_equal(from.nfields, 2);
	assert_field(&from, 0, "Via", "1");
	assert_field(&from, 1, "Date", "2");
	arena_reset(&a);
}

static void
copies_a_head_without_fields(void **state)
{
	struct arena a;
	struct head from, to;

	(void)state;
	arena_init(&a, NULL);
	head_init(&from, HEAD_RESPONSE);
	head_copy(&to, &from, &a);
	head_add(&to, &a, FIELD_DATE, SLICE("now"));
	assert_int_equal(to.nfields, 1);
	assert_int_equal(from.nfields, 0);
	arena_reset(&a);
}

static void
tells_methods_apart_by_case(void **state)
{
	static const struct {
		const char *method;
		bool is_idempotent;
	} rows[] = {
		{ "GET", true }, { "HEAD", true }, { "OPTIONS", true },
		{ "TRACE", true }, { "PUT", true }, { "DELETE", true },
		{ "POST", false }, { "PATCH", false }, { "CONNECT", false },
		{ "get", false }, { "GETS", false }, { "GE", false },
		{ "PROPFIND", false }, { "", false },
	};
	struct head h;

	(void)state;
	head_init(&h, HEAD_REQUEST);
	for (size_t i = 0; i < COUNT(rows); i++) {
		h.method = slice_of(rows[i].method);
		assert_int_equal(head_is_idempotent(&h),
		    rows[i].is_idempotent);
		assert_true(head_is_method(&h, rows[i].method));
		assert_false(head_is_method(&h, "Get"));
	}
}

static void
knows_which_responses_have_no_body(void **state)
{
	static const struct {
		uint16_t status;
		bool is_bodiless;
	} rows[] = {
		{ 100, true }, { 101, true }, { 103, true }, { 199, true },
		{ 200, false }, { 203, false }, { 204, true }, { 205, false },
		{ 206, false }, { 303, false }, { 304, true }, { 305, false },
		{ 404, false }, { 500, false }, { 99, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(head_is_bodiless(rows[i].status, false),
		    rows[i].is_bodiless);
		assert_true(head_is_bodiless(rows[i].status, true));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_empty_with_no_length),
		cmocka_unit_test(keeps_fields_in_order_and_in_their_case),
		cmocka_unit_test(grows_and_keeps_every_field),
		cmocka_unit_test(finds_each_field_of_a_name_in_order),
		cmocka_unit_test(finds_names_outside_the_table_too),
		cmocka_unit_test(removes_the_fields_of_a_name_and_no_others),
		cmocka_unit_test(copies_facts_and_fields_apart_from_the_first),
		cmocka_unit_test(copies_a_head_without_fields),
		cmocka_unit_test(tells_methods_apart_by_case),
		cmocka_unit_test(knows_which_responses_have_no_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
