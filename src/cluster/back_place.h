#pragma once

#include "cluster/back.h"

/*
 * Where the connections to a server stand, and which of them a request gets.
 * For back.c alone.
 */

/* What new connections are made under; NULL: plain ones. */
struct tls_client *back_client_of(const struct server *s);

/* Does what was said and agreed on at first hold for a request to come? */
bool back_is_of_use(const struct back *b);

/* It is known how many streams it takes; until then asks wait with it. */
bool back_is_settled(const struct back *b);

/* How many more streams, or asks that wait, it takes now. */
uint32_t back_room(const struct back *b);

/*
 * An idle one; else the least loaded of those with room, one that is being
 * dialled last of all; NULL: dial.  Only such as were dialled after the one
 * with this number.  With send_proxy: of this caller's.
 */
struct back *back_find(const struct server *s, const struct alias *alias,
    const struct caller *caller, uint64_t after);

/*
 * Has it been silent for so long (pool.reuse.ping) that no request should be
 * risked on it?  Then it is asked for life, and has no room until it answers.
 */
bool back_doubt(struct back *b);

/* After bytes came: they are an answer. */
void back_trust(struct back *b);

/* Sets the timer of one that is idle. */
void back_arm(struct back *b);

void back_unlist(struct back *b);
void back_set_busy(struct back *b);
void back_file(struct back *b);		/* it is in use: open or busy */
bool back_set_idle(struct back *b);	/* false: it is to be ended */
