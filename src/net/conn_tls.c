/*
 * conn_tls.c - a conn over a conn: its life, what is told, its facts.
 *
 *	below on_event --> hello (until connected) --> tell the owner
 *	              \--> what was sealed goes on its way, then tell
 *
 * Owns:      the conn below, the SSL object or the keys that came of it, two
 *            pages while they hold something.
 * Invariant: after conn_tell() nothing is touched: the owner may have closed.
 *            The memory goes in reap.
 * Not here:  the handshake (conn_tls_hello.c), bytes (conn_tls_io.c).
 */
#include "net/conn_tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/tls_cert.h"

#define HELD MSEC(10)		/* how long output waits for company */

/* --- pages */

uint8_t *
tls_page_room(struct tls *t, struct tls_page *p, size_t *room)
{
	if (p->p == NULL) {
		p->p = slab_get_raw(&t->pages);
		p->at = p->end = 0;
	}
	if (p->at > 0) {
		memmove(p->p, p->p + p->at, page_len(p));
		p->end -= p->at;
		p->at = 0;
	}
	*room = TLS_PAGE - p->end;
	return p->p + p->end;
}

void
tls_page_put(struct tls *t, struct tls_page *p)
{
	slab_put(&t->pages, p->p);
	*p = (struct tls_page){ .p = NULL };
}

void
tls_page_drop(struct tls *t, struct tls_page *p, size_t n)
{
	p->at += (uint32_t)n;
	if (p->at == p->end && p->p != NULL)
		tls_page_put(t, p);
}

/* --- the conn below */

ssize_t
conn_tls_fill(struct conn_tls *c)
{
	struct conn *b = c->below;
	uint8_t *to;
	size_t room;
	ssize_t n;

	if (c->ended || c->in_error != 0)
		return -1;
	if (!b->readable)
		return 0;
	to = tls_page_room(c->tls, &c->in, &room);
	must(room > 0);
	n = conn_recv(b, to, room);
	if (n > 0) {
		c->in.end += (uint32_t)n;
		return n;
	}
	if (page_len(&c->in) == 0)
		tls_page_put(c->tls, &c->in);
	if (n < 0 && b->eof)
		c->ended = c->cut = true;
	else if (n < 0)
		c->in_error = b->error != 0 ? b->error : EIO;
	return n;
}

bool
conn_tls_flush(struct conn_tls *c, bool more)
{
	struct conn *b = c->below;
	ssize_t n;

	if (c->is_held)
		timer_stop(&c->conn.loop->wheel, &c->held);
	c->is_held = false;
	while (page_len(&c->out) > 0 && b->writable) {
		struct iovec v = { c->out.p + c->out.at, page_len(&c->out) };

		n = conn_send(b, &v, 1, more);
		if (n < 0) {
			c->out_error = b->error != 0 ? b->error : EIO;
			tls_page_put(c->tls, &c->out);
			return false;
		}
		tls_page_drop(c->tls, &c->out, (size_t)n);
	}
	if (page_len(&c->out) == 0 && c->shut_later) {
		c->shut_later = false;
		conn_shutdown(b);
	}
	return true;
}

void
conn_tls_hold(struct conn_tls *c)
{
	c->is_held = page_len(&c->out) > 0;
	if (c->is_held)
		loop_after(c->conn.loop, &c->held, HELD);
}

void
conn_tls_await(struct conn_tls *c)
{
	conn_tls_hold(c);
	c->awaits = true;
	loop_later(c->conn.loop, &c->task);
}

/* --- what is told */

/* Can the owner write: nothing of what was sealed is left behind? */
static void
set_writable(struct conn_tls *c)
{
	c->conn.writable = c->out_error != 0 || (c->below->writable &&
	    (page_len(&c->out) == 0 || c->is_held));
}

static void
on_below(void *owner)
{
	struct conn_tls *c = owner;

	if (c->conn.closed)
		return;
	if (!c->conn.connected) {
		if (c->conn.error == 0)
			conn_tls_hello(c);
		if (!c->conn.connected && c->conn.error == 0)
			return;
	} else if (!c->is_held) {
		conn_tls_flush(c, false);
	}
	if (c->conn.connected)
		set_writable(c);
	if (c->below->readable || c->out_error != 0)
		c->conn.readable = true;
	conn_tell(&c->conn);
}

static const struct conn_sink below_sink = { .on_event = on_below };

/*
 * Nobody has asked for anything yet.  A client may be held back by its own
 * kernel, which lets no second small packet go before the first was
 * acknowledged (Nagle's algorithm); and ours does that with what we write,
 * or after 40 ms.
 */
static void
wait_no_more(struct conn_tls *c)
{
	const struct conn *b = c->below;
	int one = 1;

	c->awaits = false;
	if (c->has_spoken || page_len(&c->in) > 0 || b->readable ||
	    c->out_error != 0)
		return;
	if (page_len(&c->out) > 0)
		conn_tls_flush(c, false);
	else if (b->ops->descriptor != NULL)
		(void)setsockopt(b->ops->descriptor(b), IPPROTO_TCP,
		    TCP_QUICKACK, &one, sizeof(one));
}

static void
run_look(struct task *t)
{
	struct conn_tls *c = list_entry(t, struct conn_tls, task);

	if (c->awaits)
		wait_no_more(c);
	else
		on_below(c);
}

static void
on_held(struct timer *t)
{
	struct conn_tls *c = list_entry(t, struct conn_tls, held);

	c->is_held = false;
	if (!conn_tls_flush(c, false))
		on_below(c);
	else
		set_writable(c);
}

void
conn_tls_fail(struct conn_tls *c, enum tls_failure failure, int error,
    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (c->reason != NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->reason = mem_string(text);
	c->failure = (uint8_t)failure;
	if (!c->conn.connected)
		c->conn.error = error;
	else if (c->in_error == 0)
		c->in_error = error;
}

/* --- the end */

static void
tls_shutdown(struct conn *conn)
{
	struct conn_tls *c = tls_conn(conn);

	if (c->is_shut)
		return;
	c->is_shut = true;
	if (conn->connected)
		conn_tls_goodbye(c);
	c->shut_later = true;
	if (c->out_error == 0)
		conn_tls_flush(c, false);
}

static void
run_reap(struct task *t)
{
	struct conn_tls *c = list_entry(t, struct conn_tls, task);

	conn_tls_ssl_free(c);
	conn_tls_hello_free(c);
	tls_records_free(&c->records);
	tls_page_put(c->tls, &c->in);
	tls_page_put(c->tls, &c->out);
	tls_server_put(&c->server);
	tls_client_put(&c->client);
	X509_free(c->peer);
	free(c->sni);
	free(c->alpn);
	free(c->reason);
	free(c);
}

static void
tls_close(struct conn *conn, bool reset)
{
	struct conn_tls *c = tls_conn(conn);

	if (!reset && c->out_error == 0) {
		if (conn->connected)
			conn_tls_goodbye(c);
		conn_tls_flush(c, true);	/* the FIN follows at once */
	}
	if (c->hello != NULL && c->gate != NULL)
		tls_gate_leave(c->gate, &c->hello->turn, false);
	c->slot = NULL;
	timer_stop(&conn->loop->wheel, &c->held);
	task_stop(&c->task);
	task_init(&c->task, run_reap);
	loop_reap(conn->loop, &c->task);
	conn_close(&c->below, reset);
}

static void
tls_local(struct conn *conn, struct addr *out)
{
	conn_local(tls_conn(conn)->below, out);
}

static void
tls_hurry(struct conn *conn, uint32_t most)
{
	conn_hurry(tls_conn(conn)->below, most);
}

static size_t
tls_unsent(const struct conn *conn)
{
	return conn_unsent(tls_conn(conn)->below);
}

/* --- facts */

static void
tls_facts(const struct conn *conn, struct tls_facts *out)
{
	const struct conn_tls *c = tls_conn(conn);

	*out = (struct tls_facts){
		.failure = (enum tls_failure)c->failure,
		.reason = c->reason,
		.version = c->cipher == NULL ? NULL :
		    c->is_13 ? "TLSv1.3" : "TLSv1.2",
		.cipher = c->cipher,
		.sni = slice_of(c->sni),
		.alpn = { c->alpn, c->nalpn },
		.resumed = c->resumed,
		.verified = c->verified,
		.silent = c->server != NULL && c->hello != NULL &&
		    !c->hello->is_running,
		.ktls = c->ktls,
		.time = c->time,
	};
}

static bool
tls_identity(const struct conn *conn, struct arena *a, struct tls_peer *out)
{
	const X509 *x = tls_conn(conn)->peer;

	if (x == NULL)
		return false;
	*out = (struct tls_peer){
		.subject = tls_name_text(X509_get_subject_name(x), a),
		.issuer = tls_name_text(X509_get_issuer_name(x), a),
		.serial = tls_serial_text(x, a),
		.fingerprint = tls_fingerprint_text(x, a),
		.names = tls_alt_names_text(x, a),
		.not_before = tls_time(X509_get0_notBefore(x)),
		.not_after = tls_time(X509_get0_notAfter(x)),
	};
	return true;
}

static const struct conn_ops tls_ops = {
	.recv = conn_tls_recv,
	.send = conn_tls_send,
	.shutdown = tls_shutdown,
	.unsent = tls_unsent,
	.local = tls_local,
	.close = tls_close,
	.hurry = tls_hurry,
	.facts = tls_facts,
	.identity = tls_identity,
};

/* --- beginning */

/* In the gate: its turn has come; or a younger one needs its slot. */
static void
on_turn(struct tls_turn *t)
{
	on_below(list_entry(t, struct tls_hello, turn)->conn);
}

static void
on_shed(struct tls_turn *t)
{
	struct conn_tls *c = list_entry(t, struct tls_hello, turn)->conn;

	conn_tls_fail(c, TLS_SHED, ECONNABORTED,
	    "too many handshakes: this one was the oldest");
	conn_tls_ssl_free(c);
	tls_gate_leave(c->gate, t, false);
	loop_run(c->conn.loop, &c->task);
}

static struct conn_tls *
conn_tls_new(struct conn *below, struct tls *tls)
{
	struct conn_tls *c = mem_new(sizeof(*c));

	c->conn.ops = &tls_ops;
	c->conn.loop = below->loop;
	c->conn.peer = below->peer;
	c->below = below;
	c->tls = tls;
	task_init(&c->task, run_look);
	timer_init(&c->held, on_held);
	c->hello = mem_new(sizeof(*c->hello));
	c->hello->conn = c;
	c->hello->turn.go = on_turn;
	c->hello->turn.shed = on_shed;
	conn_sink(below, &below_sink, c);
	return c;
}

struct conn *
conn_tls_accept(struct conn *below, struct tls_server *server,
    struct tls_gate *gate, struct slice early)
{
	struct conn_tls *c = conn_tls_new(below, tls_server_tls(server));
	uint8_t *to;
	size_t room;

	c->server = tls_server_get(server);
	c->gate = gate;
	c->wants_ktls = tls_server_wants_ktls(server);
	if (early.n > 0) {
		to = tls_page_room(c->tls, &c->in, &room);
		must(early.n <= room);
		memcpy(to, early.p, early.n);
		c->in.end = (uint32_t)early.n;
	}
	if (early.n > 0 || below->readable)
		loop_run(c->conn.loop, &c->task);
	return &c->conn;
}

struct conn *
conn_tls_connect(struct conn *below, struct tls_client *client,
    const char *name, const char *alpn, struct tls_session_slot *slot)
{
	struct conn_tls *c = conn_tls_new(below, tls_client_tls(client));
	struct text wire;

	c->client = tls_client_get(client);
	c->slot = slot;
	c->wants_ktls = tls_client_wants_ktls(client);
	c->hello->name = name != NULL ? mem_string(name) : NULL;
	if (alpn != NULL) {
		text_init(&wire);
		if (tls_alpn_wire(&alpn, 1, &wire, &wire))
			c->hello->alpn = mem_string(wire.p);
		text_fini(&wire);
	}
	if (below->connected)
		loop_run(c->conn.loop, &c->task);
	return &c->conn;
}
