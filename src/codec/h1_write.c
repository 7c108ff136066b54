/*
 * h1_write.c - heads as bytes (RFC 9112 3 to 6).
 *
 * The room is computed and reserved once, then the head is copied in one
 * pass.  Framing and hop-by-hop fields are never the sender's: they are made
 * here, or skipped.
 */
#include "codec/h1_write.h"

#include "base/must.h"
#include "base/number.h"
#include "http/status.h"

#define FIXED 256	/* start line and made lines, without what they name */

/* The fields that a codec turns into facts come first in the table. */
_Static_assert(FIELD_CONNECTION == 1 && FIELD_CONTENT_LENGTH == 8 &&
    FIELD_HOST == 7 && FIELD_UPGRADE == 6, "order of http/field.h");

static bool
is_made(const struct field *f)
{
	return (f->id >= FIELD_CONNECTION && f->id <= FIELD_CONTENT_LENGTH) ||
	    f->id == FIELD_HTTP2_SETTINGS;
}

static size_t
fields_size(const struct field *f, uint32_t n)
{
	size_t size = 0;

	for (uint32_t i = 0; i < n; i++)
		size += f[i].name.n + f[i].value.n + 4;
	return size;
}

size_t
h1_write_size(const struct head *h)
{
	return FIXED + h->method.n + h->path.n + h->authority.n +
	    h->protocol.n + fields_size(h->fields, h->nfields);
}

/* Writes at p and returns what is behind. */
static char *
put(char *p, struct slice s)
{
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

#define PUT(p, literal) put(p, SLICE(literal))

static char *
put_field(char *p, const struct field *f)
{
	p = put(p, f->name);
	*p++ = ':';
	*p++ = ' ';
	p = put(p, f->value);
	*p++ = '\r';
	*p++ = '\n';
	return p;
}

/* As it was received, it stands in memory as it is to be written. */
static bool
is_line(const struct field *f)
{
	const char *colon = f->name.p + f->name.n;

	return f->value.p == colon + 2 && colon[0] == ':' && colon[1] == ' ';
}

static bool
is_next_line(const struct field *f, const struct field *next)
{
	const char *end = f->value.p + f->value.n;

	return next->name.p == end + 2 && end[0] == '\r' && end[1] == '\n' &&
	    is_line(next) && !is_made(next);
}

/* Those that stand one behind the other as they were received, at once. */
static char *
put_fields(char *p, const struct head *h)
{
	const struct field *f = h->fields, *last;

	for (uint32_t i = 0; i < h->nfields; i++, f++) {
		if (is_made(f))
			continue;
		if (!is_line(f)) {
			p = put_field(p, f);
			continue;
		}
		last = f;
		while (++i < h->nfields && is_next_line(last, last + 1))
			last++;
		i--;
		p = put(p, slice_make(f->name.p, (size_t)(last->value.p +
		    last->value.n - f->name.p)));
		p = PUT(p, "\r\n");
		f = last;
	}
	return p;
}

static char *
put_number(char *p, uint64_t n)
{
	char digits[NUMBER_TEXT];

	return put(p, number_print(n, digits));
}

static char *
put_connection(char *p, const struct h1_lines_made *made)
{
	bool first = true;

	if (!made->close && !made->keep_alive && !made->upgrade && !made->te)
		return p;
	p = PUT(p, "Connection: ");
	if (made->close || made->keep_alive) {
		p = made->close ? PUT(p, "close") : PUT(p, "keep-alive");
		first = false;
	}
	if (made->upgrade) {
		p = first ? PUT(p, "Upgrade") : PUT(p, ", Upgrade");
		first = false;
	}
	if (made->te)
		p = first ? PUT(p, "TE") : PUT(p, ", TE");
	return PUT(p, "\r\n");
}

static char *
put_made(char *p, const struct head *h, const struct h1_lines_made *made)
{
	if (made->length) {
		p = PUT(p, "Content-Length: ");
		p = put_number(p, (uint64_t)made->content_length);
		p = PUT(p, "\r\n");
	}
	if (made->chunked)
		p = PUT(p, "Transfer-Encoding: chunked\r\n");
	p = put_connection(p, made);
	if (made->te)
		p = PUT(p, "TE: trailers\r\n");
	if (made->upgrade) {
		p = PUT(p, "Upgrade: ");
		p = put(p, h->protocol);
		p = PUT(p, "\r\n");
	}
	if (made->key.n > 0) {
		p = PUT(p, "Sec-WebSocket-Key: ");
		p = put(p, made->key);
		p = PUT(p, "\r\n");
	}
	if (made->accept.n > 0) {
		p = PUT(p, "Sec-WebSocket-Accept: ");
		p = put(p, made->accept);
		p = PUT(p, "\r\n");
	}
	return PUT(p, "\r\n");
}

static void
finish(struct buf *b, const char *p)
{
	size_t end = (size_t)(p - b->base);

	must(end <= b->cap);
	b->end = (uint32_t)end;
}

void
h1_write_request(struct buf *b, const struct head *h,
    const struct h1_lines_made *made)
{
	bool connect = head_is_method(h, "CONNECT") && h->protocol.n == 0;
	char *p = b->base + b->end;

	/* An extended CONNECT is an Upgrade here (RFC 8441 5). */
	p = put(p, made->upgrade && head_is_method(h, "CONNECT") ?
	    SLICE("GET") : h->method);
	*p++ = ' ';
	if (connect)
		p = put(p, h->authority);
	else if (h->path.n > 0)
		p = put(p, h->path);
	else
		*p++ = '/';
	p = PUT(p, " HTTP/1.1\r\nHost: ");
	p = put(p, h->authority);
	p = PUT(p, "\r\n");
	p = put_fields(p, h);
	finish(b, put_made(p, h, made));
}

void
h1_write_response(struct buf *b, const struct head *h,
    const struct h1_lines_made *made)
{
	char *p = b->base + b->end;

	must(h->status >= 100 && h->status <= 999);
	p = PUT(p, "HTTP/1.1 ");
	p = put_number(p, h->status);
	*p++ = ' ';
	p = put(p, slice_of(status_reason(h->status)));
	p = PUT(p, "\r\n");
	p = put_fields(p, h);
	finish(b, put_made(p, h, made));
}

void
h1_write_trailers(struct buf *b, struct slab *pages, const struct field *f,
    uint32_t n)
{
	char *p;

	buf_reserve(b, pages, fields_size(f, n) + 2);
	p = b->base + b->end;
	for (uint32_t i = 0; i < n; i++)
		if (field_is_trailer_ok(&f[i]))
			p = put_field(p, &f[i]);
	finish(b, PUT(p, "\r\n"));
}
