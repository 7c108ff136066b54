/*
 * test_set_maxconn.c - limits of clients, set at run time.
 */
#include "world.h"

#include "admin/command.h"

#define INTEGER "Expects an integer value.\n\n"
#define RANGE "Value out of range.\n\n"

static void
refuses_in_the_words_scripts_look_for(void **state)
{
	static const struct {
		const char *line, *answer;
	} rows[] = {
		{ "set maxconn frontend", "A frontend name is expected.\n\n" },
		{ "set maxconn frontend x 1", "No such frontend.\n\n" },
		{ "set maxconn frontend app 1", "No such frontend.\n\n" },
		{ "set maxconn frontend #9 1", "No such frontend.\n\n" },
		{ "set maxconn frontend # 1", "No such frontend.\n\n" },
		{ "set maxconn frontend #1x 1", "No such frontend.\n\n" },
		{ "set maxconn frontend web", INTEGER },
		{ "set maxconn frontend web 5x", INTEGER },
		{ "set maxconn frontend web -1", RANGE },
		{ "set maxconn frontend web 1000001", RANGE },
		{ "set maxconn global", INTEGER },
		{ "set maxconn global x", INTEGER },
		{ "set maxconn global -1", RANGE },
		{ "set maxconn global 501", RANGE },
		{ "set maxconn global 99999999999999999999", RANGE },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(ask(w, rows[i].line), rows[i].answer);
	assert_int_equal(listener_limit(listener_find(w->worker, "web")),
	    10000);
	assert_int_equal(worker_limit(w->worker), 500);
}

static void
needs_the_level_of_an_admin(void **state)
{
	static const char *const lines[] = {
		"set maxconn frontend web 1", "set maxconn global 1",
	};
	struct world *w = *state;
	struct session s = { .level = LEVEL_OPERATOR };
	struct request r = { .worker = w->worker, .session = &s,
	    .out = &w->out };
	char line[64];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		text_clear(&w->out);
		(void)snprintf(line, sizeof(line), "%s", lines[i]);
		command_run_line(&r, line);
		assert_has(w->out.p, "Permission denied");
	}
	assert_int_equal(worker_limit(w->worker), 500);
}

static void
limits_a_listener_by_name_or_id(void **state)
{
	struct world *w = *state;
	struct listener *l = listener_find(w->worker, "other");
	char line[64];

	assert_string_equal(ask(w, "set maxconn frontend other 9"), "\n");
	assert_int_equal(listener_limit(l), 9);
	assert_false(l->full);
	(void)snprintf(line, sizeof(line), "set maxconn frontend #%u 0",
	    l->id);
	assert_string_equal(ask(w, line), "\n");
	assert_int_equal(listener_limit(l), 0);
	assert_true(l->full);
	assert_string_equal(listener_status(l), "PAUSED");
	assert_string_equal(ask(w, "set maxconn frontend other 1000000"),
	    "\n");
	assert_false(l->full);
	assert_int_equal(listener_limit(listener_find(w->worker, "web")),
	    10000);
}

static void
limits_the_process_within_what_is_configured(void **state)
{
	struct world *w = *state;

	assert_string_equal(ask(w, "set maxconn global 3"), "\n");
	assert_int_equal(worker_limit(w->worker), 3);
	assert_has(ask(w, "show info"), "\nMaxconn: 3\nHard_maxconn: 500\n");
	assert_string_equal(ask(w, "set maxconn global 0"), "\n");
	assert_has(ask(w, "show info"), "\nMaxconn: 500\n");
	assert_string_equal(ask(w, "set maxconn global 500"), "\n");
	assert_int_equal(worker_limit(w->worker), 500);
}

/* What a reload allows less of is less; what was set comes back with more. */
static void
stands_through_a_reload(void **state)
{
	struct world *w = *state;
	struct text changes;

	text_init(&changes);
	(void)ask(w, "set maxconn global 400; set maxconn frontend web 7");
	w->conf->global.max_connections = 100;
	assert_true(worker_prepare(w->worker, w->conf, &changes));
	worker_commit(w->worker, w->conf, &changes);
	assert_int_equal(worker_limit(w->worker), 100);
	assert_int_equal(listener_limit(listener_find(w->worker, "web")), 7);
	w->conf->global.max_connections = 1000;
	assert_int_equal(worker_limit(w->worker), 400);
	text_fini(&changes);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(refuses_in_the_words_scripts_look_for),
		CASE(needs_the_level_of_an_admin),
		CASE(limits_a_listener_by_name_or_id),
		CASE(limits_the_process_within_what_is_configured),
		CASE(stands_through_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
