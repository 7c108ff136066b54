/*
 * fuzz_h2_client.c - what a server of HTTP/2 may send.
 *
 * Behind the knobs (fuzz_h2.h): a byte, the kind of its SETTINGS, and what
 * stands behind them; three requests have been made by then.  Besides: no slot
 * is kept.
 */
#include "fuzz_h2.h"

static void
ask(struct h2_rig *r, unsigned i, uint32_t mood)
{
	struct head h = h2_rig_head(mood & 1 ? "GET" : "HEAD", LENGTH_NONE);
	struct h2_rig_stream *x = &r->streams[i];
	bool end = true;

	if (x->asked)
		return;
	x->asked = true;
	switch (mood % 16) {
	case 0:
		h = h2_rig_head("CONNECT", LENGTH_NONE);
		break;
	case 1:
	case 2:
		h.protocol = SLICE("websocket");
		break;
	case 3:
	case 4:
	case 5:
		h = h2_rig_head("POST", mood & 64 ? 100 : LENGTH_NONE);
		end = false;
		break;
	case 6:			/* what no owner would do */
		h.length = 100;
		break;
	default:
		break;
	}
	/* A tunnel begins where its request has ended. */
	x->tunnels = mood % 16 <= 2;
	x->ended = end;
	stream_send_head(x->s, &h, end);
}

static void
act(struct h2_rig *r, unsigned i, uint32_t mood)
{
	if (r->nstreams < H2_RIG_STREAMS && codec_slots(r->codec) > 0 &&
	    mood % 5 == 0)
		h2_rig_open(r);
	ask(r, i, mood >> 3);
}

static size_t
begin(struct h2_rig *r, const uint8_t *bytes, size_t n, uint32_t *seed,
    fuzz_h2_head_fn *send_head)
{
	static const uint8_t settings[] = "\0\0\6\4\0\0\0\0\0\0\10\0\0\0\1";
	unsigned kind = n > 0 ? bytes[0] % 4 : 0;

	h2_rig_init_client(r);
	r->limits.head = 300;
	r->limits.streams = 10;
	for (unsigned i = 0; i < 3; i++)
		ask(r, h2_rig_open(r), i < 2 ? 7 : fuzz_next(seed));
	if (send_head != NULL)
		fuzz_h2_spin(r, seed, send_head);
	if (kind == 1)
		h2_rig_feed(r, settings, 15);
	else if (kind != 0)
		h2_rig_feed(r, "\0\0\0\4\0\0\0\0\0", 9);
	return n > 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct fuzz_h2_role client = { begin, act };

	return fuzz_h2(&client, bytes, n);
}
