#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"
#include "cluster/server.h"

/*
 * A cluster on a virtual loop, snapshots made by hand, and a log in a file
 * that can be asked what it holds.
 */
struct sample {
	struct loop *loop;
	struct log *log;
	struct rng rng;
	struct codec_shared shared;
	struct cluster cluster;
	unsigned changes;
	int fd;
	char path[32];
};

struct sample_server {
	const char *name, *address;
	unsigned weight;
};

#define SAMPLE_SERVERS(...) \
	(struct sample_server[]){ __VA_ARGS__ }, \
	sizeof((struct sample_server[]){ __VA_ARGS__ }) / \
	sizeof(struct sample_server)

static inline void
sample_count(void *owner)
{
	((struct sample *)owner)->changes++;
}

static inline struct conf *
sample_conf(size_t npools)
{
	struct conf *c = mem_new(sizeof(*c));

	c->refs = 1;
	arena_init(&c->arena, NULL);
	c->pools = arena_zero(&c->arena, npools * sizeof(*c->pools));
	return c;
}

/* The next pool of a snapshot: least_conn, a tcp check, 100 ms and 2, 3. */
static inline struct conf_pool *
sample_pool(struct conf *c, const char *name, const struct sample_server *v,
    size_t n)
{
	struct conf_pool *p = &c->pools[c->npools++];

	p->name = name;
	p->balance = "least_conn";
	p->servers = arena_zero(&c->arena, n * sizeof(*p->servers));
	p->nservers = n;
	for (size_t i = 0; i < n; i++) {
		struct conf_server *s = &p->servers[i];

		s->name = v[i].name;
		s->address.text = v[i].address;
		s->weight = v[i].weight;
		assert_null(addr_parse(slice_of(v[i].address),
		    &s->address.addr));
	}
	p->health = (struct conf_health){ .type = PROBE_TCP, .method = "GET",
	    .path = "/", .interval = MSEC(1000), .timeout = MSEC(500),
	    .fall = 3, .rise = 2, .panic_threshold = 50 };
	p->health.expect.n = 1;
	p->health.expect.v = arena_zero(&c->arena,
	    sizeof(*p->health.expect.v));
	p->health.expect.v[0] = (struct conf_status_range){ 200, 399 };
	p->timeouts.connect = SEC(5);
	p->reuse = (struct conf_reuse){ 100, SEC(30), SEC(10) };
	p->proto = HTTP_1_1;
	p->max_streams = 100;
	p->retries = 2;
	p->retry_budget = 20;
	p->retry_min = 3;
	p->limits = http_limits_default;
	return p;
}

static inline void
sample_init(struct sample *t, struct dialer *dialer)
{
	memset(t, 0, sizeof(*t));
	t->loop = loop_new_virtual(SEC(100));
	t->loop->clock.wall = SEC(1000000);
	t->log = log_new(&t->loop->clock);
	(void)snprintf(t->path, sizeof(t->path), "/tmp/cluster-XXXXXX");
	t->fd = mkstemp(t->path);
	assert_true(t->fd >= 0);
	assert_int_equal(log_open(t->log, t->path), 0);
	rng_init(&t->rng, 1);
	codec_shared_init(&t->shared, &t->loop->pages, &t->loop->chunks,
	    &t->loop->clock);
	cluster_init(&t->cluster, t->loop, t->log, &t->rng, dialer,
	    &t->shared);
	t->cluster.on_change = sample_count;
	t->cluster.owner = t;
}

/* Takes the snapshot.  The changes must read so, unless want is NULL. */
static inline void
sample_apply(struct sample *t, struct conf *c, const char *want)
{
	struct text changes;

	text_init(&changes);
	cluster_apply(&t->cluster, c, &changes);
	conf_put(&c);
	if (want != NULL)
		assert_string_equal(changes.p != NULL ? changes.p : "", want);
	text_fini(&changes);
}

static inline void
sample_fini(struct sample *t)
{
	cluster_fini(&t->cluster);
	log_free(&t->log);
	codec_shared_fini(&t->shared);
	loop_free(&t->loop);
	(void)close(t->fd);
	(void)unlink(t->path);
}

static inline void
sample_advance(struct sample *t, int64_t by)
{
	loop_advance(t->loop, t->loop->clock.now + by);
}

/* How often the log holds these words so far. */
static inline unsigned
sample_logged(struct sample *t, const char *words)
{
	static char buf[1 << 18];
	unsigned n = 0;
	ssize_t len;

	log_flush(t->log);
	len = pread(t->fd, buf, sizeof(buf) - 1, 0);
	assert_true(len >= 0);
	buf[len] = '\0';
	for (char *at = buf; (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

static inline struct server *
sample_server(struct sample *t, const char *pool, const char *name)
{
	struct server *s = pool_find_server(cluster_find(&t->cluster, pool),
	    name);

	assert_non_null(s);
	return s;
}

static inline void
sample_pass(struct server *s)
{
	server_on_probe(s, CHECK_L4OK, 0, MSEC(1), "connected in 1.0 ms");
}

static inline void
sample_fail(struct server *s)
{
	server_on_probe(s, CHECK_L4CON, 0, MSEC(1), "connection refused");
}

static inline void
assert_server(const struct server *s, const char *status)
{
	char text[32];

	server_status(s, text);
	assert_string_equal(text, status);
}
