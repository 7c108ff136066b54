/*
 * Which route takes a request, and where a redirect leads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "conf/load.h"
#include "http/uri.h"
#include "proxy/route.h"

static const char *const balances[] = { "least_conn", NULL };

static const char file[] =
    "listeners = ( { name = \"a\"; address = \"127.0.0.1:81\"; },\n"
    "  { name = \"b\"; address = \"127.0.0.1:82\"; } );\n"
    "routes = (\n"
    "  { path = \"/only-b\"; listener = \"b\";"
    " respond = { status = 201; }; },\n"
    "  { host = \"exact.example\"; respond = { status = 202; }; },\n"
    "  { host = \"*.wild.example\"; respond = { status = 203; }; },\n"
    "  { path = \"/exact\"; respond = { status = 210; }; },\n"
    "  { path_prefix = \"/pre/\"; respond = { status = 205; }; },\n"
    "  { method = \"PUT\"; respond = { status = 206; }; },\n"
    "  { field = { name = \"X-Flag\"; };"
    " respond = { status = 207; }; },\n"
    "  { field = { name = \"X-Word\"; value = \"yes\"; };"
    " respond = { status = 208; }; },\n"
    "  { path = \"/both\"; method = \"POST\";"
    " respond = { status = 209; }; }\n"
    ");\n";

static struct conf *
load(const char *string)
{
	struct text errors;
	struct conf *c;

	text_init(&errors);
	c = conf_load_string("test", string, balances, &errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	text_fini(&errors);
	return c;
}

struct probe {
	const char *listener, *method, *host, *target, *field, *value;
	unsigned status;	/* 0: no route */
};

static unsigned
ask(const struct routes *r, const struct probe *p)
{
	const struct conf_route *found;
	struct arena a;
	struct head h;
	struct slice path;

	arena_init(&a, NULL);
	head_init(&h, HEAD_REQUEST);
	h.method = slice_of(p->method);
	h.authority = slice_of(p->host);
	h.path = slice_of(p->target);
	if (p->field != NULL)
		head_add_other(&h, &a, slice_of(p->field),
		    slice_of(p->value));
	assert_true(uri_normalise(h.path, &a, &path));
	found = routes_find(r, conf_find_listener(r->conf, p->listener), &h,
	    path);
	arena_reset(&a);
	return found != NULL ? (unsigned)found->respond.status : 0;
}

static void
takes_the_first_route_whose_conditions_all_hold(void **state)
{
	static const struct probe probes[] = {
		{ "b", "GET", "x", "/only-b", NULL, NULL, 201 },
		{ "a", "GET", "x", "/only-b", NULL, NULL, 0 },
		{ "a", "GET", "EXACT.example:80", "/", NULL, NULL, 202 },
		{ "a", "GET", "exact.example.org", "/", NULL, NULL, 0 },
		{ "a", "GET", "a.wild.example", "/", NULL, NULL, 203 },
		{ "a", "GET", "a.b.wild.example", "/", NULL, NULL, 203 },
		{ "a", "GET", "wild.example", "/", NULL, NULL, 0 },
		{ "a", "GET", "x", "/exact?q=1", NULL, NULL, 210 },
		{ "a", "GET", "x", "/exact/", NULL, NULL, 0 },
		{ "a", "GET", "x", "/%65xact", NULL, NULL, 210 },
		{ "a", "GET", "x", "/pre/x", NULL, NULL, 205 },
		{ "a", "GET", "x", "/a/../pre/x", NULL, NULL, 205 },
		{ "a", "GET", "x", "/pre", NULL, NULL, 0 },
		{ "a", "GET", "x", "/pre%2Fx", NULL, NULL, 0 },
		{ "a", "PUT", "x", "/", NULL, NULL, 206 },
		{ "a", "put", "x", "/", NULL, NULL, 0 },
		{ "a", "GET", "x", "/", "x-flag", "", 207 },
		{ "a", "GET", "x", "/", "X-WORD", "yes", 208 },
		{ "a", "GET", "x", "/", "X-Word", "no", 0 },
		{ "a", "POST", "x", "/both", NULL, NULL, 209 },
		{ "a", "GET", "x", "/both", NULL, NULL, 0 },
	};
	struct conf *c = load(file);
	struct routes r;

	(void)state;
	routes_init(&r, c);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (ask(&r, &probes[i]) != probes[i].status)
			fail_msg("%s %s %s: got %u, wanted %u",
			    probes[i].method, probes[i].host,
			    probes[i].target, ask(&r, &probes[i]),
			    probes[i].status);
	routes_fini(&r);
	conf_put(&c);
}

static void
fills_in_the_variables_of_a_location(void **state)
{
	static const struct {
		const char *location, *host, *target, *to;
	} cases[] = {
		{ "https://$host$path?$query", "h.example:80", "/a/b?c=d",
		    "https://h.example/a/b?c=d" },
		{ "https://$host$path?$query", "h.example", "/a",
		    "https://h.example/a" },
		{ "$scheme://new.example/", "h", "/a", "http://new.example/" },
		{ "https://$host/", "", "/a", "" },
		{ "https://$host:8443$path", "[::1]:80", "/x",
		    "https://[::1]:8443/x" },
	};
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_route r = { .redirect = { 302,
		    cases[i].location } };
		struct slice to;

		head_init(&h, HEAD_REQUEST);
		h.authority = slice_of(cases[i].host);
		h.path = slice_of(cases[i].target);
		to = route_location(&r, &h, &a);
		if (!slice_eq(to, slice_of(cases[i].to)))
			fail_msg("%s: got %.*s", cases[i].to, SLICE_ARG(to));
	}
	arena_reset(&a);
}

static void
leads_to_https_at_the_same_place(void **state)
{
	static const struct {
		int64_t port;
		const char *host, *target, *to;
	} cases[] = {
		{ 443, "h.example:80", "/a?b", "https://h.example/a?b" },
		{ 8443, "h.example", "/", "https://h.example:8443/" },
		{ 443, "[::1]:80", "/x", "https://[::1]/x" },
		{ 443, "h.example", "*", "https://h.example/" },
		{ 443, "h.example:443", "", "https://h.example/" },
		{ 443, "", "/", "" },
	};
	struct arena a;
	struct head h;

	(void)state;
	arena_init(&a, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conf_https_only conf = { .on = true,
		    .port = cases[i].port };
		struct slice to;

		head_init(&h, HEAD_REQUEST);
		h.authority = slice_of(cases[i].host);
		h.path = slice_of(cases[i].target);
		to = route_to_https(&conf, &h, &a);
		if (!slice_eq(to, slice_of(cases[i].to)))
			fail_msg("%s: got %.*s", cases[i].to, SLICE_ARG(to));
	}
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    takes_the_first_route_whose_conditions_all_hold),
		cmocka_unit_test(fills_in_the_variables_of_a_location),
		cmocka_unit_test(leads_to_https_at_the_same_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
