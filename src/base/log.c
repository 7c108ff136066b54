/*
 * log.c - lines that never hold up the loop.
 *
 *	log_event, log_line --> ring --log_flush, end of a tick--> target
 *
 * Owns:      the ring, the target, the target that a reload prepares.
 * Borrows:   the clock.
 * Invariant: a line enters the ring whole or is counted as dropped, and a
 *            target sees whole lines: after a partial write the rest follows,
 *            and another target gets the line from its beginning.
 * Not here:  the bytes of the ring (log_ring.c), descriptors (log_target.c),
 *            dates (log_time.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/log_ring.h"
#include "base/log_target.h"
#include "base/mem.h"

#define PIECES 128
#define RETRY_OPEN SEC(1)
#define REPORT_ROOM 256		/* for the line that counts missing ones */
#define EVENT_ROOM 1024		/* for most events */

struct log {
	const struct clock *clock;
	enum log_format format;
	enum log_level level;
	struct log_ring ring;
	struct log_target target, next;
	int64_t retry_at;	/* when a lost target may be opened again */
	int64_t stuck_at;	/* when it took no more though asked early */
	uint64_t dropped, written;
	uint64_t missing;	/* dropped and not reported yet */
	struct text line, message;
};

struct log *
log_new(const struct clock *clock)
{
	struct log *log = mem_new(sizeof(*log));

	log->clock = clock;
	log->stuck_at = -1;
	log->format = LOG_FORMAT_JSON;
	log->level = LOG_LEVEL_INFO;
	log_ring_init(&log->ring);
	log_target_init(&log->target);
	log_target_init(&log->next);
	text_init(&log->line);
	text_init(&log->message);
	return log;
}

void
log_free(struct log **log)
{
	struct log *l = *log;

	if (l == NULL)
		return;
	log_flush(l);
	log_target_close(&l->target);
	log_target_close(&l->next);
	log_ring_fini(&l->ring);
	text_fini(&l->line);
	text_fini(&l->message);
	free(l);
	*log = NULL;
}

int
log_prepare(struct log *log, const char *target)
{
	log_abandon(log);
	return log_target_open(&log->next, target);
}

static void
switch_over(struct log *log)
{
	if (!log_target_is_same(&log->target, &log->next))
		log_ring_rewind(&log->ring);
	log_target_close(&log->target);
	log->target = log->next;
	log_target_init(&log->next);
}

void
log_commit(struct log *log)
{
	if (log->next.kind == LOG_TARGET_NONE)
		return;
	log_flush(log);		/* older lines belong to the older target */
	switch_over(log);
}

void
log_abandon(struct log *log)
{
	log_target_close(&log->next);
}

int
log_open(struct log *log, const char *target)
{
	int error = log_prepare(log, target);

	if (error == 0)
		log_commit(log);
	return error;
}

int
log_reopen(struct log *log)
{
	if (log->target.kind == LOG_TARGET_NONE)
		return 0;
	return log_open(log, log->target.name);
}

void
log_set(struct log *log, enum log_format format, enum log_level level)
{
	log->format = format;
	log->level = level;
}

enum log_format
log_format(const struct log *log)
{
	return log->format;
}

bool
log_wants(const struct log *log, enum log_level level)
{
	return level <= log->level;
}

static void
add_fields(struct text *t, const struct log_field *fields, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		text_add_char(t, ',');
		text_add_json(t, slice_of(fields[i].name));
		text_add_char(t, ':');
		if (fields[i].text.p != NULL)
			text_add_json(t, fields[i].text);
		else
			text_add(t, "%" PRId64, fields[i].number);
	}
}

/* Makes log->line of an event whose sentence is in log->message. */
static void
format_event(struct log *log, enum log_level level, const char *event,
    const struct log_field *fields, unsigned nfields)
{
	static const char names[][8] = { "error", "warn", "info", "debug" };
	struct text *t = &log->line;
	char date[32];

	log_time_iso(log->clock->wall, date);
	text_clear(t);
	if (log->format != LOG_FORMAT_JSON) {
		text_add(t, "%s %s %s: ", date, names[level], event);
		text_add_escaped(t, text_slice(&log->message));
		return;
	}
	text_add(t, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", date,
	    names[level]);
	text_add_json(t, slice_of(event));
	text_add_slice(t, SLICE(",\"message\":"));
	text_add_json(t, text_slice(&log->message));
	add_fields(t, fields, nfields);
	text_add_char(t, '}');
}

static void
drop(struct log *log)
{
	log->dropped++;
	log->missing++;
}

/* Opens a lost target anew, at most once in RETRY_OPEN. */
static bool
recover(struct log *log)
{
	struct log_target again;
	int64_t now = log->clock->now;

	if (now < log->retry_at)
		return false;
	log->retry_at = now + RETRY_OPEN;
	if (log_target_open(&again, log->target.name) != 0)
		return false;
	log_target_close(&log->target);
	log->target = again;
	return true;
}

/* Writes until the ring is empty (true) or the target takes no more. */
static bool
drain(struct log *log)
{
	struct log_target *t = &log->target;
	struct iovec iov[PIECES];
	ssize_t taken;
	int n;

	while (log->ring.pending > 0) {
		n = log_ring_gather(&log->ring, iov, t->by_line ? 1 : PIECES,
		    t->most);
		taken = log_target_write(t, log_ring_level(&log->ring),
		    log->clock->wall, iov, n);
		if (taken > 0) {
			log->written += log_ring_take(&log->ring,
			    (size_t)taken);
		} else if (taken == -EMSGSIZE && t->by_line) {
			/* It will never fit: make way for the next. */
			log_ring_skip(&log->ring);
			drop(log);
		} else if (!log_target_is_lost(t, (int)taken) ||
		    !recover(log)) {
			return false;
		}
	}
	return true;
}

/* Many lines of one tick: some are written before its end, if they can be. */
static void
make_room(struct log *log, size_t n)
{
	if (log_ring_fits(&log->ring, n + REPORT_ROOM) ||
	    log->target.kind == LOG_TARGET_NONE ||
	    log->stuck_at == log->clock->now)
		return;
	if (!drain(log))
		log->stuck_at = log->clock->now;	/* once a tick */
}

/*
 * Before a line of n bytes: tells how many lines are missing.  False when the
 * two do not fit.
 */
static bool
report_missing(struct log *log, size_t n)
{
	struct log_field field = { "lines", SLICE_NONE, (int64_t)log->missing };

	if (log->missing == 0)
		return true;
	if (!log_ring_fits(&log->ring, n + REPORT_ROOM))
		return false;
	text_clear(&log->message);
	text_add(&log->message, "%" PRIu64 " lines dropped", log->missing);
	format_event(log, LOG_LEVEL_WARN, "log", &field, 1);
	log->missing = 0;
	return log_ring_add(&log->ring, LOG_LEVEL_WARN,
	    text_slice(&log->line));
}

void
log_event(struct log *log, enum log_level level, const char *event,
    const struct log_field *fields, unsigned nfields, const char *fmt, ...)
{
	va_list ap;

	if (!log_wants(log, level))
		return;
	make_room(log, EVENT_ROOM);
	if (!report_missing(log, EVENT_ROOM)) {
		drop(log);
		return;
	}
	text_clear(&log->message);
	va_start(ap, fmt);
	text_vadd(&log->message, fmt, ap);
	va_end(ap);
	format_event(log, level, event, fields, nfields);
	if (!log_ring_add(&log->ring, (int)level, text_slice(&log->line)))
		drop(log);
}

void
log_line(struct log *log, struct slice line)
{
	make_room(log, line.n);
	if (!report_missing(log, line.n) ||
	    !log_ring_add(&log->ring, LOG_LEVEL_INFO, line))
		drop(log);
}

void
log_flush(struct log *log)
{
	if (log->target.kind == LOG_TARGET_NONE)
		return;
	if (drain(log) && report_missing(log, 0))
		(void)drain(log);
}

bool
log_has_pending(const struct log *log)
{
	return log->ring.pending > 0;
}

uint64_t
log_dropped(const struct log *log)
{
	return log->dropped;
}

uint64_t
log_written(const struct log *log)
{
	return log->written;
}

size_t
log_pending(const struct log *log)
{
	return log->ring.pending;
}
