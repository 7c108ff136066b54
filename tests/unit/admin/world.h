/*
 * world.h - a worker with two pools and two listeners, for the tests of admin.
 *
 * Nothing carries traffic: the tests set the states that the commands show.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/admin.h"
#include "cluster/balance.h"
#include "cluster/pool.h"
#include "cluster/server.h"
#include "conf/load.h"
#include "net/conn.h"
#include "net/loop.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

struct world {
	char dir[32], socket[80], other[80];
	struct loop *loop;
	struct log *log;
	struct worker *worker;
	struct conf *conf;
	struct admin *admin;
	struct text out;
	unsigned reloads;
	bool reload_fails;
};

static const char world_conf[] =
    "global = { log = { target = \"/dev/null\"; }; max_connections = 500;\n"
    "  stats_socket = { path = \"%s/stats.sock\"; mode = \"0600\";\n"
    "    timeout = \"%s\"; }; };\n"
    "listeners = (\n"
    "  { name = \"web\"; address = \"unix:%s/web.sock\"; },\n"
    "  { name = \"other\"; address = \"unix:%s/other.sock\";\n"
    "    max_connections = 7; }\n"
    ");\n"
    "routes = ( { pool = \"app\"; } );\n"
    "pools = (\n"
    "  { name = \"app\"; servers = (\n"
    "      { name = \"a\"; address = \"127.0.0.1:9\"; weight = 10; },\n"
    "      { name = \"b\"; address = \"[::1]:9\"; max_connections = 3; } );\n"
    "    health = { type = \"http\"; path = \"/\"; fall = 3; rise = 2; };\n"
    "  },\n"
    "  { name = \"bare\"; balance = \"round_robin\"; servers = (\n"
    "      { address = \"unix:/nowhere/x.sock\"; } ); }\n"
    ");\n";

__attribute__((unused)) static bool
world_reload(void *owner, struct text *answer)
{
	struct world *w = owner;

	w->reloads++;
	text_add(answer, w->reload_fails ? "reload failed: the old stays\n" :
	    "reloaded: nothing\n");
	return !w->reload_fails;
}

__attribute__((unused)) static int
world_open(void **state, const char *timeout)
{
	static struct dialer *const sockets =
	    (struct dialer *)(uintptr_t)&dialer_sockets;
	struct world *w = calloc(1, sizeof(*w));
	struct admin_daemon above = { world_reload, w };
	struct text errors;
	char conf[4096];

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/test_admin.XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	(void)snprintf(w->socket, sizeof(w->socket), "%s/stats.sock", w->dir);
	(void)snprintf(w->other, sizeof(w->other), "%s/new.sock", w->dir);
	(void)snprintf(conf, sizeof(conf), world_conf, w->dir, timeout, w->dir,
	    w->dir);
	text_init(&errors);
	text_init(&w->out);
	w->conf = conf_load_string("test.conf", conf, balance_names, &errors);
	if (w->conf == NULL)
		print_error("%s", errors.p);
	assert_non_null(w->conf);
	w->loop = loop_new();
	w->log = log_new(&w->loop->clock);
	assert_int_equal(log_open(w->log, "/dev/null"), 0);
	w->worker = worker_new(w->loop, w->log, sockets);
	assert_true(worker_prepare(w->worker, w->conf, &errors));
	worker_commit(w->worker, w->conf, &errors);
	w->admin = admin_new(w->worker, &above);
	text_fini(&errors);
	*state = w;
	return 0;
}

__attribute__((unused)) static int
world_new(void **state)
{
	return world_open(state, "60s");
}

__attribute__((unused)) static int
world_free(void **state)
{
	struct world *w = *state;
	char path[128];

	admin_free(&w->admin);
	assert_null(w->admin);
	worker_free(&w->worker);
	log_free(&w->log);
	conf_put(&w->conf);
	loop_free(&w->loop);
	text_fini(&w->out);
	(void)snprintf(path, sizeof(path), "%s/web.sock", w->dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/other.sock", w->dir);
	(void)unlink(path);
	/* The stats sockets are removed by now. */
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

/* The answer of one line, until the next call. */
__attribute__((unused)) static const char *
ask(struct world *w, const char *line)
{
	text_clear(&w->out);
	admin_run(w->admin, slice_of(line), &w->out);
	return w->out.p != NULL ? w->out.p : "";
}

__attribute__((unused)) static struct server *
server_of(struct world *w, const char *pool, const char *name)
{
	struct pool *p = cluster_find(&w->worker->cluster, pool);

	assert_non_null(p);
	assert_non_null(pool_find_server(p, name));
	return pool_find_server(p, name);
}

__attribute__((unused)) static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

__attribute__((unused)) static void
assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" is in:\n%s", part, text);
}
