#pragma once

/*
 * must(condition) states what cannot happen, and stays on in production.
 * What a client, a server or an operator can cause is never a must().
 */
#define must(c) ((c) ? (void)0 : must_fail(#c, __FILE__, __LINE__))

_Noreturn void must_fail(const char *what, const char *file, int line);
