#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/loop.h"

/*
 * A listening socket: accepts in batches with a cap, TCP_NODELAY, pauses and
 * resumes.  EMFILE and ENFILE are survived with a spare descriptor: the
 * pending client is accepted on it and closed at once, and accepting pauses
 * for 100 ms.
 */
struct acceptor;

struct acceptor_sink {
	/* One client. fd is nonblocking and close-on-exec; the callee takes it. */
	void (*on_accept)(void *owner, int fd, const struct addr *peer);
	/* accept4 failed with something worth a log line (EMFILE, ENFILE,
	 * ENOBUFS, ENOMEM); at most once a second. */
	void (*on_error)(void *owner, int error);
};

#define ACCEPT_BATCH 64		/* clients accepted in one event */

/*
 * Opens a listening socket: SO_REUSEADDR, IPV6_V6ONLY unless the address is
 * "*", a stale UNIX socket file nobody listens on is removed first.  Returns
 * the descriptor, or a negative errno.
 */
int acceptor_listen(const struct addr *a, int backlog, unsigned unix_mode);

/* What else is to be known of that errno: "; and so on", or "".  path: of a UNIX
 * socket, or NULL. */
const char *acceptor_advice(const char *path, int error);

/* Takes the descriptor. Accepting starts at once. */
struct acceptor *acceptor_new(struct loop *loop, int fd,
    const struct acceptor_sink *sink, void *owner);
void acceptor_pause(struct acceptor *a);
void acceptor_resume(struct acceptor *a);

/* Takes all that wait now, unless it is paused: the socket is to be closed. */
void acceptor_sweep(struct acceptor *a);
bool acceptor_is_paused(const struct acceptor *a);
int acceptor_fd(const struct acceptor *a);

/* Closes the socket, unless keep, when the descriptor is given back. */
int acceptor_free(struct acceptor **a, bool keep);
