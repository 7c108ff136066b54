/*
 * sha1.c - SHA-1 of a few bytes, and base 64.
 *
 * Why:       a WebSocket over HTTP/1.1 begins with both (RFC 6455 4.2.2), and
 *            the layer that speaks HTTP has no cryptographic library.
 */
#include "base/sha1.h"

#include <string.h>

#define BLOCK 64u

static uint32_t
left(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* The function and the constant of step t (RFC 3174 5). */
static uint32_t
mix(unsigned t, const uint32_t h[5])
{
	uint32_t b = h[1], c = h[2], d = h[3];

	switch (t / 20) {
	case 0: return ((b & c) | (~b & d)) + 0x5a827999;
	case 1: return (b ^ c ^ d) + 0x6ed9eba1;
	case 2: return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	default: return (b ^ c ^ d) + 0xca62c1d6;
	}
}

static void
add_block(uint32_t state[5], const uint8_t *p)
{
	uint32_t w[80], h[5], next;
	unsigned t;

	for (t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3];
	for (; t < 80; t++)
		w[t] = left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(h, state, sizeof(h));
	for (t = 0; t < 80; t++) {
		next = left(h[0], 5) + mix(t, h) + h[4] + w[t];
		h[4] = h[3];
		h[3] = h[2];
		h[2] = left(h[1], 30);
		h[1] = h[0];
		h[0] = next;
	}
	for (t = 0; t < 5; t++)
		state[t] += h[t];
}

void
sha1(struct slice s, uint8_t out[SHA1_BYTES])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
	    0xc3d2e1f0 };
	uint8_t last[2 * BLOCK] = { 0 };
	uint64_t bits = (uint64_t)s.n * 8;
	size_t n;

	for (; s.n >= BLOCK; s = slice_skip(s, BLOCK))
		add_block(h, (const uint8_t *)s.p);
	if (s.n > 0)
		memcpy(last, s.p, s.n);
	last[s.n] = 0x80;
	n = s.n < BLOCK - 8 ? BLOCK : 2 * BLOCK;
	for (unsigned i = 0; i < 8; i++)
		last[n - 1 - i] = (uint8_t)(bits >> 8 * i);
	for (size_t i = 0; i < n; i += BLOCK)
		add_block(h, last + i);
	for (unsigned i = 0; i < SHA1_BYTES; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8));
}

struct slice
base64(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *at = out;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 |
		    (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
		    (i + 2 < n ? p[i + 2] : 0);

		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		*at++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*at++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*at = '\0';
	return slice_make(out, (size_t)(at - out));
}
