#pragma once

#include <stdbool.h>

#include "admin/admin.h"
#include "admin/session.h"
#include "admin/ssl_cert.h"
#include "base/text.h"
#include "proxy/worker.h"

/*
 * One line of the stats socket: commands separated by ';', words by blanks; a
 * '\' takes the byte after it as it is.  Each answer ends with an empty line.
 */
#define COMMAND_WORDS 32

/* For Idle_pct: what the loop had done when it was last looked at. */
struct idle_sample {
	int64_t busy, now;
	int percent;
};

struct request {
	struct worker *worker;
	const struct admin_daemon *daemon;
	struct idle_sample *idle;
	struct cert_draft *draft;
	struct session *session;	/* NULL: of nobody (tests) */
	struct slice payload;		/* what followed "<<" */
	struct text *out;
	/* Of each command: */
	char **argv;			/* what follows the command's words */
	int argc;
	bool json;			/* the last word was "json" */
};

/* The most that a limit of connections or requests may be set to, as in the
 * file. */
#define LIMIT_MOST 1000000

/* r with the upper members set; line is cut to pieces. */
void command_run_line(struct request *r, char *line);

/* The commands, each in the file of its name; see the table in command.c. */
void show_stat(struct request *r);		/* show_stat.c */
void show_info(struct request *r);		/* show_info.c */
void show_version(struct request *r);
void show_servers_state(struct request *r);	/* show_servers.c */
void show_servers_conn(struct request *r);
void show_backend(struct request *r);
void show_health(struct request *r);		/* show_health.c */
void show_errors(struct request *r);		/* show_errors.c */
void show_config(struct request *r);		/* show_config.c */
void explain(struct request *r);		/* explain.c */
void show_sess(struct request *r);		/* sess.c */
void shutdown_session(struct request *r);
void shutdown_sessions_server(struct request *r);
void clear_counters(struct request *r);		/* clear_counters.c */
void clear_counters_all(struct request *r);
void set_server(struct request *r);		/* set_server.c */
void set_weight(struct request *r);
void set_maxconn_server(struct request *r);
void get_weight(struct request *r);
void enable_server(struct request *r);
void disable_server(struct request *r);

void set_maxconn_frontend(struct request *r);	/* set_maxconn.c */
void set_maxconn_global(struct request *r);

void show_ssl_cert(struct request *r);		/* ssl_cert.c */
void set_ssl_cert(struct request *r);
void commit_ssl_cert(struct request *r);
void abort_ssl_cert(struct request *r);

/* "pool/server"; NULL when there is none, and the answer says why. */
struct server *request_server(struct request *r, const char *name);

/* By name or by "#id"; NULL if there is none. */
struct pool *request_pool(struct request *r, const char *name);

/* A whole word that is a number; false: it is none. */
bool request_number(const char *word, long *out);

/*
 * A row for each server of that pool, or of all if it is NULL; as JSON a list
 * with commas between.
 */
typedef void request_row_fn(struct request *r, const struct server *s);
void request_rows(struct request *r, const struct pool *only,
    request_row_fn *row);
