#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/loop.h"

/*
 * How names become addresses; a simulation brings its own.  Nothing blocks:
 * the answer comes later, in the run phase of some tick.
 */
#define ANSWER_MOST 128		/* records; of more the least addresses */

enum lookup_kind { LOOKUP_HOST, LOOKUP_SERVICE };	/* A and AAAA; SRV */

struct lookup_query {
	const char *name;	/* complete: no search domain is added */
	enum lookup_kind kind;
	int64_t timeout;	/* for all of it */
	const char *servers;	/* "127.0.0.1:53,[::1]:53"; NULL: the system's */
};

struct record {
	struct addr addr;	/* of a host without port */
	unsigned weight;	/* of a service; 1 */
	bool backup;		/* of a service: not of its best priority */
};

struct answer {
	const char *error;	/* a sentence, lives as long as the process; or NULL */
	bool lost4, lost6;	/* not all of IPv4, of IPv6 could be learnt */
	const struct record *v;	/* in the order received, each address once */
	size_t n;		/* > 0 unless there is an error */
	int64_t ttl;		/* a duration; the shortest of all records */
};

struct lookup;			/* a question under way */

struct resolver {
	/* fn is called once, never from within ask; then the lookup is gone. */
	struct lookup *(*ask)(const struct resolver *, struct loop *,
	    const struct lookup_query *, void (*fn)(void *owner,
	    const struct answer *), void *owner);
	/* fn will not be called; NULL is fine. */
	void (*cancel)(struct lookup **);
};
extern const struct resolver resolver_dns;
