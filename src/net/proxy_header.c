/*
 * proxy_header.c - reads the header of the PROXY protocol.
 *
 *	version 1: PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 CR LF
 *	version 2: 12 bytes of signature, command, family, length,
 *	           both addresses, further values (TLV)
 *
 * Why:       who believes it lets it say who the client is, so it is read to
 *            the letter, and what is not understood ends the connection.
 * Not here:  who may send one (proxy/front.c), writing (proxy_header_write.c).
 */
#include "net/proxy_header.h"

#include <arpa/inet.h>

#include "net/proxy_wire.h"

static ssize_t
fail(const char **why, const char *sentence)
{
	*why = sentence;
	return -1;
}

/* Is one the beginning of the other? */
static bool
agrees(struct slice in, struct slice wanted)
{
	size_t n = in.n < wanted.n ? in.n : wanted.n;

	return memcmp(in.p, wanted.p, n) == 0;
}

/* --- version 1 */

/* Up to the next space, which is taken too; all of it if there is none. */
static struct slice
cut_word(struct slice *line)
{
	const char *space = line->n > 0 ? memchr(line->p, ' ', line->n) : NULL;
	struct slice word = *line;

	if (space == NULL) {
		*line = SLICE_NONE;
		return word;
	}
	word.n = (size_t)(space - line->p);
	*line = slice_skip(*line, word.n + 1);
	return word;
}

/* No sign, no leading zero: it could mean octal to somebody else. */
static bool
read_port(struct slice word, in_port_t *port)
{
	uint64_t n;

	if ((word.n > 1 && word.p[0] == '0') ||
	    !slice_number(word, 65535, &n))
		return false;
	*port = htons((uint16_t)n);
	return true;
}

static bool
read_ip(sa_family_t family, struct slice word, struct addr *out)
{
	char text[INET6_ADDRSTRLEN];
	bool six = family == AF_INET6;

	if (word.n >= sizeof(text) ||
	    (word.n > 0 && memchr(word.p, '\0', word.n) != NULL))
		return false;
	if (word.n > 0)
		memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	out->sa.sa_family = family;
	out->len = six ? sizeof(out->in6) : sizeof(out->in);
	return inet_pton(family, text, six ? (void *)&out->in6.sin6_addr :
	    (void *)&out->in.sin_addr) == 1;
}

/* What stands between "PROXY " and CR LF.  Gives what is wrong, or NULL. */
static const char *
read_line(struct slice line, struct proxy_header *out)
{
	struct slice proto = cut_word(&line), from, to, port;
	sa_family_t family = AF_INET;

	if (slice_eq(proto, SLICE("UNKNOWN"))) {
		out->is_local = true;
		return NULL;
	}
	if (slice_eq(proto, SLICE("TCP6")))
		family = AF_INET6;
	else if (!slice_eq(proto, SLICE("TCP4")))
		return "the PROXY line names neither TCP4, TCP6 nor UNKNOWN";
	from = cut_word(&line);
	to = cut_word(&line);
	if (!read_ip(family, from, &out->source) ||
	    !read_ip(family, to, &out->target))
		return "the PROXY line holds a malformed address";
	port = cut_word(&line);
	/* The port stands at the same place in both families. */
	if (!read_port(port, &out->source.in.sin_port) ||
	    !read_port(line, &out->target.in.sin_port))
		return "the PROXY line holds a malformed port";
	return NULL;
}

static ssize_t
read_v1(struct slice in, struct proxy_header *out, const char **why)
{
	size_t most = in.n < PROXY_V1_MOST ? in.n : PROXY_V1_MOST, n;
	const char *lf = memchr(in.p, '\n', most);

	if (lf == NULL && in.n < PROXY_V1_MOST)
		return 0;
	if (lf == NULL)
		return fail(why, "the PROXY line is longer than 107 bytes");
	n = (size_t)(lf - in.p) + 1;
	if (lf[-1] != '\r')
		return fail(why, "the PROXY line does not end with CR LF");
	*why = read_line(slice_make(in.p + V1_BEGIN.n, n - V1_BEGIN.n - 2),
	    out);
	return *why == NULL ? (ssize_t)n : -1;
}

/* --- version 2 */

static unsigned
byte_at(struct slice s, size_t i)
{
	return (unsigned char)s.p[i];
}

static unsigned
two_at(struct slice s, size_t i)
{
	return byte_at(s, i) << 8 | byte_at(s, i + 1);
}

static uint32_t
four_at(struct slice s, size_t i)
{
	return (uint32_t)two_at(s, i) << 16 | two_at(s, i + 2);
}

/* CRC-32C (Castagnoli) of a header whose four bytes at hole count as 0. */
static uint32_t
crc32c(struct slice s, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < s.n; i++) {
		if (i - hole >= 4)
			crc ^= byte_at(s, i);
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* The next value: its type, or -1 at the end, or -2 when it is cut. */
static int
next_value(struct slice *rest, struct slice *value)
{
	size_t n;
	int type;

	if (rest->n == 0)
		return -1;
	if (rest->n < V2_TLV)
		return -2;
	type = (int)byte_at(*rest, 0);
	n = two_at(*rest, 1);
	if (n > rest->n - V2_TLV)
		return -2;
	*value = slice_make(rest->p + V2_TLV, n);
	*rest = slice_skip(*rest, V2_TLV + n);
	return type;
}

static const char *
read_tls(struct slice value, struct proxy_tls *t)
{
	struct slice v;
	int type;

	if (value.n < V2_SSL_FIXED)
		return "the TLS part of the PROXY header is cut";
	t->is_tls = byte_at(value, 0) & V2_SSL_IS_TLS;
	t->cert_conn = byte_at(value, 0) & V2_SSL_CERT_CONN;
	t->cert_session = byte_at(value, 0) & V2_SSL_CERT_SESS;
	t->verify = four_at(value, 1);
	value = slice_skip(value, V2_SSL_FIXED);
	while ((type = next_value(&value, &v)) >= 0) {
		if (type == V2_SSL_VERSION)
			t->version = v;
		else if (type == V2_SSL_CN)
			t->cn = v;
		else if (type == V2_SSL_CIPHER)
			t->cipher = v;
	}
	return type == -1 ? NULL : "the TLS part of the PROXY header is cut";
}

static const char *
check_sum(struct slice all, struct slice value)
{
	size_t at = (size_t)(value.p - all.p);

	if (value.n != 4)
		return "the checksum of the PROXY header is not of 4 bytes";
	if (crc32c(all, at) != four_at(value, 0))
		return "the checksum of the PROXY header is wrong";
	return NULL;
}

static const char *
read_values(struct slice all, struct slice rest, struct proxy_header *out)
{
	const char *why = NULL;
	struct slice v;
	int type = 0;

	while (why == NULL && (type = next_value(&rest, &v)) >= 0) {
		if (type == V2_ALPN) {
			out->alpn = v;
		} else if (type == V2_AUTHORITY) {
			out->authority = v;
		} else if (type == V2_CRC32C) {
			why = check_sum(all, v);
		} else if (type == V2_SSL) {
			out->has_tls = true;
			why = read_tls(v, &out->tls);
		}
	}
	if (type == -2)
		return "a value of the PROXY header is cut";
	return why;
}

static void
read_v2_ip4(struct addr *a, const char *ip, const char *port)
{
	a->len = sizeof(a->in);
	a->in.sin_family = AF_INET;
	memcpy(&a->in.sin_addr, ip, 4);
	memcpy(&a->in.sin_port, port, 2);
}

static void
read_v2_ip6(struct addr *a, const char *ip, const char *port)
{
	a->len = sizeof(a->in6);
	a->in6.sin6_family = AF_INET6;
	memcpy(&a->in6.sin6_addr, ip, 16);
	memcpy(&a->in6.sin6_port, port, 2);
}

static void
read_v2_unix(struct addr *a, const char *path)
{
	a->un.sun_family = AF_UNIX;
	memcpy(a->un.sun_path, path, V2_UNIX_PATH - 1);
	a->len = a->un.sun_path[0] != '\0' ? sizeof(a->un) :
	    sizeof(sa_family_t);
}

/* The two addresses; gives their size, 0 if they are not for us. */
static size_t
read_addresses(unsigned family, const char *p, struct proxy_header *out)
{
	switch (family) {
	case V2_TCP4:
		read_v2_ip4(&out->source, p, p + 8);
		read_v2_ip4(&out->target, p + 4, p + 10);
		return V2_SIZE_TCP4;
	case V2_TCP6:
		read_v2_ip6(&out->source, p, p + 32);
		read_v2_ip6(&out->target, p + 16, p + 34);
		return V2_SIZE_TCP6;
	case V2_UNIX:
		read_v2_unix(&out->source, p);
		read_v2_unix(&out->target, p + V2_UNIX_PATH);
		return V2_SIZE_UNIX;
	default:
		return 0;
	}
}

/* What the fixed part alone tells; NULL if it is fine. */
static const char *
judge_fixed(struct slice in)
{
	unsigned what = byte_at(in, 12), family = byte_at(in, 13);
	size_t n = two_at(in, 14), needed = 0;

	if (what >> 4 != 2)
		return "the version of the PROXY header is neither 1 nor 2";
	if (n > PROXY_HEADER_MOST - V2_FIXED)
		return "the PROXY header is longer than 4096 bytes";
	if (what == V2_LOCAL)
		return NULL;
	if (what != V2_PROXY)
		return "the command of the PROXY header is unknown";
	if (family == V2_TCP4 || family == V2_UDP4)
		needed = V2_SIZE_TCP4;
	else if (family == V2_TCP6 || family == V2_UDP6)
		needed = V2_SIZE_TCP6;
	else if (family == V2_UNIX || family == V2_UNIX_DGRAM)
		needed = V2_SIZE_UNIX;
	else if (family != V2_UNSPEC)
		return "the address family of the PROXY header is unknown";
	return n >= needed ? NULL :
	    "the PROXY header is too short for its addresses";
}

static ssize_t
read_v2(struct slice in, struct proxy_header *out, const char **why)
{
	size_t n, size = 0;

	if (in.n < V2_FIXED)
		return 0;
	*why = judge_fixed(in);
	if (*why != NULL)
		return -1;
	n = V2_FIXED + two_at(in, 14);
	if (in.n < n)
		return 0;
	in.n = n;
	if (byte_at(in, 12) == V2_PROXY)
		size = read_addresses(byte_at(in, 13), in.p + V2_FIXED, out);
	/* What it says besides is not about a client that we know. */
	out->is_local = size == 0;
	if (size > 0)
		*why = read_values(in, slice_skip(in, V2_FIXED + size), out);
	return *why == NULL ? (ssize_t)n : -1;
}

ssize_t
proxy_header_read(struct slice in, struct proxy_header *out, const char **why)
{
	*out = (struct proxy_header){ 0 };
	*why = NULL;
	if (in.n == 0)
		return 0;
	if (agrees(in, V2_BEGIN))
		return read_v2(in, out, why);
	if (agrees(in, V1_BEGIN))
		return in.n > V1_BEGIN.n ? read_v1(in, out, why) : 0;
	if (in.p[0] == 0x16)
		return fail(why, "it began with a TLS handshake, without a "
		    "PROXY header");
	return fail(why, "it did not begin with a PROXY header");
}
