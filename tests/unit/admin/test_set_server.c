/*
 * test_set_server.c - states and weights, and the exact words of refusals.
 */
#include "world.h"

#define HEALTH "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n"
#define STATE "'set server <srv> state' expects 'ready', 'drain' and " \
	"'maint'.\n\n"

#define MAXCONN "Invalid maxconn: a number from 0, which is no limit, to "     \
	"1000000 is expected.\n\n"

static void
refuses_in_the_words_scripts_look_for(void **state)
{
	static const struct {
		const char *line, *answer;
	} rows[] = {
		{ "set server", "Require 'backend/server'.\n\n" },
		{ "set server app", "Require 'backend/server'.\n\n" },
		{ "set server app/", "Require 'backend/server'.\n\n" },
		{ "set server /a", "Require 'backend/server'.\n\n" },
		{ "set server x/a state ready", "No such backend.\n\n" },
		{ "set server #1/a state ready", "No such backend.\n\n" },
		{ "set server app/x state ready", "No such server.\n\n" },
		{ "set server app/a state", STATE },
		{ "set server app/a state up", STATE },
		{ "set server app/a weight",
		    "Require <weight> or <weight%>.\n\n" },
		{ "set weight app/a", "Require <weight> or <weight%>.\n\n" },
		{ "set server app/a weight 257", "Absolute weight can only be "
		    "between 0 and 256 inclusive.\n\n" },
		{ "set server app/a weight -1", "Absolute weight can only be "
		    "between 0 and 256 inclusive.\n\n" },
		{ "set server app/a weight -1%",
		    "Relative weight must be positive.\n\n" },
		{ "set server app/a weight 5x",
		    "Trailing garbage in weight string\n\n" },
		{ "set server app/a weight x", "Empty weight string empty or "
		    "preceded by garbage\n\n" },
		{ "set server app/a",
		    "usage: set server <backend>/<server> state | health | "
		    "weight\n\n" },
		{ "set server app/a health", HEALTH },
		{ "set server app/a health ill", HEALTH },
		{ "set server app/a health stopping", "Can't be stopping by "
		    "its health; state drain lets a server finish.\n\n" },
		{ "enable server app", "Require 'backend/server'.\n\n" },
		{ "disable server app/x", "No such server.\n\n" },
		{ "get weight", "Require 'backend/server'.\n\n" },
		{ "set maxconn server app", "Require 'backend/server'.\n\n" },
		{ "set maxconn server app/a", "Require <maxconn>.\n\n" },
		{ "set maxconn server app/a -1", MAXCONN },
		{ "set maxconn server app/a 5x", MAXCONN },
		{ "set maxconn server app/a 1000001", MAXCONN },
		{ "shutdown sessions server app/x", "No such server.\n\n" },
		{ "shutdown session 0x99",
		    "No such session (use 'show sess').\n\n" },
		{ "shutdown session", "No such session (use 'show sess').\n\n" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(ask(w, rows[i].line), rows[i].answer);
	assert_int_equal(server_of(w, "app", "a")->weight, 10);
	assert_int_equal(server_of(w, "app", "a")->most, 0);
	assert_int_equal(server_of(w, "app", "a")->admin, SERVER_READY);
}

static void
limits_the_requests_in_flight(void **state)
{
	struct world *w = *state;
	struct server *s = server_of(w, "app", "a");

	assert_string_equal(ask(w, "set maxconn server app/a 1"), "\n");
	assert_int_equal(server_room(s), 1);
	server_begin(s);
	assert_true(server_is_full(s));
	assert_string_equal(ask(w, "set maxconn server app/a 3"), "\n");
	assert_int_equal(server_room(s), 2);
	assert_string_equal(ask(w, "set maxconn server app/a 0"), "\n");
	assert_false(server_is_full(s));
	server_end(s);
}

static void
sets_the_state(void **state)
{
	static const struct {
		const char *line;
		enum server_admin admin;
	} rows[] = {
		{ "set server app/a state maint", SERVER_MAINT },
		{ "set server app/a state drain", SERVER_DRAIN },
		{ "set server app/a state ready", SERVER_READY },
		{ "disable server app/a", SERVER_MAINT },
		{ "enable server app/a", SERVER_READY },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(ask(w, rows[i].line), "\n");
		assert_int_equal(server_of(w, "app", "a")->admin,
		    rows[i].admin);
	}
	assert_int_equal(server_of(w, "app", "b")->admin, SERVER_READY);
}

static void
sets_the_weight_also_in_percent_of_the_configured_one(void **state)
{
	static const struct {
		const char *line;
		unsigned weight;
	} rows[] = {
		{ "set server app/a weight 0", 0 },
		{ "set server app/a weight 256", 256 },
		{ "set server app/a weight 50%", 5 },
		{ "set weight app/a 100%", 10 },
		{ "set weight app/a 7", 7 },
		{ "set weight app/a 0%", 0 },
		{ "set weight app/a 99999999%", 256 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(ask(w, rows[i].line), "\n");
		assert_int_equal(server_of(w, "app", "a")->weight,
		    rows[i].weight);
	}
	assert_string_equal(ask(w, "get weight app/a"),
	    "256 (initial 10)\n\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(refuses_in_the_words_scripts_look_for),
		TEST(limits_the_requests_in_flight),
		TEST(sets_the_state),
		TEST(sets_the_weight_also_in_percent_of_the_configured_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
