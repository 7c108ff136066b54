/*
 * resolver.c - names looked up by c-ares, driven by watches and timers.
 *
 *	ask > [SRV > each target] > A, AAAA > done (a task) > fn
 *
 * Why:       a channel of c-ares a lookup: a change of /etc/resolv.conf needs
 *            no reload, each question leaves from a port of its own, and to
 *            cancel is to destroy the channel.  Lookups are rare.
 *            A and AAAA are two questions, so that a server which is silent
 *            about one of them does not take the other away.
 * Owns:      the channel and the watches of its sockets.
 * Invariant: once over, callbacks of c-ares change nothing.
 */
#include "net/resolver.h"

#include <arpa/nameser.h>

#include <ares.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TARGETS_MOST 32		/* of a service */
#define FAMILIES 2		/* each is a question of its own */
#define TRIES 3

/* A host that is asked for one family, and what its addresses get. */
struct target {
	struct lookup *lookup;
	uint16_t port;
	unsigned weight;
	bool backup;
	int family;
};

struct lookup {
	struct loop *loop;
	ares_channel channel;		/* NULL: it could not be made */
	void (*fn)(void *owner, const struct answer *);
	void *owner;
	struct list ears;
	struct timer again, deadline;
	struct task done;
	unsigned pending;		/* questions c-ares works on */
	bool over;
	struct target targets[TARGETS_MOST * FAMILIES];
	size_t ntargets;
	struct record v[ANSWER_MOST];
	size_t n;
	bool lost4, lost6;
	int ttl;			/* seconds; -1: none yet */
	const char *failed;		/* by the network or a server */
	const char *empty;		/* there is no such name or record */
};

/* A socket of c-ares. */
struct ear {
	struct list node;
	struct lookup *lookup;
	int fd;
	struct watch *watch;
};

static void settle(struct lookup *lk);

static void
on_ready(void *owner, unsigned what)
{
	struct ear *ear = owner;
	struct lookup *lk = ear->lookup;
	int fd = ear->fd;	/* the ear may go within the call */

	ares_process_fd(lk->channel,
	    what & WATCH_READ ? fd : ARES_SOCKET_BAD,
	    what & WATCH_WRITE ? fd : ARES_SOCKET_BAD);
	settle(lk);
}

static struct ear *
find_ear(const struct lookup *lk, int fd)
{
	struct ear *ear;

	list_each(ear, &lk->ears, struct ear, node)
		if (ear->fd == fd)
			return ear;
	return NULL;
}

static void
on_socket(void *owner, ares_socket_t fd, int reads, int writes)
{
	struct lookup *lk = owner;
	struct ear *ear = find_ear(lk, fd);
	unsigned what = (reads ? WATCH_READ : 0) | (writes ? WATCH_WRITE : 0);

	if (what == 0 && ear != NULL) {
		list_del(&ear->node);
		watch_free(&ear->watch);
		free(ear);
	} else if (ear != NULL) {
		watch_want(ear->watch, what);
	} else if (what != 0) {
		ear = mem_new(sizeof(*ear));
		ear->lookup = lk;
		ear->fd = fd;
		ear->watch = watch_new(lk->loop, fd, what, on_ready, ear);
		list_add_tail(&lk->ears, &ear->node);
	}
}

static void
note_ttl(struct lookup *lk, int ttl)
{
	if (ttl >= 0 && (lk->ttl < 0 || ttl < lk->ttl))
		lk->ttl = ttl;
}

static void
note_failure(struct lookup *lk, int status)
{
	const char *why = ares_strerror(status);

	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		lk->empty = why;
	else
		lk->failed = why;
}

/* What stands for every address is no place to connect to. */
static bool
copy_addr(struct addr *a, const struct ares_addrinfo_node *node,
    uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (node->ai_family == AF_INET) {
		memcpy(&a->in, node->ai_addr, sizeof(a->in));
		a->in.sin_port = htons(port);
		a->len = sizeof(a->in);
		return a->in.sin_addr.s_addr != htonl(INADDR_ANY);
	}
	if (node->ai_family != AF_INET6)
		return false;
	memcpy(&a->in6, node->ai_addr, sizeof(a->in6));
	a->in6.sin6_port = htons(port);
	a->len = sizeof(a->in6);
	return !IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static int
compare(const struct record *a, const struct record *b)
{
	int family = a->addr.sa.sa_family, rc;

	if (a->backup != b->backup)
		return a->backup ? 1 : -1;
	if (family != b->addr.sa.sa_family)
		return family == AF_INET ? -1 : 1;
	rc = family == AF_INET ?
	    memcmp(&a->addr.in.sin_addr, &b->addr.in.sin_addr, 4) :
	    memcmp(&a->addr.in6.sin6_addr, &b->addr.in6.sin6_addr, 16);
	return rc != 0 ? rc : addr_port(&a->addr) - addr_port(&b->addr);
}

/*
 * Each address once; one that is both is no backup.  Of too many the least
 * stay, whatever the order: servers of DNS turn their answers round, and ours
 * must not come and go with that.
 */
static void
keep(struct lookup *lk, const struct record *r)
{
	struct record *last = NULL;

	for (size_t i = 0; i < lk->n; i++) {
		if (addr_eq(&lk->v[i].addr, &r->addr)) {
			if (lk->v[i].backup)
				lk->v[i] = *r;
			return;
		}
		if (last == NULL || compare(last, &lk->v[i]) < 0)
			last = &lk->v[i];
	}
	if (lk->n < ANSWER_MOST)
		lk->v[lk->n++] = *r;
	else if (compare(r, last) < 0)
		*last = *r;
}

static void
take(struct target *t, const struct ares_addrinfo *ai)
{
	struct record r = { .weight = t->weight, .backup = t->backup };
	struct lookup *lk = t->lookup;
	const struct ares_addrinfo_cname *alias;
	const struct ares_addrinfo_node *node;

	for (node = ai->nodes; node != NULL; node = node->ai_next) {
		if (!copy_addr(&r.addr, node, t->port))
			continue;
		keep(lk, &r);
		note_ttl(lk, node->ai_ttl);
	}
	for (alias = ai->cnames; alias != NULL; alias = alias->next)
		note_ttl(lk, alias->ttl);
}

/* Whether there are such addresses was not to be learnt. */
static void
lose(const struct target *t, int status)
{
	struct lookup *lk = t->lookup;

	note_failure(lk, status);
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		return;
	if (t->family == AF_INET)
		lk->lost4 = true;
	else
		lk->lost6 = true;
}

static void
on_host(void *owner, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct target *t = owner;
	struct lookup *lk = t->lookup;

	(void)timeouts;
	lk->pending--;
	if (!lk->over && status == ARES_SUCCESS)
		take(t, ai);
	else if (!lk->over)
		lose(t, status);
	if (ai != NULL)
		ares_freeaddrinfo(ai);
}

static void
ask_host(const struct target *what, const char *name)
{
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
	    .ai_socktype = SOCK_STREAM };
	static const int families[FAMILIES] = { AF_INET, AF_INET6 };
	struct lookup *lk = what->lookup;
	struct target *t;

	lk->pending += FAMILIES;
	for (size_t i = 0; i < FAMILIES; i++) {
		t = &lk->targets[lk->ntargets++];
		*t = *what;
		t->family = hints.ai_family = families[i];
		ares_getaddrinfo(lk->channel, name, NULL, &hints, on_host, t);
	}
}

/* A name in the packet; 0: it is none.  Gives its length there. */
static size_t
name_length(const unsigned char *at, const unsigned char *packet, int n)
{
	char *name;
	long length;

	if (at >= packet + n ||
	    ares_expand_name(at, packet, n, &name, &length) != ARES_SUCCESS)
		return 0;
	ares_free_string(name);
	return (size_t)length;
}

static unsigned
number16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The parser of c-ares keeps the TTL of a service to itself. */
static void
note_packet_ttl(struct lookup *lk, const unsigned char *packet, int n)
{
	const unsigned char *at = packet + NS_HFIXEDSZ, *end = packet + n;
	unsigned answers;
	size_t length;
	uint32_t ttl;

	if (n < NS_HFIXEDSZ)
		return;
	answers = number16(packet + 6);
	for (unsigned i = number16(packet + 4); i > 0; i--) {
		length = name_length(at, packet, n);
		if (length == 0 || (size_t)(end - at) < length + NS_QFIXEDSZ)
			return;
		at += length + NS_QFIXEDSZ;
	}
	for (; answers > 0; answers--) {
		length = name_length(at, packet, n);
		if (length == 0 || (size_t)(end - at) < length + NS_RRFIXEDSZ)
			return;
		at += length;
		ttl = (uint32_t)number16(at + 4) << 16 | number16(at + 6);
		note_ttl(lk, ttl > INT32_MAX ? 0 : (int)ttl);
		length = NS_RRFIXEDSZ + number16(at + 8);
		if ((size_t)(end - at) < length)
			return;
		at += length;
	}
}

/* The target "." says that there is no such service here (RFC 2782). */
static bool
is_offered(const struct ares_srv_reply *r)
{
	return r->port != 0 && r->host[0] != '\0' && strcmp(r->host, ".") != 0;
}

static unsigned
best_priority(const struct ares_srv_reply *all)
{
	unsigned best = UINT16_MAX;

	for (; all != NULL; all = all->next)
		if (is_offered(all) && all->priority < best)
			best = all->priority;
	return best;
}

static void
ask_side(struct lookup *lk, const struct ares_srv_reply *all, unsigned best,
    bool backup)
{
	struct target t = { .lookup = lk, .backup = backup };

	for (; all != NULL; all = all->next) {
		if (lk->ntargets == TARGETS_MOST * FAMILIES)
			return;
		if (!is_offered(all) || (all->priority != best) != backup)
			continue;
		t.port = all->port;
		t.weight = all->weight;
		ask_host(&t, all->host);
	}
}

static void
ask_targets(struct lookup *lk, const struct ares_srv_reply *all)
{
	unsigned best = best_priority(all);

	ask_side(lk, all, best, false);
	ask_side(lk, all, best, true);
	if (lk->ntargets == 0)
		lk->empty = "the service is not offered";
}

static void
on_service(void *owner, int status, int timeouts, unsigned char *packet, int n)
{
	struct lookup *lk = owner;
	struct ares_srv_reply *all = NULL;

	(void)timeouts;
	lk->pending--;
	if (lk->over)
		return;
	if (status == ARES_SUCCESS)
		status = ares_parse_srv_reply(packet, n, &all);
	if (status == ARES_SUCCESS) {
		note_packet_ttl(lk, packet, n);
		ask_targets(lk, all);
	} else {
		note_failure(lk, status);
	}
	if (all != NULL)
		ares_free_data(all);
}

static void
end(struct lookup *lk)
{
	lk->over = true;
	loop_run(lk->loop, &lk->done);
}

static void
settle(struct lookup *lk)
{
	struct timeval tv, *wait;

	if (lk->over)
		return;
	if (lk->pending == 0) {
		end(lk);
		return;
	}
	wait = ares_timeout(lk->channel, NULL, &tv);
	if (wait != NULL)
		loop_after(lk->loop, &lk->again, wait->tv_sec * USEC_PER_SEC +
		    wait->tv_usec + 1);
}

static void
on_again(struct timer *t)
{
	struct lookup *lk = list_entry(t, struct lookup, again);

	if (lk->over)
		return;
	ares_process_fd(lk->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	settle(lk);
}

static void
on_deadline(struct timer *t)
{
	struct lookup *lk = list_entry(t, struct lookup, deadline);

	if (lk->over)
		return;
	lk->failed = "no answer within the timeout";
	end(lk);
}

static void
lookup_free(struct lookup *lk)
{
	lk->over = true;
	task_stop(&lk->done);
	timer_stop(&lk->loop->wheel, &lk->again);
	timer_stop(&lk->loop->wheel, &lk->deadline);
	if (lk->channel != NULL)
		ares_destroy(lk->channel);
	ares_library_cleanup();
	free(lk);
}

static void
run_done(struct task *t)
{
	struct lookup *lk = list_entry(t, struct lookup, done);
	struct answer a = { .v = lk->v, .n = lk->n, .lost4 = lk->lost4,
	    .lost6 = lk->lost6, .ttl = SEC((int64_t)(lk->ttl > 0 ?
	    lk->ttl : 0)) };

	if (lk->n == 0)
		a.error = lk->failed != NULL ? lk->failed : lk->empty != NULL ?
		    lk->empty : "the answer holds no usable address";
	lk->fn(lk->owner, &a);
	lookup_free(lk);
}

static int
open_channel(struct lookup *lk, const struct lookup_query *q)
{
	struct ares_options o = {
		.timeout = (int)(q->timeout / USEC_PER_MS / (TRIES + 1)),
		.tries = TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = lk,
	};
	int rc = ares_init_options(&lk->channel, &o, ARES_OPT_TIMEOUTMS |
	    ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB);

	if (rc != ARES_SUCCESS)
		lk->channel = NULL;
	else if (q->servers != NULL)
		rc = ares_set_servers_ports_csv(lk->channel, q->servers);
	return rc;
}

static struct lookup *
ask(const struct resolver *r, struct loop *loop, const struct lookup_query *q,
    void (*fn)(void *owner, const struct answer *), void *owner)
{
	struct lookup *lk = mem_new(sizeof(*lk));
	struct target host = { .weight = 1 };
	int rc;

	(void)r;
	lk->loop = loop;
	lk->fn = fn;
	lk->owner = owner;
	lk->ttl = -1;
	list_init(&lk->ears);
	timer_init(&lk->again, on_again);
	timer_init(&lk->deadline, on_deadline);
	task_init(&lk->done, run_done);
	ares_library_init(ARES_LIB_INIT_ALL);
	loop_after(loop, &lk->deadline, q->timeout);
	rc = open_channel(lk, q);
	if (rc != ARES_SUCCESS) {
		note_failure(lk, rc);
	} else if (q->kind == LOOKUP_HOST) {
		host.lookup = lk;
		ask_host(&host, q->name);
	} else {
		lk->pending++;
		ares_query(lk->channel, q->name, ns_c_in, ns_t_srv, on_service,
		    lk);
	}
	settle(lk);
	return lk;
}

static void
cancel(struct lookup **lk)
{
	if (*lk == NULL)
		return;
	lookup_free(*lk);
	*lk = NULL;
}

const struct resolver resolver_dns = { .ask = ask, .cancel = cancel };
