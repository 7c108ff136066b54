#pragma once

#include <nghttp2/nghttp2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/trunk.h"
#include "codec/codec.h"
#include "codec/h2_block.h"
#include "codec/h2_guard.h"
#include "codec/h2_watch.h"
#include "http/priority.h"

/*
 * A connection of HTTP/2 and its streams.  Private to h2_*.c.
 *
 *	h2_server.c	what is particular towards a client,
 *	h2_client.c	and towards a server
 *	h2_side.c	the library's session, beginnings and ends
 *	h2_in.c		what the library tells, up to the lending of bodies
 *	h2_out.c	what is sent: the output, and what has gone of it
 *	h2_stream.c	one stream: its life, and calls down
 *	h2_head.c	heads as the library wants them
 *	h2_memory.c	what the library allocates
 *	h2_priority.c	in which order answers are sent
 *
 * Of a stream at most a window of bytes, which H2_PIECES pages hold, may have
 * come that nobody has taken yet.
 */
#define H2_PIECES 6			/* 128 KiB and a frame, cut anyhow */
#define H2_MARKS 32
#define H2_UPDATES 4			/* of priority, of streams to come */
#define H2_ASK ((const uint8_t *)"question")	/* in a PING: 8 bytes */
#define H2_HEARD 2	/* answers to PING before the second GOAWAY */

struct h2;
struct h2_stream;

/* What differs by role.  All are called from within the functions of ops. */
struct h2_role {
	const struct stream_ops *streams;
	bool server;		/* towards a client */
	enum codec_end last;	/* how it ends, once all is said */

	/* A field section begins.  s: NULL if the stream is not known. */
	void (*begin)(struct h2 *h, struct h2_stream *s,
	    const nghttp2_frame *frame);
	/* The section of a head has come; trailers are h2_in.c's. */
	void (*take)(struct h2_stream *s, bool end);
	/* The peer has reset a stream, or made us reset it.  s: as above. */
	void (*on_reset)(struct h2 *h, struct h2_stream *s);
	/* The wire is done with a stream that is held. */
	void (*lose)(struct h2_stream *s, enum stream_error e);
	/* Its owner let go of a live one; whole: all was said, and heard. */
	void (*part)(struct h2_stream *s, bool whole, enum stream_error e);
	/* A stream was let go; s may be no more. */
	void (*parted)(struct h2 *h);
	/* The connection has a fault, h->why. */
	void (*tell_fault)(struct h2 *h);
	/* The peer's SETTINGS have come.  May be NULL. */
	void (*on_settings)(struct h2 *h);
	/* The peer said GOAWAY. */
	void (*on_goaway)(struct h2 *h, const nghttp2_goaway *g);
	/* The end of each recv. */
	void (*settle)(struct h2 *h);
};

struct h2_stream {
	struct stream stream;
	struct list node;		/* in h2->streams */
	struct list ready;		/* in h2->ready */
	struct h2 *h2;
	struct arena arena;
	int32_t id;			/* 0: there is none on the wire */

	/* In. */
	struct h2_block block;		/* the section that comes now */
	struct buf in[H2_PIECES];	/* its body, not given back yet */
	uint32_t nin, lent;
	int64_t in_left;		/* of a stated length, or LENGTH_NONE */
	struct field *trailers;
	uint32_t ntrailers;
	const char *why;		/* a fault behind what was told */
	uint16_t status;
	enum abuse abuse;
	enum stream_error error;	/* why it is gone */
	bool deferred;			/* the library waits for its body */
	bool connects;			/* asks for a tunnel, */
	bool extended;			/* for another protocol */
	bool in_head;			/* its head came; interim ones do not
					 * count */
	bool in_end;			/* the peer has ended its message */
	bool in_told;			/* and that was told */

	/* Out. */
	struct lent out;		/* not yet in a frame */
	size_t transit;			/* in frames, not yet written */
	size_t room;			/* written, or dropped, not yet told */
	int64_t out_left;		/* of a stated length, or LENGTH_NONE */
	nghttp2_nv *out_trailers;	/* copied */
	uint32_t nout_trailers;
	struct slice protocol;		/* asked for, of a server */
	nghttp2_nv *waits;		/* a head that cannot be sent yet, */
	size_t nwaits;			/* copied */
	bool to_head;
	bool head_sent;
	bool asking;			/* a server for a tunnel, unanswered */
	bool tunnel;
	bool out_end;			/* its owner has ended the message */
	bool out_full;			/* all that was stated was given */
	bool drops;			/* what its owner sends goes nowhere */
	bool end_framed;		/* the end stands in the output */
	bool end_written;
	bool end_told;

	struct priority priority;
	bool ranked;			/* it is not the one all have */
	bool by_server;			/* the server has said so */

	bool held;			/* by its owner, from its announcement */
	bool live;			/* the library knows it */
	bool gone;			/* it broke; to be told */
	bool dead;			/* that was told */
	bool bad;			/* the peer's message was malformed */
	bool rst_at_end;		/* once the end is framed */
};

/* Said of a stream that is not there yet; id 0: nothing. */
struct h2_update {
	int32_t id;
	struct priority priority;
};

/* What becomes true when the output up to `at` has been written. */
struct h2_mark {
	struct h2_stream *s;	/* NULL: was let go */
	uint64_t at;
	size_t n;		/* of its body */
	bool end;
};

struct h2 {
	struct codec codec;
	const struct h2_role *role;
	nghttp2_session *session;
	struct list streams, ready;
	struct trunk *trunk;		/* all that the session allocates */
	struct buf out;
	uint64_t made, written;		/* bytes of output so far */
	struct h2_mark *marks;		/* H2_MARKS, while there are any */
	unsigned nmarks;
	struct h2_guard guard;
	struct h2_watch watch;
	uint32_t nheld;			/* streams that somebody holds */
	uint32_t slots;			/* as last told; towards a server, */
	enum codec_end end;		/* as was this */
	uint64_t in, told;		/* bytes received; of frames that the
					 * library told of */
	uint64_t stray;			/* that it may be silent about */
	uint8_t ntext;			/* of the first bytes, those that are
					 * as an answer of HTTP/1 begins */
	int32_t last_reset;		/* streams above it that are over were
					 * ended by both */
	size_t queued;			/* frames to send, when the one that
					 * comes began, or went on */
	size_t section;			/* bytes of the section that comes */
	struct h2_stream *into;		/* whose frame comes, or NULL */
	const char *why;		/* the connection's fault; to be told */
	uint16_t status;
	enum abuse abuse;		/* why it has, if that is why */
	struct h2_stream *awaits;	/* its next piece goes before others' */
	uint32_t nranked;		/* streams with a priority of their own */
	uint8_t rounds;			/* left, to wait for that */
	uint8_t next_update, nupdate;
	uint8_t update[60];		/* the frame that comes, of nupdate */
	struct h2_update updates[H2_UPDATES];
	bool over;			/* nothing is read any more */
	bool kicked;			/* codec_send will be called */
	bool draining, drained;		/* both steps of GOAWAY */
	uint8_t heard;			/* answers to PING since the first */
	int64_t drain_began;
	char *said;			/* GOAWAY in words, with its text, or
					 * ours; streams may point there */
};

/* What all connections of a worker share. */
struct h2_settings {
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *server, *client;	/* by role */
	struct trunks trunks;
	struct slab marks;
	struct h2_names names[1];
};

/* The connection broke before all of our message was written. */
static inline bool
h2_stream_is_cut(const struct h2_stream *s)
{
	return s->h2->codec.end == CODEC_ABORT && !s->end_written;
}

static inline struct h2 *
h2_of(struct codec *c)
{
	return (struct h2 *)(void *)c;
}

/* The codec's life: the role's new function goes on from here. */
struct h2 *h2_new(const struct h2_role *role, const struct codec_ops *ops,
    const struct codec_shared *shared, const struct http_limits *limits,
    const struct codec_host *host, void *owner);

/* Ends the connection: GOAWAY, and a line in the log that says why. */
void h2_fail(struct h2 *h, uint32_t code, unsigned status, const char *why);

/* The same, of a peer that does something too often. */
void h2_abused(struct h2 *h, enum abuse abuse, const char *why);

/* The same, with nothing more to say to the peer; nothing more is read. */
void h2_finish(struct h2 *h, enum codec_end end);
void h2_goaway(struct h2 *h);		/* gently: the last one */
void h2_phase(struct h2 *h);
void h2_settle(struct h2 *h);

/* The library's memory.  Whatever may call the library wakes it first; nothing
 * can call it while there is no stream and nothing comes. */
nghttp2_mem h2_memory(struct trunk *t);
void h2_wake(struct h2 *h);

/* After a call down: what there is is to be sent; the second is cheaper, and
 * does not look for DATA. */
void h2_kick(struct h2 *h);
void h2_kick_control(struct h2 *h);

/* A stream that exists for us; its owner is to be found by h2_stream_hold. */
struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);
struct h2_stream *h2_stream_of(struct stream *s);
void h2_stream_free(struct h2_stream *s);
void h2_stream_hold(struct h2_stream *s);

/* Something is to be told, in the next recv. */
void h2_stream_wake(struct h2_stream *s);

/* Tells what is to be told now: room, the body, its end, a fault. */
void h2_stream_tell(struct h2_stream *s);
void h2_stream_tell_room(struct h2_stream *s);

/* The peer's message is at fault: told behind what has come of it. */
void h2_stream_refuse(struct h2_stream *s, unsigned status, const char *why,
    bool bad);

/* What was received and not given back is dropped; it counts as taken. */
void h2_stream_forget(struct h2_stream *s);

/* A message of ours that is cut must not look complete. */
void h2_stream_break_off(struct h2_stream *s);
void h2_stream_rst(struct h2_stream *s, uint32_t code);

/* Our answer is whole, the client's message is not: the rest is unwanted. */
void h2_stream_ask_no_more(struct h2_stream *s);

/* From here on what its owner sends goes nowhere. */
void h2_stream_drop(struct h2_stream *s, size_t n, bool end);

void h2_names_init(struct h2_names *names);

/* As the library wants them.  A head's names and values stay borrowed, for the
 * library copies them at once; those of trailers are copied to the arena. */
nghttp2_nv *h2_head_response(struct h2_stream *s, const struct head *h,
    bool length, size_t *count);
nghttp2_nv *h2_head_request(struct h2_stream *s, const struct head *h,
    struct slice scheme, bool length, size_t *count);
void h2_head_keep(struct arena *a, nghttp2_nv *nv, size_t n);	/* copies */
nghttp2_nv *h2_head_trailers(struct arena *a, const struct field *f,
    uint32_t n);

/* Priorities, towards a client: what was said with a request, and answered. */
void h2_priority_request(struct h2_stream *s, const struct head *h);
void h2_priority_response(struct h2_stream *s, const struct head *h);
void h2_priority_options(nghttp2_option *o);
void h2_priority_callbacks(nghttp2_session_callbacks *cb);

/* All that was lent of a body is framed, and more may come at once. */
void h2_priority_await(struct h2_stream *s);
void h2_priority_given(struct h2_stream *s);	/* here it is */
bool h2_priority_must_wait(const struct h2_stream *s);
void h2_priority_round(struct h2 *h);
void h2_priority_forget(struct h2_stream *s);

/* Rows of tables. */
void h2_recv(struct codec *c, struct buf *in);
size_t h2_send(struct codec *c, struct iovec *v, size_t max, struct codec_rest *rest);
void h2_sent(struct codec *c, size_t n);
void h2_eof(struct codec *c, int error);
bool h2_ask(struct codec *c);
void h2_rest(struct codec *c);
void h2_free(struct codec *c);
size_t h2_stream_send_body(struct stream *stream, struct lent bytes, bool end);
void h2_stream_send_trailers(struct stream *stream, const struct field *f,
    uint32_t n);
void h2_stream_consumed(struct stream *stream, size_t n);
void h2_stream_release(struct stream *stream);
void h2_stream_reset(struct stream *stream, enum stream_error e);
void h2_marks_forget(struct h2 *h, const struct h2_stream *s);
void h2_in_callbacks(nghttp2_session_callbacks *cb);
void h2_out_callbacks(nghttp2_session_callbacks *cb);

/* The body of a message, as the library asks for it. */
nghttp2_data_provider h2_out_body(struct h2_stream *s);
