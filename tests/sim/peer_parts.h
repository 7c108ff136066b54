#pragma once

#include "peer.h"

/* What the parts of a peer share.  For peer*.c alone. */
void peer_say(struct peer *p, const char *bytes, size_t n);
void peer_add_field(struct text *t, const char *name, size_t nname,
    const char *value, size_t nvalue);

/* Bytes of HTTP/1.1 that were heard. */
void peer_read(struct peer *p, const char *bytes, size_t n);
void peer_read_end(struct peer *p);

/* HTTP/2. */
void peer_h2_init(struct peer *p, unsigned streams);
void peer_h2_fini(struct peer *p);
bool peer_h2_move(struct peer *p, const char *bytes, size_t n);
void peer_h2_head(struct peer *p, unsigned n, const char *const pseudo[][2],
    size_t npseudo, const char *fields, int64_t length);
void peer_h2_interim(struct peer *p, unsigned n, int status,
    const char *fields);
void peer_h2_resume(struct peer *p, unsigned n);
void peer_h2_reset(struct peer *p, unsigned n, uint32_t code);
void peer_h2_goaway(struct peer *p, unsigned last);
void peer_h2_take(struct peer *p);
