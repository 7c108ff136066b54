#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* One field line (RFC 9110 5): name in its original case, value trimmed. */
struct field {
	struct slice name;
	struct slice value;
	uint16_t id;		/* enum field_id; 0 if unknown */
};

/* The names that somebody in steelyard asks for.  One table, one enum. */
#define FIELD_NAMES(X)                                                        \
	X(CONNECTION, "Connection")                                           \
	X(KEEP_ALIVE, "Keep-Alive")                                           \
	X(PROXY_CONNECTION, "Proxy-Connection")                               \
	X(TE, "TE")                                                           \
	X(TRANSFER_ENCODING, "Transfer-Encoding")                             \
	X(UPGRADE, "Upgrade")                                                 \
	X(HOST, "Host")                                                       \
	X(CONTENT_LENGTH, "Content-Length")                                   \
	X(TRAILER, "Trailer")                                                 \
	X(EXPECT, "Expect")                                                   \
	X(DATE, "Date")                                                       \
	X(SERVER, "Server")                                                   \
	X(VIA, "Via")                                                         \
	X(FORWARDED, "Forwarded")                                             \
	X(X_FORWARDED_FOR, "X-Forwarded-For")                                 \
	X(X_FORWARDED_PROTO, "X-Forwarded-Proto")                             \
	X(X_FORWARDED_HOST, "X-Forwarded-Host")                               \
	X(X_FORWARDED_PORT, "X-Forwarded-Port")                               \
	X(X_REAL_IP, "X-Real-IP")                                             \
	X(X_REQUEST_ID, "X-Request-Id")                                       \
	X(TRACEPARENT, "traceparent")                                         \
	X(MAX_FORWARDS, "Max-Forwards")                                       \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate")                           \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization")                         \
	X(AUTHORIZATION, "Authorization")                                     \
	X(COOKIE, "Cookie")                                                   \
	X(SET_COOKIE, "Set-Cookie")                                           \
	X(CACHE_CONTROL, "Cache-Control")                                     \
	X(CONTENT_TYPE, "Content-Type")                                       \
	X(CONTENT_ENCODING, "Content-Encoding")                               \
	X(CONTENT_RANGE, "Content-Range")                                     \
	X(ACCEPT_ENCODING, "Accept-Encoding")                                 \
	X(LOCATION, "Location")                                               \
	X(RETRY_AFTER, "Retry-After")                                         \
	X(REFERER, "Referer")                                                 \
	X(USER_AGENT, "User-Agent")                                           \
	X(HTTP2_SETTINGS, "HTTP2-Settings")                                   \
	X(SEC_WEBSOCKET_KEY, "Sec-WebSocket-Key")                             \
	X(SEC_WEBSOCKET_ACCEPT, "Sec-WebSocket-Accept")                       \
	X(PRIORITY, "Priority")

enum field_id {
	FIELD_OTHER,
#define X(id, name) FIELD_##id,
	FIELD_NAMES(X)
#undef X
	FIELD_COUNT
};

/* The known name of any case, FIELD_OTHER if it is none.  O(1). */
enum field_id field_id(struct slice name);
struct slice field_name(enum field_id id);

/*
 * May it stand in a trailer section?  Not framing, routing, authentication,
 * Host or Content-* (RFC 9110 6.5.1).
 */
bool field_is_trailer_ok(const struct field *f);
