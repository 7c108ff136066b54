#pragma once

/*
 * What the fuzzers of HTTP/2 share: the owner of the streams, who is moody. It
 * sends, takes and lets go at any time.
 */
#include "../unit/codec/h2_client_rig.h"
#include "fuzz.h"

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

static inline void
fuzz_h2_spin(struct h2_rig *r, uint32_t *seed, fuzz_h2_head_fn *send_head)
{
	struct codec_rest rest;
	struct iovec v[1];

	for (unsigned i = 0; i < r->nstreams && i < H2_RIG_STREAMS; i++)
		fuzz_h2_act(r, i, fuzz_next(seed), send_head);
	if (r->resume) {
		r->resume = false;
		codec_recv(r->codec, &r->in);
	}
	if (fuzz_next(seed) % 2 == 0 &&
	    codec_send(r->codec, v, 1, &rest) > 0)
		codec_sent(r->codec, 1 + fuzz_next(seed) % v[0].iov_len);
	if (fuzz_next(seed) % 64 == 0)
		codec_drain(r->codec);
	if (fuzz_next(seed) % 256 == 0)
		codec_expire(r->codec);
	if (fuzz_next(seed) % 4 == 0)
		codec_rest(r->codec);
	r->clock.now += MSEC(fuzz_next(seed) % 64);
}

/* Feeds it all in pieces. */
static inline void
fuzz_h2_feed(struct h2_rig *r, const uint8_t *bytes, size_t n,
    uint32_t *seed, fuzz_h2_head_fn *send_head)
{
	size_t k;

	while (n > 0 && r->codec->end == CODEC_OPEN) {
		k = 1 + fuzz_next(seed) % 64;
		k = k < n ? k : n;
		h2_rig_feed(r, bytes, k);
		bytes += k;
		n -= k;
		fuzz_h2_spin(r, seed, send_head);
	}
	for (int i = 0; i < 4; i++)
		fuzz_h2_spin(r, seed, send_head);
}

/* The peer leaves, and everything ends. */
static inline void
fuzz_h2_leave(struct h2_rig *r, uint32_t seed)
{
	codec_eof(r->codec, seed % 2 == 0 ? 0 : 104);
	for (unsigned i = 0; i < H2_RIG_STREAMS; i++)
		if (r->streams[i].s != NULL)
			fuzz_h2_let_go(&r->streams[i], false);
	codec_recv(r->codec, &r->in);
	for (unsigned i = 0; i < H2_RIG_STREAMS; i++)
		if (r->streams[i].s != NULL)
			fuzz_h2_let_go(&r->streams[i], false);
	must(r->codec->end != CODEC_OPEN && r->codec->phase == CODEC_IDLE);
}
