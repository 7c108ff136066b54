/*
 * needs.c - options that count only beside others.
 *
 * Why:       who writes one without the other believes in something that is
 *            not there.  Defaults are no belief: only what stands in the file
 *            is complained of.
 * Not here:  where the other option is written down too, it was chosen so, as
 *            in the night when HTTP/2 is switched off: what stands beside it
 *            waits for the day it is switched on.
 */
#include "conf/needs.h"

#include <string.h>

/*
 * A row: the option `key` counts if counts(its owner), by the option `by`.
 * always: whatever is written, for the two never go together.
 */
struct need {
	const char *section, *key;
	size_t within;		/* of the section's struct in its owner's */
	bool (*counts)(const void *owner);
	const char *by;		/* "pool.protocol" */
	const char *else_what;
	bool always;
};

/* An address that is missing or wrong is complained of elsewhere. */
static bool
is_unix(const void *owner)
{
	const struct conf_listener *l = owner;

	return l->address.text == NULL || addr_is_unix(&l->address.addr);
}

static bool
may_keep_ids(const void *owner)
{
	const struct conf_listener *l = owner;

	return l->forward.request_id != REQUEST_ID_KEEP || l->trusted.n > 0;
}

static bool
asks_clients(const void *owner)
{
	return ((const struct conf_listener *)owner)->tls.verify !=
	    TLS_VERIFY_OFF;
}

static bool
has_1_2(enum tls_policy policy, enum tls_version least)
{
	return least == TLS_1_2 || (least != TLS_1_3 && policy != TLS_MODERN);
}

static bool
takes_1_2(const void *owner)
{
	const struct conf_listener_tls *t =
	    &((const struct conf_listener *)owner)->tls;

	return has_1_2(t->policy, t->min_version);
}

static bool
makes_ticket_keys(const void *owner)
{
	return ((const struct conf_global *)owner)->tls.ticket_keys == NULL;
}

static bool
asks_by_1_2(const void *owner)
{
	const struct conf_pool_tls *t =
	    &((const struct conf_pool *)owner)->tls;

	return has_1_2(t->policy, t->min_version);
}

static bool
verifies(const void *owner)
{
	return ((const struct conf_pool *)owner)->tls.verify;
}

static bool
may_be_h2(const void *owner)
{
	const struct conf_pool *p = owner;

	return p->protocol == PROTOCOL_H2 ||
	    (p->protocol == PROTOCOL_AUTO && p->tls.on);
}

/* Where another policy makes all of the group idle, that is told alone. */
static bool
has_table(const void *owner)
{
	const struct conf_pool *p = owner;

	return p->hash.method == HASH_MAGLEV || !conf_has_hash(p);
}

static bool
starts_slowly(const void *owner)
{
	return ((const struct conf_pool *)owner)->slow_start.window > 0;
}

static bool
sends_the_clients_host(const void *owner)
{
	return ((const struct conf_pool *)owner)->host == NULL;
}

/* Where no probe is sent, all that is said of one waits. */
static bool
probes(const void *owner, enum conf_probe one, enum conf_probe other)
{
	enum conf_probe type = ((const struct conf_pool *)owner)->health.type;

	return type == PROBE_NONE || type == one || type == other;
}

static bool
probes_http(const void *owner)
{
	return probes(owner, PROBE_HTTP, PROBE_HTTP);
}

static bool
probes_grpc(const void *owner)
{
	return probes(owner, PROBE_GRPC, PROBE_GRPC);
}

static bool
probes_by_request(const void *owner)
{
	return probes(owner, PROBE_HTTP, PROBE_GRPC);
}

/* One of TLS may name the host. */
static bool
probes_host(const void *owner)
{
	return probes_by_request(owner) || probes(owner, PROBE_TLS, PROBE_TLS);
}

#define IN_LISTENER(group) offsetof(struct conf_listener, group)
#define IN_POOL(group) offsetof(struct conf_pool, group)

#define NO_POOL_H2 "is for HTTP/2, which these servers are not spoken to in; "\
	"delete it, or write protocol = \"h2\"; in the pool, or \"auto\" and "\
	"tls = { };"
#define NOBODY_ASKED "does nothing while no client is asked for a "            \
	"certificate; write verify = \"required\"; or \"optional\""
#define NOT_VERIFIED "does nothing while certificates are not verified; "     \
	"delete it, or write verify = true;"
#define NO_1_2 "is for TLS 1.2, which is not agreed to; delete it, or write " \
	"min_version = \"1.2\";"
#define NO_HTTP_PROBE "is for http probes alone; write type = \"http\"; or "   \
	"delete it"
#define NO_REQUEST "is for probes that send a request; write "                \
	"type = \"http\"; or delete it"

static const struct need needs[] = {
	{ "global.tls", "ticket_period", offsetof(struct conf_global, tls),
	    makes_ticket_keys, "global.tls.ticket_keys",
	    "is for random keys, and those of ticket_keys change by a reload; "
	    "delete one of both", true },
	{ "listener", "mode", 0, is_unix, "listener.address",
	    "is for a UNIX socket; delete it", true },
	{ "listener.forward", "request_id", IN_LISTENER(forward),
	    may_keep_ids, "listener.trusted",
	    "keeps those of trusted clients, and there are none; write "
	    "\"make\", or whom to trust, such as trusted = ( \"10.0.0.0/8\" ); "
	    "in the listener", false },
	{ "listener.tls", "ciphers", IN_LISTENER(tls), takes_1_2,
	    "listener.tls.min_version", NO_1_2, false },
	{ "listener.tls", "session_cache", IN_LISTENER(tls), takes_1_2,
	    "listener.tls.min_version", NO_1_2, false },
	{ "listener.tls", "ca", IN_LISTENER(tls), asks_clients,
	    "listener.tls.verify", NOBODY_ASKED, true },
	{ "listener.tls", "crl", IN_LISTENER(tls), asks_clients,
	    "listener.tls.verify", NOBODY_ASKED, true },
	{ "listener.tls", "depth", IN_LISTENER(tls), asks_clients,
	    "listener.tls.verify", NOBODY_ASKED, true },
	{ "pool", "max_streams", 0, may_be_h2, "pool.protocol", NO_POOL_H2, false },
	{ "pool", "default_host", 0, sends_the_clients_host, "pool.host",
	    "does nothing beside host, which is sent for everybody; delete "
	    "one of both", true },
	{ "pool.hash", "table", IN_POOL(hash), has_table, "pool.hash.method",
	    "is for maglev; delete it, or write method = \"maglev\";", false },
	{ "pool.slow_start", "aggression", IN_POOL(slow_start),
	    starts_slowly, "pool.slow_start.window",
	    "does nothing without a window; write window = \"60s\";", false },
	{ "pool.health", "method", IN_POOL(health), probes_http,
	    "pool.health.type", NO_HTTP_PROBE, true },
	{ "pool.health", "path", IN_POOL(health), probes_http,
	    "pool.health.type", NO_HTTP_PROBE, true },
	{ "pool.health", "host", IN_POOL(health), probes_host,
	    "pool.health.type", NO_REQUEST, true },
	{ "pool.health", "fields", IN_POOL(health), probes_by_request,
	    "pool.health.type", NO_REQUEST, true },
	{ "pool.health", "expect", IN_POOL(health), probes_http,
	    "pool.health.type", NO_HTTP_PROBE, true },
	{ "pool.health", "body", IN_POOL(health), probes_http,
	    "pool.health.type", NO_HTTP_PROBE, true },
	{ "pool.health", "service", IN_POOL(health), probes_grpc,
	    "pool.health.type", "is asked for by grpc probes alone; write "
	    "type = \"grpc\"; or delete it", true },
	{ "pool.tls", "ca", IN_POOL(tls), verifies, "pool.tls.verify",
	    NOT_VERIFIED, true },
	{ "pool.tls", "crl", IN_POOL(tls), verifies, "pool.tls.verify",
	    NOT_VERIFIED, true },
	{ "pool.tls", "depth", IN_POOL(tls), verifies, "pool.tls.verify",
	    NOT_VERIFIED, true },
	{ "pool.tls", "verify_name", IN_POOL(tls), verifies,
	    "pool.tls.verify", NOT_VERIFIED, true },
	{ "pool.tls", "ciphers", IN_POOL(tls), asks_by_1_2,
	    "pool.tls.min_version", NO_1_2, false },
	{ "pool.reuse", "ping", IN_POOL(reuse), may_be_h2, "pool.protocol",
	    NO_POOL_H2, false },
};

#define NEEDS (sizeof(needs) / sizeof(needs[0]))

/* "pool.tls" belongs to "pool"; what stands there is that of `section`. */
static bool
belongs(const char *section, const char *owner)
{
	size_t n = strlen(owner);

	return strncmp(section, owner, n) == 0 &&
	    (section[n] == '\0' || section[n] == '.');
}

/*
 * Is it, or the option it hangs on, wrong itself?  Then that is all to say.  Or
 * was the other chosen?
 */
static bool
is_excused(const struct need *n, const struct subject *owner,
    const struct subject *s)
{
	const char *key = strrchr(n->by, '.') + 1;
	size_t len = (size_t)(key - 1 - n->by);
	bool own = strlen(s->section) == len &&
	    strncmp(n->by, s->section, len) == 0;
	const struct subject *by = own ? s : owner;

	return subject_is_wrong(s, n->key) || subject_is_wrong(by, key) ||
	    (!n->always && subject_has(by, key));
}

void
needs_check(const struct subject *owner)
{
	for (const struct need *n = needs; n < needs + NEEDS; n++) {
		struct subject s = { owner->r, n->section,
		    (const char *)owner->base + n->within, owner->where };

		if (belongs(n->section, owner->section) &&
		    subject_has(&s, n->key) && !n->counts(owner->base) &&
		    !is_excused(n, owner, &s))
			subject_complain(&s, n->key, "%s", n->else_what);
	}
}

bool
needs_is_idle(const struct option *o, const void *base)
{
	for (const struct need *n = needs; n < needs + NEEDS; n++)
		if (n->always && strcmp(n->section, o->section) == 0 &&
		    strcmp(n->key, o->key) == 0)
			return !n->counts((const char *)base - n->within);
	return false;
}
