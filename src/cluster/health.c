/*
 * health.c - the health of one server: a counter with two thresholds.
 *
 *	0 .. rise-1 while DOWN, rise .. rise+fall-1 while UP
 *
 * Why:       one lost probe is weather; `fall` in a row are an outage.  While
 *            checking one probe decides: a new server should neither wait nor
 *            take traffic unproven.
 * Invariant: UP <=> value >= rise, for a server that has been decided on.
 */
#include "cluster/health.h"

#include <stdio.h>

const char *
health_result_name(enum health_result r)
{
	static const char names[][8] = {
		[CHECK_UNK] = "UNK", [CHECK_INI] = "INI",
		[CHECK_SOCKERR] = "SOCKERR", [CHECK_L4OK] = "L4OK",
		[CHECK_L4TOUT] = "L4TOUT", [CHECK_L4CON] = "L4CON",
		[CHECK_L6OK] = "L6OK", [CHECK_L6TOUT] = "L6TOUT",
		[CHECK_L6RSP] = "L6RSP", [CHECK_L7OK] = "L7OK",
		[CHECK_L7OKC] = "L7OKC", [CHECK_L7TOUT] = "L7TOUT",
		[CHECK_L7RSP] = "L7RSP", [CHECK_L7STS] = "L7STS",
	};

	return names[r];
}

bool
health_result_passed(enum health_result r)
{
	return r == CHECK_L4OK || r == CHECK_L6OK || r == CHECK_L7OK ||
	    r == CHECK_L7OKC;
}

static int
top(const struct health *h)
{
	return h->rise + h->fall - 1;
}

void
health_init(struct health *h, int rise, int fall, bool checked, int64_t wall)
{
	*h = (struct health){
		.state = checked ? HEALTH_CHECKING : HEALTH_NONE,
		.result = checked ? CHECK_INI : CHECK_UNK,
		.rise = rise,
		.fall = fall,
		.changed = wall,
	};
}

void
health_retune(struct health *h, int rise, int fall, bool checked)
{
	int lost = top(h) - h->value;

	h->rise = rise;
	h->fall = fall;
	if (!checked) {
		h->state = HEALTH_NONE;
		h->value = 0;
		h->running = false;
		return;
	}
	switch (h->state) {
	case HEALTH_NONE:	/* it has served until now */
		h->state = HEALTH_UP;
		h->value = top(h);
		break;
	case HEALTH_UP:
		h->value = top(h) - lost < rise ? rise : top(h) - lost;
		break;
	case HEALTH_DOWN:
		h->value = h->value >= rise ? rise - 1 : h->value;
		break;
	case HEALTH_CHECKING:
		break;
	}
}

bool
health_pass(struct health *h)
{
	h->passed++;
	if (h->state == HEALTH_NONE)
		return false;
	if (h->state == HEALTH_UP) {
		h->value += h->value < top(h);
		return false;
	}
	if (h->state == HEALTH_DOWN && ++h->value < h->rise)
		return false;
	h->state = HEALTH_UP;
	h->value = top(h);
	return true;
}

bool
health_fail(struct health *h)
{
	h->failed++;
	if (h->state == HEALTH_NONE)
		return false;
	if (h->state == HEALTH_UP && --h->value >= h->rise)
		return false;
	h->value = 0;
	if (h->state == HEALTH_DOWN)
		return false;
	h->state = HEALTH_DOWN;
	return true;
}

void
health_status(const struct health *h, char out[24])
{
	switch (h->state) {
	case HEALTH_NONE:
		(void)snprintf(out, 24, "no check");
		break;
	case HEALTH_CHECKING:
		(void)snprintf(out, 24, "checking");
		break;
	case HEALTH_UP:
		if (h->value == top(h))
			(void)snprintf(out, 24, "UP");
		else
			(void)snprintf(out, 24, "UP %d/%d",
			    h->value - h->rise + 1, h->fall);
		break;
	case HEALTH_DOWN:
		if (h->value == 0)
			(void)snprintf(out, 24, "DOWN");
		else
			(void)snprintf(out, 24, "DOWN %d/%d", h->value,
			    h->rise);
		break;
	}
}

int64_t
health_interval(const struct health *h, const struct conf_health *c)
{
	int64_t t = c->fast_interval;

	if (h->state == HEALTH_DOWN && h->value == 0)
		t = c->down_interval;
	else if (h->state == HEALTH_NONE ||
	    (h->state == HEALTH_UP && h->value == top(h)))
		t = c->interval;
	return t > 0 ? t : c->interval;
}
