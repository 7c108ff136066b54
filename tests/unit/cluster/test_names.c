/* What DNS says, and which servers a pool then has; answers are scripted. */
#include "sample.h"

#include "cluster/names.h"

#define MOST 8

/* The one question under way. */
struct script {
	struct resolver resolver;
	void (*fn)(void *owner, const struct answer *);
	void *owner;
	struct lookup_query last;
	char name[64];
	unsigned asked, cancelled;
};

static struct lookup *
script_ask(const struct resolver *r, struct loop *l, const struct lookup_query *q,
    void (*fn)(void *owner, const struct answer *), void *owner)
{
	struct script *s = list_entry((uintptr_t)r, struct script, resolver);

	(void)l;
	s->fn = fn;
	s->owner = owner;
	s->last = *q;
	(void)snprintf(s->name, sizeof(s->name), "%s", q->name);
	s->asked++;
	return (struct lookup *)(void *)s;
}

static void
script_cancel(struct lookup **lk)
{
	struct script *s = (struct script *)(void *)*lk;

	s->cancelled++;
	s->fn = NULL;
	*lk = NULL;
}

static void
script_init(struct script *s, struct sample *t)
{
	memset(s, 0, sizeof(*s));
	s->resolver.ask = script_ask;
	s->resolver.cancel = script_cancel;
	t->cluster.names.resolver = &s->resolver;
}

/* "10.0.0.1:0 10.0.0.2:0" */
static size_t
records(struct record *v, const char *list)
{
	struct slice rest = slice_of(list);
	size_t n = 0;

	while (rest.n > 0) {
		const char *space = memchr(rest.p, ' ', rest.n);
		struct slice one = rest;

		if (space != NULL)
			one.n = (size_t)(space - rest.p);
		assert_null(addr_parse(one, &v[n].addr));
		v[n++].weight = 1;
		rest = slice_skip(rest, one.n + (space != NULL));
	}
	return n;
}

static void
script_say(struct script *s, const char *list, int64_t ttl)
{
	struct record v[MOST];
	struct answer a = { .v = v, .n = records(v, list), .ttl = ttl };
	void (*fn)(void *, const struct answer *) = s->fn;

	assert_non_null(fn);
	s->fn = NULL;
	fn(s->owner, &a);
}

static void
script_fail(struct script *s, const char *error)
{
	struct answer a = { .error = error };
	void (*fn)(void *, const struct answer *) = s->fn;

	assert_non_null(fn);
	s->fn = NULL;
	fn(s->owner, &a);
}

static struct conf *
snapshot(bool all)
{
	struct conf *c = sample_conf(1);
	struct conf_pool *p = sample_pool(c, "web", SAMPLE_SERVERS(
	    { "a", "10.0.0.9:80", 3 }, { "n", "10.0.0.1:80", 2 }));
	struct conf_address *a = &p->servers[1].address;

	c->global.resolve = (struct conf_resolve){ .min = SEC(5),
	    .max = SEC(300), .timeout = SEC(2) };
	*a = (struct conf_address){ .text = "x.test:80", .is_name = true,
	    .host = "x.test", .port = 80 };
	p->servers[1].resolve_all = all;
	p->health.type = PROBE_NONE;
	return c;
}

static void
assert_servers(struct sample *t, const char *want)
{
	struct server *s;
	struct text got;

	text_init(&got);
	list_each(s, &cluster_find(&t->cluster, "web")->servers,
	    struct server, node)
		text_add(&got, "%s%s=%s", got.n > 0 ? " " : "", s->name,
		    s->addr_text);
	assert_string_equal(got.p, want);
	text_fini(&got);
}

static void
bounds_the_ttl(void **state)
{
	static const struct { int64_t ttl, min, max, want; } cases[] = {
		{ 0, 5, 300, 5 }, { 4, 5, 300, 5 }, { 5, 5, 300, 5 },
		{ 60, 5, 300, 60 }, { 300, 5, 300, 300 },
		{ 301, 5, 300, 300 }, { INT64_MAX, 5, 300, 300 },
		{ 9, 5, 5, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(names_wait(cases[i].ttl, cases[i].min,
		    cases[i].max), cases[i].want);
}

static void
merges_answers_in_a_steady_order(void **state)
{
	static const struct {
		const char *old, *answer, *want;
		bool partial, changed;
	} cases[] = {
		{ "", "1.1.1.1:1", "1.1.1.1:1", false, true },
		{ "1.1.1.1:1 2.2.2.2:1", "2.2.2.2:1 1.1.1.1:1",
		    "1.1.1.1:1 2.2.2.2:1", false, false },
		{ "1.1.1.1:1 2.2.2.2:1", "3.3.3.3:1 2.2.2.2:1",
		    "2.2.2.2:1 3.3.3.3:1", false, true },
		{ "1.1.1.1:1 [::1]:1", "1.1.1.1:1", "1.1.1.1:1", false, true },
		{ "1.1.1.1:1 [::1]:1", "1.1.1.1:1", "1.1.1.1:1 [::1]:1", true,
		    false },
		{ "[::1]:1", "1.1.1.1:1", "[::1]:1 1.1.1.1:1", true, true },
		{ "", "1.1.1.1:1 1.1.1.1:1", "1.1.1.1:1", false, true },
		{ "1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:2", false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record says[MOST], want[MOST];
		struct record *v = mem_array(MOST, sizeof(*v));
		size_t n = records(v, cases[i].old);
		struct answer a = { .v = says, .partial = cases[i].partial };
		size_t nwant = records(want, cases[i].want);

		a.n = records(says, cases[i].answer);
		assert_int_equal(names_merge(&v, &n, &a), cases[i].changed);
		assert_int_equal(n, nwant);
		for (size_t j = 0; j < n; j++)
			assert_true(addr_eq(&v[j].addr, &want[j].addr));
		free(v);
	}
}

static void
a_server_is_in_maint_until_its_name_resolves(void **state)
{
	struct sample t;
	struct script s;

	(void)state;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, snapshot(false), NULL);
	assert_servers(&t, "a=10.0.0.9:80 n=-");
	assert_server(sample_server(&t, "web", "n"), "MAINT (resolution)");
	assert_int_equal(cluster_find(&t.cluster, "web")->nusable, 1);
	assert_string_equal(s.name, "x.test");
	assert_int_equal(s.last.timeout, SEC(2));
	script_say(&s, "10.0.0.1:1 10.0.0.2:1", SEC(60));
	assert_servers(&t, "a=10.0.0.9:80 n=10.0.0.1:80");
	assert_int_equal(sample_server(&t, "web", "n")->weight, 2);
	assert_int_equal(cluster_find(&t.cluster, "web")->nusable, 2);
	sample_fini(&t);
}

static void
asks_again_when_the_ttl_is_over(void **state)
{
	struct sample t;
	struct script s;

	(void)state;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, snapshot(false), NULL);
	assert_int_equal(s.asked, 1);
	script_say(&s, "10.0.0.1:1", SEC(60));
	sample_advance(&t, SEC(59));
	assert_int_equal(s.asked, 1);
	sample_advance(&t, SEC(2));
	assert_int_equal(s.asked, 2);
	script_fail(&s, "down");
	sample_advance(&t, SEC(4));
	assert_int_equal(s.asked, 2);
	sample_advance(&t, SEC(2));
	assert_int_equal(s.asked, 3);
	sample_fini(&t);
	assert_int_equal(s.cancelled, 1);
}

static void
what_stands_keeps_its_state(void **state)
{
	struct sample t;
	struct script s;
	struct server *one;

	(void)state;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, snapshot(true), NULL);
	script_say(&s, "10.0.0.1:1 10.0.0.2:1", SEC(5));
	assert_servers(&t, "a=10.0.0.9:80 n/10.0.0.1:80=10.0.0.1:80 "
	    "n/10.0.0.2:80=10.0.0.2:80");
	one = sample_server(&t, "web", "n/10.0.0.1:80");
	server_begin(one);
	sample_advance(&t, SEC(6));
	script_say(&s, "10.0.0.3:1 10.0.0.1:1", SEC(5));
	assert_servers(&t, "a=10.0.0.9:80 n/10.0.0.1:80=10.0.0.1:80 "
	    "n/10.0.0.3:80=10.0.0.3:80");
	assert_ptr_equal(sample_server(&t, "web", "n/10.0.0.1:80"), one);
	assert_int_equal(one->active, 1);
	sample_advance(&t, SEC(6));
	script_say(&s, "10.0.0.3:1", SEC(5));
	assert_true(one->gone);
	assert_int_equal(one->active, 1);	/* it finishes */
	server_end(one);
	sample_advance(&t, SEC(1));
	assert_int_equal(sample_logged(&t, "\"event\":\"resolve\""), 6);
	sample_fini(&t);
}

static void
an_address_is_one_server_only(void **state)
{
	struct sample t;
	struct script s;

	(void)state;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, snapshot(true), NULL);
	script_say(&s, "10.0.0.9:1 10.0.0.1:1", SEC(5));
	assert_servers(&t, "a=10.0.0.9:80 n/10.0.0.1:80=10.0.0.1:80");
	sample_fini(&t);
}

static void
a_failure_is_told_once_and_changes_nothing(void **state)
{
	struct sample t;
	struct script s;

	(void)state;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, snapshot(false), NULL);
	script_say(&s, "10.0.0.1:1", SEC(5));
	for (int i = 0; i < 3; i++) {
		sample_advance(&t, SEC(6));
		script_fail(&s, "DNS is down");
		assert_servers(&t, "a=10.0.0.9:80 n=10.0.0.1:80");
	}
	assert_int_equal(sample_logged(&t, "\"error\":\"DNS is down\""), 1);
	sample_advance(&t, SEC(6));
	script_say(&s, "10.0.0.1:1", SEC(5));
	assert_int_equal(sample_logged(&t, "resolves again"), 1);
	sample_fini(&t);
}

static void
a_reload_keeps_what_is_known(void **state)
{
	struct sample t;
	struct script s;
	struct server *n;

	(void)state;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, snapshot(false), NULL);
	script_say(&s, "10.0.0.1:1", SEC(60));
	n = sample_server(&t, "web", "n");
	sample_apply(&t, snapshot(false), "");
	assert_int_equal(s.asked, 2);
	assert_ptr_equal(sample_server(&t, "web", "n"), n);
	sample_apply(&t, sample_conf(1), NULL);
	assert_int_equal(s.cancelled, 1);
	sample_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_the_ttl),
		cmocka_unit_test(merges_answers_in_a_steady_order),
		cmocka_unit_test(a_server_is_in_maint_until_its_name_resolves),
		cmocka_unit_test(asks_again_when_the_ttl_is_over),
		cmocka_unit_test(what_stands_keeps_its_state),
		cmocka_unit_test(an_address_is_one_server_only),
		cmocka_unit_test(a_failure_is_told_once_and_changes_nothing),
		cmocka_unit_test(a_reload_keeps_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
