/*
 * log_time.c - an instant as text, in UTC, without stdio: every access line
 * carries one.
 */
#include <time.h>

#include "base/log.h"

/* The second, and the milliseconds in it.  Floors before 1970. */
static int64_t
split(int64_t wall, unsigned *ms)
{
	int64_t usec = wall % USEC_PER_SEC;
	int64_t second = wall / USEC_PER_SEC;

	if (usec < 0) {
		usec += USEC_PER_SEC;
		second--;
	}
	*ms = (unsigned)(usec / USEC_PER_MS);
	return second;
}

/* Breaks wall down; returns the milliseconds. */
static unsigned
break_down(int64_t wall, struct tm *tm)
{
	unsigned ms;
	time_t sec = (time_t)split(wall, &ms);

	if (gmtime_r(&sec, tm) == NULL)
		*tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	return ms;
}

/* Writes n digits of value and then c; returns the place after. */
static char *
put(char *at, unsigned value, int n, char c)
{
	for (int i = n - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	at[n] = c;
	return at + n + 1;
}

void
log_time_iso(int64_t wall, char out[32])
{
	struct tm tm;
	unsigned ms = break_down(wall, &tm);
	char *at = out;

	at = put(at, (unsigned)tm.tm_year + 1900, 4, '-');
	at = put(at, (unsigned)tm.tm_mon + 1, 2, '-');
	at = put(at, (unsigned)tm.tm_mday, 2, 'T');
	at = put(at, (unsigned)tm.tm_hour, 2, ':');
	at = put(at, (unsigned)tm.tm_min, 2, ':');
	at = put(at, (unsigned)tm.tm_sec, 2, '.');
	at = put(at, ms, 3, 'Z');
	*at = '\0';
}

const char *
log_stamp_iso(struct log_stamp *s, int64_t wall)
{
	unsigned ms;
	int64_t second = split(wall, &ms);

	if (second != s->second || s->text[0] == '\0')
		log_time_iso(wall, s->text);
	else
		(void)put(strchr(s->text, '.') + 1, ms, 3, 'Z');
	s->second = second;
	return s->text;
}

void
log_time_clf(int64_t wall, bool millis, char out[40])
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;
	unsigned ms = break_down(wall, &tm);
	char *at = out;

	at = put(at, (unsigned)tm.tm_mday, 2, '/');
	memcpy(at, months[tm.tm_mon], 3);
	at[3] = '/';
	at = put(at + 4, (unsigned)tm.tm_year + 1900, 4, ':');
	at = put(at, (unsigned)tm.tm_hour, 2, ':');
	at = put(at, (unsigned)tm.tm_min, 2, ':');
	at = put(at, (unsigned)tm.tm_sec, 2, '.');
	if (millis)
		at = put(at, ms, 3, '.');
	at[-1] = '\0';
}
