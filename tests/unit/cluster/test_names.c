/* What DNS says, and which servers a pool then has; answers are scripted. */
#include "sample.h"

#include "cluster/names.h"

#define MOST 8

/* The last question that was asked. */
struct script {
	struct resolver resolver;
	struct sample *sample;
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
	s->sample = t;
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
		v[n] = (struct record){ .weight = 1 };
		assert_null(addr_parse(one, &v[n++].addr));
		rest = slice_skip(rest, one.n + (space != NULL));
	}
	return n;
}

static void
script_answer(struct script *s, const struct answer *a)
{
	void (*fn)(void *, const struct answer *) = s->fn;

	assert_non_null(fn);
	s->fn = NULL;
	fn(s->owner, a);
	sample_advance(s->sample, 1);
}

static void
script_say(struct script *s, const char *list, int64_t ttl)
{
	struct record v[MOST];
	struct answer a = { .v = v, .n = records(v, list), .ttl = ttl };

	script_answer(s, &a);
}

static void
script_fail(struct script *s, const char *error)
{
	struct answer a = { .error = error };

	script_answer(s, &a);
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
		bool lost4, lost6, changed;
	} cases[] = {
		{ "", "1.1.1.1:1", "1.1.1.1:1", 0, 0, true },
		{ "1.1.1.1:1 2.2.2.2:1", "2.2.2.2:1 1.1.1.1:1",
		    "1.1.1.1:1 2.2.2.2:1", 0, 0, false },
		{ "1.1.1.1:1 2.2.2.2:1", "3.3.3.3:1 2.2.2.2:1",
		    "2.2.2.2:1 3.3.3.3:1", 0, 0, true },
		{ "1.1.1.1:1 [::1]:1", "1.1.1.1:1", "1.1.1.1:1", 0, 0, true },
		{ "1.1.1.1:1 [::1]:1", "1.1.1.1:1", "1.1.1.1:1 [::1]:1", 0, 1,
		    false },
		{ "1.1.1.1:1 [::1]:1", "1.1.1.1:1", "1.1.1.1:1", 1, 0, true },
		{ "1.1.1.1:1 [::1]:1", "2.2.2.2:1", "[::1]:1 2.2.2.2:1", 0, 1,
		    true },
		{ "1.1.1.1:1 [::1]:1", "2.2.2.2:1",
		    "1.1.1.1:1 [::1]:1 2.2.2.2:1", 1, 1, true },
		{ "[::1]:1", "1.1.1.1:1", "[::1]:1 1.1.1.1:1", 0, 1, true },
		{ "", "1.1.1.1:1 1.1.1.1:1", "1.1.1.1:1", 0, 0, true },
		{ "1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:2", 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record says[MOST], want[MOST];
		struct record *v = mem_array(MOST, sizeof(*v));
		size_t n = records(v, cases[i].old);
		struct answer a = { .v = says, .lost4 = cases[i].lost4,
		    .lost6 = cases[i].lost6 };
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
what_is_kept_of_lost_families_is_bounded(void **state)
{
	struct record *v = NULL, says[ANSWER_MOST];
	struct answer a = { .v = says, .lost4 = true };
	size_t n = 0;

	(void)state;
	memset(says, 0, sizeof(says));
	for (unsigned round = 1; round <= 5; round++) {
		a.n = 50;
		for (unsigned i = 0; i < a.n; i++) {
			says[i].addr.len = sizeof(says[i].addr.in);
			says[i].addr.in.sin_family = AF_INET;
			says[i].addr.in.sin_addr.s_addr =
			    htonl(round << 24 | i);
		}
		assert_true(names_merge(&v, &n, &a));
		assert_int_equal(n, round < 3 ? round * 50 : ANSWER_MOST);
	}
	free(v);
}

static void
backups_of_a_service_serve_when_no_other_can(void **state)
{
	struct conf *c = snapshot(false);
	struct conf_address *name = &c->pools[0].servers[1].address;
	struct record v[3];
	struct answer a = { .v = v, .n = records(v,
	    "10.0.0.1:81 10.0.0.2:82 10.0.0.2:82"), .ttl = SEC(5) };
	struct script s;
	struct sample t;
	struct pool *p;

	(void)state;
	name->is_service = true;
	c->pools[0].servers[0].weight = 0;
	v[0].weight = 10;
	v[1].weight = 60000;
	v[1].backup = true;
	v[2].weight = 60000;
	sample_init(&t, NULL);
	script_init(&s, &t);
	sample_apply(&t, c, NULL);
	script_answer(&s, &a);
	p = cluster_find(&t.cluster, "web");
	assert_int_equal(p->nusable, 1);
	assert_string_equal(p->usable[0]->addr_text, "10.0.0.1:81");
	assert_int_equal(p->usable[0]->weight, 10);
	a.n = 2;
	v[0].backup = true;
	v[1].backup = false;
	v[1].weight = 20;
	sample_advance(&t, SEC(6));
	script_answer(&s, &a);
	assert_int_equal(p->nusable, 1);
	assert_string_equal(p->usable[0]->addr_text, "10.0.0.2:82");
	assert_int_equal(p->usable[0]->given, 20);
	server_set_admin(p->usable[0], SERVER_MAINT);
	assert_true(p->on_backup);
	assert_string_equal(p->usable[0]->addr_text, "10.0.0.1:81");
	assert_int_equal(p->usable[0]->weight, 10);
	sample_fini(&t);
}

#define MANY (3 * NAMES_AT_ONCE)

/* A resolver that keeps all questions. */
struct crowd {
	struct resolver resolver;
	struct { void (*fn)(void *, const struct answer *); void *owner; }
	    open[MANY];
	size_t n, most;
};

static struct lookup *
crowd_ask(const struct resolver *r, struct loop *l,
    const struct lookup_query *q, void (*fn)(void *owner,
    const struct answer *), void *owner)
{
	struct crowd *c = list_entry((uintptr_t)r, struct crowd, resolver);

	(void)l;
	(void)q;
	assert_true(c->n < MANY);
	c->open[c->n].fn = fn;
	c->open[c->n++].owner = owner;
	c->most = c->n > c->most ? c->n : c->most;
	return (struct lookup *)(void *)c;
}

static void
crowd_cancel(struct lookup **lk)
{
	struct crowd *c = (struct crowd *)(void *)*lk;

	c->n--;
	*lk = NULL;
}

static struct conf *
many_names(unsigned from, unsigned n)
{
	static char hosts[2 * MANY][16];
	struct sample_server v[MANY];
	struct conf *c = sample_conf(1);
	struct conf_pool *p;

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(hosts[from + i], sizeof(hosts[0]), "h%u",
		    from + i);
		v[i] = (struct sample_server){ hosts[from + i],
		    "10.0.0.1:80", 1 };
	}
	p = sample_pool(c, "web", v, n);
	p->health.type = PROBE_NONE;
	for (unsigned i = 0; i < n; i++)
		p->servers[i].address = (struct conf_address){
		    .text = v[i].name, .is_name = true, .host = v[i].name,
		    .port = 80 };
	return c;
}

/* All are asked at last, a bounded number at a time; also when a reload
 * takes those away whom the others wait for. */
static void
asks_for_so_many_at_once_and_no_more(void **state)
{
	struct crowd c = { { crowd_ask, crowd_cancel }, { { 0 } }, 0, 0 };
	struct record v[1];
	struct answer a = { .v = v, .n = records(v, "10.1.0.0:1"),
	    .ttl = SEC(60) };
	unsigned answered = 0;
	struct sample t;

	(void)state;
	sample_init(&t, NULL);
	t.cluster.names.resolver = &c.resolver;
	sample_apply(&t, many_names(0, MANY), NULL);
	assert_int_equal(c.n, NAMES_AT_ONCE);
	sample_apply(&t, many_names(NAMES_AT_ONCE, MANY), NULL);
	assert_int_equal(c.n, NAMES_AT_ONCE);
	for (; c.n > 0 && answered < 2 * MANY; answered++) {
		v[0].addr.in.sin_addr.s_addr = htonl(0x0a010000 + answered);
		c.n--;
		c.open[c.n].fn(c.open[c.n].owner, &a);
	}
	assert_int_equal(answered, MANY);
	assert_int_equal(c.most, NAMES_AT_ONCE);
	assert_int_equal(cluster_find(&t.cluster, "web")->nusable, 0);
	sample_advance(&t, 1);		/* pools follow once, for all */
	assert_int_equal(cluster_find(&t.cluster, "web")->nusable, MANY);
	assert_int_equal(sample_logged(&t, "pool web: added"), 1);
	sample_fini(&t);
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
		cmocka_unit_test(what_is_kept_of_lost_families_is_bounded),
		cmocka_unit_test(backups_of_a_service_serve_when_no_other_can),
		cmocka_unit_test(asks_for_so_many_at_once_and_no_more),
		cmocka_unit_test(a_server_is_in_maint_until_its_name_resolves),
		cmocka_unit_test(asks_again_when_the_ttl_is_over),
		cmocka_unit_test(what_stands_keeps_its_state),
		cmocka_unit_test(an_address_is_one_server_only),
		cmocka_unit_test(a_failure_is_told_once_and_changes_nothing),
		cmocka_unit_test(a_reload_keeps_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
