#pragma once

/*
 * Parses a head and writes down what came of it as text: for tables of bytes
 * in, text out.  Always twice: at once, and byte by byte (or nearly, if it is
 * long); both must agree.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "codec/h1_parse.h"

#define PARSED_TEXT 4096u

struct parsed {
	char text[PARSED_TEXT];
	size_t n;
	ssize_t length;
	size_t offset;
	struct h1_facts facts;
};

static inline void __attribute__((format(printf, 2, 3)))
parsed_add(struct parsed *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p->text + p->n, PARSED_TEXT - p->n, fmt, ap);
	va_end(ap);
	must(n >= 0);
	p->n += (size_t)n;
	if (p->n >= PARSED_TEXT)
		p->n = PARSED_TEXT - 1;
}

static inline void
parsed_head(struct parsed *p, const struct head *h)
{
	if (h->kind == HEAD_REQUEST)
		parsed_add(p, "%.*s %.*s %.*s", SLICE_ARG(h->method),
		    h->authority.n > 0 ? (int)h->authority.n : 1,
		    h->authority.n > 0 ? h->authority.p : "-",
		    h->path.n > 0 ? (int)h->path.n : 1,
		    h->path.n > 0 ? h->path.p : "-");
	else
		parsed_add(p, "%s%u", h->kind == HEAD_INTERIM ? "interim " :
		    "", h->status);
	if (h->proto == HTTP_1_0)
		parsed_add(p, " 1.0");
	if (h->length != LENGTH_NONE)
		parsed_add(p, " length=%lld", (long long)h->length);
	if (p->facts.chunked)
		parsed_add(p, " chunked");
	if (p->facts.hop.close)
		parsed_add(p, " close");
	if (p->facts.hop.keep_alive)
		parsed_add(p, " keep-alive");
	if (p->facts.keep_alive >= 0)
		parsed_add(p, " timeout=%d", p->facts.keep_alive);
	if (h->protocol.n > 0)
		parsed_add(p, " protocol=%.*s", SLICE_ARG(h->protocol));
	if (h->trailers_ok)
		parsed_add(p, " trailers_ok");
	if (h->expects_continue)
		parsed_add(p, " expects");
	if (h->absolute)
		parsed_add(p, " absolute=%.*s", SLICE_ARG(h->scheme));
	for (uint32_t i = 0; i < h->nfields; i++)
		parsed_add(p, " [%.*s: %.*s]", SLICE_ARG(h->fields[i].name),
		    SLICE_ARG(h->fields[i].value));
}

enum parsed_what { PARSED_REQUEST, PARSED_RESPONSE, PARSED_TRAILERS };

static inline ssize_t
parsed_call(enum parsed_what what, struct slice in, struct h1_scan *scan,
    const struct http_limits *l, struct arena *a, struct head *h,
    struct h1_facts *facts, struct fault *fault)
{
	/* Memory of its own, so that a read behind it is found. */
	char *copy = arena_get(a, in.n + 2048);

	memcpy(copy + 2048, in.p, in.n);
	in.p = copy + 2048;
	if (what == PARSED_REQUEST)
		return h1_parse_request(in, scan, l, a, h, facts, fault);
	if (what == PARSED_RESPONSE)
		return h1_parse_response(in, scan, l, a, h, facts, fault);
	*facts = (struct h1_facts){ .keep_alive = -1 };
	head_init(h, HEAD_REQUEST);
	return h1_parse_trailers(in, l, a, h, fault);
}

static inline void
parsed_by(struct parsed *p, enum parsed_what what, struct slice in,
    const struct http_limits *l, size_t step)
{
	struct h1_scan scan = { 0 };
	struct fault fault = { 0 };
	struct arena a;
	struct head h;

	memset(p, 0, sizeof(*p));
	arena_init(&a, NULL);
	for (size_t n = 0; p->length == 0; n += step) {
		if (step == 0 || n > in.n)
			n = in.n;
		p->length = parsed_call(what, slice_make(in.p, n), &scan, l,
		    &a, &h, &p->facts, &fault);
		if (n == in.n)
			break;
	}
	if (p->length > 0) {
		parsed_head(p, &h);
	} else if (p->length < 0) {
		must(fault.offset < fault.bytes.n);
		p->offset = fault.offset;
		parsed_add(p, "%u %s", fault.status, fault.why);
	} else {
		parsed_add(p, "more");
	}
	arena_reset(&a);
}

static inline void
parsed_do(struct parsed *p, enum parsed_what what, struct slice in,
    const struct http_limits *l)
{
	struct parsed slow;

	parsed_by(p, what, in, l, 0);
	parsed_by(&slow, what, in, l, in.n / 300 + 1);
	must(p->length == slow.length && p->offset == slow.offset);
	must(strcmp(p->text, slow.text) == 0);
}
