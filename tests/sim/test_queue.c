/*
 * Who waits for a server that is full: no room is left unused, nobody is
 * overtaken, also when all comes in one tick.
 */
#include "stage.h"

#define LIMITED \
	"{ name = \"a\"; address = \"" SERVER_A "\"; max_connections = 1; }, " \
	"{ name = \"b\"; address = \"" SERVER_B "\"; max_connections = 1; }"
#define FROM(who) "GET / HTTP/1.1\r\nHost: " who "\r\n\r\n"

/* The next request that some server got: whose it is. */
static struct wire *
next_at_server(struct stage *st, const char *host)
{
	struct wire *w;

	for (unsigned i = 0; i < 2; i++) {
		w = stage_dialled(st, i == 0 ? SERVER_A : SERVER_B);
		if (w != NULL && waiting(w) > 0) {
			assert_has(heard(st, w), host);
			return w;
		}
	}
	fail_msg("no server has the request of %s", host);
	return NULL;
}

static struct wire *
ask(struct stage *st, const char *request)
{
	struct wire *w = stage_client(st);

	say(st, w, "%s", request);
	return w;
}

/* Two leave at once, one waits, one comes: there is room for both. */
static void
room_of_two_serves_who_waits_and_who_comes(void **state)
{
	struct wire *one, *two, *waits, *comes;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = LIMITED);
	one = ask(&st, FROM("one"));
	two = ask(&st, FROM("two"));
	waits = ask(&st, FROM("waits"));
	comes = stage_client(&st);
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	say_reset_later(one);
	say_reset_later(two);
	say_later(comes, FROM("comes"));
	stage_settle(&st);
	assert_int_equal(stage_pool(&st)->nqueue, 0);
	say(&st, next_at_server(&st, "Host: waits"), OK);
	say(&st, next_at_server(&st, "Host: comes"), OK);
	assert_starts(heard(&st, waits), "HTTP/1.1 200 ");
	assert_starts(heard(&st, comes), "HTTP/1.1 200 ");
	stage_close(&st);
}

/* The server of a key has room for one, who has waited for it. */
static void
nobody_overtakes_who_waits_for_the_server_of_its_key(void **state)
{
	struct wire *one, *waits, *comes, *server;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = LIMITED, .balance = "hash", .pool =
	    "hash = { key = \"path\"; on_full = \"queue\"; };");
	one = ask(&st, FROM("one"));
	waits = ask(&st, FROM("waits"));
	comes = stage_client(&st);
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	say_reset_later(one);
	say_later(comes, FROM("comes"));
	stage_settle(&st);
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	server = next_at_server(&st, "Host: waits");
	say(&st, server, OK);
	assert_has(heard(&st, server), "Host: comes");
	say(&st, server, OK);
	assert_starts(heard(&st, waits), "HTTP/1.1 200 ");
	assert_starts(heard(&st, comes), "HTTP/1.1 200 ");
	stage_close(&st);
}

/* A refuses, B has all that it may have; the client of what B has. */
static struct wire *
begin_retry(struct stage *st)
{
	struct wire *first;

	stage_reach(st, SERVER_A, REACH_REFUSE);
	first = ask(st, FROM("first"));
	while (stage_server(st, "b")->active == 0)
		first = ask(st, FROM("first"));
	assert_int_equal(stage_server(st, "b")->active, 1);
	return first;
}

/* It waits for another, and does not go back to the one that refused it. */
static void
a_retry_waits_for_another_server(void **state)
{
	struct wire *again, *other, *server;
	struct stage st;
	unsigned dials;

	(void)state;
	STAGE(&st, .servers = LIMITED);
	(void)begin_retry(&st);
	dials = stage_dials(&st, SERVER_A);
	again = ask(&st, FROM("again"));
	assert_int_equal(stage_dials(&st, SERVER_A), dials + 1);
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	/* Whom A has not failed is not held up by it. */
	stage_reach(&st, SERVER_A, REACH_ACCEPT);
	other = ask(&st, FROM("other"));
	say(&st, stage_dialled(&st, SERVER_A), OK);
	assert_starts(heard(&st, other), "HTTP/1.1 200 ");
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	server = next_at_server(&st, "Host: first");
	(void)stage_log(&st);
	say(&st, server, OK);
	assert_int_equal(stage_pool(&st)->nqueue, 0);
	assert_has(heard(&st, server), "Host: again");
	say(&st, server, OK);
	assert_starts(heard(&st, again), "HTTP/1.1 200 ");
	assert_has(stage_log(&st), "\"retries\":1");
	stage_close(&st);
}

/* Those behind it who may take the room are called; it is not. */
static void
a_retry_is_overtaken_by_who_takes_the_server_that_refused(void **state)
{
	struct wire *again, *behind, *server;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = LIMITED);
	(void)begin_retry(&st);
	again = ask(&st, FROM("again"));
	stage_reach(&st, SERVER_A, REACH_ACCEPT);
	(void)ask(&st, FROM("holds"));
	behind = ask(&st, FROM("behind"));
	assert_int_equal(stage_pool(&st)->nqueue, 2);
	server = stage_dialled(&st, SERVER_A);
	assert_has(heard(&st, server), "Host: holds");
	say(&st, server, OK);
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	assert_has(heard(&st, server), "Host: behind");
	say(&st, server, OK);
	assert_starts(heard(&st, behind), "HTTP/1.1 200 ");
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	server = next_at_server(&st, "Host: first");
	say(&st, server, OK);
	assert_has(heard(&st, server), "Host: again");
	say(&st, server, OK);
	assert_starts(heard(&st, again), "HTTP/1.1 200 ");
	assert_int_equal(stage_pool(&st)->nqueue, 0);
	stage_close(&st);
}

/* B is taken out: there is no other any more. */
static void
a_retry_goes_back_when_there_is_no_other(void **state)
{
	struct wire *again;
	struct stage st;

	(void)state;
	STAGE(&st, .servers = LIMITED);
	(void)begin_retry(&st);
	again = ask(&st, FROM("again"));
	assert_int_equal(stage_pool(&st)->nqueue, 1);
	stage_reach(&st, SERVER_A, REACH_ACCEPT);
	server_set_admin(stage_server(&st, "b"), SERVER_MAINT);
	stage_settle(&st);
	assert_int_equal(stage_pool(&st)->nqueue, 0);
	say(&st, stage_dialled(&st, SERVER_A), OK);
	assert_starts(heard(&st, again), "HTTP/1.1 200 ");
	stage_close(&st);
}

static void
a_retry_waits_as_long_as_any_request(void **state)
{
	struct stage st;

	(void)state;
	STAGE(&st, .servers = LIMITED, .pool =
	    "timeouts = { queue = \"2s\"; };");
	(void)begin_retry(&st);
	(void)ask(&st, FROM("again"));
	(void)stage_log(&st);
	stage_advance(&st, SEC(3));
	assert_ended(&st, "sQ", 503);
	stage_close(&st);
}

/* Where nobody may wait, another try at the same server is better than none. */
static void
a_retry_goes_back_when_it_may_not_wait(void **state)
{
	struct stage st;
	unsigned dials;

	(void)state;
	STAGE(&st, .servers = LIMITED, .pool = "max_queue = 0;");
	(void)begin_retry(&st);
	dials = stage_dials(&st, SERVER_A);
	(void)stage_log(&st);
	(void)ask(&st, FROM("again"));
	assert_int_equal(stage_dials(&st, SERVER_A), dials + 3);
	assert_ended(&st, "SC", 503);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_of_two_serves_who_waits_and_who_comes),
		cmocka_unit_test(
		    nobody_overtakes_who_waits_for_the_server_of_its_key),
		cmocka_unit_test(a_retry_waits_for_another_server),
		cmocka_unit_test(
		    a_retry_is_overtaken_by_who_takes_the_server_that_refused),
		cmocka_unit_test(a_retry_goes_back_when_there_is_no_other),
		cmocka_unit_test(a_retry_waits_as_long_as_any_request),
		cmocka_unit_test(a_retry_goes_back_when_it_may_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
