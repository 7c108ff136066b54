/*
 * congestion.c - congestion controls of TCP.
 */
#include "net/congestion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdio.h>
#include <string.h>

#include "base/slice.h"

#define SETTINGS "/proc/sys/net/ipv4/"

/* A setting of one line. */
static void
read_setting(const char *path, char to[CONGESTION_NAMES])
{
	FILE *f = fopen(path, "re");

	if (f == NULL || fgets(to, CONGESTION_NAMES, f) == NULL)
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
	if (f != NULL)
		(void)fclose(f);
}

void
congestion_allowed(char names[CONGESTION_NAMES])
{
	read_setting(SETTINGS "tcp_allowed_congestion_control", names);
}

bool
congestion_is_allowed(const char *name)
{
	char names[CONGESTION_NAMES];
	struct slice left;

	congestion_allowed(names);
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

void
congestion_set(int fd, const char *name)
{
	char usual[CONGESTION_NAMES];

	if (name == NULL) {
		read_setting(SETTINGS "tcp_congestion_control", usual);
		name = usual;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
	    (socklen_t)strlen(name));
}
