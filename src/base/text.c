/*
 * text.c - text that grows, and its two escapings.
 *
 * Both escapings take any bytes.  What is valid UTF-8 (RFC 3629: shortest
 * form, no surrogates, up to U+10FFFF) passes; other bytes are spelled out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"
#include "base/must.h"
#include "base/number.h"
#include "base/text.h"

void
text_init(struct text *t)
{
	memset(t, 0, sizeof(*t));
}

void
text_fini(struct text *t)
{
	free(t->p);
	text_init(t);
}

void
text_clear(struct text *t)
{
	t->n = 0;
	if (t->p != NULL)
		t->p[0] = '\0';
}

void
text_grow(struct text *t, size_t n)
{
	size_t cap = t->cap == 0 ? 128 : t->cap;

	must(n < SIZE_MAX / 4);
	while (cap - t->n <= n)
		cap *= 2;
	t->p = mem_grow(t->p, cap, 1);
	t->cap = cap;
}

void
text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vadd(t, fmt, ap);
	va_end(ap);
}

void
text_vadd(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	text_reserve(t, 0);
	n = vsnprintf(t->p + t->n, t->cap - t->n, fmt, ap);
	must(n >= 0);
	if ((size_t)n >= t->cap - t->n) {
		text_reserve(t, (size_t)n);
		(void)vsnprintf(t->p + t->n, t->cap - t->n, fmt, again);
	}
	va_end(again);
	t->n += (size_t)n;
}

void
text_add_digits(struct text *t, int64_t n)
{
	char digits[NUMBER_TEXT];

	if (n < 0)
		text_add_char(t, '-');
	text_add_slice(t, number_print(n < 0 ? -(uint64_t)n : (uint64_t)n,
	    digits));
}

/* The length of the UTF-8 sequence at the head of s, 0 if it is none. */
static size_t
utf8_length(struct slice s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)s.p[0];
	uint32_t point;
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc0 || c > 0xf4)
		return 0;
	n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (s.n < n)
		return 0;
	point = c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		c = (unsigned char)s.p[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (c & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return n;
}

/* The letter of the short escape of c, 0 if it has none. */
static char
short_escape(char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c != '\0' ? strchr(from, c) : NULL;

	return at != NULL ? to[at - from] : '\0';
}

static inline bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#ifdef __SSE2__
/* As signed numbers, bytes from 0x80 up are below 0x20 as well. */
static inline bool
are_plain(__m128i x)
{
	const __m128i space = _mm_set1_epi8(' '), del = _mm_set1_epi8(0x7f);
	const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\');
	__m128i bad = _mm_or_si128(_mm_cmpeq_epi8(x, quote),
	    _mm_cmpeq_epi8(x, back));

	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, del));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi8(space, x));
	return _mm_movemask_epi8(bad) == 0;
}

static inline __m128i
load_16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* The first and the last half of 8 to 16 bytes. */
static inline __m128i
load_8_to_16(const char *p, size_t n)
{
	const char *last = p + n - 8;

	return _mm_unpacklo_epi64(
	    _mm_loadl_epi64((const __m128i *)(const void *)p),
	    _mm_loadl_epi64((const __m128i *)(const void *)last));
}

/* The first and the last four of 4 to 8 bytes, and spaces. */
static inline __m128i
load_4_to_8(const char *p, size_t n)
{
	int first, last;

	memcpy(&first, p, 4);
	memcpy(&last, p + n - 4, 4);
	return _mm_set_epi32(0x20202020, 0x20202020, last, first);
}

/* How many bytes are surely plain: most often all of them. */
static size_t
skip_plain(struct slice s)
{
	size_t i = 0;

	for (; s.n - i >= 16; i += 16)
		if (!are_plain(load_16(s.p + i)))
			return i;
	if (s.n >= 16)		/* the last ones, some of them once more */
		return are_plain(load_16(s.p + s.n - 16)) ? s.n : i;
	if (s.n < 4)
		return 0;
	return are_plain(s.n < 8 ? load_4_to_8(s.p, s.n) :
	    load_8_to_16(s.p, s.n)) ? s.n : 0;
}
#else
static size_t
skip_plain(struct slice s)
{
	(void)s;
	return 0;
}
#endif

/*
 * How many bytes at the head of s need no escape.  A terminal may obey U+0080
 * to U+009F, so lines for people spell those out too.
 */
static size_t
plain_length(struct slice s, bool is_json)
{
	size_t i, n;

	for (i = skip_plain(s); i < s.n; i += n) {
		unsigned char c = (unsigned char)s.p[i];

		n = 1;
		if (is_plain(c))
			continue;
		if (c <= 0x7f)
			break;
		n = utf8_length(slice_skip(s, i));
		if (n == 0)
			break;
		if (!is_json && c == 0xc2 &&
		    (unsigned char)s.p[i + 1] < 0xa0)
			break;
	}
	return i;
}

static void
add_escaped(struct text *t, struct slice s, bool is_json)
{
	size_t n;
	char c;

	for (;;) {
		n = plain_length(s, is_json);
		text_add_slice(t, slice_make(s.p, n));
		if (n == s.n)
			return;
		s = slice_skip(s, n);
		c = short_escape(s.p[0]);
		if (c != '\0')
			text_add(t, "\\%c", c);
		else
			text_add(t, is_json ? "\\u00%02x" : "\\x%02x",
			    (unsigned char)s.p[0]);
		s = slice_skip(s, 1);
	}
}

void
text_add_json(struct text *t, struct slice s)
{
	char *p;

	if (plain_length(s, true) < s.n) {
		text_add_char(t, '"');
		add_escaped(t, s, true);
		text_add_char(t, '"');
		return;
	}
	text_reserve(t, s.n + 2);
	p = t->p + t->n;
	*p++ = '"';
	if (s.n > 0)
		p = mempcpy(p, s.p, s.n);
	*p++ = '"';
	*p = '\0';
	t->n += s.n + 2;
}

void
text_add_escaped(struct text *t, struct slice s)
{
	add_escaped(t, s, false);
}
