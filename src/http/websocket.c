/*
 * websocket.c - the two fields by which a WebSocket over HTTP/1.1 begins.
 */
#include "http/websocket.h"

#include <string.h>

#define MOST_KEY 64u	/* 24 bytes, if it is well-formed */

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool
websocket_is_asked(const struct head *h)
{
	return slice_eq_nocase(h->protocol, SLICE("websocket"));
}

struct slice
websocket_key_of(const struct head *h)
{
	const struct field *f = NULL;

	if (websocket_is_asked(h))
		f = head_find(h, FIELD_SEC_WEBSOCKET_KEY);
	return f != NULL ? f->value : SLICE_NONE;
}

struct slice
websocket_key(const uint64_t random[2], char out[WEBSOCKET_KEY_TEXT])
{
	return base64((const uint8_t *)random, 2 * sizeof(*random), out);
}

struct slice
websocket_accept(struct slice key, char out[WEBSOCKET_ACCEPT_TEXT])
{
	char text[MOST_KEY + sizeof(guid)];
	uint8_t digest[SHA1_BYTES];

	if (key.n > MOST_KEY)
		key.n = MOST_KEY;
	if (key.n > 0)
		memcpy(text, key.p, key.n);
	memcpy(text + key.n, guid, sizeof(guid) - 1);
	sha1(slice_make(text, key.n + sizeof(guid) - 1), digest);
	return base64(digest, sizeof(digest), out);
}
