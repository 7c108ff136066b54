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
	int64_t start;		/* first byte of the request */
	int64_t head;		/* its head was complete */
	int64_t waiting;	/* joined the queue */
	int64_t queued;		/* left the queue: a server was picked */
	int64_t connected;	/* a stream was open */
	int64_t answered;	/* the response head came */
	int64_t progress;	/* the last byte moved, either way */
	int64_t taken;		/* the client took enough of what waits */
};

#define EXCHANGE_TRIES 8
#define EXCHANGE_REFUSALS 16
#define EXCHANGE_INTERIMS 32
#define EXCHANGE_LEAST 8192u	/* bytes that a client takes in time */

struct exchange {
	struct list node;
	struct worker *worker;
	struct front *front;
	struct conf *snapshot;		/* counted */
	struct task run, reap;
	struct timer timer;
	struct arena arena;
	enum exchange_state state;
	uint64_t number;

	struct stream *fs, *bs;
	struct flow up, down;		/* front to back, back to front */
	struct head *request;		/* borrowed from fs */
	struct head *response;		/* borrowed from bs */
	struct head *interim[EXCHANGE_INTERIMS];
	uint8_t ninterim, sent_interim;
	uint32_t taken;			/* bytes since times.taken */

	const struct conf_route *route;
	struct pool *pool;		/* held */
	const struct conf_pool *pconf;	/* of our snapshot */
	struct server *server;		/* begun on it */
	struct place place;		/* in the pool's queue */
	uint32_t queue_ahead;		/* how many were in front of us */
	struct back_ask ask;
	struct server *tried[EXCHANGE_TRIES];	/* to compare: may be freed */
	struct server *left;		/* by this step, for another */
	uint8_t ntried, retries;
	bool retrying;			/* counted in pool->retrying */
	uint8_t refusals;		/* of the retries: nothing was done */
	uint64_t after;			/* the next connection is newer */
	enum http_proto server_proto;	/* NONE: no stream was to be had */
	enum tls_version server_tls;	/* with the server; TLS_ANY: none */
	bool server_resumed;

	/* Facts. */
	bool secure;			/* it came by https, also to a trusted
					 * proxy in front of us */
	bool to_https;			/* it did not, and must */
	bool request_end;
	bool response_end;		/* the response head ended the message */
	bool client_gone;
	bool timed_out;
	bool refused;			/* fault holds what was wrong */
	bool tunnel;
	bool head_sent;			/* a final response head went to the client */
	bool cut;			/* both sides are to be reset */
	bool replied;			/* it was an answer of our own */
	bool discard;			/* the client is gone, the server may finish */
	bool call;			/* of gRPC */
	bool overdue;			/* its deadline ended it */
	int8_t call_status;		/* of gRPC, or GRPC_NO_STATUS */
	enum stream_error back_error;
	struct fault fault;

	struct slice path;		/* normalised */
	struct slice request_id;
	char server_name[128];		/* for the log, outlives the server */
	uint16_t status;
	struct slice reply_body;
	bool reply_waits;		/* the body is still to be taken */
	struct ending ending;
	struct times times;
	int64_t deadline;		/* of a call, by its client; 0: none */
	uint64_t bytes_out;
};

/* A stream has been announced; its facts follow. */
void exchange_new(struct front *f, struct stream *s);

/* Ends it from outside (drain's deadline, shutdown by the operator). */
void exchange_kill(struct exchange *x, char who, const char *reason);

const char *exchange_state_name(enum exchange_state s);
