#pragma once

#include "base/slice.h"

/*
 * The one call that a probe of gRPC makes, as bytes: grpc.health.v1.Health
 * Check, with the name of a service, and its answer.  Pure.
 */
#define GRPC_HEALTH_PATH "/grpc.health.v1.Health/Check"
#define GRPC_HEALTH_SERVICE 255		/* bytes of a name */
#define GRPC_HEALTH_REQUEST (5 + 3 + GRPC_HEALTH_SERVICE)
#define GRPC_HEALTH_ANSWER 1024		/* bytes that are looked at */

enum grpc_health {
	GRPC_HEALTH_UNKNOWN,
	GRPC_HEALTH_SERVING,
	GRPC_HEALTH_NOT_SERVING,
	GRPC_HEALTH_SERVICE_UNKNOWN,
};

const char *grpc_health_name(int state);	/* "NOT_SERVING" */

/* The body of a request, in room; NULL or "": the server as a whole. */
struct slice grpc_health_request(const char *service, char room[GRPC_HEALTH_REQUEST]);

/* The state that the body of an answer tells; -1: it is malformed. */
int grpc_health_read(struct slice body);
