/*
 * test_tls_known.c - certificates whose files stand as they were.
 */
#include "tls_rig.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "net/tls_cert.h"
#include "net/tls_lib.h"

struct place {
	struct tls *tls;
	char cert[64], key[64];
	struct tls_files files;
	int64_t wall;		/* long after they were written */
	struct text errors, warnings;
};

/* Overwrites in place, so that the inode stays. */
static void
put(const char *to, const char *from)
{
	char bytes[8192];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	n = fread(bytes, 1, sizeof(bytes), in);
	assert_true(n > 0 && n < sizeof(bytes));
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	fclose(out);
}

static void
place_init(struct place *p)
{
	struct clock clock;

	*p = (struct place){ .tls = tls_new() };
	assert_true(tls_is_ready(p->tls, NULL));
	snprintf(p->cert, sizeof(p->cert), "/tmp/sy-known-%d.pem",
	    (int)getpid());
	snprintf(p->key, sizeof(p->key), "/tmp/sy-known-%d.key",
	    (int)getpid());
	put(p->cert, DATA "ec.pem");
	put(p->key, DATA "ec.key");
	p->files = (struct tls_files){ p->cert, p->key, NULL };
	clock_read(&clock);
	p->wall = clock.wall + SEC(60);
	text_init(&p->errors);
	text_init(&p->warnings);
}

static void
place_fini(struct place *p)
{
	unlink(p->cert);
	unlink(p->key);
	text_fini(&p->errors);
	text_fini(&p->warnings);
	tls_free(&p->tls);
}

static struct tls_cert *
take(struct place *p)
{
	return tls_cert_read(p->tls, &p->files, p->wall, &p->errors,
	    &p->warnings);
}

static void
parses_once_what_stands(void **state)
{
	struct place p;
	struct tls_cert *a, *b;

	(void)state;
	place_init(&p);
	a = take(&p);
	b = take(&p);
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_equal(a->leaf, b->leaf);
	assert_ptr_equal(a->key, b->key);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->nnames, b->nnames);
	assert_string_equal(a->names[0], b->names[0]);
	/* The first may go: the other stands, and is known too. */
	tls_cert_free(&a);
	a = take(&p);
	assert_ptr_equal(a->leaf, b->leaf);
	tls_cert_free(&a);
	tls_cert_free(&b);
	place_fini(&p);
}

static void
warns_each_time(void **state)
{
	struct place p;
	struct tls_cert *a, *b;

	(void)state;
	place_init(&p);
	assert_int_equal(chmod(p.key, 0644), 0);
	p.wall = SEC(INT64_C(20000000000));
	a = take(&p);
	assert_says(&p.warnings, "read by everybody");
	assert_says(&p.warnings, "has expired");
	text_clear(&p.warnings);
	b = take(&p);
	assert_ptr_equal(a->leaf, b->leaf);
	assert_says(&p.warnings, "read by everybody");
	assert_says(&p.warnings, "has expired");
	tls_cert_free(&a);
	tls_cert_free(&b);
	place_fini(&p);
}

static void
reads_anew_what_was_written(void **state)
{
	struct place p;
	struct tls_cert *a, *b;

	(void)state;
	place_init(&p);
	a = take(&p);
	put(p.cert, DATA "rsa.pem");
	/* The new one, and the old one's key. */
	assert_null(take(&p));
	assert_says(&p.errors, "does not belong");
	put(p.key, DATA "rsa.key");
	b = take(&p);
	assert_non_null(b);
	assert_int_equal(b->kind, TLS_KEY_RSA);
	tls_cert_free(&b);
	unlink(p.key);
	assert_null(take(&p));
	tls_cert_free(&a);
	place_fini(&p);
}

/* It may be written again within what its times can tell apart. */
static void
does_not_know_what_is_fresh(void **state)
{
	struct place p;
	struct tls_cert *a, *b;

	(void)state;
	place_init(&p);
	p.wall -= SEC(60);
	a = take(&p);
	b = take(&p);
	assert_ptr_not_equal(a->leaf, b->leaf);
	p.wall += SEC(60);
	tls_cert_free(&b);
	b = take(&p);
	assert_ptr_not_equal(a->leaf, b->leaf);
	tls_cert_free(&a);
	tls_cert_free(&b);
	place_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_once_what_stands),
		cmocka_unit_test(warns_each_time),
		cmocka_unit_test(reads_anew_what_was_written),
		cmocka_unit_test(does_not_know_what_is_fresh),
	};

	return cmocka_run_group_tests_name("tls_known", tests, NULL, NULL);
}
