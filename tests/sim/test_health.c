/*
 * Active probes: what is sent, what each answer means, and when.
 */
#include "stage.h"

#include <stdio.h>
#include <string.h>


/* A check of each second, half a second long. */
#define CHECK(type, more) \
	"health = { type = \"" type "\"; interval = \"1s\"; " \
	"timeout = \"500ms\"; " more " };"
#define TCP CHECK("tcp", "")
#define HTTP CHECK("http", "")
#define FINE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BROKEN "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

static void
assert_status(const struct stage *st, const char *name, const char *want)
{
	char text[32];

	server_status(stage_server(st, name), text);
	assert_string_equal(text, want);
}

static void
assert_result(const struct stage *st, enum health_result result, int code,
    const char *sentence)
{
	const struct health *h = &stage_server(st, "a")->health;

	assert_string_equal(h->sentence, sentence);
	assert_string_equal(health_result_name(h->result),
	    health_result_name(result));
	assert_int_equal(h->code, code);
}

/* Until the next dial to A; it must come within a time. */
static void
await_dial(struct stage *st, int64_t most)
{
	unsigned before = stage_dials(st, SERVER_A);
	int64_t end = st->loop->clock.now + most;

	while (stage_dials(st, SERVER_A) == before) {
		assert_true(st->loop->clock.now < end);
		stage_advance(st, MSEC(10));
	}
}

static struct wire *
await_probe(struct stage *st)
{
	struct wire *w;

	await_dial(st, SEC(3));
	w = stage_dialled(st, SERVER_A);
	assert_non_null(w);
	return w;
}

static unsigned
count(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		n++;
	}
	return n;
}

static void
a_server_that_accepts_passes_a_tcp_check(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .pool = TCP);
	assert_status(&st, "a", "checking");
	stage_advance(&st, MSEC(120));
	assert_status(&st, "a", "UP");
	assert_status(&st, "b", "UP");
	assert_result(&st, CHECK_L4OK, 0, "connected in 0.0 ms");
	assert_false(stage_server(&st, "a")->health.running);
	assert_int_equal(stage_pool(&st)->nusable, 2);
	assert_int_equal(stage_server(&st, "a")->nbusy, 0);
	stage_close_probed(&st);
}

static void
a_refused_connect_is_told_and_takes_the_server_down(void **state)
{
	struct stage st;
	const char *log;

	(void)state;
	STAGE(&st, .pool = TCP);
	stage_advance(&st, SEC(1));
	(void)stage_log(&st);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	stage_advance(&st, SEC(4));
	assert_status(&st, "a", "DOWN");
	assert_result(&st, CHECK_L4CON, 0, "connection refused");
	log = stage_log(&st);
	assert_has(log, "server web/a is DOWN: L4CON connection refused after "
	    "3 failed checks; 1 of 2 servers up, 0 requests in flight");
	assert_int_equal(count(log, "\"event\":\"health\""), 1);
	stage_reach(&st, SERVER_A, REACH_ACCEPT);
	stage_advance(&st, SEC(3));
	assert_status(&st, "a", "UP");
	assert_int_equal(count(stage_log(&st), "\"event\":\"health\""), 1);
	assert_int_equal(stage_server(&st, "a")->count.chkdown, 1);
	stage_close_probed(&st);
}

static void
a_connect_that_hangs_is_l4tout(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = TCP);
	stage_reach(&st, SERVER_A, REACH_HANG);
	await_dial(&st, MSEC(150));
	assert_true(stage_server(&st, "a")->health.running);
	stage_advance(&st, MSEC(480));
	assert_status(&st, "a", "checking");
	stage_advance(&st, MSEC(40));
	assert_status(&st, "a", "DOWN");
	assert_result(&st, CHECK_L4TOUT, 0, "no connection within 500 ms");
	stage_close_probed(&st);
}

static void
a_shortage_of_our_own_is_said_once_a_minute(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = TCP);
	stage_advance(&st, SEC(1));
	stage_reach(&st, SERVER_A, REACH_SHORTAGE);
	(void)stage_log(&st);
	stage_advance(&st, SEC(50));
	assert_status(&st, "a", "UP");
	assert_result(&st, CHECK_SOCKERR, 0, "too many open files");
	assert_int_equal(count(stage_log(&st), "cannot be probed"), 1);
	stage_advance(&st, SEC(20));
	assert_int_equal(count(stage_log(&st), "cannot be probed"), 1);
	assert_int_equal(stage_server(&st, "a")->count.chkfail, 0);
	stage_close_probed(&st);
}

static void
the_request_is_as_configured(void **state)
{
	struct stage st;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = CHECK("http",
	    "method = \"OPTIONS\"; path = \"/healthz?x=1\"; "
	    "host = \"probe.example\"; "
	    "fields = ( { name = \"X-Probe\"; value = \"yes\"; } );"));
	text = heard(&st, await_probe(&st));
	assert_starts(text, "OPTIONS /healthz?x=1 HTTP/1.1\r\n");
	assert_has(text, "\r\nHost: probe.example\r\n");
	assert_has(text, "\r\nX-Probe: yes\r\n");
	assert_has(text, "\r\nUser-Agent: steelyard-check\r\n");
	assert_ends(text, "\r\n\r\n");
	stage_close_probed(&st);
}

static void
the_host_is_the_address_unless_configured(void **state)
{
	struct stage st;
	const char *text;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	text = heard(&st, await_probe(&st));
	assert_starts(text, "GET / HTTP/1.1\r\n");
	assert_has(text, "\r\nHost: 10.0.0.1:80\r\n");
	stage_close_probed(&st);
}

/* What the server says to one probe, and what is made of it. */
struct row {
	const char *says;
	bool eof;
	enum health_result result;
	int code;
	const char *sentence;
};

static const struct row rows[] = {
	{ FINE, false, CHECK_L7OK, 200, "status 200 in 0.0 ms" },
	{ "HTTP/1.1 204 No\r\n\r\n", false, CHECK_L7OK, 204,
	    "status 204 in 0.0 ms" },
	{ "HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: /\r\n\r\n",
	    false, CHECK_L7OK, 302, "status 302 in 0.0 ms" },
	{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", false, CHECK_L7OK, 200,
	    "status 200 in 0.0 ms" },
	{ "HTTP/1.1 103 Early\r\n\r\n" FINE, false, CHECK_L7OK, 200,
	    "status 200 in 0.0 ms" },
	{ BROKEN, false, CHECK_L7STS, 503, "status 503, expected 200-399" },
	{ "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n", false, CHECK_L7STS,
	    404, "status 404, expected 200-399" },
	{ "", true, CHECK_L7RSP, 0, "connection closed without an answer" },
	{ "HTTP/1.1 200", true, CHECK_L7RSP, 0,
	    "connection closed without an answer" },
};

static void
each_answer_has_its_meaning(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
		w = await_probe(&st);
		say(&st, w, "%s", rows[i].says);
		if (rows[i].eof)
			say_eof(&st, w);
		assert_result(&st, rows[i].result, rows[i].code,
		    rows[i].sentence);
		assert_true(w->closed);
		assert_status(&st, "a", health_result_passed(rows[i].result) ?
		    "UP" : "DOWN");
		stage_close_probed(&st);
	}
}

static void
rubbish_and_a_reset_are_l7rsp(void **state)
{
	const struct health *h;
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	h = &stage_server(&st, "a")->health;
	w = await_probe(&st);
	say(&st, w, "rubbish\r\n\r\n");
	assert_int_equal(h->result, CHECK_L7RSP);
	assert_true(h->sentence[0] != '\0');
	assert_true(w->closed);
	say_reset(&st, await_probe(&st));
	assert_result(&st, CHECK_L7RSP, 0,
	    "connection reset without an answer");
	stage_close_probed(&st);
}

static void
no_answer_in_time_is_l7tout(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	w = await_probe(&st);
	say(&st, w, "HTTP/1.1 200 OK\r\n");
	stage_advance(&st, MSEC(480));
	assert_false(w->closed);
	stage_advance(&st, MSEC(40));
	assert_true(w->closed);
	assert_result(&st, CHECK_L7TOUT, 0, "no answer within 500 ms");
	stage_close_probed(&st);
}

/* The process was stopped, or has more to do than it can. */
static void
stall(struct stage *st, int64_t duration)
{
	loop_advance(st->loop, st->loop->clock.now + duration);
	stage_settle(st);
}

static void
time_that_was_lost_here_is_given_back_to_the_server(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	w = await_probe(&st);
	for (int i = 0; i < 4; i++) {
		stall(&st, SEC(3));
		assert_false(w->closed);
	}
	say(&st, w, FINE);
	assert_status(&st, "a", "UP");
	stage_close_probed(&st);
}

static void
lost_time_does_not_hide_a_server_that_is_silent(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	w = await_probe(&st);
	for (int i = 0; i < 5; i++)
		stall(&st, SEC(3));
	assert_true(w->closed);
	assert_result(&st, CHECK_L7TOUT, 0, "no answer within 500 ms");
	stage_close_probed(&st);
}

static void
an_answer_before_the_question_is_not_lost(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	stage_reach(&st, SERVER_A, REACH_HANG);
	await_dial(&st, MSEC(150));
	w = stage_dialled(&st, SERVER_A);
	/* Connect, bytes and end come in one event. */
	w->connecting = true;
	w->in_eof = true;
	say(&st, w, "%s", BROKEN);
	stage_advance(&st, MSEC(10));
	assert_false(stage_server(&st, "a")->health.running);
	assert_status(&st, "a", "DOWN");
	stage_close_probed(&st);
}

#define BODY CHECK("http", "body = \"all is well\";")

static void
a_text_is_found_across_pieces_of_the_body(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = BODY);
	w = await_probe(&st);
	say(&st, w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	say(&st, w, "6\r\nxxall \r\n");
	assert_status(&st, "a", "checking");
	say(&st, w, "4\r\nis w\r\n");
	say(&st, w, "9\r\nell, more");
	assert_result(&st, CHECK_L7OK, 200, "status 200 in 0.0 ms");
	assert_true(w->closed);
	stage_close_probed(&st);
}

static void
a_text_that_is_missing_is_l7rsp(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = BODY);
	say(&st, await_probe(&st), "%s", FINE);
	assert_result(&st, CHECK_L7RSP, 200,
	    "status 200, body does not contain \"all is well\"");
	/* In the first 64 KiB only, and no more is read. */
	w = await_probe(&st);
	say(&st, w, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	say_many(&st, w, 65536);
	assert_result(&st, CHECK_L7RSP, 200,
	    "status 200, body does not contain \"all is well\"");
	assert_true(w->closed);
	/* A body that is cut. */
	w = await_probe(&st);
	say(&st, w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is");
	say_eof(&st, w);
	assert_result(&st, CHECK_L7RSP, 200, "answer was cut");
	/* One that stops. */
	w = await_probe(&st);
	say(&st, w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is");
	stage_advance(&st, MSEC(520));
	assert_result(&st, CHECK_L7TOUT, 200,
	    "no complete answer within 500 ms");
	stage_close_probed(&st);
}

static void
down_after_three_failures_up_after_two_passes(void **state)
{
	static const struct {
		const char *says, *status;
	} steps[] = {
		{ FINE, "UP" }, { BROKEN, "UP 2/3" }, { BROKEN, "UP 1/3" },
		{ FINE, "UP 2/3" }, { BROKEN, "UP 1/3" }, { BROKEN, "DOWN" },
		{ BROKEN, "DOWN" }, { FINE, "DOWN 1/2" }, { BROKEN, "DOWN" },
		{ FINE, "DOWN 1/2" }, { FINE, "UP" },
	};
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		say(&st, await_probe(&st), "%s", steps[i].says);
		assert_status(&st, "a", steps[i].status);
	}
	stage_close_probed(&st);
}

static void
probes_keep_their_interval_with_some_jitter(void **state)
{
	int64_t last, gap, least = SEC(9), most = 0;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	stage_answer(&st, SERVER_A, FINE);
	await_dial(&st, MSEC(150));
	await_dial(&st, SEC(1));
	last = st.loop->clock.now;
	for (int i = 0; i < 60; i++) {
		await_dial(&st, SEC(2));
		gap = st.loop->clock.now - last;
		last = st.loop->clock.now;
		assert_in_range(gap, MSEC(880), MSEC(1120));
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}
	assert_true(least < MSEC(950) && most > MSEC(1050));
	stage_close_probed(&st);
}

static void
a_slow_probe_never_overlaps_the_next(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = "health = { type = \"tcp\"; "
	    "interval = \"100ms\"; timeout = \"1s\"; };");
	stage_reach(&st, SERVER_A, REACH_HANG);
	stage_advance(&st, MSEC(990));
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	stage_advance(&st, SEC(9));
	assert_in_range(stage_dials(&st, SERVER_A), 9, 11);
	stage_close_probed(&st);
}

static void
intervals_follow_the_state(void **state)
{
	unsigned before;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = "health = { type = \"tcp\"; "
	    "interval = \"2s\"; timeout = \"100ms\"; "
	    "fast_interval = \"100ms\"; down_interval = \"10s\"; };");
	stage_advance(&st, SEC(10));
	assert_in_range(stage_dials(&st, SERVER_A), 5, 7);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	await_dial(&st, SEC(3));
	stage_advance(&st, MSEC(260));
	assert_status(&st, "a", "DOWN");
	before = stage_dials(&st, SERVER_A);
	stage_advance(&st, SEC(8));
	assert_int_equal(stage_dials(&st, SERVER_A), before);
	stage_reach(&st, SERVER_A, REACH_ACCEPT);
	await_dial(&st, SEC(4));
	stage_advance(&st, MSEC(130));
	assert_status(&st, "a", "UP");
	stage_close_probed(&st);
}

static void
maint_stops_probes_and_drain_does_not(void **state)
{
	struct stage st;
	struct server *a;
	struct wire *w;
	unsigned before;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = HTTP);
	a = stage_server(&st, "a");
	w = await_probe(&st);
	server_set_admin(a, SERVER_MAINT);
	assert_false(a->health.running);
	stage_settle(&st);
	assert_true(w->closed);
	before = stage_dials(&st, SERVER_A);
	stage_advance(&st, SEC(10));
	assert_int_equal(stage_dials(&st, SERVER_A), before);
	server_set_admin(a, SERVER_DRAIN);
	say(&st, await_probe(&st), "%s", FINE);
	assert_status(&st, "a", "DRAIN");
	assert_int_equal(stage_pool(&st)->nusable, 0);
	say(&st, await_probe(&st), "%s", FINE);
	server_set_admin(a, SERVER_READY);
	assert_status(&st, "a", "UP");
	assert_int_equal(stage_pool(&st)->nusable, 1);
	stage_close_probed(&st);
}

static void
a_client_of_a_pool_that_still_checks_gets_503(void **state)
{
	struct stage st;
	struct wire *client;

	(void)state;
	STAGE(&st, .pool = HTTP);
	client = stage_client(&st);
	say(&st, client, GET);
	assert_starts(heard(&st, client), "HTTP/1.1 503 ");
	assert_int_equal(stage_pool(&st)->count.lbtot, 0);
	stage_close_probed(&st);
}

static void
idle_connections_end_when_their_server_goes_down(void **state)
{
	struct stage st;
	struct wire *client, *server;
	struct server *a;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = CHECK("tcp", "fall = 1;"));
	a = stage_server(&st, "a");
	stage_advance(&st, MSEC(150));
	client = stage_client(&st);
	say(&st, client, GET);
	server = stage_dialled(&st, SERVER_A);
	heard(&st, server);
	say(&st, server, OK);
	assert_int_equal(a->nidle, 1);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	await_dial(&st, SEC(2));
	assert_status(&st, "a", "DOWN");
	assert_int_equal(a->nidle, 0);
	stage_settle(&st);
	assert_true(server->closed);
	stage_close_probed(&st);
}

/* One request in flight while its server goes down. */
static void
go_down_in_flight(const char *pool, bool ends)
{
	struct stage st;
	struct wire *client, *server;

	STAGE(&st, .servers = ONE_SERVER, .pool = pool);
	stage_advance(&st, MSEC(150));
	client = stage_client(&st);
	say(&st, client, GET);
	server = stage_dialled(&st, SERVER_A);
	heard(&st, server);
	stage_reach(&st, SERVER_A, REACH_REFUSE);
	await_dial(&st, SEC(2));
	assert_status(&st, "a", "DOWN");
	assert_has(stage_log(&st), "1 requests in flight");
	stage_settle(&st);
	assert_int_equal(server->closed, ends);
	if (!ends)
		say(&st, server, OK);
	assert_starts(heard(&st, client),
	    ends ? "HTTP/1.1 50" : "HTTP/1.1 200 OK\r\n");
	stage_close_probed(&st);
}

static void
requests_in_flight_go_on_or_end_as_configured(void **state)
{
	(void)state;
	go_down_in_flight("retries = 0; " CHECK("tcp", "fall = 1;"), false);
	go_down_in_flight("retries = 0; " CHECK("tcp",
	    "fall = 1; on_down = \"shutdown\";"), true);
}

static void
a_reload_in_the_middle_of_a_probe_is_survived(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .servers = ONE_SERVER, .pool = BODY);
	w = await_probe(&st);
	say(&st, w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is");
	STAGE_APPLY(&st, .servers = ONE_SERVER,
	    .pool = "health = { type = \"http\"; path = \"/new\"; "
	    "interval = \"2s\"; timeout = \"500ms\"; };");
	say(&st, w, " well");
	assert_status(&st, "a", "UP");
	assert_starts(heard(&st, await_probe(&st)), "GET /new HTTP/1.1\r\n");
	/* The check goes, with a probe under way. */
	STAGE_APPLY(&st, .servers = ONE_SERVER);
	assert_status(&st, "a", "no check");
	stage_advance(&st, SEC(20));
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	stage_close(&st);
}

static void
a_server_that_is_removed_is_probed_no_more(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .pool = HTTP);
	w = await_probe(&st);
	STAGE_APPLY(&st, .pool = HTTP,
	    .servers = "{ name = \"b\"; address = \"" SERVER_B "\"; }");
	assert_true(w->closed);
	stage_advance(&st, SEC(5));
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	assert_true(stage_dials(&st, SERVER_B) > 1);
	stage_close_probed(&st);
}

static void
a_new_server_waits_for_its_first_pass(void **state)
{
	struct stage st;
	struct wire *w;

	(void)state;
	STAGE(&st, .pool = HTTP,
	    .servers = "{ name = \"b\"; address = \"" SERVER_B "\"; }");
	stage_answer(&st, SERVER_B, FINE);
	stage_advance(&st, SEC(1));
	assert_status(&st, "b", "UP");
	STAGE_APPLY(&st, .pool = HTTP);
	assert_status(&st, "b", "UP");
	assert_status(&st, "a", "checking");
	assert_int_equal(stage_pool(&st)->nusable, 1);
	w = await_probe(&st);
	say(&st, w, "%s", FINE);
	assert_int_equal(stage_pool(&st)->nusable, 2);
	stage_close_probed(&st);
}

static void
the_first_probes_come_soon_and_spread_then(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .pool = "health = { type = \"tcp\"; interval = \"60s\"; };");
	stage_advance(&st, MSEC(120));
	assert_int_equal(stage_dials(&st, SERVER_A), 1);
	assert_int_equal(stage_dials(&st, SERVER_B), 1);
	/* Phases of the two: 0.37 and 0.99 of the interval. */
	stage_advance(&st, SEC(40));
	assert_int_equal(stage_dials(&st, SERVER_A), 2);
	assert_int_equal(stage_dials(&st, SERVER_B), 1);
	stage_advance(&st, SEC(21));
	assert_int_equal(stage_dials(&st, SERVER_B), 2);
	stage_close_probed(&st);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_server_that_accepts_passes_a_tcp_check),
		T(a_refused_connect_is_told_and_takes_the_server_down),
		T(a_connect_that_hangs_is_l4tout),
		T(a_shortage_of_our_own_is_said_once_a_minute),
		T(the_request_is_as_configured),
		T(the_host_is_the_address_unless_configured),
		T(each_answer_has_its_meaning),
		T(rubbish_and_a_reset_are_l7rsp),
		T(no_answer_in_time_is_l7tout),
		T(time_that_was_lost_here_is_given_back_to_the_server),
		T(lost_time_does_not_hide_a_server_that_is_silent),
		T(an_answer_before_the_question_is_not_lost),
		T(a_text_is_found_across_pieces_of_the_body),
		T(a_text_that_is_missing_is_l7rsp),
		T(down_after_three_failures_up_after_two_passes),
		T(probes_keep_their_interval_with_some_jitter),
		T(a_slow_probe_never_overlaps_the_next),
		T(intervals_follow_the_state),
		T(maint_stops_probes_and_drain_does_not),
		T(a_client_of_a_pool_that_still_checks_gets_503),
		T(idle_connections_end_when_their_server_goes_down),
		T(requests_in_flight_go_on_or_end_as_configured),
		T(a_reload_in_the_middle_of_a_probe_is_survived),
		T(a_server_that_is_removed_is_probed_no_more),
		T(a_new_server_waits_for_its_first_pass),
		T(the_first_probes_come_soon_and_spread_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
