#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "cluster/pool.h"
#include "cluster/server.h"
#include "net/conn.h"
#include "proxy/exchange.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/worker.h"

/*
 * A worker on a virtual clock, with clients and servers in memory.
 *
 * The test plays both ends: it says bytes on a wire, lets the stage settle,
 * and looks at what was heard on the other wires.  Nothing sleeps and no
 * socket carries a byte; the listeners' sockets exist, and nobody connects.
 * Pipes are real: bytes that pass through one are written there and read.
 */
#define PIPE_MOST 65536		/* bytes a wire holds until they are read */

/* The test's end of a connection in memory. */
struct wire {
	struct list node;	/* in stage->wires */
	struct conn conn;	/* the product's end */
	struct task tell;
	struct addr addr;	/* dialled: whom; else the client's */
	bool dialled, taken, connecting;
	struct text in;		/* said, not yet read by the product */
	size_t in_at, spliced;	/* of them, so many went into a pipe */
	struct text out;	/* written by the product, not yet heard */
	size_t room;		/* that out has at most */
	struct text last;	/* what wire_heard returned */
	/* What the test did, and what the product did. */
	bool in_eof, in_reset;
	bool is_behind;		/* the reset is read after what was said */
	const struct host *host;
	bool shut, closed, reset;
	bool more;		/* as the last send said */
};

enum reach { REACH_ACCEPT, REACH_REFUSE, REACH_HANG, REACH_SHORTAGE };

#define STAGE_HOSTS 8

struct host {
	struct addr addr;
	enum reach reach;
	const char *answer;	/* said at once to each request, or NULL */
	unsigned dials;
};

/* Something of the test's own that ends with the stage. */
struct prop {
	struct list node;	/* in stage->props */
	void (*free)(struct prop *p);
};

struct stage {
	bool splices;		/* wires made from now on can do it */
	struct loop *loop;
	struct log *log;
	struct worker *worker;
	struct tls *tls;	/* NULL: no snapshot has asked for it */
	struct dialer dialer;
	struct list wires, props;
	struct host hosts[STAGE_HOSTS];
	unsigned nhosts, nclients;
	char folder[32];
	char path[64];		/* of the log */
	long log_at;
	struct text lines;	/* of the log, as stage_log last read them */
};

/*
 * The snapshot is a listener "web", the pool "web" with these members, e.g.
 * "timeouts = { response = \"2s\"; };", and a route to it.
 */
struct stage_conf {
	const char *global, *listener, *routes, *pool;
	const char *servers;	/* default: TWO_SERVERS */
	const char *balance;	/* default: round_robin */
	bool tls;		/* make what TLS needs */
};

#define SERVER_A "10.0.0.1:80"
#define SERVER_B "10.0.0.2:80"
#define SERVER_C "10.0.0.3:80"
#define ONE_SERVER "{ name = \"a\"; address = \"" SERVER_A "\"; }"
#define TWO_SERVERS ONE_SERVER \
	", { name = \"b\"; address = \"" SERVER_B "\"; }"

void stage_open(struct stage *st, const struct stage_conf *c);
#define STAGE(st, ...) \
	stage_open(st, &(const struct stage_conf){ __VA_ARGS__ })

/* A reload. */
void stage_apply(struct stage *st, const struct stage_conf *c);
#define STAGE_APPLY(st, ...) \
	stage_apply(st, &(const struct stage_conf){ __VA_ARGS__ })

/* Clients leave; then asserts that nothing is left of anything; frees all, props
 * as well. */
void stage_close(struct stage *st);

/* The same, once all servers of the first pool are in maintenance, so that no
 * probe is under way. */
void stage_close_probed(struct stage *st);

/* The same, while whatever was in flight still is: the worker ends it. */
void stage_end(struct stage *st);

void stage_settle(struct stage *st);		/* ticks until quiet */
void stage_advance(struct stage *st, int64_t duration);

void stage_reach(struct stage *st, const char *addr, enum reach r);
void stage_answer(struct stage *st, const char *addr, const char *answer);
unsigned stage_dials(const struct stage *st, const char *addr);

struct wire *stage_client(struct stage *st);

/* The next open wire that was dialled to addr; NULL if there is none. */
struct wire *stage_dialled(struct stage *st, const char *addr);

/* The oldest wire to addr that hangs is accepted after all. */
struct wire *stage_connect(struct stage *st, const char *addr);

struct pool *stage_pool(const struct stage *st);
struct server *stage_server(const struct stage *st, const char *name);

/* All lines of the log since the last call. */
const char *stage_log(struct stage *st);

/* Says text, settles. */
void say(struct stage *st, struct wire *w, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* n bytes: "abc...xyzabc..." */
void say_many(struct stage *st, struct wire *w, size_t n);
void say_eof(struct stage *st, struct wire *w);
void say_reset(struct stage *st, struct wire *w);

/* The same without settling: what comes before that comes in one tick. */
void say_later(struct wire *w, const char *text);
void say_bytes_later(struct wire *w, const char *bytes, size_t n);
void say_reset_later(struct wire *w);
void say_reset_behind_later(struct wire *w);	/* the bytes said so far */

/* A reset that the product is not told of: it meets it by writing. */
void break_silently(struct wire *w);

/* What the product wrote since the last call; settles after. */
const char *heard(struct stage *st, struct wire *w);
size_t heard_some(struct stage *st, struct wire *w, size_t most);

/* Did the product end it, with a FIN or a RST? */
bool is_cut(const struct wire *w);

size_t waiting(const struct wire *w);	/* how much is there to hear */
size_t unread(const struct wire *w);	/* how much the product left */

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST3 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* Client and server of a first exchange: dialled, request heard. */
struct talk {
	struct wire *client, *server;
};
struct talk talk_open(struct stage *st, const char *request);

void assert_has(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);
void assert_starts(const char *text, const char *part);
void assert_ends(const char *text, const char *part);

/* text is what say_many(n) said. */
void assert_many(const char *text, size_t n);

/* The one access line since the last look: termination letters, status. */
void assert_ended(struct stage *st, const char *letters, int status);
