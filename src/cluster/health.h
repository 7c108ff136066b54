#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf/model.h"
#include "net/timer.h"

/*
 * The health of one server: a counter with two thresholds (health_pass and
 * health_fail, pure), and the prober that feeds it (prober.c).
 *
 *	checking --pass--> UP --fall failures--> DOWN --rise passes--> UP
 *	checking --fail--> DOWN
 *
 * value is 0 .. rise+fall-1.  A failed probe takes one, and below rise it
 * becomes 0 (DOWN).  A passed one adds one, and at rise it becomes
 * rise+fall-1 (UP).  While checking, one pass or one failure decides.
 */
enum health_state { HEALTH_NONE, HEALTH_CHECKING, HEALTH_UP, HEALTH_DOWN };

enum health_result {
	CHECK_UNK, CHECK_INI, CHECK_SOCKERR,
	CHECK_L4OK, CHECK_L4TOUT, CHECK_L4CON,
	CHECK_L6OK, CHECK_L6TOUT, CHECK_L6RSP, CHECK_L7OK, CHECK_L7OKC,
	CHECK_L7TOUT, CHECK_L7RSP, CHECK_L7STS,
};

const char *health_result_name(enum health_result r);	/* "L7STS" */
bool health_result_passed(enum health_result r);

struct health {
	enum health_state state;
	int rise, fall;
	int value;
	enum health_result result;	/* of the last probe */
	int code;			/* its status, or 0 */
	int64_t duration;		/* of the last probe, microseconds */
	char sentence[128];	/* why: "status 503, expected 200-399" */
	bool running;			/* a probe is under way */
	int64_t changed;		/* wall time of the last state change */
	int64_t probed;			/* wall time of the last probe's end */
	uint64_t passed, failed;	/* probes in all */
};

void health_init(struct health *h, int rise, int fall, bool checked,
    int64_t wall);

/* A reload changed the thresholds: the state stands, value is fitted. */
void health_retune(struct health *h, int rise, int fall, bool checked);

/* True when the state changed. */
bool health_pass(struct health *h);
bool health_fail(struct health *h);

/* May it get traffic? */
static inline bool
health_is_up(const struct health *h)
{
	return h->state == HEALTH_NONE || h->state == HEALTH_UP;
}

/* "UP", "UP 2/3", "DOWN", "DOWN 1/2", "no check", "checking". */
void health_status(const struct health *h, char out[24]);

/* Which interval holds now: interval, fast (between states), down. */
int64_t health_interval(const struct health *h, const struct conf_health *c);
