/*
 * mem.c - allocation that succeeds or ends the process.
 *
 * Why: a proxy out of memory cannot honour its promises.  The supervisor's
 *      restart is better tested than a thousand error paths never taken.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"

/* Neither stdio nor atexit handlers: they may want memory. */
static _Noreturn void
out_of_memory(void)
{
	static const char say[] = "steelyard: out of memory\n";

	if (write(STDERR_FILENO, say, sizeof(say) - 1) < 0)
		_exit(EX_OSERR);
	_exit(EX_OSERR);
}

void *
mem_new(size_t size)
{
	return mem_array(1, size);
}

void *
mem_array(size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		n = size = 1;
	p = calloc(n, size);
	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	if (n > SIZE_MAX / size)
		out_of_memory();
	p = realloc(p, n * size);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *
mem_string(const char *s)
{
	return mem_text(s, strlen(s));
}

char *
mem_text(const char *p, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		out_of_memory();
	copy = mem_grow(NULL, n + 1, 1);
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}
