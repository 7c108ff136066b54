/* Which servers of a pool may be picked: states, panic, emptiness, budget. */
#include "sample.h"

static void
start(struct sample *t, struct conf *c)
{
	sample_init(t, NULL);
	sample_apply(t, c, NULL);
}

static struct conf *
three(void)
{
	struct conf *c = sample_conf(1);

	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "127.0.0.1:81", 1 }, { "b", "127.0.0.1:82", 1 },
	    { "c", "127.0.0.1:83", 1 }));
	return c;
}

static struct server *
pick(struct pool *p)
{
	struct pick any = { .ntried = 0 };

	return pool_pick(p, &any, true);
}

static void
pass_all(struct pool *p)
{
	struct server *s;

	list_each(s, &p->servers, struct server, node)
		sample_pass(s);
}

static void
fall(struct server *s)
{
	while (s->health.state != HEALTH_DOWN)
		sample_fail(s);
}

static void
a_new_server_gets_nothing_until_it_passed(void **state)
{
	struct sample t;
	struct pool *p;

	(void)state;
	start(&t, three());
	p = cluster_find(&t.cluster, "web");
	assert_int_equal(p->nusable, 0);
	assert_string_equal(pool_status(p), "DOWN");
	assert_null(pick(p));
	assert_server(sample_server(&t, "web", "b"), "checking");
	sample_pass(sample_server(&t, "web", "b"));
	assert_int_equal(p->nusable, 1);
	assert_false(p->panic);
	assert_string_equal(pick(p)->name, "b");
	assert_string_equal(pool_status(p), "UP");
	assert_int_equal(sample_logged(&t, "no usable server"), 0);
	sample_fini(&t);
}

static void
without_a_check_all_serve_at_once(void **state)
{
	struct conf *c = three();
	struct sample t;
	struct pool *p;

	(void)state;
	c->pools[0].health.type = PROBE_NONE;
	start(&t, c);
	p = cluster_find(&t.cluster, "web");
	assert_int_equal(p->nusable, 3);
	assert_server(sample_server(&t, "web", "a"), "no check");
	assert_null(sample_server(&t, "web", "a")->prober);
	server_set_admin(sample_server(&t, "web", "a"), SERVER_MAINT);
	server_set_admin(sample_server(&t, "web", "b"), SERVER_MAINT);
	assert_false(p->panic);
	assert_int_equal(p->nusable, 1);
	sample_fini(&t);
}

static void
a_transition_is_logged_once_in_words_and_members(void **state)
{
	struct sample t;
	struct server *a;

	(void)state;
	start(&t, three());
	a = sample_server(&t, "web", "a");
	pass_all(a->pool);
	for (int i = 0; i < 5; i++)
		server_begin(a);
	for (int i = 0; i < 5; i++)
		sample_fail(a);
	assert_server(a, "DOWN");
	assert_int_equal(sample_logged(&t, "server web/a is DOWN: L4CON "
	    "connection refused after 3 failed checks; 2 of 3 servers up, "
	    "5 requests in flight"), 1);
	assert_int_equal(sample_logged(&t, "\"event\":\"health\""), 4);
	assert_int_equal(sample_logged(&t, "\"pool\":\"web\",\"server\":\"a\","
	    "\"from\":\"UP\",\"to\":\"DOWN\",\"result\":\"L4CON\",\"code\":0,"
	    "\"duration_ms\":1,\"reason\":\"connection refused\",\"up\":2,"
	    "\"total\":3,\"in_flight\":5"), 1);
	assert_int_equal(a->count.chkfail, 5);
	assert_int_equal(a->count.chkdown, 1);
	assert_int_equal(a->pool->count.chkfail, 5);
	t.loop->clock.now += SEC(7);
	sample_pass(a);
	assert_server(a, "DOWN 1/2");
	sample_pass(a);
	assert_server(a, "UP");
	assert_int_equal(a->count.downtime, 7);
	assert_int_equal(sample_logged(&t, "server web/a is UP: L4OK connected "
	    "in 1.0 ms after 2 passed checks; 3 of 3 servers up"), 1);
	for (int i = 0; i < 5; i++)
		server_end(a);
	sample_fini(&t);
}

static void
local_trouble_ejects_nobody(void **state)
{
	struct sample t;
	struct server *a;

	(void)state;
	start(&t, three());
	a = sample_server(&t, "web", "a");
	sample_pass(a);
	for (int i = 0; i < 9; i++)
		server_on_probe(a, CHECK_SOCKERR, 0, 5, "too many open files");
	assert_server(a, "UP");
	assert_int_equal(a->health.result, CHECK_SOCKERR);
	assert_string_equal(a->health.sentence, "too many open files");
	assert_int_equal(a->count.chkfail, 0);
	sample_fini(&t);
}

static void
panic_sends_traffic_to_all_but_those_checking(void **state)
{
	struct conf *c = sample_conf(1);
	struct sample t;
	struct pool *p;

	(void)state;
	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "127.0.0.1:81", 1 }, { "b", "127.0.0.1:82", 1 },
	    { "c", "127.0.0.1:83", 1 }, { "d", "127.0.0.1:84", 1 }));
	start(&t, c);
	p = cluster_find(&t.cluster, "web");
	sample_pass(sample_server(&t, "web", "a"));
	sample_pass(sample_server(&t, "web", "b"));
	sample_pass(sample_server(&t, "web", "c"));
	fall(sample_server(&t, "web", "b"));
	assert_false(p->panic);
	assert_int_equal(p->nusable, 2);
	fall(sample_server(&t, "web", "c"));
	assert_true(p->panic);		/* 1 of 3: below 50 % */
	assert_int_equal(p->nup, 1);
	assert_int_equal(p->nusable, 3);
	assert_int_equal(p->count.panics, 1);
	assert_int_equal(sample_logged(&t, "pool web is in panic; 1 of 4 "
	    "servers up, traffic goes to all"), 1);
	sample_pass(sample_server(&t, "web", "d"));
	assert_false(p->panic);		/* 2 of 4: not below */
	assert_int_equal(p->nusable, 2);
	assert_int_equal(sample_logged(&t, "pool web is out of panic"), 1);
	sample_fini(&t);
}

static void
panic_can_fail_instead(void **state)
{
	struct conf *c = three();
	struct sample t;
	struct pool *p;

	(void)state;
	c->pools[0].health.on_panic = ON_PANIC_FAIL;
	start(&t, c);
	p = cluster_find(&t.cluster, "web");
	pass_all(p);
	fall(sample_server(&t, "web", "a"));
	assert_int_equal(p->nusable, 2);
	fall(sample_server(&t, "web", "b"));
	assert_true(p->panic);
	assert_int_equal(p->nusable, 0);
	assert_null(pick(p));
	assert_int_equal(sample_logged(&t, "requests are answered 503"), 1);
	sample_fini(&t);
}

static void
a_threshold_of_zero_never_panics(void **state)
{
	struct conf *c = three();
	struct sample t;
	struct pool *p;

	(void)state;
	c->pools[0].health.panic_threshold = 0;
	start(&t, c);
	p = cluster_find(&t.cluster, "web");
	pass_all(p);
	fall(sample_server(&t, "web", "a"));
	fall(sample_server(&t, "web", "b"));
	assert_false(p->panic);
	assert_int_equal(p->nusable, 1);
	sample_fini(&t);
}

static void
with_none_healthy_nobody_is_picked_and_it_is_said_once(void **state)
{
	struct sample t;
	struct server *s;
	struct pool *p;

	(void)state;
	start(&t, three());
	p = cluster_find(&t.cluster, "web");
	pass_all(p);
	list_each(s, &p->servers, struct server, node)
		fall(s);
	for (int i = 0; i < 4; i++)
		list_each(s, &p->servers, struct server, node)
			sample_fail(s);
	assert_false(p->panic);
	assert_int_equal(p->nusable, 0);
	assert_null(pick(p));
	assert_int_equal(p->count.chkdown, 1);
	assert_int_equal(sample_logged(&t, "pool web has no usable server; "
	    "0 of 3 servers up, requests are answered 503"), 1);
	t.loop->clock.wall += SEC(4);
	sample_pass(sample_server(&t, "web", "b"));
	sample_pass(sample_server(&t, "web", "b"));
	assert_int_equal(p->count.downtime, 4);
	assert_int_equal(sample_logged(&t, "has a usable server again"), 1);
	assert_true(p->panic);
	assert_int_equal(p->nusable, 3);
	sample_fini(&t);
}

static void
at_the_start_emptiness_is_said_when_the_last_has_failed(void **state)
{
	struct sample t;

	(void)state;
	start(&t, three());
	sample_fail(sample_server(&t, "web", "a"));
	sample_fail(sample_server(&t, "web", "b"));
	assert_int_equal(sample_logged(&t, "has no usable server"), 0);
	sample_fail(sample_server(&t, "web", "c"));
	assert_int_equal(sample_logged(&t, "has no usable server"), 1);
	assert_int_equal(sample_logged(&t, "after 1 failed check;"), 3);
	sample_fini(&t);
}

static void
tried_servers_are_taken_only_again(void **state)
{
	struct server *tried[3];
	struct sample t;
	struct pool *p;
	struct pick k = { .tried = tried };

	(void)state;
	start(&t, three());
	p = cluster_find(&t.cluster, "web");
	pass_all(p);
	for (k.ntried = 0; k.ntried < 3; k.ntried++)
		tried[k.ntried] = pool_pick(p, &k, false);
	assert_null(pool_pick(p, &k, false));
	assert_non_null(pool_pick(p, &k, true));
	assert_int_equal(p->count.lbtot, 4);
	sample_fini(&t);
}

static void
admin_states_steer_traffic(void **state)
{
	struct sample t;
	struct server *a;
	struct pool *p;

	(void)state;
	start(&t, three());
	a = sample_server(&t, "web", "a");
	p = a->pool;
	pass_all(p);
	server_set_admin(a, SERVER_DRAIN);
	assert_server(a, "DRAIN");
	assert_int_equal(p->nusable, 2);
	server_set_admin(a, SERVER_MAINT);
	assert_server(a, "MAINT");
	server_set_admin(a, SERVER_MAINT);
	assert_int_equal(sample_logged(&t, "server web/a is set to maint, was "
	    "drain; 0 requests in flight"), 1);
	server_set_admin(a, SERVER_READY);
	assert_server(a, "checking");
	assert_int_equal(p->nusable, 2);
	sample_pass(a);
	assert_server(a, "UP");
	assert_int_equal(p->nusable, 3);
	server_set_weight(a, 0);
	assert_server(a, "DRAIN");
	assert_int_equal(p->nusable, 2);
	server_set_weight(a, 5);
	assert_int_equal(p->nusable, 3);
	assert_int_equal(sample_logged(&t,
	    "weight of server web/a is set to 5, was 0"), 1);
	assert_true(t.changes > 0);
	sample_fini(&t);
}

static void
maint_ends_an_outage(void **state)
{
	struct sample t;
	struct server *a;

	(void)state;
	start(&t, three());
	a = sample_server(&t, "web", "a");
	sample_fail(a);
	assert_int_equal(a->count.chkdown, 0);	/* it never was UP */
	t.loop->clock.now += SEC(3);
	server_set_admin(a, SERVER_MAINT);
	t.loop->clock.now += SEC(30);
	server_set_admin(a, SERVER_READY);
	sample_pass(a);
	assert_int_equal(a->count.downtime, 3);
	sample_fini(&t);
}

static void
the_operator_can_say_up_and_down(void **state)
{
	struct conf *c = three();
	struct sample t;
	struct server *a;

	(void)state;
	start(&t, three());
	a = sample_server(&t, "web", "a");
	assert_true(server_set_health(a, true));
	assert_server(a, "UP");
	assert_int_equal(a->pool->nusable, 1);
	sample_fail(a);
	assert_true(server_set_health(a, true));
	assert_server(a, "UP");
	assert_true(server_set_health(a, false));
	assert_server(a, "DOWN");
	assert_int_equal(a->count.chkdown, 1);
	assert_int_equal(sample_logged(&t, "set by the operator"), 2);
	sample_pass(a);
	assert_server(a, "DOWN 1/2");
	c->pools[0].health.type = PROBE_NONE;
	sample_apply(&t, c, NULL);
	assert_false(server_set_health(a, false));
	assert_server(a, "no check");
	sample_fini(&t);
}

static void
retries_keep_within_their_budget(void **state)
{
	struct sample t;
	struct pool *p;

	(void)state;
	start(&t, three());
	p = cluster_find(&t.cluster, "web");
	for (int i = 0; i < 3; i++)
		assert_true(pool_retry_may(p));
	assert_false(pool_retry_may(p));
	assert_int_equal(p->count.retry_denied, 1);
	for (int i = 0; i < 100; i++)
		pool_hold(p);
	for (int i = 3; i < 20; i++)
		assert_true(pool_retry_may(p));
	assert_false(pool_retry_may(p));
	pool_retry_done(p);
	assert_true(pool_retry_may(p));
	for (int i = 0; i < 100; i++)
		pool_drop(p);
	sample_fini(&t);
}

/* a and b, and two backup servers. */
static struct conf *
with_backups(void)
{
	struct conf *c = sample_conf(1);
	struct conf_pool *p = sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "127.0.0.1:81", 1 }, { "x", "127.0.0.1:82", 1 },
	    { "b", "127.0.0.1:83", 1 }, { "y", "127.0.0.1:84", 1 }));

	p->servers[1].backup = p->servers[3].backup = true;
	return c;
}

static void
assert_usable(const struct pool *p, const char *names)
{
	assert_int_equal(p->nusable, strlen(names));
	for (unsigned i = 0; i < p->nusable; i++)
		assert_int_equal(p->usable[i]->name[0], names[i]);
}

static void
backups_serve_when_no_other_can(void **state)
{
	struct sample t;
	struct pool *p;
	struct server *a, *b;

	(void)state;
	start(&t, with_backups());
	p = cluster_find(&t.cluster, "web");
	a = sample_server(&t, "web", "a");
	b = sample_server(&t, "web", "b");
	pass_all(p);
	assert_usable(p, "ab");
	fall(a);
	assert_usable(p, "b");		/* 1 of 2, whatever backups do */
	assert_false(p->panic);
	server_set_admin(b, SERVER_DRAIN);
	assert_usable(p, "xy");
	assert_string_equal(pool_status(p), "UP");
	assert_int_equal(sample_logged(&t, "pool web uses its backup servers; "
	    "2 of 2 servers up"), 1);
	assert_true(pick(p)->conf->backup);
	fall(sample_server(&t, "web", "x"));
	assert_usable(p, "y");
	server_set_admin(b, SERVER_READY);
	assert_usable(p, "b");
	assert_int_equal(sample_logged(&t, "no longer uses its backup"), 1);
	fall(b);
	fall(sample_server(&t, "web", "y"));
	assert_usable(p, "");
	assert_int_equal(sample_logged(&t, "no usable server; 0 of 2"), 1);
	sample_fini(&t);
}

static void
backups_serve_in_every_policy(void **state)
{
	(void)state;
	for (size_t i = 0; balance_names[i] != NULL; i++) {
		struct conf *c = with_backups();
		struct sample t;
		struct pool *p;

		c->pools[0].balance = balance_names[i];
		c->pools[0].health.type = PROBE_NONE;
		start(&t, c);
		p = cluster_find(&t.cluster, "web");
		for (int k = 0; k < 20; k++)
			assert_false(pick(p)->conf->backup);
		server_set_admin(sample_server(&t, "web", "a"), SERVER_MAINT);
		server_set_admin(sample_server(&t, "web", "b"), SERVER_MAINT);
		for (int k = 0; k < 20; k++)
			assert_true(pick(p)->conf->backup);
		sample_fini(&t);
	}
}

static void
a_dry_pick_is_not_counted(void **state)
{
	struct pick dry = { .dry = true };
	struct sample t;
	struct pool *p;

	(void)state;
	start(&t, three());
	p = cluster_find(&t.cluster, "web");
	pass_all(p);
	assert_non_null(pool_pick(p, &dry, true));
	assert_int_equal(p->count.lbtot, 0);
	assert_non_null(pick(p));
	assert_int_equal(p->count.lbtot, 1);
	sample_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_server_gets_nothing_until_it_passed),
		cmocka_unit_test(without_a_check_all_serve_at_once),
		cmocka_unit_test(
		    a_transition_is_logged_once_in_words_and_members),
		cmocka_unit_test(local_trouble_ejects_nobody),
		cmocka_unit_test(panic_sends_traffic_to_all_but_those_checking),
		cmocka_unit_test(panic_can_fail_instead),
		cmocka_unit_test(a_threshold_of_zero_never_panics),
		cmocka_unit_test(
		    with_none_healthy_nobody_is_picked_and_it_is_said_once),
		cmocka_unit_test(
		    at_the_start_emptiness_is_said_when_the_last_has_failed),
		cmocka_unit_test(tried_servers_are_taken_only_again),
		cmocka_unit_test(admin_states_steer_traffic),
		cmocka_unit_test(maint_ends_an_outage),
		cmocka_unit_test(the_operator_can_say_up_and_down),
		cmocka_unit_test(retries_keep_within_their_budget),
		cmocka_unit_test(backups_serve_when_no_other_can),
		cmocka_unit_test(backups_serve_in_every_policy),
		cmocka_unit_test(a_dry_pick_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
