/*
 * forward.c - the heads that are sent on.
 *
 * Hop-by-hop fields are the codec's; here is what an intermediary adds,
 * replaces and takes away (RFC 9110 7.6, RFC 7239).
 */
#include "proxy/forward.h"

#include "base/number.h"
#include "base/rng.h"

#include "proxy/client_fields.h"

enum rule { PASS, DROP, ADD_TO };

static const struct slice hsts_name = { "Strict-Transport-Security", 25 };

/* What becomes of a request field that we have an opinion on. */
static enum rule
rule_of(const struct field *f, const struct forward *fw)
{
	switch (f->id) {
	case FIELD_X_FORWARDED_FOR:
		return fw->conf->x_forwarded_for && fw->trusted ? ADD_TO :
		    fw->trusted ? PASS : DROP;
	case FIELD_FORWARDED:
		return fw->conf->forwarded && fw->trusted ? ADD_TO :
		    fw->trusted ? PASS : DROP;
	case FIELD_X_FORWARDED_PROTO:
	case FIELD_X_FORWARDED_HOST:
	case FIELD_X_FORWARDED_PORT:
	case FIELD_X_REAL_IP:
	case FIELD_TRACEPARENT:
		return fw->trusted ? PASS : DROP;
	case FIELD_X_REQUEST_ID:
		return fw->request_id.n > 0 || !fw->trusted ? DROP : PASS;
	case FIELD_PROXY_AUTHORIZATION:
		return DROP;
	case FIELD_VIA:
		return fw->conf->via ? ADD_TO : PASS;
	default:
		return PASS;
	}
}

static struct slice
client_host(struct arena *a, const struct addr *addr)
{
	char text[ADDR_TEXT];

	if (addr_is_unix(addr))
		return SLICE("unix");
	addr_print_host(addr, text);
	return arena_copy(a, slice_of(text));
}

static struct slice
listed(struct arena *a, struct slice first, struct slice second)
{
	const struct slice parts[] = { first, SLICE(", "), second };

	return arena_join(a, parts, 3);
}

/* All values of one id, joined by ", ", and ours behind. */
static struct slice
joined(const struct head *in, enum field_id id, struct slice ours,
    struct arena *a)
{
	const struct field *f = head_find(in, id);
	struct slice all = ours, before = SLICE_NONE;

	if (f == NULL)
		return all;
	before = f->value;
	while ((f = head_find_next(in, f)) != NULL)
		before = listed(a, before, f->value);
	return listed(a, before, ours);
}

static void
add_joined(const struct head *in, struct head *out, enum field_id id,
    struct slice ours, bool keep, struct arena *a)
{
	head_add(out, a, id, keep ? joined(in, id, ours, a) : ours);
}

/* A node of RFC 7239 6: IPv6 in brackets and quotes. */
static struct slice
forwarded_element(const struct head *in, const struct forward *f,
    struct slice client, struct arena *a)
{
	const char *q = client.n > 0 && memchr(client.p, ':', client.n) ?
	    "\"" : "";
	bool bare6 = q[0] != '\0' && client.p[0] != '[';
	struct slice node = addr_is_unix(f->client) ? SLICE("_unix") : client;

	return arena_print(a, "for=%s%s%.*s%s%s;host=\"%.*s\";proto=%s",
	    q, bare6 ? "[" : "", SLICE_ARG(node), bare6 ? "]" : "", q,
	    SLICE_ARG(in->authority), f->scheme);
}

static void
add_once(const struct head *in, struct head *out, enum field_id id,
    struct slice value, bool trusted, struct arena *a)
{
	if (!trusted || head_find(in, id) == NULL)
		head_add(out, a, id, value);
}

static const char *
version_of(enum http_proto p)
{
	return p == HTTP_2 ? "2.0" : p == HTTP_1_0 ? "1.0" : "1.1";
}

static struct slice
local_port(const struct forward *f, struct arena *a)
{
	struct addr local;

	conn_local(f->conn, &local);
	return arena_print(a, "%d", addr_port(&local));
}

static void
add_client_facts(const struct head *in, struct head *out, struct arena *a,
    const struct forward *f)
{
	const struct conf_forward *c = f->conf;
	struct slice client = SLICE_NONE;
	bool t = f->trusted;

	if (c->x_forwarded_for || c->x_real_ip || c->forwarded)
		client = client_host(a, f->client);
	if (c->x_forwarded_for)
		add_joined(in, out, FIELD_X_FORWARDED_FOR, client, t, a);
	if (c->x_real_ip)
		add_once(in, out, FIELD_X_REAL_IP, client, t, a);
	if (c->x_forwarded_proto)
		add_once(in, out, FIELD_X_FORWARDED_PROTO,
		    slice_of(f->scheme), t, a);
	if (c->x_forwarded_host && in->authority.n > 0)
		add_once(in, out, FIELD_X_FORWARDED_HOST, in->authority, t, a);
	if (c->x_forwarded_port)
		add_once(in, out, FIELD_X_FORWARDED_PORT,
		    local_port(f, a), t, a);
	if (c->forwarded)
		add_joined(in, out, FIELD_FORWARDED,
		    forwarded_element(in, f, client, a), t, a);
}

static void
add_via(const struct head *in, struct head *out, struct arena *a,
    const struct forward *f)
{
	const struct slice parts[] = { slice_of(version_of(in->proto)),
	    SLICE(" "), slice_of(f->via) };

	add_joined(in, out, FIELD_VIA, arena_join(a, parts, 3), true, a);
}

static bool
counts_hops(const struct head *h)
{
	return head_is_method(h, "OPTIONS") || head_is_method(h, "TRACE");
}

static struct slice
one_hop_less(struct slice value, struct arena *a)
{
	uint64_t n;

	if (!slice_number(value, UINT32_MAX, &n) || n == 0)
		return value;
	return arena_print(a, "%llu", (unsigned long long)n - 1);
}

void
forward_request(const struct head *in, struct head *out, struct arena *a,
    const struct forward *f)
{
	static const struct conf_names none = { NULL, 0 };
	const struct conf_names *guarded = f->guarded != NULL ? f->guarded :
	    &none;
	bool hops = counts_hops(in);

	*out = *in;
	/* Room is made once, for all of them and those that are added. */
	head_room(out, a, in->nfields);
	for (uint32_t i = 0; i < in->nfields; i++) {
		const struct field *from = &in->fields[i];

		if (rule_of(from, f) != PASS ||
		    client_field_is_guarded(guarded, from->name))
			continue;
		out->fields[out->nfields++] = *from;
		if (hops && from->id == FIELD_MAX_FORWARDS)
			out->fields[out->nfields - 1].value =
			    one_hop_less(from->value, a);
	}
	add_client_facts(in, out, a, f);
	if (f->request_id.n > 0)
		head_add(out, a, FIELD_X_REQUEST_ID, f->request_id);
	if (f->conf->via)
		add_via(in, out, a, f);
}

/* The fields of a response that are to be told otherwise, or not at all. */
struct unwanted {
	bool via, hsts;
};

static bool
is_unwanted(const struct field *f, struct unwanted u)
{
	return f->id == FIELD_PROXY_AUTHENTICATE ||
	    (u.via && f->id == FIELD_VIA) ||
	    (u.hsts && slice_eq_nocase(f->name, hsts_name));
}

/* The array is the one that came, until a field must be dropped or added. */
static void
pass_fields(const struct head *in, struct head *out, struct arena *a,
    struct unwanted u)
{
	uint32_t i = 0;

	*out = *in;
	out->capfields = in->nfields;
	while (i < in->nfields && !is_unwanted(&in->fields[i], u))
		i++;
	if (i == in->nfields)
		return;
	head_room(out, a, in->nfields);
	for (i = 0; i < in->nfields; i++)
		if (!is_unwanted(&in->fields[i], u))
			out->fields[out->nfields++] = in->fields[i];
}

void
forward_response(const struct head *in, struct head *out, struct arena *a,
    const struct forward *f, const char *date)
{
	bool final = in->kind == HEAD_RESPONSE;
	bool via = final && f->conf->via_response;
	bool hsts = final && f->hsts != NULL;

	pass_fields(in, out, a, (struct unwanted){ via, hsts });
	if (final && date != NULL && head_find(in, FIELD_DATE) == NULL)
		head_add(out, a, FIELD_DATE, arena_copy(a, slice_of(date)));
	if (hsts)
		head_add_other(out, a, hsts_name, slice_of(f->hsts));
	if (via)
		add_via(in, out, a, f);
}

bool
forward_is_loop(const struct head *request, const char *via)
{
	struct slice name = slice_of(via), list, e;

	for (const struct field *f = head_find(request, FIELD_VIA); f != NULL;
	    f = head_find_next(request, f)) {
		list = f->value;
		while (slice_next_element(&list, &e)) {
			const char *sp = memchr(e.p, ' ', e.n);

			if (sp == NULL)
				continue;
			e = slice_trim(slice_skip(e, (size_t)(sp - e.p)));
			if (e.n > name.n && e.p[name.n] == ' ')
				e.n = name.n;
			if (slice_eq_nocase(e, name))
				return true;
		}
	}
	return false;
}

/* Letters, digits and a few marks, at most 128 bytes: safe in any log. */
static bool
is_id(struct slice s)
{
	static const char marks[] = "-_.:/+=@";

	if (s.n == 0 || s.n > 128)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = slice_lower(s.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr(marks, c) != NULL)))
			return false;
	}
	return true;
}

struct slice
forward_kept_id(const struct head *request, const struct conf_forward *conf,
    bool trusted)
{
	const struct field *f = head_find(request, FIELD_X_REQUEST_ID);

	if (conf->request_id != REQUEST_ID_KEEP || !trusted || f == NULL ||
	    !is_id(f->value))
		return SLICE_NONE;
	return f->value;
}

struct slice
forward_new_id(struct rng *rng, struct arena *a)
{
	char *id = arena_get(a, 32);

	number_print_hex(rng_next(rng), id);
	number_print_hex(rng_next(rng), id + 16);
	return slice_make(id, 32);
}
