#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "http/field.h"
#include "http/proto.h"

enum head_kind { HEAD_REQUEST, HEAD_INTERIM, HEAD_RESPONSE };

/* No length is stated: no body if the head ends the message, else until end. */
#define LENGTH_NONE INT64_C(-1)

/*
 * A request, an interim response or a response, without its framing.
 *
 * Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade,
 * Host and Content-Length never stand in fields, nor does any field that
 * Connection names: the codec has turned them into the facts below, and its
 * peer makes them anew.
 *
 * length is what the message states (Content-Length), also when no body
 * follows (an answer to HEAD, a 304).
 *
 * Slices are borrowed: the codec's until its stream is released, or whoever
 * made the head's.
 */
struct head {
	enum head_kind kind;
	enum http_proto proto;
	uint16_t status;	/* responses */
	bool trailers_ok;	/* request: the client takes trailers */
	bool expects_continue;	/* request: Expect: 100-continue stands in fields */
	bool close;		/* response: no further request is wanted here */
	bool absolute;		/* request: the target was in absolute form */
	int64_t length;
	struct slice method;	/* request; "CONNECT" for a tunnel */
	struct slice scheme;	/* request: as the target stated, or empty */
	struct slice authority;	/* request: host[:port] as received, or empty */
	struct slice path;	/* request: path and query as received, or "*" */
	struct slice protocol;	/* asked for (Upgrade), or switched to (101) */
	struct field *fields;
	uint32_t nfields, capfields;
};

void head_init(struct head *h, enum head_kind kind);

/* Appends a field; the array grows in the arena.  Name and value are borrowed. */
void head_add(struct head *h, struct arena *a, enum field_id id, struct slice value);
void head_add_other(struct head *h, struct arena *a, struct slice name,
    struct slice value);	/* id is looked up */
void head_add_field(struct head *h, struct arena *a, const struct field *f);

/* The first field with that id, or NULL; and the next one after f. */
const struct field *head_find(const struct head *h, enum field_id id);
const struct field *head_find_next(const struct head *h, const struct field *f);

/* By name, for names outside the table too. NULL if absent. */
const struct field *head_find_name(const struct head *h, struct slice name);

/* Removes all fields with that id; the order of the rest stands. */
void head_del(struct head *h, enum field_id id);

/* An empty array of fields, with room for n and those that a proxy adds. */
void head_room(struct head *h, struct arena *a, uint32_t n);

/* A copy with a field array of its own (names and values stay borrowed). */
void head_copy(struct head *to, const struct head *from, struct arena *a);

/* GET HEAD OPTIONS TRACE PUT DELETE (RFC 9110 9.2.2). */
bool head_is_idempotent(const struct head *h);

/* Methods are compared by case; the length of a literal costs nothing. */
static inline bool
head_is_method(const struct head *h, const char *method)
{
	return slice_eq(h->method, slice_of(method));
}

/*
 * Does this response have no body whatever it says (RFC 9112 6.3)?
 * 1xx, 204, 304, and any answer to HEAD.
 */
bool head_is_bodiless(uint16_t status, bool to_head);
