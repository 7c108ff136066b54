/*
 * library.c - which event library we run on, for steelyard -V.
 */
#include <event2/event.h>

#include "net/loop.h"

const char *
loop_library(void)
{
	return "libevent " LIBEVENT_VERSION;
}
