/*
 * conn_proxied.c - a conn that begins with a PROXY header.
 *
 *	heard: bytes > header > connected > bytes behind it > below
 *	said:  below is connected > header > connected > below
 *
 * Why:       the header stands before everything else, also before TLS, so it
 *            is a layer of its own: whoever owns the conn waits for
 *            `connected`, as it does for one that is dialled.
 * Owns:      the conn below; the header until it has gone; a page until what
 *            came with the header has been handed up.
 * Invariant: once connected, its flags are those of the conn below, but that
 *            it stays readable while it holds bytes.
 * Not here:  the header's form (proxy_header.c), the deadline, who is believed
 *            (proxy/front.c).
 */
#include "net/conn_proxied.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"

#define LACKING "its PROXY header was not complete in time"
#define LEFT "it left before its PROXY header was complete"

struct conn_proxied {
	struct conn conn;
	struct conn *below;
	struct task task;	/* tell; once closed, reap */
	struct buf buf;		/* read, not yet handed up */
	char *header;		/* said: to be written; on the heap */
	size_t left;		/* the last so many bytes of it */
	size_t length;
	struct addr_short peer, local;
	bool stated;		/* peer and local were */
	bool local_is_unix;
};

static struct conn_proxied *
proxied(struct conn *c)
{
	return (struct conn_proxied *)(void *)c;
}

static void
run_tell(struct task *t)
{
	conn_tell(&list_entry(t, struct conn_proxied, task)->conn);
}

static void
release(struct conn_proxied *x)
{
	buf_release(&x->buf, &x->conn.loop->pages);
}

static void
mirror(struct conn_proxied *x)
{
	const struct conn *b = x->below;
	struct conn *c = &x->conn;

	c->readable = b->readable || buf_len(&x->buf) > 0;
	c->writable = b->writable;
	c->eof = b->eof;
	if (b->error != 0)
		c->error = b->error;
}

/* --- heard */

static void
take(struct conn_proxied *x, const struct proxy_header *h)
{
	struct conn *c = &x->conn;

	c->connected = true;
	c->why = NULL;
	if (h->is_local)
		return;
	x->stated = true;
	c->peer = addr_keep(&x->peer, &h->source);
	x->local_is_unix = addr_is_unix(&h->target);
	(void)addr_keep(&x->local, &h->target);
}

static void
judge(struct conn_proxied *x)
{
	struct proxy_header h;
	const char *why;
	ssize_t n = proxy_header_read(buf_slice(&x->buf), &h, &why);

	if (n < 0) {
		x->conn.error = EPROTO;
		x->conn.why = why;
	} else if (n > 0) {
		take(x, &h);
		buf_drop(&x->buf, (size_t)n);
	}
}

/* An end without a byte is somebody who looks whether we listen. */
static void
lose(struct conn_proxied *x)
{
	x->conn.error = x->below->error != 0 ? x->below->error : ECONNRESET;
	x->conn.why = buf_len(&x->buf) > 0 ? LEFT : NULL;
}

/* A header is shorter than a page: there is always room for more of it. */
static bool
hear(struct conn_proxied *x)
{
	struct conn *c = &x->conn;
	struct buf *b = &x->buf;
	ssize_t n;

	while (x->below->readable && !c->connected && c->error == 0) {
		if (b->base == NULL)
			buf_reserve(b, &c->loop->pages, BUF_PAGE);
		n = conn_recv(x->below, b->base + b->end, buf_room(b));
		if (n < 0) {
			lose(x);
		} else if (n > 0) {
			b->end += (uint32_t)n;
			judge(x);
		}
	}
	if (buf_len(b) == 0)
		release(x);
	return c->connected || c->error != 0;
}

/* --- said */

static void
forget_header(struct conn_proxied *x)
{
	free(x->header);
	x->header = NULL;
}

/* More is announced: the header leaves with what follows it. */
static bool
say(struct conn_proxied *x)
{
	struct iovec v = { x->header + x->length - x->left, x->left };
	ssize_t n;

	if (x->below->error != 0)
		return true;
	if (!x->below->connected)
		return false;
	n = conn_send(x->below, &v, 1, true);
	if (n < 0)
		return true;
	x->left -= (size_t)n;
	if (x->left > 0)
		return false;
	forget_header(x);
	x->conn.connected = true;
	return true;
}

/* --- both */

/* Anything new for the owner? */
static bool
step(struct conn_proxied *x)
{
	bool news = true;

	if (!x->conn.connected && x->conn.error == 0)
		news = x->header != NULL ? say(x) : hear(x);
	mirror(x);
	return news;
}

static void
on_event(void *owner)
{
	struct conn_proxied *x = owner;

	if (step(x))
		conn_tell(&x->conn);
}

static const struct conn_sink below_events = { .on_event = on_event };

static ssize_t
hand_up(struct conn_proxied *x, void *p, size_t n)
{
	size_t have = buf_len(&x->buf);

	if (have > n)
		have = n;
	memcpy(p, buf_at(&x->buf), have);
	buf_drop(&x->buf, have);
	if (buf_len(&x->buf) == 0)
		release(x);
	mirror(x);
	return (ssize_t)have;
}

static ssize_t
proxied_recv(struct conn *c, void *p, size_t n)
{
	struct conn_proxied *x = proxied(c);
	ssize_t got;

	if (buf_len(&x->buf) > 0)
		return hand_up(x, p, n);
	got = conn_recv(x->below, p, n);
	mirror(x);
	return got;
}

static ssize_t
proxied_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	struct conn_proxied *x = proxied(c);
	ssize_t sent = conn_send(x->below, v, n, more);

	mirror(x);
	return sent;
}

static void
proxied_shutdown(struct conn *c)
{
	conn_shutdown(proxied(c)->below);
}

static void
proxied_local(struct conn *c, struct addr *out)
{
	struct conn_proxied *x = proxied(c);

	if (!x->stated) {
		conn_local(x->below, out);
		return;
	}
	*out = (struct addr){ .len = sizeof(sa_family_t),
	    .un.sun_family = AF_UNIX };
	if (!x->local_is_unix)
		memcpy(out, &x->local, sizeof(x->local));
}

static void
run_reap(struct task *t)
{
	free(list_entry(t, struct conn_proxied, task));
}

static void
proxied_hurry(struct conn *c, uint32_t most)
{
	conn_hurry(proxied(c)->below, most);
}

static size_t
proxied_unsent(const struct conn *c)
{
	return conn_unsent(
	    ((const struct conn_proxied *)(const void *)c)->below);
}

static void
proxied_close(struct conn *c, bool reset)
{
	struct conn_proxied *x = proxied(c);

	conn_close(&x->below, reset);
	release(x);
	forget_header(x);
	task_stop(&x->task);
	task_init(&x->task, run_reap);
	loop_reap(c->loop, &x->task);
}

static const struct conn_ops proxied_ops = {
	.recv = proxied_recv,
	.send = proxied_send,
	.shutdown = proxied_shutdown,
	.local = proxied_local,
	.close = proxied_close,
	.hurry = proxied_hurry,
	.unsent = proxied_unsent,
};

static struct conn_proxied *
proxied_new(struct conn *below)
{
	struct conn_proxied *x = mem_new(sizeof(*x));

	x->conn.ops = &proxied_ops;
	x->conn.loop = below->loop;
	x->conn.peer = below->peer;
	x->below = below;
	task_init(&x->task, run_tell);
	conn_sink(below, &below_events, x);
	return x;
}

/* What is there already is dealt with; an error is told later. */
static struct conn *
begin(struct conn_proxied *x)
{
	if (step(x) && x->conn.error != 0)
		loop_run(x->conn.loop, &x->task);
	return &x->conn;
}

struct conn *
conn_proxied_heard(struct conn *below)
{
	struct conn_proxied *x = proxied_new(below);

	x->conn.why = LACKING;
	return begin(x);
}

struct conn *
conn_proxied_said(struct conn *below, enum proxy_version version,
    const struct proxy_header *h)
{
	struct conn_proxied *x = proxied_new(below);
	char header[PROXY_HEADER_MOST];

	must(version != PROXY_OFF);
	x->length = x->left = proxy_header_write(version, h, header);
	x->header = mem_text(header, x->length);
	return begin(x);
}
