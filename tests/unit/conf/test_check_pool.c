/*
 * test_check_pool.c - pools, servers and probes that cannot work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

static void
finds_wrong_servers(void **state)
{
	static const struct complaint_case cases[] = {
		{ "{ address = \"10.0.0.1:80\"; },\n"
		    "{ address = \"10.0.0.1:80\"; weight = 2; }",
		    "f:3: pool.server.address: \"10.0.0.1:80\" is the "
		    "address of the server at f:2 already; delete one, or "
		    "raise its weight\n" },
		{ "{ name = \"a\"; address = \"10.0.0.1:80\"; },\n"
		    "{ name = \"a\"; address = \"10.0.0.2:80\"; }",
		    "f:3: pool.server.name: \"a\" is the name of the "
		    "server at f:2 already; choose another\n" },
		{ "{ name = \"a\"; address = \"10.0.0.1:80\"; },\n"
		    "{ name = \"b\"; address = \"10.0.0.1:80\"; }",
		    "f:3: pool.server.address: \"10.0.0.1:80\" is the "
		    "address of the server at f:2 already; delete one, or "
		    "raise its weight\n" },
		{ "{ address = \"10.0.0.1:80\"; weight = 257; }",
		    "f:2: pool.server.weight: 257 is out of range; 0 to "
		    "256 is allowed\n" },
		{ "{ address = \"www.example.com:0\"; }",
		    "f:2: pool.server.address: \"www.example.com:0\": the "
		    "port must be a number from 1 to 65535\n" },
		{ "{ address = \"www..com:80\"; }",
		    "f:2: pool.server.address: \"www..com:80\" is no name "
		    "that DNS can know; write one such as "
		    "\"api.internal:8080\"\n" },
		{ "{ address = \"10.0.0.1:80\"; resolve_all = true; }",
		    "f:2: pool.server.resolve_all: \"10.0.0.1:80\" is one "
		    "address; write a name, such as "
		    "\"api.internal:8080\"\n" },
		{ "{ address = \"*:80\"; }",
		    "f:2: pool.server.address: \"*:80\" stands for every "
		    "address; write the one to connect to\n" },
		{ "{ address = \"0.0.0.0:80\"; }",
		    "f:2: pool.server.address: \"0.0.0.0:80\" stands for "
		    "every address; write the one to connect to\n" },
		{ "{ address = \"10.0.0.1:0\"; }",
		    "f:2: pool.server.address: \"10.0.0.1:0\": the port "
		    "must be a number from 1 to 65535\n" },
		{ "{ weight = 1; }",
		    "f:2: pool.server.address: is missing; write address = "
		    "\"127.0.0.1:80\"; (where the server listens)\n" },
		{ "{ name = \"BACKEND\"; address = \"10.0.0.1:80\"; }",
		    "f:2: pool.server.name: \"BACKEND\" stands for the sum "
		    "of all servers in statistics; choose another\n" },
		{ "{ name = \"a,b\"; address = \"10.0.0.1:80\"; }",
		    "f:2: pool.server.name: \"a,b\" holds ','; a name is "
		    "made of letters, digits, '_', '.', ':' and '-'\n" },
		{ "\"10.0.0.1:80\"",
		    "f:2: pool.servers: expected a list of groups: ( { ... "
		    "}, { ... } ), not the string \"10.0.0.1:80\"\n" },
		{ "{ address = \"unix:/a b\"; }",
		    "f:2: pool.server.name: is missing; \"unix:/a b\" "
		    "cannot be the name as well, write name = \"a\";\n" },
		{ "{ address = \"300.0.0.1:80\"; }",
		    "f:2: pool.server.address: \"300.0.0.1:80\": this is "
		    "no IP address; write \"127.0.0.1:80\", \"[::1]:80\", "
		    "\"*:80\" or \"unix:/path\"\n" },
		{ "{ address = \"10.0.0.1\"; }",
		    "f:2: pool.server.address: \"10.0.0.1\": there is no "
		    "port; write \"127.0.0.1:80\", \"[::1]:80\", \"*:80\" "
		    "or \"unix:/path\"\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; servers = ( ",
	    " ); } );");
}

static void
finds_wrong_pools(void **state)
{
	static const struct complaint_case cases[] = {
		{ "balance = \"leastconn\";",
		    "f:2: pool.balance: \"leastconn\" is not one of "
		    "\"least_conn\", \"round_robin\", \"random\", "
		    "\"hash\"; did you mean \"least_conn\"?\n" },
		{ "balance = \"fastest\";",
		    "f:2: pool.balance: \"fastest\" is not one of "
		    "\"least_conn\", \"round_robin\", \"random\", "
		    "\"hash\"\n" },
		{ "hash = { };",
		    "f:2: pool.hash: is for balance = \"hash\"; alone, here "
		    "it is \"least_conn\"; write balance = \"hash\"; or "
		    "delete it\n" },
		{ "host = \"a b\";",
		    "f:2: pool.host: \"a b\" is not a host; write a name "
		    "or an address, such as \"www.example.com\"\n" },
		{ "default_host = \"a/b\";",
		    "f:2: pool.default_host: \"a/b\" is not a host; write "
		    "a name or an address, such as \"www.example.com\"\n" },
		{ "retry_budget = 101;",
		    "f:2: pool.retry_budget: 101 is out of range; 0 to 100 "
		    "is allowed\n" },
		{ "health = { type = \"grpc\"; };",
		    "f:2: pool.health.type: gRPC needs HTTP/2; write "
		    "protocol = \"h2\"; in the pool\n" },
		{ "protocol = \"auto\"; tls = { traffic = false; }; "
		    "host = \"a\"; health = { type = \"grpc\"; };",
		    "f:2: pool.health.type: gRPC needs HTTP/2; write "
		    "protocol = \"h2\"; in the pool\n" },
		{ "protocol = \"auto\"; health = { type = \"grpc\"; };",
		    "f:2: pool.health.type: gRPC needs HTTP/2; write "
		    "protocol = \"h2\"; in the pool\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; "
	    "servers = ( { address = \"10.0.0.1:80\"; } ); ",
	    " } );");
}

static void
finds_wrong_probes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "method = \"CONNECT\";",
		    "f:2: pool.health.method: CONNECT cannot probe; write "
		    "\"GET\" or \"HEAD\"\n" },
		{ "method = \"G T\";",
		    "f:2: pool.health.method: \"G T\" holds a space; a "
		    "token is made of letters, digits and a few marks such "
		    "as '-'\n" },
		{ "method = \"HEAD\"; body = \"ok\";",
		    "f:2: pool.health.body: an answer to HEAD has no body; "
		    "write method = \"GET\", or delete this\n" },
		{ "path = \"healthz\";",
		    "f:2: pool.health.path: \"healthz\" does not begin "
		    "with '/'; write \"/healthz\"\n" },
		{ "path = \"/a b\";",
		    "f:2: pool.health.path: \"/a b\" holds a space, which "
		    "must be escaped as %20\n" },
		{ "host = \"a b\";",
		    "f:2: pool.health.host: \"a b\" is not a host; write a "
		    "name or an address, such as \"www.example.com\"\n" },
		{ "fields = ( { name = \"Host\"; value = \"a\"; } );",
		    "f:2: field.name: Host stands in pool.health.host; set "
		    "it there\n" },
		{ "fields = ( { name = \"X-A\"; } );",
		    "f:2: field.value: is missing: a field that is sent "
		    "has a value\n" },
		{ "fields = ( { value = \"a\"; } );",
		    "f:2: field.name: is missing; write name = \"...\"; "
		    "(name of the field)\n" },
		{ "panic_threshold = -1;",
		    "f:2: pool.health.panic_threshold: -1 is out of range; "
		    "0 to 100 is allowed\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; "
	    "servers = ( { address = \"10.0.0.1:80\"; } ); "
	    "health = { type = \"http\"; ",
	    " }; } );");
}

static void
finds_wrong_hashes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "key = \"ip\";",
		    "f:2: pool.hash.key: \"ip\" is no key; write \"source\", "
		    "\"uri\", \"path\", \"query:NAME\", \"header:NAME\" or "
		    "\"cookie:NAME\"\n" },
		{ "key = ( \"header:\", \"path:x\" );",
		    "f:2: pool.hash.key: \"header:\" is no key; write "
		    "\"source\", \"uri\", \"path\", \"query:NAME\", "
		    "\"header:NAME\" or \"cookie:NAME\"\n"
		    "f:2: pool.hash.key: \"path:x\" is no key; write "
		    "\"source\", \"uri\", \"path\", \"query:NAME\", "
		    "\"header:NAME\" or \"cookie:NAME\"\n" },
		{ "key = \"cookie:a b\";",
		    "f:2: pool.hash.key: \"cookie:a b\": the name is no "
		    "token\n" },
		{ "key = ( );",
		    "f:2: pool.hash.key: is empty; write a key or a list of "
		    "keys, such as \"header:X-User\"\n" },
		{ "key = 1;",
		    "f:2: pool.hash.key: expected a key or a list of keys, "
		    "such as \"header:X-User\", not the number 1\n" },
		{ "key = \"header:Connection\";",
		    "f:2: pool.hash.key: Connection is about one connection, "
		    "not about the request; it cannot be hashed\n" },
		{ "method = \"maglv\";",
		    "f:2: pool.hash.method: \"maglv\" is not one of \"ring\", "
		    "\"maglev\"; did you mean \"maglev\"?\n" },
		{ "bound = 100;",
		    "f:2: pool.hash.bound: 100 leaves no room; write more "
		    "than 100, such as 125, or 0 for no bound\n" },
		{ "bound = -1;",
		    "f:2: pool.hash.bound: -1 is out of range; 0 to 10000 is "
		    "allowed\n" },
		{ "method = \"maglev\"; table = 65536;",
		    "f:2: pool.hash.table: 65536 is not a prime; write 65521 "
		    "or 65537\n" },
		{ "method = \"maglev\"; table = 9;",
		    "f:2: pool.hash.table: 9 is not a prime; write 7 or "
		    "11\n" },
		{ "method = \"maglev\"; table = 5000012;",
		    "f:2: pool.hash.table: 5000012 is out of range; 2 to "
		    "5000011 is allowed\n" },
		{ "method = \"maglev\"; table = 2;",
		    "f:2: pool.hash.table: 2 entries are fewer than the 3 "
		    "servers\n" },
		{ "on_full = \"wait\";",
		    "f:2: pool.hash.on_full: \"wait\" is not one of \"next\", "
		    "\"queue\"; did you mean \"queue\"?\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; balance = \"hash\"; "
	    "servers = ( { address = \"10.0.0.1:80\"; }, "
	    "{ address = \"10.0.0.2:80\"; }, { address = \"10.0.0.3:80\"; } "
	    "); hash = { ", " }; } );");
}

static void
reads_keys_in_their_order(void **state)
{
	struct text errors;
	struct conf *c;
	const struct conf_keys *k;

	(void)state;
	text_init(&errors);
	c = conf_load_string("f", LISTENER "pools = ( { name = \"web\"; "
	    "servers = ( { address = \"10.0.0.1:80\"; backup = true; } ); "
	    "slow_start = { window = \"1m\"; aggression = 200; }; "
	    "balance = \"hash\"; "
	    "hash = { key = ( \"header:X-User\", \"cookie:sid\", "
	    "\"query:q\", \"uri\", \"path\", \"source\" ); "
	    "method = \"maglev\"; table = 5000011; }; } );", balances, &errors);
	assert_non_null(c);
	k = &c->pools[0].hash.key;
	assert_int_equal(k->n, 6);
	assert_int_equal(k->v[0].kind, KEY_HEADER);
	assert_string_equal(k->v[0].name, "X-User");
	assert_int_equal(k->v[1].kind, KEY_COOKIE);
	assert_string_equal(k->v[1].name, "sid");
	assert_int_equal(k->v[2].kind, KEY_QUERY);
	assert_string_equal(k->v[2].name, "q");
	assert_int_equal(k->v[3].kind, KEY_URI);
	assert_int_equal(k->v[4].kind, KEY_PATH);
	assert_int_equal(k->v[5].kind, KEY_SOURCE);
	assert_null(k->v[5].name);
	assert_true(c->pools[0].servers[0].backup);
	assert_int_equal(c->pools[0].slow_start.window, SEC(60));
	assert_int_equal(c->pools[0].slow_start.aggression, 200);
	conf_put(&c);
	text_fini(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_wrong_servers),
		cmocka_unit_test(finds_wrong_pools),
		cmocka_unit_test(finds_wrong_probes),
		cmocka_unit_test(finds_wrong_hashes),
		cmocka_unit_test(reads_keys_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
