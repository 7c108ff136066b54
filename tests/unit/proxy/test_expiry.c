/*
 * test_expiry.c - who is told of a certificate that ends soon, and how often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cluster/balance.h"
#include "conf/load.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

#define DAY SEC(86400)

struct world {
	struct loop *loop;
	struct log *log;
	struct tls *tls;
	struct worker *worker;
	char dir[32], log_file[64], conf_file[64];
};

static void
reply(const struct conf *c, struct text *out)
{
	(void)c;
	(void)out;
}

static struct conf *
load(struct world *w, const char *cert)
{
	struct conf_tls_kit kit = { .tls = w->tls, .plain_reply = reply,
	    .tickets = w->worker->tickets, .wall = w->loop->clock.wall };
	struct text errors, warnings;
	char cwd[256];
	struct conf *c;
	FILE *f = fopen(w->conf_file, "w");

	assert_non_null(f);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	fprintf(f, "listeners = ( { name = \"a\"; address = \"unix:%s/a\";\n"
	    "tls = { certificates = ( { cert = \"%s/tests/data/tls/%s.pem\";\n"
	    "key = \"%s/tests/data/tls/%s.key\"; } ); }; },\n"
	    "{ name = \"plain\"; address = \"unix:%s/b\"; } );\n", w->dir, cwd,
	    cert, cwd, cert, w->dir);
	assert_int_equal(fclose(f), 0);
	text_init(&errors);
	text_init(&warnings);
	kit.warnings = &warnings;
	c = conf_load_tls(w->conf_file, balance_names, &kit, &errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	text_fini(&warnings);
	text_fini(&errors);
	return c;
}

static void
apply(struct world *w, const char *cert)
{
	struct conf *c = load(w, cert);
	struct text errors;

	text_init(&errors);
	assert_true(worker_prepare(w->worker, c, &errors));
	worker_commit(w->worker, c, &errors);
	text_fini(&errors);
	conf_put(&c);
}

static int
open_world(void **state)
{
	static struct dialer *const sockets =
	    (struct dialer *)(uintptr_t)&dialer_sockets;
	struct world *w = calloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/test_expiry.XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	(void)snprintf(w->log_file, sizeof(w->log_file), "%s/log", w->dir);
	(void)snprintf(w->conf_file, sizeof(w->conf_file), "%s/conf", w->dir);
	w->loop = loop_new();
	w->log = log_new(&w->loop->clock);
	assert_int_equal(log_open(w->log, w->log_file), 0);
	w->tls = tls_new();
	w->worker = worker_new(w->loop, w->log, sockets);
	*state = w;
	return 0;
}

static int
close_world(void **state)
{
	struct world *w = *state;

	worker_free(&w->worker);
	tls_free(&w->tls);
	log_free(&w->log);
	loop_free(&w->loop);
	(void)unlink(w->log_file);
	(void)unlink(w->conf_file);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

/* Lines of the event so far. */
static unsigned
told(struct world *w)
{
	char line[1024];
	unsigned n = 0;
	FILE *f;

	log_flush(w->log);
	f = fopen(w->log_file, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "\"certificate\"") != NULL;
	fclose(f);
	return n;
}

/* The wheel alone, an hour at a time. */
static void
pass(struct world *w, int64_t time)
{
	for (; time > 0; time -= SEC(3600)) {
		w->loop->clock.now += SEC(3600);
		while (wheel_step(&w->loop->wheel, w->loop->clock.now))
			;
	}
}

static void
tells_at_the_start_and_daily_of_one_that_is_over(void **state)
{
	struct world *w = *state;
	int64_t days;

	assert_false(expiry_days(&w->worker->expiry, &days));
	apply(w, "expired");
	assert_int_equal(told(w), 1);
	assert_true(expiry_days(&w->worker->expiry, &days));
	assert_true(days < 0);
	pass(w, DAY - SEC(3600));
	assert_int_equal(told(w), 1);
	pass(w, SEC(3600));
	assert_int_equal(told(w), 2);
	pass(w, 3 * DAY);
	assert_int_equal(told(w), 5);
}

static void
tells_nothing_of_one_that_lasts_and_counts_anew_after_a_reload(void **state)
{
	struct world *w = *state;
	int64_t days;

	apply(w, "ec");
	assert_true(expiry_days(&w->worker->expiry, &days));
	assert_true(days > EXPIRY_DAYS);
	pass(w, 2 * DAY);
	assert_int_equal(told(w), 0);
	apply(w, "expired");
	assert_int_equal(told(w), 1);
	pass(w, DAY);
	assert_int_equal(told(w), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    tells_at_the_start_and_daily_of_one_that_is_over,
		    open_world, close_world),
		cmocka_unit_test_setup_teardown(
		    tells_nothing_of_one_that_lasts_and_counts_anew_after_a_reload,
		    open_world, close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
