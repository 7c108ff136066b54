/*
 * tls_rig.c - two ends of a connection in memory, for the tests of TLS.
 */
#include "tls_rig.h"

#include <errno.h>

#include "base/mem.h"

/* --- pipes */

static struct tube *
pipe_of(struct conn *c)
{
	return (struct tube *)(void *)c;
}

static void
run_tell(struct task *t)
{
	struct tube *p = list_entry(t, struct tube, tell);

	if (p->conn.sink != NULL && !p->conn.closed)
		p->conn.sink->on_event(p->conn.owner);
}

static void
something(struct tube *p)
{
	loop_run(p->conn.loop, &p->tell);
}

static ssize_t
pipe_recv(struct conn *c, void *to, size_t n)
{
	struct tube *p = pipe_of(c);
	size_t have = p->in.n - p->at;

	assert_false(c->closed);
	if (p->broken) {
		c->readable = false;
		c->error = ECONNRESET;
		return -1;
	}
	if (have == 0) {
		c->readable = false;
		c->eof = p->fin;
		return p->fin ? -1 : 0;
	}
	if (n > have)
		n = have;
	if (p->step > 0 && n > p->step)
		n = p->step;
	memcpy(to, p->in.p + p->at, n);
	p->at += n;
	/* A short read means drained; what is left is told again. */
	c->readable = p->fin;
	if (n < have) {
		c->readable = p->step == 0;
		if (p->step > 0)
			something(p);
	}
	if (p->at == p->in.n) {
		text_clear(&p->in);
		p->at = 0;
	}
	if (p->peer != NULL && !p->peer->conn.writable)
		something(p->peer);
	return (ssize_t)n;
}

static size_t
room_of(const struct tube *p)
{
	size_t held = p->peer->in.n - p->peer->at;

	return p->room > held ? p->room - held : 0;
}

static ssize_t
pipe_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	struct tube *p = pipe_of(c);
	size_t sent = 0, part;

	(void)more;
	assert_false(p->shut);
	if (p->broken || p->peer == NULL || p->peer->conn.closed) {
		c->error = EPIPE;
		c->writable = false;
		return -1;
	}
	for (size_t i = 0; i < n && c->writable; i++) {
		part = room_of(p) < v[i].iov_len ? room_of(p) : v[i].iov_len;
		text_add_slice(&p->peer->in, slice_make(v[i].iov_base, part));
		sent += part;
		c->writable = part == v[i].iov_len;
	}
	if (sent > 0) {
		p->sends++;
		something(p->peer);
	}
	return (ssize_t)sent;
}

static void
pipe_shutdown(struct conn *c)
{
	struct tube *p = pipe_of(c);

	p->shut = true;
	if (p->peer != NULL) {
		p->peer->fin = true;
		something(p->peer);
	}
}

static void
pipe_local(struct conn *c, struct addr *out)
{
	(void)c;
	out->len = 0;
}

static void
pipe_close(struct conn *c, bool reset)
{
	struct tube *p = pipe_of(c);

	p->was_reset = reset;
	task_stop(&p->tell);
	if (p->peer != NULL) {
		p->peer->fin = true;
		p->peer->broken = p->peer->broken || reset;
		something(p->peer);
	}
}

static const struct conn_ops pipe_ops = {
	.recv = pipe_recv,
	.send = pipe_send,
	.shutdown = pipe_shutdown,
	.local = pipe_local,
	.close = pipe_close,
};

/* What each event of a pipe means to its conn, before it is told. */
static void
run_event(struct task *t)
{
	struct tube *p = list_entry(t, struct tube, tell);

	if (p->in.n > p->at || p->fin || p->broken)
		p->conn.readable = true;
	if (p->peer != NULL && room_of(p) > 0)
		p->conn.writable = true;
	run_tell(t);
}

static struct tube *
pipe_new(struct loop *loop)
{
	static const struct addr nobody = { .len = sizeof(sa_family_t),
	    .un.sun_family = AF_UNIX };
	struct tube *p = mem_new(sizeof(*p));

	p->conn.ops = &pipe_ops;
	p->conn.loop = loop;
	p->conn.peer = &nobody;
	p->conn.connected = p->conn.writable = true;
	p->room = 1 << 20;
	task_init(&p->tell, run_event);
	return p;
}

static void
pipe_free(struct tube **pp)
{
	struct tube *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	if (p->peer != NULL)
		p->peer->peer = NULL;
	task_stop(&p->tell);
	text_fini(&p->in);
	free(p);
}

void
wire_put(struct tube *p, const void *bytes, size_t n)
{
	text_add_slice(&p->in, slice_make(bytes, n));
	something(p);
}

void
wire_fin(struct tube *p)
{
	p->fin = true;
	something(p);
}

/* --- the rig */

static void
on_event(void *owner)
{
	struct side *s = owner;

	s->told++;
}

static const struct conn_sink sink = { .on_event = on_event };

void
rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->loop = loop_new_virtual(SEC(1000));
	/* 2027: what is committed is valid. */
	r->loop->clock.wall = INT64_C(1800000000) * USEC_PER_SEC;
	r->tls = tls_new();
	assert_non_null(r->tls);
	r->tickets = tls_tickets_new(&r->loop->clock);
	r->files[0] = (struct tls_files){ DATA "ec.pem", DATA "ec.key", NULL };
	r->s.files = r->files;
	r->s.nfiles = 1;
	r->c.trust.ca = DATA "ca.pem";
	r->name = "a.example";
}

void
rig_settle(struct rig *r)
{
	loop_advance(r->loop, r->loop->clock.now);
}

void
rig_wait(struct rig *r)
{
	for (int i = 0; i < 4; i++)
		loop_advance(r->loop, r->loop->clock.now + MSEC(30));
}

void
rig_part(struct rig *r)
{
	conn_close(&r->a.conn, false);
	conn_close(&r->b.conn, false);
	loop_tick(r->loop, 0);
	pipe_free(&r->a.pipe);
	pipe_free(&r->b.pipe);
}

void
rig_fini(struct rig *r)
{
	rig_part(r);
	tls_session_slot_fini(&r->slot);
	tls_server_put(&r->server);
	tls_client_put(&r->client);
	loop_tick(r->loop, 0);
	tls_gate_free(&r->gate);
	tls_tickets_free(&r->tickets);
	tls_free(&r->tls);
	assert_int_equal(r->loop->pages.nused, 0);
	loop_free(&r->loop);
	text_fini(&r->errors);
	text_fini(&r->warnings);
}

void
rig_join(struct rig *r)
{
	r->a = (struct side){ .pipe = pipe_new(r->loop) };
	r->b = (struct side){ .pipe = pipe_new(r->loop) };
	r->a.pipe->peer = r->b.pipe;
	r->b.pipe->peer = r->a.pipe;
	r->a.conn = &r->a.pipe->conn;
	r->b.conn = &r->b.pipe->conn;
}

void
rig_tls(struct rig *r)
{
	if (r->server == NULL)
		r->server = tls_server_new(r->tls, &r->s, r->tickets,
		    r->loop->clock.wall, &r->errors, &r->warnings);
	if (r->client == NULL)
		r->client = tls_client_new(r->tls, &r->c, r->loop->clock.wall,
		    &r->errors, &r->warnings);
	if (r->errors.n > 0)
		print_message("%s", r->errors.p);
	assert_non_null(r->server);
	assert_non_null(r->client);
	r->a.conn = conn_tls_connect(r->a.conn, r->client, r->name, NULL,
	    &r->slot);
	r->b.conn = conn_tls_accept(r->b.conn, r->server, r->gate, SLICE_NONE);
	conn_sink(r->a.conn, &sink, &r->a);
	conn_sink(r->b.conn, &sink, &r->b);
}

void
rig_start(struct rig *r)
{
	rig_join(r);
	rig_tls(r);
	rig_settle(r);
}

void
rig_shake(struct rig *r)
{
	struct tls_facts a, b;

	rig_start(r);
	rig_wait(r);
	conn_facts(r->a.conn, &a);
	conn_facts(r->b.conn, &b);
	if (a.reason != NULL || b.reason != NULL)
		print_message("client: %s; server: %s\n",
		    a.reason != NULL ? a.reason : "fine",
		    b.reason != NULL ? b.reason : "fine");
	assert_true(r->a.conn->connected);
	assert_true(r->b.conn->connected);
}

static void
take(struct side *s, struct text *out)
{
	char block[20000];
	ssize_t n;

	while (s->conn->readable &&
	    (n = conn_recv(s->conn, block, sizeof(block))) > 0)
		text_add_slice(out, slice_make(block, (size_t)n));
}

void
rig_say(struct rig *r, struct side *from, struct side *to, const char *text)
{
	struct iovec v = { (void *)(uintptr_t)text, strlen(text) };
	struct text got;

	text_init(&got);
	assert_int_equal(conn_send(from->conn, &v, 1, false), v.iov_len);
	for (int i = 0; i < 4; i++) {
		rig_settle(r);
		take(to, &got);
	}
	assert_non_null(got.p);
	assert_string_equal(got.p, text);
	text_fini(&got);
}

static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) + (i >> 16));
}

void
rig_pour(struct rig *r, struct side *from, struct side *to, size_t n)
{
	uint8_t *all = malloc(n);
	struct text got;
	size_t sent = 0;
	ssize_t w;

	assert_non_null(all);
	text_init(&got);
	for (size_t i = 0; i < n; i++)
		all[i] = pattern(i);
	for (unsigned i = 0; i < 100000 && got.n < n; i++) {
		while (sent < n && from->conn->writable) {
			struct iovec v[3] = { { all + sent, (n - sent) / 3 },
			    { NULL, 0 }, { all + sent + (n - sent) / 3,
			    n - sent - (n - sent) / 3 } };

			w = conn_send(from->conn, v, 3, false);
			assert_true(w >= 0);
			assert_true((size_t)w <= n - sent);
			sent += (size_t)w;
		}
		rig_settle(r);
		take(to, &got);
		rig_settle(r);
	}
	assert_int_equal(sent, n);
	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, all, n);
	text_fini(&got);
	free(all);
}

struct tls_facts
facts_of(const struct side *s)
{
	struct tls_facts f;

	assert_true(conn_facts(s->conn, &f));
	return f;
}

void
assert_fails(const struct side *s, enum tls_failure failure, const char *reason)
{
	struct tls_facts f = facts_of(s);

	assert_non_null(f.reason);
	if (strstr(f.reason, reason) == NULL || f.failure != failure)
		print_message("%s: %s\n", tls_failure_name(f.failure),
		    f.reason);
	assert_int_equal(f.failure, failure);
	assert_non_null(strstr(f.reason, reason));
	assert_int_not_equal(s->conn->error, 0);
	assert_false(s->conn->connected);
	assert_true(s->told > 0);
}

void
assert_says(const struct text *t, const char *part)
{
	if (t->p == NULL || strstr(t->p, part) == NULL)
		print_message("not in it: %s\n%s", part,
		    t->p != NULL ? t->p : "");
	assert_non_null(t->p);
	assert_non_null(strstr(t->p, part));
}

/* --- OpenSSL's own */

SSL_CTX *
raw_client(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_load_verify_file(ctx, DATA "ca.pem");
	return ctx;
}

SSL_CTX *
raw_server(const char *name)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char path[128];

	snprintf(path, sizeof(path), DATA "%s.pem", name);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, path), 1);
	snprintf(path, sizeof(path), DATA "%s.key", name);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path,
	    SSL_FILETYPE_PEM), 1);
	SSL_CTX_set_session_id_context(ctx, (const uint8_t *)"raw", 3);
	return ctx;
}

void
raw_open(struct raw *w, struct tube *pipe, SSL_CTX *ctx, bool is_server)
{
	*w = (struct raw){ .ctx = ctx, .pipe = pipe };
	w->ssl = SSL_new(ctx);
	w->in = BIO_new(BIO_s_mem());
	w->out = BIO_new(BIO_s_mem());
	SSL_set_bio(w->ssl, w->in, w->out);
	if (is_server)
		SSL_set_accept_state(w->ssl);
	else
		SSL_set_connect_state(w->ssl);
}

void
raw_close(struct raw *w)
{
	SSL_free(w->ssl);
	SSL_CTX_free(w->ctx);
}

void
raw_pump(struct rig *r, struct raw *w)
{
	char block[4096];
	ssize_t n;
	int out;

	for (int i = 0; i < 3; i++) {
		while ((out = BIO_read(w->out, block, sizeof(block))) > 0) {
			struct iovec v = { block, (size_t)out };

			assert_int_equal(conn_send(&w->pipe->conn, &v, 1,
			    false), out);
		}
		rig_settle(r);
		while ((n = conn_recv(&w->pipe->conn, block,
		    sizeof(block))) > 0)
			BIO_write(w->in, block, (int)n);
	}
}

int
raw_shake(struct rig *r, struct raw *w)
{
	int n = 0;

	for (int i = 0; i < 10; i++) {
		n = SSL_do_handshake(w->ssl);
		raw_pump(r, w);
	}
	return n;
}
