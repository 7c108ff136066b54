/*
 * test_dump.c - what -T prints loads to the same snapshot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

static void
dump(const char *string, struct text *out)
{
	struct text errors;
	struct conf *c;

	text_init(&errors);
	text_init(out);
	c = conf_load_string("f", string, balances, &errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	conf_dump(c, out);
	conf_put(&c);
	text_fini(&errors);
}

static void
comes_back_the_same(void **state)
{
	static const char *const cases[] = {
		LISTENER,
		LISTENER POOL "routes = ( { pool = \"web\"; } );",
		"listeners = ( { name = \"a\"; address = \"unix:/s\";"
		"  limits = { upgrades = (\"a\",\"websocket\"); };"
		"  trusted = (\"10.0.0.0/8\", \"fe80::/10\", \"unix\"); } );",
		"listeners = ( { name = \"a\"; address = \"*:80\";"
		"  limits = { upgrades = ( ); head = 1500; }; } );"
		"global = { name = \"x\"; user = \"u\"; group = \"g\";"
		"  stats_socket = { path = \"/s\"; mode = \"0600\"; }; };",
		"listeners = ( { name = \"a\"; address = \"*:443\";"
		"  https_only = { port = 8443; hsts = \"1d\"; };"
		"  tls = { directory = \"/d\"; policy = \"modern\";"
		"  certificates = ( { cert = \"/a\"; key = \"/b\";"
		"  ocsp = \"/c\"; }, { cert = \"/e\"; } );"
		"  min_version = \"1.2\"; ciphers = \"X\";"
		"  verify = \"optional\"; ca = \"/ca\"; depth = 3;"
		"  client_fields = { subject = \"X-S\"; }; }; } );"
		"global = { tls = { ticket_keys = \"/k\"; };"
		"  resolve = { servers = ( \"1.2.3.4:53\", \"[::1]:5\" ); };"
		" };",
		LISTENER "routes = ( { host = \"a\"; method = \"GET\";"
		"  field = { name = \"A\"; value = \"b\"; };"
		"  respond = { body = \"q\\\"b\\\\n\\nt\\tr\\rx\\x01"
		"\\x7f\xc3\xa4\\d\";"
		"  fields = ( { name = \"A\"; value = \"\\\"\"; } ); }; },"
		"  { redirect = { location = \"/$path\"; }; } );",
		LISTENER "pools = ( { name = \"p\";"
		"  default_host = \"d\"; servers = ("
		"  { address = \"unix:/a/b\"; }, { address = \"[::1]:1\"; } );"
		"  health = { type = \"http\"; host = \"h\"; body = \"ok\";"
		"  expect = \"200,204-205\"; fields = ("
		"  { name = \"A\"; value = \"1\"; } ); }; } );",
		LISTENER "pools = ( { name = \"p\"; balance = \"hash\";"
		"  host = \"h\";"
		"  servers = ( { address = \"[::1]:1\"; backup = true; } );"
		"  hash = { key = ( \"cookie:a\", \"uri\" ); bound = 125;"
		"  method = \"maglev\"; table = 7; on_full = \"queue\"; };"
		"  slow_start = { window = \"90s\"; }; } );",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text once, twice;

		dump(cases[i], &once);
		dump(once.p, &twice);
		assert_string_equal(once.p, twice.p);
		text_fini(&once);
		text_fini(&twice);
	}
}

static void
prints_what_is_in_force(void **state)
{
	static const char *const lines[] = {
		"  max_connections = 20000;\n",
		"  max_pipes = 256;\n",
		"  max_buffers = \"1g\";\n",
		"  max_pause = \"100us\";\n",
		"    level = \"info\";\n",
		"    access = true;\n",
		"      keep_alive = \"1m\";\n",
		"      request_line = \"8k\";\n",
		"      upgrades = ( \"websocket\", \"foo\" );\n",
		"    trusted = ( \"10.0.0.0/8\" );\n",
		"    balance = \"least_conn\";\n",
		"      expect = \"200-399\";\n",
		"      fast_interval = \"0\";\n",
		"        name = \"10.0.0.1:80\";\n",
		"      body = \"a\\\"\\\\\\n\\x01\";\n",
	};
	struct text out;

	(void)state;
	dump("listeners = ( { name = \"a\"; address = \"127.0.0.1:80\";"
	    "limits = { upgrades = ( \"foo\", \"websocket\" ); };"
	    "trusted = ( \"10.0.0.0/8\" ); } );" POOL
	    "routes = ( { respond = { body = \"a\\\"\\\\\\n\\x01\"; }; } );",
	    &out);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(out.p, lines[i]) == NULL)
			fail_msg("no %s in:\n%s", lines[i], out.p);
	assert_null(strstr(out.p, "stats_socket"));
	assert_null(strstr(out.p, "redirect"));
	assert_null(strstr(out.p, "hash"));
	assert_null(strstr(out.p, "mode"));
	assert_non_null(strstr(out.p, "      streams = 100;\n"));
	assert_null(strstr(out.p, "user"));
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_the_same),
		cmocka_unit_test(prints_what_is_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
