/*
 * fuzz_h2_server.c - what a client of HTTP/2 may send.
 *
 * The input is what stands behind the preface.  Invariants: however the bytes
 * are cut, once the client has left everything ends, and no page or chunk is
 * kept.  The owner of the streams is moody: it answers, sends, takes and lets
 * go at any time.
 */
#include "../unit/codec/h2_rig.h"
#include "fuzz.h"

static char body[40000];

static void
let_go(struct h2_rig_stream *x, bool reset)
{
	struct stream *s = x->s;

	x->s = NULL;
	if (reset)
		stream_reset(s, STREAM_CANCEL);
	else
		stream_release(s);
}

static void
answer(struct h2_rig *r, unsigned i, uint32_t mood)
{
	static const struct {
		unsigned status;
		int64_t length;
		bool end;
	} answers[] = {
		{ 103, LENGTH_NONE, false }, { 200, 100, false },
		{ 200, LENGTH_NONE, false }, { 204, LENGTH_NONE, true },
		{ 101, LENGTH_NONE, false }, { 304, 5, true },
		{ 200, 0, true }, { 400, LENGTH_NONE, false },
	};
	unsigned k = mood % 8;

	r->streams[i].ended = r->streams[i].ended || answers[k].end;
	h2_rig_respond(r, i, answers[k].status, answers[k].length,
	    answers[k].end);
}

static void
act(struct h2_rig *r, unsigned i, uint32_t mood)
{
	struct h2_rig_stream *x = &r->streams[i];
	struct field f = { SLICE("X-A"), SLICE("b"), FIELD_OTHER };
	size_t n;

	if (x->s == NULL)
		return;
	if (x->reset && x->status == 0) {
		let_go(x, false);
		return;
	}
	if (x->ended && mood % 8 >= 3 && mood % 8 <= 5)
		return;
	switch (mood % 8) {
	case 0:
		let_go(x, (mood & 64) != 0);
		break;
	case 1:
	case 2:
		answer(r, i, mood >> 4);
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

static void
spin(struct h2_rig *r, uint32_t *seed)
{
	struct codec_rest rest;
	struct iovec v[1];

	for (unsigned i = 0; i < r->nstreams && i < H2_RIG_STREAMS; i++)
		act(r, i, fuzz_next(seed));
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
	r->clock.now += MSEC(fuzz_next(seed) % 64);
}

static void
leave(struct h2_rig *r, uint32_t seed)
{
	codec_eof(r->codec, seed % 2 == 0 ? 0 : 104);
	for (unsigned i = 0; i < H2_RIG_STREAMS; i++)
		if (r->streams[i].s != NULL)
			let_go(&r->streams[i], false);
	codec_recv(r->codec, &r->in);
	for (unsigned i = 0; i < H2_RIG_STREAMS; i++)
		if (r->streams[i].s != NULL)
			let_go(&r->streams[i], false);
	must(r->codec->end != CODEC_OPEN && r->codec->phase == CODEC_IDLE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint32_t seed = fuzz_seed(bytes, n);
	struct h2_rig *r;
	size_t k;

	if (n > 4096)
		return 0;
	r = calloc(1, sizeof(*r));
	must(r != NULL);
	h2_rig_init(r);
	r->limits.head = 300;
	r->limits.streams = 10;
	h2_rig_feed(r, H2_PREFACE.p, H2_PREFACE.n);
	h2_rig_feed(r, "\0\0\0\4\0\0\0\0\0", 9);
	while (n > 0 && r->codec->end == CODEC_OPEN) {
		k = 1 + fuzz_next(&seed) % 64;
		k = k < n ? k : n;
		h2_rig_feed(r, bytes, k);
		bytes += k;
		n -= k;
		spin(r, &seed);
	}
	for (int i = 0; i < 4; i++)
		spin(r, &seed);
	leave(r, seed);
	h2_rig_fini(r);
	free(r);
	return 0;
}
