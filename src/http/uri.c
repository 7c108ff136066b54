/*
 * uri.c - targets and authorities, taken apart and made comparable.
 *
 * A path is normalised in two steps: escapes first, so that %2e%2e counts as
 * the dots it stands for, then dot segments.  Both only shorten, so the copy
 * needs no more room than the path had.
 *
 * Why:      routes compare what is meant; servers are sent what was written.
 * Not here: whether bytes are legal (check.c).  A malformed escape is copied.
 */
#include "http/uri.h"

#include "http/check.h"

static struct slice
before(struct slice s, char c)
{
	const char *mark = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return mark == NULL ? s : slice_make(s.p, (size_t)(mark - s.p));
}

struct slice
uri_path(struct slice target)
{
	return before(target, '?');
}

struct slice
uri_query(struct slice target)
{
	size_t n = before(target, '?').n;

	return n == target.n ? SLICE_NONE : slice_skip(target, n + 1);
}

static bool
is_unreserved(unsigned c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

static unsigned
hex_of(char c)
{
	return c <= '9' ? (unsigned)(c - '0') :
	    (unsigned)(slice_lower(c) - 'a') + 10;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static bool
is_escape(struct slice s, size_t i)
{
	return s.p[i] == '%' && s.n - i >= 3 &&
	    check_is(s.p[i + 1], CHECK_HEX) && check_is(s.p[i + 2], CHECK_HEX);
}

static unsigned
escaped(struct slice s, size_t i)
{
	return hex_of(s.p[i + 1]) << 4 | hex_of(s.p[i + 2]);
}

/* The segment after the slash at i. */
static struct slice
segment_at(struct slice path, size_t i)
{
	return before(slice_skip(path, i + 1), '/');
}

static bool
is_dots(struct slice segment)
{
	return slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE(".."));
}

static bool
is_normal(struct slice path)
{
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '/' && i + 1 < path.n &&
		    path.p[i + 1] == '.' && is_dots(segment_at(path, i)))
			return false;
		if (is_escape(path, i) && (is_unreserved(escaped(path, i)) ||
		    path.p[i + 1] != upper(path.p[i + 1]) ||
		    path.p[i + 2] != upper(path.p[i + 2])))
			return false;
	}
	return true;
}

static size_t
decode(struct slice path, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < path.n; i++) {
		if (!is_escape(path, i)) {
			out[n++] = path.p[i];
			continue;
		}
		if (is_unreserved(escaped(path, i))) {
			out[n++] = (char)escaped(path, i);
		} else {
			out[n++] = '%';
			out[n++] = upper(path.p[i + 1]);
			out[n++] = upper(path.p[i + 2]);
		}
		i += 2;
	}
	return n;
}

/*
 * RFC 3986 5.2.4 in place, but that a climb above the root is a fault.
 * What is written never passes what is read.
 */
static bool
remove_dots(char *p, size_t n, size_t *left)
{
	struct slice path = slice_make(p, n), segment;
	size_t out = 0, next;

	for (size_t i = 0; i < n; i = next) {
		segment = segment_at(path, i);
		next = i + 1 + segment.n;
		if (!is_dots(segment)) {
			memmove(p + out, p + i, segment.n + 1);
			out += segment.n + 1;
			continue;
		}
		if (segment.n == 2) {
			if (out == 0)
				return false;
			while (p[--out] != '/')
				;
		}
		if (next == n)
			p[out++] = '/';
	}
	*left = out;
	return true;
}

bool
uri_normalise(struct slice target, struct arena *a, struct slice *out)
{
	struct slice path = uri_path(target);
	char *copy;
	size_t n;

	*out = path;
	if (path.n == 0 || slice_eq(path, SLICE("*")))
		return true;
	if (path.p[0] != '/')
		return false;
	if (is_normal(path))
		return true;
	copy = arena_get(a, path.n);
	n = decode(path, copy);
	if (!remove_dots(copy, n, &n))
		return false;
	*out = slice_make(copy, n);
	return true;
}

/* The colon before the port is the first one that no brackets enclose. */
void
uri_split_authority(struct slice authority, struct slice *host,
    struct slice *port)
{
	size_t n = 0;

	if (authority.n > 0 && authority.p[0] == '[')
		n = before(authority, ']').n;
	if (n < authority.n)
		n += before(slice_skip(authority, n), ':').n;
	*host = slice_make(authority.p, n);
	*port = n < authority.n ? slice_skip(authority, n + 1) : SLICE_NONE;
}

static struct slice
without_dot(struct slice host)
{
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

bool
uri_host_matches(struct slice authority, struct slice pattern)
{
	struct slice host, ignored;

	uri_split_authority(authority, &host, &ignored);
	host = without_dot(host);
	pattern = without_dot(pattern);
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_eq_nocase(host, pattern);
	pattern = slice_skip(pattern, 1);
	return host.n > pattern.n && slice_ends_nocase(host, pattern);
}
