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
