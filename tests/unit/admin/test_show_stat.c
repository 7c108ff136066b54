/*
 * test_show_stat.c - the rows that monitoring reads.
 */
#include "world.h"

static const char names[] = "# pxname,svname,qcur,qmax,scur,smax,slim,stot,"
    "bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,"
    "chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,"
    "tracked,type,rate,rate_lim,rate_max,check_status,check_code,"
    "check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,"
    "hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,"
    "comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,"
    "ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,"
    "check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,"
    "addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,"
    "dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,"
    "qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,"
    "safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,"
    "agg_server_status_check,agg_check_status,srid,sess_other,h1sess,h2sess,"
    "h3sess,req_other,h1req,h2req,h3req,proto,priv_idle_cur,reqbin,reqbout,"
    "resbin,resbout,cache_hint_hits,-,ssl_sess,ssl_reused_sess,"
    "ssl_failed_handshake,\n";

/* The cell of a row by its names, as plain text; quotes stay. */
static const char *
cell(const char *csv, const char *row, const char *column, char out[128])
{
	const char *line = csv;
	unsigned want = 0, n = 0;
	const char *at = names + 2, *from;
	bool quoted = false;

	while (strncmp(at, column, strlen(column)) != 0 ||
	    at[strlen(column)] != ',') {
		at = strchr(at, ',') + 1;
		want++;
	}
	while (strncmp(line, row, strlen(row)) != 0) {
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	for (from = line; n < want; from++) {
		quoted ^= *from == '"';
		n += *from == ',' && !quoted;
	}
	for (n = 0; quoted || (from[n] != ',' && from[n] != '\n'); n++) {
		quoted ^= from[n] == '"';
		out[n] = from[n];
	}
	out[n] = '\0';
	return out;
}

static unsigned
count(const char *text, char c)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static void
begins_with_the_names_and_gives_each_row_all_columns(void **state)
{
	char *copy = strdup(ask(*state, "show stat")), *line = copy, *end;
	unsigned rows = 0;

	assert_memory_equal(copy, names, sizeof(names) - 1);
	for (; (end = strchr(line, '\n')) != NULL && end != line;
	    line = end + 1, rows++) {
		*end = '\0';
		assert_int_equal(count(line, ','), 123);
		assert_non_null(strstr(line, ",-,"));
	}
	/* Two listeners, three servers, two pools, the names. */
	assert_int_equal(rows, 8);
	assert_string_equal(line, "\n");
	free(copy);
}

static void
shows_listeners_servers_and_pools(void **state)
{
	static const struct {
		const char *row, *column, *value;
	} rows[] = {
		{ "web,FRONTEND,", "type", "0" },
		{ "web,FRONTEND,", "status", "OPEN" },
		{ "web,FRONTEND,", "iid", "1" },
		{ "web,FRONTEND,", "sid", "0" },
		{ "web,FRONTEND,", "qcur", "" },
		{ "web,FRONTEND,", "weight", "" },
		{ "web,FRONTEND,", "mode", "http" },
		{ "other,FRONTEND,", "slim", "7" },
		{ "app,a,", "type", "2" },
		{ "app,a,", "iid", "100001" },
		{ "app,a,", "sid", "1" },
		{ "app,a,", "weight", "10" },
		{ "app,a,", "addr", "127.0.0.1:9" },
		{ "app,a,", "slim", "" },
		{ "app,a,", "check_status", "INI" },
		{ "app,a,", "check_rise", "2" },
		{ "app,a,", "check_fall", "3" },
		{ "app,a,", "lastsess", "-1" },
		{ "app,b,", "slim", "3" },
		{ "app,b,", "addr", "[::1]:9" },
		{ "app,BACKEND,", "type", "1" },
		{ "app,BACKEND,", "sid", "0" },
		{ "app,BACKEND,", "status", "DOWN" },
		{ "app,BACKEND,", "algo", "leastconn" },
		{ "bare,unix:/nowhere/x.sock,", "status", "no check" },
		{ "bare,unix:/nowhere/x.sock,", "check_status", "" },
		{ "bare,unix:/nowhere/x.sock,", "chkfail", "" },
		{ "bare,BACKEND,", "status", "UP" },
		{ "bare,BACKEND,", "act", "1" },
		{ "bare,BACKEND,", "algo", "roundrobin" },
		{ "app,a,", "throttle", "" },
		{ "app,a,", "act", "1" },
		{ "app,a,", "bck", "0" },
	};
	struct world *w = *state;
	char got[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(cell(ask(w, "show stat"), rows[i].row,
		    rows[i].column, got), rows[i].value) != 0)
			fail_msg("%s%s is \"%s\", not \"%s\"", rows[i].row,
			    rows[i].column, got, rows[i].value);
}

static void
shows_slow_start_and_backups(void **state)
{
	static const struct {
		const char *row, *column, *value;
	} rows[] = {
		{ "app,a,", "weight", "2" }, { "app,a,", "uweight", "10" },
		{ "app,a,", "throttle", "12" }, { "app,a,", "act", "1" },
		{ "app,a,", "bck", "0" }, { "app,b,", "throttle", "" },
		{ "app,b,", "act", "0" }, { "app,b,", "bck", "1" },
		{ "app,BACKEND,", "act", "1" }, { "app,BACKEND,", "bck", "1" },
		{ "app,BACKEND,", "weight", "2" },
		{ "app,BACKEND,", "uweight", "10" },
	};
	struct world *w = *state;
	struct pool *p = cluster_find(&w->worker->cluster, "app");
	struct server *a = pool_find_server(p, "a");
	struct server *b = pool_find_server(p, "b");
	char got[128];

	b->backup = true;
	server_set_health(a, true);
	server_set_health(b, true);
	a->cold = 871;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(cell(ask(w, "show stat"), rows[i].row,
		    rows[i].column, got), rows[i].value);
	server_set_health(a, false);
	assert_string_equal(cell(ask(w, "show stat"), "app,BACKEND,", "weight",
	    got), "1");
	assert_string_equal(cell(ask(w, "show stat"), "app,BACKEND,", "act",
	    got), "0");
}

static void
shows_health_and_counters_of_a_server(void **state)
{
	static const struct {
		const char *column, *value;
	} rows[] = {
		{ "status", "UP 2/3" }, { "check_status", "* L7STS" },
		{ "check_code", "503" }, { "check_duration", "12" },
		{ "last_chk", "\"status 503, expected \"\"200-399\"\"\"" },
		{ "check_desc", "Layer7 wrong status" },
		{ "check_health", "3" }, { "chkfail", "1" },
		{ "chkdown", "0" }, { "downtime", "0" }, { "scur", "1" },
		{ "stot", "2" }, { "hrsp_2xx", "5" }, { "hrsp_other", "1" },
		{ "qtime", "2" }, { "ttime", "1500" }, { "ttime_max", "2000" },
		{ "lastsess", "0" }, { "connect", "4" }, { "reuse", "3" },
	};
	struct world *w = *state;
	struct server *s = server_of(w, "app", "a");
	struct counters *c = &s->count;
	char got[128];

	server_on_probe(s, CHECK_L7OK, 200, MSEC(1), "status 200");
	server_on_probe(s, CHECK_L7STS, 503, MSEC(12),
	    "status 503, expected \"200-399\"");
	s->health.running = true;
	counters_begin(c, w->loop->clock.now, w->loop->clock.wall);
	counters_begin(c, w->loop->clock.now, w->loop->clock.wall);
	counters_end(c);
	c->hrsp[1] = 5;
	c->hrsp[5] = 1;
	c->connect = 4;
	c->reuse = 3;
	average_add(&c->qtime, MSEC(2));
	average_add(&c->ttime, SEC(1));
	average_add(&c->ttime, SEC(2));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(cell(ask(w, "show stat"), "app,a,",
		    rows[i].column, got), rows[i].value) != 0)
			fail_msg("%s is \"%s\", not \"%s\"", rows[i].column,
			    got, rows[i].value);
	assert_string_equal(cell(ask(w, "show stat"), "app,BACKEND,", "act",
	    got), "1");
	assert_string_equal(cell(ask(w, "show stat"), "app,BACKEND,", "weight",
	    got), "10");
	counters_end(c);
}

static void
counts_downtime_while_it_lasts(void **state)
{
	struct world *w = *state;
	struct server *s = server_of(w, "app", "a");
	char got[128];

	server_on_probe(s, CHECK_L7OK, 200, 0, "");
	for (int i = 0; i < 3; i++)
		server_on_probe(s, CHECK_L4CON, 0, 0, "refused");
	w->loop->clock.now += SEC(7);
	w->loop->clock.wall += SEC(7);
	assert_string_equal(cell(ask(w, "show stat"), "app,a,", "downtime",
	    got), "7");
	assert_string_equal(cell(ask(w, "show stat"), "app,a,", "lastchg",
	    got), "7");
	assert_string_equal(cell(ask(w, "show stat"), "app,a,", "chkdown",
	    got), "1");
	assert_string_equal(cell(ask(w, "show stat"), "app,BACKEND,",
	    "downtime", got), "7");
}

/* The names of the rows, a blank after each. */
static const char *
rows_of(const char *csv, char out[256])
{
	size_t n = 0;

	out[0] = '\0';
	csv = strchr(csv, '\n') + 1;
	for (; *csv != '\n'; csv = strchr(csv, '\n') + 1) {
		const char *second = strchr(csv, ',') + 1;

		n += (size_t)snprintf(out + n, 256 - n, "%.*s ",
		    (int)(strchr(second, ',') - csv), csv);
	}
	return out;
}

static void
shows_the_rows_that_are_asked_for(void **state)
{
	static const char all[] = "web,FRONTEND other,FRONTEND app,a app,b "
	    "app,BACKEND bare,unix:/nowhere/x.sock bare,BACKEND ";
	static const struct {
		const char *line, *rows;
	} rows[] = {
		{ "show stat -1 -1 -1", all },
		{ "show stat -1 1 -1", "web,FRONTEND other,FRONTEND " },
		{ "show stat -1 2 -1", "app,BACKEND bare,BACKEND " },
		{ "show stat -1 4 -1", "app,a app,b "
		    "bare,unix:/nowhere/x.sock " },
		{ "show stat app -1 -1", "app,a app,b app,BACKEND " },
		{ "show stat app 4 2", "app,b " },
		{ "show stat 100001 6 -1", "app,a app,b app,BACKEND " },
		{ "show stat 2 -1 -1", "other,FRONTEND " },
		{ "show stat 77 -1 -1", "" },
		{ "show stat app 4", all },
		{ "show stat up", "web,FRONTEND other,FRONTEND "
		    "bare,unix:/nowhere/x.sock bare,BACKEND " },
		{ "show stat app 4 -1 no-maint", "app,b " },
	};
	struct world *w = *state;
	char got[256];

	server_set_admin(server_of(w, "app", "a"), SERVER_MAINT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(rows_of(ask(w, rows[i].line), got),
		    rows[i].rows);
	assert_string_equal(ask(w, "show stat nobody 1 1"),
	    "No such proxy.\n\n");
}

static void
assert_begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) != 0)
		fail_msg("it begins with %.200s", text);
}

static void
shows_types_and_json(void **state)
{
	struct world *w = *state;
	const char *typed = ask(w, "show stat app 4 1 typed"), *json;

	assert_begins(typed, "S.100001.1.0.pxname.1:KNS:str:app\n");
	assert_has(typed, "\nS.100001.1.18.weight.1:MaP:u32:10\n");
	assert_lacks(typed, "throttle");
	json = ask(w, "show stat app 4 -1 json");
	assert_begins(json, "[[{\"objType\":\"Server\",\"proxyId\":100001,"
	    "\"id\":1,\"field\":{\"pos\":0,\"name\":\"pxname\"},"
	    "\"processNum\":1,\"tags\":{\"origin\":\"Key\",\"nature\":\"Name\","
	    "\"scope\":\"Service\"},\"value\":{\"type\":\"str\","
	    "\"value\":\"app\"}},");
	assert_has(json, "\"name\":\"weight\"},\"processNum\":1,\"tags\":"
	    "{\"origin\":\"Metric\",\"nature\":\"Avg\",\"scope\":\"Process\"},"
	    "\"value\":{\"type\":\"u32\",\"value\":10}}");
	assert_has(json, "}],[{");
	assert_string_equal(json + strlen(json) - 5, "}]]\n\n");
	assert_string_equal(ask(w, "show stat 77 1 1 json"), "[]\n\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(begins_with_the_names_and_gives_each_row_all_columns),
		TEST(shows_listeners_servers_and_pools),
		TEST(shows_slow_start_and_backups),
		TEST(shows_health_and_counters_of_a_server),
		TEST(counts_downtime_while_it_lasts),
		TEST(shows_the_rows_that_are_asked_for),
		TEST(shows_types_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
