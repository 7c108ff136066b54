#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/tls_lib.h"

/*
 * Records: sealing what is sent, opening what was received (RFC 8446 5,
 * RFC 5246 6.2 with AEAD ciphers).  Pure: bytes in, bytes out.
 *
 * Why here and not in OpenSSL: its object for one connection takes 14 KB when
 * idle, and each read and write goes through buffers of its own.  The
 * handshake is OpenSSL's; once it is done, its traffic secrets come here and
 * the object goes.  What is left are two keyed ciphers of OpenSSL's.
 */
#define TLS_HEADER	5u
#define TLS_PLAIN_MOST	16384u		/* bytes of plaintext in a record */
#define TLS_SEALED_MOST (16384u + 256u)	/* bytes behind the header */
#define TLS_OVERHEAD	29u		/* at most, header included */

enum tls_type {
	TLS_CHANGE_CIPHER = 20, TLS_ALERT = 21, TLS_HANDSHAKE = 22,
	TLS_APPLICATION = 23
};

/* Alerts that we send or look for. */
enum tls_alert {
	TLS_CLOSE_NOTIFY = 0, TLS_UNEXPECTED_MESSAGE = 10,
	TLS_BAD_RECORD_MAC = 20, TLS_RECORD_OVERFLOW = 22,
	TLS_DECODE_ERROR = 50, TLS_INTERNAL_ERROR = 80, TLS_USER_CANCELED = 90,
	TLS_NO_RENEGOTIATION = 100
};

struct tls_suite {
	enum tls_aead aead;
	enum tls_hash hash;
	bool is_13;
	bool explicit_nonce;	/* TLS 1.2 with AES-GCM */
	uint8_t key_n;
};

/* One direction. */
struct tls_way {
	EVP_CIPHER_CTX *cipher;
	uint64_t seq;
	uint8_t iv[12];
	uint8_t secret[48];	/* TLS 1.3: what the next keys come from */
};

struct tls_records {
	struct tls *tls;
	struct tls_suite suite;
	struct tls_way in, out;
};

/* False: a cipher that this file does not do. */
bool tls_suite_of(const SSL *ssl, struct tls_suite *out);

/*
 * NULL: out of what OpenSSL needs.  TLS 1.3: the two traffic secrets.  TLS 1.2:
 * the master secret in `in`, and both randoms; is_server says whose keys are
 * which.
 */
struct tls_records *tls_records_new13(struct tls *t, const struct tls_suite *suite,
    const uint8_t *in, const uint8_t *out);
struct tls_records *tls_records_new12(struct tls *t, const struct tls_suite *suite,
    const uint8_t master[48], const uint8_t client_random[32],
    const uint8_t server_random[32], bool is_server);
void tls_records_free(struct tls_records **r);	/* wipes the keys */

/* The keys of what is sent, for the kernel (tls_ktls.h): as many bytes as the
 * suite's key_n; the iv stands in out.iv.  TLS 1.3 alone. */
bool tls_records_key(struct tls_records *r, uint8_t key[32]);

/*
 * Seals n bytes taken from a vector, which is moved on, into out: room for n
 * and TLS_OVERHEAD.  n <= TLS_PLAIN_MOST.  The record's length, or 0: OpenSSL
 * failed.
 */
struct tls_pieces {
	const struct iovec *v;
	size_t at;		/* bytes of *v that are gone */
};
size_t tls_seal(struct tls_records *r, enum tls_type type, struct tls_pieces *from,
    size_t n, uint8_t *out);
size_t tls_seal_bytes(struct tls_records *r, enum tls_type type, const void *p, size_t n,
    uint8_t *out);

/*
 * How long the record at p is, header included, of which n bytes are there: 0
 * when more are needed to know; negative: not a record that may come
 * (-alert).
 */
ssize_t tls_record_length(const struct tls_records *r, const uint8_t *p, size_t n);

/*
 * Opens the record at p (length bytes, all there).  The plaintext is written
 * to `to` when it has room for it, else in place, and *at says where it is.
 * Returns its length, or -alert.
 */
ssize_t tls_open(struct tls_records *r, uint8_t *p, size_t length, uint8_t *to, size_t room,
    uint8_t **at, enum tls_type *type);

/* TLS 1.3: the next keys of one direction (in: the peer said so; out: after
 * our KeyUpdate was sealed).  False: OpenSSL failed. */
bool tls_records_update(struct tls_records *r, bool out);

/*
 * So many records were sealed that the keys should change, or the connection
 * end; and that there must be no more, twice as many (RFC 8446 5.5, RFC 9325
 * 4.4).  AES-GCM is good for 2^24.5; ChaCha20 has no such limit, and in TLS 1.2
 * is left alone.  Those that the kernel seals are counted here.
 */
#define TLS_WORN (UINT64_C(1) << 23)
bool tls_records_are_worn(const struct tls_records *r);
bool tls_records_are_spent(const struct tls_records *r);
void tls_records_count(struct tls_records *r, size_t bytes);
