/*
 * h1_lines.c - the field lines of a head or of trailers (RFC 9112 5).
 *
 * One pass over the bytes.  What belongs to the connection or frames the
 * message is turned into facts on the way and never becomes a field.
 */
#include "codec/h1_lines.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "http/check.h"

#define FIRST_FIELDS 24		/* fits into a chunk of an arena */

#ifdef __SSE2__
/*
 * Over bytes among which no line is empty: to an LF behind which stands CR or
 * something below it, as LF is, or to the last few.
 */
static const char *
skip_lines(const char *p, const char *end)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	__m128i x, behind, low;
	unsigned found;

	for (; end - p > 16; p += 16) {
		x = _mm_loadu_si128((const __m128i *)(const void *)p);
		behind = _mm_loadu_si128(
		    (const __m128i *)(const void *)(p + 1));
		low = _mm_cmpeq_epi8(_mm_min_epu8(behind, cr), behind);
		found = (unsigned)_mm_movemask_epi8(_mm_and_si128(
		    _mm_cmpeq_epi8(x, lf), low));
		if (found != 0)
			return p + __builtin_ctz(found);
	}
	return p;
}
#else
static const char *
skip_lines(const char *p, const char *end)
{
	(void)end;
	return p;
}
#endif

ssize_t
h1_find_end(struct slice in, uint32_t *seen, size_t limit)
{
	size_t n = in.n < limit ? in.n : limit;
	const char *end = in.p + n, *lf;
	const char *p = in.p + *seen;

	if (n > 0 && in.p[0] == '\n')
		return 1;
	if (n > 1 && in.p[0] == '\r' && in.p[1] == '\n')
		return 2;
	p = skip_lines(p, end);
	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p = lf + 1;
		if (p < end && *p == '\n')
			return p + 1 - in.p;
		if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
			return p + 2 - in.p;
		if (p == end || (p + 1 == end && *p == '\r')) {
			p = lf;		/* look at it again */
			break;
		}
	}
	if (p < end && *p != '\n')
		p = end;
	*seen = (uint32_t)(p - in.p);
	return in.n >= limit ? -1 : 0;
}

void
h1_lines_init(struct h1_lines *x, enum h1_what what, struct slice in, size_t n)
{
	x->what = what;
	x->in = slice_make(in.p, n);
	x->base = x->p = arena_get(x->a, n);
	x->end = x->base + n;
	memcpy(x->base, in.p, n);
}

bool
h1_refuse(struct h1_lines *x, unsigned status, const char *why,
    const char *where)
{
	*x->fault = (struct fault){
		.status = x->h->kind == HEAD_REQUEST ? (uint16_t)status : 502,
		.why = why,
		.bytes = x->in,
		.offset = where == NULL ? 0 : (size_t)(where - x->base),
	};
	return false;
}

bool
h1_lines_no_crlf(struct h1_lines *x)
{
	if (*x->p == '\n')
		return h1_refuse(x, 400, "a line ends in LF alone", x->p);
	if (*x->p != '\r')
		return h1_refuse(x, 400, "a control character in a line", x->p);
	return h1_refuse(x, 400, "a bare CR", x->p);
}

static void
push(struct h1_lines *x, struct slice name, struct slice value,
    enum field_id id)
{
	struct head *h = x->h;

	if (h->nfields == h->capfields) {
		uint32_t cap = h->capfields == 0 ? FIRST_FIELDS :
		    h->capfields * 2;
		struct field *fields = arena_get(x->a, cap * sizeof(*fields));

		if (h->nfields > 0)
			memcpy(fields, h->fields, h->nfields * sizeof(*fields));
		h->fields = fields;
		h->capfields = cap;
	}
	h->fields[h->nfields++] = (struct field){ name, value, (uint16_t)id };
}

/* "5, 5" is one length in a response; so are equal repeated lines. */
static bool
take_length(struct h1_lines *x, struct slice value)
{
	const char *why = "a malformed Content-Length";
	struct slice one = value;
	const char *comma;
	int64_t n;

	do {
		comma = memchr(value.p, ',', value.n);
		if (comma != NULL && x->what == H1_RESPONSE) {
			one = slice_make(value.p, (size_t)(comma - value.p));
			value = slice_skip(value, one.n + 1);
		} else {
			one = value;
			comma = NULL;
		}
		if (!check_length(slice_trim(one), &n))
			return h1_refuse(x, 400, why, one.p);
		if (x->facts->has_length && x->what == H1_REQUEST)
			return h1_refuse(x, 400, "a repeated Content-Length",
			    one.p);
		if (x->facts->has_length && x->h->length != n)
			return h1_refuse(x, 400, "Content-Lengths differ",
			    one.p);
		x->facts->has_length = true;
		x->h->length = n;
	} while (comma != NULL);
	return true;
}

/*
 * Only a line that names further fields is kept, until the head's end, under
 * an id of its own: no Connection line can take away another.
 */
static void
take_connection(struct h1_lines *x, struct slice name, struct slice value)
{
	struct hop *hop = &x->facts->hop;
	bool named = hop->names_others;

	hop->names_others = false;
	hop_read(hop, value);
	if (hop->names_others)
		push(x, name, value, (enum field_id)H1_NAMING);
	hop->names_others = hop->names_others || named;
}

static void
take_expect(struct h1_lines *x, struct slice name, struct slice value)
{
	if (x->what == H1_REQUEST && x->facts->minor == 0)
		return;
	if (!slice_eq_nocase(value, SLICE("100-continue")))
		x->expects_other = true;
	x->nexpects++;
	push(x, name, value, FIELD_EXPECT);
}

static void
take_upgrade(struct h1_lines *x, struct slice value)
{
	if (x->upgrade.n == 0)
		x->upgrade = value;
	else
		x->upgrade = arena_print(x->a, "%.*s,%.*s",
		    SLICE_ARG(x->upgrade), SLICE_ARG(value));
}

/* A field with a known name in a request or a response. */
static bool
take_known(struct h1_lines *x, struct slice name, struct slice value,
    enum field_id id)
{
	switch (id) {
	case FIELD_HOST:
		if (x->nhosts++ == 0)
			x->host = value;
		break;
	case FIELD_CONTENT_LENGTH:
		return take_length(x, value);
	case FIELD_TRANSFER_ENCODING:
		x->te = value;
		x->nte++;
		break;
	case FIELD_CONNECTION:
		take_connection(x, name, value);
		break;
	case FIELD_KEEP_ALIVE:
		x->facts->keep_alive = hop_keep_alive_timeout(value);
		break;
	case FIELD_TE:
		x->h->trailers_ok = x->h->trailers_ok ||
		    (x->what == H1_REQUEST && hop_te_trailers(value));
		break;
	case FIELD_UPGRADE:
		take_upgrade(x, value);
		break;
	case FIELD_PROXY_CONNECTION:
	case FIELD_HTTP2_SETTINGS:
		break;
	case FIELD_EXPECT:
		take_expect(x, name, value);
		break;
	default:
		push(x, name, value, id);
	}
	return true;
}

static bool
take(struct h1_lines *x, struct slice name, struct slice value,
    enum field_id id)
{
	struct field f = { name, value, (uint16_t)id };

	if (x->what == H1_TRAILERS) {
		if (field_is_trailer_ok(&f))
			push(x, name, value, id);
		return true;
	}
	if (id != FIELD_OTHER)
		return take_known(x, name, value, id);
	push(x, name, value, id);
	return true;
}

/* The name, and the colon behind it. */
static bool
read_name(struct h1_lines *x, struct slice *name, enum field_id *id)
{
	const char *start = x->p;
	char *p = x->p;

	while (check_is(*p, CHECK_TOKEN))
		p++;
	*name = slice_make(start, (size_t)(p - start));
	*id = field_id(*name);
	x->p = p;
	if (name->n > 0 && *p == ':') {
		x->p++;
		return true;
	}
	if (name->n == 0 || (*p != ' ' && *p != '\t'))
		return h1_refuse(x, 400, *p == ':' ? "an empty field name" :
		    *p == '\r' || *p == '\n' ? "a field line without a colon" :
		    "a byte that no field name may have", p);
	while (*p == ' ' || *p == '\t')
		p++;
	if (x->what != H1_RESPONSE || *p != ':' ||
	    *id == FIELD_CONTENT_LENGTH || *id == FIELD_TRANSFER_ENCODING)
		return h1_refuse(x, 400, "space before the colon of a field",
		    x->p);
	x->p = p + 1;
	return true;
}

/* The value and its CRLF; a fold becomes spaces where that is allowed. */
static bool
read_value(struct h1_lines *x, struct slice *value)
{
	char *p = x->p, *end;

	while (*p == ' ' || *p == '\t')
		p++;
	value->p = p;
	for (;;) {
		end = p + check_value_length(slice_make(p,
		    (size_t)(x->end - p)));
		x->p = end;
		if (!h1_lines_crlf(x))
			return false;
		if (*x->p != ' ' && *x->p != '\t')
			break;
		if (x->what != H1_RESPONSE || !x->l->unfold)
			return h1_refuse(x, 400, "a folded field line", x->p);
		memset(end, ' ', 2);
		p = x->p;
	}
	while (end > value->p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	value->n = (size_t)(end - value->p);
	if (x->l->unfold)
		*value = slice_trim(*value);
	return true;
}

static bool
field_line(struct h1_lines *x)
{
	const char *start = x->p;
	struct slice name, value;
	enum field_id id;

	if (!read_name(x, &name, &id) || !read_value(x, &value))
		return false;
	if (++x->count > x->l->fields)
		return h1_refuse(x, 431, "too many fields", start);
	if (id == FIELD_OTHER && x->h->kind == HEAD_REQUEST &&
	    x->l->underscores != UNDERSCORES_ALLOW &&
	    memchr(name.p, '_', name.n) != NULL) {
		if (x->l->underscores == UNDERSCORES_REFUSE)
			return h1_refuse(x, 400,
			    "an underscore in a field name", name.p);
		return true;
	}
	return take(x, name, value, id);
}

bool
h1_lines_fields(struct h1_lines *x)
{
	if (*x->p == ' ' || *x->p == '\t')
		return h1_refuse(x, 400, "space before the first field", x->p);
	while (*x->p != '\r' && *x->p != '\n')
		if (!field_line(x))
			return false;
	return h1_lines_crlf(x);
}
