/*
 * room.c - whether what requests hold leaves room for another.
 *
 * Why:       a client may hold no more than its windows, but there may be many
 *            who do.  Who asks next is refused while they are, and the process
 *            is not ended by the kernel for all.
 * Not here:  what one client may hold (codec/), and for how long (front.c).
 */
#include "proxy/room.h"

#include "base/arena.h"
#include "base/buf.h"
#include "proxy/worker.h"

#define MIB (INT64_C(1) << 20)

uint64_t
room_used(const struct worker *w)
{
	const struct loop *l = w->loop;

	return (uint64_t)l->pages.nused * BUF_PAGE +
	    (uint64_t)l->chunks.nused * ARENA_CHUNK;
}

static void
tell(struct worker *w, int64_t most)
{
	int64_t now = w->loop->clock.now;
	struct room *r = &w->room;

	if (r->told != 0 && now - r->told < ROOM_TOLD_EVERY)
		return;
	r->told = now;
	log_warn(w->log, "memory", "requests are refused: those in flight, %u, "
	    "hold all the %lld MiB of global.max_buffers; %llu were refused "
	    "since the start", w->nexchanges, (long long)(most / MIB),
	    (unsigned long long)r->refused);
}

bool
room_for_request(struct worker *w)
{
	int64_t most = w->conf->global.max_buffers;

	if (room_used(w) < (uint64_t)most)
		return true;
	w->room.refused++;
	tell(w, most);
	return false;
}
