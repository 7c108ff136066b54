/*
 * fuzz_tls_hello.c - what a client may send to a TLS listener.
 *
 * The first byte of an input chooses: to a fresh connection its bytes as they
 * are, cut anyhow; or, behind a handshake, sealed records of any type: a type,
 * a length, as many bytes.
 * Invariants: it ends by itself or waits for more; what it says stays within
 * bounds; no page is kept; nothing stays in OpenSSL's queue of errors.
 */
#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "fuzz.h"
#include "net/conn_tls.h"

#define ROOM 65536

struct end {
	struct conn conn;
	struct end *peer;
	uint8_t in[ROOM];
	size_t at, n;
	struct task tell;
	bool fin;
};

static struct end *
end_of(struct conn *c)
{
	return (struct end *)(void *)c;
}

static ssize_t
end_recv(struct conn *c, void *to, size_t n)
{
	struct end *e = end_of(c);
	size_t have = e->n - e->at;

	if (have == 0) {
		c->readable = false;
		c->eof = e->fin;
		return e->fin ? -1 : 0;
	}
	if (n > have)
		n = have;
	c->readable = e->fin || n < have;
	memcpy(to, e->in + e->at, n);
	e->at += n;
	return (ssize_t)n;
}

static void
put(struct end *e, const void *p, size_t n)
{
	if (e->at > 0) {
		memmove(e->in, e->in + e->at, e->n - e->at);
		e->n -= e->at;
		e->at = 0;
	}
	must(e->n + n <= ROOM);
	memcpy(e->in + e->n, p, n);
	e->n += n;
	e->conn.readable = true;
	loop_run(e->conn.loop, &e->tell);
}

static ssize_t
end_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	size_t total = 0;

	(void)more;
	for (size_t i = 0; i < n; i++) {
		put(end_of(c)->peer, v[i].iov_base, v[i].iov_len);
		total += v[i].iov_len;
	}
	return (ssize_t)total;
}

static void
end_shutdown(struct conn *c)
{
	end_of(c)->peer->fin = true;
}

static void
end_close(struct conn *c, bool reset)
{
	(void)reset;
	task_stop(&end_of(c)->tell);
}

static const struct conn_ops ops = { .recv = end_recv, .send = end_send,
	.shutdown = end_shutdown, .close = end_close };

static void
run_tell(struct task *t)
{
	struct end *e = list_entry(t, struct end, tell);

	if (e->conn.sink != NULL)
		e->conn.sink->on_event(e->conn.owner);
}

static struct end *
end_new(struct loop *loop)
{
	struct end *e = mem_new(sizeof(*e));

	e->conn.ops = &ops;
	e->conn.loop = loop;
	e->conn.connected = e->conn.writable = true;
	task_init(&e->tell, run_tell);
	return e;
}

static void
on_event(void *owner)
{
	(void)owner;
}

static const struct conn_sink sink = { .on_event = on_event };

/* What outlives an input. */
struct world {
	struct loop *loop;
	struct tls *tls;
	struct tls_server *server;
	struct tls_client *client;
};

static struct world *
world(void)
{
	static struct world w;
	static const struct tls_files files = { "tests/data/tls/ec.pem",
		"tests/data/tls/ec.key", NULL };
	static const char *const alpn[] = { "http/1.1" };
	struct tls_server_settings s = { .files = &files, .nfiles = 1,
		.alpn = alpn, .nalpn = 1, .plain_reply = SLICE("plain") };
	struct tls_client_settings k = { .insecure = true };
	struct text why;

	if (w.loop != NULL)
		return &w;
	text_init(&why);
	w.loop = loop_new_virtual(SEC(1000));
	w.tls = tls_new();
	w.server = tls_server_new(w.tls, &s, NULL, 0, &why, &why);
	w.client = tls_client_new(w.tls, &k, 0, &why, &why);
	must(w.server != NULL && w.client != NULL);
	text_fini(&why);
	return &w;
}

struct play {
	struct world *w;
	struct end *a, *b;		/* the client's, the server's */
	struct conn *client, *server;
};

static void
settle(struct play *p)
{
	loop_advance(p->w->loop, p->w->loop->clock.now + MSEC(20));
}

static void
drain(struct play *p)
{
	uint8_t got[300];

	while (p->server->readable &&
	    conn_recv(p->server, got, sizeof(got)) > 0)
		;
	must(p->a->n < ROOM / 2);
}

/* The bytes as they are. */
static void
play_wire(struct play *p, const uint8_t *bytes, size_t n, uint32_t seed)
{
	size_t part;

	for (size_t at = 0; at < n; at += part) {
		part = 1 + fuzz_next(&seed) % (seed & 1 ? 8 : 4096);
		if (part > n - at)
			part = n - at;
		if (p->b->n - p->b->at + part > ROOM)
			break;
		put(p->b, bytes + at, part);
		settle(p);
		drain(p);
	}
}

/* Sealed by the client's own keys. */
static void
play_records(struct play *p, const uint8_t *bytes, size_t n)
{
	struct iovec v = { (char[]){ "x" }, 1 };
	uint8_t record[1024], got[8];
	struct conn_tls *k;
	size_t len;

	p->client = conn_tls_connect(&p->a->conn, p->w->client, "a.example",
	    NULL, NULL);
	conn_sink(p->client, &sink, p);
	for (int i = 0; i < 4; i++)
		settle(p);
	must(p->server->connected);
	must(conn_send(p->server, &v, 1, false) == 1);
	settle(p);
	must(conn_recv(p->client, got, sizeof(got)) == 1);
	k = tls_conn(p->client);
	must(k->records != NULL);
	while (n >= 2) {
		len = bytes[1] < n - 2 ? bytes[1] : n - 2;
		put(p->b, record, tls_seal_bytes(k->records, bytes[0],
		    bytes + 2, len, record));
		bytes += 2 + len;
		n -= 2 + len;
		settle(p);
		drain(p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct play p = { .w = world() };

	if (n < 1 || n > 8192)
		return 0;
	p.a = end_new(p.w->loop);
	p.b = end_new(p.w->loop);
	p.a->peer = p.b;
	p.b->peer = p.a;
	p.server = conn_tls_accept(&p.b->conn, p.w->server, NULL, SLICE_NONE);
	conn_sink(p.server, &sink, &p);
	if (bytes[0] & 1)
		play_records(&p, bytes + 1, n - 1);
	else
		play_wire(&p, bytes + 1, n - 1, fuzz_seed(bytes, n));
	p.b->fin = p.b->conn.readable = true;
	loop_run(p.w->loop, &p.b->tell);
	settle(&p);
	drain(&p);
	must(p.server->error != 0 || p.server->eof);
	must(ERR_peek_error() == 0);
	conn_close(&p.client, false);
	conn_close(&p.server, false);
	loop_tick(p.w->loop, 0);
	must(p.w->tls->pages.nused == 0);
	free(p.a);
	free(p.b);
	return 0;
}
