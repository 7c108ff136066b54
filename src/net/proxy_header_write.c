/*
 * proxy_header_write.c - writes the header of the PROXY protocol.
 *
 * Why:       both addresses are written in one family.  A socket that takes
 *            IPv4 and IPv6 names IPv4 clients in IPv6 (::ffff:192.0.2.1); the
 *            other end is told the IPv4 address, as everybody else is.
 */
#include <arpa/inet.h>

#include <stdio.h>

#include "base/must.h"
#include "net/proxy_header.h"
#include "net/proxy_wire.h"

/* What is written so far. */
struct out {
	char *p;
	size_t n;
};

static void
put(struct out *o, const void *p, size_t n)
{
	must(n <= PROXY_HEADER_MOST - o->n);
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void
put_byte(struct out *o, unsigned b)
{
	put(o, &(uint8_t){ (uint8_t)b }, 1);
}

static void
put_two(struct out *o, size_t n)
{
	put_byte(o, (unsigned)(n >> 8));
	put_byte(o, (unsigned)n);
}

/* Two bytes of length at at, now that it is known what follows them. */
static void
set_length(struct out *o, size_t at)
{
	size_t n = o->n - at - 2;

	o->p[at] = (char)(uint8_t)(n >> 8);
	o->p[at + 1] = (char)(uint8_t)n;
}

/* --- addresses of one family */

static void
to_ip4(struct addr *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = a->in6.sin6_port };

	memcpy(&in.sin_addr, &a->in6.sin6_addr.s6_addr[12], 4);
	a->in = in;
	a->len = sizeof(a->in);
}

static void
to_ip6(struct addr *a)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
	    .sin6_port = a->in.sin_port };

	in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&in6.sin6_addr.s6_addr[12], &a->in.sin_addr, 4);
	a->in6 = in6;
	a->len = sizeof(a->in6);
}

static bool
is_ip(const struct addr *a)
{
	return a->len > 0 && !addr_is_unix(a);
}

static void
unmap(struct addr *a)
{
	if (a->sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		to_ip4(a);
}

/* Of two families of IP, IPv6; otherwise the target follows the source. */
static void
make_alike(struct addr *source, struct addr *target)
{
	unmap(source);
	unmap(target);
	if (source->sa.sa_family == target->sa.sa_family)
		return;
	if (is_ip(source) && is_ip(target))
		to_ip6(source->sa.sa_family == AF_INET ? source : target);
	else
		*target = (struct addr){ .len = source->len,
		    .sa.sa_family = source->sa.sa_family };
}

/* --- version 1 */

static size_t
write_v1(const struct addr *source, const struct addr *target, char *out)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	bool six = source->sa.sa_family == AF_INET6;
	int family = six ? AF_INET6 : AF_INET;

	if (!is_ip(source))
		return (size_t)snprintf(out, PROXY_HEADER_MOST,
		    "PROXY UNKNOWN\r\n");
	inet_ntop(family, six ? (const void *)&source->in6.sin6_addr :
	    (const void *)&source->in.sin_addr, from, sizeof(from));
	inet_ntop(family, six ? (const void *)&target->in6.sin6_addr :
	    (const void *)&target->in.sin_addr, to, sizeof(to));
	return (size_t)snprintf(out, PROXY_HEADER_MOST,
	    "PROXY TCP%c %s %s %d %d\r\n", six ? '6' : '4', from, to,
	    addr_port(source), addr_port(target));
}

/* --- version 2 */

static void
put_value(struct out *o, unsigned type, struct slice text)
{
	if (text.p == NULL || text.n > PROXY_TEXT_MOST)
		return;
	put_byte(o, type);
	put_two(o, text.n);
	put(o, text.p, text.n);
}

static void
put_tls(struct out *o, const struct proxy_tls *t)
{
	size_t at;

	put_byte(o, V2_SSL);
	at = o->n;
	put_two(o, 0);
	put_byte(o, (t->is_tls ? V2_SSL_IS_TLS : 0) |
	    (t->cert_conn ? V2_SSL_CERT_CONN : 0) |
	    (t->cert_session ? V2_SSL_CERT_SESS : 0));
	put_two(o, t->verify >> 16);
	put_two(o, t->verify & 0xffff);
	put_value(o, V2_SSL_VERSION, t->version);
	put_value(o, V2_SSL_CN, t->cn);
	put_value(o, V2_SSL_CIPHER, t->cipher);
	set_length(o, at);
}

/* Without its last byte, as it is kept: a path has at most 107. */
static void
put_path(struct out *o, const struct addr *a)
{
	char path[V2_UNIX_PATH] = "";

	if (addr_is_unix(a) && a->len > sizeof(sa_family_t))
		memcpy(path, a->un.sun_path, sizeof(path) - 1);
	put(o, path, sizeof(path));
}

static void
put_addresses(struct out *o, const struct addr *s, const struct addr *t)
{
	switch (s->sa.sa_family) {
	case AF_INET:
		put(o, &s->in.sin_addr, 4);
		put(o, &t->in.sin_addr, 4);
		put(o, &s->in.sin_port, 2);
		put(o, &t->in.sin_port, 2);
		return;
	case AF_INET6:
		put(o, &s->in6.sin6_addr, 16);
		put(o, &t->in6.sin6_addr, 16);
		put(o, &s->in6.sin6_port, 2);
		put(o, &t->in6.sin6_port, 2);
		return;
	case AF_UNIX:
		put_path(o, s);
		put_path(o, t);
		return;
	default:
		return;
	}
}

static unsigned
family_of(const struct addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return V2_TCP4;
	case AF_INET6:
		return V2_TCP6;
	case AF_UNIX:
		return V2_UNIX;
	default:
		return V2_UNSPEC;
	}
}

static size_t
write_v2(const struct proxy_header *h, const struct addr *source,
    const struct addr *target, char *p)
{
	struct out o = { p, 0 };

	put(&o, V2_BEGIN.p, V2_BEGIN.n);
	put_byte(&o, h->is_local ? V2_LOCAL : V2_PROXY);
	put_byte(&o, family_of(source));
	put_two(&o, 0);
	put_addresses(&o, source, target);
	if (!h->is_local) {
		put_value(&o, V2_ALPN, h->alpn);
		put_value(&o, V2_AUTHORITY, h->authority);
		if (h->has_tls)
			put_tls(&o, &h->tls);
	}
	set_length(&o, V2_FIXED - 2);
	return o.n;
}

size_t
proxy_header_write(enum proxy_version version, const struct proxy_header *h,
    char out[PROXY_HEADER_MOST])
{
	struct addr source = h->source, target = h->target;

	if (version == PROXY_OFF)
		return 0;
	if (h->is_local)
		source = target = (struct addr){ 0 };
	make_alike(&source, &target);
	return version == PROXY_V1 ? write_v1(&source, &target, out) :
	    write_v2(h, &source, &target, out);
}
