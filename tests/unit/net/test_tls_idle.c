/*
 * test_tls_idle.c - what a TLS connection costs that has nothing to do, and
 * what many certificates cost.
 */
#include "tls_rig.h"

#include <malloc.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "net/tls_cert.h"
#include "net/tls_lib.h"

#define MANY 50

/* The sanitizer's malloc does not count. */
static bool
counts(void)
{
	size_t before = mallinfo2().uordblks;
	void *p = malloc(100000);
	bool ok = p != NULL && mallinfo2().uordblks > before;

	free(p);
	return ok;
}

/* Bytes that one side's conns hold: what closing all of them frees. */
static size_t
cost_of(struct rig *r, struct side *sides, size_t other)
{
	size_t before = mallinfo2().uordblks, after;

	for (int i = 0; i < MANY; i++)
		conn_close(&sides[i].conn, true);
	loop_tick(r->loop, 0);
	after = mallinfo2().uordblks;
	return before > after ? (before - after) / MANY - other : 0;
}

static void
measure(enum tls_version version, size_t most)
{
	static struct side a[MANY], b[MANY];
	struct rig r;
	size_t cost;

	rig_init(&r);
	r.c.terms.max = version;
	for (int i = 0; i < MANY; i++) {
		rig_shake(&r);
		rig_say(&r, &r.a, &r.b, "a request");
		rig_say(&r, &r.b, &r.a, "an answer");
		a[i] = r.a;
		b[i] = r.b;
	}
	assert_int_equal(r.tls->pages.nused, 0);
	cost = cost_of(&r, b, 0);
	print_message("# an idle TLS conn of a server: %zu bytes\n", cost);
	assert_in_range(cost, 1, most);
	cost = cost_of(&r, a, 0);
	print_message("# an idle TLS conn of a client: %zu bytes\n", cost);
	assert_in_range(cost, 1, most);
	r.a = a[MANY - 1];
	r.b = b[MANY - 1];
	for (int i = 0; i < MANY - 1; i++) {
		struct rig one = { .loop = r.loop, .a = a[i], .b = b[i] };

		rig_part(&one);
	}
	rig_fini(&r);
}

static void
costs_little_while_idle(void **state)
{
	(void)state;
	if (!counts())
		skip();
	measure(TLS_1_3, 4500);
	measure(TLS_1_2, 4500);
}

/* --- many certificates */

#define CERTS 1000

static char dir[] = "/tmp/steelyard-test-XXXXXX";

static char *
path_of(int i)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%d.pem", dir, i);
	return mem_string(path);
}

/* A certificate of its own for "<i>.example"; all have one key. */
static void
write_cert(int i, const char *path, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");
	X509 *x = X509_new();
	X509_EXTENSION *e;
	char names[64];

	snprintf(names, sizeof(names), "DNS:%d.example,DNS:*.%d.example", i, i);
	assert_non_null(f);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), i + 1);
	X509_time_adj_ex(X509_getm_notBefore(x), -1, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(x), 3650, 0, NULL);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_ASC, (const unsigned char *)names, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	PEM_write_X509(f, x);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
}

static struct tls_files many[CERTS];

static int
write_certs(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	if (mkdtemp(dir) == NULL || key == NULL)
		return -1;
	for (int i = 0; i < CERTS; i++) {
		many[i].cert = path_of(i);
		write_cert(i, many[i].cert, key);
	}
	EVP_PKEY_free(key);
	return 0;
}

static int
remove_certs(void **state)
{
	(void)state;
	for (int i = 0; i < CERTS; i++) {
		unlink(many[i].cert);
		free((void *)(uintptr_t)many[i].cert);
	}
	return rmdir(dir);
}

static int64_t
now(void)
{
	struct timespec t;

	/* Of the processor, which others use too. */
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return SEC(t.tv_sec) + t.tv_nsec / 1000;
}

/* Makes a server of the first n certificates; how long it took. */
static int64_t
load(struct rig *r, size_t n)
{
	int64_t begun = now();

	tls_server_put(&r->server);
	r->s.files = many;
	r->s.nfiles = n;
	r->server = tls_server_new(r->tls, &r->s, r->tickets,
	    r->loop->clock.wall, &r->errors, &r->warnings);
	assert_non_null(r->server);
	return now() - begun;
}

/* Handshakes with one of n certificates: microseconds each, both sides. */
static int64_t
shake(struct rig *r, int n)
{
	char name[64];
	int64_t begun = now();

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), i & 1 ? "x.%d.example" :
		    "%d.example", (i * 37) % n);
		r->name = name;
		rig_part(r);
		rig_shake(r);
		assert_true(slice_eq(facts_of(&r->b).sni, slice_of(name)));
	}
	return (now() - begun) / 100;
}

static void
serves_a_thousand_certificates(void **state)
{
	size_t before = mallinfo2().uordblks, size;
	int64_t part = 0, took = 0, one, all;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.c.no_resumption = true;
	r.files[0] = many[0];
	r.c.trust.ca = many[0].cert;
	one = shake(&r, 1);
	rig_part(&r);
	tls_client_put(&r.client);
	/*
	 * Ten times as many take ten times as long, and not a hundred; in one
	 * look of a few, for a machine is not always as fast.
	 */
	for (int i = 0; i < 4; i++) {
		part = load(&r, CERTS / 10);
		took = load(&r, CERTS);
		if (took < 30 * part)
			break;
	}
	assert_true(took < 30 * part);
	size = mallinfo2().uordblks - before;
	/* One that is trusted, among all; then any. */
	r.name = "0.example";
	rig_shake(&r);
	assert_true(facts_of(&r.a).verified);
	r.c.insecure = true;
	tls_client_put(&r.client);
	all = shake(&r, CERTS);
	print_message("# %d certificates: %lld ms, %zu KB; a handshake with "
	    "one %lld us, with all %lld us\n", CERTS,
	    (long long)(took / USEC_PER_MS), size / 1024, (long long)one,
	    (long long)all);
	if (counts())
		assert_true(size < (size_t)CERTS * 16384);
	rig_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_little_while_idle),
		cmocka_unit_test_setup_teardown(serves_a_thousand_certificates,
		    write_certs, remove_certs),
	};

	return cmocka_run_group_tests_name("tls_idle", tests, NULL, NULL);
}
