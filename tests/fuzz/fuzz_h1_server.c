/*
 * fuzz_h1_server.c - what a client may send.
 *
 * Invariants: the same facts and the same answers however the bytes are cut
 * on their way in and out; once the client has left, everything ends; no page
 * or chunk is kept.  A third run, with a moody owner, looks for crashes.
 */
#include "../unit/codec/rig.h"
#include "fuzz.h"

static uint32_t
random_of(struct rig *r)
{
	return fuzz_next(&r->seed);
}

static bool
is_tunnel(const struct rig *r)
{
	return r->head != NULL && (r->head->protocol.n > 0 ||
	    head_is_method(r->head, "CONNECT"));
}

/* A different answer for each request of a connection. */
static void
answer(struct rig *r)
{
	if (is_tunnel(r)) {
		r->msg_ended = false;
		rig_respond(r, r->head->protocol.n > 0 ? 101 : 200,
		    LENGTH_NONE, false, NULL);
		return;
	}
	switch (r->codec->requests % 6) {
	case 0:
		rig_respond(r, 204, LENGTH_NONE, true, NULL);
		break;
	case 1:
		rig_respond(r, 200, 2, false, "A: b", NULL);
		rig_send(r, "hi", true);
		break;
	case 2:
		rig_respond(r, 103, LENGTH_NONE, false, "Link: x", NULL);
		rig_respond(r, 200, LENGTH_NONE, false, NULL);
		rig_send(r, "chunk", false);
		rig_send(r, "", true);
		break;
	case 3:
		rig_respond(r, 304, 7, true, NULL);
		break;
	case 4:
		rig_respond(r, 200, LENGTH_NONE, false, NULL);
		rig_send(r, "", true);
		break;
	default:
		rig_respond(r, 200, LENGTH_NONE, true, NULL);
	}
}

static void
run(struct rig *r)
{
	if (r->room_end || (r->was_reset && !r->refused)) {
		stream_release(r->stream);
		r->stream = NULL;
	} else if (r->refused && r->step == 0) {
		r->step = 1;
		if (r->codec->tunnel)
			return;
		rig_respond(r, 400, 3, false, NULL);
		rig_send(r, "bad", true);
	} else if (r->msg_ended && r->step == 0) {
		r->step = 1;
		answer(r);
	} else if (r->step == 1 && r->codec->tunnel && r->msg_ended) {
		r->step = 2;
		rig_send(r, "bye", true);
	}
}

/* Answers at any time, lets go at any time. */
static void
run_moody(struct rig *r)
{
	uint32_t mood = random_of(r) % 16;

	if (mood == 0) {
		stream_release(r->stream);
		r->stream = NULL;
	} else if (mood == 1) {
		stream_reset(r->stream, STREAM_CANCEL);
		r->stream = NULL;
	} else if (mood < 4 && r->step == 0) {
		r->step = 1;
		answer(r);
	} else if (mood == 4) {
		codec_drain(r->codec);
	} else if (mood < 8) {
		rig_send(r, "x", mood == 7);
	} else {
		run(r);
	}
}

static void
play(struct rig *r, const uint8_t *bytes, size_t n)
{
	r->limits.pipeline = UINT32_MAX;
	r->limits.head = 300;
	rig_feed(r, (const char *)bytes, n);
	codec_eof(r->codec, 0);
	rig_pump(r);
	must(r->stream == NULL);
	must(r->codec->end != CODEC_OPEN && r->codec->phase == CODEC_IDLE);
	must(r->chunks.nused == 0);
}

static void
play_moody(const uint8_t *bytes, size_t n, uint32_t seed)
{
	struct rig r;

	rig_server(&r);
	r.seed = seed;
	r.random = random_of;
	r.run = run_moody;
	rig_feed(&r, (const char *)bytes, n);
	codec_eof(r.codec, seed & 2 ? 104 : 0);
	rig_pump(&r);
	rig_fini(&r);
}

/* Which of the two depends on what had come behind the last request by then. */
static bool
is_gentle(const struct rig *r)
{
	return r->codec->end == CODEC_CLOSE || r->codec->end == CODEC_LINGER;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct rig whole, cut;

	if (n > 2048)
		return 0;
	rig_server(&whole);
	whole.run = run;
	play(&whole, bytes, n);
	rig_server(&cut);
	cut.run = run;
	cut.seed = fuzz_seed(bytes, n);
	cut.random = random_of;
	play(&cut, bytes, n);
	must(strcmp(whole.log, cut.log) == 0);
	must(whole.nout == cut.nout);
	must(memcmp(whole.out, cut.out, cut.nout) == 0);
	must(whole.codec->end == cut.codec->end ||
	    (is_gentle(&whole) && is_gentle(&cut)));
	play_moody(bytes, n, cut.seed);
	rig_fini(&whole);
	rig_fini(&cut);
	return 0;
}
