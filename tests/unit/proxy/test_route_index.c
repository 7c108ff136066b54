/*
 * The index finds what a plain scan of the file finds, and looks at few routes.
 *
 * The plain scan here is written anew, on strings, so that it shares nothing
 * with what it judges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/rng.h"
#include "http/uri.h"
#include "proxy/route.h"

#define SEED UINT64_C(20240229)
#define TABLES 3000
#define ASKED 24		/* requests a table */
#define ROUTES_MAX 48
#define TEXT_MAX 340

struct text_of {
	char host[TEXT_MAX], path[TEXT_MAX];
};

struct table {
	struct conf conf;
	struct conf_route routes[ROUTES_MAX];
	struct text_of texts[ROUTES_MAX];
};

struct request {
	struct text_of text;
	struct head head;
	struct field field;
	struct slice path;
	struct arena arena;
};

static struct conf_listener listeners[] = {
	{ .name = "a" }, { .name = "b" }, { .name = "c" }
};
static struct conf_field fields[] = {
	{ .name = "X-A" }, { .name = "X-A", .value = "1" },
	{ .name = "X-B", .value = "2" }
};
static const char *const methods[] = { "GET", "PUT", "get" };

/* --- the plain scan */

static void
plain_host(char *to, struct slice from)
{
	size_t n = from.n < TEXT_MAX ? from.n : TEXT_MAX - 1;
	char *port;

	memcpy(to, from.p, n);
	to[n] = '\0';
	port = strchr(to[0] == '[' ? strchr(to, ']') : to, ':');
	if (port != NULL)
		*port = '\0';
	n = strlen(to);
	if (n > 0 && to[n - 1] == '.')
		to[n - 1] = '\0';
}

static bool
plain_host_fits(const char *pattern, struct slice authority)
{
	char host[TEXT_MAX];
	size_t n;

	plain_host(host, authority);
	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(host, pattern) == 0;
	n = strlen(pattern + 1);
	return strlen(host) > n &&
	    strcasecmp(host + strlen(host) - n, pattern + 1) == 0;
}

static bool
plain_field_fits(const struct conf_field *want, const struct request *q)
{
	return q->head.nfields == 1 &&
	    strcasecmp(want->name, q->field.name.p) == 0 &&
	    (want->value == NULL || strcmp(want->value, q->field.value.p) == 0);
}

static enum route_bar
plain_bar(const struct conf_route *r, const struct conf_listener *l,
    const struct request *q)
{
	char path[TEXT_MAX], method[8];

	snprintf(path, sizeof(path), "%.*s", SLICE_ARG(q->path));
	snprintf(method, sizeof(method), "%.*s", SLICE_ARG(q->head.method));
	if (r->on != NULL && strcmp(r->on->name, l->name) != 0)
		return ROUTE_LISTENER;
	if (r->method != NULL && strcmp(r->method, method) != 0)
		return ROUTE_METHOD;
	if (r->path != NULL && strcmp(r->path, path) != 0)
		return ROUTE_PATH;
	if (r->path_prefix != NULL &&
	    strncmp(r->path_prefix, path, strlen(r->path_prefix)) != 0)
		return ROUTE_PATH_PREFIX;
	if (r->host != NULL && !plain_host_fits(r->host, q->head.authority))
		return ROUTE_HOST;
	if (r->field != NULL && !plain_field_fits(r->field, q))
		return ROUTE_FIELD;
	return ROUTE_MATCHES;
}

static const struct conf_route *
plain_find(const struct table *t, const struct conf_listener *l,
    const struct request *q)
{
	for (size_t i = 0; i < t->conf.nroutes; i++)
		if (plain_bar(&t->routes[i], l, q) == ROUTE_MATCHES)
			return &t->routes[i];
	return NULL;
}

/* --- random tables and requests, of few words, so that much coincides */

static size_t
below(struct rng *rng, size_t n)
{
	return (size_t)rng_below(rng, n);
}

static bool
one_in(struct rng *rng, size_t n)
{
	return below(rng, n) == 0;
}

static void
append(char *to, const char *word)
{
	size_t n = strlen(to);

	assert_true(n + strlen(word) < TEXT_MAX);
	memcpy(to + n, word, strlen(word) + 1);
}

static void
append_words(struct rng *rng, char *to, const char *const *words, size_t n,
    size_t most)
{
	for (size_t i = below(rng, most + 1); i > 0; i--)
		append(to, words[below(rng, n)]);
}

static void
some_host(struct rng *rng, char *to)
{
	static const char *const labels[] = { "a", "b", "A", "aa", "\xe9" };
	static const char *const tops[] = { "x", "X", "y", "[::1]" };
	size_t top = below(rng, 4);

	/* about as long as what the index holds of a host */
	if (one_in(rng, 12))
		for (size_t i = 124 + below(rng, 5); i > 0; i--)
			append(to, one_in(rng, 300) ? "b." : "a.");
	for (size_t i = top == 3 ? 0 : below(rng, 4); i > 0; i--) {
		append(to, labels[below(rng, 5)]);
		append(to, ".");
	}
	append(to, tops[top]);
}

static void
some_path(struct rng *rng, char *to)
{
	static const char *const pieces[] = { "/", "a", "b", "/a", "%2F" };

	if (one_in(rng, 30))
		return;		/* the checker refuses it, the index need not */
	append(to, "/");
	if (one_in(rng, 3))	/* many prefixes of one another */
		append_words(rng, to, pieces + 1, 1, 40);
	else
		append_words(rng, to, pieces, 5, 5);
}

static void
make_route(struct rng *rng, struct conf_route *r, struct text_of *text)
{
	memset(r, 0, sizeof(*r));
	memset(text, 0, sizeof(*text));
	if (!one_in(rng, 3)) {
		append(text->host, one_in(rng, 2) ? "*." : "");
		some_host(rng, text->host);
		r->host = text->host;
	}
	some_path(rng, text->path);
	switch (below(rng, 3)) {
	case 0:
		r->path = text->path;
		break;
	case 1:
		r->path_prefix = text->path;
		break;
	default:
		break;
	}
	if (one_in(rng, 4))
		r->on = &listeners[below(rng, 3)];
	if (one_in(rng, 4))
		r->method = methods[below(rng, 3)];
	if (one_in(rng, 4))
		r->field = &fields[below(rng, 3)];
}

static void
make_table(struct rng *rng, struct table *t)
{
	memset(&t->conf, 0, sizeof(t->conf));
	t->conf.routes = t->routes;
	t->conf.nroutes = below(rng, ROUTES_MAX + 1);
	for (size_t i = 0; i < t->conf.nroutes; i++)
		make_route(rng, &t->routes[i], &t->texts[i]);
}

/* Often what a route asks for, or close to it. */
static void
make_host(struct rng *rng, const struct text_of *like, char *to)
{
	static const char *const ends[] = { "", "", ".", "..", ":80", ".:80" };

	if (one_in(rng, 20))
		return;		/* an empty authority */
	if (like == NULL || like->host[0] == '\0' || one_in(rng, 3)) {
		some_host(rng, to);
	} else if (like->host[0] == '*') {
		append(to, one_in(rng, 2) ? "b" : "");
		append(to, like->host + 1);
	} else {
		append(to, like->host);
	}
	append(to, ends[below(rng, 6)]);
}

static void
make_path(struct rng *rng, const struct text_of *like, char *to)
{
	static const char *const more[] = { "/", "a", "%61", "/b", "%2f" };

	if (one_in(rng, 40))
		append(to, "*");	/* OPTIONS */
	else if (like == NULL || one_in(rng, 3))
		some_path(rng, to);
	else
		append(to, like->path);
	append_words(rng, to, more, 5, one_in(rng, 2) ? 2 : 0);
}

/* False when the path is one that no request gets this far with. */
static bool
make_request(struct rng *rng, const struct table *t, struct request *q)
{
	const struct text_of *like = t->conf.nroutes == 0 ? NULL :
	    &t->texts[below(rng, t->conf.nroutes)];

	memset(q, 0, sizeof(*q));
	arena_init(&q->arena, NULL);
	head_init(&q->head, HEAD_REQUEST);
	make_host(rng, like, q->text.host);
	make_path(rng, like, q->text.path);
	q->head.authority = slice_of(q->text.host);
	q->head.path = slice_of(q->text.path);
	q->head.method = slice_of(methods[below(rng, 3)]);
	if (one_in(rng, 2)) {
		q->field.name = slice_of(one_in(rng, 2) ? "x-a" : "X-B");
		q->field.value = slice_of(one_in(rng, 2) ? "1" : "2");
		q->head.fields = &q->field;
		q->head.nfields = 1;
	}
	return uri_normalise(q->head.path, &q->arena, &q->path);
}

static int
number_of(const struct table *t, const struct conf_route *r)
{
	return r == NULL ? 0 : (int)(r - t->routes) + 1;
}

static void
check(const struct table *t, const struct routes *r,
    const struct conf_listener *l, const struct request *q)
{
	const struct conf_route *want = plain_find(t, l, q), *got, *told;
	enum route_bar bars[ROUTES_MAX];
	size_t n = want != NULL ? (size_t)number_of(t, want) :
	    t->conf.nroutes;

	got = routes_find(r, l, &q->head, q->path);
	told = routes_explain(r, l, &q->head, q->path, bars);
	if (got != want || told != want)
		fail_msg("seed %llu: \"%s\" \"%s\": found %d, explained %d, "
		    "wanted %d of %zu", (unsigned long long)SEED,
		    q->text.host, q->text.path, number_of(t, got),
		    number_of(t, told), number_of(t, want), t->conf.nroutes);
	for (size_t i = 0; i < n; i++)
		if (bars[i] != plain_bar(&t->routes[i], l, q))
			fail_msg("seed %llu: \"%s\" \"%s\": route %zu is "
			    "explained by %d", (unsigned long long)SEED,
			    q->text.host, q->text.path, i + 1, (int)bars[i]);
}

static void
finds_and_explains_what_a_plain_scan_finds(void **state)
{
	size_t found = 0, later = 0, none = 0;
	struct table *t = mem_new(sizeof(*t));
	const struct conf_route *want;
	struct request q;
	struct routes r;
	struct rng rng;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)SEED);
	rng_init(&rng, SEED);
	for (int i = 0; i < TABLES; i++) {
		make_table(&rng, t);
		routes_init(&r, &t->conf);
		for (int j = 0; j < ASKED; j++) {
			const struct conf_listener *l =
			    &listeners[below(&rng, 3)];

			if (make_request(&rng, t, &q)) {
				check(t, &r, l, &q);
				want = plain_find(t, l, &q);
				found += want != NULL;
				later += want > t->routes + 4;
				none += want == NULL;
			}
			arena_reset(&q.arena);
		}
		routes_fini(&r);
	}
	free(t);
	print_message("found %zu, past the first five %zu, none %zu\n",
	    found, later, none);
	assert_true(found > TABLES && later > TABLES && none > TABLES);
}

/* --- how many routes are looked at */

struct count {
	size_t asked, last, answer;
	bool is_in_order;
};

static bool
count_one(void *arg, size_t number)
{
	struct count *c = arg;

	c->is_in_order &= c->asked == 0 || number > c->last;
	c->asked++;
	c->last = number;
	return number == c->answer;
}

/* What is looked at for a request that only route `answer` matches. */
static struct count
count_for(const struct route_index *x, const char *host, const char *path,
    size_t answer)
{
	struct count c = { .answer = answer, .is_in_order = true };

	assert_int_equal(route_index_first(x, slice_of(host), slice_of(path),
	    count_one, &c), answer);
	return c;
}

#define MANY ((size_t)10000)

/* Each kind's number i, printed as its formats say; NULL for no condition. */
struct kind {
	const char *host, *path, *prefix;
	const char *asked_host, *asked_path;
};

static char *
text_of_number(const char *format, size_t i)
{
	char to[100];

	if (format == NULL)
		return NULL;
	snprintf(to, sizeof(to), "%.*s%zu%s", (int)strcspn(format, "#"),
	    format, i, strchr(format, '#') + 1);
	return mem_string(to);
}

static void
check_kind(const struct kind *k)
{
	struct conf_route *routes = mem_array(MANY, sizeof(*routes));
	char *host = text_of_number(k->asked_host, MANY - 1);
	char *path = text_of_number(k->asked_path, MANY - 1);
	struct route_index x;
	struct count c;

	for (size_t i = 0; i < MANY; i++) {
		routes[i].host = text_of_number(k->host, i);
		routes[i].path = text_of_number(k->path, i);
		routes[i].path_prefix = text_of_number(k->prefix, i);
	}
	route_index_init(&x, routes, MANY);
	c = count_for(&x, host, path, MANY - 1);
	if (c.asked != 1)
		fail_msg("%s%s: %zu looked at", host, path, c.asked);
	route_index_fini(&x);
	for (size_t i = 0; i < MANY; i++) {
		free((void *)routes[i].host);
		free((void *)routes[i].path);
		free((void *)routes[i].path_prefix);
	}
	free(routes);
	free(host);
	free(path);
}

static void
looks_at_one_of_ten_thousand_routes(void **state)
{
	static const struct kind kinds[] = {
		{ "h#.example", NULL, NULL, "H#.Example:80", "/#" },
		{ "*.h#.example", NULL, NULL, "a.b.h#.example.", "/#" },
		{ NULL, "/p#/x", NULL, "h#", "/p#/x" },
		{ NULL, NULL, "/p#/", "h#", "/p#/x" },
		{ "h#.example", NULL, "/p#/", "h#.example", "/p#/x" },
		{ "*.h#.example", "/p#/x", NULL, "a.h#.example", "/p#/x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		check_kind(&kinds[i]);
}

/* In the file's order over all that can match, and none after the first. */
static void
looks_at_no_route_that_a_plain_scan_would_not(void **state)
{
	static const struct conf_route routes[] = {
		{ .path = "/x" },
		{ .method = "OPTIONS" },
		{ .host = "a.example", .path_prefix = "/x" },
		{ .host = "example" },
		{ .host = "a.example", .path = "/x/y" },
		{ .host = "*.example", .path_prefix = "/x/" },
		{ .host = "a.example" },
		{ .host = "*.ample" },
		{ .host = "a.example", .path_prefix = "/x" },
		{ .path_prefix = "/" },
	};
	static const size_t can[] = { 1, 2, 4, 5, 6, 8, 9 };
	struct route_index x;
	struct count c;

	(void)state;
	route_index_init(&x, routes, sizeof(routes) / sizeof(routes[0]));
	for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++) {
		c = count_for(&x, "a.example", "/x/y", can[i]);
		assert_true(c.is_in_order);
		assert_int_equal(c.asked, i + 1);
	}
	route_index_fini(&x);
}

static void
looks_at_each_route_once_however_deep_they_nest(void **state)
{
	enum { N = 10 * ROUTE_RUNS + 3 };
	static char text[N + 1];
	struct conf_route routes[N] = { 0 };
	struct route_index x;
	struct count c;

	(void)state;
	memset(text, '/', N);
	for (size_t i = 0; i < N; i++)	/* neither up nor down in length */
		routes[i].path_prefix = text + i * 7 % N;
	route_index_init(&x, routes, N);
	c = count_for(&x, "h", text, N);
	assert_int_equal(c.asked, N);
	for (size_t i = 0; i < N; i++)
		assert_true(count_for(&x, "h", text, i).asked <= N);
	route_index_fini(&x);
}

static void
finds_nothing_without_routes(void **state)
{
	struct conf c = { 0 };
	struct routes r = { 0 };
	struct head h;

	(void)state;
	routes_fini(&r);	/* as a worker does before its first */
	routes_init(&r, &c);
	head_init(&h, HEAD_REQUEST);
	h.method = SLICE("GET");
	assert_null(routes_find(&r, &listeners[0], &h, SLICE("/")));
	routes_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_and_explains_what_a_plain_scan_finds),
		cmocka_unit_test(looks_at_one_of_ten_thousand_routes),
		cmocka_unit_test(looks_at_no_route_that_a_plain_scan_would_not),
		cmocka_unit_test(
		    looks_at_each_route_once_however_deep_they_nest),
		cmocka_unit_test(finds_nothing_without_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
