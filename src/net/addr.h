#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* A socket address: IPv4, IPv6 or a UNIX path. */
struct addr {
	socklen_t len;
	bool dual;		/* "*": IPv6 and IPv4 */
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
};

/*
 * The front part of a struct addr: enough for an IP address.  For what there is
 * many of; a pointer to it may stand for one to a struct addr, but what it
 * points to must not be copied as a whole.
 */
struct addr_short {
	socklen_t len;
	bool dual;
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

/* Keeps an IP address in keep; every UNIX address becomes one without a name. */
const struct addr *addr_keep(struct addr_short *keep, const struct addr *a);

#define ADDR_TEXT 128	/* longest text of an address, with its NUL */

/*
 * "127.0.0.1:80", "[::1]:80", "*:80" (any, IPv4 and IPv6), "unix:/path".
 * Numeric only; a name is not resolved.  Returns NULL, or a sentence with
 * static storage that says what is wrong and shows the right form.
 */
const char *addr_parse(struct slice text, struct addr *out);

/* Does it have the form "name:port" with a name that is not numeric? */
bool addr_is_name(struct slice text);

/* "127.0.0.1:80", "[::1]:80", "unix:/path", "-" for none; without port. */
void addr_print(const struct addr *a, char out[ADDR_TEXT]);
void addr_print_host(const struct addr *a, char out[ADDR_TEXT]);
int addr_port(const struct addr *a);	/* 0 for UNIX */
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_is_unix(const struct addr *a);

/* Would binding both fail: same port and one is a wildcard of the family? */
bool addr_clashes(const struct addr *a, const struct addr *b);

/* A range: "10.0.0.0/8", "::1", "unix" (every UNIX peer). */
struct addr_range {
	int family;		/* AF_INET, AF_INET6, AF_UNIX */
	uint8_t bytes[16];
	unsigned bits;
};

const char *addr_range_parse(struct slice text, struct addr_range *out);

/* An IPv4-mapped IPv6 peer matches IPv4 ranges. */
bool addr_in_range(const struct addr *a, const struct addr_range *r);
