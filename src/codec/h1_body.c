/*
 * h1_body.c - the body of an HTTP/1 message (RFC 9112 6 and 7).
 *
 * Chunked bodies are read by a machine that looks at each byte of the framing
 * once, wherever the input was cut, and never at the data.  Data stays where
 * it was received; only what follows a further chunk's framing moves down.
 *
 *	SIZE > (NAME, VALUE, QUOTED: extensions) > SIZE_LF > DATA > DATA_CR >
 *	DATA_LF > SIZE ... SIZE_LF > TRAILERS
 */
#include "codec/h1_body.h"

#include "base/must.h"
#include "codec/h1_lines.h"
#include "http/check.h"

enum state {
	SIZE,
	NAME_START, NAME, VALUE_START, VALUE, QUOTED, ESCAPED, AFTER_QUOTED,
	SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILERS
};

#define MAX_DIGITS 16

/* One call of h1_body_decode. */
struct decode {
	struct h1_body *b;
	char *start, *p, *end;
	char *data;		/* where the data is, and its end */
	size_t n;
	struct fault *fault;
};

void
h1_body_init(struct h1_body *b, enum h1_framing framing, uint64_t length)
{
	memset(b, 0, sizeof(*b));
	b->framing = framing;
	b->left = framing == H1_LENGTH ? length : 0;
	b->state = SIZE;
	b->kind = HEAD_REQUEST;
}

uint64_t
h1_body_raw(const struct h1_body *b)
{
	if (b->framing == H1_UNTIL_END)
		return UINT64_MAX;
	return b->framing == H1_LENGTH ? b->left : 0;
}

enum h1_body_result
h1_body_skip(struct h1_body *b, size_t n)
{
	must(n <= h1_body_raw(b));
	if (b->framing != H1_LENGTH)
		return H1_BODY_MORE;
	b->left -= n;
	return b->left == 0 ? H1_BODY_END : H1_BODY_MORE;
}

static bool
refuse(struct decode *d, const char *why)
{
	*d->fault = (struct fault){
		.status = d->b->kind == HEAD_REQUEST ? 400 : 502,
		.why = why,
		.bytes = slice_make(d->start, (size_t)(d->end - d->start)),
		.offset = (size_t)(d->p - d->start),
	};
	return false;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = slice_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
size_digit(struct decode *d)
{
	struct h1_body *b = d->b;
	char c = *d->p;
	int v = hex(c);

	if (v >= 0) {
		if (b->digits == MAX_DIGITS || b->left > (UINT64_MAX >> 5))
			return refuse(d, "a chunk size that is too large");
		b->left = b->left << 4 | (unsigned)v;
		b->digits++;
		return true;
	}
	if (b->digits == 0)
		return refuse(d, "a chunk size that is not a number");
	if (c == '\r')
		b->state = SIZE_LF;
	else if (c == ';')
		b->state = NAME_START;
	else
		return refuse(d, "a byte behind a chunk size");
	return true;
}

/* The end of an extension, or the next one: SIZE_LF, NAME_START, -1. */
static int
next_extension(char c)
{
	return c == '\r' ? SIZE_LF : c == ';' ? NAME_START : -1;
}

/* The state that a byte of an extension leads to (RFC 9112 7.1.1), or -1. */
static int
step_extension(enum state s, char c)
{
	bool token = check_is(c, CHECK_TOKEN);

	switch (s) {
	case NAME_START:
		return token ? NAME : -1;
	case NAME:
		return token ? NAME : c == '=' ? VALUE_START :
		    next_extension(c);
	case VALUE_START:
		return token ? VALUE : c == '"' ? QUOTED : -1;
	case VALUE:
		return token ? VALUE : next_extension(c);
	case QUOTED:
		return c == '"' ? AFTER_QUOTED : c == '\\' ? ESCAPED :
		    check_is(c, CHECK_VALUE) ? QUOTED : -1;
	case ESCAPED:
		return check_is(c, CHECK_VALUE) ? QUOTED : -1;
	default:
		return next_extension(c);
	}
}

static bool
extension(struct decode *d)
{
	struct h1_body *b = d->b;
	int s = step_extension(b->state, *d->p);

	if (s < 0)
		return refuse(d, "a malformed chunk extension");
	if (++b->line > H1_EXTENSION_LINE ||
	    ++b->extension > H1_EXTENSION_TOTAL)
		return refuse(d, "too many bytes of chunk extensions");
	b->state = (uint8_t)s;
	return true;
}

static bool
expect(struct decode *d, char c, enum state next)
{
	if (*d->p != c)
		return refuse(d, "no CRLF where a chunk's framing has one");
	d->b->state = next;
	return true;
}

static bool
framing_byte(struct decode *d)
{
	struct h1_body *b = d->b;

	switch (b->state) {
	case SIZE:
		return size_digit(d);
	case SIZE_LF:
		return expect(d, '\n', b->left == 0 ? TRAILERS : DATA);
	case DATA_CR:
		return expect(d, '\r', DATA_LF);
	case DATA_LF:
		b->digits = 0;
		b->line = 0;
		return expect(d, '\n', SIZE);
	default:
		return extension(d);
	}
}

/* Takes data up to the end of the chunk, next to what was there before. */
static void
take(struct decode *d)
{
	size_t n = (size_t)(d->end - d->p);

	if (n > d->b->left)
		n = (size_t)d->b->left;
	if (d->n == 0)
		d->data = d->p;
	else if (d->data + d->n != d->p)
		memmove(d->data + d->n, d->p, n);
	d->n += n;
	d->p += n;
	d->b->left -= n;
}

static enum h1_body_result
trailers(struct decode *d, const struct http_limits *l, struct arena *a)
{
	struct h1_body *b = d->b;
	struct slice in = slice_make(d->p, (size_t)(d->end - d->p));
	size_t limit = l->head < BUF_PAGE ? l->head : BUF_PAGE;
	ssize_t n = h1_find_end(in, &b->seen, limit);
	struct head head;

	if (n == 0)
		return H1_BODY_MORE;
	head_init(&head, b->kind);
	n = h1_parse_trailers(in, l, a, &head, d->fault);
	if (n < 0)
		return H1_BODY_FAULT;
	must(n > 0);
	b->trailers = head.fields;
	b->ntrailers = head.nfields;
	d->p += n;
	return H1_BODY_END;
}

static enum h1_body_result
chunked(struct decode *d, const struct http_limits *l, struct arena *a)
{
	while (d->p < d->end) {
		if (d->b->state == DATA) {
			take(d);
			if (d->b->left == 0)
				d->b->state = DATA_CR;
			continue;
		}
		if (d->b->state == TRAILERS)
			return trailers(d, l, a);
		if (!framing_byte(d))
			return H1_BODY_FAULT;
		d->p++;
	}
	return H1_BODY_MORE;
}

static enum h1_body_result
decode(struct decode *d, const struct http_limits *l, struct arena *a)
{
	switch (d->b->framing) {
	case H1_LENGTH:
		take(d);
		return d->b->left == 0 ? H1_BODY_END : H1_BODY_MORE;
	case H1_CHUNKED:
		return chunked(d, l, a);
	case H1_UNTIL_END:
		d->b->left = UINT64_MAX;
		take(d);
		return H1_BODY_MORE;
	default:
		return H1_BODY_END;
	}
}

enum h1_body_result
h1_body_decode(struct h1_body *b, struct buf *in, const struct http_limits *l,
    struct arena *a, struct slice *data, size_t *taken, struct fault *fault)
{
	struct decode d = { .b = b, .fault = fault };
	enum h1_body_result r;
	char none = 0;

	d.start = buf_len(in) > 0 ? buf_at(in) : &none;
	d.p = d.start;
	d.end = d.start + buf_len(in);
	r = decode(&d, l, a);
	*data = d.n > 0 ? slice_make(d.data, d.n) : SLICE_NONE;
	*taken = (size_t)(d.p - d.start);
	return r;
}
