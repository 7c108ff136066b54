#pragma once

#include "base/arena.h"
#include "conf/model.h"
#include "http/head.h"
#include "net/tls.h"

/*
 * What servers are told of a client's certificate, in fields that clients
 * cannot forge: what a client sends under one of the names of any listener is
 * dropped, with '-' and '_' taken for the same, as a CGI takes them.
 */
bool client_field_is_guarded(const struct conf_names *guarded,
    struct slice name);

/* Drops those, in place; gives how many are left. */
uint32_t client_fields_strip(const struct conf_names *guarded,
    struct field *fields, uint32_t n);

/* Only of a certificate that was verified. */
void client_fields_add(const struct conf_client_fields *conf,
    const struct tls_peer *peer, struct head *out, struct arena *a);
