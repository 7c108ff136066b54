/*
 * h2_words.c - errors of HTTP/2 in words, for the log (RFC 9113 7).
 */
#include "codec/h2_words.h"

#include <nghttp2/nghttp2.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define SAYING 80	/* bytes of a server's text that are worth a line */

/* In the order of their codes, from 0. */
#define ERRORS(X)                                                             \
	X(NO_ERROR) X(PROTOCOL_ERROR) X(INTERNAL_ERROR)                       \
	X(FLOW_CONTROL_ERROR) X(SETTINGS_TIMEOUT) X(STREAM_CLOSED)            \
	X(FRAME_SIZE_ERROR) X(REFUSED_STREAM) X(CANCEL) X(COMPRESSION_ERROR)  \
	X(CONNECT_ERROR) X(ENHANCE_YOUR_CALM) X(INADEQUATE_SECURITY)          \
	X(HTTP_1_1_REQUIRED)

const char *
h2_words_fault(uint32_t code)
{
	switch (code) {
	case NGHTTP2_FLOW_CONTROL_ERROR:
		return "more DATA than a window allows, or a window too large";
	case NGHTTP2_FRAME_SIZE_ERROR:
		return "a frame of a wrong size";
	case NGHTTP2_COMPRESSION_ERROR:
		return "a field section that cannot be decompressed";
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return "too much of frames that are costly";
	default:
		return "a frame that breaks the rules of HTTP/2";
	}
}

const char *
h2_words_goaway(uint32_t code)
{
#define X(name) "it sent GOAWAY with " #name,
	static const char *const words[] = { ERRORS(X) };
#undef X
	if (code == NGHTTP2_NO_ERROR)
		return NULL;
	return code < sizeof(words) / sizeof(words[0]) ? words[code] :
	    "it sent GOAWAY with an unknown error";
}

static char *
join(const char *why, const char *between, struct slice text,
    const char *behind)
{
	char shown[SAYING + 1], *said;
	size_t n = text.n < SAYING ? text.n : SAYING, size;

	for (size_t i = 0; i < n; i++)
		shown[i] = text.p[i] >= ' ' && text.p[i] < 0x7f ? text.p[i] :
		    '.';
	shown[n] = '\0';
	size = strlen(why) + strlen(between) + n + strlen(behind) + 1;
	said = mem_new(size);
	(void)snprintf(said, size, "%s%s%s%s", why, between, shown, behind);
	return said;
}

char *
h2_words_saying(const char *why, struct slice text)
{
	return join(why, ", saying \"", text, "\"");
}

char *
h2_words_detail(const char *why, struct slice text)
{
	return join(why, " (", text, ")");
}

const char *
h2_words_reset(uint32_t code)
{
#define X(name) "it reset the stream with " #name,
	static const char *const words[] = { ERRORS(X) };
#undef X
	return code < sizeof(words) / sizeof(words[0]) ? words[code] :
	    "it reset the stream with an unknown error";
}

const char *
h2_words_broken(uint32_t code)
{
	switch (code) {
	case NGHTTP2_FLOW_CONTROL_ERROR:
		return "it broke the rules of windows";
	case NGHTTP2_PROTOCOL_ERROR:
		return "it broke the rules of streams";
	default:
		return NULL;
	}
}
