/*
 * A worker on a virtual clock, with clients and servers in memory.
 */
#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cluster/balance.h"
#include "cluster/cluster.h"
#include "conf/load.h"
#include "net/tls.h"
#include "proxy/reply.h"

#define START (SEC(1000) + 7)

/* --- the product's end of a wire */

static struct wire *
wire_of(struct conn *c)
{
	return list_entry(c, struct wire, conn);
}

static void
run_tell(struct task *t)
{
	struct wire *w = list_entry(t, struct wire, tell);
	struct conn *c = &w->conn;

	if (w->connecting)
		c->connected = c->writable = true;
	w->connecting = false;
	if (c->sink != NULL && !c->closed)
		c->sink->on_event(c->owner);
}

static void
tell(struct wire *w)
{
	if (!w->closed)
		loop_run(w->conn.loop, &w->tell);
}

size_t
unread(const struct wire *w)
{
	return w->in.n - w->in_at;
}

static ssize_t
wire_recv(struct conn *c, void *p, size_t n)
{
	struct wire *w = wire_of(c);
	size_t have = unread(w);

	if (w->in_reset && (have == 0 || !w->is_behind)) {
		c->readable = false;
		c->error = ECONNRESET;
		return -1;
	}
	if (have == 0) {
		c->readable = false;
		c->eof = w->in_eof;
		return w->in_eof ? -1 : 0;
	}
	if (have < n) {
		c->readable = w->in_eof || w->in_reset;
		n = have;
	}
	memcpy(p, w->in.p + w->in_at, n);
	w->in_at += n;
	return (ssize_t)n;
}

/* To each request without a body. */
static void
answer(struct wire *w)
{
	if (w->host == NULL || w->host->answer == NULL || w->out.n < 4 ||
	    memcmp(w->out.p + w->out.n - 4, "\r\n\r\n", 4) != 0)
		return;
	text_add(&w->in, "%s", w->host->answer);
	w->conn.readable = true;
	tell(w);
}

static ssize_t
wire_send(struct conn *c, const struct iovec *v, size_t n, bool more)
{
	struct wire *w = wire_of(c);
	size_t sent = 0, part;

	w->more = more;
	assert_false(w->shut);
	if (w->in_reset) {
		c->writable = false;
		c->error = ECONNRESET;
		return -1;
	}
	for (size_t i = 0; i < n && c->writable; i++) {
		part = w->room - w->out.n;
		if (part > v[i].iov_len)
			part = v[i].iov_len;
		text_add_slice(&w->out, slice_make(v[i].iov_base, part));
		sent += part;
		c->writable = part == v[i].iov_len;
	}
	answer(w);
	return (ssize_t)sent;
}

/* How much of n bytes there is room for; the room is taken. */
static size_t
take_room(struct wire *w, size_t n)
{
	size_t part = w->room - w->out.n;

	if (part >= n)
		return n;
	w->conn.writable = false;
	return part;
}

/* Never short while bytes are left, as of a pipe that is full of little ones. */
static ssize_t
wire_splice_in(struct conn *c, struct pipe *p, size_t most)
{
	struct wire *w = wire_of(c);
	ssize_t n;

	assert_int_equal(p->held, 0);
	assert_true(most <= PIPE_SIZE);
	if ((w->in_reset && !w->is_behind) || unread(w) == 0)
		return wire_recv(c, NULL, 0);
	n = write(p->in, w->in.p + w->in_at,
	    unread(w) < most ? unread(w) : most);
	assert_true(n > 0);
	w->in_at += (size_t)n;
	p->held = (size_t)n;
	w->spliced += (size_t)n;
	return n;
}

static ssize_t
wire_splice_out(struct conn *c, struct pipe *p, size_t n, bool more)
{
	struct wire *w = wire_of(c);
	char part[4096];
	size_t left;

	(void)more;
	assert_false(w->shut);
	assert_true(n <= p->held);
	if (w->in_reset) {
		c->writable = false;
		c->error = ECONNRESET;
		return -1;
	}
	n = left = take_room(w, n);
	while (left > 0) {
		ssize_t got = read(p->out, part,
		    left < sizeof(part) ? left : sizeof(part));

		assert_true(got > 0);
		text_add_slice(&w->out, slice_make(part, (size_t)got));
		left -= (size_t)got;
	}
	p->held -= n;
	return (ssize_t)n;
}

static void
wire_shutdown(struct conn *c)
{
	wire_of(c)->shut = true;
}

/* The memory stays the stage's: a test may still look. */
static void
wire_close(struct conn *c, bool reset)
{
	struct wire *w = wire_of(c);

	assert_false(w->closed);
	w->closed = true;
	w->reset = reset;
	task_stop(&w->tell);
}

static void
wire_local(struct conn *c, struct addr *out)
{
	(void)c;
	assert_null(addr_parse(SLICE("10.0.0.9:80"), out));
}

static size_t
wire_unsent(const struct conn *c)
{
	return ((const struct wire *)((const char *)c -
	    offsetof(struct wire, conn)))->out.n;
}

static const struct conn_ops wire_ops = {
	.recv = wire_recv,
	.send = wire_send,
	.shutdown = wire_shutdown,
	.unsent = wire_unsent,
	.local = wire_local,
	.close = wire_close,
};

static const struct conn_ops splicing_ops = {
	.recv = wire_recv,
	.send = wire_send,
	.splice_in = wire_splice_in,
	.splice_out = wire_splice_out,
	.shutdown = wire_shutdown,
	.unsent = wire_unsent,
	.local = wire_local,
	.close = wire_close,
};

static struct wire *
wire_new(struct stage *st, const struct addr *addr)
{
	struct wire *w = mem_new(sizeof(*w));

	w->conn.ops = st->splices ? &splicing_ops : &wire_ops;
	w->conn.loop = st->loop;
	w->addr = *addr;
	w->conn.peer = &w->addr;
	w->room = PIPE_MOST;
	task_init(&w->tell, run_tell);
	list_add_tail(&st->wires, &w->node);
	return w;
}

static void
wire_free(struct wire *w)
{
	list_del(&w->node);
	text_fini(&w->in);
	text_fini(&w->out);
	text_fini(&w->last);
	free(w);
}

/* --- dialling */

static struct host *
host_find(const struct stage *st, const struct addr *addr)
{
	for (unsigned i = 0; i < st->nhosts; i++)
		if (addr_eq(&st->hosts[i].addr, addr))
			return (struct host *)&st->hosts[i];
	return NULL;
}

static struct host *
host_of(struct stage *st, const struct addr *addr)
{
	struct host *h = host_find(st, addr);

	if (h != NULL)
		return h;
	assert_true(st->nhosts < STAGE_HOSTS);
	h = &st->hosts[st->nhosts++];
	h->addr = *addr;
	return h;
}

static struct conn *
dial(struct dialer *d, struct loop *loop, const struct addr *to)
{
	struct stage *st = list_entry(d, struct stage, dialer);
	struct host *h = host_of(st, to);
	struct wire *w = wire_new(st, to);

	(void)loop;
	h->dials++;
	w->conn.peer = to;	/* borrowed, as from conn_dial */
	w->dialled = true;
	w->host = h;
	switch (h->reach) {
	case REACH_ACCEPT:
		w->connecting = true;
		break;
	case REACH_REFUSE:
		w->conn.error = ECONNREFUSED;
		break;
	case REACH_SHORTAGE:
		w->conn.error = EMFILE;
		break;
	case REACH_HANG:
		return &w->conn;
	}
	tell(w);
	return &w->conn;
}

void
stage_reach(struct stage *st, const char *text, enum reach r)
{
	struct addr addr;

	assert_null(addr_parse(slice_of(text), &addr));
	host_of(st, &addr)->reach = r;
}

void
stage_answer(struct stage *st, const char *text, const char *what)
{
	struct addr addr;

	assert_null(addr_parse(slice_of(text), &addr));
	host_of(st, &addr)->answer = what;
}

unsigned
stage_dials(const struct stage *st, const char *text)
{
	struct addr addr;
	const struct host *h;

	assert_null(addr_parse(slice_of(text), &addr));
	h = host_find(st, &addr);
	return h != NULL ? h->dials : 0;
}

struct wire *
stage_dialled(struct stage *st, const char *text)
{
	struct addr addr;
	struct wire *w;

	assert_null(addr_parse(slice_of(text), &addr));
	list_each(w, &st->wires, struct wire, node)
		if (w->dialled && !w->taken && !w->closed &&
		    addr_eq(&w->addr, &addr)) {
			w->taken = true;
			return w;
		}
	return NULL;
}

struct wire *
stage_connect(struct stage *st, const char *text)
{
	struct wire *w = stage_dialled(st, text);

	assert_non_null(w);
	assert_false(w->conn.connected);
	w->connecting = true;
	tell(w);
	stage_settle(st);
	return w;
}

/* --- setting the stage */

static const char *
or_none(const char *text)
{
	return text != NULL ? text : "";
}

/* What TLS needs is made of a file only. */
static struct conf *
load_tls(struct stage *st, const struct text *source, struct text *errors)
{
	struct text warnings;
	struct conf_tls_kit kit = { .plain_reply = reply_plain_http,
	    .warnings = &warnings };
	char path[64];
	struct conf *conf;
	FILE *f;

	if (st->tls == NULL)
		st->tls = tls_new();
	kit.tls = st->tls;
	(void)snprintf(path, sizeof(path), "%s/conf", st->folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(source->p, 1, source->n, f), source->n);
	assert_int_equal(fclose(f), 0);
	text_init(&warnings);
	conf = conf_load_tls(path, balance_names, &kit, errors);
	text_fini(&warnings);
	unlink(path);
	return conf;
}

static struct conf *
load(struct stage *st, const struct stage_conf *c)
{
	struct text source, errors;
	struct conf *conf;

	text_init(&source);
	text_init(&errors);
	text_add(&source, "global = { %s };\n", or_none(c->global));
	text_add(&source, "listeners = ( { name = \"web\"; "
	    "address = \"unix:%s/web\"; %s } );\n", st->folder,
	    or_none(c->listener));
	text_add(&source, "routes = ( %s { pool = \"web\"; } );\n",
	    or_none(c->routes));
	text_add(&source, "pools = ( { name = \"web\"; "
	    "balance = \"%s\"; servers = ( %s ); %s } );\n",
	    c->balance != NULL ? c->balance : "round_robin",
	    c->servers != NULL ? c->servers : TWO_SERVERS, or_none(c->pool));
	conf = c->tls ? load_tls(st, &source, &errors) :
	    conf_load_string("sim", source.p, balance_names, &errors);
	if (conf == NULL)
		fail_msg("%s", errors.p);
	text_fini(&source);
	text_fini(&errors);
	return conf;
}

void
stage_apply(struct stage *st, const struct stage_conf *c)
{
	struct conf *conf = load(st, c);
	struct text errors, changes;

	text_init(&errors);
	text_init(&changes);
	if (!worker_prepare(st->worker, conf, &errors))
		fail_msg("%s", errors.p);
	worker_commit(st->worker, conf, &changes);
	conf_put(&conf);
	text_fini(&errors);
	text_fini(&changes);
	stage_settle(st);
}

void
stage_open(struct stage *st, const struct stage_conf *c)
{
	memset(st, 0, sizeof(*st));
	(void)snprintf(st->folder, sizeof(st->folder), "/tmp/sim-XXXXXX");
	assert_non_null(mkdtemp(st->folder));
	(void)snprintf(st->path, sizeof(st->path), "%s/log", st->folder);
	list_init(&st->wires);
	list_init(&st->props);
	text_init(&st->lines);
	st->dialer.dial = dial;
	st->loop = loop_new_virtual(START);
	st->log = log_new(&st->loop->clock);
	assert_int_equal(log_open(st->log, st->path), 0);
	st->worker = worker_new(st->loop, st->log, &st->dialer);
	stage_apply(st, c);
}

static void
assert_pool_idle(const struct pool *p)
{
	struct server *s;

	assert_int_equal(p->in_flight, 0);
	assert_int_equal(p->retrying, 0);
	assert_int_equal(p->count.scur, 0);
	list_each(s, &p->servers, struct server, node) {
		assert_int_equal(s->active, 0);
		assert_int_equal(s->nbusy, 0);
		assert_int_equal(s->count.scur, 0);
	}
}

static void
assert_idle(const struct stage *st)
{
	const struct worker *w = st->worker;
	struct pool *p;

	assert_int_equal(w->nexchanges, 0);
	assert_int_equal(w->nfronts, 0);
	assert_int_equal(w->count.scur, 0);
	assert_int_equal(st->loop->pages.nused, 0);
	assert_int_equal(st->loop->chunks.nused, 0);
	assert_int_equal(st->loop->pipes.nused, 0);
	assert_true(list_is_empty(&w->retired));
	assert_true(list_is_empty(&w->cluster.retired));
	list_each(p, &w->cluster.pools, struct pool, node)
		assert_pool_idle(p);
}

static void
remove_folder(const struct stage *st)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/web", st->folder);
	unlink(path);
	unlink(st->path);
	rmdir(st->folder);
}

void
stage_close(struct stage *st)
{
	struct wire *w;

	stage_settle(st);
	list_each(w, &st->wires, struct wire, node)
		if (!w->dialled && !w->closed)
			say_reset(st, w);
	assert_idle(st);
	stage_end(st);
}

void
stage_close_probed(struct stage *st)
{
	struct server *s;

	list_each(s, &stage_pool(st)->servers, struct server, node)
		server_set_admin(s, SERVER_MAINT);
	stage_close(st);
}

void
stage_end(struct stage *st)
{
	struct wire *w;
	struct prop *p;

	worker_free(&st->worker);
	stage_settle(st);
	list_each(w, &st->wires, struct wire, node) {
		assert_true(w->closed);
		wire_free(w);
	}
	tls_free(&st->tls);
	assert_int_equal(st->loop->wheel.count, 0);
	assert_int_equal(st->loop->pages.nused, 0);
	assert_int_equal(st->loop->chunks.nused, 0);
	assert_int_equal(st->loop->pipes.nused, 0);
	log_free(&st->log);
	loop_free(&st->loop);
	text_fini(&st->lines);
	remove_folder(st);
	list_each(p, &st->props, struct prop, node)
		p->free(p);
}

/* --- time */

void
stage_settle(struct stage *st)
{
	struct loop *l = st->loop;

	for (int i = 0; i < 1000; i++) {
		loop_tick(l, 0);
		if (list_is_empty(&l->run) && list_is_empty(&l->flush) &&
		    list_is_empty(&l->reap) && list_is_empty(&l->later))
			return;
	}
	fail_msg("the stage does not come to rest");
}

void
stage_advance(struct stage *st, int64_t duration)
{
	struct loop *l = st->loop;
	int64_t end = l->clock.now + duration, next;

	while (l->clock.now < end) {
		next = wheel_next(&l->wheel);
		if (next < 0 || next > end)
			next = end;
		else if (next <= l->clock.now)
			next = l->clock.now + 1;
		loop_advance(l, next);
		stage_settle(st);
	}
}

/* --- speaking and hearing */

struct wire *
stage_client(struct stage *st)
{
	struct listener *l = listener_find(st->worker, "web");
	struct addr addr;
	char text[32];
	struct wire *w;

	assert_non_null(l);
	(void)snprintf(text, sizeof(text), "192.0.2.1:%u",
	    4000 + st->nclients++);
	assert_null(addr_parse(slice_of(text), &addr));
	w = wire_new(st, &addr);
	w->conn.connected = w->conn.writable = true;
	front_new(l, &w->conn);
	stage_settle(st);
	return w;
}

static void
arrive(struct stage *st, struct wire *w)
{
	w->conn.readable = true;
	tell(w);
	stage_settle(st);
}

void
say_later(struct wire *w, const char *text)
{
	text_add(&w->in, "%s", text);
	w->conn.readable = true;
	tell(w);
}

void
say_bytes_later(struct wire *w, const char *bytes, size_t n)
{
	text_add_slice(&w->in, slice_make(bytes, n));
	w->conn.readable = true;
	tell(w);
}

void
say(struct stage *st, struct wire *w, const char *fmt, ...)
{
	va_list ap;

	assert_non_null(w);
	va_start(ap, fmt);
	text_vadd(&w->in, fmt, ap);
	va_end(ap);
	arrive(st, w);
}

void
say_many(struct stage *st, struct wire *w, size_t n)
{
	char *p = mem_new(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 26);
	text_add_slice(&w->in, slice_make(p, n));
	free(p);
	arrive(st, w);
}

void
say_eof(struct stage *st, struct wire *w)
{
	w->in_eof = true;
	arrive(st, w);
}

void
say_reset_later(struct wire *w)
{
	w->in_reset = true;
	w->conn.readable = true;
	w->conn.writable = w->conn.connected;	/* writing fails at once */
	tell(w);
}

void
say_reset_behind_later(struct wire *w)
{
	w->is_behind = true;
	say_reset_later(w);
}

void
say_reset(struct stage *st, struct wire *w)
{
	say_reset_later(w);
	stage_settle(st);
}

void
break_silently(struct wire *w)
{
	w->in_reset = true;
}

bool
is_cut(const struct wire *w)
{
	return w->closed || w->shut;
}

size_t
waiting(const struct wire *w)
{
	return w->out.n;
}

size_t
heard_some(struct stage *st, struct wire *w, size_t most)
{
	size_t n = most < w->out.n ? most : w->out.n;

	assert_non_null(w);
	text_clear(&w->last);
	text_add_slice(&w->last, slice_make(w->out.p, n));
	if (n > 0)
		memmove(w->out.p, w->out.p + n, w->out.n - n);
	w->out.n -= n;
	if (n > 0 && !w->conn.writable && !w->in_reset) {
		w->conn.writable = true;
		tell(w);
		stage_settle(st);
	}
	return n;
}

const char *
heard(struct stage *st, struct wire *w)
{
	assert_non_null(w);
	heard_some(st, w, w->out.n);
	return w->last.p != NULL ? w->last.p : "";
}

struct talk
talk_open(struct stage *st, const char *request)
{
	struct talk t;

	t.client = stage_client(st);
	say(st, t.client, "%s", request);
	t.server = stage_dialled(st, SERVER_A);
	assert_non_null(t.server);
	assert_true(waiting(t.server) > 0);
	heard(st, t.server);
	return t;
}

struct pool *
stage_pool(const struct stage *st)
{
	return cluster_find(&st->worker->cluster, "web");
}

struct server *
stage_server(const struct stage *st, const char *name)
{
	struct server *s = pool_find_server(stage_pool(st), name);

	assert_non_null(s);
	return s;
}

/* --- looking */

const char *
stage_log(struct stage *st)
{
	char part[4096];
	size_t n;
	FILE *f;

	log_flush(st->log);
	text_clear(&st->lines);
	f = fopen(st->path, "r");
	assert_non_null(f);
	assert_int_equal(fseek(f, st->log_at, SEEK_SET), 0);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		text_add_slice(&st->lines, slice_make(part, n));
	st->log_at += (long)st->lines.n;
	(void)fclose(f);
	return st->lines.p != NULL ? st->lines.p : "";
}

static long
number_after(const char *line, const char *name)
{
	const char *p = strstr(line, name);

	assert_non_null(p);
	return strtol(p + strlen(name), NULL, 10);
}

void
assert_ended(struct stage *st, const char *letters, int status)
{
	static const char mark[] = "\"termination\":\"";
	const char *line = strstr(stage_log(st), mark);
	char is[32], want[32];

	if (line == NULL) {
		fail_msg("no access line; the log: %s", st->lines.p);
		return;
	}
	line += sizeof(mark) - 1;
	if (strstr(line, mark) != NULL)
		fail_msg("more than one access line: %s", st->lines.p);
	(void)snprintf(is, sizeof(is), "%.2s %ld", line,
	    number_after(st->lines.p, "\"status\":"));
	(void)snprintf(want, sizeof(want), "%s %d", letters, status);
	assert_string_equal(is, want);
}

void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

void
assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in \"%s\"", part, text);
}

void
assert_starts(const char *text, const char *part)
{
	if (strncmp(text, part, strlen(part)) != 0)
		fail_msg("\"%s\" does not start with \"%s\"", text, part);
}

void
assert_ends(const char *text, const char *part)
{
	size_t n = strlen(text), m = strlen(part);

	if (n < m || strcmp(text + n - m, part) != 0)
		fail_msg("\"%s\" does not end with \"%s\"", text, part);
}

void
assert_many(const char *text, size_t n)
{
	assert_int_equal(strlen(text), n);
	for (size_t i = 0; i < n; i++)
		if (text[i] != (char)('a' + i % 26))
			fail_msg("byte %zu of %zu is wrong", i, n);
}
