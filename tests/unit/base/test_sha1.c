/*
 * test_sha1.c - SHA-1 and base 64: known answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha1.h"

/* n times the text; RFC 3174 7.3, and one length around each edge. */
static void
digests_known_texts(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *hex;
	} rows[] = {
		{ "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ "a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
		{ "a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
		{ "a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
		{ "a", 65, "11655326c708d70319be2610e8a57d9a5b959d3b" },
		{ "01234567012345670123456701234567"
		    "01234567012345670123456701234567", 10,
		    "dea356a2cddd90c7a7ecedc5ebb563934f460452" },
	};
	char text[1000], hex[2 * SHA1_BYTES + 1];
	uint8_t out[SHA1_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t k = strlen(rows[i].text);

		for (size_t j = 0; j < rows[i].n; j++)
			memcpy(text + j * k, rows[i].text, k);
		sha1(slice_make(text, rows[i].n * k), out);
		for (size_t j = 0; j < SHA1_BYTES; j++)
			(void)snprintf(hex + 2 * j, 3, "%02x", out[j]);
		assert_string_equal(hex, rows[i].hex);
	}
}

/* RFC 4648 10. */
static void
writes_base_64(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" },
	};
	char out[BASE64_TEXT(6)];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice s = base64((const uint8_t *)rows[i][0],
		    strlen(rows[i][0]), out);

		assert_string_equal(out, rows[i][1]);
		assert_int_equal(s.n, strlen(out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_known_texts),
		cmocka_unit_test(writes_base_64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
