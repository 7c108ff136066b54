/*
 * exchange_call.c - what a call of gRPC adds to an exchange: a deadline of its
 * client's, and ends in its own words.
 *
 *	grpc-timeout --> deadline --> over, no head was sent: an answer of ours
 *	                          \-> over, in the middle: trailers, or a reset
 *
 * Why:       a client that has given up need not tell us, and the server
 *            should not work for nobody.
 * Invariant: the deadline only ever shortens what our timeouts allow.
 * Not here:  what is waited for, and who is late (exchange_flow.c); answers
 *            in place of a response (reply.c).
 */
#include "http/grpc.h"
#include "proxy/exchange_steps.h"
#include "proxy/worker.h"

#define OVERDUE "The deadline of the call is over."
#define BEFORE MSEC(20)		/* a client's clock may be fast */

void
exchange_call_begin(struct exchange *x)
{
	x->call = grpc_is_request(x->request);
	x->call_status = GRPC_NO_STATUS;
	x->worker->count.calls += x->call;
}

void
exchange_call_route(struct exchange *x)
{
	const struct field *f;
	int64_t timeout;

	if (!x->call || !x->pconf->grpc_timeout)
		return;
	f = grpc_timeout_find(x->request);
	if (f != NULL && grpc_timeout_parse(f->value, &timeout))
		x->deadline = x->times.start + timeout;
}

/*
 * The server is told what is left: so it, too, ends in time when the call had
 * to wait here.  While less than a millisecond has passed nothing is changed.
 */
void
exchange_call_lower(struct exchange *x, struct head *out)
{
	int64_t now = x->worker->loop->clock.now;
	struct field *f;

	if (x->deadline == 0 || now - x->times.start < USEC_PER_MS)
		return;
	f = grpc_timeout_find(out);
	if (f != NULL)
		f->value = grpc_timeout_print(x->deadline - now,
		    arena_get(&x->arena, GRPC_TIMEOUT_TEXT));
}

bool
exchange_is_overdue(const struct exchange *x)
{
	return x->deadline != 0 &&
	    x->worker->loop->clock.now >= x->deadline &&
	    x->state != EXCHANGE_REPLY && !x->down.ended && !x->tunnel &&
	    !x->discard;
}

bool
exchange_overdue(struct exchange *x, char who, char when)
{
	const char *why = "the deadline of the call (grpc-timeout) was over";

	x->worker->count.deadlines++;
	x->overdue = true;
	if (x->head_sent)
		return exchange_cut(x, who, when, why);
	return exchange_refuse(x, 504, who, when, why);
}

/* May trailers of ours end what the client has got of the response? */
static bool
takes_trailers(const struct exchange *x)
{
	return x->call && x->head_sent && !x->replied && !x->client_gone &&
	    !x->discard && !x->down.ended && !x->tunnel &&
	    x->down.lent.n == 0 && x->down.transit == 0 &&
	    x->request->trailers_ok && x->response != NULL &&
	    grpc_is_response(x->response) && x->response->length < 0;
}

static enum grpc_status
status_of_cut(const struct exchange *x)
{
	switch (x->ending.who) {
	case 'c':
	case 's':
		return GRPC_DEADLINE_EXCEEDED;
	case 'P':
		return GRPC_INTERNAL;
	default:
		return GRPC_UNAVAILABLE;
	}
}

static const char *
message_of_cut(const struct exchange *x)
{
	if (x->overdue)
		return OVERDUE;
	switch (x->ending.who) {
	case 'c':
	case 's':
		return "The call stood still for too long.";
	case 'K':
		return "The call was ended by the proxy.";
	default:
		return "The server broke off in the middle of the call.";
	}
}

static struct field
status_field(struct exchange *x, enum grpc_status status)
{
	x->call_status = (int8_t)status;
	return (struct field){ SLICE("grpc-status"),
	    arena_print(&x->arena, "%d", status), FIELD_OTHER };
}

static struct field
message_field(struct exchange *x, const char *text)
{
	return (struct field){ SLICE("grpc-message"),
	    grpc_message(slice_of(text), &x->arena), FIELD_OTHER };
}

/*
 * A reset would tell the client of an internal error, if that; so a call whose
 * client has all that there was ends with a status.  The state REPLY sees to
 * it that it gets there.
 */
bool
exchange_cut(struct exchange *x, char who, char when, const char *why)
{
	struct field trailers[2];

	x->ending = (struct ending){ who, when, why };
	if (!takes_trailers(x))
		return exchange_go(x, EXCHANGE_ABORT);
	trailers[0] = status_field(x, status_of_cut(x));
	trailers[1] = message_field(x, message_of_cut(x));
	exchange_account_server(x);
	exchange_drop_back(x, true);
	stream_send_trailers(x->fs, trailers, 2);
	x->down.ended = true;
	x->times.progress = x->worker->loop->clock.now;
	return exchange_go(x, EXCHANGE_REPLY);
}

/* What has no row says the same to a client as the status of HTTP would. */
static enum grpc_status
status_of_answer(const struct exchange *x)
{
	switch (x->status) {
	case 408:
	case 504:
		return GRPC_DEADLINE_EXCEEDED;
	case 503:
		return x->ending.when == 'Q' || x->ending.who == 'R' ?
		    GRPC_RESOURCE_EXHAUSTED : GRPC_UNAVAILABLE;
	default:
		return grpc_status_of(x->status);
	}
}

void
exchange_call_answer(struct exchange *x, struct head *h, const char *text)
{
	struct field f[2];

	if (x->overdue)
		text = OVERDUE;
	f[0] = status_field(x, status_of_answer(x));
	f[1] = message_field(x, text);
	h->status = 200;
	head_add(h, &x->arena, FIELD_CONTENT_TYPE, SLICE("application/grpc"));
	for (int i = 0; i < 2; i++)
		head_add_other(h, &x->arena, f[i].name, f[i].value);
}

/* Most clients break the call off themselves when its deadline is over. */
static void
note_deadline(struct exchange *x)
{
	if (x->deadline == 0 || x->ending.who != 'C' ||
	    x->worker->loop->clock.now < x->deadline - BEFORE)
		return;
	x->ending.reason = "the client left at the deadline of the call";
	x->worker->count.deadlines++;
}

/* The server's status: in its trailers, or in a head that says all. */
void
exchange_call_note(struct exchange *x)
{
	note_deadline(x);
	if (!x->call || x->call_status != GRPC_NO_STATUS)
		return;
	if (x->down.trailers != NULL)
		x->call_status = (int8_t)grpc_status_find(x->down.trailers,
		    x->down.ntrailers);
	else if (x->response_end && x->response != NULL)
		x->call_status = (int8_t)grpc_status_find(
		    x->response->fields, x->response->nfields);
}
