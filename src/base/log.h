#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"
#include "base/text.h"

/*
 * The log: lines go to a ring that is written at the end of a tick, or when it
 * is full, and never blocks the loop.  When the target is slow or full, lines are
 * dropped whole and counted; the first line that fits again is preceded by one
 * that says how many are missing.
 *
 * Two kinds of lines share it: events (log_event, here) and access lines
 * (log_line, formatted by proxy/access_log).
 */
enum log_level {
	LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG
};
enum log_format {
	LOG_FORMAT_JSON, LOG_FORMAT_HAPROXY, LOG_FORMAT_COMMON
};

struct log;

/* A log that holds lines until log_open gives it a target; borrows clock */
struct log *log_new(const struct clock *clock);
void log_free(struct log **log);	/* flushes what it can at once */

/*
 * Opens (or changes) the target: "stderr", "stdout", "syslog" (/dev/log),
 * "syslog:/path", or the path of a file that is appended to.  Returns 0, or a
 * negative errno and leaves the target as it was.
 * A pipe whose reader is gone raises SIGPIPE: the process must ignore it.
 */
int log_open(struct log *log, const char *target);

/*
 * As log_open in two steps, for a reload that is all or nothing: log_prepare
 * opens, log_commit switches over, log_abandon forgets.
 */
int log_prepare(struct log *log, const char *target);
void log_commit(struct log *log);
void log_abandon(struct log *log);

/* Opens the target anew (after logrotate). On error the old one stays. */
int log_reopen(struct log *log);

void log_set(struct log *log, enum log_format format, enum log_level level);
enum log_format log_format(const struct log *log);
bool log_wants(const struct log *log, enum log_level level);

/* One extra member of an event: text, or a number when text.p is NULL. */
struct log_field {
	const char *name;
	struct slice text;
	int64_t number;
};

/*
 * One event: a short name ("reload", "health", "drain", "error"), a sentence,
 * and members for machines.  JSON: {"time":..,"level":..,"event":..,
 * "message":.., members}; otherwise "time level event: message".
 */
void log_event(struct log *log, enum log_level level, const char *event,
    const struct log_field *fields, unsigned nfields, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* Events without members. */
#define log_error(log, event, ...) \
	log_event(log, LOG_LEVEL_ERROR, event, NULL, 0, __VA_ARGS__)
#define log_warn(log, event, ...) \
	log_event(log, LOG_LEVEL_WARN, event, NULL, 0, __VA_ARGS__)
#define log_info(log, event, ...) \
	log_event(log, LOG_LEVEL_INFO, event, NULL, 0, __VA_ARGS__)
#define log_debug(log, event, ...) \
	log_event(log, LOG_LEVEL_DEBUG, event, NULL, 0, __VA_ARGS__)

/* A line as it is; the newline is added.  Dropped and counted if no room. */
void log_line(struct log *log, struct slice line);

/* Writes what the target takes now. Never blocks. Called at most once a tick. */
void log_flush(struct log *log);
bool log_has_pending(const struct log *log);

uint64_t log_dropped(const struct log *log);	/* lines, since the start */
uint64_t log_written(const struct log *log);	/* lines */
size_t log_pending(const struct log *log);	/* bytes in the ring */

/*
 * "2026-11-24T01:02:03.456Z" into out[32]; and "24/Nov/2026:01:02:03.456",
 * which is UTC and names no zone, or without ".456".
 */
void log_time_iso(int64_t wall, char out[32]);
void log_time_clf(int64_t wall, bool millis, char out[40]);

/* As log_time_iso; lines of the same second share what they can.  Zeroes first;
 * the text stands until the next call. */
struct log_stamp {
	int64_t second;
	char text[32];
};
const char *log_stamp_iso(struct log_stamp *s, int64_t wall);
