#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cluster/back.h"
#include "cluster/pool.h"
#include "codec/stream.h"
#include "conf/model.h"
#include "net/loop.h"

struct front;
struct worker;

/*
 * One request and its response, from head to last byte.  See exchange.c.
 */
#define EXCHANGE_STATES(X)                                                    \
	X(HEAD, head)		/* judge the request */                       \
	X(ROUTE, route)		/* what is to be done with it */              \
	X(PICK, pick)		/* choose a server */                         \
	X(QUEUE, queue)		/* all are full: wait for one */              \
	X(CONNECT, connect)	/* wait for a stream to it */                 \
	X(FORWARD, forward)	/* both directions */                         \
	X(RETRY, retry)		/* once more, elsewhere? */                   \
	X(REPLY, reply)		/* an answer of our own */                    \
	X(ABORT, abort)		/* cut */                                     \
	X(DONE, done)		/* account, log, let go */

enum exchange_state {
#define X(name, step) EXCHANGE_##name,
	EXCHANGE_STATES(X)
#undef X
};

/* Who ended it and when: the two letters of the log (see steelyard(8)). */
struct ending {
	char who, when;
	const char *reason;	/* a sentence: static, or in the arena; NULL */
};

/* One direction of the body. */
struct flow {
	struct lent first;	/* the piece as it was lent */
	struct lent lent;	/* of it, not yet taken by the other side */
	size_t transit;		/* taken, not yet gone */
	size_t gone;		/* gone, not yet given back */
	uint64_t credited;	/* given back so far */
	bool end;		/* the source has said its last */
	bool ended;		/* we have told the other side */
	bool done;		/* and it has been written */
	struct field *trailers;
	uint32_t ntrailers;
};

/* Instants of clock.now; 0: not reached. */
struct times {
	int64_t progress;	/* the last byte moved, either way */
	int64_t taken;		/* the client took enough of what waits */
	int64_t answered;	/* the response head came */
	int64_t connected;	/* a stream was open */
	int64_t queued;		/* left the queue: a server was picked */
	int64_t head;		/* its head was complete */
	int64_t start;		/* first byte of the request */
	int64_t waiting;	/* joined the queue */
};

#define EXCHANGE_TRIES 8
#define EXCHANGE_REFUSALS 16
#define EXCHANGE_INTERIMS 32
#define EXCHANGE_LEAST 8192u	/* bytes that a client takes in time */
#define EXCHANGE_ROOM 512u	/* what an arena holds before it takes a chunk */

/*
 * What each step looks at comes first, so that a request whose exchange has
 * left the caches costs few misses; what few requests need comes last.
 */
struct exchange {
	struct task run;
	struct worker *worker;
	struct front *front;
	struct stream *fs, *bs;
	enum exchange_state state;
	enum stream_error back_error;
	uint16_t status;
	uint16_t fault_status;		/* for what a side sent: the answer, */
	const char *fault;		/* and what was wrong; NULL */
	struct ending ending;
	struct head *request;		/* borrowed from fs */
	struct head *response;		/* borrowed from bs */

	/* Facts. */
	bool secure;			/* it came by https, also to a trusted
					 * proxy in front of us */
	bool to_https;			/* it did not, and must */
	bool request_end;
	bool response_end;		/* the response head ended the message */
	bool client_gone;
	bool timed_out;
	bool refused;			/* fault says why */
	bool tunnel;
	bool head_sent;			/* a final response head went to the client */
	bool cut;			/* both sides are to be reset */
	bool replied;			/* it was an answer of our own */
	bool discard;			/* the client is gone, the server may finish */
	bool call;			/* of gRPC */
	bool overdue;			/* its deadline ended it */
	int8_t call_status;		/* of gRPC, or GRPC_NO_STATUS */
	bool retrying;			/* counted in pool->retrying */
	uint8_t ninterim, sent_interim;
	uint8_t ntried, retries;
	uint8_t refusals;		/* of the retries: nothing was done */
	enum http_proto server_proto;	/* NONE: no stream was to be had */
	enum tls_version server_tls;	/* with the server; TLS_ANY: none */
	bool server_resumed;
	uint32_t taken;			/* bytes since times.taken */

	struct flow down;		/* back to front */
	struct times times;
	struct timer timer;
	int64_t deadline;		/* of a call, by its client; 0: none */

	const struct conf_pool *pconf;	/* of our snapshot */
	const struct conf_route *route;
	struct server *server;		/* begun on it */
	const char *server_name;	/* of one let go of, for the log; or NULL */
	struct pool *pool;		/* held */
	struct conf *snapshot;		/* counted */
	struct flow up;			/* front to back */
	struct arena arena;
	struct slice path;		/* normalised */
	struct slice request_id;
	struct list node;
	struct task reap;
	uint64_t number;
	uint64_t bytes_out;
	uint64_t after;			/* the next connection is newer */
	struct server *left;		/* by this step, for another */
	struct place place;		/* in the pool's queue */
	uint32_t queue_ahead;		/* how many were in front of us */
	struct slice reply_body;
	struct back_ask ask;		/* its reason is not zeroed, nor is what
					 * follows: it counts if the above says
					 * so */
	struct server *tried[EXCHANGE_TRIES];	/* to compare: may be freed */
	struct head *interim[EXCHANGE_INTERIMS];
	_Alignas(ARENA_ALIGN) char room[EXCHANGE_ROOM];	/* of arena */
};

/* A stream has been announced; its facts follow. */
void exchange_new(struct front *f, struct stream *s);

/* Ends it from outside (drain's deadline, shutdown by the operator). */
void exchange_kill(struct exchange *x, char who, const char *reason);

const char *exchange_state_name(enum exchange_state s);
