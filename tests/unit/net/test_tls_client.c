/*
 * test_tls_client.c - whom a client believes, and sessions it takes up again.
 */
#include "tls_rig.h"

#include <openssl/err.h>

static void
set_server(struct rig *r, const char *name)
{
	static char cert[64], key[64];

	snprintf(cert, sizeof(cert), DATA "%s.pem", name);
	snprintf(key, sizeof(key), DATA "%s.key", name);
	r->files[0] = (struct tls_files){ cert, key, NULL };
}

static void
believes_what_it_may(void **state)
{
	static const struct {
		const char *server, *name;
		const char *reason;	/* NULL: it is believed */
	} table[] = {
		{ "ec", "a.example", NULL },
		{ "ec", "www.a.example", NULL },
		{ "rsa", "A.example", NULL },
		{ "wild", "x.wild.example", NULL },
		{ "address", "127.0.0.1", NULL },
		{ "address", "::1", NULL },
		{ "address", "localhost", NULL },
		{ "address", "127.0.0.2", "IP address mismatch" },
		{ "ec", "127.0.0.1", "IP address mismatch" },
		{ "ec", "b.example", "the certificate is not for \"b.example\"" },
		{ "wild", "y.x.wild.example", "hostname mismatch" },
		{ "ec", "", "hostname mismatch" },
		{ "ec", NULL, "hostname mismatch" },
		{ "expired", "a.example", "certificate has expired" },
		{ "self", "a.example", "self-signed certificate" },
		{ "stranger", "mallory", "certificate" },
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (int is_13 = 0; is_13 < 2; is_13++) {
			rig_init(&r);
			r.c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
			set_server(&r, table[i].server);
			r.name = table[i].name;
			rig_start(&r);
			rig_wait(&r);
			if (table[i].reason == NULL) {
				assert_true(r.a.conn->connected);
				assert_true(facts_of(&r.a).verified);
				assert_true(r.b.conn->connected);
			} else {
				assert_fails(&r.a, TLS_BAD_CERTIFICATE,
				    table[i].reason);
			}
			assert_int_equal(ERR_peek_error(), 0);
			rig_fini(&r);
		}
}

static void
believes_anybody_when_told_to(void **state)
{
	static const char *const names[] = { "self", "expired", "stranger" };
	struct rig r;

	(void)state;
	for (int i = 0; i < 3; i++) {
		rig_init(&r);
		set_server(&r, names[i]);
		r.c.insecure = true;
		r.name = i == 0 ? NULL : "whoever.example";
		rig_shake(&r);
		assert_false(facts_of(&r.a).verified);
		rig_say(&r, &r.a, &r.b, "hello");
		rig_fini(&r);
	}
}

static void
sends_the_name_but_no_address(void **state)
{
	static const struct {
		const char *name, *sni;
	} table[] = { { "localhost", "localhost" }, { "127.0.0.1", "" },
	    { "::1", "" } };
	struct rig r;

	(void)state;
	for (int i = 0; i < 3; i++) {
		rig_init(&r);
		set_server(&r, "address");
		r.name = table[i].name;
		rig_shake(&r);
		assert_true(slice_eq(facts_of(&r.b).sni,
		    slice_of(table[i].sni)));
		rig_fini(&r);
	}
}

static void
asks_revocation_lists(void **state)
{
	struct rig r;

	(void)state;
	for (int is_revoked = 0; is_revoked < 2; is_revoked++) {
		rig_init(&r);
		set_server(&r, is_revoked ? "revoked" : "ec");
		r.name = is_revoked ? "bob" : "a.example";
		r.c.trust.crl = DATA "ca.crl";
		rig_start(&r);
		if (is_revoked)
			assert_fails(&r.a, TLS_BAD_CERTIFICATE,
			    "certificate revoked");
		else
			assert_true(r.a.conn->connected);
		rig_fini(&r);
	}
}

static void
says_what_is_wrong(void **state)
{
	struct rig r;
	struct tls_client *k;

	(void)state;
	rig_init(&r);
	r.c.trust.ca = DATA "none.pem";
	r.c.files = (struct tls_files){ DATA "ec.pem", DATA "rsa.key", NULL };
	r.c.terms.groups = "FOO";
	k = tls_client_new(r.tls, &r.c, 0, &r.errors, &r.warnings);
	assert_null(k);
	assert_says(&r.errors, "none.pem: No such file");
	assert_says(&r.errors, "ec.pem: the private key does not belong");
	assert_says(&r.errors, "groups: nothing is called \"FOO\"");
	rig_fini(&r);
}

static void
trusts_the_system_by_default(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.c.trust.ca = NULL;
	rig_start(&r);
	assert_fails(&r.a, TLS_BAD_CERTIFICATE, "certificate");
	assert_fails(&r.b, TLS_ALERTED, "unknown CA");
	rig_fini(&r);
}

/* --- sessions */

static void
once(struct rig *r)
{
	rig_part(r);
	rig_shake(r);
	rig_say(r, &r->a, &r->b, "ask");
	rig_say(r, &r->b, &r->a, "answer");
}

static void
resumes(void **state)
{
	struct rig r;

	(void)state;
	for (int is_13 = 0; is_13 < 2; is_13++) {
		rig_init(&r);
		r.c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
		once(&r);
		assert_false(facts_of(&r.a).resumed);
		for (int i = 0; i < 3; i++) {
			once(&r);
			assert_true(facts_of(&r.a).resumed);
			assert_true(facts_of(&r.b).resumed);
			assert_true(facts_of(&r.a).verified);
			assert_string_equal(facts_of(&r.a).version,
			    is_13 ? "TLSv1.3" : "TLSv1.2");
		}
		rig_fini(&r);
	}
}

/* A session is not spoilt by an end without a goodbye, or a reset. */
static void
resumes_after_an_abrupt_end(void **state)
{
	struct rig r;

	(void)state;
	for (int is_13 = 0; is_13 < 2; is_13++) {
		rig_init(&r);
		r.c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
		once(&r);
		wire_fin(r.a.pipe);
		rig_settle(&r);
		assert_int_equal(conn_recv(r.a.conn, (char[4]){ 0 }, 4), -1);
		conn_close(&r.a.conn, true);
		once(&r);
		assert_true(facts_of(&r.a).resumed);
		conn_close(&r.b.conn, true);
		once(&r);
		assert_true(facts_of(&r.a).resumed);
		rig_fini(&r);
	}
}

static void
resumes_nothing_under_another_trust_or_name(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	once(&r);
	r.name = "www.a.example";
	once(&r);
	assert_false(facts_of(&r.a).resumed);
	once(&r);
	assert_true(facts_of(&r.a).resumed);
	/* What was believed blindly is not believed by who looks. */
	tls_client_put(&r.client);
	r.c.insecure = true;
	once(&r);
	assert_false(facts_of(&r.a).resumed);
	tls_client_put(&r.client);
	r.c.insecure = false;
	once(&r);
	assert_false(facts_of(&r.a).resumed);
	/* The same settings again are the same trust. */
	tls_client_put(&r.client);
	once(&r);
	assert_true(facts_of(&r.a).resumed);
	rig_fini(&r);
}

static void
does_not_resume_when_told_not_to(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.c.no_resumption = true;
	once(&r);
	once(&r);
	assert_false(facts_of(&r.a).resumed);
	assert_null(r.slot.session);
	rig_fini(&r);

	rig_init(&r);
	r.s.no_tickets = true;
	once(&r);
	once(&r);
	assert_false(facts_of(&r.a).resumed);
	rig_fini(&r);
}

static void
closes_before_it_is_connected(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_join(&r);
	rig_tls(&r);
	conn_close(&r.a.conn, false);
	conn_close(&r.b.conn, false);
	rig_settle(&r);
	assert_int_equal(r.a.told, 0);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_what_it_may),
		cmocka_unit_test(believes_anybody_when_told_to),
		cmocka_unit_test(sends_the_name_but_no_address),
		cmocka_unit_test(asks_revocation_lists),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(trusts_the_system_by_default),
		cmocka_unit_test(resumes),
		cmocka_unit_test(resumes_after_an_abrupt_end),
		cmocka_unit_test(resumes_nothing_under_another_trust_or_name),
		cmocka_unit_test(does_not_resume_when_told_not_to),
		cmocka_unit_test(closes_before_it_is_connected),
	};

	return cmocka_run_group_tests_name("tls_client", tests, NULL, NULL);
}
