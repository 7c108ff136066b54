/*
 * congestion.c - congestion controls of TCP.
 */
#include "net/congestion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"

#define ALLOWED "/proc/sys/net/ipv4/tcp_allowed_congestion_control"

void
congestion_allowed(char to[CONGESTION_NAMES])
{
	FILE *f = fopen(ALLOWED, "re");

	if (f == NULL || fgets(to, CONGESTION_NAMES, f) == NULL)
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
	if (f != NULL)
		(void)fclose(f);
}

static int
new_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool
choose(int fd, const char *name)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
	    (socklen_t)strlen(name)) == 0;
}

/* Whoever sees no more of /proc than processes has to try. */
static bool
can_choose(const char *name)
{
	int fd = new_socket();
	bool can = fd >= 0 && choose(fd, name);

	if (fd >= 0)
		close(fd);
	return can;
}

bool
congestion_is_allowed(const char *name)
{
	char names[CONGESTION_NAMES];
	struct slice left;

	congestion_allowed(names);
	if (names[0] == '\0')
		return can_choose(name);
	left = slice_of(names);
	while (left.n > 0) {
		const char *space = memchr(left.p, ' ', left.n);
		struct slice one = slice_make(left.p, space != NULL ?
		    (size_t)(space - left.p) : left.n);

		if (slice_eq(one, slice_of(name)))
			return true;
		left = slice_skip(left, one.n + (space != NULL));
	}
	return false;
}

/* What a new socket has. */
static const char *
usual(char to[CONGESTION_NAMES])
{
	socklen_t n = CONGESTION_NAMES - 1;
	int fd = new_socket();

	memset(to, 0, CONGESTION_NAMES);
	if (fd >= 0) {
		(void)getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, to, &n);
		close(fd);
	}
	return to;
}

void
congestion_set(int fd, const char *name)
{
	char names[CONGESTION_NAMES];

	(void)choose(fd, name != NULL ? name : usual(names));
}
