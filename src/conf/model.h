#pragma once

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "http/limits.h"
#include "http/proto.h"
#include "net/addr.h"
#include "net/proxy_header.h"
#include "net/tls_client.h"
#include "net/tls_server.h"

/*
 * A snapshot: one loaded configuration, immutable and reference counted.
 * Everything in it lives in its arena.  Durations are microseconds, sizes
 * bytes.  Strings are NUL-terminated; an option that was not given and has no
 * default is NULL.  Where each value stands in the file is kept for messages.
 */

struct conf_where {
	const char *file;	/* NULL: not from a file */
	unsigned line;
};

/* A name and value pair: fields of a response, a field to match, to send. */
struct conf_field {
	struct conf_where where;
	const char *name;
	const char *value;	/* match: NULL means "present" */
};

struct conf_fields {
	struct conf_field *v;
	size_t n;
};

struct conf_ranges {
	struct addr_range *v;
	size_t n;
};

struct conf_address {
	const char *text;	/* as written */
	struct addr addr;	/* of no family when it is a name */
	bool is_name;		/* "api.internal:8080": to be resolved */
	bool is_service;	/* "_http._tcp.api.internal": SRV, no port */
	const char *host;	/* the name alone */
	uint16_t port;
};

struct conf_addresses {
	struct conf_address *v;
	size_t n;
};

struct conf_stats_socket {
	const char *path;	/* NULL: no stats socket */
	unsigned mode;		/* 0660 */
	int64_t timeout;	/* 60s: an idle session is closed */
};

struct conf_log {
	const char *target;	/* "stderr" */
	enum log_format format;	/* json | haproxy | common; json */
	enum log_level level;	/* error | warn | info | debug; info */
	bool access;		/* true */
};

/* How names of servers are looked up. */
struct conf_resolve {
	int64_t min, max;	/* 5s, 5m: bounds of what DNS says (TTL) */
	int64_t timeout;	/* 2s: for one name */
	struct conf_addresses servers;	/* none: those of /etc/resolv.conf */
};

/* The body of an answer of our own for a status, read from a file at load. */
struct conf_error_page {
	struct conf_where where;
	int64_t status;		/* 400..599 */
	const char *file;
	const char *content_type;	/* "text/html" */
	struct slice body;	/* the file's bytes, at most 16k */
};

struct conf_error_pages {
	struct conf_error_page *v;
	size_t n;
};

/* What TLS may take of the process, and the keys of session tickets. */
struct conf_global_tls {
	int64_t max_handshakes;		/* 1000 at a time */
	int64_t handshake_budget;	/* 5ms of a tick */
	const char *ticket_keys;	/* a file; NULL: keys of our own */
	int64_t ticket_period;		/* 12h: then another key seals */
	int64_t ticket_lifetime;	/* 12h: so long it still opens */
};

struct conf_global {
	struct conf_where where;
	const char *user, *group;	/* NULL: not changed */
	const char *name;		/* in Via; NULL: one of our own */
	int64_t max_connections;	/* 20000 */
	bool max_connections_said;	/* it stands in the file */
	int64_t max_pipes;		/* 256; 0: bodies are copied */
	int64_t max_buffers;		/* 1g: then requests are refused */
	int64_t max_pause;		/* 100us; 0: there is none */
	int64_t drain_timeout;		/* 30s */
	struct conf_stats_socket stats_socket;
	struct conf_log log;
	struct conf_resolve resolve;
	struct conf_error_pages errors;
	struct conf_global_tls tls;
};

enum conf_request_id { REQUEST_ID_OFF, REQUEST_ID_MAKE, REQUEST_ID_KEEP };

/* What is told to servers about the client; each can be switched. */
struct conf_forward {
	bool x_forwarded_for;	/* true */
	bool x_forwarded_proto;	/* true */
	bool x_forwarded_host;	/* true */
	bool x_forwarded_port;	/* false */
	bool x_real_ip;		/* false */
	bool forwarded;		/* false; RFC 7239 */
	bool via;		/* true; to servers */
	bool via_response;	/* false; to clients */
	enum conf_request_id request_id;	/* off | make | keep; make */
};

struct conf_listener_timeouts {
	int64_t head;		/* 10s: from its first byte to its end */
	int64_t keep_alive;	/* 60s: idle between requests */
	int64_t send;		/* 60s: the client takes too little */
	int64_t max_age;	/* 1h: the connection ends gently */
};

/* A certificate with its chain, and its key: files in PEM. */
struct conf_certificate {
	struct conf_where where;
	const char *cert;
	const char *key;	/* NULL: in cert's file */
	const char *ocsp;	/* a response in DER; NULL: none */
};

struct conf_certificates {
	struct conf_certificate *v;
	size_t n;
};

/* Fields that tell servers of a verified client; NULL: not sent. */
struct conf_client_fields {
	const char *verified, *subject, *issuer, *serial, *fingerprint, *names;
};

struct conf_listener_tls {
	struct conf_certificates certificates;
	const char *directory;		/* of files *.pem, cert and key in one */
	enum tls_policy policy;		/* intermediate | modern */
	enum tls_version min_version, max_version;	/* policy | 1.2 | 1.3 */
	const char *ciphers, *ciphersuites, *groups, *sigalgs;
	bool strict_sni;		/* false */
	enum tls_verify verify;		/* off | optional | required; off */
	const char *ca, *crl;
	int64_t depth;			/* 100 */
	bool tickets;			/* true */
	int64_t session_cache;		/* 4096 sessions of TLS 1.2 */
	int64_t handshake_timeout;	/* 10s */
	bool ktls;			/* true */
	struct conf_client_fields client_fields;
	struct tls_server *server;	/* made of all this; counted.  NULL:
					 * no TLS, or certificates not read */
};

/* Nobody without TLS: a plain listener redirects, one with TLS says HSTS. */
struct conf_https_only {
	bool on;			/* the group was given */
	int64_t port;			/* 443: where to */
	int64_t hsts;			/* 365d; 0: none is said */
	bool include_subdomains;	/* false */
	bool preload;			/* false */
	const char *value;		/* of Strict-Transport-Security, or NULL */
};

struct conf_listener {
	struct conf_where where;
	const char *name;
	struct conf_address address;
	unsigned mode;			/* of a UNIX socket; 0666 */
	int64_t max_connections;	/* 10000 */
	int64_t backlog;		/* 4096 */
	const char *congestion;		/* of TCP; NULL: the system's */
	struct conf_listener_timeouts timeouts;
	/*
	 * limits = { request_line = "8k"; head = "16k"; fields = 100;
	 * pipeline = 64; requests = 10000; discard = "64k";
	 * streams = 100; resets = 200; control = 1000; underscores = "drop";
	 * upgrades = ("websocket"); }
	 */
	struct http_limits limits;
	bool proxy_protocol;		/* false: connections begin with HTTP */
	struct conf_ranges proxy_protocol_from;	/* whose header is believed */
	struct conf_ranges trusted;	/* trusted = ("10.0.0.0/8", "unix") */
	struct conf_forward forward;
	struct conf_listener_tls tls;
	struct conf_https_only https_only;
};

enum conf_action { ACTION_POOL, ACTION_RESPOND, ACTION_REDIRECT };

struct conf_respond {
	int64_t status;			/* 200..599 */
	struct conf_fields fields;
	const char *body;		/* "" */
};

struct conf_redirect {
	int64_t status;			/* 301 302 303 307 308; 302 */
	const char *location;		/* with $host $path $query $scheme */
};

struct conf_route {
	struct conf_where where;
	const char *listener;		/* NULL: all */
	const char *host;		/* exact or *.example.com */
	const char *path;
	const char *path_prefix;
	const char *method;
	struct conf_field *field;	/* { name = "X"; value = "y"; } */
	bool normalize;			/* send the normalised path; false */
	bool connect;			/* CONNECT may tunnel; false */
	enum conf_action action;
	const char *pool;
	struct conf_pool *to;		/* the pool of that name */
	struct conf_listener *on;	/* the listener, or NULL for all */
	struct conf_respond respond;
	struct conf_redirect redirect;
};

struct conf_server {
	struct conf_where where;
	const char *name;		/* default: the address as written */
	struct conf_address address;
	int64_t weight;			/* 1; 0..256; 0: no new traffic */
	int64_t max_connections;	/* 0: no limit */
	bool resolve_all;		/* false: a server of each address */
	bool backup;			/* false: only when no other can serve */
	const char *sni;		/* NULL: as pool.tls.sni */
};

enum conf_probe { PROBE_NONE, PROBE_TCP, PROBE_HTTP, PROBE_TLS, PROBE_GRPC };
enum conf_on_down { ON_DOWN_DRAIN, ON_DOWN_SHUTDOWN };
enum conf_on_panic { ON_PANIC_ALL, ON_PANIC_FAIL };

struct conf_status_range {
	uint16_t from, to;
};

struct conf_statuses {			/* "200-399,404" */
	struct conf_status_range *v;
	size_t n;
};

struct conf_health {
	enum conf_probe type;	/* none | tcp | http | tls | grpc; none */
	const char *method;		/* "GET" */
	const char *path;		/* "/" */
	const char *host;		/* NULL: the server's address */
	bool tls;			/* http: over TLS; as the pool */
	const char *sni;		/* NULL: as the server */
	struct conf_fields fields;
	struct conf_statuses expect;	/* "200-399" */
	const char *body;		/* in the first 64 KiB, or NULL */
	const char *service;		/* of grpc; NULL: the server */
	int64_t interval;		/* 2s */
	int64_t fast_interval;		/* 0: as interval */
	int64_t down_interval;		/* 0: as interval */
	int64_t timeout;		/* 1s */
	int64_t fall, rise;		/* 3, 2 */
	int64_t panic_threshold;	/* 50 percent; 0: off */
	enum conf_on_down on_down;	/* drain | shutdown; drain */
	enum conf_on_panic on_panic;	/* all | fail; all */
};

struct conf_pool_timeouts {
	int64_t connect;	/* 5s */
	int64_t request;	/* 30s: between bytes of a request's body */
	int64_t response;	/* 60s: from the request's end to the head */
	int64_t idle;		/* 60s: between bytes of a response's body */
	int64_t queue;		/* 5s */
	int64_t tunnel;		/* 1h: no byte either way */
};

/*
 * Idle connections to a server.
 * reuse = { max = 100; timeout = "30s"; ping = "10s"; }
 */
struct conf_reuse {
	int64_t max;		/* 100 a server; 0: every connection is new */
	int64_t timeout;	/* 30s */
	int64_t ping;		/* 10s: after such a silence; 0: never */
};

/* What is spoken to servers.  Auto: what TLS agrees on. */
enum conf_protocol { PROTOCOL_H1, PROTOCOL_H2, PROTOCOL_AUTO };

/* What of a request is hashed: the first key of the list that it has. */
enum conf_key_kind {
	KEY_SOURCE, KEY_URI, KEY_PATH, KEY_QUERY, KEY_HEADER, KEY_COOKIE,
};

struct conf_key {
	enum conf_key_kind kind;
	const char *name;	/* of query, header, cookie */
};

struct conf_keys {
	struct conf_key *v;
	size_t n;
};

enum conf_hash_method { HASH_RING, HASH_MAGLEV };
enum conf_on_full { ON_FULL_NEXT, ON_FULL_QUEUE };

/* hash = { key = ("header:X-User", "source"); method = "ring"; bound = 125; } */
struct conf_hash {
	struct conf_keys key;		/* "source" */
	enum conf_hash_method method;	/* ring | maglev; ring */
	int64_t bound;			/* 0: off; percent of the average */
	int64_t table;			/* 65537; prime; maglev */
	enum conf_on_full on_full;	/* next | queue; next */
};

/* A server that came up gets its full share after the window. */
struct conf_slow_start {
	int64_t window;		/* 0: off */
	int64_t aggression;	/* 100 percent: in proportion to time */
};

/*
 * TLS to the servers of a pool.  sni is SNI_HOST, SNI_SERVER, SNI_NONE, or the
 * name itself; NULL: pool.host if there is one, else SNI_SERVER.
 */
#define SNI_HOST "host"		/* the Host that is sent */
#define SNI_SERVER "server"	/* the host of the server's address */
#define SNI_NONE "none"		/* no name is sent */

struct conf_pool_tls {
	bool given;			/* the group stands in the file */
	bool traffic;			/* true; false: only probes use it */
	bool verify;			/* true */
	const char *ca, *crl;
	int64_t depth;			/* 100 */
	const char *sni;
	const char *verify_name;	/* NULL: the name that is sent */
	const char *cert, *key;		/* ours; NULL: none */
	enum tls_policy policy;		/* intermediate | modern */
	enum tls_version min_version, max_version;	/* policy | 1.2 | 1.3 */
	const char *ciphers, *ciphersuites, *groups, *sigalgs;
	bool ktls;			/* true */
	bool resumption;		/* true */
	bool on;			/* requests go over TLS */
	struct tls_client *client;	/* made of all this; counted.  NULL: not
					 * needed, or files were not read */
};

struct conf_pool {
	struct conf_where where;
	const char *name;
	const char *balance;		/* one of balance_names; least_conn */
	struct conf_hash hash;
	struct conf_slow_start slow_start;
	struct conf_server *servers;
	size_t nservers;
	struct conf_health health;
	struct conf_pool_tls tls;
	enum conf_protocol protocol;	/* h1 | h2 | auto; h1 */
	enum http_proto proto;		/* the same; NONE: auto */
	int64_t max_streams;		/* 100 at a time on a connection */
	struct conf_pool_timeouts timeouts;
	struct conf_reuse reuse;
	int64_t max_queue;		/* 1000: requests that wait for room */
	int64_t retries;		/* 2 */
	int64_t retry_budget;		/* 20 percent of those in flight */
	int64_t retry_min;		/* 3 in flight at any time */
	bool abort_on_close;		/* true: a client that leaves cancels */
	bool grpc_timeout;		/* true: a call's is its deadline */
	const char *congestion;		/* of TCP; NULL: the system's */
	const char *host;		/* Host sent, or NULL: the client's */
	const char *default_host;	/* for 1.0 without Host; NULL: empty */
	enum proxy_version send_proxy;	/* off | v1 | v2; off */
	struct http_limits limits;	/* head 16k, fields 200, unfold false */
};

struct conf_names {
	const char **v;
	size_t n;
};

struct conf {
	unsigned refs;
	const char *path;
	struct arena arena;
	struct conf_global global;
	struct conf_listener *listeners;
	size_t nlisteners;
	struct conf_route *routes;
	size_t nroutes;
	struct conf_pool *pools;
	size_t npools;
	struct conf_names guarded;	/* client_fields of all listeners: what
					 * clients send under them is dropped */
};

/* A loaded snapshot has one reference, the caller's. */
struct conf *conf_get(struct conf *c);
void conf_put(struct conf **c);		/* frees the last; clears the pointer */

struct conf_pool *conf_find_pool(const struct conf *c, const char *name);
struct conf_listener *conf_find_listener(const struct conf *c,
    const char *name);

static inline bool
conf_has_tls(const struct conf_listener *l)
{
	return l->tls.certificates.n > 0 || l->tls.directory != NULL;
}

static inline bool
conf_has_hash(const struct conf_pool *p)
{
	return strcmp(p->balance, "hash") == 0;
}
