#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_suite;

/*
 * The kernel's TLS: what is written to a socket is cut into records and sealed
 * by the kernel.  Only what is sent; what is received stays ours.
 */
bool tls_ktls_probe(void);	/* does this kernel have it? */

/*
 * Hands the sending side of fd over; TLS 1.3 alone.  Nothing of ours may be
 * left to write.  False: the socket is as before, and records stay ours.
 */
bool tls_ktls_start(int fd, const struct tls_suite *suite, const uint8_t *key,
    const uint8_t iv[12], uint64_t seq);

/* Sends an alert through a socket that was handed over. */
void tls_ktls_alert(int fd, uint8_t level, uint8_t alert);
