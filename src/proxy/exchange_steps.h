#pragma once

#include "proxy/exchange.h"

/*
 * What the parts of the exchange share; nobody else includes this.
 *
 * A step returns true when the state has changed and the next step may run at
 * once, false when the exchange must wait for a fact.
 */

/* exchange_facts.c */
extern const struct stream_sink exchange_front_sink, exchange_back_sink;

/*
 * exchange_queue.c: who was called and found no room keeps its turn; wanted:
 * the server of its key, or NULL.  May a server that has failed it be picked
 * again?  If there is no other, or all others are full and it may not wait.
 */
bool exchange_join_queue(struct exchange *x, struct server *wanted);
bool exchange_leave_queue(struct exchange *x);		/* true */
bool exchange_may_return(struct exchange *x);
bool exchange_step_queue(struct exchange *x);

/* exchange_connect.c */
bool exchange_step_connect(struct exchange *x);
void exchange_note_tried(struct exchange *x);	/* its server */

/* exchange_forward.c */
bool exchange_step_forward(struct exchange *x);
void exchange_send_request(struct exchange *x);
struct slice exchange_authority(const struct exchange *x);	/* Host sent */
bool exchange_came_by_https(const struct exchange *x);
/* What clients are to be told of HSTS with an answer; NULL: nothing. */
const char *exchange_hsts(const struct exchange *x);

/* exchange_flow.c: moves bytes; true if something moved. */
bool exchange_flow(struct exchange *x, struct flow *f, struct stream *from,
    struct stream *to);
void exchange_wait(struct exchange *x, int64_t until);
void exchange_deadline(struct exchange *x);
bool exchange_expired(struct exchange *x);

/* exchange_call.c: calls of gRPC. */
void exchange_call_begin(struct exchange *x);	/* is it one? */
void exchange_call_route(struct exchange *x);	/* its deadline */
void exchange_call_lower(struct exchange *x, struct head *out);
void exchange_call_note(struct exchange *x);	/* its end, for the log */
bool exchange_is_overdue(const struct exchange *x);
bool exchange_overdue(struct exchange *x, char who, char when);
/* A response that has begun ends here: by trailers of ours, or by a reset. */
bool exchange_cut(struct exchange *x, char who, char when, const char *why);
/* What takes the place of the answer x->status; text says why. */
void exchange_call_answer(struct exchange *x, struct head *h, const char *text);

/* exchange.c */
bool exchange_go(struct exchange *x, enum exchange_state to);
/* The client is gone: it left, or its codec cut it off; and what it did. */
struct ending exchange_left(struct exchange *x, char when, const char *why);
bool exchange_abort(struct exchange *x, char who, char when, const char *why);
bool exchange_retry(struct exchange *x, char who, char when, const char *why,
    unsigned status);
void exchange_drop_back(struct exchange *x, bool reset);
void exchange_account_server(struct exchange *x);	/* it has answered */
bool exchange_refuse_fault(struct exchange *x);	/* it could not be read */

/* reply.c: an answer of our own, with its termination letters. */
bool exchange_refuse(struct exchange *x, unsigned status, char who, char when,
    const char *why);
bool exchange_step_reply(struct exchange *x);
void reply_error(struct exchange *x);
void reply_respond(struct exchange *x);
void reply_redirect(struct exchange *x);
void reply_to_https(struct exchange *x);
