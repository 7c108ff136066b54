/*
 * abuse.c - clients that were let go for what they did too often: counted, and
 * told in the log.
 *
 * Why: an operator wants to know who it was also without a line a request; but
 *      an attack must not fill the log.
 */
#include "proxy/abuse.h"

#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

static bool
may_tell(struct abuse_log *a, int64_t now)
{
	if (a->second != now / USEC_PER_SEC) {
		a->second = now / USEC_PER_SEC;
		a->told = 0;
	}
	if (a->told < ABUSE_LINES) {
		a->told++;
		return true;
	}
	a->untold++;
	return false;
}

void
abuse_tell(const struct front *f, const struct fault *fault)
{
	const struct listener *l = f->listener;
	struct abuse_log *a = &l->worker->abuse;
	char client[ADDR_TEXT];
	struct log_field fields[4] = {
		{ "listener", slice_of(l->name), 0 },
		{ "reason", slice_of(fault->why), 0 },
		{ "untold", SLICE_NONE, (int64_t)a->untold },
	};

	a->count[fault->abuse]++;
	if (!may_tell(a, l->worker->loop->clock.now))
		return;
	addr_print(f->link.conn->peer, client);
	fields[3] = (struct log_field){ "client", slice_of(client), 0 };
	log_event(l->worker->log, LOG_LEVEL_WARN, "abuse", fields, 4,
	    "listener %s: client %s was let go: %s", l->name, client,
	    fault->why);
	a->untold = 0;
}
