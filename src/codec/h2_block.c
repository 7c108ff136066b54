/*
 * h2_block.c - the fields of a message in HTTP/2 (RFC 9113 8).
 *
 * What HTTP/1.1 cannot say safely is refused here, never rewritten: who is
 * behind us gets it as HTTP/1.1.
 *
 * Why:       the library's own checks are off, because they drop some fields
 *            silently, and say nothing that could stand in a log.
 * Not here:  how the fields were compressed, and their frames (h2_in.c).
 */
#include "codec/h2_block.h"

#include "http/check.h"
#include "http/hop.h"
#include "http/uri.h"

enum h2_pseudo {
	METHOD, SCHEME, AUTHORITY, PATH, PROTOCOL, STATUS, PSEUDOS
};

static const struct slice pseudo_names[PSEUDOS] = {
	[METHOD] = { ":method", 7 },
	[SCHEME] = { ":scheme", 7 },
	[AUTHORITY] = { ":authority", 10 },
	[PATH] = { ":path", 5 },
	[PROTOCOL] = { ":protocol", 9 },
	[STATUS] = { ":status", 7 },
};

void
h2_block_begin(struct h2_block *b, struct arena *a,
    const struct http_limits *l, const struct h2_names *names,
    enum head_kind kind, bool is_trailers)
{
	*b = (struct h2_block){ .a = a, .l = l, .names = names,
	    .is_trailers = is_trailers };
	b->head = arena_get(a, sizeof(*b->head));
	head_init(b->head, kind);
	b->head->proto = HTTP_2;
	b->head->length = LENGTH_NONE;
}

static bool
refuse(struct h2_block *b, unsigned status, const char *why)
{
	if (b->why == NULL) {
		b->why = why;
		b->status = (uint16_t)status;
		b->bad = status == 400;
	}
	return false;
}

static bool
is_request(const struct h2_block *b)
{
	return b->head->kind == HEAD_REQUEST;
}

static bool
has(const struct h2_block *b, enum h2_pseudo p)
{
	return (b->seen & (1u << p)) != 0;
}

static bool
add_pseudo(struct h2_block *b, struct slice name, struct slice value)
{
	unsigned p = 0;

	if (b->is_trailers)
		return refuse(b, 400, "a pseudo-field in trailers");
	if (b->count > 0)
		return refuse(b, 400, "a pseudo-field behind a field");
	while (p < PSEUDOS && !slice_eq(name, pseudo_names[p]))
		p++;
	if (p == PSEUDOS || (p == STATUS) == is_request(b))
		return refuse(b, 400, "an unknown pseudo-field");
	if (has(b, (enum h2_pseudo)p))
		return refuse(b, 400, "a repeated pseudo-field");
	b->seen |= (uint8_t)(1u << p);
	b->pseudo[p] = arena_copy(b->a, value);
	return true;
}

static bool
add_length(struct h2_block *b, struct slice value)
{
	int64_t n;

	if (b->has_length && is_request(b))
		return refuse(b, 400, "a repeated Content-Length");
	if (!check_length(value, &n))
		return refuse(b, 400, "a malformed Content-Length");
	if (b->has_length && n != b->head->length)
		return refuse(b, 400, "Content-Lengths differ");
	b->has_length = true;
	b->head->length = n;
	return true;
}

static bool
add_host(struct h2_block *b, struct slice value)
{
	if (b->has_host)
		return refuse(b, 400, "more than one Host");
	b->has_host = true;
	b->host = arena_copy(b->a, value);
	return true;
}

static bool
add_te(struct h2_block *b, struct slice value)
{
	if (!slice_eq_nocase(value, SLICE("trailers")))
		return refuse(b, 400, "a TE other than trailers");
	b->head->trailers_ok = true;
	return true;
}

static void
store(struct h2_block *b, const struct field *f)
{
	struct slice name = f->id != FIELD_OTHER ? f->name :
	    arena_copy(b->a, f->name);

	head_add_field(b->head, b->a, &(struct field){ name,
	    arena_copy(b->a, f->value), f->id });
}

static bool
is_of_connection(const struct field *f)
{
	return f->id == FIELD_CONNECTION || f->id == FIELD_KEEP_ALIVE ||
	    f->id == FIELD_PROXY_CONNECTION || f->id == FIELD_UPGRADE ||
	    f->id == FIELD_TRANSFER_ENCODING;
}

static bool
add_field(struct h2_block *b, const struct field *f)
{
	if (is_of_connection(f))
		return refuse(b, 400,
		    "a field of the connection, which HTTP/2 has not");
	if (b->is_trailers) {
		if (field_is_trailer_ok(f))
			store(b, f);
		return true;
	}
	switch (f->id) {
	case FIELD_TE:
		return !is_request(b) || add_te(b, f->value);
	case FIELD_HOST:
		return !is_request(b) || add_host(b, f->value);
	case FIELD_CONTENT_LENGTH:
		return add_length(b, f->value);
	case FIELD_HTTP2_SETTINGS:
		return true;
	case FIELD_EXPECT:
		b->expects = true;
		b->expects_other |=
		    !slice_eq_nocase(f->value, SLICE("100-continue"));
		break;
	default:
		b->ncookies += f->id == FIELD_COOKIE;
	}
	store(b, f);
	return true;
}

static bool
check_bytes(struct h2_block *b, struct slice name)
{
	char c = '\0';

	for (size_t i = 0; i < name.n; i++) {
		c = name.p[i];
		if (c >= 'A' && c <= 'Z')
			return refuse(b, 400,
			    "a field name with a capital letter");
		if (!check_is(c, CHECK_TOKEN))
			break;
	}
	return check_is(c, CHECK_TOKEN) || refuse(b, 400,
	    "a byte that no field name may have");
}

/* A name that is known can have no fault but capitals, and is not copied. */
static bool
check_name(struct h2_block *b, struct field *f)
{
	f->id = (uint16_t)field_id(f->name);
	if (f->id != FIELD_OTHER && memcmp(f->name.p, b->names->at[f->id],
	    f->name.n) == 0) {
		f->name.p = b->names->at[f->id];
		return true;
	}
	return check_bytes(b, f->name);
}

/* Who is behind us may take an underscore for a hyphen. */
static bool
check_underscores(struct h2_block *b, const struct field *f)
{
	if (f->id != FIELD_OTHER || !is_request(b) ||
	    b->l->underscores == UNDERSCORES_ALLOW ||
	    memchr(f->name.p, '_', f->name.n) == NULL)
		return true;
	return b->l->underscores == UNDERSCORES_REFUSE ?
	    refuse(b, 400, "an underscore in a field name") : false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_padded(struct slice s)
{
	return s.n > 0 && (is_blank(s.p[0]) || is_blank(s.p[s.n - 1]));
}

static bool
check_content(struct h2_block *b, struct slice value)
{
	if (check_value(value) != CHECK_OK)
		return refuse(b, 400, "a byte that no field value may have");
	return !is_padded(value) || refuse(b, 400,
	    "space at an end of a field value");
}

void
h2_block_add(struct h2_block *b, struct slice name, struct slice value)
{
	struct field f = { name, value, FIELD_OTHER };

	b->size += name.n + value.n + 4;
	b->count += name.n == 0 || name.p[0] != ':';
	if (b->why != NULL)
		return;
	if (b->size > b->l->head) {
		refuse(b, 431, is_request(b) ?
		    "the request head is too large" :
		    "the response head is too large");
	} else if (b->count > b->l->fields) {
		refuse(b, 431, "too many fields");
	} else if (name.n > 0 && name.p[0] == ':') {
		if (check_content(b, value))
			add_pseudo(b, name, value);
	} else if (check_name(b, &f) && check_content(b, value) &&
	    check_underscores(b, &f)) {
		add_field(b, &f);
	}
}

bool
h2_block_is_connect(const struct h2_block *b)
{
	return slice_eq(b->pseudo[METHOD], SLICE("CONNECT"));
}

/* Case does not count, nor does a port that the scheme implies. */
static bool
is_same_authority(struct slice scheme, struct slice a, struct slice b)
{
	struct slice host[2], port[2];
	struct slice implied = slice_eq_nocase(scheme, SLICE("https")) ?
	    SLICE("443") : SLICE("80");

	uri_split_authority(a, &host[0], &port[0]);
	uri_split_authority(b, &host[1], &port[1]);
	for (int i = 0; i < 2; i++)
		if (port[i].n == 0)
			port[i] = implied;
	return slice_eq_nocase(host[0], host[1]) && slice_eq(port[0], port[1]);
}

static bool
finish_authority(struct h2_block *b)
{
	struct head *h = b->head;

	if (has(b, AUTHORITY) &&
	    check_authority(b->pseudo[AUTHORITY]) != CHECK_OK)
		return refuse(b, 400, "a malformed :authority");
	if (b->has_host && check_authority(b->host) != CHECK_OK)
		return refuse(b, 400, "a malformed Host");
	if (!has(b, AUTHORITY) && !b->has_host)
		return refuse(b, 400, "neither :authority nor Host");
	h->authority = has(b, AUTHORITY) ? b->pseudo[AUTHORITY] : b->host;
	if (b->has_host &&
	    !is_same_authority(b->pseudo[SCHEME], h->authority, b->host))
		return refuse(b, 400, "Host differs from :authority");
	return true;
}

/* To everybody else it is an Upgrade in a GET.  A key it has not. */
static bool
finish_extended(struct h2_block *b)
{
	struct head *h = b->head;

	if (!h2_block_is_connect(b))
		return refuse(b, 400, ":protocol without CONNECT");
	if (!http_may_switch(b->l, b->pseudo[PROTOCOL]))
		return refuse(b, 501, "a :protocol that is not allowed");
	if (h->length > 0)
		return refuse(b, 400, "a CONNECT with a body");
	h->method = SLICE("GET");
	h->protocol = b->pseudo[PROTOCOL];
	head_del(h, FIELD_SEC_WEBSOCKET_KEY);
	return true;
}

static bool
finish_connect(struct h2_block *b)
{
	struct slice host, port;

	if (has(b, SCHEME) || has(b, PATH))
		return refuse(b, 400, "a CONNECT with :scheme or :path");
	if (!has(b, AUTHORITY))
		return refuse(b, 400, "a CONNECT without :authority");
	uri_split_authority(b->pseudo[AUTHORITY], &host, &port);
	if (port.n == 0)
		return refuse(b, 400, "a target of CONNECT without a port");
	if (b->head->length > 0)
		return refuse(b, 400, "a CONNECT with a body");
	return finish_authority(b);
}

static bool
finish_path(struct h2_block *b)
{
	struct slice path = b->pseudo[PATH], scheme = b->pseudo[SCHEME];
	struct head *h = b->head;

	if (!has(b, SCHEME) || !has(b, PATH))
		return refuse(b, 400, "no :scheme or no :path");
	if (!slice_eq_nocase(scheme, SLICE("http")) &&
	    !slice_eq_nocase(scheme, SLICE("https")))
		return refuse(b, 400, "a :scheme that is not http or https");
	if (path.n == 0 || check_target(path) != CHECK_OK)
		return refuse(b, 400,
		    "a byte or escape that no :path may have");
	if (path.p[0] != '/' && (!slice_eq(path, SLICE("*")) ||
	    !head_is_method(h, "OPTIONS")))
		return refuse(b, 400, "a :path that does not begin with /");
	h->scheme = scheme;
	h->path = path;
	return true;
}

/* Crumbs of one Cookie become one again (RFC 9113 8.2.3). */
static void
join_cookies(struct h2_block *b)
{
	struct head *h = b->head;
	size_t n = 0;
	char *all, *p;

	if (b->ncookies < 2)
		return;
	for (uint32_t i = 0; i < h->nfields; i++)
		if (h->fields[i].id == FIELD_COOKIE)
			n += h->fields[i].value.n + 2;
	all = p = arena_get(b->a, n);
	for (uint32_t i = 0; i < h->nfields; i++) {
		struct slice v = h->fields[i].value;

		if (h->fields[i].id != FIELD_COOKIE)
			continue;
		if (v.n > 0)
			memcpy(p, v.p, v.n);
		p += v.n;
		*p++ = ';';
		*p++ = ' ';
	}
	head_del(h, FIELD_COOKIE);
	head_add(h, b->a, FIELD_COOKIE, slice_make(all, n - 2));
}

static bool
finish(struct h2_block *b)
{
	struct head *h = b->head;

	if (!has(b, METHOD) || check_token(b->pseudo[METHOD]) != CHECK_OK)
		return refuse(b, 400, "a malformed :method, or none");
	h->method = b->pseudo[METHOD];
	if (h->method.n + b->pseudo[PATH].n + b->pseudo[AUTHORITY].n >
	    b->l->request_line)
		return refuse(b, 414, "the request line is too long");
	if (h2_block_is_connect(b) && !has(b, PROTOCOL))
		return finish_connect(b);
	if (!finish_path(b) || !finish_authority(b))
		return false;
	return !has(b, PROTOCOL) || finish_extended(b);
}

struct head *
h2_block_request(struct h2_block *b)
{
	if (b->why != NULL || !finish(b))
		return NULL;
	join_cookies(b);
	b->head->expects_continue = b->expects && !b->expects_other;
	return b->head;
}

/* A 1xx or 204 has no length whatever it says. */
static bool
finish_status(struct h2_block *b)
{
	struct slice v = b->pseudo[STATUS];
	struct head *h = b->head;

	if (v.n != 3)
		return refuse(b, 400, "a malformed :status, or none");
	for (size_t i = 0; i < v.n; i++) {
		if (!check_is(v.p[i], CHECK_DIGIT))
			return refuse(b, 400, "a malformed :status, or none");
		h->status = (uint16_t)(h->status * 10 + (v.p[i] - '0'));
	}
	if (h->status < 100 || h->status > 599)
		return refuse(b, 400, "a status out of range");
	if (h->status == 101)
		return refuse(b, 400, "a status 101, which HTTP/2 has not");
	if (h->status < 200)
		h->kind = HEAD_INTERIM;
	if (h->status < 200 || h->status == 204)
		h->length = LENGTH_NONE;
	return true;
}

struct head *
h2_block_response(struct h2_block *b)
{
	return b->why == NULL && finish_status(b) ? b->head : NULL;
}
