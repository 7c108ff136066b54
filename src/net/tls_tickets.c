/*
 * tls_tickets.c - the keys that seal session tickets.
 *
 *	seal:  the newest; a new one is made when it is older than the period
 *	open:  any that stands; a ticket of an older one is renewed
 *
 * Why:       a ticket is as secret as its key, so keys go: after period and
 *            lifetime nobody, not even we, can open what was recorded.
 * Owns:      the keys; wiped when they go.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/tls_cert.h"
#include "net/tls_tickets.h"

#define KEYS_MOST 16u
#define LONG 80u
#define SHORT 48u
#define SHORTS_MOST 4u

struct key {
	uint8_t name[16], mac[32], aes[32];
	bool is_short;		/* AES-128, and half a mac key */
	int64_t born;
};

struct tls_tickets {
	const struct clock *clock;
	int64_t period, lifetime;
	struct key keys[KEYS_MOST];	/* first the one that seals */
	size_t n;
	bool is_file;
};

struct tls_tickets *
tls_tickets_new(const struct clock *clock)
{
	struct tls_tickets *t = mem_new(sizeof(*t));

	t->clock = clock;
	tls_tickets_set(t, TLS_TICKET_PERIOD, TLS_TICKET_LIFETIME);
	return t;
}

void
tls_tickets_free(struct tls_tickets **tp)
{
	struct tls_tickets *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

/* All that may still open a ticket must find a place. */
void
tls_tickets_set(struct tls_tickets *t, int64_t period, int64_t lifetime)
{
	int64_t least = lifetime / (int64_t)(KEYS_MOST - 2) + 1;

	t->period = period > least ? period : least;
	t->lifetime = lifetime;
}

int64_t
tls_tickets_lifetime(const struct tls_tickets *t)
{
	return t->lifetime;
}

/* --- own keys */

static bool
is_over(const struct tls_tickets *t, const struct key *k)
{
	return !t->is_file &&
	    t->clock->now - k->born > t->period + t->lifetime;
}

static void
drop_old(struct tls_tickets *t)
{
	while (t->n > 0 && (t->n == KEYS_MOST ||
	    is_over(t, &t->keys[t->n - 1])))
		OPENSSL_cleanse(&t->keys[--t->n], sizeof(struct key));
}

static bool
rotate(struct tls_tickets *t)
{
	struct key k = { .born = t->clock->now };

	if (RAND_bytes(k.name, sizeof(k.name)) != 1 ||
	    RAND_priv_bytes(k.mac, sizeof(k.mac)) != 1 ||
	    RAND_priv_bytes(k.aes, sizeof(k.aes)) != 1)
		return false;
	drop_old(t);
	memmove(t->keys + 1, t->keys, t->n * sizeof(k));
	t->keys[0] = k;
	t->n++;
	OPENSSL_cleanse(&k, sizeof(k));
	return true;
}

/* The key that seals; NULL: no randomness. */
static const struct key *
newest(struct tls_tickets *t)
{
	if (!t->is_file && (t->n == 0 ||
	    t->clock->now - t->keys[0].born >= t->period) && !rotate(t))
		return NULL;
	return &t->keys[0];
}

static const struct key *
find(const struct tls_tickets *t, const unsigned char name[16])
{
	for (size_t i = 0; i < t->n; i++)
		if (memcmp(t->keys[i].name, name, 16) == 0)
			return is_over(t, &t->keys[i]) ? NULL : &t->keys[i];
	return NULL;
}

/* --- keys of a file */

static void
parse_key(struct key *k, const char *p, bool is_short)
{
	memset(k, 0, sizeof(*k));
	k->is_short = is_short;
	memcpy(k->name, p, 16);
	if (is_short) {
		memcpy(k->aes, p + 16, 16);
		memcpy(k->mac, p + 32, 16);
	} else {
		memcpy(k->mac, p + 16, 32);
		memcpy(k->aes, p + 48, 32);
	}
}

static bool
parse(struct tls_tickets *t, struct slice s)
{
	bool is_short = s.n % LONG != 0;
	size_t size = is_short ? SHORT : LONG;

	if (s.n == 0 || s.n % size != 0 ||
	    s.n / size > (is_short ? SHORTS_MOST : KEYS_MOST))
		return false;
	OPENSSL_cleanse(t->keys, sizeof(t->keys));
	t->n = s.n / size;
	for (size_t i = 0; i < t->n; i++)
		parse_key(&t->keys[i], s.p + i * size, is_short);
	t->is_file = true;
	return true;
}

bool
tls_tickets_load(struct tls_tickets *t, const char *path, struct text *errors,
    struct text *warnings)
{
	struct text bytes;
	bool ok;

	if (path == NULL) {
		if (t->is_file) {
			OPENSSL_cleanse(t->keys, sizeof(t->keys));
			t->n = 0;
		}
		t->is_file = false;
		return true;
	}
	text_init(&bytes);
	ok = tls_file_read(path, true, &bytes, errors, warnings);
	if (ok && !parse(t, text_slice(&bytes))) {
		text_add(errors, "%s: it must hold keys of 80 bytes (at most "
		    "16), or of 48 bytes (at most 4)\n", path);
		ok = false;
	}
	tls_text_wipe(&bytes);
	return ok;
}

/* --- what OpenSSL asks for */

static bool
key_ciphers(struct tls *tls, const struct key *k, const unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool seal)
{
	OSSL_PARAM params[3] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
		    (void *)(uintptr_t)k->mac, k->is_short ? 16 : 32),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		    (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_CIPHER_CTX_reset(cipher) == 1 &&
	    EVP_CipherInit_ex(cipher, k->is_short ? tls->cbc128 : tls->cbc256,
	    NULL, k->aes, iv, seal) == 1 &&
	    EVP_MAC_CTX_set_params(mac, params) == 1;
}

int
tls_tickets_seal(struct tls_tickets *t, struct tls *tls, unsigned char name[16],
    unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct key *k = newest(t);

	if (k == NULL || RAND_bytes(iv, 16) != 1)
		return -1;
	memcpy(name, k->name, 16);
	return key_ciphers(tls, k, iv, cipher, mac, true) ? 1 : -1;
}

int
tls_tickets_open(struct tls_tickets *t, struct tls *tls,
    const unsigned char name[16], const unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct key *now = newest(t), *k = find(t, name);

	if (k == NULL)
		return 0;
	if (!key_ciphers(tls, k, iv, cipher, mac, false))
		return -1;
	return k == now ? 1 : 2;
}
