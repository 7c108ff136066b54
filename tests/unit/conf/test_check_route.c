/*
 * test_check_route.c - routes that match nothing or lead nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

static void
finds_wrong_routes(void **state)
{
	static const struct complaint_case cases[] = {
		{ "",
		    "f:3: route: leads nowhere; add one of pool, respond "
		    "and redirect\n" },
		{ "pool = \"web\"; redirect = { location = \"/\"; };",
		    "f:3: route: has pool and redirect; keep one of them\n" },
		{ "pool = \"web\"; respond = { }; redirect = { location "
		    "= \"/\"; };",
		    "f:3: route: has pool, respond and redirect; keep one "
		    "of them\n" },
		{ "respond = { }; redirect = { location = \"/\"; };",
		    "f:3: route: has respond and redirect; keep one of "
		    "them\n" },
		{ "pool = \"wbe\";",
		    "f:3: route.pool: there is no pool \"wbe\"; did you "
		    "mean \"web\"?\n" },
		{ "pool = \"database\";",
		    "f:3: route.pool: there is no pool \"database\"; "
		    "correct the name, or add a pool of that name\n" },
		{ "listener = \"wbe\"; pool = \"web\";",
		    "f:3: route.listener: there is no listener \"wbe\"; "
		    "did you mean \"web\"?\n" },
		{ "listener = \"database\"; pool = \"web\";",
		    "f:3: route.listener: there is no listener "
		    "\"database\"; correct the name, or add a listener of "
		    "that name\n" },
		{ "pool = 1;",
		    "f:3: route.pool: expected a string in quotes, not the "
		    "number 1; write \"1\"\n" },
		{ "pool = \"web\"; path = \"a\";",
		    "f:3: route.path: \"a\" does not begin with '/'; write "
		    "\"/a\"\n" },
		{ "pool = \"web\"; path = \"/a?b\";",
		    "f:3: route.path: \"/a?b\" holds a '?'; a path is "
		    "matched without its query\n" },
		{ "pool = \"web\"; path = \"/a/../b\";",
		    "f:3: route.path: \"/a/../b\" is not in normal form "
		    "and matches nothing; write \"/b\"\n" },
		{ "pool = \"web\"; path = \"/../b\";",
		    "f:3: route.path: \"/../b\" climbs above the root and "
		    "matches nothing\n" },
		{ "pool = \"web\"; path_prefix = \"/%zz\";",
		    "f:3: route.path_prefix: \"/%zz\" holds a '%' without "
		    "two hex digits after it; write %25 for '%'\n" },
		{ "pool = \"web\"; path = \"/a b\";",
		    "f:3: route.path: \"/a b\" holds a space, which must "
		    "be escaped as %20\n" },
		{ "pool = \"web\"; path = \"/\\xc3\\xa4\";",
		    "f:3: route.path: \"/ä\" holds '\\xc3', which must be "
		    "escaped as %C3\n" },
		{ "pool = \"web\"; path = \"/a\"; path_prefix = \"/b\";",
		    "f:3: route.path_prefix: stands next to path; keep one "
		    "of them\n" },
		{ "pool=\"web\"; path=\"/a%\";",
		    "f:3: route.path: \"/a%\" holds a '%' without two hex "
		    "digits after it; write %25 for '%'\n" },
		{ "pool = \"web\"; host = \"www.*.com\";",
		    "f:3: route.host: \"www.*.com\": '*' stands for whole "
		    "labels in front only; write \"*.example.com\"\n" },
		{ "pool = \"web\"; host = \"*\";",
		    "f:3: route.host: \"*\" is not a host; delete the "
		    "option to match every host\n" },
		{ "pool = \"web\"; host = \"a b\";",
		    "f:3: route.host: \"a b\" is not a host; write one "
		    "such as \"www.example.com\" or \"*.example.com\"\n" },
		{ "pool = \"web\"; host = \"a:80\";",
		    "f:3: route.host: \"a:80\" has a port, which is not "
		    "matched; write \"a\"\n" },
		{ "pool = \"web\"; host = \"*.a.\";",
		    "f:3: route.host: \"*.a.\" ends with a '.'; write "
		    "\"*.a\"\n" },
		{ "pool=\"web\"; host=\"*.\";",
		    "f:3: route.host: \"*.\" is not a host; write one such "
		    "as \"www.example.com\" or \"*.example.com\"\n" },
		{ "pool = \"web\"; method = \"get\";",
		    "f:3: route.method: \"get\" matches nothing, since "
		    "methods are in capitals; write \"GET\"\n" },
		{ "pool = \"web\"; method = \"G T\";",
		    "f:3: route.method: \"G T\" holds a space; a token is "
		    "made of letters, digits and a few marks such as '-'\n" },
		{ "pool = \"web\"; field = { name = \"Host\"; };",
		    "f:3: field.name: Host is matched by route.host; set "
		    "it there\n" },
		{ "pool = \"web\"; field = { name = \"Connection\"; };",
		    "f:3: field.name: Connection is about one connection, "
		    "not about the request; it cannot be matched\n" },
		{ "pool = \"web\"; field = { name = \"X A\"; };",
		    "f:3: field.name: \"X A\" holds a space; a token is "
		    "made of letters, digits and a few marks such as '-'\n" },
		{ "pool = \"web\"; field = { value = \"a\"; };",
		    "f:3: field.name: is missing; write name = \"...\"; "
		    "(name of the field)\n" },
		{ "pool = \"web\"; field = { name = \"X-A\"; value = \" "
		    "a\"; };",
		    "f:3: field.value: \" a\" begins or ends with a space; "
		    "delete it\n" },
		{ "respond = { status = 100; };",
		    "f:3: route.respond.status: 100 is out of range; 200 "
		    "to 599 is allowed\n" },
		{ "respond = { status = 204; body = \"a\"; };",
		    "f:3: route.respond.body: an answer with status 204 "
		    "has no body; delete this, or change the status\n" },
		{ "respond = { status = 304; body = \"a\"; };",
		    "f:3: route.respond.body: an answer with status 304 "
		    "has no body; delete this, or change the status\n" },
		{ "respond = { fields = ( { name = \"X A\"; value = "
		    "\"a\"; } ); };",
		    "f:3: field.name: \"X A\" holds a space; a token is "
		    "made of letters, digits and a few marks such as '-'\n" },
		{ "respond = { fields = ( { name = \"X-A\"; value = "
		    "\"a\\r\\nB: c\"; } ); };",
		    "f:3: field.value: \"a\\r\\nB: c\" holds '\\r', which "
		    "no field may\n" },
		{ "respond = { fields = ( { name = \"Content-Length\"; "
		    "value = \"1\"; } ); };",
		    "f:3: field.name: Content-Length is written by "
		    "steelyard itself; delete this field\n" },
		{ "respond = { fields = ( { name = \"Date\"; value = "
		    "\"1\"; } ); };",
		    "f:3: field.name: Date is written by steelyard itself; "
		    "delete this field\n" },
		{ "redirect = { };",
		    "f:3: route.redirect.location: is missing; write "
		    "location = \"...\"; (where to, with $scheme $host "
		    "$path $query filled in)\n" },
		{ "redirect = { status = 305; location = \"/\"; };",
		    "f:3: route.redirect.status: 305 is no redirect; write "
		    "301, 302, 303, 307 or 308\n" },
		{ "redirect = { status = 200; location = \"/\"; };",
		    "f:3: route.redirect.status: 200 is out of range; 301 "
		    "to 308 is allowed\n" },
		{ "redirect = { location = \"/a\\r\\nX: y\"; };",
		    "f:3: route.redirect.location: \"/a\\r\\nX: y\" holds "
		    "a byte that no URL may; write it as %0D\n" },
		{ "redirect = { location = \"https://$hots$path\"; };",
		    "f:3: route.redirect.location: there is no $hots; did "
		    "you mean $host?\n" },
		{ "redirect = { location = \"/$5\"; };",
		    "f:3: route.redirect.location: there is no $5; write "
		    "$scheme, $host, $path or $query, or %24 for a plain "
		    "'$'\n" },
		{ "redirect = { location = \"/a b\"; };",
		    "f:3: route.redirect.location: \"/a b\" holds a byte "
		    "that no URL may; write it as %20\n" },
		{ "respond = { }; connect = true;",
		    "f:3: route.connect: there is no pool to connect to; "
		    "delete this, or add one\n" },
		{ "respond = { }; normalize = true;",
		    "f:3: route.normalize: there is no pool to send the "
		    "path to; delete this, or add one\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]),
	    LISTENER POOL "routes = ( { ",
	    " } );");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_wrong_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
