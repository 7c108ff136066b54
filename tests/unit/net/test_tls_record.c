/*
 * test_tls_record.c - sealing and opening, against RFC 8448 and ourselves.
 */
#include "tls_rig.h"

#include "net/tls_record.h"

/* RFC 8448 3: the traffic secrets of its first connection. */
static const char client_secret[] =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
static const char server_secret[] =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
/* ... and what its client sends: 50 bytes, 0 to 49. */
static const char client_record[] = "1703030043a23f7054b62c94d0affafe8228ba55"
    "cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2"
    "977014bd1e3deae63aeebb21694915e4";

static size_t
unhex(const char *s, uint8_t *out)
{
	size_t n = strlen(s) / 2;
	unsigned v;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sscanf(s + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

static struct tls_suite
suite_of(enum tls_aead aead, bool is_13)
{
	return (struct tls_suite){ .aead = aead,
	    .hash = aead == TLS_AES256_GCM ? TLS_SHA384 : TLS_SHA256,
	    .is_13 = is_13, .key_n = aead == TLS_AES128_GCM ? 16 : 32,
	    .explicit_nonce = !is_13 && aead != TLS_CHACHA20 };
}

/* Two ends that speak with each other. */
struct ends {
	struct tls *tls;
	struct tls_records *a, *b;
};

static void
ends_init(struct ends *e, enum tls_aead aead, bool is_13)
{
	struct tls_suite suite = suite_of(aead, is_13);
	uint8_t one[48], two[48];

	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	e->tls = tls_new();
	assert_true(tls_is_ready(e->tls, NULL));
	if (is_13) {
		e->a = tls_records_new13(e->tls, &suite, one, two);
		e->b = tls_records_new13(e->tls, &suite, two, one);
	} else {
		e->a = tls_records_new12(e->tls, &suite, one, two, one, true);
		e->b = tls_records_new12(e->tls, &suite, one, two, one, false);
	}
	assert_non_null(e->a);
	assert_non_null(e->b);
}

static void
ends_fini(struct ends *e)
{
	tls_records_free(&e->a);
	tls_records_free(&e->b);
	tls_free(&e->tls);
}

static void
agrees_with_rfc_8448(void **state)
{
	struct tls_suite suite = suite_of(TLS_AES128_GCM, true);
	uint8_t in[48], out[48], record[100], made[100], plain[64], *at;
	struct tls *tls = tls_new();
	struct tls_records *r;
	enum tls_type type;
	size_t n;

	(void)state;
	assert_true(tls_is_ready(tls, NULL));
	unhex(client_secret, in);
	unhex(server_secret, out);
	r = tls_records_new13(tls, &suite, in, out);
	n = unhex(client_record, record);
	assert_int_equal(tls_record_length(r, record, n), n);
	assert_int_equal(tls_open(r, record, n, plain, sizeof(plain), &at,
	    &type), 50);
	assert_ptr_equal(at, plain);
	assert_int_equal(type, TLS_APPLICATION);
	for (int i = 0; i < 50; i++)
		assert_int_equal(plain[i], i);
	tls_records_free(&r);
	r = tls_records_new13(tls, &suite, out, in);
	unhex(client_record, record);
	assert_int_equal(tls_seal_bytes(r, TLS_APPLICATION, plain, 50, made),
	    n);
	assert_memory_equal(made, record, n);
	tls_records_free(&r);
	tls_free(&tls);
}

static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 2047, 2048, 2049, 5000,
    16383, 16384 };

/* Each cipher, each size, each amount of room, in pieces. */
static void
opens_what_it_seals(void **state)
{
	static uint8_t text[16384], record[17000], to[17000];
	struct ends e;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 11);
	for (int k = 0; k < 2 * TLS_AEADS; k++) {
		ends_init(&e, (enum tls_aead)(k / 2), k & 1);
		for (size_t i = 0; i < 3 * sizeof(sizes) / sizeof(sizes[0]);
		    i++) {
			size_t size = sizes[i / 3], cut = size / 3, n;
			size_t room = i % 3 == 0 ? size : i % 3 == 1 ?
			    size + 64 : size > 7 ? size - 7 : 0;
			struct iovec v[3] = { { text, cut }, { NULL, 0 },
				{ text + cut, size - cut } };
			struct tls_pieces from = { v, 0 };
			enum tls_type type;
			uint8_t *at;

			n = tls_seal(e.a, TLS_APPLICATION, &from, size, record);
			assert_true(n > size && n <= size + TLS_OVERHEAD);
			assert_int_equal(tls_record_length(e.b, record, n), n);
			assert_int_equal(tls_open(e.b, record, n, to, room,
			    &at, &type), size);
			assert_int_equal(type, TLS_APPLICATION);
			if (size <= room)
				assert_ptr_equal(at, to);
			assert_memory_equal(at, text, size);
		}
		ends_fini(&e);
	}
}

static void
refuses_a_record_that_was_touched(void **state)
{
	uint8_t record[200], copy[200], to[200], *at;
	struct ends e;
	enum tls_type type;
	size_t n;

	(void)state;
	for (int k = 0; k < 2 * TLS_AEADS; k++) {
		ends_init(&e, (enum tls_aead)(k / 2), k & 1);
		n = tls_seal_bytes(e.a, TLS_APPLICATION, "hello, world", 12,
		    record);
		for (size_t i = 5; i < n; i++) {
			memcpy(copy, record, n);
			copy[i] ^= 1;
			assert_int_equal(tls_open(e.b, copy, n, to,
			    sizeof(to), &at, &type), -TLS_BAD_RECORD_MAC);
		}
		/* The next one in its place is none either. */
		memcpy(copy, record, n);
		assert_int_equal(tls_open(e.b, copy, n, to, sizeof(to), &at,
		    &type), 12);
		memcpy(copy, record, n);
		assert_int_equal(tls_open(e.b, copy, n, to, sizeof(to), &at,
		    &type), -TLS_BAD_RECORD_MAC);
		ends_fini(&e);
	}
}

static void
measures_records(void **state)
{
	static const struct {
		bool is_13;
		uint8_t header[5];
		ssize_t length;
	} table[] = {
		{ true, { 23, 3, 3, 0, 17 }, 22 },
		{ true, { 23, 3, 3, 0, 16 }, -TLS_BAD_RECORD_MAC },
		{ true, { 23, 3, 3, 0x41, 0 }, 16645 },
		{ true, { 23, 3, 3, 0x41, 1 }, -TLS_RECORD_OVERFLOW },
		{ true, { 22, 3, 3, 0, 17 }, -TLS_UNEXPECTED_MESSAGE },
		{ true, { 20, 3, 3, 0, 17 }, -TLS_UNEXPECTED_MESSAGE },
		{ true, { 23, 2, 3, 0, 17 }, -TLS_UNEXPECTED_MESSAGE },
		{ false, { 21, 3, 3, 0, 26 }, 31 },
		{ false, { 22, 3, 3, 0, 24 }, 29 },
		{ false, { 23, 3, 3, 0, 23 }, -TLS_BAD_RECORD_MAC },
		{ false, { 24, 3, 3, 0, 26 }, -TLS_UNEXPECTED_MESSAGE },
		{ false, { 19, 3, 3, 0, 26 }, -TLS_UNEXPECTED_MESSAGE },
	};
	struct ends e[2];

	(void)state;
	ends_init(&e[0], TLS_AES128_GCM, false);
	ends_init(&e[1], TLS_AES128_GCM, true);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct tls_records *r = e[table[i].is_13].a;

		assert_int_equal(tls_record_length(r, table[i].header, 5),
		    table[i].length);
		for (size_t n = 0; n < 5; n++)
			assert_int_equal(tls_record_length(r, table[i].header,
			    n), 0);
	}
	ends_fini(&e[0]);
	ends_fini(&e[1]);
}

/* Seals any inner bytes: as data, with the last of them taken for the type. */
static size_t
seal_inner(struct ends *e, const uint8_t *inner, size_t n, uint8_t *record)
{
	return tls_seal_bytes(e->a, (enum tls_type)inner[n - 1], inner, n - 1,
	    record);
}

static void
strips_padding(void **state)
{
	uint8_t inner[300], record[400], to[300], *at;
	struct ends e;
	enum tls_type type;
	size_t n;

	(void)state;
	ends_init(&e, TLS_AES128_GCM, true);
	for (size_t pad = 1; pad < 200; pad += 33)
		for (size_t room = 0; room <= 220; room += 20) {
			memset(inner, 0, sizeof(inner));
			memcpy(inner, "data", 4);
			inner[4] = TLS_APPLICATION;
			n = seal_inner(&e, inner, 5 + pad, record);
			assert_int_equal(tls_open(e.b, record, n, to, room,
			    &at, &type), 4);
			assert_int_equal(type, TLS_APPLICATION);
			assert_memory_equal(at, "data", 4);
		}
	/* Nothing but padding has no type. */
	memset(inner, 0, sizeof(inner));
	n = seal_inner(&e, inner, 30, record);
	assert_int_equal(tls_open(e.b, record, n, to, sizeof(to), &at, &type),
	    -TLS_UNEXPECTED_MESSAGE);
	ends_fini(&e);
}

static void
refuses_more_plaintext_than_a_record_may_have(void **state)
{
	static uint8_t inner[17000], record[17400], to[17400];
	struct ends e;
	enum tls_type type;
	uint8_t *at;
	size_t n;

	(void)state;
	ends_init(&e, TLS_AES128_GCM, true);
	memset(inner, 'x', sizeof(inner));
	n = tls_seal_bytes(e.a, TLS_APPLICATION, inner, 16385, record);
	assert_int_equal(tls_open(e.b, record, n, to, sizeof(to), &at, &type),
	    -TLS_RECORD_OVERFLOW);
	ends_fini(&e);
}

static void
changes_keys(void **state)
{
	uint8_t record[100], to[100], *at;
	struct ends e;
	enum tls_type type;
	size_t n;

	(void)state;
	for (int k = 0; k < TLS_AEADS; k++) {
		ends_init(&e, (enum tls_aead)k, true);
		for (int i = 0; i < 3; i++) {
			assert_true(tls_records_update(e.a, true));
			n = tls_seal_bytes(e.a, TLS_APPLICATION, "new", 3,
			    record);
			assert_true(tls_records_update(e.b, false));
			assert_int_equal(tls_open(e.b, record, n, to,
			    sizeof(to), &at, &type), 3);
			n = tls_seal_bytes(e.b, TLS_APPLICATION, "back", 4,
			    record);
			assert_int_equal(tls_open(e.a, record, n, to,
			    sizeof(to), &at, &type), 4);
		}
		ends_fini(&e);
	}
}

static void
wears_out_its_keys(void **state)
{
	struct ends e;

	(void)state;
	ends_init(&e, TLS_AES128_GCM, true);
	e.a->out.seq = (UINT64_C(1) << 23) - 1;
	assert_false(tls_records_are_worn(e.a));
	e.a->out.seq++;
	assert_true(tls_records_are_worn(e.a));
	assert_false(tls_records_are_spent(e.a));
	e.a->out.seq = (UINT64_C(1) << 24) - 1;
	assert_false(tls_records_are_spent(e.a));
	e.a->out.seq++;
	assert_true(tls_records_are_spent(e.a));
	tls_records_count(e.a, 3 * TLS_PLAIN_MOST);
	assert_int_equal(e.a->out.seq, (1 << 24) + 4);
	ends_fini(&e);
	ends_init(&e, TLS_AES256_GCM, false);
	e.a->out.seq = UINT64_C(1) << 23;
	assert_true(tls_records_are_worn(e.a));
	ends_fini(&e);
	ends_init(&e, TLS_CHACHA20, false);
	e.a->out.seq = UINT64_C(1) << 30;
	assert_false(tls_records_are_worn(e.a));
	assert_false(tls_records_are_spent(e.a));
	ends_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_rfc_8448),
		cmocka_unit_test(opens_what_it_seals),
		cmocka_unit_test(refuses_a_record_that_was_touched),
		cmocka_unit_test(measures_records),
		cmocka_unit_test(strips_padding),
		cmocka_unit_test(refuses_more_plaintext_than_a_record_may_have),
		cmocka_unit_test(changes_keys),
		cmocka_unit_test(wears_out_its_keys),
	};

	return cmocka_run_group_tests_name("tls_record", tests, NULL, NULL);
}
