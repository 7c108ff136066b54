#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "http/fault.h"
#include "http/head.h"
#include "http/limits.h"

/* Names of known fields, in lower case. */
struct h2_names {
	char at[FIELD_COUNT][20];
};

/*
 * A field section in HTTP/2, field by field, checked as strictly as a head of
 * HTTP/1 (RFC 9113 8).  After the first fault nothing more is stored.
 *
 *	begin --> add, add, ... --> request | response | trailers
 */
struct h2_block {
	struct arena *a;
	const struct http_limits *l;
	const struct h2_names *names;
	struct slice pseudo[6];		/* by enum h2_pseudo */
	struct slice host;
	struct head *head;
	size_t size;			/* of all fields, stored or not */
	uint32_t count;
	uint32_t ncookies;
	const char *why;		/* the first fault */
	uint16_t status;
	uint8_t seen;			/* a bit for each pseudo-field */
	bool is_trailers;
	bool has_host, has_length, expects, expects_other;
	bool bad;			/* malformed, not only too much */
};

/* kind: HEAD_REQUEST, or HEAD_RESPONSE, which may turn out to be interim; or
 * whose trailers they are.  The head borrows of names. */
void h2_block_begin(struct h2_block *b, struct arena *a, const struct http_limits *l,
    const struct h2_names *names, enum head_kind kind, bool is_trailers);
void h2_block_add(struct h2_block *b, struct slice name, struct slice value);

/* The head of the request; NULL: refused, see why and status. */
struct head *h2_block_request(struct h2_block *b);

/* The head of a response, of any kind; NULL: as above. */
struct head *h2_block_response(struct h2_block *b);

/* Asks for a tunnel: CONNECT, or another protocol (RFC 8441). */
bool h2_block_is_connect(const struct h2_block *b);
