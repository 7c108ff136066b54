#pragma once

#include "codec/codec.h"
#include "net/timer.h"

struct front;
struct listener;

/*
 * What a listener's failed handshakes may write into the log: some lines a
 * second, and a line for the number of those past them.
 */
#define HANDSHAKE_LINES 20u
struct handshake_lines {
	struct timer timer;	/* set while a second runs */
	unsigned told, untold;
};

void handshake_lines_init(struct listener *l);
void handshake_lines_fini(struct listener *l);	/* tells what is untold */

/*
 * TLS of a client's connection, from accept to the choice of a protocol.
 *
 *	handshake_start --> handshake_done | handshake_failed
 */

/* Does its listener speak TLS, and this connection not yet? */
bool handshake_is_due(const struct front *f);

/* Stacks TLS on its conn; it is connected when the handshake is done. */
void handshake_start(struct front *f);

/* Counts it. */
void handshake_done(struct front *f);

/* The protocol that was agreed on; also where no TLS is spoken. */
const struct codec_row *handshake_protocol(const struct front *f);

/* Counts it, and maybe says why: in the conn's words, or that time is over. */
void handshake_failed(struct front *f, bool late);
