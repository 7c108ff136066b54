/*
 * What an intermediary adds to, replaces in and takes from a head.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "proxy/client_fields.h"
#include "proxy/forward.h"

struct setup {
	struct arena arena;
	struct head in, out;
	struct conf_forward conf;
	struct addr client;
	struct forward f;
};

static void
begin(struct setup *s, bool trusted)
{
	memset(s, 0, sizeof(*s));
	arena_init(&s->arena, NULL);
	head_init(&s->in, HEAD_REQUEST);
	s->in.proto = HTTP_1_1;
	s->in.method = SLICE("GET");
	s->in.path = SLICE("/");
	s->in.authority = SLICE("www.example.com:81");
	s->conf = (struct conf_forward){ .x_forwarded_for = true,
	    .x_forwarded_proto = true, .x_forwarded_host = true, .via = true };
	assert_null(addr_parse(SLICE("192.0.2.7:4711"), &s->client));
	s->f = (struct forward){ &s->conf, "steelyard-1", trusted, &s->client,
	    NULL, "http", SLICE_NONE, NULL, NULL };
}

static void
end(struct setup *s)
{
	arena_reset(&s->arena);
}

/* All lines of a field of the outgoing head, joined by '|'. */
static const char *
sent(struct setup *s, const char *name)
{
	static const char none[] = "(none)";
	struct slice all = SLICE_NONE;

	for (uint32_t i = 0; i < s->out.nfields; i++)
		if (slice_eq_nocase(s->out.fields[i].name, slice_of(name)))
			all = arena_print(&s->arena, "%.*s%s%.*s",
			    SLICE_ARG(all), all.n > 0 ? "|" : "",
			    SLICE_ARG(s->out.fields[i].value));
	return all.p != NULL ? arena_string(&s->arena, all) : none;
}

static void
replaces_what_an_untrusted_client_claims(void **state)
{
	static const char *const claims[] = { "X-Forwarded-For",
	    "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
	    "X-Real-IP", "Forwarded", "X-Request-Id", "traceparent" };
	struct setup s;

	(void)state;
	begin(&s, false);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		head_add_other(&s.in, &s.arena, slice_of(claims[i]),
		    SLICE("claimed"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "X-Forwarded-For"), "192.0.2.7");
	assert_string_equal(sent(&s, "X-Forwarded-Proto"), "http");
	assert_string_equal(sent(&s, "X-Forwarded-Host"),
	    "www.example.com:81");
	assert_string_equal(sent(&s, "X-Forwarded-Port"), "(none)");
	assert_string_equal(sent(&s, "X-Real-IP"), "(none)");
	assert_string_equal(sent(&s, "Forwarded"), "(none)");
	assert_string_equal(sent(&s, "X-Request-Id"), "(none)");
	assert_string_equal(sent(&s, "traceparent"), "(none)");
	end(&s);
}

static void
appends_to_what_a_trusted_client_says(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, true);
	s.conf.forwarded = true;
	head_add_other(&s.in, &s.arena, SLICE("X-Forwarded-For"),
	    SLICE("198.51.100.1"));
	head_add_other(&s.in, &s.arena, SLICE("x-forwarded-for"),
	    SLICE("198.51.100.2"));
	head_add_other(&s.in, &s.arena, SLICE("X-Forwarded-Proto"),
	    SLICE("https"));
	head_add_other(&s.in, &s.arena, SLICE("Forwarded"), SLICE("for=a"));
	head_add_other(&s.in, &s.arena, SLICE("traceparent"), SLICE("00-1"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "X-Forwarded-For"),
	    "198.51.100.1, 198.51.100.2, 192.0.2.7");
	assert_string_equal(sent(&s, "X-Forwarded-Proto"), "https");
	assert_string_equal(sent(&s, "Forwarded"), "for=a, for=192.0.2.7;"
	    "host=\"www.example.com:81\";proto=http");
	assert_string_equal(sent(&s, "traceparent"), "00-1");
	end(&s);
}

static void
writes_ipv6_nodes_of_forwarded_in_brackets_and_quotes(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, false);
	s.conf.forwarded = true;
	assert_null(addr_parse(SLICE("[2001:db8::1]:4711"), &s.client));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "Forwarded"), "for=\"[2001:db8::1]\";"
	    "host=\"www.example.com:81\";proto=http");
	end(&s);
}

static void
adds_to_via_with_the_version_received(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, false);
	s.in.proto = HTTP_1_0;
	head_add_other(&s.in, &s.arena, SLICE("Via"), SLICE("1.1 other"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "Via"), "1.1 other, 1.0 steelyard-1");
	end(&s);
}

static void
adds_nothing_that_is_switched_off(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, false);
	s.conf = (struct conf_forward){ 0 };
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_int_equal(s.out.nfields, 0);
	end(&s);
}

static void
consumes_proxy_credentials(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, true);
	head_add_other(&s.in, &s.arena, SLICE("Proxy-Authorization"),
	    SLICE("Basic x"));
	head_add_other(&s.in, &s.arena, SLICE("Authorization"),
	    SLICE("Basic y"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "Proxy-Authorization"), "(none)");
	assert_string_equal(sent(&s, "Authorization"), "Basic y");
	end(&s);
}

static void
lowers_max_forwards_of_options_only(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, false);
	s.in.method = SLICE("OPTIONS");
	head_add_other(&s.in, &s.arena, SLICE("Max-Forwards"), SLICE("7"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "Max-Forwards"), "6");
	s.in.method = SLICE("GET");
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "Max-Forwards"), "7");
	end(&s);
}

static void
keeps_order_case_and_repeats_of_the_rest(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, false);
	s.conf = (struct conf_forward){ 0 };
	head_add_other(&s.in, &s.arena, SLICE("x-B"), SLICE("1"));
	head_add_other(&s.in, &s.arena, SLICE("COOKIE"), SLICE("a=1"));
	head_add_other(&s.in, &s.arena, SLICE("X-b"), SLICE("2"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_int_equal(s.out.nfields, 3);
	assert_true(slice_eq(s.out.fields[0].name, SLICE("x-B")));
	assert_true(slice_eq(s.out.fields[1].name, SLICE("COOKIE")));
	assert_true(slice_eq(s.out.fields[2].name, SLICE("X-b")));
	assert_true(slice_eq(s.out.fields[2].value, SLICE("2")));
	end(&s);
}

static void
adds_date_to_a_response_that_lacks_it(void **state)
{
	static const char now[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	struct setup s;

	(void)state;
	begin(&s, false);
	s.in.kind = HEAD_RESPONSE;
	s.in.status = 200;
	head_add_other(&s.in, &s.arena, SLICE("Server"), SLICE("origin"));
	forward_response(&s.in, &s.out, &s.arena, &s.f, now);
	assert_string_equal(sent(&s, "Date"), now);
	assert_string_equal(sent(&s, "Server"), "origin");
	assert_string_equal(sent(&s, "Via"), "(none)");
	head_add_other(&s.in, &s.arena, SLICE("Date"), SLICE("theirs"));
	s.conf.via_response = true;
	forward_response(&s.in, &s.out, &s.arena, &s.f, now);
	assert_string_equal(sent(&s, "Date"), "theirs");
	assert_string_equal(sent(&s, "Via"), "1.1 steelyard-1");
	end(&s);
}

static void
drops_what_clients_may_not_say(void **state)
{
	static const char *names[] = { "X-Client-Subject" };
	const struct conf_names guarded = { names, 1 };
	struct setup s;

	(void)state;
	begin(&s, true);
	s.f.guarded = &guarded;
	head_add_other(&s.in, &s.arena, SLICE("X-Client-Subject"), SLICE("a"));
	head_add_other(&s.in, &s.arena, SLICE("x_client-SUBJECT"), SLICE("b"));
	head_add_other(&s.in, &s.arena, SLICE("X-Client-Subjects"),
	    SLICE("c"));
	head_add_other(&s.in, &s.arena, SLICE("X-Client-Subjec"), SLICE("d"));
	forward_request(&s.in, &s.out, &s.arena, &s.f);
	assert_string_equal(sent(&s, "X-Client-Subject"), "(none)");
	assert_string_equal(sent(&s, "x_client-SUBJECT"), "(none)");
	assert_string_equal(sent(&s, "X-Client-Subjects"), "c");
	assert_string_equal(sent(&s, "X-Client-Subjec"), "d");
	end(&s);
}

static void
drops_them_from_trailers(void **state)
{
	static const char *names[] = { "X-A" };
	const struct conf_names guarded = { names, 1 };
	struct field fields[] = {
		{ SLICE("x_a"), SLICE("1"), 0 }, { SLICE("b"), SLICE("2"), 0 },
		{ SLICE("X-A"), SLICE("3"), 0 }, { SLICE("c"), SLICE("4"), 0 },
	};

	(void)state;
	assert_int_equal(client_fields_strip(&guarded, fields, 4), 2);
	assert_true(slice_eq(fields[0].name, SLICE("b")));
	assert_true(slice_eq(fields[1].name, SLICE("c")));
}

static void
tells_of_a_client_what_is_asked_for_and_what_a_field_may_hold(void **state)
{
	const struct conf_client_fields conf = { .verified = "V",
	    .subject = "S", .serial = "N", .names = "D" };
	const struct tls_peer peer = { .subject = SLICE("CN=a\r\nX: b"),
	    .issuer = SLICE("CN=c"), .serial = SLICE("0A") };
	struct setup s;

	(void)state;
	begin(&s, false);
	head_init(&s.out, HEAD_REQUEST);
	client_fields_add(&conf, &peer, &s.out, &s.arena);
	assert_int_equal(s.out.nfields, 3);
	assert_string_equal(sent(&s, "V"), "SUCCESS");
	assert_string_equal(sent(&s, "S"), "CN=a??X: b");
	assert_string_equal(sent(&s, "N"), "0A");
	end(&s);
}

static void
says_hsts_once_and_only_with_a_final_response(void **state)
{
	struct setup s;

	(void)state;
	begin(&s, false);
	s.f.hsts = "max-age=60";
	s.in.kind = HEAD_RESPONSE;
	s.in.status = 200;
	head_add_other(&s.in, &s.arena, SLICE("strict-transport-security"),
	    SLICE("max-age=1"));
	head_add_other(&s.in, &s.arena, SLICE("X-a"), SLICE("1"));
	head_add(&s.in, &s.arena, FIELD_PROXY_AUTHENTICATE, SLICE("Basic"));
	head_add_other(&s.in, &s.arena, SLICE("X-b"), SLICE("2"));
	forward_response(&s.in, &s.out, &s.arena, &s.f, NULL);
	assert_int_equal(s.out.nfields, 3);
	assert_string_equal(sent(&s, "X-a"), "1");
	assert_string_equal(sent(&s, "X-b"), "2");
	assert_string_equal(sent(&s, "Strict-Transport-Security"),
	    "max-age=60");
	s.in.kind = HEAD_INTERIM;
	s.in.nfields = 0;
	forward_response(&s.in, &s.out, &s.arena, &s.f, NULL);
	assert_int_equal(s.out.nfields, 0);
	end(&s);
}

static void
knows_its_own_name_in_via(void **state)
{
	static const struct {
		const char *via;
		bool loop;
	} cases[] = {
		{ "1.1 steelyard-1", true },
		{ "1.0 fred, 1.1 STEELYARD-1", true },
		{ "1.1 steelyard-1 (a comment), 1.1 x", true },
		{ "HTTP/1.1 steelyard-1", true },
		{ "1.1 steelyard-12", false },
		{ "1.1 steelyard", false },
		{ "steelyard-1", false },
		{ "1.1 x (steelyard-1)", false },
	};
	struct setup s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&s, false);
		head_add_other(&s.in, &s.arena, SLICE("Via"),
		    slice_of(cases[i].via));
		if (forward_is_loop(&s.in, "steelyard-1") != cases[i].loop)
			fail_msg("%s", cases[i].via);
		end(&s);
	}
}

static void
keeps_a_request_id_only_from_trusted_clients(void **state)
{
	struct setup s;
	struct slice id;

	(void)state;
	begin(&s, true);
	s.conf.request_id = REQUEST_ID_KEEP;
	head_add_other(&s.in, &s.arena, SLICE("X-Request-Id"),
	    SLICE("abc-123"));
	id = forward_kept_id(&s.in, &s.conf, true);
	assert_true(slice_eq(id, SLICE("abc-123")));
	assert_int_equal(forward_kept_id(&s.in, &s.conf, false).n, 0);
	s.conf.request_id = REQUEST_ID_MAKE;
	assert_int_equal(forward_kept_id(&s.in, &s.conf, true).n, 0);
	s.conf.request_id = REQUEST_ID_KEEP;
	s.in.nfields = 0;
	head_add_other(&s.in, &s.arena, SLICE("X-Request-Id"),
	    SLICE("a\"b"));
	assert_int_equal(forward_kept_id(&s.in, &s.conf, true).n, 0);
	end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_what_an_untrusted_client_claims),
		cmocka_unit_test(appends_to_what_a_trusted_client_says),
		cmocka_unit_test(
		    writes_ipv6_nodes_of_forwarded_in_brackets_and_quotes),
		cmocka_unit_test(adds_to_via_with_the_version_received),
		cmocka_unit_test(adds_nothing_that_is_switched_off),
		cmocka_unit_test(consumes_proxy_credentials),
		cmocka_unit_test(lowers_max_forwards_of_options_only),
		cmocka_unit_test(keeps_order_case_and_repeats_of_the_rest),
		cmocka_unit_test(adds_date_to_a_response_that_lacks_it),
		cmocka_unit_test(drops_what_clients_may_not_say),
		cmocka_unit_test(drops_them_from_trailers),
		cmocka_unit_test(
		    tells_of_a_client_what_is_asked_for_and_what_a_field_may_hold),
		cmocka_unit_test(says_hsts_once_and_only_with_a_final_response),
		cmocka_unit_test(knows_its_own_name_in_via),
		cmocka_unit_test(keeps_a_request_id_only_from_trusted_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
