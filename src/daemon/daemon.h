#pragma once

#include <stdbool.h>

#include "admin/admin.h"
#include "base/log.h"
#include "conf/model.h"
#include "net/loop.h"
#include "proxy/worker.h"

/* What the command line said. */
struct options {
	const char *file;
	const char *pidfile;	/* NULL: none */
	bool check;		/* -t */
	bool print;		/* -T */
	bool background;	/* -D */
};

/* The process: one worker, its listening sockets, the configuration's path. */
struct daemon {
	const struct options *options;
	struct loop *loop;
	struct log *log;
	struct tls *tls;
	struct worker *worker;
	struct admin *admin;
	struct watch *signals[6];
	struct timer watchdog;
	int64_t watchdog_every;		/* 0: nobody watches */
	int pidfile;			/* descriptor, -1 */
	bool quit;			/* leave the loop now */
};

/*
 * Reads the configuration and runs until told to stop.  started is called once
 * all sockets are open and privileges are dropped.  Returns the exit status;
 * what kept it from starting has been written to stderr.
 */
int daemon_run(const struct options *o, void (*started)(void *owner),
    void *owner);

/* reload.c: true on success; answer says what changed, or all errors. */
bool daemon_reload(void *owner, struct text *answer);

/* reload.c: the first snapshot, put in force; false with all errors. */
bool daemon_start(struct daemon *d, struct conf *conf, struct text *errors);

/* reload.c: reads and checks a file and its certificates; NULL with all errors.
 * Warnings are lines too.  worker: whose ticket keys they use, and whose limits
 * it is fitted to; NULL for -t. */
struct conf *daemon_load(const char *path, struct tls *tls, struct worker *w,
    struct text *errors, struct text *warnings);

/* "file:line: " of the section global. */
void daemon_add_place(struct text *errors, const struct conf *conf);

/* reload.c: an event a line. */
void daemon_log_warnings(struct daemon *d, const struct text *warnings);

/* Opens the log anew; if that fails, says so in it and keeps the old file. */
bool daemon_reopen_log(struct daemon *d);

/* signals.c */
/* SIGHUP and SIGUSR1 must not end a process that is about to hear them, or does
 * no longer; they wait meanwhile. */
void signals_hold(void);
void signals_start(struct daemon *d);
void signals_stop(struct daemon *d);
