/*
 * check_pool.c - pools, their servers and their probes.
 */
#include <inttypes.h>
#include <string.h>

#include "base/map.h"
#include "conf/check.h"
#include "conf/nearest.h"
#include "conf/needs.h"
#include "conf/read_text.h"

/* What a server's name may hold besides, since it may be its address. */
#define SERVER_MARKS "/[]%@*"

/* What stands there for nothing is a misunderstanding. */
static void
check_hash_counts(const struct subject *s, const struct conf_pool *p)
{
	if (subject_has(s, "hash") && !conf_has_hash(p))
		subject_complain(s, "hash", "is for balance = \"hash\"; alone, "
		    "here it is \"%s\"; write balance = \"hash\"; or delete "
		    "it", p->balance);
}

static void
check_balance(struct reader *r, const struct conf_pool *p)
{
	struct subject s = { r, "pool", p, p->where };
	const char *meant = nearest_value(r->balances, p->balance);

	for (const char *const *b = r->balances; *b != NULL; b++) {
		if (strcmp(*b, p->balance) == 0) {
			check_hash_counts(&s, p);
			return;
		}
	}
	subject_complain(&s, "balance", "\"%s\" is not one of %s%s%s%s",
	    read_shown(p->balance, &r->conf->arena),
	    read_names(r->balances, &r->conf->arena),
	    meant != NULL ? "; did you mean \"" : "",
	    meant != NULL ? meant : "", meant != NULL ? "\"?" : "");
}

static bool
is_prime(int64_t n)
{
	if (n < 4)
		return n > 1;
	for (int64_t i = 2; i * i <= n; i++)
		if (n % i == 0)
			return false;
	return true;
}

/* The permutations of maglev reach every entry only of a prime number. */
static void
check_table(const struct subject *s, const struct conf_pool *p)
{
	int64_t below = p->hash.table, above = below + 1;

	if (!is_prime(p->hash.table)) {
		while (!is_prime(below))
			below--;
		while (!is_prime(above))
			above++;
		subject_complain(s, "table", "%" PRId64 " is not a prime; "
		    "write %" PRId64 " or %" PRId64, p->hash.table, below,
		    above);
	} else if (p->hash.method == HASH_MAGLEV &&
	    p->hash.table < (int64_t)p->nservers) {
		subject_complain(s, "table", "%" PRId64 " entries are fewer "
		    "than the %zu servers", p->hash.table, p->nservers);
	}
}

static void
check_keys(const struct subject *s, const struct conf_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct conf_key *k = &keys->v[i];
		enum field_id id;

		if (k->kind != KEY_HEADER)
			continue;
		id = field_id(slice_of(k->name));
		if (id != FIELD_EXPECT && id != FIELD_TRAILER &&
		    check_is_framing(id))
			subject_complain(s, "key", "%s is about one "
			    "connection, not about the request; it cannot be "
			    "hashed", k->name);
	}
}

static void
check_hash(struct reader *r, const struct conf_pool *p)
{
	struct subject pool = { r, "pool", p, p->where };
	struct subject s = { r, "pool.hash", &p->hash,
	    subject_where(&pool, "hash") };

	check_keys(&s, &p->hash.key);
	check_table(&s, p);
	if (p->hash.bound > 0 && p->hash.bound <= 100)
		subject_complain(&s, "bound", "%" PRId64 " leaves no room; "
		    "write more than 100, such as 125, or 0 for no bound",
		    p->hash.bound);
}

static bool
is_wildcard(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return a->sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static void
check_server_address(struct reader *r, const struct conf_server *server,
    struct map *addresses)
{
	struct subject s = { r, "pool.server", server, server->where };
	const char *text = server->address.text;
	char canonical[ADDR_TEXT];
	struct conf_server *first;
	struct slice key;

	if (server->resolve_all && !server->address.is_name)
		subject_complain(&s, "resolve_all", "\"%s\" is one address; "
		    "write a name, such as \"api.internal:8080\"", text);
	if (is_wildcard(&server->address.addr))
		subject_complain(&s, "address", "\"%s\" stands for every "
		    "address; write the one to connect to", text);
	addr_print(&server->address.addr, canonical);
	key = arena_copy(&r->conf->arena, slice_of(server->address.is_name ?
	    text : canonical));
	if (map_add(addresses, key, (void *)(uintptr_t)server))
		return;
	first = map_get(addresses, key);
	subject_complain(&s, "address", "\"%s\" is the address of the server "
	    "at %s:%u already; delete one, or raise its weight", text,
	    first->where.file, first->where.line);
}

static void
check_server_name(struct reader *r, struct conf_server *server,
    struct map *names)
{
	struct subject s = { r, "pool.server", server, server->where };
	struct conf_server *first;

	if (server->name == NULL && !subject_has(&s, "name") &&
	    server->address.text != NULL) {
		server->name = server->address.text;
		if (!check_is_name(server->name, SERVER_MARKS)) {
			subject_complain(&s, "name", "is missing; \"%s\" "
			    "cannot be the name as well, write name = "
			    "\"a\";", read_shown(server->name,
			    &r->conf->arena));
			return;
		}
	}
	if (!check_name(&s, server->name, SERVER_MARKS))
		return;
	if (strcmp(server->name, "FRONTEND") == 0 ||
	    strcmp(server->name, "BACKEND") == 0) {
		subject_complain(&s, "name", "\"%s\" stands for the sum of all "
		    "servers in statistics; choose another", server->name);
		return;
	}
	if (map_add(names, slice_of(server->name), server))
		return;
	first = map_get(names, slice_of(server->name));
	if (server->name != server->address.text)
		subject_complain(&s, "name", "\"%s\" is the name of the server "
		    "at %s:%u already; choose another", server->name,
		    first->where.file, first->where.line);
}

static void
check_servers(struct reader *r, struct conf_pool *p)
{
	struct subject s = { r, "pool", p, p->where };
	struct map names, addresses;

	if (p->nservers == 0 && (p->servers != NULL ||
	    !subject_has(&s, "servers")))
		subject_complain(&s, "servers", "there is none; write servers "
		    "= ( { address = \"10.0.0.1:80\"; } );");
	map_init(&names);
	map_init(&addresses);
	for (size_t i = 0; i < p->nservers; i++) {
		check_server_name(r, &p->servers[i], &names);
		if (p->servers[i].address.text != NULL)
			check_server_address(r, &p->servers[i], &addresses);
	}
	map_fini(&addresses);
	map_fini(&names);
}

static void
check_health(struct reader *r, const struct conf_pool *p)
{
	struct subject pool = { r, "pool", p, p->where };
	struct subject s = { r, "pool.health", &p->health,
	    subject_where(&pool, "health") };
	const char *method = p->health.method;

	if (check_word(&s, "method", method)) {
		if (strcmp(method, "CONNECT") == 0)
			subject_complain(&s, "method", "CONNECT cannot probe; "
			    "write \"GET\" or \"HEAD\"");
		else if (strcmp(method, "HEAD") == 0 && p->health.body != NULL)
			subject_complain(&s, "body", "an answer to HEAD has no "
			    "body; write method = \"GET\", or delete this");
	}
	check_path(&s, "path", p->health.path);
	check_host(&s, "host", p->health.host);
	check_fields(r, &p->health.fields, CHECK_PROBE);
	if (p->health.type == PROBE_GRPC && (p->protocol == PROTOCOL_H1 ||
	    (p->protocol == PROTOCOL_AUTO && !p->health.tls)))
		subject_complain(&s, "type", "gRPC needs HTTP/2; write "
		    "protocol = \"h2\"; in the pool");
}

/* What a server may send has fewer options than what a client may. */
static void
fill_limits(struct http_limits *limits, int64_t streams)
{
	struct http_limits given = *limits;

	*limits = http_limits_default;
	limits->head = given.head;
	limits->fields = given.fields;
	limits->unfold = given.unfold;
	limits->streams = (uint32_t)streams;
}

static void
fill_proto(struct conf_pool *p)
{
	static const enum http_proto protos[] = { [PROTOCOL_H1] = HTTP_1_1,
		[PROTOCOL_H2] = HTTP_2, [PROTOCOL_AUTO] = HTTP_PROTO_NONE };

	p->proto = protos[p->protocol];
}

static void
check_pool(struct reader *r, struct conf_pool *p, struct map *names)
{
	struct subject s = { r, "pool", p, p->where };

	if (check_name(&s, p->name, "") &&
	    !map_add(names, slice_of(p->name), p)) {
		struct conf_pool *first = map_get(names, slice_of(p->name));

		subject_complain(&s, "name", "\"%s\" is the name of the pool "
		    "at %s:%u already; choose another", p->name,
		    first->where.file, first->where.line);
	}
	check_balance(r, p);
	check_hash(r, p);
	check_servers(r, p);
	check_pool_tls(&s, p);
	check_health(r, p);
	check_congestion(&s, p->congestion, NULL);
	check_host(&s, "host", p->host);
	check_host(&s, "default_host", p->default_host);
	needs_check(&s);
	fill_proto(p);
	fill_limits(&p->limits, p->max_streams);
}

void
check_pools(struct reader *r)
{
	struct map names;

	map_init(&names);
	for (size_t i = 0; i < r->conf->npools; i++)
		check_pool(r, &r->conf->pools[i], &names);
	map_fini(&names);
}
