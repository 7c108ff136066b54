/* From one snapshot to the next: what stands keeps its state. */
#include "sample.h"

static struct conf *
pair(void)
{
	struct conf *c = sample_conf(2);

	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "127.0.0.1:81", 1 }, { "b", "127.0.0.1:82", 1 }));
	return c;
}

static void
assert_order(const struct pool *p, const char *names)
{
	struct server *s;
	struct text t;

	text_init(&t);
	list_each(s, &p->servers, struct server, node)
		text_add(&t, "%s", s->name);
	assert_string_equal(t.p, names);
	text_fini(&t);
}

static void
the_first_snapshot_adds_pools(void **state)
{
	struct conf *c = pair();
	struct sample t;
	struct pool *p;

	(void)state;
	(void)sample_pool(c, "api", SAMPLE_SERVERS({ "x", "[::1]:1", 1 }));
	sample_init(&t, NULL);
	sample_apply(&t, c,
	    "added pool web (2 servers); added pool api (1 server)");
	p = cluster_find(&t.cluster, "api");
	assert_int_equal(p->id, 2);
	assert_int_equal(p->nservers, 1);
	assert_string_equal(sample_server(&t, "api", "x")->addr_text,
	    "[::1]:1");
	assert_null(cluster_find(&t.cluster, "other"));
	assert_null(pool_find_server(p, "a"));
	sample_fini(&t);
}

static void
the_same_again_changes_nothing(void **state)
{
	struct sample t;
	struct server *a;
	struct pool *p;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	p = cluster_find(&t.cluster, "web");
	a = sample_server(&t, "web", "a");
	sample_pass(a);
	sample_fail(a);
	sample_apply(&t, pair(), "");
	assert_ptr_equal(cluster_find(&t.cluster, "web"), p);
	assert_ptr_equal(sample_server(&t, "web", "a"), a);
	assert_server(a, "UP 2/3");
	assert_ptr_equal(a->conf, &p->conf->servers[0]);
	assert_int_equal(p->snapshot->refs, 1);
	sample_fini(&t);
}

static void
servers_are_matched_by_address(void **state)
{
	struct conf *c = sample_conf(1);
	struct sample t;
	struct server *a, *b;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	a = sample_server(&t, "web", "a");
	b = sample_server(&t, "web", "b");
	sample_pass(a);
	sample_pass(b);
	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "c", "127.0.0.1:83", 1 }, { "z", "127.0.0.1:82", 2 }));
	server_begin(a);
	sample_apply(&t, c, "pool web: added c (127.0.0.1:83), renamed b to z, "
	    "weight of z 1 -> 2, removed a");
	assert_ptr_equal(sample_server(&t, "web", "z"), b);
	assert_int_equal(b->weight, 2);
	assert_server(b, "UP");
	assert_server(sample_server(&t, "web", "c"), "checking");
	assert_int_equal(sample_server(&t, "web", "c")->id, 3);
	assert_order(b->pool, "cz");
	/* The one that went finishes what it has, then is freed. */
	assert_true(a->gone);
	assert_string_equal(a->conf->name, "a");
	assert_string_equal(a->name, "a");
	sample_advance(&t, SEC(0) + MSEC(1));
	assert_false(list_is_empty(&b->pool->retired));
	server_end(a);
	sample_advance(&t, MSEC(1));
	assert_true(list_is_empty(&b->pool->retired));
	sample_fini(&t);
}

static void
order_follows_the_configuration(void **state)
{
	struct conf *c = sample_conf(1);
	struct sample t;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "b", "127.0.0.1:82", 1 }, { "a", "127.0.0.1:81", 1 }));
	sample_apply(&t, c, "");
	assert_order(cluster_find(&t.cluster, "web"), "ba");
	sample_fini(&t);
}

static void
names_that_change_places_follow_their_address(void **state)
{
	struct conf *c = sample_conf(1);
	struct sample t;
	struct server *a;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	a = sample_server(&t, "web", "a");
	(void)sample_pool(c, "web", SAMPLE_SERVERS(
	    { "b", "127.0.0.1:81", 1 }, { "a", "127.0.0.1:82", 1 }));
	sample_apply(&t, c, "pool web: renamed a to b, renamed b to a");
	assert_ptr_equal(sample_server(&t, "web", "b"), a);
	sample_fini(&t);
}

static void
the_same_address_twice_is_two_servers(void **state)
{
	struct sample t;
	struct server *b;

	(void)state;
	sample_init(&t, NULL);
	for (int i = 0; i < 2; i++) {
		struct conf *c = sample_conf(1);

		(void)sample_pool(c, "web", SAMPLE_SERVERS(
		    { "a", "127.0.0.1:81", 1 }, { "b", "127.0.0.1:81", 1 }));
		sample_apply(&t, c, i == 0 ? NULL : "");
		b = sample_server(&t, "web", "b");
		assert_int_equal(b->id, 2);
		assert_int_equal(b->pool->nservers, 2);
	}
	sample_fini(&t);
}

static void
a_weight_set_at_run_time_stands(void **state)
{
	struct conf *c = pair();
	struct sample t;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	server_set_weight(sample_server(&t, "web", "a"), 7);
	server_set_admin(sample_server(&t, "web", "b"), SERVER_DRAIN);
	c->pools[0].servers[0].weight = 3;
	c->pools[0].servers[1].weight = 4;
	sample_apply(&t, c, "pool web: weight of b 1 -> 4");
	assert_int_equal(sample_server(&t, "web", "a")->weight, 7);
	assert_int_equal(sample_server(&t, "web", "b")->admin, SERVER_DRAIN);
	sample_fini(&t);
}

static void
a_check_can_come_and_go(void **state)
{
	struct sample t;
	struct server *a;

	(void)state;
	sample_init(&t, NULL);
	for (int i = 0; i < 4; i++) {
		struct conf *c = pair();

		c->pools[0].health.type = i % 2 ? PROBE_HTTP : PROBE_NONE;
		sample_apply(&t, c, NULL);
		a = sample_server(&t, "web", "a");
		assert_server(a, i % 2 ? "UP" : "no check");
		assert_int_equal(a->prober != NULL, i % 2);
		assert_int_equal(a->pool->nusable, 2);
	}
	sample_fini(&t);
}

static void
a_check_that_goes_ends_the_outage(void **state)
{
	struct conf *c = pair();
	struct sample t;
	struct server *a;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	a = sample_server(&t, "web", "a");
	sample_fail(a);
	t.loop->clock.now += SEC(2);
	c->pools[0].health.type = PROBE_NONE;
	sample_apply(&t, c, NULL);
	assert_int_equal(a->count.downtime, 2);
	assert_int_equal(a->pool->nusable, 2);
	sample_fini(&t);
}

static void
the_policy_can_change(void **state)
{
	struct conf *c = pair();
	struct sample t;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	c->pools[0].balance = "round_robin";
	sample_apply(&t, c, "pool web: balance least_conn -> round_robin");
	assert_string_equal(cluster_find(&t.cluster, "web")->balance->algo,
	    "roundrobin");
	sample_fini(&t);
}

static void
a_pool_that_goes_lives_while_it_is_held(void **state)
{
	struct conf *c = sample_conf(1);
	struct sample t;
	struct server *a;
	struct pool *p;

	(void)state;
	sample_init(&t, NULL);
	sample_apply(&t, pair(), NULL);
	a = sample_server(&t, "web", "a");
	p = a->pool;
	sample_pass(a);
	pool_hold(p);
	server_begin(a);
	(void)sample_pool(c, "api", SAMPLE_SERVERS({ "x", "[::1]:1", 1 }));
	sample_apply(&t, c,
	    "added pool api (1 server); removed pool web");
	assert_null(cluster_find(&t.cluster, "web"));
	assert_int_equal(p->nusable, 0);
	sample_advance(&t, MSEC(1));
	server_end(a);
	sample_advance(&t, MSEC(1));
	assert_string_equal(p->name, "web");
	pool_drop(p);
	sample_advance(&t, MSEC(1));
	assert_true(list_is_empty(&t.cluster.retired));
	sample_fini(&t);
}

static void
a_large_pool_shrinks_under_load(void **state)
{
	struct sample_server v[64];
	char names[64][8], addresses[64][24];
	struct pick any = { .ntried = 0 };
	struct server *held[128];
	struct sample t;
	struct pool *p;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%u", i);
		(void)snprintf(addresses[i], sizeof(addresses[i]),
		    "127.0.0.1:%u", 1000 + i);
		v[i] = (struct sample_server){ names[i], addresses[i], 1 };
	}
	sample_init(&t, NULL);
	for (unsigned n = 64; n >= 1; n /= 4) {
		struct conf *c = sample_conf(1);

		sample_pool(c, "web", v, n)->health.type = PROBE_NONE;
		sample_apply(&t, c, NULL);
		p = cluster_find(&t.cluster, "web");
		if (n < 64)
			for (unsigned i = 0; i < 128; i++)
				server_end(held[i]);
		sample_advance(&t, MSEC(1));
		for (unsigned i = 0; i < 128; i++) {
			held[i] = pool_pick(p, &any, true);
			server_begin(held[i]);
		}
		assert_int_equal(held[0]->active, 128 / n);
	}
	for (unsigned i = 0; i < 128; i++)
		server_end(held[i]);
	sample_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_snapshot_adds_pools),
		cmocka_unit_test(the_same_again_changes_nothing),
		cmocka_unit_test(servers_are_matched_by_address),
		cmocka_unit_test(order_follows_the_configuration),
		cmocka_unit_test(names_that_change_places_follow_their_address),
		cmocka_unit_test(the_same_address_twice_is_two_servers),
		cmocka_unit_test(a_weight_set_at_run_time_stands),
		cmocka_unit_test(a_check_can_come_and_go),
		cmocka_unit_test(a_check_that_goes_ends_the_outage),
		cmocka_unit_test(the_policy_can_change),
		cmocka_unit_test(a_pool_that_goes_lives_while_it_is_held),
		cmocka_unit_test(a_large_pool_shrinks_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
