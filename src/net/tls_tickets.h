#pragma once

#include <stdint.h>

#include "net/tls_lib.h"
#include "net/tls_server.h"

/*
 * The inner side of struct tls_tickets: what OpenSSL asks for when it seals or
 * opens one.  Returns are those of SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
 */
int tls_tickets_seal(struct tls_tickets *t, struct tls *tls, unsigned char name[16],
    unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);
int tls_tickets_open(struct tls_tickets *t, struct tls *tls, const unsigned char name[16],
    const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);
int64_t tls_tickets_lifetime(const struct tls_tickets *t);
