/*
 * h1_parse.c - the heads of HTTP/1 messages (RFC 9112 2 to 6).
 *
 * A head is parsed once, when its last byte is here: so what is refused, and
 * why, does not depend on how the bytes were cut on their way.
 *
 *	find its end > copy it > first line > field lines > what they mean
 *
 * Not here: field lines (h1_lines.c), targets (h1_target.c).
 */
#include "codec/h1_parse.h"

#include "base/buf.h"
#include "codec/h1_lines.h"
#include "http/check.h"

static ssize_t
too_large(struct slice in, unsigned status, const char *why,
    struct fault *fault)
{
	*fault = (struct fault){ .status = (uint16_t)status, .why = why,
	    .bytes = in, .offset = in.n > 0 ? in.n - 1 : 0 };
	return -1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1" at p.  The head goes on behind it, so no byte is missing. */
static bool
read_version(struct h1_lines *x)
{
	char *p = x->p;

	if (x->end - p < 10 || memcmp(p, "HTTP/", 5) != 0 ||
	    !is_digit(p[5]) || p[6] != '.' || !is_digit(p[7]))
		return h1_refuse(x, 400, "a malformed version", p);
	if (p[5] != '1')
		return h1_refuse(x, 505, "a version other than HTTP/1", p + 5);
	x->facts->minor = (uint8_t)(p[7] - '0');
	x->h->proto = x->facts->minor == 0 ? HTTP_1_0 : HTTP_1_1;
	x->p = p + 8;
	return true;
}

static bool
request_line(struct h1_lines *x)
{
	char *start = x->p, *p = start, *sp;
	const char *line = memchr(p, '\n', (size_t)(x->end - p));
	struct slice target;

	while (check_is(*p, CHECK_TOKEN))
		p++;
	x->h->method = slice_make(start, (size_t)(p - start));
	if (p == start || *p != ' ')
		return h1_refuse(x, 400, "a malformed method", p);
	p++;
	sp = memchr(p, ' ', (size_t)(line - p));
	if (sp == NULL)
		return h1_refuse(x, 400, "no version in the request line", p);
	target = slice_make(p, (size_t)(sp - p));
	if (!h1_target_read(x, target))
		return false;
	x->p = sp + 1;
	return read_version(x) && h1_lines_crlf(x);
}

/* Which of the two statuses an unusable Transfer-Encoding earns. */
static bool
refuse_coding(struct h1_lines *x)
{
	struct slice list = x->te, e;

	while (slice_next_element(&list, &e))
		if (!slice_eq_nocase(e, SLICE("chunked")) &&
		    !slice_eq_nocase(e, SLICE("identity")))
			return h1_refuse(x, 501, "an unknown transfer coding",
			    e.p);
	return h1_refuse(x, 400, "a Transfer-Encoding other than one chunked",
	    x->te.p);
}

static bool
finish_framing(struct h1_lines *x)
{
	struct h1_facts *facts = x->facts;

	facts->has_te = x->nte > 0;
	if (!facts->has_te)
		return true;
	if (facts->has_length)
		return h1_refuse(x, 400,
		    "both Content-Length and Transfer-Encoding", x->te.p);
	if (facts->minor == 0)
		return h1_refuse(x, 400, "Transfer-Encoding in HTTP/1.0",
		    x->te.p);
	if (x->nte > 1 || !slice_eq_nocase(x->te, SLICE("chunked")))
		return refuse_coding(x);
	facts->chunked = true;
	return true;
}

/* The fields that Connection names, and Connection itself. */
static void
drop_named(struct h1_lines *x)
{
	const struct field *f;
	struct slice value;
	size_t i;

	if (!x->facts->hop.names_others)
		return;
	while ((f = head_find(x->h, (enum field_id)H1_NAMING)) != NULL) {
		value = f->value;
		i = (size_t)(f - x->h->fields);
		x->h->nfields--;
		memmove(&x->h->fields[i], &x->h->fields[i + 1],
		    (x->h->nfields - i) * sizeof(*f));
		hop_drop_named(x->h, value);
	}
}

/*
 * It may be passed over (RFC 9110 7.8).  With a body before the switch it is,
 * for that cannot be said in HTTP/2.
 */
static void
finish_upgrade(struct h1_lines *x)
{
	struct slice list = x->upgrade, e;

	if (list.n == 0 || !x->facts->hop.upgrade || x->facts->minor == 0 ||
	    x->facts->chunked || x->h->length > 0)
		return;
	while (slice_next_element(&list, &e))
		if (http_may_switch(x->l, e)) {
			x->h->protocol = e;
			return;
		}
}

static bool
parse_request(struct h1_lines *x)
{
	struct head *h = x->h;

	if (!request_line(x) || !h1_lines_fields(x) || !h1_target_finish(x) ||
	    !finish_framing(x))
		return false;
	if (h->path.n == 0 && (x->facts->chunked || h->length > 0))
		return h1_refuse(x, 400, "a CONNECT with a body", NULL);
	finish_upgrade(x);
	drop_named(x);
	h->expects_continue = x->nexpects > 0 && !x->expects_other &&
	    head_find(h, FIELD_EXPECT) != NULL;
	h->trailers_ok = h->trailers_ok && x->facts->minor > 0;
	return true;
}

/* An empty head to fill: what was there stays in the arena. */
static struct h1_lines
begin(const struct http_limits *l, struct arena *a, struct head *h,
    enum head_kind kind, struct h1_facts *facts, struct fault *fault)
{
	head_init(h, kind);
	h->length = LENGTH_NONE;
	*facts = (struct h1_facts){ .keep_alive = -1, .minor = 1 };
	return (struct h1_lines){ .l = l, .a = a, .h = h, .facts = facts,
	    .fault = fault };
}

ssize_t
h1_parse_request(struct slice in, struct h1_scan *scan,
    const struct http_limits *l, struct arena *a, struct head *h,
    struct h1_facts *facts, struct fault *fault)
{
	size_t line = (size_t)l->request_line + 2;
	struct h1_lines x;
	ssize_t n;

	if (in.n >= line && memchr(in.p, '\n', line) == NULL)
		return too_large(slice_make(in.p, line), 414,
		    "the request line is too long", fault);
	n = h1_find_end(in, &scan->seen, l->head);
	if (n < 0)
		return too_large(slice_make(in.p, l->head), 431,
		    "the request head is too large", fault);
	if (n == 0)
		return 0;
	x = begin(l, a, h, HEAD_REQUEST, facts, fault);
	h1_lines_init(&x, H1_REQUEST, in, (size_t)n);
	return parse_request(&x) ? n : -1;
}

static bool
status_line(struct h1_lines *x)
{
	char *p;

	if (!read_version(x))
		return false;
	p = x->p;
	if (p[0] != ' ' || !is_digit(p[1]) || !is_digit(p[2]) ||
	    !is_digit(p[3]))
		return h1_refuse(x, 502, "a malformed status", p);
	x->h->status = (uint16_t)((p[1] - '0') * 100 + (p[2] - '0') * 10 +
	    (p[3] - '0'));
	if (x->h->status < 100 || x->h->status > 599)
		return h1_refuse(x, 502, "a status out of range", p + 1);
	p += 4;
	if (*p != ' ' && *p != '\r' && *p != '\n')
		return h1_refuse(x, 502, "a malformed status", p);
	while (check_is(*p, CHECK_VALUE))
		p++;
	x->p = p;
	return h1_lines_crlf(x);
}

/* A 1xx or 204 has no framing whatever it says; a 304 only a length. */
static void
finish_bodiless(struct h1_lines *x)
{
	unsigned status = x->h->status;

	if (status >= 200 && status != 204 && status != 304)
		return;
	x->facts->chunked = x->facts->has_te = false;
	x->nte = 0;
	if (status != 304) {
		x->facts->has_length = false;
		x->h->length = LENGTH_NONE;
	}
}

static bool
parse_response(struct h1_lines *x)
{
	struct head *h = x->h;
	struct slice list;

	if (!status_line(x) || !h1_lines_fields(x))
		return false;
	finish_bodiless(x);
	if (!finish_framing(x))
		return false;
	if (h->status < 200 && h->status != 101)
		h->kind = HEAD_INTERIM;
	list = x->upgrade;
	if (h->status == 101 && x->facts->hop.upgrade &&
	    !slice_next_element(&list, &h->protocol))
		h->protocol = SLICE_NONE;
	drop_named(x);
	return true;
}

ssize_t
h1_parse_response(struct slice in, struct h1_scan *scan,
    const struct http_limits *l, struct arena *a, struct head *h,
    struct h1_facts *facts, struct fault *fault)
{
	/* Who reads for us stops when a page is full. */
	size_t limit = l->head < BUF_PAGE ? l->head : BUF_PAGE;
	struct h1_lines x;
	ssize_t n;

	n = h1_find_end(in, &scan->seen, limit);
	if (n < 0)
		return too_large(slice_make(in.p, limit), 502,
		    "the response head is too large", fault);
	if (n == 0)
		return 0;
	x = begin(l, a, h, HEAD_RESPONSE, facts, fault);
	h1_lines_init(&x, H1_RESPONSE, in, (size_t)n);
	return parse_response(&x) ? n : -1;
}

ssize_t
h1_parse_trailers(struct slice in, const struct http_limits *l,
    struct arena *a, struct head *h, struct fault *fault)
{
	size_t limit = l->head < BUF_PAGE ? l->head : BUF_PAGE;
	struct h1_facts facts;
	struct h1_lines x;
	uint32_t seen = 0;
	ssize_t n;

	n = h1_find_end(in, &seen, limit);
	if (n < 0)
		return too_large(slice_make(in.p, limit), 431,
		    "the trailers are too large", fault);
	if (n == 0)
		return 0;
	x = begin(l, a, h, h->kind, &facts, fault);
	h1_lines_init(&x, H1_TRAILERS, in, (size_t)n);
	return h1_lines_fields(&x) ? n : -1;
}
