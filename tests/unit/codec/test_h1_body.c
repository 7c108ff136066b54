/*
 * test_h1_body.c - bodies: lengths, chunks, extensions, trailers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/h1_body.h"

struct row {
	const char *in;
	size_t n;
	const char *out;	/* the body, or the refusal */
	size_t left;		/* bytes behind the body */
};

#define ROW(in, out) { in, sizeof(in) - 1, out, 0 }
#define MORE "(more)"

struct read {
	char text[65536];
	size_t n;
	enum h1_body_result result;
	struct fault fault;
	struct buf in;
	struct slab pages;
	struct arena arena;
	struct h1_body body;
};

static void
add_trailers(struct read *r)
{
	const struct h1_body *t = &r->body;

	for (uint32_t i = 0; i < t->ntrailers; i++)
		r->n += (size_t)snprintf(r->text + r->n, 200, " [%.*s: %.*s]",
		    SLICE_ARG(t->trailers[i].name),
		    SLICE_ARG(t->trailers[i].value));
}

/* Feeds pieces of this many bytes, as a codec does. */
static void
feed(struct read *r, const char *in, size_t n, size_t piece)
{
	const struct http_limits *l = &http_limits_default;
	struct slice data;
	size_t taken;

	while (r->result == H1_BODY_MORE && n > 0) {
		size_t k = piece < n ? piece : n;

		buf_reserve(&r->in, &r->pages, k);
		buf_add(&r->in, in, k);
		in += k;
		n -= k;
		r->result = h1_body_decode(&r->body, &r->in, l, &r->arena,
		    &data, &taken, &r->fault);
		if (r->result == H1_BODY_FAULT)
			return;
		assert_true(taken <= buf_len(&r->in));
		assert_true(data.n == 0 || (data.p >= buf_at(&r->in) &&
		    data.p + data.n <= buf_at(&r->in) + taken));
		if (data.n > 0)
			memcpy(r->text + r->n, data.p, data.n);
		r->n += data.n;
		if (taken > 0)
			buf_drop(&r->in, taken);
	}
	/* what the test did not feed is behind the body, too */
	r->fault.offset = n;
}

static struct read *
read_new(enum h1_framing framing, uint64_t length)
{
	struct read *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	buf_pages_init(&r->pages, 1);
	arena_init(&r->arena, NULL);
	h1_body_init(&r->body, framing, length);
	return r;
}

static void
read_free(struct read *r)
{
	buf_release(&r->in, &r->pages);
	slab_fini(&r->pages);
	arena_reset(&r->arena);
	free(r);
}

static void
check(const struct row *row, enum h1_framing framing, uint64_t length,
    size_t piece)
{
	struct read *r = read_new(framing, length);
	char why[200];

	feed(r, row->in, row->n, piece);
	if (r->result == H1_BODY_FAULT) {
		snprintf(why, sizeof(why), "%u %s", r->fault.status,
		    r->fault.why);
		if (strcmp(why, row->out) != 0)
			print_error("%s: ", row->in);
		assert_string_equal(why, row->out);
		read_free(r);
		return;
	}
	if (r->result == H1_BODY_END)
		add_trailers(r);
	else
		r->n += (size_t)snprintf(r->text + r->n, 20, MORE);
	r->text[r->n] = '\0';
	if (strcmp(r->text, row->out) != 0)
		print_error("%s: ", row->in);
	assert_string_equal(r->text, row->out);
	if (r->result == H1_BODY_END)
		assert_int_equal(buf_len(&r->in) + r->fault.offset, row->left);
	read_free(r);
}

static void
check_all(const struct row *rows, size_t n, enum h1_framing framing,
    uint64_t length)
{
	for (size_t i = 0; i < n; i++)
		for (size_t piece = 1; piece < rows[i].n + 1; piece++)
			check(&rows[i], framing, length, piece);
}

#define CHECK(rows, framing, length) \
	check_all(rows, sizeof(rows) / sizeof((rows)[0]), framing, length)

static void
reads_a_stated_length_and_no_more(void **state)
{
	static const struct row rows[] = {
		ROW("12345", "12345"),
		ROW("1234", "1234" MORE),
		{ "12345GET", 8, "12345", 3 },
	};

	(void)state;
	CHECK(rows, H1_LENGTH, 5);
}

static void
reads_until_the_end(void **state)
{
	static const struct row rows[] = {
		ROW("1", "1" MORE),
		ROW("0\r\n\r\n", "0\r\n\r\n" MORE),
	};

	(void)state;
	CHECK(rows, H1_UNTIL_END, 0);
}

static void
reads_chunks(void **state)
{
	static const struct row rows[] = {
		ROW("0\r\n\r\n", ""),
		ROW("5\r\nhello\r\n0\r\n\r\n", "hello"),
		ROW("1\r\na\r\n2\r\nbc\r\n03\r\ndef\r\n0\r\n\r\n", "abcdef"),
		ROW("A\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
		ROW("a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n",
		    "\r\n\r\n\r\n\r\n\r\n"),
		ROW("0000000000000001\r\nx\r\n0\r\n\r\n", "x"),
		{ "1\r\nx\r\n0\r\n\r\nGET", 14, "x", 3 },
		ROW("5\r\nhel", "hel" MORE),
		ROW("5\r\nhello\r\n0\r\n", "hello" MORE),
		ROW("7fffffffffffffff\r\nx", "x" MORE),
	};

	(void)state;
	CHECK(rows, H1_CHUNKED, 0);
}

static void
drops_legal_extensions(void **state)
{
	static const struct row rows[] = {
		ROW("1;a\r\nx\r\n0;b\r\n\r\n", "x"),
		ROW("1;a=b;c=\"d\";e\r\nx\r\n0\r\n\r\n", "x"),
		ROW("1;a=\"\\\"; \\\\ \t\x80\"\r\nx\r\n0\r\n\r\n", "x"),
		ROW("1;a=\"\"\r\nx\r\n0\r\n\r\n", "x"),
	};

	(void)state;
	CHECK(rows, H1_CHUNKED, 0);
}

static void
refuses_malformed_chunks(void **state)
{
	static const struct row rows[] = {
		ROW("\r\n", "400 a chunk size that is not a number"),
		ROW("g\r\n", "400 a chunk size that is not a number"),
		ROW("-1\r\n", "400 a chunk size that is not a number"),
		ROW("+1\r\n", "400 a chunk size that is not a number"),
		ROW(" 1\r\n", "400 a chunk size that is not a number"),
		ROW(";a\r\n", "400 a chunk size that is not a number"),
		ROW("0x1\r\n", "400 a byte behind a chunk size"),
		ROW("1 \r\nx", "400 a byte behind a chunk size"),
		ROW("1\t;a\r\nx", "400 a byte behind a chunk size"),
		ROW("1,2\r\nx", "400 a byte behind a chunk size"),
		ROW("1\nx", "400 a byte behind a chunk size"),
		ROW("8000000000000000\r\n",
		    "400 a chunk size that is too large"),
		ROW("ffffffffffffffff\r\n",
		    "400 a chunk size that is too large"),
		ROW("00000000000000001\r\n",
		    "400 a chunk size that is too large"),
		ROW("1\rx", "400 no CRLF where a chunk's framing has one"),
		ROW("1\r\nxy\r\n",
		    "400 no CRLF where a chunk's framing has one"),
		ROW("1\r\nx\n0\r\n",
		    "400 no CRLF where a chunk's framing has one"),
		ROW("1\r\nx\r0\r\n",
		    "400 no CRLF where a chunk's framing has one"),
		ROW("0\r\n\n", "400 a line ends in LF alone"),
		ROW("0\r\nA : 1\r\n\r\n",
		    "400 space before the colon of a field"),
	};

	(void)state;
	CHECK(rows, H1_CHUNKED, 0);
}

static void
refuses_malformed_extensions(void **state)
{
	static const char why[] = "400 a malformed chunk extension";
	static const char *const rows[] = {
		"1;\r\nx", "1; a\r\nx", "1;a \r\nx", "1;a=\r\nx",
		"1;a =b\r\nx", "1;a= b\r\nx", "1;a=b c\r\nx", "1;;\r\nx",
		"1;a=\"b\r\n", "1;a=\"b\"c\r\n", "1;a=\"\\\r\n", "1;a\nx",
		"1;a=\"\x01\"\r\n", "1;=b\r\n", "1;a=(\r\n", "1;a=\"\x7f\"",
	};
	struct row row;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row = (struct row){ rows[i], strlen(rows[i]), why, 0 };
		check_all(&row, 1, H1_CHUNKED, 0);
	}
}

static void
bounds_the_extensions_of_a_chunk_and_of_a_message(void **state)
{
	static const char why[] = "too many bytes of chunk extensions";
	struct read *r = read_new(H1_CHUNKED, 0);
	char line[400];
	int n;

	(void)state;
	n = snprintf(line, sizeof(line), "1;%0254d\r\nx\r\n", 0);
	for (int i = 0; i < 64; i++) {
		feed(r, line, (size_t)n, 1000);
		assert_int_equal(r->result, H1_BODY_MORE);
	}
	feed(r, line, (size_t)n, 1000);
	assert_int_equal(r->result, H1_BODY_FAULT);
	assert_string_equal(r->fault.why, why);
	read_free(r);

	r = read_new(H1_CHUNKED, 0);
	n = snprintf(line, sizeof(line), "1;%0256d\r\nx\r\n", 0);
	feed(r, line, (size_t)n, 1000);
	assert_int_equal(r->result, H1_BODY_FAULT);
	assert_string_equal(r->fault.why, why);
	read_free(r);
}

static void
gives_trailers_but_for_those_that_frame_or_route(void **state)
{
	static const struct row rows[] = {
		ROW("1\r\nx\r\n0\r\nA: 1\r\nB:2\r\n\r\n",
		    "x [A: 1] [B: 2]"),
		ROW("0\r\nContent-Length: 9\r\nHost: h\r\nA: 1\r\n\r\n",
		    " [A: 1]"),
		ROW("1\r\nx\r\n0\r\nA: 1\r\n", "x" MORE),
	};

	(void)state;
	CHECK(rows, H1_CHUNKED, 0);
}

static void
blames_the_server_for_its_trailers(void **state)
{
	struct read *r = read_new(H1_CHUNKED, 0);

	(void)state;
	r->body.kind = HEAD_RESPONSE;
	feed(r, "0\r\nA : 1\r\n\r\n", 12, 12);
	assert_int_equal(r->result, H1_BODY_FAULT);
	assert_int_equal(r->fault.status, 502);
	read_free(r);
}

static void
lends_many_chunks_as_one_slice(void **state)
{
	static const char in[] = "1\r\na\r\n2\r\nbc\r\n1;x\r\nd\r\n3\r\nef";
	struct read *r = read_new(H1_CHUNKED, 0);
	struct slice data;
	size_t taken;

	(void)state;
	buf_reserve(&r->in, &r->pages, sizeof(in));
	buf_add(&r->in, in, sizeof(in) - 1);
	assert_int_equal(h1_body_decode(&r->body, &r->in, &http_limits_default,
	    &r->arena, &data, &taken, &r->fault), H1_BODY_MORE);
	assert_int_equal(data.n, 6);
	assert_memory_equal(data.p, "abcdef", 6);
	assert_int_equal(taken, sizeof(in) - 1);
	read_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_stated_length_and_no_more),
		cmocka_unit_test(reads_until_the_end),
		cmocka_unit_test(reads_chunks),
		cmocka_unit_test(drops_legal_extensions),
		cmocka_unit_test(refuses_malformed_chunks),
		cmocka_unit_test(refuses_malformed_extensions),
		cmocka_unit_test(
		    bounds_the_extensions_of_a_chunk_and_of_a_message),
		cmocka_unit_test(
		    gives_trailers_but_for_those_that_frame_or_route),
		cmocka_unit_test(blames_the_server_for_its_trailers),
		cmocka_unit_test(lends_many_chunks_as_one_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
