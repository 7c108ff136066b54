#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "http/head.h"

/*
 * What makes a request a call of gRPC, and the words it uses (the documents
 * "gRPC over HTTP2" and "HTTP to gRPC Status Code Mapping").  Messages are not
 * looked into.
 */
#define GRPC_STATUSES(X)                                                      \
	X(OK)                                                                 \
	X(CANCELLED)                                                          \
	X(UNKNOWN)                                                            \
	X(INVALID_ARGUMENT)                                                   \
	X(DEADLINE_EXCEEDED)                                                  \
	X(NOT_FOUND)                                                          \
	X(ALREADY_EXISTS)                                                     \
	X(PERMISSION_DENIED)                                                  \
	X(RESOURCE_EXHAUSTED)                                                 \
	X(FAILED_PRECONDITION)                                                \
	X(ABORTED)                                                            \
	X(OUT_OF_RANGE)                                                       \
	X(UNIMPLEMENTED)                                                      \
	X(INTERNAL)                                                           \
	X(UNAVAILABLE)                                                        \
	X(DATA_LOSS)                                                          \
	X(UNAUTHENTICATED)

enum grpc_status {
#define X(name) GRPC_##name,
	GRPC_STATUSES(X)
#undef X
	GRPC_STATUS_COUNT
};

#define GRPC_NO_STATUS (-1)

const char *grpc_status_name(int status);	/* "" if it is none */

/* The value of grpc-status among fields; GRPC_NO_STATUS: absent, or no number
 * of a status. */
int grpc_status_find(const struct field *f, uint32_t n);

/* What a client makes of an answer with this status of HTTP and without one of
 * gRPC. */
enum grpc_status grpc_status_of(unsigned http_status);

/* "application/grpc", "application/grpc+proto; x=y"; not "application/grpc-web". */
bool grpc_is_type(struct slice content_type);
bool grpc_is_request(const struct head *h);	/* and POST */
bool grpc_is_response(const struct head *h);	/* and 200 */

/*
 * grpc-timeout: 1 to 8 digits and one of H M S m u n.  Microseconds, less than
 * one counts as one.  False when it is malformed.
 */
bool grpc_timeout_parse(struct slice value, int64_t *usec);

/* The same backwards, in the finest unit that fits; never more than usec. */
#define GRPC_TIMEOUT_TEXT 9
struct slice grpc_timeout_print(int64_t usec, char room[GRPC_TIMEOUT_TEXT]);

/* The only grpc-timeout of a request; NULL: none, or several. */
struct field *grpc_timeout_find(const struct head *h);

/* A text as the value of grpc-message: percent-encoded. */
struct slice grpc_message(struct slice text, struct arena *a);
