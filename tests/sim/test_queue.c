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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_of_two_serves_who_waits_and_who_comes),
		cmocka_unit_test(
		    nobody_overtakes_who_waits_for_the_server_of_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
