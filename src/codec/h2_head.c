/*
 * h2_head.c - heads as the library wants them: names and values (RFC 9113 8.3).
 *
 * It copies and lowers names and values, but for names that stand here: those
 * that are known, made lower once.
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
make_nv(struct slice name, struct slice value, unsigned flags)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.p,
		.value = (uint8_t *)(uintptr_t)value.p,
		.namelen = name.n,
		.valuelen = value.n,
		.flags = (uint8_t)flags,
	};
}

/* name: lower, and for ever. */
static nghttp2_nv
make_own(struct slice name, struct slice value)
{
	return make_nv(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

void
h2_names_init(struct h2_names *names)
{
	struct slice name;

	for (unsigned id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		name = field_name((enum field_id)id);
		must(name.n <= sizeof(names->at[id]));
		for (size_t i = 0; i < name.n; i++)
			names->at[id][i] = slice_lower(name.p[i]);
	}
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

static nghttp2_nv
make_field(const struct h2_stream *s, const struct field *f)
{
	const struct h2_names *names = s->h2->codec.shared->h2->names;
	unsigned flags = is_apart(f) ? NGHTTP2_NV_FLAG_NO_INDEX :
	    NGHTTP2_NV_FLAG_NONE;

	if (f->id == FIELD_OTHER)
		return make_nv(f->name, f->value, flags);
	return make_nv(slice_make(names->at[f->id], f->name.n), f->value,
	    flags | NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

static size_t
make_length(nghttp2_nv *nv, struct arena *a, const struct head *h)
{
	char digits[NUMBER_TEXT];
	struct slice n = number_print((uint64_t)h->length, digits);

	*nv = make_own(SLICE("content-length"), arena_copy(a, n));
	return 1;
}

nghttp2_nv *
h2_head_response(struct h2_stream *s, const struct head *h, bool length,
    size_t *count)
{
	struct arena *a = &s->arena;
	nghttp2_nv *nv = arena_get(a, (h->nfields + 2) * sizeof(*nv));
	unsigned status = h->status == 101 ? 200 : h->status;
	char digits[NUMBER_TEXT];
	size_t n = 0;

	must(status >= 100 && status <= 999);
	nv[n++] = make_own(SLICE(":status"),
	    arena_copy(a, number_print(status, digits)));
	if (length)
		n += make_length(&nv[n], a, h);
	for (uint32_t i = 0; i < h->nfields; i++) {
		const struct field *f = &h->fields[i];

		if (is_made(f) || (h->status == 101 &&
		    f->id == FIELD_SEC_WEBSOCKET_ACCEPT))
			continue;
		nv[n++] = make_field(s, f);
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

	nv[n++] = make_own(SLICE(":method"), extended ? SLICE("CONNECT") :
	    h->method);
	if (extended)
		nv[n++] = make_own(SLICE(":protocol"), h->protocol);
	if (extended || !head_is_method(h, "CONNECT")) {
		nv[n++] = make_own(SLICE(":scheme"), scheme);
		nv[n++] = make_own(SLICE(":path"), h->path.n > 0 ? h->path :
		    SLICE("/"));
	}
	if (h->authority.n > 0)
		nv[n++] = make_own(SLICE(":authority"), h->authority);
	return n;
}

nghttp2_nv *
h2_head_request(struct h2_stream *s, const struct head *h,
    struct slice scheme, bool length, size_t *count)
{
	struct arena *a = &s->arena;
	nghttp2_nv *nv = arena_get(a, (h->nfields + 7) * sizeof(*nv));
	size_t n = make_line(nv, h, scheme);

	if (length)
		n += make_length(&nv[n], a, h);
	if (h->trailers_ok)
		nv[n++] = make_own(SLICE("te"), SLICE("trailers"));
	for (uint32_t i = 0; i < h->nfields; i++) {
		const struct field *f = &h->fields[i];

		if (!is_made(f) && !(h->protocol.n > 0 &&
		    f->id == FIELD_SEC_WEBSOCKET_KEY))
			nv[n++] = make_field(s, f);
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

		nv[i] = make_nv(name, value, nv[i].flags);
	}
}

nghttp2_nv *
h2_head_trailers(struct arena *a, const struct field *f, uint32_t n)
{
	nghttp2_nv *nv = arena_get(a, n * sizeof(*nv));

	for (uint32_t i = 0; i < n; i++)
		nv[i] = make_nv(arena_copy(a, f[i].name),
		    arena_copy(a, f[i].value), NGHTTP2_NV_FLAG_NONE);
	return nv;
}
