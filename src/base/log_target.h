#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where a log goes.  A target never blocks and never ends the process; but a
 * pipe whose reader is gone raises SIGPIPE, which the process must ignore.
 */
enum log_target_kind {
	LOG_TARGET_NONE,
	LOG_TARGET_OPENED,	/* our own open file: a path, a pipe, a tty */
	LOG_TARGET_SHARED,	/* a descriptor whose flags are not ours */
	LOG_TARGET_SOCKET,	/* stdout or stderr as a socket */
	LOG_TARGET_SYSLOG
};

struct log_target {
	enum log_target_kind kind;
	int fd;
	size_t most;		/* bytes a write may have */
	bool by_line;		/* one line a write: datagrams */
	char *name;
};

/* A target that is not open. */
void log_target_init(struct log_target *t);

/* name as log_open has it, or "syslog:/path".  0, or a negative errno. */
int log_target_open(struct log_target *t, const char *name);
void log_target_close(struct log_target *t);

/*
 * Writes some of the pieces; for syslog they are one line of this level.
 * Returns the bytes taken, or a negative errno.
 */
ssize_t log_target_write(struct log_target *t, int level, int64_t wall,
    struct iovec *iov, int n);

/* Do both write to the same open file, pipe or socket? */
bool log_target_is_same(const struct log_target *a, const struct log_target *b);

/* After this error only a new log_target_open can help. */
bool log_target_is_lost(const struct log_target *t, int error);
