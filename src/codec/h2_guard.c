/*
 * h2_guard.c - budgets against floods of frames and of resets.
 *
 * Why:       a request that is reset at once, or a PING, costs its sender next
 *            to nothing (CVE-2023-44487, CVE-2019-9512 and others).
 */
#include "codec/h2_guard.h"

#include "base/clock.h"

#define REFILL SEC(10)		/* from nothing to full */

void
h2_guard_init(struct h2_guard *g, int64_t now)
{
	*g = (struct h2_guard){ .last = now, .resets = REFILL,
	    .control = REFILL };
}

static int64_t
fill(int64_t left, int64_t more)
{
	return left + more < REFILL ? left + more : REFILL;
}

static void
refill(struct h2_guard *g, int64_t now)
{
	int64_t passed = now - g->last < REFILL ? now - g->last : REFILL;

	g->last = now;
	g->resets = fill(g->resets, passed);
	g->control = fill(g->control, passed);
}

static int64_t
price_of(uint32_t most)
{
	return REFILL / (most > 0 ? most : 1);
}

static bool
spend(int64_t *left, uint32_t most, unsigned n)
{
	int64_t price = price_of(most) * (int64_t)n;

	if (*left < price)
		return false;
	*left -= price;
	return true;
}

bool
h2_guard_reset(struct h2_guard *g, const struct http_limits *l, int64_t now)
{
	refill(g, now);
	return spend(&g->resets, l->resets, 1);
}

bool
h2_guard_control(struct h2_guard *g, const struct http_limits *l, unsigned n,
    int64_t now)
{
	refill(g, now);
	return spend(&g->control, l->control, n);
}

void
h2_guard_answered(struct h2_guard *g, const struct http_limits *l)
{
	g->resets = fill(g->resets, price_of(l->resets) / 2);
}

void
h2_guard_credit(struct h2_guard *g, const struct http_limits *l, unsigned n)
{
	g->control = fill(g->control, price_of(l->control) * (int64_t)n);
}
