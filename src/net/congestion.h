#pragma once

#include <stdbool.h>

/*
 * Congestion controls of TCP, by the names the kernel gives them ("cubic").
 * A process without privileges may choose among those that
 * net.ipv4.tcp_allowed_congestion_control names; so that a choice outlives the
 * dropping of ours, we keep to them.
 */
#define CONGESTION_NAMES 512

/* Those that may be chosen, with spaces between; "" if that cannot be told. */
void congestion_allowed(char names[CONGESTION_NAMES]);
bool congestion_is_allowed(const char *name);

/*
 * For what a socket sends; one that listens hands it to those it accepts.
 * NULL: the system's own.  Of a socket that is not TCP, and of a name that has
 * been disallowed since it was checked, nothing changes.
 */
void congestion_set(int fd, const char *name);
