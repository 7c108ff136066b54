#pragma once

#include "codec/codec.h"

/* HTTP/1.0 and 1.1 as constructors for the table in codec.c. */
codec_new_fn h1_server_new;
codec_new_fn h1_client_new;
size_t h1_server_size(void);
size_t h1_client_size(void);
