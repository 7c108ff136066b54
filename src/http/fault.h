#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* What a peer did too often: each has a limit, and a counter. */
enum abuse {
	ABUSE_NONE,
	ABUSE_RESETS,		/* broke streams */
	ABUSE_FRAMES,		/* sent what asks for nothing */
	ABUSE_FIELDS,		/* made field sections of no end */
	ABUSE_ANSWERS,		/* left answers unread that it asked for */
	ABUSES
};

/*
 * What was wrong with a message: told up by the codec, kept for "show errors",
 * logged.  why is a sentence that stands as long as the stream that tells it.
 * bytes are borrowed for the call in which the fault is told.
 */
struct fault {
	uint16_t status;	/* the answer a client gets: 400, 408, 414, 431, 501, 505 */
	const char *why;	/* "space before the colon of a field" */
	struct slice bytes;	/* what was received of the message */
	size_t offset;		/* of the offending byte in bytes */
	enum abuse abuse;	/* it ends the connection */
	bool of_conn;		/* not of this message: back only, and told
				 * of the connection as well */
};
