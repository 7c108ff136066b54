/*
 * test_secure.c - by which name TLS asks for a server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "cluster/pool.h"
#include "cluster/secure.h"
#include "cluster/server.h"

struct name_case {
	const char *address;		/* "_x": a service, "n:80": a name */
	const char *server, *tls, *pool_host;
	const char *health, *health_host;
	const char *host;		/* of the request */
	const char *wanted, *probe;
};

/* A pool of one server, by hand: names are all that is looked at. */
struct made {
	struct conf_server row;
	struct conf_pool conf;
	struct pool pool;
	struct server server;
};

static void
make(struct made *m, const struct name_case *c)
{
	struct conf_address *a = &m->row.address;
	const char *colon = strrchr(c->address, ':');
	static char host[128];

	memset(m, 0, sizeof(*m));
	m->server.conf = &m->row;
	m->server.pool = &m->pool;
	m->pool.conf = &m->conf;
	m->row.sni = c->server;
	m->conf.host = c->pool_host;
	m->conf.tls.sni = c->tls;
	m->conf.health.sni = c->health;
	m->conf.health.host = c->health_host;
	a->text = c->address;
	if (addr_parse(slice_of(c->address), &m->server.addr) == NULL) {
		a->addr = m->server.addr;
		return;
	}
	a->is_name = true;
	a->is_service = colon == NULL;
	memset(host, 0, sizeof(host));
	memcpy(host, c->address, colon != NULL ?
	    (size_t)(colon - c->address) : strlen(c->address));
	a->host = host;
	assert_null(addr_parse(SLICE("10.9.9.9:80"), &m->server.addr));
}

static void
asks_for_the_name_that_is_meant(void **state)
{
#define NAME "api.internal:443"
	static const struct name_case cases[] = {
		/* the default */
		{ .address = NAME, .host = "x", .wanted = "api.internal" },
		{ .address = "API.Internal.:443", .wanted = "api.internal" },
		{ .address = "10.0.0.1:443", .host = "x",
		    .wanted = "10.0.0.1" },
		{ .address = "[::1]:443", .host = "x", .wanted = "::1" },
		{ .address = "unix:/run/x", .host = "x", .wanted = "" },
		{ .address = "_https._tcp.api.internal", .host = "x",
		    .wanted = "api.internal" },
		{ .address = "10.0.0.1:443", .pool_host = "W.example:8443",
		    .host = "x", .wanted = "w.example" },
		/* words */
		{ .address = NAME, .tls = "host", .host = "X.example.:80",
		    .wanted = "x.example", .probe = "api.internal" },
		{ .address = NAME, .tls = "host", .host = "[::2]:80",
		    .wanted = "::2", .probe = "api.internal" },
		{ .address = NAME, .tls = "host", .host = "",
		    .wanted = "api.internal" },
		{ .address = NAME, .tls = "host", .host = ":80",
		    .wanted = "api.internal" },
		{ .address = NAME, .tls = "host", .host = ".",
		    .wanted = "api.internal" },
		{ .address = NAME, .tls = "server", .pool_host = "w.example",
		    .host = "x", .wanted = "api.internal" },
		{ .address = NAME, .tls = "none", .host = "x",
		    .wanted = "" },
		{ .address = NAME, .tls = "f.example", .host = "x",
		    .wanted = "f.example" },
		{ .address = NAME, .tls = "::3", .host = "x",
		    .wanted = "::3" },
		/* of one server */
		{ .address = NAME, .tls = "f.example", .server = "g.example",
		    .host = "x", .wanted = "g.example" },
		{ .address = NAME, .tls = "f.example", .server = "host",
		    .host = "x", .wanted = "x", .probe = "api.internal" },
		/* of probes */
		{ .address = NAME, .tls = "f.example", .health = "p.example",
		    .host = "x", .wanted = "f.example",
		    .probe = "p.example" },
		{ .address = NAME, .tls = "host", .health_host = "p.example:1",
		    .host = "x", .wanted = "x", .probe = "p.example" },
		{ .address = NAME, .tls = "host", .pool_host = "w.example",
		    .host = "x", .wanted = "x", .probe = "w.example" },
		{ .address = NAME, .tls = "host", .health = "server",
		    .health_host = "p.example", .host = "x", .wanted = "x",
		    .probe = "api.internal" },
		{ .address = NAME, .health_host = "p.example", .host = "x",
		    .wanted = "api.internal" },
	};
	char name[SECURE_NAME];
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct name_case *c = &cases[i];

		make(&m, c);
		secure_name(&m.server, slice_of(c->host), name);
		assert_string_equal(name, c->wanted);
		secure_probe_name(&m.server, name);
		assert_string_equal(name, c->probe != NULL ? c->probe :
		    c->wanted);
	}
}

static void
takes_no_part_of_a_host_that_is_too_long(void **state)
{
	static const struct name_case c = { .address = NAME, .tls = "host" };
	char name[SECURE_NAME], host[SECURE_NAME + 1];
	struct made m;

	(void)state;
	make(&m, &c);
	memset(host, 'a', sizeof(host));
	secure_name(&m.server, slice_make(host, SECURE_NAME), name);
	assert_string_equal(name, "api.internal");
	secure_name(&m.server, slice_make(host, SECURE_NAME - 1), name);
	assert_int_equal(strlen(name), SECURE_NAME - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_the_name_that_is_meant),
		cmocka_unit_test(takes_no_part_of_a_host_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
