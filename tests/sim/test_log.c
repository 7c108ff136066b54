/*
 * When lines of the log are written: at once, unless others were just before.
 */
#include "stage.h"

#include <sys/stat.h>

#include "base/log_ring.h"

#define SOON MSEC(5)
#define GATHERED MSEC(20)	/* what comes soon waits no longer than this */
#define BURST 200		/* lines that are more than may wait */

static void
ask(struct stage *st, struct wire *client)
{
	say(st, client, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_ends(heard(st, client), "pong");
}

/* How much of the log is in its file. */
static long
written(const struct stage *st)
{
	struct stat s;

	assert_int_equal(stat(st->path, &s), 0);
	return (long)s.st_size;
}

/* A client; the log has been silent for long. */
static struct wire *
quiet_stage(struct stage *st)
{
	struct wire *client;

	STAGE(st, .servers = ONE_SERVER, .routes = "{ path = \"/ping\"; "
	    "respond = { status = 200; body = \"pong\"; }; },");
	client = stage_client(st);
	stage_advance(st, GATHERED);
	assert_false(log_has_pending(st->log));
	return client;
}

static void
writes_a_line_at_once_and_gathers_those_that_come_soon(void **state)
{
	struct stage st;
	struct wire *client;
	long before;

	(void)state;
	client = quiet_stage(&st);
	before = written(&st);
	ask(&st, client);
	assert_true(written(&st) > before);

	before = written(&st);
	stage_advance(&st, SOON);
	ask(&st, client);
	ask(&st, client);
	assert_int_equal(written(&st), before);
	assert_true(log_has_pending(st.log));
	stage_advance(&st, GATHERED - SOON);
	assert_false(log_has_pending(st.log));
	assert_true(written(&st) > before);

	stage_advance(&st, GATHERED);
	before = written(&st);
	ask(&st, client);
	assert_true(written(&st) > before);
	stage_close(&st);
}

static void
writes_many_lines_without_waiting(void **state)
{
	struct stage st;
	struct wire *client;
	long before;

	(void)state;
	client = quiet_stage(&st);
	ask(&st, client);
	before = written(&st);
	for (int i = 0; i < BURST; i++)
		ask(&st, client);
	assert_true(written(&st) > before);
	assert_true(log_pending(st.log) < LOG_RING_SIZE / 16);
	stage_close(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    writes_a_line_at_once_and_gathers_those_that_come_soon),
		cmocka_unit_test(writes_many_lines_without_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
