#pragma once

#include "stage.h"

/*
 * Ends of connections that speak for the test: what a client or a server says
 * and hears is the same here in each protocol, so that one case runs over each
 * pair of them.  The HTTP/2 is the library's own, not the product's.
 *
 * A peer has streams, numbered from 1 in the order of their requests; HTTP/1.1
 * has one of them at a time.
 */
#define PEER_STREAMS 32
#define PEER_NO_BODY INT64_C(-2)	/* the head ends the message */
#define PEER_UNKNOWN INT64_C(-1)	/* a body without a stated length */

/* What was heard of one stream, field names in lower case, a line each. */
struct told {
	struct text head;		/* "POST /x\n..." or "200\n..." */
	struct text interim;		/* heads of 1xx responses */
	struct text body, trailers;
	bool has_head, end;
	bool reset;			/* by the other side, or cut */
	uint32_t code;			/* HTTP/2: with which error */
};

struct peer_stream {
	struct told told;
	struct text out;		/* HTTP/2: of a body, not yet sent */
	size_t out_at;
	bool out_end, tunnel, to_head, closed;
	bool chunked;			/* HTTP/1.1: what it sends */
	char *trailers;
	int32_t id;
	size_t owed;			/* not yet given back */
};

struct peer {
	struct prop prop;		/* its stage frees it */
	struct stage *st;
	struct wire *w;
	bool is_client;
	bool is_deaf;			/* takes no byte of a body */
	bool holds;			/* what it says waits for peer_burst */
	struct text said;
	unsigned n;			/* streams so far */
	struct peer_stream s[PEER_STREAMS + 1];
	/* HTTP/1.1: what is being read. */
	struct text in;
	enum { PEER_HEAD, PEER_LENGTH, PEER_CHUNKED, PEER_TO_END, PEER_TUNNEL } state;
	uint64_t left;
	/* HTTP/2, or NULL. */
	struct nghttp2_session *h2;
	unsigned goaways, pings;
};

struct peer *peer_client(struct stage *st, bool h2);

/* The next wire that was dialled to addr; NULL: there is none. */
struct peer *peer_server(struct stage *st, const char *addr, bool h2);

/* HTTP/2: the same, with this SETTINGS_MAX_CONCURRENT_STREAMS. */
struct peer *peer_server_most(struct stage *st, const char *addr,
    unsigned streams);

/* Client: a request; fields are "Name: value\r\n...".  Gives its number. */
unsigned peer_ask(struct peer *p, const char *method, const char *path,
    const char *fields, int64_t length);

/* Client: a WebSocket is wanted. */
unsigned peer_ask_websocket(struct peer *p);

/* Server: a response, or an interim one. */
void peer_answer(struct peer *p, unsigned n, int status, const char *fields,
    int64_t length);
void peer_interim(struct peer *p, unsigned n, int status, const char *fields);
void peer_answer_websocket(struct peer *p, unsigned n);

/* Of a message whose head was sent. */
void peer_body(struct peer *p, unsigned n, const char *bytes, bool end);
void peer_body_many(struct peer *p, unsigned n, size_t bytes, bool end);
void peer_trailers(struct peer *p, unsigned n, const char *fields);

/* The stream breaks; in HTTP/1.1 the connection.  HTTP/2: with this error. */
void peer_reset(struct peer *p, unsigned n, uint32_t code);

/* HTTP/2: no stream after this number was, or will be, looked at. */
void peer_goaway(struct peer *p, unsigned last);

/* What it said since it holds arrives at once, and then maybe a RST. */
void peer_burst(struct peer *p, bool reset);

/* What was heard so far. */
const struct told *peer_told(struct peer *p, unsigned n);

/* A deaf one takes what is there, and hears again. */
void peer_hear(struct peer *p);

/* Bytes move until nobody has any. */
void peer_settle(struct peer *p);
