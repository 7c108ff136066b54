/*
 * fuzz_proxy_header.c - headers of the PROXY protocol, both versions.
 *
 * Invariants: a header is complete at one length and no other; no sentence
 * without an error; and what is written of a header that was read reads the
 * same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "fuzz.h"
#include "net/proxy_header.h"

/* Reads from memory of that size, so that a sanitizer sees every step beyond. */
static ssize_t
read_piece(const uint8_t *bytes, size_t n)
{
	char *p = malloc(n > 0 ? n : 1);
	struct proxy_header h;
	const char *why;
	ssize_t got;

	must(p != NULL);
	if (n > 0)
		memcpy(p, bytes, n);
	got = proxy_header_read(slice_make(p, n), &h, &why);
	must(got <= (ssize_t)n && (got < 0) == (why != NULL));
	free(p);
	return got;
}

static void
cut_anywhere(const uint8_t *bytes, size_t n, ssize_t whole)
{
	for (size_t i = 0; i < n; i++) {
		ssize_t got = read_piece(bytes, i);

		if (whole > 0)
			must(got == (i < (size_t)whole ? 0 : whole));
		else
			must(got <= 0 && (got == 0 || whole < 0));
	}
}

static void
same_text(struct slice a, struct slice b)
{
	must(slice_eq(a, b) || a.n > PROXY_TEXT_MOST);
}

static void
same_address(const struct addr *a, const struct addr *b)
{
	char p[ADDR_TEXT], q[ADDR_TEXT];

	addr_print(a, p);
	addr_print(b, q);
	must(strcmp(p, q) == 0);
}

static void
write_again(const struct proxy_header *h, enum proxy_version version)
{
	char out[PROXY_HEADER_MOST];
	size_t n = proxy_header_write(version, h, out);
	struct proxy_header g;
	const char *why;

	must(proxy_header_read(slice_make(out, n), &g, &why) == (ssize_t)n);
	if (version == PROXY_V1 && addr_is_unix(&h->source)) {
		must(g.is_local);
		return;
	}
	must(g.is_local == h->is_local);
	same_address(&g.source, &h->source);
	same_address(&g.target, &h->target);
	if (version == PROXY_V1)
		return;
	same_text(h->alpn, g.alpn);
	same_text(h->authority, g.authority);
	must(g.has_tls == h->has_tls && g.tls.verify == h->tls.verify);
	same_text(h->tls.version, g.tls.version);
	same_text(h->tls.cn, g.tls.cn);
	same_text(h->tls.cipher, g.tls.cipher);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct proxy_header h;
	const char *why;
	ssize_t got;

	if (n > 5000)
		return 0;
	got = read_piece(bytes, n);
	if (n <= 400)
		cut_anywhere(bytes, n, got);
	if (got <= 0)
		return 0;
	(void)proxy_header_read(slice_make((const char *)bytes, n), &h, &why);
	write_again(&h, PROXY_V1);
	write_again(&h, PROXY_V2);
	return 0;
}
