/*
 * test_show.c - the other answers: info, servers, health, errors, config.
 */
#include "world.h"

#include <regex.h>

/* What hatop(1) insists on; it gives up without one of these. */
static void
shows_info_that_hatop_reads(void **state)
{
	static const char *const lines[] = {
		"^Name: [^ ]+$", "^Version: [^ ]+$", "^Release_date: [^ ]+$",
		"^Nbproc: [0-9]+$", "^Process_num: [0-9]+$", "^Pid: [0-9]+$",
		"^Uptime: 0d 1h02m03s$", "^Uptime_sec: 3723$",
		"^Maxconn: 500$", "^CurrConns: 0$", "^Maxpipes: 256$",
		"^PipesUsed: 0$", "^PipesFree: 0$",
		"^TotalSplicedBytes: 0$", "^Tasks: [0-9]+$",
		"^Run_queue: [0-9]+$", "^node: [^ ]+$", "^Idle_pct: [0-9]+$",
		"^Stopping: 0$", "^Listeners: 2$", "^Jobs: 2$",
		"^Reloads: 0$", "^ReloadErrors: 0$", "^Exchanges: 0$",
		"^Ticks: [0-9]+$", "^DroppedLogs: 0$",
	};
	struct world *w = *state;

	w->loop->clock.wall = w->worker->started + SEC(3723);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		regex_t re;

		assert_int_equal(regcomp(&re, lines[i],
		    REG_EXTENDED | REG_NEWLINE | REG_NOSUB), 0);
		if (regexec(&re, ask(w, "show info"), 0, NULL, 0) != 0)
			fail_msg("no line %s in %s", lines[i], w->out.p);
		regfree(&re);
	}
	assert_has(ask(w, "show info typed"),
	    "0.Name.1:POS:str:steelyard\n1.Version.1:POS:str:");
	assert_has(ask(w, "show info json"), "{\"field\":{\"pos\":7,"
	    "\"name\":\"Uptime\"},\"processNum\":1,\"tags\":{\"origin\":"
	    "\"Metric\",\"nature\":\"Duration\",\"scope\":\"Process\"},"
	    "\"value\":{\"type\":\"str\",\"value\":\"0d 1h02m03s\"}},{");
}

static void
tells_how_idle_the_loop_was_since_last_asked(void **state)
{
	struct world *w = *state;

	w->loop->clock.now += SEC(10);
	w->loop->busy += SEC(4);
	assert_has(ask(w, "show info"), "Idle_pct: 60\n");
	w->loop->busy += MSEC(500);
	w->loop->clock.now += MSEC(500);
	assert_has(ask(w, "show info"), "Idle_pct: 60\n");
	w->loop->clock.now += SEC(1);
	assert_has(ask(w, "show info"), "Idle_pct: 66\n");
}

#define STATE_NAMES "1\n# be_id be_name srv_id srv_name srv_addr " \
	"srv_op_state srv_admin_state srv_uweight srv_iweight " \
	"srv_time_since_last_change srv_check_status srv_check_result " \
	"srv_check_health srv_check_state srv_agent_state bk_f_forced_id " \
	"srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl " \
	"srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"

static void
shows_the_state_of_servers(void **state)
{
	struct world *w = *state;
	struct server *a = server_of(w, "app", "a");
	struct server *b = server_of(w, "app", "b");

	server_on_probe(a, CHECK_L7STS, 500, 0, "");
	assert_string_equal(ask(w, "show servers state app"), STATE_NAMES
	    "100001 app 1 a 127.0.0.1 0 0 10 10 0 17 2 0 6 0 0 0 - 9 - 0 0 - "
	    "- 0\n"
	    "100001 app 2 b ::1 1 0 1 1 0 1 0 0 6 0 0 0 - 9 - 0 0 - - 0\n\n");
	server_on_probe(a, CHECK_L7OK, 200, 0, "");
	server_on_probe(a, CHECK_L7OK, 200, 0, "");
	server_set_admin(a, SERVER_DRAIN);
	server_set_weight(a, 3);
	server_set_admin(b, SERVER_MAINT);
	assert_string_equal(ask(w, "show servers state #100001"), STATE_NAMES
	    "100001 app 1 a 127.0.0.1 2 8 3 10 0 15 3 4 6 0 0 0 - 9 - 0 0 - "
	    "- 0\n"
	    "100001 app 2 b ::1 0 1 1 1 0 1 0 0 14 0 0 0 - 9 - 0 0 - - 0\n\n");
	assert_has(ask(w, "show servers state"), "100002 bare 1 ");
	assert_string_equal(ask(w, "show servers state x"),
	    "Can't find backend.\n\n");
	assert_has(ask(w, "show servers state json"), "[{\"be_id\":100001,"
	    "\"be_name\":\"app\",\"srv_id\":1,\"srv_name\":\"a\","
	    "\"srv_addr\":\"127.0.0.1:9\",\"srv_op_state\":2,");
	assert_has(ask(w, "show servers conn app"),
	    "app/a 100001/1 127.0.0.1 9 - 30000 0 0 0 0 0 100 0\n");
	assert_string_equal(ask(w, "show backend"), "# name\napp\nbare\n\n");
	assert_string_equal(ask(w, "show backend json"),
	    "[\"app\",\"bare\"]\n\n");
	assert_string_equal(ask(w, "show sess"), "\n");
	assert_string_equal(ask(w, "show sess json"), "[]\n\n");
}

static void
shows_health_and_why(void **state)
{
	struct world *w = *state;
	struct server *a = server_of(w, "app", "a");

	server_on_probe(a, CHECK_L7STS, 503, 1500,
	    "status 503, expected 200-399");
	w->loop->clock.wall += SEC(3 * 3600 + 120);
	assert_string_equal(ask(w, "show health app"),
	    "pool/server                   status    result    code  duration "
	    "  since  reason\n"
	    "app/a                         DOWN      L7STS      503     1.5ms "
	    "  3h02m  status 503, expected 200-399\n"
	    "app/b                         checking  INI          -         - "
	    "  3h02m  the first probe has not ended yet\n\n");
	w->loop->clock.wall += SEC(2 * 86400);
	assert_has(ask(w, "show health app"), " 2d03h  status 503");
	w->loop->clock.wall -= SEC(2 * 86400 + 3 * 3600);
	assert_has(ask(w, "show health app"), " 2m00s  status 503");
	w->loop->clock.wall += SEC(3 * 3600);
	assert_has(ask(w, "show health"), "no health check is configured");
	assert_string_equal(ask(w, "show health x"), "No such backend.\n\n");
	assert_has(ask(w, "show health json"), "[{\"pool\":\"app\","
	    "\"server\":\"a\",\"status\":\"DOWN\",\"usable\":false,"
	    "\"result\":\"L7STS\",\"running\":false,\"code\":503,"
	    "\"duration_ms\":1.500,\"since_s\":10920,\"passed\":0,"
	    "\"failed\":1,\"reason\":\"status 503, expected 200-399\"},{");
}

static void
store_bad(struct bad *b, const char *bytes, size_t n, size_t offset,
    const char *server)
{
	struct fault f = { .status = 400, .why = "no colon in a field",
	    .bytes = slice_make(bytes, n), .offset = offset };
	struct addr peer;

	assert_null(addr_parse(SLICE("192.0.2.1:99"), &peer));
	bad_store(b, &f, INT64_C(784111777) * USEC_PER_SEC, &peer, server);
}

static void
marks_the_offending_byte_of_a_bad_message(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\r\na\tb\x01\\c\r\n";
	struct world *w = *state;
	const char *answer;

	assert_has(ask(w, "show errors"), "] : 0\n\n");
	assert_string_equal(ask(w, "show errors json"), "[]\n\n");
	store_bad(&listener_find(w->worker, "web")->bad, bytes,
	    sizeof(bytes) - 1, 19, NULL);
	store_bad(&cluster_find(&w->worker->cluster, "app")->bad, "HTTP/9", 6,
	    6, "a");
	answer = ask(w, "show errors");
	assert_has(answer, "] : 2\n \n"
	    "[06/Nov/1994:08:49:37.000] listener web (#1): invalid request\n"
	    "  from 192.0.2.1:99, answered 400, 1 in all\n"
	    "  no colon in a field, at byte 19:\n"
	    "  00000  GET / HTTP/1.1\\r\\n\n"
	    "  00016  a\\tb\\x01\\\\c\\r\\n\n"
	    "             ^\n \n"
	    "[06/Nov/1994:08:49:37.000] pool app (#100001): invalid "
	    "response\n"
	    "  from 192.0.2.1:99, server a, answered 400, 1 in all\n"
	    "  no colon in a field, at byte 6:\n"
	    "  00000  HTTP/9\n"
	    "               ^\n\n");
	store_bad(&cluster_find(&w->worker->cluster, "app")->bad, NULL, 0,
	    0, "a");
	assert_has(ask(w, "show errors"), "answered 400, 2 in all\n"
	    "  no colon in a field\n\n");
	assert_has(ask(w, "show errors json"), "[{\"time\":"
	    "\"1994-11-06T08:49:37.000Z\",\"listener\":\"web\",\"id\":1,"
	    "\"peer\":\"192.0.2.1:99\",\"status\":400,\"why\":"
	    "\"no colon in a field\",\"total\":1,\"offset\":19,\"from\":0,"
	    "\"bytes\":\"GET / HTTP/1.1\\r\\na\\tb\\u0001\\\\c\\r\\n\"},{");
}

static void
shows_connections_to_servers_that_failed(void **state)
{
	struct world *w = *state;
	struct pool *p = cluster_find(&w->worker->cluster, "app");
	struct addr peer;

	assert_null(addr_parse(SLICE("192.0.2.1:99"), &peer));
	bad_conn_store(&p->bad_tls, "no \"shared\" version",
	    INT64_C(784111777) * USEC_PER_SEC, &peer, "a");
	bad_conn_store(&p->bad_end, "GOAWAY", INT64_C(784111778) *
	    USEC_PER_SEC, &peer, "b");
	assert_has(ask(w, "show errors json"), "[{\"time\":"
	    "\"1994-11-06T08:49:37.000Z\",\"pool\":\"app\",\"id\":100001,"
	    "\"peer\":\"192.0.2.1:99\",\"server\":\"a\","
	    "\"handshake\":true,\"why\":\"no \\\"shared\\\" version\","
	    "\"total\":1},{\"time\":\"1994-11-06T08:49:38.000Z\","
	    "\"pool\":\"app\",\"id\":100001,\"peer\":\"192.0.2.1:99\","
	    "\"server\":\"b\",\"connection\":true,\"why\":\"GOAWAY\","
	    "\"total\":1}]\n\n");
}

static void
breaks_long_bad_lines_and_keeps_offsets(void **state)
{
	struct world *w = *state;
	char bytes[4000];

	memset(bytes, 'x', sizeof(bytes));
	bytes[3000] = '\x7f';
	store_bad(&listener_find(w->worker, "web")->bad, bytes, sizeof(bytes),
	    3000, NULL);
	assert_has(ask(w, "show errors"), "  02488  xxxxxxxxxx");
	assert_has(w->out.p, "at byte 3000:\n");
	assert_has(w->out.p, "\\x7f");
	assert_has(w->out.p, "^\n");
}

static void
shows_the_configuration_as_it_loads(void **state)
{
	struct world *w = *state;
	struct text errors;
	struct conf *again;
	const char *answer = ask(w, "show config");

	assert_null(strstr(answer, "\n\n\n"));
	text_init(&errors);
	again = conf_load_string("again", answer, balance_names, &errors);
	if (again == NULL)
		fail_msg("%s", errors.p);
	assert_int_equal(again->npools, 2);
	conf_put(&again);
	text_fini(&errors);
	assert_memory_equal(ask(w, "show config json"), "{\"path\":", 8);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(shows_info_that_hatop_reads),
		TEST(tells_how_idle_the_loop_was_since_last_asked),
		TEST(shows_the_state_of_servers),
		TEST(shows_health_and_why),
		TEST(marks_the_offending_byte_of_a_bad_message),
		TEST(shows_connections_to_servers_that_failed),
		TEST(breaks_long_bad_lines_and_keeps_offsets),
		TEST(shows_the_configuration_as_it_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
