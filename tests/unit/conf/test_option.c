/*
 * test_option.c - the option table is whole, and things are found in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/model.h"
#include "conf/nearest.h"
#include "conf/option.h"

static bool
has_section(const char *section)
{
	return option_first(section) != NULL;
}

static void
keeps_the_rows_of_a_section_together(void **state)
{
	(void)state;
	for (const struct option *o = option_table; o->section != NULL; o++)
		assert_ptr_equal(option_find(o->section, o->key), o);
}

static void
names_sections_that_exist(void **state)
{
	(void)state;
	for (const struct option *o = option_table; o->section != NULL; o++)
		if (o->type == OPTION_GROUP || o->type == OPTION_LIST ||
		    o->type == OPTION_FIELD || o->type == OPTION_FIELDS)
			assert_true(has_section(o->more));
}

static void
gives_each_plain_option_a_range_and_a_default(void **state)
{
	(void)state;
	for (const struct option *o = option_table; o->section != NULL; o++) {
		assert_true(strlen(o->doc) > 0);
		if (o->type == OPTION_NUMBER || o->type == OPTION_SIZE ||
		    o->type == OPTION_DURATION) {
			assert_true(o->max > o->min);
			assert_true(o->required || o->standard != NULL);
			assert_true(o->size == 4 || o->size == 8);
		}
		if (o->type == OPTION_ENUM) {
			assert_non_null(o->more);
			assert_non_null(o->standard);
			assert_int_equal(o->size, sizeof(unsigned));
		}
		if (o->type == OPTION_BOOL || o->type == OPTION_MODE)
			assert_non_null(o->standard);
	}
}

/* read_group.c copies a pointer and a number as one. */
static void
puts_the_number_of_a_list_behind_it(void **state)
{
	(void)state;
#define PAIR(type, v, n)                                                      \
	assert_int_equal(offsetof(struct type, n),                            \
	    offsetof(struct type, v) + sizeof(void *))
	PAIR(conf, listeners, nlisteners);
	PAIR(conf, routes, nroutes);
	PAIR(conf, pools, npools);
	PAIR(conf_pool, servers, nservers);
	PAIR(conf_error_pages, v, n);
	PAIR(conf_fields, v, n);
	PAIR(conf_certificates, v, n);
#undef PAIR
	assert_int_equal(offsetof(struct conf_listener, where), 0);
	assert_int_equal(offsetof(struct conf_route, where), 0);
	assert_int_equal(offsetof(struct conf_pool, where), 0);
	assert_int_equal(offsetof(struct conf_server, where), 0);
	assert_int_equal(offsetof(struct conf_error_page, where), 0);
	assert_int_equal(offsetof(struct conf_field, where), 0);
	assert_int_equal(offsetof(struct conf_certificate, where), 0);
}

static void
lists_each_option_on_a_line(void **state)
{
	size_t lines = 0, rows = 0;
	struct text t;

	(void)state;
	text_init(&t);
	option_list(&t);
	for (size_t i = 0; i < t.n; i++)
		lines += t.p[i] == '\n';
	for (const struct option *o = option_table; o->section != NULL; o++)
		rows++;
	assert_int_equal(lines, rows);
	assert_int_equal(strncmp(t.p, "global\nlisteners\n", 17), 0);
	assert_non_null(strstr(t.p, "\nglobal.log.level\n"));
	assert_non_null(strstr(t.p, "\npool.server.address\n"));
	text_fini(&t);
}

static void
guesses_keys_of_the_same_section_only(void **state)
{
	(void)state;
	assert_string_equal(option_nearest("pool.health", "intervall"),
	    "interval");
	assert_string_equal(option_nearest("", "listener"), "listeners");
	assert_null(option_nearest("pool.reuse", "interval"));
	assert_null(option_find("pool.reuse", "interval"));
	assert_null(option_first("nothing"));
}

/* Each value of each, in capitals or with a letter more, is guessed. */
static void
guesses_values_of_every_enumerated_option(void **state)
{
	const char *const *names;
	char word[32];
	unsigned n = 0;

	(void)state;
	for (const struct option *o = option_table; o->section != NULL; o++) {
		if (o->type != OPTION_ENUM)
			continue;
		names = o->more;
		for (unsigned i = 0; names[i] != NULL; i++) {
			(void)snprintf(word, sizeof(word), "%sx", names[i]);
			if (strlen(names[i]) > 2)
				assert_string_equal(nearest_value(names, word),
				    names[i]);
			for (char *p = word; *p != '\0'; p++)
				*p = (char)toupper((unsigned char)*p);
			word[strlen(names[i])] = '\0';
			assert_string_equal(nearest_value(names, word),
			    names[i]);
			n++;
		}
	}
	assert_true(n > 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_rows_of_a_section_together),
		cmocka_unit_test(names_sections_that_exist),
		cmocka_unit_test(gives_each_plain_option_a_range_and_a_default),
		cmocka_unit_test(puts_the_number_of_a_list_behind_it),
		cmocka_unit_test(lists_each_option_on_a_line),
		cmocka_unit_test(guesses_keys_of_the_same_section_only),
		cmocka_unit_test(guesses_values_of_every_enumerated_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
