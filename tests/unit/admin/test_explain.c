/*
 * test_explain.c - what would become of a request, and that asking is all.
 */
#include "world.h"

static const char conf[] =
    "global = { log = { target = \"/dev/null\"; }; };\n"
    "listeners = (\n"
    "  { name = \"web\"; address = \"unix:%s/web.sock\"; },\n"
    "  { name = \"other\"; address = \"unix:%s/other.sock\"; }\n"
    ");\n"
    "routes = (\n"
    "  { listener = \"other\"; path = \"/o\"; pool = \"rr\"; },\n"
    "  { method = \"PUT\"; pool = \"rr\"; },\n"
    "  { path = \"/exact\"; respond = { status = 201; }; },\n"
    "  { path_prefix = \"/old/\"; redirect = { status = 301;\n"
    "    location = \"http://new$path\"; }; },\n"
    "  { host = \"*.wild.example\"; pool = \"rr\"; },\n"
    "  { field = { name = \"X-Flag\"; value = \"a b\"; }; pool = \"rr\"; },\n"
    "  { path_prefix = \"/app\"; pool = \"app\"; }\n"
    ");\n"
    "pools = (\n"
    "  { name = \"app\"; balance = \"hash\";\n"
    "    hash = { key = (\"header:X-User\", \"source\"); bound = 150; };\n"
    "    servers = (\n"
    "      { name = \"a\"; address = \"127.0.0.1:6443\"; },\n"
    "      { name = \"b\"; address = \"127.0.0.2:6443\"; weight = 2; },\n"
    "      { name = \"c\"; address = \"127.0.0.3:6443\"; } ); },\n"
    "  { name = \"rr\"; balance = \"round_robin\"; servers = (\n"
    "      { name = \"d\"; address = \"127.0.0.1:9\"; },\n"
    "      { name = \"e\"; address = \"127.0.0.2:9\"; }, \n"
    "      { name = \"f\"; address = \"127.0.0.3:9\"; backup = true; } ); },\n"
    "  { name = \"few\"; max_queue = 1; servers = (\n"
    "      { name = \"a\"; address = \"127.0.0.1:9\";\n"
    "        max_connections = 1; },\n"
    "      { name = \"b\"; address = \"127.0.0.2:9\";\n"
    "        max_connections = 2; } ); }\n"
    ");\n";

static int
set_up(void **state)
{
	char string[4096];
	struct text errors;
	struct world *w;
	struct conf *c;

	if (world_new(state) != 0)
		return -1;
	w = *state;
	text_init(&errors);
	(void)snprintf(string, sizeof(string), conf, w->dir, w->dir);
	c = conf_load_string("new.conf", string, balance_names, &errors);
	if (c == NULL)
		print_error("%s", errors.p);
	assert_non_null(c);
	assert_true(worker_prepare(w->worker, c, &errors));
	worker_commit(w->worker, c, &errors);
	conf_put(&c);
	text_fini(&errors);
	return 0;
}

static void
refuses_what_it_cannot_read(void **state)
{
	static const struct {
		const char *line, *answer;
	} rows[] = {
		{ "explain", "usage: explain <pool> [<key>] | explain <method> "
		    "<url> [<name>: <value>]\n\n" },
		{ "explain nopool", "No such backend.\n\n" },
		{ "explain nopool key", "No such backend.\n\n" },
		{ "explain on x app", "No such listener.\n\n" },
		{ "explain from 1.2.3 app",
		    "Invalid address after 'from'.\n\n" },
		{ "explain GET http://x/ word",
		    "Expects 'Name: value' after the target.\n\n" },
		{ "explain GET ftp://x/", "Invalid request, answered 400: a "
		    "target in none of the four forms\n\n" },
		{ "explain GET http://x/../..", "Invalid request, answered "
		    "400: the path climbs above the root\n\n" },
		{ "explain GET http://x/ Host: y", "Invalid request, answered "
		    "400: Host differs from the target\n\n" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(ask(w, rows[i].line), rows[i].answer);
}

static void
says_which_route_and_why_not_those_before_it(void **state)
{
	static const struct {
		const char *line, *parts[4];
	} rows[] = {
		{ "explain GET http://h/exact", {
		    "GET /exact of host \"h\" on listener web\n"
		    "route 1 (new.conf:7): no, listener is not \"other\"\n"
		    "route 2 (new.conf:8): no, method is not \"PUT\"\n"
		    "route 3 (new.conf:9): matches\n"
		    "answered 201: the route responds\n\n" } },
		{ "explain on other GET http://h/exact", {
		    "on listener other\n", "no, path is not \"/o\"\n",
		    "route 3 (new.conf:9): matches\n" } },
		{ "explain on other GET /o", { "of host \"\"",
		    "route 1 (new.conf:7): matches\npool rr: balance "
		    "round_robin, 2 of 3 servers usable, 0 requests wait\n" } },
		{ "explain GET http://h/%6fld/./x?y=1", {
		    "no, path is not \"/exact\"\n",
		    "route 4 (new.conf:10): matches\n"
		    "answered 301: see http://new/%6fld/./x\n\n" } },
		{ "explain GET http://a.wild.example:80/", {
		    "no, path_prefix is not \"/old/\"\n",
		    "route 5 (new.conf:12): matches\n" } },
		{ "explain GET /z Host: a.wild.example", {
		    "route 5 (new.conf:12): matches\n" } },
		{ "explain GET http://h/z X-Flag: a b A: c", {
		    "no, host is not \"*.wild.example\"\n",
		    "route 6 (new.conf:13): matches\n" } },
		{ "explain GET\\ http://h/z X-Flag:\\ a\\ b", {
		    "route 6 (new.conf:13): matches\n" } },
		{ "explain GET http://h/z X-Flag: a", {
		    "no, field is not \"X-Flag: a b\"\n",
		    "route 7 (new.conf:14): no, path_prefix is not \"/app\"\n"
		    "answered 404: no route matches\n\n" } },
		{ "explain CONNECT h:81 X-Flag: a b", { "answered 405: " } },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *out = ask(w, rows[i].line);

		for (size_t k = 0; k < 4 && rows[i].parts[k] != NULL; k++)
			assert_has(out, rows[i].parts[k]);
	}
}

static void
shows_every_server_and_the_one_that_would_get_it(void **state)
{
	struct world *w = *state;
	struct server *b = server_of(w, "app", "b"), *c;

	c = server_of(w, "app", "c");
	server_begin(b);
	server_begin(b);
	server_set_admin(c, SERVER_DRAIN);
	/* of 3 * 1.5 = 4.5 in all, rounded up, a third and two thirds */
	assert_string_equal(ask(w, "explain GET /app X-User: alice"),
	    "GET /app of host \"\" on listener web\n"
	    "route 1 (new.conf:7): no, listener is not \"other\"\n"
	    "route 2 (new.conf:8): no, method is not \"PUT\"\n"
	    "route 3 (new.conf:9): no, path is not \"/exact\"\n"
	    "route 4 (new.conf:10): no, path_prefix is not \"/old/\"\n"
	    "route 5 (new.conf:12): no, host is not \"*.wild.example\"\n"
	    "route 6 (new.conf:13): no, field is not \"X-Flag: a b\"\n"
	    "route 7 (new.conf:14): matches\n"
	    "pool app: balance hash, 2 of 3 servers usable, 0 requests wait\n"
	    "key: alice\n"
	    "score: active / its part of the bound, the first below 1 from "
	    "the key on\n"
	    "server                   status       weight   active      max"
	    "      score  verdict\n"
	    "a                        no check          1        0        -"
	    "     0.0000  usable\n"
	    "b                        no check          2        2        -"
	    "     0.5000  taken\n"
	    "c                        DRAIN             1        0        -"
	    "          -  drain\n"
	    "server b (127.0.0.2:6443) would get it\n\n");
	assert_has(ask(w, "explain app alice"), "server b (");
	assert_has(ask(w, "explain tried b app alice"), "server a (");
	assert_has(w->out.p, "tried\n");
	assert_has(ask(w, "explain tried nobody tried b app alice"),
	    "server a (");
	assert_has(w->out.p, "tried\n");
	assert_has(ask(w, "explain from ::1 GET /app"), "key: ::1\n");
	assert_has(ask(w, "explain from 10.0.0.1 app"), "key: 10.0.0.1\n");
	assert_has(ask(w, "explain app"), "no key: ");
	server_end(b);
	server_end(b);
}

static void
says_what_waits_and_what_is_refused(void **state)
{
	struct world *w = *state;
	struct server *a = server_of(w, "few", "a");
	struct server *b = server_of(w, "few", "b");

	assert_has(ask(w, "explain few"), "server a (127.0.0.1:9) would");
	server_begin(a);
	assert_has(ask(w, "explain few"), "full\n");
	assert_has(w->out.p, "server b (127.0.0.2:9) would");
	server_begin(b);
	server_begin(b);
	assert_has(ask(w, "explain few"), "it would wait for room");
	((struct conf_pool *)(uintptr_t)a->pool->conf)->max_queue = 0;
	assert_has(ask(w, "explain few"), "503: every server is full");
	server_set_admin(a, SERVER_MAINT);
	server_set_admin(b, SERVER_MAINT);
	assert_has(ask(w, "explain few"), "503: no server of the pool");
	assert_has(w->out.p, "maint\n");
	server_end(a);
	server_end(b);
	server_end(b);
	assert_has(ask(w, "explain rr"), "backup\n");
	server_set_weight(server_of(w, "rr", "d"), 0);
	server_set_admin(server_of(w, "rr", "e"), SERVER_DRAIN);
	assert_has(ask(w, "explain rr"), "on its backups");
	assert_has(w->out.p, "weight 0\n");
	assert_has(w->out.p, "server f (127.0.0.3:9) would get it\n");
}

static void
speaks_json(void **state)
{
	struct world *w = *state;

	assert_string_equal(ask(w, "explain PUT http://h:80/x json"),
	    "{\"method\":\"PUT\",\"host\":\"h:80\",\"path\":\"/x\","
	    "\"listener\":\"web\",\"routes\":["
	    "{\"route\":1,\"file\":\"new.conf\",\"line\":7,\"matches\":false,"
	    "\"condition\":\"listener\"},"
	    "{\"route\":2,\"file\":\"new.conf\",\"line\":8,\"matches\":true,"
	    "\"condition\":null}],"
	    "\"pool\":\"rr\",\"balance\":\"round_robin\",\"usable\":2,"
	    "\"panic\":false,\"on_backup\":false,\"queued\":0,\"key\":null,"
	    "\"score_is\":\"current value + weight, the most is taken\","
	    "\"servers\":["
	    "{\"server\":\"d\",\"status\":\"no check\",\"weight\":1,"
	    "\"effective_weight\":1.000,\"active\":0,\"max\":0,"
	    "\"score\":1.000000,\"verdict\":\"taken\"},"
	    "{\"server\":\"e\",\"status\":\"no check\",\"weight\":1,"
	    "\"effective_weight\":1.000,\"active\":0,\"max\":0,"
	    "\"score\":1.000000,\"verdict\":\"usable\"},"
	    "{\"server\":\"f\",\"status\":\"no check\",\"weight\":1,"
	    "\"effective_weight\":1.000,\"active\":0,\"max\":0,"
	    "\"score\":null,\"verdict\":\"backup\"}],"
	    "\"outcome\":\"taken\",\"taken\":\"d\"}\n\n");
	assert_has(ask(w, "explain app alice json"), "{\"pool\":\"app\",");
	assert_has(w->out.p, "\"key\":\"alice\"");
	assert_has(ask(w, "explain GET /exact json"), "\"pool\":null,"
	    "\"outcome\":\"answered\",\"status\":201}\n");
	assert_has(ask(w, "explain GET /old/ json"),
	    "\"status\":301,\"location\":\"http://new/old/\"}\n");
}

static void
asking_changes_nothing(void **state)
{
	struct world *w = *state;
	struct pool *p = server_of(w, "rr", "d")->pool;
	struct rng rng = w->worker->rng;

	for (int i = 0; i < 5; i++) {
		(void)ask(w, "explain rr");
		assert_has(w->out.p, "server d (");
		(void)ask(w, "explain app");
	}
	assert_int_equal(p->count.lbtot, 0);
	assert_memory_equal(&rng, &w->worker->rng, sizeof(rng));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(refuses_what_it_cannot_read),
		TEST(says_which_route_and_why_not_those_before_it),
		TEST(shows_every_server_and_the_one_that_would_get_it),
		TEST(says_what_waits_and_what_is_refused),
		TEST(speaks_json),
		TEST(asking_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
