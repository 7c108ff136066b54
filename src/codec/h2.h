#pragma once

#include "codec/codec.h"

/* HTTP/2 (RFC 9113) as a constructor for the table in codec.c. */
codec_new_fn h2_server_new, h2_client_new;
size_t h2_stream_size(void);

/* What each session of the library is made with.  Clears the pointer. */
struct h2_settings *h2_settings_new(void);
void h2_settings_free(struct h2_settings **s);

/* What a client that speaks HTTP/2 unasked begins with (RFC 9113 3.4). */
#define H2_PREFACE SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
