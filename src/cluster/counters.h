#pragma once

#include <stdint.h>

#include "base/clock.h"

/*
 * Plain integers of the worker: what listeners, pools and servers count.  They
 * never go back, also over a reload, unless an operator clears them; "now"
 * members are gauges.  Names follow the CSV columns of "show stat" where they
 * have one.
 */

/* How many a second, by whole seconds. */
struct rate {
	int64_t second;
	uint32_t count, last, max;
};

void rate_add(struct rate *r, int64_t now);
uint32_t rate_get(const struct rate *r, int64_t now);	/* of the last second */
void rate_clear_most(struct rate *r);

/* A sliding average over the last 1024 samples (exponential), in microseconds,
 * and the largest sample. */
struct average {
	int64_t sum;		/* 1024 times the average once warm */
	uint32_t n;		/* samples while below 1024 */
	int64_t max;
};

void average_add(struct average *a, int64_t sample);
int64_t average_get(const struct average *a);

struct counters {
	uint32_t scur, smax;		/* requests; listener: connections */
	uint64_t stot;			/* of them, in all */
	uint32_t qcur, qmax;		/* waiting in the queue */
	uint64_t bin, bout;		/* bytes from clients, to clients */
	uint64_t dreq, dresp;		/* denied by a rule of ours */
	uint64_t ereq;			/* bad requests, errors before one */
	uint64_t econ;			/* connects that failed */
	uint64_t eresp;			/* bad or cut responses */
	uint64_t wretr;			/* retries */
	uint64_t wredis;		/* of them, to another server */
	uint64_t lbtot;			/* times it was picked */
	uint64_t hrsp[6];		/* 1xx..5xx, other */
	uint64_t req_tot;
	uint64_t cli_abrt, srv_abrt;
	uint64_t connect, reuse;	/* server connections: new, reused */
	uint64_t silent;		/* idle ones that no longer answered */
	uint64_t tls, tls_resumed;	/* handshakes with it; of them, quick */
	uint64_t tls_failed;
	uint64_t intercepted;		/* answers of our own */
	uint64_t dcon;			/* connections refused by a limit */
	uint64_t conn_tot;
	uint64_t chkfail, chkdown;	/* failed checks; UP to DOWN changes */
	uint64_t downtime;		/* whole seconds of it, past outages */
	uint64_t panics;		/* times the pool went into panic */
	uint64_t retry_denied;		/* retries the budget did not allow */
	uint64_t calls, deadlines;	/* of gRPC; of them, ended by theirs */
	int64_t last;			/* wall time of a request, 0 never */
	struct rate rate, req_rate, conn_rate;
	struct average qtime, ctime, rtime, ttime;
};

/* TLS with clients: of a listener, or all.  SslRate and so on of show info. */
struct tls_counters {
	uint32_t now;			/* connections, begun or done */
	uint64_t done, resumed;		/* handshakes; of them, without a key */
	uint64_t failed, shed;		/* of those that failed: by the gate */
	struct rate rate, key_rate;	/* done; of them, with a key */
};

void counters_status(struct counters *c, unsigned status);	/* hrsp */

/* scur, smax, stot, last, rate. */
void counters_begin(struct counters *c, int64_t now, int64_t wall);
void counters_end(struct counters *c);

/* At an operator's word: the largest values begin with what is now; or all
 * begins anew but what is now, and when something was last. */
void counters_clear_most(struct counters *c);
void counters_clear(struct counters *c);
void tls_counters_clear_most(struct tls_counters *c);
void tls_counters_clear(struct tls_counters *c);
