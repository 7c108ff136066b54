/*
 * fuzz_h2_server.c - what a client of HTTP/2 may send.
 *
 * Behind the knobs (fuzz_h2.h): what stands behind the preface and its
 * SETTINGS.
 */
#include "fuzz_h2.h"

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

static size_t
begin(struct h2_rig *r, const uint8_t *bytes, size_t n, uint32_t *seed,
    fuzz_h2_head_fn *send_head)
{
	(void)bytes;
	(void)n;
	(void)seed;
	(void)send_head;
	h2_rig_init(r);
	r->limits.head = 300;
	r->limits.streams = 10;
	h2_rig_feed(r, H2_PREFACE.p, H2_PREFACE.n);
	h2_rig_feed(r, "\0\0\0\4\0\0\0\0\0", 9);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct fuzz_h2_role server = { begin, answer };

	return fuzz_h2(&server, bytes, n);
}
