#pragma once

#include "cluster/health.h"

struct server;
struct prober;

/*
 * Probes one server, for as long as it exists.  Each probe has a connection of
 * its own and a deadline of its own.  The first one starts at phase (0..1) of
 * 100 ms (of the interval if that is shorter), the second at phase of the
 * interval after it, so that the probes of a pool are spread; later ones get
 * 10 % of jitter.  A result goes to server_on_probe().  Stopped while in maint.
 */
struct prober *prober_new(struct server *s, double phase);
void prober_free(struct prober **p);

/* The configuration of the check has changed: the next probe follows it. */
void prober_retune(struct prober *p);
void prober_stop(struct prober *p);	/* maint: no probes */
void prober_start(struct prober *p);
