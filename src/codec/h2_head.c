/*
 * h2_head.c - heads as the library wants them: names and values (RFC 9113 8.3).
 *
 * Names are made lower here, so that the library need not copy them.
 *
 * Not here:  what is read (h2_block.c).
 */
#include "base/must.h"
#include "base/number.h"
#include "codec/h2_side.h"

/* Framing and fields of a connection are never the sender's. */
static bool
is_made(const struct field *f)
{
	return (f->id >= FIELD_CONNECTION && f->id <= FIELD_CONTENT_LENGTH) ||
	    f->id == FIELD_HTTP2_SETTINGS;
}

static nghttp2_nv
make_nv(struct slice name, struct slice value, bool apart)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.p,
		.value = (uint8_t *)(uintptr_t)value.p,
		.namelen = name.n,
		.valuelen = value.n,
		.flags = apart ? NGHTTP2_NV_FLAG_NO_INDEX :
		    NGHTTP2_NV_FLAG_NONE,
	};
}

/*
 * Secrets stay out of the table of fields sent before (RFC 7541 7.1.3); and so
 * do values that are never the same, which would only fill it.
 */
static bool
is_apart(const struct field *f)
{
	return f->id == FIELD_SET_COOKIE || f->id == FIELD_X_REQUEST_ID ||
	    f->id == FIELD_TRACEPARENT;
}

static size_t
make_length(nghttp2_nv *nv, struct arena *a, const struct head *h)
{
	char digits[NUMBER_TEXT];
	struct slice n = number_print((uint64_t)h->length, digits);

	*nv = make_nv(SLICE("content-length"), arena_copy(a, n), false);
	return 1;
}

nghttp2_nv *
h2_head_response(struct arena *a, const struct head *h, bool length,
    size_t *count)
{
	nghttp2_nv *nv = arena_get(a, (h->nfields + 2) * sizeof(*nv));
	unsigned status = h->status == 101 ? 200 : h->status;
	char digits[NUMBER_TEXT];
	size_t n = 0;

	must(status >= 100 && status <= 999);
	nv[n++] = make_nv(SLICE(":status"),
	    arena_copy(a, number_print(status, digits)), false);
	if (length)
		n += make_length(&nv[n], a, h);
	for (uint32_t i = 0; i < h->nfields; i++) {
		const struct field *f = &h->fields[i];

		if (is_made(f) || (h->status == 101 &&
		    f->id == FIELD_SEC_WEBSOCKET_ACCEPT))
			continue;
		nv[n++] = make_nv(f->name, f->value, is_apart(f));
	}
	*count = n;
	return nv;
}

/* Pseudo-fields of a request; a tunnel for another protocol is a CONNECT
 * (RFC 8441 4). */
static size_t
make_line(nghttp2_nv *nv, const struct head *h, struct slice scheme)
{
	bool extended = h->protocol.n > 0;
	size_t n = 0;

	nv[n++] = make_nv(SLICE(":method"), extended ? SLICE("CONNECT") :
	    h->method, false);
	if (extended)
		nv[n++] = make_nv(SLICE(":protocol"), h->protocol, false);
	if (extended || !head_is_method(h, "CONNECT")) {
		nv[n++] = make_nv(SLICE(":scheme"), scheme, false);
		nv[n++] = make_nv(SLICE(":path"), h->path.n > 0 ? h->path :
		    SLICE("/"), false);
	}
	if (h->authority.n > 0)
		nv[n++] = make_nv(SLICE(":authority"), h->authority, false);
	return n;
}

nghttp2_nv *
h2_head_request(struct arena *a, const struct head *h, struct slice scheme,
    bool length, size_t *count)
{
	nghttp2_nv *nv = arena_get(a, (h->nfields + 7) * sizeof(*nv));
	size_t n = make_line(nv, h, scheme);

	if (length)
		n += make_length(&nv[n], a, h);
	if (h->trailers_ok)
		nv[n++] = make_nv(SLICE("te"), SLICE("trailers"), false);
	for (uint32_t i = 0; i < h->nfields; i++) {
		const struct field *f = &h->fields[i];

		if (!is_made(f) && !(h->protocol.n > 0 &&
		    f->id == FIELD_SEC_WEBSOCKET_KEY))
			nv[n++] = make_nv(f->name, f->value, is_apart(f));
	}
	*count = n;
	return nv;
}

void
h2_head_keep(struct arena *a, nghttp2_nv *nv, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice name = arena_copy(a,
		    slice_make((char *)nv[i].name, nv[i].namelen));
		struct slice value = arena_copy(a,
		    slice_make((char *)nv[i].value, nv[i].valuelen));

		nv[i] = make_nv(name, value, false);
	}
}

nghttp2_nv *
h2_head_trailers(struct arena *a, const struct field *f, uint32_t n)
{
	nghttp2_nv *nv = arena_get(a, n * sizeof(*nv));

	for (uint32_t i = 0; i < n; i++)
		nv[i] = make_nv(arena_copy(a, f[i].name),
		    arena_copy(a, f[i].value), false);
	return nv;
}
