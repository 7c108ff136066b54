/*
 * exchange_connect.c - the step CONNECT: until there is a stream to the server,
 * or none can be had.
 *
 * Why: whatever fails here, nothing of the request was sent, so any request
 *      may be tried again elsewhere.
 */
#include <errno.h>

#include "net/tls.h"
#include "proxy/exchange_steps.h"
#include "proxy/worker.h"

/* Trouble of our own with making a connection, not the server's. */
static bool
is_our_fault(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EADDRNOTAVAIL;
}

/* Another server is better, while there is one. */
void
exchange_note_tried(struct exchange *x)
{
	if (x->ntried < EXCHANGE_TRIES)
		x->tried[x->ntried++] = x->server;
}

/* Nothing was sent, so another server may be asked. */
static bool
handshake_failed(struct exchange *x)
{
	bool late = x->ask.error == ETIMEDOUT;

	return exchange_retry(x, late ? 's' : 'S', 'C',
	    arena_string(&x->arena, arena_print(&x->arena,
	    "TLS with the server failed: %s", x->ask.reason)),
	    late ? 503 : 502);
}

static bool
connect_failed(struct exchange *x)
{
	int error = x->ask.error;

	x->server->count.econ++;
	x->pool->count.econ++;
	exchange_note_tried(x);
	if (x->ask.reason[0] != '\0')
		return handshake_failed(x);
	if (error == ETIMEDOUT)
		return exchange_retry(x, 's', 'C',
		    "the server did not accept the connection in time", 503);
	if (is_our_fault(error))
		return exchange_retry(x, 'R', 'C',
		    "no descriptor, port or memory for a connection", 503);
	return exchange_retry(x, 'S', 'C', error == EBUSY ?
	    "the server accepted the connection, and allows no request on it" :
	    "the server refused the connection", 503);
}

static void
note_tls(struct exchange *x)
{
	struct tls_facts f;

	x->server_tls = TLS_ANY;
	if (!back_facts(&x->ask, &f) ||
	    !tls_version_parse(slice_of(f.version), &x->server_tls))
		return;
	x->server_resumed = f.resumed;
}

bool
exchange_step_connect(struct exchange *x)
{
	if (x->client_gone && x->pconf->abort_on_close)
		return exchange_abort(x, 'C', 'C',
		    "the client left before a server was reached");
	if (x->refused)
		return exchange_refuse_fault(x);
	if (exchange_is_overdue(x))
		return exchange_overdue(x, 's', 'C');
	if (!x->ask.done)
		return false;
	if (x->ask.error != 0)
		return connect_failed(x);
	x->bs = x->ask.stream;
	x->server_proto = back_proto(&x->ask);
	note_tls(x);
	x->times.connected = x->worker->loop->clock.now;
	x->times.progress = x->times.connected;
	exchange_send_request(x);
	exchange_go(x, EXCHANGE_FORWARD);
	if (!x->request_end)
		return true;		/* its body may be here, too */
	exchange_deadline(x);
	return x->client_gone;
}
