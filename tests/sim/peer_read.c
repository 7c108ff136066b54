/*
 * HTTP/1.1 as a peer hears it: the product's output, which must be right.
 */
#include "peer_parts.h"

#include <stdlib.h>
#include <string.h>

/* Servers hear requests in order, clients answers to theirs. */
static struct peer_stream *
current(struct peer *p)
{
	unsigned n = p->is_client ? p->n : p->n + 1;

	for (unsigned i = 1; i <= n && i <= PEER_STREAMS; i++)
		if (!p->s[i].told.end)
			return &p->s[i];
	return NULL;
}

static void
drop(struct peer *p, size_t n)
{
	memmove(p->in.p, p->in.p + n, p->in.n - n);
	p->in.n -= n;
	p->in.p[p->in.n] = '\0';
}

static void
end(struct peer *p, struct peer_stream *s)
{
	s->told.end = true;
	p->state = PEER_HEAD;
}

/* Lines up to the empty one, which ends at `to`. */
static void
add_fields(struct text *t, const char *at, const char *to)
{
	const char *eol, *colon;

	for (; at < to && (eol = strstr(at, "\r\n")) != at; at = eol + 2) {
		colon = strchr(at, ':');
		assert_true(colon != NULL && colon < eol);
		peer_add_field(t, at, (size_t)(colon - at), colon + 2,
		    (size_t)(eol - colon - 2));
	}
}

static void
frame(struct peer *p, struct peer_stream *s, int status)
{
	const char *length = strstr(s->told.head.p, "\ncontent-length: ");

	if (p->is_client && (s->to_head || status == 204 || status == 304)) {
		end(p, s);
	} else if (status == 101) {
		s->tunnel = true;
		p->state = PEER_TUNNEL;
	} else if (strstr(s->told.head.p, "\ntransfer-encoding: chunked\n")) {
		p->state = PEER_CHUNKED;
	} else if (length != NULL) {
		p->left = strtoull(length + 17, NULL, 10);
		p->state = PEER_LENGTH;
		if (p->left == 0)
			end(p, s);
	} else if (p->is_client) {
		p->state = PEER_TO_END;
	} else {
		end(p, s);
	}
}

static bool
read_head(struct peer *p, struct peer_stream *s)
{
	const char *stop = strstr(p->in.p, "\r\n\r\n"), *eol;
	struct text *t;
	int status = 0;

	if (stop == NULL)
		return false;
	eol = strstr(p->in.p, "\r\n");
	if (p->is_client)
		status = (int)strtol(p->in.p + 9, NULL, 10);
	t = status / 100 == 1 && status != 101 ? &s->told.interim :
	    &s->told.head;
	if (p->is_client)
		text_add(t, "%d\n", status);
	else
		text_add(t, "%.*s\n", (int)(eol - p->in.p - 9), p->in.p);
	add_fields(t, eol + 2, stop + 2);
	drop(p, (size_t)(stop + 4 - p->in.p));
	if (t == &s->told.interim)
		return true;
	if (!p->is_client) {
		p->n++;
		s->to_head = strncmp(s->told.head.p, "HEAD ", 5) == 0;
	}
	s->told.has_head = true;
	frame(p, s, status);
	return true;
}

static bool
read_bytes(struct peer *p, struct peer_stream *s, size_t most)
{
	size_t n = p->in.n < most ? p->in.n : most;

	text_add_slice(&s->told.body, slice_make(p->in.p, n));
	drop(p, n);
	return n > 0;
}

static bool
read_chunk(struct peer *p, struct peer_stream *s)
{
	const char *eol = strstr(p->in.p, "\r\n"), *stop;
	size_t size, line;

	if (eol == NULL)
		return false;
	size = strtoull(p->in.p, NULL, 16);
	line = (size_t)(eol - p->in.p) + 2;
	if (size > 0) {
		if (p->in.n < line + size + 2)
			return false;
		drop(p, line);
		read_bytes(p, s, size);
		drop(p, 2);
		return true;
	}
	stop = strstr(eol, "\r\n\r\n");
	if (stop == NULL)
		return false;
	add_fields(&s->told.trailers, eol + 2, stop + 2);
	drop(p, (size_t)(stop + 4 - p->in.p));
	end(p, s);
	return true;
}

static bool
step(struct peer *p)
{
	struct peer_stream *s = current(p);
	size_t had = p->in.n;

	assert_non_null(s);
	switch (p->state) {
	case PEER_HEAD:
		return read_head(p, s);
	case PEER_LENGTH:
		(void)read_bytes(p, s, p->left);
		p->left -= had - p->in.n;
		if (p->left == 0)
			end(p, s);
		return true;
	case PEER_CHUNKED:
		return read_chunk(p, s);
	default:
		return read_bytes(p, s, p->in.n);
	}
}

void
peer_read(struct peer *p, const char *bytes, size_t n)
{
	text_add_slice(&p->in, slice_make(bytes, n));
	while (p->in.n > 0 && step(p))
		continue;
}

/* Of a message that only the end delimits it is the end; of others not. */
void
peer_read_end(struct peer *p)
{
	struct peer_stream *s = current(p);

	if (s == NULL || s->told.reset)
		return;
	if ((p->state == PEER_TO_END || p->state == PEER_TUNNEL) &&
	    !p->w->reset)
		s->told.end = true;
	else if (p->is_client || s->told.has_head)
		s->told.reset = true;
}
