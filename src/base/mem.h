#pragma once

#include <stddef.h>

/*
 * Plain allocation that cannot fail: out of memory ends the process with a
 * message.  What the network can make grow is bounded by a limit first.
 */
void *mem_new(size_t size);			/* zeroed */
void *mem_array(size_t n, size_t size);		/* zeroed, overflow-checked */
void *mem_grow(void *p, size_t n, size_t size);	/* realloc, overflow-checked */
char *mem_string(const char *s);
char *mem_text(const char *p, size_t n);	/* NUL-terminated copy */
