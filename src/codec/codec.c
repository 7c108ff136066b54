/*
 * codec.c - the table of protocols, and what all codecs share.
 *
 * Adding a protocol is its files, its row here, and its tests.
 */
#include "codec/codec.h"

#include "codec/h1.h"
#include "codec/h2.h"

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

size_t
codec_size(void)
{
	size_t server = h1_server_size(), client = h1_client_size();

	return server > client ? server : client;
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
