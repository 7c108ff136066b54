/*
 * test_check_tls.c - what options of TLS mean together, and how an error of a
 * certificate finds its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "complains.h"

#define DATA "tests/data/tls/"
#define OPEN "listeners = ( { name = \"web\"; address = \"127.0.0.1:80\";\n"
#define CLOSE "} );"
#define CERTS "certificates = ( { cert = \"/a.pem\"; } ); "

static void
finds_what_does_not_go_together(void **state)
{
	static const struct complaint_case cases[] = {
		{ "tls = { };",
		    "f:2: listener.tls.certificates: there is none; write "
		    "certificates = ( { cert = \"www.pem\"; key = "
		    "\"www.key\"; } );\n" },
		{ "tls = { certificates = ( ); };",
		    "f:2: listener.tls.certificates: there is none; write "
		    "( { cert = \"www.pem\"; key = \"www.key\"; } )\n" },
		{ "tls = { certificates = ( { key = \"/a\"; } ); };",
		    "f:2: listener.tls.certificate.cert: is missing; write "
		    "cert = \"...\"; (file of the certificate and its chain, "
		    "in PEM)\n" },
		{ "tls = { " CERTS "verify = \"required\"; };",
		    "f:2: listener.tls.verify: nobody is believed; write the "
		    "file of the authorities, ca = \"clients-ca.pem\";\n" },
		{ "tls = { " CERTS "\nca = \"/ca.pem\"; };",
		    "f:3: listener.tls.ca: does nothing while no client is "
		    "asked for a certificate; write verify = \"required\"; or "
		    "\"optional\"\n" },
		{ "tls = { " CERTS "\nclient_fields = { subject = \"X-S\"; }; "
		    "};",
		    "f:3: listener.tls.client_fields.subject: does nothing "
		    "while no client is asked for a certificate; write verify "
		    "= \"required\"; or \"optional\" in listener.tls\n" },
		{ "tls = { " CERTS "verify = \"optional\"; ca = \"/ca\";\n"
		    "client_fields = { subject = \"Via\"; issuer = \"a b\"; "
		    "names = \"X_A\"; serial = \"x-a\"; }; };",
		    "f:3: listener.tls.client_fields.subject: Via has a "
		    "meaning of its own; choose a name such as "
		    "\"X-Client-Subject\"\n"
		    "f:3: listener.tls.client_fields.issuer: \"a b\" holds a "
		    "space; a token is made of letters, digits and a few marks "
		    "such as '-'\n"
		    "f:3: listener.tls.client_fields.names: \"X_A\" is taken "
		    "by serial\n" },
		{ "https_only = { preload = true; };",
		    "f:2: listener.https_only.preload: is heeded only with "
		    "include_subdomains = true; and hsts of at least "
		    "\"365d\"\n" },
		{ "https_only = { preload = true; include_subdomains = true; "
		    "hsts = \"364d\"; };",
		    "f:2: listener.https_only.preload: is heeded only with "
		    "include_subdomains = true; and hsts of at least "
		    "\"365d\"\n" },
	};

	(void)state;
	complains(cases, sizeof(cases) / sizeof(cases[0]), OPEN, CLOSE);
}

static struct conf *
load(const char *string)
{
	struct text errors;
	struct conf *c;

	text_init(&errors);
	c = conf_load_string("f", string, balances, &errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	text_fini(&errors);
	return c;
}

static void
gathers_the_fields_that_clients_may_not_send(void **state)
{
	struct conf *c = load("listeners = (\n"
	    "{ name = \"a\"; address = \"*:80\"; },\n"
	    "{ name = \"b\"; address = \"*:443\"; tls = { " CERTS
	    "verify = \"optional\"; ca = \"/c\"; client_fields = {"
	    " subject = \"X-S\"; issuer = \"X-I\"; }; }; },\n"
	    "{ name = \"c\"; address = \"*:444\"; tls = { " CERTS
	    "verify = \"optional\"; ca = \"/c\"; client_fields = {"
	    " subject = \"x_s\"; names = \"X-N\"; }; }; } );");

	(void)state;
	assert_int_equal(c->guarded.n, 3);
	assert_string_equal(c->guarded.v[0], "X-S");
	assert_string_equal(c->guarded.v[1], "X-I");
	assert_string_equal(c->guarded.v[2], "X-N");
	conf_put(&c);
}

static void
writes_what_browsers_are_told(void **state)
{
	static const struct {
		const char *options, *value;
	} cases[] = {
		{ "", "max-age=31536000" },
		{ "hsts = \"5m\";", "max-age=300" },
		{ "include_subdomains = true;",
		    "max-age=31536000; includeSubDomains" },
		{ "include_subdomains = true; preload = true;",
		    "max-age=31536000; includeSubDomains; preload" },
	};
	char string[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *c;

		(void)snprintf(string, sizeof(string), OPEN "https_only = { "
		    "%s };" CLOSE, cases[i].options);
		c = load(string);
		assert_true(c->listeners[0].https_only.on);
		assert_string_equal(c->listeners[0].https_only.value,
		    cases[i].value);
		conf_put(&c);
	}
}

/* --- with certificates */

struct reading {
	struct tls *tls;
	struct text errors, warnings;
	char path[64];
	struct conf *conf;
};

static void
reply(const struct conf *c, struct text *out)
{
	assert_non_null(c);
	text_add(out, "no");
}

static void
read_file(struct reading *r, const char *tls)
{
	struct conf_tls_kit kit = { .tls = r->tls, .plain_reply = reply,
	    .warnings = &r->warnings };
	struct clock clock;
	char dir[256];
	FILE *f;

	clock_read(&clock);
	kit.wall = clock.wall;
	assert_non_null(getcwd(dir, sizeof(dir)));
	(void)snprintf(r->path, sizeof(r->path), "/tmp/test_tls.%d",
	    (int)getpid());
	f = fopen(r->path, "w");
	assert_non_null(f);
	/* Paths of the fixtures, from wherever the file is. */
	fprintf(f, "%s tls = {\n", OPEN);
	for (const char *p = tls; *p != '\0'; p++)
		if (*p == '@')
			fprintf(f, "%s/" DATA, dir);
		else
			fputc(*p, f);
	fprintf(f, "};" CLOSE);
	assert_int_equal(fclose(f), 0);
	text_init(&r->errors);
	text_init(&r->warnings);
	text_add(&r->errors, "%s", "");
	text_add(&r->warnings, "%s", "");
	r->conf = conf_load_tls(r->path, balances, &kit, &r->errors);
	(void)unlink(r->path);
}

static void
forget(struct reading *r)
{
	conf_put(&r->conf);
	text_fini(&r->errors);
	text_fini(&r->warnings);
}

static int
open_tls(void **state)
{
	static struct reading r;

	r.tls = tls_new();
	*state = &r;
	return r.tls != NULL ? 0 : -1;
}

static int
close_tls(void **state)
{
	struct reading *r = *state;

	tls_free(&r->tls);
	return 0;
}

static void
makes_a_server_of_what_it_reads(void **state)
{
	struct reading *r = *state;

	read_file(r, "certificates = ( { cert = \"@ec.pem\"; key = "
	    "\"@ec.key\"; } );");
	if (r->conf == NULL)
		fail_msg("%s", r->errors.p);
	assert_non_null(r->conf->listeners[0].tls.server);
	forget(r);
}

static void
puts_each_error_at_its_line(void **state)
{
	static const struct {
		const char *tls, *line, *what;
	} cases[] = {
		{ "certificates = ( { cert = \"@ec.pem\";\n"
		    "key = \"/none\"; } );", ":4: listener.tls.certificate."
		    "key: /none: ", "No such file" },
		{ "certificates = (\n{ cert = \"@ec.pem\"; key = \"@ec.key\"; "
		    "},\n{ cert = \"/none\"; } );",
		    ":5: listener.tls.certificate.cert: /none: ",
		    "No such file" },
		{ "certificates = ( { cert = \"@ec.pem\"; key = \"@ec.key\"; "
		    "} );\nciphers = \"X\";", ":4: listener.tls.ciphers: ",
		    "X" },
		{ "certificates = ( { cert = \"@ec.pem\"; key = \"@ec.key\"; "
		    "} );\nverify = \"required\";\nca = \"/none\";",
		    ":5: listener.tls.ca: /none: ", "No such file" },
		{ "\ndirectory = \"/none\";",
		    ":4: listener.tls.directory: /none: ", "No such file" },
		{ "\ndirectory = \"@\";", ":4: listener.tls.directory: ", "" },
	};
	struct reading *r = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char start[128];

		read_file(r, cases[i].tls);
		assert_null(r->conf);
		(void)snprintf(start, sizeof(start), "%s%s", r->path,
		    cases[i].line);
		if (strncmp(r->errors.p, start, strlen(start)) != 0 ||
		    strstr(r->errors.p, cases[i].what) == NULL)
			fail_msg("%s: got %s", start, r->errors.p);
		forget(r);
	}
}

static void
warns_and_goes_on(void **state)
{
	struct reading *r = *state;

	read_file(r, "certificates = ( { cert = \"@expired.pem\";\n"
	    "key = \"@expired.key\"; } );");
	assert_non_null(r->conf);
	assert_non_null(strstr(r->warnings.p,
	    ":3: listener.tls.certificate.cert: "));
	assert_non_null(strstr(r->warnings.p, "expired"));
	forget(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_does_not_go_together),
		cmocka_unit_test(gathers_the_fields_that_clients_may_not_send),
		cmocka_unit_test(writes_what_browsers_are_told),
		cmocka_unit_test_setup_teardown(
		    makes_a_server_of_what_it_reads, open_tls, close_tls),
		cmocka_unit_test_setup_teardown(puts_each_error_at_its_line,
		    open_tls, close_tls),
		cmocka_unit_test_setup_teardown(warns_and_goes_on, open_tls,
		    close_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
