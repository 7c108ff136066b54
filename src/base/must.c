/*
 * must.c - the end of a process that has met the impossible.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

_Noreturn void
must_fail(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: must(%s) does not hold\n", file, line,
	    what);
	abort();
}
