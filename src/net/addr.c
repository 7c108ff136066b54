/*
 * addr.c - socket addresses as text and back.
 */
#include "net/addr.h"

#include <arpa/inet.h>

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/number.h"

#define UNIX_PREFIX "unix:"
#define FORM "write \"127.0.0.1:80\", \"[::1]:80\", \"*:80\" or \"unix:/path\""

static const char *
parse_unix(struct slice path, struct addr *out)
{
	if (path.n == 0 || path.p[0] != '/')
		return "the path of a UNIX socket must begin with \"/\": "
		    "write \"unix:/run/app.sock\"";
	if (memchr(path.p, '\0', path.n) != NULL)
		return "the path of a UNIX socket holds a NUL";
	if (path.n >= sizeof(out->un.sun_path))
		return "the path of a UNIX socket is longer than 107 bytes";
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path.p, path.n);
	out->len = sizeof(out->un);
	return NULL;
}

/* "host:port" cut at the last colon; brackets taken off the host. */
static bool
cut(struct slice text, struct slice *host, struct slice *port, bool *six)
{
	const char *colon = memrchr(text.p, ':', text.n);

	if (colon == NULL)
		return false;
	*host = slice_make(text.p, (size_t)(colon - text.p));
	*port = slice_skip(text, host->n + 1);
	*six = host->n >= 2 && host->p[0] == '[' &&
	    host->p[host->n - 1] == ']';
	if (*six)
		*host = slice_make(host->p + 1, host->n - 2);
	return true;
}

static bool
read_ip(int family, struct slice host, void *out)
{
	char text[INET6_ADDRSTRLEN];

	if (host.n == 0 || host.n >= sizeof(text) ||
	    memchr(host.p, '\0', host.n) != NULL)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(family, text, out) == 1;
}

static bool
has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void
set_any(struct addr *out, uint16_t port)
{
	if (has_ipv6()) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(port);
		out->len = sizeof(out->in6);
		out->dual = true;
		return;
	}
	out->in.sin_family = AF_INET;
	out->in.sin_port = htons(port);
	out->len = sizeof(out->in);
}

static const char *
parse_ip(struct slice host, bool six, uint16_t port, struct addr *out)
{
	if (!six && slice_eq(host, SLICE("*"))) {
		set_any(out, port);
		return NULL;
	}
	if (six && read_ip(AF_INET6, host, &out->in6.sin6_addr)) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(port);
		out->len = sizeof(out->in6);
		return NULL;
	}
	if (!six && read_ip(AF_INET, host, &out->in.sin_addr)) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(port);
		out->len = sizeof(out->in);
		return NULL;
	}
	return six ? "this is no IPv6 address; " FORM :
	    "this is no IP address; " FORM;
}

const char *
addr_parse(struct slice text, struct addr *out)
{
	struct slice host, port;
	uint64_t n;
	bool six;

	memset(out, 0, sizeof(*out));
	if (slice_starts(text, SLICE(UNIX_PREFIX)))
		return parse_unix(slice_skip(text, 5), out);
	if (text.n > 0 && memmem(text.p, text.n, "://", 3) != NULL)
		return "this is a URL; write the host and the port alone, "
		    "such as \"10.0.0.1:80\"";
	if (text.n == 0 || !cut(text, &host, &port, &six))
		return "there is no port; " FORM;
	if (!slice_number(port, 65535, &n) || n == 0)
		return "the port must be a number from 1 to 65535";
	if (host.n == 0 && !six)
		return "nothing stands in front of the port; " FORM;
	if (!six && memchr(host.p, ':', host.n) != NULL)
		return "an IPv6 address stands in brackets: "
		    "write \"[::1]:80\"";
	return parse_ip(host, six, (uint16_t)n, out);
}

bool
addr_is_name(struct slice text)
{
	struct slice host, port;
	struct addr a;
	uint64_t n;
	bool six;

	if (slice_starts(text, SLICE(UNIX_PREFIX)) || text.n == 0 ||
	    addr_parse(text, &a) == NULL || !cut(text, &host, &port, &six) ||
	    six || host.n == 0 || !slice_number(port, 65535, &n))
		return false;
	for (size_t i = 0; i < host.n; i++) {
		char c = slice_lower(host.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_'))
			return false;
	}
	return true;
}

static char *
print_number(char *at, unsigned n)
{
	char room[NUMBER_TEXT];
	struct slice digits = number_print(n, room);

	memcpy(at, digits.p, digits.n);
	return at + digits.n;
}

static char *
print_byte(char *at, unsigned n)
{
	if (n >= 100)
		*at++ = (char)('0' + n / 100);
	if (n >= 10)
		*at++ = (char)('0' + n / 10 % 10);
	*at++ = (char)('0' + n % 10);
	return at;
}

/* Each request has it in a line or two: without a format.  No NUL after. */
static char *
print_ipv4(const void *address, char *at)
{
	const uint8_t *byte = address;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = print_byte(at, byte[i]);
	}
	return at;
}

static void
print_ipv4_port(const struct addr *a, char *at)
{
	at = print_ipv4(&a->in.sin_addr, at);
	*at++ = ':';
	*print_number(at, ntohs(a->in.sin_port)) = '\0';
}

void
addr_print_host(const struct addr *a, char out[ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "";

	switch (a->sa.sa_family) {
	case AF_INET:
		*print_ipv4(&a->in.sin_addr, out) = '\0';
		break;
	case AF_INET6:
		if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
			*print_ipv4(&a->in6.sin6_addr.s6_addr[12], ip) = '\0';
		else
			inet_ntop(AF_INET6, &a->in6.sin6_addr, ip,
			    sizeof(ip));
		(void)snprintf(out, ADDR_TEXT, "%s", a->dual ? "*" : ip);
		break;
	case AF_UNSPEC:
		(void)snprintf(out, ADDR_TEXT, "-");
		break;
	default:
		(void)snprintf(out, ADDR_TEXT, "unix:%.107s",
		    a->len > offsetof(struct sockaddr_un, sun_path) ?
		    a->un.sun_path : "");
	}
}

void
addr_print(const struct addr *a, char out[ADDR_TEXT])
{
	char host[ADDR_TEXT];
	bool six;

	if (a->sa.sa_family == AF_INET) {
		print_ipv4_port(a, out);
		return;
	}
	addr_print_host(a, host);
	if (addr_is_unix(a) || a->sa.sa_family == AF_UNSPEC) {
		(void)snprintf(out, ADDR_TEXT, "%.120s", host);
		return;
	}
	six = strchr(host, ':') != NULL;
	(void)snprintf(out, ADDR_TEXT, "%s%.64s%s:%d", six ? "[" : "", host,
	    six ? "]" : "", addr_port(a));
}

int
addr_port(const struct addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return ntohs(a->in.sin_port);
	case AF_INET6:
		return ntohs(a->in6.sin6_port);
	default:
		return 0;
	}
}

const struct addr *
addr_keep(struct addr_short *keep, const struct addr *a)
{
	static const struct addr unnamed = { .len = sizeof(sa_family_t),
	    .un.sun_family = AF_UNIX };

	if (addr_is_unix(a))
		return &unnamed;
	memcpy(keep, a, sizeof(*keep));
	return (const struct addr *)(const void *)keep;
}

bool
addr_is_unix(const struct addr *a)
{
	return a->sa.sa_family == AF_UNIX;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || a->dual != b->dual)
		return false;
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->in.sin_port == b->in.sin_port &&
		    a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	case AF_INET6:
		return a->in6.sin6_port == b->in6.sin6_port &&
		    memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
	default:
		return strncmp(a->un.sun_path, b->un.sun_path,
		    sizeof(a->un.sun_path)) == 0;
	}
}

static bool
is_any(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ?
	    a->in.sin_addr.s_addr == htonl(INADDR_ANY) :
	    IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

bool
addr_clashes(const struct addr *a, const struct addr *b)
{
	bool same_family = a->sa.sa_family == b->sa.sa_family;

	if (addr_eq(a, b))
		return true;
	if (addr_is_unix(a) || addr_is_unix(b) ||
	    addr_port(a) != addr_port(b))
		return false;
	if (a->dual || b->dual)
		return true;
	return same_family && (is_any(a) || is_any(b));
}

const char *
addr_range_parse(struct slice text, struct addr_range *out)
{
	const char *slash = text.n > 0 ? memchr(text.p, '/', text.n) : NULL;
	struct slice ip = text, bits = SLICE_NONE;
	uint64_t n;

	memset(out, 0, sizeof(*out));
	if (slice_eq(text, SLICE("unix"))) {
		out->family = AF_UNIX;
		return NULL;
	}
	if (slash != NULL) {
		ip.n = (size_t)(slash - text.p);
		bits = slice_skip(text, ip.n + 1);
	}
	if (read_ip(AF_INET, ip, out->bytes))
		out->family = AF_INET;
	else if (read_ip(AF_INET6, ip, out->bytes))
		out->family = AF_INET6;
	else
		return "this is no address range; write \"10.0.0.0/8\", "
		    "\"2001:db8::/32\" or \"unix\"";
	n = out->family == AF_INET ? 32 : 128;
	if (slash != NULL && !slice_number(bits, n, &n))
		return "the prefix length must be 0 to 32 for IPv4, 0 to 128 "
		    "for IPv6";
	out->bits = (unsigned)n;
	return NULL;
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool
addr_in_range(const struct addr *a, const struct addr_range *r)
{
	const uint8_t *six = a->in6.sin6_addr.s6_addr;

	if (r->family == AF_UNIX || addr_is_unix(a))
		return r->family == AF_UNIX && addr_is_unix(a);
	if (a->sa.sa_family == AF_INET)
		return r->family == AF_INET && same_bits(
		    (const uint8_t *)&a->in.sin_addr, r->bytes, r->bits);
	if (r->family == AF_INET6)
		return same_bits(six, r->bytes, r->bits);
	return IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) &&
	    same_bits(six + 12, r->bytes, r->bits);
}
