/*
 * test_field.c - names of fields, and which may stand in a trailer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "http/field.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const names[] = {
	NULL,
#define X(id, name) name,
	FIELD_NAMES(X)
#undef X
};

/* What field_id() must say, found the slow way. */
static enum field_id
slow_id(const char *name, size_t n)
{
	for (size_t i = 1; i < COUNT(names); i++)
		if (strlen(names[i]) == n &&
		    strncasecmp(names[i], name, n) == 0)
			return (enum field_id)i;
	return FIELD_OTHER;
}

/* In memory of its own, so that the sanitizer sees a byte read too far. */
static enum field_id
id_of(const char *name, size_t n)
{
	char *copy = malloc(n + 1);
	enum field_id id;

	assert_non_null(copy);
	memcpy(copy + 1, name, n);
	id = field_id(slice_make(copy + 1, n));
	free(copy);
	return id;
}

static void
change_case(char *to, const char *from, int how)
{
	size_t i;

	for (i = 0; from[i] != '\0'; i++) {
		to[i] = from[i];
		if (how == 0 || (how == 2 && i % 2 == 0))
			to[i] = slice_lower(from[i]);
		else if (from[i] >= 'a' && from[i] <= 'z')
			to[i] = (char)(from[i] & ~0x20);
	}
	to[i] = '\0';
}

static void
finds_every_name_in_any_case(void **state)
{
	char name[64];

	(void)state;
	assert_int_equal(COUNT(names), FIELD_COUNT);
	for (size_t i = 1; i < COUNT(names); i++) {
		assert_int_equal(id_of(names[i], strlen(names[i])), i);
		for (int how = 0; how < 4; how++) {
			change_case(name, names[i], how);
			assert_int_equal(id_of(name, strlen(name)), i);
		}
	}
}

static void
gives_every_name_in_its_canonical_case(void **state)
{
	(void)state;
	for (size_t i = 1; i < COUNT(names); i++)
		assert_true(slice_eq(field_name((enum field_id)i),
		    slice_of(names[i])));
}

static void
rejects_every_name_with_one_byte_changed(void **state)
{
	char name[64];
	size_t n;

	(void)state;
	for (size_t i = 1; i < COUNT(names); i++) {
		n = strlen(names[i]);
		for (size_t at = 0; at < n; at++) {
			memcpy(name, names[i], n);
			for (int byte = 0; byte < 256; byte++) {
				name[at] = (char)byte;
				assert_int_equal(id_of(name, n),
				    slow_id(name, n));
			}
		}
	}
}

static void
rejects_every_name_made_longer_or_shorter(void **state)
{
	char name[64];
	size_t n;

	(void)state;
	for (size_t i = 1; i < COUNT(names); i++) {
		n = strlen(names[i]);
		for (size_t less = 0; less < n; less++) {
			assert_int_equal(id_of(names[i], less),
			    slow_id(names[i], less));
			assert_int_equal(id_of(names[i] + less, n - less),
			    slow_id(names[i] + less, n - less));
		}
		memcpy(name, names[i], n);
		name[n] = 's';
		assert_int_equal(id_of(name, n + 1), FIELD_OTHER);
		name[n] = ' ';
		assert_int_equal(id_of(name, n + 1), FIELD_OTHER);
	}
}

static void
rejects_names_that_nobody_asks_for(void **state)
{
	static const char *const rows[] = {
		"", "X", "Accept", "ETag", "Hosts", "Hots", "X_Forwarded_For",
		"X-Forwarded-Ports", "content_length", "Content-Lenght",
		"\xe5ost", "TF", "X-Real\rIP",
		"A-Name-That-Is-Longer-Than-All-The-Known-Ones"
	};

	(void)state;
	assert_int_equal(field_id(SLICE_NONE), FIELD_OTHER);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(id_of(rows[i], strlen(rows[i])), FIELD_OTHER);
}

static bool
is_trailer_ok(const char *name)
{
	struct field f = { slice_of(name), SLICE("x"), 0 };

	f.id = (uint16_t)field_id(f.name);
	return field_is_trailer_ok(&f);
}

static void
keeps_framing_and_routing_out_of_trailers(void **state)
{
	static const char *const rows[] = {
		"Transfer-Encoding", "Content-Length", "content-length",
		"Trailer", "Host", "HOST", "Connection", "Keep-Alive",
		"Proxy-Connection", "TE", "Upgrade", "Expect", "Max-Forwards",
		"Authorization", "Proxy-Authorization", "Proxy-Authenticate",
		"WWW-Authenticate", "www-authenticate", "Authentication-Info",
		"Cookie", "Set-Cookie", "Content-Type", "Content-Encoding",
		"Content-Range", "Content-Language", "content-anything",
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto",
		"X-Forwarded-Prefix", "x-forwarded-server", "X-Real-IP",
		"X-Request-Id", "traceparent", "Cache-Control", "Location",
		"Retry-After", "Date", "Range", "If-Match", "if-none-match",
		"If-Modified-Since", "If-Unmodified-Since", "If-Range", "Age",
		"Expires", "Vary", "Pragma", "HTTP2-Settings",
		"Sec-WebSocket-Key", "Sec-WebSocket-Accept", "Priority"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (is_trailer_ok(rows[i]))
			fail_msg("%s may stand in a trailer", rows[i]);
}

static void
lets_other_fields_stand_in_trailers(void **state)
{
	static const char *const rows[] = {
		"grpc-status", "grpc-message", "ETag", "Server-Timing",
		"X-Checksum", "Digest", "Content", "X-Forwarded", "X",
		"Ages", "Rang", "Server"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!is_trailer_ok(rows[i]))
			fail_msg("%s may not stand in a trailer", rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_name_in_any_case),
		cmocka_unit_test(gives_every_name_in_its_canonical_case),
		cmocka_unit_test(rejects_every_name_with_one_byte_changed),
		cmocka_unit_test(rejects_every_name_made_longer_or_shorter),
		cmocka_unit_test(rejects_names_that_nobody_asks_for),
		cmocka_unit_test(keeps_framing_and_routing_out_of_trailers),
		cmocka_unit_test(lets_other_fields_stand_in_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
