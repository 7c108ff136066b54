#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "net/tls.h"

/* The inner side of struct tls_gate: what one handshake does with it. */
struct tls_turn {
	struct list slot;	/* among those that are begun, oldest first */
	struct list wait;	/* for a slot, or for the next tick */
	int64_t since;		/* when it got its slot; 0: it has none */
	bool was_delayed;
	void (*go)(struct tls_turn *);		/* it may take its step now */
	void (*shed)(struct tls_turn *);	/* it is ended, for a younger one */
};

/* May this handshake take a step now?  Else go() will be told. */
bool tls_gate_ask(struct tls_gate *g, struct tls_turn *t);

/* Its step has taken so long. */
void tls_gate_spend(struct tls_gate *g, int64_t usec);

/* It is over, or its connection has gone.  Harmless when it never asked. */
void tls_gate_leave(struct tls_gate *g, struct tls_turn *t, bool done);
