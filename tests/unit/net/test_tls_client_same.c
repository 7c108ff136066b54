/*
 * test_tls_client_same.c - a name of its own for the certificate, and which
 * settings make the same connections.
 */
#include "tls_rig.h"

static void
holds_the_certificate_against_the_name_it_was_told(void **state)
{
	static const struct {
		const char *name, *verify_name, *sni, *reason;
	} table[] = {
		{ "other.example", "a.example", "other.example", NULL },
		{ "", "a.example", "", NULL },
		{ NULL, "www.a.example", "", NULL },
		{ "127.0.0.1", "a.example", "", NULL },
		{ "a.example", "b.example", NULL, "not for \"b.example\"" },
		{ "a.example", "127.0.0.1", NULL, "not for \"127.0.0.1\"" },
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		rig_init(&r);
		r.name = table[i].name;
		r.c.verify_name = table[i].verify_name;
		rig_start(&r);
		rig_wait(&r);
		if (table[i].reason != NULL) {
			assert_fails(&r.a, TLS_BAD_CERTIFICATE,
			    table[i].reason);
		} else {
			assert_true(r.a.conn->connected);
			assert_true(facts_of(&r.a).verified);
			assert_true(slice_eq(facts_of(&r.b).sni,
			    slice_of(table[i].sni)));
		}
		rig_fini(&r);
	}
}

static struct tls_client *
make(struct rig *r, const struct tls_client_settings *s)
{
	struct tls_client *k = tls_client_new(r->tls, s, 0, &r->errors,
	    &r->warnings);

	assert_non_null(k);
	return k;
}

/* By hand: a byte of the struct more or less must not decide. */
static void
change(struct tls_client_settings *s, unsigned what)
{
	static const char *const other[] = { "h2" };

	switch (what) {
	case 0: s->insecure = true; break;
	case 1: s->trust.ca = DATA "other-ca.pem"; break;
	case 2: s->trust.depth = 3; break;
	case 3: s->terms.policy = TLS_MODERN; break;
	case 4: s->terms.max = TLS_1_2; break;
	case 5: s->terms.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"; break;
	case 6: s->terms.ciphersuites = "TLS_AES_256_GCM_SHA384"; break;
	case 7: s->terms.groups = "P-256"; break;
	case 8: s->terms.sigalgs = "ECDSA+SHA256"; break;
	case 9: s->terms.no_ktls = true; break;
	case 10: s->files.cert = DATA "both.pem"; break;
	case 11: s->verify_name = "a.example"; break;
	case 12: s->no_resumption = true; break;
	case 13: s->trust.crl = DATA "ca.crl"; break;
	case 14: s->alpn = other; s->nalpn = 1; break;
	default: fail();
	}
}

static void
tells_settings_apart(void **state)
{
	struct tls_client *first, *second;
	struct tls_client_settings s;
	struct rig r;

	(void)state;
	rig_init(&r);
	first = make(&r, &r.c);
	second = make(&r, &r.c);
	assert_true(tls_client_same(first, first));
	assert_true(tls_client_same(first, second));
	assert_true(tls_client_same(NULL, NULL));
	assert_false(tls_client_same(first, NULL));
	assert_false(tls_client_same(NULL, first));
	tls_client_put(&second);
	for (unsigned i = 0; i < 15; i++) {
		s = r.c;
		change(&s, i);
		second = make(&r, &s);
		if (tls_client_same(first, second))
			fail_msg("change %u is not seen", i);
		tls_client_put(&second);
	}
	tls_client_put(&first);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    holds_the_certificate_against_the_name_it_was_told),
		cmocka_unit_test(tells_settings_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
