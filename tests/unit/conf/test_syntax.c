/*
 * test_syntax.c - files that cannot be parsed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "complains.h"

static void
says_where_the_form_is_wrong(void **state)
{
	static const struct complaint_case cases[] = {
		{ "a = ;",
		    "f:1: found ';' where the value of 'a' should stand\n" },
		{ "a 5;",
		    "f:1: found a number where '=' should stand; write a = "
		    "...\n" },
		{ "global {\n"
		    "};",
		    "f:1: found '{' where '=' should stand; write global = "
		    "...\n" },
		{ "a = yes;",
		    "f:1: found 'yes' where the value of 'a' should stand; "
		    "write a string in quotes, or true or false\n" },
		{ "a = 5s;",
		    "f:1: 5s needs quotes here; write \"5s\"\n" },
		{ "a = 1e+5s;",
		    "f:1: 1e+5s needs quotes here; write \"1e+5s\"\n" },
		{ "a = 10.0.0.1:80;",
		    "f:1: 10.0.0.1:80 needs quotes here; write "
		    "\"10.0.0.1:80\"\n" },
		{ "a = /var/log;",
		    "f:1: /var/log needs quotes here; write \"/var/log\"\n" },
		{ "a = \"x;\n"
		    "b = \"y\";\n"
		    "c = 1;",
		    "f:2: a string begins here and never ends; does the "
		    "one that begins at f:1 lack its closing quote?\n" },
		{ "a = \"x;\n",
		    "f:1: a string begins here and never ends; close it "
		    "with '\"'\n" },
		{ "/* x\n",
		    "f:1: a comment begins here and never ends; close it "
		    "with '*/'\n" },
		{ "a = { b = 1;\n",
		    "f:1: '{' begins here and is never closed; add '}'\n" },
		{ "a = (\n"
		    "{ b = 1; };\n",
		    "f:2: found ';' where ',' or ')' should stand; the '(' "
		    "of f:1 is still open\n" },
		{ "a = { b = 1; ) ;",
		    "f:1: found ')', but the '{' of f:1 is still open; "
		    "close it with '}' first\n" },
		{ "a = 1;;",
		    "f:1: found ';' where the name of an option should "
		    "stand; delete it\n" },
		{ "};",
		    "f:1: found '}', but nothing is open; delete it\n" },
		{ "a = ( 1, 2, );",
		    "f:1: found ')' after ','; delete that ','\n" },
		{ "a = ( { x = 1; } { y = 1; } );",
		    "f:1: found '{' where ',' or ')' should stand; the '(' "
		    "of f:1 is still open\n" },
		{ "a = [ { x = 1; } ];",
		    "f:1: found '{' within '[ ]', which holds plain values "
		    "only; write '( )' instead of '[ ]'\n" },
		{ "a = [ 1, \"b\" ];",
		    "f:1: found a string in a '[ ]' that holds another "
		    "type; write '( )' instead of '[ ]'\n" },
		{ "x = { y = 1;\n"
		    "y = 2; };",
		    "f:2: 'y' stands twice in this group, first at f:1; "
		    "delete one of them\n" },
		{ "a = 3000000000;",
		    "f:1: 3000000000 is too large a number; write at most "
		    "2147483647\n" },
		{ "a = 0x1ffffffff;",
		    "f:1: 0x1ffffffff is too large a number; write at most "
		    "2147483647\n" },
		{ "x = 1; @include \"a\"",
		    "f:1: @include: must begin a line and name a file in "
		    "quotes; write @include \"pools.conf\" on a line of "
		    "its own\n" },
		{ "@include a",
		    "f:1: @include: names one file in quotes and stands "
		    "alone on its line; write @include \"pools.conf\"\n" },
		{ "@include \"a\" \"b\"",
		    "f:1: @include: names one file in quotes and stands "
		    "alone on its line; write @include \"pools.conf\"\n" },
		{ "@include \"/nonexistent\"",
		    "f:1: @include: /nonexistent cannot be read: No such "
		    "file or directory\n" },
		{ "@include \"/tmp\"",
		    "f:1: @include: /tmp cannot be read: Is a directory\n" },
		{ "\"a\" = 1;",
		    "f:1: found a string where the name of an option "
		    "should stand, such as name = \"web\";\n" },
		{ "a = ( b = 1 );",
		    "f:1: found 'b' where an element of 'a' should stand; "
		    "put quotes around a string, '{' and '}' around "
		    "options\n" },
		{ "a = ((((((((((((((((((((((((((((((((((((((((",
		    "f:1: groups and lists are nested more than 32 deep\n" },
		{ "a = %;",
		    "f:1: % needs quotes here; write \"%\"\n" },
		{ "a = { 5 };",
		    "f:1: found a number where the name of an option "
		    "should stand, such as name = \"web\";\n" },
		{ "a = ( 1,",
		    "f:1: '(' begins here and is never closed; add ')'\n" },
		{ "a = ( 1 };",
		    "f:1: found '}', but the '(' of f:1 is still open; "
		    "close it with ')' first\n" },
		{ "a = \"x;\n"
		    "b = \"y;",
		    "f:2: found ';' where '=' should stand; write y = ...; does "
		    "the string that begins at f:1 lack its closing quote?\n" },
		{ "a = 1e+5 2;",
		    "f:1: found a number where the name of an option "
		    "should stand, such as name = \"web\";\n" },
		{ "/* a\n"
		    "b */ c = \"\\\"\" ; d = ;",
		    "f:2: found ';' where the value of 'd' should stand\n" },
		{ "a = (1;2);",
		    "f:1: found ';' where ',' or ')' should stand; the '(' "
		    "of f:1 is still open\n" },
		{ "a = 1 # x\n"
		    "= 2",
		    "f:2: found '=' where the name of an option should "
		    "stand, such as name = \"web\";\n" },
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
		cmocka_unit_test(says_where_the_form_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
