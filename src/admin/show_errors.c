/*
 * show_errors.c - the last malformed message of each listener and pool.
 *
 * The bytes are shown escaped, a line for each of theirs, with their offset,
 * and a mark stands under the one that was wrong.
 */
#include <stdio.h>
#include <string.h>

#include "admin/command.h"
#include "admin/names.h"
#include "base/log.h"
#include "cluster/pool.h"
#include "proxy/listener.h"

#define DUMP_COLUMNS 60		/* of escaped text a line */

/* Returns how many columns it takes. */
static unsigned
add_byte(struct text *t, char c)
{
	static const char from[] = "\r\n\t\\", to[] = "rnt\\";
	const char *at = c != '\0' ? strchr(from, c) : NULL;
	size_t before = t->n;

	if (at != NULL)
		text_add(t, "\\%c", to[at - from]);
	else if (c >= 0x20 && c < 0x7f)
		text_add_char(t, c);
	else
		text_add(t, "\\x%02x", (unsigned char)c);
	return (unsigned)(t->n - before);
}

static void
add_mark(struct text *t, unsigned column)
{
	text_add(t, "%*s^\n", (int)(column + 9), "");
}

/* One line from i; returns where the next one begins. */
static size_t
dump_line(struct text *t, const struct bad *b, size_t i)
{
	unsigned column = 0;
	int mark = -1;
	char last = 0;

	text_add(t, "  %05zu  ", b->from + i);
	while (i < b->n && last != '\n' && column < DUMP_COLUMNS) {
		if (b->from + i == b->offset)
			mark = (int)column;
		last = b->bytes[i++];
		column += add_byte(t, last);
	}
	text_add_char(t, '\n');
	/* The end of what came may be what was wrong. */
	if (i == b->n && b->from + i == b->offset)
		mark = (int)column;
	if (mark >= 0)
		add_mark(t, (unsigned)mark);
	return i;
}

static void
dump(struct text *t, const struct bad *b)
{
	size_t i = 0;

	while (i < b->n)
		i = dump_line(t, b, i);
}

static void
put(struct request *r, const char *kind, const char *name, unsigned id,
    const char *what, const struct bad *b)
{
	struct text *t = r->out;
	char when[40];

	log_time_clf(b->wall, true, when);
	text_add(t, " \n[%s] %s %s (#%u): invalid %s\n", when, kind, name, id,
	    what);
	text_add(t, "  from %s%s%s, answered %u, %llu in all\n",
	    b->peer[0] != '\0' ? b->peer : "unknown",
	    b->server[0] != '\0' ? ", server " : "", b->server, b->status,
	    (unsigned long long)b->total);
	text_add(t, "  %s", b->why);
	if (b->n > 0)
		text_add(t, ", at byte %zu:", b->offset);
	text_add_char(t, '\n');
	dump(t, b);
}

static void
put_json(struct request *r, const char *kind, const char *name, unsigned id,
    const struct bad *b)
{
	struct text *t = r->out;
	char when[32];

	log_time_iso(b->wall, when);
	text_add(t, "%s{\"time\":\"%s\",\"%s\":",
	    t->p[t->n - 1] == '}' ? "," : "", when, kind);
	text_add_json(t, slice_of(name));
	text_add(t, ",\"id\":%u,\"peer\":", id);
	text_add_json(t, slice_of(b->peer));
	if (b->server[0] != '\0') {
		text_add(t, ",\"server\":");
		text_add_json(t, slice_of(b->server));
	}
	text_add(t, ",\"status\":%u,\"why\":", b->status);
	text_add_json(t, slice_of(b->why));
	text_add(t, ",\"total\":%llu,\"offset\":%zu,\"from\":%zu,\"bytes\":",
	    (unsigned long long)b->total, b->offset, b->from);
	text_add_json(t, slice_make(b->bytes, b->n));
	text_add_char(t, '}');
}

/* No message came of it: only who, and why. */
static void
put_conn(struct request *r, const struct pool *p, const char *what,
    const struct bad_conn *b)
{
	char when[40];

	log_time_clf(b->wall, true, when);
	text_add(r->out, " \n[%s] pool %s (#%u): %s\n"
	    "  with %s, server %s, %llu in all\n  %s\n", when, p->name,
	    POOL_IDS + p->id, what, b->peer, b->server,
	    (unsigned long long)b->total, b->why);
}

static void
put_conn_json(struct request *r, const struct pool *p, const char *key,
    const struct bad_conn *b)
{
	struct text *t = r->out;
	char when[32];

	log_time_iso(b->wall, when);
	text_add(t, "%s{\"time\":\"%s\",\"pool\":",
	    t->p[t->n - 1] == '}' ? "," : "", when);
	text_add_json(t, slice_of(p->name));
	text_add(t, ",\"id\":%u,\"peer\":", POOL_IDS + p->id);
	text_add_json(t, slice_of(b->peer));
	text_add(t, ",\"server\":");
	text_add_json(t, slice_of(b->server));
	text_add(t, ",\"%s\":true,\"why\":", key);
	text_add_json(t, slice_of(b->why));
	text_add(t, ",\"total\":%llu}", (unsigned long long)b->total);
}

static void
put_conns(struct request *r)
{
	struct pool *p;

	list_each(p, &r->worker->cluster.pools, struct pool, node) {
		const struct {
			const struct bad_conn *b;
			const char *what, *key;
		} rows[] = {
			{ &p->bad_tls, "failed TLS handshake", "handshake" },
			{ &p->bad_end, "connection ended by a fault",
			    "connection" },
		};

		for (unsigned i = 0; i < 2; i++) {
			if (rows[i].b->wall == 0)
				continue;
			if (r->json)
				put_conn_json(r, p, rows[i].key, rows[i].b);
			else
				put_conn(r, p, rows[i].what, rows[i].b);
		}
	}
}

static uint64_t
count_all(const struct worker *w)
{
	struct listener *l;
	struct pool *p;
	uint64_t n = 0;

	list_each(l, &w->listeners, struct listener, node)
		n += l->bad.total;
	list_each(p, &w->cluster.pools, struct pool, node)
		n += p->bad.total + p->bad_tls.total +
		    p->bad_end.total;
	return n;
}

static void
put_head(struct request *r)
{
	char now[40];

	log_time_clf(r->worker->loop->clock.wall, true, now);
	text_add(r->out, "Total events captured on [%s] : %llu\n", now,
	    (unsigned long long)count_all(r->worker));
}

void
show_errors(struct request *r)
{
	struct listener *l;
	struct pool *p;

	if (r->json)
		text_add_char(r->out, '[');
	else
		put_head(r);
	list_each(l, &r->worker->listeners, struct listener, node) {
		if (l->bad.wall == 0)
			continue;
		if (r->json)
			put_json(r, "listener", l->name, l->id, &l->bad);
		else
			put(r, "listener", l->name, l->id, "request", &l->bad);
	}
	list_each(p, &r->worker->cluster.pools, struct pool, node) {
		if (p->bad.wall == 0)
			continue;
		if (r->json)
			put_json(r, "pool", p->name, POOL_IDS + p->id, &p->bad);
		else
			put(r, "pool", p->name, POOL_IDS + p->id, "response",
			    &p->bad);
	}
	put_conns(r);
	if (r->json)
		text_add(r->out, "]\n");
}
