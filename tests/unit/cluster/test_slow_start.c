/* A server that came up warms up. */
#include "sample.h"

#include <math.h>

#include "cluster/prober.h"
#include "cluster/slow_start.h"

static void
follows_the_known_table(void **state)
{
	static const struct { int64_t t, aggression; double want; } cases[] = {
		{ 1, 100, 10 }, { 6, 100, 10 }, { 15, 100, 25 },
		{ 30, 100, 50 }, { 45, 100, 75 }, { 60, 100, 100 },
		{ 1, 200, 12.91 }, { 6, 200, 31.62 }, { 15, 200, 50 },
		{ 30, 200, 70.71 }, { 45, 200, 86.60 }, { 60, 200, 100 },
		{ 0, 100, 10 }, { 0, 200, 12.91 }, { 61, 100, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(fabs(100 * slow_start_part(SEC(cases[i].t),
		    SEC(60), cases[i].aggression) - cases[i].want) < 0.005);
}

static struct conf *
one_pool(bool checked)
{
	struct conf *c = sample_conf(1);
	struct conf_pool *p = sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "127.0.0.1:81", 100 }, { "b", "127.0.0.1:82", 100 }));

	p->slow_start = (struct conf_slow_start){ SEC(60), 100 };
	p->servers[1].max_connections = 50;
	if (!checked)
		p->health.type = PROBE_NONE;
	return c;
}

static void
pass_both(struct sample *t)
{
	sample_pass(sample_server(t, "web", "a"));
	sample_pass(sample_server(t, "web", "b"));
}

static void
a_server_that_recovered_warms_up(void **state)
{
	static const struct { int64_t after; unsigned percent; } steps[] = {
		{ SEC(1), 10 }, { SEC(14), 25 }, { SEC(15), 50 },
		{ SEC(15), 75 }, { SEC(15), 100 },
	};
	struct sample t;
	struct server *a, *b;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, one_pool(true), NULL);
	a = sample_server(&t, "web", "a");
	b = sample_server(&t, "web", "b");
	prober_stop(a->prober);
	prober_stop(b->prober);
	pass_both(&t);
	sample_advance(&t, SEC(100));
	assert_int_equal(server_weight_now(b), 100000);
	assert_int_equal(server_limit(b), 50);
	for (int i = 0; i < 3; i++)
		sample_fail(b);
	assert_int_equal(b->health.state, HEALTH_DOWN);
	sample_pass(b);
	sample_pass(b);
	assert_int_equal(server_weight_now(b), 10000);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (int64_t d = 0; d < steps[i].after; d += MSEC(500))
			sample_advance(&t, MSEC(500));
		/* The refresh is at most a step of 1 s late. */
		assert_in_range(server_weight_now(b),
		    steps[i].percent * 1000 - 2000, steps[i].percent * 1000);
		assert_int_equal(server_limit(b),
		    (50 * (1000 - b->cold) + 999) / 1000);
		assert_int_equal(server_weight_now(a), 100000);
	}
	sample_advance(&t, SEC(2));
	assert_int_equal(b->cold, 0);
	assert_false(timer_is_set(&b->pool->warmth));
	sample_fini(&t);
}

static void
a_new_server_warms_up_and_one_that_stands_does_not(void **state)
{
	struct sample t;
	struct conf *c;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, one_pool(false), NULL);
	assert_int_equal(sample_server(&t, "web", "a")->cold, 900);
	sample_advance(&t, SEC(100));
	assert_int_equal(sample_server(&t, "web", "a")->cold, 0);
	c = sample_conf(1);
	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "127.0.0.1:81", 100 }, { "c", "127.0.0.1:83", 100 }));
	c->pools[0].slow_start = (struct conf_slow_start){ SEC(60), 100 };
	c->pools[0].health.type = PROBE_NONE;
	sample_apply(&t, c, NULL);
	assert_int_equal(sample_server(&t, "web", "a")->cold, 0);
	assert_int_equal(sample_server(&t, "web", "c")->cold, 900);
	sample_fini(&t);
}

static void
maint_ends_it_and_ready_begins_anew(void **state)
{
	struct sample t;
	struct server *a;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, one_pool(false), NULL);
	a = sample_server(&t, "web", "a");
	sample_advance(&t, SEC(100));
	server_set_admin(a, SERVER_DRAIN);
	server_set_admin(a, SERVER_READY);
	assert_int_equal(a->cold, 0);
	server_set_admin(a, SERVER_MAINT);
	server_set_admin(a, SERVER_READY);
	assert_int_equal(a->cold, 900);
	sample_fini(&t);
}

static void
without_a_window_there_is_none(void **state)
{
	struct sample t;
	struct conf *c = one_pool(false);

	(void)state;
	c->pools[0].slow_start.window = 0;
	sample_init(&t, NULL);
	sample_apply(&t, c, NULL);
	assert_int_equal(sample_server(&t, "web", "a")->cold, 0);
	assert_false(timer_is_set(&cluster_find(&t.cluster, "web")->warmth));
	sample_fini(&t);
}

/* Picks follow the weights of now: 100 against 10. */
static void
policies_send_less_to_a_cold_one(void **state)
{
	static const char *const names[] = { "least_conn", "round_robin" };
	struct pick any = { .ntried = 0 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct conf *c = one_pool(false);
		struct sample t;
		struct server *a, *s;
		unsigned n = 0;

		c->pools[0].balance = names[k];
		c->pools[0].servers[1].max_connections = 0;
		sample_init(&t, NULL);
		sample_apply(&t, c, NULL);
		sample_advance(&t, SEC(100));
		a = sample_server(&t, "web", "a");
		server_set_admin(a, SERVER_MAINT);
		server_set_admin(a, SERVER_READY);
		for (int i = 0; i < 110; i++) {
			s = pool_pick(a->pool, &any, true);
			n += s == a;
			s->active++;
		}
		assert_in_range(n, 9, 11);
		a->active = 0;
		sample_server(&t, "web", "b")->active = 0;
		sample_fini(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_known_table),
		cmocka_unit_test(a_server_that_recovered_warms_up),
		cmocka_unit_test(
		    a_new_server_warms_up_and_one_that_stands_does_not),
		cmocka_unit_test(maint_ends_it_and_ready_begins_anew),
		cmocka_unit_test(without_a_window_there_is_none),
		cmocka_unit_test(policies_send_less_to_a_cold_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
