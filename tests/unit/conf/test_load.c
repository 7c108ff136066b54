/*
 * test_load.c - what stands in the file stands in the snapshot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "complains.h"

static struct conf *
load(const char *string)
{
	struct text errors;
	struct conf *c;

	text_init(&errors);
	c = conf_load_string("f", string, balances, &errors);
	if (c == NULL)
		fail_msg("%s", errors.p);
	assert_int_equal(errors.n, 0);
	text_fini(&errors);
	return c;
}

static void
fills_in_defaults_of_the_process(void **state)
{
	struct conf *c = load(LISTENER);
	const struct conf_global *g = &c->global;

	(void)state;
	assert_string_equal(c->path, "f");
	assert_null(g->user);
	assert_null(g->group);
	assert_null(g->name);
	assert_int_equal(g->max_connections, 20000);
	assert_int_equal(g->max_pipes, 256);
	assert_int_equal(g->max_buffers, 1 << 30);
	assert_int_equal(g->max_pause, 100);
	assert_int_equal(g->drain_timeout, SEC(30));
	assert_null(g->stats_socket.path);
	assert_int_equal(g->stats_socket.mode, 0660);
	assert_int_equal(g->stats_socket.timeout, SEC(60));
	assert_string_equal(g->log.target, "stderr");
	assert_int_equal(g->log.format, LOG_FORMAT_JSON);
	assert_int_equal(g->log.level, LOG_LEVEL_INFO);
	assert_true(g->log.access);
	assert_int_equal(g->errors.n, 0);
	assert_int_equal(g->tls.max_handshakes, 1000);
	assert_int_equal(g->tls.handshake_budget, MSEC(5));
	assert_null(g->tls.ticket_keys);
	assert_int_equal(g->tls.ticket_period, SEC(43200));
	assert_int_equal(g->tls.ticket_lifetime, SEC(43200));
	assert_int_equal(c->nroutes, 0);
	assert_int_equal(c->npools, 0);
	conf_put(&c);
}

static void
fills_in_defaults_of_a_listener(void **state)
{
	struct conf *c = load(LISTENER);
	const struct conf_listener *l = &c->listeners[0];
	const struct http_limits *d = &http_limits_default;

	(void)state;
	assert_int_equal(c->nlisteners, 1);
	assert_string_equal(l->address.text, "127.0.0.1:80");
	assert_int_equal(addr_port(&l->address.addr), 80);
	assert_string_equal(l->where.file, "f");
	assert_int_equal(l->where.line, 1);
	assert_int_equal(l->mode, 0666);
	assert_int_equal(l->max_connections, 10000);
	assert_int_equal(l->backlog, 4096);
	assert_int_equal(l->timeouts.head, SEC(10));
	assert_int_equal(l->timeouts.keep_alive, SEC(60));
	assert_int_equal(l->timeouts.send, SEC(60));
	assert_int_equal(l->timeouts.max_age, SEC(3600));
	assert_int_equal(l->limits.request_line, d->request_line);
	assert_int_equal(l->limits.head, d->head);
	assert_int_equal(l->limits.fields, d->fields);
	assert_int_equal(l->limits.pipeline, d->pipeline);
	assert_int_equal(l->limits.requests, d->requests);
	assert_int_equal(l->limits.discard, d->discard);
	assert_int_equal(l->limits.underscores, d->underscores);
	assert_int_equal(l->limits.unfold, d->unfold);
	assert_true(l->limits.websocket);
	assert_null(l->limits.upgrades[0]);
	assert_false(l->proxy_protocol);
	assert_int_equal(l->proxy_protocol_from.n, 0);
	assert_int_equal(l->trusted.n, 0);
	assert_true(l->forward.x_forwarded_for);
	assert_true(l->forward.x_forwarded_proto);
	assert_true(l->forward.x_forwarded_host);
	assert_false(l->forward.x_forwarded_port);
	assert_false(l->forward.x_real_ip);
	assert_false(l->forward.forwarded);
	assert_true(l->forward.via);
	assert_false(l->forward.via_response);
	assert_int_equal(l->forward.request_id, REQUEST_ID_MAKE);
	assert_false(conf_has_tls(l));
	assert_int_equal(l->tls.policy, TLS_INTERMEDIATE);
	assert_int_equal(l->tls.min_version, TLS_ANY);
	assert_int_equal(l->tls.verify, TLS_VERIFY_OFF);
	assert_int_equal(l->tls.depth, 100);
	assert_true(l->tls.tickets);
	assert_true(l->tls.ktls);
	assert_int_equal(l->tls.session_cache, TLS_SESSIONS);
	assert_int_equal(l->tls.handshake_timeout, SEC(10));
	assert_false(l->https_only.on);
	assert_null(l->https_only.value);
	conf_put(&c);
}

static void
fills_in_defaults_of_a_pool(void **state)
{
	struct conf *c = load(LISTENER POOL);
	const struct conf_pool *p = &c->pools[0];
	const struct conf_health *h = &p->health;

	(void)state;
	assert_string_equal(p->balance, "least_conn");
	assert_int_equal(p->nservers, 1);
	assert_string_equal(p->servers[0].name, "10.0.0.1:80");
	assert_int_equal(p->servers[0].weight, 1);
	assert_int_equal(p->servers[0].max_connections, 0);
	assert_int_equal(h->type, PROBE_NONE);
	assert_string_equal(h->method, "GET");
	assert_string_equal(h->path, "/");
	assert_null(h->host);
	assert_null(h->body);
	assert_int_equal(h->expect.n, 1);
	assert_int_equal(h->expect.v[0].from, 200);
	assert_int_equal(h->expect.v[0].to, 399);
	assert_int_equal(h->interval, SEC(2));
	assert_int_equal(h->fast_interval, 0);
	assert_int_equal(h->down_interval, 0);
	assert_int_equal(h->timeout, SEC(1));
	assert_int_equal(h->fall, 3);
	assert_int_equal(h->rise, 2);
	assert_int_equal(h->panic_threshold, 50);
	assert_int_equal(h->on_down, ON_DOWN_DRAIN);
	assert_int_equal(h->on_panic, ON_PANIC_ALL);
	assert_int_equal(p->timeouts.connect, SEC(5));
	assert_int_equal(p->timeouts.request, SEC(30));
	assert_int_equal(p->timeouts.response, SEC(60));
	assert_int_equal(p->timeouts.idle, SEC(60));
	assert_int_equal(p->timeouts.queue, SEC(5));
	assert_int_equal(p->timeouts.tunnel, SEC(3600));
	assert_int_equal(p->reuse.max, 100);
	assert_int_equal(p->reuse.timeout, SEC(30));
	assert_int_equal(p->retries, 2);
	assert_int_equal(p->retry_budget, 20);
	assert_int_equal(p->retry_min, 3);
	assert_true(p->abort_on_close);
	assert_null(p->host);
	assert_null(p->default_host);
	assert_int_equal(p->limits.head, 16384);
	assert_int_equal(p->limits.fields, 200);
	assert_false(p->limits.unfold);
	assert_int_equal(p->limits.discard, http_limits_default.discard);
	conf_put(&c);
}

static void
reads_routes_in_their_order(void **state)
{
	struct conf *c = load(LISTENER POOL "routes = (\n"
	    "{ listener = \"web\"; host = \"*.example.com\"; path = \"/a\";\n"
	    "  method = \"GET\"; field = { name = \"X-A\"; value = \"1\"; };\n"
	    "  normalize = true; connect = true; pool = \"web\"; },\n"
	    "{ path_prefix = \"/b/\"; field = { name = \"X-B\"; };\n"
	    "  respond = { status = 204;\n"
	    "    fields = ( { name = \"X-C\"; value = \"\"; } ); }; },\n"
	    "{ host = \"[::1]\"; redirect = { status = 308;\n"
	    "  location = \"https://$host$path?$query\"; }; } );");
	const struct conf_route *r = c->routes;

	(void)state;
	assert_int_equal(c->nroutes, 3);
	assert_int_equal(r[0].where.line, 4);
	assert_ptr_equal(r[0].on, &c->listeners[0]);
	assert_ptr_equal(r[0].to, &c->pools[0]);
	assert_int_equal(r[0].action, ACTION_POOL);
	assert_string_equal(r[0].host, "*.example.com");
	assert_string_equal(r[0].path, "/a");
	assert_string_equal(r[0].method, "GET");
	assert_string_equal(r[0].field->name, "X-A");
	assert_string_equal(r[0].field->value, "1");
	assert_true(r[0].normalize);
	assert_true(r[0].connect);
	assert_int_equal(r[1].action, ACTION_RESPOND);
	assert_null(r[1].to);
	assert_null(r[1].on);
	assert_string_equal(r[1].path_prefix, "/b/");
	assert_null(r[1].field->value);
	assert_int_equal(r[1].respond.status, 204);
	assert_string_equal(r[1].respond.body, "");
	assert_int_equal(r[1].respond.fields.n, 1);
	assert_string_equal(r[1].respond.fields.v[0].value, "");
	assert_int_equal(r[2].action, ACTION_REDIRECT);
	assert_int_equal(r[2].redirect.status, 308);
	assert_string_equal(r[2].redirect.location,
	    "https://$host$path?$query");
	conf_put(&c);
}

static void
reads_every_type_of_option(void **state)
{
	struct conf *c = load("listeners = ( { name = \"u\";\n"
	    "address = \"unix:/tmp/s\"; mode = \"0600\";\n"
	    "limits = { head = 2048; discard = \"1k\"; underscores = \"allow\";"
	    "  upgrades = [ \"WebSocket\", \"foo\", \"bar\" ]; };\n"
	    "trusted = ( \"10.0.0.0/8\", \"::1\", \"unix\" );\n"
	    "proxy_protocol = true; proxy_protocol_from = ( \"::1\" );\n"
	    "forward = { via = false; request_id = \"keep\"; }; } );\n"
	    "pools = ( { name = \"p\"; balance = \"hash\"; "
	    "send_proxy = \"v2\"; servers = (\n"
	    "{ name = \"s\"; address = \"[::1]:8080\"; weight = 0; } );\n"
	    "health = { type = \"http\"; expect = \"204, 300-302\";\n"
	    "  fast_interval = 0; interval = \"1500ms\"; }; } );\n"
	    "global = { log = { access = FALSE; level = \"debug\"; }; };");
	const struct conf_listener *l = &c->listeners[0];
	const struct conf_health *h = &c->pools[0].health;

	(void)state;
	assert_true(addr_is_unix(&l->address.addr));
	assert_int_equal(l->mode, 0600);
	assert_int_equal(l->limits.head, 2048);
	assert_int_equal(l->limits.request_line, 2048);
	assert_int_equal(l->limits.discard, 1024);
	assert_int_equal(l->limits.underscores, UNDERSCORES_ALLOW);
	assert_true(l->limits.websocket);
	assert_string_equal(l->limits.upgrades[0], "foo");
	assert_string_equal(l->limits.upgrades[1], "bar");
	assert_null(l->limits.upgrades[2]);
	assert_true(l->proxy_protocol);
	assert_int_equal(l->proxy_protocol_from.n, 1);
	assert_int_equal(c->pools[0].send_proxy, PROXY_V2);
	assert_int_equal(l->trusted.n, 3);
	assert_int_equal(l->trusted.v[0].bits, 8);
	assert_int_equal(l->trusted.v[2].family, AF_UNIX);
	assert_false(l->forward.via);
	assert_int_equal(l->forward.request_id, REQUEST_ID_KEEP);
	assert_string_equal(c->pools[0].servers[0].name, "s");
	assert_int_equal(c->pools[0].servers[0].weight, 0);
	assert_int_equal(h->type, PROBE_HTTP);
	assert_int_equal(h->expect.n, 2);
	assert_int_equal(h->expect.v[0].to, 204);
	assert_int_equal(h->expect.v[1].from, 300);
	assert_int_equal(h->expect.v[1].to, 302);
	assert_int_equal(h->interval, MSEC(1500));
	assert_false(c->global.log.access);
	assert_int_equal(c->global.log.level, LOG_LEVEL_DEBUG);
	conf_put(&c);
}

static void
takes_an_empty_list_of_upgrades(void **state)
{
	struct conf *c = load("listeners = ( { name = \"a\"; "
	    "address = \"*:80\"; limits = { upgrades = ( ); }; } );");

	(void)state;
	assert_false(c->listeners[0].limits.websocket);
	assert_null(c->listeners[0].limits.upgrades[0]);
	conf_put(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in_defaults_of_the_process),
		cmocka_unit_test(fills_in_defaults_of_a_listener),
		cmocka_unit_test(fills_in_defaults_of_a_pool),
		cmocka_unit_test(reads_routes_in_their_order),
		cmocka_unit_test(reads_every_type_of_option),
		cmocka_unit_test(takes_an_empty_list_of_upgrades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
