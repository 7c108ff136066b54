/*
 * test_check.c - values that are wrong only next to each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

static void
finds_listeners_that_clash(void **state)
{
	static const struct complaint_case cases[] = {
		{ "listeners = ( { } );",
		    "f:1: listener.name: is missing; write name = \"...\"; "
		    "(name in logs, statistics and routes)\n"
		    "f:1: listener.address: is missing; write address = "
		    "\"127.0.0.1:80\"; (where clients connect)\n" },
		{ "listeners = ( { name = \"a\"; address = "
		    "\"127.0.0.1:80\"; },\n"
		    "{ name = \"a\"; address = \"127.0.0.1:81\"; } );",
		    "f:2: listener.name: \"a\" is the name of the listener "
		    "at f:1 already; choose another\n" },
		{ "listeners = ( { name = \"a\"; address = "
		    "\"127.0.0.1:80\"; },\n"
		    "{ name = \"b\"; address = \"127.0.0.1:80\"; } );",
		    "f:2: listener.address: \"127.0.0.1:80\" stands "
		    "already at f:1; give this listener another address\n" },
		{ "listeners = ( { name = \"a\"; address = "
		    "\"127.0.0.1:80\"; },\n"
		    "{ name = \"b\"; address = \"0.0.0.0:80\"; } );",
		    "f:2: listener.address: \"0.0.0.0:80\" clashes with "
		    "\"127.0.0.1:80\" at f:1, since one takes every "
		    "address of that port; delete one or change the port\n" },
		{ "listeners = ( { name = \"a b\"; address = "
		    "\"127.0.0.1:80\"; },\n"
		    "{ name = \"a/b\"; address = \"127.0.0.1:81\"; }, { "
		    "name = "
		    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaa\"; address = \"127.0.0.1:82\"; } );",
		    "f:1: listener.name: \"a b\" holds a space; a name is "
		    "made of letters, digits, '_', '.', ':' and '-'\n"
		    "f:2: listener.name: has 65 bytes; at most 64 are "
		    "allowed\n"
		    "f:2: listener.name: \"a/b\" holds '/'; a name is made "
		    "of letters, digits, '_', '.', ':' and '-'\n" },
		{ "listeners = ( { name = \"a\\n\"; address = "
		    "\"example.com:80\"; } );",
		    "f:1: listener.address: \"example.com:80\" is a name; "
		    "only numeric addresses and unix:/path are served, "
		    "such as \"127.0.0.1:80\"\n"
		    "f:1: listener.name: \"a\\n\" holds '\\n'; a name is "
		    "made of letters, digits, '_', '.', ':' and '-'\n" },
		{ "listeners = ( { name = \"a\"; address = "
		    "\"127.0.0.1:0\"; } );",
		    "f:1: listener.address: \"127.0.0.1:0\": the port must "
		    "be a number from 1 to 65535\n" },
		{ "listeners = ( { name = \"a\"; address = \"unix:/s\";\n"
		    "congestion = \"reno\"; } );",
		    "f:2: listener.congestion: is for TCP, and the address "
		    "is a UNIX socket; delete it\n" },
		{ "listeners = ( { name = \"a\"; address = \"*:80\";\n"
		    "proxy_protocol = true; } );",
		    "f:2: listener.proxy_protocol: a PROXY header can claim "
		    "any client, so say who may send one: write "
		    "proxy_protocol_from = ( \"10.0.0.0/8\" );\n" },
		{ "listeners = ( { name = \"a\"; address = \"*:80\";\n"
		    "proxy_protocol = true; proxy_protocol_from = ( ); } );",
		    "f:2: listener.proxy_protocol: a PROXY header can claim "
		    "any client, so say who may send one: write "
		    "proxy_protocol_from = ( \"10.0.0.0/8\" );\n" },
		{ "listeners = ( { name = \"a\"; address = \"*:80\";\n"
		    "proxy_protocol_from = ( \"::1\" ); } );",
		    "f:2: listener.proxy_protocol_from: does nothing alone; "
		    "write proxy_protocol = true;\n" },
		{ "listeners = ( { name = \"a\"; address = \"unix:/s\"; "
		    "} );\n"
		    "global = { stats_socket = { path = \"/s\"; }; };",
		    "f:1: listener.address: \"unix:/s\" is the stats "
		    "socket already; choose another path\n" },
		{ "listeners = ( { name = \"web\"; address = "
		    "\"127.0.0.1:80\"; } );\n"
		    "pools = ( { } );",
		    "f:2: pool.name: is missing; write name = \"...\"; "
		    "(name in routes, logs and statistics)\n"
		    "f:2: pool.servers: there is none; write servers = ( { "
		    "address = \"10.0.0.1:80\"; } );\n" },
		{ "listeners = ( { name = \"web\"; address = "
		    "\"127.0.0.1:80\"; } );\n"
		    "pools = ( { name = \"a\"; } );",
		    "f:2: pool.servers: there is none; write servers = ( { "
		    "address = \"10.0.0.1:80\"; } );\n" },
		{ "listeners = ( { name = \"web\"; address = "
		    "\"127.0.0.1:80\"; } );\n"
		    "pools = ( { name = \"a\"; servers = ( ); } );",
		    "f:2: pool.servers: there is none; write servers = ( { "
		    "address = \"10.0.0.1:80\"; } );\n" },
		{ "listeners = ( { name = \"web\"; address = "
		    "\"127.0.0.1:80\"; } );\n"
		    "pools = ( { name = \"a\"; servers = { }; } );",
		    "f:2: pool.servers: expected a list of groups: ( { ... "
		    "}, { ... } ), not a group; put '(' and ')' around it\n" },
		{ "listeners = ( { name = \"web\"; address = "
		    "\"127.0.0.1:80\"; } );\n"
		    "pools = ( { name = \"web\"; servers = ( { address = "
		    "\"10.0.0.1:80\"; } ); } ,\n"
		    "{ name = \"web\"; servers = ( { address = "
		    "\"10.0.0.1:80\"; } ); } );\n",
		    "f:3: pool.name: \"web\" is the name of the pool at "
		    "f:2 already; choose another\n" },
		{ "listeners = ( { name = \"a\"; address = \"*:80\"; }, "
		    "{ name = \"b\";\n"
		    "address = \"127.0.0.1:80\"; } );",
		    "f:2: listener.address: \"127.0.0.1:80\" clashes with "
		    "\"*:80\" at f:1, since one takes every address of "
		    "that port; delete one or change the port\n" },
		{ "listeners = ( { name = \"a\"; address = "
		    "\"127.0.0.1:80\"; },\n"
		    "{ name = \"a\"; adress = \"127.0.0.1:80\"; } );\n"
		    "routes = ( { pool = \"b\"; } );\n"
		    "pools = ( { name = \"c\"; health = { type = \"tcp\"; "
		    "interval = 5; }; } );",
		    "f:2: listener.adress: unknown option; did you mean "
		    "'address'?\n"
		    "f:2: listener.address: is missing; write address = "
		    "\"127.0.0.1:80\"; (where clients connect)\n"
		    "f:2: listener.name: \"a\" is the name of the listener "
		    "at f:1 already; choose another\n"
		    "f:3: route.pool: there is no pool \"b\"; correct the "
		    "name, or add a pool of that name\n"
		    "f:4: pool.health.interval: expected a duration, such "
		    "as \"5s\", not the number 5; write \"5s\" or \"5ms\"\n"
		    "f:4: pool.servers: there is none; write servers = ( { "
		    "address = \"10.0.0.1:80\"; } );\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    "",
	    "");
}

static void
finds_a_wrong_global_option(void **state)
{
	static const struct complaint_case cases[] = {
		{ "stats_socket = { mode = \"0600\"; };",
		    "f:2: global.stats_socket.path: is missing; write path "
		    "= \"...\"; (absolute path of the socket)\n" },
		{ "stats_socket = { path = \"s.sock\"; };",
		    "f:2: global.stats_socket.path: \"s.sock\" is not "
		    "absolute; begin it with '/'\n" },
		{ "log = { target = \"stdrr\"; };",
		    "f:2: global.log.target: \"stdrr\" is no target; write "
		    "\"stderr\", \"stdout\", \"syslog\", \"syslog:/path\" "
		    "or the absolute path of a file\n" },
		{ "resolve = { min = \"2m\"; max = \"1m\"; };",
		    "f:2: global.resolve.min: is more than max; write a "
		    "shorter one, or a longer max\n" },
		{ "name = \"my proxy\";",
		    "f:2: global.name: \"my proxy\" holds a space; a token "
		    "is made of letters, digits and a few marks such as "
		    "'-'\n" },
		{ "errors = ( { status = 500; file = \"/dev/null\"; }, { "
		    "status = 501; file = \"/\"; },\n"
		    "{ status = 500; file = \"/nonexistent\"; content_type "
		    "= \"a\\n\"; } );",
		    "f:2: global.error.file: /dev/null cannot be read: Not "
		    "a regular file\n"
		    "f:2: global.error.file: / cannot be read: Is a "
		    "directory\n"
		    "f:3: global.error.content_type: \"a\\n\" holds '\\n', "
		    "which no field may\n"
		    "f:3: global.error.file: /nonexistent cannot be read: "
		    "No such file or directory\n"
		    "f:3: global.error.status: 500 has its page at f:2 "
		    "already; delete one\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "global = { ",
	    " };");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_listeners_that_clash),
		cmocka_unit_test(finds_a_wrong_global_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
