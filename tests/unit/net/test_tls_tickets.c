/*
 * test_tls_tickets.c - keys of tickets: across reloads, machines and time; and
 * sessions kept by a server.
 */
#include "tls_rig.h"

#include <sys/stat.h>

static void
once(struct rig *r)
{
	rig_part(r);
	rig_shake(r);
	rig_say(r, &r->b, &r->a, "answer");
}

static bool
resumes(struct rig *r)
{
	once(r);
	return facts_of(&r->b).resumed;
}

static void
outlive_a_reload(void **state)
{
	struct rig r;

	(void)state;
	for (int is_13 = 0; is_13 < 2; is_13++) {
		rig_init(&r);
		r.c.terms.max = is_13 ? TLS_1_3 : TLS_1_2;
		once(&r);
		tls_server_put(&r.server);
		assert_true(resumes(&r));
		tls_server_put(&r.server);
		tls_tickets_free(&r.tickets);
		r.tickets = tls_tickets_new(&r.loop->clock);
		assert_false(resumes(&r));
		rig_fini(&r);
	}
}

static void
do_not_outlive_another_trust_of_clients(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	once(&r);
	tls_server_put(&r.server);
	r.s.verify = TLS_VERIFY_OPTIONAL;
	r.s.trust.ca = DATA "ca.pem";
	assert_false(resumes(&r));
	assert_true(resumes(&r));
	tls_server_put(&r.server);
	r.s.trust.ca = DATA "other-ca.pem";
	assert_false(resumes(&r));
	rig_fini(&r);
}

static void
change_their_keys_by_themselves(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	tls_tickets_set(r.tickets, SEC(100), SEC(200));
	once(&r);
	loop_advance(r.loop, r.loop->clock.now + SEC(90));
	assert_true(resumes(&r));
	/* A new key seals; the old one still opens. */
	loop_advance(r.loop, r.loop->clock.now + SEC(90));
	assert_true(resumes(&r));
	/* Each resumption brought a ticket of the newest key. */
	loop_advance(r.loop, r.loop->clock.now + SEC(190));
	assert_true(resumes(&r));
	loop_advance(r.loop, r.loop->clock.now + SEC(400));
	assert_false(resumes(&r));
	rig_fini(&r);
}

static void
find_a_place_for_all_keys_that_may_open(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	tls_tickets_set(r.tickets, 1, SEC(100));
	once(&r);
	for (int i = 0; i < 9; i++) {
		loop_advance(r.loop, r.loop->clock.now + SEC(10));
		/* Others, so that keys change. */
		struct tls_session_slot kept = r.slot;

		r.slot = (struct tls_session_slot){ .session = NULL };
		once(&r);
		rig_part(&r);
		tls_session_slot_fini(&r.slot);
		r.slot = kept;
	}
	assert_true(resumes(&r));
	rig_fini(&r);
}

static char dir[] = "/tmp/steelyard-test-XXXXXX";

static const char *
key_file(const char *name, size_t n, char first)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fputc(first + (char)i, f);
	fclose(f);
	chmod(path, 0600);
	return path;
}

static bool
load(struct rig *r, const char *path)
{
	text_clear(&r->errors);
	return tls_tickets_load(r->tickets, path, &r->errors, &r->warnings);
}

/* Another machine: nothing is shared but the file. */
static void
anew(struct rig *r)
{
	tls_server_put(&r->server);
	tls_tickets_free(&r->tickets);
	r->tickets = tls_tickets_new(&r->loop->clock);
}

static void
are_shared_by_a_file(void **state)
{
	static const size_t sizes[] = { 80, 48, 160, 96 };
	struct rig r;

	(void)state;
	for (int i = 0; i < 8; i++) {
		rig_init(&r);
		r.c.terms.max = i & 1 ? TLS_1_3 : TLS_1_2;
		assert_true(load(&r, key_file("keys", sizes[i / 2], 1)));
		assert_int_equal(r.warnings.n, 0);
		once(&r);
		assert_true(resumes(&r));
		rig_part(&r);
		anew(&r);
		assert_true(load(&r, key_file("keys", sizes[i / 2], 1)));
		assert_true(resumes(&r));
		rig_part(&r);
		anew(&r);
		assert_true(load(&r, key_file("keys", sizes[i / 2], 7)));
		assert_false(resumes(&r));
		rig_fini(&r);
	}
}

/* The first key seals, the others open: how operators change them. */
static void
open_with_any_key_of_the_file(void **state)
{
	const char *path;
	struct rig r;
	FILE *f;

	(void)state;
	rig_init(&r);
	assert_true(load(&r, key_file("keys", 80, 9)));
	once(&r);
	path = key_file("keys", 80, 33);
	f = fopen(path, "ab");
	for (int i = 0; i < 80; i++)
		fputc(9 + i, f);
	fclose(f);
	assert_true(load(&r, path));
	assert_true(resumes(&r));
	/* Only the new one is left: the ticket was renewed. */
	assert_true(load(&r, key_file("keys", 80, 33)));
	assert_true(resumes(&r));
	/* Back to keys of our own. */
	assert_true(load(&r, NULL));
	assert_false(resumes(&r));
	assert_true(resumes(&r));
	rig_fini(&r);
}

static void
refuse_a_file_that_is_none(void **state)
{
	static const size_t sizes[] = { 0, 1, 47, 49, 79, 81, 128, 80 * 17,
	    48 * 6 };
	const char *path;
	struct rig r;

	(void)state;
	rig_init(&r);
	assert_true(load(&r, key_file("keys", 80, 9)));
	once(&r);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_false(load(&r, key_file("bad", sizes[i], 1)));
		assert_says(&r.errors, "it must hold keys of 80 bytes");
	}
	assert_false(load(&r, "/nowhere/keys"));
	assert_says(&r.errors, "/nowhere/keys: No such file");
	/* Nothing has changed. */
	assert_true(resumes(&r));
	path = key_file("keys", 80, 9);
	chmod(path, 0644);
	assert_true(load(&r, path));
	assert_says(&r.warnings, "this key can be read by everybody");
	rig_fini(&r);
}

static void
resume_by_session_id_without_tickets(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.c.terms.max = TLS_1_2;
	r.s.no_tickets = true;
	once(&r);
	assert_true(resumes(&r));
	conn_close(&r.b.conn, true);
	assert_true(resumes(&r));
	rig_fini(&r);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
teardown(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/keys", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/bad", dir);
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outlive_a_reload),
		cmocka_unit_test(do_not_outlive_another_trust_of_clients),
		cmocka_unit_test(change_their_keys_by_themselves),
		cmocka_unit_test(find_a_place_for_all_keys_that_may_open),
		cmocka_unit_test(are_shared_by_a_file),
		cmocka_unit_test(open_with_any_key_of_the_file),
		cmocka_unit_test(refuse_a_file_that_is_none),
		cmocka_unit_test(resume_by_session_id_without_tickets),
	};

	return cmocka_run_group_tests_name("tls_tickets", tests, setup,
	    teardown);
}
