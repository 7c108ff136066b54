#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "conf/model.h"
#include "proxy/worker.h"

/*
 * The stats socket: HAProxy's line protocol, so that its operators' tools work
 * unchanged (see steelyardctl(8)).  Sessions are bounded in number, in the
 * length of a line and in idle time; a session that does not read its answer is
 * closed, and never blocks the loop.
 */
struct admin;

/* What the admin layer asks of the daemon above it. */
struct admin_daemon {
	/* Loads and applies the configuration file.  True on success; says what
	 * changed, or all errors, a line each. */
	bool (*reload)(void *owner, struct text *answer);
	void *owner;
};

/* Answers nothing until admin_commit. */
struct admin *admin_new(struct worker *w, const struct admin_daemon *daemon);
void admin_free(struct admin **a);	/* removes the socket file */

/*
 * Listens where the snapshot says; the socket that stands stays if the path
 * does.  In two steps for a reload that is all or nothing.  Returns 0 or a
 * negative errno; on error the old socket goes on.
 */
int admin_prepare(struct admin *a, const struct conf_stats_socket *conf);
void admin_commit(struct admin *a, const struct conf_stats_socket *conf);
void admin_abandon(struct admin *a);

/* Runs one command line ("show stat; show info") as a session would. Tests. */
void admin_run(struct admin *a, struct slice line, struct text *out);
