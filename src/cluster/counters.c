/*
 * counters.c - what listeners, pools and servers count.
 */
#include "cluster/counters.h"

#include "base/must.h"

#define SAMPLES 1024

/* Brings the whole seconds up to that of now. */
static void
roll(struct rate *r, int64_t second)
{
	if (second == r->second)
		return;
	r->last = second == r->second + 1 ? r->count : 0;
	r->count = 0;
	r->second = second;
}

void
rate_add(struct rate *r, int64_t now)
{
	roll(r, now / USEC_PER_SEC);
	r->count++;
	if (r->count > r->max)
		r->max = r->count;
}

uint32_t
rate_get(const struct rate *r, int64_t now)
{
	struct rate copy = *r;

	roll(&copy, now / USEC_PER_SEC);
	return copy.last;
}

void
average_add(struct average *a, int64_t sample)
{
	if (sample > a->max)
		a->max = sample;
	if (a->n < SAMPLES)
		a->n++;
	else
		a->sum -= a->sum / SAMPLES;
	a->sum += sample;
}

int64_t
average_get(const struct average *a)
{
	return a->n == 0 ? 0 : a->sum / a->n;
}

void
counters_status(struct counters *c, unsigned status)
{
	unsigned class = status / 100;

	c->hrsp[class >= 1 && class <= 5 ? class - 1 : 5]++;
}

void
counters_begin(struct counters *c, int64_t now, int64_t wall)
{
	c->scur++;
	if (c->scur > c->smax)
		c->smax = c->scur;
	c->stot++;
	c->last = wall;
	rate_add(&c->rate, now);
}

void
counters_end(struct counters *c)
{
	must(c->scur > 0);
	c->scur--;
}

void
rate_clear_most(struct rate *r)
{
	r->max = 0;
}

void
counters_clear_most(struct counters *c)
{
	c->smax = c->scur;
	c->qmax = c->qcur;
	rate_clear_most(&c->rate);
	rate_clear_most(&c->req_rate);
	rate_clear_most(&c->conn_rate);
	c->qtime.max = c->ctime.max = c->rtime.max = c->ttime.max = 0;
}

void
counters_clear(struct counters *c)
{
	*c = (struct counters){
		.scur = c->scur,
		.qcur = c->qcur,
		.last = c->last,
		.rate = c->rate,
		.req_rate = c->req_rate,
		.conn_rate = c->conn_rate,
	};
	counters_clear_most(c);
}

void
tls_counters_clear_most(struct tls_counters *c)
{
	rate_clear_most(&c->rate);
	rate_clear_most(&c->key_rate);
}

void
tls_counters_clear(struct tls_counters *c)
{
	c->done = c->resumed = c->failed = c->shed = 0;
	tls_counters_clear_most(c);
}
