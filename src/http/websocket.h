#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/sha1.h"
#include "base/slice.h"
#include "http/head.h"

/*
 * The two fields by which a WebSocket over HTTP/1.1 begins (RFC 6455 4.1,
 * 4.2.2).  Over HTTP/2 there are none (RFC 8441 5), so who passes one on to the
 * other makes and checks them.
 */
#define WEBSOCKET_KEY_TEXT BASE64_TEXT(16)
#define WEBSOCKET_ACCEPT_TEXT BASE64_TEXT(SHA1_BYTES)

bool websocket_is_asked(const struct head *request);

/* The key in a request for a WebSocket; empty: there is none. */
struct slice websocket_key_of(const struct head *request);

/* Sec-WebSocket-Key of 16 random bytes. */
struct slice websocket_key(const uint64_t random[2],
    char out[WEBSOCKET_KEY_TEXT]);

/* Sec-WebSocket-Accept to a key. */
struct slice websocket_accept(struct slice key,
    char out[WEBSOCKET_ACCEPT_TEXT]);
