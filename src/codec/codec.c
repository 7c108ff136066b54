/*
 * codec.c - the table of protocols, and what all codecs share.
 *
 * Adding a protocol is its files, its row here, and its tests.
 */
#include "codec/codec.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "codec/h1.h"
#include "codec/h2.h"

#define KEEP 1024	/* objects of each kind */

/* The last is what is spoken where nothing was agreed on. */
static const struct codec_row rows[] = {
	{ "h2", HTTP_2, h2_server_new, h2_client_new, true },
	{ "http/1.1", HTTP_1_1, h1_server_new, h1_client_new, false },
};

const struct codec_row *
codec_find(struct slice alpn)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_eq(slice_of(rows[i].alpn), alpn))
			return &rows[i];
	return NULL;
}

const struct codec_row *
codec_of(enum http_proto proto)
{
	const struct codec_row *row = rows;

	while (row->proto != proto && row->proto != HTTP_1_1)
		row++;
	return row;
}

size_t
codec_names(const char *names[CODEC_ROWS], enum http_proto from,
    enum http_proto to)
{
	size_t n = 0;

	_Static_assert(sizeof(rows) / sizeof(rows[0]) <= CODEC_ROWS, "room");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].proto >= from && rows[i].proto <= to)
			names[n++] = rows[i].alpn;
	return n;
}

static struct slab *
slab_new(size_t size, unsigned keep)
{
	struct slab *s = mem_new(sizeof(*s));

	slab_init(s, size, keep);
	return s;
}

static void
slab_free(struct slab **s)
{
	slab_fini(*s);
	free(*s);
	*s = NULL;
}

void
codec_shared_init(struct codec_shared *s, struct slab *pages,
    struct slab *chunks, const struct clock *clock)
{
	size_t server = h1_server_size(), client = h1_client_size();

	*s = (struct codec_shared){ .pages = pages, .chunks = chunks,
	    .clock = clock };
	s->codecs = slab_new(server > client ? server : client, KEEP);
	s->streams = slab_new(h2_stream_size(), KEEP);
	s->h2 = h2_settings_new();
	s->rng = mem_new(sizeof(*s->rng));
	rng_init_random(s->rng);
}

void
codec_shared_fini(struct codec_shared *s)
{
	slab_free(&s->codecs);
	slab_free(&s->streams);
	h2_settings_free(&s->h2);
	free(s->rng);
	s->rng = NULL;
}

void
codec_free(struct codec **c)
{
	if (*c == NULL)
		return;
	(*c)->ops->free(*c);
	*c = NULL;
}

const char *
stream_error_name(enum stream_error e)
{
	switch (e) {
	case STREAM_OK: return "ok";
	case STREAM_REFUSED: return "refused";
	case STREAM_STALE: return "stale";
	case STREAM_CANCEL: return "cancel";
	case STREAM_PROTOCOL: return "protocol";
	case STREAM_TIMEOUT: return "timeout";
	}
	return "unknown";
}
