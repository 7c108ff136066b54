/*
 * fuzz_h1_request.c - request heads.
 *
 * Invariants: the same outcome however the bytes are cut; no more is taken
 * than was given; and what is sent on means to us what came: the head that we
 * write of a head that we read reads the same.
 */
#include <stdlib.h>

#include "../unit/codec/parse.h"
#include "codec/h1_write.h"
#include "fuzz.h"

struct pair {
	struct arena a;
	struct head h;
	struct h1_facts facts;
};

static ssize_t
parse(struct pair *p, struct slice in)
{
	struct h1_scan scan = { 0 };
	struct fault fault;

	arena_init(&p->a, NULL);
	return h1_parse_request(in, &scan, &http_limits_default, &p->a, &p->h,
	    &p->facts, &fault);
}

static void
write_again(const struct pair *p, struct slab *pages, struct buf *b)
{
	const struct h1_lines_made made = {
		.chunked = p->facts.chunked,
		.length = p->h.length >= 0,
		.content_length = p->h.length,
		.upgrade = p->h.protocol.n > 0,
		.te = p->h.trailers_ok,
	};

	buf_reserve(b, pages, h1_write_size(&p->h));
	h1_write_request(b, &p->h, &made);
}

static void
compare(const struct pair *p, const struct pair *q)
{
	const struct head *g = &p->h, *h = &q->h;

	must(slice_eq(g->method, h->method) && slice_eq(g->path, h->path));
	must(slice_eq(g->authority, h->authority));
	must(slice_eq(g->protocol, h->protocol) && g->length == h->length);
	must(p->facts.chunked == q->facts.chunked);
	must(g->trailers_ok == h->trailers_ok);
	must(g->nfields == h->nfields);
	for (uint32_t i = 0; i < g->nfields; i++)
		must(slice_eq(g->fields[i].name, h->fields[i].name) &&
		    slice_eq(g->fields[i].value, h->fields[i].value));
}

static void
read_what_we_write(struct slice in)
{
	struct slab pages;
	struct buf b = { 0 };
	struct pair p, q;

	if (parse(&p, in) > 0 && p.h.authority.n > 0) {
		buf_pages_init(&pages, 0);
		write_again(&p, &pages, &b);
		must(parse(&q, buf_slice(&b)) == (ssize_t)buf_len(&b));
		compare(&p, &q);
		arena_reset(&q.a);
		buf_release(&b, &pages);
	}
	arena_reset(&p.a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice in = slice_make((const char *)bytes, n);
	struct http_limits l = http_limits_default;
	struct parsed p;

	if (n > 4096)
		return 0;
	parsed_do(&p, PARSED_REQUEST, in, &l);
	must(p.length <= (ssize_t)n);
	l.request_line = 40;
	l.head = 200;
	l.fields = 5;
	l.underscores = UNDERSCORES_REFUSE;
	parsed_do(&p, PARSED_REQUEST, in, &l);
	must(p.length <= 200);
	read_what_we_write(in);
	return 0;
}
