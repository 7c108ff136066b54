/*
 * test_codec.c - the table of protocols, and the names of errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "codec/h1.h"

static void
finds_protocols_by_their_alpn_name(void **state)
{
	const struct codec_row *row = codec_find(SLICE("http/1.1"));

	(void)state;
	assert_non_null(row);
	assert_int_equal(row->proto, HTTP_1_1);
	assert_true(row->server == h1_server_new);
	assert_true(row->client == h1_client_new);
	assert_null(codec_find(SLICE("HTTP/1.1")));
	assert_null(codec_find(SLICE("spdy/3")));
	assert_null(codec_find(SLICE_NONE));
}

static void
pools_codecs_of_every_kind_in_less_than_500_bytes(void **state)
{
	(void)state;
	assert_true(h1_server_size() < 500 && h1_client_size() < 500);
}

static void
frees_nothing_without_complaint(void **state)
{
	struct codec *c = NULL;

	(void)state;
	codec_free(&c);
	assert_null(c);
}

static void
names_every_error(void **state)
{
	static const char *const names[] = { "ok", "refused", "stale",
	    "cancel", "protocol", "timeout" };

	(void)state;
	for (int e = STREAM_OK; e <= STREAM_TIMEOUT; e++)
		assert_string_equal(stream_error_name((enum stream_error)e),
		    names[e]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_protocols_by_their_alpn_name),
		cmocka_unit_test(
		    pools_codecs_of_every_kind_in_less_than_500_bytes),
		cmocka_unit_test(frees_nothing_without_complaint),
		cmocka_unit_test(names_every_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
