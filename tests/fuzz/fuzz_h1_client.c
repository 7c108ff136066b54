/*
 * fuzz_h1_client.c - what a server may send.
 *
 * Invariants: the same facts however the bytes are cut, whatever was asked;
 * once the server has left, everything ends; no page or chunk is kept.
 * Another run, with a moody owner and many requests, looks for crashes.
 */
#include "../unit/codec/rig.h"
#include "fuzz.h"

#define KINDS 5

static uint32_t
random_of(struct rig *r)
{
	return fuzz_next(&r->seed);
}

static void
ask(struct rig *r, unsigned kind)
{
	static const char *const methods[KINDS] = { "GET", "HEAD", "CONNECT",
	    "GET", "POST" };
	struct head h;

	head_init(&h, HEAD_REQUEST);
	h.method = slice_of(methods[kind]);
	h.authority = SLICE("a:1");
	h.path = kind == 2 ? SLICE_NONE : SLICE("/");
	if (kind == 3)
		h.protocol = SLICE("websocket");
	stream_send_head(r->stream, &h, kind != 4);
	if (kind == 4)
		rig_send(r, "body", true);
}

static void
run(struct rig *r)
{
	if (r->was_reset || (r->msg_ended && r->room_end)) {
		stream_release(r->stream);
		r->stream = NULL;
		return;
	}
	if (r->codec->tunnel && r->step == 0) {
		r->step = 1;
		r->room_end = false;
		rig_send(r, "up", true);
	}
}

static void
run_moody(struct rig *r)
{
	uint32_t mood = random_of(r) % 24;

	if (mood == 0 || mood == 1) {
		if (mood == 0)
			stream_release(r->stream);
		else
			stream_reset(r->stream, STREAM_CANCEL);
		r->stream = NULL;
	} else if (mood == 2) {
		codec_drain(r->codec);
	} else if (mood == 3) {
		r->room_end = false;
		rig_send(r, "x", random_of(r) & 1);
	} else {
		run(r);
	}
	if (r->stream == NULL && codec_slots(r->codec) > 0) {
		rig_open(r);
		ask(r, random_of(r) % KINDS);
	}
}

static void
play(struct rig *r, const uint8_t *bytes, size_t n, unsigned kind)
{
	r->run = run;
	r->limits.head = 300;
	rig_open(r);
	ask(r, kind);
	rig_pump(r);
	rig_feed(r, (const char *)bytes, n);
	codec_eof(r->codec, 0);
	rig_pump(r);
	must(r->stream == NULL);
	must(r->codec->end != CODEC_OPEN && r->codec->phase == CODEC_IDLE);
	must(r->chunks.nused == 0);
	must(codec_slots(r->codec) == 0 && r->slots_told == 1);
}

static void
play_moody(const uint8_t *bytes, size_t n, uint32_t seed)
{
	struct rig r;

	rig_client(&r);
	r.seed = seed;
	r.random = random_of;
	r.run = run_moody;
	rig_open(&r);
	ask(&r, seed % KINDS);
	rig_pump(&r);
	rig_feed(&r, (const char *)bytes, n);
	codec_eof(r.codec, seed & 2 ? 104 : 0);
	rig_pump(&r);
	rig_fini(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint32_t seed = fuzz_seed(bytes, n);
	struct rig whole, cut;

	if (n > 2048)
		return 0;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		rig_client(&whole);
		play(&whole, bytes, n, kind);
		rig_client(&cut);
		cut.seed = seed;
		cut.random = random_of;
		play(&cut, bytes, n, kind);
		must(strcmp(whole.log, cut.log) == 0);
		must(whole.codec->end == cut.codec->end);
		rig_fini(&whole);
		rig_fini(&cut);
	}
	play_moody(bytes, n, seed);
	return 0;
}
