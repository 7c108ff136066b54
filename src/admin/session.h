#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "base/text.h"
#include "net/loop.h"

/*
 * One client of the stats socket: lines in, answers out, nothing blocking.
 *
 *	watch --> run: receive > answer the lines > send > wait or end
 *
 * Without `prompt` it ends after the answer to its first line.
 */
#define SESSION_LINE 4096

/*
 * A line that ends with " <<" is followed by a payload, which an empty line
 * ends.  Its bytes are wiped when its command has run.
 */
#define SESSION_PAYLOAD ((size_t)256 << 10)

enum level { LEVEL_USER, LEVEL_OPERATOR, LEVEL_ADMIN };

struct session;

struct session_sink {
	/* Appends the answer; line is writable and lasts for the call.  The
	 * payload is empty unless has_payload. */
	void (*on_line)(void *owner, struct session *s, char *line,
	    struct text *out);
	/* It is over and will be freed when this returns (reap phase). */
	void (*on_end)(void *owner);
};

struct session {
	struct list node;	/* of its owner */
	struct loop *loop;
	const struct session_sink *sink;
	void *owner;
	int fd;
	struct watch *watch;
	struct task run, reap;
	struct timer timer;
	int64_t timeout;	/* without a byte either way */
	enum level level;
	bool prompt;		/* it stays open, and says "> " */
	bool quit;		/* ends once all is sent */
	/* Facts: */
	bool readable, expired, eof;
	bool over;
	size_t n;
	char in[SESSION_LINE];
	struct text out;
	size_t sent;		/* of out */
	char *waiting;		/* the line whose payload comes, or NULL */
	bool has_payload;	/* of the line that is run */
	struct text payload;
};

/* Takes fd, which is nonblocking. */
struct session *session_new(struct loop *loop, int fd, int64_t timeout,
    const struct session_sink *sink, void *owner);

/* At once and telling nobody; not from within a tick. */
void session_free(struct session **s);
