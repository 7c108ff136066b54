/*
 * fuzz_h1_body.c - chunked bodies.
 *
 * Invariants: the same bytes, trailers and end however the input is cut; what
 * is lent lies inside what was taken; the end is found at the same byte.
 */
#include <stdlib.h>

#include "base/must.h"
#include "codec/h1_body.h"
#include "fuzz.h"

struct read {
	char *data;
	size_t n, taken;
	enum h1_body_result result;
	const char *why;
	struct h1_body body;
	struct arena arena;
};

static void
check(const struct buf *in, struct slice data, size_t taken)
{
	must(taken <= buf_len(in) && data.n <= taken);
	must(data.n == 0 || (data.p >= buf_at(in) &&
	    data.p + data.n <= buf_at(in) + taken));
}

static void
read_body(struct read *r, const uint8_t *bytes, size_t n, uint32_t *seed)
{
	struct buf in = { 0 };
	struct slab pages;
	struct fault fault;
	struct slice data;
	size_t taken, k;

	*r = (struct read){ .data = malloc(n + 1) };
	buf_pages_init(&pages, 0);
	arena_init(&r->arena, NULL);
	h1_body_init(&r->body, H1_CHUNKED, 0);
	while (n > 0 && r->result == H1_BODY_MORE) {
		k = seed == NULL ? n : 1 + fuzz_next(seed) % 24;
		k = k < n ? k : n;
		buf_reserve(&in, &pages, k);
		buf_add(&in, bytes, k);
		bytes += k;
		n -= k;
		r->result = h1_body_decode(&r->body, &in,
		    &http_limits_default, &r->arena, &data, &taken, &fault);
		if (r->result == H1_BODY_FAULT) {
			must(fault.status >= 400 && fault.why != NULL);
			must(fault.offset < fault.bytes.n);
			r->why = fault.why;
			break;
		}
		check(&in, data, taken);
		if (data.n > 0)
			memcpy(r->data + r->n, data.p, data.n);
		r->n += data.n;
		r->taken += taken;
		if (taken > 0)
			buf_drop(&in, taken);
	}
	buf_release(&in, &pages);
	slab_fini(&pages);
}

static void
compare(const struct read *a, const struct read *b)
{
	const struct h1_body *g = &a->body, *h = &b->body;

	must(a->result == b->result && a->why == b->why);
	if (a->result == H1_BODY_FAULT)
		return;
	must(a->n == b->n && memcmp(a->data, b->data, a->n) == 0);
	must(a->taken == b->taken && g->ntrailers == h->ntrailers);
	for (uint32_t i = 0; i < g->ntrailers; i++)
		must(slice_eq(g->trailers[i].name, h->trailers[i].name) &&
		    slice_eq(g->trailers[i].value, h->trailers[i].value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint32_t seed = fuzz_seed(bytes, n);
	struct read whole, cut;

	if (n > 4096)
		return 0;
	read_body(&whole, bytes, n, NULL);
	for (int i = 0; i < 2; i++) {
		read_body(&cut, bytes, n, &seed);
		compare(&whole, &cut);
		arena_reset(&cut.arena);
		free(cut.data);
	}
	arena_reset(&whole.arena);
	free(whole.data);
	return 0;
}
