/*
 * check.c - the grammar of RFC 9110 and 9112, byte by byte.
 *
 * One table says what each byte may stand in.  Where the RFCs leave a choice
 * the strict one is taken: a comma is legal in a reg-name, but a recipient
 * that takes Host for a list would see another host, so it is no host byte.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "http/check.h"

const uint8_t check_table[256] = {
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,	/* 00 */
	0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,	/* 08 */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,	/* 10 */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,	/* 18 */
	0x02, 0x27, 0x06, 0x03, 0x27, 0x27, 0x27, 0x27,	/* 20   !"#$%&' */
	0x26, 0x26, 0x27, 0x27, 0x06, 0x27, 0x27, 0x06,	/* 28  ()*+,-./ */
	0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,	/* 30  01234567 */
	0x3f, 0x3f, 0x06, 0x26, 0x06, 0x26, 0x06, 0x06,	/* 38  89:;<=>? */
	0x06, 0x37, 0x37, 0x37, 0x37, 0x37, 0x37, 0x27,	/* 40  @ABCDEFG */
	0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27,	/* 48  HIJKLMNO */
	0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27,	/* 50  PQRSTUVW */
	0x27, 0x27, 0x27, 0x06, 0x06, 0x06, 0x07, 0x27,	/* 58  XYZ[\]^_ */
	0x07, 0x37, 0x37, 0x37, 0x37, 0x37, 0x37, 0x27,	/* 60  `abcdefg */
	0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27,	/* 68  hijklmno */
	0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27, 0x27,	/* 70  pqrstuvw */
	0x27, 0x27, 0x27, 0x06, 0x07, 0x06, 0x27, 0x00,	/* 78  xyz{|}~ */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* 80 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* 88 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* 90 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* 98 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* a0 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* a8 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* b0 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* b8 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* c0 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* c8 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* d0 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* d8 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* e0 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* e8 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* f0 */
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,	/* f8 */
};

/* The first byte that is not `what`, or s.n. */
static size_t
span(struct slice s, unsigned what)
{
	size_t i = 0;

	while (i < s.n && check_is(s.p[i], what))
		i++;
	return i;
}

static ptrdiff_t
fault_at(size_t i, size_t n)
{
	return i == n ? CHECK_OK : (ptrdiff_t)i;
}

ptrdiff_t
check_token(struct slice s)
{
	return s.n == 0 ? 0 : fault_at(span(s, CHECK_TOKEN), s.n);
}

/*
 * Is there a byte below 0x20 or one that is 0x7F among these eight?  Exact as
 * an answer for all eight together, though not as to which of them it is.
 */
static bool
has_control(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, del;

	memcpy(&x, p, sizeof(x));
	del = x ^ (ones * 0x7f);
	return (((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) &
	    (ones * 0x80);
}

#ifdef __SSE2__
/* The controls among 16 bytes, HTAB with them: a bit for each. */
static unsigned
controls(const char *p)
{
	const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i top = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f);

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(
	    _mm_cmpeq_epi8(_mm_min_epu8(x, top), x),
	    _mm_cmpeq_epi8(x, del)));
}

/* How many bytes are surely no controls, but for fewer than 16 at the end. */
static size_t
skip_wide(struct slice s)
{
	size_t i;
	unsigned found;

	for (i = 0; s.n - i >= 16; i += 16) {
		found = controls(s.p + i);
		if (found != 0)
			return i + (size_t)__builtin_ctz(found);
	}
	return i;
}
#else
static size_t
skip_wide(struct slice s)
{
	size_t i;

	for (i = 0; s.n - i >= 8 && !has_control(s.p + i); i += 8)
		;
	return i;
}
#endif

/* Are the last bytes, from i on, plain?  Some may be looked at once more. */
static bool
is_plain_tail(struct slice s, size_t i)
{
	return s.n >= 8 && (s.n - i < 8 || !has_control(s.p + i)) &&
	    !has_control(s.p + s.n - 8);
}

/* How many bytes are surely no controls; it may stop short of the first. */
static size_t
skip_plain(struct slice s)
{
	size_t i = skip_wide(s);

	return s.n - i < 16 && is_plain_tail(s, i) ? s.n : i;
}

/* Values are most of a head: many bytes at a time while they are plain. */
size_t
check_value_length(struct slice s)
{
	size_t i = skip_plain(s);

	while (i < s.n && check_is(s.p[i], CHECK_VALUE)) {
		i++;
		if (s.p[i - 1] == '\t')
			i += skip_plain(slice_skip(s, i));
	}
	return i;
}

ptrdiff_t
check_value(struct slice s)
{
	return fault_at(check_value_length(s), s.n);
}

static bool
is_escape(struct slice s, size_t i)
{
	return s.n - i >= 3 && check_is(s.p[i + 1], CHECK_HEX) &&
	    check_is(s.p[i + 2], CHECK_HEX);
}

/* As span(), but a % that does not begin an escape ends it too. */
static size_t
span_escaped(struct slice s, unsigned what)
{
	size_t i;

	for (i = 0; i < s.n && check_is(s.p[i], what); i++)
		if (s.p[i] == '%' && !is_escape(s, i))
			break;
	return i;
}

ptrdiff_t
check_target(struct slice s)
{
	return fault_at(span_escaped(s, CHECK_TARGET), s.n);
}

/*
 * How much of s is a bracketed IPv6 address.  A fault lies at the first byte
 * that no address has, else at the bracket.
 */
static ptrdiff_t
check_ipv6(struct slice s, size_t *used)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ignored;
	size_t n = 1;

	while (n < s.n && s.p[n] != ']') {
		if (!check_is(s.p[n], CHECK_HEX) && s.p[n] != ':' &&
		    s.p[n] != '.')
			return (ptrdiff_t)n;
		n++;
	}
	if (n == s.n || n > sizeof(text))
		return 0;
	memcpy(text, s.p + 1, n - 1);
	text[n - 1] = '\0';
	if (inet_pton(AF_INET6, text, &ignored) != 1)
		return 0;
	*used = n + 1;
	return CHECK_OK;
}

/* What follows the host: nothing, or a colon and a port that may be empty. */
static ptrdiff_t
check_port(struct slice s, size_t colon)
{
	struct slice port;
	uint64_t ignored;
	size_t i;

	if (colon == s.n)
		return CHECK_OK;
	if (s.p[colon] != ':')
		return (ptrdiff_t)colon;
	port = slice_skip(s, colon + 1);
	i = span(port, CHECK_DIGIT);
	if (i < port.n)
		return (ptrdiff_t)(colon + 1 + i);
	if (port.n > 0 && !slice_number(port, 65535, &ignored))
		return (ptrdiff_t)(colon + 1);
	return CHECK_OK;
}

ptrdiff_t
check_authority(struct slice s)
{
	ptrdiff_t fault;
	size_t used;

	if (s.n == 0 || s.p[0] == ':')
		return 0;
	if (s.p[0] == '[') {
		fault = check_ipv6(s, &used);
		if (fault != CHECK_OK)
			return fault;
	} else {
		used = span_escaped(s, CHECK_HOST);
	}
	return check_port(s, used);
}

bool
check_length(struct slice s, int64_t *out)
{
	uint64_t value;

	if (!slice_number(s, INT64_MAX, &value))
		return false;
	*out = (int64_t)value;
	return true;
}
