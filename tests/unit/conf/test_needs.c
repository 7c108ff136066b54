/*
 * test_needs.c - options that do nothing without another one that is missing
 * are errors, and are fine beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

/* Complaint after "f:2: "; `cure` beside the same text makes it right. */
struct need_case {
	const char *text, *complaint, *cure;
};

#define NO_POOL_H2 "is for HTTP/2, which these servers are not spoken to in; "\
	"delete it, or write protocol = \"h2\"; in the pool, or \"auto\" and "\
	"tls = { };\n"
#define NOBODY_ASKED "does nothing while no client is asked for a "            \
	"certificate; write verify = \"required\"; or \"optional\"\n"
#define NOT_VERIFIED "does nothing while certificates are not verified; "     \
	"delete it, or write verify = true;\n"
#define NO_HTTP_PROBE "is for http probes alone; write type = \"http\"; or "   \
	"delete it\n"
#define NO_REQUEST "is for probes that send a request; write "                \
	"type = \"http\"; or delete it\n"
#define NO_1_2 "is for TLS 1.2, which is not agreed to; delete it, or write " \
	"min_version = \"1.2\";\n"

/* Without the newline of LISTENER, so that what follows stands in line 2. */
#define ONE_LINE                                                              \
	"listeners = ( { name = \"web\"; address = \"127.0.0.1:80\"; } ); "

/* Loads? -T of it does, too, and says the same once more. */
static bool
loads(const char *before, const char *text, const char *after,
    struct text *errors)
{
	struct text whole, once, twice;
	struct conf *c;
	bool ok;

	text_init(&whole);
	text_init(&once);
	text_init(&twice);
	text_add(&whole, "%s%s%s", before, text, after);
	c = conf_load_string("f", whole.p, balances, errors);
	ok = c != NULL;
	if (ok) {
		conf_dump(c, &once);
		conf_put(&c);
		c = conf_load_string("dump", once.p, balances, errors);
		if (c == NULL)
			fail_msg("%s\n%s", once.p, errors->p);
		conf_dump(c, &twice);
		assert_string_equal(once.p, twice.p);
	}
	conf_put(&c);
	text_fini(&whole);
	text_fini(&once);
	text_fini(&twice);
	return ok;
}

static void
needs(const struct need_case *cases, size_t n, const char *before,
    const char *after)
{
	for (size_t i = 0; i < n; i++) {
		struct text errors, wanted;

		text_init(&errors);
		text_init(&wanted);
		text_add(&wanted, "f:2: %s", cases[i].complaint);
		assert_false(loads(before, cases[i].text, after, &errors));
		assert_string_equal(errors.p, wanted.p);
		text_clear(&errors);
		if (!loads(before, cases[i].cure, after, &errors))
			fail_msg("%s: %s", cases[i].cure, errors.p);
		text_fini(&errors);
		text_fini(&wanted);
	}
}
#define NEEDS(cases, before, after)                                           \
	needs(cases, sizeof(cases) / sizeof((cases)[0]), before, after)

static void
finds_idle_options_of_listeners(void **state)
{
	static const struct need_case cases[] = {
		{ "mode = \"0600\";",
		    "listener.mode: is for a UNIX socket; delete it\n",
		    "" },
		{ "forward = { request_id = \"keep\"; };",
		    "listener.forward.request_id: keeps those of trusted "
		    "clients, and there are none; write \"make\", or whom to "
		    "trust, such as trusted = ( \"10.0.0.0/8\" ); in the "
		    "listener\n",
		    "forward = { request_id = \"keep\"; }; "
		    "trusted = ( \"::1\" );" },
	};

	(void)state;
	NEEDS(cases, "listeners = ( { name = \"a\"; address = "
	    "\"127.0.0.1:80\";\n", " } );");
}

static void
takes_the_mode_of_a_unix_socket(void **state)
{
	struct text errors;

	(void)state;
	text_init(&errors);
	assert_true(loads("listeners = ( { name = \"a\"; address = "
	    "\"unix:/s\"; ", "mode = \"0600\";", "} );", &errors));
	text_fini(&errors);
}

static void
finds_idle_options_of_tls(void **state)
{
	static const struct need_case cases[] = {
		{ "policy = \"modern\"; ciphers = \"A\";",
		    "listener.tls.ciphers: " NO_1_2,
		    "policy = \"modern\"; min_version = \"1.2\"; "
		    "ciphers = \"A\";" },
		{ "policy = \"modern\"; session_cache = 7;",
		    "listener.tls.session_cache: " NO_1_2,
		    "min_version = \"1.3\"; session_cache = 7;" },
		{ "ca = \"/a\";", "listener.tls.ca: " NOBODY_ASKED,
		    "verify = \"optional\"; ca = \"/a\";" },
		{ "crl = \"/a\";", "listener.tls.crl: " NOBODY_ASKED,
		    "verify = \"required\"; ca = \"/a\"; crl = \"/b\";" },
		{ "depth = 2;", "listener.tls.depth: " NOBODY_ASKED,
		    "verify = \"required\"; ca = \"/a\"; depth = 2;" },
		{ "verify = \"of\"; depth = 2;",
		    "listener.tls.verify: \"of\" is not one of \"off\", "
		    "\"optional\", \"required\"; did you mean \"off\"?\n",
		    "" },
	};

	(void)state;
	NEEDS(cases, "listeners = ( { name = \"a\"; address = "
	    "\"127.0.0.1:80\"; tls = { directory = \"/d\";\n", " }; } );");
}

static void
finds_idle_options_of_pools(void **state)
{
	static const struct need_case cases[] = {
		{ "max_streams = 100;", "pool.max_streams: " NO_POOL_H2,
		    "max_streams = 100; protocol = \"h2\";" },
		{ "max_streams = 9;", "pool.max_streams: " NO_POOL_H2,
		    "protocol = \"h1\"; max_streams = 9;" },
		{ "protocol = \"h3\"; max_streams = 9;",
		    "pool.protocol: \"h3\" is not one of \"h1\", \"h2\", "
		    "\"auto\"; did you mean \"h2\"?\n", "" },
		{ "reuse = { ping = \"9s\"; };",
		    "pool.reuse.ping: " NO_POOL_H2,
		    "protocol = \"h2\"; reuse = { ping = \"9s\"; };" },
		{ "host = \"a\"; default_host = \"b\";",
		    "pool.default_host: does nothing beside host, which is "
		    "sent for everybody; delete one of both\n",
		    "default_host = \"b\";" },
		{ "slow_start = { aggression = 50; };",
		    "pool.slow_start.aggression: does nothing without a "
		    "window; write window = \"60s\";\n",
		    "slow_start = { window = \"1s\"; aggression = 50; };" },
		{ "balance = \"hash\"; hash = { table = 7; };",
		    "pool.hash.table: is for maglev; delete it, or write "
		    "method = \"maglev\";\n",
		    "balance = \"hash\"; hash = { method = \"maglev\"; "
		    "table = 7; };" },
		{ "hash = { table = 7; };",
		    "pool.hash: is for balance = \"hash\"; alone, here it is "
		    "\"least_conn\"; write balance = \"hash\"; or delete "
		    "it\n", "" },
	};

	(void)state;
	NEEDS(cases, ONE_LINE "pools = ( { name = \"p\"; servers = ( "
	    "{ address = \"10.0.0.1:80\"; } );\n", " } );");
}

static void
finds_idle_options_of_probes(void **state)
{
	static const struct need_case cases[] = {
		{ "type = \"http\"; service = \"a.B\";",
		    "pool.health.service: is asked for by grpc probes alone; "
		    "write type = \"grpc\"; or delete it\n",
		    "type = \"grpc\"; service = \"a.B\";" },
		{ "type = \"tcp\"; service = \"a.B\";",
		    "pool.health.service: is asked for by grpc probes alone; "
		    "write type = \"grpc\"; or delete it\n",
		    "type = \"none\"; service = \"a.B\";" },
		{ "type = \"tcp\"; path = \"/ok\";",
		    "pool.health.path: " NO_HTTP_PROBE,
		    "type = \"http\"; path = \"/ok\";" },
		{ "type = \"tcp\"; expect = \"200\";",
		    "pool.health.expect: " NO_HTTP_PROBE,
		    "type = \"none\"; expect = \"200\";" },
		{ "type = \"grpc\"; method = \"HEAD\";",
		    "pool.health.method: " NO_HTTP_PROBE,
		    "type = \"http\"; method = \"HEAD\";" },
		{ "type = \"tls\"; body = \"up\";",
		    "pool.health.body: " NO_HTTP_PROBE,
		    "type = \"http\"; body = \"up\";" },
		{ "type = \"tls\"; fields = ( { name = \"a\"; "
		    "value = \"b\"; } );",
		    "pool.health.fields: " NO_REQUEST,
		    "type = \"grpc\"; fields = ( { name = \"a\"; "
		    "value = \"b\"; } );" },
		{ "type = \"tcp\"; host = \"a\";",
		    "pool.health.host: " NO_REQUEST,
		    "type = \"tls\"; host = \"a\";" },
	};

	(void)state;
	NEEDS(cases, ONE_LINE "pools = ( { name = \"p\"; servers = ( "
	    "{ address = \"10.0.0.1:80\"; } ); protocol = \"h2\"; "
	    "health = {\n", " }; } );");
}

static void
finds_idle_options_of_tls_to_servers(void **state)
{
	static const struct need_case cases[] = {
		{ "verify = false; ca = \"/a\";",
		    "pool.tls.ca: " NOT_VERIFIED, "ca = \"/a\";" },
		{ "verify = false; crl = \"/a\";",
		    "pool.tls.crl: " NOT_VERIFIED, "crl = \"/a\";" },
		{ "verify = false; depth = 3;",
		    "pool.tls.depth: " NOT_VERIFIED, "verify = false;" },
		{ "verify = false; verify_name = \"a\";",
		    "pool.tls.verify_name: " NOT_VERIFIED,
		    "verify_name = \"a\";" },
		{ "policy = \"modern\"; ciphers = \"A\";",
		    "pool.tls.ciphers: " NO_1_2, "ciphers = \"A\";" },
	};

	(void)state;
	NEEDS(cases, ONE_LINE "pools = ( { name = \"p\"; servers = ( "
	    "{ address = \"10.0.0.1:80\"; } ); tls = {\n", " }; } );");
}

static void
finds_idle_options_of_tickets(void **state)
{
	static const struct need_case cases[] = {
		{ "ticket_keys = \"/k\"; ticket_period = \"1h\";",
		    "global.tls.ticket_period: is for random keys, and those "
		    "of ticket_keys change by a reload; delete one of both\n",
		    "ticket_keys = \"/k\"; ticket_lifetime = \"1h\";" },
	};

	(void)state;
	NEEDS(cases, ONE_LINE "global = { tls = {\n", " }; };");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_idle_options_of_listeners),
		cmocka_unit_test(takes_the_mode_of_a_unix_socket),
		cmocka_unit_test(finds_idle_options_of_tls),
		cmocka_unit_test(finds_idle_options_of_pools),
		cmocka_unit_test(finds_idle_options_of_probes),
		cmocka_unit_test(finds_idle_options_of_tls_to_servers),
		cmocka_unit_test(finds_idle_options_of_tickets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
