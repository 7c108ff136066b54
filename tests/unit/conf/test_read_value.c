/*
 * test_read_value.c - what is said about a value of the wrong form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

#define HEALTH_KEYS "type, method, path, host, tls, sni, fields, " \
	"expect, body, service, interval, fast_interval, down_interval, " \
	"timeout, fall, rise, panic_threshold, on_down, on_panic\n"

static void
says_what_a_probe_option_takes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "intervall = \"2s\";",
		    "f:2: pool.health.intervall: unknown option; did you "
		    "mean 'interval'?\n" },
		{ "zone = 1; keep_alive = 2;",
		    "f:2: pool.health.zone: unknown option; known here: "
		    HEALTH_KEYS
		    "f:2: pool.health.keep_alive: unknown option here, but "
		    "there is listener.timeouts.keep_alive; known here: "
		    HEALTH_KEYS },
		{ "colour = 1;",
		    "f:2: pool.health.colour: unknown option; known here: "
		    HEALTH_KEYS },
		{ "interval = 5;",
		    "f:2: pool.health.interval: expected a duration, such "
		    "as \"5s\", not the number 5; write \"5s\" or \"5ms\"\n" },
		{ "interval = \"5\";",
		    "f:2: pool.health.interval: \"5\" has no unit; write "
		    "\"5s\" or \"5ms\"\n" },
		{ "interval = \"5 s\";",
		    "f:2: pool.health.interval: \"5 s\" is not a duration; "
		    "write a whole number and one of ms, s, m, h, d, such "
		    "as \"2s\"\n" },
		{ "interval = \"1.5s\";",
		    "f:2: pool.health.interval: \"1.5s\" is not a "
		    "duration; write a whole number and one of ms, s, m, "
		    "h, d, such as \"2s\"\n" },
		{ "interval = \"0\";",
		    "f:2: pool.health.interval: \"0\" is out of range; "
		    "\"1ms\" to \"1d\" is allowed\n" },
		{ "interval = 0;",
		    "f:2: pool.health.interval: \"0\" is out of range; "
		    "\"1ms\" to \"1d\" is allowed\n" },
		{ "interval=\"25h\";",
		    "f:2: pool.health.interval: \"25h\" is out of range; "
		    "\"1ms\" to \"1d\" is allowed\n" },
		{ "interval=\"99999999999999999d\";",
		    "f:2: pool.health.interval: \"99999999999999999d\" is "
		    "not a duration; write a whole number and one of ms, "
		    "s, m, h, d, such as \"2s\"\n" },
		{ "interval = true;",
		    "f:2: pool.health.interval: expected a duration, such "
		    "as \"5s\", not true\n" },
		{ "interval = {};",
		    "f:2: pool.health.interval: expected a duration, such "
		    "as \"5s\", not a group\n" },
		{ "interval = 1.5;",
		    "f:2: pool.health.interval: expected a duration, such "
		    "as \"5s\", not a fraction\n" },
		{ "interval = ( \"2s\" );",
		    "f:2: pool.health.interval: expected a duration, such "
		    "as \"5s\", not a list\n" },
		{ "path = 5;",
		    "f:2: pool.health.path: expected a string in quotes, "
		    "not the number 5; write \"5\"\n" },
		{ "path = \"\";",
		    "f:2: pool.health.path: is empty; write something "
		    "between the quotes, or delete the option\n" },
		{ "host = "
		    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\";",
		    "f:2: pool.health.host: has 256 bytes; at most 255 are "
		    "allowed\n" },
		{ "expect = 200;",
		    "f:2: pool.health.expect: expected statuses, such as "
		    "\"200-399,404\", not the number 200; write \"200\"\n" },
		{ "expect = \"2xx\";",
		    "f:2: pool.health.expect: \"2xx\" is no status and no "
		    "range of statuses; write numbers from 100 to 599, "
		    "such as \"200-399,404\"\n" },
		{ "expect = \"200-\";",
		    "f:2: pool.health.expect: \"200-\" is no status and no "
		    "range of statuses; write numbers from 100 to 599, "
		    "such as \"200-399,404\"\n" },
		{ "expect = \"399-200\";",
		    "f:2: pool.health.expect: \"399-200\" is no status and "
		    "no range of statuses; write numbers from 100 to 599, "
		    "such as \"200-399,404\"\n" },
		{ "expect = \"200-600\";",
		    "f:2: pool.health.expect: \"200-600\" is no status and "
		    "no range of statuses; write numbers from 100 to 599, "
		    "such as \"200-399,404\"\n" },
		{ "expect=\" , \";",
		    "f:2: pool.health.expect: is empty; write statuses, "
		    "such as \"200-399,404\"\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; "
	    "servers = ( { address = \"10.0.0.1:80\"; } ); "
	    "health = { type = \"http\"; ",
	    " }; } );");
}

static void
says_what_a_pool_option_takes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "timeouts = { tunnel = \"31d\"; };",
		    "f:2: pool.timeouts.tunnel: \"31d\" is out of range; "
		    "\"1ms\" to \"30d\" is allowed\n" },
		{ "retries = 11;",
		    "f:2: pool.retries: 11 is out of range; 0 to 10 is "
		    "allowed\n" },
		{ "retries = \"3\";",
		    "f:2: pool.retries: expected a whole number, such as "
		    "2, not the string \"3\"; leave the quotes away\n" },
		{ "retries = \"many\";",
		    "f:2: pool.retries: expected a whole number, such as "
		    "2, not the string \"many\"\n" },
		{ "retries = -1;",
		    "f:2: pool.retries: -1 is out of range; 0 to 10 is "
		    "allowed\n" },
		{ "retries=1.0;",
		    "f:2: pool.retries: expected a whole number, such as "
		    "2, not a fraction\n" },
		{ "retries=5000000000L;",
		    "f:2: pool.retries: 5000000000 is out of range; 0 to "
		    "10 is allowed\n" },
		{ "health = { type = \"htp\"; };",
		    "f:2: pool.health.type: \"htp\" is not one of "
		    "\"none\", \"tcp\", \"http\", \"tls\", \"grpc\"; "
		    "did you mean \"http\"?\n" },
		{ "protocol = \"http/2\";",
		    "f:2: pool.protocol: \"http/2\" is not one of \"h1\", "
		    "\"h2\", \"auto\"; did you mean \"h2\"?\n" },
		{ "protocol = 2;",
		    "f:2: pool.protocol: expected one of \"h1\", \"h2\", "
		    "\"auto\", not the number 2; did you mean \"h2\"?\n" },
		{ "send_proxy = true;",
		    "f:2: pool.send_proxy: expected one of \"off\", \"v1\", "
		    "\"v2\", not true; did you mean \"v2\"?\n" },
		{ "tls = { min_version = 1.2; };",
		    "f:2: pool.tls.min_version: expected one of \"policy\", "
		    "\"1.2\", \"1.3\", not a fraction; did you mean "
		    "\"1.2\"?\n" },
		{ "health = { type = \"ping\"; };",
		    "f:2: pool.health.type: \"ping\" is not one of "
		    "\"none\", \"tcp\", \"http\", \"tls\", \"grpc\"\n" },
		{ "health = { type = 1; };",
		    "f:2: pool.health.type: expected one of \"none\", "
		    "\"tcp\", \"http\", \"tls\", \"grpc\", not the number "
		    "1\n" },
		{ "health = \"http\";",
		    "f:2: pool.health: expected a group: { ... }, not the "
		    "string \"http\"\n" },
		{ "health = ( { } );",
		    "f:2: pool.health: expected a group: { ... }, not a "
		    "list\n" },
		{ "health = { path = \"/\"; };",
		    "f:2: pool.health.type: is missing; write type = "
		    "\"http\"; (what a probe does)\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "pools = ( { name = \"web\"; "
	    "servers = ( { address = \"10.0.0.1:80\"; } ); ",
	    " } );");
}

static void
says_what_a_listener_option_takes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "adress = \"x\";",
		    "f:1: listener.adress: unknown option; did you mean "
		    "'address'?\n" },
		{ "limits = { head = \"128k\"; };",
		    "f:1: listener.limits.head: \"128k\" is out of range; "
		    "\"1k\" to \"64k\" is allowed\n" },
		{ "limits = { head = 512; };",
		    "f:1: listener.limits.head: \"512\" is out of range; "
		    "\"1k\" to \"64k\" is allowed\n" },
		{ "limits = { head = \"16kb\"; };",
		    "f:1: listener.limits.head: \"16kb\" is not a size; "
		    "write a whole number of bytes, or one with k, m or g, "
		    "such as \"16k\"\n" },
		{ "limits = { head = true; };",
		    "f:1: listener.limits.head: expected a size, such as "
		    "\"16k\", not true\n" },
		{ "limits = { request_line = \"32k\"; };",
		    "f:1: listener.limits.request_line: 32768 bytes are "
		    "more than the 16384 of listener.limits.head, of which "
		    "they are a part; raise head or lower this\n" },
		{ "mode = 666;",
		    "f:1: listener.mode: expected an octal mode in quotes, "
		    "such as \"0660\", not the number 666; write \"0666\"\n" },
		{ "mode = \"0888\";",
		    "f:1: listener.mode: \"0888\" is not a mode; write "
		    "octal digits up to \"0777\", such as \"0660\"\n" },
		{ "mode=\"rw\";",
		    "f:1: listener.mode: \"rw\" is not a mode; write octal "
		    "digits up to \"0777\", such as \"0660\"\n" },
		{ "trusted = \"10.0.0.0/8\";",
		    "f:1: listener.trusted: expected a list of addresses, "
		    "such as ( \"10.0.0.0/8\" ), not the string "
		    "\"10.0.0.0/8\"; write ( \"10.0.0.0/8\" )\n" },
		{ "trusted = ( 10 );",
		    "f:1: listener.trusted: expected a list of addresses, "
		    "such as ( \"10.0.0.0/8\" ), not the number 10\n" },
		{ "trusted = 1;",
		    "f:1: listener.trusted: expected a list of addresses, "
		    "such as ( \"10.0.0.0/8\" ), not the number 1\n" },
		{ "trusted = ( \"10.0.0.0/33\" );",
		    "f:1: listener.trusted: \"10.0.0.0/33\": the prefix "
		    "length must be 0 to 32 for IPv4, 0 to 128 for IPv6\n" },
		{ "limits = { upgrades = ( \"web socket\", \"h2c\" ); };",
		    "f:1: listener.limits.upgrades: \"web socket\" is not "
		    "a protocol; write a token, such as \"websocket\"\n"
		    "f:1: listener.limits.upgrades: \"h2c\" cannot be "
		    "passed on; delete it\n" },
		{ "limits = { upgrades = ( \"h2c\", \"Websockets\" ); };",
		    "f:1: listener.limits.upgrades: \"h2c\" cannot be "
		    "passed on; delete it\n"
		    "f:1: listener.limits.upgrades: \"Websockets\" is none "
		    "that is known; did you mean \"websocket\"?\n" },
		{ "limits = { upgrades = \"websocket\"; };",
		    "f:1: listener.limits.upgrades: expected a list of "
		    "protocols, such as ( \"websocket\" ), not the string "
		    "\"websocket\"; write ( \"websocket\" )\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    "listeners = ( { name = \"web\"; "
	    "address = \"127.0.0.1:80\"; ",
	    " } );");
}

static void
says_what_a_global_option_takes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "zzz=1;",
		    "f:2: global.zzz: unknown option; known here: user, "
		    "group, name, max_connections, max_pipes, max_buffers, "
		    "max_pause, drain_timeout, stats_socket, log, resolve, errors, tls\n" },
		{ "max_connections = 1000001;",
		    "f:2: global.max_connections: 1000001 is out of range; "
		    "1 to 1000000 is allowed\n" },
		{ "max_pipes = 65537;",
		    "f:2: global.max_pipes: 65537 is out of range; "
		    "0 to 65536 is allowed\n" },
		{ "max_buffers = \"1023k\";",
		    "f:2: global.max_buffers: \"1023k\" is out of range; "
		    "\"1m\" to \"1024g\" is allowed\n" },
		{ "max_pause = \"1001us\";",
		    "f:2: global.max_pause: \"1001us\" is out of range; "
		    "\"0\" to \"1ms\" is allowed\n" },
		{ "resolve = { servers = ( \"unix:/x\" ); };",
		    "f:2: global.resolve.servers: \"unix:/x\" is no address "
		    "of a DNS server; write one such as \"127.0.0.1:53\"\n" },
		{ "resolve = { servers = \"127.0.0.1:53\"; };",
		    "f:2: global.resolve.servers: expected a list of "
		    "addresses, such as ( \"127.0.0.1:53\" ), not the string "
		    "\"127.0.0.1:53\"; write ( \"127.0.0.1:53\" )\n" },
		{ "resolve = { servers = ( \"127.0.0.1:x\" ); };",
		    "f:2: global.resolve.servers: \"127.0.0.1:x\": the port "
		    "must be a number from 1 to 65535\n" },
		{ "log = { access = \"yes\"; };",
		    "f:2: global.log.access: expected true or false, not "
		    "the string \"yes\"; write true\n" },
		{ "log = { access = 1; };",
		    "f:2: global.log.access: expected true or false, not "
		    "the number 1; write true\n" },
		{ "log = { access = \"Off\"; };",
		    "f:2: global.log.access: expected true or false, not "
		    "the string \"Off\"; write false\n" },
		{ "log = { access = \"sometimes\"; };",
		    "f:2: global.log.access: expected true or false, not "
		    "the string \"sometimes\"\n" },
		{ "drain_timeout = \"0\";",
		    "f:2: global.drain_timeout: \"0\" is out of range; "
		    "\"1ms\" to \"1d\" is allowed\n" },
		{ "errors = ( { file = \"/x\"; status = 200; } );",
		    "f:2: global.error.status: 200 is out of range; 400 to "
		    "599 is allowed\n"
		    "f:2: global.error.file: /x cannot be read: No such "
		    "file or directory\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER "global = { ",
	    " };");
}

static void
says_what_a_route_option_takes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "pool=\"web\"; field = ();",
		    "f:3: route.field: expected a group, such as { name = "
		    "\"X-Test\"; value = \"1\"; }, not a list\n" },
		{ "respond = { fields = { name = \"A\"; }; };",
		    "f:3: route.respond.fields: expected a list, such as ( "
		    "{ name = \"X-Test\"; value = \"1\"; } ), not a group; "
		    "put '(' and ')' around it\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER POOL "routes = ( { ",
	    " } );");
}

static void
says_what_a_file_holds(void **state)
{
	static const struct complaint_case cases[] = {
		{ "listeners = ( { name = \"web\"; address = "
		    "\"127.0.0.1:80\"; } );\n"
		    "listener = ();",
		    "f:2: listener: unknown option; did you mean "
		    "'listeners'?\n" },
		{ "listeners = { name = \"web\"; };",
		    "f:1: listeners: expected a list of groups: ( { ... }, "
		    "{ ... } ), not a group; put '(' and ')' around it\n" },
		{ "listeners = ( \"127.0.0.1:80\" );",
		    "f:1: listeners: expected a list of groups: ( { ... }, "
		    "{ ... } ), not the string \"127.0.0.1:80\"\n" },
		{ "listeners = [ ];",
		    "f:1: listeners: there is none; write listeners = ( { "
		    "name = \"web\"; address = \"0.0.0.0:80\"; } );\n" },
		{ "",
		    "f:1: listeners: there is none; write listeners = ( { "
		    "name = \"web\"; address = \"0.0.0.0:80\"; } );\n" },
		{ "a = 1;\n"
		    "listeners = ( );\n"
		    "globl = { };",
		    "f:1: a: unknown option; known here: global, "
		    "listeners, routes, pools\n"
		    "f:2: listeners: there is none; write listeners = ( { "
		    "name = \"web\"; address = \"0.0.0.0:80\"; } );\n"
		    "f:3: globl: unknown option; did you mean 'global'?\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    "",
	    "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_probe_option_takes),
		cmocka_unit_test(says_what_a_pool_option_takes),
		cmocka_unit_test(says_what_a_listener_option_takes),
		cmocka_unit_test(says_what_a_global_option_takes),
		cmocka_unit_test(says_what_a_route_option_takes),
		cmocka_unit_test(says_what_a_file_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
