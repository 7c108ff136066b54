#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/codec.h"
#include "net/conn.h"
#include "net/loop.h"

/*
 * A conn and its codec: pumps bytes between them, in both roles.
 *
 *	socket -> conn -> in -> codec -> facts     (events)
 *	calls -> codec -> pieces -> conn -> socket (flush)
 *
 * It reads only while the codec wants bytes, writes when the codec has some,
 * and ends the connection as codec->end says.  Bounded work an event.
 *
 * Towards a server, what it said before it broke off is read to its end, and
 * told also after on_down, as long as somebody holds a stream.
 *
 * Of a long body the bytes come through a pipe instead, if codec, conn and the
 * loop's pipes allow it.  Pipe and page are held only while bytes stand there.
 */
#define LINK_SHARE (16 * BUF_PAGE)	/* is read in a tick */
#define LINK_CROWD 4		/* streams that make a pause worth it */
#define LINK_LINGER_TIME SEC(2)	/* the owner ends it then */
#define LINK_LINGER_BYTES (256u * 1024)

struct link_sink {
	/* The conn was made, or bytes have come to a link that was parked: it
	 * wants link_codec.  May be NULL. */
	void (*on_connected)(void *owner);
	void (*on_stream)(void *owner, struct stream *s);	/* server role */
	void (*on_slots)(void *owner);		/* client role; may be NULL */
	/* Bytes went in or out: codec->phase or end may have changed; or it
	 * has begun to linger. */
	void (*on_change)(void *owner);
	/* The connection is over (conn->error says why, 0 if it ended well).
	 * Told once; the owner calls link_fini from its reap task. */
	void (*on_down)(void *owner);
};

struct pump;			/* what only a link with a codec needs */

struct link {
	struct conn *conn;
	struct codec *codec;
	const struct link_sink *sink;
	void *owner;
	struct pump *pump;
	int64_t heard;		/* clock.now: when bytes came last */
	bool blocked;		/* output waits for room */
	bool lingering, shut, down;
	bool reset;		/* to be closed with a RST */
	bool parked;		/* its codec is made anew when bytes come */
};

static inline struct loop *
link_loop(const struct link *l)
{
	return l->conn->loop;
}

/* Takes conn and, by link_codec, a codec.  make: codec constructor. */
void link_init(struct link *l, struct conn *conn, const struct link_sink *sink,
    void *owner);
void link_codec(struct link *l, codec_new_fn *make,
    const struct codec_shared *shared, const struct http_limits *limits);

/* Instead of its conn, which conn has taken, one that is stacked on it. */
void link_stack(struct link *l, struct conn *conn);

/*
 * Reap phase only: frees the codec of a connection on which nothing happens,
 * to be made anew when bytes come.  False: there is something going on, or the
 * codec must stay (codec->light); then it rests.
 */
bool link_park(struct link *l);

/* Reads what is there (an accepted conn whose bytes may wait already). */
void link_kick(struct link *l);

/*
 * Ends the connection now: open streams are told that it broke, and on_down
 * comes in this call unless it came before.
 */
void link_end(struct link *l, bool reset);

/* Reap phase only: closes and frees conn and codec, gives the page back. */
void link_fini(struct link *l);
