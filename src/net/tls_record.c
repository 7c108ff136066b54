/*
 * tls_record.c - sealing and opening records, with OpenSSL's ciphers.
 *
 * TLS 1.3: the nonce is the IV xor the number of the record; the additional
 * data is the header; the type stands behind the plaintext, sealed, maybe with
 * zeroes behind it.  TLS 1.2: AES-GCM sends 8 bytes of its nonce (ours are the
 * number), ChaCha20 does as TLS 1.3; number, type, version and length are the
 * additional data.
 *
 * Owns:      two keyed ciphers, and their secrets, which are wiped.
 * Not here:  what alerts and key updates mean (conn_tls_io.c); the keys'
 *            making (tls_keys.c).
 */
#include "net/tls_record.h"

#include <string.h>

#define TAG 16u
#define EXPLICIT 8u		/* bytes of the nonce that are sent */
#define SMALL 2048u		/* copying so much is less than a call */

static void
number(uint8_t *p, uint64_t n)
{
	for (int i = 7; i >= 0; i--, n >>= 8)
		p[i] = (uint8_t)n;
}

/* The nonce of the next record; explicit: what is sent of it, or NULL. */
static void
nonce_of(const struct tls_way *w, const uint8_t *explicit, uint8_t out[12])
{
	uint8_t seq[8];

	memcpy(out, w->iv, 12);
	if (explicit != NULL) {
		memcpy(out + 4, explicit, EXPLICIT);
		return;
	}
	number(seq, w->seq);
	for (int i = 0; i < 8; i++)
		out[4 + i] ^= seq[i];
}

/* Additional data: returns its length. */
static size_t
extra_of(const struct tls_records *r, const struct tls_way *w,
    const uint8_t header[TLS_HEADER], size_t plain, uint8_t out[13])
{
	if (r->suite.is_13) {
		memcpy(out, header, TLS_HEADER);
		return TLS_HEADER;
	}
	number(out, w->seq);
	memcpy(out + 8, header, 3);
	out[11] = (uint8_t)(plain >> 8);
	out[12] = (uint8_t)plain;
	return 13;
}

static bool
begin(struct tls_way *w, const uint8_t nonce[12], const uint8_t *extra,
    size_t n)
{
	int len;

	return EVP_CipherInit_ex(w->cipher, NULL, NULL, NULL, nonce, -1) == 1 &&
	    EVP_CipherUpdate(w->cipher, NULL, &len, extra, (int)n) == 1;
}

static bool
feed(struct tls_way *w, const uint8_t *from, size_t n, uint8_t *to)
{
	int len;

	return n == 0 ||
	    (EVP_CipherUpdate(w->cipher, to, &len, from, (int)n) == 1 &&
	    (size_t)len == n);
}

/* The next bytes of a vector that lie together, at most n. */
static size_t
next_piece(struct tls_pieces *from, size_t n, const uint8_t **p)
{
	size_t have;

	while (from->at == from->v->iov_len) {
		from->v++;
		from->at = 0;
	}
	have = from->v->iov_len - from->at;
	if (have > n)
		have = n;
	*p = (const uint8_t *)from->v->iov_base + from->at;
	from->at += have;
	return have;
}

/* Many small pieces: gathered where they will stand, and sealed there. */
static bool
seal_small(struct tls_way *w, struct tls_pieces *from, size_t n, uint8_t *to,
    const uint8_t *type)
{
	const uint8_t *p;
	size_t part;

	for (size_t done = 0; done < n; done += part) {
		part = next_piece(from, n - done, &p);
		memcpy(to + done, p, part);
	}
	if (type != NULL)
		to[n++] = *type;
	return feed(w, to, n, to);
}

static bool
seal_large(struct tls_way *w, struct tls_pieces *from, size_t n, uint8_t *to,
    const uint8_t *type)
{
	const uint8_t *p;
	size_t part;

	for (size_t done = 0; done < n; done += part) {
		part = next_piece(from, n - done, &p);
		if (!feed(w, p, part, to + done))
			return false;
	}
	return type == NULL || feed(w, type, 1, to + n);
}

static bool
end_seal(struct tls_way *w, uint8_t *tag)
{
	int len;

	return EVP_CipherFinal_ex(w->cipher, tag, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(w->cipher, EVP_CTRL_AEAD_GET_TAG, TAG,
	    tag) == 1;
}

size_t
tls_seal(struct tls_records *r, enum tls_type type, struct tls_pieces *from,
    size_t n, uint8_t *out)
{
	struct tls_way *w = &r->out;
	const uint8_t inner = (uint8_t)type;
	bool is_13 = r->suite.is_13, has_nonce = r->suite.explicit_nonce;
	size_t front = has_nonce ? EXPLICIT : 0, body = n + (is_13 ? 1 : 0);
	uint8_t nonce[12], extra[13], *to = out + TLS_HEADER + front;
	bool ok;

	out[0] = is_13 ? TLS_APPLICATION : inner;
	out[1] = out[2] = 3;
	out[3] = (uint8_t)((front + body + TAG) >> 8);
	out[4] = (uint8_t)(front + body + TAG);
	if (has_nonce)
		number(out + TLS_HEADER, w->seq);
	nonce_of(w, has_nonce ? out + TLS_HEADER : NULL, nonce);
	ok = begin(w, nonce, extra, extra_of(r, w, out, n, extra)) &&
	    (n <= SMALL ? seal_small : seal_large)(w, from, n, to,
	    is_13 ? &inner : NULL) &&
	    end_seal(w, to + body);
	w->seq++;
	return ok ? TLS_HEADER + front + body + TAG : 0;
}

size_t
tls_seal_bytes(struct tls_records *r, enum tls_type type, const void *p,
    size_t n, uint8_t *out)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	struct tls_pieces from = { &v, 0 };

	return tls_seal(r, type, &from, n, out);
}

ssize_t
tls_record_length(const struct tls_records *r, const uint8_t *p, size_t n)
{
	size_t least = TAG + (r->suite.explicit_nonce ? EXPLICIT : 0) +
	    (r->suite.is_13 ? 1 : 0);
	size_t body;

	if (n < TLS_HEADER)
		return 0;
	body = (size_t)p[3] << 8 | p[4];
	if (p[1] != 3 || p[0] < TLS_CHANGE_CIPHER || p[0] > TLS_APPLICATION ||
	    (r->suite.is_13 && p[0] != TLS_APPLICATION))
		return -TLS_UNEXPECTED_MESSAGE;
	if (body > TLS_SEALED_MOST)
		return -TLS_RECORD_OVERFLOW;
	return body < least ? -TLS_BAD_RECORD_MAC :
	    (ssize_t)(TLS_HEADER + body);
}

/* What does not fit into `to`, the type and some padding, goes here. */
struct tail {
	uint8_t bytes[64];
	size_t n;
};

/*
 * Opens body bytes; `to` gets all but those in the tail.  False: somebody else
 * has sealed them.
 */
static bool
unseal(struct tls_way *w, const uint8_t *from, size_t body, uint8_t *to,
    struct tail *tail)
{
	uint8_t tag[TAG];
	int len;

	memcpy(tag, from + body, TAG);
	return EVP_CIPHER_CTX_ctrl(w->cipher, EVP_CTRL_AEAD_SET_TAG, TAG,
	    tag) == 1 &&
	    feed(w, from, body - tail->n, to) &&
	    feed(w, from + body - tail->n, tail->n, tail->bytes) &&
	    EVP_CipherFinal_ex(w->cipher, tail->bytes, &len) == 1;
}

/* The type behind the plaintext: what is left is its length; < 0: none. */
static ssize_t
strip(const uint8_t *p, size_t n, const struct tail *tail, enum tls_type *type)
{
	for (size_t i = tail->n; i > 0; i--)
		if (tail->bytes[i - 1] != 0) {
			*type = tail->bytes[i - 1];
			return (ssize_t)(n + i - 1);
		}
	while (n > 0 && p[n - 1] == 0)
		n--;
	if (n == 0)
		return -TLS_UNEXPECTED_MESSAGE;
	*type = p[n - 1];
	return (ssize_t)n - 1;
}

/* The plaintext runs on into the tail: it goes back to where it was sealed. */
static void
rejoin(uint8_t *from, uint8_t **at, size_t n, const struct tail *tail)
{
	memcpy(from, *at, n);
	memcpy(from + n, tail->bytes, tail->n);
	*at = from;
}

ssize_t
tls_open(struct tls_records *r, uint8_t *p, size_t length, uint8_t *to,
    size_t room, uint8_t **at, enum tls_type *type)
{
	struct tls_way *w = &r->in;
	bool is_13 = r->suite.is_13, has_nonce = r->suite.explicit_nonce;
	size_t front = has_nonce ? EXPLICIT : 0;
	size_t body = length - TLS_HEADER - front - TAG;
	uint8_t nonce[12], extra[13], *from = p + TLS_HEADER + front;
	struct tail tail = { .n = 0 };
	ssize_t n;

	if (body > TLS_PLAIN_MOST + (is_13 ? 1 : 0))
		return -TLS_RECORD_OVERFLOW;
	if (is_13 && body > room && body - room <= sizeof(tail.bytes))
		tail.n = body - room;
	*at = body - tail.n <= room ? to : from;
	nonce_of(w, has_nonce ? p + TLS_HEADER : NULL, nonce);
	if (!begin(w, nonce, extra, extra_of(r, w, p, body, extra)) ||
	    !unseal(w, from, body, *at, &tail))
		return -TLS_BAD_RECORD_MAC;
	w->seq++;
	*type = p[0];
	n = is_13 ? strip(*at, body - tail.n, &tail, type) : (ssize_t)body;
	if (n > (ssize_t)(body - tail.n))
		rejoin(from, at, body - tail.n, &tail);
	return n > (ssize_t)TLS_PLAIN_MOST ? -TLS_RECORD_OVERFLOW : n;
}

bool
tls_records_are_worn(const struct tls_records *r)
{
	return r->out.seq >= r->tls->worn &&
	    (r->suite.is_13 || r->suite.aead != TLS_CHACHA20);
}

bool
tls_records_are_spent(const struct tls_records *r)
{
	return r->out.seq / 2 >= r->tls->worn && tls_records_are_worn(r);
}

/* Of one write, which may have ended a record and begun the next. */
void
tls_records_count(struct tls_records *r, size_t bytes)
{
	r->out.seq += 1 + bytes / TLS_PLAIN_MOST;
}
