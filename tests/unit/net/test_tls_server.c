/*
 * test_tls_server.c - certificates: reading, choosing, replacing, listing.
 */
#include "tls_rig.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <sys/stat.h>

#include "base/mem.h"

static const struct tls_files ec = { DATA "ec.pem", DATA "ec.key", NULL };
static const struct tls_files rsa = { DATA "rsa.pem", DATA "rsa.key", NULL };
static const struct tls_files wild = { DATA "wild.pem", DATA "wild.key", NULL };

static struct tls_server *
make(struct rig *r)
{
	text_clear(&r->errors);
	text_clear(&r->warnings);
	return tls_server_new(r->tls, &r->s, r->tickets, r->loop->clock.wall,
	    &r->errors, &r->warnings);
}

static void
says_what_is_wrong(void **state)
{
	static const struct {
		struct tls_files files;
		const char *error;
	} table[] = {
		{ { DATA "none.pem", NULL, NULL },
		    DATA "none.pem: No such file" },
		{ { DATA "ec.pem", DATA "none.key", NULL },
		    DATA "none.key: No such file" },
		{ { DATA "ec.key", NULL, NULL },
		    "ec.key: no certificate in PEM" },
		{ { DATA "ec.pem", NULL, NULL },
		    "ec.pem: no private key in PEM" },
		{ { DATA "ec.pem", DATA "wild.key", NULL },
		    "ec.pem: the private key does not belong" },
		{ { DATA "ec.pem", DATA "rsa.key", NULL },
		    "ec.pem: the private key does not belong" },
		{ { DATA "ec.pem", DATA "encrypted.key", NULL },
		    "ec.pem: the private key is encrypted" },
		{ { DATA "rsa.pem", DATA "encrypted8.key", NULL },
		    "rsa.pem: the private key is encrypted" },
		{ { DATA "small.pem", DATA "small.key", NULL },
		    "small.pem: cannot be used: ee key too small" },
		{ { "/dev/zero", NULL, NULL }, "/dev/zero: File too large" },
	};
	struct rig r;

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		r.files[0] = table[i].files;
		assert_null(make(&r));
		assert_says(&r.errors, table[i].error);
		assert_int_equal(ERR_peek_error(), 0);
	}
	/* All that is wrong, at once. */
	r.files[0] = table[0].files;
	r.files[1] = table[4].files;
	r.s.nfiles = 2;
	r.s.terms.ciphers = "FOO";
	assert_null(make(&r));
	assert_says(&r.errors, "none.pem");
	assert_says(&r.errors, "does not belong");
	assert_says(&r.errors, "FOO");
	r.s.nfiles = 0;
	assert_null(make(&r));
	assert_says(&r.errors, "there must be one");
	rig_fini(&r);
}

static void
checks_the_terms(void **state)
{
	static const struct {
		struct tls_terms terms;
		const char *error;	/* NULL: fine */
	} table[] = {
		{ { .ciphers = "ECDHE-RSA-AES128-GCM-SHA256:NOTHING" },
		    "ciphers: nothing is called \"NOTHING\"" },
		{ { .ciphers = "HIGH:!aNULL:@STRENGTH" }, NULL },
		{ { .ciphersuites = "TLS_AES_128_GCM_SHA256:TLS_FOO" },
		    "ciphersuites: nothing is called \"TLS_FOO\"" },
		{ { .ciphersuites = "TLS_AES_256_GCM_SHA384" }, NULL },
		{ { .groups = "X25519:P-256" }, NULL },
		{ { .groups = "X25519:P-257" },
		    "groups: nothing is called \"P-257\"" },
		{ { .sigalgs = "ECDSA+SHA256:RSA-PSS+SHA256" }, NULL },
		{ { .sigalgs = "ECDSA+SHA257" },
		    "sigalgs: nothing is called \"ECDSA+SHA257\"" },
		{ { .min = TLS_1_3, .max = TLS_1_2 }, "min_version" },
		{ { .policy = TLS_MODERN, .max = TLS_1_2 }, "min_version" },
		{ { .policy = TLS_MODERN }, NULL },
		{ { .min = TLS_1_2, .max = TLS_1_2 }, NULL },
	};
	struct rig r;

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct tls_server *s;

		r.s.terms = table[i].terms;
		s = make(&r);
		if (table[i].error != NULL) {
			assert_null(s);
			assert_says(&r.errors, table[i].error);
		} else {
			assert_non_null(s);
			assert_int_equal(r.errors.n, 0);
		}
		tls_server_put(&s);
	}
	rig_fini(&r);
}

static void
copy_file(const char *from, const char *to, mode_t mode)
{
	char bytes[8192];
	FILE *f = fopen(from, "rb"), *g = fopen(to, "wb");
	size_t n;

	assert_non_null(f);
	assert_non_null(g);
	n = fread(bytes, 1, sizeof(bytes), f);
	assert_int_equal(fwrite(bytes, 1, n, g), n);
	fclose(f);
	fclose(g);
	assert_int_equal(chmod(to, mode), 0);
}

static void
warns_of_dates_and_modes(void **state)
{
	char dir[] = "/tmp/steelyard-test-XXXXXX", key[64];
	struct rig r;
	struct tls_server *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/key", dir);
	rig_init(&r);
	copy_file(DATA "ec.key", key, 0600);
	r.files[0].key = key;
	s = make(&r);
	assert_int_equal(r.warnings.n, 0);
	tls_server_put(&s);
	assert_int_equal(chmod(key, 0644), 0);
	s = make(&r);
	assert_non_null(s);
	assert_says(&r.warnings, "/key: this key can be read by everybody");
	tls_server_put(&s);
	r.warnings.n = 0;		/* a certificate is no secret */
	copy_file(DATA "ec.pem", key, 0644);
	assert_null(make(&r));
	assert_int_equal(r.warnings.n, 0);
	r.files[0] = (struct tls_files){ DATA "expired.pem",
		DATA "expired.key", NULL };
	s = make(&r);
	assert_non_null(s);
	assert_says(&r.warnings, "expired.pem: the certificate has expired");
	tls_server_put(&s);
	r.files[0] = ec;
	r.loop->clock.wall = SEC(1000);
	s = make(&r);
	assert_says(&r.warnings, "ec.pem: the certificate is not valid yet");
	tls_server_put(&s);
	unlink(key);
	rmdir(dir);
	rig_fini(&r);
}

/* The serial number of what a client was shown; 0: it was refused. */
static const char *
shown(struct rig *r, const char *name, const char *sigalgs, int version)
{
	static char serial[64];
	SSL_CTX *ctx = raw_client();
	struct raw w;
	const X509 *x;
	BIGNUM *n;
	char *hex;

	if (r->server == NULL)
		r->server = make(r);
	assert_non_null(r->server);
	rig_part(r);
	rig_join(r);
	if (sigalgs != NULL)
		assert_int_equal(SSL_CTX_set1_sigalgs_list(ctx, sigalgs), 1);
	SSL_CTX_set_max_proto_version(ctx, version);
	raw_open(&w, r->a.pipe, ctx, false);
	if (name != NULL)
		SSL_set_tlsext_host_name(w.ssl, name);
	r->b.conn = conn_tls_accept(r->b.conn, r->server, NULL, SLICE_NONE);
	serial[0] = '\0';
	if (raw_shake(r, &w) == 1) {
		x = SSL_get0_peer_certificate(w.ssl);
		n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
		hex = BN_bn2hex(n);
		snprintf(serial, sizeof(serial), "%s", hex);
		OPENSSL_free(hex);
		BN_free(n);
	}
	ERR_clear_error();
	raw_close(&w);
	return serial;
}

struct listed {
	char serial[64];
	char all[512];
	unsigned n;
	int64_t ocsp_until;
};

static void
on_cert(void *owner, const struct tls_cert_info *c)
{
	struct listed *l = owner;

	l->n++;
	l->ocsp_until = c->ocsp_until;
	snprintf(l->serial, sizeof(l->serial), "%s", c->serial);
	snprintf(l->all, sizeof(l->all), "%s|%s|%s|%s|%s|%zu|%d", c->path,
	    c->subject, c->issuer, c->names, c->key, strlen(c->fingerprint),
	    c->is_default);
}

static const char *
serial_of(struct rig *r, const struct tls_files *files)
{
	static struct listed l[4];
	static unsigned next;
	struct tls_server_settings s = { .files = files, .nfiles = 1 };
	struct tls_server *one = tls_server_new(r->tls, &s, NULL, 0,
	    &r->errors, &r->warnings);

	assert_non_null(one);
	next = (next + 1) % 4;
	l[next].n = 0;
	tls_server_each_cert(one, on_cert, &l[next]);
	assert_int_equal(l[next].n, 1);
	tls_server_put(&one);
	return l[next].serial;
}

#define ECDSA "ECDSA+SHA256"
#define RSA "RSA-PSS+SHA256:RSA+SHA256"

static void
chooses_by_the_name(void **state)
{
	static const struct {
		const char *name;
		const struct tls_files *files;
	} table[] = {
		{ "a.example", &ec }, { "A.EXAMPLE", &ec },
		{ "www.a.example", &ec }, { "x.wild.example", &wild },
		{ "X.Wild.Example", &wild }, { "wild.example", &wild },
		{ "y.x.wild.example", &ec }, { "unknown.example", &ec },
		{ "common.example", &ec }, { NULL, &ec },
		{ "*.wild.example", &ec },
	};
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[0] = ec;
	r.files[1] = wild;
	r.s.nfiles = 2;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(shown(&r, table[i].name, NULL,
		    i & 1 ? TLS1_2_VERSION : 0), serial_of(&r, table[i].files));
	rig_fini(&r);
}

static void
refuses_unknown_names_when_strict(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.strict_sni = true;
	assert_string_equal(shown(&r, "a.example", NULL, 0),
	    serial_of(&r, &ec));
	assert_string_equal(shown(&r, "unknown.example", NULL, 0), "");
	assert_fails(&(struct side){ .conn = r.b.conn, .told = 1 },
	    TLS_NO_AGREEMENT, "unknown name: unknown.example");
	assert_string_equal(shown(&r, NULL, NULL, 0), "");
	assert_fails(&(struct side){ .conn = r.b.conn, .told = 1 },
	    TLS_NO_AGREEMENT, "none was sent");
	rig_fini(&r);
}

static void
chooses_by_what_the_client_can_check(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[0] = rsa;
	r.files[1] = wild;
	r.files[2] = ec;
	r.s.nfiles = 3;
	for (int i = 0; i < 2; i++) {
		int version = i ? TLS1_2_VERSION : TLS1_3_VERSION;

		assert_string_equal(shown(&r, "a.example", ECDSA, version),
		    serial_of(&r, &ec));
		assert_string_equal(shown(&r, "a.example", RSA, version),
		    serial_of(&r, &rsa));
		assert_string_equal(shown(&r, "a.example", ECDSA ":" RSA,
		    version), serial_of(&r, &ec));
		/* The default is both of them. */
		assert_string_equal(shown(&r, NULL, ECDSA, version),
		    serial_of(&r, &ec));
		assert_string_equal(shown(&r, NULL, RSA, version),
		    serial_of(&r, &rsa));
		/* For this name there is but one. */
		assert_string_equal(shown(&r, "wild.example", RSA, version),
		    "");
	}
	rig_fini(&r);
}

static void
uses_the_common_name_where_there_are_no_others(void **state)
{
	static const struct tls_files plain = { DATA "plain.pem",
		DATA "plain.key", NULL };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[1] = plain;
	r.s.nfiles = 2;
	assert_string_equal(shown(&r, "common.example", NULL, 0),
	    serial_of(&r, &plain));
	rig_fini(&r);
}

static void
reads_key_and_certificate_from_one_file(void **state)
{
	static const struct tls_files both = { DATA "both.pem", NULL, NULL };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[0] = both;
	assert_string_equal(shown(&r, "a.example", NULL, 0),
	    serial_of(&r, &ec));
	rig_fini(&r);
}

static void
lists_its_certificates(void **state)
{
	struct listed l = { .n = 0 };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[1] = rsa;
	r.s.nfiles = 2;
	r.server = make(&r);
	tls_server_each_cert(r.server, on_cert, &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.all, DATA "rsa.pem|CN=a.example|"
	    "CN=authority,O=steelyard tests|a.example www.a.example|RSA 2048|"
	    "64|0");
	r.s.nfiles = 1;
	tls_server_put(&r.server);
	r.server = make(&r);
	tls_server_each_cert(r.server, on_cert, &l);
	assert_non_null(strstr(l.all, "|EC P-256|64|1"));
	rig_fini(&r);
}

static void
counts_days(void **state)
{
	(void)state;
	assert_int_equal(tls_days_left(86400 * 10, 0), 10);
	assert_int_equal(tls_days_left(86400 * 10 - 1, 0), 9);
	assert_int_equal(tls_days_left(0, 0), 0);
	assert_int_equal(tls_days_left(0, SEC(1)), -1);
	assert_int_equal(tls_days_left(0, SEC(86400)), -1);
	assert_int_equal(tls_days_left(0, SEC(86401)), -2);
}

static struct slice
pem(const char *path, char *bytes, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(bytes, 1, size, f);
	fclose(f);
	return slice_make(bytes, n);
}

static void
replaces_a_certificate_while_it_runs(void **state)
{
	char a[8192], b[8192];
	const char *ec_serial, *rsa_serial;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[1] = wild;
	r.s.nfiles = 2;
	ec_serial = serial_of(&r, &ec);
	rsa_serial = serial_of(&r, &rsa);
	rig_shake(&r);
	assert_false(tls_server_replace(r.server, "nothing",
	    pem(DATA "rsa.pem", a, sizeof(a)), pem(DATA "rsa.key", b,
	    sizeof(b)), 0, &r.errors, &r.warnings));
	assert_says(&r.errors, "nothing: there is no such certificate");
	assert_false(tls_server_replace(r.server, DATA "ec.pem",
	    pem(DATA "rsa.pem", a, sizeof(a)), pem(DATA "wild.key", b,
	    sizeof(b)), 0, &r.errors, &r.warnings));
	assert_says(&r.errors, "ec.pem: the private key does not belong");
	/* Nothing has changed, and who stands goes on. */
	rig_say(&r, &r.b, &r.a, "still");
	assert_string_equal(shown(&r, "a.example", NULL, 0), ec_serial);
	text_clear(&r.errors);
	rig_part(&r);
	rig_shake(&r);
	assert_true(tls_server_replace(r.server, DATA "ec.pem",
	    pem(DATA "rsa.pem", a, sizeof(a)), pem(DATA "rsa.key", b,
	    sizeof(b)), r.loop->clock.wall, &r.errors, &r.warnings));
	assert_int_equal(r.errors.n, 0);
	rig_say(&r, &r.b, &r.a, "still");
	assert_string_equal(shown(&r, "a.example", NULL, 0), rsa_serial);
	/* No key of the old kind is left behind. */
	assert_string_equal(shown(&r, "a.example", ECDSA, 0), "");
	assert_string_equal(shown(&r, "wild.example", NULL, 0),
	    serial_of(&r, &wild));
	rig_fini(&r);
}

/* --- stapling */

/* What a client is stapled: the length, or -1. */
static long
stapled(struct rig *r, const char *sigalgs, bool asks)
{
	SSL_CTX *ctx = raw_client();
	const unsigned char *p;
	struct raw w;
	long n;

	rig_part(r);
	rig_join(r);
	if (sigalgs != NULL)
		SSL_CTX_set1_sigalgs_list(ctx, sigalgs);
	raw_open(&w, r->a.pipe, ctx, false);
	if (asks)
		SSL_set_tlsext_status_type(w.ssl, TLSEXT_STATUSTYPE_ocsp);
	r->b.conn = conn_tls_accept(r->b.conn, r->server, NULL, SLICE_NONE);
	assert_int_equal(raw_shake(r, &w), 1);
	n = SSL_get_tlsext_status_ocsp_resp(w.ssl, &p);
	raw_close(&w);
	return n;
}

static void
staples_responses(void **state)
{
	struct listed l = { .n = 0 };
	struct stat st[2];
	struct rig r;

	(void)state;
	rig_init(&r);
	r.files[0] = (struct tls_files){ DATA "ec.pem", DATA "ec.key",
		DATA "ec.der" };
	r.files[1] = (struct tls_files){ DATA "rsa.pem", DATA "rsa.key",
		DATA "rsa.der" };
	r.s.nfiles = 2;
	r.server = make(&r);
	assert_non_null(r.server);
	stat(DATA "ec.der", &st[0]);
	stat(DATA "rsa.der", &st[1]);
	assert_int_equal(stapled(&r, ECDSA, true), st[0].st_size);
	assert_int_equal(stapled(&r, RSA, true), st[1].st_size);
	assert_int_equal(stapled(&r, ECDSA, false), -1);
	tls_server_each_cert(r.server, on_cert, &l);
	assert_true(l.ocsp_until > r.loop->clock.wall / USEC_PER_SEC);
	/* Not past its time. */
	r.loop->clock.wall = SEC(l.ocsp_until + 100000);
	assert_int_equal(stapled(&r, RSA, true), -1);
	rig_fini(&r);
}

static void
does_not_staple_what_is_unusable(void **state)
{
	static const struct {
		const char *name, *ocsp, *warning;
		int64_t wall;
	} table[] = {
		{ "ec", DATA "none.der", "No such file", 0 },
		{ "ec", DATA "ec.pem", "not an OCSP response", 0 },
		{ "ec", DATA "rsa.der", "not about this certificate", 0 },
		{ "self", DATA "ec.der", "not about this certificate", 0 },
		{ "revoked", DATA "revoked.der", "revoked", 0 },
		{ "ec", DATA "ec.der", "is not valid yet", 1000000 },
		{ "ec", DATA "ec.der", "has expired", INT64_C(9000000000) },
	};
	char cert[64], key[64];
	struct tls_server *s;
	struct rig r;

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(cert, sizeof(cert), DATA "%s.pem", table[i].name);
		snprintf(key, sizeof(key), DATA "%s.key", table[i].name);
		r.files[0] = (struct tls_files){ cert, key, table[i].ocsp };
		if (table[i].wall != 0)
			r.loop->clock.wall = SEC(table[i].wall);
		s = make(&r);
		assert_non_null(s);
		assert_says(&r.warnings, table[i].warning);
		assert_says(&r.warnings, table[i].ocsp);
		tls_server_put(&s);
	}
	rig_fini(&r);
}

static void
reads_responses_again(void **state)
{
	char dir[] = "/tmp/steelyard-test-XXXXXX", der[64];
	struct rig r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(der, sizeof(der), "%s/der", dir);
	rig_init(&r);
	r.files[0].ocsp = der;
	r.server = make(&r);
	assert_says(&r.warnings, "No such file");
	assert_int_equal(stapled(&r, NULL, true), -1);
	copy_file(DATA "ec.der", der, 0644);
	text_clear(&r.warnings);
	tls_server_refresh_ocsp(r.server, r.loop->clock.wall, &r.warnings);
	assert_int_equal(r.warnings.n, 0);
	assert_true(stapled(&r, NULL, true) > 100);
	copy_file(DATA "rsa.der", der, 0644);
	tls_server_refresh_ocsp(r.server, r.loop->clock.wall, &r.warnings);
	assert_says(&r.warnings, "not about this certificate");
	assert_int_equal(stapled(&r, NULL, true), -1);
	unlink(der);
	rmdir(dir);
	rig_fini(&r);
}

/* --- certificates of clients */

static void
set_verify(struct rig *r, enum tls_verify verify, const char *name)
{
	static char cert[64], key[64];

	rig_init(r);
	r->s.verify = verify;
	r->s.trust.ca = DATA "ca.pem";
	if (name == NULL)
		return;
	snprintf(cert, sizeof(cert), DATA "%s.pem", name);
	snprintf(key, sizeof(key), DATA "%s.key", name);
	r->c.files = (struct tls_files){ cert, key, NULL };
}

static void
tells_who_the_client_is(void **state)
{
	struct tls_peer p;
	struct arena a;
	struct rig r;

	(void)state;
	arena_init(&a, NULL);
	for (int i = 0; i < 3; i++) {
		set_verify(&r, i < 2 ? TLS_VERIFY_REQUIRED :
		    TLS_VERIFY_OPTIONAL, "client");
		r.c.terms.max = i == 0 ? TLS_1_2 : TLS_1_3;
		rig_shake(&r);
		assert_true(facts_of(&r.b).verified);
		assert_true(conn_peer(r.b.conn, &a, &p));
		assert_true(slice_eq(p.subject, SLICE("CN=alice,O=clients")));
		assert_true(slice_eq(p.issuer,
		    SLICE("CN=authority,O=steelyard tests")));
		assert_true(slice_eq(p.names, SLICE("email:alice@a.example")));
		assert_int_equal(p.fingerprint.n, 64);
		assert_true(p.serial.n > 8);
		assert_int_equal(p.not_before, 1577836800);
		assert_true(p.not_after > p.not_before);
		assert_false(conn_peer(r.a.conn, &a, &p));
		/* And still after a resumption. */
		rig_say(&r, &r.b, &r.a, "tickets");
		rig_part(&r);
		rig_shake(&r);
		assert_true(facts_of(&r.b).resumed);
		assert_true(facts_of(&r.b).verified);
		assert_true(conn_peer(r.b.conn, &a, &p));
		assert_true(slice_eq(p.subject, SLICE("CN=alice,O=clients")));
		rig_fini(&r);
	}
	arena_reset(&a);
}

static void
does_without_a_client_certificate_when_optional(void **state)
{
	struct tls_peer p;
	struct arena a;
	struct rig r;

	(void)state;
	arena_init(&a, NULL);
	set_verify(&r, TLS_VERIFY_OPTIONAL, NULL);
	rig_shake(&r);
	assert_false(facts_of(&r.b).verified);
	assert_false(conn_peer(r.b.conn, &a, &p));
	rig_fini(&r);
	arena_reset(&a);
}

static void
refuses_bad_clients(void **state)
{
	static const struct {
		enum tls_verify verify;
		const char *name, *crl, *reason;
	} table[] = {
		{ TLS_VERIFY_REQUIRED, NULL, NULL,
		    "peer did not return a certificate" },
		{ TLS_VERIFY_REQUIRED, "stranger", NULL, "certificate" },
		{ TLS_VERIFY_OPTIONAL, "stranger", NULL, "certificate" },
		{ TLS_VERIFY_REQUIRED, "expired", NULL,
		    "certificate has expired" },
		{ TLS_VERIFY_REQUIRED, "revoked", DATA "ca.crl",
		    "certificate revoked" },
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (int is_13 = 0; is_13 < 2; is_13++) {
			set_verify(&r, table[i].verify, table[i].name);
			r.s.trust.crl = table[i].crl;
			r.c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
			rig_start(&r);
			rig_wait(&r);
			assert_fails(&r.b, TLS_BAD_CERTIFICATE,
			    table[i].reason);
			rig_fini(&r);
		}
	set_verify(&r, TLS_VERIFY_REQUIRED, "client");
	r.s.trust.crl = DATA "ca.crl";
	rig_shake(&r);
	rig_fini(&r);
}

static void
checks_what_clients_are_held_against(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.s.verify = TLS_VERIFY_REQUIRED;
	assert_null(make(&r));
	assert_says(&r.errors, "verify: needs a file of authorities");
	r.s.trust.ca = DATA "none.pem";
	assert_null(make(&r));
	assert_says(&r.errors, "none.pem: No such file");
	r.s.trust.ca = DATA "ec.key";
	assert_null(make(&r));
	assert_says(&r.errors, "ec.key: no certificates to trust");
	r.s.trust.ca = DATA "ca.pem";
	r.s.trust.crl = DATA "ca.pem";
	assert_null(make(&r));
	assert_says(&r.errors, "ca.pem: no revocation list in PEM");
	rig_fini(&r);
}

/* A client is not asked, and what it would say is not read. */
static void
asks_no_client_by_default(void **state)
{
	struct rig r;

	(void)state;
	set_verify(&r, TLS_VERIFY_OFF, "stranger");
	rig_shake(&r);
	assert_false(facts_of(&r.b).verified);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(checks_the_terms),
		cmocka_unit_test(warns_of_dates_and_modes),
		cmocka_unit_test(chooses_by_the_name),
		cmocka_unit_test(refuses_unknown_names_when_strict),
		cmocka_unit_test(chooses_by_what_the_client_can_check),
		cmocka_unit_test(uses_the_common_name_where_there_are_no_others),
		cmocka_unit_test(reads_key_and_certificate_from_one_file),
		cmocka_unit_test(lists_its_certificates),
		cmocka_unit_test(counts_days),
		cmocka_unit_test(replaces_a_certificate_while_it_runs),
		cmocka_unit_test(staples_responses),
		cmocka_unit_test(does_not_staple_what_is_unusable),
		cmocka_unit_test(reads_responses_again),
		cmocka_unit_test(tells_who_the_client_is),
		cmocka_unit_test(does_without_a_client_certificate_when_optional),
		cmocka_unit_test(refuses_bad_clients),
		cmocka_unit_test(checks_what_clients_are_held_against),
		cmocka_unit_test(asks_no_client_by_default),
	};

	return cmocka_run_group_tests_name("tls_server", tests, NULL, NULL);
}
