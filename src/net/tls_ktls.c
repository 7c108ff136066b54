/*
 * tls_ktls.c - the kernel seals what is sent (kTLS).
 *
 * Source: Documentation/networking/tls.rst and <linux/tls.h> of Linux.
 *
 * Why only sending: bodies go out, and a socket that was handed over takes
 * plain writes and splice(2).  What comes in is small, and its alerts and key
 * updates would need control messages at every read.
 */
#include <sys/socket.h>

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/tls_ktls.h"
#include "net/tls_record.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

/* A socket without a peer is refused for that reason only when there is one. */
bool
tls_ktls_probe(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has;

	if (fd < 0)
		return false;
	has = setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) == 0 ||
	    errno == ENOTCONN;
	close(fd);
	return has;
}

union info {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 gcm128;
	struct tls12_crypto_info_aes_gcm_256 gcm256;
#ifdef TLS_CIPHER_CHACHA20_POLY1305
	struct tls12_crypto_info_chacha20_poly1305 chacha;
#endif
};

/* The kernel's structures differ in the sizes of their members alone. */
#define FILL(member)                                                          \
	do {                                                                  \
		memcpy((member).key, key, sizeof((member).key));              \
		memcpy((member).salt, iv, sizeof((member).salt));             \
		memcpy((member).iv, iv + 4, sizeof((member).iv));             \
		memcpy((member).rec_seq, rec_seq, sizeof((member).rec_seq));  \
		size = sizeof(member);                                        \
	} while (0)

static socklen_t
fill(union info *u, const struct tls_suite *suite, const uint8_t *key,
    const uint8_t iv[12], uint64_t seq)
{
	uint8_t rec_seq[8];
	socklen_t size = 0;

	for (int i = 0; i < 8; i++)
		rec_seq[i] = (uint8_t)(seq >> (56 - 8 * i));
	u->info.version = TLS_1_3_VERSION;
	if (suite->aead == TLS_AES128_GCM) {
		u->info.cipher_type = TLS_CIPHER_AES_GCM_128;
		FILL(u->gcm128);
	} else if (suite->aead == TLS_AES256_GCM) {
		u->info.cipher_type = TLS_CIPHER_AES_GCM_256;
		FILL(u->gcm256);
	}
#ifdef TLS_CIPHER_CHACHA20_POLY1305
	if (suite->aead == TLS_CHACHA20) {
		u->info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
		memcpy(u->chacha.key, key, sizeof(u->chacha.key));
		memcpy(u->chacha.iv, iv, sizeof(u->chacha.iv));
		memcpy(u->chacha.rec_seq, rec_seq, sizeof(rec_seq));
		size = sizeof(u->chacha);
	}
#endif
	return size;
}

bool
tls_ktls_start(int fd, const struct tls_suite *suite, const uint8_t *key,
    const uint8_t iv[12], uint64_t seq)
{
	union info u;
	socklen_t size;
	bool ok;

	memset(&u, 0, sizeof(u));
	size = fill(&u, suite, key, iv, seq);
	/* Without keys the protocol above TCP passes bytes as they are. */
	ok = suite->is_13 && size > 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) == 0 &&
	    setsockopt(fd, SOL_TLS, TLS_TX, &u, size) == 0;
	OPENSSL_cleanse(&u, sizeof(u));
	return ok;
}

void
tls_ktls_alert(int fd, uint8_t level, uint8_t alert)
{
	uint8_t body[2] = { level, alert };
	struct iovec v = { body, sizeof(body) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(uint8_t))];
	} control;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *h;

	memset(&control, 0, sizeof(control));
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_TLS;
	h->cmsg_type = TLS_SET_RECORD_TYPE;
	h->cmsg_len = CMSG_LEN(sizeof(uint8_t));
	*CMSG_DATA(h) = 21;
	(void)!sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}
