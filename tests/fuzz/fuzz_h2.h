#pragma once

/*
 * What the fuzzers of HTTP/2 share.  An input begins with its knobs:
 *
 *	how | seed (4 bytes, big endian) | what the peer sends
 *
 * Its owner of the streams is moody, and sends, takes and lets go at any time,
 * as the seed has it.  From how: the pieces that come at once, of which each
 * may be more than one share of work (h2_watch.h), so that it takes ticks; and
 * whether an idle connection's memory is packed (base/trunk.h).
 *
 * Invariants: once the peer has left everything ends, and nothing is kept.
 * Packing changes nothing.  A calm owner, who takes all and says nothing, is
 * told the same however the bytes are cut.
 */
#include "../unit/codec/h2_client_rig.h"
#include "fuzz.h"

#define FUZZ_H2_KNOBS 5u
#define FUZZ_H2_MOST (128u * 1024)
#define FUZZ_H2_SCALES 4u

enum {
	FUZZ_H2_SCALE = 3,	/* of pieces: up to 64, 2 KB, 32 KB, or any */
	FUZZ_H2_PACKS = 4,
	FUZZ_H2_CALM = 8,
};

/* A head, of a kind by the mood; where it ends the message, x->ended. */
typedef void fuzz_h2_head_fn(struct h2_rig *r, unsigned i, uint32_t mood);

static inline void
fuzz_h2_let_go(struct h2_rig_stream *x, bool reset)
{
	struct stream *s = x->s;

	x->s = NULL;
	if (reset)
		stream_reset(s, STREAM_CANCEL);
	else
		stream_release(s);
}

static inline void
fuzz_h2_act(struct h2_rig *r, unsigned i, uint32_t mood,
    fuzz_h2_head_fn *send_head)
{
	static char body[40000];
	struct h2_rig_stream *x = &r->streams[i];
	struct field f = { SLICE("X-A"), SLICE("b"), FIELD_OTHER };
	size_t n;

	if (x->s == NULL)
		return;
	if (x->reset && x->status == 0) {
		fuzz_h2_let_go(x, false);
		return;
	}
	if (x->ended && mood % 8 >= 3 && mood % 8 <= 5)
		return;
	switch (mood % 8) {
	case 0:
		fuzz_h2_let_go(x, (mood & 64) != 0);
		break;
	case 1:
	case 2:
		send_head(r, i, mood >> 4);
		break;
	case 3:
		h2_rig_send(r, i, body, (mood >> 4) % sizeof(body), false);
		break;
	case 4:
		h2_rig_send(r, i, NULL, 0, true);
		x->ended = true;
		break;
	case 5:
		stream_send_trailers(x->s, &f, 1);
		x->ended = true;
		break;
	default:
		n = x->lent.n;
		if (n > 1 && (mood & 64) != 0)
			n /= 2;
		x->lent.n -= n;
		stream_consumed(x->s, n);
	}
}

/* The codec wants to be called: in the next tick, or in one in which it had
 * its share. */
static inline void
fuzz_h2_resume(struct h2_rig *r, bool next)
{
	struct buf none = { NULL, 0, 0, 0 };
	bool sated = r->codec->sated;

	r->resume = false;
	codec_recv(r->codec, sated && !next ? &none : &r->in);
	if (sated && !next)
		r->codec->sated = true;
}

static inline void
fuzz_h2_write(struct h2_rig *r, uint32_t *seed)
{
	struct codec_rest rest;
	struct iovec v[1];
	const char *p;
	size_t n;

	if (codec_send(r->codec, v, 1, &rest) == 0)
		return;
	n = 1 + fuzz_next(seed) % v[0].iov_len;
	p = v[0].iov_base;
	for (size_t i = 0; i < n; i++)
		r->sum = r->sum * 31 + (uint8_t)p[i];
	codec_sent(r->codec, n);
}

static inline void
fuzz_h2_spin(struct h2_rig *r, uint32_t *seed, fuzz_h2_head_fn *send_head)
{
	for (unsigned i = 0; i < r->nstreams && i < H2_RIG_STREAMS; i++)
		fuzz_h2_act(r, i, fuzz_next(seed), send_head);
	if (r->resume)
		fuzz_h2_resume(r, (*seed & 1) != 0);
	if (fuzz_next(seed) % 2 == 0)
		fuzz_h2_write(r, seed);
	if (fuzz_next(seed) % 64 == 0)
		codec_drain(r->codec);
	if (fuzz_next(seed) % 256 == 0 && r->codec->ops->expire != NULL)
		codec_expire(r->codec);
	if (fuzz_next(seed) % 4 == 0)
		codec_rest(r->codec);
	r->clock.now += MSEC(fuzz_next(seed) % 64);
}

static inline size_t
fuzz_h2_piece(unsigned how, uint32_t *seed, size_t n)
{
	static const size_t most[FUZZ_H2_SCALES] = { 64, 2048, BUF_PAGE, 1 };
	unsigned scale = how & FUZZ_H2_SCALE;
	size_t k = most[scale];

	if (scale == FUZZ_H2_SCALES - 1)
		k = most[scale] << fuzz_next(seed) % 16;
	k = 1 + fuzz_next(seed) % k;
	return k < n ? k : n;
}

/* Feeds a piece, a share a tick; send_head NULL: for a calm owner. */
static inline void
fuzz_h2_tell(struct h2_rig *r, const uint8_t *bytes, size_t n, uint32_t *seed,
    fuzz_h2_head_fn *send_head)
{
	size_t had;

	r->in.pos = r->in.end = 0;
	buf_reserve(&r->in, &r->pages, BUF_PAGE);
	buf_add(&r->in, bytes, n);
	do {
		had = buf_len(&r->in);
		codec_recv(r->codec, &r->in);
		must(had == 0 || buf_len(&r->in) < had);
		if (send_head != NULL)
			fuzz_h2_spin(r, seed, send_head);
		while (send_head == NULL &&
		    (h2_rig_consume(r) || r->resume))
			fuzz_h2_resume(r, false);
	} while (r->codec->sated);
	must(buf_len(&r->in) == 0);
	buf_release(&r->in, &r->pages);
}

/* Feeds it all in pieces. */
static inline void
fuzz_h2_feed(struct h2_rig *r, const uint8_t *bytes, size_t n, unsigned how,
    uint32_t *seed, fuzz_h2_head_fn *send_head)
{
	size_t k;

	while (n > 0 && r->codec->end == CODEC_OPEN) {
		k = fuzz_h2_piece(how, seed, n);
		fuzz_h2_tell(r, bytes, k, seed, send_head);
		bytes += k;
		n -= k;
	}
	for (int i = 0; i < 4 && send_head != NULL; i++)
		fuzz_h2_spin(r, seed, send_head);
}

static inline void
fuzz_h2_let_all_go(struct h2_rig *r)
{
	for (unsigned i = 0; i < H2_RIG_STREAMS; i++)
		if (r->streams[i].s != NULL)
			fuzz_h2_let_go(&r->streams[i], false);
}

/* The peer leaves, and everything ends. */
static inline void
fuzz_h2_leave(struct h2_rig *r, uint32_t seed)
{
	codec_eof(r->codec, seed % 2 == 0 ? 0 : 104);
	fuzz_h2_let_all_go(r);
	codec_recv(r->codec, &r->in);
	fuzz_h2_let_all_go(r);
	must(r->codec->end != CODEC_OPEN && r->codec->phase == CODEC_IDLE);
	must(r->codec->ops->open == NULL || codec_slots(r->codec) == 0);
}

/* A role: begins with what is not of the input, and gives how much of that it
 * has used; send_head NULL: for a calm owner. */
struct fuzz_h2_role {
	size_t (*begin)(struct h2_rig *r, const uint8_t *bytes, size_t n,
	    uint32_t *seed, fuzz_h2_head_fn *send_head);
	fuzz_h2_head_fn *send_head;
};

static inline struct h2_rig *
fuzz_h2_rig(bool packs)
{
	struct h2_rig *r = calloc(1, sizeof(*r));

	must(r != NULL);
	r->packs = packs;
	r->sums = true;
	return r;
}

static inline void
fuzz_h2_rig_free(struct h2_rig *r)
{
	h2_rig_fini(r);
	free(r);
}

/* Gives the sum of all that was told and written. */
static inline uint32_t
fuzz_h2_moody(const struct fuzz_h2_role *role, const uint8_t *bytes, size_t n,
    unsigned how, uint32_t seed)
{
	struct h2_rig *r = fuzz_h2_rig((how & FUZZ_H2_PACKS) != 0);
	fuzz_h2_head_fn *send_head = role->send_head;
	size_t used = role->begin(r, bytes, n, &seed, send_head);
	uint32_t sum;

	fuzz_h2_feed(r, bytes + used, n - used, how, &seed, send_head);
	fuzz_h2_leave(r, seed);
	sum = r->sum;
	fuzz_h2_rig_free(r);
	return sum;
}

static inline struct h2_rig *
fuzz_h2_calm(const struct fuzz_h2_role *role, const uint8_t *bytes, size_t n,
    unsigned how, uint32_t seed)
{
	struct h2_rig *r = fuzz_h2_rig((how & FUZZ_H2_PACKS) != 0);
	size_t used = role->begin(r, bytes, n, &seed, NULL);

	fuzz_h2_feed(r, bytes + used, n - used, how, &seed, NULL);
	return r;
}

/* The next stream of which all that came was told, from i. */
static inline unsigned
fuzz_h2_next_told(const struct h2_rig *r, unsigned i)
{
	while (i < H2_RIG_STREAMS && (r->streams[i].s == NULL ||
	    r->streams[i].reset))
		i++;
	return i;
}

/* What is reset may have been told in part, or not at all. */
static inline void
fuzz_h2_compare(const struct h2_rig *a, const struct h2_rig *b)
{
	unsigned i = 0, k = 0;

	if (a->codec->end != CODEC_OPEN || b->codec->end != CODEC_OPEN)
		return;
	for (;;) {
		const struct h2_rig_stream *x, *y;

		i = fuzz_h2_next_told(a, i);
		k = fuzz_h2_next_told(b, k);
		must((i == H2_RIG_STREAMS) == (k == H2_RIG_STREAMS));
		if (i == H2_RIG_STREAMS)
			break;
		x = &a->streams[i++];
		y = &b->streams[k++];
		must(x->body == y->body && x->sum == y->sum);
		must(x->end == y->end);
		must((x->head == NULL) == (y->head == NULL));
		must(x->head == NULL ||
		    (x->head->nfields == y->head->nfields &&
		    x->head->length == y->head->length &&
		    slice_eq(x->head->path, y->head->path)));
	}
}

static inline void
fuzz_h2_write_all(struct h2_rig *r)
{
	struct codec_rest rest;
	struct iovec v[1];

	while (codec_send(r->codec, v, 1, &rest) > 0)
		codec_sent(r->codec, v[0].iov_len);
}

/* All that waits leaves, and with it what it says of the connection; one that
 * the peer leaves is over when nothing is at work. */
static inline bool
fuzz_h2_is_over(struct h2_rig *r)
{
	fuzz_h2_write_all(r);
	fuzz_h2_let_all_go(r);
	fuzz_h2_resume(r, true);
	fuzz_h2_write_all(r);
	return r->codec->end != CODEC_OPEN;
}

static inline int
fuzz_h2(const struct fuzz_h2_role *role, const uint8_t *bytes, size_t n)
{
	struct h2_rig *a, *b;
	uint32_t seed, sum;
	unsigned how;

	if (n < FUZZ_H2_KNOBS || n > FUZZ_H2_MOST)
		return 0;
	how = bytes[0];
	seed = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 |
	    (uint32_t)bytes[3] << 8 | bytes[4];
	seed |= seed == 0;	/* of which nothing else would come */
	bytes += FUZZ_H2_KNOBS;
	n -= FUZZ_H2_KNOBS;
	sum = fuzz_h2_moody(role, bytes, n, how & ~FUZZ_H2_PACKS, seed);
	if ((how & FUZZ_H2_PACKS) != 0)
		must(fuzz_h2_moody(role, bytes, n, how, seed) == sum);
	if ((how & FUZZ_H2_CALM) == 0)
		return 0;
	a = fuzz_h2_calm(role, bytes, n, how, seed);
	b = fuzz_h2_calm(role, bytes, n, 0, seed);
	fuzz_h2_compare(a, b);
	must(fuzz_h2_is_over(a) == fuzz_h2_is_over(b));
	fuzz_h2_leave(a, seed);
	fuzz_h2_leave(b, seed);
	fuzz_h2_rig_free(a);
	fuzz_h2_rig_free(b);
	return 0;
}
