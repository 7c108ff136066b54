/*
 * h1_target.c - the four forms of a request target (RFC 9112 3.2).
 */
#include "codec/h1_lines.h"
#include "http/check.h"
#include "http/uri.h"

static bool
is_connect(const struct h1_lines *x)
{
	return head_is_method(x->h, "CONNECT");
}

static bool
read_authority_form(struct h1_lines *x, struct slice target)
{
	ptrdiff_t at = check_authority(target);
	struct slice host, port;

	if (at != CHECK_OK)
		return h1_refuse(x, 400, "a malformed target of CONNECT",
		    target.p + at);
	uri_split_authority(target, &host, &port);
	if (port.n == 0)
		return h1_refuse(x, 400, "a target of CONNECT without a port",
		    target.p);
	x->h->authority = target;
	return true;
}

static size_t
find(struct slice s, const char *any)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (strchr(any, s.p[i]) != NULL)
			break;
	return i;
}

static bool
read_absolute_form(struct h1_lines *x, struct slice target)
{
	struct head *h = x->h;
	size_t n = find(target, ":");
	struct slice rest = slice_skip(target, n);
	ptrdiff_t at;

	h->scheme = slice_make(target.p, n);
	if ((!slice_eq_nocase(h->scheme, SLICE("http")) &&
	    !slice_eq_nocase(h->scheme, SLICE("https"))) ||
	    !slice_starts(rest, SLICE("://")))
		return h1_refuse(x, 400, "a target in none of the four forms",
		    target.p);
	rest = slice_skip(rest, 3);
	n = find(rest, "/?");
	h->authority = slice_make(rest.p, n);
	at = check_authority(h->authority);
	if (at != CHECK_OK)
		return h1_refuse(x, 400, "a malformed authority in the target",
		    rest.p + at);
	h->absolute = true;
	h->path = slice_skip(rest, n);
	if (h->path.n == 0)
		h->path = head_is_method(h, "OPTIONS") ? SLICE("*") :
		    SLICE("/");
	else if (h->path.p[0] == '?')
		h->path = arena_print(x->a, "/%.*s", SLICE_ARG(h->path));
	return true;
}

bool
h1_target_read(struct h1_lines *x, struct slice target)
{
	ptrdiff_t at = check_target(target);

	if (target.n == 0)
		return h1_refuse(x, 400, "no single space between the parts "
		    "of the request line", target.p);
	if (at != CHECK_OK)
		return h1_refuse(x, 400,
		    "a byte or escape that no target may have",
		    target.p + at);
	if (is_connect(x))
		return read_authority_form(x, target);
	if (target.p[0] == '/') {
		x->h->path = target;
		return true;
	}
	if (slice_eq(target, SLICE("*"))) {
		x->h->path = target;
		return head_is_method(x->h, "OPTIONS") || h1_refuse(x, 400,
		    "a target of * with a method other than OPTIONS",
		    target.p);
	}
	return read_absolute_form(x, target);
}

/* Case does not count, nor does a port that the scheme or CONNECT implies. */
static bool
is_same_authority(const struct h1_lines *x)
{
	const struct head *h = x->h;
	struct slice host[2], port[2], implied = SLICE_NONE;

	uri_split_authority(h->authority, &host[0], &port[0]);
	uri_split_authority(x->host, &host[1], &port[1]);
	if (!slice_eq_nocase(host[0], host[1]))
		return false;
	if (is_connect(x))
		implied = port[0];
	else if (slice_eq_nocase(h->scheme, SLICE("https")))
		implied = SLICE("443");
	else
		implied = SLICE("80");
	for (int i = 0; i < 2; i++)
		if (port[i].n == 0)
			port[i] = implied;
	return slice_eq(port[0], port[1]);
}

bool
h1_target_finish(struct h1_lines *x)
{
	struct head *h = x->h;
	ptrdiff_t at;

	if (x->nhosts > 1)
		return h1_refuse(x, 400, "more than one Host", x->host.p);
	if (x->nhosts == 0)
		return x->facts->minor == 0 ||
		    h1_refuse(x, 400, "no Host", NULL);
	at = check_authority(x->host);
	if (at != CHECK_OK)
		return h1_refuse(x, 400, "a malformed Host", x->host.p + at);
	if (h->authority.n == 0)
		h->authority = x->host;
	else if (!is_same_authority(x))
		return h1_refuse(x, 400, "Host differs from the target",
		    x->host.p);
	return true;
}
