/*
 * option.c - the option table, and looking things up in it.
 *
 * The rows of a section stand together, in the order in which -T prints them.
 * A list's row names the section of its elements; a section called
 * "pool.server" describes one element of "servers" in one element of "pools".
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "conf/model.h"
#include "conf/nearest.h"
#include "conf/option.h"

#define ROW(type, sec, st, key, min, max, req, std, more, doc)                \
	{ sec, #key, OPTION_##type, offsetof(struct st, key),                 \
	    sizeof(((struct st *)0)->key), min, max, req, std, more, doc },

#define BOOL(sec, st, key, std, doc)                                          \
	ROW(BOOL, sec, st, key, 0, 0, false, std, NULL, doc)
#define NUMBER(sec, st, key, min, max, std, doc)                              \
	ROW(NUMBER, sec, st, key, min, max, false, std, NULL, doc)
#define SIZE(sec, st, key, min, max, std, doc)                                \
	ROW(SIZE, sec, st, key, min, max, false, std, NULL, doc)
#define DURATION(sec, st, key, min, max, std, doc)                            \
	ROW(DURATION, sec, st, key, min, max, false, std, NULL, doc)
#define STRING(sec, st, key, min, max, std, doc)                              \
	ROW(STRING, sec, st, key, min, max, false, std, NULL, doc)
#define NEEDED(sec, st, key, min, max, doc)                                   \
	ROW(STRING, sec, st, key, min, max, true, NULL, NULL, doc)
#define ENUM(sec, st, key, names, std, doc)                                   \
	ROW(ENUM, sec, st, key, 0, 0, false, std, names, doc)
#define MODE(sec, st, key, std, doc)                                          \
	ROW(MODE, sec, st, key, 0, 0, false, std, NULL, doc)
#define GROUP(sec, st, key, section, doc)                                     \
	ROW(GROUP, sec, st, key, 0, 0, false, NULL, section, doc)
#define LIST(sec, st, key, element, section, doc)                             \
	{ sec, #key, OPTION_LIST, offsetof(struct st, key),                   \
	    sizeof(struct element), 0, 0, false, NULL, section, doc },
#define FIELDS(sec, st, doc)                                                  \
	{ sec, "fields", OPTION_FIELDS, offsetof(struct st, fields),          \
	    sizeof(struct conf_field), 0, 0, false, NULL, "field", doc },

#define CLIENT_FIELD(key, doc)                                                \
	STRING("listener.tls.client_fields", conf_client_fields, key, 1, 128, \
	    NULL, doc)

#define SOME MSEC(1)		/* the shortest duration */
#define DAY SEC(86400)
#define K INT64_C(1024)
#define M (1024 * K)
#define NAMES 1			/* an address that may be a name */
#define TEXT_MAX 1024		/* bytes of a string */

static const char *const log_formats[] = { "json", "haproxy", "common", NULL };
static const char *const log_levels[] =
    { "error", "warn", "info", "debug", NULL };
static const char *const request_ids[] = { "off", "make", "keep", NULL };
static const char *const underscores[] = { "drop", "refuse", "allow", NULL };
static const char *const probes[] =
    { "none", "tcp", "http", "tls", "grpc", NULL };
static const char *const downs[] = { "drain", "shutdown", NULL };
static const char *const methods[] = { "ring", "maglev", NULL };
static const char *const fulls[] = { "next", "queue", NULL };
static const char *const proxies[] = { "off", "v1", "v2", NULL };
static const char *const protocols[] = { "h1", "h2", "auto", NULL };
static const char *const panics[] = { "all", "fail", NULL };
static const char *const policies[] = { "intermediate", "modern", NULL };
static const char *const versions[] = { "policy", "1.2", "1.3", NULL };
static const char *const verifies[] = { "off", "optional", "required", NULL };

const struct option option_table[] = {
	GROUP("", conf, global, "global", "what holds for the whole process")
	LIST("", conf, listeners, conf_listener, "listener",
	    "addresses that accept clients")
	LIST("", conf, routes, conf_route, "route",
	    "what to do with a request; the first that matches wins")
	LIST("", conf, pools, conf_pool, "pool", "groups of servers")

	STRING("global", conf_global, user, 1, 64, NULL,
	    "user to become after start")
	STRING("global", conf_global, group, 1, 64, NULL,
	    "group to become after start")
	STRING("global", conf_global, name, 1, 64, NULL,
	    "pseudonym in Via; by default one no other process has")
	NUMBER("global", conf_global, max_connections, 1, 1000000, "20000",
	    "connections of clients, all listeners together")
	NUMBER("global", conf_global, max_pipes, 0, 65536, "256",
	    "pipes in which long bodies pass by splice(2); 0: none")
	SIZE("global", conf_global, max_buffers, M, 1024 * 1024 * M, "1g",
	    "what requests may hold together before others are refused")
	DURATION("global", conf_global, max_pause, 0, SOME, "100us",
	    "how long the loop may pause so that more comes and goes at once")
	DURATION("global", conf_global, drain_timeout, SOME, DAY, "30s",
	    "how long TERM waits for exchanges in flight")
	GROUP("global", conf_global, stats_socket, "global.stats_socket",
	    "the socket that steelyardctl talks to")
	GROUP("global", conf_global, log, "global.log", "the log")
	GROUP("global", conf_global, resolve, "global.resolve",
	    "how names of servers are looked up")
	LIST("global", conf_global, errors, conf_error_page, "global.error",
	    "bodies of steelyard's own answers")
	GROUP("global", conf_global, tls, "global.tls",
	    "what TLS may take, and the keys of session tickets")

	NEEDED("global.stats_socket", conf_stats_socket, path, 1, 107,
	    "absolute path of the socket")
	MODE("global.stats_socket", conf_stats_socket, mode, "0660",
	    "permissions of the socket")
	DURATION("global.stats_socket", conf_stats_socket, timeout, SOME, DAY,
	    "60s", "an idle session is closed")

	STRING("global.log", conf_log, target, 1, TEXT_MAX, "stderr",
	    "stderr, stdout, syslog, syslog:/path, or the path of a file")
	ENUM("global.log", conf_log, format, log_formats, "json",
	    "form of the lines")
	ENUM("global.log", conf_log, level, log_levels, "info",
	    "the least urgent events that are logged")
	BOOL("global.log", conf_log, access, "true", "a line a request")

	DURATION("global.resolve", conf_resolve, min, MSEC(100), DAY, "5s",
	    "a name is looked up again at the soonest, and after a failure")
	DURATION("global.resolve", conf_resolve, max, MSEC(100), DAY, "5m",
	    "a name is looked up again at the latest")
	DURATION("global.resolve", conf_resolve, timeout, MSEC(100), SEC(60),
	    "2s", "a lookup that takes longer has failed")
	ROW(ADDRESSES, "global.resolve", conf_resolve, servers, 0, 0, false,
	    NULL, NULL, "DNS servers; those of /etc/resolv.conf if left out")

	ROW(NUMBER, "global.error", conf_error_page, status, 400, 599, true,
	    NULL, NULL, "the status whose answers have this body")
	NEEDED("global.error", conf_error_page, file, 1, TEXT_MAX,
	    "path of the file that holds the body")
	STRING("global.error", conf_error_page, content_type, 1, 128,
	    "text/html", "its Content-Type")

	NUMBER("global.tls", conf_global_tls, max_handshakes, 1, 1000000,
	    "1000", "handshakes that are begun and not done")
	DURATION("global.tls", conf_global_tls, handshake_budget, SOME, SEC(1),
	    "5ms", "of each turn of the loop that handshakes may take")
	STRING("global.tls", conf_global_tls, ticket_keys, 1, TEXT_MAX, NULL,
	    "file of keys of session tickets, shared by machines")
	DURATION("global.tls", conf_global_tls, ticket_period, SEC(60),
	    7 * DAY, "12h", "a new key of our own seals tickets after this")
	DURATION("global.tls", conf_global_tls, ticket_lifetime, SEC(60),
	    7 * DAY, "12h", "how long tickets are taken")

	NEEDED("listener", conf_listener, name, 1, 64,
	    "name in logs, statistics and routes")
	ROW(ADDRESS, "listener", conf_listener, address, 0, 0, true, NULL,
	    NULL, "where clients connect")
	MODE("listener", conf_listener, mode, "0666",
	    "permissions when the address is a UNIX socket")
	NUMBER("listener", conf_listener, max_connections, 1, 1000000, "10000",
	    "connections of clients")
	NUMBER("listener", conf_listener, backlog, 1, 65535, "4096",
	    "connections the kernel holds until they are accepted")
	STRING("listener", conf_listener, congestion, 1, 15, NULL,
	    "congestion control of TCP towards clients")
	GROUP("listener", conf_listener, timeouts, "listener.timeouts",
	    "how long a client may take")
	GROUP("listener", conf_listener, limits, "listener.limits",
	    "how much a client may send")
	{ "listener", "http2", OPTION_BOOL,
	    offsetof(struct conf_listener, limits.http2), sizeof(bool), 0, 0,
	    false, "true", NULL, "HTTP/2 is spoken to who asks for it" },
	BOOL("listener", conf_listener, proxy_protocol, "false",
	    "connections begin with a PROXY header")
	ROW(RANGES, "listener", conf_listener, proxy_protocol_from, 0, 0,
	    false, NULL, NULL, "who may connect, and is believed, then")
	ROW(RANGES, "listener", conf_listener, trusted, 0, 0, false, NULL,
	    NULL, "clients whose X-Forwarded-* fields are believed")
	GROUP("listener", conf_listener, forward, "listener.forward",
	    "what servers are told about the client")
	GROUP("listener", conf_listener, tls, "listener.tls",
	    "certificates; with it the listener speaks TLS alone")
	GROUP("listener", conf_listener, https_only, "listener.https_only",
	    "redirects to https; with TLS: says HSTS")

	DURATION("listener.timeouts", conf_listener_timeouts, head, SOME, DAY,
	    "10s", "from the first byte of a head to its end")
	DURATION("listener.timeouts", conf_listener_timeouts, keep_alive, SOME,
	    DAY, "60s", "idle between requests")
	DURATION("listener.timeouts", conf_listener_timeouts, send, SOME, DAY,
	    "60s", "the client takes too little of its answer")
	DURATION("listener.timeouts", conf_listener_timeouts, max_age, SOME,
	    30 * DAY, "1h", "age at which a connection is ended gently")

	SIZE("listener.limits", http_limits, request_line, 128, 64 * K, "8k",
	    "bytes of method, target and version")
	SIZE("listener.limits", http_limits, head, K, 64 * K, "16k",
	    "bytes of a request head")
	NUMBER("listener.limits", http_limits, fields, 1, 1000, "100",
	    "number of fields of a head or trailer")
	NUMBER("listener.limits", http_limits, pipeline, 1, 10000, "64",
	    "pipelined requests served in a row")
	NUMBER("listener.limits", http_limits, requests, 1, 1000000000,
	    "10000", "requests on one connection")
	SIZE("listener.limits", http_limits, discard, 0, 1024 * K, "64k",
	    "bytes of an unwanted body read to keep a connection")
	NUMBER("listener.limits", http_limits, streams, 1, 10000, "100",
	    "HTTP/2: requests at a time on one connection")
	NUMBER("listener.limits", http_limits, resets, 1, 1000000, "200",
	    "HTTP/2: streams that a client may break in ten seconds")
	NUMBER("listener.limits", http_limits, control, 10, 1000000, "1000",
	    "HTTP/2: frames in ten seconds that ask for nothing")
	ENUM("listener.limits", http_limits, underscores, underscores, "drop",
	    "what becomes of request fields with '_' in their name")
	{ "listener.limits", "upgrades", OPTION_UPGRADES, 0, 0, 0, 0, false,
	    "websocket", NULL, "protocols that Upgrade may ask for" },

	BOOL("listener.forward", conf_forward, x_forwarded_for, "true",
	    "send X-Forwarded-For")
	BOOL("listener.forward", conf_forward, x_forwarded_proto, "true",
	    "send X-Forwarded-Proto")
	BOOL("listener.forward", conf_forward, x_forwarded_host, "true",
	    "send X-Forwarded-Host")
	BOOL("listener.forward", conf_forward, x_forwarded_port, "false",
	    "send X-Forwarded-Port")
	BOOL("listener.forward", conf_forward, x_real_ip, "false",
	    "send X-Real-IP")
	BOOL("listener.forward", conf_forward, forwarded, "false",
	    "send Forwarded (RFC 7239)")
	BOOL("listener.forward", conf_forward, via, "true",
	    "send Via to servers")
	BOOL("listener.forward", conf_forward, via_response, "false",
	    "send Via to clients")
	ENUM("listener.forward", conf_forward, request_id, request_ids, "make",
	    "X-Request-Id: none, a new one, or a trusted client's")

	LIST("listener.tls", conf_listener_tls, certificates, conf_certificate,
	    "listener.tls.certificate", "certificates, chosen by the name")
	STRING("listener.tls", conf_listener_tls, directory, 1, TEXT_MAX, NULL,
	    "every *.pem in it is a certificate with its key")
	ENUM("listener.tls", conf_listener_tls, policy, policies,
	    "intermediate", "what is agreed to: Mozilla's recommendations")
	ENUM("listener.tls", conf_listener_tls, min_version, versions,
	    "policy", "lowest version")
	ENUM("listener.tls", conf_listener_tls, max_version, versions,
	    "policy", "highest version")
	STRING("listener.tls", conf_listener_tls, ciphers, 1, TEXT_MAX, NULL,
	    "ciphers of TLS 1.2 instead of the policy's")
	STRING("listener.tls", conf_listener_tls, ciphersuites, 1, TEXT_MAX,
	    NULL, "cipher suites of TLS 1.3 instead of the policy's")
	STRING("listener.tls", conf_listener_tls, groups, 1, TEXT_MAX, NULL,
	    "groups of the key exchange instead of the policy's")
	STRING("listener.tls", conf_listener_tls, sigalgs, 1, TEXT_MAX, NULL,
	    "signature algorithms instead of the policy's")
	BOOL("listener.tls", conf_listener_tls, strict_sni, "false",
	    "refuse a name without a certificate, and no name")
	ENUM("listener.tls", conf_listener_tls, verify, verifies, "off",
	    "certificates of clients")
	STRING("listener.tls", conf_listener_tls, ca, 1, TEXT_MAX, NULL,
	    "file of authorities that clients' certificates must come from")
	STRING("listener.tls", conf_listener_tls, crl, 1, TEXT_MAX, NULL,
	    "file of lists of revoked certificates")
	NUMBER("listener.tls", conf_listener_tls, depth, 1, 100, "100",
	    "certificates between a client's and the authority's")
	BOOL("listener.tls", conf_listener_tls, tickets, "true",
	    "clients may resume by tickets")
	NUMBER("listener.tls", conf_listener_tls, session_cache, 1, 1000000,
	    "4096", "sessions of TLS 1.2 without tickets that are kept")
	DURATION("listener.tls", conf_listener_tls, handshake_timeout, SOME,
	    DAY, "10s", "from the start of the connection to its end")
	BOOL("listener.tls", conf_listener_tls, ktls, "true",
	    "let the kernel encrypt where it can")
	GROUP("listener.tls", conf_listener_tls, client_fields,
	    "listener.tls.client_fields",
	    "fields that tell servers of a verified client")

	NEEDED("listener.tls.certificate", conf_certificate, cert, 1, TEXT_MAX,
	    "file of the certificate and its chain, in PEM")
	STRING("listener.tls.certificate", conf_certificate, key, 1, TEXT_MAX,
	    NULL, "file of its key; in the certificate's if left out")
	STRING("listener.tls.certificate", conf_certificate, ocsp, 1, TEXT_MAX,
	    NULL, "file of an OCSP response, in DER, to be stapled")

	CLIENT_FIELD(verified, "field that says SUCCESS")
	CLIENT_FIELD(subject, "field with the subject")
	CLIENT_FIELD(issuer, "field with the issuer")
	CLIENT_FIELD(serial, "field with the serial number")
	CLIENT_FIELD(fingerprint, "field with the SHA-256 of the certificate")
	CLIENT_FIELD(names, "field with the alternative names")

	NUMBER("listener.https_only", conf_https_only, port, 1, 65535, "443",
	    "port that a plain listener redirects to")
	DURATION("listener.https_only", conf_https_only, hsts, 0, 3650 * DAY,
	    "365d", "how long browsers use https alone; 0: not said")
	BOOL("listener.https_only", conf_https_only, include_subdomains,
	    "false", "so for all names below this one")
	BOOL("listener.https_only", conf_https_only, preload, "false",
	    "browsers may have it built in")

	STRING("route", conf_route, listener, 1, 64, NULL,
	    "only requests of this listener")
	STRING("route", conf_route, host, 1, 255, NULL,
	    "only this host, or *.example.com")
	STRING("route", conf_route, path, 1, TEXT_MAX, NULL, "only this path")
	STRING("route", conf_route, path_prefix, 1, TEXT_MAX, NULL,
	    "only paths that begin so")
	STRING("route", conf_route, method, 1, 64, NULL, "only this method")
	{ "route", "field", OPTION_FIELD, offsetof(struct conf_route, field),
	    sizeof(struct conf_field), 0, 0, false, NULL, "field",
	    "only requests with this field" },
	BOOL("route", conf_route, normalize, "false",
	    "send the normalised path to the server")
	BOOL("route", conf_route, connect, "false",
	    "CONNECT may open a tunnel to the pool")
	STRING("route", conf_route, pool, 1, 64, NULL,
	    "a server of this pool answers")
	GROUP("route", conf_route, respond, "route.respond",
	    "steelyard answers itself")
	GROUP("route", conf_route, redirect, "route.redirect",
	    "the client is sent elsewhere")

	NUMBER("route.respond", conf_respond, status, 200, 599, "200",
	    "status of the answer")
	FIELDS("route.respond", conf_respond, "fields of the answer")
	STRING("route.respond", conf_respond, body, 0, 64 * K, "",
	    "body of the answer")

	NUMBER("route.redirect", conf_redirect, status, 301, 308, "302",
	    "301, 302, 303, 307 or 308")
	NEEDED("route.redirect", conf_redirect, location, 1, TEXT_MAX,
	    "where to, with $scheme $host $path $query filled in")

	NEEDED("field", conf_field, name, 1, 128, "name of the field")
	STRING("field", conf_field, value, 0, TEXT_MAX, NULL,
	    "its value; to match, left out: any")

	NEEDED("pool", conf_pool, name, 1, 64,
	    "name in routes, logs and statistics")
	STRING("pool", conf_pool, balance, 1, 64, "least_conn",
	    "how a server is chosen")
	GROUP("pool", conf_pool, hash, "pool.hash", "for balance = \"hash\"")
	GROUP("pool", conf_pool, slow_start, "pool.slow_start",
	    "a server that comes up gets its share little by little")
	LIST("pool", conf_pool, servers, conf_server, "pool.server",
	    "the servers")
	GROUP("pool", conf_pool, health, "pool.health",
	    "how servers are probed")
	GROUP("pool", conf_pool, tls, "pool.tls",
	    "TLS to the servers")
	ENUM("pool", conf_pool, protocol, protocols, "h1",
	    "what is spoken to the servers")
	NUMBER("pool", conf_pool, max_streams, 1, 10000, "100",
	    "HTTP/2: requests at a time on one connection")
	GROUP("pool", conf_pool, timeouts, "pool.timeouts",
	    "how long a server may take")
	GROUP("pool", conf_pool, reuse, "pool.reuse",
	    "idle connections that are kept")
	NUMBER("pool", conf_pool, max_queue, 0, 100000, "1000",
	    "requests that may wait while every server is full")
	NUMBER("pool", conf_pool, retries, 0, 10, "2",
	    "further attempts for one request")
	NUMBER("pool", conf_pool, retry_budget, 0, 100, "20",
	    "retries in flight, in percent of the requests in flight")
	NUMBER("pool", conf_pool, retry_min, 0, 10000, "3",
	    "retries in flight that are always allowed")
	BOOL("pool", conf_pool, abort_on_close, "true",
	    "a client that leaves cancels its request")
	BOOL("pool", conf_pool, grpc_timeout, "true",
	    "a call of gRPC ends when its grpc-timeout is over")
	STRING("pool", conf_pool, congestion, 1, 15, NULL,
	    "congestion control of TCP towards servers")
	STRING("pool", conf_pool, host, 1, 255, NULL,
	    "Host sent instead of the client's")
	STRING("pool", conf_pool, default_host, 1, 255, NULL,
	    "Host sent when an HTTP/1.0 client named none")
	ENUM("pool", conf_pool, send_proxy, proxies, "off",
	    "connections to servers begin with a PROXY header")
	GROUP("pool", conf_pool, limits, "pool.limits",
	    "how much a server may send")

	STRING("pool.server", conf_server, name, 1, 127, NULL,
	    "name in logs and statistics; the address if left out")
	ROW(ADDRESS, "pool.server", conf_server, address, 0, NAMES, true,
	    NULL, NULL, "where the server listens")
	BOOL("pool.server", conf_server, resolve_all, "false",
	    "makes a server of each address of the name")
	NUMBER("pool.server", conf_server, weight, 0, 256, "1",
	    "share of the traffic; 0: no new traffic")
	NUMBER("pool.server", conf_server, max_connections, 0, 1000000, "0",
	    "requests at a time, the rest is queued; 0: no limit")
	BOOL("pool.server", conf_server, backup, "false",
	    "used only when no other server can serve")
	STRING("pool.server", conf_server, sni, 1, 253, NULL,
	    "pool.tls.sni of this server")

	ROW(KEYS, "pool.hash", conf_hash, key, 0, 0, false, "source", NULL,
	    "what of a request is hashed; of a list the first it has")
	ENUM("pool.hash", conf_hash, method, methods, "ring",
	    "from a hash to a server")
	NUMBER("pool.hash", conf_hash, bound, 0, 10000, "0",
	    "most requests of a server, in percent of the average; 0: off")
	NUMBER("pool.hash", conf_hash, table, 2, 5000011, "65537",
	    "entries of the table of maglev, a prime")
	ENUM("pool.hash", conf_hash, on_full, fulls, "next",
	    "when a key's server has its max_connections")

	DURATION("pool.slow_start", conf_slow_start, window, 0, DAY, "0",
	    "until a server that came up has its full share; 0: at once")
	NUMBER("pool.slow_start", conf_slow_start, aggression, 10, 1000, "100",
	    "how steep the beginning is, in percent")

	ROW(ENUM, "pool.health", conf_health, type, 0, 0, true, "none",
	    probes, "what a probe does")
	STRING("pool.health", conf_health, method, 1, 64, "GET",
	    "method of the probe")
	STRING("pool.health", conf_health, path, 1, TEXT_MAX, "/",
	    "target of the probe")
	STRING("pool.health", conf_health, host, 1, 255, NULL,
	    "Host of the probe; the server's address if left out")
	BOOL("pool.health", conf_health, tls, "false",
	    "an http or grpc probe goes over TLS; if left out, as requests")
	STRING("pool.health", conf_health, sni, 1, 253, NULL,
	    "the server's name in TLS, for probes; as for requests")
	FIELDS("pool.health", conf_health, "further fields of the probe")
	ROW(STATUSES, "pool.health", conf_health, expect, 100, 599, false,
	    "200-399", NULL, "statuses that pass")
	STRING("pool.health", conf_health, body, 1, TEXT_MAX, NULL,
	    "text that the first 64 KiB of the answer must hold")
	STRING("pool.health", conf_health, service, 1, 255, NULL,
	    "grpc: the service asked for; the server if left out")
	DURATION("pool.health", conf_health, interval, SOME, DAY, "2s",
	    "between probes")
	DURATION("pool.health", conf_health, fast_interval, 0, DAY, "0",
	    "between probes of a server that changes; 0: interval")
	DURATION("pool.health", conf_health, down_interval, 0, DAY, "0",
	    "between probes of a server that is down; 0: interval")
	DURATION("pool.health", conf_health, timeout, SOME, DAY, "1s",
	    "a probe that takes longer has failed")
	NUMBER("pool.health", conf_health, fall, 1, 100, "3",
	    "failed probes in a row that take a server down")
	NUMBER("pool.health", conf_health, rise, 1, 100, "2",
	    "passed probes in a row that bring it back")
	NUMBER("pool.health", conf_health, panic_threshold, 0, 100, "50",
	    "panic below this percentage of healthy servers; 0: never")
	ENUM("pool.health", conf_health, on_down, downs, "drain",
	    "what becomes of requests on a server that goes down")
	ENUM("pool.health", conf_health, on_panic, panics, "all",
	    "panic: use all servers, or answer 503")

	BOOL("pool.tls", conf_pool_tls, traffic, "true",
	    "requests go over TLS; false: only probes do")
	BOOL("pool.tls", conf_pool_tls, verify, "true",
	    "a server must have a certificate that is believed")
	STRING("pool.tls", conf_pool_tls, ca, 1, TEXT_MAX, NULL,
	    "file of the authorities believed; the system's if left out")
	STRING("pool.tls", conf_pool_tls, crl, 1, TEXT_MAX, NULL,
	    "file of revocation lists")
	NUMBER("pool.tls", conf_pool_tls, depth, 1, 100, "100",
	    "authorities between a certificate and one that is believed")
	STRING("pool.tls", conf_pool_tls, sni, 1, 253, NULL,
	    "name asked for: host, server, none, or the name itself")
	STRING("pool.tls", conf_pool_tls, verify_name, 1, 253, NULL,
	    "what a certificate must be for; the name asked for")
	STRING("pool.tls", conf_pool_tls, cert, 1, TEXT_MAX, NULL,
	    "file of our certificate, for servers that ask for one")
	STRING("pool.tls", conf_pool_tls, key, 1, TEXT_MAX, NULL,
	    "file of its key; cert's if left out")
	ENUM("pool.tls", conf_pool_tls, policy, policies, "intermediate",
	    "what may be negotiated, after Mozilla")
	ENUM("pool.tls", conf_pool_tls, min_version, versions, "policy",
	    "the oldest version of TLS")
	ENUM("pool.tls", conf_pool_tls, max_version, versions, "policy",
	    "the newest version of TLS")
	STRING("pool.tls", conf_pool_tls, ciphers, 1, TEXT_MAX, NULL,
	    "of TLS 1.2, instead of the policy's")
	STRING("pool.tls", conf_pool_tls, ciphersuites, 1, TEXT_MAX, NULL,
	    "of TLS 1.3, instead of the policy's")
	STRING("pool.tls", conf_pool_tls, groups, 1, TEXT_MAX, NULL,
	    "for the exchange of keys, instead of the policy's")
	STRING("pool.tls", conf_pool_tls, sigalgs, 1, TEXT_MAX, NULL,
	    "signatures that are taken, instead of the library's")
	BOOL("pool.tls", conf_pool_tls, ktls, "true",
	    "let the kernel seal what is sent, where it can")
	BOOL("pool.tls", conf_pool_tls, resumption, "true",
	    "take up the last session with a server")

	DURATION("pool.timeouts", conf_pool_timeouts, connect, SOME, DAY, "5s",
	    "to connect to a server")
	DURATION("pool.timeouts", conf_pool_timeouts, request, SOME, DAY,
	    "30s", "between bytes of a request's body")
	DURATION("pool.timeouts", conf_pool_timeouts, response, SOME, DAY,
	    "60s", "from the end of the request to the response head")
	DURATION("pool.timeouts", conf_pool_timeouts, idle, SOME, DAY, "60s",
	    "between bytes of a response's body")
	DURATION("pool.timeouts", conf_pool_timeouts, queue, SOME, DAY, "5s",
	    "waiting for a server with room")
	DURATION("pool.timeouts", conf_pool_timeouts, tunnel, SOME, 30 * DAY,
	    "1h", "no byte either way in a tunnel")

	NUMBER("pool.reuse", conf_reuse, max, 0, 10000, "100",
	    "idle connections a server; 0: none")
	DURATION("pool.reuse", conf_reuse, timeout, SOME, DAY, "30s",
	    "an idle connection is closed")
	DURATION("pool.reuse", conf_reuse, ping, 0, DAY, "10s",
	    "HTTP/2: silence after which a PING asks for life; 0: never")

	SIZE("pool.limits", http_limits, head, K, 32 * K, "16k",
	    "bytes of a response head")
	NUMBER("pool.limits", http_limits, fields, 1, 1000, "200",
	    "number of fields of a head or trailer")
	BOOL("pool.limits", http_limits, unfold, "false",
	    "join folded field lines instead of answering 502")
	{ NULL, NULL, OPTION_BOOL, 0, 0, 0, 0, false, NULL, NULL, NULL }
};

const struct option *
option_first(const char *section)
{
	for (const struct option *o = option_table; o->section != NULL; o++)
		if (strcmp(o->section, section) == 0)
			return o;
	return NULL;
}

const struct option *
option_next(const struct option *o)
{
	const char *section = o->section;

	o++;
	return o->section != NULL && strcmp(o->section, section) == 0 ?
	    o : NULL;
}

const struct option *
option_find(const char *section, const char *key)
{
	const struct option *o = option_first(section);

	while (o != NULL && strcmp(o->key, key) != 0)
		o = option_next(o);
	return o;
}

void
option_list(struct text *out)
{
	for (const struct option *o = option_table; o->section != NULL; o++)
		text_add(out, "%s%s%s\n", o->section,
		    o->section[0] != '\0' ? "." : "", o->key);
}

const char *
option_nearest(const char *section, const char *word)
{
	const struct option *o = option_first(section);
	struct nearest n;

	nearest_init(&n, word);
	for (; o != NULL; o = option_next(o))
		nearest_offer(&n, o->key);
	return n.best;
}
