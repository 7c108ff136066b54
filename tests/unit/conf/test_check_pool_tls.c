/*
 * test_check_pool_tls.c - TLS to servers that could not be verified, and
 * options that do nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

static void
finds_what_does_not_go_together(void **state)
{
	static const struct complaint_case cases[] = {
		{ "tls = { verify = false; ca = \"x\"; };",
		    "f:3: pool.tls.ca: does nothing while certificates are "
		    "not verified; delete it, or write verify = true;\n" },
		{ "tls = { key = \"x\"; };",
		    "f:3: pool.tls.key: is the key of nothing; write cert = "
		    "\"client.pem\"; too\n" },
		{ "tls = { sni = \"none\"; };",
		    "f:3: pool.tls.sni: without a name no certificate can be "
		    "verified; write verify_name = \"www.example.com\";\n" },
		{ "tls = { sni = \"a.example:443\"; };",
		    "f:3: pool.tls.sni: \"a.example:443\" is not a name; "
		    "write one such as \"www.example.com\", without a port\n" },
		{ "tls = { verify_name = \"*.example\"; };",
		    "f:3: pool.tls.verify_name: \"*.example\" is not a name; "
		    "write one such as \"www.example.com\", without a port\n" },
		{ "health = { type = \"tcp\"; tls = true; };",
		    "f:3: pool.health.tls: a tcp probe does not speak; write "
		    "type = \"tls\";\n" },
		{ "health = { type = \"tls\"; tls = false; };",
		    "f:3: pool.health.tls: a tls probe is one of TLS; delete "
		    "this, or write type = \"tcp\";\n" },
		{ "health = { type = \"http\"; sni = \"a\"; };",
		    "f:3: pool.health.sni: does nothing without TLS; write "
		    "tls = true; or delete it\n" },
		{ "tls = { min_version = \"1.1\"; };",
		    "f:3: pool.tls.min_version: \"1.1\" is not one of "
		    "\"policy\", \"1.2\", \"1.3\"; did you mean "
		    "\"1.2\"?\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; servers = "
	    "( { address = \"10.0.0.1:80\"; } );\n", " } );\n");
}

static void
finds_servers_without_a_name(void **state)
{
	static const struct complaint_case cases[] = {
		{ "{ address = \"unix:/x\"; }",
		    "f:3: pool.server.address: a UNIX socket has no name that "
		    "its certificate could be for; write sni = "
		    "\"www.example.com\";\n" },
		{ "{ address = \"10.0.0.1:80\"; sni = \"none\"; }",
		    "f:3: pool.server.sni: without a name no certificate can "
		    "be verified; write verify_name in pool.tls\n" },
		{ "{ address = \"10.0.0.1:80\"; sni = \"a b\"; }",
		    "f:3: pool.server.sni: \"a b\" is not a name; write one "
		    "such as \"www.example.com\", without a port\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; tls = { }; servers = (\n",
	    ") } );\n");
}

static struct conf *
load(const char *text)
{
	struct text whole, errors;
	struct conf *c;

	text_init(&whole);
	text_init(&errors);
	text_add(&whole, LISTENER "pools = ( { name = \"web\"; %s } );\n",
	    text);
	c = conf_load_string("f", whole.p, balances, &errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	text_fini(&whole);
	text_fini(&errors);
	return c;
}

#define NUMERIC "servers = ( { address = \"10.0.0.1:80\"; } ); "
#define SOCKET "servers = ( { address = \"unix:/x\"; } ); "

static void
takes_what_can_be_verified(void **state)
{
	static const char *const texts[] = {
		NUMERIC "tls = { };",
		NUMERIC "tls = { sni = \"::1\"; verify_name = \"10.0.0.1\"; };",
		NUMERIC "tls = { sni = \"none\"; verify = false; };",
		NUMERIC "tls = { sni = \"none\"; verify_name = \"a\"; };",
		SOCKET "tls = { sni = \"a\"; };",
		SOCKET "tls = { sni = \"host\"; };",
		SOCKET "tls = { verify_name = \"a\"; };",
		SOCKET "tls = { verify = false; };",
		SOCKET "tls = { }; host = \"a\";",
		SOCKET "tls = { traffic = false; };",
		NUMERIC "protocol = \"auto\"; tls = { }; "
		    "health = { type = \"grpc\"; };",
		NUMERIC "protocol = \"auto\"; tls = { traffic = false; }; "
		    "health = { type = \"grpc\"; tls = true; };",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf *c = load(texts[i]);

		assert_true(c->pools[0].tls.given);
		conf_put(&c);
	}
}

static void
is_off_when_left_out_and_safe_when_empty(void **state)
{
	struct conf *c = load(NUMERIC);
	const struct conf_pool *p = c->pools;

	(void)state;
	assert_false(p->tls.given);
	assert_false(p->tls.on);
	assert_false(p->health.tls);
	conf_put(&c);
	c = load(NUMERIC "tls = { };");
	p = c->pools;
	assert_true(p->tls.on);
	assert_true(p->tls.verify);
	assert_true(p->tls.resumption);
	assert_null(p->tls.ca);
	conf_put(&c);
}

static void
makes_probes_follow_requests_unless_told_otherwise(void **state)
{
	static const struct {
		const char *text;
		bool tls;
	} cases[] = {
		{ "health = { type = \"http\"; };", false },
		{ "tls = { }; health = { type = \"http\"; };", true },
		{ "tls = { traffic = false; }; health = { type = \"http\"; };",
		    false },
		{ "tls = { traffic = false; }; "
		    "health = { type = \"http\"; tls = true; };", true },
		{ "tls = { }; health = { type = \"http\"; tls = false; };",
		    false },
		{ "tls = { }; health = { type = \"tcp\"; };", false },
		{ "health = { type = \"tls\"; };", true },
		{ "health = { type = \"http\"; tls = true; };", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text text;
		struct conf *c;

		text_init(&text);
		text_add(&text, NUMERIC "%s", cases[i].text);
		c = load(text.p);
		assert_int_equal(c->pools[0].health.tls, cases[i].tls);
		conf_put(&c);
		text_fini(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_does_not_go_together),
		cmocka_unit_test(finds_servers_without_a_name),
		cmocka_unit_test(takes_what_can_be_verified),
		cmocka_unit_test(is_off_when_left_out_and_safe_when_empty),
		cmocka_unit_test(
		    makes_probes_follow_requests_unless_told_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
