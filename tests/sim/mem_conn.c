/*
 * mem_conn.c - conns in memory, in pairs, and a dialer to them.
 *
 * Why:       a test that plays a peer wants a conn of its own, so that both
 *            ends can run the product's code under a virtual clock.
 * Owns:      an end owns the pipe it reads from.
 * Invariant: peer is NULL as soon as the other end is closed.
 */
#include "mem_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

struct mem_conn {
	struct conn conn;
	struct task tell, reap;
	struct mem_conn *peer;
	struct list node;	/* in mem_server->hung */
	size_t capacity;
	char *bytes;		/* sent to us, not yet read */
	size_t n;
	bool fin;		/* no more will come */
	int broken;		/* what is met behind the bytes */
	bool wants_room;	/* a write of ours did not fit */
	bool shut;
};

static struct mem_conn *
mem(struct conn *c)
{
	return list_entry(c, struct mem_conn, conn);
}

static void
run_tell(struct task *t)
{
	struct conn *c = &list_entry(t, struct mem_conn, tell)->conn;

	if (c->sink != NULL && !c->closed)
		c->sink->on_event(c->owner);
}

static void
tell(struct mem_conn *m)
{
	if (!m->conn.closed)
		loop_run(m->conn.loop, &m->tell);
}

static void
tell_readable(struct mem_conn *m)
{
	m->conn.readable = true;
	tell(m);
}

static void
make_room(struct mem_conn *writer)
{
	if (writer == NULL || !writer->wants_room)
		return;
	writer->wants_room = false;
	writer->conn.writable = true;
	tell(writer);
}

static ssize_t
mem_recv(struct conn *c, void *p, size_t n)
{
	struct mem_conn *m = mem(c);

	if (m->n == 0) {
		c->readable = false;
		if (m->broken != 0)
			c->error = m->broken;
		else if (m->fin)
			c->eof = true;
		return m->broken != 0 || m->fin ? -1 : 0;
	}
	if (m->n < n) {
		n = m->n;
		c->readable = m->fin || m->broken != 0;
	}
	memcpy(p, m->bytes, n);
	m->n -= n;
	memmove(m->bytes, m->bytes + n, m->n);
	c->bytes_in += n;
	make_room(m->peer);
	return (ssize_t)n;
}

static ssize_t
mem_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	struct mem_conn *m = mem(c), *to = m->peer;
	size_t sent = 0, part;

	(void)more;
	if (to == NULL || m->shut || m->broken != 0) {
		c->error = m->broken != 0 ? m->broken : EPIPE;
		c->writable = false;
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		part = to->capacity - to->n;
		if (part > v[i].iov_len)
			part = v[i].iov_len;
		if (part > 0)
			memcpy(to->bytes + to->n, v[i].iov_base, part);
		to->n += part;
		sent += part;
		if (part < v[i].iov_len) {
			c->writable = false;
			m->wants_room = true;
			break;
		}
	}
	c->bytes_out += sent;
	if (sent > 0)
		tell_readable(to);
	return (ssize_t)sent;
}

static void
mem_shutdown(struct conn *c)
{
	struct mem_conn *m = mem(c);

	if (m->shut)
		return;
	m->shut = true;
	if (m->peer == NULL)
		return;
	m->peer->fin = true;
	tell_readable(m->peer);
}

static void
run_reap(struct task *t)
{
	struct mem_conn *m = list_entry(t, struct mem_conn, reap);

	free(m->bytes);
	free(m);
}

/* As TCP does it: who leaves bytes unread resets the connection. */
static void
mem_close(struct conn *c, bool reset)
{
	struct mem_conn *m = mem(c), *peer = m->peer;

	if (peer != NULL) {
		peer->peer = m->peer = NULL;
		peer->fin = true;
		if (reset || m->n > 0)
			peer->broken = ECONNRESET;
		peer->conn.writable = true;
		tell_readable(peer);
	}
	list_del(&m->node);
	task_stop(&m->tell);
	loop_reap(c->loop, &m->reap);
}

static const struct conn_ops mem_ops = {
	.recv = mem_recv,
	.send = mem_send,
	.shutdown = mem_shutdown,
	.close = mem_close,
};

static struct mem_conn *
mem_new_end(struct loop *loop, size_t capacity)
{
	struct mem_conn *m = mem_new(sizeof(*m));

	m->capacity = capacity != 0 ? capacity : MEM_CAPACITY;
	m->bytes = mem_new(m->capacity);
	m->conn.ops = &mem_ops;
	m->conn.loop = loop;
	must(addr_parse(SLICE("192.0.2.9:9"), &m->conn.peer) == NULL);
	m->conn.local = m->conn.peer;
	task_init(&m->tell, run_tell);
	task_init(&m->reap, run_reap);
	list_init(&m->node);
	return m;
}

static void
join(struct mem_conn *a, struct mem_conn *b)
{
	a->peer = b;
	b->peer = a;
	a->conn.connected = a->conn.writable = true;
	b->conn.connected = b->conn.writable = true;
}

void
mem_pair(struct loop *loop, size_t capacity, struct conn **a,
    struct conn **b)
{
	struct mem_conn *one = mem_new_end(loop, capacity);
	struct mem_conn *two = mem_new_end(loop, capacity);

	join(one, two);
	*a = &one->conn;
	*b = &two->conn;
}

size_t
mem_unread(const struct conn *c)
{
	return list_entry(c, const struct mem_conn, conn)->n;
}

/* --- dialling */

static void
answer(struct mem_server *s, struct mem_conn *m)
{
	struct mem_conn *end;

	if (s->refusal != 0) {
		m->conn.error = s->refusal;
		tell(m);
		return;
	}
	end = mem_new_end(m->conn.loop, s->capacity);
	end->conn.local = s->addr;
	join(m, end);
	s->on_accept(s->owner, &end->conn);
	tell(m);
}

static struct mem_server *
find(struct mem_net *net, const struct addr *to)
{
	struct mem_server *s;

	list_each(s, &net->servers, struct mem_server, node)
		if (addr_eq(&s->addr, to))
			return s;
	return NULL;
}

static struct conn *
dial(struct dialer *d, struct loop *loop, const struct addr *to)
{
	struct mem_net *net = list_entry(d, struct mem_net, dialer);
	struct mem_server *s = find(net, to);
	struct mem_conn *m = mem_new_end(loop, s != NULL ? s->capacity : 0);

	m->conn.peer = *to;
	if (s == NULL) {
		m->conn.error = ECONNREFUSED;
		tell(m);
		return &m->conn;
	}
	s->dials++;
	if (s->hangs)
		list_add_tail(&s->hung, &m->node);
	else
		answer(s, m);
	return &m->conn;
}

void
mem_net_init(struct mem_net *net)
{
	net->dialer.dial = dial;
	list_init(&net->servers);
}

void
mem_server_add(struct mem_net *net, struct mem_server *s, const char *text,
    void (*on_accept)(void *, struct conn *), void *owner)
{
	*s = (struct mem_server){ .on_accept = on_accept, .owner = owner };
	must(addr_parse(slice_of(text), &s->addr) == NULL);
	list_init(&s->hung);
	list_add_tail(&net->servers, &s->node);
}

void
mem_server_del(struct mem_server *s)
{
	while (list_pop(&s->hung) != NULL)
		;
	list_del(&s->node);
}

void
mem_server_answer(struct mem_server *s)
{
	struct list *n;

	s->hangs = false;
	while ((n = list_pop(&s->hung)) != NULL)
		answer(s, list_entry(n, struct mem_conn, node));
}
