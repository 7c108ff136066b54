/*
 * test_proxy_header.c - headers of the PROXY protocol, both versions, read and
 * written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "net/proxy_header.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IP4 "\xc0\0\2\1\xc6\x33\x64\2\xdc\4\1\xbb"
#define IP6 "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\xdc\4\1\xbb"
#define BYTES(literal) { (literal), sizeof(literal) - 1 }

/* Reads it whole, and each piece of it: nothing is complete too early. */
static ssize_t
read_all(struct slice in, struct proxy_header *h, const char **why)
{
	ssize_t n = proxy_header_read(in, h, why), early;

	for (size_t i = 0; i < in.n; i++) {
		early = proxy_header_read(slice_make(in.p, i), h, why);
		if (n > 0 && i < (size_t)n)
			assert_int_equal(early, 0);
		else if (n > 0)
			assert_int_equal(early, n);
		else if (n < 0)
			assert_true(early <= 0);
		assert_int_equal(early < 0, *why != NULL);
	}
	return proxy_header_read(in, h, why);
}

static void
assert_stated(const struct addr *a, const char *text)
{
	char said[ADDR_TEXT];

	addr_print(a, said);
	assert_string_equal(said, text);
}

static void
reads_lines_of_version_1(void **state)
{
	static const struct {
		const char *line, *source, *target;
	} table[] = {
		{ "TCP4 192.0.2.1 198.51.100.2 56324 443", "192.0.2.1:56324",
		    "198.51.100.2:443" },
		{ "TCP4 0.0.0.0 255.255.255.255 0 65535", "0.0.0.0:0",
		    "255.255.255.255:65535" },
		{ "TCP6 2001:db8::1 2001:DB8::2 1 2", "[2001:db8::1]:1",
		    "[2001:db8::2]:2" },
		{ "TCP6 ::ffff:192.0.2.1 :: 1 2", "192.0.2.1:1", "[::]:2" },
		{ "TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
		    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
		{ "UNKNOWN", NULL, NULL },
		{ "UNKNOWN ", NULL, NULL },
		{ "UNKNOWN whatever it says \r here", NULL, NULL },
		{ "UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
		    NULL, NULL },
	};
	struct proxy_header h;
	const char *why;
	char text[256];
	int n;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		n = snprintf(text, sizeof(text), "PROXY %s\r\n", table[i].line);
		assert_true(n <= PROXY_V1_MOST);
		(void)snprintf(text + n, sizeof(text) - (size_t)n,
		    "GET / HTTP/1.1\r\n");
		assert_int_equal(read_all(slice_of(text), &h, &why), n);
		assert_int_equal(h.is_local, table[i].source == NULL);
		if (h.is_local)
			continue;
		assert_stated(&h.source, table[i].source);
		assert_stated(&h.target, table[i].target);
	}
}

#define BEGAN "it did not begin with a PROXY header"
#define NAMES "the PROXY line names neither TCP4, TCP6 nor UNKNOWN"
#define ADDRESS "the PROXY line holds a malformed address"
#define PORT "the PROXY line holds a malformed port"

static void
refuses_malformed_lines_of_version_1(void **state)
{
	static const struct {
		struct slice in;
		const char *why;
	} table[] = {
		{ BYTES("GET / HTTP/1.1\r\n"), BEGAN },
		{ BYTES("POST / HTTP/1.1\r\n"), BEGAN },
		{ BYTES("PROXX TCP4"), BEGAN },
		{ BYTES("proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), BEGAN },
		{ BYTES(" PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), BEGAN },
		{ BYTES("PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n"), BEGAN },
		{ BYTES("PROXY\r\n"), BEGAN },
		{ BYTES("\0"), BEGAN },
		{ BYTES("\x16\3\1\2\0\1\0\1\xfc\3\3"), "it began with a TLS "
		    "handshake, without a PROXY header" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"),
		    "the PROXY line does not end with CR LF" },
		{ BYTES("PROXY \n"),
		    "the PROXY line does not end with CR LF" },
		{ BYTES("PROXY \r\n"), NAMES },
		{ BYTES("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), NAMES },
		{ BYTES("PROXY UNKNOWNS\r\n"), NAMES },
		{ BYTES("PROXY unknown\r\n"), NAMES },
		{ BYTES("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"), NAMES },
		{ BYTES("PROXY TCP 1.2.3.4 1.2.3.4 1 2\r\n"), NAMES },
		{ BYTES("PROXY TCP4\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 \r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.4\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.4 ::1 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP6 ::1 1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP6 ::1 ::g 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP6 [::1] ::1 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.4\t1.2.3.4 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff"
		    " ::1 1 2\r\n"), ADDRESS },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1  2\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n"), PORT },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 0x2\r\n"), PORT },
	};
	struct proxy_header h;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(read_all(table[i].in, &h, &why), -1);
		assert_string_equal(why, table[i].why);
	}
}

static void
waits_for_no_more_than_107_bytes_of_a_line(void **state)
{
	char line[PROXY_V1_MOST + 2];
	struct proxy_header h;
	const char *why;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(proxy_header_read(slice_make(line, 106), &h, &why),
	    0);
	assert_int_equal(proxy_header_read(slice_make(line, 107), &h, &why),
	    -1);
	assert_string_equal(why, "the PROXY line is longer than 107 bytes");
	memcpy(line + 105, "\r\n", 2);
	assert_int_equal(proxy_header_read(slice_make(line, 108), &h, &why),
	    107);
	memcpy(line + 105, "x\r\n", 3);
	assert_int_equal(proxy_header_read(slice_make(line, 108), &h, &why),
	    -1);
}

static void
reads_headers_of_version_2(void **state)
{
	static const struct {
		struct slice in;
		size_t length;
		const char *source, *target;
	} table[] = {
		{ BYTES(SIGNATURE "\x21\x11\0\xc" IP4 "GET"), 28,
		    "192.0.2.1:56324", "198.51.100.2:443" },
		{ BYTES(SIGNATURE "\x21\x21\0\x24" IP6), 52,
		    "[2001:db8::1]:56324", "[2001:db8::2]:443" },
		{ BYTES(SIGNATURE "\x20\x11\0\xc" IP4 "GET"), 28, NULL, NULL },
		{ BYTES(SIGNATURE "\x20\0\0\0GET"), 16, NULL, NULL },
		{ BYTES(SIGNATURE "\x20\xff\0\3abcGET"), 19, NULL, NULL },
		{ BYTES(SIGNATURE "\x21\0\0\0GET"), 16, NULL, NULL },
		{ BYTES(SIGNATURE "\x21\0\0\3abcGET"), 19, NULL, NULL },
		{ BYTES(SIGNATURE "\x21\x12\0\xc" IP4 "GET"), 28, NULL, NULL },
		{ BYTES(SIGNATURE "\x21\x22\0\x24" IP6), 52, NULL, NULL },
		/* Values that we do not know, or that say nothing. */
		{ BYTES(SIGNATURE "\x21\x11\0\x16" IP4 "\4\0\0\xea\0\4abcd"),
		    38, "192.0.2.1:56324", "198.51.100.2:443" },
	};
	struct proxy_header h;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(read_all(table[i].in, &h, &why),
		    table[i].length);
		assert_int_equal(h.is_local, table[i].source == NULL);
		if (h.is_local)
			continue;
		assert_stated(&h.source, table[i].source);
		assert_stated(&h.target, table[i].target);
	}
}

static void
reads_unix_addresses(void **state)
{
	char in[16 + 216] = SIGNATURE "\x21\x31\0\xd8/run/a";
	struct proxy_header h;
	const char *why;

	(void)state;
	assert_int_equal(read_all(slice_make(in, sizeof(in)), &h, &why), 232);
	assert_false(h.is_local);
	assert_stated(&h.source, "unix:/run/a");
	assert_stated(&h.target, "unix:");
	/* A path that fills its place ends with it. */
	memset(in + 16, 'x', 216);
	assert_int_equal(read_all(slice_make(in, sizeof(in)), &h, &why), 232);
	assert_int_equal(strlen(h.source.un.sun_path), 107);
	assert_int_equal(strlen(h.target.un.sun_path), 107);
	in[13] = 0x32;
	assert_int_equal(read_all(slice_make(in, sizeof(in)), &h, &why), 232);
	assert_true(h.is_local);
}

#define SSL_CUT "the TLS part of the PROXY header is cut"
#define CUT "a value of the PROXY header is cut"
#define SHORT "the PROXY header is too short for its addresses"

static void
refuses_malformed_headers_of_version_2(void **state)
{
	static const struct {
		struct slice in;
		const char *why;
	} table[] = {
		{ BYTES("\r\n\r\n\0\r\nQUIX"), BEGAN },
		{ BYTES("\r\nGET / HTTP/1.1\r\n"), BEGAN },
		{ BYTES(SIGNATURE "\x11\x11\0\xc" IP4),
		    "the version of the PROXY header is neither 1 nor 2" },
		{ BYTES(SIGNATURE "\x31\x11\0\xc" IP4),
		    "the version of the PROXY header is neither 1 nor 2" },
		{ BYTES(SIGNATURE "\x22\x11\0\xc" IP4),
		    "the command of the PROXY header is unknown" },
		{ BYTES(SIGNATURE "\x2f\0\0\0"),
		    "the command of the PROXY header is unknown" },
		{ BYTES(SIGNATURE "\x21\x10\0\xc" IP4),
		    "the address family of the PROXY header is unknown" },
		{ BYTES(SIGNATURE "\x21\1\0\xc" IP4),
		    "the address family of the PROXY header is unknown" },
		{ BYTES(SIGNATURE "\x21\x13\0\xc" IP4),
		    "the address family of the PROXY header is unknown" },
		{ BYTES(SIGNATURE "\x21\x41\0\xc" IP4),
		    "the address family of the PROXY header is unknown" },
		{ BYTES(SIGNATURE "\x21\x11\0\xb" IP4), SHORT },
		{ BYTES(SIGNATURE "\x21\x11\0\0"), SHORT },
		{ BYTES(SIGNATURE "\x21\x12\0\xb" IP4), SHORT },
		{ BYTES(SIGNATURE "\x21\x21\0\x23" IP6), SHORT },
		{ BYTES(SIGNATURE "\x21\x31\0\xd7" IP6), SHORT },
		{ BYTES(SIGNATURE "\x21\x11\xf\xf1" IP4),
		    "the PROXY header is longer than 4096 bytes" },
		{ BYTES(SIGNATURE "\x20\0\xff\xff"),
		    "the PROXY header is longer than 4096 bytes" },
		{ BYTES(SIGNATURE "\x21\x11\0\xd" IP4 "\4"), CUT },
		{ BYTES(SIGNATURE "\x21\x11\0\xe" IP4 "\4\0"), CUT },
		{ BYTES(SIGNATURE "\x21\x11\0\xf" IP4 "\4\0\1"), CUT },
		{ BYTES(SIGNATURE "\x21\x11\0\x10" IP4 "\4\xff\xff""a"), CUT },
		{ BYTES(SIGNATURE "\x21\x11\0\x13" IP4 "\x20\0\4\1\0\0\0"),
		    SSL_CUT },
		{ BYTES(SIGNATURE "\x21\x11\0\x17" IP4
		    "\x20\0\x8\1\0\0\0\0\x21\0\1"), SSL_CUT },
		{ BYTES(SIGNATURE "\x21\x11\0\x12" IP4 "\3\0\3abc"),
		    "the checksum of the PROXY header is not of 4 bytes" },
		{ BYTES(SIGNATURE "\x21\x11\0\x13" IP4 "\3\0\4abcd"),
		    "the checksum of the PROXY header is wrong" },
	};
	struct proxy_header h;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(read_all(table[i].in, &h, &why), -1);
		assert_string_equal(why, table[i].why);
	}
}

static void
reads_as_much_as_4096_bytes(void **state)
{
	static char in[4096] = SIGNATURE "\x21\x11\xf\xf0" IP4 "\4\xf\xe1";
	struct proxy_header h;
	const char *why;

	(void)state;
	assert_int_equal(proxy_header_read(slice_make(in, 4095), &h, &why), 0);
	assert_int_equal(proxy_header_read(slice_make(in, 4096), &h, &why),
	    4096);
	assert_false(h.is_local);
}

/* CRC-32C the slow way, after its definition. */
static uint32_t
checksum(const char *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < 8 * n; i++) {
		uint32_t bit = ((unsigned char)p[i / 8] >> i % 8 ^ crc) & 1;

		crc >>= 1;
		if (bit)
			crc ^= 0x82f63b78;
	}
	return crc ^ 0xffffffff;
}

static void
checks_the_checksum_when_there_is_one(void **state)
{
	char in[] = SIGNATURE "\x21\x11\0\x17" IP4 "\4\0\1x\3\0\4\0\0\0\0";
	struct slice all = { in, sizeof(in) - 1 };
	struct proxy_header h;
	const char *why;
	uint32_t crc;

	(void)state;
	assert_int_equal(checksum("123456789", 9), 0xe3069283);
	crc = checksum(in, all.n);
	for (int i = 0; i < 4; i++)
		in[all.n - 4 + (size_t)i] = (char)(uint8_t)(crc >> (24 - 8 * i));
	assert_int_equal(read_all(all, &h, &why), all.n);
	for (size_t i = 16; i < all.n; i++) {
		if (i == all.n - 7)
			continue;	/* then it is no checksum any more */
		in[i] ^= 1;
		assert_int_equal(proxy_header_read(all, &h, &why), -1);
		in[i] ^= 1;
	}
	assert_int_equal(proxy_header_read(all, &h, &why), all.n);
}

/* --- writing */

static struct addr
addr_of(const char *text)
{
	struct addr a = { 0 };

	if (text != NULL && strcmp(text, "unix:") == 0) {
		a.un.sun_family = AF_UNIX;
		a.len = sizeof(sa_family_t);
	} else if (text != NULL) {
		assert_null(addr_parse(slice_of(text), &a));
	}
	return a;
}

static void
writes_both_addresses_in_one_family(void **state)
{
	static const struct {
		const char *source, *target, *line, *from, *to;
	} table[] = {
		{ "192.0.2.1:1", "192.0.2.2:2",
		    "TCP4 192.0.2.1 192.0.2.2 1 2", "192.0.2.1:1",
		    "192.0.2.2:2" },
		{ "[2001:db8::1]:1", "[::1]:2", "TCP6 2001:db8::1 ::1 1 2",
		    "[2001:db8::1]:1", "[::1]:2" },
		{ "[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2",
		    "TCP4 192.0.2.1 192.0.2.2 1 2", "192.0.2.1:1",
		    "192.0.2.2:2" },
		{ "192.0.2.1:1", "[::ffff:192.0.2.2]:2",
		    "TCP4 192.0.2.1 192.0.2.2 1 2", "192.0.2.1:1",
		    "192.0.2.2:2" },
		{ "192.0.2.1:1", "[::1]:2", "TCP6 ::ffff:192.0.2.1 ::1 1 2",
		    "192.0.2.1:1", "[::1]:2" },
		{ "[::1]:1", "192.0.2.2:2", "TCP6 ::1 ::ffff:192.0.2.2 1 2",
		    "[::1]:1", "192.0.2.2:2" },
		{ "192.0.2.1:1", NULL, "TCP4 192.0.2.1 0.0.0.0 1 0",
		    "192.0.2.1:1", "0.0.0.0:0" },
		{ "[::1]:1", "unix:/x", "TCP6 ::1 :: 1 0", "[::1]:1",
		    "[::]:0" },
		{ "[::ffff:192.0.2.1]:1", NULL, "TCP4 192.0.2.1 0.0.0.0 1 0",
		    "192.0.2.1:1", "0.0.0.0:0" },
		{ "unix:/a", "unix:/b", "UNKNOWN", "unix:/a", "unix:/b" },
		{ "unix:", "unix:/b", "UNKNOWN", "unix:", "unix:/b" },
		{ "unix:", "192.0.2.1:1", "UNKNOWN", "unix:", "unix:" },
	};
	char out[PROXY_HEADER_MOST], line[128];
	struct proxy_header h, back;
	const char *why;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		h = (struct proxy_header){ .source = addr_of(table[i].source),
		    .target = addr_of(table[i].target) };
		n = proxy_header_write(PROXY_V1, &h, out);
		out[n] = '\0';
		(void)snprintf(line, sizeof(line), "PROXY %s\r\n",
		    table[i].line);
		assert_string_equal(out, line);
		assert_int_equal(read_all(slice_make(out, n), &back, &why), n);
		n = proxy_header_write(PROXY_V2, &h, out);
		assert_int_equal(read_all(slice_make(out, n), &back, &why), n);
		assert_false(back.is_local);
		assert_stated(&back.source, table[i].from);
		assert_stated(&back.target, table[i].to);
	}
}

static void
writes_that_there_is_no_client(void **state)
{
	struct proxy_header h = { .is_local = true, .has_tls = true,
	    .source = addr_of("1.2.3.4:5"), .alpn = SLICE("h2") };
	char out[PROXY_HEADER_MOST];

	(void)state;
	assert_int_equal(proxy_header_write(PROXY_OFF, &h, out), 0);
	assert_int_equal(proxy_header_write(PROXY_V1, &h, out), 15);
	assert_memory_equal(out, "PROXY UNKNOWN\r\n", 15);
	assert_int_equal(proxy_header_write(PROXY_V2, &h, out), 16);
	assert_memory_equal(out, SIGNATURE "\x20\0\0\0", 16);
}

static void
assert_text(struct slice got, struct slice wanted)
{
	assert_int_equal(got.p == NULL, wanted.p == NULL);
	assert_true(slice_eq(got, wanted));
}

static void
assert_same_facts(const struct proxy_header *g, const struct proxy_header *h)
{
	assert_text(g->alpn, h->alpn);
	assert_text(g->authority, h->authority);
	assert_int_equal(g->has_tls, h->has_tls);
	assert_int_equal(g->tls.is_tls, h->tls.is_tls);
	assert_int_equal(g->tls.cert_conn, h->tls.cert_conn);
	assert_int_equal(g->tls.cert_session, h->tls.cert_session);
	assert_int_equal(g->tls.verify, h->tls.verify);
	assert_text(g->tls.version, h->tls.version);
	assert_text(g->tls.cn, h->tls.cn);
	assert_text(g->tls.cipher, h->tls.cipher);
}

/* Each fact alone, and all together. */
static void
reads_the_facts_that_it_wrote(void **state)
{
	char out[PROXY_HEADER_MOST];
	struct proxy_header h, back;
	const char *why;
	size_t n;

	(void)state;
	for (unsigned set = 0; set < 512; set++) {
		h = (struct proxy_header){ .source = addr_of("1.2.3.4:5"),
		    .target = addr_of("5.6.7.8:9"), .has_tls = set & 1 };
		if (set & 2)
			h.alpn = SLICE("http/1.1");
		if (set & 4)
			h.authority = SLICE("www.example.com");
		if (h.has_tls)
			h.tls = (struct proxy_tls){ .is_tls = set & 8,
			    .cert_conn = set & 16, .cert_session = set & 32,
			    .verify = set & 8 ? 0 : 0x80402010 };
		if (h.has_tls && set & 64)
			h.tls.version = SLICE("TLSv1.3");
		if (h.has_tls && set & 128)
			h.tls.cn = SLICE("");
		if (h.has_tls && set & 256)
			h.tls.cipher = SLICE("TLS_AES_128_GCM_SHA256");
		n = proxy_header_write(PROXY_V2, &h, out);
		assert_int_equal(read_all(slice_make(out, n), &back, &why), n);
		assert_same_facts(&back, &h);
	}
}

static void
leaves_out_what_is_too_long(void **state)
{
	static char text[256];
	char out[PROXY_HEADER_MOST];
	struct proxy_header back, h = { .source = addr_of("unix:/a"),
	    .has_tls = true, .tls.cn = { text, 256 },
	    .tls.version = { text, 255 }, .tls.cipher = { text, 255 },
	    .authority = { text, 255 }, .alpn = { text, 256 } };
	const char *why;
	size_t n;

	(void)state;
	n = proxy_header_write(PROXY_V2, &h, out);
	assert_int_equal(proxy_header_read(slice_make(out, n), &back, &why),
	    n);
	assert_null(back.alpn.p);
	assert_null(back.tls.cn.p);
	assert_int_equal(back.authority.n, 255);
	assert_int_equal(back.tls.cipher.n, 255);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines_of_version_1),
		cmocka_unit_test(refuses_malformed_lines_of_version_1),
		cmocka_unit_test(waits_for_no_more_than_107_bytes_of_a_line),
		cmocka_unit_test(reads_headers_of_version_2),
		cmocka_unit_test(reads_unix_addresses),
		cmocka_unit_test(refuses_malformed_headers_of_version_2),
		cmocka_unit_test(reads_as_much_as_4096_bytes),
		cmocka_unit_test(checks_the_checksum_when_there_is_one),
		cmocka_unit_test(writes_both_addresses_in_one_family),
		cmocka_unit_test(writes_that_there_is_no_client),
		cmocka_unit_test(reads_the_facts_that_it_wrote),
		cmocka_unit_test(leaves_out_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
